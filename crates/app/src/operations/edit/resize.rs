//! Resize: the same picture at other dimensions.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Resize;

/// Scale to given dimensions; one of width and height is enough.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// With both dimensions: `cover` cuts, `subject` cuts around what draws the eye, `fill` distorts.
    #[serde(default)]
    pub fit: Fit,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Fit {
    #[default]
    Contain,
    Cover,
    Fill,
    Subject,
}

impl Edit for Resize {
    const SPEC: Spec = Spec::new(
        "edit.resize",
        "Resize a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/resize"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "transform.resize";
    const STAGE: &'static str = "resizing";
    const SUFFIX: &'static str = "resized";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        if options.width.is_none() && options.height.is_none() {
            return Err(Problem::invalid("width", "Send `width`, `height`, or both, in pixels."));
        }
        // The engine knows it as one way to cut.
        let mut arguments = match options.fit {
            Fit::Subject => json!({ "fit": Fit::Cover, "focus": "subject" }),
            fit => json!({ "fit": fit }),
        };
        if let Some(width) = options.width {
            arguments["width"] = json!(width);
        }
        if let Some(height) = options.height {
            arguments["height"] = json!(height);
        }
        Ok(arguments)
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(100_000)
    }
}

edit_operation!(Resize);
