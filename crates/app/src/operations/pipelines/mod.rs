//! Pipelines: kept, changed, and run.

pub mod apps;
pub mod display;
pub mod get;
pub mod list;
pub mod node_types;
pub mod publish;
pub mod retry;
pub mod run;
pub mod run_view;
pub mod runs;
pub mod save;
pub mod templates;
pub mod validate;

use aquatint_domain::{Code, Credits, Graph, Node, PipelineId, PortKind, Problem, Timestamp, text};
use aquatint_store::{Pipeline, PipelineVersion};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::operation::{Context, Describe, Description};
use crate::pipelines::{Ready, price};

/// Other names for the id of a pipeline.
const PIPELINE_ALIASES: &[(&str, &str)] = &[("id", "pipeline_id"), ("pipeline", "pipeline_id")];

/// A pipeline in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PipelineView {
    pub pipeline_id: PipelineId,
    pub name: String,
    pub description: String,
    /// The newest version.
    pub version: u32,
    /// What a run brings.
    pub inputs: Vec<InputView>,
    pub node_count: u32,
    /// Whether it is published as a node app.
    pub is_published: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An input of a pipeline.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct InputView {
    /// The node's id; `run` takes it, or the alias.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub kind: PortKind,
    pub is_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
}

/// A pipeline with its graph.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PipelineDetails {
    #[serde(flatten)]
    pub pipeline: PipelineView,
    pub graph: Graph,
    /// The version that is shown.
    pub shown_version: u32,
    /// What one run costs, where nothing comes from earlier runs; absent where a node type has gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_credits: Option<Credits>,
    /// What it is published as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<apps::AppView>,
    /// JSON Schema of `run`'s `inputs`, by alias or id.
    pub input_schema: Value,
    /// JSON Schema of a run's `outputs`.
    pub output_schema: Value,
    /// Earlier versions, the newest first.
    pub versions: Vec<VersionView>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionView {
    pub version: u32,
    pub created_at: Timestamp,
    pub node_count: u32,
}

impl Describe for PipelineDetails {
    fn describe(&self) -> Description {
        let price = self
            .price_credits
            .map(|price| format!(" One run costs up to {price} credits."))
            .unwrap_or_default();
        Description {
            text: format!(
                "{}: {} (version {}).{price}\n{}",
                self.pipeline.pipeline_id,
                self.pipeline.name,
                self.shown_version,
                crate::pipelines::readable(&self.graph)
            ),
            ..Description::default()
        }
    }
}

impl PipelineView {
    fn of(pipeline: Pipeline, graph: &Graph) -> Self {
        Self {
            inputs: graph.nodes.iter().filter_map(|node| input(node, graph)).collect(),
            node_count: u32::try_from(graph.nodes.len()).unwrap_or(u32::MAX),
            pipeline_id: pipeline.id,
            name: pipeline.name,
            description: pipeline.description,
            version: pipeline.version,
            is_published: pipeline.app.is_some(),
            created_at: pipeline.created_at,
            updated_at: pipeline.updated_at,
        }
    }
}

fn input(node: &Node, graph: &Graph) -> Option<InputView> {
    let kind = match node.kind.strip_prefix("input.")? {
        "choice" => PortKind::Text,
        kind => kind.parse().ok()?,
    };
    let default = node.settings.get("default").cloned();
    let options = node.settings.get("options").cloned();
    let is_used = graph
        .edges
        .iter()
        .any(|edge| edge.from.split('.').next() == Some(node.id.as_str()));
    Some(InputView {
        id: node.id.clone(),
        alias: node.alias.clone(),
        title: node.title.clone(),
        kind,
        is_required: is_used && default.is_none() && options.is_none(),
        default,
        options,
    })
}

/// A pipeline and one of its versions: the one asked for, else that of a version id such as `pip_…@3`, else the newest.
async fn at_version(cx: &Context, named: &str, version: Option<u32>) -> Result<(Pipeline, PipelineVersion), Problem> {
    let of_id = named.rsplit_once('@').and_then(|(_, number)| number.parse().ok());
    let pipeline = existing(cx, named).await?;
    let version = version_of(cx, &pipeline, version.or(of_id)).await?;
    Ok((pipeline, version))
}

/// The pipeline of an id or, as people say it, of a name.
async fn existing(cx: &Context, named: &str) -> Result<Pipeline, Problem> {
    let store = cx.studio.store().pipelines();
    let named = match named.rsplit_once('@') {
        Some((id, number)) if id.starts_with(PipelineId::PREFIX) && number.parse::<u32>().is_ok() => id,
        _ => named,
    };
    let found = match named.parse::<PipelineId>() {
        Ok(id) => store.get(&cx.caller.workspace, &id).await?,
        Err(_) => store.by_name(&cx.caller.workspace, named.trim()).await?,
    };
    found.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            format!("There is no pipeline `{}` here.", text::one_line(named, 80)),
        )
        .at("pipeline_id")
        .hint("`pipelines` `list` shows them.")
    })
}

/// A version of a pipeline; the newest where none is named.
async fn version_of(cx: &Context, pipeline: &Pipeline, version: Option<u32>) -> Result<PipelineVersion, Problem> {
    let found = cx
        .studio
        .store()
        .pipelines()
        .version(&pipeline.id, Some(version.unwrap_or(pipeline.version)))
        .await?;
    found.ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            format!(
                "`{}` has no version {}; its newest is {}.",
                pipeline.id,
                version.unwrap_or_default(),
                pipeline.version
            ),
        )
        .at("version")
    })
}

/// A pipeline with one of its versions, as it is shown.
async fn details(cx: &Context, pipeline: Pipeline, version: PipelineVersion) -> Result<PipelineDetails, Problem> {
    let versions = cx.studio.store().pipelines().versions(&pipeline.id, 50).await?;
    let price_credits = Ready::of(&version.graph, &cx.studio.settings().pipelines)
        .ok()
        .and_then(|graph| price(&cx.studio, &graph).ok());
    Ok(PipelineDetails {
        app: apps::app_of(cx, &pipeline).await?,
        input_schema: apps::inputs(&version.graph).0,
        output_schema: apps::outputs(&version.graph, &cx.studio.settings().pipelines).0,
        pipeline: PipelineView::of(pipeline, &version.graph),
        graph: version.graph,
        shown_version: version.version,
        price_credits,
        versions: versions
            .into_iter()
            .map(|version| VersionView {
                version: version.version,
                created_at: version.created_at,
                node_count: u32::try_from(version.graph.nodes.len()).unwrap_or(u32::MAX),
            })
            .collect(),
    })
}
