//! The models as data, with prices of 2026-10 and 2026-11 from <https://ai.google.dev/gemini-api/docs/pricing>.
//!
//! Pictures are billed by tokens: a row holds what a picture of each size costs, and what is charged follows the usage of the
//! answer. Videos are listed by the second.

use aquatint_domain::model::{Deprecation, PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::json;

use super::FACTS;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const MAX_PROMPT: u32 = 32_000;
const MAX_SEED: u64 = 2_147_483_647;
const LICENSE: &str = "Google's Gemini API terms: results may be used commercially; every result carries SynthID";
const PRESENT: &str = "image/google/nano-banana-2.1";
const PRESENT_VIDEO: &str = "video/google/gemini-omni-1.2-flash";

const RATIOS: &[&str] = &[
    "auto", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9",
];
const WIDE_RATIOS: &[&str] = &[
    "auto", "1:1", "1:4", "4:1", "1:8", "8:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9",
];

/// Dollars for a million tokens.
pub struct TokenRates {
    pub input: f64,
    pub text: f64,
    pub image: f64,
}

/// What a picture model's tokens cost.
pub fn token_rates(vendor_model: &str) -> Option<TokenRates> {
    let row = PICTURES.iter().find(|row| row.vendor_model == vendor_model)?;
    let (input, text, image) = row.tokens;
    Some(TokenRates { input, text, image })
}

/// What differs between the picture models.
struct Picture {
    id: &'static str,
    vendor_model: &'static str,
    name: &'static str,
    best_for: &'static str,
    ratios: &'static [&'static str],
    /// Sizes and the tokens of a picture; none where the size cannot be chosen.
    sizes: &'static [(&'static str, u32)],
    references: u32,
    thinking: &'static [&'static str],
    takes_video: bool,
    searches: bool,
    /// Dollars for a million tokens that go in, come out as words, come out as pictures.
    tokens: (f64, f64, f64),
    /// Tokens of a picture that goes in.
    input_tokens: u32,
    quality: u8,
    pricing: u8,
    speed: &'static str,
    sunset: Option<(&'static str, &'static str)>,
}

const PICTURES: &[Picture] = &[
    Picture {
        id: "nano-banana-2.1",
        vendor_model: "gemini-nano-banana-2.1",
        name: "Nano Banana 2.1",
        best_for: "everyday pictures and edits with legible text, many references and facts from the web",
        ratios: WIDE_RATIOS,
        sizes: &[("1k", 1_120), ("2k", 1_680), ("4k", 2_520)],
        references: 14,
        thinking: &["minimal", "medium", "high"],
        takes_video: true,
        searches: true,
        tokens: (1.5, 7.5, 30.0),
        input_tokens: 1_120,
        quality: 5,
        pricing: 2,
        speed: "medium",
        sunset: None,
    },
    Picture {
        id: "nano-banana-pro",
        vendor_model: "gemini-3-pro-image",
        name: "Nano Banana Pro",
        best_for: "demanding layouts, brand work and infographics",
        ratios: RATIOS,
        sizes: &[("1k", 1_120), ("2k", 1_120), ("4k", 2_000)],
        references: 14,
        thinking: &[],
        takes_video: false,
        searches: true,
        tokens: (2.0, 12.0, 120.0),
        input_tokens: 560,
        quality: 5,
        pricing: 4,
        speed: "slow",
        sunset: None,
    },
    Picture {
        id: "nano-banana-2-lite",
        vendor_model: "gemini-3.1-flash-lite-image",
        name: "Nano Banana 2 Lite",
        best_for: "quick drafts and large numbers of small pictures",
        ratios: WIDE_RATIOS,
        sizes: &[("1k", 1_120)],
        references: 10,
        thinking: &["minimal", "high"],
        takes_video: false,
        searches: false,
        tokens: (0.25, 1.5, 30.0),
        input_tokens: 1_120,
        quality: 3,
        pricing: 2,
        speed: "fast",
        sunset: None,
    },
    Picture {
        id: "nano-banana-2",
        vendor_model: "gemini-3.1-flash-image",
        name: "Nano Banana 2",
        best_for: "what was set up with it; it is shut down",
        ratios: WIDE_RATIOS,
        sizes: &[("512", 747), ("1k", 1_120), ("2k", 1_680), ("4k", 2_520)],
        references: 14,
        thinking: &["minimal", "high"],
        takes_video: true,
        searches: true,
        tokens: (0.5, 3.0, 60.0),
        input_tokens: 1_120,
        quality: 4,
        pricing: 3,
        speed: "medium",
        sunset: Some(("2026-10-06", "2026-10-29")),
    },
    Picture {
        id: "nano-banana",
        vendor_model: "gemini-2.5-flash-image",
        name: "Nano Banana",
        best_for: "what was set up with it; it is shut down",
        ratios: RATIOS,
        sizes: &[],
        references: 3,
        thinking: &[],
        takes_video: false,
        searches: false,
        tokens: (0.3, 2.5, 30.0),
        input_tokens: 1_290,
        quality: 3,
        pricing: 2,
        speed: "fast",
        sunset: Some(("2026-05-28", "2026-10-02")),
    },
];

