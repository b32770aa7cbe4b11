//! Compose: pictures and text laid on a picture.

use std::borrow::Cow;

use aquatint_domain::{Anchor, Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::resize::Fit;
use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

/// Pixels between repetitions of a layer.
const GAP_MAX: u32 = 4_000;

pub struct Compose;

/// Lay pictures and text on a picture.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// In order. Each has `image` (asset id, URL) or `text`; `anchor` (center, top_left, bottom, …) with `x`, `y` from there; `width`, `height`, `fit`; `rotate`; `opacity` 0–1; `blend` (multiply, screen, overlay); `tile`, `gap`; for text `size` px, `color`, `bold`, `plate`.
    pub layers: Layers,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Layers(Vec<Layer>);

/// One layer, as callers write it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    #[serde(skip_serializing_if = "Option::is_none", alias = "image_url", alias = "asset_id")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<Anchor>,
    #[serde(default)]
    x: i64,
    #[serde(default)]
    y: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(default)]
    rotate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    opacity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blend: Option<Blend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none", alias = "colour")]
    color: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    tile: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    gap: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Blend {
    Normal,
    Multiply,
    Screen,
    Overlay,
}

impl JsonSchema for Layers {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Layers".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "array", "items": { "type": "object" }, "minItems": 1, "maxItems": 50 })
    }
}

impl Edit for Compose {
    const SPEC: Spec = Spec::new(
        "edit.compose",
        "Compose layers",
        Scope::Generate,
        Effects::Spends,
        post("/edit/compose"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "compose.layers";
    const STAGE: &'static str = "composing";
    const SUFFIX: &'static str = "composed";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        let mut number = 0;
        let mut layers = Vec::with_capacity(options.layers.0.len());
        for (index, layer) in options.layers.0.iter().enumerate() {
            if layer.image.is_some() == layer.text.is_some() {
                return Err(Problem::invalid(
                    format!("layers[{index}]"),
                    "A layer has either `image` or `text`, not both and not neither.",
                ));
            }
            if layer.gap.is_some_and(|gap| gap > GAP_MAX) {
                return Err(Problem::invalid(
                    format!("layers[{index}].gap"),
                    format!("`gap` is 0 to {GAP_MAX} pixels."),
                ));
            }
            if layer.rotate.abs() > 360.0 || layer.opacity.is_some_and(|opacity| !(0.0..=1.0).contains(&opacity)) {
                return Err(Problem::invalid(
                    format!("layers[{index}]"),
                    "`opacity` is 0 to 1 and `rotate` -360 to 360 degrees.",
                ));
            }
            let mut made = json!(layer);
            if let Value::Object(members) = &mut made
                && members.remove("image").is_some()
            {
                number += 1;
                members.insert("picture".to_owned(), json!(number));
            }
            layers.push(made);
        }
        Ok(json!({ "layers": layers }))
    }

    fn pictures(options: &mut Options) -> Vec<(String, &mut String)> {
        options
            .layers
            .0
            .iter_mut()
            .enumerate()
            .filter_map(|(index, layer)| Some((format!("layers[{index}].image"), layer.image.as_mut()?)))
            .collect()
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(200_000)
    }
}

edit_operation!(Compose);
