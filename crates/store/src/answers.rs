//! Answers that are owed: one row for each call that waits for its work, until it is certain that its client heard the end.
//! A later call that is the same takes over a row that is in doubt, and with it the work.

use aquatint_domain::{Problem, Timestamp, WorkspaceId};

use crate::columns::{get, hex};
use crate::connection::{Connections, broken, execute, row};

pub struct Answers<'a>(pub(crate) &'a Connections);

/// What became of earlier calls that were the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing is owed to anybody.
    None,
    /// One is waiting, and its client may well hear the end.
    Waiting,
    /// One was in doubt, and is the caller's now; with the job or run that it waited for, where there is one already.
    Taken { id: String, work: Option<String> },
}

impl Answers<'_> {
    /// Takes over the oldest answer in doubt for the call of that fingerprint; it is in doubt again from `until` on.
    pub async fn take(
        &self,
        workspace: &WorkspaceId,
        fingerprint: &[u8; 32],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Earlier, Problem> {
        let tx = self.0.begin().await?;
        let oldest = row(
            &tx,
            "SELECT id, work, doubtful_at FROM answers WHERE workspace_id = $1 AND fingerprint = $2 AND expires_at > $3 ORDER BY doubtful_at, id LIMIT 1",
            vec![
                workspace.as_str().into(),
                hex(fingerprint).into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        let Some(oldest) = oldest else {
            return Ok(Earlier::None);
        };
        let (id, doubtful_at): (String, i64) = (get(&oldest, "id")?, get(&oldest, "doubtful_at")?);
        if doubtful_at > now.as_millisecond() {
            return Ok(Earlier::Waiting);
        }
        // Another process may have been quicker.
        let taken = execute(
            &tx,
            "UPDATE answers SET doubtful_at = $3 WHERE id = $1 AND doubtful_at = $2",
            vec![id.clone().into(), doubtful_at.into(), until.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        if taken != 1 {
            return Ok(Earlier::Waiting);
        }
        Ok(Earlier::Taken {
            id,
            work: get(&oldest, "work")?,
        })
    }

    /// An answer is owed; it is in doubt from `doubtful_at` on.
    pub async fn owe(
        &self,
        id: &str,
        workspace: &WorkspaceId,
        fingerprint: &[u8; 32],
        doubtful_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO answers (id, workspace_id, fingerprint, doubtful_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            vec![
                id.into(),
                workspace.as_str().into(),
                hex(fingerprint).into(),
                doubtful_at.as_millisecond().into(),
                expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// What it is about.
    pub async fn waits_for(&self, id: &str, work: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE answers SET work = $2 WHERE id = $1",
            vec![id.into(), work.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// It is not known whether the client heard it. One that was given is kept until `expires_at`.
    pub async fn doubt(&self, id: &str, now: Timestamp, expires_at: Option<Timestamp>) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE answers SET doubtful_at = $2, expires_at = COALESCE($3, expires_at) WHERE id = $1",
            vec![
                id.into(),
                now.as_millisecond().into(),
                expires_at.map(Timestamp::as_millisecond).into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// It was heard, or there is nothing to hear.
    pub async fn settle(&self, id: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(&tx, "DELETE FROM answers WHERE id = $1", vec![id.into()]).await?;
        tx.commit().await.map_err(broken)
    }
}
