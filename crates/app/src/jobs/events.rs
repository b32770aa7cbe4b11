//! Live news of jobs within this process. Rows are the truth: whoever misses an event finds the
//! state by reading, so a full channel only delays.

use std::collections::HashMap;

use aquatint_domain::{JobId, JobState, WorkspaceId};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

const BACKLOG: usize = 1_024;

/// A change of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobEvent {
    #[serde(skip)]
    pub workspace: WorkspaceId,
    pub job_id: JobId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
    pub status: JobState,
    pub progress: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
}

/// The channels of one process.
pub struct Events {
    jobs: broadcast::Sender<JobEvent>,
    work: Notify,
    running: Mutex<HashMap<JobId, CancellationToken>>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            jobs: broadcast::channel(BACKLOG).0,
            work: Notify::new(),
            running: Mutex::default(),
        }
    }
}

impl Events {
    /// Events of every workspace; the receiver filters.
    pub fn subscribe(&self) -> broadcast::Receiver<JobEvent> {
        self.jobs.subscribe()
    }

    pub(crate) fn publish(&self, event: JobEvent) {
        // No receiver is fine: nobody waits.
        let _ = self.jobs.send(event);
    }

    /// Tells this process's worker that there may be work.
    pub(crate) fn wake_workers(&self) {
        self.work.notify_one();
    }

    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    pub(crate) fn started(&self, job: &JobId, cancel: CancellationToken) {
        self.running.lock().insert(job.clone(), cancel);
    }

    pub(crate) fn ended(&self, job: &JobId) {
        self.running.lock().remove(job);
    }

    /// Stops a job that runs in this process now; one that runs elsewhere stops at its next heartbeat.
    pub(crate) fn cancel_here(&self, job: &JobId) {
        if let Some(cancel) = self.running.lock().get(job) {
            cancel.cancel();
        }
    }
}
