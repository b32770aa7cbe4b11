//! Letters that wait to be sent. A row is written with what causes it, claimed by one node at a time, and keeps what it says
//! only until it is sent or given up.

use aquatint_domain::{MailId, Problem, Timestamp, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::columns::{get, number, parsed, time, time_if};
use crate::connection::{Connections, broken, execute, is_postgres, row, rows};

pub struct Mails<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug)]
pub struct NewMail {
    pub id: MailId,
    /// Whose doing it is, for limits; `None` for what the studio itself has to say.
    pub workspace: Option<WorkspaceId>,
    /// A word for lists and logs, such as `invitation`.
    pub kind: &'static str,
    pub recipient: String,
    /// What it says, sealed.
    pub sealed: String,
    pub created_at: Timestamp,
    /// After this it is given up.
    pub expires_at: Timestamp,
}

/// A letter that this node alone may send until its claim runs out.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedMail {
    pub id: MailId,
    pub kind: String,
    pub recipient: String,
    pub sealed: String,
    /// Tries so far, this one included. It names the claim: a later one has a higher number.
    pub attempts: u32,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    Waiting,
    Sent,
    GivenUp,
}

/// A letter as an operator sees it: without what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    pub id: MailId,
    pub kind: String,
    pub recipient: String,
    pub state: MailState,
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub due_at: Timestamp,
    /// What the server said last.
    pub problem: Option<String>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    pub waiting: u64,
    /// Of those, the ones that failed at least once.
    pub delayed: u64,
    pub given_up: u64,
}

impl MailState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }
}

impl Mails<'_> {
    pub async fn put(&self, new: NewMail) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        insert(&tx, new).await?;
        tx.commit().await.map_err(broken)
    }

    /// Claims the letter that has waited longest, until `until`; after that it is anybody's again.
    pub async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<ClaimedMail>, Problem> {
        // Most of the time there is none, and finding that out needs no lock.
        let due = "SELECT id FROM mails WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at LIMIT 1";
        if row(self.0.read(), due, vec![now.as_millisecond().into()])
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let tx = self.0.begin().await?;
        let lock = if is_postgres(&tx) {
            " FOR UPDATE SKIP LOCKED"
        } else {
            ""
        };
        let found = row(
            &tx,
            &format!("UPDATE mails SET attempts = attempts + 1, due_at = $2 WHERE id = ({due}{lock}) RETURNING *"),
            vec![now.as_millisecond().into(), until.as_millisecond().into()],
        )
        .await?;
        let claimed = found
            .map(|row| {
                Ok::<_, Problem>(ClaimedMail {
                    id: parsed(&row, "id")?,
                    kind: get(&row, "kind")?,
                    recipient: get(&row, "recipient")?,
                    sealed: get::<Option<String>>(&row, "sealed")?.unwrap_or_default(),
                    attempts: number(&row, "attempts")?,
                    expires_at: time(&row, "expires_at")?,
                })
            })
            .transpose()?;
        tx.commit().await.map_err(broken)?;
        Ok(claimed)
    }

    /// The server has taken it; what it says is forgotten. `false` when the claim is not the last one.
    pub async fn sent(&self, claim: &ClaimedMail, now: Timestamp) -> Result<bool, Problem> {
        self.end(claim, MailState::Sent, None, now).await
    }

    /// It is not tried any more; what it says is forgotten. `false` when the claim is not the last one.
    pub async fn give_up(&self, claim: &ClaimedMail, problem: &str, now: Timestamp) -> Result<bool, Problem> {
        self.end(claim, MailState::GivenUp, Some(problem), now).await
    }

    /// It waits for another try. `false` when the claim is not the last one.
    pub async fn retry(&self, claim: &ClaimedMail, problem: &str, due_at: Timestamp) -> Result<bool, Problem> {
        self.change(
            claim,
            "due_at = $3, problem = $4",
            vec![due_at.as_millisecond().into(), problem.into()],
        )
        .await
    }

    /// It is not wanted any more; nothing of it stays.
    pub async fn discard(&self, claim: &ClaimedMail) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "DELETE FROM mails WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
            vec![claim.id.as_str().into(), i64::from(claim.attempts).into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Letters of a workspace since then.
    pub async fn count_since(&self, workspace: &WorkspaceId, since: Timestamp) -> Result<u64, Problem> {
        let found = row(
            self.0.read(),
            "SELECT COUNT(*) AS many FROM mails WHERE workspace_id = $1 AND created_at > $2",
            vec![workspace.as_str().into(), since.as_millisecond().into()],
        )
        .await?;
        found.as_ref().map_or(Ok(0), |row| number(row, "many"))
    }

    /// How many wait, and how many were given up since then.
    pub async fn counts(&self, since: Timestamp) -> Result<MailCounts, Problem> {
        let count = async |what: &str, values| -> Result<u64, Problem> {
            let sql = format!("SELECT COUNT(*) AS many FROM mails WHERE {what}");
            let found = row(self.0.read(), &sql, values).await?;
            found.as_ref().map_or(Ok(0), |row| number(row, "many"))
        };
        Ok(MailCounts {
            waiting: count("state = 'waiting'", vec![]).await?,
            delayed: count("state = 'waiting' AND problem IS NOT NULL", vec![]).await?,
            given_up: count(
                "state = 'given_up' AND ended_at > $1",
                vec![since.as_millisecond().into()],
            )
            .await?,
        })
    }

    /// The newest letters.
    pub async fn list(&self, limit: u32) -> Result<Vec<Mail>, Problem> {
        rows(
            self.0.read(),
            &format!("SELECT * FROM mails ORDER BY id DESC LIMIT {limit}"),
            vec![],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    async fn end(
        &self,
        claim: &ClaimedMail,
        state: MailState,
        problem: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        self.change(
            claim,
            "state = $3, problem = $4, ended_at = $5, sealed = NULL",
            vec![
                state.as_str().into(),
                problem.map(str::to_owned).into(),
                now.as_millisecond().into(),
            ],
        )
        .await
    }

    async fn change(&self, claim: &ClaimedMail, what: &str, values: Vec<sea_orm::Value>) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let mut all = vec![claim.id.as_str().into(), i64::from(claim.attempts).into()];
        all.extend(values);
        let changed = execute(
            &tx,
            &format!("UPDATE mails SET {what} WHERE id = $1 AND attempts = $2 AND state = 'waiting'"),
            all,
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(changed == 1)
    }
}

/// Adds a letter within somebody's transaction.
pub(crate) async fn insert<C: ConnectionTrait>(tx: &C, new: NewMail) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO mails (id, workspace_id, kind, recipient, sealed, state, attempts, due_at, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $7, $6)",
        vec![
            new.id.as_str().into(),
            new.workspace.as_ref().map(|workspace| workspace.as_str().to_owned()).into(),
            new.kind.into(),
            new.recipient.into(),
            new.sealed.into(),
            new.created_at.as_millisecond().into(),
            new.expires_at.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Mail, Problem> {
    let state: String = get(row, "state")?;
    Ok(Mail {
        id: parsed(row, "id")?,
        kind: get(row, "kind")?,
        recipient: get(row, "recipient")?,
        state: match state.as_str() {
            "waiting" => MailState::Waiting,
            "sent" => MailState::Sent,
            "given_up" => MailState::GivenUp,
            _ => return Err(Problem::internal("a letter is in no known state")),
        },
        attempts: number(row, "attempts")?,
        due_at: time(row, "due_at")?,
        problem: get(row, "problem")?,
        created_at: time(row, "created_at")?,
        ended_at: time_if(row, "ended_at")?,
    })
}
