//! What the Dream Machine API offers, with prices for 16:9 where the vendor counts pixels.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Value, json};

use super::{FACTS, GEOMETRY};
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const LICENSE: &str = "Luma's API terms: what is made belongs to the customer";
const LABEL: &str = "Luma's older API: newer models are those of `luma`. Pictures and videos reach it only when this server can be reached from outside.";
const RATIOS: &[&str] = &["16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21"];
const RESOLUTIONS: &[&str] = &["540p", "720p", "1080p", "4k"];
const EXAMPLE_ID: &str = "0b9e7a52-6f3c-4c1d-9d52-8f1f0d1c2b3a";

pub(super) fn all() -> Vec<Model> {
    let mut models = Vec::new();
    for (vendor, name, dollars) in [("photon-1", "Photon", 0.016), ("photon-flash-1", "Photon Flash", 0.004)] {
        models.push(photon(vendor, name, dollars));
        models.push(photon_reframe(vendor, name, dollars));
    }
    for (vendor, name, scale) in [("ray-2", "Ray 2", 0), ("ray-flash-2", "Ray 2 Flash", 1)] {
        models.push(ray(vendor, name, scale));
        models.push(modify(vendor, name, scale));
        models.push(reframe(vendor, name, scale));
    }
    models.push(upscale());
    models.push(add_sound());
    models
}

fn base(vendor: &str, name: &str, kind: MediaKind) -> Model {
    let word = if kind == MediaKind::Image { "image" } else { "video" };
    Model {
        name: format!("{name} (Dream Machine)"),
        vendor_model: vendor.to_owned(),
        label: Some(LABEL.into()),
        sizing: Sizing::Ratio,
        license: LICENSE.into(),
        docs_url: Some("https://docs.lumalabs.ai/docs/api".into()),
        version: vendor.split(':').next().unwrap_or(vendor).to_owned(),
        ..Model::base(
            &format!("{word}/luma-dream-machine/{}", vendor.replace(':', "-")),
            FACTS.id,
            kind,
        )
    }
}

fn weight(description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1, "description": description })
}

/// Inputs of both reframings.
fn with_geometry(mut inputs: Inputs) -> Inputs {
    for name in GEOMETRY {
        inputs = inputs.with(name, json!({ "type": "integer", "minimum": 0, "maximum": 16384, "description": "Pixels: where and how large the source lies on the new canvas; it is centred else." }));
    }
    inputs
}

fn photon(vendor: &str, name: &str, dollars: f64) -> Model {
    let inputs = Inputs::prompt(5_000)
        .count()
        .style()
        .ratios(RATIOS, "16:9")
        .images(4, "References; with `mode` modify, what is changed comes first.")
        .with("image_weight", weight("How much the references count."))
        .choice("mode", &["reference", "modify"], "reference", "Whether `images` are references, or the first of them is changed.")
        .medium("style_image", "image/*", "A picture whose style is taken.")
        .with("style_weight", weight("How much the style counts."))
        .with(
            "character_images",
            json!({
                "type": "array", "minItems": 1, "maxItems": 4, "description": "Pictures of one person, who appears in the result.",
                "items": { "type": "string", "minLength": 1, "contentMediaType": "image/*", "description": "An asset id, https URL or data URI." }
            }),
        )
        .formats(&["jpeg", "png"], "jpeg")
        .example(json!({ "prompt": "a teddy bear in sunglasses plays a guitar" }))
        .example(json!({ "prompt": "the same room in winter", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "image_weight": 0.8, "aspect_ratio": "1:1" }))
        .example(json!({ "prompt": "make the car red", "images": [EXAMPLE_ASSET], "mode": "modify", "output_format": "png" }))
        .example(json!({ "prompt": "a portrait on the moon", "style_image": EXAMPLE_ASSET, "style_weight": 0.5, "character_images": [EXAMPLE_ASSET, EXAMPLE_ASSET] }));
    Model {
        description: format!(
            "{name} of Luma: makes and modifies pictures of up to 1080p by words, references, a style and a character."
        ),
        best_for: "quick pictures with one person kept alike".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            is_estimate: true,
            ..PriceRule::flat(usd(dollars))
        },
        quality_rating: 3,
        pricing_rating: 1,
        speed: "fast".into(),
        input_schema: inputs.finish(),
        ..base(vendor, name, MediaKind::Image)
    }
}

