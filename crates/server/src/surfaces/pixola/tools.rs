//! The eight tools.

use aquatint_app::operation::Effects;
use serde_json::{Value, json};

use crate::surfaces::service::Tool;

const fn reads(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    input: fn() -> Value,
    output: fn() -> Value,
) -> Tool {
    Tool {
        name,
        title,
        description,
        input,
        output,
        aliases: &[],
        effects: Effects::Reads,
        takes_media: false,
        widget: None,
        is_patient: false,
    }
}

pub(super) static TOOLS: [Tool; 8] = [
    Tool {
        name: "generate_image",
        title: "Generate images",
        description: "Make one or more images from a prompt. Waits by itself and returns the URLs when they are ready. When the \
                      connection breaks before the answer came, make the same call again: it finds the same batch, charged once.",
        input: generate,
        output: batch,
        aliases: &[("n", "count")],
        effects: Effects::Spends,
        takes_media: false,
        widget: Some("form"),
        is_patient: true,
    },
    Tool {
        widget: Some("models"),
        ..reads(
            "list_models",
            "List models",
            "Every image model with slug, description and price in credits.",
            nothing,
            || list("models"),
        )
    },
    reads(
        "list_styles",
        "List styles",
        "Style presets by category.",
        nothing,
        || json!({ "type": "object", "properties": { "styles": objects(), "categories": objects() }, "required": ["styles", "categories"] }),
    ),
    reads(
        "list_shapes",
        "List shapes",
        "Aspect ratios with slug and dimensions.",
        nothing,
        || list("shapes"),
    ),
    Tool {
        widget: Some("account"),
        ..reads(
            "check_credits",
            "Check credits",
            "Credit balance and subscription plan.",
            nothing,
            || json!({ "type": "object", "properties": { "credits": { "type": "number" }, "plan": { "type": "string" } }, "required": ["credits", "plan"] }),
        )
    },
    Tool {
        aliases: &[("batch_id", "batchId"), ("id", "batchId"), ("job_id", "batchId")],
        ..reads(
            "get_batch",
            "Get a batch",
            "Status of a generation batch, with image URLs when it is complete.",
            || json!({ "type": "object", "properties": { "batchId": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Batch id, as `generate_image` returns it." } }, "required": ["batchId"] }),
            batch,
        )
    },
    Tool {
        widget: Some("gallery"),
        ..reads(
            "list_images",
            "List images",
            "Recent images with title, model and URL, newest first.",
            || json!({ "type": "object", "properties": { "limit": { "type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "At most this many." } } }),
            || list("images"),
        )
    },
    Tool {
        widget: Some("gallery"),
        aliases: &[("image_id", "imageId"), ("id", "imageId"), ("asset_id", "imageId")],
        ..reads(
            "get_image",
            "Get an image",
            "Details and a download URL of one image.",
            || json!({ "type": "object", "properties": { "imageId": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Image id." } }, "required": ["imageId"] }),
            || json!({ "type": "object", "properties": { "imageId": { "type": "string" }, "downloadUrl": { "type": "string" } }, "required": ["imageId", "downloadUrl"] }),
        )
    },
];

fn nothing() -> Value {
    json!({ "type": "object", "properties": {} })
}

fn objects() -> Value {
    json!({ "type": "array", "items": { "type": "object" } })
}

fn list(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: objects() }, "required": [name] })
}

fn generate() -> Value {
    json!({
        "type": "object",
        "properties": {
            "prompt": { "type": "string", "minLength": 1, "maxLength": 32000, "description": "What the image shows." },
            "model": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Slug from `list_models`; without it the best that there is." },
            "style": { "type": "string", "maxLength": 60, "default": "no-style", "description": "Slug from `list_styles`." },
            "shape": { "type": "string", "maxLength": 60, "default": "square", "description": "Slug from `list_shapes`." },
            "quality": { "type": "string", "enum": ["standard", "hd"], "default": "standard", "description": "`hd` costs more with most models." },
            "count": { "type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "How many images." },
        },
        "required": ["prompt"],
    })
}

fn batch() -> Value {
    json!({
        "type": "object",
        "properties": { "batchId": { "type": "string" }, "status": { "type": "string" }, "images": objects() },
        "required": ["batchId", "status", "images"],
    })
}
