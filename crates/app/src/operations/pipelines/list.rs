//! Lists of pipelines.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PipelineView;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct List;
pub struct Search;

/// Pipelines, the newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// Pipelines whose name or description holds the text.
#[derive(Deserialize, JsonSchema)]
pub struct SearchArgs {
    /// What to look for.
    #[schemars(length(min = 1, max = 200))]
    pub query: String,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub pipelines: Vec<PipelineView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .pipelines
            .iter()
            .map(|pipeline| {
                let inputs: Vec<String> = pipeline
                    .inputs
                    .iter()
                    .map(|input| format!("{} ({})", input.alias.as_ref().unwrap_or(&input.id), input.kind))
                    .collect();
                format!(
                    "{}: {}, {} nodes, inputs: {}",
                    pipeline.pipeline_id,
                    pipeline.name,
                    pipeline.node_count,
                    if inputs.is_empty() {
                        "none".to_owned()
                    } else {
                        inputs.join(", ")
                    }
                )
            })
            .collect();
        Description {
            text: if lines.is_empty() {
                "No pipelines.".to_owned()
            } else {
                lines.join("\n")
            },
            ..Description::default()
        }
    }
}

impl Operation for List {
    const SPEC: Spec = Spec::new(
        "pipelines.list",
        "List pipelines",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines"),
    );
    type Args = ListArgs;
    type Output = Output;

    async fn run(cx: &Context, args: ListArgs) -> Result<Output, Problem> {
        found(cx, None, args.cursor.as_deref(), args.limit).await
    }
}

impl Operation for Search {
    const SPEC: Spec = Spec::new(
        "pipelines.search",
        "Search pipelines",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/search"),
    );
    type Args = SearchArgs;
    type Output = Output;

    async fn run(cx: &Context, args: SearchArgs) -> Result<Output, Problem> {
        found(cx, Some(&args.query), args.cursor.as_deref(), args.limit).await
    }
}

async fn found(cx: &Context, text: Option<&str>, cursor: Option<&str>, limit: Option<u32>) -> Result<Output, Problem> {
    let store = cx.studio.store().pipelines();
    let page = store
        .list(&cx.caller.workspace, text, cursor, limit.unwrap_or(20))
        .await?;
    let mut pipelines = Vec::with_capacity(page.items.len());
    for pipeline in page.items {
        let version = super::version_of(cx, &pipeline, None).await?;
        pipelines.push(PipelineView::of(pipeline, &version.graph));
    }
    Ok(Output {
        pipelines,
        next_cursor: page.next_cursor,
    })
}
