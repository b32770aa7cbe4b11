//! Invitations into the workspace.

use std::time::Duration;

use aquatint_domain::{InviteId, Problem, Role, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, post};

const DAYS: u32 = 7;

pub struct Create;
pub struct Withdraw;

/// Invite somebody by a link, which is shown only now, and mailed where an address is given and the server sends mail.
#[derive(Deserialize, JsonSchema)]
pub struct CreateArgs {
    /// Whom; without it whoever holds the link may take it.
    #[schemars(length(max = 200))]
    pub email: Option<String>,
    /// viewer, member or admin.
    pub role: Role,
    /// Days until the link ends.
    #[schemars(range(min = 1, max = 60))]
    pub expires_in_days: Option<u32>,
}

/// Withdraw an invitation.
#[derive(Deserialize, JsonSchema)]
pub struct WithdrawArgs {
    /// Invitation id.
    pub invite_id: InviteId,
}

#[derive(Serialize, JsonSchema)]
pub struct Invited {
    pub invite_id: InviteId,
    /// Send it to the guest.
    pub url: String,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    pub expires_at: Timestamp,
    /// Whether the server sends it to that address too.
    pub mailed: bool,
}

impl Describe for Invited {}

impl Operation for Create {
    const SPEC: Spec = by(
        Role::Admin,
        "invites.create",
        "Invite somebody",
        Effects::Writes,
        post("/invites"),
    );
    type Args = CreateArgs;
    type Output = Invited;

    async fn run(cx: &Context, args: CreateArgs) -> Result<Invited, Problem> {
        let days = args.expires_in_days.unwrap_or(DAYS);
        let ttl = Duration::from_secs(u64::from(days) * 86_400);
        let email = args.email.as_deref().filter(|email| !email.trim().is_empty());
        let (invite, secret, mailed) = cx
            .studio
            .invite(&cx.caller.workspace, email, args.role, cx.caller.user.clone(), ttl)
            .await?;
        Ok(Invited {
            url: format!("{}/invite/{}", cx.studio.public_url(), secret.reveal()),
            invite_id: invite.id,
            role: invite.role,
            email: invite.email,
            expires_at: invite.expires_at,
            mailed,
        })
    }
}

impl Operation for Withdraw {
    const SPEC: Spec = by(
        Role::Admin,
        "invites.withdraw",
        "Withdraw an invitation",
        Effects::Writes,
        delete("/invites/{invite_id}"),
    );
    type Args = WithdrawArgs;
    type Output = Done;

    async fn run(cx: &Context, args: WithdrawArgs) -> Result<Done, Problem> {
        let invites = cx.studio.store().invites();
        if invites.withdraw(&cx.caller.workspace, &args.invite_id).await? {
            return Ok(Done::YES);
        }
        Err(Problem::not_found("open invitation", &args.invite_id))
    }
}
