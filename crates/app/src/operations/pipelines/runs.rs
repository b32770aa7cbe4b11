//! Runs: how they go, how they ended, and ending them.

use std::time::Duration;

use aquatint_domain::pipeline::media_of;
use aquatint_domain::{
    AssetId, Code, Credits, JobId, NodeState, PipelineId, Problem, RunId, RunState, Scope, Timestamp,
};
use aquatint_store::{Run, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::jobs::{OutputView, output_view};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, delete, get};
use crate::pipelines::{Ready, cancel, plan};

pub struct ListRuns;
pub struct GetRun;
pub struct CancelRun;

/// How often a run that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Runs of one group that are listed with one of them.
const GROUP_MAX: u32 = 500;

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

/// State, cost and outputs of a run and its nodes.
#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {
    /// Run id.
    pub run_id: RunId,
    /// Wait up to 25 s for its end.
    #[serde(default)]
    pub sync: bool,
}

/// Cancel a run and all its work.
#[derive(Deserialize, JsonSchema)]
pub struct CancelArgs {
    /// Run id.
    pub run_id: RunId,
}

/// A run as callers see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunView {
    pub run_id: RunId,
    pub pipeline_id: PipelineId,
    pub version: u32,
    /// queued, running, succeeded, failed, cancelled.
    pub status: String,
    /// From 0 to 1: the share of nodes that are done.
    pub progress: f64,
    /// By the name of each output; media as assets.
    pub outputs: Map<String, Value>,
    /// The media among the outputs, with URLs.
    pub media: Vec<OutputView>,
    pub nodes: Vec<NodeView>,
    /// Runs that were started together with it, itself among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<GroupedRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The most that it can cost.
    pub price_credits: Credits,
    pub charged_credits: Credits,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GroupedRun {
    pub run_id: RunId,
    pub status: String,
}

/// A node in a run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeView {
    pub node: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// waiting, running, succeeded, failed, skipped, cancelled.
    pub status: String,
    /// By port.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// One for each item of work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub job_ids: Vec<JobId>,
    /// Whether all of it came from earlier runs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_cached: bool,
    pub charged_credits: Credits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
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
    pub status: String,
    pub charged_credits: Credits,
    pub created_at: Timestamp,
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

