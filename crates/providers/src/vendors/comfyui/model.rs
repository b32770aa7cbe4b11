//! The catalogue's row of a workflow.

use aquatint_domain::model::Sizing;
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Map, Value, json};

use super::FACTS;
use super::inputs::{Input, Takes};
use super::workflow::Workflow;
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// Seeds of ComfyUI have 64 bits; JSON in browsers keeps 53 of them.
pub(super) const MAX_SEED: u64 = (1 << 53) - 1;
/// Pictures that one run is asked for at most.
const MAX_BATCH: u32 = 4;
const MAX_PROMPT_CHARS: u32 = 20_000;

/// The row. `vendor_model` says where the graph is found again.
pub(super) fn row(name: &str, vendor_model: &str, workflow: &Workflow) -> Model {
    let kind = workflow.makes;
    let has = |name: &str| workflow.input(name).is_some();
    let pictures = workflow.input("images").map_or(0, |input| input.places.len());
    let is_video = kind == MediaKind::Video;
    Model {
        name: format!("{name} (ComfyUI)"),
        vendor_model: vendor_model.to_owned(),
        description: format!("The workflow {name} on a ComfyUI server of one's own."),
        best_for: "what the workflow was made for, on hardware of one's own".into(),
        capabilities: Capabilities {
            text_to_image: !is_video && has("prompt") && pictures == 0,
            image_to_image: !is_video && pictures > 0,
            text_to_video: is_video && has("prompt") && pictures == 0,
            image_to_video: is_video && pictures > 0,
            video_to_video: is_video && has("video"),
            references: pictures > 1,
            masks: has("mask"),
            upscale: !is_video && pictures > 0 && workflow.upscales,
            ..Capabilities::default()
        },
        sizing: if has("width") && has("height") {
            Sizing::Free {
                step: 8,
                min_pixels: 64 * 64,
                max_pixels: 4096 * 4096,
                max_ratio: 8.0,
            }
        } else {
            Sizing::Own
        },
        outputs_per_request: if has("count") { MAX_BATCH } else { 1 },
        speed: if is_video { "slow" } else { "medium" }.into(),
        pricing_rating: 1,
        license: "that of the models that the workflow loads".into(),
        docs_url: Some("https://docs.comfy.org/".into()),
        input_schema: schema(workflow),
        ..Model::base(&format!("{}/comfyui/{}", kind.as_str(), slug(name)), FACTS.id, kind)
    }
}

/// A name for ids: lower case letters, digits and single hyphens.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for ch in name.chars().take(80) {
        if ch.is_ascii_alphanumeric() || (ch == '.' && !slug.is_empty()) {
            slug.push(ch.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches(['-', '.']);
    if slug.is_empty() {
        "workflow".to_owned()
    } else {
        slug.to_owned()
    }
}

fn schema(workflow: &Workflow) -> Value {
    let mut inputs = Inputs::none();
    let mut example = Map::new();
    for input in &workflow.inputs {
        inputs = describe(inputs, input, workflow);
        match (input.name.as_str(), input.takes) {
            ("prompt", _) => drop(example.insert("prompt".into(), "a lighthouse in a storm, oil on canvas".into())),
            (name, Takes::Picture | Takes::Video) => drop(example.insert(name.to_owned(), EXAMPLE_ASSET.into())),
            (name, Takes::Pictures) => {
                drop(example.insert(name.to_owned(), vec![EXAMPLE_ASSET; input.places.len()].into()))
            }
            _ => {}
        }
    }
    if workflow.input("prompt").is_some() {
        inputs = inputs.require("prompt").style();
    }
    if workflow.input("count").is_none() {
        inputs = inputs.count();
    }
    let mut schema = inputs.example(example.into()).finish();
    // Files have no default: without them a run would ask for one on its author's machine.
    let files = workflow
        .inputs
        .iter()
        .filter(|input| input.default.is_none())
        .map(|input| Value::from(input.name.clone()));
    let mut required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    required.extend(files);
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn describe(inputs: Inputs, input: &Input, workflow: &Workflow) -> Inputs {
    let default = input.default.clone().unwrap_or(Value::Null);
    let with_default = |mut schema: Value| {
        if !default.is_null() {
            schema["default"] = default.clone();
        }
        schema
    };
    let of_node = || {
        let nodes: Vec<&str> = input.places.iter().map(|place| place.node.as_str()).collect();
        format!(
            "`{}` of node {}.",
            input.places.first().map_or("", |place| place.input.as_str()),
            nodes.join(", ")
        )
    };
    match (input.name.as_str(), input.takes) {
        ("prompt", Takes::Text) => inputs.with(
            "prompt",
            json!({ "type": "string", "minLength": 1, "maxLength": MAX_PROMPT_CHARS, "description": "What to show." }),
        ),
        ("negative_prompt", Takes::Text) => inputs.with(
            "negative_prompt",
            with_default(json!({ "type": "string", "maxLength": MAX_PROMPT_CHARS, "description": "What must not be in it." })),
        ),
        (name, Takes::Text) => {
            inputs.with(name, with_default(json!({ "type": "string", "maxLength": MAX_PROMPT_CHARS, "description": of_node() })))
        }
        (_, Takes::Seed) => inputs.seed(MAX_SEED),
        ("width", Takes::Side) => match workflow.input("height") {
            Some(height) => inputs.size(64, 4096, side(input), side(height)),
            None => inputs.with("width", with_default(json!({ "type": "integer", "minimum": 16, "maximum": 16384, "description": "Pixels." }))),
        },
        ("height", Takes::Side) if workflow.input("width").is_some() => inputs,
        (name, Takes::Side) => {
            inputs.with(name, with_default(json!({ "type": "integer", "minimum": 16, "maximum": 16384, "description": "Pixels." })))
        }
        (_, Takes::Count) => inputs.count(),
        (name, Takes::Frames) => {
            inputs.with(name, with_default(json!({ "type": "integer", "minimum": 1, "maximum": 2000, "description": "How many frames the video has." })))
        }
        (name, Takes::Whole) => inputs.with(name, with_default(json!({ "type": "integer", "description": of_node() }))),
        (name, Takes::Number) => inputs.with(name, with_default(json!({ "type": "number", "description": of_node() }))),
        (name, Takes::Switch) => inputs.with(name, with_default(json!({ "type": "boolean", "description": of_node() }))),
        (name, Takes::Picture) => inputs.medium(name, "image/*", &of_node()),
        (name, Takes::Video) => inputs.medium(name, "video/*", &of_node()),
        (name, Takes::Pictures) => {
            let count = input.places.len();
            inputs.with(
                name,
                json!({
                    "type": "array", "minItems": count, "maxItems": count, "description": of_node(),
                    "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." }
                }),
            )
        }
    }
}

/// The side that the file asks for, where the limits allow it.
fn side(input: &Input) -> u32 {
    let given = input.default.as_ref().and_then(Value::as_u64).unwrap_or(1024);
    u32::try_from(given.clamp(64, 4096)).unwrap_or(1024)
}
