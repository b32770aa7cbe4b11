//! Composing made easy: words on a picture, a mark on it, and layers whose pictures and words come by edges.

use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Map, Value, json};

use super::operations::arguments;
use super::text::{filled, names_in};
use super::{NodeType, Ports, Values, Work, schema};
use crate::operations;

const LAYERS: &str = "layers";
/// Places in the layers of one node.
const PLACES_MAX: usize = 30;
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
    let margin = json!({ "type": "integer", "minimum": 0, "maximum": 2000, "default": 32, "description": "Pixels to the edges." });
    let color = |default: &str, about: &str| json!({ "type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "default": default, "description": about });
    let size =
        json!({ "type": "number", "minimum": 4, "maximum": 1000, "description": "Height of the letters, in pixels." });
    let bold = json!({ "type": "boolean", "default": false, "description": "Heavy letters." });
    let format = json!({ "type": "string", "enum": ["png", "jpeg", "webp", "avif"], "description": "How the result is written." });
    let quality =
        json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "Quality of jpeg, webp and avif." });
    let mut sized = size.clone();
    sized["default"] = json!(48);
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
                    "margin": margin,
                    "size": sized,
                    "color": color("#ffffff", "Such as #ffffff."),
                    "bold": bold,
                    "width": { "type": "integer", "minimum": 1, "maximum": 8000, "description": "Where lines break, in pixels." },
                    "plate": { "type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "description": "A colour behind the words." },
                    "output_format": format,
                    "quality": quality,
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
                    for name in ["width", "plate"] {
                        layer.extend(all.get(name).map(|value| (name.to_owned(), value.clone())));
                    }
                    Ok(composed(&all, layer))
                },
            },
        },
        NodeType {
            name: "image.watermark".into(),
            version: 1,
            title: "Watermark".into(),
            about: "Lays a mark on a picture, in a corner or all over: a logo that comes in at `mark`, or words."
                .into(),
            category: "edit",
            settings: schema(
                &json!({
                    "text": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Words in place of a picture." },
                    "tile": { "type": "boolean", "default": false, "description": "All over the picture, slanted, rather than in one place." },
                    "anchor": place,
                    "margin": margin,
                    "width": { "type": "integer", "minimum": 1, "maximum": 8000, "default": 160, "description": "Width of a mark that is a picture, in pixels." },
                    "size": size,
                    "color": color("#ffffff", "Of words, such as #ffffff."),
                    "bold": bold,
                    "opacity": { "type": "number", "minimum": 0, "maximum": 1, "description": "0 is unseen, 1 covers; 0.7 by default, all over 0.25." },
                    "output_format": format,
                    "quality": quality,
                }),
                &[],
            ),
            inputs: Ports::Fixed(vec![
                image(),
                Port::new("mark", PortKind::Image),
                Port::new("text", PortKind::Text),
            ]),
            outputs: outputs(),
            work: Work::Make { entry, arguments: mark },
        },
        NodeType {
            name: "image.compose".into(),
            version: 1,
            title: "Layers".into(),
            about: "Lays pictures and words on a picture. Each {name} in a layer's `image` or `text` becomes an input."
                .into(),
            category: "edit",
            settings: schema(
                &json!({
                    LAYERS: {
                        "type": "array",
                        "items": { "type": "object" },
                        "minItems": 1,
                        "maxItems": 50,
                        "description": "In order, as `edit.compose` takes them: `image` such as {product} or `text` such as {headline}; `anchor`, `x`, `y`, `width`, `height`, `fit`, `rotate`, `opacity`, `blend`, `tile`, `gap`; for text `size`, `color`, `bold`, `plate`. Words that come empty are left out.",
                    },
                    "output_format": format,
                    "quality": quality,
                }),
                &[LAYERS],
            ),
            inputs: Ports::Of(|settings| {
                let mut ports = vec![Port::new("image", PortKind::Image).required()];
                for (name, kind) in places(settings) {
                    if ports.iter().all(|port| port.name != name) && ports.len() <= PLACES_MAX {
                        ports.push(Port::new(name, kind).required());
                    }
                }
                ports
            }),
            outputs: outputs(),
            work: Work::Make {
                entry,
                arguments: layered,
            },
        },
    ]
}

/// The places in the layers: what they are called, and what comes there.
fn places(settings: &Values) -> Vec<(String, PortKind)> {
    let mut places = Vec::new();
    for layer in settings.get(LAYERS).and_then(Value::as_array).into_iter().flatten() {
        for (member, kind) in [("image", PortKind::Image), ("text", PortKind::Text)] {
            let names = layer[member].as_str().map(names_in).unwrap_or_default();
            places.extend(names.into_iter().map(|name| (name, kind)));
        }
    }
    places
}

