//! A run as it is shown: its nodes, results, cost, and who started it.

use std::collections::HashMap;

use aquatint_domain::pipeline::media_of;
use aquatint_domain::{
    ApiKeyId, Asset, AssetId, Credits, Job, JobId, MediaKind, MediaType, NodeState, PipelineId, Problem, RunId,
    Timestamp, UserId, WorkspaceId,
};
use aquatint_store::{Run, Step};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::jobs::{OutputView, output_view};
use crate::operation::{Describe, Description};
use crate::pipelines::{graph_of, plan};
use crate::studio::Studio;

/// Runs of one group that are listed with one of them.
const GROUP_MAX: u32 = 500;
/// Small pictures that are shown on one node.
const THUMBNAILS_MAX: usize = 4;

/// A run as callers see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunView {
    pub run_id: RunId,
    pub pipeline_id: PipelineId,
    pub version: u32,
    /// The node that it was started for, where not the whole graph was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The run that it went on from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RunId>,
    /// queued, running, succeeded, failed, cancelled.
    pub status: String,
    /// From 0 to 1: the share of nodes that are done.
    pub progress: f64,
    /// By input node, as they were accepted; media as assets.
    pub inputs: Map<String, Value>,
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
    /// Who started it.
    pub started_by: StarterView,
    pub created_at: Timestamp,
    /// When the first of its nodes began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Who started a run: a person, or whoever has a key.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct StarterView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<ApiKeyId>,
    /// The key's name, or the person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
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
    /// From 0 to 1.
    pub progress: f64,
    /// By port.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub outputs: Map<String, Value>,
    /// The first pictures among the outputs, small.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thumbnails: Vec<Thumbnail>,
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

/// A small picture of an output, 256 pixels on its longer side.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Thumbnail {
    pub asset_id: AssetId,
    pub kind: MediaKind,
    /// Absent for films that have no still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
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

impl Studio {
    /// A run as `get_run` shows it.
    pub async fn run_view(&self, workspace: &WorkspaceId, id: &RunId) -> Result<RunView, Problem> {
        let found = self.store().runs().get(workspace, id).await?;
        view(self, found.ok_or_else(|| Problem::not_found("run", id).at("run_id"))?).await
    }
}

/// A run with its nodes and results.
pub(crate) async fn view(studio: &Studio, run: Run) -> Result<RunView, Problem> {
    let store = studio.store();
    let steps = store.runs().steps(&run.id).await?;
    let nodes = nodes(studio, &run, &steps).await?;
    let outputs = run.outputs.clone().unwrap_or_default();
    let ids: Vec<AssetId> = outputs.values().flat_map(media_in).collect();
    let shown: Vec<AssetId> = nodes
        .iter()
        .flat_map(|node| media_of_node(node).take(THUMBNAILS_MAX))
        .chain(ids.iter().cloned())
        .collect();
    let assets: HashMap<AssetId, Asset> = store
        .assets()
        .get_many(&run.workspace, &shown)
        .await?
        .into_iter()
        .map(|asset| (asset.id.clone(), asset))
        .collect();
    let media = ids
        .iter()
        .filter_map(|id| assets.get(id))
        .map(|asset| output_view(studio, asset))
        .collect();
    let nodes: Vec<NodeView> = nodes
        .into_iter()
        .map(|mut node| {
            let small = media_of_node(&node)
                .take(THUMBNAILS_MAX)
                .filter_map(|id| assets.get(&id));
            node.thumbnails = small
                .map(|asset| Thumbnail {
                    asset_id: asset.id.clone(),
                    kind: asset.kind,
                    url: (asset.media_type != MediaType::Mp4).then(|| studio.url_of(asset, "256").0),
                })
                .collect();
            node
        })
        .collect();
    let group = store.runs().group(&run.group, GROUP_MAX).await?;
    let charged = if run.finished_at.is_some() {
        run.charged
    } else {
        steps.iter().map(|step| step.charged).sum()
    };
    let started_by = Starters::default().of(studio, &run).await?;
    Ok(RunView {
        progress: if run.finished_at.is_some() {
            1.0
        } else {
            nodes.iter().map(|node| node.progress).sum::<f64>() / nodes.len().max(1) as f64
        },
        next: run.finished_at.is_none().then(|| {
            format!(
                "Call `pipelines` with `action: \"get_run\"`, `run_id: \"{}\"` and `sync: true`.",
                run.id
            )
        }),
        status: run.state.to_string(),
        inputs: run.inputs,
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
        started_by,
        created_at: run.created_at,
        started_at: run.started_at,
        finished_at: run.finished_at,
        run_id: run.id,
        pipeline_id: run.pipeline,
        version: run.version,
        until: run.until,
        retry_of: run.retry_of,
    })
}

