//! Luma's Agents API as documented at <https://docs.agents.lumalabs.ai/api/> (read 2026-11-21).

use aquatint_providers::vendors::luma::Luma;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Luma,
    key: "luma-api-0123456789abcdef0123456789abcdef",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/files") => Some(Step::Key),
        ("POST", "/generations") => Some(Step::Submit),
        ("GET", path) => path.strip_prefix("/generations/").map(|_| Step::Poll),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    if request.path == "/files" {
        return Ok(Reply::json(
            200,
            &json!({ "data": [], "has_more": false, "next_cursor": null }),
        ));
    }
    if let Some(id) = request.path.strip_prefix("/generations/") {
        return Ok(polled(shop, id));
    }
    let body = request.json_of(&schema())?;
    check(&body)?;
    let is_video = body["type"].as_str().is_some_and(|kind| kind.starts_with("video"));
    let id = shop.sell("5f0c6b1e-0000-4000-8000-00000000000", 1, is_video);
    let reply = json!({
        "id": id, "type": body["type"], "model": body["model"], "state": "queued", "created_at": "2026-11-21T12:00:00Z",
        "output": null, "failure_code": null, "failure_reason": null
    });
    Ok(Reply::json(201, &reply).with("x-api-version", "2026-04-01"))
}

fn media() -> Value {
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "url": { "type": "string", "pattern": "^https://" }, "data": { "type": "string", "minLength": 4 },
            "media_type": { "enum": ["image/jpeg", "image/png", "image/webp", "video/mp4"] },
            "generation_id": { "type": "string", "format": "uuid" }, "file_id": { "type": "string", "format": "uuid" }
        },
        "oneOf": [{ "required": ["url"] }, { "required": ["data", "media_type"] }, { "required": ["generation_id"] }, { "required": ["file_id"] }]
    })
}

fn schema() -> Value {
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let control = |name: &str, value: &Value| {
        let mut control = json!({ "type": "object", "additionalProperties": false, "properties": { "enabled": { "type": "boolean" } } });
        if !name.is_empty() {
            control["properties"][name] = value.clone();
        }
        control
    };
    let frames = json!({ "type": "array", "minItems": 1, "maxItems": 64, "uniqueItems": true, "items": { "type": "integer", "minimum": 0 } });
    let keyframes = json!({ "type": "array", "minItems": 1, "maxItems": 64, "items": media() });
    let edit = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "auto_controls": { "type": "boolean" }, "keyframes": keyframes, "keyframe_indexes": frames,
            "strength": { "enum": ["adhere_1", "adhere_2", "adhere_3", "flex_1", "flex_2", "flex_3", "reimagine_1", "reimagine_2", "reimagine_3"] },
            "controls": { "type": "object", "additionalProperties": false, "properties": {
                "depth": control("blur", &share), "face": control("", &share), "normals": control("augmentation", &share),
                "pose": control("strength", &json!({ "enum": ["precise", "coarse"] })), "trajectory": control("sparsity", &share)
            } }
        }
    });
    let position = json!({ "type": "number" });
    let video = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "duration": { "enum": ["5s", "10s"] }, "resolution": { "enum": ["360p", "540p", "720p", "1080p"] },
            "loop": { "type": "boolean" }, "hdr": { "type": "boolean" }, "exr_export": { "type": "boolean" },
            "start_frame": media(), "end_frame": media(), "keyframes": keyframes, "keyframe_indexes": frames, "edit": edit,
            "source_position": { "type": "object", "additionalProperties": false, "required": ["x_norm", "y_norm", "w_norm", "h_norm"],
                "properties": { "x_norm": position, "y_norm": position, "w_norm": position, "h_norm": position } }
        }
    });
    json!({
        "type": "object", "additionalProperties": false, "required": ["prompt"],
        "properties": {
            "type": { "enum": ["image", "image_edit", "video", "video_edit", "video_reframe", "layering"] },
            "model": { "enum": ["uni-1", "uni-1-max", "ray-3.2"] },
            "prompt": { "type": "string", "minLength": 1, "maxLength": 6000 },
            "aspect_ratio": { "enum": ["3:1", "2:1", "21:9", "16:9", "4:3", "3:2", "1:1", "3:4", "2:3", "9:16", "1:2", "1:3"] },
            "image_ref": { "type": "array", "maxItems": 9, "items": media() },
            "source": media(), "style": { "enum": ["auto", "manga"] }, "output_format": { "enum": ["png", "jpeg"] },
            "web_search": { "type": "boolean" }, "user_id": { "type": "string" }, "video": video
        }
    })
}

