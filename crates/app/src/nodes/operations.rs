//! Operations as nodes: their media are ports, and so is every setting that is a word, a number or a truth.

use std::sync::OnceLock;

use aquatint_domain::pipeline::media_of;
use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Value, json};

use super::{NodeType, Ports, Values, Work, as_text, models};
use crate::operation::{Entry, NodeMark};
use crate::operations::ALL;

/// Arguments of a call that are no settings: the run decides about them.
const OF_THE_CALL: &[&str] = &[
    "idempotency_key",
    "dry_run",
    "max_credits",
    "wait_seconds",
    "sync",
    "preview",
    "collection_id",
];

pub(super) fn types() -> Vec<NodeType> {
    ALL.iter()
        .filter_map(|entry| Some((entry, entry.spec.node?)))
        .map(|(entry, mark)| {
            let settings = settings(entry, &mark);
            NodeType {
                name: entry.spec.name.to_owned(),
                version: entry.spec.version,
                title: entry.spec.title.to_owned(),
                about: entry.description().to_owned(),
                category: entry.spec.group(),
                inputs: match mark.makes {
                    PortKind::Media => Ports::Of(for_model),
                    _ => Ports::Fixed(inputs(&mark, &settings)),
                },
                outputs: match mark.makes {
                    PortKind::Media => Ports::Of(by_model),
                    makes => Ports::Fixed(vec![Port::new(makes.as_str(), makes)]),
                },
                settings,
                work: Work::Make {
                    entry,
                    arguments: arguments_of(entry),
                },
            }
        })
        .collect()
}

/// What every model takes, and the media of the one that is chosen.
fn for_model(chosen: &Values) -> Vec<Port> {
    static COMMON: OnceLock<Vec<Port>> = OnceLock::new();
    let mut ports = COMMON
        .get_or_init(|| {
            let entry = crate::operations::find(models::GENERATE);
            entry
                .and_then(|entry| Some(inputs(&entry.spec.node?, &settings(entry, &entry.spec.node?))))
                .unwrap_or_default()
        })
        .clone();
    for port in models::media_ports(chosen) {
        if ports.iter().all(|known| known.name != port.name) {
            ports.push(port);
        }
    }
    ports
}

/// What a model makes is the first part of its id.
fn by_model(settings: &Values) -> Vec<Port> {
    let is_video = settings
        .get("model")
        .and_then(Value::as_str)
        .is_some_and(|model| model.starts_with("video/"));
    let makes = if is_video { PortKind::Video } else { PortKind::Image };
    vec![Port::new(makes.as_str(), makes)]
}

/// The arguments without the media that come by edges and without what concerns the call alone.
fn settings(entry: &Entry, mark: &NodeMark) -> Value {
    let mut schema = entry.input_schema().clone();
    let is_setting = |name: &str| {
        !OF_THE_CALL.contains(&name) && !mark.media.iter().any(|media| media.argument == name && media.required)
    };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| is_setting(name));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_some_and(is_setting));
    }
    schema
}

fn inputs(mark: &NodeMark, settings: &Value) -> Vec<Port> {
    let mut ports: Vec<Port> = mark
        .media
        .iter()
        .map(|media| Port {
            name: media.port.to_owned(),
            kind: media.kind,
            required: media.required,
            list: media.list,
            description: String::new(),
        })
        .collect();
    for (name, property) in settings["properties"].as_object().into_iter().flatten() {
        let kind = match property["type"].as_str() {
            Some("string") => PortKind::Text,
            Some("number" | "integer") => PortKind::Number,
            Some("boolean") => PortKind::Boolean,
            _ => continue,
        };
        if ports.iter().all(|port| port.name != *name) {
            ports.push(Port::new(name.clone(), kind));
        }
    }
    ports
}

/// How arguments are made for an operation. A function pointer cannot hold the entry, so there is one for each shape.
fn arguments_of(entry: &'static Entry) -> fn(&Values, &Values) -> Result<Values, Problem> {
    match entry.spec.group() {
        "edit" => |settings, inputs| arguments(settings, inputs, &[("image", "images")]),
        "generate" => for_one_model,
        _ => |settings, inputs| arguments(settings, inputs, &[]),
    }
}

/// What only the chosen model knows goes into `inputs`.
fn for_one_model(settings: &Values, brought: &Values) -> Result<Values, Problem> {
    let (common, own): (Values, Values) = brought
        .clone()
        .into_iter()
        .partition(|(name, _)| models::is_common(name));
    let mut made = arguments(settings, &common, &[])?;
    if !own.is_empty() {
        let before = match made.remove("inputs") {
            Some(Value::Object(before)) => before,
            _ => Values::new(),
        };
        made.insert("inputs".into(), Value::Object(arguments(&before, &own, &[])?));
    }
    Ok(made)
}

/// The settings, and over them what came by edges, media as asset ids.
pub(super) fn arguments(settings: &Values, inputs: &Values, names: &[(&str, &str)]) -> Result<Values, Problem> {
    let mut arguments = settings.clone();
    for (port, value) in inputs {
        let name = names
            .iter()
            .find(|(known, _)| known == port)
            .map_or(port.as_str(), |(_, argument)| *argument);
        arguments.insert(name.to_owned(), plain(value, settings.get(name)));
    }
    Ok(arguments)
}

/// A value as an operation takes it. Text for which a number stood is left to the operation's own reading.
fn plain(value: &Value, before: Option<&Value>) -> Value {
    if let Some(asset) = media_of(value) {
        return json!(asset);
    }
    match value {
        Value::Array(all) => all.iter().map(|one| plain(one, None)).collect(),
        Value::Number(_) | Value::Bool(_) if before.is_some_and(Value::is_string) => json!(as_text(value)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn what_comes_by_edges_goes_over_the_settings() {
        let settings = Map::from_iter([("width".to_owned(), json!(8)), ("quality".to_owned(), json!(80))]);
        let asset = json!({ "asset_id": "ast_00000000000000000000000000" });
        let inputs = Map::from_iter([("image".to_owned(), asset), ("width".to_owned(), json!(16))]);
        let made = arguments(&settings, &inputs, &[("image", "images")]).expect("arguments");
        assert_eq!(
            Value::Object(made),
            json!({ "width": 16, "quality": 80, "images": "ast_00000000000000000000000000" })
        );
    }

    #[test]
    fn edits_are_nodes_with_their_settings_as_ports() {
        let all = types();
        let resize = all.iter().find(|kind| kind.name == "edit.resize").expect("a node");
        assert!(resize.settings["properties"].get("images").is_none());
        assert!(resize.settings["properties"].get("dry_run").is_none());
        let ports = resize.inputs.with(&Map::new());
        assert_eq!((ports[0].name.as_str(), ports[0].kind), ("image", PortKind::Image));
        assert!(
            ports
                .iter()
                .any(|port| port.name == "width" && port.kind == PortKind::Number)
        );
    }
}
