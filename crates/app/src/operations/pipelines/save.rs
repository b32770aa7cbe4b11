//! Making and changing pipelines. A saved version never changes.

use aquatint_domain::{Code, Graph, PipelineId, Problem, Scope, text};
use aquatint_providers::provider;
use aquatint_store::{Pipeline, PipelineChange};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::get::{FORMAT, PipelineFile};
use super::{PIPELINE_ALIASES, PipelineDetails, details, existing, templates, version_of};
use crate::nodes::models;
use crate::operation::{Context, Done, Effects, Operation, Spec, delete, post};
use crate::pipelines::{Fault, Ready, refuse};

pub struct Create;
pub struct Update;
pub struct Duplicate;
pub struct Import;
pub struct Delete;

/// Make a pipeline of the nodes that `list_node_types` tells.
#[derive(Deserialize, JsonSchema)]
pub struct CreateArgs {
    /// Its name.
    #[schemars(length(min = 1, max = 120))]
    pub name: Option<String>,
    /// What it is for.
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// `{nodes: [{id, type, settings, alias?, title?}], edges: [{from: "node.port", to: "node.port"}]}`; without a port the first is meant.
    pub graph: Option<Graph>,
    /// Instead of a graph: hero-banner, marketplace-white, social-set, colour-variants, before-after, product-video.
    #[schemars(length(min = 1, max = 60))]
    pub template: Option<String>,
}

/// Change a pipeline; a new graph becomes a new version.
#[derive(Deserialize, JsonSchema)]
pub struct UpdateArgs {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// A new name.
    #[schemars(length(min = 1, max = 120))]
    pub name: Option<String>,
    /// What it is for.
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// The whole new graph.
    pub graph: Option<Graph>,
    /// Refused if this is not the newest version.
    #[schemars(range(min = 1))]
    pub from_version: Option<u32>,
}

/// Make a copy of a pipeline.
#[derive(Deserialize, JsonSchema)]
pub struct DuplicateArgs {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// The copy's name.
    #[schemars(length(min = 1, max = 120))]
    pub name: Option<String>,
    /// An earlier version.
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
}

/// Make a pipeline of an exported file.
#[derive(Deserialize, JsonSchema)]
pub struct ImportArgs {
    /// What `export` gave.
    pub file: PipelineFile,
    /// Another name for it.
    #[schemars(length(min = 1, max = 120))]
    pub name: Option<String>,
}

/// Delete a pipeline; its runs and results stay.
#[derive(Deserialize, JsonSchema)]
pub struct DeleteArgs {
    /// Pipeline id.
    pub pipeline_id: PipelineId,
}

impl Operation for Create {
    const SPEC: Spec = Spec::new(
        "pipelines.create",
        "Make a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/pipelines"),
    );
    type Args = CreateArgs;
    type Output = PipelineDetails;

    async fn run(cx: &Context, args: CreateArgs) -> Result<PipelineDetails, Problem> {
        let template = args.template.as_deref().map(templates::named).transpose()?;
        let (name, description, graph) = match (args.graph, template) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid(
                    "template",
                    "Send a `graph` or a `template`, not both.",
                ));
            }
            (None, None) => {
                return Err(
                    Problem::invalid("graph", "Send a `graph`, or a `template` to begin with.")
                        .hint("`list_node_types` tells what graphs are made of."),
                );
            }
            (Some(graph), None) => {
                let name = args
                    .name
                    .ok_or_else(|| Problem::invalid("name", "A pipeline needs a name."))?;
                (name, args.description.unwrap_or_default(), graph)
            }
            (None, Some(template)) => (
                args.name.unwrap_or_else(|| template.name.clone()),
                args.description.unwrap_or_else(|| template.description.clone()),
                template.graph.clone(),
            ),
        };
        make(cx, &name, &description, graph).await
    }
}

impl Operation for Update {
    const SPEC: Spec = Spec::new(
        "pipelines.update",
        "Change a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/pipelines/{pipeline_id}"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = UpdateArgs;
    type Output = PipelineDetails;

    async fn run(cx: &Context, args: UpdateArgs) -> Result<PipelineDetails, Problem> {
        let pipeline = existing(cx, &args.pipeline_id).await?;
        let change = PipelineChange {
            name: args.name.as_deref().map(name_of).transpose()?,
            description: args
                .description
                .as_deref()
                .map(|description| text::one_line(description, 1_000)),
            graph: args.graph.map(|graph| sound(cx, graph)).transpose()?,
            from_version: args.from_version,
        };
        let store = cx.studio.store().pipelines();
        store
            .update(
                &cx.caller.workspace,
                &pipeline.id,
                &change,
                cx.caller.user.as_ref(),
                cx.studio.now(),
            )
            .await?
            .ok_or_else(|| Problem::not_found("pipeline", &pipeline.id))?;
        shown(cx, &pipeline.id).await
    }
}

impl Operation for Duplicate {
    const SPEC: Spec = Spec::new(
        "pipelines.duplicate",
        "Copy a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/pipelines/{pipeline_id}/duplicate"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = DuplicateArgs;
    type Output = PipelineDetails;

    async fn run(cx: &Context, args: DuplicateArgs) -> Result<PipelineDetails, Problem> {
        let pipeline = existing(cx, &args.pipeline_id).await?;
        let version = version_of(cx, &pipeline, args.version).await?;
        let name = args
            .name
            .unwrap_or_else(|| text::clip(&format!("{}, copy", pipeline.name), 120));
        make(cx, &name, &pipeline.description, version.graph).await
    }
}

impl Operation for Import {
    const SPEC: Spec = Spec::new(
        "pipelines.import",
        "Import a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/pipelines/import"),
    );
    type Args = ImportArgs;
    type Output = PipelineDetails;

