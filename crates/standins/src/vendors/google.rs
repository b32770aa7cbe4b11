//! The Gemini API as documented at <https://ai.google.dev/gemini-api/docs/image-generation>,
//! <https://ai.google.dev/gemini-api/docs/omni>, <https://ai.google.dev/api/interactions>,
//! <https://ai.google.dev/gemini-api/docs/imagen> and <https://ai.google.dev/gemini-api/docs/veo> (read 2026-11-21; the
//! last two as they were before Imagen and Veo were shut down).

mod interactions;

use aquatint_providers::vendors::google::Google;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::shop::{Shop, State};
use crate::webhooks::RSA_KEY;
use crate::{StandIn, Step, Trouble};
use interactions::{check_file, interaction, interactions};

pub static STAND_IN: StandIn = StandIn {
    provider: &Google,
    key: "AIzaSyA-0123456789abcdefghijklmnopqrstu",
    step,
    answer,
    trouble,
};

/// The public half of a key that exists for tests alone; what it signed stands in the tests of this vendor.
pub const TEST_KEY: (&str, &str) = (
    "test-key-1",
    "wjcBDlXQRHorM2zz1zpZKJ8JLkU2Rc-zNv_Y5cpyLUqIsM4he7cYY1Mgo8sVvM0Q85_gF_S_IdlJoNbd9c56gcss6FXe0ZHn1ryK9zp79UZBkp-RGiR4t1jGu2r1_97RnQ9ISynmtxwsNZJ5Ngx_u84yUylyInJcYRlvkTFcp7S9FkFz3otX4k-lF9Hzf430RtZZ3gnae44Q7Ii1L6SxvkUIbgxeGlDDnw6D1IkB8AxcxCTCltJab7YOnaOhK7uq-aRZZXl8rIvBZ91424YJ8XrLzG0e7SV-3WSdzqDwpmbUpN2ba2xd-MgKwkvBjWoc6xn_GQ84n0ZtFlkNtiVD1Q",
);

const RATIOS: &[&str] = &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];
const LONG_RATIOS: &[&str] = &["1:4", "4:1", "1:8", "8:1"];

fn step(request: &Request) -> Option<Step> {
    let path = request.path.as_str();
    let model = |action: &str| path.strip_prefix("/v1beta/models/")?.strip_suffix(action);
    match request.method.as_str() {
        "GET" if path == "/v1beta/models" => Some(Step::Key),
        "GET" if path == "/.well-known/jwks.json" => Some(Step::Read),
        "GET" if path.starts_with("/v1beta/files/") => Some(if path.ends_with(":download") {
            Step::Result
        } else {
            Step::Read
        }),
        "GET" if path.starts_with("/v1beta/interactions/") => Some(Step::Poll),
        "GET" if path.starts_with("/v1beta/models/veo-") && path.contains("/operations/") => Some(Step::Poll),
        "POST" if path == "/v1beta/interactions" => Some(Step::Submit),
        "POST" if path.starts_with("/v1beta/interactions/") && path.ends_with("/cancel") => Some(Step::Cancel),
        "POST"
            if model(":generateContent")
                .or(model(":predict"))
                .or(model(":predictLongRunning"))
                .is_some() =>
        {
            Some(Step::Submit)
        }
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    if request.path == "/.well-known/jwks.json" {
        let key = |(kid, n): (&str, &str)| json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": "AQAB" });
        return Ok(Reply::json(200, &json!({ "keys": [key(TEST_KEY), key(RSA_KEY)] })));
    }
    request.expect_header("x-goog-api-key", STAND_IN.key)?;
    let path = request.path.trim_start_matches("/v1beta/");
    if request.method == "GET" {
        return got(shop, path, request);
    }
    if path.starts_with("interactions") {
        request.expect_header("api-revision", "2026-05-20")?;
        return interactions(shop, path, request);
    }
    let (model, action) = path.trim_start_matches("models/").split_once(':').ok_or("no action")?;
    match action {
        "generateContent" if model.starts_with("gemini-") && !model.contains("image") && !model.contains("banana") => {
            words(shop, model, request)
        }
        "generateContent" => picture(shop, model, request),
        "predict" => imagen(shop, model, request),
        _ => veo(shop, model, request),
    }
}

fn got(shop: &mut Shop, path: &str, request: &Request) -> Result<Reply, String> {
    if path == "models" {
        let model = json!({ "name": "models/gemini-3-pro-image", "displayName": "Nano Banana Pro", "supportedGenerationMethods": ["generateContent"] });
        return Ok(Reply::json(200, &json!({ "models": [model], "nextPageToken": "abc" })));
    }
    if let Some(file) = path.strip_prefix("files/") {
        if file.ends_with(":download") {
            return match request.query.as_str() {
                "alt=media" => Ok(Reply::of(200, "video/mp4", shop.goods(true))),
                query => Err(format!("a download has alt=media, not {query:?}")),
            };
        }
        let facts = json!({ "name": path, "mimeType": "video/mp4", "sizeBytes": "36", "state": "ACTIVE", "source": "GENERATED" });
        return Ok(Reply::json(200, &facts));
    }
    if let Some(id) = path.strip_prefix("interactions/") {
        request.expect_header("api-revision", "2026-05-20")?;
        return Ok(interaction(shop, id));
    }
    let id = path.rsplit('/').next().unwrap_or_default();
    Ok(operation(shop, path, id))
}

/// What a picture model takes: ratios, sizes, levels of thinking, pictures, clips.
struct Takes {
    ratios: Vec<&'static str>,
    sizes: &'static [&'static str],
    thinking: &'static [&'static str],
    pictures: usize,
    clip: bool,
}

