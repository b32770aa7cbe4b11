//! What was bought of vendors: a row is written before a vendor is asked for anything that costs, so that a restart knows.
//!
//! A purchase is named by its job and a number within it. Its body is JSON of the one who buys: a task to ask about, where
//! the results lie, or the problem that it ended with.

use aquatint_domain::{JobId, Problem, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::columns::{get, json, to_json};
use crate::connection::{Connections, broken, execute, row};

pub struct Purchases<'a>(pub(crate) &'a Connections);

/// How far a purchase got.
#[derive(Clone, Debug, PartialEq)]
pub enum Purchase<T> {
    /// This call wrote the row: nothing was asked yet.
    New,
    /// Somebody began to ask, and nobody knows what came of it.
    Begun,
    /// The vendor works on it.
    Waiting(T),
    /// The results are here.
    Made(T),
    /// It ended, for good.
    Failed(T),
}

impl Purchases<'_> {
    /// Begins a purchase, or tells how far it got before.
    pub async fn begin<T: DeserializeOwned>(
        &self,
        job: &JobId,
        number: u32,
        provider: &str,
        now: Timestamp,
    ) -> Result<Purchase<T>, Problem> {
        let tx = self.0.begin().await?;
        let inserted = execute(
            &tx,
            "INSERT INTO purchases (job_id, number, provider, state, body, begun_at, changed_at) VALUES ($1, $2, $3, 'begun', 'null', $4, $4) ON CONFLICT (job_id, number) DO NOTHING",
            vec![
                job.as_str().into(),
                i64::from(number).into(),
                provider.into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        if inserted == 1 {
            return Ok(Purchase::New);
        }
        let found = row(
            self.0.read(),
            "SELECT state, body FROM purchases WHERE job_id = $1 AND number = $2",
            vec![job.as_str().into(), i64::from(number).into()],
        )
        .await?
        .ok_or_else(|| Problem::internal("a purchase is gone while it is looked at"))?;
        Ok(match get::<String>(&found, "state")?.as_str() {
            "waiting" => Purchase::Waiting(json(&found, "body")?),
            "made" => Purchase::Made(json(&found, "body")?),
            "failed" => Purchase::Failed(json(&found, "body")?),
            _ => Purchase::Begun,
        })
    }

    /// The vendor has it: stored before anybody asks how it stands.
    pub async fn waiting<T: Serialize>(
        &self,
        job: &JobId,
        number: u32,
        body: &T,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.change(job, number, "waiting", body, now).await
    }

    /// The results are stored.
    pub async fn made<T: Serialize>(&self, job: &JobId, number: u32, body: &T, now: Timestamp) -> Result<(), Problem> {
        self.change(job, number, "made", body, now).await
    }

    /// It ended with a problem, and is not bought again for this job.
    pub async fn failed<T: Serialize>(
        &self,
        job: &JobId,
        number: u32,
        body: &T,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.change(job, number, "failed", body, now).await
    }

    /// Surely nothing was bought: another try may begin anew.
    pub async fn forget(&self, job: &JobId, number: u32) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "DELETE FROM purchases WHERE job_id = $1 AND number = $2",
            vec![job.as_str().into(), i64::from(number).into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    async fn change<T: Serialize>(
        &self,
        job: &JobId,
        number: u32,
        state: &str,
        body: &T,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE purchases SET state = $3, body = $4, changed_at = $5 WHERE job_id = $1 AND number = $2",
            vec![
                job.as_str().into(),
                i64::from(number).into(),
                state.into(),
                to_json(body)?.into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }
}
