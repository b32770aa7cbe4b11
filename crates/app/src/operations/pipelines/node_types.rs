//! What pipelines are built of.

use aquatint_domain::{Credits, Model, Port, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::nodes;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct ListNodeTypes;

/// Node types and their ports; with `type`, the schema of its settings.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Type or model id.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 100))]
    pub kind: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub node_types: Vec<NodeTypeView>,
}

#[derive(Serialize, JsonSchema)]
pub struct NodeTypeView {
    #[serde(rename = "type")]
    pub kind: String,
    pub version: u32,
    pub title: String,
    pub description: String,
    pub category: String,
    /// Where edges end; those of some types depend on the settings.
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// JSON Schema, where one type was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Value>,
    /// The names of the settings.
    pub setting_names: Vec<String>,
    /// What one result costs with settings as they are by default, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_credits: Option<Credits>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let ports = |ports: &[Port]| -> String {
            let ports: Vec<String> = ports
                .iter()
                .filter(|port| port.required || self.node_types.len() == 1)
                .map(|port| format!("{} ({})", port.name, port.kind))
                .collect();
            ports.join(", ")
        };
        let lines: Vec<String> = self
            .node_types
            .iter()
            .map(|kind| {
                let outputs: Vec<&str> = kind.outputs.iter().map(|port| port.name.as_str()).collect();
                format!(
                    "{}: {} In: {}. Out: {}. Settings: {}.",
                    kind.kind,
                    kind.description,
                    ports(&kind.inputs),
                    outputs.join(", "),
                    kind.setting_names.join(", ")
                )
            })
            .collect();
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for ListNodeTypes {
    const SPEC: Spec = Spec::new(
        "pipelines.list_node_types",
        "List node types",
        Scope::AssetsRead,
        Effects::Reads,
        get("/node_types"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let asked = args.kind.as_deref();
        if let Some(asked) = asked.filter(|asked| nodes::models::is_model(asked)) {
            return of_models(cx, asked).await;
        }
        let group = asked.filter(|asked| asked.ends_with('.'));
        let one = asked
            .filter(|_| group.is_none())
            .map(|kind| nodes::find(kind, None))
            .transpose()?;
        let none = Map::new();
        let node_types = nodes::all()
            .iter()
            .filter(|kind| one.is_none_or(|one| one.name == kind.name))
            .filter(|kind| group.is_none_or(|group| kind.name.starts_with(group)))
            .map(|kind| {
                let inputs = kind.inputs.with(&none);
                let all: Vec<&Port> = inputs.iter().filter(|port| port.required).collect();
                NodeTypeView {
                    kind: kind.name.clone(),
                    version: kind.version,
                    title: kind.title.clone(),
                    description: kind.about.clone(),
                    category: kind.category.to_owned(),
                    outputs: kind.outputs.with(&none),
                    settings: one.map(|_| kind.settings.clone()),
                    setting_names: kind.settings["properties"]
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(name, _)| name.clone())
                        .collect(),
                    price_credits: kind.price(&cx.studio, &none, &all).ok(),
                    inputs,
                }
            })
            .collect();
        Ok(Output { node_types })
    }
}

/// Models as node types: one with its settings, or all whose ids begin so.
async fn of_models(cx: &Context, asked: &str) -> Result<Output, Problem> {
    let catalogue = cx.studio.catalogue();
    let models: Vec<Model> = if asked.ends_with('/') {
        let all = catalogue.all().iter().filter(|model| model.id.starts_with(asked));
        all.cloned().collect()
    } else {
        cx.studio
            .model(&cx.caller.workspace, asked)
            .await?
            .into_iter()
            .collect()
    };
    if models.is_empty() {
        return Err(Problem::invalid(
            "type",
            format!("There is no model `{}`.", aquatint_domain::text::one_line(asked, 80)),
        )
        .hint("`models` `list` shows them all."));
    }
    let version = nodes::find(nodes::models::GENERATE, None)?.version;
    let node_types = models
        .iter()
        .map(|model| {
            let settings = nodes::models::settings(model);
            NodeTypeView {
                kind: model.id.clone(),
                version,
                title: model.name.clone(),
                description: model.description.clone(),
                category: "models".to_owned(),
                inputs: nodes::models::inputs(model),
                outputs: nodes::models::outputs(model),
                setting_names: settings["properties"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.clone())
                    .collect(),
                settings: (!asked.ends_with('/')).then_some(settings),
                price_credits: Some(model.price.price(1, 1024, 1024, 5.0)),
            }
        })
        .collect();
    Ok(Output { node_types })
}
