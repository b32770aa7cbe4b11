//! Runway's models that make pictures: `POST /v1/text_to_image`.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Map, Value, json};

use super::FACTS;
use super::knobs::Knob;
use super::sizes;
use crate::order::Order;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// A model, as far as it differs from the others.
pub(super) struct Picture {
    slug: &'static str,
    pub vendor: &'static str,
    name: &'static str,
    best_for: &'static str,
    quality: u8,
    pricing: u8,
    speed: &'static str,
    prompt_chars: u32,
    sizes: &'static [(u32, u32)],
    /// Pictures that may go in, at least and at most.
    references: (u32, u32),
    /// Whether a reference may be named in the prompt by its tag.
    has_tags: bool,
    /// Legible text.
    has_words: bool,
    /// `outputCount` goes up to this; 1 where the vendor has no such field, or not in steps of one.
    batch: u32,
    knobs: &'static [Knob],
    price: Price,
}

/// In credits of the vendor, which are cents.
#[derive(Clone, Copy)]
enum Price {
    Flat(f64),
    /// Where one side is 720 pixels, and else.
    ByHeight(f64, f64),
    /// Up to so many pixels, and so on; the last has no limit.
    BySize(&'static [(u64, f64)]),
    /// By quality, up to 2K and at 4K.
    ByQuality(&'static [(&'static str, f64, f64)], f64),
}

const QUALITIES: &[&str] = &["low", "medium", "high", "xhigh", "max"];
/// Larger pictures of the GPT family are billed as 4K.
const GPT_2K_PIXELS: u64 = 6_553_600;
/// What the new GPT models cost was not to be read on 2026-11-21; these are at or above what their maker asks.
const GPT_NEW: &[(&str, f64, f64)] = &[
    ("low", 3.0, 6.0),
    ("medium", 8.0, 16.0),
    ("high", 25.0, 50.0),
    ("xhigh", 50.0, 90.0),
    ("max", 90.0, 160.0),
];