fn photon_reframe(vendor: &str, name: &str, dollars: f64) -> Model {
    let inputs = with_geometry(Inputs::optional_prompt(5_000).count().images(1, "The picture to reframe.").require("images"))
        .ratios(RATIOS, "16:9")
        .formats(&["jpeg", "png"], "jpeg")
        .example(json!({ "images": [EXAMPLE_ASSET] }))
        .example(json!({ "prompt": "more of the beach", "images": [EXAMPLE_ASSET], "aspect_ratio": "21:9", "grid_position_x": 200, "grid_position_y": 0 }));
    Model {
        description: format!("{name} of Luma for other shapes: draws what lies beside, above and below a picture."),
        best_for: "one picture for every screen".into(),
        capabilities: Capabilities {
            image_to_image: true,
            expand: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            is_estimate: true,
            ..PriceRule::flat(usd(dollars))
        },
        pricing_rating: 1,
        speed: "fast".into(),
        input_schema: inputs.finish(),
        ..base(
            &format!("{vendor}:reframe"),
            &format!("{name} Reframe"),
            MediaKind::Image,
        )
    }
}

/// Dollars for a clip of 16:9 by resolution, for 5 and for 9 seconds; first Ray 2, then Flash.
const CLIPS: [[(&str, f64, f64); 4]; 2] = [
    [
        ("540p", 0.4, 0.72),
        ("720p", 0.71, 1.27),
        ("1080p", 0.86, 1.54),
        ("4k", 0.96, 1.72),
    ],
    [
        ("540p", 0.14, 0.25),
        ("720p", 0.24, 0.44),
        ("1080p", 0.39, 0.71),
        ("4k", 0.49, 0.89),
    ],
];

fn generation(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9-]+$", "description": description })
}

fn ray(vendor: &str, name: &str, scale: usize) -> Model {
    let inputs = Inputs::optional_prompt(5_000)
        .count()
        .style()
        .ratios(RATIOS, "16:9")
        .resolution(RESOLUTIONS, "720p")
        .seconds(&[5, 9], 5)
        .flag("loop", false, "Ends as it begins.")
        .medium("first_frame", "image/*", "The picture that the video begins with.")
        .medium("last_frame", "image/*", "The picture that it ends with.")
        .with("start_generation", generation("The vendor's id of a video of this account that is gone on with."))
        .with("end_generation", generation("The vendor's id of a video of this account that this one leads to."))
        .with(
            "concepts",
            json!({ "type": "array", "minItems": 1, "maxItems": 5, "items": { "type": "string", "minLength": 1, "maxLength": 60 }, "description": "Moves of the camera by the vendor's names, such as dolly_zoom or orbit_left." }),
        )
        .example(json!({ "prompt": "a tiger walks through snow", "concepts": ["dolly_zoom"] }))
        .example(json!({ "prompt": "day turns into night", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "the tiger reaches the river", "start_generation": EXAMPLE_ID, "duration_seconds": 9, "resolution": "540p" }))
        .example(json!({ "prompt": "the tiger comes out of the forest", "end_generation": EXAMPLE_ID, "loop": true }));
    let mut tiers = Vec::new();
    for (resolution, five, nine) in CLIPS[scale] {
        tiers.push(Tier::when(
            [("resolution", json!(resolution)), ("duration_seconds", json!(9))],
            Rate::per_output(usd(nine)),
        ));
        tiers.push(Tier::when(
            [("resolution", json!(resolution))],
            Rate::per_output(usd(five)),
        ));
    }
    Model {
        description: format!(
            "{name} of Luma: makes videos of words and frames, and goes on with, leads to, or joins earlier ones."
        ),
        best_for: "moves of the camera, and longer videos piece by piece".into(),
        capabilities: Capabilities {
            text_to_video: true,
            image_to_video: true,
            first_last_frame: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            rate: Rate::per_output(usd(CLIPS[scale][3].2)),
            tiers,
            is_estimate: true,
            ..PriceRule::default()
        },
        pricing_rating: if scale == 0 { 4 } else { 2 },
        input_schema: inputs.finish(),
        ..base(vendor, name, MediaKind::Video)
    }
}

/// A million pixels cost 0.64 and 0.22 cents; a second of 720p has 22, and what is changed is read as well.
fn by_second(scale: usize) -> PriceRule {
    let dollars = [0.36, 0.12][scale];
    PriceRule {
        rate: Rate {
            at_least: usd(dollars),
            ..Rate::per_second(usd(dollars))
        },
        is_estimate: true,
        ..PriceRule::default()
    }
}

