//! Adjust: light and colour by hand.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Adjust;

/// Change light and colour; 0 changes nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// In stops.
    #[schemars(range(min = -4, max = 4))]
    #[serde(default)]
    pub exposure: f64,
    /// Middle tones.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub brightness: f64,
    /// Dark against light.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub contrast: f64,
    /// Bright parts.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub highlights: f64,
    /// Dark parts.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub shadows: f64,
    /// -100 is black and white.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub saturation: f64,
    /// Blue to amber.
    #[schemars(range(min = -100, max = 100))]
    #[serde(default)]
    pub warmth: f64,
    /// Turns colours, in degrees.
    #[serde(default)]
    pub hue: f64,
}

impl Edit for Adjust {
    const SPEC: Spec = Spec::new(
        "edit.adjust",
        "Adjust light and colour",
        Scope::Generate,
        Effects::Spends,
        post("/edit/adjust"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "adjust.tone";
    const STAGE: &'static str = "adjusting";
    const SUFFIX: &'static str = "adjusted";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        let all = [
            options.exposure,
            options.brightness,
            options.contrast,
            options.highlights,
            options.shadows,
            options.saturation,
            options.warmth,
            options.hue,
        ];
        if all.iter().all(|value| *value == 0.0) {
            return Err(Problem::invalid(
                "brightness",
                "Say what to adjust: `exposure`, `brightness`, `contrast`, `highlights`, `shadows`, `saturation`, `warmth` or `hue`.",
            ));
        }
        Ok(json!(options))
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(100_000)
    }
}

edit_operation!(Adjust);
