//! Replace the background: the subject on one colour.

use aquatint_domain::{Credits, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, Spec, post};

pub struct ReplaceBackground;

/// Cut the subject out and put it on a colour.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// The colour, as `#rrggbb`.
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    #[serde(default = "white")]
    pub background: String,
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
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "backdrop.replace";
    const STAGE: &'static str = "finding the subject";
    const SUFFIX: &'static str = "on a new background";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        Ok(json!({ "background": options.background }))
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(2)
    }
}

edit_operation!(ReplaceBackground);
