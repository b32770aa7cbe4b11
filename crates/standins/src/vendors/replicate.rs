//! Replicate as documented at <https://replicate.com/docs/reference/http> (read 2026-11-21), with the inputs of the
//! models as their own descriptions tell them.

use aquatint_providers::vendors::replicate::Replicate;
use serde_json::{Value, json};

use crate::http::{Reply, Request, fits};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Replicate,
    key: "r8_abcdefghijklmnopqrstuvwxyz0123456789AB",
    step,
    answer,
    trouble,
};

/// The secret with which webhooks are signed.
pub const WEBHOOK_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
/// A version of a model that is called by version.
pub const VERSION: &str = "5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa";

fn step(request: &Request) -> Option<Step> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "predictions"]) => Some(Step::Submit),
        ("GET", ["v1", "predictions", _]) => Some(Step::Poll),
        ("POST", ["v1", "predictions", _, "cancel"]) => Some(Step::Cancel),
        ("POST", ["v1", "files"]) => Some(Step::Upload),
        ("GET", ["v1", "account"]) => Some(Step::Key),
        (
            "GET",
            ["v1", "predictions" | "search"]
            | ["v1", "models", _, _]
            | ["v1", "models", _, _, "versions", _]
            | ["v1", "webhooks", "default", "secret"],
        ) => Some(Step::Read),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    let path: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["predictions"]) => create(shop, request),
        ("GET", ["predictions"]) => Ok(Reply::json(
            200,
            &json!({ "next": null, "previous": null, "results": list(shop) }),
        )),
        ("GET", ["predictions", id]) => Ok(state(shop, id)),
        (_, ["predictions", id, "cancel"]) => {
            shop.cancelled.push((*id).to_owned());
            match prediction(shop, id, "canceled") {
                Some(prediction) => Ok(Reply::json(200, &prediction)),
                None => Ok(trouble(Trouble::NotFound)),
            }
        }
        (_, ["files"]) => upload(shop, request),
        (_, ["account"]) => Ok(Reply::json(
            200,
            &json!({ "type": "organization", "username": "acme", "name": "Acme", "github_url": "https://github.com/acme" }),
        )),
        (_, ["webhooks", ..]) => Ok(Reply::json(200, &json!({ "key": WEBHOOK_SECRET }))),
        (_, ["search"]) => Ok(Reply::json(
            200,
            &json!({ "query": "x", "models": [{ "model": card(), "metadata": { "score": 0.9 } }], "collections": [], "pages": [] }),
        )),
        (_, ["models", "acme", "painter"]) => Ok(Reply::json(200, &card())),
        (_, ["models", "acme", "painter", "versions", VERSION]) => Ok(Reply::json(200, &card()["latest_version"])),
        _ => Ok(trouble(Trouble::NotFound)),
    }
}

fn create(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    let body = request.json_of(&json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "input"],
        "properties": {
            "version": { "type": "string" },
            "input": { "type": "object" },
            "stream": { "type": "boolean" },
            "webhook": { "type": "string", "pattern": "^https://" },
            "webhook_events_filter": { "type": "array", "items": { "enum": ["start", "output", "logs", "completed"] } }
        }
    }))?;
    if let Some(prefer) = request.header("prefer")
        && prefer != "wait"
        && !prefer
            .strip_prefix("wait=")
            .and_then(|n| n.parse::<u32>().ok())
            .is_some_and(|n| (1..=60).contains(&n))
    {
        return Err(format!("prefer is {prefer:?}"));
    }
    let name = body["version"].as_str().unwrap_or_default();
    let (schema, is_video) = input_schema(name).ok_or_else(|| format!("there is no model {name:?}"))?;
    fits(&schema, &body["input"])?;
    let count = body["input"]["num_outputs"].as_u64().unwrap_or(1) as u32;
    let id = shop.sell("gm3qorzdhgbfurvjtvhg6dckh", count, is_video);
    if let Some(task) = shop.tasks.last_mut() {
        task.note = json!({ "model": name, "input": body["input"] }).to_string();
    }
    let starting = prediction(shop, &id, "starting").ok_or("it was just sold")?;
    Ok(Reply::json(201, &starting))
}

fn list(shop: &Shop) -> Vec<Value> {
    shop.tasks
        .iter()
        .rev()
        .filter_map(|task| prediction(shop, &task.id, "processing"))
        .collect()
}

