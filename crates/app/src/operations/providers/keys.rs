//! Putting in, checking and removing the key of a vendor.

use aquatint_domain::{Problem, Role, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KeyView, check_place};
use crate::operation::{Context, Describe, Done, Effects, Operation, Rest, Spec, delete, post};
use crate::vendors::ProviderKeyOrder;

pub struct Put;
pub struct Check;
pub struct Remove;

const fn by_admins(name: &'static str, title: &'static str, rest: Rest) -> Spec {
    Spec::new(name, title, Scope::AccountRead, Effects::Writes, rest).for_people(Role::Admin)
}

/// Put in a key for a vendor. It is checked by a call that costs nothing, sealed, and never shown again.
#[derive(Deserialize, JsonSchema)]
pub struct PutArgs {
    /// The vendor's id from `providers.list`, such as `openai`.
    #[schemars(length(min = 1, max = 40))]
    pub provider: String,
    /// The key.
    #[schemars(length(max = 4096))]
    pub key: Option<String>,
    /// A public https server that speaks the vendor's API, in place of the vendor's own.
    #[schemars(length(max = 500))]
    pub base_url: Option<String>,
    /// For every workspace of the server; operators only.
    #[serde(default)]
    pub server: bool,
}

/// Check the key that this workspace would use, by a call that costs nothing.
#[derive(Deserialize, JsonSchema)]
pub struct CheckArgs {
    /// The vendor's id.
    #[schemars(length(min = 1, max = 40))]
    pub provider: String,
}

/// Forget the key of a vendor. Tasks that run there can no longer be asked about.
#[derive(Deserialize, JsonSchema)]
pub struct RemoveArgs {
    /// The vendor's id.
    #[schemars(length(min = 1, max = 40))]
    pub provider: String,
    /// The server's key instead of the workspace's; operators only.
    #[serde(default)]
    pub server: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct PutOutput {
    pub provider: String,
    pub key: KeyView,
    /// Whose key it is, where the vendor says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct CheckOutput {
    pub provider: String,
    pub checked_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<String>,
}

impl Describe for PutOutput {}
impl Describe for CheckOutput {}

impl Operation for Put {
    const SPEC: Spec = by_admins("providers.put_key", "Put in a vendor's key", post("/providers"));
    type Args = PutArgs;
    type Output = PutOutput;

    async fn run(cx: &Context, args: PutArgs) -> Result<PutOutput, Problem> {
        check_place(cx, args.server).await?;
        let order = ProviderKeyOrder {
            workspace: (!args.server).then(|| cx.caller.workspace.clone()),
            provider: args.provider.clone(),
            key: args.key.filter(|key| !key.trim().is_empty()),
            base_url: args.base_url.filter(|url| !url.trim().is_empty()),
            created_by: cx.caller.user.clone(),
        };
        let (key, told) = cx.studio.put_provider_key(order).await?;
        Ok(PutOutput {
            provider: args.provider,
            key: key.into(),
            account: told.account,
            balance: told.balance,
        })
    }
}

impl Operation for Check {
    const SPEC: Spec = by_admins(
        "providers.check_key",
        "Check a vendor's key",
        post("/providers/{provider}/check"),
    );
    type Args = CheckArgs;
    type Output = CheckOutput;

    async fn run(cx: &Context, args: CheckArgs) -> Result<CheckOutput, Problem> {
        let (told, checked_at) = cx
            .studio
            .check_provider_key(&cx.caller.workspace, &args.provider)
            .await?;
        Ok(CheckOutput {
            provider: args.provider,
            checked_at,
            account: told.account,
            balance: told.balance,
        })
    }
}

impl Operation for Remove {
    const SPEC: Spec = by_admins(
        "providers.remove_key",
        "Remove a vendor's key",
        delete("/providers/{provider}"),
    );
    type Args = RemoveArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RemoveArgs) -> Result<Done, Problem> {
        check_place(cx, args.server).await?;
        let workspace = (!args.server).then_some(&cx.caller.workspace);
        cx.studio.remove_provider_key(workspace, &args.provider).await?;
        Ok(Done::YES)
    }
}
