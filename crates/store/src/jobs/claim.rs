//! Claiming: the lane that has waited longest gives its oldest job. Then heartbeats.

use std::time::Duration;

use aquatint_domain::{Problem, Timestamp};

use super::rows::read;
use super::{Beat, Claim, Jobs, Lease};
use crate::columns::{flag, get};
use crate::connection::{broken, execute, is_postgres, row, rows};

/// Lanes that are tried in one claim: the first whose jobs are not all waiting for a retry gives one.
const LANES_TRIED: u32 = 16;

impl Jobs<'_> {
    /// The next job for a worker, fairly over the workspaces, or `None`.
    pub async fn claim(&self, worker: &str, lease: Duration, now: Timestamp) -> Result<Option<Claim>, Problem> {
        // An idle look costs one read and no write lock.
        if row(
            self.0.read(),
            "SELECT workspace_id FROM lanes WHERE queued > 0 AND running < concurrency LIMIT 1",
            vec![],
        )
        .await?
        .is_none()
        {
            return Ok(None);
        }
        let tx = self.0.begin().await?;
        let skip = if is_postgres(&tx) {
            " FOR UPDATE SKIP LOCKED"
        } else {
            ""
        };
        let now_ms = now.as_millisecond();
        let lanes = format!(
            "SELECT workspace_id FROM lanes WHERE queued > 0 AND running < concurrency ORDER BY last_claimed, workspace_id LIMIT {LANES_TRIED}{skip}"
        );
        for lane in rows(&tx, &lanes, vec![]).await? {
            let workspace: String = get(&lane, "workspace_id")?;
            let next = format!(
                "SELECT * FROM jobs WHERE workspace_id = $1 AND state = 'queued' AND kind = 'single' AND run_after <= $2 ORDER BY id LIMIT 1{skip}"
            );
            let Some(found) = row(&tx, &next, vec![workspace.as_str().into(), now_ms.into()]).await? else {
                continue;
            };
            let mut job = read(&found)?;
            let token: i64 = get::<i64>(&found, "lease_token")? + 1;
            execute(
                &tx,
                "UPDATE jobs SET state = 'running', worker = $2, lease_token = $3, lease_expires_at = $4, attempts = attempts + 1, started_at = COALESCE(started_at, $5) WHERE id = $1",
                vec![job.id.as_str().into(), worker.into(), token.into(), (now_ms + lease.as_millis() as i64).into(), now_ms.into()],
            )
            .await?;
            // A sequence and not the clock: lanes claimed in the same millisecond still take turns.
            execute(
                &tx,
                "UPDATE lanes SET queued = queued - 1, running = running + 1, last_claimed = (SELECT MAX(last_claimed) FROM lanes) + 1 WHERE workspace_id = $1",
                vec![workspace.into()],
            )
            .await?;
            tx.commit().await.map_err(broken)?;
            job.state = aquatint_domain::JobState::Running;
            job.attempts += 1;
            job.started_at = job.started_at.or(Some(now));
            let lease = Lease {
                job: job.id.clone(),
                token,
                worker: worker.to_owned(),
            };
            return Ok(Some(Claim { job, lease }));
        }
        Ok(None)
    }

    /// Keeps a lease and writes progress.
    pub async fn heartbeat(
        &self,
        lease: &Lease,
        progress: f64,
        stage: &str,
        length: Duration,
        now: Timestamp,
    ) -> Result<Beat, Problem> {
        let tx = self.0.begin().await?;
        let expires_at = now.as_millisecond() + length.as_millis() as i64;
        let kept = execute(
            &tx,
            "UPDATE jobs SET lease_expires_at = $3, progress = $4, stage = $5 WHERE id = $1 AND lease_token = $2 AND state = 'running'",
            vec![lease.job.as_str().into(), lease.token.into(), expires_at.into(), progress.clamp(0.0, 1.0).into(), stage.into()],
        )
        .await?;
        if kept == 0 {
            return Ok(Beat::Lost);
        }
        let found = row(
            &tx,
            "SELECT cancel_requested FROM jobs WHERE id = $1",
            vec![lease.job.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        match found {
            Some(row) if flag(&row, "cancel_requested")? => Ok(Beat::CancelRequested),
            _ => Ok(Beat::Kept),
        }
    }
}
