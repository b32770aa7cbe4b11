//! The vendors, and how things stand with their keys.

use aquatint_domain::{Problem, Role, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::KeyView;
use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct List;

/// The vendors that a key opens, and which keys there are. Keys themselves are never shown.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub providers: Vec<ProviderView>,
}

#[derive(Serialize, JsonSchema)]
pub struct ProviderView {
    pub provider: String,
    pub name: String,
    /// What a key looks like.
    pub key_form: String,
    /// Where a key is made.
    pub key_page: String,
    /// How many models it brings.
    pub models: usize,
    /// Whether this workspace can use its models.
    pub is_usable: bool,
    /// The workspace's own key: with it the vendor's bill is yours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_key: Option<KeyView>,
    /// The server has a key for every workspace.
    pub has_server_key: bool,
}

impl Describe for Output {}

impl Operation for List {
    const SPEC: Spec = Spec::new(
        "providers.list",
        "List vendors",
        Scope::ModelsRead,
        Effects::Reads,
        get("/providers"),
    )
    .for_people(Role::Viewer);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let states = cx.studio.provider_states(&cx.caller.workspace).await?;
        Ok(Output {
            providers: states
                .into_iter()
                .map(|state| ProviderView {
                    provider: state.provider.to_owned(),
                    name: state.name.to_owned(),
                    key_form: state.key_form.to_owned(),
                    key_page: state.key_page.to_owned(),
                    models: state.models,
                    is_usable: usable.contains(state.provider),
                    workspace_key: state.own.map(KeyView::from),
                    has_server_key: state.server.is_some() || state.is_configured,
                })
                .collect(),
        })
    }
}
