//! Composing made easy: words on a picture, and a mark in its corner.

use aquatint_domain::{Port, PortKind};
use serde_json::{Map, Value, json};

use super::operations::arguments;
use super::{NodeType, Ports, Values, Work, schema};
use crate::operations;

const ANCHORS: [&str; 9] = [
    "top_left",
    "top",
    "top_right",
    "left",
    "center",
    "right",
    "bottom_left",
    "bottom",
    "bottom_right",
];

pub(super) fn types() -> Vec<NodeType> {
    let Some(entry) = operations::find("edit.compose") else {
        return Vec::new();
    };
    let image = || Port::new("image", PortKind::Image).required();
    let outputs = || Ports::Fixed(vec![Port::new("image", PortKind::Image)]);
    let place =
        json!({ "type": "string", "enum": ANCHORS, "default": "bottom_right", "description": "Where it stands." });
    vec![
        NodeType {
            name: "image.text".into(),
            version: 1,
            title: "Text on a picture".into(),
            about: "Puts words on a picture.".into(),
            category: "edit",
            settings: schema(
                &json!({
                    "text": { "type": "string", "minLength": 1, "maxLength": 500, "description": "The words." },
                    "anchor": place,
                    "margin": { "type": "integer", "minimum": 0, "maximum": 2000, "default": 32, "description": "Pixels to the edges." },
                    "size": { "type": "number", "minimum": 4, "maximum": 1000, "default": 48, "description": "Height of the letters, in pixels." },
                    "color": { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "default": "#ffffff", "description": "Such as #ffffff." },
                    "bold": { "type": "boolean", "default": false, "description": "Heavy letters." },
                }),
                &["text"],
            ),
            inputs: Ports::Fixed(vec![image(), Port::new("text", PortKind::Text)]),
            outputs: outputs(),
            work: Work::Make {
                entry,
                arguments: |settings, inputs| {
                    let all = arguments(settings, inputs, &[])?;
                    let mut layer = placed(&all);
                    for (name, default) in [
                        ("text", json!("")),
                        ("size", json!(48)),
                        ("color", json!("#ffffff")),
                        ("bold", json!(false)),
                    ] {
                        layer.insert(name.to_owned(), all.get(name).cloned().unwrap_or(default));
                    }
                    Ok(composed(&all, layer))
                },
            },
        },
        NodeType {
            name: "image.watermark".into(),
            version: 1,
            title: "Watermark".into(),
            about: "Lays a small picture, such as a logo, on another.".into(),
            category: "edit",
            settings: schema(
                &json!({
                    "anchor": place,
                    "margin": { "type": "integer", "minimum": 0, "maximum": 2000, "default": 32, "description": "Pixels to the edges." },
                    "width": { "type": "integer", "minimum": 1, "maximum": 8000, "default": 160, "description": "Width of the mark, in pixels." },
                    "opacity": { "type": "number", "minimum": 0, "maximum": 1, "default": 0.7, "description": "0 is unseen, 1 covers." },
                }),
                &[],
            ),
            inputs: Ports::Fixed(vec![image(), Port::new("mark", PortKind::Image).required()]),
            outputs: outputs(),
            work: Work::Make {
                entry,
                arguments: |settings, inputs| {
                    let all = arguments(settings, inputs, &[])?;
                    let mut layer = placed(&all);
                    layer.insert("image".into(), all.get("mark").cloned().unwrap_or_default());
                    for (name, default) in [("width", json!(160)), ("opacity", json!(0.7))] {
                        layer.insert(name.to_owned(), all.get(name).cloned().unwrap_or(default));
                    }
                    Ok(composed(&all, layer))
                },
            },
        },
    ]
}

/// A layer at its place: the margin pushes it away from the edges that it is anchored to.
fn placed(all: &Values) -> Values {
    let anchor = all.get("anchor").and_then(Value::as_str).unwrap_or("bottom_right");
    let margin = all.get("margin").and_then(Value::as_i64).unwrap_or(32);
    let x = if anchor.contains("left") {
        margin
    } else if anchor.contains("right") {
        -margin
    } else {
        0
    };
    let y = if anchor.starts_with("top") {
        margin
    } else if anchor.starts_with("bottom") {
        -margin
    } else {
        0
    };
    Map::from_iter([
        ("anchor".to_owned(), json!(anchor)),
        ("x".to_owned(), json!(x)),
        ("y".to_owned(), json!(y)),
    ])
}

fn composed(all: &Values, layer: Values) -> Values {
    let mut arguments = Map::from_iter([("layers".to_owned(), json!([layer]))]);
    if let Some(image) = all.get("image") {
        arguments.insert("images".into(), image.clone());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_leads_inwards() {
        for (anchor, x, y) in [
            ("top_left", 8, 8),
            ("bottom_right", -8, -8),
            ("center", 0, 0),
            ("left", 8, 0),
            ("bottom", 0, -8),
        ] {
            let all = Map::from_iter([("anchor".to_owned(), json!(anchor)), ("margin".to_owned(), json!(8))]);
            let layer = placed(&all);
            assert_eq!((&layer["x"], &layer["y"]), (&json!(x), &json!(y)), "{anchor}");
        }
    }
}
