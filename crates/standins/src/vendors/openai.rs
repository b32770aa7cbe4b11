//! OpenAI Images as documented at <https://developers.openai.com/api/reference/resources/images> (read 2026-11-21).

use aquatint_providers::vendors::openai::OpenAi;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Part, Reply, Request, fits};
use crate::shop::Shop;
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &OpenAi,
    key: "sk-proj-abcdefghijklmnopqrstuvwx",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/images/generations" | "/images/edits" | "/chat/completions") => Some(Step::Submit),
        ("GET", "/models") => Some(Step::Key),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    match request.path.as_str() {
        "/models" => Ok(Reply::json(
            200,
            &json!({ "object": "list", "data": [{ "id": "gpt-image-2", "object": "model", "created": 1, "owned_by": "openai" }] }),
        )),
        "/images/generations" => {
            let body = request.json_of(&generation_schema())?;
            made(shop, &body, 0)
        }
        "/chat/completions" => {
            let body = request.json_of(&chat_schema())?;
            Ok(said(shop, &body))
        }
        _ => {
            let parts = request.form()?;
            let body = fields(&parts)?;
            let images = check_files(&parts)?;
            fits(&generation_schema(), &body)?;
            made(shop, &body, images)
        }
    }
}

/// The fields of a generation; an edit has the same beside its files.
fn generation_schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["model", "prompt"],
        "properties": {
            "model": { "enum": ["gpt-image-2.6-sunburst", "gpt-image-2.6-flare", "gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2", "gpt-image-1.5", "gpt-image-1-mini"] },
            "prompt": { "type": "string", "minLength": 1, "maxLength": 32000 },
            "n": { "type": "integer", "minimum": 1, "maximum": 10 },
            "size": { "type": "string", "pattern": "^(auto|[0-9]+x[0-9]+)$" },
            "quality": { "enum": ["auto", "low", "medium", "high", "xhigh", "max"] },
            "background": { "enum": ["auto", "opaque", "transparent"] },
            "output_format": { "enum": ["png", "jpeg", "webp", "gif", "svg"] },
            "output_compression": { "type": "integer", "minimum": 0, "maximum": 100 },
            "moderation": { "enum": ["auto", "low"] },
            "complexity": { "enum": ["low", "medium", "high"] },
            "input_fidelity": { "enum": ["low", "high"] },
            "partial_images": { "type": "integer", "minimum": 0, "maximum": 3 },
            "stream": { "type": "boolean" },
            "user": { "type": "string" }
        },
        "allOf": [
            {
                "if": { "properties": { "model": { "enum": ["gpt-image-1.5", "gpt-image-1-mini"] } } },
                "then": { "properties": {
                    "size": { "enum": ["auto", "1024x1024", "1536x1024", "1024x1536"] },
                    "quality": { "enum": ["auto", "low", "medium", "high"] }
                } }
            },
            {
                "if": { "properties": { "background": { "const": "transparent" } }, "required": ["background"] },
                "then": { "properties": { "output_format": { "enum": ["png", "webp"] } } }
            },
            {
                "if": { "required": ["complexity"] },
                "then": { "properties": { "model": { "pattern": "^gpt-image-2\\.6-" } } }
            }
        ]
    })
}

/// <https://developers.openai.com/api/reference/resources/chat> (read 2026-11-21); older servers know `max_tokens` alone.
fn chat_schema() -> Value {
    let part = json!({ "oneOf": [
        { "type": "object", "additionalProperties": false, "required": ["type", "text"], "properties": { "type": { "const": "text" }, "text": { "type": "string", "minLength": 1 } } },
        { "type": "object", "additionalProperties": false, "required": ["type", "image_url"], "properties": { "type": { "const": "image_url" }, "image_url": {
            "type": "object", "additionalProperties": false, "required": ["url"], "properties": {
                "url": { "type": "string", "pattern": "^data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+=*$" },
                "detail": { "enum": ["auto", "low", "high"] }
            }
        } } }
    ] });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["model", "messages"],
        "properties": {
            "model": { "type": "string", "minLength": 1 },
            "messages": { "type": "array", "minItems": 1, "items": { "type": "object", "additionalProperties": false, "required": ["role", "content"], "properties": {
                "role": { "enum": ["developer", "system", "user", "assistant"] },
                "content": { "oneOf": [{ "type": "string", "minLength": 1 }, { "type": "array", "minItems": 1, "items": part }] }
            } } },
            "max_tokens": { "type": "integer", "minimum": 1, "maximum": 128_000 },
            "max_completion_tokens": { "type": "integer", "minimum": 1, "maximum": 128_000 },
            "reasoning_effort": { "enum": ["none", "minimal", "low", "medium", "high", "xhigh", "max"] }
        },
        "not": { "required": ["max_tokens", "max_completion_tokens"] }
    })
}

