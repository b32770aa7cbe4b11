//! Cancelling: what waits ends at once, what runs is asked to stop.

use aquatint_domain::{Job, JobId, JobKind, JobState, Problem, Timestamp, WorkspaceId};
use sea_orm::ConnectionTrait;

use super::rows::{for_update, lock_lane, read};
use super::{Cancelled, Jobs, finish};
use crate::connection::{broken, execute, row, rows};

impl Jobs<'_> {
    /// Cancels a job, or every item of a batch that has not ended.
    pub async fn cancel(&self, workspace: &WorkspaceId, id: &JobId, now: Timestamp) -> Result<Cancelled, Problem> {
        let tx = self.0.begin().await?;
        lock_lane(&tx, workspace).await?;
        let sql = format!(
            "SELECT * FROM jobs WHERE id = $1 AND workspace_id = $2{}",
            for_update(&tx)
        );
        let found = row(&tx, &sql, vec![id.as_str().into(), workspace.as_str().into()]).await?;
        let job = found
            .as_ref()
            .map(read)
            .transpose()?
            .ok_or_else(|| Problem::not_found("job", id))?;
        if job.state.is_terminal() {
            return Ok(Cancelled {
                job,
                was_terminal: true,
            });
        }
        match job.kind {
            JobKind::Single => stop(&tx, &job, now).await?,
            JobKind::Batch => {
                let sql = format!(
                    "SELECT * FROM jobs WHERE parent_id = $1 AND state IN ('queued', 'running') ORDER BY id{}",
                    for_update(&tx)
                );
                for item in rows(&tx, &sql, vec![id.as_str().into()]).await? {
                    stop(&tx, &read(&item)?, now).await?;
                }
                execute(
                    &tx,
                    "UPDATE jobs SET cancel_requested = 1 WHERE id = $1",
                    vec![id.as_str().into()],
                )
                .await?;
            }
        }
        let after = row(&tx, "SELECT * FROM jobs WHERE id = $1", vec![id.as_str().into()]).await?;
        tx.commit().await.map_err(broken)?;
        let job = after
            .as_ref()
            .map(read)
            .transpose()?
            .ok_or_else(|| Problem::internal("a job vanished"))?;
        Ok(Cancelled {
            job,
            was_terminal: false,
        })
    }
}

async fn stop<C: ConnectionTrait>(tx: &C, job: &Job, now: Timestamp) -> Result<(), Problem> {
    if job.state == JobState::Queued {
        return finish::cancel(tx, job, -1, 0, now).await;
    }
    execute(
        tx,
        "UPDATE jobs SET cancel_requested = 1 WHERE id = $1",
        vec![job.id.as_str().into()],
    )
    .await?;
    Ok(())
}
