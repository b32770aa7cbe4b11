//! Remove the background: the subject on transparency.

use aquatint_domain::{Credits, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, Spec, post};

pub struct RemoveBackground;

/// Remove the background; the result is transparent. The built-in engine is for plain backgrounds: read `result.confidence` and `result.hint`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {}

impl Edit for RemoveBackground {
    const SPEC: Spec = Spec::new(
        "edit.remove_background",
        "Remove a background",
        Scope::Generate,
        Effects::Spends,
        post("/edit/remove-background"),
    )
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "cutout.plain";
    const STAGE: &'static str = "finding the subject";
    const SUFFIX: &'static str = "cut out";
    type Options = Options;

    fn arguments(_: &Options) -> Result<Value, Problem> {
        Ok(json!({}))
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(1)
    }
}

edit_operation!(RemoveBackground);
