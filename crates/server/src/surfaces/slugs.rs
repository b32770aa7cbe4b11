//! Short names of image models, as services with flat lists of models have them: `scene-preview` for
//! `image/aquatint/scene-preview`.

use std::collections::HashSet;

use aquatint_app::Studio;
use aquatint_app::arguments::nearest;
use aquatint_domain::{Code, MediaKind, Model, Problem, text};
use serde_json::{Value, json};

use super::service::Call;

/// Image models that these credentials can use, in the order of the catalogue, each with its short name.
pub struct Models(Vec<(String, Model)>);

/// A model that was chosen, and why it is another than the one that was named.
pub struct Chosen {
    pub slug: String,
    pub model: Model,
    pub note: Option<String>,
}

impl Models {
    pub async fn of(call: &Call<'_>) -> Result<Self, Problem> {
        let listed = call.operation("models.list", json!({ "type": "image" })).await?.value;
        let catalogue = call.studio.catalogue();
        let listed = listed["models"].as_array().into_iter().flatten();
        let models = listed.filter_map(|view| view["id"].as_str().and_then(|id| catalogue.find(id)));
        Ok(Self::named(models))
    }

    /// Those that need no vendor's key, for whoever asks without credentials.
    pub fn built_in(studio: &Studio) -> Self {
        let catalogue = studio.catalogue();
        let models = catalogue.all().iter();
        Self::named(models.filter(|model| model.kind == MediaKind::Image && model.capabilities.local))
    }

    fn named<'a>(models: impl Iterator<Item = &'a Model>) -> Self {
        let mut taken = HashSet::new();
        let named = models.map(|model| {
            let mut slug = slug_of(&model.id, 2);
            if !taken.insert(slug.clone()) {
                slug = slug_of(&model.id, 1);
            }
            (slug, model.clone())
        });
        Self(named.collect())
    }

    /// The same for names alone: who may not see the models still sees what made an image.
    pub async fn for_names(call: &Call<'_>) -> Result<Self, Problem> {
        match Self::of(call).await {
            Err(problem) if problem.code == Code::Forbidden => Ok(Self(Vec::new())),
            found => found,
        }
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &Model)> {
        self.0.iter().map(|(slug, model)| (slug.as_str(), model))
    }

    /// The short name of a model; of one that is gone, what it would be.
    pub fn slug(&self, id: &str) -> String {
        let known = self.0.iter().find(|(_, model)| model.id == id);
        known.map_or_else(|| slug_of(id, 2), |(slug, _)| slug.clone())
    }

    /// The model of a short name or a whole id.
    pub fn find(&self, named: &str) -> Option<(&str, &Model)> {
        self.all().find(|(slug, model)| *slug == named || model.id == named)
    }

    /// The model that was named, or the default: `default` itself, one of its family, or else the best that there is.
    pub fn choose(&self, named: Option<&str>, default: &str) -> Result<Chosen, Problem> {
        let chosen = |(slug, model): (&str, &Model), note| Chosen {
            slug: slug.to_owned(),
            model: model.clone(),
            note,
        };
        if let Some(found) = self.find(named.unwrap_or(default)) {
            return Ok(chosen(found, None));
        }
        let asked = named.unwrap_or(default);
        if asked != default {
            return Err(self.unknown(asked));
        }
        let best = self
            .family(default)
            .or_else(|| self.best())
            .ok_or_else(|| Problem::invalid("model", "No model on this server makes pictures from words."))?;
        let note = (!default.is_empty())
            .then(|| format!("`{default}` is not available here; `{}` made this instead.", best.0));
        Ok(chosen(best, note))
    }

    /// The best of those whose names begin with this one.
    fn family(&self, name: &str) -> Option<(&str, &Model)> {
        let family = self
            .makers()
            .filter(|(slug, _)| !name.is_empty() && slug.starts_with(&format!("{name}-")));
        family.max_by_key(|(_, model)| rank(model))
    }

    fn best(&self) -> Option<(&str, &Model)> {
        self.makers().max_by_key(|(_, model)| rank(model))
    }

    /// Those that make pictures from any words.
    fn makers(&self) -> impl Iterator<Item = (&str, &Model)> {
        self.all().filter(|(_, model)| {
            let prompt = &model.input_schema["properties"]["prompt"];
            model.kind == MediaKind::Image
                && model.capabilities.text_to_image
                && model.deprecation.is_none()
                && prompt.is_object()
                && prompt.get("pattern").is_none()
        })
    }

    fn unknown(&self, named: &str) -> Problem {
        let known: Vec<&str> = self.all().map(|(slug, _)| slug).collect();
        let near = nearest(named, &known).map(|near| format!(" Did you mean `{near}`?"));
        Problem::invalid(
            "model",
            format!(
                "There is no model `{}`.{}",
                text::one_line(named, 80),
                near.unwrap_or_default()
            ),
        )
        .hint("`list_models` tells which there are.")
    }
}

/// Quality first, then the price; of two that are alike the first of the catalogue, which `max_by_key` would leave.
fn rank(model: &Model) -> (u8, std::cmp::Reverse<u8>, std::cmp::Reverse<String>) {
    (
        model.quality_rating,
        std::cmp::Reverse(model.pricing_rating),
        std::cmp::Reverse(model.id.clone()),
    )
}

/// An id from its `from`th part on, in one word.
fn slug_of(id: &str, from: usize) -> String {
    let parts: Vec<&str> = id.split('/').collect();
    parts
        .get(from..)
        .filter(|rest| !rest.is_empty())
        .map_or_else(|| id.to_owned(), |rest| rest.join("-"))
}

/// The part of an id that says whose model it is.
pub fn vendor_of(id: &str) -> &str {
    id.split('/').nth(1).unwrap_or("aquatint")
}

/// What a model's own page says, where there is one.
pub fn docs_of(model: &Model) -> Value {
    model.docs_url.clone().map_or(Value::Null, Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, quality: u8, price: u8) -> (String, Model) {
        let mut model = Model::base(id, "x", MediaKind::Image);
        model.capabilities.text_to_image = true;
        model.quality_rating = quality;
        model.pricing_rating = price;
        model.input_schema = json!({ "properties": { "prompt": { "type": "string" } } });
        (slug_of(id, 2), model)
    }

    #[test]
    fn a_default_is_itself_or_of_its_family_or_the_best_there_is() {
        let few = Models(vec![
            model("image/aquatint/scene-preview", 2, 1),
            model("image/local/dream", 3, 1),
            model("image/other/dear", 3, 5),
        ]);
        let chosen = few.choose(None, "nano-banana").expect("one");
        assert_eq!(chosen.slug, "dream");
        assert!(chosen.note.expect("it says so").contains("nano-banana"));
        assert_eq!(
            few.choose(Some("nano-banana"), "nano-banana").expect("the same").slug,
            "dream"
        );
        assert!(few.choose(Some("nana"), "nano-banana").is_err());
        let mut more = few.0;
        more.push(model("image/google/nano-banana-2.1", 2, 2));
        let more = Models(more);
        assert_eq!(more.choose(None, "nano-banana").expect("one").slug, "nano-banana-2.1");
        let named = more.choose(Some("image/other/dear"), "nano-banana").expect("by its id");
        assert_eq!((named.slug.as_str(), named.note.is_none()), ("dear", true));
        assert_eq!(slug_of("image/krea/krea-2/medium", 2), "krea-2-medium");
    }
}