fn modify(vendor: &str, name: &str, scale: usize) -> Model {
    let modes = [
        "adhere_1",
        "adhere_2",
        "adhere_3",
        "flex_1",
        "flex_2",
        "flex_3",
        "reimagine_1",
        "reimagine_2",
        "reimagine_3",
    ];
    let inputs = Inputs::optional_prompt(5_000)
        .count()
        .style()
        .medium(
            "video",
            "video/*",
            "The video to change: at most 10 seconds, 15 with Flash, and 100 MB.",
        )
        .require("video")
        .medium("first_frame", "image/*", "What the first frame should look like.")
        .choice(
            "mode",
            &modes,
            "flex_2",
            "From keeping the source closely to making it up anew.",
        )
        .example(json!({ "prompt": "a dragon in place of the dog", "video": EXAMPLE_ASSET }))
        .example(json!({ "video": EXAMPLE_ASSET, "first_frame": EXAMPLE_ASSET, "mode": "adhere_1" }));
    Model {
        description: format!(
            "{name} of Luma as an editor: changes a video by words and by what its first frame should be."
        ),
        best_for: "restyling clips".into(),
        capabilities: Capabilities {
            video_to_video: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Own,
        price: by_second(scale),
        speed: "slow".into(),
        pricing_rating: if scale == 0 { 4 } else { 2 },
        input_schema: inputs.finish(),
        ..base(&format!("{vendor}:modify"), &format!("{name} Modify"), MediaKind::Video)
    }
}

fn reframe(vendor: &str, name: &str, scale: usize) -> Model {
    let inputs = with_geometry(Inputs::optional_prompt(5_000).count())
        .medium("video", "video/*", "The video to reframe: at most 10 seconds, 30 with Flash, and 500 MB.")
        .require("video")
        .medium("first_frame", "image/*", "What the first frame should look like.")
        .ratios(RATIOS, "9:16")
        .example(json!({ "video": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "more sky", "video": EXAMPLE_ASSET, "first_frame": EXAMPLE_ASSET, "aspect_ratio": "1:1", "resized_width": 720, "resized_height": 405 }));
    Model {
        description: format!("{name} of Luma for other shapes: draws what lies beside, above and below a video."),
        best_for: "the same clip for every screen".into(),
        capabilities: Capabilities {
            video_to_video: true,
            ..Capabilities::default()
        },
        price: by_second(scale),
        speed: "slow".into(),
        pricing_rating: if scale == 0 { 4 } else { 2 },
        input_schema: inputs.finish(),
        ..base(
            &format!("{vendor}:reframe"),
            &format!("{name} Reframe"),
            MediaKind::Video,
        )
    }
}

/// An earlier generation is named by its id, so nothing is sent in.
fn upscale() -> Model {
    let inputs = Inputs::none()
        .with("generation", generation("The vendor's id of a video of this account."))
        .require("generation")
        .resolution(&["720p", "1080p", "4k"], "1080p")
        .example(json!({ "generation": EXAMPLE_ID }))
        .example(json!({ "generation": EXAMPLE_ID, "resolution": "4k" }));
    let tier = |resolution: &str, dollars: f64| {
        Tier::when([("resolution", json!(resolution))], Rate::per_output(usd(dollars)))
    };
    Model {
        description: "Makes an earlier video of Ray 2 or Ray 2 Flash larger.".into(),
        best_for: "finishing drafts of Ray 2".into(),
        // 9 seconds at 6, 9 and 11 cents.
        price: PriceRule {
            rate: Rate::per_output(usd(0.99)),
            tiers: vec![tier("720p", 0.54), tier("1080p", 0.81)],
            is_estimate: true,
            ..PriceRule::default()
        },
        sizing: Sizing::Own,
        input_schema: inputs.finish(),
        ..base("ray-2:upscale", "Ray 2 Upscale", MediaKind::Video)
    }
}

fn add_sound() -> Model {
    let inputs = Inputs::optional_prompt(5_000)
        .with("generation", generation("The vendor's id of a video of this account."))
        .require("generation")
        .negative_prompt(5_000)
        .example(json!({ "prompt": "wind over snow, far bells", "generation": EXAMPLE_ID }))
        .example(json!({ "generation": EXAMPLE_ID, "negative_prompt": "music" }));
    Model {
        description: "Adds sound to an earlier video of Ray 2 or Ray 2 Flash.".into(),
        best_for: "sound for silent clips".into(),
        capabilities: Capabilities {
            sound: true,
            ..Capabilities::default()
        },
        price: PriceRule {
            is_estimate: true,
            ..PriceRule::flat(usd(0.18))
        },
        sizing: Sizing::Own,
        input_schema: inputs.finish(),
        ..base("ray-2:audio", "Ray 2 Sound", MediaKind::Video)
    }
}
