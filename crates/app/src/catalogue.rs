//! The model catalogue: what can generate, with schema, price and ratings. Built-in engines are its
//! first rows; providers add theirs in the same form.

mod stamp;

use std::path::Path;

use aquatint_domain::model::{PriceRule, Rate};
use aquatint_domain::{Capabilities, Credits, MediaKind, Model};
use aquatint_engines::models::{Installed, Manifest, Task};
use serde_json::{Value, json};

use crate::catalogue_file;
use crate::settings::Settings;
use crate::workflows;

pub(crate) use stamp::{Stamp, stamp};

/// The text-to-image preview engine.
pub const SCENE_PREVIEW: &str = "image/aquatint/scene-preview";
/// The plain canvas, on which other pictures are laid.
pub const CANVAS: &str = "image/aquatint/canvas";
/// The pan-and-zoom video engine.
pub const PAN_ZOOM: &str = "video/aquatint/pan-zoom";
/// What every answer says of the preview engine.
pub const PREVIEW_LABEL: &str = "procedural preview, not a learned model";

/// Every model that this server offers.
pub struct Catalogue {
    models: Vec<Model>,
}

impl Catalogue {
    /// The models that need no download and no key, with the configured prices.
    pub fn built_in(settings: &Settings) -> Self {
        Self::with_installed(settings, &[])
    }

    /// The same with the installed models that make pictures of words.
    pub fn with_installed(settings: &Settings, installed: &[Installed]) -> Self {
        let mut models = vec![scene_preview(), canvas(), pan_zoom()];
        models.extend(
            installed
                .iter()
                .map(|installed| &installed.manifest)
                .filter(|manifest| manifest.task == Task::Generate && manifest.task.can_run())
                .map(local),
        );
        models.extend(
            aquatint_providers::ALL
                .iter()
                .flat_map(|provider| provider.models())
                .map(|model| Model {
                    price: model.price.scaled(settings.vendor_price_factor()),
                    ..model
                }),
        );
        for model in &mut models {
            if let Some(price) = settings.prices.get(&model.id) {
                model.price.rate.per_output = *price;
                model.price.tiers.clear();
            }
        }
        Self { models }
    }

    /// With the operator's ComfyUI workflows, and what is wrong with some of them. One takes the place of a built-in of its name.
    pub fn with_workflows(mut self, data: &Path) -> (Self, Vec<String>) {
        let (workflows, wrong) = workflows::read(data);
        self.models
            .retain(|model| workflows.iter().all(|workflow| workflow.id != model.id));
        self.models.extend(workflows);
        (self, wrong)
    }

    /// With the operator's own rows. Everything that is wrong with them is told.
    pub fn with_file(self, data: &Path) -> Result<Self, Vec<String>> {
        let file = catalogue_file::read(data).map_err(|wrong| vec![wrong])?;
        let models = file.apply(self.models)?;
        Ok(Self { models })
    }

    /// What is wrong with the rows: schemas that do not compile, and examples that do not fit them.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for model in &self.models {
            let validator = match jsonschema::draft202012::new(&model.input_schema) {
                Ok(validator) => validator,
                Err(error) => {
                    wrong.push(format!("`{}`: the schema does not compile: {error}", model.id));
                    continue;
                }
            };
            let examples = model.input_schema["examples"].as_array();
            for example in examples
                .into_iter()
                .flatten()
                .filter(|example| !validator.is_valid(example))
            {
                wrong.push(format!("`{}`: an example does not fit the schema: {example}", model.id));
            }
        }
        wrong
    }

    pub fn all(&self) -> &[Model] {
        &self.models
    }

    pub fn find(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// Models whose id, name, description or use holds every word of the query.
    pub fn search(&self, query: &str) -> Vec<&Model> {
        let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
        self.models
            .iter()
            .filter(|model| {
                let text = format!(
                    "{} {} {} {} {}",
                    model.id, model.name, model.description, model.best_for, model.maker
                )
                .to_lowercase();
                words.iter().all(|word| text.contains(word))
            })
            .collect()
    }
}

