//! What Luma offers today, with its prices: a picture by references, a video by resolution, length and range.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Value, json};

use super::FACTS;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const LICENSE: &str = "Luma's API terms: what is made belongs to the customer";

pub(super) fn all() -> Vec<Model> {
    vec![
        picture("uni-1", "Uni-1", 0.0404, 4, 3),
        picture("uni-1-max", "Uni-1 Max", 0.1, 5, 4),
        video(),
        edit(),
        reframe(),
    ]
}

fn picture(vendor: &str, name: &str, dollars: f64, quality: u8, pricing: u8) -> Model {
    let ratios = [
        "3:1", "2:1", "21:9", "16:9", "4:3", "3:2", "1:1", "3:4", "2:3", "9:16", "1:2", "1:3",
    ];
    let inputs = Inputs::prompt(6_000)
        .count()
        .style()
        .with("aspect_ratio", json!({ "type": "string", "enum": ratios, "description": "Width to height; the model decides else." }))
        .images(9, "References; with `mode` edit, what is changed comes first.")
        .choice("mode", &["reference", "edit"], "reference", "Whether `images` are references, or the first of them is changed.")
        .choice("look", &["auto", "manga"], "auto", "A style of the vendor's own.")
        .flag("web_search", false, "Looks for pictures and facts on the web before drawing.")
        .formats(&["png", "jpeg"], "png")
        .example(json!({ "prompt": "a lighthouse keeper's kitchen, late light through salt-stained glass" }))
        .example(json!({ "prompt": "the bottle of the first picture on the table of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "aspect_ratio": "3:2" }))
        .example(json!({ "prompt": "make it snow", "images": [EXAMPLE_ASSET], "mode": "edit", "output_format": "jpeg" }));
    Model {
        name: format!("{name} (Luma)"),
        vendor_model: vendor.into(),
        description: format!("{name} of Luma: makes and edits pictures of 2K by words and up to nine references."),
        best_for: "scenes that ask for spatial reasoning, legible words and several references".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            text_rendering: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Ratio,
        price: PriceRule {
            rate: Rate {
                per_input: usd(0.003),
                ..Rate::per_output(usd(dollars))
            },
            ..PriceRule::default()
        },
        quality_rating: quality,
        pricing_rating: pricing,
        license: LICENSE.into(),
        docs_url: Some("https://docs.agents.lumalabs.ai/guides/model/".into()),
        version: vendor.into(),
        input_schema: inputs.finish(),
        ..Model::base(&format!("image/luma/{vendor}"), FACTS.id, MediaKind::Image)
    }
}

const VIDEO_RATIOS: &[&str] = &["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"];
const RESOLUTIONS: &[&str] = &["360p", "540p", "720p", "1080p"];

fn generation_id(description: &str) -> Value {
    json!({ "type": "string", "format": "uuid", "minLength": 36, "maxLength": 36, "description": description })
}

fn keyframes(inputs: Inputs, description: &str) -> Inputs {
    inputs.images(64, description).with(
        "image_frames",
        json!({
            "type": "array", "minItems": 1, "maxItems": 64, "uniqueItems": true, "items": { "type": "integer", "minimum": 0, "maximum": 432 },
            "description": "For each of `images`, the frame at which it stands, at 24 frames a second."
        }),
    )
}

fn ray(id: &str, vendor: &str, name: &str) -> Model {
    Model {
        name: format!("{name} (Luma)"),
        vendor_model: vendor.into(),
        sizing: Sizing::Ratio,
        speed: "slow".into(),
        license: LICENSE.into(),
        docs_url: Some("https://docs.agents.lumalabs.ai/guides/model/".into()),
        version: "ray-3.2".into(),
        ..Model::base(&format!("video/luma/{id}"), FACTS.id, MediaKind::Video)
    }
}

/// A price for each resolution and length; high dynamic range is twice that, and only of 5 seconds.
fn video() -> Model {
    let inputs = keyframes(Inputs::prompt(6_000).count().style(), "Pictures that the video passes through; not together with frames or `loop`.")
        .ratios(VIDEO_RATIOS, "16:9")
        .resolution(RESOLUTIONS, "720p")
        .seconds(&[5, 10], 5)
        .flag("loop", false, "Ends as it begins; only 5 seconds of standard range.")
        .flag("hdr", false, "High dynamic range; only 5 seconds of 720p or 1080p, and only for accounts that have it.")
        .medium("first_frame", "image/*", "The picture that the video begins with; only 5 seconds.")
        .medium("last_frame", "image/*", "The picture that it ends with; only 5 seconds.")
        .with("start_generation", generation_id("The vendor's id of a video of this account that is gone on with."))
        .with("end_generation", generation_id("The vendor's id of a video of this account that this one leads to."))
        .example(json!({ "prompt": "a paper boat drifts down a rain-soaked street" }))
        .example(json!({ "prompt": "the leaves begin to move", "first_frame": EXAMPLE_ASSET, "last_frame": EXAMPLE_ASSET, "resolution": "540p" }))
        .example(json!({ "prompt": "through the seasons", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "image_frames": [0, 120], "duration_seconds": 10 }))
        .example(json!({ "prompt": "the boat reaches the sea", "start_generation": "0b9e7a52-6f3c-4c1d-9d52-8f1f0d1c2b3a" }));
    let mut tiers = Vec::new();
    for (resolution, five, ten, hdr) in [
        ("360p", 0.06, 0.18, None),
        ("540p", 0.15, 0.45, None),
        ("720p", 0.3, 0.9, Some(0.6)),
        ("1080p", 1.2, 3.6, Some(2.4)),
    ] {
        let rate = |dollars: f64| Rate::per_output(usd(dollars));
        if let Some(hdr) = hdr {
            tiers.push(Tier::when(
                [("resolution", json!(resolution)), ("hdr", json!(true))],
                rate(hdr),
            ));
        }
        tiers.push(Tier::when(
            [("resolution", json!(resolution)), ("duration_seconds", json!(10))],
            rate(ten),
        ));
        tiers.push(Tier::when([("resolution", json!(resolution))], rate(five)));
    }
    Model {
        description: "Ray 3.2 of Luma: makes videos of 5 or 10 seconds of words, frames and key frames, goes on with earlier ones, loops, and makes HDR.".into(),
        best_for: "cinematic motion between pictures that are given".into(),
        capabilities: Capabilities {
            text_to_video: true,
            image_to_video: true,
            first_last_frame: true,
            references: true,
            ..Capabilities::default()
        },
        price: PriceRule { rate: Rate::per_output(usd(3.6)), tiers, ..PriceRule::default() },
        quality_rating: 5,
        pricing_rating: 3,
        input_schema: inputs.finish(),
        ..ray("ray-3.2", "ray-3.2", "Ray 3.2")
    }
}

/// Billed in blocks of 5 seconds of what goes in.
fn edit() -> Model {
    let signal = |extra: Value| {
        let mut properties = json!({ "enabled": { "type": "boolean" } });
        if let (Some(properties), Value::Object(extra)) = (properties.as_object_mut(), extra) {
            properties.extend(extra);
        }
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    };
    let share = || json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let controls = json!({
        "type": "object", "additionalProperties": false, "description": "What of the source is kept: depth, face, surfaces, pose, motion.",
        "properties": {
            "depth": signal(json!({ "blur": share() })),
            "face": signal(json!({})),
            "normals": signal(json!({ "augmentation": share() })),
            "pose": signal(json!({ "strength": { "type": "string", "enum": ["precise", "coarse"] } })),
            "trajectory": signal(json!({ "sparsity": share() }))
        }
    });
    let strengths = [
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
    let inputs = keyframes(Inputs::prompt(6_000).count().style(), "Pictures that show what the edit should look like at frames of the video; not with `first_frame`.")
        .medium("video", "video/*", "The video to edit, at most 18 seconds; or give `source_generation`.")
        .with("source_generation", generation_id("The vendor's id of a video of this account to edit."))
        .require_one_of(&["video", "source_generation"])
        .medium("first_frame", "image/*", "What the first frame should look like.")
        .resolution(RESOLUTIONS, "720p")
        .with("strength", json!({ "type": "string", "enum": strengths, "description": "From keeping the source closely to making it up anew." }))
        .with("auto_controls", json!({ "type": "boolean", "description": "The model reads from the source what to keep." }))
        .with("controls", controls)
        .flag("hdr", false, "High dynamic range, for accounts that have it.")
        .example(json!({ "prompt": "turn the street into Venice", "video": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "clay animation", "video": EXAMPLE_ASSET, "strength": "flex_2", "controls": { "pose": { "enabled": true, "strength": "precise" }, "depth": { "blur": 0.4 } } }))
        .example(json!({ "prompt": "winter", "source_generation": "0b9e7a52-6f3c-4c1d-9d52-8f1f0d1c2b3a", "images": [EXAMPLE_ASSET], "image_frames": [24], "resolution": "540p" }));
    Model {
        description: "Ray 3.2 of Luma as an editor: changes a video by words and guiding pictures and keeps as much of it as asked.".into(),
        best_for: "restyling footage that keeps its motion".into(),
        capabilities: Capabilities { video_to_video: true, references: true, ..Capabilities::default() },
        sizing: Sizing::Own,
        price: by_second(&[("360p", 0.108), ("540p", 0.144), ("720p", 0.216), ("1080p", 0.432)], 5.0, true),
        quality_rating: 5,
        pricing_rating: 5,
        input_schema: inputs.finish(),
        ..ray("ray-3.2-edit", "ray-3.2:edit", "Ray 3.2 Edit")
    }
}

fn reframe() -> Model {
    let inputs = Inputs::prompt(6_000)
        .count()
        .medium("video", "video/*", "The video to reframe; or give `source_generation`.")
        .with("source_generation", generation_id("The vendor's id of a video of this account to reframe."))
        .require_one_of(&["video", "source_generation"])
        .ratios(VIDEO_RATIOS, "9:16")
        .resolution(RESOLUTIONS, "720p")
        .with(
            "source_position",
            json!({
                "type": "object", "additionalProperties": false, "required": ["x_norm", "y_norm", "w_norm", "h_norm"],
                "description": "Where the source lies on the new canvas, in shares of its width and height; it is centred else.",
                "properties": {
                    "x_norm": { "type": "number", "minimum": -2, "maximum": 2 }, "y_norm": { "type": "number", "minimum": -2, "maximum": 2 },
                    "w_norm": { "type": "number", "exclusiveMinimum": 0, "maximum": 2 }, "h_norm": { "type": "number", "exclusiveMinimum": 0, "maximum": 2 }
                }
            }),
        )
        .example(json!({ "prompt": "more of the same street above and below", "video": EXAMPLE_ASSET }))
        .example(json!({ "prompt": "more sky", "video": EXAMPLE_ASSET, "aspect_ratio": "1:1", "source_position": { "x_norm": 0, "y_norm": 0.4, "w_norm": 1, "h_norm": 0.6 } }));
    Model {
        description: "Ray 3.2 of Luma for other shapes: draws what lies beside, above and below a video.".into(),
        best_for: "the same clip for every screen".into(),
        capabilities: Capabilities {
            video_to_video: true,
            ..Capabilities::default()
        },
        price: by_second(
            &[("360p", 0.03), ("540p", 0.06), ("720p", 0.12), ("1080p", 0.36)],
            1.0,
            false,
        ),
        quality_rating: 4,
        pricing_rating: 3,
        input_schema: inputs.finish(),
        ..ray("ray-3.2-reframe", "ray-3.2:reframe", "Ray 3.2 Reframe")
    }
}

/// A rate for each resolution, for at least so many seconds; high dynamic range is twice that.
fn by_second(steps: &[(&str, f64)], least_seconds: f64, has_hdr: bool) -> PriceRule {
    let rate = |dollars: f64| Rate {
        at_least: usd(dollars * least_seconds),
        ..Rate::per_second(usd(dollars))
    };
    let mut tiers = Vec::new();
    for (resolution, dollars) in steps {
        if has_hdr {
            tiers.push(Tier::when(
                [("resolution", json!(resolution)), ("hdr", json!(true))],
                rate(dollars * 2.0),
            ));
        }
        tiers.push(Tier::when([("resolution", json!(resolution))], rate(*dollars)));
    }
    PriceRule {
        rate: steps.last().map(|(_, dollars)| rate(*dollars)).unwrap_or_default(),
        tiers,
        is_estimate: true,
        ..PriceRule::default()
    }
}
