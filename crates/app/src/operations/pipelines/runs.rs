//! Runs: how they go, how they ended, and ending them.

use std::time::Duration;

use aquatint_domain::{Code, Credits, PipelineId, Problem, RunId, RunState, Scope, Timestamp};
use aquatint_store::Run;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::run_view::{RunView, StarterView, Starters, view};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, delete, get};
use crate::pipelines::cancel;

pub struct ListRuns;
pub struct GetRun;
pub struct CancelRun;

/// How often a run that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Runs, the newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// Only of this pipeline.
    pub pipeline_id: Option<PipelineId>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// State, cost and outputs of a run.
#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {
    /// Run id.
    pub run_id: RunId,
    /// Wait up to 25 s for its end.
    #[serde(default)]
    pub sync: bool,
}

/// Cancel a run and its work.
#[derive(Deserialize, JsonSchema)]
pub struct CancelArgs {
    /// Run id.
    pub run_id: RunId,
}

#[derive(Serialize, JsonSchema)]
pub struct Runs {
    pub runs: Vec<RunRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A run in a list.
#[derive(Serialize, JsonSchema)]
pub struct RunRow {
    pub run_id: RunId,
    pub pipeline_id: PipelineId,
    pub version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    pub status: String,
    /// By input node; media as assets.
    pub inputs: Map<String, Value>,
    pub price_credits: Credits,
    pub charged_credits: Credits,
    pub started_by: StarterView,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
pub struct CancelledRun {
    pub run_id: RunId,
    pub status: String,
}

impl Describe for CancelledRun {
    fn describe(&self) -> Description {
        Description {
            text: format!("Run {} is {}.", self.run_id, self.status),
            ..Description::default()
        }
    }
}

impl Describe for Runs {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .runs
            .iter()
            .map(|run| {
                format!(
                    "{}: {}, {} credits, {}",
                    run.run_id, run.status, run.charged_credits, run.created_at
                )
            })
            .collect();
        Description {
            text: if lines.is_empty() {
                "No runs.".to_owned()
            } else {
                lines.join("\n")
            },
            ..Description::default()
        }
    }
}

impl Operation for ListRuns {
    const SPEC: Spec = Spec::new(
        "pipelines.list_runs",
        "List runs",
        Scope::Jobs,
        Effects::Reads,
        get("/runs"),
    );
    type Args = ListArgs;
    type Output = Runs;

    async fn run(cx: &Context, args: ListArgs) -> Result<Runs, Problem> {
        if let Some(pipeline) = &args.pipeline_id {
            super::existing(cx, pipeline.as_str()).await?;
        }
        let page = cx
            .studio
            .store()
            .runs()
            .list(
                &cx.caller.workspace,
                args.pipeline_id.as_ref(),
                args.cursor.as_deref(),
                args.limit.unwrap_or(20),
            )
            .await?;
        let mut starters = Starters::default();
        let mut runs = Vec::with_capacity(page.items.len());
        for run in page.items {
            runs.push(RunRow {
                started_by: starters.of(&cx.studio, &run).await?,
                run_id: run.id,
                pipeline_id: run.pipeline,
                version: run.version,
                until: run.until,
                retry_of: run.retry_of,
                status: run.state.to_string(),
                inputs: run.inputs,
                price_credits: run.price,
                charged_credits: run.charged,
                created_at: run.created_at,
                started_at: run.started_at,
                finished_at: run.finished_at,
            });
        }
        Ok(Runs {
            runs,
            next_cursor: page.next_cursor,
        })
    }
}

impl Operation for GetRun {
    const SPEC: Spec = Spec::new(
        "pipelines.get_run",
        "Look at a run",
        Scope::Jobs,
        Effects::Reads,
        get("/runs/{run_id}"),
    )
    .aliases(&[("id", "run_id")]);
    type Args = GetArgs;
    type Output = RunView;

    async fn run(cx: &Context, args: GetArgs) -> Result<RunView, Problem> {
        let wait = if args.sync {
            cx.studio.settings().wait_max
        } else {
            Duration::ZERO
        };
        let run = wait_for(cx, &args.run_id, wait).await?;
        view(&cx.studio, run).await
    }
}

impl Operation for CancelRun {
    const SPEC: Spec = Spec::new(
        "pipelines.cancel_run",
        "Cancel a run",
        Scope::Jobs,
        Effects::Writes,
        delete("/runs/{run_id}"),
    )
    .aliases(&[("id", "run_id")]);
    type Args = CancelArgs;
    type Output = CancelledRun;

    async fn run(cx: &Context, args: CancelArgs) -> Result<CancelledRun, Problem> {
        let run = existing(cx, &args.run_id).await?;
        if !cancel(&cx.studio, &run).await? {
            return Err(Problem::new(
                Code::Conflict,
                format!("Run {} has already ended; it cannot be cancelled.", run.id),
            ));
        }
        Ok(CancelledRun {
            run_id: run.id,
            status: RunState::Cancelled.to_string(),
        })
    }
}

pub(super) async fn existing(cx: &Context, id: &RunId) -> Result<Run, Problem> {
    let found = cx.studio.store().runs().get(&cx.caller.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("run", id).at("run_id"))
}

/// The run once it has ended, or as it stands when the time is up.
pub(crate) async fn wait_for(cx: &Context, id: &RunId, wait: Duration) -> Result<Run, Problem> {
    let deadline = Instant::now() + wait;
    loop {
        let run = existing(cx, id).await?;
        if run.finished_at.is_some() || Instant::now() >= deadline {
            return Ok(run);
        }
        tokio::time::sleep_until(deadline.min(Instant::now() + LOOK)).await;
    }
}
