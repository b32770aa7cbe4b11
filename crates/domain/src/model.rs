//! Catalogue words: what a model is, can do, and costs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    /// Moves from a first picture to a last one.
    pub first_last_frame: bool,
    pub video_to_video: bool,
    /// Takes several pictures at once, as references.
    pub references: bool,
    /// Changes only what a mask marks.
    pub masks: bool,
    pub upscale: bool,
    pub remove_background: bool,
    /// Continues a picture beyond its edges.
    pub expand: bool,
    /// Can put legible words into the picture.
    pub text_rendering: bool,
    /// Can make transparent backgrounds.
    pub transparency: bool,
    /// Videos come with sound.
    pub sound: bool,
    /// Runs on this machine; nothing leaves it.
    pub local: bool,
}

/// What one output costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Rate {
    /// Credits for each output.
    pub per_output: Credits,
    /// Credits for each megapixel of each output, on top.
    pub per_megapixel: Credits,
    /// Credits for each second of video, on top.
    pub per_second: Credits,
    /// Credits for each picture or video that is sent in, on top.
    #[serde(skip_serializing_if = "is_free")]
    pub per_input: Credits,
    /// The least that one output costs.
    #[serde(skip_serializing_if = "is_free")]
    pub at_least: Credits,
}

/// What one output costs where the inputs are of a certain kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Tier {
    /// Inputs and the value (or, as a list, the values) that each must have.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Value>,
    /// Only up to this many pixels of one output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_pixels: Option<u64>,
    pub rate: Rate,
}

impl Tier {
    /// A tier for these values, such as `[("quality", json!("high"))]`.
    pub fn when<const N: usize>(conditions: [(&str, Value); N], rate: Rate) -> Self {
        Self {
            when: conditions.map(|(name, value)| (name.to_owned(), value)).into(),
            up_to_pixels: None,
            rate,
        }
    }

    pub fn up_to(mut self, pixels: u64) -> Self {
        self.up_to_pixels = Some(pixels);
        self
    }

    fn fits(&self, sale: &Sale<'_>) -> bool {
        let pixels = u64::from(sale.width) * u64::from(sale.height);
        self.up_to_pixels.is_none_or(|most| pixels <= most)
            && self.when.iter().all(|(name, wanted)| {
                let given = sale.inputs.get(name).unwrap_or(&Value::Null);
                match wanted {
                    Value::Array(any) => any.contains(given),
                    one => one == given,
                }
            })
    }
}

/// What a model's outputs cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
pub struct PriceRule {
    #[serde(flatten)]
    pub rate: Rate,
    /// Rates for certain inputs, in place of the one above; the first that fits counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<Tier>,
    /// Megapixels of each output that `per_output` pays already.
    #[serde(skip_serializing_if = "is_zero")]
    pub included_megapixels: u32,
    /// Pixels in one megapixel, where the vendor does not mean 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub megapixel: Option<u32>,
    /// Part of a megapixel counts as a whole one.
    #[serde(skip_serializing_if = "is_false")]
    pub whole_megapixels: bool,
    /// The vendor bills what it counts itself, such as tokens: this is what is held, and what it reports is charged.
    #[serde(skip_serializing_if = "is_false")]
    pub is_estimate: bool,
}

fn is_free(credits: &Credits) -> bool {
    credits.is_zero()
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// What is asked for, as far as it decides the price.
#[derive(Clone, Copy, Debug)]
pub struct Sale<'a> {
    pub outputs: u32,
    /// Pixels of each output.
    pub width: u32,
    pub height: u32,
    /// Of each output, or of the video that goes in where that decides; 0 for pictures.
    pub seconds: f64,
    /// Pictures and videos that are sent in.
    pub media: u32,
    /// The model's inputs with their defaults.
    pub inputs: &'a Map<String, Value>,
}

impl PriceRule {
    /// One rate for everything.
    pub fn flat(per_output: Credits) -> Self {
        Self {
            rate: Rate::per_output(per_output),
            ..Self::default()
        }
    }

