//! Stability AI's REST v2beta as documented at <https://platform.stability.ai/docs/api-reference> (read 2026-11-21).

use aquatint_providers::vendors::stability::Stability;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::fields;
use crate::http::{Reply, Request};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Stability,
    key: "sk-Abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL",
    step,
    answer,
    trouble,
};

const IMAGES: &str = "/v2beta/stable-image/";
const RESULTS: &str = "/v2beta/results/";

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/user/balance") => Some(Step::Key),
        ("GET", path) if path.starts_with(RESULTS) => Some(Step::Poll),
        ("POST", path) => service(path.strip_prefix(IMAGES)?).map(|_| Step::Submit),
        _ => None,
    }
}

/// A service: its fields, the file fields, and which fields and files must be there.
struct Service {
    fields: Value,
    required: Words,
    files: Files,
    needed: Words,
    is_task: bool,
}

type Words = &'static [&'static str];
type Files = &'static [(&'static str, usize)];

fn service(path: &str) -> Option<Service> {
    let (names, required, files, needed): (Words, Words, Files, Words) = match path {
        "generate/ultra" => (
            &[
                "negative_prompt",
                "aspect_ratio",
                "seed",
                "output_format",
                "style_preset",
                "strength",
            ],
            &["prompt"],
            &[("image", 1)],
            &[],
        ),
        "generate/core" => (
            &[
                "negative_prompt",
                "aspect_ratio",
                "seed",
                "output_format",
                "style_preset",
            ],
            &["prompt"],
            &[],
            &[],
        ),
        "generate/sd3" => (
            &[
                "negative_prompt",
                "aspect_ratio",
                "seed",
                "output_format",
                "style_preset",
                "strength",
                "model",
                "mode",
                "cfg_scale",
            ],
            &["prompt"],
            &[("image", 1)],
            &[],
        ),
        "edit/erase" => (
            &["seed", "output_format", "grow_mask"],
            &[],
            &[("image", 1), ("mask", 1)],
            &["image"],
        ),
        "edit/inpaint" => (
            &["negative_prompt", "seed", "output_format", "style_preset", "grow_mask"],
            &["prompt"],
            &[("image", 1), ("mask", 1)],
            &["image"],
        ),
        "edit/outpaint" => (
            &[
                "prompt",
                "left",
                "right",
                "up",
                "down",
                "creativity",
                "seed",
                "style_preset",
                "output_format",
            ],
            &[],
            &[("image", 1)],
            &["image"],
        ),
        "edit/search-and-replace" => (
            &["negative_prompt", "seed", "output_format", "style_preset", "grow_mask"],
            &["prompt", "search_prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "edit/search-and-recolor" => (
            &["negative_prompt", "seed", "output_format", "style_preset", "grow_mask"],
            &["prompt", "select_prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "edit/remove-background" => (&["output_format"], &[], &[("image", 1)], &["image"]),
        "edit/replace-background-and-relight" => (
            &[
                "background_prompt",
                "foreground_prompt",
                "negative_prompt",
                "preserve_original_subject",
                "original_background_depth",
                "keep_original_background",
                "light_source_direction",
                "light_source_strength",
                "seed",
                "output_format",
            ],
            &[],
            &[
                ("subject_image", 1),
                ("background_reference", 1),
                ("light_reference", 1),
            ],
            &["subject_image"],
        ),
        "upscale/fast" => (&["output_format"], &[], &[("image", 1)], &["image"]),
        "upscale/conservative" => (
            &["negative_prompt", "seed", "output_format", "creativity"],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "upscale/creative" => (
            &["negative_prompt", "seed", "output_format", "creativity", "style_preset"],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "control/sketch" | "control/structure" => (
            &[
                "negative_prompt",
                "seed",
                "output_format",
                "style_preset",
                "control_strength",
            ],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "control/style" => (
            &[
                "negative_prompt",
                "seed",
                "output_format",
                "style_preset",
                "aspect_ratio",
                "fidelity",
            ],
            &["prompt"],
            &[("image", 1)],
            &["image"],
        ),
        "control/style-transfer" => (
            &[
                "prompt",
                "negative_prompt",
                "seed",
                "output_format",
                "style_strength",
                "composition_fidelity",
                "change_strength",
            ],
            &[],
            &[("init_image", 1), ("style_image", 1)],
            &["init_image", "style_image"],
        ),
        _ => return None,
    };
    let properties: Map<String, Value> = names
        .iter()
        .chain(required)
        .map(|name| ((*name).to_owned(), field(path, name)))
        .collect();
    Some(Service {
        fields: json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties }),
        required,
        files,
        needed,
        is_task: matches!(path, "upscale/creative" | "edit/replace-background-and-relight"),
    })
}

/// A field as the service documents it.
fn field(path: &str, name: &str) -> Value {
    let portion = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    match name {
        "prompt" | "search_prompt" | "select_prompt" => json!({ "type": "string", "minLength": 1, "maxLength": 10000 }),
        "background_prompt" | "foreground_prompt" | "negative_prompt" => {
            json!({ "type": "string", "maxLength": 10000 })
        }
        "aspect_ratio" => json!({ "enum": ["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"] }),
        "seed" => json!({ "type": "integer", "minimum": 0, "maximum": 4_294_967_294_u64 }),
        "output_format" if path == "edit/remove-background" => json!({ "enum": ["png", "webp"] }),
        "output_format" => json!({ "enum": ["png", "jpeg", "webp"] }),
        "style_preset" => json!({ "enum": [
            "enhance", "anime", "photographic", "digital-art", "comic-book", "fantasy-art", "line-art", "analog-film", "neon-punk",
            "isometric", "low-poly", "origami", "modeling-compound", "cinematic", "3d-model", "pixel-art", "tile-texture"
        ] }),
        "model" => json!({ "enum": ["sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash"] }),
        "mode" => json!({ "enum": ["text-to-image", "image-to-image"] }),
        "cfg_scale" => json!({ "type": "number", "minimum": 1, "maximum": 10 }),
        "grow_mask" if path == "edit/inpaint" => json!({ "type": "integer", "minimum": 0, "maximum": 100 }),
        "grow_mask" => json!({ "type": "integer", "minimum": 0, "maximum": 20 }),
        "left" | "right" | "up" | "down" => json!({ "type": "integer", "minimum": 0, "maximum": 2000 }),
        "creativity" if path == "upscale/conservative" => json!({ "type": "number", "minimum": 0.2, "maximum": 0.5 }),
        "creativity" if path == "upscale/creative" => json!({ "type": "number", "minimum": 0.1, "maximum": 0.5 }),
        "change_strength" => json!({ "type": "number", "minimum": 0.1, "maximum": 1 }),
        "keep_original_background" => json!({ "enum": ["true", "false"] }),
        "light_source_direction" => json!({ "enum": ["above", "below", "left", "right"] }),
        _ => portion,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    if request.path == "/v1/user/balance" {
        return Ok(Reply::json(200, &json!({ "credits": 41.5 })));
    }
    request.expect_header("accept", "application/json")?;
    if let Some(id) = request.path.strip_prefix(RESULTS) {
        return Ok(result(shop, id));
    }
    let path = request.path.strip_prefix(IMAGES).unwrap_or_default();
    let service = service(path).ok_or_else(|| "there is no such service".to_owned())?;
    let (body, files) = fields::read(request, &service.fields, service.files)?;
    for name in service.needed {
        fields::need(&files, name)?;
    }
    let has = |name: &str| !body[name].is_null() || files.iter().any(|file| file.name == name);
    let rules = match path {
        "generate/sd3" if has("image") => body["mode"] == "image-to-image" && has("strength") && !has("aspect_ratio"),
        "generate/sd3" => body["mode"] != "image-to-image" && !has("strength"),
        "generate/ultra" => has("image") == has("strength"),
        "edit/outpaint" => ["left", "right", "up", "down"]
            .iter()
            .any(|side| body[side].as_u64().unwrap_or(0) > 0),
        "edit/replace-background-and-relight" => {
            (has("background_prompt") || has("background_reference"))
                && (!has("light_source_strength") || has("light_reference") || has("light_source_direction"))
        }
        _ => service.required.iter().all(|name| has(name)),
    };
    if !rules {
        return Err(format!("the fields do not go together: {body}"));
    }
    // An id has 64 characters.
    let prefix = format!(
        "{:0<63}",
        "a6dc6c6e20acda010fe14d71f180658f2896ed9b4ec25aa99a6ff06c79698"
    );
    let id = shop.sell(&prefix, 1, false);
    if service.is_task {
        return Ok(Reply::json(200, &json!({ "id": id })));
    }
    Ok(made(shop))
}

fn made(shop: &Shop) -> Reply {
    let mut body = json!({ "seed": 343_940_597, "finish_reason": "SUCCESS" });
    if shop.outputs(1) > 0 {
        body["image"] = STANDARD.encode(shop.goods(false)).into();
    }
    Reply::json(200, &body).with("x-request-id", "0123456789abcdef")
}

fn result(shop: &mut Shop, id: &str) -> Reply {
    match shop.state(id) {
        State::Running => Reply::json(202, &json!({ "id": id, "status": "in-progress" })),
        State::Strange => Reply::json(202, &json!({ "id": id, "status": "rehearsing" })),
        State::Done => made(shop),
        State::Failed => error(400, "bad_request", "the generation could not be made"),
        State::Moderated => Reply::json(
            200,
            &json!({ "image": STANDARD.encode(shop.goods(false)), "seed": 343_940_597, "finish_reason": "CONTENT_FILTERED" }),
        ),
        State::Lost => trouble(Trouble::NotFound),
    }
}

fn trouble(trouble: Trouble) -> Reply {
    let (status, name, message) = match trouble {
        Trouble::BadKey => (401, "unauthorized", "authorization: is invalid"),
        Trouble::NoMoney => (
            402,
            "payment_required",
            "You lack sufficient credits to make this request.",
        ),
        Trouble::Forbidden => (
            403,
            "permission_denied",
            "You lack the necessary permissions to perform this action.",
        ),
        Trouble::NotFound => (404, "not_found", "id: could not be found"),
        Trouble::Conflict => (409, "conflict", "the request conflicts with another"),
        Trouble::TooLarge => (
            413,
            "payload_too_large",
            "body: payload cannot be larger than 10MiB in size",
        ),
        Trouble::Invalid => (400, "bad_request", "seed: must be a number between 0 and 4294967294"),
        Trouble::Moderated => (
            403,
            "content_moderation",
            "Your request was flagged by our content moderation system, as a result your request was denied and you were not charged.",
        ),
        Trouble::Throttled => (
            429,
            "rate_limit_exceeded",
            "You have exceeded the rate limit of 150 requests within a 10 second period, and have been timed out for 60 seconds.",
        ),
        Trouble::Broken => (
            500,
            "internal_error",
            "An unexpected server error has occurred, please try again later.",
        ),
        Trouble::Overloaded => (
            503,
            "service_unavailable",
            "The service is overloaded, please try again later.",
        ),
    };
    error(status, name, message)
}

fn error(status: u16, name: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({ "id": "4212a4b66fbe1cedca4bf2133d35dca5", "name": name, "errors": [message] }),
    )
}