pub(super) const ROWS: &[Picture] = &[
    Picture {
        slug: "gen-4-image",
        vendor: "gen4_image",
        name: "Gen-4 Image",
        best_for: "scenes that keep the people and places of up to three references",
        quality: 4,
        pricing: 3,
        speed: "medium",
        prompt_chars: 1_000,
        sizes: sizes::GEN4_IMAGE,
        references: (0, 3),
        has_tags: true,
        has_words: false,
        batch: 1,
        knobs: &[Knob::Seed, Knob::PublicFigures],
        price: Price::ByHeight(5.0, 8.0),
    },
    Picture {
        slug: "gen-4-image-turbo",
        vendor: "gen4_image_turbo",
        name: "Gen-4 Image Turbo",
        best_for: "cheap variations of one to three references",
        quality: 3,
        pricing: 1,
        speed: "fast",
        prompt_chars: 1_000,
        sizes: sizes::GEN4_IMAGE,
        references: (1, 3),
        has_tags: true,
        has_words: false,
        batch: 1,
        knobs: &[Knob::Seed, Knob::PublicFigures],
        price: Price::Flat(2.0),
    },
    Picture {
        slug: "gpt-image-2.5-sunburst",
        vendor: "gpt_image_2_5_sunburst",
        name: "GPT Image 2.5 Sunburst",
        best_for: "long legible text, transparency and precise edits",
        quality: 5,
        pricing: 4,
        speed: "slow",
        prompt_chars: 32_000,
        sizes: sizes::GPT_IMAGE,
        references: (0, 16),
        has_tags: true,
        has_words: true,
        batch: 10,
        knobs: &[
            Knob::Quality(QUALITIES, "medium"),
            Knob::Background(&["auto", "opaque", "transparent"]),
        ],
        price: Price::ByQuality(GPT_NEW, 1.0),
    },
    Picture {
        slug: "gpt-image-2.5-flare",
        vendor: "gpt_image_2_5_flare",
        name: "GPT Image 2.5 Flare",
        best_for: "everyday pictures and edits, quickly",
        quality: 4,
        pricing: 3,
        speed: "medium",
        prompt_chars: 32_000,
        sizes: sizes::GPT_IMAGE,
        references: (0, 16),
        has_tags: true,
        has_words: true,
        batch: 10,
        knobs: &[
            Knob::Quality(QUALITIES, "medium"),
            Knob::Background(&["auto", "opaque"]),
        ],
        price: Price::ByQuality(GPT_NEW, 1.0),
    },
    Picture {
        slug: "gpt-image-2",
        vendor: "gpt_image_2",
        name: "GPT Image 2",
        best_for: "pictures with legible words, up to 4K",
        quality: 4,
        pricing: 3,
        speed: "slow",
        prompt_chars: 32_000,
        sizes: sizes::GPT_IMAGE,
        references: (0, 16),
        has_tags: true,
        has_words: true,
        batch: 10,
        knobs: &[
            Knob::Quality(&["low", "medium", "high", "auto"], "medium"),
            Knob::Background(&["auto", "opaque", "transparent"]),
        ],
        price: Price::ByQuality(
            &[
                ("low", 1.0, 2.0),
                ("medium", 5.0, 11.0),
                ("high", 20.0, 41.0),
                ("auto", 20.0, 41.0),
            ],
            0.0,
        ),
    },
    Picture {
        slug: "gemini-3-pro-image",
        vendor: "gemini_image3_pro",
        name: "Gemini 3 Pro Image",
        best_for: "complex scenes with many references, up to 4K",
        quality: 5,
        pricing: 4,
        speed: "medium",
        prompt_chars: 20_000,
        sizes: sizes::GEMINI_3_PRO,
        references: (0, 14),
        has_tags: true,
        has_words: true,
        batch: 1,
        knobs: &[],
        price: Price::BySize(&[(5_000_000, 20.0), (u64::MAX, 40.0)]),
    },
    Picture {
        slug: "gemini-3.1-flash-image",
        vendor: "gemini_image3.1_flash",
        name: "Gemini 3.1 Flash Image",
        best_for: "quick pictures in unusual shapes, up to 4K",
        quality: 4,
        pricing: 3,
        speed: "fast",
        prompt_chars: 20_000,
        sizes: sizes::GEMINI_31_FLASH,
        references: (0, 14),
        has_tags: true,
        has_words: true,
        batch: 1,
        knobs: &[],
        price: Price::BySize(&[(1_600_000, 7.0), (5_000_000, 11.0), (u64::MAX, 16.0)]),
    },
    Picture {
        slug: "gemini-2.5-flash-image",
        vendor: "gemini_2.5_flash",
        name: "Gemini 2.5 Flash Image",
        best_for: "simple edits and drafts",
        quality: 3,
        pricing: 2,
        speed: "fast",
        prompt_chars: 20_000,
        sizes: sizes::GEMINI_25,
        references: (0, 3),
        has_tags: true,
        has_words: true,
        batch: 1,
        knobs: &[],
        price: Price::Flat(5.0),
    },
    Picture {
        slug: "seedream-5-pro",
        vendor: "seedream5_pro",
        name: "Seedream 5 Pro",
        best_for: "pictures of products and brands, with facts from the web",
        quality: 4,
        pricing: 3,
        speed: "medium",
        prompt_chars: 4_000,
        sizes: sizes::SEEDREAM_PRO,
        references: (0, 10),
        has_tags: false,
        has_words: false,
        batch: 4,
        knobs: &[Knob::WebSearch, Knob::Format(&["png", "jpeg"])],
        price: Price::BySize(&[(1_200_000, 5.0), (u64::MAX, 9.0)]),
    },
    Picture {
        slug: "seedream-5-lite",
        vendor: "seedream5_lite",
        name: "Seedream 5 Lite",
        best_for: "large pictures at a low price",
        quality: 3,
        pricing: 2,
        speed: "medium",
        prompt_chars: 4_000,
        sizes: sizes::SEEDREAM_LITE,
        references: (0, 10),
        has_tags: false,
        has_words: false,
        batch: 4,
        knobs: &[Knob::WebSearch, Knob::Format(&["png", "jpeg"])],
        price: Price::Flat(4.0),
    },
    Picture {
        slug: "grok-imagine-image-2",
        vendor: "grok_imagine_image_2",
        name: "Grok Imagine Image 2",
        best_for: "quick illustrations and edits of single pictures",
        quality: 3,
        pricing: 2,
        speed: "fast",
        prompt_chars: 8_000,
        sizes: sizes::GROK_IMAGE,
        references: (0, 3),
        has_tags: false,
        has_words: false,
        batch: 4,
        knobs: &[Knob::Quality(&["low", "medium"], "medium"), Knob::Edit],
        price: Price::ByQuality(&[("low", 4.0, 6.0), ("medium", 6.0, 8.0)], 1.0),
    },
    Picture {
        slug: "muse-image",
        vendor: "muse_image",
        name: "Muse Image",
        best_for: "many ideas for a cent each",
        quality: 3,
        pricing: 1,
        speed: "fast",
        prompt_chars: 8_000,
        sizes: sizes::MUSE,
        references: (0, 10),
        has_tags: false,
        has_words: false,
        batch: 4,
        knobs: &[Knob::Format(&["png", "jpeg", "webp"])],
        price: Price::Flat(1.0),
    },
];

/// Path and body of a purchase. `uris` name the order's media, in their order.
pub(super) fn request(row: &Picture, order: &Order, uris: &[String]) -> (&'static str, Value) {
    let mut body = Map::new();
    body.insert("model".into(), row.vendor.into());
    body.insert("promptText".into(), order.text("prompt").unwrap_or_default().into());
    if let Some((width, height)) = order.size() {
        body.insert("ratio".into(), format!("{width}:{height}").into());
    }
    if !uris.is_empty() {
        let references: Vec<Value> = uris
            .iter()
            .enumerate()
            .map(|(place, uri)| {
                if row.has_tags {
                    json!({ "uri": uri, "tag": format!("image_{}", place + 1) })
                } else {
                    json!({ "uri": uri })
                }
            })
            .collect();
        body.insert("referenceImages".into(), references.into());
    }
    if row.batch > 1 {
        body.insert("outputCount".into(), order.count.into());
    }
    for knob in row.knobs {
        knob.write(order, &mut body);
    }
    ("/v1/text_to_image", body.into())
}

