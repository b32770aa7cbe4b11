//! Catalogue words: what a model is, can do, and costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::asset::MediaKind;
use crate::credits::Credits;

/// A model's id, which is a path such as `image/aquatint/scene-preview`.
pub type ModelId = String;

/// What a model takes and makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Capabilities {
    pub text_to_image: bool,
    pub image_to_image: bool,
    pub text_to_video: bool,
    pub image_to_video: bool,
    /// Can put legible words into the picture.
    pub text_rendering: bool,
    /// Can make transparent backgrounds.
    pub transparency: bool,
    /// Runs on this machine; nothing leaves it.
    pub local: bool,
}

/// What one output costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct PriceRule {
    /// Credits for each output.
    pub per_output: Credits,
    /// Credits for each megapixel (1,000,000 pixels) of each output, on top.
    #[serde(default)]
    pub per_megapixel: Credits,
    /// Credits for each second of video, on top.
    #[serde(default)]
    pub per_second: Credits,
}

impl PriceRule {
    /// The price of `outputs` outputs of the given size. Part of a micro-credit counts whole.
    pub fn price(&self, outputs: u32, width: u32, height: u32, seconds: f64) -> Credits {
        let pixels = i128::from(width) * i128::from(height);
        let by_size = (i128::from(self.per_megapixel.micro()) * pixels).div_euclid(1_000_000)
            + i128::from((i128::from(self.per_megapixel.micro()) * pixels) % 1_000_000 != 0);
        let by_time = (self.per_second.micro() as f64 * seconds.clamp(0.0, 86_400.0)).ceil();
        let one = self.per_output
            + Credits::from_micro(i64::try_from(by_size).unwrap_or(i64::MAX))
            + Credits::from_micro(by_time as i64);
        one.times(i64::from(outputs))
    }
}

/// When a model goes, and what takes its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Deprecation {
    pub since: String,
    pub sunset: Option<String>,
    pub replacement: Option<ModelId>,
}

/// One row of the model catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub id: ModelId,
    pub name: String,
    /// The engine or provider that runs it.
    pub maker: String,
    pub kind: MediaKind,
    pub description: String,
    /// What it is good for, in a few words.
    pub best_for: String,
    /// What everyone must know before using it ("procedural preview, not a learned model").
    pub label: Option<String>,
    pub capabilities: Capabilities,
    pub price: PriceRule,
    /// 1 (rough) to 5 (best).
    pub quality_rating: u8,
    /// 1 (cheapest) to 5 (dearest).
    pub pricing_rating: u8,
    /// `instant`, `fast`, `medium` or `slow`.
    pub speed: String,
    pub license: String,
    pub version: String,
    /// JSON Schema (draft 2020-12) of the model's own inputs.
    pub input_schema: serde_json::Value,
    pub deprecation: Option<Deprecation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_counts_outputs_pixels_and_seconds() {
        let rule = PriceRule {
            per_output: Credits::whole(1),
            per_megapixel: Credits::whole(2),
            per_second: Credits::from_micro(500_000),
        };
        assert_eq!(rule.price(2, 1000, 1000, 3.0), Credits::whole(9));
        assert_eq!(rule.price(1, 1, 1, 0.0), Credits::from_micro(1_000_002));
    }
}
