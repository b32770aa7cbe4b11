//! Enhance: less noise, full tone, sharper edges, by classic means.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Enhance;

/// Remove noise, set levels and sharpen; nothing is invented.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// By the measured noise when absent.
    #[schemars(range(min = 0, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<f64>,
    /// 0–100.
    #[schemars(range(min = 0, max = 100))]
    #[serde(default = "mildly")]
    pub sharpen: f64,
    /// Stretch the tones and take out a colour cast.
    #[serde(default = "yes")]
    pub auto_levels: bool,
}

fn mildly() -> f64 {
    30.0
}

fn yes() -> bool {
    true
}

impl Edit for Enhance {
    const SPEC: Spec = Spec::new(
        "edit.enhance",
        "Enhance a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/enhance"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "enhance.classic";
    const STAGE: &'static str = "enhancing";
    const SUFFIX: &'static str = "enhanced";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        if options.denoise == Some(0.0) && options.sharpen == 0.0 && !options.auto_levels {
            return Err(Problem::invalid(
                "auto_levels",
                "With `denoise` 0, `sharpen` 0 and no `auto_levels` nothing would change.",
            ));
        }
        Ok(json!({
            "denoise": options.denoise,
            "sharpen": options.sharpen,
            "auto_levels": options.auto_levels,
        }))
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(1)
    }
}

edit_operation!(Enhance);
