//! Interactions: films that are made, watched and fetched.

use super::*;

pub(super) fn interactions(shop: &mut Shop, path: &str, request: &Request) -> Result<Reply, String> {
    if let Some(id) = path
        .strip_prefix("interactions/")
        .and_then(|rest| rest.strip_suffix("/cancel"))
    {
        if shop.task(id).is_none() {
            return Ok(trouble(Trouble::NotFound));
        }
        shop.cancelled.push(id.to_owned());
        return Ok(Reply::json(
            200,
            &json!({ "id": id, "object": "interaction", "status": "cancelled" }),
        ));
    }
    let kind = |kind: &str, mimes: &[&str]| {
        json!({ "type": "object", "additionalProperties": false, "required": ["type", "mime_type", "data"], "properties": {
        "type": { "const": kind }, "mime_type": { "enum": mimes }, "data": { "type": "string", "minLength": 1 }
    } })
    };
    let content = json!({ "oneOf": [
        { "type": "object", "additionalProperties": false, "required": ["type", "text"], "properties": { "type": { "const": "text" }, "text": { "type": "string", "minLength": 1 } } },
        kind("image", &["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"]),
        kind("video", &["video/mp4"])
    ] });
    let longest = |seconds: &str| json!({ "properties": { "response_format": { "properties": { "duration": { "pattern": seconds } } } } });
    let body = request.json_of(&json!({ "type": "object", "additionalProperties": false, "required": ["model", "input"],
        "properties": {
            "model": { "enum": ["gemini-omni-1.2-flash", "gemini-omni-1.1-flash"] },
            "input": { "type": "array", "minItems": 1, "items": content },
            "generation_config": { "type": "object", "additionalProperties": false, "properties": { "video_config": {
                "type": "object", "additionalProperties": false, "properties": { "task": { "enum": ["text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"] } }
            } } },
            "response_format": { "type": "object", "additionalProperties": false, "required": ["type"], "properties": {
                "type": { "const": "video" },
                "resolution": { "enum": ["360p", "720p", "1080p", "4k"] },
                "aspect_ratio": { "enum": ["16:9", "9:16"] },
                "duration": { "type": "string" },
                "delivery": { "enum": ["inline", "uri"] }
            } },
            "background": { "type": "boolean" },
            "store": { "type": "boolean" },
            "previous_interaction_id": { "type": "string" },
            "webhook_config": { "type": "object", "additionalProperties": false, "properties": { "uris": { "type": "array", "items": { "type": "string", "pattern": "^https://" } }, "user_metadata": { "type": "object" } } }
        },
        "if": { "properties": { "model": { "const": "gemini-omni-1.2-flash" } } },
        "then": longest("^([3-9]|1[0-5])s$"),
        "else": longest("^([3-9]|10)s$")
    }))?;
    check_interaction(&body)?;
    let id = shop.sell("v1_", 1, true);
    if let Some(sold) = shop.tasks.last_mut() {
        sold.note = body.to_string();
    }
    Ok(Reply::json(
        200,
        &json!({ "id": id, "object": "interaction", "model": body["model"], "status": "in_progress", "created": "2026-11-21T12:00:00Z" }),
    ))
}

/// What goes together: files, their tags in the prompt, and the task.
pub(super) fn check_interaction(body: &Value) -> Result<(), String> {
    if body["background"] == json!(true) && body["store"] != json!(true) {
        return Err("what runs in the background has to be stored".into());
    }
    let parts = body["input"].as_array().cloned().unwrap_or_default();
    let of = |kind: &str| parts.iter().filter(|part| part["type"] == kind).count();
    for part in parts.iter().filter(|part| part["type"] != "text") {
        check_file(&part["mime_type"], &part["data"])?;
    }
    let text = parts
        .iter()
        .find_map(|part| part["text"].as_str())
        .ok_or("there is no prompt")?;
    let tags = ["<FIRST_FRAME>", "<LAST_FRAME>", "<IMAGE_REF_"].map(|tag| text.matches(tag).count());
    if tags.iter().sum::<usize>() != of("image") {
        return Err(format!("{} pictures and tags {tags:?}", of("image")));
    }
    let task = body["generation_config"]["video_config"]["task"].as_str();
    let is_sound = match task {
        Some("text_to_video") => of("image") == 0 && of("video") == 0,
        Some("image_to_video") => tags[0] == 1 && tags[2] == 0 && of("video") == 0,
        Some("reference_to_video") => tags[2] > 0 && tags[2] <= 6 && of("video") == 0,
        Some("edit") => of("video") == 1 || !body["previous_interaction_id"].is_null(),
        Some("extend" | "upscale") => of("video") == 1,
        _ => true,
    };
    if is_sound {
        Ok(())
    } else {
        Err(format!(
            "{task:?} with {} pictures and {} clips",
            of("image"),
            of("video")
        ))
    }
}

pub(super) fn interaction(shop: &mut Shop, id: &str) -> Reply {
    let is_older = shop
        .task(id)
        .is_some_and(|task| task.note.contains("gemini-omni-1.1-flash"));
    let model = if is_older {
        "gemini-omni-1.1-flash"
    } else {
        "gemini-omni-1.2-flash"
    };
    let state = shop.state(id);
    let status = match state {
        State::Lost => return trouble(Trouble::NotFound),
        State::Running => "in_progress",
        State::Done => "completed",
        State::Failed | State::Moderated => "failed",
        State::Strange => "daydreaming",
    };
    let mut body = json!({ "id": id, "object": "interaction", "model": model, "status": status, "steps": [] });
    match state {
        State::Done => {
            let thought = json!({ "type": "thought", "signature": "abc", "summary": [] });
            // The older model's answers hold the bytes, the newer one's a URL: both are documented.
            let made = (0..shop.outputs(1)).map(|_| {
                let (name, value) = if is_older {
                    ("data", STANDARD.encode(shop.goods(true)))
                } else {
                    ("uri", download(shop, id))
                };
                json!({ "type": "video", "mime_type": "video/mp4", name: value })
            });
            let output = json!({ "type": "model_output", "content": made.collect::<Vec<_>>() });
            body["steps"] = json!([thought, output]);
            body["usage"] = json!({ "total_output_tokens": 46_336, "output_tokens_by_modality": [{ "modality": "video", "tokens": 46_336 }] });
        }
        State::Failed => {
            body["errors"] = json!([{ "code": "internal_error", "message": "The video could not be made." }])
        }
        State::Moderated => {
            let error = json!({ "code": 3, "message": "The request was blocked by the safety filters." });
            body["steps"] = json!([{ "type": "model_output", "error": error }]);
        }
        _ => {}
    }
    Reply::json(200, &body)
}

pub(super) fn check_file(kind: &Value, data: &Value) -> Result<(), String> {
    let bytes = STANDARD
        .decode(data.as_str().unwrap_or_default())
        .map_err(|error| format!("not base64: {error}"))?;
    let is_sound = match kind.as_str() {
        Some("image/png") => bytes.starts_with(b"\x89PNG"),
        Some("video/mp4") => bytes.get(4..8) == Some(b"ftyp"),
        _ => !bytes.is_empty(),
    };
    if is_sound {
        Ok(())
    } else {
        Err(format!("a file is not {kind}"))
    }
}
