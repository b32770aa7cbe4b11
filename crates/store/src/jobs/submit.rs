//! Submitting: idempotency, holds, rows and lane counters in one transaction.

use aquatint_domain::{Code, Credits, JobKind, JobState, Problem, Timestamp, WorkspaceId};
use sea_orm::{ConnectionTrait, Value};

use super::rows::{for_update, move_lane};
use super::{Idempotency, Jobs, NewJob, Submission, Submitted};
use crate::columns::{get, hex, parsed, to_json};
use crate::connection::{broken, execute, row};
use crate::ledger;

impl Jobs<'_> {
    /// Writes a submission, or finds the earlier one with the same idempotency key.
    pub async fn submit(&self, submission: Submission, now: Timestamp) -> Result<Submitted, Problem> {
        let first = submission
            .jobs
            .first()
            .ok_or_else(|| Problem::internal("a submission without jobs"))?;
        let root = first.id.clone();
        let tx = self.0.begin().await?;

        // The lane's row serialises submissions of one workspace.
        let lane = row(
            &tx,
            &format!("SELECT queued FROM lanes WHERE workspace_id = $1{}", for_update(&tx)),
            vec![submission.workspace.as_str().into()],
        )
        .await?;
        let waiting: i64 = lane
            .as_ref()
            .map(|row| get(row, "queued"))
            .transpose()?
            .ok_or_else(|| Problem::not_found("workspace", &submission.workspace))?;

        if let Some(idempotency) = &submission.idempotency
            && let Some(job) = earlier(&tx, &submission.workspace, idempotency, &root, now).await?
        {
            return Ok(Submitted { job, replayed: true });
        }

        let work: Vec<&NewJob> = submission
            .jobs
            .iter()
            .filter(|job| job.kind == JobKind::Single && job.state_if_failed.is_none())
            .collect();
        if waiting + work.len() as i64 > i64::from(submission.limit_queued) {
            return Err(Problem::new(
                Code::RateLimited,
                format!(
                    "This workspace has {waiting} jobs waiting; at most {} may wait.",
                    submission.limit_queued
                ),
            )
            .hint("Wait until some have ended.")
            .retry_after(10));
        }

        // Hold the whole price first: a batch that cannot be paid leaves nothing behind.
        let total: Credits = work.iter().map(|job| job.price).sum();
        ledger::check_available(&tx, &submission.workspace, first.balance, total).await?;
        let pending = work.len();
        for job in &submission.jobs {
            insert(&tx, &submission.workspace, job, pending, submission.jobs.len() - 1).await?;
            if job.kind == JobKind::Single && job.state_if_failed.is_none() {
                ledger::hold(&tx, &submission.workspace, job.balance, &job.id, job.price, now).await?;
            }
        }
        move_lane(&tx, &submission.workspace, pending as i64, 0).await?;
        tx.commit().await.map_err(broken)?;
        Ok(Submitted {
            job: root,
            replayed: false,
        })
    }
}

/// The job of an earlier submission with this key; takes the key otherwise.
async fn earlier<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    idempotency: &Idempotency,
    root: &aquatint_domain::JobId,
    now: Timestamp,
) -> Result<Option<aquatint_domain::JobId>, Problem> {
    execute(
        tx,
        "DELETE FROM idempotency WHERE workspace_id = $1 AND idem_key = $2 AND expires_at <= $3",
        vec![
            workspace.as_str().into(),
            idempotency.key.clone().into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    let taken = execute(
        tx,
        "INSERT INTO idempotency (workspace_id, idem_key, request_hash, job_id, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        vec![
            workspace.as_str().into(),
            idempotency.key.clone().into(),
            hex(&idempotency.request_hash).into(),
            root.as_str().into(),
            idempotency.expires_at.as_millisecond().into(),
        ],
    )
    .await?;
    if taken == 1 {
        return Ok(None);
    }
    let known = row(
        tx,
        "SELECT request_hash, job_id FROM idempotency WHERE workspace_id = $1 AND idem_key = $2",
        vec![workspace.as_str().into(), idempotency.key.clone().into()],
    )
    .await?;
    let known = known.ok_or_else(|| Problem::internal("an idempotency key vanished"))?;
    if get::<String>(&known, "request_hash")? != hex(&idempotency.request_hash) {
        return Err(Problem::new(
            Code::IdempotencyMismatch,
            "This idempotency key was used with other arguments.",
        )
        .at("idempotency_key")
        .hint("Use a new key for a new call; send the same arguments when retrying."));
    }
    Ok(Some(parsed(&known, "job_id")?))
}

async fn insert<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    job: &NewJob,
    pending: usize,
    items: usize,
) -> Result<(), Problem> {
    let is_batch = job.kind == JobKind::Batch;
    let state = if job.state_if_failed.is_some() {
        JobState::Failed
    } else if is_batch {
        JobState::Running
    } else {
        JobState::Queued
    };
    let at = job.created_at.as_millisecond();
    let finished: Option<i64> = job.state_if_failed.is_some().then_some(at);
    let charged: Option<i64> = job.state_if_failed.is_some().then_some(0);
    let started: Option<i64> = is_batch.then_some(at);
    let values: Vec<Value> = vec![
        job.id.as_str().into(),
        workspace.as_str().into(),
        job.kind.as_str().into(),
        job.parent.as_ref().map(|id| id.as_str().to_owned()).into(),
        i64::from(job.position).into(),
        job.operation.clone().into(),
        i64::from(job.version).into(),
        job.arguments.to_string().into(),
        job.model.clone().into(),
        state.as_str().into(),
        job.price.micro().into(),
        job.balance.as_str().into(),
        job.user.as_ref().map(|id| id.as_str().to_owned()).into(),
        job.key.as_ref().map(|id| id.as_str().to_owned()).into(),
        job.state_if_failed.as_ref().map(to_json).transpose()?.into(),
        at.into(),
        finished.into(),
        charged.into(),
        started.into(),
        (if is_batch { pending as i64 } else { 0 }).into(),
        (if is_batch { items as i64 } else { 0 }).into(),
    ];
    execute(
        tx,
        "INSERT INTO jobs (id, workspace_id, kind, parent_id, position, operation, version, arguments, model, state, progress, stage, price, balance, user_id, key_id, problem, created_at, finished_at, charged, started_at, outputs, attempts, cancel_requested, run_after, lease_token, pending_items, item_count) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', $11, $12, $13, $14, $15, $16, $17, $18, $19, '[]', 0, 0, 0, 0, $20, $21)",
        values,
    )
    .await?;
    Ok(())
}
