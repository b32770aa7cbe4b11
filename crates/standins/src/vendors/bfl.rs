//! Black Forest Labs as documented at <https://docs.bfl.ml> and by <https://api.bfl.ai/openapi.json> (read 2026-11-21).

use aquatint_providers::vendors::bfl::Bfl;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request, fits};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Bfl,
    key: "bfl_0123456789abcdef0123456789abcdef",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/credits") => Some(Step::Key),
        ("GET", "/v1/get_result") => Some(Step::Poll),
        ("POST", path) => schema(path.strip_prefix("/v1/")?).map(|_| Step::Submit),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("x-key", STAND_IN.key)?;
    match request.path.as_str() {
        "/v1/credits" => Ok(Reply::json(200, &json!({ "credits": 1234.5 }))),
        "/v1/get_result" => polled(
            shop,
            request
                .query
                .strip_prefix("id=")
                .ok_or("`id` is missing from the query")?,
        ),
        path => {
            let path = path.trim_start_matches("/v1/");
            let body = request.json_of(&schema(path).ok_or("no such model")?)?;
            check_files(&body)?;
            if path == "flux-3-video" {
                check_video(&body)?;
            }
            let is_video = path.contains("video");
            let id = shop.sell("2f1c9a50-0000-4000-8000-", 1, is_video);
            // A draft hands out a bundle later.
            if let Some(sold) = shop.tasks.last_mut() {
                sold.note = body.to_string();
            }
            let polling_url = shop.poll_url(&format!("/v1/get_result?id={id}"));
            // The estimate; a video's cost is known at the end alone.
            let cost = if is_video { Value::Null } else { json!(4.5) };
            Ok(Reply::json(
                200,
                &json!({ "id": id, "polling_url": polling_url, "cost": cost, "input_mp": 0.0, "output_mp": 1.0 }),
            ))
        }
    }
}

/// What a task's states look like. A failed one comes with an error status and the usual body.
fn polled(shop: &mut Shop, id: &str) -> Result<Reply, String> {
    let is_video = shop.task(id).is_some_and(|task| task.is_video);
    let is_draft = shop.task(id).is_some_and(|task| task.note.contains("\"draft\":true"));
    let state = shop.state(id);
    let (http, status, details) = match state {
        State::Running => (200, "Pending", Value::Null),
        State::Done => (200, "Ready", Value::Null),
        State::Failed => (503, "Error", json!({ "error": "The generation failed." })),
        State::Moderated => (422, "Content Moderated", json!({ "Moderation Reasons": ["Violence"] })),
        State::Lost => (404, "Task not found", Value::Null),
        State::Strange => (200, "Varnishing", Value::Null),
    };
    let mut result = Value::Null;
    if state == State::Done {
        result =
            json!({ "prompt": "as it was rewritten", "seed": 42, "start_time": 1.0, "end_time": 9.5, "duration": 8.5 });
        if shop.outputs(1) > 0 {
            result["sample"] = json!(shop.result_url(is_video));
        }
        if is_draft {
            result["draft_cache"] = json!(format!("{}/results/draft.bin", shop.url));
        }
    }
    let progress = if state == State::Running {
        json!(0.25)
    } else {
        Value::Null
    };
    let cost = if state == State::Done { json!(6.0) } else { Value::Null };
    let body = json!({ "id": id, "status": status, "result": result, "progress": progress, "details": details, "preview": null, "cost": cost });
    Ok(Reply::json(http, &body))
}

