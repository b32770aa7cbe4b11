//! Publishing a pipeline as a node app: a name, a sentence, and inputs that are told by name.

use aquatint_domain::{Code, Problem, Scope, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::apps::AppView;
use super::{PIPELINE_ALIASES, PipelineView, apps, existing, version_of};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};

pub struct Publish;

/// Publish as a node app; its inputs need aliases.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// What the app does.
    #[schemars(length(max = 300))]
    pub summary: Option<String>,
    /// Take it back.
    #[serde(default)]
    pub withdraw: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    pub pipeline: PipelineView,
    /// What it is published as: slug, version id, schemas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppView>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let state = if self.pipeline.is_published {
            "is published"
        } else {
            "is not published"
        };
        Description {
            text: format!("{} ({}) {state}.", self.pipeline.name, self.pipeline.pipeline_id),
            ..Description::default()
        }
    }
}

impl Operation for Publish {
    const SPEC: Spec = Spec::new(
        "pipelines.publish",
        "Publish a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/pipelines/{pipeline_id}/publish"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let pipeline = existing(cx, &args.pipeline_id).await?;
        let version = version_of(cx, &pipeline, None).await?;
        let nameless: Vec<&str> = version
            .graph
            .nodes
            .iter()
            .filter(|node| node.kind.starts_with("input.") && node.alias.is_none())
            .map(|node| node.id.as_str())
            .collect();
        if !args.withdraw && !nameless.is_empty() {
            return Err(Problem::new(
                Code::Conflict,
                format!("These inputs have no alias: {}.", nameless.join(", ")),
            )
            .hint("Give each a name that people understand with `update`, then publish."));
        }
        let app = if args.withdraw {
            None
        } else {
            let summary = args.summary.as_deref().unwrap_or(&pipeline.description);
            // A slug that others may have written down stays.
            let slug = match apps::published(&pipeline).map(|app| app.slug) {
                Some(slug) if !slug.is_empty() => slug,
                _ => apps::free_slug(cx, &pipeline, &pipeline.name).await?,
            };
            let app = apps::Published {
                version: version.version,
                slug,
                summary: text::one_line(summary, 300),
                published_at: Some(cx.studio.now()),
                published_by: cx.caller.user.clone(),
            };
            Some(serde_json::to_value(app).map_err(Problem::internal)?)
        };
        let store = cx.studio.store().pipelines();
        store
            .publish(&cx.caller.workspace, &pipeline.id, app.as_ref(), cx.studio.now())
            .await?;
        let pipeline = existing(cx, pipeline.id.as_str()).await?;
        Ok(Output {
            app: apps::app_of(cx, &pipeline).await?,
            pipeline: PipelineView::of(pipeline, &version.graph),
        })
    }
}
