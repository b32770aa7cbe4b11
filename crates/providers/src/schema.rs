//! Input schemas of models, put together from the usual inputs under their usual names.
//!
//! Every model calls the same thing by the same name, so that a caller who knows one knows the next. What only one
//! vendor has keeps the vendor's name and joins by [`Inputs::with`].

use serde_json::{Map, Value, json};

/// A schema in the making (JSON Schema draft 2020-12).
pub struct Inputs {
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    any_of: Vec<Vec<&'static str>>,
    examples: Vec<Value>,
}

/// An asset id for examples.
pub const EXAMPLE_ASSET: &str = "ast_0123456789abcdefghjkmnpqrs";

impl Inputs {
    /// Begins with a prompt that must be there.
    pub fn prompt(max_chars: u32) -> Self {
        Self::none().with("prompt", prompt(max_chars)).require("prompt")
    }

    /// Begins with a prompt that may be left out.
    pub fn optional_prompt(max_chars: u32) -> Self {
        Self::none().with("prompt", prompt(max_chars))
    }

    /// Begins without any.
    pub fn none() -> Self {
        Self {
            properties: Map::new(),
            required: Vec::new(),
            any_of: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// An input of the vendor's own, or one with other limits than usual.
    pub fn with(mut self, name: &str, schema: Value) -> Self {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    pub fn require(mut self, name: &'static str) -> Self {
        self.required.push(name);
        self
    }

    /// At least one of these must be there.
    pub fn require_one_of(mut self, names: &[&'static str]) -> Self {
        self.any_of.push(names.to_vec());
        self
    }

    /// A whole call; every capability of a model needs one. Media are written as [`EXAMPLE_ASSET`].
    pub fn example(mut self, example: Value) -> Self {
        self.examples.push(example);
        self
    }

    /// `count`, 1 to 10: more than one request can ask for is made by several.
    pub fn count(self) -> Self {
        self.with(
            "count",
            json!({ "type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "How many results." }),
        )
    }

    pub fn negative_prompt(self, max_chars: u32) -> Self {
        self.with(
            "negative_prompt",
            json!({ "type": "string", "maxLength": max_chars, "description": "What must not be in it." }),
        )
    }

    pub fn seed(self, max: u64) -> Self {
        self.with("seed", json!({ "type": "integer", "minimum": 0, "maximum": max, "description": "The same seed gives the same result, as far as the vendor keeps that." }))
    }

    /// Slug of a style preset; its words join the prompt.
    pub fn style(self) -> Self {
        self.with(
            "style",
            json!({ "type": "string", "maxLength": 60, "description": "A slug from `models` `styles`." }),
        )
    }

    /// `images`: what is changed, or references, up to so many.
    pub fn images(self, max: u32, description: &str) -> Self {
        self.with("images", json!({ "type": "array", "items": medium("image/*", "An asset id, https URL or data URI."), "minItems": 1, "maxItems": max, "description": description }))
    }

    /// One medium in a field of its own: `mask`, `first_frame`, `last_frame`, `video` (`kind` is `image/*` or `video/*`).
    pub fn medium(self, name: &str, kind: &str, description: &str) -> Self {
        let schema = medium(kind, &format!("{description} An asset id, https URL or data URI."));
        self.with(name, schema)
    }

    /// `width` and `height` in pixels, with `shape` and `aspect_ratio` as other ways to say them.
    pub fn size(self, min: u32, max: u32, width: u32, height: u32) -> Self {
        let side = |default: u32| json!({ "type": "integer", "minimum": min, "maximum": max, "default": default, "description": "Pixels." });
        self.with("width", side(width)).with("height", side(height)).shape().with(
            "aspect_ratio",
            json!({ "type": "string", "pattern": "^[0-9]{1,4}:[0-9]{1,4}$", "description": "Such as 16:9, in place of width and height." }),
        )
    }

    /// `aspect_ratio`, one of these.
    pub fn ratios(self, ratios: &[&str], default: &str) -> Self {
        self.shape().with(
            "aspect_ratio",
            json!({ "type": "string", "enum": ratios, "default": default, "description": "Width to height." }),
        )
    }

    fn shape(self) -> Self {
        self.with(
            "shape",
            json!({ "type": "string", "maxLength": 60, "description": "A slug from `models` `shapes`." }),
        )
    }

    /// `resolution`, such as `720p` or `2k`.
    pub fn resolution(self, values: &[&str], default: &str) -> Self {
        self.choice("resolution", values, default, "How large.")
    }

    /// `quality`, from the vendor's list.
    pub fn quality(self, values: &[&str], default: &str) -> Self {
        self.choice("quality", values, default, "More takes longer and costs more.")
    }

    /// One word of a list.
    pub fn choice(self, name: &str, values: &[&str], default: &str, description: &str) -> Self {
        self.with(
            name,
            json!({ "type": "string", "enum": values, "default": default, "description": description }),
        )
    }

    pub fn flag(self, name: &str, default: bool, description: &str) -> Self {
        self.with(
            name,
            json!({ "type": "boolean", "default": default, "description": description }),
        )
    }

    /// `duration_seconds`, one of a list.
    pub fn seconds(self, values: &[u32], default: u32) -> Self {
        self.with(
            "duration_seconds",
            json!({ "type": "integer", "enum": values, "default": default, "description": "Length of the video." }),
        )
    }

    /// `duration_seconds` between two limits.
    pub fn seconds_between(self, min: u32, max: u32, default: u32) -> Self {
        self.with("duration_seconds", json!({ "type": "integer", "minimum": min, "maximum": max, "default": default, "description": "Length of the video." }))
    }

    /// `output_format`, from what the vendor writes itself.
    pub fn formats(self, values: &[&str], default: &str) -> Self {
        self.choice("output_format", values, default, "The file's format.")
    }

    pub fn finish(self) -> Value {
        let mut schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "additionalProperties": false,
            "properties": self.properties,
        });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if let [names] = self.any_of.as_slice() {
            schema["anyOf"] = names.iter().map(|name| json!({ "required": [name] })).collect();
        } else if !self.any_of.is_empty() {
            schema["allOf"] = self
                .any_of
                .iter()
                .map(|names| json!({ "anyOf": names.iter().map(|name| json!({ "required": [name] })).collect::<Vec<_>>() }))
                .collect();
        }
        schema["examples"] = self.examples.into();
        schema
    }
}

fn prompt(max_chars: u32) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max_chars, "description": "What to show.", "examples": ["a glass bottle on wet stone, soft morning light"] })
}

/// A field that takes a file. `contentMediaType` is the standard's own annotation (JSON Schema 2020-12, validation, 8.4);
/// the product finds the fields to fetch by it.
fn medium(kind: &str, description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "contentMediaType": kind, "description": description })
}

