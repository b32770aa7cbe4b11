//! A pipeline's graph to be shown: as data for clients that draw, as a list and a Mermaid chart for all others.

use aquatint_domain::{Graph, PipelineId, Problem, RunId, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run_view::{NodeView, view};
use super::{PIPELINE_ALIASES, existing, version_of};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::pipelines::{mermaid, readable};

pub struct DisplayPipeline;

/// Show a pipeline's graph, or how a run goes through it.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// A run whose states are shown on the nodes.
    pub run_id: Option<RunId>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub pipeline_id: PipelineId,
    pub name: String,
    pub version: u32,
    pub graph: Graph,
    /// The same graph as a Mermaid flowchart.
    pub mermaid: String,
    /// The nodes of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeView>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let states: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("{} {}", node.node, node.status))
            .collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!("\nRun: {}", states.join(", "))
        };
        Description {
            text: format!(
                "{} (version {})\n{}{states}\n\n```mermaid\n{}```",
                self.name,
                self.version,
                readable(&self.graph),
                self.mermaid
            ),
            ..Description::default()
        }
    }
}

impl Operation for DisplayPipeline {
    const SPEC: Spec = Spec::new(
        "display.pipeline",
        "Display a pipeline",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/{pipeline_id}/display"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let pipeline = existing(cx, &args.pipeline_id).await?;
        let (nodes, version) = match &args.run_id {
            Some(id) => {
                let run = cx.studio.store().runs().get(&cx.caller.workspace, id).await?;
                let run = run
                    .filter(|run| run.pipeline == pipeline.id)
                    .ok_or_else(|| Problem::not_found("run of this pipeline", id).at("run_id"))?;
                let version = run.version;
                (view(&cx.studio, run).await?.nodes, Some(version))
            }
            None => (Vec::new(), None),
        };
        let version = version_of(cx, &pipeline, version).await?;
        Ok(Output {
            pipeline_id: pipeline.id,
            name: pipeline.name,
            version: version.version,
            mermaid: mermaid(&version.graph),
            graph: version.graph,
            nodes,
        })
    }
}
