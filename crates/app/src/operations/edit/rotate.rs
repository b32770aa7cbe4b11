//! Rotate: turn or mirror a picture.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Rotate;

/// Turn clockwise by degrees, mirror, or both.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Clockwise; quarter turns are exact, others leave corners.
    #[schemars(range(min = -360, max = 360))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degrees: Option<f64>,
    /// Mirror before turning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flip: Option<Flip>,
    /// Colour of the corners as `#rrggbb`; transparent by default.
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Flip {
    Horizontal,
    Vertical,
}

impl Edit for Rotate {
    const SPEC: Spec = Spec::new(
        "edit.rotate",
        "Rotate a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/rotate"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "transform.rotate";
    const STAGE: &'static str = "rotating";
    const SUFFIX: &'static str = "rotated";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        if options.degrees.is_none() && options.flip.is_none() {
            return Err(Problem::invalid("degrees", "Send `degrees`, `flip`, or both."));
        }
        let mut arguments = json!({ "degrees": options.degrees.unwrap_or(0.0) });
        if let Some(flip) = options.flip {
            arguments["flip"] = json!(flip);
        }
        if let Some(background) = &options.background {
            arguments["background"] = json!(background);
        }
        Ok(arguments)
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(100_000)
    }
}

edit_operation!(Rotate);
