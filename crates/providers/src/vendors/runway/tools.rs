//! Runway's models that change one picture or video: editing with key frames, acting, upscaling, frame rate, HDR.

use aquatint_domain::model::{PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use serde_json::{Map, Value, json};

use super::FACTS;
use super::knobs::Knob;
use super::sizes;
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::price::usd;
use crate::schema::{EXAMPLE_ASSET, Inputs};

const ALEPH_KNOBS: &[Knob] = &[
    Knob::Seed,
    Knob::PublicFigures,
    Knob::Grade(&["mp4", "sdr_rec709_10bit"]),
];
const ACT_KNOBS: &[Knob] = &[Knob::Seed, Knob::PublicFigures];
/// Pictures that guide an edit.
const MAX_KEYFRAMES: u32 = 5;
const RATES: &[&str] = &["23.98", "24", "25", "29.97", "30", "48", "50", "59.94", "60", "120"];

pub(super) fn models() -> impl Iterator<Item = Model> {
    [
        aleph(),
        act_two(),
        upscale_picture(),
        upscale_video(),
        frame_rate(),
        hdr(),
    ]
    .into_iter()
}

/// Path and body of a purchase. `uris` name the order's media, in their order.
pub(super) fn request(order: &Order, uris: &[String]) -> Result<(&'static str, Value), Fault> {
    let of = |field: &str| -> Vec<&String> {
        order
            .media
            .iter()
            .zip(uris)
            .filter(|(medium, _)| medium.field == field)
            .map(|(_, uri)| uri)
            .collect()
    };
    let one = |field: &str| {
        let missing = || Fault::new(FaultKind::InvalidInput, format!("`{field}` is missing")).at(field);
        of(field)
            .first()
            .map(|uri| Value::from((*uri).clone()))
            .ok_or_else(missing)
    };
    let vendor = order.model.vendor_model.as_str();
    let mut body = Map::new();
    body.insert("model".into(), vendor.into());
    let path = match vendor {
        "aleph2" => {
            body.insert("videoUri".into(), one("video")?);
            copy(
                order,
                &mut body,
                &[("prompt", "promptText"), ("aspect_ratio", "targetAspectRatio")],
            );
            let keyframes = keyframes(order, &of("images"))?;
            if !keyframes.is_empty() {
                body.insert("keyframes".into(), keyframes.into());
            }
            write(ALEPH_KNOBS, order, &mut body);
            "/v1/video_to_video"
        }
        "act_two" => {
            let character = match (of("images").first(), of("character_video").first()) {
                (Some(uri), None) => json!({ "type": "image", "uri": uri }),
                (None, Some(uri)) => json!({ "type": "video", "uri": uri }),
                _ => {
                    let words = "give either one picture in `images` or a `character_video`";
                    return Err(Fault::new(FaultKind::InvalidInput, words).at("images"));
                }
            };
            body.insert("character".into(), character);
            body.insert("reference".into(), json!({ "type": "video", "uri": one("video")? }));
            if let Some((width, height)) = order.size() {
                body.insert("ratio".into(), format!("{width}:{height}").into());
            }
            copy(
                order,
                &mut body,
                &[
                    ("body_control", "bodyControl"),
                    ("expression_intensity", "expressionIntensity"),
                ],
            );
            write(ACT_KNOBS, order, &mut body);
            "/v1/character_performance"
        }
        "magnific_precision_upscaler_v2" => {
            body.insert("imageUri".into(), one("images")?);
            copy(
                order,
                &mut body,
                &[
                    ("scale", "scaleFactor"),
                    ("flavor", "flavor"),
                    ("sharpen", "sharpen"),
                    ("grain", "smartGrain"),
                    ("detail", "ultraDetail"),
                ],
            );
            "/v1/image_upscale"
        }
        "magnific_video_upscaler_creative" => {
            body.insert("videoUri".into(), one("video")?);
            copy(
                order,
                &mut body,
                &[
                    ("resolution", "resolution"),
                    ("flavor", "flavor"),
                    ("creativity", "creativity"),
                    ("sharpen", "sharpen"),
                    ("grain", "smartGrain"),
                    ("boost_frame_rate", "fpsBoost"),
                ],
            );
            "/v1/video_upscale"
        }
        "enhance_frame_rate" => {
            body.insert("videoUri".into(), one("video")?);
            let rate = order.text("frame_rate").unwrap_or("60").replace('.', "_");
            body.insert("targetFramerate".into(), rate.into());
            "/v1/video_upscale"
        }
        "ruby" => {
            body.insert("videoUri".into(), one("video")?);
            copy(order, &mut body, &[("grade", "outputFormat")]);
            "/v1/video_to_hdr"
        }
        other => {
            let words = format!("Runway has no model {}", aquatint_domain::text::one_line(other, 60));
            return Err(Fault::new(FaultKind::NoSuchModel, words));
        }
    };
    Ok((path, body.into()))
}

fn copy(order: &Order, body: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (ours, theirs) in names {
        if let Some(value) = order.inputs.get(*ours) {
            body.insert((*theirs).to_owned(), value.clone());
        }
    }
}

fn write(knobs: &[Knob], order: &Order, body: &mut Map<String, Value>) {
    for knob in knobs {
        knob.write(order, body);
    }
}

/// The guiding pictures with the moments at which they stand. Without moments they are spread evenly from the beginning.
fn keyframes(order: &Order, uris: &[&String]) -> Result<Vec<Value>, Fault> {
    let list = |name: &str| order.inputs.get(name).and_then(Value::as_array).cloned();
    let (seconds, ranges) = (list("image_seconds"), list("image_ranges"));
    for (name, given) in [("image_seconds", &seconds), ("image_ranges", &ranges)] {
        if given.as_ref().is_some_and(|given| given.len() != uris.len()) {
            let words = format!("`{name}` must have as many entries as `images`");
            return Err(Fault::new(FaultKind::InvalidInput, words).at(name));
        }
    }
    Ok(uris
        .iter()
        .enumerate()
        .map(|(place, uri)| {
            let mut keyframe = json!({ "uri": uri });
            match &seconds {
                Some(seconds) => keyframe["seconds"] = seconds[place].clone(),
                None => keyframe["at"] = (place as f64 / uris.len() as f64).into(),
            }
            if let Some(ranges) = &ranges {
                keyframe["range"] = json!({ "start_seconds": ranges[place][0], "end_seconds": ranges[place][1] });
            }
            keyframe
        })
        .collect())
}

fn per_second(credits: f64) -> PriceRule {
    // What goes in decides how long the result is.
    PriceRule {
        rate: Rate::per_second(usd(credits / 100.0)),
        is_estimate: true,
        ..PriceRule::default()
    }
}

fn amount(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 100, "description": description })
}