    /// The price of `outputs` outputs of the given size, whatever the inputs. Part of a micro-credit counts whole.
    pub fn price(&self, outputs: u32, width: u32, height: u32, seconds: f64) -> Credits {
        let inputs = Map::new();
        self.price_of(&Sale {
            outputs,
            width,
            height,
            seconds,
            media: 0,
            inputs: &inputs,
        })
    }

    /// The price of a sale. Part of a micro-credit counts whole.
    pub fn price_of(&self, sale: &Sale<'_>) -> Credits {
        let rate = self
            .tiers
            .iter()
            .find(|tier| tier.fits(sale))
            .map_or(&self.rate, |tier| &tier.rate);
        let megapixel = i128::from(self.megapixel.unwrap_or(1_000_000).max(1));
        let mut pixels = i128::from(sale.width) * i128::from(sale.height);
        if self.whole_megapixels {
            pixels = (pixels + megapixel - 1).div_euclid(megapixel) * megapixel;
        }
        pixels = (pixels - i128::from(self.included_megapixels) * megapixel).max(0);
        let by_size = (i128::from(rate.per_megapixel.micro()) * pixels + megapixel - 1).div_euclid(megapixel);
        let by_time = (rate.per_second.micro() as f64 * sale.seconds.clamp(0.0, 86_400.0)).ceil();
        let one = rate.per_output
            + Credits::from_micro(i64::try_from(by_size).unwrap_or(i64::MAX))
            + Credits::from_micro(by_time as i64)
            + rate.per_input.times(i64::from(sale.media));
        one.max(rate.at_least).times(i64::from(sale.outputs))
    }

    /// Every rate times `factor`, rounded up to a micro-credit.
    pub fn scaled(&self, factor: f64) -> Self {
        let mut rule = self.clone();
        rule.rate = rule.rate.scaled(factor);
        for tier in &mut rule.tiers {
            tier.rate = tier.rate.scaled(factor);
        }
        rule
    }
}

impl Rate {
    pub fn per_output(credits: Credits) -> Self {
        Self {
            per_output: credits,
            ..Self::default()
        }
    }

    pub fn per_second(credits: Credits) -> Self {
        Self {
            per_second: credits,
            ..Self::default()
        }
    }

    fn scaled(&self, factor: f64) -> Self {
        let scale = |credits: Credits| Credits::from_micro((credits.micro() as f64 * factor).ceil() as i64);
        Self {
            per_output: scale(self.per_output),
            per_megapixel: scale(self.per_megapixel),
            per_second: scale(self.per_second),
            per_input: scale(self.per_input),
            at_least: scale(self.at_least),
        }
    }
}

/// When a model goes, and what takes its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Deprecation {
    /// A date such as `2026-06-02`.
    pub since: String,
    /// The day from which on it no longer answers.
    pub sunset: Option<String>,
    pub replacement: Option<ModelId>,
}

/// How the size of an output is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizing {
    /// By `width` and `height`, within the limits of the schema.
    Free {
        /// Both sides are multiples of this.
        step: u32,
        min_pixels: u64,
        max_pixels: u64,
        /// The longer side is at most this many times the shorter.
        max_ratio: f64,
    },
    /// By `width` and `height`, but only in these pairs.
    Listed(Vec<(u32, u32)>),
    /// By `aspect_ratio`, one of those that the schema lists, and where the model has it `resolution`.
    Ratio,
    /// The output is as large as the input, or the model decides.
    #[default]
    Own,
}