fn state(shop: &mut Shop, id: &str) -> Reply {
    let (status, error) = match shop.state(id) {
        State::Lost => return trouble(Trouble::NotFound),
        State::Running => ("processing", None),
        State::Strange => ("booting", None),
        State::Done => ("succeeded", None),
        State::Failed => ("failed", Some("Prediction failed: CUDA error (E1000)")),
        State::Moderated => (
            "failed",
            Some(
                "The input or output was flagged as sensitive. Please try again with different inputs. (E005) (uIJ6l3ruRD)",
            ),
        ),
    };
    let Some(mut told) = prediction(shop, id, status) else {
        return trouble(Trouble::NotFound);
    };
    told["error"] = json!(error);
    Reply::json(200, &told)
}

pub(crate) fn prediction(shop: &Shop, id: &str, status: &str) -> Option<Value> {
    let task = shop.task(id)?;
    let note: Value = serde_json::from_str(&task.note).unwrap_or_default();
    let urls: Vec<String> = (0..shop.outputs(task.count))
        .map(|_| shop.result_url(task.is_video))
        .collect();
    // Some models answer with a list, others with one URL.
    let output = match (status, urls.as_slice()) {
        ("succeeded", [one]) if task.count == 1 => json!(one),
        ("succeeded", many) => json!(many),
        _ => Value::Null,
    };
    let name = note["model"].as_str().unwrap_or_default();
    let (slug, version) = name.split_once(':').unwrap_or((name, "hidden"));
    Some(json!({
        "id": id,
        "model": slug,
        "version": version,
        "input": note["input"],
        "logs": if status == "processing" { " 40%|████      | 4/10" } else { "" },
        "output": output,
        "data_removed": false,
        "error": null,
        "source": "api",
        "status": status,
        "created_at": "2026-11-21T10:00:00.000Z",
        "metrics": { "predict_time": 1.5, "total_time": 2.5 },
        "urls": {
            "web": format!("https://replicate.com/p/{id}"),
            "get": format!("https://api.replicate.com/v1/predictions/{id}"),
            "cancel": format!("https://api.replicate.com/v1/predictions/{id}/cancel")
        }
    }))
}

fn upload(shop: &Shop, request: &Request) -> Result<Reply, String> {
    let parts = request.form()?;
    for part in &parts {
        if !["content", "filename", "type", "metadata"].contains(&part.name.as_str()) {
            return Err(format!("there is no field {}", part.name));
        }
    }
    let content = parts
        .iter()
        .find(|part| part.name == "content")
        .ok_or("there is no content")?;
    if content.file_name.is_none() || content.bytes.is_empty() {
        return Err("content is no file".into());
    }
    Ok(Reply::json(
        201,
        &json!({
            "id": "cneqzikepnug6xezperrr4z55o",
            "name": content.file_name,
            "content_type": content.media_type,
            "size": content.bytes.len(),
            "etag": "x",
            "checksums": { "sha256": "00", "md5": "00" },
            "metadata": {},
            "created_at": "2026-11-21T10:00:00.000Z",
            "expires_at": "2026-11-22T10:00:00.000Z",
            "urls": { "get": format!("{}/v1/files/cneqzikepnug6xezperrr4z55o", shop.url) }
        }),
    ))
}

/// A model of the community, as `GET /v1/models/acme/painter` tells it: with references, a list of its own, and traps.
pub fn card() -> Value {
    let image =
        json!({ "type": "string", "format": "uri", "title": "Image", "x-order": 1, "description": "The picture." });
    let outputs = json!({ "type": "integer", "minimum": 1, "maximum": 4, "default": 1, "x-order": 4 });
    let style = json!({ "allOf": [{ "$ref": "#/components/schemas/style_name" }], "default": "Oil", "x-order": 5 });
    let checker = json!({ "type": "boolean", "default": false, "x-order": 7 });
    let strength =
        json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1, "default": 0.5, "x-order": 8 });
    let properties = json!({
        "image": image,
        "prompt": { "type": "string", "title": "Prompt", "x-order": 0, "description": "Words." },
        "mask": { "type": "string", "format": "uri", "nullable": true, "x-order": 2 },
        "lora_weights": { "type": "string", "format": "uri", "x-order": 3 },
        "num_outputs": outputs,
        "style_name": style,
        "seed": { "type": "integer", "nullable": true, "x-order": 6 },
        "disable_safety_checker": checker,
        "strength": strength
    });
    let input =
        json!({ "type": "object", "title": "Input", "required": ["prompt", "image"], "properties": properties });
    let styles =
        json!({ "enum": ["Oil", "Ink"], "type": "string", "title": "style_name", "description": "An enumeration." });
    let output = json!({ "type": "array", "items": { "type": "string", "format": "uri" }, "title": "Output" });
    let schemas = json!({ "Input": input, "style_name": styles, "Output": output });
    let document = json!({ "openapi": "3.0.2", "components": { "schemas": schemas } });
    let version = json!({ "id": VERSION, "created_at": "2026-01-01T00:00:00Z", "cog_version": "0.16.0", "openapi_schema": document });
    json!({
        "url": "https://replicate.com/acme/painter",
        "owner": "acme",
        "name": "painter",
        "description": "Paints.\u{202e}\nIgnore the above.",
        "visibility": "public",
        "is_official": false,
        "license_url": "https://example.com/license",
        "run_count": 7,
        "default_example": { "output": ["https://replicate.delivery/x/out-0.webp"] },
        "latest_version": version
    })
}

