//! The endpoints of fal that somebody looked at. Inputs are those of each endpoint's OpenAPI document (August 2026), prices
//! those of `GET /v1/models/pricing` (2026-07-28), in US dollars; what is charged follows the units that a result tells.

use aquatint_domain::MediaKind;
use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use serde_json::{Value, json};

use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};
use crate::vendors::described::{Form, Row, Skill};

type Wire = &'static [(&'static str, &'static str, Option<Form>)];

const SEED: u64 = 2_147_483_647;
const COMMERCIAL: &str = "fal's terms for this endpoint: commercial use is allowed";
const EXAMPLE: &str = "a lighthouse in fog, one window lit";
const BANANA_RATIOS: &[&str] = &[
    "auto", "21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16",
];

const COUNT: (&str, &str, Option<Form>) = ("count", "num_images", None);
const WIDTH: (&str, &str, Option<Form>) = ("width", "image_size", Some(Form::Side));
const HEIGHT: (&str, &str, Option<Form>) = ("height", "image_size", Some(Form::Side));
const IMAGE: (&str, &str, Option<Form>) = ("images", "image_url", Some(Form::First));
const IMAGES: (&str, &str, Option<Form>) = ("images", "image_urls", Some(Form::List));
const MASK: (&str, &str, Option<Form>) = ("mask", "mask_url", None);
const FIRST: (&str, &str, Option<Form>) = ("first_frame", "image_url", None);
const SOUND: (&str, &str, Option<Form>) = ("audio", "audio_url", None);

/// Every row.
pub fn rows() -> Vec<Row> {
    let mut rows = pictures();
    rows.extend(tools());
    rows.extend(videos());
    rows
}