/// One row of the model catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub id: ModelId,
    pub name: String,
    /// The engine or provider that runs it.
    pub maker: String,
    /// The vendor's own name for it.
    #[serde(default)]
    pub vendor_model: String,
    pub kind: MediaKind,
    pub description: String,
    /// What it is good for, in a few words.
    pub best_for: String,
    /// What everyone must know before using it ("procedural preview, not a learned model").
    pub label: Option<String>,
    pub capabilities: Capabilities,
    #[serde(default)]
    pub sizing: Sizing,
    /// Outputs that one request can ask for; more are made by several requests.
    #[serde(default = "one")]
    pub outputs_per_request: u32,
    pub price: PriceRule,
    /// 1 (rough) to 5 (best).
    pub quality_rating: u8,
    /// 1 (cheapest) to 5 (dearest).
    pub pricing_rating: u8,
    /// `instant`, `fast`, `medium` or `slow`.
    pub speed: String,
    /// Whose terms hold, and what they say of the outputs.
    pub license: String,
    /// The vendor's page about the model.
    #[serde(default)]
    pub docs_url: Option<String>,
    pub version: String,
    /// JSON Schema (draft 2020-12) of the model's own inputs. Keywords of the vendor's file begin with `x-`.
    pub input_schema: Value,
    /// What the vendor's file needs to run it beside its name, such as a workflow; not shown to callers.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub vendor_data: Value,
    pub deprecation: Option<Deprecation>,
}

fn one() -> u32 {
    1
}

impl Model {
    /// A row with the least in it, for `Model { …, ..Model::base(…) }`.
    pub fn base(id: &str, maker: &str, kind: MediaKind) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            maker: maker.to_owned(),
            vendor_model: id.rsplit('/').next().unwrap_or(id).to_owned(),
            kind,
            description: String::new(),
            best_for: String::new(),
            label: None,
            capabilities: Capabilities::default(),
            sizing: Sizing::default(),
            outputs_per_request: 1,
            price: PriceRule::default(),
            quality_rating: 3,
            pricing_rating: 3,
            speed: "medium".into(),
            license: String::new(),
            docs_url: None,
            version: "1".into(),
            input_schema: json!({ "type": "object" }),
            vendor_data: Value::Null,
            deprecation: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_counts_outputs_pixels_and_seconds() {
        let rule = PriceRule {
            rate: Rate {
                per_output: Credits::whole(1),
                per_megapixel: Credits::whole(2),
                per_second: Credits::from_micro(500_000),
                ..Rate::default()
            },
            ..PriceRule::default()
        };
        assert_eq!(rule.price(2, 1000, 1000, 3.0), Credits::whole(9));
        assert_eq!(rule.price(1, 1, 1, 0.0), Credits::from_micro(1_000_002));
        assert_eq!(rule.scaled(2.0).price(1, 1000, 1000, 0.0), Credits::whole(6));
    }

    #[test]
    fn the_first_tier_that_fits_counts() {
        let mut rule = PriceRule::flat(Credits::whole(9));
        let tier =
            |values: Value, credits| Tier::when([("quality", values)], Rate::per_output(Credits::whole(credits)));
        rule.tiers = vec![tier(json!("low"), 1), tier(json!(["medium", "auto"]), 3)];
        rule.tiers[0].up_to_pixels = Some(1_000_000);
        let price = |quality: &str, side: u32| {
            let inputs = Map::from_iter([("quality".to_owned(), json!(quality))]);
            rule.price_of(&Sale {
                outputs: 1,
                width: side,
                height: side,
                seconds: 0.0,
                media: 0,
                inputs: &inputs,
            })
        };
        assert_eq!(price("low", 1000), Credits::whole(1));
        assert_eq!(price("low", 1001), Credits::whole(9));
        assert_eq!(price("auto", 10), Credits::whole(3));
        assert_eq!(price("high", 10), Credits::whole(9));
    }

    #[test]
    fn megapixels_can_be_included_and_rounded() {
        let rule = PriceRule {
            rate: Rate {
                per_output: Credits::whole(3),
                per_megapixel: Credits::whole(2),
                ..Rate::default()
            },
            included_megapixels: 1,
            whole_megapixels: true,
            ..PriceRule::default()
        };
        assert_eq!(rule.price(1, 1000, 1000, 0.0), Credits::whole(3));
        assert_eq!(rule.price(1, 1024, 1024, 0.0), Credits::whole(5));
        let binary = PriceRule {
            megapixel: Some(1024 * 1024),
            ..rule
        };
        assert_eq!(binary.price(1, 1024, 1024, 0.0), Credits::whole(3));
        assert_eq!(binary.price(1, 1024, 1025, 0.0), Credits::whole(5));
    }
}
