//! Inputs: what a run brings, or a default.

use aquatint_domain::{Port, PortKind};
use serde_json::{Value, json};

use super::{NodeType, Ports, Work, schema};

pub(super) fn types() -> Vec<NodeType> {
    vec![
        input(
            PortKind::Image,
            "Image input",
            "A picture that each run brings: an asset id or an https URL.",
            json!({ "default": { "type": "string", "description": "The asset that is used where a run brings none." } }),
        ),
        input(
            PortKind::Video,
            "Video input",
            "A film that each run brings: an asset id or an https URL.",
            json!({ "default": { "type": "string", "description": "The asset that is used where a run brings none." } }),
        ),
        input(
            PortKind::Text,
            "Text input",
            "Words that each run brings.",
            json!({ "default": { "type": "string", "maxLength": 10_000, "description": "What is used where a run brings none." } }),
        ),
        input(
            PortKind::Number,
            "Number input",
            "A number that each run brings.",
            json!({
                "default": { "type": "number", "description": "What is used where a run brings none." },
                "minimum": { "type": "number", "description": "The least that is taken." },
                "maximum": { "type": "number", "description": "The most that is taken." },
            }),
        ),
        choice(),
    ]
}

fn input(kind: PortKind, title: &str, about: &str, properties: Value) -> NodeType {
    NodeType {
        name: format!("input.{kind}"),
        version: 1,
        title: title.to_owned(),
        about: about.to_owned(),
        category: "inputs",
        settings: schema(&properties, &[]),
        inputs: Ports::Fixed(Vec::new()),
        outputs: Ports::Fixed(vec![Port::new(kind.as_str(), kind)]),
        work: Work::Input,
    }
}

fn choice() -> NodeType {
    NodeType {
        name: "input.choice".into(),
        version: 1,
        title: "Choice input".into(),
        about: "One of several words, which each run chooses.".into(),
        category: "inputs",
        settings: schema(
            &json!({
                "options": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 100, "description": "What can be chosen." },
                "default": { "type": "string", "description": "What is chosen where a run does not; the first by default." },
            }),
            &["options"],
        ),
        inputs: Ports::Fixed(Vec::new()),
        outputs: Ports::Fixed(vec![Port::new("text", PortKind::Text)]),
        work: Work::Input,
    }
}
