//! Luma's Dream Machine API as documented at <https://docs.lumalabs.ai/docs/api> and by the types of its SDK 1.21.0 (read
//! 2026-11-21).

use aquatint_providers::vendors::luma_dream_machine::LumaDreamMachine;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &LumaDreamMachine,
    key: "luma-0123456789abcdef0123456789abcdef-0123",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/credits") => Some(Step::Key),
        ("POST", path) => schema(path).map(|_| Step::Submit),
        ("GET", path) => path.strip_prefix("/generations/").map(|_| Step::Poll),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    if request.path == "/credits" {
        return Ok(Reply::json(200, &json!({ "credit_balance": 1234.5 })));
    }
    if request.method == "GET" {
        return Ok(polled(shop, request.path.trim_start_matches("/generations/")));
    }
    let schema = schema(&request.path).ok_or("there is no such path")?;
    let body = request.json_of(&schema)?;
    let is_video = !request.path.starts_with("/generations/image");
    let id = shop.sell("7d1e0c52-0000-4000-8000-00000000000", 1, is_video);
    let reply = json!({
        "id": id, "generation_type": if is_video { "video" } else { "image" }, "state": "queued", "failure_reason": null,
        "created_at": "2026-11-21T12:00:00Z", "assets": null, "model": body["model"], "request": body
    });
    Ok(Reply::json(201, &reply))
}

fn url() -> Value {
    json!({ "type": "string", "pattern": "^https?://[^ ]+$" })
}

fn file() -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["url"], "properties": { "url": url() } })
}

/// The documented body of each path.
fn schema(path: &str) -> Option<Value> {
    let ratio = json!({ "enum": ["1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"] });
    let photon = json!({ "enum": ["photon-1", "photon-flash-1"] });
    let ray = json!({ "enum": ["ray-2", "ray-flash-2"] });
    let resolution = json!({ "enum": ["540p", "720p", "1080p", "4k"] });
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 5000 });
    let format = json!({ "enum": ["jpg", "png"] });
    let weighed = json!({
        "type": "object", "additionalProperties": false, "required": ["url"],
        "properties": { "url": url(), "weight": { "type": "number", "minimum": 0, "maximum": 1 } }
    });
    let keyframe = json!({ "oneOf": [
        { "type": "object", "additionalProperties": false, "required": ["type", "url"], "properties": { "type": { "const": "image" }, "url": url() } },
        { "type": "object", "additionalProperties": false, "required": ["type", "id"], "properties": { "type": { "const": "generation" }, "id": { "type": "string", "minLength": 1 } } }
    ] });
    let mut schema = match path {
        "/generations/image" => json!({ "required": ["model", "prompt"], "properties": {
            "model": photon, "prompt": text, "aspect_ratio": ratio, "format": format, "generation_type": { "const": "image" },
            "image_ref": { "type": "array", "minItems": 1, "maxItems": 4, "items": weighed },
            "style_ref": { "type": "array", "minItems": 1, "maxItems": 1, "items": weighed },
            "modify_image_ref": weighed, "sync": { "type": "boolean" }, "sync_timeout": { "type": "number" },
            "character_ref": { "type": "object", "additionalProperties": false, "properties": { "identity0": {
                "type": "object", "additionalProperties": false, "properties": { "images": { "type": "array", "minItems": 1, "maxItems": 4, "items": url() } }
            } } }
        } }),
        "/generations/image/reframe" => {
            json!({ "required": ["model", "aspect_ratio", "generation_type", "media"], "properties": {
            "model": photon, "prompt": text, "aspect_ratio": ratio, "format": format, "generation_type": { "const": "reframe_image" }, "media": file()
        } })
        }
        "/generations/video" => {
            json!({ "required": ["model"], "anyOf": [{ "required": ["prompt"] }, { "required": ["keyframes"] }], "properties": {
            "model": ray, "prompt": text, "aspect_ratio": ratio, "resolution": resolution, "duration": { "enum": ["5s", "9s"] }, "loop": { "type": "boolean" },
            "generation_type": { "const": "video" },
            "concepts": { "type": "array", "items": { "type": "object", "additionalProperties": false, "required": ["key"], "properties": { "key": { "type": "string" } } } },
            "keyframes": { "type": "object", "additionalProperties": false, "minProperties": 1, "properties": { "frame0": keyframe, "frame1": keyframe } }
        } })
        }
        "/generations/video/modify" => {
            json!({ "required": ["model", "generation_type", "media", "mode"], "properties": {
            "model": ray, "prompt": text, "generation_type": { "const": "modify_video" }, "media": file(), "first_frame": file(),
            "mode": { "enum": ["adhere_1", "adhere_2", "adhere_3", "flex_1", "flex_2", "flex_3", "reimagine_1", "reimagine_2", "reimagine_3"] }
        } })
        }
        "/generations/video/reframe" => {
            json!({ "required": ["model", "aspect_ratio", "generation_type", "media"], "properties": {
            "model": ray, "prompt": text, "aspect_ratio": ratio, "generation_type": { "const": "reframe_video" }, "media": file(), "first_frame": file()
        } })
        }
        _ => {
            let (id, action) = path.strip_prefix("/generations/")?.split_once('/')?;
            match action {
                _ if id.len() != 36 => return None,
                "upscale" => {
                    json!({ "properties": { "generation_type": { "const": "upscale_video" }, "resolution": resolution } })
                }
                "audio" => {
                    json!({ "properties": { "generation_type": { "const": "add_audio" }, "prompt": text, "negative_prompt": text } })
                }
                _ => return None,
            }
        }
    };
    if path.ends_with("/reframe") {
        for name in [
            "grid_position_x",
            "grid_position_y",
            "resized_width",
            "resized_height",
            "x_start",
            "x_end",
            "y_start",
            "y_end",
        ] {
            schema["properties"][name] = json!({ "type": "integer" });
        }
    }
    schema["properties"]["callback_url"] = url();
    schema["type"] = "object".into();
    schema["additionalProperties"] = false.into();
    Some(schema)
}