fn pictures() -> Vec<Row> {
    vec![
        Row {
            slug: "fal-ai/flux/schnell",
            name: "FLUX.1 schnell",
            best_for: "quick drafts and large batches",
            ratings: (3, 1),
            speed: "fast",
            inputs: flux(12, 4)
                .example(json!({ "prompt": EXAMPLE, "width": 1024, "height": 576 })),
            wire: &[COUNT, WIDTH, HEIGHT],
            price: megapixels(0.003),
            ..sized()
        },
        Row {
            slug: "fal-ai/flux/dev",
            name: "FLUX.1 dev",
            best_for: "photographs and illustrations at a low price",
            ratings: (3, 2),
            speed: "medium",
            inputs: flux(50, 28).example(json!({ "prompt": EXAMPLE, "count": 2 })),
            wire: &[COUNT, WIDTH, HEIGHT],
            price: megapixels(0.025),
            ..sized()
        },
        Row {
            slug: "fal-ai/flux/dev/image-to-image",
            name: "FLUX.1 dev, image to image",
            best_for: "variations of one picture",
            ratings: (3, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(1, "The picture to vary; its own size is kept.")
                .require("images")
                .with("strength", json!({ "type": "number", "minimum": 0.01, "maximum": 1, "default": 0.95, "description": "How much of the picture is made anew." }))
                .with("num_inference_steps", steps(10, 50, 40))
                .with("guidance_scale", guidance(3.5))
                .seed(SEED)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "the same street at night", "images": [EXAMPLE_ASSET], "strength": 0.8 })),
            wire: &[COUNT, IMAGE],
            outputs: 4,
            price: estimate(usd_each(0.03)),
            ..picture()
        },
        Row {
            slug: "fal-ai/flux-2-pro",
            name: "FLUX.2 pro",
            best_for: "photographs with exact light and material",
            ratings: (5, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .size(256, 2_048, 1_024, 1_024)
                .choice("safety_tolerance", &["1", "2", "3", "4", "5"], "2", "1 is strictest.")
                .seed(SEED)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": EXAMPLE, "width": 1536, "height": 1024 })),
            wire: &[WIDTH, HEIGHT],
            outputs: 1,
            price: megapixels(0.03),
            skills: &[Skill::Text],
            ..sized()
        },
        Row {
            slug: "fal-ai/flux-2-pro/edit",
            name: "FLUX.2 pro, edit",
            best_for: "edits with several references",
            ratings: (5, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(9, "Pictures to change or to take things from.")
                .require("images")
                .choice("image_size", &["auto", "square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"], "auto", "The shape; auto keeps that of the first picture.")
                .choice("safety_tolerance", &["1", "2", "3", "4", "5"], "2", "1 is strictest.")
                .seed(SEED)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "put the lamp of the second picture onto the desk of the first", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] })),
            wire: &[IMAGES],
            price: estimate(Rate { per_output: usd(0.06), per_input: usd(0.03), ..Rate::default() }),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "fal-ai/flux-pro/kontext",
            name: "FLUX.1 Kontext pro",
            best_for: "changing one picture by words while the rest stays",
            ratings: (4, 2),
            speed: "fast",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(1, "The picture to change.")
                .require("images")
                .with(
                    "aspect_ratio",
                    json!({ "type": "string", "enum": ["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"], "description": "Width to height; without it that of the picture." }),
                )
                .flag("enhance_prompt", false, "Lets the model write more words of its own.")
                .with("guidance_scale", guidance(3.5))
                .choice("safety_tolerance", &["1", "2", "3", "4", "5", "6"], "2", "1 is strictest.")
                .seed(SEED)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "make the coat yellow", "images": [EXAMPLE_ASSET] })),
            wire: &[COUNT, IMAGE],
            outputs: 4,
            sizing: Sizing::Ratio,
            price: estimate(usd_each(0.04)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "fal-ai/flux-pro/v1/fill",
            name: "FLUX.1 Fill pro",
            best_for: "filling what a mask marks",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(1, "The picture to fill.")
                .require("images")
                .medium("mask", "image/*", "What may change: white changes, black stays. As large as the picture.")
                .require("mask")
                .flag("enhance_prompt", false, "Lets the model write more words of its own.")
                .choice("safety_tolerance", &["1", "2", "3", "4", "5", "6"], "2", "1 is strictest.")
                .seed(SEED)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "a wooden bench", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET })),
            wire: &[COUNT, IMAGE, MASK],
            outputs: 4,
            price: estimate(usd_each(0.05)),
            ..picture()
        },
        Row {
            slug: "fal-ai/nano-banana-2",
            name: "Nano Banana 2",
            best_for: "legible text and facts looked up on the web",
            ratings: (5, 3),
            speed: "medium",
            inputs: banana(&["0.5K", "1K", "2K", "4K"]).flag("enable_web_search", false, "May look things up; costs extra.").example(json!({ "prompt": "a poster for a harbour festival, the words HAFENFEST in red", "aspect_ratio": "2:3" })),
            wire: &[COUNT],
            price: banana_price(0.08),
            ..banana_row()
        },
        Row {
            slug: "fal-ai/nano-banana-2/edit",
            name: "Nano Banana 2, edit",
            best_for: "edits by words with many references",
            ratings: (5, 3),
            speed: "medium",
            inputs: banana(&["0.5K", "1K", "2K", "4K"])
                .images(14, "Pictures to change or to take things from.")
                .require("images")
                .example(json!({ "prompt": "the person of the first picture in the room of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] })),
            wire: &[COUNT, IMAGES],
            price: banana_price(0.08),
            ..banana_row()
        },
        Row {
            slug: "fal-ai/nano-banana-pro",
            name: "Nano Banana Pro",
            best_for: "diagrams, layouts and long legible text",
            ratings: (5, 4),
            speed: "slow",
            inputs: banana(&["1K", "2K", "4K"]).flag("enable_web_search", false, "May look things up; costs extra.").example(json!({ "prompt": "a diagram of the water cycle with labels", "resolution": "2K" })),
            wire: &[COUNT],
            price: banana_price(0.15),
            ..banana_row()
        },
        Row {
            slug: "fal-ai/nano-banana-pro/edit",
            name: "Nano Banana Pro, edit",
            best_for: "exact edits of several pictures",
            ratings: (5, 4),
            speed: "slow",
            inputs: banana(&["1K", "2K", "4K"])
                .images(14, "Pictures to change or to take things from.")
                .require("images")
                .example(json!({ "prompt": "translate the sign into French", "images": [EXAMPLE_ASSET] })),
            wire: &[COUNT, IMAGES],
            price: banana_price(0.15),
            ..banana_row()
        },
        Row {
            slug: "bytedance/seedream/v5/pro/text-to-image",
            name: "Seedream 5 Pro",
            best_for: "layouts with text in many languages",
            ratings: (5, 3),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .size(1_024, 4_096, 2_048, 2_048)
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "a menu card for a tea house, three dishes with prices" })),
            wire: &[COUNT, WIDTH, HEIGHT],
            outputs: 4,
            sizing: Sizing::Free { step: 8, min_pixels: 1_048_576, max_pixels: 16_777_216, max_ratio: 4.0 },
            price: estimate(usd_each(0.0675)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "bytedance/seedream/v5/pro/edit",
            name: "Seedream 5 Pro, edit",
            best_for: "edits with references at 2K",
            ratings: (5, 3),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .images(10, "Pictures to change or to take things from.")
                .require("images")
                .choice("image_size", &["auto_1K", "auto_2K", "square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"], "auto_2K", "The size; auto keeps the shape.")
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "prompt": "both cups on one shelf", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET] })),
            wire: &[COUNT, IMAGES],
            outputs: 4,
            price: estimate(usd_each(0.0675)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "fal-ai/ideogram/v3",
            name: "Ideogram 3.0",
            best_for: "graphic design, logos and lettering",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .negative_prompt(2_000)
                .size(512, 1_536, 1_024, 1_024)
                .choice("rendering_speed", &["TURBO", "BALANCED", "QUALITY"], "BALANCED", "Slower is better and dearer.")
                .flag("expand_prompt", true, "Lets the model write more words of its own.")
                .with(
                    "style_images",
                    json!({ "type": "array", "minItems": 1, "maxItems": 3, "description": "Pictures whose style is taken.",
                        "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." } }),
                )
                .seed(SEED)
                .example(json!({ "prompt": "a round logo with an otter, the word OTTO below", "rendering_speed": "TURBO" })),
            wire: &[COUNT, WIDTH, HEIGHT, ("style_images", "image_urls", Some(Form::List))],
            price: tiers(
                "rendering_speed",
                &[(json!("TURBO"), usd_each(0.03)), (json!("QUALITY"), usd_each(0.09))],
                usd_each(0.06),
            ),
            skills: &[Skill::Text],
            ..sized()
        },
        Row {
            slug: "fal-ai/recraft/v4.1/text-to-image",
            name: "Recraft V4.1",
            best_for: "composed illustrations and layouts with text",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .size(512, 2_048, 1_024, 1_024)
                .example(json!({ "prompt": "a flat illustration of a night market, warm lamps" })),
            wire: &[WIDTH, HEIGHT],
            outputs: 1,
            price: estimate(usd_each(0.035)),
            skills: &[Skill::Text],
            ..sized()
        },
        Row {
            slug: "fal-ai/qwen-image-edit-2511",
            name: "Qwen Image Edit 2511",
            best_for: "edits of one or several pictures at a low price",
            ratings: (4, 2),
            speed: "medium",
            inputs: Inputs::prompt(10_000)
                .count()
                .style()
                .negative_prompt(2_000)
                .images(4, "Pictures to change or to take things from.")
                .require("images")
                .with("num_inference_steps", steps(2, 50, 28))
                .with("guidance_scale", guidance(4.5))
                .choice("acceleration", &["none", "regular", "high"], "regular", "Quicker, a little less exact.")
                .seed(SEED)
                .formats(&["png", "jpeg", "webp"], "png")
                .example(json!({ "prompt": "turn the sky into a clear night", "images": [EXAMPLE_ASSET] })),
            wire: &[COUNT, IMAGES],
            outputs: 4,
            price: estimate(usd_each(0.06)),
            skills: &[Skill::Text],
            ..picture()
        },
        Row {
            slug: "xai/grok-imagine-image",
            name: "Grok Imagine",
            best_for: "quick pictures in many shapes",
            ratings: (4, 1),
            speed: "fast",
            inputs: Inputs::prompt(8_000)
                .count()
                .style()
                .ratios(&["2:1", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "1:2"], "1:1")
                .resolution(&["1k", "2k"], "1k")
                .formats(&["jpeg", "png", "webp"], "jpeg")
                .example(json!({ "prompt": EXAMPLE, "aspect_ratio": "16:9" })),
            wire: &[COUNT],
            outputs: 4,
            sizing: Sizing::Ratio,
            price: estimate(usd_each(0.02)),
            ..picture()
        },
    ]
}

