//! Replace the background: the subject on a colour, a gradient, a picture or a scene.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use aquatint_engines::models::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CUTTERS, Edit, IMAGE_ALIASES, backdrop, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct ReplaceBackground;

/// Cut the subject out and put it on `background`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Colour `#rrggbb`, gradient `#rrggbb,#rrggbb`, picture (asset id, URL), or words for a studio scene.
    #[serde(default = "white")]
    pub background: String,
    /// A soft contact shadow.
    #[serde(default)]
    pub shadow: bool,
    /// `built-in`, or a model's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

fn white() -> String {
    "#ffffff".to_owned()
}

impl Edit for ReplaceBackground {
    const SPEC: Spec = Spec::new(
        "edit.replace_background",
        "Replace a background",
        Scope::Generate,
        Effects::Spends,
        post("/edit/replace-background"),
    )
    .as_node(
        &[MediaArgument::IMAGE, MediaArgument::optional("background")],
        PortKind::Image,
    )
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "cutout.auto";
    const NAMED: &'static [(&'static str, &'static str)] = CUTTERS;
    const STAGE: &'static str = "finding the subject";
    const SUFFIX: &'static str = "on a new background";
    const TASK: Option<Task> = Some(Task::Cutout);
    const PREFERS_INSTALLED: bool = true;
    type Options = Options;

    fn model(options: &Options) -> Option<&str> {
        options.model.as_deref()
    }

    fn arguments(options: &Options) -> Result<Value, Problem> {
        Ok(json!({ "background": backdrop::read(&options.background, 1)?, "shadow": options.shadow }))
    }

    fn pictures(options: &mut Options) -> Vec<(String, &mut String)> {
        if backdrop::is_picture(&options.background) {
            vec![("background".to_owned(), &mut options.background)]
        } else {
            Vec::new()
        }
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(2)
    }
}

edit_operation!(ReplaceBackground);
