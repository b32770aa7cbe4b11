//! What was bought of vendors: a row is written before a vendor is asked for anything that costs, so that a restart knows.
//!
//! A purchase is named by its job and a number within it. Its body is JSON of the one who buys: a task to ask about, where
//! the results lie, or the problem that it ended with.

use aquatint_domain::{Credits, JobId, Problem, Timestamp, WorkspaceId};
use sea_orm::QueryResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::columns::{get, json, parsed_if, time_if, to_json};
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

/// Who is asked for a purchase, and at whose cost.
#[derive(Clone, Copy, Debug)]
pub struct Buying<'a> {
    pub provider: &'a str,
    /// The key that pays.
    pub key: &'a str,
    /// What it may cost the server's own account; nothing where a workspace pays the vendor itself.
    pub cost: Credits,
}

/// A purchase as it was found by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct PurchaseRow<T> {
    /// Whose job it is; none once the job is gone.
    pub workspace: Option<WorkspaceId>,
    pub provider: String,
    /// The key that bought it; none in rows from before keys were noted.
    pub key: Option<String>,
    pub state: Purchase<T>,
    /// When the vendor last told us of it.
    pub told_at: Option<Timestamp>,
}

impl Purchases<'_> {
    /// Begins a purchase, or tells how far it got before.
    pub async fn begin<T: DeserializeOwned>(
        &self,
        job: &JobId,
        number: u32,
        buying: &Buying<'_>,
        now: Timestamp,
    ) -> Result<Purchase<T>, Problem> {
        let tx = self.0.begin().await?;
        let inserted = execute(
            &tx,
            "INSERT INTO purchases (job_id, number, provider, key_id, cost, state, body, begun_at, changed_at) VALUES ($1, $2, $3, $4, $5, 'begun', 'null', $6, $6) ON CONFLICT (job_id, number) DO NOTHING",
            vec![
                job.as_str().into(),
                i64::from(number).into(),
                buying.provider.into(),
                buying.key.into(),
                buying.cost.micro().into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        if inserted == 1 {
            return Ok(Purchase::New);
        }
        let found = self.find(job, number).await?;
        Ok(found
            .ok_or_else(|| Problem::internal("a purchase is gone while it is looked at"))?
            .state)
    }

    /// The purchase of that name.
    pub async fn find<T: DeserializeOwned>(&self, job: &JobId, number: u32) -> Result<Option<PurchaseRow<T>>, Problem> {
        row(
            self.0.read(),
            "SELECT provider, key_id, state, body, told_at, (SELECT workspace_id FROM jobs WHERE jobs.id = purchases.job_id) AS workspace_id FROM purchases WHERE job_id = $1 AND number = $2",
            vec![job.as_str().into(), i64::from(number).into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The key that a job buys with, if it has begun to.
    pub async fn key_of(&self, job: &JobId) -> Result<Option<String>, Problem> {
        row(
            self.0.read(),
            "SELECT key_id FROM purchases WHERE job_id = $1 AND key_id IS NOT NULL ORDER BY number LIMIT 1",
            vec![job.as_str().into()],
        )
        .await?
        .map(|row| get(&row, "key_id"))
        .transpose()
    }

    /// Notes that the vendor told us of it. Whether there is such a purchase.
    pub async fn told(&self, job: &JobId, number: u32, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let changed = execute(
            &tx,
            "UPDATE purchases SET told_at = $3 WHERE job_id = $1 AND number = $2",
            vec![
                job.as_str().into(),
                i64::from(number).into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(changed == 1)
    }

    /// Corrects what it cost, by what the vendor says.
    pub async fn costs(&self, job: &JobId, number: u32, cost: Credits) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE purchases SET cost = $3 WHERE job_id = $1 AND number = $2 AND cost > 0",
            vec![job.as_str().into(), i64::from(number).into(), cost.micro().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// What was bought of a vendor on the server's own account since then, as far as it is known or expected.
    pub async fn spent_since(&self, provider: &str, since: Timestamp) -> Result<Credits, Problem> {
        let found = row(
            self.0.read(),
            "SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) AS spent FROM purchases WHERE begun_at >= $2 AND provider = $1",
            vec![provider.into(), since.as_millisecond().into()],
        )
        .await?
        .ok_or_else(|| Problem::internal("a sum is a row"))?;
        Ok(Credits::from_micro(get(&found, "spent")?))
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

fn read<T: DeserializeOwned>(row: &QueryResult) -> Result<PurchaseRow<T>, Problem> {
    Ok(PurchaseRow {
        workspace: parsed_if(row, "workspace_id")?,
        provider: get(row, "provider")?,
        key: get(row, "key_id")?,
        state: match get::<String>(row, "state")?.as_str() {
            "waiting" => Purchase::Waiting(json(row, "body")?),
            "made" => Purchase::Made(json(row, "body")?),
            "failed" => Purchase::Failed(json(row, "body")?),
            _ => Purchase::Begun,
        },
        told_at: time_if(row, "told_at")?,
    })
}