fn file() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn choice(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn whole(least: i64, most: i64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn number(least: f64, most: f64) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": most })
}

/// The documented body of a path; nothing else is taken.
fn schema(path: &str) -> Option<Value> {
    let text = || json!({ "type": "string" });
    let flag = || json!({ "type": "boolean" });
    let picture = || choice(&["jpeg", "png", "webp"]);
    let side = || whole(64, 4096);
    let ratio = || json!({ "type": "string", "pattern": "^[0-9]{1,2}:[0-9]{1,2}$" });
    let (required, fields): (&[&str], Vec<(&str, Value)>) = match path {
        "flux-3-image" => (
            &["prompt"],
            vec![
                ("prompt", text()),
                (
                    "images",
                    json!({ "type": "array", "items": file(), "minItems": 1, "maxItems": 10 }),
                ),
                (
                    "aspect_ratio",
                    choice(&[
                        "auto", "21:9", "2:1", "16:9", "3:2", "7:5", "4:3", "5:4", "1:1", "4:5", "3:4", "5:7", "2:3",
                        "9:16", "1:2", "9:21",
                    ]),
                ),
                ("resolution", choice(&["768sq", "1k", "1.5k", "2k", "4k"])),
                ("safety_tolerance", whole(0, 4)),
                ("grounding", flag()),
            ],
        ),
        "flux-2-max"
        | "flux-2-pro"
        | "flux-2-pro-preview"
        | "flux-2-flex"
        | "flux-2-klein-4b"
        | "flux-2-klein-9b"
        | "flux-2-klein-9b-preview" => {
            let mut fields = vec![
                ("prompt", text()),
                ("input_image", file()),
                ("input_image_2", file()),
                ("input_image_3", file()),
                ("input_image_4", file()),
                ("seed", whole(0, 4_294_967_295)),
                ("width", side()),
                ("height", side()),
                ("safety_tolerance", whole(0, 5)),
                ("output_format", picture()),
            ];
            if !path.contains("klein") {
                let more = ["input_image_5", "input_image_6", "input_image_7", "input_image_8"];
                fields.extend(more.map(|name| (name, file())));
            }
            match path {
                "flux-2-flex" => fields.extend([
                    ("prompt_upsampling", flag()),
                    ("guidance", number(1.5, 10.0)),
                    ("steps", whole(1, 50)),
                ]),
                _ if !path.contains("klein") => fields.push(("disable_pup", flag())),
                _ => {}
            }
            (&["prompt"], fields)
        }
        "flux-kontext-pro" | "flux-kontext-max" => (
            &["prompt"],
            vec![
                ("prompt", text()),
                ("input_image", file()),
                ("input_image_2", file()),
                ("input_image_3", file()),
                ("input_image_4", file()),
                ("seed", whole(0, 4_294_967_295)),
                ("aspect_ratio", ratio()),
                ("output_format", picture()),
                ("prompt_upsampling", flag()),
                ("safety_tolerance", whole(0, 6)),
            ],
        ),
        "flux-pro-1.1" | "flux-dev" => {
            let side = || json!({ "type": "integer", "minimum": 256, "maximum": 1440, "multipleOf": 32 });
            let mut fields = vec![
                ("prompt", text()),
                ("image_prompt", file()),
                ("width", side()),
                ("height", side()),
                ("prompt_upsampling", flag()),
                ("seed", whole(0, 4_294_967_295)),
                ("safety_tolerance", whole(0, 6)),
                ("output_format", picture()),
            ];
            if path == "flux-dev" {
                fields.extend([("steps", whole(1, 50)), ("guidance", number(1.5, 5.0))]);
            }
            (&[], fields)
        }
        "flux-pro-1.1-ultra" | "flux-pro-1.1-ultra-finetuned" => {
            let mut fields = vec![
                ("prompt", text()),
                ("prompt_upsampling", flag()),
                ("seed", whole(0, 4_294_967_295)),
                ("aspect_ratio", ratio()),
                ("safety_tolerance", whole(0, 6)),
                ("output_format", picture()),
                ("image_prompt", file()),
                ("image_prompt_strength", number(0.0, 1.0)),
            ];
            if path.ends_with("-finetuned") {
                fields.extend([("finetune_id", text()), ("finetune_strength", number(0.0, 2.0))]);
                (&["finetune_id"], fields)
            } else {
                fields.push(("raw", flag()));
                (&[], fields)
            }
        }
        "flux-pro-1.0-fill" | "flux-pro-1.0-fill-finetuned" | "flux-pro-1.0-expand" => {
            let mut fields = vec![
                ("image", file()),
                ("prompt", text()),
                ("steps", whole(15, 50)),
                ("prompt_upsampling", flag()),
                ("seed", whole(0, 4_294_967_295)),
                ("guidance", number(1.5, 100.0)),
                ("output_format", picture()),
                ("safety_tolerance", whole(0, 6)),
            ];
            if path.ends_with("-expand") {
                fields.extend(["top", "bottom", "left", "right"].map(|name| (name, whole(0, 2048))));
            } else {
                fields.push(("mask", file()));
            }
            if path.ends_with("-finetuned") {
                fields.extend([("finetune_id", text()), ("finetune_strength", number(0.0, 2.0))]);
                (&["image", "finetune_id"], fields)
            } else {
                (&["image"], fields)
            }
        }
        "flux-tools/erase-v1" => (
            &["image", "mask"],
            vec![
                ("image", file()),
                ("mask", file()),
                ("dilate_pixels", whole(0, 25)),
                ("seed", whole(0, 4_294_967_295)),
                ("safety_tolerance", whole(0, 5)),
                ("output_format", picture()),
            ],
        ),
        "flux-tools/outpainting-v1" => (
            &["input_image", "width", "height"],
            vec![
                ("input_image", file()),
                ("width", side()),
                ("height", side()),
                ("reference_offset_x", whole(-65_536, 65_536)),
                ("reference_offset_y", whole(-65_536, 65_536)),
                ("auto_crop", flag()),
                ("mode", choice(&["high", "fast"])),
                ("prompt", text()),
                ("disable_pup", flag()),
                ("safety_tolerance", whole(0, 5)),
                ("output_format", picture()),
            ],
        ),
        "flux-tools/deblur-v1" => (
            &["image"],
            vec![
                ("image", file()),
                ("seed", whole(0, 4_294_967_295)),
                ("safety_tolerance", whole(0, 5)),
                ("output_format", picture()),
            ],
        ),
        "flux-tools/vto-v1" | "flux-tools/vto-v2" => (
            &["person", "garment", "prompt"],
            vec![
                ("person", file()),
                ("garment", file()),
                ("prompt", text()),
                ("seed", whole(0, 4_294_967_295)),
                ("safety_tolerance", whole(0, 5)),
                ("output_format", picture()),
            ],
        ),
        "flux-3-video" => (
            &["mode"],
            vec![
                ("mode", choice(&["t2v", "i2v", "v2v", "draft_enhance"])),
                ("prompt", text()),
                (
                    "aspect_ratio",
                    choice(&["auto", "21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16"]),
                ),
                ("duration", json!({ "anyOf": [{ "const": "auto" }, whole(5, 20)] })),
                ("resolution", choice(&["hd", "fhd", "qhd", "uhd"])),
                ("generate_audio", flag()),
                ("safety_tolerance", whole(0, 4)),
                ("draft", flag()),
                (
                    "keyframes",
                    json!({ "type": "array", "items": file(), "minItems": 1, "maxItems": 10 }),
                ),
                ("start_video", file()),
                ("draft_cache", json!({ "type": "string", "pattern": "^https://" })),
            ],
        ),
        "flux-tools/video-edit-v1" => (
            &["video", "prompt"],
            vec![
                ("video", file()),
                ("prompt", json!({ "type": "string", "minLength": 1, "maxLength": 4096 })),
                ("safety_tolerance", whole(0, 4)),
            ],
        ),
        "flux-tools/video-upscale-v1" => (
            &["input_video"],
            vec![
                ("input_video", file()),
                ("prompt", text()),
                ("creativity", whole(0, 1)),
                ("upscale_factor", number(1.5, 3.0)),
                ("safety_tolerance", whole(0, 4)),
            ],
        ),
        _ => return None,
    };
    let mut properties: Map<String, Value> = fields
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    // The families before FLUX 3 document these.
    if !path.starts_with("flux-3") && !path.starts_with("flux-tools/") {
        properties.insert(
            "webhook_url".into(),
            json!({ "type": "string", "format": "uri", "minLength": 1, "maxLength": 2083, "pattern": "^https://" }),
        );
        properties.insert("webhook_secret".into(), json!({ "type": "string" }));
    }
    Some(json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties }))
}

