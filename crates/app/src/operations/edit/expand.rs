//! Expand: a larger canvas whose new parts continue the background.

use aquatint_domain::{Anchor, Credits, PortKind, Problem, Scope};
use aquatint_engines::models::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::elsewhere::{Canvas, Wish};
use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Expand;

/// Extend the canvas by continuing the background: to an aspect ratio, a canvas size, or by margins.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Such as `16:9`.
    #[schemars(regex(pattern = "^[0-9]{1,4}:[0-9]{1,4}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<String>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Where the picture stands.
    #[serde(default)]
    pub anchor: Anchor,
    /// Pixels to add.
    #[schemars(range(min = 0, max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Pixels to add.
    #[schemars(range(min = 0, max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<u32>,
    /// Pixels to add.
    #[schemars(range(min = 0, max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<u32>,
    /// Pixels to add.
    #[schemars(range(min = 0, max = 2000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottom: Option<u32>,
    /// `built-in`, or a model's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Edit for Expand {
    const SPEC: Spec = Spec::new(
        "edit.expand",
        "Expand a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/expand"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "expand.continue";
    const STAGE: &'static str = "continuing the background";
    const SUFFIX: &'static str = "expanded";
    const TASK: Option<Task> = Some(Task::Inpaint);
    const PREFERS_INSTALLED: bool = true;
    type Options = Options;

    fn model(options: &Options) -> Option<&str> {
        options.model.as_deref()
    }

    fn wish(options: &Options) -> Option<Result<Wish, Problem>> {
        let size = options.width.zip(options.height);
        let sides = [options.left, options.top, options.right, options.bottom];
        let canvas = match (&options.aspect_ratio, size) {
            (Some(ratio), _) => Canvas::Ratio(ratio.clone(), options.anchor),
            (None, Some((width, height))) => Canvas::Size(width, height, options.anchor),
            (None, None) => Canvas::Margins(sides.map(Option::unwrap_or_default)),
        };
        Some(Ok(Wish::Expand(canvas)))
    }

    fn arguments(options: &Options) -> Result<Value, Problem> {
        let sides = [options.left, options.top, options.right, options.bottom];
        let has_margins = sides.iter().any(Option::is_some);
        let size = (options.width, options.height);
        match (&options.aspect_ratio, size) {
            (Some(_), _) if has_margins || size != (None, None) => Err(Problem::invalid(
                "aspect_ratio",
                "Send one of: `aspect_ratio`, a canvas (`width` and `height`), or margins (`left`, `top`, `right`, `bottom`).",
            )),
            (None, (Some(_), _) | (_, Some(_))) if has_margins => Err(Problem::invalid(
                "width",
                "Send either a canvas (`width` and `height`) or margins, not both.",
            )),
            (Some(ratio), _) => Ok(json!({ "aspect_ratio": ratio, "anchor": options.anchor })),
            (None, (Some(width), Some(height))) => {
                Ok(json!({ "width": width, "height": height, "anchor": options.anchor }))
            }
            (None, (Some(_), None) | (None, Some(_))) => Err(Problem::invalid(
                "width",
                "A canvas needs both `width` and `height`, in pixels.",
            )),
            _ if sides.iter().flatten().all(|side| *side == 0) => Err(Problem::invalid(
                "aspect_ratio",
                "Say how to expand: `aspect_ratio` such as `16:9`, a canvas (`width` and `height`), or at least one margin above 0.",
            )),
            _ => {
                let [left, top, right, bottom] = sides.map(Option::unwrap_or_default);
                Ok(json!({ "left": left, "top": top, "right": right, "bottom": bottom }))
            }
        }
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(2)
    }
}

edit_operation!(Expand);
