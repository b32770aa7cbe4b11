//! The model catalogue, as operations.

pub mod get;
pub mod list;
pub mod recommend;
pub mod schema;
pub mod search;
pub mod shapes;
pub mod styles;

use std::collections::BTreeSet;

use aquatint_domain::model::{Deprecation, PriceRule};
use aquatint_domain::{Capabilities, MediaKind, Model, Problem};
use aquatint_providers::provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description};

/// What a model makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ModelType {
    Image,
    Video,
}

impl ModelType {
    pub(crate) fn kind(self) -> MediaKind {
        match self {
            Self::Image => MediaKind::Image,
            Self::Video => MediaKind::Video,
        }
    }
}

/// A model in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelView {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    pub best_for: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub capabilities: Capabilities,
    pub price: PriceRule,
    pub quality_rating: u8,
    pub pricing_rating: u8,
    pub speed: String,
    pub license: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecation: Option<Deprecation>,
    /// What is missing before it can be used, such as a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
}

impl From<&Model> for ModelView {
    fn from(model: &Model) -> Self {
        Self {
            id: model.id.clone(),
            name: model.name.clone(),
            kind: model.kind.as_str().to_owned(),
            description: model.description.clone(),
            best_for: model.best_for.clone(),
            label: model.label.clone(),
            capabilities: model.capabilities,
            price: model.price.clone(),
            quality_rating: model.quality_rating,
            pricing_rating: model.pricing_rating,
            speed: model.speed.clone(),
            license: model.license.clone(),
            deprecation: model.deprecation.clone(),
            needs: None,
        }
    }
}

impl ModelView {
    /// The same with what this workspace lacks for it.
    pub(crate) fn for_vendors(model: &Model, usable: &BTreeSet<String>) -> Self {
        Self {
            needs: needs(model, usable),
            ..Self::from(model)
        }
    }
}

/// What is missing before a workspace with these vendors can use a model.
pub(crate) fn needs(model: &Model, usable: &BTreeSet<String>) -> Option<String> {
    let facts = provider::find(&model.maker)?.facts();
    (!usable.contains(facts.id)).then(|| format!("a key for {}", facts.name))
}

/// A list of models.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Models {
    pub models: Vec<ModelView>,
}

impl Models {
    pub(crate) fn of<'a>(models: impl IntoIterator<Item = &'a Model>) -> Self {
        Self {
            models: models.into_iter().map(ModelView::from).collect(),
        }
    }

    /// With what the workspace lacks for each.
    pub(crate) fn with_needs<'a>(models: impl IntoIterator<Item = &'a Model>, usable: &BTreeSet<String>) -> Self {
        Self {
            models: models
                .into_iter()
                .map(|model| ModelView::for_vendors(model, usable))
                .collect(),
        }
    }
}

impl Describe for Models {
    fn describe(&self) -> Description {
        let mut lines = vec![format!("{} model(s).", self.models.len())];
        lines.extend(self.models.iter().map(line));
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

/// A model in one line, for lists on a terminal.
pub fn line_of_model(model: &Model) -> String {
    line(&ModelView::from(model))
}

fn line(model: &ModelView) -> String {
    let label = model
        .label
        .as_ref()
        .map(|label| format!(" [{label}]"))
        .unwrap_or_default();
    let needs = model
        .needs
        .as_ref()
        .map(|needs| format!(" [needs {needs}]"))
        .unwrap_or_default();
    format!(
        "{} ({}, {}): {} {}{label}{needs}",
        model.id,
        model.kind,
        price_words(&model.price),
        model.best_for,
        model.speed
    )
}

fn price_words(price: &PriceRule) -> String {
    let mut words = format!("{} credits each", price.rate.per_output);
    if !price.rate.per_megapixel.is_zero() {
        words.push_str(&format!(" + {} a megapixel", price.rate.per_megapixel));
    }
    if !price.rate.per_second.is_zero() {
        words.push_str(&format!(" + {} a second", price.rate.per_second));
    }
    if !price.tiers.is_empty() {
        words.push_str(", by its inputs");
    }
    if price.is_estimate {
        words.insert_str(0, "about ");
    }
    words
}

/// The model of that id, or a refusal that names a near one.
pub(crate) async fn existing(cx: &Context, id: &str) -> Result<Model, Problem> {
    cx.studio.model(&cx.caller.workspace, id).await?.ok_or_else(|| {
        Problem::not_found("model", id)
            .at("model")
            .hint("List models with `models` `list`.")
    })
}

/// Other names for a model id that clients are known to use.
pub(crate) const MODEL_ALIASES: &[(&str, &str)] = &[("model_id", "model"), ("id", "model"), ("modelId", "model")];