fn polled(shop: &mut Shop, id: &str) -> Reply {
    let state = shop.state(id);
    let Some(sold) = shop.task(id).cloned() else {
        return not_found();
    };
    let (word, reason) = match state {
        State::Running => ("dreaming", None),
        State::Strange => ("rehearsing", None),
        State::Failed => ("failed", Some("Job failed")),
        State::Moderated => ("failed", Some("400: Advanced prompt moderation failed for the prompt")),
        State::Lost => return not_found(),
        State::Done => ("completed", None),
    };
    let mut assets = json!({ "image": null, "video": null, "progress_video": null });
    if state == State::Done && shop.outputs(1) > 0 {
        assets[if sold.is_video { "video" } else { "image" }] = shop.result_url(sold.is_video).into();
    }
    let body = json!({
        "id": id, "generation_type": if sold.is_video { "video" } else { "image" }, "state": word, "failure_reason": reason,
        "created_at": "2026-11-21T12:00:00Z", "assets": assets, "model": "ray-2", "request": {}
    });
    Reply::json(200, &body)
}

fn not_found() -> Reply {
    Reply::json(404, &json!({ "detail": "Generation not found" }))
}

/// Errors are words in `detail`.
fn trouble(trouble: Trouble) -> Reply {
    let (status, words) = match trouble {
        Trouble::BadKey => (401, "Invalid authorization key"),
        Trouble::NoMoney => (400, "Insufficient credits"),
        Trouble::Forbidden => (403, "Not authenticated"),
        Trouble::NotFound => (404, "Not found"),
        Trouble::Conflict => (409, "Conflict"),
        Trouble::TooLarge => (413, "Request body is too large"),
        Trouble::Invalid => (400, "Invalid aspect ratio"),
        Trouble::Moderated => (400, "Prompt contains blacklisted words"),
        Trouble::Throttled => (429, "Rate limit exceeded"),
        Trouble::Broken => (500, "Internal server error"),
        Trouble::Overloaded => (503, "Service unavailable"),
    };
    Reply::json(status, &json!({ "detail": words }))
}
