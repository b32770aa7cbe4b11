//! A row of ours for a model that describes itself: what somebody looked at, in the usual words, with a price.

use aquatint_domain::model::{PriceRule, Sizing};
use aquatint_domain::{MediaKind, Model};
use serde_json::json;

use super::names::{FORM, Form, NAME, capabilities};
use crate::schema::Inputs;

/// What a model can beside what its inputs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skill {
    /// Legible words.
    Text,
    Upscale,
    RemoveBackground,
}

/// One row.
pub struct Row {
    /// The vendor's own name.
    pub slug: &'static str,
    pub name: &'static str,
    pub kind: MediaKind,
    pub best_for: &'static str,
    /// Quality and price, 1 to 5.
    pub ratings: (u8, u8),
    pub speed: &'static str,
    pub license: &'static str,
    pub inputs: Inputs,
    /// Our name, the name on the wire, and the form there. What is not listed is called the same and written as it is.
    pub wire: &'static [(&'static str, &'static str, Option<Form>)],
    pub outputs: u32,
    pub sizing: Sizing,
    pub price: PriceRule,
    pub skills: &'static [Skill],
}

impl Row {
    /// The row in the catalogue of `maker` (its name for people is `vendor`).
    pub fn model(self, maker: &str, vendor: &str, page: &str) -> Model {
        let mut schema = self.inputs.finish();
        for (name, on_the_wire, form) in self.wire {
            let property = &mut schema["properties"][*name];
            if on_the_wire != name {
                property[NAME] = json!(on_the_wire);
            }
            if let Some(form) = form {
                property[FORM] = json!(form.word());
            }
        }
        let required: Vec<String> = serde_json::from_value(schema["required"].clone()).unwrap_or_default();
        let mut skills = schema["properties"]
            .as_object()
            .map(|properties| capabilities(self.kind, properties, &required))
            .unwrap_or_default();
        for skill in self.skills {
            match skill {
                Skill::Text => skills.text_rendering = true,
                Skill::Upscale => skills.upscale = true,
                Skill::RemoveBackground => {
                    skills.remove_background = true;
                    skills.transparency = true;
                }
            }
        }
        Model {
            name: format!("{} at {vendor}", self.name),
            vendor_model: self.slug.to_owned(),
            description: format!("{}, run by {vendor}. Good for {}.", self.name, self.best_for),
            best_for: self.best_for.to_owned(),
            capabilities: skills,
            sizing: self.sizing,
            outputs_per_request: self.outputs,
            price: self.price,
            quality_rating: self.ratings.0,
            pricing_rating: self.ratings.1,
            speed: self.speed.to_owned(),
            license: self.license.to_owned(),
            docs_url: Some(format!("{page}{}", self.slug)),
            input_schema: schema,
            ..Model::base(&id(maker, self.kind, self.slug), maker, self.kind)
        }
    }
}

/// The catalogue's id of a vendor's model: `image/replicate/black-forest-labs/flux-schnell`.
pub fn id(maker: &str, kind: MediaKind, slug: &str) -> String {
    let kind = if kind == MediaKind::Video { "video" } else { "image" };
    format!("{kind}/{maker}/{slug}")
}