pub(super) fn model(row: &Picture) -> Model {
    let (least, most) = row.references;
    let (width, height) = sizes::default_of(row.sizes);
    let about_tags = if row.has_tags {
        " The prompt may name them @image_1, @image_2 and so on."
    } else {
        ""
    };
    let mut inputs = Inputs::prompt(row.prompt_chars)
        .count()
        .style()
        .size(sizes::least(row.sizes), sizes::most(row.sizes), width, height)
        .images(most, &format!("References, or pictures to change.{about_tags}"));
    if least > 0 {
        inputs = inputs.require("images");
    }
    for knob in row.knobs {
        inputs = knob.describe(inputs);
    }
    if least == 0 {
        inputs = inputs.example(json!({ "prompt": "a glass bottle on wet stone, soft morning light" }));
    }
    inputs = inputs.example(json!({ "prompt": "the same bottle on a windowsill in winter", "images": [EXAMPLE_ASSET], "width": width, "height": height }));
    if row.knobs.iter().any(|knob| matches!(knob, Knob::Quality(..))) {
        inputs = inputs.example(json!({ "prompt": "a poster with the word AUTUMN", "quality": "low", "count": 2 }));
    }
    let can_be_transparent = row
        .knobs
        .iter()
        .any(|knob| matches!(knob, Knob::Background(values) if values.contains(&"transparent")));
    Model {
        name: format!("{} (Runway)", row.name),
        vendor_model: row.vendor.into(),
        description: format!(
            "{} at Runway: makes pictures of words{}.",
            row.name,
            if least > 0 {
                " and one to three references, which it needs"
            } else {
                ", with references"
            }
        ),
        best_for: row.best_for.into(),
        capabilities: Capabilities {
            text_to_image: least == 0,
            image_to_image: true,
            references: most > 1,
            text_rendering: row.has_words,
            transparency: can_be_transparent,
            ..Capabilities::default()
        },
        sizing: Sizing::Listed(row.sizes.to_vec()),
        outputs_per_request: row.batch,
        price: row.price.rule(),
        quality_rating: row.quality,
        pricing_rating: row.pricing,
        speed: row.speed.into(),
        license: super::LICENSE.into(),
        docs_url: Some("https://docs.dev.runwayml.com/guides/models".into()),
        version: row.vendor.into(),
        input_schema: inputs.finish(),
        ..Model::base(&format!("image/runway/{}", row.slug), FACTS.id, MediaKind::Image)
    }
}

impl Price {
    fn rule(self) -> PriceRule {
        let cents = |credits: f64| Rate::per_output(usd(credits / 100.0));
        match self {
            Self::Flat(credits) => PriceRule {
                rate: cents(credits),
                ..PriceRule::default()
            },
            Self::ByHeight(small, large) => PriceRule {
                rate: cents(large),
                tiers: vec![
                    Tier::when([("height", json!(720))], cents(small)),
                    Tier::when([("width", json!(720))], cents(small)),
                ],
                ..PriceRule::default()
            },
            Self::BySize(steps) => PriceRule {
                rate: steps.last().map(|(_, credits)| cents(*credits)).unwrap_or_default(),
                tiers: steps
                    .iter()
                    .map(|(pixels, credits)| Tier::when([], cents(*credits)).up_to(*pixels))
                    .collect(),
                ..PriceRule::default()
            },
            Self::ByQuality(steps, per_reference) => {
                let rate = |credits: f64| Rate {
                    per_input: usd(per_reference / 100.0),
                    ..cents(credits)
                };
                let is_gpt = steps.len() > 2;
                let mut tiers = Vec::new();
                for (quality, small, large) in steps {
                    let quality = json!(quality);
                    if is_gpt {
                        // 3840×1648 has fewer pixels than the largest of 2K, and is billed as 4K.
                        tiers.push(Tier::when(
                            [("quality", quality.clone()), ("width", json!(3840))],
                            rate(*large),
                        ));
                        tiers.push(Tier::when([("quality", quality.clone())], rate(*small)).up_to(GPT_2K_PIXELS));
                    } else {
                        tiers.push(Tier::when([("quality", quality.clone())], rate(*small)).up_to(1_100_000));
                    }
                    tiers.push(Tier::when([("quality", quality)], rate(*large)));
                }
                PriceRule {
                    rate: steps.last().map(|(_, _, large)| rate(*large)).unwrap_or_default(),
                    tiers,
                    is_estimate: per_reference > 0.0,
                    ..PriceRule::default()
                }
            }
        }
    }
}
