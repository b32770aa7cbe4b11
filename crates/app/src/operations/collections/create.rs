//! Make a collection.

use aquatint_domain::{AssetId, CollectionId, Problem, Scope, text};
use aquatint_store::NewCollection;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CollectionView, all_existing};
use crate::operation::{Context, Effects, Operation, Spec, post};

pub struct Create;

/// Make a collection, with assets in it if you like.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Its name.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// What it is for.
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// Assets to put into it.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

impl Operation for Create {
    const SPEC: Spec = Spec::new(
        "collections.create",
        "Make a collection",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/collections"),
    )
    .aliases(&[("title", "name")]);
    type Args = Args;
    type Output = CollectionView;

    async fn run(cx: &Context, args: Args) -> Result<CollectionView, Problem> {
        let name = text::one_line(&args.name, 120);
        if name.is_empty() {
            return Err(Problem::invalid(
                "name",
                "A collection needs a name with visible characters.",
            ));
        }
        all_existing(cx, &args.asset_ids).await?;
        let now = cx.studio.now();
        let collection = NewCollection {
            id: CollectionId::generate(now),
            workspace: cx.caller.workspace.clone(),
            name,
            description: args
                .description
                .as_deref()
                .map(|description| text::one_line(description, 1_000)),
            created_at: now,
        };
        Ok(cx
            .studio
            .store()
            .collections()
            .create(collection, &args.asset_ids)
            .await?
            .into())
    }
}
