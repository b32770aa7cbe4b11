//! Taking jobs back from workers that are gone.

use aquatint_domain::{Code, JobId, Problem, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult};

use super::rows::{for_update, lock_lane_of, move_lane, read};
use super::{Jobs, Requeued, RunningJob, finish};
use crate::columns::{flag, get, parsed, time};
use crate::connection::{broken, execute, is_postgres, row, rows};

impl Jobs<'_> {
    /// Every job that some worker holds.
    pub async fn running(&self) -> Result<Vec<RunningJob>, Problem> {
        let found = rows(
            self.0.read(),
            "SELECT id, lease_token, worker, lease_expires_at FROM jobs WHERE state = 'running' AND kind = 'single'",
            vec![],
        )
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(RunningJob {
                    job: parsed(row, "id")?,
                    token: get(row, "lease_token")?,
                    worker: get::<Option<String>>(row, "worker")?.unwrap_or_default(),
                    lease_expires_at: time(row, "lease_expires_at")?,
                })
            })
            .collect()
    }

    /// Takes one job back from a worker whose lease `token` is dead.
    pub async fn requeue(
        &self,
        id: &JobId,
        token: i64,
        attempts_max: u32,
        now: Timestamp,
    ) -> Result<Requeued, Problem> {
        let tx = self.0.begin().await?;
        lock_lane_of(&tx, id).await?;
        let sql = format!(
            "SELECT * FROM jobs WHERE id = $1 AND lease_token = $2 AND state = 'running'{}",
            for_update(&tx)
        );
        let Some(found) = row(&tx, &sql, vec![id.as_str().into(), token.into()]).await? else {
            return Ok(Requeued::NotMine);
        };
        let outcome = put_back(&tx, &found, attempts_max, now).await?;
        tx.commit().await.map_err(broken)?;
        Ok(outcome)
    }

    /// Takes back everything that a dead worker of this name held; says how many jobs that were.
    pub async fn requeue_worker(&self, worker: &str, attempts_max: u32, now: Timestamp) -> Result<u32, Problem> {
        let tx = self.0.begin().await?;
        if is_postgres(&tx) {
            let lanes = "SELECT workspace_id FROM lanes WHERE workspace_id IN (SELECT workspace_id FROM jobs WHERE worker = $1 AND state = 'running') ORDER BY workspace_id FOR UPDATE";
            rows(&tx, lanes, vec![worker.into()]).await?;
        }
        let sql = format!(
            "SELECT * FROM jobs WHERE worker = $1 AND state = 'running' AND kind = 'single' ORDER BY id{}",
            for_update(&tx)
        );
        let found = rows(&tx, &sql, vec![worker.into()]).await?;
        for job in &found {
            put_back(&tx, job, attempts_max, now).await?;
        }
        tx.commit().await.map_err(broken)?;
        Ok(u32::try_from(found.len()).unwrap_or(u32::MAX))
    }
}

async fn put_back<C: ConnectionTrait>(
    tx: &C,
    found: &QueryResult,
    attempts_max: u32,
    now: Timestamp,
) -> Result<Requeued, Problem> {
    let job = read(found)?;
    if flag(found, "cancel_requested")? {
        finish::cancel(tx, &job, 0, -1, now).await?;
        return Ok(Requeued::Failed);
    }
    if job.attempts >= attempts_max {
        let problem = Problem::new(
            Code::EngineFailed,
            format!(
                "The work was lost {} times, so it was given up. Nothing was charged.",
                job.attempts
            ),
        )
        .hint("Try a smaller picture; tell the operator if it stays.");
        finish::fail(tx, &job, &problem, 0, -1, now).await?;
        return Ok(Requeued::Failed);
    }
    execute(
        tx,
        "UPDATE jobs SET state = 'queued', worker = NULL, lease_expires_at = NULL, lease_token = lease_token + 1, stage = 'queued again after a restart' WHERE id = $1",
        vec![job.id.as_str().into()],
    )
    .await?;
    move_lane(tx, &job.workspace, 1, -1).await?;
    Ok(Requeued::Queued)
}
