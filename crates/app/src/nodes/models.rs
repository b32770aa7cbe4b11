//! Models as nodes: each model of the catalogue is a node type by its id. A saved graph holds it as `generate.media` with
//! that model; the settings are what the model's own schema says.

use std::collections::HashMap;
use std::sync::OnceLock;

use aquatint_domain::{MediaKind, Model, Node, Port, PortKind};
use aquatint_providers::schema::media_fields;
use serde_json::{Map, Value, json};

use super::Values;
use crate::operations;

/// What runs every model.
pub(crate) const GENERATE: &str = "generate.media";
const MODEL: &str = "model";
const INPUTS: &str = "inputs";

/// Whether a type's name can be that of a model.
pub(crate) fn is_model(kind: &str) -> bool {
    kind.starts_with("image/") || kind.starts_with("video/")
}

/// The node with its model as a setting; what only the model knows stands in `inputs`.
pub(crate) fn spell_out(node: &mut Node) {
    let model = std::mem::replace(&mut node.kind, GENERATE.to_owned());
    let mut inputs = match node.settings.remove(INPUTS) {
        Some(Value::Object(inputs)) => inputs,
        _ => Map::new(),
    };
    let (common, own): (Values, Values) = std::mem::take(&mut node.settings)
        .into_iter()
        .partition(|(name, _)| is_common(name));
    inputs.extend(own);
    node.settings = common;
    node.settings.insert(MODEL.into(), json!(model));
    if !inputs.is_empty() {
        node.settings.insert(INPUTS.into(), Value::Object(inputs));
    }
}

/// Whether every model is asked for it by this name.
pub(crate) fn is_common(name: &str) -> bool {
    operations::find(GENERATE).is_some_and(|entry| entry.input_schema()["properties"].get(name).is_some())
}

/// What is wrong with the settings of a node that runs this model: the setting and why.
pub(crate) fn faults(model: &Model, settings: &Values) -> Vec<(String, String)> {
    let own = match settings.get(INPUTS) {
        Some(Value::Object(inputs)) => inputs.clone(),
        _ => Values::new(),
    };
    let properties = &model.input_schema["properties"];
    let given = settings
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), MODEL | INPUTS))
        .map(|(name, value)| (name, value, false))
        .chain(own.iter().map(|(name, value)| (name, value, true)));
    let mut faults = Vec::new();
    for (name, value, is_own) in given {
        let Some(property) = properties.get(name) else {
            // `style` becomes part of the prompt, and `images` goes where the model has its one place for a picture.
            if is_own || !matches!(name.as_str(), "style" | "images" | "shape" | "output_format" | "seed") {
                let known: Vec<&str> = properties
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.as_str())
                    .collect();
                faults.push((
                    name.clone(),
                    format!("{} takes no `{name}`; it takes {}.", model.name, known.join(", ")),
                ));
            }
            continue;
        };
        let is_good = jsonschema::draft202012::new(property).is_ok_and(|schema| schema.is_valid(value));
        if !is_good {
            faults.push((
                name.clone(),
                format!(
                    "`{name}` of {} cannot be {}.",
                    model.name,
                    aquatint_domain::text::clip(&value.to_string(), 60)
                ),
            ));
        }
    }
    faults
}

/// The model's settings: its schema without the media that come by edges.
pub(crate) fn settings(model: &Model) -> Value {
    let mut schema = model.input_schema.clone();
    let media: Vec<String> = ports(&model.input_schema).into_iter().map(|port| port.name).collect();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.retain(|name, _| !media.contains(name));
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| name.as_str().is_some_and(|name| !media.iter().any(|own| own == name)));
    }
    schema
}

/// Where edges end at a node of this model.
pub(crate) fn inputs(model: &Model) -> Vec<Port> {
    let mut all = ports(&model.input_schema);
    for (name, property) in model.input_schema["properties"].as_object().into_iter().flatten() {
        let kind = match property["type"].as_str() {
            Some("string") => PortKind::Text,
            Some("number" | "integer") => PortKind::Number,
            Some("boolean") => PortKind::Boolean,
            _ => continue,
        };
        if is_common(name) && all.iter().all(|port| port.name != *name) {
            all.push(Port::new(name.clone(), kind));
        }
    }
    all
}

