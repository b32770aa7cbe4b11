//! Erase: what a mask marks goes, and what lies around it takes its place.

use std::borrow::Cow;

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use aquatint_engines::models::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::elsewhere::Wish;
use super::{Edit, IMAGE_ALIASES, edit_operation};
use crate::catalogue::LOCAL;
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct Erase;

/// Erase what `mask` marks and fill it from its surroundings (inpaint).
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// White is what changes: a picture (asset id, URL, data URI); or in pixels a box `[x, y, width, height]`, boxes `[[…], …]`, or a polygon `[[x, y], …]`.
    pub mask: Mask,
    /// Grow the mask by so many pixels.
    #[schemars(range(min = 0, max = 200))]
    #[serde(default)]
    pub grow: u32,
    /// Another seed, another filling.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is to be there, for `image/local/…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// `built-in`, or a model's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

fn one() -> u64 {
    1
}

/// A picture, or a shape in numbers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Mask {
    Picture(String),
    Box([f64; 4]),
    Boxes(Vec<[f64; 4]>),
    Polygon(Vec<[f64; 2]>),
    /// Anything else, to be refused with a hint.
    Other(Value),
}

impl JsonSchema for Mask {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Mask".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "items": {}, "minItems": 1 })
    }
}

impl Edit for Erase {
    const SPEC: Spec = Spec::new(
        "edit.erase",
        "Erase part of a picture",
        Scope::Generate,
        Effects::Spends,
        post("/edit/erase"),
    )
    .as_node(
        &[MediaArgument::IMAGE, MediaArgument::optional("mask")],
        PortKind::Image,
    )
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "inpaint.fill";
    const STAGE: &'static str = "erasing";
    const SUFFIX: &'static str = "erased";
    const TASK: Option<Task> = Some(Task::Inpaint);
    const PREFERS_INSTALLED: bool = true;
    type Options = Options;

    fn model(options: &Options) -> Option<&str> {
        options.model.as_deref()
    }

    fn wish(options: &Options) -> Option<Result<Wish, Problem>> {
        Some(Ok(Wish::Erase { seed: options.seed }))
    }

    fn arguments(options: &Options) -> Result<Value, Problem> {
        let takes_words = options.model.as_deref().is_some_and(|model| model.starts_with(LOCAL));
        if options.prompt.is_some() && !takes_words {
            return Err(Problem::invalid(
                "prompt",
                format!("Words are for models of this machine that make pictures of words: send `model: {LOCAL}NAME` too, or leave `prompt` out."),
            )
            .hint("`models` `list` tells which are installed. A vendor's model takes words and a mask by `generate_media`."));
        }
        let region = match &options.mask {
            Mask::Picture(_) => json!({ "picture": 1 }),
            Mask::Box(one) => json!({ "boxes": [one] }),
            Mask::Boxes(boxes) if !boxes.is_empty() => json!({ "boxes": boxes }),
            Mask::Polygon(corners) if corners.len() >= 3 => json!({ "polygon": corners }),
            _ => {
                return Err(Problem::invalid(
                    "mask",
                    "The mask must be a picture (asset id, https URL or data URI), a box `[x, y, width, height]`, a list of such boxes, or a polygon of at least three corners `[[x, y], …]`, in pixels.",
                ));
            }
        };
        let mut arguments = json!({ "region": region, "grow": options.grow, "seed": options.seed });
        if let Some(prompt) = &options.prompt {
            arguments["prompt"] = json!(prompt);
        }
        Ok(arguments)
    }

    fn pictures(options: &mut Options) -> Vec<(String, &mut String)> {
        match &mut options.mask {
            Mask::Picture(named) => vec![("mask".to_owned(), named)],
            _ => Vec::new(),
        }
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(2)
    }
}

edit_operation!(Erase);
