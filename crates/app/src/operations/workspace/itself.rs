//! The workspace itself: its name, leaving it, handing it over.

use aquatint_domain::{Code, Problem, Role, UserId, WorkspaceId, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, post};

pub struct Rename;
pub struct Leave;
pub struct Transfer;

/// Give the workspace another name.
#[derive(Deserialize, JsonSchema)]
pub struct RenameArgs {
    /// The new name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
}

/// Leave the workspace. Its last owner hands it over first.
#[derive(Deserialize, JsonSchema)]
pub struct LeaveArgs {}

/// Hand the workspace over to another member; who owned it stays as an admin.
#[derive(Deserialize, JsonSchema)]
pub struct TransferArgs {
    /// The member who becomes the owner.
    pub user_id: UserId,
}

#[derive(Serialize, JsonSchema)]
pub struct Named {
    pub workspace_id: WorkspaceId,
    pub name: String,
}

impl Describe for Named {}

impl Operation for Rename {
    const SPEC: Spec = by(
        Role::Admin,
        "workspace.rename",
        "Rename the workspace",
        Effects::Writes,
        post("/workspace"),
    );
    type Args = RenameArgs;
    type Output = Named;

    async fn run(cx: &Context, args: RenameArgs) -> Result<Named, Problem> {
        let name = text::one_line(&args.name, 80);
        if name.is_empty() {
            return Err(Problem::invalid(
                "name",
                "A workspace needs a name with visible characters.",
            ));
        }
        let workspace = &cx.caller.workspace;
        cx.studio.store().workspaces().rename(workspace, &name).await?;
        Ok(Named {
            workspace_id: workspace.clone(),
            name,
        })
    }
}

impl Operation for Leave {
    const SPEC: Spec = by(
        Role::Viewer,
        "workspace.leave",
        "Leave the workspace",
        Effects::Writes,
        post("/workspace/leave"),
    );
    type Args = LeaveArgs;
    type Output = Done;

    async fn run(cx: &Context, _: LeaveArgs) -> Result<Done, Problem> {
        let (user, _) = cx.person()?;
        let users = cx.studio.store().users();
        if !users
            .set_role(&cx.caller.workspace, user, None, cx.studio.now())
            .await?
        {
            return Err(
                Problem::new(Code::Conflict, "You are the only owner of this workspace.")
                    .hint("Hand it over to another member first."),
            );
        }
        cx.studio.keys().forget();
        Ok(Done::YES)
    }
}

impl Operation for Transfer {
    const SPEC: Spec = by(
        Role::Owner,
        "workspace.transfer",
        "Hand the workspace over",
        Effects::Writes,
        post("/workspace/transfer"),
    );
    type Args = TransferArgs;
    type Output = Done;

    async fn run(cx: &Context, args: TransferArgs) -> Result<Done, Problem> {
        let (user, _) = cx.person()?;
        let users = cx.studio.store().users();
        if !users.transfer(&cx.caller.workspace, user, &args.user_id).await? {
            return Err(Problem::not_found("other member", &args.user_id).at("user_id"));
        }
        cx.studio.keys().forget();
        Ok(Done::YES)
    }
}
