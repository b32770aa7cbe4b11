//! Convert: the same picture in another format.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Convert;

/// Write in another format (`output_format`, `quality`), on a colour where the format has no transparency.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// Colour behind transparency, as `#rrggbb`.
    #[schemars(regex(pattern = "^#[0-9a-fA-F]{6}$"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
}

impl Edit for Convert {
    const SPEC: Spec = Spec::new(
        "edit.convert",
        "Convert a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/convert"),
    )
    .as_node(&[MediaArgument::IMAGE], PortKind::Image)
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "transform.convert";
    const STAGE: &'static str = "converting";
    const SUFFIX: &'static str = "converted";
    type Options = Options;

    fn arguments(options: &Options) -> Result<Value, Problem> {
        Ok(options
            .background
            .as_ref()
            .map_or_else(|| json!({}), |background| json!({ "background": background })))
    }

    fn price(_: &Options) -> Credits {
        Credits::from_micro(100_000)
    }
}

edit_operation!(Convert);
