//! The secret with which receivers check deliveries.

use aquatint_domain::{Problem, Role, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Effects, Operation, Spec, get, post};

pub struct Secret;
pub struct Rotate;

/// The secret that signs this workspace's webhooks, for those who receive them.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

/// Sign with a new secret from now on; the old one is no longer used.
#[derive(Deserialize, JsonSchema)]
pub struct RotateArgs {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// `whsec_` and base64, as the libraries of Standard Webhooks take it.
    pub secret: String,
}

impl Describe for Output {}

impl Operation for Secret {
    const SPEC: Spec = Spec::new(
        "webhooks.secret",
        "Show the secret of webhooks",
        Scope::AccountRead,
        Effects::Reads,
        get("/webhooks/secret"),
    )
    .for_people(Role::Admin);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        Ok(Output {
            secret: cx.studio.webhook_secret(&cx.caller.workspace).await?,
        })
    }
}

impl Operation for Rotate {
    const SPEC: Spec = Spec::new(
        "webhooks.rotate_secret",
        "Change the secret of webhooks",
        Scope::AccountRead,
        Effects::Writes,
        post("/webhooks/secret"),
    )
    .for_people(Role::Admin);
    type Args = RotateArgs;
    type Output = Output;

    async fn run(cx: &Context, _: RotateArgs) -> Result<Output, Problem> {
        let workspace = &cx.caller.workspace;
        cx.studio.store().workspaces().next_webhook_secret(workspace).await?;
        Ok(Output {
            secret: cx.studio.webhook_secret(workspace).await?,
        })
    }
}