/// The media fields of a schema: name, the kind of file such as `image/*`, and whether the field is a list.
pub fn media_fields(schema: &Value) -> Vec<(String, String, bool)> {
    let kind = |schema: &Value| {
        schema
            .get("contentMediaType")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, field)| {
            let one = kind(field).map(|kind| (name.clone(), kind, false));
            one.or_else(|| kind(field.get("items")?).map(|kind| (name.clone(), kind, true)))
        })
        .collect()
}

/// The inputs with the defaults of the schema filled in, where the inputs are an object.
pub fn with_defaults(schema: &Value, inputs: &Map<String, Value>) -> Map<String, Value> {
    let mut filled = inputs.clone();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(default) = field.get("default")
            && !filled.contains_key(name)
        {
            filled.insert(name.clone(), default.clone());
        }
    }
    filled
}

/// What a vendor's file gets as `Order::inputs`: defaults filled in, and without what the layers see to: media, `count`,
/// `style`, `shape`, and `aspect_ratio` where the size is asked for in pixels.
pub fn settled(model: &aquatint_domain::Model, inputs: &Map<String, Value>) -> Map<String, Value> {
    use aquatint_domain::model::Sizing;
    let mut settled = with_defaults(&model.input_schema, inputs);
    for (name, _, _) in media_fields(&model.input_schema) {
        settled.remove(&name);
    }
    for name in ["count", "style", "shape"] {
        settled.remove(name);
    }
    if matches!(model.sizing, Sizing::Free { .. } | Sizing::Listed(_)) {
        settled.remove("aspect_ratio");
    }
    settled
}