/// Which fields go together in which mode.
fn check_video(body: &Value) -> Result<(), String> {
    let mode = body["mode"].as_str().unwrap_or_default();
    let (needs, also): (&[&str], &[&str]) = match mode {
        "t2v" => (
            &["prompt"],
            &["aspect_ratio", "duration", "resolution", "generate_audio", "draft"],
        ),
        "i2v" => (
            &["keyframes"],
            &[
                "prompt",
                "aspect_ratio",
                "duration",
                "resolution",
                "generate_audio",
                "draft",
            ],
        ),
        "v2v" => (
            &["start_video"],
            &[
                "prompt",
                "aspect_ratio",
                "duration",
                "resolution",
                "generate_audio",
                "draft",
            ],
        ),
        _ => (&["draft_cache"], &["resolution"]),
    };
    let known = |name: &String| {
        ["mode", "safety_tolerance"].contains(&name.as_str())
            || needs.contains(&name.as_str())
            || also.contains(&name.as_str())
    };
    if let Some(foreign) = body
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .find(|name| !known(name))
    {
        return Err(format!("{foreign} is not taken in mode {mode}"));
    }
    if let Some(missing) = needs.iter().find(|name| body[**name].is_null()) {
        return Err(format!("mode {mode} needs {missing}"));
    }
    let keyframes = body["keyframes"].as_array().map_or(0, Vec::len);
    if keyframes > 2 && !body["duration"].is_u64() {
        return Err("three or more keyframes need a duration".into());
    }
    if mode == "v2v" {
        fits(&json!({ "properties": { "duration": { "maximum": 15 } } }), body)?;
    }
    if body["draft"] == json!(true) && body.get("resolution").is_some_and(|resolution| resolution != "hd") {
        return Err("a draft is hd".into());
    }
    Ok(())
}

