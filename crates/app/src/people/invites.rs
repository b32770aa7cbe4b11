//! Invitations: a link that gives a place in a workspace, to a person who has an account or makes one.

use std::time::Duration;

use aquatint_domain::{Code, InviteId, Problem, Role, UserId, WorkspaceId};
use aquatint_store::{Guest, Invite, Taken, User, Workspace};

use super::sessions::later;
use super::{email_address, one_owner};
use crate::audit::Deed;
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// People and open invitations of one workspace.
const MEMBERS_MAX: usize = 500;

/// An invitation as its guest sees it.
pub struct Invitation {
    pub invite: Invite,
    pub workspace: Workspace,
}

impl Studio {
    /// Makes an invitation, and sends it where it names an address and mail can be sent; says whether it does. Beside the letter its
    /// secret exists only in the answer.
    pub async fn invite(
        &self,
        workspace: &WorkspaceId,
        email: Option<&str>,
        role: Role,
        by: Option<UserId>,
        ttl: Duration,
    ) -> Result<(Invite, Token, bool), Problem> {
        if role == Role::Owner {
            return Err(one_owner());
        }
        let email = email.map(email_address).transpose()?;
        let now = self.now();
        let open = self.store().invites().list(workspace, now).await?;
        let members = self.store().users().members(workspace).await?;
        if open.len() + members.len() >= MEMBERS_MAX {
            return Err(Problem::new(
                Code::Conflict,
                format!("A workspace has at most {MEMBERS_MAX} people and open invitations."),
            ));
        }
        if let Some(email) = &email
            && members.iter().any(|member| member.email == *email)
        {
            return Err(Problem::new(Code::Conflict, "That person is in the workspace already.").at("email"));
        }
        let token = Token::mint(TokenKind::Invite);
        let invite = Invite {
            id: InviteId::generate(now),
            workspace: workspace.clone(),
            email,
            role,
            created_by: by,
            created_at: now,
            expires_at: later(now, ttl),
        };
        let letter = match &invite.email {
            Some(email) => {
                self.invitation_letter(workspace, email, token.reveal(), invite.expires_at)
                    .await?
            }
            None => None,
        };
        let is_mailed = letter.is_some();
        self.store().invites().insert(&token.hash(), &invite, letter).await?;
        if is_mailed {
            self.wake_post();
        }
        Ok((invite, token, is_mailed))
    }

    /// What a link invites to; `None` when it is used, withdrawn or past its time.
    pub async fn invitation(&self, secret: &str) -> Result<Option<Invitation>, Problem> {
        let Ok(hash) = recognise(TokenKind::Invite, secret) else {
            return Ok(None);
        };
        let Some(invite) = self.store().invites().by_hash(&hash, self.now()).await? else {
            return Ok(None);
        };
        let workspace = self.store().workspaces().get(&invite.workspace).await?;
        Ok(workspace.map(|workspace| Invitation { invite, workspace }))
    }

    /// A signed-in person takes an invitation.
    pub async fn accept_invite(&self, secret: &str, user: &User) -> Result<WorkspaceId, Problem> {
        let invitation = self.invitation(secret).await?.ok_or_else(gone)?;
        check_addressee(&invitation.invite, &user.email)?;
        self.take(secret, Guest::Known(user.id.clone()), &invitation).await?;
        Ok(invitation.workspace.id)
    }

    /// A stranger takes an invitation and becomes a person.
    pub async fn join_by_invite(&self, secret: &str, email: &str, name: &str, password: &str) -> Result<User, Problem> {
        let invitation = self.invitation(secret).await?.ok_or_else(gone)?;
        check_addressee(&invitation.invite, &email_address(email)?)?;
        let new = self.new_user(email, name, Some(password)).await?;
        let user = self.take(secret, Guest::New(new), &invitation).await?;
        self.user(&user).await
    }

    /// Uses an invitation up for its guest.
    pub(super) async fn take(&self, secret: &str, guest: Guest, invitation: &Invitation) -> Result<UserId, Problem> {
        let hash = recognise(TokenKind::Invite, secret).map_err(|_| gone())?;
        match self.store().invites().take(&hash, guest, self.now()).await? {
            Taken::Joined(user) => {
                self.keys().forget();
                let deed = Deed {
                    action: "invites.accept",
                    user: Some(&user),
                    workspace: Some(&invitation.workspace.id),
                    target: Some(invitation.invite.id.as_str()),
                    ..Deed::default()
                };
                self.note(&deed, "ok");
                Ok(user)
            }
            Taken::Gone => Err(gone()),
            Taken::AddressTaken => Err(address_taken()),
        }
    }
}

/// Refuses whom an invitation does not mean.
pub(super) fn check_addressee(invite: &Invite, email: &str) -> Result<(), Problem> {
    match &invite.email {
        Some(wanted) if wanted != email => {
            Err(Problem::new(Code::Forbidden, "This invitation was made for another email address.").at("email"))
        }
        _ => Ok(()),
    }
}

pub(super) fn address_taken() -> Problem {
    Problem::new(
        Code::Conflict,
        "There is an account with this address. Sign in first, then open the link again.",
    )
    .at("email")
}

pub(super) fn gone() -> Problem {
    Problem::new(Code::Expired, "This invitation is used, withdrawn or past its time.")
        .hint("Ask the person who invited you for a new one.")
}