pub fn all() -> Vec<Model> {
    let mut models: Vec<_> = PICTURES.iter().map(picture).collect();
    models.extend(OMNI.iter().map(omni));
    models.extend(IMAGEN.iter().map(|row| imagen(*row)));
    models.extend(VEO.iter().map(|row| veo(*row)));
    models
}

fn picture(row: &Picture) -> Model {
    let dollars = |tokens: u32| f64::from(tokens) * row.tokens.2 / 1.0e6;
    let rate = |tokens: u32| Rate {
        per_output: usd(dollars(tokens)),
        per_input: usd(f64::from(row.input_tokens) * row.tokens.0 / 1.0e6),
        ..Rate::default()
    };
    let mut inputs = Inputs::prompt(MAX_PROMPT)
        .count()
        .style()
        .ratios(row.ratios, "auto")
        .seed(MAX_SEED)
        .images(
            row.references,
            "Pictures to change, or references, in the order in which the prompt speaks of them.",
        );
    if !row.sizes.is_empty() {
        let sizes: Vec<_> = row.sizes.iter().map(|(size, _)| *size).collect();
        inputs = inputs.resolution(&sizes, "1k");
    }
    if let Some(default) = row
        .thinking
        .iter()
        .find(|level| **level == "medium")
        .or(row.thinking.first())
    {
        inputs = inputs.choice("thinking", row.thinking, default, "How much is planned before drawing.");
    }
    if row.searches {
        inputs = inputs.flag(
            "web_search",
            false,
            "May look facts up with Google Search first; Google charges that by itself.",
        );
    }
    if row.takes_video {
        inputs = inputs.medium(
            "video",
            "video/*",
            "A clip that the picture is made from, such as for a poster.",
        );
    }
    inputs = inputs
        .with(
            "safety_threshold",
            json!({ "type": "string", "enum": ["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"], "description": "How much of the adjustable harm categories is blocked; Google's default without." }),
        )
        .example(json!({ "prompt": "a menu of a small café, three dishes, hand-lettered", "aspect_ratio": "3:4" }))
        .example(json!({ "prompt": "the chair of the first picture in the room of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "seed": 7 }));
    if row.searches {
        inputs = inputs.example(json!({ "prompt": "today's weather in Lisbon as an infographic", "web_search": true, "safety_threshold": "BLOCK_ONLY_HIGH" }));
    }
    if row.takes_video {
        inputs = inputs.example(
            json!({ "prompt": "a cinema poster of this clip", "video": EXAMPLE_ASSET, "aspect_ratio": "2:3" }),
        );
    }
    let default_tokens = row
        .sizes
        .iter()
        .find(|(size, _)| *size == "1k")
        .map_or(1_290, |(_, tokens)| *tokens);
    Model {
        name: row.name.into(),
        vendor_model: row.vendor_model.into(),
        description: format!(
            "{} (Gemini): makes pictures of words and changes up to {} pictures by words.",
            row.name, row.references
        ),
        best_for: row.best_for.into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            text_rendering: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule {
            rate: rate(default_tokens),
            tiers: row
                .sizes
                .iter()
                .map(|(size, tokens)| Tier::when([("resolution", json!(size))], rate(*tokens)))
                .collect(),
            is_estimate: true,
            ..PriceRule::default()
        },
        quality_rating: row.quality,
        pricing_rating: row.pricing,
        speed: row.speed.into(),
        license: LICENSE.into(),
        docs_url: Some(format!(
            "https://ai.google.dev/gemini-api/docs/models/{}",
            row.vendor_model
        )),
        version: row.vendor_model.into(),
        input_schema: inputs.finish(),
        deprecation: row.sunset.map(|(since, sunset)| gone(since, sunset, PRESENT)),
        ..Model::base(&format!("image/google/{}", row.id), FACTS.id, MediaKind::Image)
    }
}

fn gone(since: &str, sunset: &str, replacement: &str) -> Deprecation {
    Deprecation {
        since: since.into(),
        sunset: Some(sunset.into()),
        replacement: Some(replacement.into()),
    }
}

/// What differs between the Omni models.
struct Omni {
    vendor_model: &'static str,
    name: &'static str,
    longest: u32,
    references: u32,
    /// Dollars a second at 360p, 720p, 1080p and 4k.
    prices: [f64; 4],
    quality: u8,
}

const OMNI: &[Omni] = &[
    Omni {
        vendor_model: "gemini-omni-1.2-flash",
        name: "Gemini Omni 1.2 Flash",
        longest: 15,
        references: 6,
        prices: [0.0234, 0.07, 0.105, 0.21],
        quality: 5,
    },
    Omni {
        vendor_model: "gemini-omni-1.1-flash",
        name: "Gemini Omni 1.1 Flash",
        longest: 10,
        references: 6,
        prices: [0.0334, 0.1, 0.15, 0.3],
        quality: 4,
    },
];

fn omni(row: &Omni) -> Model {
    let sizes = ["360p", "720p", "1080p", "4k"];
    let inputs = Inputs::prompt(MAX_PROMPT)
        .count()
        .style()
        .ratios(&["16:9", "9:16"], "16:9")
        .resolution(&sizes, "720p")
        .seconds_between(3, row.longest, 8)
        .medium("first_frame", "image/*", "The picture that it begins with.")
        .medium("last_frame", "image/*", "The picture that it ends with; only with `first_frame`, and up to ten seconds.")
        .images(row.references, "People, things or styles that it shows; not its first frame.")
        .medium("video", "video/mp4", "A clip to change, to go on from or to enlarge. Google does not take clips from the EEA, Switzerland and the United Kingdom.")
        .choice("video_task", &["edit", "extend", "upscale"], "edit", "What is done with `video`.")
        .with("previous_interaction_id", json!({ "type": "string", "minLength": 1, "maxLength": 400, "pattern": "^[A-Za-z0-9_.-]+$", "description": "The vendor's id of an earlier result of this model: that one is changed by the prompt." }))
        .example(json!({ "prompt": "a paper boat sails down a gutter in the rain, one continuous shot", "duration_seconds": 5 }))
        .example(json!({ "prompt": "the waves break against the rocks", "first_frame": EXAMPLE_ASSET, "resolution": "1080p" }))
        .example(json!({ "prompt": "from sunrise to sunset", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "the woman shows the bottle to the camera", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "aspect_ratio": "9:16" }))
        .example(json!({ "prompt": "make it a watercolour", "video": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "now at night", "previous_interaction_id": "v1_ChcxMGlSYXU" }));
    Model {
        name: row.name.into(),
        vendor_model: row.vendor_model.into(),
        description: format!(
            "{}: clips of 3 to {} seconds with sound, of words, frames or references, and changes of clips by words.",
            row.name, row.longest
        ),
        best_for: "clips with sound and speech, edits of clips, cheap drafts in 360p".into(),
        capabilities: Capabilities {
            text_to_video: true,
            image_to_video: true,
            first_last_frame: true,
            video_to_video: true,
            references: true,
            upscale: true,
            text_rendering: true,
            sound: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule {
            rate: Rate::per_second(usd(row.prices[1])),
            tiers: sizes
                .iter()
                .zip(row.prices)
                .map(|(size, price)| Tier::when([("resolution", json!(size))], Rate::per_second(usd(price))))
                .collect(),
            ..PriceRule::default()
        },
        quality_rating: row.quality,
        pricing_rating: 3,
        speed: "slow".into(),
        license: LICENSE.into(),
        docs_url: Some("https://ai.google.dev/gemini-api/docs/omni".into()),
        version: row.vendor_model.into(),
        input_schema: inputs.finish(),
        ..Model::base(
            &format!("video/google/{}", row.vendor_model),
            FACTS.id,
            MediaKind::Video,
        )
    }
}

/// Id, vendor's name, name, dollars a picture, sizes.
type ImagenRow = (&'static str, &'static str, &'static str, f64, &'static [&'static str]);

const IMAGEN: &[ImagenRow] = &[
    ("imagen-4", "imagen-4.0-generate-001", "Imagen 4", 0.04, &["1k", "2k"]),
    (
        "imagen-4-ultra",
        "imagen-4.0-ultra-generate-001",
        "Imagen 4 Ultra",
        0.06,
        &["1k", "2k"],
    ),
    (
        "imagen-4-fast",
        "imagen-4.0-fast-generate-001",
        "Imagen 4 Fast",
        0.02,
        &[],
    ),
];

fn imagen((id, vendor_model, name, price, sizes): ImagenRow) -> Model {
    let mut inputs = Inputs::prompt(1_900)
        .count()
        .style()
        .ratios(&["1:1", "3:4", "4:3", "9:16", "16:9"], "1:1")
        .choice(
            "person_generation",
            &["dont_allow", "allow_adult", "allow_all"],
            "allow_adult",
            "Whether people are shown.",
        )
        .example(json!({ "prompt": "a robot holding a red skateboard", "count": 2 }));
    if !sizes.is_empty() {
        inputs = inputs.resolution(sizes, "1k");
    }
    Model {
        name: name.into(),
        vendor_model: vendor_model.into(),
        description: format!("{name}: makes pictures of words. Google shut it down."),
        best_for: "what was set up with it; it is shut down".into(),
        capabilities: Capabilities {
            text_to_image: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        outputs_per_request: 4,
        price: PriceRule::flat(usd(price)),
        license: LICENSE.into(),
        docs_url: Some("https://ai.google.dev/gemini-api/docs/imagen".into()),
        version: vendor_model.into(),
        input_schema: inputs.finish(),
        deprecation: Some(gone("2026-06-15", "2026-08-17", PRESENT)),
        ..Model::base(&format!("image/google/{id}"), FACTS.id, MediaKind::Image)
    }
}

/// Id, vendor's name, name, dollars a second by size, whether it takes references.
type VeoRow = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, f64)],
    bool,
);

const VEO: &[VeoRow] = &[
    (
        "veo-3.1",
        "veo-3.1-generate-preview",
        "Veo 3.1",
        &[("720p", 0.4), ("1080p", 0.4), ("4k", 0.6)],
        true,
    ),
    (
        "veo-3.1-fast",
        "veo-3.1-fast-generate-preview",
        "Veo 3.1 Fast",
        &[("720p", 0.1), ("1080p", 0.12), ("4k", 0.3)],
        true,
    ),
    (
        "veo-3.1-lite",
        "veo-3.1-lite-generate-preview",
        "Veo 3.1 Lite",
        &[("720p", 0.05), ("1080p", 0.08)],
        false,
    ),
];

fn veo((id, vendor_model, name, prices, takes_references): VeoRow) -> Model {
    let sizes: Vec<_> = prices.iter().map(|(size, _)| *size).collect();
    let mut inputs = Inputs::prompt(4_000)
        .count()
        .style()
        .negative_prompt(1_000)
        .ratios(&["16:9", "9:16"], "16:9")
        .resolution(&sizes, "720p")
        .seconds(&[4, 6, 8], 8)
        .medium("first_frame", "image/*", "The picture that it begins with.")
        .medium("last_frame", "image/*", "The picture that it ends with; only with `first_frame`.")
        .choice("person_generation", &["dont_allow", "allow_adult", "allow_all"], "allow_adult", "Whether people are shown.")
        .example(json!({ "prompt": "a drone flies over a canyon at sunset", "negative_prompt": "people", "duration_seconds": 4 }))
        .example(json!({ "prompt": "the flower opens", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET }));
    if takes_references {
        inputs = inputs
            .images(3, "Things or people that it shows.")
            .example(json!({ "prompt": "she walks along the shore", "images": [EXAMPLE_ASSET] }));
    }
    Model {
        name: name.into(),
        vendor_model: vendor_model.into(),
        description: format!("{name}: clips of up to eight seconds with sound. Google shut it down in the Gemini API."),
        best_for: "what was set up with it; it is shut down".into(),
        capabilities: Capabilities {
            text_to_video: true,
            image_to_video: true,
            first_last_frame: true,
            references: takes_references,
            sound: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule {
            rate: Rate::per_second(usd(prices.first().map_or(0.4, |(_, price)| *price))),
            tiers: prices
                .iter()
                .map(|(size, price)| Tier::when([("resolution", json!(size))], Rate::per_second(usd(*price))))
                .collect(),
            ..PriceRule::default()
        },
        speed: "slow".into(),
        license: LICENSE.into(),
        docs_url: Some("https://ai.google.dev/gemini-api/docs/veo".into()),
        version: vendor_model.into(),
        input_schema: inputs.finish(),
        deprecation: Some(gone("2026-09-01", "2026-10-22", PRESENT_VIDEO)),
        ..Model::base(&format!("video/google/{id}"), FACTS.id, MediaKind::Video)
    }
}
