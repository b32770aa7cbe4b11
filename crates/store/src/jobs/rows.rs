//! Reading job rows, and the two counters of a lane.

use aquatint_domain::{Credits, Job, JobId, Problem, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult};

use crate::columns::{flag, get, json, json_if, number, parsed, parsed_if, time, time_if};
use crate::connection::{execute, is_postgres, row};

pub(super) fn read(row: &QueryResult) -> Result<Job, Problem> {
    Ok(Job {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        kind: parsed(row, "kind")?,
        parent: parsed_if(row, "parent_id")?,
        position: number(row, "position")?,
        operation: get(row, "operation")?,
        version: number(row, "version")?,
        arguments: json(row, "arguments")?,
        model: get(row, "model")?,
        state: parsed(row, "state")?,
        progress: get(row, "progress")?,
        stage: get(row, "stage")?,
        price: Credits::from_micro(get(row, "price")?),
        charged: get::<Option<i64>>(row, "charged")?.map(Credits::from_micro),
        balance: parsed(row, "balance")?,
        user: parsed_if(row, "user_id")?,
        key: parsed_if(row, "key_id")?,
        outputs: json(row, "outputs")?,
        result: json_if(row, "result")?,
        problem: json_if(row, "problem")?,
        attempts: number(row, "attempts")?,
        created_at: time(row, "created_at")?,
        started_at: time_if(row, "started_at")?,
        finished_at: time_if(row, "finished_at")?,
        cancel_requested: flag(row, "cancel_requested")?,
    })
}

/// Takes the lane of a workspace first of all. Everything that changes jobs and credits of a workspace does, so
/// such changes come one after the other and never wait for each other in a circle.
pub(super) async fn lock_lane<C: ConnectionTrait>(tx: &C, workspace: &WorkspaceId) -> Result<(), Problem> {
    if is_postgres(tx) {
        let sql = "SELECT workspace_id FROM lanes WHERE workspace_id = $1 FOR UPDATE";
        row(tx, sql, vec![workspace.as_str().into()]).await?;
    }
    Ok(())
}

/// The same for the workspace of a job.
pub(super) async fn lock_lane_of<C: ConnectionTrait>(tx: &C, job: &JobId) -> Result<(), Problem> {
    if is_postgres(tx) {
        let sql = "SELECT workspace_id FROM lanes WHERE workspace_id = (SELECT workspace_id FROM jobs WHERE id = $1) FOR UPDATE";
        row(tx, sql, vec![job.as_str().into()]).await?;
    }
    Ok(())
}

/// Moves a lane's counters.
pub(super) async fn move_lane<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    queued: i64,
    running: i64,
) -> Result<(), Problem> {
    execute(
        tx,
        "UPDATE lanes SET queued = queued + $2, running = running + $3 WHERE workspace_id = $1",
        vec![workspace.as_str().into(), queued.into(), running.into()],
    )
    .await?;
    Ok(())
}

/// The end of a SELECT whose row is about to be written. SQLite's transaction holds the whole database already.
pub(super) fn for_update<C: ConnectionTrait>(tx: &C) -> &'static str {
    if is_postgres(tx) { " FOR UPDATE" } else { "" }
}