/// Where edges begin.
pub(crate) fn outputs(model: &Model) -> Vec<Port> {
    vec![match model.kind {
        MediaKind::Image => Port::new("image", PortKind::Image),
        MediaKind::Video => Port::new("video", PortKind::Video),
        // No port takes these yet; whatever takes anything does.
        MediaKind::Audio | MediaKind::ThreeD => Port::new("media", PortKind::Any),
    }]
}

/// The media that go into the model of that id, if it is a vendor's that this program knows; else what models usually take.
pub(super) fn media_ports(settings: &Values) -> Vec<Port> {
    static KNOWN: OnceLock<HashMap<String, Vec<Port>>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        aquatint_providers::ALL
            .iter()
            .flat_map(|provider| provider.models())
            .map(|model| (model.id.clone(), ports(&model.input_schema)))
            .collect()
    });
    let id = settings.get(MODEL).and_then(Value::as_str).unwrap_or_default();
    known.get(id).cloned().unwrap_or_else(|| {
        vec![
            Port::new("mask", PortKind::Image),
            Port::new("first_frame", PortKind::Image),
            Port::new("last_frame", PortKind::Image),
            Port::new("video", PortKind::Video),
        ]
    })
}

fn ports(schema: &Value) -> Vec<Port> {
    let mut ports: Vec<Port> = media_fields(schema)
        .into_iter()
        .map(|(name, kind, is_list)| {
            let kind = if kind.starts_with("image/") {
                PortKind::Image
            } else if kind.starts_with("video/") {
                PortKind::Video
            } else {
                PortKind::Media
            };
            let port = Port::new(name, kind);
            if is_list { port.list() } else { port }
        })
        .collect();
    // Built-in and installed models name their pictures without saying that they are any.
    if ports.is_empty() && schema["properties"].get("images").is_some() {
        ports.push(Port::new("images", PortKind::Image).list());
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_of_the_catalogue_is_a_node_whose_settings_are_its_own() {
        let catalogue =
            crate::catalogue::Catalogue::built_in(&crate::settings::Settings::new("data".into(), "aquatint".into()));
        assert!(catalogue.all().len() > 30);
        for model in catalogue.all() {
            assert!(is_model(&model.id), "{}", model.id);
            let schema = settings(model);
            assert!(jsonschema::draft202012::new(&schema).is_ok(), "{}", model.id);
            for port in inputs(model) {
                let is_setting = schema["properties"].get(&port.name).is_some();
                let is_medium = matches!(port.kind, PortKind::Image | PortKind::Video | PortKind::Media);
                assert_ne!(is_setting, is_medium, "{}: {}", model.id, port.name);
            }
            // The examples that the catalogue gives are good settings.
            for example in model.input_schema["examples"].as_array().into_iter().flatten() {
                let mut node = Node {
                    id: "made".into(),
                    kind: model.id.clone(),
                    version: None,
                    settings: example.as_object().cloned().unwrap_or_default(),
                    alias: None,
                    title: None,
                    position: None,
                };
                spell_out(&mut node);
                assert_eq!(
                    (node.kind.as_str(), &node.settings[MODEL]),
                    (GENERATE, &json!(model.id))
                );
                assert!(
                    faults(model, &node.settings).is_empty(),
                    "{}: {:?}",
                    model.id,
                    faults(model, &node.settings)
                );
                let wrong = Values::from_iter([(INPUTS.to_owned(), json!({ "no_such_setting": 1 }))]);
                assert_eq!(faults(model, &wrong).len(), 1);
            }
        }
    }

    #[test]
    fn the_media_of_a_model_are_ports_of_its_node() {
        let kind = super::super::find(GENERATE, None).expect("a type");
        let names = |settings: Value| -> Vec<String> {
            let settings = settings.as_object().cloned().unwrap_or_default();
            kind.inputs.with(&settings).into_iter().map(|port| port.name).collect()
        };
        let general = names(json!({}));
        assert!(general.contains(&"first_frame".to_owned()) && general.contains(&"prompt".to_owned()));
        let edit = names(json!({ "model": "image/openai/gpt-image-2" }));
        assert!(
            edit.contains(&"mask".to_owned())
                && edit.contains(&"images".to_owned())
                && !edit.contains(&"video".to_owned())
        );
    }
}
