//! Upscale: more pixels of the same picture.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use aquatint_engines::models::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::elsewhere::Wish;
use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Upscale;

/// Enlarge 2, 3 or 4 times, or to a target size.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// How many times larger; 2 when no size is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Scale>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// `detail` for clean pictures, `restore` for noisy ones, `illustration` for drawings, `faithful` invents nothing.
    #[serde(default)]
    pub mode: Mode,
    /// `built-in`, or a model's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[schemars(inline)]
pub enum Scale {
    #[serde(rename = "2")]
    Two,
    #[serde(rename = "3")]
    Three,
    #[serde(rename = "4")]
    Four,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Mode {
    #[default]
    Auto,
    Detail,
    Restore,
    Illustration,
    Faithful,
}

impl Edit for Upscale {
    const SPEC: Spec = Spec::new(
        "edit.upscale",
        "Upscale a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/upscale"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "upscale.auto";
    const STAGE: &'static str = "upscaling";
    const SUFFIX: &'static str = "upscaled";
    const TASK: Option<Task> = Some(Task::Upscale);
    type Options = Options;

    fn model(options: &Options) -> Option<&str> {
        options.model.as_deref()
    }

    fn wish(options: &Options) -> Option<Result<Wish, Problem>> {
        let theirs = [
            ("width", options.width.is_some()),
            ("height", options.height.is_some()),
            ("mode", options.mode != Mode::Auto),
        ];
        if let Some((name, _)) = theirs.iter().find(|(_, is_given)| *is_given) {
            let problem = Problem::invalid(
                *name,
                format!("`{name}` is for the models on this machine; a vendor's takes `scale`."),
            );
            return Some(Err(problem.hint("Resize the result where you need an exact size.")));
        }
        let times = options.scale.map(|scale| match scale {
            Scale::Two => 2,
            Scale::Three => 3,
            Scale::Four => 4,
        });
        Some(Ok(Wish::Upscale { times }))
    }

    fn engine(options: &Options) -> &'static str {
        match options.mode {
            Mode::Auto => Self::ENGINE,
            Mode::Detail => "upscale.detail",
            Mode::Restore => "upscale.restore",
            Mode::Illustration => "upscale.illustration",
            Mode::Faithful => "upscale.lanczos",
        }
    }

    fn arguments(options: &Options) -> Result<Value, Problem> {
        match (options.scale, options.width, options.height) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(Problem::invalid(
                "scale",
                "Send either `scale` or a target `width` and `height`, not both.",
            )),
            (scale, None, None) => Ok(json!({ "scale": match scale {
                None | Some(Scale::Two) => 2,
                Some(Scale::Three) => 3,
                Some(Scale::Four) => 4,
            } })),
            (None, width, height) => Ok(json!({ "width": width, "height": height })),
        }
    }

    /// A target size is priced like the largest enlargement: how large the input is shows later.
    fn price(options: &Options) -> Credits {
        let has_size = options.width.is_some() || options.height.is_some();
        Credits::whole(match options.scale {
            None | Some(Scale::Two) if !has_size => 2,
            Some(Scale::Three) => 3,
            _ => 4,
        })
    }
}

edit_operation!(Upscale);
