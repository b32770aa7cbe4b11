//! Pipelines that are published as node apps: what goes in and comes out, for whoever calls them without knowing the graph.

use aquatint_domain::{Graph, PipelineId, Port, PortKind, Problem, Scope, Timestamp, UserId, WorkspaceId, text};
use aquatint_store::Pipeline;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::pipelines::{PipelineLimits, Ready};

/// Apps of one workspace that are listed.
const APPS_MAX: u32 = 500;
/// How a media value comes out.
const MEDIUM: &str = "A picture or film of the library: `asset_id`.";

pub struct Apps;

/// The pipelines of this workspace that are published as node apps.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub apps: Vec<AppView>,
}

/// What stands in the pipeline's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Published {
    pub version: u32,
    #[serde(default)]
    pub slug: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub published_at: Option<Timestamp>,
    #[serde(default)]
    pub published_by: Option<UserId>,
}

/// A pipeline as a node app.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AppView {
    pub pipeline_id: PipelineId,
    pub workspace_id: WorkspaceId,
    /// Who published it; absent where no person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_id: Option<UserId>,
    pub name: String,
    /// Unique among the apps of the workspace.
    pub slug: String,
    pub description: String,
    /// Who may run it: `workspace`, everybody in it.
    pub scope: String,
    /// The version that is published; later ones are not until it is published again.
    pub version: u32,
    /// Names pipeline and version in one; `run` takes it as `pipeline_id`.
    pub version_id: String,
    /// JSON Schema of `inputs`, by alias.
    pub input_schema: Value,
    /// JSON Schema of a run's `outputs`, by name.
    pub output_schema: Value,
    /// The node behind each input.
    pub input_key_mapping: Map<String, Value>,
    /// The node behind each output.
    pub output_key_mapping: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .apps
            .iter()
            .map(|app| format!("{}: {} ({})", app.version_id, app.name, app.description))
            .collect();
        Description {
            text: if lines.is_empty() {
                "No apps.".to_owned()
            } else {
                lines.join("\n")
            },
            ..Description::default()
        }
    }
}

impl Operation for Apps {
    const SPEC: Spec = Spec::new(
        "pipelines.apps",
        "List node apps",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/apps"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        let store = cx.studio.store().pipelines();
        let mut apps = Vec::new();
        for pipeline in store.published(&cx.caller.workspace, APPS_MAX).await? {
            apps.extend(app_of(cx, &pipeline).await?);
        }
        Ok(Output { apps })
    }
}

pub(super) fn published(pipeline: &Pipeline) -> Option<Published> {
    serde_json::from_value(pipeline.app.clone()?).ok()
}

/// A slug that no other app of the workspace has.
pub(super) async fn free_slug(cx: &Context, pipeline: &Pipeline, wanted: &str) -> Result<String, Problem> {
    let store = cx.studio.store().pipelines();
    let taken: Vec<String> = store
        .published(&cx.caller.workspace, APPS_MAX)
        .await?
        .iter()
        .filter(|other| other.id != pipeline.id)
        .filter_map(published)
        .map(|app| app.slug)
        .collect();
    let plain = slug_of(wanted);
    let mut slug = plain.clone();
    let mut number = 2;
    while taken.contains(&slug) {
        slug = format!("{plain}-{number}");
        number += 1;
    }
    Ok(slug)
}

/// Small letters, digits and dashes.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for ch in name.to_lowercase().chars() {
        if ch.is_ascii_alphanumeric() {
            slug.push(ch);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug: String = text::clip(&slug, 60)
        .chars()
        .filter(|ch| ch.is_ascii_alphanumeric() || *ch == '-')
        .collect();
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "app".to_owned()
    } else {
        slug.to_owned()
    }
}

/// The app that a pipeline is published as.
pub(super) async fn app_of(cx: &Context, pipeline: &Pipeline) -> Result<Option<AppView>, Problem> {
    let Some(app) = published(pipeline) else {
        return Ok(None);
    };
    let store = cx.studio.store().pipelines();
    let Some(version) = store.version(&pipeline.id, Some(app.version)).await? else {
        return Ok(None);
    };
    let (input_schema, input_key_mapping) = inputs(&version.graph);
    let (output_schema, output_key_mapping) = outputs(&version.graph, &cx.studio.settings().pipelines);
    Ok(Some(AppView {
        version_id: format!("{}@{}", pipeline.id, app.version),
        pipeline_id: pipeline.id.clone(),
        workspace_id: pipeline.workspace.clone(),
        author_id: app.published_by.or_else(|| pipeline.created_by.clone()),
        name: pipeline.name.clone(),
        slug: if app.slug.is_empty() {
            slug_of(&pipeline.name)
        } else {
            app.slug
        },
        description: app.summary,
        scope: "workspace".to_owned(),
        version: app.version,
        input_schema,
        output_schema,
        input_key_mapping,
        output_key_mapping,
        published_at: app.published_at,
    }))
}

