//! One pipeline, to look at or to take along as a file.

use aquatint_domain::{Graph, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PIPELINE_ALIASES, PipelineDetails, at_version, details};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct Get;
pub struct Export;

/// A pipeline with its graph, inputs, price and versions.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// An earlier version.
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
}

/// A pipeline as a JSON file for `import`.
#[derive(Deserialize, JsonSchema)]
pub struct ExportArgs {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// An earlier version.
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
}

/// A pipeline as a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PipelineFile {
    /// `aquatint.pipeline/1`.
    pub format: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    pub graph: Graph,
}

/// What a file of ours says it is.
pub const FORMAT: &str = "aquatint.pipeline/1";

impl Describe for PipelineFile {
    fn describe(&self) -> Description {
        Description {
            text: serde_json::to_string_pretty(self).unwrap_or_default(),
            ..Description::default()
        }
    }
}

impl Operation for Get {
    const SPEC: Spec = Spec::new(
        "pipelines.get",
        "Look at a pipeline",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/{pipeline_id}"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = Args;
    type Output = PipelineDetails;

    async fn run(cx: &Context, args: Args) -> Result<PipelineDetails, Problem> {
        let (pipeline, version) = at_version(cx, &args.pipeline_id, args.version).await?;
        details(cx, pipeline, version).await
    }
}

impl Operation for Export {
    const SPEC: Spec = Spec::new(
        "pipelines.export",
        "Export a pipeline",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/{pipeline_id}/export"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = ExportArgs;
    type Output = PipelineFile;

    async fn run(cx: &Context, args: ExportArgs) -> Result<PipelineFile, Problem> {
        let (pipeline, version) = at_version(cx, &args.pipeline_id, args.version).await?;
        Ok(PipelineFile {
            format: FORMAT.to_owned(),
            name: pipeline.name,
            description: pipeline.description,
            graph: version.graph,
        })
    }
}