fn takes(model: &str) -> Option<Takes> {
    let long = || [RATIOS, LONG_RATIOS].concat();
    let takes = |ratios, sizes, thinking, pictures, clip| {
        Some(Takes {
            ratios,
            sizes,
            thinking,
            pictures,
            clip,
        })
    };
    match model {
        "gemini-nano-banana-2.1" => takes(long(), &["1K", "2K", "4K"], &["MINIMAL", "MEDIUM", "HIGH"], 14, true),
        "gemini-3.1-flash-image" => takes(long(), &["512", "1K", "2K", "4K"], &["MINIMAL", "HIGH"], 14, true),
        "gemini-3-pro-image" => takes(RATIOS.to_vec(), &["1K", "2K", "4K"], &[], 14, false),
        "gemini-3.1-flash-lite-image" => takes(long(), &["1K"], &["MINIMAL", "HIGH"], 14, false),
        "gemini-2.5-flash-image" => takes(RATIOS.to_vec(), &[], &[], 3, false),
        _ => None,
    }
}

fn picture(shop: &mut Shop, model: &str, request: &Request) -> Result<Reply, String> {
    let takes = takes(model).ok_or_else(|| format!("there is no picture model {model}"))?;
    let mut config = json!({
        "responseModalities": { "type": "array", "items": { "enum": ["TEXT", "IMAGE"] }, "contains": { "const": "IMAGE" } },
        "imageConfig": { "type": "object", "additionalProperties": false, "properties": { "aspectRatio": { "enum": takes.ratios } } },
        "seed": { "type": "integer", "minimum": -2_147_483_648_i64, "maximum": 2_147_483_647 }
    });
    if !takes.sizes.is_empty() {
        config["imageConfig"]["properties"]["imageSize"] = json!({ "enum": takes.sizes });
    }
    if !takes.thinking.is_empty() {
        config["thinkingConfig"] = json!({ "type": "object", "additionalProperties": false, "properties": { "thinkingLevel": { "enum": takes.thinking }, "includeThoughts": { "type": "boolean" } } });
    }
    let part = json!({ "oneOf": [
        { "type": "object", "additionalProperties": false, "required": ["text"], "properties": { "text": { "type": "string", "minLength": 1 } } },
        { "type": "object", "additionalProperties": false, "required": ["inlineData"], "properties": { "inlineData": {
            "type": "object", "additionalProperties": false, "required": ["mimeType", "data"], "properties": {
                "mimeType": { "enum": ["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "video/mp4"] },
                "data": { "type": "string", "minLength": 1 }
            }
        } } }
    ] });
    let content = json!({ "type": "object", "additionalProperties": false, "required": ["parts"], "properties": {
        "role": { "enum": ["user", "model"] },
        "parts": { "type": "array", "minItems": 1, "items": part, "contains": { "required": ["text"] } }
    } });
    let safety = json!({ "type": "object", "additionalProperties": false, "required": ["category", "threshold"], "properties": {
        "category": { "enum": ["HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT", "HARM_CATEGORY_DANGEROUS_CONTENT"] },
        "threshold": { "enum": ["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"] }
    } });
    let search = json!({ "type": "object", "additionalProperties": false, "properties": { "googleSearch": { "type": "object" } } });
    let body = request.json_of(
        &json!({ "type": "object", "additionalProperties": false, "required": ["contents"], "properties": {
        "contents": { "type": "array", "minItems": 1, "items": content },
        "generationConfig": { "type": "object", "additionalProperties": false, "properties": config },
        "safetySettings": { "type": "array", "items": safety },
        "tools": { "type": "array", "items": search }
    } }),
    )?;
    let parts = body["contents"][0]["parts"].as_array().cloned().unwrap_or_default();
    let files: Vec<_> = parts
        .iter()
        .filter(|part| !part["inlineData"].is_null())
        .map(|part| &part["inlineData"])
        .collect();
    let clips = files.iter().filter(|file| file["mimeType"] == "video/mp4").count();
    if files.len() - clips > takes.pictures || clips > usize::from(takes.clip) {
        return Err(format!("{} pictures and {clips} clips", files.len() - clips));
    }
    for file in &files {
        check_file(&file["mimeType"], &file["data"])?;
    }
    Ok(drawn(shop, model, &body, files.len()))
}

/// A language model: <https://ai.google.dev/api/generate-content> (read 2026-11-21).
fn words(shop: &mut Shop, model: &str, request: &Request) -> Result<Reply, String> {
    if !["gemini-3.5-flash-lite", "gemini-3.8-flash"].contains(&model) {
        return Err(format!("there is no language model {model}"));
    }
    let text = json!({ "type": "object", "additionalProperties": false, "required": ["text"], "properties": { "text": { "type": "string", "minLength": 1 } } });
    let file = json!({ "type": "object", "additionalProperties": false, "required": ["inlineData"], "properties": { "inlineData": {
        "type": "object", "additionalProperties": false, "required": ["mimeType", "data"], "properties": { "mimeType": { "type": "string" }, "data": { "type": "string", "minLength": 1 } }
    } } });
    let body = request.json_of(&json!({ "type": "object", "additionalProperties": false, "required": ["contents"], "properties": {
        "systemInstruction": { "type": "object", "additionalProperties": false, "required": ["parts"], "properties": { "parts": { "type": "array", "items": text } } },
        "contents": { "type": "array", "minItems": 1, "items": { "type": "object", "additionalProperties": false, "required": ["parts"], "properties": {
            "role": { "enum": ["user", "model"] },
            "parts": { "type": "array", "minItems": 1, "items": { "oneOf": [text, file] } }
        } } },
        "generationConfig": { "type": "object", "additionalProperties": false, "properties": {
            "maxOutputTokens": { "type": "integer", "minimum": 1, "maximum": 65_536 },
            "thinkingConfig": { "type": "object", "additionalProperties": false, "properties": { "thinkingLevel": { "enum": ["MINIMAL", "LOW", "MEDIUM", "HIGH"] } } }
        } }
    } }))?;
    let parts = body["contents"][0]["parts"].as_array().cloned().unwrap_or_default();
    let mut pictures = 0;
    for part in parts.iter().filter(|part| !part["inlineData"].is_null()) {
        check_file(&part["inlineData"]["mimeType"], &part["inlineData"]["data"])?;
        pictures += 1;
    }
    shop.sell("words-", 1, false);
    let asked = parts.iter().find_map(|part| part["text"].as_str()).unwrap_or_default();
    let content = json!({ "role": "model", "parts": [
        { "text": "Let me think.", "thought": true },
        { "text": format!("In answer to \"{asked}\", having seen {pictures}.") }
    ] });
    let read = 10 + 1_120 * pictures;
    Ok(Reply::json(
        200,
        &json!({
            "candidates": [{ "content": content, "finishReason": "STOP", "index": 0 }],
            "usageMetadata": { "promptTokenCount": read, "candidatesTokenCount": 20, "thoughtsTokenCount": 5, "totalTokenCount": read + 25 },
            "modelVersion": model,
            "responseId": "abc123"
        }),
    ))
}

fn drawn(shop: &mut Shop, model: &str, body: &Value, files: usize) -> Reply {
    // A refused prompt is answered well, and costs what it took to read it.
    if shop.states.contains(&State::Moderated) {
        let refused = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" }, "usageMetadata": { "promptTokenCount": 12, "totalTokenCount": 12 }, "modelVersion": model });
        return Reply::json(200, &refused);
    }
    // One that was drawn and held back has a reason in place of a picture.
    if shop.states.contains(&State::Failed) {
        let held = json!({ "finishReason": "IMAGE_SAFETY", "finishMessage": "Unable to show the generated image.", "index": 0, "safetyRatings": [{ "category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true }] });
        return Reply::json(
            200,
            &json!({ "candidates": [held], "usageMetadata": { "promptTokenCount": 12, "totalTokenCount": 12 }, "modelVersion": model }),
        );
    }
    shop.sell("picture-", 1, false);
    if let Some(sold) = shop.tasks.last_mut() {
        sold.note = body.to_string();
    }
    let inline = |shop: &Shop| json!({ "mimeType": "image/png", "data": STANDARD.encode(shop.goods(false)) });
    // A draft on the way to the picture, which is not the picture.
    let mut parts = vec![
        json!({ "inlineData": inline(shop), "thought": true }),
        json!({ "text": "Here it is.", "thoughtSignature": "abc" }),
    ];
    parts.extend((0..shop.outputs(1)).map(|_| json!({ "inlineData": inline(shop), "thoughtSignature": "def" })));
    let read = 20 + 1_120 * files;
    Reply::json(
        200,
        &json!({
            "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP", "index": 0 }],
            "usageMetadata": {
                "promptTokenCount": read,
                "candidatesTokenCount": 1_130,
                "thoughtsTokenCount": 100,
                "totalTokenCount": read + 1_230,
                "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": read }],
                "candidatesTokensDetails": [{ "modality": "IMAGE", "tokenCount": 1_120 }]
            },
            "modelVersion": model,
            "responseId": "resp-0123456789"
        }),
    )
}

fn imagen(shop: &mut Shop, model: &str, request: &Request) -> Result<Reply, String> {
    let mut parameters = json!({
        "sampleCount": { "type": "integer", "minimum": 1, "maximum": 4 },
        "aspectRatio": { "enum": ["1:1", "3:4", "4:3", "9:16", "16:9"] },
        "personGeneration": { "enum": ["dont_allow", "allow_adult", "allow_all"] }
    });
    match model {
        "imagen-4.0-generate-001" | "imagen-4.0-ultra-generate-001" => {
            parameters["imageSize"] = json!({ "enum": ["1K", "2K"] })
        }
        "imagen-4.0-fast-generate-001" => {}
        _ => return Err(format!("there is no picture model {model}")),
    }
    let instance = json!({ "type": "object", "additionalProperties": false, "required": ["prompt"], "properties": { "prompt": { "type": "string", "minLength": 1 } } });
    let body = request.json_of(&predict_schema(&instance, &parameters))?;
    let count = body["parameters"]["sampleCount"]
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(4);
    shop.sell("imagen-", count, false);
    if let Some(sold) = shop.tasks.last_mut() {
        sold.note = body.to_string();
    }
    let made: Vec<_> = (0..shop.outputs(count))
        .map(|_| json!({ "mimeType": "image/png", "bytesBase64Encoded": STANDARD.encode(shop.goods(false)) }))
        .collect();
    Ok(Reply::json(
        200,
        &if made.is_empty() {
            json!({})
        } else {
            json!({ "predictions": made })
        },
    ))
}

fn predict_schema(instance: &Value, parameters: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": ["instances"], "properties": {
        "instances": { "type": "array", "minItems": 1, "maxItems": 1, "items": instance },
        "parameters": { "type": "object", "additionalProperties": false, "properties": parameters }
    } })
}

