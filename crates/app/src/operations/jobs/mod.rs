//! Jobs, as operations: poll, list, cancel.

pub mod cancel;
pub mod get;
pub mod list;

/// Other names for a job id that clients are known to use.
pub(crate) const JOB_ALIASES: &[(&str, &str)] = &[
    ("jobId", "job_id"),
    ("id", "job_id"),
    ("batch_id", "job_id"),
    ("batchId", "job_id"),
];