/// The layers with what came in their places.
fn layered(settings: &Values, inputs: &Values) -> Result<Values, Problem> {
    let all = arguments(&Values::new(), inputs, &[])?;
    let mut layers = Vec::new();
    for layer in settings.get(LAYERS).and_then(Value::as_array).into_iter().flatten() {
        let mut layer = layer.clone();
        for member in ["image", "text"] {
            if let Some(text) = layer[member].as_str() {
                layer[member] = json!(filled(text, &all));
            }
        }
        // Words that nobody gave are no layer.
        if layer["text"].as_str().is_none_or(|text| !text.trim().is_empty()) {
            layers.push(layer);
        }
    }
    let mut made = written(settings);
    made.insert(LAYERS.into(), json!(layers));
    made.extend(all.get("image").map(|image| ("images".to_owned(), image.clone())));
    Ok(made)
}

fn mark(settings: &Values, inputs: &Values) -> Result<Values, Problem> {
    let all = arguments(settings, inputs, &[])?;
    let is_tiled = all.get("tile").and_then(Value::as_bool) == Some(true);
    let mut layer = placed(&all);
    if is_tiled {
        for (name, value) in [
            ("anchor", json!("center")),
            ("x", json!(0)),
            ("y", json!(0)),
            ("tile", json!(true)),
            ("gap", json!(120)),
            ("rotate", json!(-30)),
        ] {
            layer.insert(name.to_owned(), value);
        }
    }
    let usual = if is_tiled { json!(0.25) } else { json!(0.7) };
    layer.insert("opacity".into(), all.get("opacity").cloned().unwrap_or(usual));
    match (all.get("mark"), all.get("text")) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid(
                "text",
                "A watermark is a picture at `mark` or a `text`, not both.",
            ));
        }
        (Some(mark), None) => {
            layer.insert("image".into(), mark.clone());
            layer.insert("width".into(), all.get("width").cloned().unwrap_or(json!(160)));
        }
        (None, Some(text)) => {
            layer.insert("text".into(), text.clone());
            layer.insert("color".into(), all.get("color").cloned().unwrap_or(json!("#ffffff")));
            for name in ["size", "bold"] {
                layer.extend(all.get(name).map(|value| (name.to_owned(), value.clone())));
            }
        }
        (None, None) => {
            return Err(Problem::invalid(
                "text",
                "A watermark needs a `text`, or an edge that brings a picture to `mark`.",
            ));
        }
    }
    Ok(composed(&all, layer))
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
    let mut arguments = written(all);
    arguments.insert(LAYERS.to_owned(), json!([layer]));
    if let Some(image) = all.get("image") {
        arguments.insert("images".into(), image.clone());
    }
    arguments
}

/// How the result is written.
fn written(settings: &Values) -> Values {
    ["output_format", "quality"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), settings.get(name)?.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_layers_become_inputs_and_empty_words_are_left_out() {
        let settings = json!({ "layers": [
            { "image": "{product}", "anchor": "right", "width": 800, "height": 600, "fit": "contain" },
            { "text": "{headline}", "size": 90 }, { "text": "{line} – {headline}" },
        ] });
        let settings = settings.as_object().expect("an object");
        assert_eq!(
            places(settings).into_iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["product", "headline", "line", "headline"]
        );
        let asset = json!({ "asset_id": "ast_00000000000000000000000000" });
        let inputs = json!({ "image": asset, "product": asset, "headline": "", "line": "New" });
        let made = layered(settings, inputs.as_object().expect("an object")).expect("layers");
        assert_eq!(made["images"], "ast_00000000000000000000000000");
        let layers = made["layers"].as_array().expect("layers");
        assert_eq!(layers.len(), 2, "{layers:?}");
        assert_eq!(
            (&layers[0]["image"], &layers[1]["text"]),
            (&json!("ast_00000000000000000000000000"), &json!("New – "))
        );
    }

    #[test]
    fn a_watermark_is_words_or_a_picture_in_a_corner_or_all_over() {
        let with = |settings: Value, inputs: Value| {
            mark(
                settings.as_object().expect("an object"),
                inputs.as_object().expect("an object"),
            )
        };
        let asset = json!({ "asset_id": "ast_00000000000000000000000000" });
        let corner = with(json!({ "text": "© Ada" }), json!({ "image": asset })).expect("a mark");
        assert_eq!(corner["layers"][0]["x"], -32);
        let tiled = with(json!({ "tile": true }), json!({ "image": asset, "mark": asset })).expect("a mark");
        assert_eq!(
            (
                &tiled["layers"][0]["tile"],
                &tiled["layers"][0]["opacity"],
                &tiled["layers"][0]["width"]
            ),
            (&json!(true), &json!(0.25), &json!(160))
        );
        assert!(with(json!({}), json!({ "image": asset })).is_err());
        assert!(with(json!({ "text": "x" }), json!({ "image": asset, "mark": asset })).is_err());
    }

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
