//! Finishing: outputs, terminal state, credits and counters in one transaction, fenced by the lease.

use aquatint_domain::{AssetId, Credits, Job, JobId, JobState, Problem, Timestamp};
use sea_orm::{ConnectionTrait, Value};

use super::rows::{for_update, lock_lane_of, move_lane, read};
use super::{Finish, Jobs, Lease};
use crate::columns::{get, json, parsed, to_json};
use crate::connection::{broken, execute, row, rows};
use crate::{assets, collections, ledger};

impl Jobs<'_> {
    /// Ends a job, or puts it back for another try. `false`: the lease was lost and nothing was written.
    pub async fn finish(&self, lease: &Lease, finish: Finish, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        lock_lane_of(&tx, &lease.job).await?;
        let sql = format!(
            "SELECT * FROM jobs WHERE id = $1 AND lease_token = $2 AND state = 'running'{}",
            for_update(&tx)
        );
        let Some(found) = row(&tx, &sql, vec![lease.job.as_str().into(), lease.token.into()]).await? else {
            return Ok(false);
        };
        let job = read(&found)?;
        match finish {
            // What was made before the worker heard of the cancellation is not charged either.
            Finish::Succeeded { .. } if job.cancel_requested => cancel(&tx, &job, 0, -1, now).await?,
            Finish::Succeeded {
                assets,
                collection,
                result,
                charge,
            } => {
                let ids: Vec<AssetId> = assets.iter().map(|asset| asset.id.clone()).collect();
                for asset in &assets {
                    assets::insert(&tx, asset).await?;
                }
                if let Some(collection) = &collection {
                    collections::add(&tx, collection, &ids, now).await?;
                }
                let charge = charge.min(job.price);
                ledger::settle(&tx, &job, charge, now).await?;
                let ending = Ending {
                    state: JobState::Succeeded,
                    outputs: to_json(&ids)?,
                    result: result.map(|result| result.to_string()),
                    problem: None,
                    charge,
                };
                end(&tx, &job, ending, 0, -1, now).await?;
            }
            Finish::Failed { problem } => fail(&tx, &job, &problem, 0, -1, now).await?,
            Finish::Cancelled => cancel(&tx, &job, 0, -1, now).await?,
            Finish::Retry { problem, after } => {
                execute(
                    &tx,
                    "UPDATE jobs SET state = 'queued', worker = NULL, lease_expires_at = NULL, run_after = $2, stage = 'waiting for another try', problem = NULL WHERE id = $1",
                    vec![job.id.as_str().into(), (now.as_millisecond() + after.as_millis() as i64).into()],
                )
                .await?;
                move_lane(&tx, &job.workspace, 1, -1).await?;
                tracing::debug!(job = %job.id, %problem, "put back");
            }
        }
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }
}

/// What a terminal row holds.
pub(super) struct Ending {
    pub state: JobState,
    pub outputs: String,
    pub result: Option<String>,
    pub problem: Option<String>,
    pub charge: Credits,
}

pub(super) async fn fail<C: ConnectionTrait>(
    tx: &C,
    job: &Job,
    problem: &Problem,
    queued: i64,
    running: i64,
    now: Timestamp,
) -> Result<(), Problem> {
    ledger::release(tx, job, now).await?;
    let ending = Ending {
        state: JobState::Failed,
        outputs: "[]".into(),
        result: None,
        problem: Some(to_json(problem)?),
        charge: Credits::ZERO,
    };
    end(tx, job, ending, queued, running, now).await
}

pub(super) async fn cancel<C: ConnectionTrait>(
    tx: &C,
    job: &Job,
    queued: i64,
    running: i64,
    now: Timestamp,
) -> Result<(), Problem> {
    ledger::release(tx, job, now).await?;
    let ending = Ending {
        state: JobState::Cancelled,
        outputs: "[]".into(),
        result: None,
        problem: None,
        charge: Credits::ZERO,
    };
    end(tx, job, ending, queued, running, now).await
}

/// Writes a terminal row, moves the lane's counters, and counts its batch down.
async fn end<C: ConnectionTrait>(
    tx: &C,
    job: &Job,
    ending: Ending,
    queued: i64,
    running: i64,
    now: Timestamp,
) -> Result<(), Problem> {
    let progress = if ending.state == JobState::Succeeded {
        1.0
    } else {
        job.progress
    };
    let values: Vec<Value> = vec![
        job.id.as_str().into(),
        ending.state.as_str().into(),
        ending.outputs.into(),
        ending.result.into(),
        ending.problem.into(),
        ending.charge.micro().into(),
        now.as_millisecond().into(),
        progress.into(),
    ];
    execute(
        tx,
        "UPDATE jobs SET state = $2, outputs = $3, result = $4, problem = $5, charged = $6, finished_at = $7, progress = $8, stage = '', worker = NULL, lease_expires_at = NULL, lease_token = lease_token + 1 WHERE id = $1",
        values,
    )
    .await?;
    move_lane(tx, &job.workspace, queued, running).await?;
    match &job.parent {
        Some(parent) => count_down(tx, parent, now).await,
        None => Ok(()),
    }
}

/// One item fewer is pending; the last one ends the batch.
async fn count_down<C: ConnectionTrait>(tx: &C, batch: &JobId, now: Timestamp) -> Result<(), Problem> {
    execute(
        tx,
        "UPDATE jobs SET pending_items = pending_items - 1, progress = CASE WHEN item_count > 0 THEN 1.0 - CAST(pending_items - 1 AS DOUBLE PRECISION) / item_count ELSE 1.0 END WHERE id = $1",
        vec![batch.as_str().into()],
    )
    .await?;
    let left = row(
        tx,
        "SELECT pending_items FROM jobs WHERE id = $1",
        vec![batch.as_str().into()],
    )
    .await?;
    if left.as_ref().map(|row| get::<i64>(row, "pending_items")).transpose()? != Some(0) {
        return Ok(());
    }
    let items = rows(
        tx,
        "SELECT state, outputs, problem, charged FROM jobs WHERE parent_id = $1 ORDER BY position",
        vec![batch.as_str().into()],
    )
    .await?;
    let mut outputs: Vec<AssetId> = Vec::new();
    let mut states = Vec::with_capacity(items.len());
    let mut first_problem: Option<String> = None;
    let mut charged = 0;
    for item in &items {
        outputs.extend(json::<Vec<AssetId>>(item, "outputs")?);
        states.push(parsed::<JobState>(item, "state")?);
        charged += get::<Option<i64>>(item, "charged")?.unwrap_or(0);
        if first_problem.is_none() {
            first_problem = get(item, "problem")?;
        }
    }
    let state = if states.contains(&JobState::Succeeded) {
        JobState::Succeeded
    } else if states.contains(&JobState::Failed) {
        JobState::Failed
    } else {
        JobState::Cancelled
    };
    let problem = if state == JobState::Failed { first_problem } else { None };
    execute(
        tx,
        "UPDATE jobs SET state = $2, outputs = $3, problem = $4, charged = $5, finished_at = $6, progress = 1.0 WHERE id = $1",
        vec![batch.as_str().into(), state.as_str().into(), to_json(&outputs)?.into(), problem.into(), charged.into(), now.as_millisecond().into()],
    )
    .await?;
    Ok(())
}