/// What the guides say of settings that do not go together.
fn check(body: &Value) -> Result<(), String> {
    let (kind, video) = (body["type"].as_str().unwrap_or("image"), &body["video"]);
    let is_video = kind.starts_with("video");
    if is_video != (body["model"] == "ray-3.2") {
        return Err(format!("{} does not make {kind}", body["model"]));
    }
    if is_video && !body["output_format"].is_null() || !is_video && !video.is_null() {
        return Err(format!("settings of another kind with {kind}"));
    }
    if is_video
        && ["3:1", "2:1", "3:2", "2:3", "1:2", "1:3"]
            .iter()
            .any(|ratio| body["aspect_ratio"] == *ratio)
    {
        return Err("that aspect_ratio is for pictures".into());
    }
    if (kind == "image_edit" || kind == "video_edit" || kind == "video_reframe") == body["source"].is_null() {
        return Err(format!("{kind} and its source"));
    }
    if kind == "image_edit" && body["image_ref"].as_array().is_some_and(|refs| refs.len() > 8) {
        return Err("an edit takes up to 8 references".into());
    }
    let has = |name: &str| !video[name].is_null();
    let is_on = |name: &str| video[name] == true;
    let pairs = [
        (has("keyframes"), has("keyframe_indexes")),
        (
            !video["edit"]["keyframes"].is_null(),
            !video["edit"]["keyframe_indexes"].is_null(),
        ),
    ];
    if pairs.iter().any(|(frames, indexes)| frames != indexes)
        || has("keyframes")
            && video["keyframes"].as_array().map(Vec::len) != video["keyframe_indexes"].as_array().map(Vec::len)
    {
        return Err("keyframes and their indexes".into());
    }
    let is_framed = has("start_frame") || has("end_frame");
    if has("keyframes") && (kind != "video" || is_framed || is_on("loop")) {
        return Err("keyframes stand alone".into());
    }
    if has("edit") && kind != "video_edit"
        || has("source_position") && kind != "video_reframe"
        || has("duration") && kind != "video"
    {
        return Err(format!("options of another kind with {kind}"));
    }
    if video["duration"] == "10s" && (is_on("loop") || is_on("hdr") || is_framed) {
        return Err("10s goes without loop, hdr and frames".into());
    }
    if is_on("hdr")
        && (kind == "video_reframe"
            || kind == "video" && !matches!(video["resolution"].as_str(), Some("720p" | "1080p")))
    {
        return Err("hdr does not go with that".into());
    }
    files(body)
}

/// Base64 that is not a data URI, and not nothing.
fn files(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(files),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| match (name.as_str(), value.as_str()) {
                ("data", Some(data)) => match STANDARD.decode(data) {
                    Ok(bytes) if !bytes.is_empty() => Ok(()),
                    _ => Err("data is not base64".into()),
                },
                _ => files(value),
            }),
        _ => Ok(()),
    }
}

fn polled(shop: &mut Shop, id: &str) -> Reply {
    let state = shop.state(id);
    let Some(sold) = shop.task(id).cloned() else {
        return Reply::json(404, &json!({ "detail": "Generation not found" }));
    };
    let (word, code, reason) = match state {
        State::Running => ("processing", None, None),
        State::Strange => ("rehearsing", None, None),
        State::Failed => (
            "failed",
            Some("generation_failed"),
            Some("The model could not make this."),
        ),
        State::Moderated => (
            "failed",
            Some("content_moderated"),
            Some("The prompt or an input image violated the content guidelines."),
        ),
        State::Lost => return Reply::json(404, &json!({ "detail": "Generation not found" })),
        State::Done => ("completed", None, None),
    };
    let output: Vec<Value> = if state == State::Done {
        (0..shop.outputs(1)).map(|_| json!({ "type": if sold.is_video { "video" } else { "image" }, "url": shop.result_url(sold.is_video) })).collect()
    } else {
        Vec::new()
    };
    let body = json!({
        "id": id, "type": "image", "model": "uni-1", "state": word, "created_at": "2026-11-21T12:00:00Z",
        "output": output, "failure_code": code, "failure_reason": reason
    });
    Reply::json(200, &body).with("x-api-version", "2026-04-01")
}

/// <https://docs.agents.lumalabs.ai/guides/error-handling/>
fn trouble(trouble: Trouble) -> Reply {
    let (status, words) = match trouble {
        Trouble::BadKey => (401, "Invalid API key"),
        Trouble::NoMoney => (402, "Insufficient balance"),
        Trouble::Forbidden => (403, "Client is suspended"),
        Trouble::NotFound => (404, "Not found"),
        Trouble::Conflict => (409, "Conflict"),
        Trouble::TooLarge => (413, "Input media exceeds size limit"),
        Trouble::Invalid => (422, "video.duration=10s does not support start_frame"),
        Trouble::Moderated => (400, "The prompt was rejected"),
        Trouble::Throttled => (429, "Rate limit exceeded"),
        Trouble::Broken => (502, "Upstream service unavailable"),
        Trouble::Overloaded => (503, "Image ingestion unavailable"),
    };
    Reply::json(status, &json!({ "detail": words }))
}