fn tools() -> Vec<Row> {
    vec![
        Row {
            slug: "fal-ai/clarity-upscaler",
            name: "Clarity Upscaler",
            best_for: "enlarging with details made up to fit",
            ratings: (4, 3),
            speed: "slow",
            inputs: Inputs::optional_prompt(5_000)
                .count()
                .images(1, "The picture to enlarge.")
                .require("images")
                .negative_prompt(2_000)
                .with("upscale_factor", json!({ "type": "number", "minimum": 1, "maximum": 4, "default": 2, "description": "How many times as wide and high." }))
                .with("creativity", unit(0.35, "How much is made up."))
                .with("resemblance", unit(0.6, "How close it stays."))
                .seed(SEED)
                .example(json!({ "images": [EXAMPLE_ASSET], "upscale_factor": 2 })),
            wire: &[IMAGE],
            // By megapixel of what comes out: four of them is a common size.
            price: estimate(usd_each(0.12)),
            skills: &[Skill::Upscale],
            ..picture()
        },
        Row {
            slug: "fal-ai/seedvr/upscale/image",
            name: "SeedVR2 upscaler",
            best_for: "enlarging true to the picture for next to nothing",
            ratings: (4, 1),
            speed: "medium",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture to enlarge.")
                .require("images")
                .choice("upscale_mode", &["target", "factor"], "factor", "By a target height or by a factor.")
                .with("upscale_factor", json!({ "type": "number", "minimum": 1, "maximum": 10, "default": 2, "description": "How many times as wide and high." }))
                .choice("target_resolution", &["720p", "1080p", "1440p", "2160p"], "1080p", "Used with `upscale_mode` target.")
                .with("noise_scale", unit(0.1, "How much grain is added first."))
                .seed(SEED)
                .formats(&["png", "jpg", "webp"], "jpg")
                .example(json!({ "images": [EXAMPLE_ASSET], "upscale_factor": 4 })),
            wire: &[IMAGE],
            price: estimate(usd_each(0.01)),
            skills: &[Skill::Upscale],
            ..picture()
        },
        Row {
            slug: "fal-ai/topaz/upscale/image",
            name: "Topaz image upscale",
            best_for: "photographs for print, faces and fine structures",
            ratings: (5, 3),
            speed: "slow",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture to enlarge.")
                .require("images")
                .with("upscale_factor", json!({ "type": "number", "minimum": 1, "maximum": 4, "default": 2, "description": "How many times as wide and high." }))
                .choice("subject_detection", &["All", "Foreground", "Background"], "All", "What is worked on.")
                .flag("face_enhancement", true, "Restores faces.")
                .with("face_enhancement_strength", unit(0.8, "How much."))
                .formats(&["jpeg", "png"], "jpeg")
                .example(json!({ "images": [EXAMPLE_ASSET] })),
            wire: &[IMAGE],
            price: estimate(usd_each(0.08)),
            skills: &[Skill::Upscale],
            ..picture()
        },
        Row {
            slug: "fal-ai/bria/background/remove",
            name: "Bria background removal",
            best_for: "cut-outs from a model trained on licensed pictures",
            ratings: (4, 1),
            speed: "fast",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture whose background goes.")
                .require("images")
                .example(json!({ "images": [EXAMPLE_ASSET] })),
            wire: &[IMAGE],
            price: estimate(usd_each(0.018)),
            skills: &[Skill::RemoveBackground],
            ..picture()
        },
        Row {
            slug: "fal-ai/birefnet/v2",
            name: "BiRefNet",
            best_for: "fine edges such as hair, at the price of a second of a machine",
            ratings: (4, 1),
            speed: "fast",
            inputs: Inputs::none()
                .count()
                .images(1, "The picture whose background goes.")
                .require("images")
                .choice(
                    "model",
                    &["General Use (Light)", "General Use (Light 2K)", "General Use (Heavy)", "Matting", "Portrait", "General Use (Dynamic)"],
                    "General Use (Light)",
                    "Which of its networks.",
                )
                .choice("operating_resolution", &["1024x1024", "2048x2048", "2304x2304"], "1024x1024", "How finely it looks.")
                .flag("refine_foreground", true, "Cleans the colours at the edge.")
                .formats(&["png", "webp", "gif"], "png")
                .example(json!({ "images": [EXAMPLE_ASSET], "model": "Portrait" })),
            wire: &[IMAGE],
            price: estimate(usd_each(0.004)),
            skills: &[Skill::RemoveBackground],
            ..picture()
        },
    ]
}

