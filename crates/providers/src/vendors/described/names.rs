//! Our names for a vendor's inputs, so that a caller who knows one model knows the next.
//!
//! What is renamed says so in the schema itself, by two annotations that validators pass over: `x-vendor-name`, the
//! name on the wire, and `x-vendor-form`, how the value is written there. So a model that was found at the vendor, one
//! of our rows and one that an operator typed are all put on the wire by the same few lines (`wire`).

use aquatint_domain::model::Sizing;
use aquatint_domain::{Capabilities, MediaKind};
use serde_json::{Map, Value, json};

/// The name on the wire, where it is not ours.
pub const NAME: &str = "x-vendor-name";
/// How the value is written on the wire, where not as it is: see [`Form`].
pub const FORM: &str = "x-vendor-form";

/// How a value is written on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text of digits: `"5"`.
    Text,
    /// Text with its unit: `"8s"`.
    Seconds,
    /// Only the first of a list.
    First,
    /// One value as a list.
    List,
    /// `width` or `height` within one object.
    Side,
    /// A mask that is black where something is to change.
    Inverted,
}

impl Form {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Text, "text"),
        (Self::Seconds, "seconds"),
        (Self::First, "first"),
        (Self::List, "list"),
        (Self::Side, "side"),
        (Self::Inverted, "inverted"),
    ];

    pub fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(form, _)| *form == self)
            .map_or("", |(_, word)| word)
    }

    /// The form that a property of our schema asks for.
    pub fn of(property: &Value) -> Option<Self> {
        let word = property.get(FORM)?.as_str()?;
        Self::ALL
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(form, _)| *form)
    }
}

/// How vendors mark files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `format: uri`, as cog writes it.
    Uri,
    /// Names that end in `_url` and `_urls`, as at fal.
    UrlNames,
}

/// A vendor's model in our words.
pub struct Described {
    pub schema: Value,
    pub outputs_per_request: u32,
    pub sizing: Sizing,
    pub capabilities: Capabilities,
}

/// Their names for what has a name here; the first that a model has is it, the others stay as they are.
const IMAGE_NAMES: &[(&str, &[&str])] = &[
    (
        "images",
        &[
            "images",
            "image_urls",
            "input_images",
            "image_input",
            "image",
            "image_url",
            "input_image",
            "input_image_url",
            "img",
            "reference_images",
            "reference_image_urls",
        ],
    ),
    ("mask", &["mask", "mask_url", "mask_image", "mask_image_url"]),
];
const VIDEO_NAMES: &[(&str, &[&str])] = &[
    (
        "first_frame",
        &[
            "start_image",
            "start_image_url",
            "first_frame_image",
            "first_frame_url",
            "first_frame",
            "image",
            "image_url",
            "input_image",
        ],
    ),
    (
        "last_frame",
        &[
            "last_frame",
            "last_frame_image",
            "last_frame_url",
            "end_image",
            "end_image_url",
            "last_image",
            "tail_image_url",
        ],
    ),
    (
        "images",
        &[
            "reference_images",
            "reference_image_urls",
            "image_urls",
            "images",
            "input_images",
            "image_input",
        ],
    ),
    ("video", &["video", "video_url", "input_video", "video_input"]),
    ("mask", &["mask", "mask_url", "mask_video_url"]),
];
const COUNT_NAMES: &[&str] = &["num_outputs", "num_images", "number_of_images", "num_samples"];
const SECONDS_NAMES: &[&str] = &["duration", "duration_seconds", "seconds"];

/// Inputs that are never offered. Results are fetched by us, so they are not sent inline; the vendor's content checks
/// are not for callers to switch off on the key of whoever runs this server.
const LEFT_OUT: &[&str] = &[
    "sync_mode",
    "webhook",
    "webhook_url",
    "disable_safety_checker",
    "enable_safety_checker",
    "end_user_id",
    "user",
];

