//! What pipelines are built of.

use aquatint_domain::{Credits, Port, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::nodes;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct ListNodeTypes;

/// Node types and their ports; with `type`, the schema of its settings.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Only this type.
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
        let one = args.kind.as_deref().map(|kind| nodes::find(kind, None)).transpose()?;
        let none = Map::new();
        let node_types = nodes::all()
            .iter()
            .filter(|kind| one.is_none_or(|one| one.name == kind.name))
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
