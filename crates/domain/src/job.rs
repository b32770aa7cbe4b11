//! Jobs: durable rows of long work, claimed by workers under a lease.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{Balance, words};
use crate::credits::Credits;
use crate::error::Problem;
use crate::ids::{ApiKeyId, AssetId, JobId, UserId, WorkspaceId};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;

words! {
    /// The states of a job. The last three are terminal.
    JobState {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl JobState {
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

words! {
    /// Whether a row is work itself or a group of work.
    JobKind {
        /// One piece of work with its own hold.
        Single = "single",
        /// A group: no work and no hold of its own; it ends when its items have ended.
        Batch = "batch",
    }
}

/// One job row.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub workspace: WorkspaceId,
    pub kind: JobKind,
    /// The batch that this job is an item of, and its place there.
    pub parent: Option<JobId>,
    pub position: u32,
    /// The operation that a worker runs, and its version.
    pub operation: String,
    pub version: u32,
    /// Arguments of the operation for this job alone.
    pub arguments: serde_json::Value,
    /// The model or engine asked for, for usage by model.
    pub model: Option<String>,
    pub state: JobState,
    /// From 0 to 1.
    pub progress: f64,
    /// What is going on, in words: "upscaling".
    pub stage: String,
    /// The most that this job can cost; held while it runs.
    pub price: Credits,
    /// What was settled, once it has ended.
    pub charged: Option<Credits>,
    pub balance: Balance,
    pub user: Option<UserId>,
    pub key: Option<ApiKeyId>,
    pub outputs: Vec<AssetId>,
    /// Facts of the result beside the outputs (a confidence, notes).
    pub result: Option<serde_json::Value>,
    pub problem: Option<Problem>,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Someone asked to cancel while it ran.
    pub cancel_requested: bool,
}

impl PartialEq for Problem {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code && self.message == other.message && self.field == other.field
    }
}
