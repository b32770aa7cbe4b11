//! List jobs.

use aquatint_domain::{JobState, Problem, Scope};
use aquatint_store::JobFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jobs::{JobView, views};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct ListJobs;

/// Jobs of the workspace, newest first; items of batches are in their batch.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Only jobs in this state.
    pub status: Option<JobState>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub jobs: Vec<JobView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .jobs
            .iter()
            .map(|job| job.describe().text.lines().next().unwrap_or_default().to_owned())
            .collect();
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for ListJobs {
    const SPEC: Spec =
        Spec::new("jobs.list", "List jobs", Scope::Jobs, Effects::Reads, get("/jobs")).aliases(&[("state", "status")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let filter = JobFilter {
            state: args.status,
            operation: None,
            top_level_only: true,
            include_cancelled: args.status == Some(JobState::Cancelled),
        };
        let page = cx
            .studio
            .store()
            .jobs()
            .list(
                &cx.caller.workspace,
                &filter,
                args.cursor.as_deref(),
                args.limit.unwrap_or(20),
            )
            .await?;
        Ok(Output {
            jobs: views(&cx.studio, &page.items).await?,
            next_cursor: page.next_cursor,
        })
    }
}