fn video_tool(slug: &str, vendor: &str, name: &str) -> Model {
    Model {
        name: format!("{name} (Runway)"),
        vendor_model: vendor.into(),
        license: super::LICENSE.into(),
        docs_url: Some("https://docs.dev.runwayml.com/guides/models".into()),
        version: vendor.into(),
        sizing: Sizing::Own,
        speed: "slow".into(),
        ..Model::base(&format!("video/runway/{slug}"), FACTS.id, MediaKind::Video)
    }
}

/// 28 credits a second and at least 56.
fn aleph() -> Model {
    let mut inputs = Inputs::optional_prompt(1_000)
        .count()
        .style()
        .medium("video", "video/*", "The video to edit: 2 to 30 seconds, at most 30 frames a second.")
        .require("video")
        .images(MAX_KEYFRAMES, "Pictures that show what the edit should look like at moments of the video.")
        .with("image_seconds", json!({ "type": "array", "minItems": 1, "maxItems": MAX_KEYFRAMES, "items": { "type": "number", "minimum": 0, "maximum": 30 }, "description": "For each picture, the second of the video at which it stands." }))
        .with("image_ranges", json!({ "type": "array", "minItems": 1, "maxItems": MAX_KEYFRAMES, "items": { "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "integer", "minimum": 0, "maximum": 30 } }, "description": "For each picture, the seconds between which the edit applies: [from, to]." }))
        .with("aspect_ratio", json!({ "type": "string", "enum": ["16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "21:9"], "description": "Extends the picture to this shape." }));
    for knob in ALEPH_KNOBS {
        inputs = knob.describe(inputs);
    }
    let mut price = per_second(28.0);
    price.rate.at_least = usd(0.56);
    let graded = Rate {
        at_least: usd(0.56),
        ..Rate::per_second(usd(0.48))
    };
    price.tiers = vec![Tier::when([("grade", json!("sdr_rec709_10bit"))], graded)];
    Model {
        description: "Aleph 2.0 of Runway: edits a video by words and by pictures that stand at moments of it.".into(),
        best_for: "changing objects, light and surroundings of footage".into(),
        capabilities: Capabilities { video_to_video: true, references: true, ..Capabilities::default() },
        sizing: Sizing::Ratio,
        price,
        quality_rating: 5,
        pricing_rating: 4,
        input_schema: inputs
            .example(json!({ "prompt": "turn the summer into deep winter", "video": EXAMPLE_ASSET }))
            .example(json!({ "video": EXAMPLE_ASSET, "images": [EXAMPLE_ASSET], "image_seconds": [0], "image_ranges": [[0, 4]] }))
            .example(json!({ "prompt": "extend the view to both sides", "video": EXAMPLE_ASSET, "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "aspect_ratio": "21:9" }))
            .finish(),
        ..video_tool("aleph-2", "aleph2", "Aleph 2.0")
    }
}

fn act_two() -> Model {
    let mut inputs = Inputs::none()
        .count()
        .medium("video", "video/*", "A person who performs, 3 to 30 seconds; the face stays in view.")
        .require("video")
        .images(1, "The character, with a face in view; or give `character_video`.")
        .medium("character_video", "video/*", "The character as a video.")
        .require_one_of(&["images", "character_video"])
        .size(672, 1584, 1280, 720)
        .flag("body_control", true, "Also follows gestures of the body; only with a picture.")
        .with("expression_intensity", json!({ "type": "integer", "minimum": 1, "maximum": 5, "default": 3, "description": "How strong the expressions are." }));
    for knob in ACT_KNOBS {
        inputs = knob.describe(inputs);
    }
    Model {
        description: "Act-Two of Runway: a character plays what a person in a video does.".into(),
        best_for: "speech and gestures of characters".into(),
        capabilities: Capabilities {
            video_to_video: true,
            image_to_video: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Listed(sizes::GEN4_VIDEO.to_vec()),
        price: per_second(5.0),
        quality_rating: 4,
        pricing_rating: 1,
        input_schema: inputs
            .example(json!({ "video": EXAMPLE_ASSET, "images": [EXAMPLE_ASSET] }))
            .example(json!({ "video": EXAMPLE_ASSET, "character_video": EXAMPLE_ASSET, "expression_intensity": 4 }))
            .finish(),
        ..video_tool("act-two", "act_two", "Act-Two")
    }
}

/// 25 credits, and 150 where the result is larger than 4096 pixels; the larger is held when the input decides.
fn upscale_picture() -> Model {
    let inputs = Inputs::none()
        .images(1, "The picture, 300 to 8000 pixels a side.")
        .require("images")
        .with("scale", json!({ "type": "integer", "enum": [2, 4, 8, 16], "default": 2, "description": "Times as wide and high; the result has at most 25.3 megapixels." }))
        .choice("flavor", &["photo", "sublime", "photo_denoiser"], "photo", "For photographs, illustrations, or noisy photographs.")
        .with("sharpen", amount("Sharpness."))
        .with("grain", amount("Grain and texture."))
        .with("detail", amount("Fine detail."))
        .example(json!({ "images": [EXAMPLE_ASSET] }))
        .example(json!({ "images": [EXAMPLE_ASSET], "scale": 4, "flavor": "sublime", "sharpen": 20 }));
    Model {
        name: "Magnific Precision v2 (Runway)".into(),
        vendor_model: "magnific_precision_upscaler_v2".into(),
        description: "Magnific Precision v2 at Runway: makes pictures 2 to 16 times as large.".into(),
        best_for: "print sizes that stay true to the original".into(),
        capabilities: Capabilities {
            image_to_image: true,
            upscale: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Own,
        price: PriceRule {
            rate: Rate::per_output(usd(1.5)),
            tiers: vec![Tier::when([("scale", json!(2))], Rate::per_output(usd(0.25)))],
            is_estimate: true,
            ..PriceRule::default()
        },
        quality_rating: 4,
        pricing_rating: 3,
        license: super::LICENSE.into(),
        docs_url: Some("https://docs.dev.runwayml.com/guides/models".into()),
        version: "magnific_precision_upscaler_v2".into(),
        input_schema: inputs.finish(),
        ..Model::base("image/runway/magnific-precision-2", FACTS.id, MediaKind::Image)
    }
}

/// Billed by the frame: 0.7, 0.9 or 1.2 cents; what is held counts 30 frames a second.
fn upscale_video() -> Model {
    let inputs = Inputs::none()
        .medium("video", "video/*", "At most 30 seconds.")
        .require("video")
        .resolution(&["2k", "720p", "1k", "4k"], "2k")
        .choice(
            "flavor",
            &["natural", "vivid"],
            "natural",
            "True to the original, or richer in colour and detail.",
        )
        .with("creativity", amount("How much detail is made up."))
        .with("sharpen", amount("Sharpness."))
        .with("grain", amount("Grain and texture."))
        .flag("boost_frame_rate", false, "Also makes more frames.")
        .example(json!({ "video": EXAMPLE_ASSET }))
        .example(json!({ "video": EXAMPLE_ASSET, "resolution": "4k", "flavor": "vivid", "creativity": 30 }));
    let mut price = per_second(27.0);
    price.tiers = vec![
        Tier::when([("resolution", json!(["720p", "1k"]))], Rate::per_second(usd(0.21))),
        Tier::when([("resolution", json!("4k"))], Rate::per_second(usd(0.36))),
    ];
    Model {
        description: "Magnific's video upscaler at Runway: makes videos larger, up to 4K.".into(),
        best_for: "finishing generated clips".into(),
        capabilities: Capabilities {
            video_to_video: true,
            upscale: true,
            ..Capabilities::default()
        },
        price,
        quality_rating: 4,
        pricing_rating: 4,
        input_schema: inputs.finish(),
        ..video_tool(
            "magnific-video",
            "magnific_video_upscaler_creative",
            "Magnific Video Upscaler",
        )
    }
}

fn frame_rate() -> Model {
    let inputs = Inputs::none()
        .medium("video", "video/*", "At most 300 seconds.")
        .require("video")
        .choice("frame_rate", RATES, "60", "Frames in a second of the result.")
        .example(json!({ "video": EXAMPLE_ASSET }))
        .example(json!({ "video": EXAMPLE_ASSET, "frame_rate": "29.97" }));
    Model {
        description: "Frame rate enhancement of Runway: makes frames between frames.".into(),
        best_for: "smooth motion, and other standards of frame rate".into(),
        label: Some("Its price was not published where we could read it: what is held is an estimate, what the vendor reports is charged.".into()),
        capabilities: Capabilities { video_to_video: true, ..Capabilities::default() },
        price: per_second(10.0),
        input_schema: inputs.finish(),
        ..video_tool("enhance-frame-rate", "enhance_frame_rate", "Frame rate enhancement")
    }
}

/// 20 credits a second, and 40 above 4 megapixels.
fn hdr() -> Model {
    let inputs = Inputs::none()
        .medium("video", "video/*", "A video of standard range.")
        .require("video")
        .choice(
            "grade",
            &["hdr10", "hlg"],
            "hdr10",
            "The profile of the result, 10-bit HEVC.",
        )
        .example(json!({ "video": EXAMPLE_ASSET }))
        .example(json!({ "video": EXAMPLE_ASSET, "grade": "hlg" }));
    Model {
        description: "Ruby of Runway: grades a video of standard range to high dynamic range without making up pixels."
            .into(),
        best_for: "delivery in HDR".into(),
        capabilities: Capabilities {
            video_to_video: true,
            ..Capabilities::default()
        },
        price: per_second(40.0),
        quality_rating: 4,
        pricing_rating: 4,
        input_schema: inputs.finish(),
        ..video_tool("ruby", "ruby", "Ruby HDR")
    }
}