fn scene_preview() -> Model {
    Model {
        id: SCENE_PREVIEW.into(),
        name: "Scene preview".into(),
        maker: "scene.preview".into(),
        kind: MediaKind::Image,
        description: "Renders a studio product scene from the words of the prompt: backdrop, surface, podium, light, palette and simple objects. A procedural preview, not a learned model.".into(),
        best_for: "layout and lighting previews of product photographs, offline and instantly".into(),
        label: Some(PREVIEW_LABEL.into()),
        capabilities: Capabilities { text_to_image: true, local: true, ..Capabilities::default() },
        price: PriceRule {
            rate: Rate {
                per_output: Credits::whole(1),
                per_megapixel: Credits::from_micro(250_000),
                ..Rate::default()
            },
            included_megapixels: 4,
            megapixel: Some(1024 * 1024),
            ..PriceRule::default()
        },
        quality_rating: 2,
        pricing_rating: 1,
        speed: "fast".into(),
        license: "Apache-2.0 OR MIT".into(),
        version: "1".into(),
        input_schema: scene_schema(),
        ..Model::base(SCENE_PREVIEW, "scene.preview", MediaKind::Image)
    }
}

fn canvas() -> Model {
    let mut schema = scene_schema();
    schema["properties"]["prompt"] = json!({
        "type": "string",
        "minLength": 7,
        "maxLength": 40,
        "pattern": "^ *#[0-9a-fA-F]{6} *(, *#[0-9a-fA-F]{6} *)?$",
        "description": "A colour, or two from top to bottom.",
        "examples": ["#f4efe6", "#ffffff,#d8dee6"],
    });
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.remove("style");
    }
    for side in ["width", "height"] {
        schema["properties"][side]["minimum"] = json!(1);
        schema["properties"][side]["maximum"] = json!(8192);
    }
    schema["examples"] = json!([{ "prompt": "#ffffff,#d8dee6", "width": 1920, "height": 1080 }]);
    Model {
        id: CANVAS.into(),
        name: "Plain canvas".into(),
        maker: "canvas.plain".into(),
        kind: MediaKind::Image,
        description: "A picture of one colour, or of two from top to bottom: the prompt is the colours.".into(),
        best_for: "what pictures and words are laid on with `compose`".into(),
        capabilities: Capabilities {
            local: true,
            ..Capabilities::default()
        },
        price: PriceRule::flat(Credits::from_micro(100_000)),
        quality_rating: 1,
        pricing_rating: 1,
        speed: "fast".into(),
        license: "Apache-2.0 OR MIT".into(),
        version: "1".into(),
        input_schema: schema,
        ..Model::base(CANVAS, "canvas.plain", MediaKind::Image)
    }
}

fn pan_zoom() -> Model {
    Model {
        id: PAN_ZOOM.into(),
        name: "Pan and zoom".into(),
        maker: "video.pan_zoom".into(),
        kind: MediaKind::Video,
        description: "A slow pan and zoom over one image, or over a scene preview of the prompt. A procedural preview, not a learned model.".into(),
        best_for: "a moving preview of a still product photograph".into(),
        label: Some(PREVIEW_LABEL.into()),
        capabilities: Capabilities { text_to_video: true, image_to_video: true, local: true, ..Capabilities::default() },
        price: PriceRule { rate: Rate { per_output: Credits::whole(2), per_second: Credits::whole(1), ..Rate::default() }, ..PriceRule::default() },
        quality_rating: 2,
        pricing_rating: 1,
        speed: "medium".into(),
        license: "Apache-2.0 OR MIT".into(),
        version: "1".into(),
        input_schema: video_schema(),
        ..Model::base(PAN_ZOOM, "video.pan_zoom", MediaKind::Video)
    }
}

/// The first part of the ids of models that are installed on this machine.
pub const LOCAL: &str = "image/local/";
/// The side that installed generators are best at, in pixels.
const LOCAL_SIDE: u32 = 512;

