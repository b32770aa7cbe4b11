//! Cancel a job.

use aquatint_domain::{Code, JobId, JobState, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::JOB_ALIASES;
use crate::jobs::JobEvent;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, delete};

pub struct CancelJob;

/// Cancel a job or batch that has not ended. Cancelled work is not charged.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Job id.
    pub job_id: JobId,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub job_id: JobId,
    /// `cancelled`, or `running` for the moment until the worker has stopped.
    pub status: JobState,
    /// It is gone from listings.
    pub deleted: bool,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        Description {
            text: format!("Job {} is cancelled; it is not charged.", self.job_id),
            ..Description::default()
        }
    }
}

impl Operation for CancelJob {
    const SPEC: Spec = Spec::new(
        "jobs.cancel",
        "Cancel a job",
        Scope::Jobs,
        Effects::Writes,
        delete("/jobs/{job_id}"),
    )
    .aliases(JOB_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let studio = &cx.studio;
        let cancelled = studio
            .store()
            .jobs()
            .cancel(&cx.caller.workspace, &args.job_id, studio.now())
            .await?;
        if cancelled.was_terminal {
            let state = cancelled.job.state;
            return Err(Problem::new(
                Code::Conflict,
                format!("Job {} has already {state}; it cannot be cancelled.", args.job_id),
            )
            .details(serde_json::json!({ "status": state })));
        }
        // Stop what runs in this process at once; other processes hear of it at their next heartbeat.
        studio.events().cancel_here(&args.job_id);
        for item in studio.store().jobs().items(&cx.caller.workspace, &args.job_id).await? {
            studio.events().cancel_here(&item.id);
        }
        let job = cancelled.job;
        studio.events().publish(JobEvent {
            workspace: job.workspace.clone(),
            job_id: job.id.clone(),
            parent: job.parent.clone(),
            status: job.state,
            progress: job.progress,
            stage: "cancelling".into(),
        });
        Ok(Output {
            job_id: job.id,
            status: job.state,
            deleted: true,
        })
    }
}
