//! How far a job is.

use std::time::Duration;

use aquatint_domain::{JobId, Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::JOB_ALIASES;
use crate::jobs::{JobView, view, wait_for};
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct GetJobStatus;

/// The state of a job and, when it has succeeded, its results. `sync: true` waits up to 25 s for it to end.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Job id.
    pub job_id: JobId,
    /// Wait for the end, up to 25 s.
    #[serde(default)]
    pub sync: bool,
    /// Wait at most this long instead.
    #[schemars(range(min = 0, max = 25))]
    pub wait_seconds: Option<f64>,
    /// Also return a small preview picture of the first result.
    #[serde(default)]
    pub preview: bool,
}

impl Operation for GetJobStatus {
    const SPEC: Spec = Spec::new(
        "jobs.get",
        "Get a job's status",
        Scope::Jobs,
        Effects::Reads,
        get("/jobs/{job_id}"),
    )
    .aliases(JOB_ALIASES);
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        let wait = match (args.wait_seconds, args.sync) {
            (Some(seconds), _) => Duration::try_from_secs_f64(seconds).unwrap_or_default(),
            (None, true) => cx.studio.settings().wait_max,
            (None, false) => Duration::ZERO,
        };
        let job = wait_for(cx, &args.job_id, wait.min(cx.studio.settings().wait_max)).await?;
        let mut view = view(&cx.studio, &job).await?;
        if args.preview {
            view.preview = view.outputs.first().map(|output| output.asset_id.clone());
        }
        Ok(view)
    }
}