fn local(manifest: &Manifest) -> Model {
    Model {
        id: format!("{LOCAL}{}", manifest.id),
        name: manifest.title.clone(),
        maker: manifest.engine(),
        kind: MediaKind::Image,
        description: format!(
            "{}. Runs on this machine from weights that its operator installed.",
            manifest.title
        ),
        best_for: "pictures from words, or from words and a picture, without any service".into(),
        label: None,
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            local: true,
            ..Capabilities::default()
        },
        price: PriceRule::flat(Credits::whole(2)),
        quality_rating: 3,
        pricing_rating: 1,
        speed: "slow".into(),
        license: manifest.licence.clone(),
        version: manifest.sha256.chars().take(12).collect(),
        input_schema: local_schema(),
        ..Model::base(LOCAL, &manifest.engine(), MediaKind::Image)
    }
}

fn local_schema() -> Value {
    let mut schema = scene_schema();
    for side in ["width", "height"] {
        schema["properties"][side] = json!({ "type": "integer", "minimum": 256, "maximum": 1024, "default": LOCAL_SIDE, "description": "Pixels." });
    }
    schema["properties"]["images"] = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 1, "description": "A picture to begin with: asset id, https URL or data URI." });
    schema["properties"]["prompt"]["description"] = json!("What the picture shows.");
    schema["examples"] = json!([{ "prompt": "a perfume bottle on sand, golden hour", "seed": 7 }]);
    schema
}

fn scene_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "required": ["prompt"],
        "properties": {
            "prompt": { "type": "string", "minLength": 1, "maxLength": 1800, "description": "What the scene shows.", "examples": ["a water bottle on a marble countertop, soft morning light"] },
            "count": { "type": "integer", "minimum": 1, "maximum": 10, "default": 1, "description": "How many pictures." },
            "width": { "type": "integer", "minimum": 256, "maximum": 4096, "default": 1024, "description": "Pixels." },
            "height": { "type": "integer", "minimum": 256, "maximum": 4096, "default": 1024, "description": "Pixels." },
            "shape": { "type": "string", "description": "A slug from `models` `shapes`, in place of width and height." },
            "aspect_ratio": { "type": "string", "pattern": "^[0-9]{1,4}:[0-9]{1,4}$", "description": "Such as 16:9, in place of width and height." },
            "style": { "type": "string", "description": "A slug from `models` `styles`." },
            "seed": { "type": "integer", "minimum": 0, "maximum": 9007199254740991u64, "description": "The same seed gives the same picture." },
            "output_format": { "type": "string", "enum": ["png", "jpeg", "webp", "avif"], "default": "png" }
        },
        "examples": [{ "prompt": "a perfume bottle on sand, golden hour", "width": 1024, "height": 1024, "seed": 7 }]
    })
}

fn video_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": false,
        "anyOf": [{ "required": ["images"] }, { "required": ["prompt"] }],
        "properties": {
            "prompt": { "type": "string", "minLength": 1, "maxLength": 1800, "description": "The scene, when there is no image." },
            "images": { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": 1, "description": "The image to move over: asset id, https URL or data URI." },
            "duration_seconds": { "type": "number", "minimum": 1, "maximum": 10, "default": 3 },
            "width": { "type": "integer", "minimum": 128, "maximum": 1280, "description": "Pixels; the image's own shape by default." },
            "height": { "type": "integer", "minimum": 128, "maximum": 1280, "description": "Pixels." },
            "shape": { "type": "string", "description": "A slug from `models` `shapes`." },
            "aspect_ratio": { "type": "string", "pattern": "^[0-9]{1,4}:[0-9]{1,4}$" },
            "style": { "type": "string", "description": "A slug from `models` `styles`; only with a prompt." },
            "seed": { "type": "integer", "minimum": 0, "maximum": 9007199254740991u64 },
            "output_format": { "type": "string", "enum": ["mp4", "webp"], "default": "mp4" }
        },
        "examples": [{ "images": ["ast_0123456789abcdefghjkmnpqrs"], "duration_seconds": 3 }]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_fits_its_own_schema() {
        let settings = Settings::new("data".into(), "aquatint".into());
        for model in Catalogue::built_in(&settings).all() {
            let validator = jsonschema::draft202012::new(&model.input_schema).expect("compiles");
            let examples = model.input_schema["examples"].as_array().expect("has examples");
            assert!(!examples.is_empty());
            for example in examples {
                assert!(validator.is_valid(example), "{}: {example}", model.id);
            }
        }
    }
}