async fn nodes(studio: &Studio, run: &Run, steps: &[Step]) -> Result<Vec<NodeView>, Problem> {
    let mut own: HashMap<&str, Vec<&Step>> = HashMap::new();
    for step in steps {
        own.entry(step.node.as_str()).or_default().push(step);
    }
    let of_node = |id: &str| own.get(id).map_or(&[] as &[&Step], Vec::as_slice);
    let Ok(graph) = graph_of(studio, run).await else {
        // Node types may have gone since; what was done is told all the same.
        let version = studio
            .store()
            .pipelines()
            .version(&run.pipeline, Some(run.version))
            .await?;
        let version = version.ok_or_else(|| Problem::internal("a run without its version"))?;
        return Ok(version
            .graph
            .nodes
            .iter()
            .map(|node| {
                let own = of_node(&node.id);
                let state = own.first().map_or(NodeState::Waiting, |step| step.state);
                node_view(node.id.clone(), &node.kind, &node.kind, state, own)
            })
            .collect());
    };
    let running: Vec<JobId> = steps
        .iter()
        .filter(|step| step.state == NodeState::Running && run.finished_at.is_none())
        .filter_map(|step| step.job.clone())
        .collect();
    let jobs: HashMap<JobId, Job> = studio
        .store()
        .jobs()
        .get_many(&run.workspace, &running)
        .await?
        .into_iter()
        .map(|job| (job.id.clone(), job))
        .collect();
    let mut standing = plan(&graph, &run.inputs, steps, studio.settings().pipelines.fan_out);
    let stands = std::mem::take(&mut standing.nodes);
    let views = graph
        .nodes
        .iter()
        .zip(stands)
        .enumerate()
        .map(|(place, (node, stand))| {
            let own = of_node(&node.id);
            // What had not begun when a run was cancelled never will.
            let state = match stand.state {
                NodeState::Waiting | NodeState::Running if run.finished_at.is_some() => NodeState::Cancelled,
                state => state,
            };
            let mut view = node_view(node.id.clone(), &node.kind.name, &node.title, state, own);
            if let (NodeState::Running, Some(items)) = (state, standing.items(place)) {
                let done: f64 = own
                    .iter()
                    .map(|step| match &step.job {
                        _ if step.state != NodeState::Running => 1.0,
                        Some(job) => jobs.get(job).map_or(0.0, |job| job.progress),
                        None => 0.0,
                    })
                    .sum();
                view.progress = (done / items.max(1) as f64).min(1.0);
            }
            view.outputs = stand.outputs;
            view.error = stand
                .problem
                .as_ref()
                .map(|problem| serde_json::to_value(problem).unwrap_or_default());
            view
        });
    Ok(views.collect())
}

fn node_view(node: String, kind: &str, title: &str, state: NodeState, steps: &[&Step]) -> NodeView {
    NodeView {
        node,
        kind: kind.to_owned(),
        title: title.to_owned(),
        status: state.to_string(),
        progress: if matches!(state, NodeState::Waiting | NodeState::Running) {
            0.0
        } else {
            1.0
        },
        outputs: Map::new(),
        thumbnails: Vec::new(),
        job_ids: steps.iter().filter_map(|step| step.job.clone()).collect(),
        is_cached: !steps.is_empty() && steps.iter().all(|step| step.is_cached),
        charged_credits: steps.iter().map(|step| step.charged).sum(),
        started_at: steps.iter().map(|step| step.started_at).min(),
        finished_at: steps.iter().filter_map(|step| step.finished_at).max(),
        error: None,
    }
}

fn media_of_node(node: &NodeView) -> impl Iterator<Item = AssetId> {
    node.outputs.values().flat_map(media_in)
}

fn media_in(value: &Value) -> Vec<AssetId> {
    match value {
        Value::Array(all) => all.iter().flat_map(media_in).collect(),
        one => media_of(one).into_iter().collect(),
    }
}

/// The names of those who started runs, each looked up once.
#[derive(Default)]
pub(super) struct Starters {
    keys: HashMap<ApiKeyId, Option<String>>,
    users: HashMap<UserId, Option<String>>,
}

impl Starters {
    pub(super) async fn of(&mut self, studio: &Studio, run: &Run) -> Result<StarterView, Problem> {
        let mut name = None;
        if let Some(key) = &run.key {
            if !self.keys.contains_key(key) {
                let found = studio.store().keys().get(key).await?;
                self.keys.insert(key.clone(), found.map(|key| key.name));
            }
            name = self.keys.get(key).cloned().flatten();
        } else if let Some(user) = &run.user {
            if !self.users.contains_key(user) {
                let found = studio.store().users().get(user).await?;
                self.users.insert(user.clone(), found.map(|user| user.name));
            }
            name = self.users.get(user).cloned().flatten();
        }
        Ok(StarterView {
            user_id: run.user.clone(),
            key_id: run.key.clone(),
            name,
        })
    }
}
