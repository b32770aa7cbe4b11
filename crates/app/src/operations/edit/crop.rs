//! Crop: keep one rectangle of a picture.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Crop;

/// Keep a rectangle in pixels from the top left, the largest of an aspect ratio, or the subject.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Such as `16:9`.
    #[schemars(regex(pattern = "^[0-9]{1,4}:[0-9]{1,4}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// Crop to the subject.
    #[serde(default)]
    pub subject: bool,
    /// Space around the subject, in percent of its long side.
    #[schemars(range(min = 0, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Left edge, pixels.
    #[schemars(range(min = 0, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<u32>,
    /// Top edge, pixels.
    #[schemars(range(min = 0, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

impl Edit for Crop {
    const SPEC: Spec = Spec::new(
        "edit.crop",
        "Crop a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/crop"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "transform.crop";
    const STAGE: &'static str = "cropping";
    const SUFFIX: &'static str = "cropped";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        let has_rectangle = [options.x, options.y, options.width, options.height]
            .iter()
            .any(Option::is_some);
        if options.subject {
            if has_rectangle {
                return Err(Problem::invalid(
                    "subject",
                    "Send either `subject` or a rectangle, not both.",
                ));
            }
            return Ok(json!({
                "subject_margin": options.margin.unwrap_or(5.0),
                "aspect_ratio": options.aspect_ratio,
            }));
        }
        match (&options.aspect_ratio, options.width, options.height) {
            (Some(ratio), None, None) if !has_rectangle => Ok(json!({ "aspect_ratio": ratio })),
            (None, Some(width), Some(height)) => Ok(
                json!({ "x": options.x.unwrap_or(0), "y": options.y.unwrap_or(0), "width": width, "height": height }),
            ),
            (Some(_), ..) => Err(Problem::invalid(
                "aspect_ratio",
                "Send either `aspect_ratio` or a rectangle, not both.",
            )),
            _ => Err(Problem::invalid(
                "width",
                "Say what to keep: `x`, `y`, `width` and `height` in pixels, an `aspect_ratio`, or `subject: true`.",
            )),
        }
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(100_000)
    }
}

edit_operation!(Crop);