    async fn run(cx: &Context, args: ImportArgs) -> Result<PipelineDetails, Problem> {
        let file = args.file;
        if file.format != FORMAT {
            return Err(Problem::invalid(
                "file.format",
                format!(
                    "This file says that it is `{}`; `{FORMAT}` is taken.",
                    text::one_line(&file.format, 60)
                ),
            ));
        }
        make(
            cx,
            args.name.as_deref().unwrap_or(&file.name),
            &file.description,
            file.graph,
        )
        .await
    }
}

impl Operation for Delete {
    const SPEC: Spec = Spec::new(
        "pipelines.delete",
        "Delete a pipeline",
        Scope::AssetsWrite,
        Effects::Writes,
        delete("/pipelines/{pipeline_id}"),
    )
    .for_people(aquatint_domain::Role::Member);
    type Args = DeleteArgs;
    type Output = Done;

    async fn run(cx: &Context, args: DeleteArgs) -> Result<Done, Problem> {
        let store = cx.studio.store().pipelines();
        if store
            .delete(&cx.caller.workspace, &args.pipeline_id, cx.studio.now())
            .await?
        {
            return Ok(Done::YES);
        }
        Err(Problem::not_found("pipeline", &args.pipeline_id).at("pipeline_id"))
    }
}

async fn make(cx: &Context, name: &str, description: &str, graph: Graph) -> Result<PipelineDetails, Problem> {
    let graph = sound(cx, graph)?;
    let now = cx.studio.now();
    let new = Pipeline {
        id: PipelineId::generate(now),
        workspace: cx.caller.workspace.clone(),
        name: name_of(name)?,
        description: text::one_line(description, 1_000),
        version: 1,
        app: None,
        created_by: cx.caller.user.clone(),
        created_at: now,
        updated_at: now,
    };
    cx.studio.store().pipelines().create(&new, &graph).await?;
    shown(cx, &new.id).await
}

async fn shown(cx: &Context, id: &PipelineId) -> Result<PipelineDetails, Problem> {
    let pipeline = existing(cx, id.as_str()).await?;
    let version = version_of(cx, &pipeline, None).await?;
    details(cx, pipeline, version).await
}

fn name_of(name: &str) -> Result<String, Problem> {
    let name = text::one_line(name, 120);
    if name.is_empty() {
        return Err(Problem::new(
            Code::InvalidArgument,
            "A pipeline needs a name with visible characters.",
        )
        .at("name"));
    }
    Ok(name)
}

/// A graph that is ready to run, with the versions of its node types pinned; or all that is wrong with it.
pub(super) fn checked(cx: &Context, graph: &mut Graph) -> Result<Ready, Vec<Fault>> {
    // Nodes that are called like a model run it.
    for node in graph.nodes.iter_mut().filter(|node| models::is_model(&node.kind)) {
        models::spell_out(node);
    }
    let ready = Ready::of(graph, &cx.studio.settings().pipelines)?;
    let catalogue = cx.studio.catalogue();
    let mut faults = Vec::new();
    for node in ready.nodes.iter().filter(|node| node.kind.name == models::GENERATE) {
        let Some(id) = node.settings.get("model").and_then(Value::as_str) else {
            continue;
        };
        let told = match catalogue.find(id) {
            Some(model) => models::faults(model, &node.settings),
            // A vendor may have it all the same; that is asked when it runs.
            None if id
                .split('/')
                .nth(1)
                .is_some_and(|vendor| provider::find(vendor).is_some()) =>
            {
                Vec::new()
            }
            None => vec![(
                "model".to_owned(),
                format!("There is no model `{}`.", text::one_line(id, 80)),
            )],
        };
        faults.extend(told.into_iter().map(|(setting, message)| Fault {
            node: Some(node.id.clone()),
            port: Some(setting),
            message: format!("`{}`: {message}", node.id),
        }));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for (node, ready) in graph.nodes.iter_mut().zip(&ready.nodes) {
        node.version = Some(ready.kind.version);
    }
    Ok(ready)
}

/// Refuses a graph that could not run.
fn sound(cx: &Context, mut graph: Graph) -> Result<Graph, Problem> {
    checked(cx, &mut graph).map_err(|faults| refuse(&faults))?;
    Ok(graph)
}