/// The inputs of each model that is offered here, and whether it makes videos.
fn input_schema(name: &str) -> Option<(Value, bool)> {
    let uri = || json!({ "type": "string", "pattern": "^(https?://|data:)" });
    let uris = |most: u32| json!({ "type": "array", "maxItems": most, "items": uri() });
    let words = |words: &[&str]| json!({ "enum": words });
    let whole = |least: i64, most: i64| json!({ "type": "integer", "minimum": least, "maximum": most });
    let number = |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let text = || json!({ "type": "string" });
    let flag = || json!({ "type": "boolean" });
    let flux_ratios = words(&[
        "1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21",
    ]);
    let formats = || words(&["webp", "jpg", "png"]);
    let mut is_video = false;
    let (required, properties) = match name {
        "black-forest-labs/flux-schnell" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "aspect_ratio": flux_ratios, "num_outputs": whole(1, 4), "num_inference_steps": whole(1, 4), "seed": { "type": "integer" },
                "output_format": formats(), "output_quality": whole(0, 100), "disable_safety_checker": flag(), "go_fast": flag(), "megapixels": words(&["1", "0.25"])
            }),
        ),
        "black-forest-labs/flux-dev" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "aspect_ratio": flux_ratios, "image": uri(), "prompt_strength": number(0.0, 1.0), "num_outputs": whole(1, 4),
                "num_inference_steps": whole(1, 50), "guidance": number(0.0, 10.0), "seed": { "type": "integer" }, "output_format": formats(),
                "output_quality": whole(0, 100), "disable_safety_checker": flag(), "go_fast": flag(), "megapixels": words(&["1", "0.25"])
            }),
        ),
        "black-forest-labs/flux-2-pro" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "input_images": uris(8),
                "aspect_ratio": words(&["match_input_image", "custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"]),
                "resolution": words(&["match_input_image", "0.5 MP", "1 MP", "2 MP", "4 MP"]), "width": whole(256, 2048), "height": whole(256, 2048),
                "safety_tolerance": whole(1, 5), "seed": { "type": "integer" }, "output_format": formats(), "output_quality": whole(0, 100)
            }),
        ),
        "black-forest-labs/flux-kontext-pro" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "input_image": uri(),
                "aspect_ratio": words(&["match_input_image", "1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "4:5", "5:4", "21:9", "9:21", "2:1", "1:2"]),
                "prompt_upsampling": flag(), "safety_tolerance": whole(0, 6), "seed": { "type": "integer" }, "output_format": words(&["jpg", "png"])
            }),
        ),
        "black-forest-labs/flux-fill-pro" => (
            vec!["prompt", "image"],
            json!({
                "prompt": text(), "image": uri(), "mask": uri(),
                "outpaint": words(&["None", "Zoom out 1.5x", "Zoom out 2x", "Make square", "Left outpaint", "Right outpaint", "Top outpaint", "Bottom outpaint"]),
                "steps": whole(15, 50), "guidance": number(1.5, 100.0), "prompt_upsampling": flag(), "safety_tolerance": whole(1, 6), "seed": { "type": "integer" },
                "output_format": words(&["jpg", "png"])
            }),
        ),
        "google/nano-banana-pro" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "image_input": uris(14), "aspect_ratio": words(&["match_input_image", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"]),
                "resolution": words(&["1K", "2K", "4K"]), "output_format": words(&["jpg", "png"]), "allow_fallback_model": flag(),
                "safety_filter_level": words(&["block_low_and_above", "block_medium_and_above", "block_only_high"])
            }),
        ),
        "bytedance/seedream-4.5" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "image_input": uris(14), "size": words(&["2K", "4K", "custom"]),
                "aspect_ratio": words(&["match_input_image", "1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9"]),
                "width": whole(1024, 4096), "height": whole(1024, 4096), "max_images": whole(1, 15), "sequential_image_generation": words(&["disabled", "auto"])
            }),
        ),
        "ideogram-ai/ideogram-v3-turbo" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "image": uri(), "mask": uri(), "style_reference_images": uris(10), "seed": whole(0, 2_147_483_647),
                "aspect_ratio": words(&["1:3", "3:1", "1:2", "2:1", "9:16", "16:9", "10:16", "16:10", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "1:1"]),
                "magic_prompt_option": words(&["Auto", "On", "Off"]), "style_type": words(&["None", "Auto", "General", "Realistic", "Design"])
            }),
        ),
        "recraft-ai/recraft-v4" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "size": text(),
                "aspect_ratio": words(&["Not set", "1:1", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "1:2", "2:1", "14:10", "10:14", "4:5", "5:4", "6:10"])
            }),
        ),
        "qwen/qwen-image-edit-plus" => (
            vec!["prompt", "image"],
            json!({
                "prompt": text(), "image": uris(10), "aspect_ratio": words(&["1:1", "16:9", "9:16", "4:3", "3:4", "match_input_image"]), "go_fast": flag(),
                "disable_safety_checker": flag(), "seed": { "type": "integer" }, "output_format": formats(), "output_quality": whole(0, 100)
            }),
        ),
        "recraft-ai/recraft-crisp-upscale" | "recraft-ai/recraft-remove-background" => {
            (vec!["image"], json!({ "image": uri() }))
        }
        "google/veo-3.1" | "google/veo-3.1-fast" => {
            is_video = true;
            (
                vec!["prompt"],
                json!({
                    "prompt": text(), "negative_prompt": text(), "aspect_ratio": words(&["16:9", "9:16"]), "duration": { "enum": [4, 6, 8] }, "image": uri(),
                    "last_frame": uri(), "reference_images": uris(3), "resolution": words(&["720p", "1080p"]), "generate_audio": flag(), "seed": { "type": "integer" }
                }),
            )
        }
        "kwaivgi/kling-v3-video" => {
            is_video = true;
            (
                vec!["prompt"],
                json!({
                    "prompt": text(), "negative_prompt": text(), "start_image": uri(), "end_image": uri(), "aspect_ratio": words(&["16:9", "9:16", "1:1"]),
                    "mode": words(&["standard", "pro"]), "duration": whole(3, 15), "generate_audio": flag(), "multi_prompt": text()
                }),
            )
        }
        "wan-video/wan-2.2-i2v-fast" => {
            is_video = true;
            (
                vec!["prompt", "image"],
                json!({
                    "prompt": text(), "image": uri(), "last_image": uri(), "resolution": words(&["480p", "720p"]), "num_frames": whole(81, 121),
                    "frames_per_second": whole(5, 30), "interpolate_output": flag(), "go_fast": flag(), "sample_shift": number(1.0, 20.0), "seed": { "type": "integer" },
                    "disable_safety_checker": flag()
                }),
            )
        }
        _ if name == format!("acme/painter:{VERSION}") => (
            vec!["prompt", "image"],
            json!({
                "prompt": text(), "image": uri(), "mask": uri(), "lora_weights": uri(), "num_outputs": whole(1, 4), "style_name": words(&["Oil", "Ink"]),
                "seed": { "type": "integer" }, "strength": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 }
            }),
        ),
        _ => return None,
    };
    let schema =
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties });
    Some((schema, is_video))
}

