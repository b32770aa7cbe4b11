//! Recommend a model: constraints first, then what fits best, with the reasons.

use std::collections::BTreeMap;

use aquatint_domain::{Credits, Model, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ModelType, ModelView, needs};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};

pub struct Recommend;

/// The models that fit a task, best first, with reasons from the catalogue.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// The task in words.
    #[schemars(length(min = 1, max = 1000))]
    pub task: Option<String>,
    /// What to make.
    #[serde(rename = "type")]
    pub kind: Option<ModelType>,
    /// Credits for one result, at most.
    #[schemars(range(min = 0))]
    pub budget_credits: Option<Credits>,
    /// At least this fast: `instant`, `fast`, `medium` or `slow`.
    pub speed: Option<Speed>,
    /// Needs an input image.
    #[serde(default)]
    pub has_image: bool,
    /// Needs legible text in the picture.
    #[serde(default)]
    pub needs_text: bool,
    /// Needs a transparent background.
    #[serde(default)]
    pub needs_transparency: bool,
    /// Nothing may leave this machine.
    #[serde(default)]
    pub local_only: bool,
}

/// How long a result takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Speed {
    Instant,
    Fast,
    Medium,
    Slow,
}

impl Speed {
    /// The class of a catalogue row; a word that is none counts as slow.
    fn of(word: &str) -> Self {
        match word {
            "instant" => Self::Instant,
            "fast" => Self::Fast,
            "medium" => Self::Medium,
            _ => Self::Slow,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub recommendations: Vec<Recommendation>,
    /// Why the others were left out.
    pub left_out: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Recommendation {
    pub model: ModelView,
    pub reasons: Vec<String>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut lines: Vec<String> = self
            .recommendations
            .iter()
            .map(|one| format!("{}: {}", one.model.id, one.reasons.join("; ")))
            .collect();
        if lines.is_empty() {
            lines.push("No model on this server fits.".into());
        }
        lines.extend(self.left_out.iter().map(|reason| format!("Left out: {reason}")));
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for Recommend {
    const SPEC: Spec = Spec::new(
        "models.recommend",
        "Recommend a model",
        Scope::ModelsRead,
        Effects::Reads,
        post("/models/recommend"),
    )
    .aliases(&[("prompt", "task"), ("query", "task"), ("use_case", "task")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let mut fitting = Vec::new();
        let mut left_out = Vec::new();
        let catalogue = cx.studio.catalogue();
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let mut locked: BTreeMap<String, u32> = BTreeMap::new();
        for model in catalogue.all() {
            if let Some(needs) = needs(model, &usable) {
                *locked.entry(needs).or_default() += 1;
                continue;
            }
            match obstacle(model, &args) {
                Some(reason) => left_out.push(format!("{}: {reason}", model.id)),
                None => fitting.push((score(model, &args), model)),
            }
        }
        left_out.extend(
            locked
                .iter()
                .map(|(needs, count)| format!("{count} model(s) that need {needs}")),
        );
        fitting.sort_by(|(a, _), (b, _)| b.cmp(a));
        let recommendations = fitting
            .into_iter()
            .map(|(_, model)| Recommendation {
                model: model.into(),
                reasons: reasons(model),
            })
            .collect();
        Ok(Output {
            recommendations,
            left_out,
        })
    }
}

/// Why a model cannot do it.
fn obstacle(model: &Model, args: &Args) -> Option<String> {
    let can = model.capabilities;
    if args.kind.is_some_and(|kind| kind.kind() != model.kind) {
        return Some(format!("makes {}", model.kind));
    }
    if args.has_image && !can.image_to_image && !can.image_to_video {
        return Some("takes no input image".into());
    }
    if args.speed.is_some_and(|least| Speed::of(&model.speed) > least) {
        return Some(format!("is {}", model.speed));
    }
    if args.needs_text && !can.text_rendering {
        return Some("cannot render legible text".into());
    }
    if args.needs_transparency && !can.transparency {
        return Some(
            "makes no transparent backgrounds; run `edit_image` `remove_background` on its result instead".into(),
        );
    }
    if args.local_only && !can.local {
        return Some("does not run on this machine".into());
    }
    let price = model.price.price(
        1,
        1024,
        1024,
        if model.kind == aquatint_domain::MediaKind::Video {
            3.0
        } else {
            0.0
        },
    );
    if args.budget_credits.is_some_and(|budget| price > budget) {
        return Some(format!("costs {price} credits"));
    }
    model
        .deprecation
        .as_ref()
        .map(|deprecation| format!("deprecated since {}", deprecation.since))
}

/// Words that the task shares with the model's description count most, then quality, then price.
fn score(model: &Model, args: &Args) -> u32 {
    let text = format!("{} {} {}", model.name, model.description, model.best_for).to_lowercase();
    let task = args.task.as_deref().unwrap_or_default().to_lowercase();
    let shared = task
        .split_whitespace()
        .filter(|word| word.len() > 3 && text.contains(*word))
        .take(10)
        .count();
    let moving = ["video", "clip", "animat", "moving", "film"]
        .iter()
        .any(|word| task.contains(word));
    let kind_fits = args.kind.is_some() || moving == (model.kind == aquatint_domain::MediaKind::Video);
    u32::from(kind_fits) * 1_000
        + u32::try_from(shared).unwrap_or(0) * 20
        + u32::from(model.quality_rating) * 10
        + u32::from(5 - model.pricing_rating.min(5))
}

fn reasons(model: &Model) -> Vec<String> {
    let mut reasons = vec![
        format!("good for {}", model.best_for),
        format!(
            "quality {}/5, price {}/5, {}",
            model.quality_rating, model.pricing_rating, model.speed
        ),
    ];
    if model.capabilities.local {
        reasons.push("runs on this machine".into());
    }
    reasons.extend(model.label.iter().map(|label| format!("note: {label}")));
    reasons
}