/// Files are bare base64 here: of pictures, and of MP4 where a video is wanted.
fn check_files(body: &Value) -> Result<(), String> {
    for (name, value) in body.as_object().into_iter().flatten() {
        let wants_video = matches!(name.as_str(), "video" | "input_video" | "start_video");
        let wants_picture = matches!(
            name.as_str(),
            "image" | "mask" | "image_prompt" | "person" | "garment" | "images" | "keyframes"
        ) || name.starts_with("input_image");
        if !wants_video && !wants_picture {
            continue;
        }
        let list = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        for given in list.iter().filter_map(Value::as_str) {
            let bytes = STANDARD
                .decode(given)
                .map_err(|error| format!("{name} is not bare base64: {error}"))?;
            let is_video = bytes.get(4..8) == Some(b"ftyp");
            let is_picture =
                bytes.starts_with(b"\x89PNG") || bytes.starts_with(&[0xff, 0xd8]) || bytes.starts_with(b"RIFF");
            if (wants_video && !is_video) || (wants_picture && !is_picture) {
                return Err(format!("{name} is a file of another kind"));
            }
        }
    }
    Ok(())
}

/// <https://docs.bfl.ml/api_integration/errors>
fn trouble(trouble: Trouble) -> Reply {
    let wrong = json!([{ "loc": ["body", "safety_tolerance"], "msg": "Input should be less than or equal to 5", "type": "less_than_equal" }]);
    let (status, detail) = match trouble {
        Trouble::BadKey => (403, json!("Not authenticated - Invalid Authentication")),
        Trouble::NoMoney => (
            402,
            json!("Insufficient credits. Please add credits at https://api.bfl.ai."),
        ),
        Trouble::Forbidden => (403, json!("This organization may not use this model.")),
        Trouble::NotFound => (404, json!("Not Found")),
        Trouble::Conflict => (409, json!("Conflict")),
        Trouble::TooLarge => (413, json!("Request entity too large")),
        // Content is judged while the task runs.
        Trouble::Invalid | Trouble::Moderated => (422, wrong),
        Trouble::Throttled => (429, json!("Too many active tasks. The limit is 24.")),
        Trouble::Broken => (500, json!("Internal Server Error")),
        Trouble::Overloaded => (503, json!("Service is temporarily unavailable")),
    };
    Reply::json(status, &json!({ "detail": detail }))
}
