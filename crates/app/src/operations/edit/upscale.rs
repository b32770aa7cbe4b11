//! Upscale: more pixels of the same picture.

use aquatint_domain::{Credits, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, Spec, post};

pub struct Upscale;

/// Enlarge 2 or 4 times, faithfully: nothing is invented.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// How many times larger.
    #[serde(default)]
    pub scale: Scale,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum Scale {
    #[default]
    #[serde(rename = "2")]
    Two,
    #[serde(rename = "4")]
    Four,
}

impl Edit for Upscale {
    const SPEC: Spec = Spec::new(
        "edit.upscale",
        "Upscale a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/upscale"),
    )
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "upscale.lanczos";
    const STAGE: &'static str = "upscaling";
    const SUFFIX: &'static str = "upscaled";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        Ok(json!({ "scale": if options.scale == Scale::Two { 2 } else { 4 } }))
    }

    fn price(options: &Options) -> Credits {
        Credits::whole(if options.scale == Scale::Two { 2 } else { 4 })
    }
}

edit_operation!(Upscale);
