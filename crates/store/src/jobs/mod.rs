//! Jobs: durable rows of work. Submitting, claiming, finishing and cancelling are one transaction
//! each, together with the credits and the lane counters that they move.

mod cancel;
mod claim;
mod finish;
mod list;
mod requeue;
mod rows;
mod submit;

use std::time::Duration;

use aquatint_domain::{
    ApiKeyId, Asset, Balance, CollectionId, Credits, Job, JobId, JobKind, JobState, Problem, Timestamp, UserId,
    WorkspaceId,
};
use serde_json::Value;

use crate::connection::Connections;

pub struct Jobs<'a>(pub(crate) &'a Connections);

/// A job to be.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub id: JobId,
    pub parent: Option<JobId>,
    pub kind: JobKind,
    pub position: u32,
    pub operation: String,
    pub version: u32,
    pub arguments: Value,
    pub model: Option<String>,
    pub price: Credits,
    pub balance: Balance,
    pub user: Option<UserId>,
    pub key: Option<ApiKeyId>,
    pub created_at: Timestamp,
    /// An item that was refused at submission: it is written as failed at once, without a hold.
    pub state_if_failed: Option<Problem>,
}

/// Makes a repeated submission find the first one's job.
#[derive(Clone, Debug)]
pub struct Idempotency {
    pub key: String,
    pub request_hash: [u8; 32],
    pub expires_at: Timestamp,
}

/// One submission: a single job, or a batch row followed by its items.
#[derive(Clone, Debug)]
pub struct Submission {
    pub workspace: WorkspaceId,
    pub jobs: Vec<NewJob>,
    pub idempotency: Option<Idempotency>,
    /// Most jobs that the workspace may have waiting.
    pub limit_queued: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Submitted {
    /// The batch, or the single job.
    pub job: JobId,
    /// Whether it is an earlier submission's.
    pub replayed: bool,
}

/// The right to run a job; every write is fenced by its token.
#[derive(Clone, Debug, PartialEq)]
pub struct Lease {
    pub job: JobId,
    pub token: i64,
    pub worker: String,
}

#[derive(Clone, Debug)]
pub struct Claim {
    pub job: Job,
    pub lease: Lease,
}

/// What a heartbeat hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    Kept,
    CancelRequested,
    Lost,
}

/// How a job ends, or goes back.
#[derive(Clone, Debug)]
pub enum Finish {
    Succeeded {
        assets: Vec<Asset>,
        collection: Option<CollectionId>,
        result: Option<Value>,
        charge: Credits,
    },
    Failed {
        problem: Problem,
    },
    Retry {
        problem: Problem,
        after: Duration,
    },
    Cancelled,
}

#[derive(Clone, Debug)]
pub struct Cancelled {
    pub job: Job,
    /// It had ended before.
    pub was_terminal: bool,
}

/// A job that some worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningJob {
    pub job: JobId,
    pub token: i64,
    pub worker: String,
    pub lease_expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeued {
    Queued,
    /// It had been tried as often as allowed; it failed and its hold is released.
    Failed,
    /// Another worker has it by now, or it has ended.
    NotMine,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub operation: Option<String>,
    /// Leave the items of batches out.
    pub top_level_only: bool,
    pub include_cancelled: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    pub queued: u64,
    pub running: u64,
}
