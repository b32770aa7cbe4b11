//! Remove the background: the subject on transparency, its mask, or the subject on something new.

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use aquatint_engines::models::Task;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::elsewhere::Wish;
use super::{CUTTERS, Edit, IMAGE_ALIASES, backdrop, edit_operation};
use crate::operation::{Effects, MediaArgument, Spec, post};

pub struct RemoveBackground;

/// Remove the background; the result is transparent unless `background` says otherwise. Read `result.confidence` and `result.hint`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Options {
    /// `mask`: white where the subject is.
    #[serde(default)]
    pub output: Output,
    /// Colour `#rrggbb`, gradient `#rrggbb,#rrggbb`, picture (asset id, URL), or words for a studio scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// Cut the canvas to the subject.
    #[serde(default)]
    pub crop_to_subject: bool,
    /// Space around the subject, in percent of its long side.
    #[schemars(range(min = 0, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// A soft contact shadow.
    #[serde(default)]
    pub shadow: bool,
    /// Let the edge follow the picture.
    #[serde(default = "yes")]
    pub refine_edges: bool,
    /// Take the old background's colour out of the rim.
    #[serde(default = "yes")]
    pub decontaminate: bool,
    /// `built-in`, or a model's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: Output::Cutout,
            background: None,
            crop_to_subject: false,
            margin: None,
            shadow: false,
            refine_edges: true,
            decontaminate: true,
            model: None,
        }
    }
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Output {
    #[default]
    Cutout,
    Mask,
}

impl Edit for RemoveBackground {
    const SPEC: Spec = Spec::new(
        "edit.remove_background",
        "Remove a background",
        Scope::Generate,
        Effects::Spends,
        post("/edit/remove-background"),
    )
    .as_node(
        &[MediaArgument::IMAGE, MediaArgument::optional("background")],
        PortKind::Image,
    )
    .aliases(IMAGE_ALIASES);
    const ENGINE: &'static str = "cutout.auto";
    const NAMED: &'static [(&'static str, &'static str)] = CUTTERS;
    const STAGE: &'static str = "finding the subject";
    const SUFFIX: &'static str = "cut out";
    const TASK: Option<Task> = Some(Task::Cutout);
    const PREFERS_INSTALLED: bool = true;
    type Options = Options;

    fn model(options: &Options) -> Option<&str> {
        options.model.as_deref()
    }

    fn wish(options: &Options) -> Option<Result<Wish, Problem>> {
        let theirs = [
            ("output", options.output == Output::Mask),
            ("background", options.background.is_some()),
            ("crop_to_subject", options.crop_to_subject),
            ("margin", options.margin.is_some()),
            ("shadow", options.shadow),
            ("refine_edges", !options.refine_edges),
            ("decontaminate", !options.decontaminate),
        ];
        Some(match theirs.iter().find(|(_, is_given)| *is_given) {
            None => Ok(Wish::RemoveBackground),
            Some((name, _)) => Err(Problem::invalid(
                *name,
                format!("`{name}` is for the models on this machine; a vendor's gives the subject on transparency."),
            )
            .hint("Leave it out, and edit the result a second time where you need it.")),
        })
    }

    fn arguments(options: &Options) -> Result<Value, Problem> {
        if options.output == Output::Mask && (options.background.is_some() || options.shadow) {
            return Err(Problem::invalid(
                "output",
                "A mask has no background and no shadow. Leave out `background` and `shadow`, or ask for `output: \"cutout\"`.",
            ));
        }
        let mut arguments = json!({
            "output": options.output,
            "crop_to_subject": options.crop_to_subject || options.margin.is_some(),
            "margin": options.margin,
            "shadow": options.shadow,
            "refine_edges": options.refine_edges,
            "decontaminate": options.decontaminate,
        });
        if let Some(background) = &options.background {
            arguments["background"] = backdrop::read(background, 1)?;
        }
        Ok(arguments)
    }

    fn pictures(options: &mut Options) -> Vec<(String, &mut String)> {
        options
            .background
            .iter_mut()
            .filter(|text| backdrop::is_picture(text))
            .map(|text| ("background".to_owned(), text))
            .collect()
    }

    fn price(_: &Options) -> Credits {
        Credits::whole(1)
    }
}

edit_operation!(RemoveBackground);
