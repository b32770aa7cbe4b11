//! The models of Replicate that somebody looked at. Inputs are those of each model's own description; prices are those of
//! the models' pages in 2026, in US dollars, as far as they could be had: see `docs_url` of a row for the price of today.

use aquatint_domain::MediaKind;
use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use serde_json::{Value, json};

use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};
use crate::vendors::described::{Form, Row, Skill};

const FLUX_RATIOS: &[&str] = &[
    "1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21",
];
const SEED: u64 = 2_147_483_647;
const COMMERCIAL: &str = "the model's terms at Replicate, which allow commercial use";
const EXAMPLE: &str = "a lighthouse in fog, one window lit";

/// Every row.
pub fn rows() -> Vec<Row> {
    vec![
        Row {
            slug: "black-forest-labs/flux-schnell",
            name: "FLUX.1 schnell",
            best_for: "quick drafts and large batches",
            ratings: (3, 1),
            speed: "fast",
            license: "Apache-2.0 model; the pictures may be used commercially",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .ratios(FLUX_RATIOS, "1:1")
                .choice("megapixels", &["1", "0.25"], "1", "How large, in megapixels.")
                .with("num_inference_steps", json!({ "type": "integer", "minimum": 1, "maximum": 4, "default": 4, "description": "More steps, more detail." }))
                .seed(SEED)
                .formats(&["webp", "jpg", "png"], "webp")
                .with("output_quality", quality(80))
                .flag("go_fast", true, "Quicker, a little less exact.")
                .example(json!({ "prompt": EXAMPLE, "aspect_ratio": "16:9", "count": 2 })),
            wire: &[("count", "num_outputs", None)],
            outputs: 4,
            price: PriceRule::flat(usd(0.003)),
            ..picture()
        },
        Row {
            slug: "black-forest-labs/flux-dev",
            name: "FLUX.1 dev",
            best_for: "pictures of words, and variations of one picture",
            ratings: (3, 2),
            speed: "medium",
            license: "FLUX.1 dev licence of the model; Replicate's terms allow commercial use of what it makes there",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .ratios(FLUX_RATIOS, "1:1")
                .images(1, "A picture to vary; its own shape is kept.")
                .with("prompt_strength", json!({ "type": "number", "minimum": 0, "maximum": 1, "default": 0.8, "description": "How much of the picture is made anew." }))
                .with("guidance", json!({ "type": "number", "minimum": 0, "maximum": 10, "default": 3, "description": "How closely the prompt is followed." }))
                .with("num_inference_steps", json!({ "type": "integer", "minimum": 1, "maximum": 50, "default": 28, "description": "More steps, more detail." }))
                .choice("megapixels", &["1", "0.25"], "1", "How large, in megapixels.")
                .seed(SEED)
                .formats(&["webp", "jpg", "png"], "webp")
                .with("output_quality", quality(80))
                .flag("go_fast", true, "Quicker, a little less exact.")
                .example(json!({ "prompt": EXAMPLE }))
                .example(json!({ "prompt": "the same street at night", "images": [EXAMPLE_ASSET], "prompt_strength": 0.7 })),
            wire: &[("count", "num_outputs", None), ("images", "image", Some(Form::First))],
            outputs: 4,
            price: PriceRule::flat(usd(0.025)),
            ..picture()
        },
        Row {
            slug: "black-forest-labs/flux-2-pro",
            name: "FLUX.2 pro",
            best_for: "photographs, and edits with up to eight references",
            ratings: (5, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(8, "Pictures to change or to take things from.")
                .ratios(&["match_input_image", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"], "1:1")
                .resolution(&["match_input_image", "0.5 MP", "1 MP", "2 MP", "4 MP"], "1 MP")
                .with("safety_tolerance", json!({ "type": "integer", "minimum": 1, "maximum": 5, "default": 2, "description": "1 is strictest." }))
                .seed(SEED)
                .formats(&["webp", "jpg", "png"], "webp")
                .with("output_quality", quality(80))
                .example(json!({ "prompt": EXAMPLE, "resolution": "2 MP" }))
                .example(json!({ "prompt": "put the lamp of the second picture onto the desk of the first", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "aspect_ratio": "match_input_image" })),
            wire: &[("images", "input_images", Some(Form::List))],
            price: megapixels(0.015, 0.015, &[("0.5 MP", 0.5), ("1 MP", 1.0), ("2 MP", 2.0), ("4 MP", 4.0), ("match_input_image", 4.0)]),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "black-forest-labs/flux-kontext-pro",
            name: "FLUX.1 Kontext pro",
            best_for: "changing one picture by words while the rest stays",
            ratings: (4, 2),
            speed: "fast",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(1, "The picture to change.")
                .ratios(
                    &["match_input_image", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "4:5", "5:4", "21:9", "9:21", "2:1", "1:2"],
                    "match_input_image",
                )
                .flag("prompt_upsampling", false, "Lets the model write more words of its own.")
                .with("safety_tolerance", json!({ "type": "integer", "minimum": 0, "maximum": 6, "default": 2, "description": "0 is strictest; with a picture at most 2." }))
                .seed(SEED)
                .formats(&["jpg", "png"], "png")
                .example(json!({ "prompt": EXAMPLE, "aspect_ratio": "3:2" }))
                .example(json!({ "prompt": "make the coat yellow", "images": [EXAMPLE_ASSET] })),
            wire: &[("images", "input_image", Some(Form::First))],
            price: PriceRule::flat(usd(0.04)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "black-forest-labs/flux-fill-pro",
            name: "FLUX.1 Fill pro",
            best_for: "filling what a mask marks, and painting beyond the edges",
            ratings: (4, 3),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(1, "The picture to fill.")
                .require("images")
                .medium("mask", "image/*", "What may change: white changes, black stays. As large as the picture.")
                .choice(
                    "outpaint",
                    &["None", "Zoom out 1.5x", "Zoom out 2x", "Make square", "Left outpaint", "Right outpaint", "Top outpaint", "Bottom outpaint"],
                    "None",
                    "Paint beyond the edges; the mask does not count then.",
                )
                .with("steps", json!({ "type": "integer", "minimum": 15, "maximum": 50, "default": 50, "description": "More steps, more detail." }))
                .with("guidance", json!({ "type": "number", "minimum": 1.5, "maximum": 100, "default": 60, "description": "How closely the prompt is followed." }))
                .flag("prompt_upsampling", false, "Lets the model write more words of its own.")
                .with("safety_tolerance", json!({ "type": "integer", "minimum": 1, "maximum": 6, "default": 2, "description": "1 is strictest." }))
                .seed(SEED)
                .formats(&["jpg", "png"], "jpg")
                .example(json!({ "prompt": "a wooden bench", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET })),
            wire: &[("images", "image", Some(Form::First))],
            price: PriceRule::flat(usd(0.05)),
            sizing: Sizing::Own,
            ..picture()
        },
        Row {
            slug: "google/nano-banana-pro",
            name: "Nano Banana Pro",
            best_for: "legible text, diagrams and many references",
            ratings: (5, 4),
            speed: "slow",
            inputs: Inputs::prompt(20_000)
                .count()
                .style()
                .images(14, "Pictures to change or to take things from.")
                .ratios(&["match_input_image", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"], "1:1")
                .resolution(&["1K", "2K", "4K"], "2K")
                .formats(&["jpg", "png"], "jpg")
                .choice("safety_filter_level", &["block_low_and_above", "block_medium_and_above", "block_only_high"], "block_only_high", "How strict the content rules are.")
                .example(json!({ "prompt": "a poster for a harbour festival, the words HAFENFEST in red", "aspect_ratio": "2:3" }))
                .example(json!({ "prompt": "the person of the first picture in the room of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] })),
            wire: &[("images", "image_input", Some(Form::List))],
            price: tiers("resolution", &[(json!("4K"), Rate::per_output(usd(0.30)))], Rate::per_output(usd(0.15))),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "bytedance/seedream-4.5",
            name: "Seedream 4.5",
            best_for: "large pictures of 2K and 4K, with references",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(14, "Pictures to change or to take things from.")
                .ratios(&["match_input_image", "1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9"], "1:1")
                .resolution(&["2K", "4K"], "2K")
                .example(json!({ "prompt": EXAMPLE, "resolution": "4K", "aspect_ratio": "16:9" }))
                .example(json!({ "prompt": "both cups on one shelf", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] })),
            wire: &[("images", "image_input", Some(Form::List)), ("resolution", "size", None)],
            price: PriceRule::flat(usd(0.04)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "ideogram-ai/ideogram-v3-turbo",
            name: "Ideogram 3.0 Turbo",
            best_for: "graphic design, logos and lettering",
            ratings: (4, 2),
            speed: "fast",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .ratios(&["1:3", "3:1", "1:2", "2:1", "9:16", "16:9", "10:16", "16:10", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "1:1"], "1:1")
                .images(1, "A picture to fill; it needs a mask.")
                .medium("mask", "image/*", "What may change: white changes, black stays.")
                .with(
                    "style_reference_images",
                    json!({ "type": "array", "minItems": 1, "maxItems": 4, "description": "Pictures whose style is taken.",
                        "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." } }),
                )
                .choice("magic_prompt_option", &["Auto", "On", "Off"], "Auto", "Whether the model writes more words of its own.")
                .choice("style_type", &["None", "Auto", "General", "Realistic", "Design"], "None", "The kind of look.")
                .seed(SEED)
                .example(json!({ "prompt": "a round logo with an otter, the word OTTO below", "style_type": "Design" }))
                .example(json!({ "prompt": "a red door", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET })),
            // Black is what changes there.
            wire: &[("images", "image", Some(Form::First)), ("mask", "mask", Some(Form::Inverted))],
            price: PriceRule::flat(usd(0.03)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "recraft-ai/recraft-v4",
            name: "Recraft V4",
            best_for: "composed illustrations and layouts with text",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .ratios(&["1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "1:2", "2:1", "14:10", "10:14", "4:5", "5:4", "6:10"], "1:1")
                .example(json!({ "prompt": "a flat illustration of a night market, warm lamps", "aspect_ratio": "4:5" })),
            wire: &[],
            price: PriceRule::flat(usd(0.04)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "qwen/qwen-image-edit-plus",
            name: "Qwen Image Edit Plus",
            best_for: "edits of one or several pictures at a low price",
            ratings: (4, 2),
            speed: "fast",
            license: "Apache-2.0 model; the pictures may be used commercially",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(3, "Pictures to change or to take things from.")
                .require("images")
                .ratios(&["match_input_image", "1:1", "16:9", "9:16", "4:3", "3:4"], "match_input_image")
                .seed(SEED)
                .formats(&["webp", "jpg", "png"], "webp")
                .with("output_quality", quality(95))
                .flag("go_fast", true, "Quicker, a little less exact.")
                .example(json!({ "prompt": "turn the sky into a clear night", "images": [EXAMPLE_ASSET] })),
            wire: &[("images", "image", Some(Form::List))],
            price: PriceRule::flat(usd(0.03)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "recraft-ai/recraft-crisp-upscale",
            name: "Recraft Crisp Upscale",
            best_for: "sharper and larger pictures for screen and print",
            ratings: (3, 1),
            speed: "medium",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture to enlarge.")
                .require("images")
                .example(json!({ "images": [EXAMPLE_ASSET] })),
            wire: &[("images", "image", Some(Form::First))],
            price: PriceRule::flat(usd(0.006)),
            sizing: Sizing::Own,
            skills: &[Skill::Upscale],
            ..picture()
        },
        Row {
            slug: "recraft-ai/recraft-remove-background",
            name: "Recraft Remove Background",
            best_for: "cut-outs of products and people",
            ratings: (4, 1),
            speed: "fast",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture whose background goes.")
                .require("images")
                .example(json!({ "images": [EXAMPLE_ASSET] })),
            wire: &[("images", "image", Some(Form::First))],
            price: PriceRule::flat(usd(0.01)),
            sizing: Sizing::Own,
            skills: &[Skill::RemoveBackground],
            ..picture()
        },
        Row {
            slug: "google/veo-3.1",
            name: "Veo 3.1",
            best_for: "cinematic clips with sound, from words, frames or references",
            ratings: (5, 5),
            speed: "slow",
            inputs: veo(),
            wire: VEO_WIRE,
            price: tiers("generate_audio", &[(json!(false), Rate::per_second(usd(0.20)))], Rate::per_second(usd(0.40))),
            ..video()
        },
        Row {
            slug: "google/veo-3.1-fast",
            name: "Veo 3.1 Fast",
            best_for: "clips with sound at a lower price",
            ratings: (4, 4),
            speed: "slow",
            inputs: veo(),
            wire: VEO_WIRE,
            price: tiers("generate_audio", &[(json!(false), Rate::per_second(usd(0.10)))], Rate::per_second(usd(0.15))),
            ..video()
        },
        Row {
            slug: "kwaivgi/kling-v3-video",
            name: "Kling Video 3.0",
            best_for: "clips of up to fifteen seconds, with first and last frame",
            ratings: (5, 4),
            speed: "slow",
            inputs: Inputs::prompt(2_500)
                .count()
                .style()
                .negative_prompt(2_500)
                .medium("first_frame", "image/*", "The first frame.")
                .medium("last_frame", "image/*", "The last frame; it needs a first one.")
                .ratios(&["16:9", "9:16", "1:1"], "16:9")
                .choice("mode", &["standard", "pro"], "pro", "standard makes 720p, pro 1080p.")
                .seconds_between(3, 15, 5)
                .flag("generate_audio", false, "With sound.")
                .example(json!({ "prompt": "a paper boat drifts down a rainy gutter", "duration_seconds": 5 }))
                .example(json!({ "prompt": "the flower opens", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", None), ("first_frame", "start_image", None), ("last_frame", "end_image", None)],
            // The dearest of what its page lists; the others cost less.
            price: PriceRule {
                rate: Rate::per_second(usd(0.336)),
                is_estimate: true,
                ..PriceRule::default()
            },
            ..video()
        },
        Row {
            slug: "wan-video/wan-2.2-i2v-fast",
            name: "Wan 2.2 image to video, fast",
            best_for: "setting a picture in motion for a few cents",
            ratings: (3, 1),
            speed: "medium",
            license: "Apache-2.0 model; the videos may be used commercially",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .medium("first_frame", "image/*", "The picture to set in motion.")
                .require("first_frame")
                .medium("last_frame", "image/*", "The last frame.")
                .resolution(&["480p", "720p"], "480p")
                .with("num_frames", json!({ "type": "integer", "minimum": 81, "maximum": 121, "default": 81, "description": "How many frames; 81 come out best." }))
                .with("frames_per_second", json!({ "type": "integer", "minimum": 5, "maximum": 30, "default": 16, "description": "Frames in a second." }))
                .flag("interpolate_output", false, "Thirty frames in a second, in between ones made up.")
                .flag("go_fast", true, "Quicker, a little less exact.")
                .seed(SEED)
                .example(json!({ "prompt": "the curtains move in the wind", "first_frame": EXAMPLE_ASSET }))
                .example(json!({ "prompt": "the flower opens", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("first_frame", "image", None), ("last_frame", "last_image", None)],
            price: tiers("resolution", &[(json!("720p"), Rate::per_output(usd(0.11)))], Rate::per_output(usd(0.05))),
            sizing: Sizing::Own,
            ..video()
        },
    ]
}

const VEO_WIRE: &[(&str, &str, Option<Form>)] = &[
    ("duration_seconds", "duration", None),
    ("first_frame", "image", None),
    ("images", "reference_images", Some(Form::List)),
];

fn veo() -> Inputs {
    Inputs::prompt(10_000)
        .count()
        .style()
        .negative_prompt(2_000)
        .medium(
            "first_frame",
            "image/*",
            "The first frame, best of 1280×720 or 720×1280.",
        )
        .medium("last_frame", "image/*", "The last frame; it needs a first one.")
        .images(3, "References for the subject; only with 16:9 and eight seconds.")
        .ratios(&["16:9", "9:16"], "16:9")
        .resolution(&["720p", "1080p"], "1080p")
        .seconds(&[4, 6, 8], 8)
        .flag("generate_audio", true, "With sound.")
        .seed(SEED)
        .example(json!({ "prompt": "a tram passes through a snowy square, bells ring", "duration_seconds": 4 }))
        .example(json!({ "prompt": "she turns to the camera", "first_frame": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "the flower opens", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET }))
        .example(
            json!({ "prompt": "the man of the pictures waters his plants", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] }),
        )
}

/// What most picture rows share.
fn picture() -> Row {
    Row {
        slug: "",
        name: "",
        kind: MediaKind::Image,
        best_for: "",
        ratings: (3, 3),
        speed: "medium",
        license: COMMERCIAL,
        inputs: Inputs::none(),
        wire: &[],
        outputs: 1,
        sizing: Sizing::Ratio,
        price: PriceRule::default(),
        skills: &[],
    }
}

fn video() -> Row {
    Row {
        kind: MediaKind::Video,
        ..picture()
    }
}

fn quality(default: u32) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 100, "default": default, "description": "For jpg and webp: 100 keeps most." })
}

/// One rate, and others for certain values of one input.
fn tiers(name: &str, rates: &[(Value, Rate)], rate: Rate) -> PriceRule {
    PriceRule {
        rate,
        tiers: rates
            .iter()
            .map(|(value, rate)| Tier::when([(name, value.clone())], rate.clone()))
            .collect(),
        ..PriceRule::default()
    }
}

/// So much for a run, and so much for each megapixel that comes out (by the resolution asked for) or goes in.
fn megapixels(run: f64, each: f64, resolutions: &[(&str, f64)]) -> PriceRule {
    let rate = |made: f64| Rate {
        per_output: usd(run + each * made),
        per_input: usd(each),
        ..Rate::default()
    };
    PriceRule {
        rate: rate(1.0),
        tiers: resolutions
            .iter()
            .map(|(name, made)| Tier::when([("resolution", json!(name))], rate(*made)))
            .collect(),
        ..PriceRule::default()
    }
}