/// Words in the names of files that are none of ours: they are passed on as plain URLs.
const NOT_MEDIA: &[&str] = &[
    "lora",
    "loras",
    "weight",
    "weights",
    "zip",
    "tar",
    "archive",
    "checkpoint",
    "model",
    "webhook",
    "config",
    "pdf",
    "path",
    "json",
    "font",
];

/// Words in the names of files that hold sound, and of those that hold a model in three dimensions.
const SOUNDS: &[&str] = &["audio", "audios", "voice", "song", "music", "sound", "speech"];
const MESHES: &[&str] = &["mesh", "glb", "gltf"];

/// Puts a stand-alone schema of a vendor into our words.
pub fn ours(schema: &Value, kind: MediaKind, dialect: Dialect) -> Described {
    let mut theirs = schema["properties"].as_object().cloned().unwrap_or_default();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for name in LEFT_OUT {
        theirs.shift_remove(*name);
    }
    let media: Vec<(String, &'static str)> = theirs
        .iter()
        .filter_map(|(name, property)| Some((name.clone(), medium_kind(name, property, dialect)?)))
        .collect();
    let mut renames: Vec<(String, &'static str)> = Vec::new();
    let table = if kind == MediaKind::Video {
        VIDEO_NAMES
    } else {
        IMAGE_NAMES
    };
    for (our_name, names) in table {
        if let Some(name) = names.iter().find(|name| media.iter().any(|(known, _)| known == *name)) {
            renames.push(((*name).to_owned(), our_name));
        }
    }
    let count = COUNT_NAMES
        .iter()
        .find(|name| theirs.get(**name).is_some_and(|property| property["type"] == "integer"));
    let seconds = SECONDS_NAMES.iter().find(|name| {
        theirs
            .get(**name)
            .is_some_and(|property| Length::read(property).is_some())
    });
    let size = theirs.get("image_size").and_then(Sides::read);

    let mut properties = Map::new();
    let mut our_required = Vec::new();
    let mut outputs_per_request = 1;
    for (name, property) in &theirs {
        let kind_of_file = media.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind);
        let (our_name, written) = if Some(&name.as_str()) == count {
            outputs_per_request = property["maximum"].as_u64().unwrap_or(1).clamp(1, 10) as u32;
            (
                "count",
                json!({ "type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "How many results.", NAME: name }),
            )
        } else if Some(&name.as_str()) == seconds {
            (
                "duration_seconds",
                Length::read(property).map_or_else(|| property.clone(), |length| length.schema(name)),
            )
        } else if name == "image_size" && size.is_some() {
            continue;
        } else if let Some(kind_of_file) = kind_of_file {
            let our_name = renames
                .iter()
                .find(|(known, _)| known == name)
                .map_or(name.as_str(), |(_, ours)| *ours);
            (our_name, file(our_name, name, property, kind_of_file))
        } else if name == "seed" {
            let max = property["maximum"].as_u64().unwrap_or(2_147_483_647);
            (
                "seed",
                json!({ "type": "integer", "minimum": 0, "maximum": max, "description": "The same seed gives the same result, as far as the vendor keeps that." }),
            )
        } else {
            (name.as_str(), property.clone())
        };
        if required.contains(&name.as_str()) {
            our_required.push(our_name.to_owned());
        }
        properties.insert(our_name.to_owned(), written);
    }
    let mut sizing = Sizing::Own;
    if let Some(sides) = size {
        properties.insert("width".to_owned(), sides.schema(sides.width));
        properties.insert("height".to_owned(), sides.schema(sides.height));
        sizing = sides.sizing();
    } else if properties
        .get("aspect_ratio")
        .is_some_and(|property| property["enum"].is_array())
    {
        // Where a model has both, width and height count only beside a ratio called `custom`.
        sizing = Sizing::Ratio;
    } else if let (Some(width), Some(height)) = (properties.get("width"), properties.get("height")) {
        sizing = free(width, height);
    }
    properties.entry("count").or_insert_with(
        || json!({ "type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "How many results." }),
    );
    let capabilities = capabilities(kind, &properties, &our_required);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if !our_required.is_empty() {
        schema["required"] = json!(our_required);
    }
    Described {
        schema,
        outputs_per_request,
        sizing,
        capabilities,
    }
}

/// Whether an input takes a file of ours: `image/*`, `video/*`, `audio/*` or `model/*`.
fn medium_kind(name: &str, property: &Value, dialect: Dialect) -> Option<&'static str> {
    let (one, is_list) = match property["type"].as_str() {
        Some("array") => (&property["items"], true),
        _ => (property, false),
    };
    if one["type"] != "string" || one.get("enum").is_some() {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let is_file = match dialect {
        Dialect::Uri => one["format"] == "uri",
        Dialect::UrlNames => lower.ends_with("_url") || (is_list && lower.ends_with("_urls")),
    };
    let has = |words: &[&str]| lower.split('_').any(|word| words.contains(&word));
    if !is_file || has(NOT_MEDIA) {
        return None;
    }
    Some(if has(SOUNDS) {
        "audio/*"
    } else if has(MESHES) {
        "model/*"
    } else if lower.contains("video") {
        "video/*"
    } else {
        "image/*"
    })
}

/// A file in our words: `images` is always a list, every other field as the vendor has it.
fn file(our_name: &str, name: &str, property: &Value, kind: &str) -> Value {
    let text = property["description"].as_str().unwrap_or_default();
    let one = json!({ "type": "string", "minLength": 1, "contentMediaType": kind, "description": "An asset id, https URL or data URI." });
    let is_list = property["type"] == "array";
    let mut written = if our_name == "images" || is_list {
        let most = if is_list {
            property["maxItems"].as_u64().unwrap_or(14).clamp(1, 30)
        } else {
            1
        };
        json!({ "type": "array", "items": one, "minItems": 1, "maxItems": most, "description": text })
    } else {
        let mut one = one;
        one["description"] = json!(format!("{text} An asset id, https URL or data URI.").trim_start());
        one
    };
    if our_name != name {
        written[NAME] = json!(name);
    }
    if !is_list && our_name == "images" {
        written[FORM] = json!(Form::First.word());
    } else if is_list && written["type"] == "array" {
        written[FORM] = json!(Form::List.word());
    }
    written
}

/// The length of a video as vendors write it: a number, or text such as `"5"` or `"8s"`.
struct Length {
    /// Empty for any number between the limits.
    values: Vec<u64>,
    limits: Option<(u64, u64)>,
    default: Option<u64>,
    form: Option<Form>,
}

impl Length {
    fn read(property: &Value) -> Option<Self> {
        let whole = |value: &Value| match value {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim_end_matches('s').parse().ok(),
            _ => None,
        };
        let words = property["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
        let values: Vec<u64> = words.iter().filter_map(whole).collect();
        let form = match words.iter().find_map(Value::as_str) {
            Some(_) if words.iter().filter_map(Value::as_str).any(|word| word.ends_with('s')) => Some(Form::Seconds),
            Some(_) => Some(Form::Text),
            None => None,
        };
        let limits = match (
            &property["type"],
            property["minimum"].as_u64(),
            property["maximum"].as_u64(),
        ) {
            (kind, Some(least), Some(most)) if kind == "integer" || kind == "number" => {
                Some((least.max(1), most.max(1)))
            }
            _ => None,
        };
        if values.is_empty() && limits.is_none() {
            return None;
        }
        Some(Self {
            values,
            limits,
            default: whole(&property["default"]),
            form,
        })
    }

    fn schema(&self, name: &str) -> Value {
        let mut schema = json!({ "type": "integer", "description": "Length of the video." });
        if self.values.is_empty() {
            if let Some((least, most)) = self.limits {
                schema["minimum"] = json!(least);
                schema["maximum"] = json!(most);
            }
        } else {
            schema["enum"] = json!(self.values);
        }
        // A list that also has `auto` has no default of ours: then the vendor decides, and the price is an estimate.
        if let Some(default) = self.default.or(self.values.first().copied()) {
            schema["default"] = json!(default);
        }
        if name != "duration_seconds" {
            schema[NAME] = json!(name);
        }
        if let Some(form) = self.form {
            schema[FORM] = json!(form.word());
        }
        schema
    }
}

/// `image_size` of fal: an object of width and height, or the name of a preset.
struct Sides {
    min: u64,
    max: u64,
    width: u64,
    height: u64,
}

impl Sides {
    fn read(property: &Value) -> Option<Self> {
        let object = property["anyOf"]
            .as_array()
            .into_iter()
            .flatten()
            .chain([property])
            .find(|choice| choice["properties"]["width"].is_object() && choice["properties"]["height"].is_object())?;
        let width = &object["properties"]["width"];
        let max = width["maximum"].as_u64().unwrap_or(2_048).clamp(256, 4_096);
        let (mut wide, mut high) = match property["default"].as_str() {
            Some("landscape_4_3") => (1_024, 768),
            Some("landscape_16_9") => (1_024, 576),
            Some("portrait_4_3") => (768, 1_024),
            Some("portrait_16_9") => (576, 1_024),
            Some("square") => (512, 512),
            Some("auto_2K") => (2_048, 2_048),
            _ => (1_024, 1_024),
        };
        wide = wide.min(max);
        high = high.min(max);
        Some(Self {
            min: width["minimum"].as_u64().unwrap_or(256).clamp(64, 1_024).min(max),
            max,
            width: wide,
            height: high,
        })
    }

    fn schema(&self, default: u64) -> Value {
        json!({ "type": "integer", "minimum": self.min, "maximum": self.max, "default": default, "description": "Pixels.",
            NAME: "image_size", FORM: Form::Side.word() })
    }

    fn sizing(&self) -> Sizing {
        Sizing::Free {
            step: 8,
            min_pixels: self.min * self.min,
            max_pixels: self.max * self.max,
            max_ratio: 4.0,
        }
    }
}

/// The freedom that `width` and `height` of a schema leave.
fn free(width: &Value, height: &Value) -> Sizing {
    let side = |schema: &Value| {
        (
            schema["minimum"].as_u64().unwrap_or(64),
            schema["maximum"].as_u64().unwrap_or(2_048),
        )
    };
    let ((least, most), (low, high)) = (side(width), side(height));
    let step = width["multipleOf"].as_u64().unwrap_or(8).clamp(1, 256) as u32;
    Sizing::Free {
        step,
        min_pixels: least.saturating_mul(low),
        max_pixels: most.saturating_mul(high),
        max_ratio: 4.0,
    }
}

/// What a model can do, by what it takes.
pub(super) fn capabilities(kind: MediaKind, properties: &Map<String, Value>, required: &[String]) -> Capabilities {
    let has = |name: &str| properties.contains_key(name);
    let needs = |name: &str| required.iter().any(|known| known == name);
    let needs_file = ["images", "first_frame", "video"].into_iter().any(needs);
    let is_video = kind == MediaKind::Video;
    Capabilities {
        text_to_image: !is_video && has("prompt") && !needs_file,
        image_to_image: !is_video && has("images"),
        text_to_video: is_video && has("prompt") && !needs_file,
        image_to_video: is_video && (has("first_frame") || has("images")),
        first_last_frame: has("first_frame") && has("last_frame"),
        video_to_video: is_video && has("video"),
        references: properties
            .get("images")
            .is_some_and(|images| images["maxItems"].as_u64().unwrap_or(1) > 1),
        masks: has("mask"),
        sound: has("generate_audio"),
        ..Capabilities::default()
    }
}
