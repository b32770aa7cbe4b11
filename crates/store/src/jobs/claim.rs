//! Claiming: the lane that has waited longest gives its oldest job. Then heartbeats.

use std::time::Duration;

use aquatint_domain::{JobState, Problem, Timestamp};

use super::rows::read;
use super::{Beat, Claim, Jobs, Lease};
use crate::columns::{flag, get};
use crate::connection::{broken, execute, is_postgres, row, rows};

/// Lanes that are tried in one claim: the first whose jobs are not all waiting for a retry gives one.
const LANES_TRIED: u32 = 16;

/// What looking into one lane brought.
enum Tried {
    Claimed(Box<Claim>),
    Nothing,
    /// Another transaction holds it.
    Busy,
}

impl Jobs<'_> {
    /// The next job for a worker, fairly over the workspaces, or `None`.
    pub async fn claim(&self, worker: &str, lease: Duration, now: Timestamp) -> Result<Option<Claim>, Problem> {
        // An idle look costs one read and no lock.
        let sql = format!(
            "SELECT workspace_id FROM lanes WHERE queued > 0 AND running < concurrency ORDER BY last_claimed, workspace_id LIMIT {LANES_TRIED}"
        );
        let mut lanes = Vec::new();
        for lane in rows(self.0.read(), &sql, vec![]).await? {
            lanes.push(get::<String>(&lane, "workspace_id")?);
        }
        // Lanes that somebody is busy with are left for a second look, which waits for them: a job that
        // is being submitted at this moment must not be overlooked.
        let mut busy = Vec::new();
        for lane in lanes {
            match self.claim_from(&lane, worker, lease, now, false).await? {
                Tried::Claimed(claim) => return Ok(Some(*claim)),
                Tried::Nothing => {}
                Tried::Busy => busy.push(lane),
            }
        }
        for lane in busy {
            if let Tried::Claimed(claim) = self.claim_from(&lane, worker, lease, now, true).await? {
                return Ok(Some(*claim));
            }
        }
        Ok(None)
    }

    async fn claim_from(
        &self,
        lane: &str,
        worker: &str,
        lease: Duration,
        now: Timestamp,
        wait: bool,
    ) -> Result<Tried, Problem> {
        let tx = self.0.begin().await?;
        let lock = match (is_postgres(&tx), wait) {
            (false, _) => "",
            (true, false) => " FOR UPDATE SKIP LOCKED",
            (true, true) => " FOR UPDATE",
        };
        let sql = format!("SELECT queued, running, concurrency FROM lanes WHERE workspace_id = $1{lock}");
        let Some(counters) = row(&tx, &sql, vec![lane.into()]).await? else {
            return Ok(Tried::Busy);
        };
        let (queued, running): (i64, i64) = (get(&counters, "queued")?, get(&counters, "running")?);
        if queued == 0 || running >= get(&counters, "concurrency")? {
            return Ok(Tried::Nothing);
        }
        let now_ms = now.as_millisecond();
        let next = "SELECT * FROM jobs WHERE workspace_id = $1 AND state = 'queued' AND kind = 'single' AND run_after <= $2 ORDER BY id LIMIT 1";
        let Some(found) = row(&tx, next, vec![lane.into(), now_ms.into()]).await? else {
            return Ok(Tried::Nothing);
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
            vec![lane.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        job.state = JobState::Running;
        job.attempts += 1;
        job.started_at = job.started_at.or(Some(now));
        let lease = Lease {
            job: job.id.clone(),
            token,
            worker: worker.to_owned(),
        };
        Ok(Tried::Claimed(Box::new(Claim { job, lease })))
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
