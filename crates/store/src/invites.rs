//! Invitations into a workspace, by link.

use aquatint_domain::{InviteId, Problem, Role, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, hex, parsed, parsed_if, time};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::mails::NewMail;
use crate::users::{NewUser, insert, join};

pub struct Invites<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Invite {
    pub id: InviteId,
    pub workspace: WorkspaceId,
    /// Whom it was sent to; anyone who holds the link may take it where none is named.
    pub email: Option<String>,
    pub role: Role,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Who takes an invitation.
#[derive(Clone, Debug)]
pub enum Guest {
    Known(UserId),
    New(NewUser),
}

/// What became of taking an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    Joined(UserId),
    /// Used, withdrawn or past its time.
    Gone,
    /// There is an account with that address; it must sign in.
    AddressTaken,
}

impl Invites<'_> {
    /// Keeps an invitation, with the letter that carries it where there is one.
    pub async fn insert(&self, hash: &[u8; 32], invite: &Invite, letter: Option<NewMail>) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO invites (id, workspace_id, hash, email, role, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            vec![
                invite.id.as_str().into(),
                invite.workspace.as_str().into(),
                hex(hash).into(),
                invite.email.clone().into(),
                invite.role.as_str().into(),
                invite.created_by.as_ref().map(|user| user.as_str().to_owned()).into(),
                invite.created_at.as_millisecond().into(),
                invite.expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        if let Some(letter) = letter {
            crate::mails::insert(&tx, letter).await?;
        }
        tx.commit().await.map_err(broken)
    }

    /// An invitation that still works.
    pub async fn by_hash(&self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Invite>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM invites WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
            vec![hex(hash).into(), now.as_millisecond().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Invitations of a workspace that still work, the newest first.
    pub async fn list(&self, workspace: &WorkspaceId, now: Timestamp) -> Result<Vec<Invite>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM invites WHERE workspace_id = $1 AND used_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT 500",
            vec![workspace.as_str().into(), now.as_millisecond().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Withdraws an invitation. `false` when there is none.
    pub async fn withdraw(&self, workspace: &WorkspaceId, id: &InviteId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let gone = execute(
            &tx,
            "DELETE FROM invites WHERE id = $1 AND workspace_id = $2 AND used_at IS NULL",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(gone == 1)
    }

    /// Uses an invitation up and gives the guest a place, in one transaction.
    pub async fn take(&self, hash: &[u8; 32], guest: Guest, now: Timestamp) -> Result<Taken, Problem> {
        let tx = self.0.begin().await?;
        let used = execute(
            &tx,
            "UPDATE invites SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2",
            vec![hex(hash).into(), now.as_millisecond().into()],
        )
        .await?;
        if used != 1 {
            return Ok(Taken::Gone);
        }
        let found = row(&tx, "SELECT * FROM invites WHERE hash = $1", vec![hex(hash).into()]).await?;
        let invite = read(&found.ok_or_else(|| Problem::internal("an invitation vanished"))?)?;
        let user = match guest {
            Guest::Known(user) => user,
            Guest::New(new) => {
                let id = new.id.clone();
                if !insert(&tx, new, false, now).await? {
                    return Ok(Taken::AddressTaken);
                }
                id
            }
        };
        join(&tx, &invite.workspace, &user, invite.role, now).await?;
        execute(&tx, crate::keys::CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)?;
        Ok(Taken::Joined(user))
    }
}

fn read(row: &QueryResult) -> Result<Invite, Problem> {
    Ok(Invite {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        email: get(row, "email")?,
        role: parsed(row, "role")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}
