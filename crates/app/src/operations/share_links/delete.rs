//! Remove a share link. People only: an agent can end a link with `update`, but not remove its trace.

use aquatint_domain::{Problem, Role, Scope, ShareId};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::operation::{Context, Done, Effects, Operation, Spec, delete};

pub struct Delete;

/// Remove a share link; the assets stay.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Share link id.
    pub share_id: ShareId,
}

impl Operation for Delete {
    const SPEC: Spec = Spec::new(
        "share_links.delete",
        "Remove a share link",
        Scope::Share,
        Effects::Writes,
        delete("/share_links/{share_id}"),
    )
    .for_people(Role::Member);
    type Args = Args;
    type Output = Done;

    async fn run(cx: &Context, args: Args) -> Result<Done, Problem> {
        let shares = cx.studio.store().shares();
        if shares.delete(&cx.caller.workspace, &args.share_id).await? {
            return Ok(Done::YES);
        }
        Err(Problem::not_found("share link", &args.share_id))
    }
}
