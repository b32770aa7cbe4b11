//! Who is in the workspace.

use aquatint_domain::{Code, InviteId, Problem, Role, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, get, post};
use crate::people::one_owner;

pub struct List;
pub struct SetRole;
pub struct Remove;

/// The people of the workspace; admins also see open invitations.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {}

/// Give a member another role.
#[derive(Deserialize, JsonSchema)]
pub struct SetRoleArgs {
    /// The member.
    pub user_id: UserId,
    /// viewer, member or admin; the owner hands the workspace over instead.
    pub role: Role,
}

/// Take a member out of the workspace; their connected apps lose it too.
#[derive(Deserialize, JsonSchema)]
pub struct RemoveArgs {
    /// The member.
    pub user_id: UserId,
}

#[derive(Serialize, JsonSchema)]
pub struct Members {
    pub members: Vec<MemberView>,
    pub invites: Vec<InviteView>,
}

#[derive(Serialize, JsonSchema)]
pub struct MemberView {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub joined_at: Timestamp,
    pub is_you: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct InviteView {
    pub invite_id: InviteId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub role: Role,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Describe for Members {}

impl Operation for List {
    const SPEC: Spec = by(Role::Viewer, "members.list", "Members", Effects::Reads, get("/members"));
    type Args = ListArgs;
    type Output = Members;

    async fn run(cx: &Context, _: ListArgs) -> Result<Members, Problem> {
        let (studio, workspace) = (&cx.studio, &cx.caller.workspace);
        let members = studio.store().users().members(workspace).await?;
        let is_admin = cx.caller.role() >= Some(Role::Admin);
        let invites = if is_admin {
            studio.store().invites().list(workspace, studio.now()).await?
        } else {
            Vec::new()
        };
        Ok(Members {
            members: members
                .into_iter()
                .map(|member| MemberView {
                    is_you: cx.caller.user.as_ref() == Some(&member.user),
                    user_id: member.user,
                    name: member.name,
                    email: member.email,
                    role: member.role,
                    joined_at: member.joined_at,
                })
                .collect(),
            invites: invites
                .into_iter()
                .map(|invite| InviteView {
                    invite_id: invite.id,
                    email: invite.email,
                    role: invite.role,
                    created_at: invite.created_at,
                    expires_at: invite.expires_at,
                })
                .collect(),
        })
    }
}

impl Operation for SetRole {
    const SPEC: Spec = by(
        Role::Admin,
        "members.set_role",
        "Change a member's role",
        Effects::Writes,
        post("/members/{user_id}"),
    );
    type Args = SetRoleArgs;
    type Output = Done;

    async fn run(cx: &Context, args: SetRoleArgs) -> Result<Done, Problem> {
        if args.role == Role::Owner {
            return Err(one_owner());
        }
        change(cx, &args.user_id, Some(args.role)).await
    }
}

impl Operation for Remove {
    const SPEC: Spec = by(
        Role::Admin,
        "members.remove",
        "Remove a member",
        Effects::Writes,
        delete("/members/{user_id}"),
    );
    type Args = RemoveArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RemoveArgs) -> Result<Done, Problem> {
        change(cx, &args.user_id, None).await
    }
}

async fn change(cx: &Context, user: &UserId, role: Option<Role>) -> Result<Done, Problem> {
    let users = cx.studio.store().users();
    let place = users.membership(&cx.caller.workspace, user).await?;
    let place = place.ok_or_else(|| Problem::not_found("member", user).at("user_id"))?;
    if place.role == Role::Owner {
        return Err(
            Problem::new(Code::Conflict, "The owner's place cannot be changed by others.")
                .hint("The owner can hand the workspace over."),
        );
    }
    if !users
        .set_role(&cx.caller.workspace, user, role, cx.studio.now())
        .await?
    {
        return Err(Problem::not_found("member", user).at("user_id"));
    }
    cx.studio.keys().forget();
    Ok(Done::YES)
}