fn veo(shop: &mut Shop, model: &str, request: &Request) -> Result<Reply, String> {
    let is_lite = model == "veo-3.1-lite-generate-preview";
    if !is_lite && !["veo-3.1-generate-preview", "veo-3.1-fast-generate-preview"].contains(&model) {
        return Err(format!("there is no video model {model}"));
    }
    let image = json!({ "type": "object", "additionalProperties": false, "required": ["bytesBase64Encoded", "mimeType"], "properties": {
        "bytesBase64Encoded": { "type": "string", "minLength": 1 },
        "mimeType": { "enum": ["image/png", "image/jpeg", "image/webp"] }
    } });
    let mut fields = json!({ "prompt": { "type": "string" }, "image": image, "lastFrame": image });
    if !is_lite {
        let reference = json!({ "type": "object", "additionalProperties": false, "required": ["image", "referenceType"], "properties": { "image": image, "referenceType": { "const": "asset" } } });
        fields["referenceImages"] = json!({ "type": "array", "minItems": 1, "maxItems": 3, "items": reference });
    }
    let instance = json!({ "type": "object", "additionalProperties": false, "properties": fields, "dependentRequired": { "lastFrame": ["image"] } });
    let sizes: &[&str] = if is_lite {
        &["720p", "1080p"]
    } else {
        &["720p", "1080p", "4k"]
    };
    let parameters = json!({
        "sampleCount": { "const": 1 },
        "aspectRatio": { "enum": ["16:9", "9:16"] },
        "resolution": { "enum": sizes },
        "durationSeconds": { "enum": [4, 6, 8] },
        "negativePrompt": { "type": "string" },
        "personGeneration": { "enum": ["dont_allow", "allow_adult", "allow_all"] }
    });
    let body = request.json_of(&predict_schema(&instance, &parameters))?;
    let is_short = body["parameters"]["durationSeconds"]
        .as_u64()
        .is_some_and(|seconds| seconds < 8);
    let needs_eight = body["parameters"]["resolution"] != "720p" || !body["instances"][0]["referenceImages"].is_null();
    if is_short && needs_eight {
        return Err("references and more than 720p need eight seconds".into());
    }
    let id = shop.sell("op", 1, true);
    if let Some(sold) = shop.tasks.last_mut() {
        sold.note = body.to_string();
    }
    Ok(Reply::json(
        200,
        &json!({ "name": format!("models/{model}/operations/{id}") }),
    ))
}