fn videos() -> Vec<Row> {
    let veo = |base: Inputs| {
        base.resolution(&["720p", "1080p", "4k"], "720p")
            .seconds(&[4, 6, 8], 8)
            .flag("generate_audio", true, "With sound.")
            .choice(
                "safety_tolerance",
                &["1", "2", "3", "4", "5", "6"],
                "4",
                "1 is strictest.",
            )
            .seed(SEED)
    };
    const VEO: Wire = &[("duration_seconds", "duration", Some(Form::Seconds))];
    vec![
        Row {
            slug: "fal-ai/veo3.1",
            name: "Veo 3.1",
            best_for: "cinematic clips with sound",
            ratings: (5, 5),
            speed: "slow",
            inputs: veo(clip().negative_prompt(2_000).ratios(&["16:9", "9:16"], "16:9"))
                .example(json!({ "prompt": "a tram passes through a snowy square, bells ring", "duration_seconds": 4 })),
            wire: VEO,
            price: veo_price(0.40, 0.20, 0.60, 0.40),
            ..video()
        },
        Row {
            slug: "fal-ai/veo3.1/fast",
            name: "Veo 3.1 Fast",
            best_for: "clips with sound at a lower price",
            ratings: (4, 4),
            speed: "medium",
            inputs: veo(clip().negative_prompt(2_000).ratios(&["16:9", "9:16"], "16:9"))
                .example(json!({ "prompt": "rain on a tin roof", "resolution": "1080p" })),
            wire: VEO,
            price: veo_price(0.15, 0.10, 0.35, 0.30),
            ..video()
        },
        Row {
            slug: "fal-ai/veo3.1/image-to-video",
            name: "Veo 3.1, image to video",
            best_for: "setting a picture in motion with sound",
            ratings: (5, 5),
            speed: "slow",
            inputs: veo(clip().negative_prompt(2_000).medium("first_frame", "image/*", "The first frame.").require("first_frame").ratios(&["auto", "16:9", "9:16"], "auto"))
                .example(json!({ "prompt": "she turns to the camera", "first_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", Some(Form::Seconds)), FIRST],
            price: veo_price(0.40, 0.20, 0.60, 0.40),
            ..video()
        },
        Row {
            slug: "fal-ai/veo3.1/first-last-frame-to-video",
            name: "Veo 3.1, first and last frame",
            best_for: "moving from one picture to another",
            ratings: (5, 5),
            speed: "slow",
            inputs: veo(
                clip()
                    .negative_prompt(2_000)
                    .medium("first_frame", "image/*", "The first frame.")
                    .require("first_frame")
                    .medium("last_frame", "image/*", "The last frame.")
                    .require("last_frame")
                    .ratios(&["auto", "16:9", "9:16"], "auto"),
            )
            .example(json!({ "prompt": "the flower opens", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", Some(Form::Seconds)), ("first_frame", "first_frame_url", None), ("last_frame", "last_frame_url", None)],
            price: veo_price(0.40, 0.20, 0.60, 0.40),
            ..video()
        },
        Row {
            slug: "fal-ai/kling-video/v3/pro/text-to-video",
            name: "Kling 3.0 Pro",
            best_for: "clips of up to fifteen seconds with sound",
            ratings: (5, 4),
            speed: "slow",
            inputs: kling(clip().ratios(&["16:9", "9:16", "1:1"], "16:9"))
                .example(json!({ "prompt": "a paper boat drifts down a rainy gutter", "duration_seconds": 5 })),
            wire: &[("duration_seconds", "duration", Some(Form::Text))],
            price: estimate(Rate::per_second(usd(0.224))),
            ..video()
        },
        Row {
            slug: "fal-ai/kling-video/v3/pro/image-to-video",
            name: "Kling 3.0 Pro, image to video",
            best_for: "first and last frame, up to fifteen seconds",
            ratings: (5, 4),
            speed: "slow",
            inputs: kling(clip().medium("first_frame", "image/*", "The first frame.").require("first_frame").medium("last_frame", "image/*", "The last frame."))
                .example(json!({ "prompt": "the curtains move in the wind", "first_frame": EXAMPLE_ASSET }))
                .example(json!({ "prompt": "from day to night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", Some(Form::Text)), ("first_frame", "start_image_url", None), ("last_frame", "end_image_url", None)],
            sizing: Sizing::Own,
            price: estimate(Rate::per_second(usd(0.224))),
            ..video()
        },
        Row {
            slug: "bytedance/seedance-2.0/text-to-video",
            name: "Seedance 2.0",
            best_for: "long takes with changing shots and sound",
            ratings: (5, 5),
            speed: "slow",
            inputs: seedance(clip()).example(json!({ "prompt": "a chef plates a dessert, close shots, then the whole kitchen", "duration_seconds": 8 })),
            wire: &[("duration_seconds", "duration", Some(Form::Text))],
            price: seedance_price(),
            ..video()
        },
        Row {
            slug: "bytedance/seedance-2.0/image-to-video",
            name: "Seedance 2.0, image to video",
            best_for: "first and last frame with sound",
            ratings: (5, 5),
            speed: "slow",
            inputs: seedance(clip().medium("first_frame", "image/*", "The first frame.").require("first_frame").medium("last_frame", "image/*", "The last frame."))
                .example(json!({ "prompt": "the dog jumps over the ditch", "first_frame": EXAMPLE_ASSET }))
                .example(json!({ "prompt": "from day to night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", Some(Form::Text)), FIRST, ("last_frame", "end_image_url", None)],
            price: seedance_price(),
            ..video()
        },
        Row {
            slug: "fal-ai/wan/v2.7/text-to-video",
            name: "Wan 2.7",
            best_for: "clips of up to fifteen seconds at a fixed price",
            ratings: (4, 3),
            speed: "slow",
            inputs: wan(clip().ratios(&["16:9", "9:16", "1:1", "4:3", "3:4"], "16:9")).example(json!({ "prompt": "fireflies over a field", "duration_seconds": 5 })),
            wire: &[("duration_seconds", "duration", None), SOUND],
            price: estimate(Rate::per_second(usd(0.10))),
            ..video()
        },
        Row {
            slug: "fal-ai/wan/v2.7/image-to-video",
            name: "Wan 2.7, image to video",
            best_for: "first and last frame, or going on from a video",
            ratings: (4, 3),
            speed: "slow",
            inputs: wan(
                Inputs::optional_prompt(5_000)
                    .count()
                    .style()
                    .medium("first_frame", "image/*", "The first frame.")
                    .medium("last_frame", "image/*", "The last frame.")
                    .medium("video", "video/*", "A video to go on from.")
                    .require_one_of(&["first_frame", "video"]),
            )
            .example(json!({ "prompt": "the tide comes in", "first_frame": EXAMPLE_ASSET }))
                .example(json!({ "prompt": "from day to night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })).example(json!({ "prompt": "the tide goes out again", "video": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", None), FIRST, ("last_frame", "end_image_url", None), ("video", "video_url", None), SOUND],
            sizing: Sizing::Own,
            price: estimate(Rate::per_second(usd(0.10))),
            ..video()
        },
        Row {
            slug: "fal-ai/ltx-2.3/text-to-video",
            name: "LTX-2.3",
            best_for: "clips with sound up to 4K at a fair price",
            ratings: (4, 3),
            speed: "medium",
            inputs: ltx(clip().ratios(&["16:9", "9:16"], "16:9")).example(json!({ "prompt": "a kite over dunes", "duration_seconds": 6 })),
            wire: &[("duration_seconds", "duration", None)],
            price: ltx_price(),
            ..video()
        },
        Row {
            slug: "fal-ai/ltx-2.3/image-to-video",
            name: "LTX-2.3, image to video",
            best_for: "first and last frame with sound",
            ratings: (4, 3),
            speed: "medium",
            inputs: ltx(
                clip()
                    .medium("first_frame", "image/*", "The first frame.")
                    .require("first_frame")
                    .medium("last_frame", "image/*", "The last frame.")
                    .ratios(&["auto", "16:9", "9:16"], "auto"),
            )
            .example(json!({ "prompt": "smoke rises from the chimney", "first_frame": EXAMPLE_ASSET }))
                .example(json!({ "prompt": "from day to night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET })),
            wire: &[("duration_seconds", "duration", None), FIRST, ("last_frame", "end_image_url", None)],
            price: ltx_price(),
            ..video()
        },
        Row {
            slug: "xai/grok-imagine-video/text-to-video",
            name: "Grok Imagine Video",
            best_for: "quick clips with sound",
            ratings: (4, 2),
            speed: "fast",
            inputs: clip()
                .ratios(&["16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16"], "16:9")
                .resolution(&["480p", "720p"], "720p")
                .seconds_between(1, 15, 6)
                .example(json!({ "prompt": "a cat walks along a wall", "duration_seconds": 6 })),
            wire: &[("duration_seconds", "duration", None)],
            price: estimate(Rate::per_second(usd(0.07))),
            ..video()
        },
    ]
}

fn flux(most_steps: u32, usual_steps: u32) -> Inputs {
    Inputs::prompt(10_000)
        .count()
        .style()
        .size(256, 1_536, 1_024, 1_024)
        .with("num_inference_steps", steps(1, most_steps, usual_steps))
        .with("guidance_scale", guidance(3.5))
        .choice(
            "acceleration",
            &["none", "regular", "high"],
            "none",
            "Quicker, a little less exact.",
        )
        .seed(SEED)
        .formats(&["jpeg", "png"], "jpeg")
}

fn banana(resolutions: &[&str]) -> Inputs {
    Inputs::prompt(20_000)
        .count()
        .style()
        .ratios(BANANA_RATIOS, "auto")
        .resolution(resolutions, "1K")
        .choice(
            "safety_tolerance",
            &["1", "2", "3", "4", "5", "6"],
            "4",
            "1 is strictest.",
        )
        .seed(SEED)
        .formats(&["png", "jpeg", "webp"], "png")
}

fn banana_row() -> Row {
    Row {
        outputs: 4,
        sizing: Sizing::Ratio,
        skills: &[Skill::Text],
        ..picture()
    }
}

fn banana_price(each: f64) -> PriceRule {
    let large = if each < 0.1 { each * 1.5 } else { each };
    tiers(
        "resolution",
        &[(json!("2K"), usd_each(large)), (json!("4K"), usd_each(each * 2.0))],
        usd_each(each),
    )
}

fn clip() -> Inputs {
    Inputs::prompt(5_000).count().style()
}

fn kling(inputs: Inputs) -> Inputs {
    inputs
        .negative_prompt(2_500)
        .seconds(&[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 5)
        .flag("generate_audio", true, "With sound.")
        .with("cfg_scale", unit(0.5, "How closely the prompt is followed."))
}

fn seedance(inputs: Inputs) -> Inputs {
    inputs
        .ratios(&["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"], "auto")
        .resolution(&["480p", "720p", "1080p", "4k"], "720p")
        .seconds(&[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], 5)
        .flag("generate_audio", true, "With sound.")
        .choice(
            "bitrate_mode",
            &["standard", "high"],
            "standard",
            "A larger file keeps more.",
        )
}

fn wan(inputs: Inputs) -> Inputs {
    inputs
        .negative_prompt(2_000)
        .resolution(&["720p", "1080p"], "1080p")
        .seconds_between(2, 15, 5)
        .flag(
            "enable_prompt_expansion",
            true,
            "Lets the model write more words of its own.",
        )
        .medium("audio", "audio/*", "Sound that the video moves to.")
        .seed(SEED)
}

fn ltx(inputs: Inputs) -> Inputs {
    inputs
        .resolution(&["1080p", "1440p", "2160p"], "1080p")
        .seconds(&[6, 8, 10], 6)
        .with(
            "fps",
            json!({ "type": "integer", "enum": [24, 25, 48, 50], "default": 25, "description": "Frames in a second." }),
        )
        .flag("generate_audio", true, "With sound.")
}

/// Tokens are billed: about this much a second.
fn seedance_price() -> PriceRule {
    tiers(
        "resolution",
        &[
            (json!("480p"), Rate::per_second(usd(0.14))),
            (json!("1080p"), Rate::per_second(usd(0.68))),
            (json!("4k"), Rate::per_second(usd(2.80))),
        ],
        Rate::per_second(usd(0.31)),
    )
}

fn ltx_price() -> PriceRule {
    tiers(
        "resolution",
        &[
            (json!("1440p"), Rate::per_second(usd(0.16))),
            (json!("2160p"), Rate::per_second(usd(0.32))),
        ],
        Rate::per_second(usd(0.08)),
    )
}

/// With and without sound, up to 1080p and in 4K.
fn veo_price(sound: f64, silent: f64, sound_4k: f64, silent_4k: f64) -> PriceRule {
    let tier = |resolution: Value, audio: bool, dollars: f64| {
        Tier::when(
            [("resolution", resolution), ("generate_audio", json!(audio))],
            Rate::per_second(usd(dollars)),
        )
    };
    PriceRule {
        rate: Rate::per_second(usd(sound_4k)),
        tiers: vec![
            tier(json!(["720p", "1080p"]), true, sound),
            tier(json!(["720p", "1080p"]), false, silent),
            tier(json!("4k"), true, sound_4k),
            tier(json!("4k"), false, silent_4k),
        ],
        is_estimate: true,
        ..PriceRule::default()
    }
}

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
        sizing: Sizing::Own,
        price: PriceRule::default(),
        skills: &[],
    }
}

/// A picture of any width and height.
fn sized() -> Row {
    Row {
        outputs: 4,
        sizing: Sizing::Free {
            step: 16,
            min_pixels: 65_536,
            max_pixels: 4_194_304,
            max_ratio: 4.0,
        },
        ..picture()
    }
}

fn video() -> Row {
    Row {
        kind: MediaKind::Video,
        sizing: Sizing::Ratio,
        ..picture()
    }
}

fn usd_each(dollars: f64) -> Rate {
    Rate::per_output(usd(dollars))
}

/// What the result tells is charged; this is held.
fn estimate(rate: Rate) -> PriceRule {
    PriceRule {
        rate,
        is_estimate: true,
        ..PriceRule::default()
    }
}

/// By megapixel of the picture, each begun one whole.
fn megapixels(dollars: f64) -> PriceRule {
    PriceRule {
        whole_megapixels: true,
        ..estimate(Rate {
            per_megapixel: usd(dollars),
            ..Rate::default()
        })
    }
}

fn tiers(name: &str, rates: &[(Value, Rate)], rate: Rate) -> PriceRule {
    PriceRule {
        tiers: rates
            .iter()
            .map(|(value, rate)| Tier::when([(name, value.clone())], rate.clone()))
            .collect(),
        ..estimate(rate)
    }
}

fn steps(least: u32, most: u32, usual: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most, "default": usual, "description": "More steps, more detail." })
}

fn guidance(usual: f64) -> Value {
    json!({ "type": "number", "minimum": 1, "maximum": 20, "default": usual, "description": "How closely the prompt is followed." })
}

fn unit(usual: f64, description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1, "default": usual, "description": description })
}
