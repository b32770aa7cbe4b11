//! Bodies of requests: our inputs under the vendor's names, and pictures and videos as bare base64.
//!
//! Schemas are strict since FLUX 3: a field too many is a 422. So each family lists what it takes.

use serde_json::{Map, Value, json};

use crate::fault::{Fault, FaultKind};
use crate::order::Order;

/// What every model calls as we do.
const COMMON: &[&str] = &["prompt", "safety_tolerance"];

pub fn body(order: &Order) -> Result<Map<String, Value>, Fault> {
    let path = order.model.vendor_model.as_str();
    let mut body = order.pick(COMMON);
    match path {
        "flux-3-image" => {
            body.extend(order.pick(&["aspect_ratio", "resolution", "grounding"]));
            let images: Vec<_> = order.media_of("images").map(|image| image.base64()).collect();
            if !images.is_empty() {
                body.insert("images".into(), json!(images));
            }
        }
        "flux-3-video" => video(order, &mut body)?,
        "flux-tools/video-edit-v1" => add_file(order, &mut body, "video", "video")?,
        "flux-tools/video-upscale-v1" => {
            body.extend(order.pick(&["creativity", "upscale_factor"]));
            add_file(order, &mut body, "video", "input_video")?;
        }
        "flux-tools/erase-v1" => {
            body.extend(order.pick(&["seed", "output_format", "dilate_pixels"]));
            add_file(order, &mut body, "images", "image")?;
            add_file(order, &mut body, "mask", "mask")?;
        }
        "flux-tools/deblur-v1" => {
            body.extend(order.pick(&["seed", "output_format"]));
            add_file(order, &mut body, "images", "image")?;
        }
        "flux-tools/outpainting-v1" => {
            body.extend(order.pick(&[
                "width",
                "height",
                "output_format",
                "mode",
                "auto_crop",
                "reference_offset_x",
                "reference_offset_y",
            ]));
            rewriting(order, &mut body);
            add_file(order, &mut body, "images", "input_image")?;
        }
        "flux-tools/vto-v1" | "flux-tools/vto-v2" => {
            body.extend(order.pick(&["seed", "output_format"]));
            let mut images = order.media_of("images");
            for name in ["person", "garment"] {
                let image = images
                    .next()
                    .ok_or_else(|| wrong("images", "give the person first, then the garments"))?;
                body.insert(name.into(), json!(image.base64()));
            }
        }
        _ if path.starts_with("flux-2-") => {
            body.extend(order.pick(&["seed", "output_format", "guidance", "steps"]));
            let has_images = add_numbered(order, &mut body);
            if !(has_images && order.flag("keep_size") == Some(true)) {
                body.extend(order.pick(&["width", "height"]));
            }
            if path == "flux-2-flex" {
                body.extend(order.pick(&["prompt_upsampling"]));
            } else {
                rewriting(order, &mut body);
            }
        }
        _ if path.starts_with("flux-kontext-") => {
            body.extend(order.pick(&["seed", "output_format", "aspect_ratio", "prompt_upsampling"]));
            add_numbered(order, &mut body);
        }
        _ => one(order, &mut body)?,
    }
    Ok(body)
}

/// The models of the first generation, which take one picture.
fn one(order: &Order, body: &mut Map<String, Value>) -> Result<(), Fault> {
    body.extend(order.pick(&[
        "seed",
        "output_format",
        "prompt_upsampling",
        "guidance",
        "steps",
        "finetune_id",
        "finetune_strength",
    ]));
    let path = order.model.vendor_model.as_str();
    if path.contains("-fill") {
        add_file(order, body, "images", "image")?;
        if order.medium("mask").is_some() {
            add_file(order, body, "mask", "mask")?;
        }
    } else if path.contains("-expand") {
        body.extend(order.pick(&["top", "bottom", "left", "right"]));
        add_file(order, body, "images", "image")?;
    } else {
        let size: &[&str] = if path.contains("-ultra") {
            &["aspect_ratio", "raw", "image_prompt_strength"]
        } else {
            &["width", "height"]
        };
        body.extend(order.pick(size));
        if order.medium("images").is_some() {
            add_file(order, body, "images", "image_prompt")?;
        }
    }
    Ok(())
}

/// FLUX 3 video: the mode follows from what was given.
fn video(order: &Order, body: &mut Map<String, Value>) -> Result<(), Fault> {
    if let Some(cache) = order.text("draft_cache") {
        // The bundle holds prompt, length and frames; next to it only these two are taken.
        body.remove("prompt");
        body.extend(order.pick(&["resolution"]));
        body.insert("mode".into(), json!("draft_enhance"));
        body.insert("draft_cache".into(), json!(cache));
        return Ok(());
    }
    body.extend(order.pick(&["aspect_ratio", "resolution", "generate_audio", "draft"]));
    if let Some(seconds) = order.whole("duration_seconds") {
        body.insert("duration".into(), json!(seconds));
    }
    if order.flag("draft") == Some(true) && order.text("resolution").is_some_and(|resolution| resolution != "hd") {
        return Err(wrong(
            "resolution",
            "a draft is made in `hd`: leave `resolution` out, or ask for no draft",
        ));
    }
    let waypoints: Vec<_> = order.media_of("keyframes").map(|image| image.base64()).collect();
    let ends: Vec<_> = ["first_frame", "last_frame"]
        .iter()
        .filter_map(|field| order.medium(field))
        .map(|image| image.base64())
        .collect();
    if order.medium("last_frame").is_some() && order.medium("first_frame").is_none() {
        return Err(wrong("last_frame", "a last frame needs a `first_frame`"));
    }
    if !waypoints.is_empty() && !ends.is_empty() {
        return Err(wrong(
            "keyframes",
            "give either `keyframes`, or `first_frame` and `last_frame`",
        ));
    }
    let frames = if waypoints.is_empty() { ends } else { waypoints };
    let mode = if order.medium("video").is_some() {
        add_file(order, body, "video", "start_video")?;
        "v2v"
    } else if frames.is_empty() {
        "t2v"
    } else {
        body.insert("keyframes".into(), json!(frames));
        "i2v"
    };
    body.insert("mode".into(), json!(mode));
    Ok(())
}

/// The switch that turns the rewriting of prompts off; it is on without it.
fn rewriting(order: &Order, body: &mut Map<String, Value>) {
    if order.flag("prompt_upsampling") == Some(false) {
        body.insert("disable_pup".into(), json!(true));
    }
}

/// `images` as `input_image`, `input_image_2` and so on; whether there were any.
fn add_numbered(order: &Order, body: &mut Map<String, Value>) -> bool {
    let mut has_images = false;
    for (at, image) in order.media_of("images").enumerate() {
        let name = if at == 0 {
            "input_image".to_owned()
        } else {
            format!("input_image_{}", at + 1)
        };
        body.insert(name, json!(image.base64()));
        has_images = true;
    }
    has_images
}

fn add_file(order: &Order, body: &mut Map<String, Value>, ours: &str, theirs: &str) -> Result<(), Fault> {
    let file = order.medium(ours).ok_or_else(|| wrong(ours, "this model needs it"))?;
    body.insert(theirs.to_owned(), json!(file.base64()));
    Ok(())
}

fn wrong(field: &str, words: &str) -> Fault {
    Fault::new(FaultKind::InvalidInput, words).at(field)
}