fn operation(shop: &mut Shop, name: &str, id: &str) -> Reply {
    let made = |shop: &Shop| {
        let samples: Vec<_> = (0..shop.outputs(1))
            .map(|_| json!({ "video": { "uri": download(shop, id) } }))
            .collect();
        json!({ "name": name, "done": true, "response": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse",
            "generateVideoResponse": { "generatedSamples": samples }
        } })
    };
    match shop.state(id) {
        State::Running | State::Strange => Reply::json(200, &json!({ "name": name })),
        State::Done => Reply::json(200, &made(shop)),
        State::Failed => Reply::json(
            200,
            &json!({ "name": name, "done": true, "error": { "code": 13, "message": "Video generation failed due to an internal error." } }),
        ),
        State::Moderated => Reply::json(
            200,
            &json!({ "name": name, "done": true, "response": { "generateVideoResponse": { "raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["The video was held back by safety filters."] } } }),
        ),
        State::Lost => trouble(Trouble::NotFound),
    }
}

/// Where a video is fetched, with the key.
fn download(shop: &Shop, id: &str) -> String {
    let elsewhere = shop.result_url(true);
    if elsewhere.starts_with(&shop.url) {
        format!("{}/v1beta/files/file-{id}:download?alt=media", shop.url)
    } else {
        elsewhere
    }
}

/// <https://ai.google.dev/gemini-api/docs/troubleshooting> and google.rpc.Status.
fn trouble(trouble: Trouble) -> Reply {
    let info = |reason: &str| json!([{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com" }]);
    let violation = json!([{ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{ "field": "generation_config.image_config.aspect_ratio", "description": "Invalid value" }] }]);
    let none = json!([]);
    let (code, status, message, details) = match trouble {
        // A wrong key is a bad request here.
        Trouble::BadKey => (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            info("API_KEY_INVALID"),
        ),
        // What has no money left is told with the status of throttling.
        Trouble::NoMoney => (
            429,
            "RESOURCE_EXHAUSTED",
            "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.",
            none,
        ),
        Trouble::Forbidden => (
            403,
            "PERMISSION_DENIED",
            "Your API key doesn't have the required permissions.",
            none,
        ),
        Trouble::NotFound => (404, "NOT_FOUND", "This model is no longer available.", none),
        Trouble::Conflict => (409, "ABORTED", "The operation was aborted.", none),
        Trouble::TooLarge => (413, "INVALID_ARGUMENT", "Request payload size exceeds the limit.", none),
        Trouble::Invalid => (
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'generation_config.image_config.aspect_ratio'.",
            violation,
        ),
        Trouble::Moderated => (
            400,
            "INVALID_ARGUMENT",
            "The prompt contains words that violate Google's Responsible AI practices.",
            none,
        ),
        Trouble::Throttled => (
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan and billing details.",
            none,
        ),
        Trouble::Broken => (500, "INTERNAL", "An internal error has occurred.", none),
        Trouble::Overloaded => (
            503,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
            none,
        ),
    };
    let mut error = json!({ "code": code, "message": message, "status": status });
    if details != json!([]) {
        error["details"] = details;
    }
    Reply::json(code, &json!({ "error": error }))
}