/// What a model says here: what it was asked, and how many pictures it saw. 10 tokens of words and 500 for each picture go in,
/// 20 come out.
fn said(shop: &mut Shop, body: &Value) -> Reply {
    let id = shop.sell("chatcmpl-", 1, false);
    let parts: Vec<&Value> = body["messages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|message| message["role"] == "user")
        .flat_map(|message| message["content"].as_array().into_iter().flatten())
        .collect();
    let pictures = parts.iter().filter(|part| part["type"] == "image_url").count();
    let words = parts.iter().find_map(|part| part["text"].as_str()).unwrap_or_default();
    let message = json!({ "role": "assistant", "content": format!("In answer to \"{words}\", having seen {pictures}."), "refusal": null, "annotations": [] });
    let read = 10 + 500 * pictures;
    Reply::json(
        200,
        &json!({
            "id": id,
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": body["model"],
            "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": read, "completion_tokens": 20, "total_tokens": read + 20, "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 }, "completion_tokens_details": { "reasoning_tokens": 5 } },
            "service_tier": "default"
        }),
    )
    .with("x-request-id", "req_0123456789")
}

/// The text fields of the form with their types.
fn fields(parts: &[Part]) -> Result<Value, String> {
    let mut body = json!({});
    for part in parts.iter().filter(|part| part.file_name.is_none()) {
        let text = part.text();
        let value = match part.name.as_str() {
            "n" | "output_compression" | "partial_images" => text
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| format!("{} is not a number", part.name))?,
            _ => Value::from(text),
        };
        if !body[&part.name].is_null() {
            return Err(format!("{} stands twice", part.name));
        }
        body[&part.name] = value;
    }
    Ok(body)
}

fn check_files(parts: &[Part]) -> Result<usize, String> {
    let files: Vec<&Part> = parts.iter().filter(|part| part.file_name.is_some()).collect();
    let images = files.iter().filter(|part| part.name == "image[]").count();
    if !(1..=16).contains(&images) {
        return Err(format!("{images} files in image[]"));
    }
    for file in files {
        let kinds: &[&str] = match file.name.as_str() {
            "image[]" => &["image/png", "image/webp", "image/jpeg"],
            "mask" => &["image/png"],
            other => return Err(format!("there is no file field {other}")),
        };
        if !file.media_type.as_deref().is_some_and(|kind| kinds.contains(&kind)) || file.bytes.is_empty() {
            return Err(format!(
                "{} is {:?} of {} bytes",
                file.name,
                file.media_type,
                file.bytes.len()
            ));
        }
        // A mask says by its alpha channel what changes: colour type 6 stands at byte 25 of a PNG.
        if file.name == "mask" && file.bytes.get(25) != Some(&6) {
            return Err("the mask has no alpha channel".into());
        }
    }
    Ok(images)
}

fn made(shop: &mut Shop, body: &Value, images: usize) -> Result<Reply, String> {
    let count = body["n"]
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(1);
    shop.sell("img-", count, false);
    let data: Vec<Value> = (0..shop.outputs(count))
        .map(|_| json!({ "b64_json": STANDARD.encode(shop.goods(false)) }))
        .collect();
    let (text, pictures) = (20, 1_000 * images);
    let reply = json!({
        "created": 1_790_000_000,
        "background": "opaque",
        "data": data,
        "output_format": "png",
        "quality": "medium",
        "size": "1024x1024",
        "usage": {
            "input_tokens": text + pictures,
            "input_tokens_details": { "text_tokens": text, "image_tokens": pictures },
            "output_tokens": 1_000 * count,
            "output_tokens_details": { "image_tokens": 1_000 * count, "text_tokens": 0 },
            "total_tokens": text + pictures + 1_000 * count as usize
        }
    });
    Ok(Reply::json(200, &reply).with("x-request-id", "req_0123456789"))
}

/// <https://developers.openai.com/api/docs/guides/error-codes>
fn trouble(trouble: Trouble) -> Reply {
    let (status, kind, code, param, message) = match trouble {
        Trouble::BadKey => (
            401,
            "invalid_request_error",
            "invalid_api_key",
            None,
            "Incorrect API key provided.",
        ),
        // What has no money left is told with the status of throttling.
        Trouble::NoMoney => (
            429,
            "insufficient_quota",
            "insufficient_quota",
            None,
            "You exceeded your current quota, please check your plan and billing details.",
        ),
        Trouble::Forbidden => (
            403,
            "invalid_request_error",
            "unsupported_country_region_territory",
            None,
            "Country, region, or territory not supported",
        ),
        Trouble::NotFound => (
            404,
            "invalid_request_error",
            "model_not_found",
            None,
            "The model does not exist or you do not have access to it.",
        ),
        Trouble::Conflict => (
            409,
            "invalid_request_error",
            "conflict",
            None,
            "The resource was updated by another request.",
        ),
        Trouble::TooLarge => (
            413,
            "invalid_request_error",
            "request_too_large",
            None,
            "The request is too large.",
        ),
        Trouble::Invalid => (
            400,
            "invalid_request_error",
            "invalid_value",
            Some("size"),
            "Invalid value for size.",
        ),
        Trouble::Moderated => (
            400,
            "image_generation_user_error",
            "moderation_blocked",
            None,
            "Your request was rejected by the safety system. safety_violations=[violence, self-harm].",
        ),
        Trouble::Throttled => (
            429,
            "requests",
            "rate_limit_exceeded",
            None,
            "Rate limit reached for images per minute.",
        ),
        Trouble::Broken => (
            500,
            "server_error",
            "server_error",
            None,
            "The server had an error while processing your request.",
        ),
        Trouble::Overloaded => (
            503,
            "server_error",
            "overloaded",
            None,
            "The engine is currently overloaded, please try again later.",
        ),
    };
    Reply::json(
        status,
        &json!({ "error": { "message": message, "type": kind, "param": param, "code": code } }),
    )
    .with("x-request-id", "req_0123456789")
}
