//! An operator's own rows: `catalogue.toml` in the data folder adds models and changes those that are there. It is read
//! again when it changes; a file with mistakes changes nothing, and `aquatint catalogue check` tells them.
//!
//! ```toml
//! [models."image/openai/gpt-image-2"]
//! price = { per_output = 6.5 }
//!
//! [models."image/openai/house-style"]
//! based_on = "image/openai/gpt-image-2.6-flare"
//! name = "House style"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use aquatint_domain::model::PriceRule;
use aquatint_domain::{Model, text};
use serde::Deserialize;

/// The file's name in the data folder.
pub const FILE: &str = "catalogue.toml";
/// Longer than any hand writes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueFile {
    #[serde(default)]
    models: BTreeMap<String, Row>,
}

/// What it says of one model; what it leaves out stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    /// For a new model: the one that it is a copy of.
    based_on: Option<String>,
    /// Not offered.
    hidden: bool,
    /// The vendor's own name.
    vendor_model: Option<String>,
    name: Option<String>,
    description: Option<String>,
    best_for: Option<String>,
    label: Option<String>,
    price: Option<PriceRule>,
    quality_rating: Option<u8>,
    pricing_rating: Option<u8>,
    speed: Option<String>,
    license: Option<String>,
}

/// Reads the file of a data folder; without one nothing is changed.
pub fn read(data: &Path) -> Result<CatalogueFile, String> {
    let path = data.join(FILE);
    match std::fs::metadata(&path) {
        Err(_) => return Ok(CatalogueFile::default()),
        Ok(about) if about.len() > MAX_BYTES => {
            return Err(format!("{} is larger than {MAX_BYTES} bytes", path.display()));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

impl CatalogueFile {
    /// Changes the rows. Everything that is wrong is told; then nothing of it should be used.
    pub fn apply(&self, mut models: Vec<Model>) -> Result<Vec<Model>, Vec<String>> {
        let mut wrong = Vec::new();
        for (id, row) in &self.models {
            let base = row.based_on.as_deref().unwrap_or(id);
            let Some(known) = models.iter().find(|model| model.id == base) else {
                wrong.push(match &row.based_on {
                    Some(base) => format!("`{id}`: there is no model `{base}` to base it on"),
                    None => format!("`{id}`: there is no such model; name one in `based_on` to add it"),
                });
                continue;
            };
            if row.based_on.is_some() && models.iter().any(|model| model.id == *id) {
                wrong.push(format!(
                    "`{id}`: it is there already; leave `based_on` out to change it"
                ));
                continue;
            }
            let mut model = known.clone();
            model.id.clone_from(id);
            wrong.extend(row.change(&mut model).into_iter().map(|what| format!("`{id}`: {what}")));
            models.retain(|model| model.id != *id);
            if !row.hidden {
                models.push(model);
            }
        }
        if wrong.is_empty() { Ok(models) } else { Err(wrong) }
    }
}

impl Row {
    /// Changes one row; says what cannot be.
    fn change(&self, model: &mut Model) -> Vec<String> {
        let mut wrong = Vec::new();
        let put = |place: &mut String, given: &Option<String>, most: usize| {
            if let Some(given) = given {
                *place = text::one_line(given, most);
            }
        };
        put(&mut model.vendor_model, &self.vendor_model, 200);
        put(&mut model.name, &self.name, 80);
        put(&mut model.description, &self.description, 500);
        put(&mut model.best_for, &self.best_for, 200);
        put(&mut model.license, &self.license, 200);
        put(&mut model.speed, &self.speed, 20);
        if self.label.is_some() {
            model.label.clone_from(&self.label);
        }
        if let Some(price) = &self.price {
            model.price = price.clone();
        }
        for (name, place, given) in [
            ("quality_rating", &mut model.quality_rating, self.quality_rating),
            ("pricing_rating", &mut model.pricing_rating, self.pricing_rating),
        ] {
            match given {
                Some(rating @ 1..=5) => *place = rating,
                Some(other) => wrong.push(format!("`{name}` is {other}; it goes from 1 to 5")),
                None => {}
            }
        }
        if !["instant", "fast", "medium", "slow"].contains(&model.speed.as_str()) {
            wrong.push("`speed` must be instant, fast, medium or slow".into());
        }
        if !model.id.starts_with("image/") && !model.id.starts_with("video/") {
            wrong.push("an id begins with `image/` or `video/`".into());
        }
        let is_negative = model.price.price(1, 1024, 1024, 5.0) < aquatint_domain::Credits::ZERO;
        if is_negative {
            wrong.push("the price is below zero".into());
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use aquatint_domain::{Credits, MediaKind};

    use super::*;

    fn apply(text: &str) -> Result<Vec<Model>, Vec<String>> {
        let file: CatalogueFile = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
        file.apply(vec![
            Model::base("image/a/one", "a", MediaKind::Image),
            Model::base("image/a/two", "a", MediaKind::Image),
        ])
    }

    #[test]
    fn rows_are_added_changed_and_hidden() {
        let models = apply(
            "[models.\"image/a/one\"]\nprice = { per_output = 6.5 }\n[models.\"image/a/two\"]\nhidden = true\n[models.\"image/a/new\"]\nbased_on = \"image/a/one\"\nname = \"New\"\n",
        )
        .expect("sound");
        let find = |id: &str| models.iter().find(|model| model.id == id);
        assert_eq!(
            find("image/a/one").expect("stays").price.rate.per_output,
            Credits::from_micro(6_500_000)
        );
        assert!(find("image/a/two").is_none());
        let new = find("image/a/new").expect("is added");
        assert_eq!((new.name.as_str(), new.vendor_model.as_str()), ("New", "one"));
    }

    #[test]
    fn every_mistake_is_told_and_then_nothing_changes() {
        let wrong = apply(
            "[models.\"image/a/none\"]\nname = \"x\"\n[models.\"image/a/one\"]\nquality_rating = 9\nspeed = \"warp\"\n[models.\"image/a/two\"]\nbased_on = \"image/a/one\"\n",
        )
        .expect_err("refused");
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(apply("[models.\"image/a/one\"]\ncolour = 1\n").is_err());
    }
}