impl Describe for RunView {
    fn describe(&self) -> Description {
        let mut lines = vec![format!(
            "Run {} {}, {:.0} %, {} credits charged.",
            self.run_id,
            self.status,
            self.progress * 100.0,
            self.charged_credits
        )];
        for node in &self.nodes {
            let error = node
                .error
                .as_ref()
                .and_then(|error| error["message"].as_str())
                .map(|message| format!(": {message}"))
                .unwrap_or_default();
            lines.push(format!("- {} ({}) {}{error}", node.node, node.kind, node.status));
        }
        for (name, value) in &self.outputs {
            lines.push(format!(
                "{name}: {}",
                aquatint_domain::text::clip(&value.to_string(), 300)
            ));
        }
        for output in &self.media {
            lines.push(format!(
                "{}: {}×{} {}, {}",
                output.asset_id, output.width, output.height, output.content_type, output.url
            ));
        }
        lines.extend(self.next.clone());
        Description {
            text: lines.join("\n"),
            links: self.media.iter().map(OutputView::link).collect(),
            preview: None,
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
        Ok(Runs {
            runs: page
                .items
                .into_iter()
                .map(|run| RunRow {
                    run_id: run.id,
                    pipeline_id: run.pipeline,
                    version: run.version,
                    status: run.state.to_string(),
                    charged_credits: run.charged,
                    created_at: run.created_at,
                    finished_at: run.finished_at,
                })
                .collect(),
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
        view(cx, run).await
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

async fn existing(cx: &Context, id: &RunId) -> Result<Run, Problem> {
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

/// A run with its nodes and results.
pub(crate) async fn view(cx: &Context, run: Run) -> Result<RunView, Problem> {
    let store = cx.studio.store();
    let steps = store.runs().steps(&run.id).await?;
    let version = store.pipelines().version(&run.pipeline, Some(run.version)).await?;
    let version = version.ok_or_else(|| Problem::internal("a run without its version"))?;
    let limits = cx.studio.settings().pipelines;
    let nodes: Vec<NodeView> = match Ready::of(&version.graph, &limits) {
        Ok(graph) => {
            let plan = plan(&graph, &run.inputs, &steps, limits.fan_out);
            graph
                .nodes
                .iter()
                .zip(plan.nodes)
                .map(|(node, stand)| {
                    let own: Vec<&Step> = steps.iter().filter(|step| step.node == node.id).collect();
                    // What had not begun when a run was cancelled never will.
                    let state = match stand.state {
                        NodeState::Waiting | NodeState::Running if run.finished_at.is_some() => NodeState::Cancelled,
                        state => state,
                    };
                    node_view(node.id.clone(), &node.kind.name, &node.title, state, &own)
                        .with(stand.outputs, stand.problem.as_ref())
                })
                .collect()
        }
        // Node types may have gone since; what was done is told all the same.
        Err(_) => version
            .graph
            .nodes
            .iter()
            .map(|node| {
                let own: Vec<&Step> = steps.iter().filter(|step| step.node == node.id).collect();
                let state = own.first().map_or(NodeState::Waiting, |step| step.state);
                node_view(node.id.clone(), &node.kind, &node.kind, state, &own)
            })
            .collect(),
    };
    let done = nodes
        .iter()
        .filter(|node| !matches!(node.status.as_str(), "waiting" | "running"))
        .count();
    let outputs = run.outputs.clone().unwrap_or_default();
    let ids: Vec<AssetId> = outputs.values().flat_map(media_in).collect();
    let assets = store.assets().get_many(&run.workspace, &ids).await?;
    let media = ids
        .iter()
        .filter_map(|id| assets.iter().find(|asset| asset.id == *id))
        .map(|asset| output_view(&cx.studio, asset))
        .collect();
    let group = store.runs().group(&run.group, GROUP_MAX).await?;
    let charged = if run.finished_at.is_some() {
        run.charged
    } else {
        steps.iter().map(|step| step.charged).sum()
    };
    Ok(RunView {
        progress: if run.finished_at.is_some() {
            1.0
        } else {
            done as f64 / nodes.len().max(1) as f64
        },
        next: run.finished_at.is_none().then(|| {
            format!(
                "Call `pipelines` with `action: \"get_run\"`, `run_id: \"{}\"` and `sync: true`.",
                run.id
            )
        }),
        status: run.state.to_string(),
        outputs,
        media,
        nodes,
        group: if group.len() > 1 {
            group
                .into_iter()
                .map(|(run_id, state)| GroupedRun {
                    run_id,
                    status: state.to_string(),
                })
                .collect()
        } else {
            Vec::new()
        },
        error: run
            .problem
            .as_ref()
            .map(|problem| serde_json::to_value(problem).unwrap_or_default()),
        price_credits: run.price,
        charged_credits: charged,
        created_at: run.created_at,
        finished_at: run.finished_at,
        run_id: run.id,
        pipeline_id: run.pipeline,
        version: run.version,
    })
}

fn node_view(node: String, kind: &str, title: &str, state: NodeState, steps: &[&Step]) -> NodeView {
    NodeView {
        node,
        kind: kind.to_owned(),
        title: title.to_owned(),
        status: state.to_string(),
        outputs: Map::new(),
        job_ids: steps.iter().filter_map(|step| step.job.clone()).collect(),
        is_cached: !steps.is_empty() && steps.iter().all(|step| step.is_cached),
        charged_credits: steps.iter().map(|step| step.charged).sum(),
        started_at: steps.iter().map(|step| step.started_at).min(),
        finished_at: steps.iter().filter_map(|step| step.finished_at).max(),
        error: None,
    }
}

impl NodeView {
    fn with(mut self, outputs: Map<String, Value>, problem: Option<&Problem>) -> Self {
        self.outputs = outputs;
        self.error = problem.map(|problem| serde_json::to_value(problem).unwrap_or_default());
        self
    }
}

fn media_in(value: &Value) -> Vec<AssetId> {
    match value {
        Value::Array(all) => all.iter().flat_map(media_in).collect(),
        one => media_of(one).into_iter().collect(),
    }
}