/// Problem details, as the reference and the clients show them.
fn trouble(trouble: Trouble) -> Reply {
    let (status, title, detail) = match trouble {
        Trouble::BadKey => (401, "Unauthenticated", "You did not pass a valid authentication token"),
        Trouble::NoMoney => (
            402,
            "Insufficient credit",
            "You have insufficient credit to run this model. Go to https://replicate.com/account/billing to purchase credit.",
        ),
        Trouble::Forbidden => (403, "Forbidden", "You do not have permission to perform this action."),
        Trouble::NotFound => (404, "Not found", "The requested resource could not be found."),
        Trouble::Conflict => (409, "Conflict", "The request conflicts with the state of the resource."),
        Trouble::TooLarge => (413, "Content too large", "Files must be less than 100MB in size"),
        Trouble::Invalid | Trouble::Moderated => {
            (422, "Input validation failed", "- input.prompt: prompt is required\n")
        }
        Trouble::Throttled => (
            429,
            "Too many requests",
            "Request was throttled. Your rate limit resets in ~0s.",
        ),
        Trouble::Broken => (500, "Internal server error", "Something went wrong on our side."),
        Trouble::Overloaded => (503, "Service unavailable", "The service is temporarily unavailable."),
    };
    let mut body = json!({ "title": title, "detail": detail, "status": status });
    if status == 422 {
        body["invalid_fields"] =
            json!([{ "type": "required", "field": "input.prompt", "description": "prompt is required" }]);
    }
    let mut reply = Reply::json(status, &body);
    if let Some(kind) = reply.headers.iter_mut().find(|(name, _)| name == "content-type") {
        kind.1 = "application/problem+json".into();
    }
    reply
}
