//! Signed-in browsers, and tickets: secrets that work once for one purpose, such as the second step
//! of signing in, a new password, or an app that waits for consent.

use aquatint_domain::{Problem, SessionId, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, hex, parsed, parsed_if, time};
use crate::connection::{Connections, broken, execute, row, rows};

pub struct Sessions<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    /// The workspace that the person looks at.
    pub workspace: Option<WorkspaceId>,
    pub user_agent: String,
    pub address: String,
    /// When the person last proved in this session who they are; signing in is the first time.
    pub proved_at: Timestamp,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A secret that works once.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    pub user: Option<UserId>,
    pub body: String,
    pub expires_at: Timestamp,
}

impl Sessions<'_> {
    pub async fn insert(&self, hash: &[u8; 32], session: &Session) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO sessions (id, hash, user_id, workspace_id, user_agent, address, proved_at, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            vec![
                session.id.as_str().into(),
                hex(hash).into(),
                session.user.as_str().into(),
                session.workspace.as_ref().map(|id| id.as_str().to_owned()).into(),
                session.user_agent.clone().into(),
                session.address.clone().into(),
                session.proved_at.as_millisecond().into(),
                session.created_at.as_millisecond().into(),
                session.last_used_at.as_millisecond().into(),
                session.expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn by_hash(&self, hash: &[u8; 32]) -> Result<Option<Session>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM sessions WHERE hash = $1",
            vec![hex(hash).into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn get(&self, id: &SessionId) -> Result<Option<Session>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM sessions WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Notes that the person has just proved who they are.
    pub async fn proved(&self, id: &SessionId, at: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE sessions SET proved_at = $2 WHERE id = $1",
            vec![id.as_str().into(), at.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// The sessions of a person, the last used first.
    pub async fn list(&self, user: &UserId, now: Timestamp) -> Result<Vec<Session>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY last_used_at DESC, id LIMIT 200",
            vec![user.as_str().into(), now.as_millisecond().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Notes a use, and moves the end away with it.
    pub async fn touch(&self, id: &SessionId, at: Timestamp, expires_at: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1",
            vec![
                id.as_str().into(),
                at.as_millisecond().into(),
                expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn set_workspace(&self, id: &SessionId, workspace: &WorkspaceId) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE sessions SET workspace_id = $2 WHERE id = $1",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Ends one session of a person. `false` when it is not theirs.
    pub async fn end(&self, user: &UserId, id: &SessionId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let ended = execute(
            &tx,
            "DELETE FROM sessions WHERE id = $1 AND user_id = $2",
            vec![id.as_str().into(), user.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(ended == 1)
    }

    /// Ends all sessions of a person but one; says how many.
    pub async fn end_others(&self, user: &UserId, keep: Option<&SessionId>) -> Result<u64, Problem> {
        let tx = self.0.begin().await?;
        let ended = execute(
            &tx,
            "DELETE FROM sessions WHERE user_id = $1 AND id <> $2",
            vec![
                user.as_str().into(),
                keep.map_or("", |keep| keep.as_str()).to_owned().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(ended)
    }

    pub async fn put_ticket(&self, hash: &[u8; 32], purpose: &str, ticket: &Ticket) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO tickets (hash, purpose, user_id, body, expires_at) VALUES ($1, $2, $3, $4, $5)",
            vec![
                hex(hash).into(),
                purpose.into(),
                ticket.user.as_ref().map(|user| user.as_str().to_owned()).into(),
                ticket.body.clone().into(),
                ticket.expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// A ticket that still works; it stays.
    pub async fn ticket(&self, hash: &[u8; 32], purpose: &str, now: Timestamp) -> Result<Option<Ticket>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM tickets WHERE hash = $1 AND purpose = $2 AND expires_at > $3",
            vec![hex(hash).into(), purpose.into(), now.as_millisecond().into()],
        )
        .await?
        .as_ref()
        .map(read_ticket)
        .transpose()
    }

    /// Takes a ticket: of two who try at once, one gets it.
    pub async fn take_ticket(&self, hash: &[u8; 32], purpose: &str, now: Timestamp) -> Result<Option<Ticket>, Problem> {
        let Some(ticket) = self.ticket(hash, purpose, now).await? else {
            return Ok(None);
        };
        let tx = self.0.begin().await?;
        let taken = execute(&tx, "DELETE FROM tickets WHERE hash = $1", vec![hex(hash).into()]).await?;
        tx.commit().await.map_err(broken)?;
        Ok((taken == 1).then_some(ticket))
    }
}

fn read(row: &QueryResult) -> Result<Session, Problem> {
    Ok(Session {
        id: parsed(row, "id")?,
        user: parsed(row, "user_id")?,
        workspace: parsed_if(row, "workspace_id")?,
        user_agent: get(row, "user_agent")?,
        address: get(row, "address")?,
        proved_at: time(row, "proved_at")?,
        created_at: time(row, "created_at")?,
        last_used_at: time(row, "last_used_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn read_ticket(row: &QueryResult) -> Result<Ticket, Problem> {
    Ok(Ticket {
        user: parsed_if(row, "user_id")?,
        body: get(row, "body")?,
        expires_at: time(row, "expires_at")?,
    })
}