/// JSON Schema of what a run brings, and the node behind each name.
pub(super) fn inputs(graph: &Graph) -> (Value, Map<String, Value>) {
    let (mut properties, mut mapping, mut required) = (Map::new(), Map::new(), Vec::new());
    for node in &graph.nodes {
        let Some(input) = super::input(node, graph) else {
            continue;
        };
        let name = input.alias.clone().unwrap_or_else(|| input.id.clone());
        let mut property = match input.kind {
            PortKind::Image | PortKind::Video | PortKind::Media => json!({
                "type": "string",
                "format": "uri-reference",
                "contentMediaType": format!("{}/*", input.kind),
                "description": "Asset id, https URL or data URI.",
            }),
            PortKind::Number => json!({ "type": "number" }),
            PortKind::Boolean => json!({ "type": "boolean" }),
            PortKind::Text | PortKind::Any => json!({ "type": "string" }),
        };
        for (own, theirs) in [("minimum", "minimum"), ("maximum", "maximum"), ("options", "enum")] {
            if let Some(value) = node.settings.get(own) {
                property[theirs] = value.clone();
            }
        }
        if let Some(title) = &input.title {
            property["title"] = json!(title);
        }
        if let Some(default) = &input.default {
            property["default"] = default.clone();
        }
        if input.is_required {
            required.push(name.clone());
        }
        mapping.insert(name.clone(), json!({ "node_id": node.id, "type": node.kind }));
        properties.insert(name, property);
    }
    let schema =
        json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required });
    (schema, mapping)
}

/// JSON Schema of what a run gives back, and the node behind each name. Where the graph has no `output` nodes, its ends are
/// given back. Empty where a node type has gone.
pub(super) fn outputs(graph: &Graph, limits: &PipelineLimits) -> (Value, Map<String, Value>) {
    let (mut properties, mut mapping) = (Map::new(), Map::new());
    if let Ok(ready) = Ready::of(graph, limits) {
        let is_output = |name: &str| name == "output";
        let has_outputs = ready.nodes.iter().any(|node| is_output(&node.kind.name));
        for node in &ready.nodes {
            let kinds: Vec<PortKind> = if is_output(&node.kind.name) {
                node.joins
                    .iter()
                    .filter_map(|join| {
                        let from = &ready.nodes[join.from].outputs;
                        from.iter().find(|port| port.name == join.from_port)
                    })
                    .map(|port| port.kind)
                    .collect()
            } else if !has_outputs && !node.is_used {
                node.outputs.iter().map(|port: &Port| port.kind).collect()
            } else {
                continue;
            };
            let Some(first) = kinds.first() else { continue };
            let one = if kinds.iter().all(|kind| kind == first) {
                shape(*first)
            } else {
                shape(PortKind::Any)
            };
            let mut property = json!({ "oneOf": [one, { "type": "array", "items": one }] });
            property["title"] = json!(node.title);
            properties.insert(node.id.clone(), property);
            mapping.insert(node.id.clone(), json!({ "node_id": node.id, "kind": first }));
        }
    }
    (json!({ "type": "object", "properties": properties }), mapping)
}

fn shape(kind: PortKind) -> Value {
    match kind {
        PortKind::Image | PortKind::Video | PortKind::Media => json!({
            "type": "object",
            "required": ["asset_id"],
            "properties": { "asset_id": { "type": "string" } },
            "contentMediaType": if kind == PortKind::Media { "*/*".to_owned() } else { format!("{kind}/*") },
            "description": MEDIUM,
        }),
        PortKind::Text => json!({ "type": "string" }),
        PortKind::Number => json!({ "type": "number" }),
        PortKind::Boolean => json!({ "type": "boolean" }),
        PortKind::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_slug() {
        for (name, slug) in [
            ("Hero Banner", "hero-banner"),
            ("  Été: 50 % off!  ", "t-50-off"),
            ("北京", "app"),
        ] {
            assert_eq!(slug_of(name), slug);
        }
    }

    #[test]
    fn the_schemas_of_an_app_name_what_people_named() {
        let graph: Graph = serde_json::from_value(json!({
            "nodes": [
                { "id": "photo", "type": "input.image", "alias": "product", "title": "Product photograph" },
                { "id": "width", "type": "input.number", "alias": "width", "settings": { "default": 8, "minimum": 1, "maximum": 90 } },
                { "id": "way", "type": "input.choice", "alias": "way", "settings": { "options": ["a", "b"] } },
                { "id": "small", "type": "edit.resize" },
                { "id": "result", "type": "output", "title": "Small picture" },
            ],
            "edges": [{ "from": "photo", "to": "small" }, { "from": "width", "to": "small.width" }, { "from": "small", "to": "result" }],
        }))
        .expect("a graph");
        let (schema, mapping) = inputs(&graph);
        assert_eq!(schema["required"], json!(["product"]));
        assert_eq!(schema["properties"]["product"]["contentMediaType"], "image/*");
        assert_eq!(schema["properties"]["width"]["maximum"], 90);
        assert_eq!(schema["properties"]["way"]["enum"], json!(["a", "b"]));
        assert_eq!(mapping["product"]["node_id"], "photo");
        let checker = jsonschema::draft202012::new(&schema).expect("a schema");
        assert!(checker.is_valid(&json!({ "product": "ast_x", "width": 9 })));
        assert!(!checker.is_valid(&json!({ "product": "ast_x", "width": 91 })));
        let (schema, mapping) = outputs(&graph, &PipelineLimits::default());
        assert_eq!(schema["properties"]["result"]["title"], "Small picture");
        assert_eq!(mapping["result"]["kind"], "image");
        let checker = jsonschema::draft202012::new(&schema).expect("a schema");
        assert!(checker.is_valid(&json!({ "result": { "asset_id": "ast_x" } })));
        assert!(checker.is_valid(&json!({ "result": [{ "asset_id": "ast_x" }] })));
        assert!(!checker.is_valid(&json!({ "result": "ast_x" })));
    }
}
