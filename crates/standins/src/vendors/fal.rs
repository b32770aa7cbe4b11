//! fal as documented at <https://fal.ai/docs/documentation/model-apis/inference/queue>, `…/errors` and
//! <https://fal.ai/docs/platform-apis/v1/models> (read 2026-11-21), with the inputs of the endpoints as their OpenAPI
//! documents tell them. The queue, the platform's API and the storage stand at one address here.

mod schemas;

use aquatint_providers::vendors::fal::Fal;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::shop::{Shop, State};
use crate::webhooks::ED25519_KEY;
use crate::{StandIn, Step, Trouble};
use schemas::input_schema;

pub static STAND_IN: StandIn = StandIn {
    provider: &Fal,
    key: "0f4c2a9e-1111-2222-3333-444455556666:0123456789abcdef0123456789abcdef",
    step,
    answer,
    trouble,
};

/// Where the keys of webhooks are. A test that signs adds a task whose note is `jwk:` and its public key.
const KEY_SET: &str = "/.well-known/jwks.json";

fn step(request: &Request) -> Option<Step> {
    let path = request.path.as_str();
    match request.method.as_str() {
        "PUT" if path.ends_with("/cancel") => Some(Step::Cancel),
        "PUT" if path.starts_with("/open/") => Some(Step::Upload),
        "POST" if path == "/storage/upload/initiate" => Some(Step::Upload),
        "GET" if path == "/v1/models/pricing" && request.query == "endpoint_id=fal-ai%2Fflux%2Fschnell" => {
            Some(Step::Key)
        }
        "GET" if path.starts_with("/v1/models") || path == KEY_SET => Some(Step::Read),
        "GET" if path.contains("/requests/") => Some(Step::Poll),
        "POST" => Some(Step::Submit),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    let path = request.path.trim_start_matches('/').to_owned();
    if path.starts_with("open/") {
        return if request.body.is_empty() {
            Err("nothing was uploaded".into())
        } else {
            Ok(Reply::of(200, "text/plain", ""))
        };
    }
    request.expect_header("authorization", &format!("Key {}", STAND_IN.key))?;
    if request.path == KEY_SET {
        let keys: Vec<Value> = shop
            .tasks
            .iter()
            .filter_map(|task| task.note.strip_prefix("jwk:"))
            .chain([ED25519_KEY])
            .map(|x| json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1" }))
            .collect();
        return Ok(Reply::json(200, &json!({ "keys": keys })));
    }
    match path.as_str() {
        "v1/models/pricing" => Ok(pricing(request)),
        "v1/models" => Ok(models(request)),
        "v1/models/requests/by-endpoint" => Ok(history(shop, request)),
        "storage/upload/initiate" => {
            request.json_of(&json!({
                "type": "object", "additionalProperties": false, "required": ["content_type", "file_name"],
                "properties": { "content_type": { "type": "string" }, "file_name": { "type": "string" } }
            }))?;
            if request.query != "storage_type=fal-cdn-v3" {
                return Err(format!("the storage is {:?}", request.query));
            }
            Ok(Reply::json(
                200,
                &json!({ "file_url": "https://v3b.fal.media/files/b/x/file.png", "upload_url": format!("{}/open/upload?signature=abc", shop.url) }),
            ))
        }
        _ => match path.split_once("/requests/") {
            None => submit(shop, request, &path),
            Some((app, rest)) => asked(shop, request, app, rest),
        },
    }
}

fn submit(shop: &mut Shop, request: &Request, endpoint: &str) -> Result<Reply, String> {
    let Some((schema, is_video)) = input_schema(endpoint) else {
        return Err(format!("there is no endpoint {endpoint}"));
    };
    let body = request.json_of(&schema)?;
    if let Some(webhook) = request.query.strip_prefix("fal_webhook=")
        && !webhook.starts_with("https%3A%2F%2F")
    {
        return Err(format!("the webhook is {webhook}"));
    }
    let count = body["num_images"].as_u64().unwrap_or(1) as u32;
    let id = shop.sell("764cabcf-b745-4b3e-ae38-1200304cf45", count, is_video);
    let note = json!({ "endpoint": endpoint, "input": body });
    if let Some(task) = shop.tasks.last_mut() {
        task.note = note.to_string();
    }
    let mut told = addresses(shop, endpoint, &id);
    told["status"] = json!("IN_QUEUE");
    told["queue_position"] = json!(0);
    Ok(Reply::json(200, &told))
}

fn app_of(endpoint: &str) -> String {
    endpoint.split('/').take(2).collect::<Vec<_>>().join("/")
}

fn addresses(shop: &Shop, endpoint: &str, id: &str) -> Value {
    let base = format!("{}/{}/requests/{id}", shop.url, app_of(endpoint));
    json!({ "request_id": id, "response_url": base, "status_url": format!("{base}/status"), "cancel_url": format!("{base}/cancel") })
}

fn asked(shop: &mut Shop, request: &Request, app: &str, rest: &str) -> Result<Reply, String> {
    let (id, action) = rest.split_once('/').unwrap_or((rest, ""));
    let Some(note) = shop.task(id).map(|task| task.note.clone()) else {
        return Ok(match action {
            "cancel" => Reply::json(404, &json!({ "status": "NOT_FOUND" })),
            _ => Reply::json(404, &json!({ "detail": "Request not found" })),
        });
    };
    let note: Value = serde_json::from_str(&note).unwrap_or_default();
    let endpoint = note["endpoint"].as_str().unwrap_or_default().to_owned();
    if app != app_of(&endpoint) {
        return Err(format!(
            "{endpoint} is asked about at {}, not at {app}",
            app_of(&endpoint)
        ));
    }
    match (request.method.as_str(), action) {
        ("PUT", "cancel") => {
            shop.cancelled.push(id.to_owned());
            Ok(Reply::json(202, &json!({ "status": "CANCELLATION_REQUESTED" })))
        }
        ("GET", "status") => {
            let state = shop.state(id);
            let word = match state {
                State::Lost => return Ok(Reply::json(404, &json!({ "detail": "Request not found" }))),
                State::Running => "IN_PROGRESS",
                State::Strange => "WARMING_UP",
                // What went wrong is told by the result.
                State::Done | State::Failed | State::Moderated => "COMPLETED",
            };
            remember(shop, id, state);
            let mut told = addresses(shop, &endpoint, id);
            told["status"] = json!(word);
            told["logs"] = Value::Null;
            if word == "COMPLETED" {
                told["metrics"] = json!({ "inference_time": 1.5 });
            }
            Ok(Reply::json(if word == "COMPLETED" { 200 } else { 202 }, &told))
        }
        ("GET", "") => Ok(result(shop, id, &note)),
        _ => Err(format!("{} {action} is not documented", request.method)),
    }
}

/// What the next asking for the result tells.
fn remember(shop: &mut Shop, id: &str, state: State) {
    let Some(task) = shop.tasks.iter_mut().find(|task| task.id == id) else {
        return;
    };
    let Ok(mut note) = serde_json::from_str::<Value>(&task.note) else {
        return;
    };
    note["end"] = json!(match state {
        State::Failed => "failed",
        State::Moderated => "moderated",
        _ => "done",
    });
    task.note = note.to_string();
}

fn result(shop: &Shop, id: &str, note: &Value) -> Reply {
    match note["end"].as_str() {
        Some("failed") => {
            return Reply::json(
                500,
                &json!({ "detail": [{ "loc": ["body"], "msg": "Internal server error", "type": "internal_server_error", "url": "https://docs.fal.ai/errors/#internal_server_error", "input": note["input"] }] }),
            )
            .with("x-fal-retryable", "false");
        }
        Some("moderated") => return trouble(Trouble::Moderated),
        _ => {}
    }
    let Some(task) = shop.task(id) else {
        return trouble(Trouble::NotFound);
    };
    let kind = if task.is_video { "video/mp4" } else { "image/png" };
    let files: Vec<Value> = (0..shop.outputs(task.count))
        .map(|_| json!({ "url": shop.result_url(task.is_video), "content_type": kind, "file_name": "x", "file_size": 100, "width": 1024, "height": 1024 }))
        .collect();
    let endpoint = note["endpoint"].as_str().unwrap_or_default();
    let is_one = endpoint.contains("upscale") || endpoint.contains("birefnet") || endpoint.contains("background");
    let body = match (task.is_video, is_one) {
        (true, _) => json!({ "video": files.first(), "seed": 7 }),
        (_, true) => json!({ "image": files.first(), "mask_image": null }),
        _ => {
            json!({ "images": files, "seed": 7, "has_nsfw_concepts": vec![false; task.count as usize], "prompt": "…", "timings": {} })
        }
    };
    Reply::json(200, &body)
        .with("x-fal-billable-units", format!("{}", task.count * 2))
        .with("x-fal-request-id", id)
}

fn pricing(request: &Request) -> Reply {
    let prices: Vec<Value> = request
        .query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("endpoint_id="))
        .map(|id| {
            let id = id.replace("%2F", "/").replace("%2E", ".").replace("%2D", "-");
            json!({ "endpoint_id": id, "unit_price": 0.025, "unit": if id.contains("odd") { "units" } else { "megapixels" }, "currency": "USD" })
        })
        .collect();
    Reply::json(
        200,
        &json!({ "prices": prices, "next_cursor": null, "has_more": false }),
    )
}

fn models(request: &Request) -> Reply {
    let is_there = request.query.contains("acme%2Fpainter%2Fedit") || request.query.contains("q=");
    let models = if is_there { vec![card()] } else { Vec::new() };
    Reply::json(
        200,
        &json!({ "models": models, "next_cursor": null, "has_more": false }),
    )
}

/// An endpoint as `GET /v1/models?expand=openapi-3.0` tells it.
pub fn card() -> Value {
    let side = json!({ "type": "integer", "exclusiveMinimum": 0, "maximum": 14142, "default": 512 });
    let size = json!({
        "anyOf": [{ "$ref": "#/components/schemas/ImageSize" }, { "enum": ["square_hd", "landscape_4_3"], "type": "string" }],
        "default": "landscape_4_3"
    });
    let images = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 3, "description": "Pictures." });
    let mask = json!({ "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "A mask." });
    let loras = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Lora" }, "default": [] });
    let properties = json!({
        "prompt": { "type": "string", "description": "Words.", "examples": ["a cat"] },
        "image_urls": images,
        "mask_url": mask,
        "image_size": size,
        "num_images": { "type": "integer", "minimum": 1, "maximum": 4, "default": 1 },
        "loras": loras,
        "sync_mode": { "type": "boolean", "default": false },
        "enable_safety_checker": { "type": "boolean", "default": true }
    });
    let lora = json!({ "path": { "type": "string" }, "next": { "$ref": "#/components/schemas/Lora" } });
    let schemas = json!({
        "PainterInput": { "type": "object", "required": ["prompt", "image_urls"], "properties": properties },
        "ImageSize": { "type": "object", "properties": { "width": side, "height": side } },
        "Lora": { "type": "object", "required": ["path"], "properties": lora },
        "PainterOutput": { "type": "object", "properties": { "images": { "type": "array" } } }
    });
    let body =
        json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/PainterInput" } } } });
    let document = json!({
        "openapi": "3.0.4",
        "info": { "title": "x", "version": "1" },
        "components": { "schemas": schemas },
        "paths": {
            "/acme/painter/edit": { "post": { "requestBody": body } },
            "/acme/painter/requests/{request_id}": { "get": {} }
        }
    });
    let metadata = json!({
        "display_name": "Painter",
        "category": "image-to-image",
        "description": "Paints over a picture.",
        "status": "active",
        "tags": [],
        "license_type": "research",
        "kind": "inference",
        "duration_estimate": 0.1
    });
    json!({ "endpoint_id": "acme/painter/edit", "metadata": metadata, "openapi": document })
}

fn history(shop: &Shop, request: &Request) -> Reply {
    let items: Vec<Value> = shop
        .tasks
        .iter()
        .filter_map(|task| {
            let note: Value = serde_json::from_str(&task.note).ok()?;
            let endpoint = note["endpoint"].as_str()?;
            let is_asked = request.query.replace("%2F", "/").replace("%2D", "-").replace("%2E", ".").contains(&format!("endpoint_id={endpoint}&"));
            is_asked.then(|| json!({ "request_id": task.id, "endpoint_id": endpoint, "started_at": "2026-11-21T10:00:00Z", "sent_at": "2026-11-21T10:00:00Z", "json_input": note["input"] }))
        })
        .collect();
    Reply::json(200, &json!({ "items": items, "next_cursor": null, "has_more": false }))
}

/// The queue's errors, and those of models where the documentation gives them a type.
fn trouble(trouble: Trouble) -> Reply {
    let typed = |status: u16, kind: &str, message: &str| {
        Reply::json(
            status,
            &json!({ "detail": [{ "loc": ["body", "prompt"], "msg": message, "type": kind, "url": format!("https://docs.fal.ai/errors/#{kind}"), "input": {} }] }),
        )
    };
    let plain = |status: u16, message: &str| Reply::json(status, &json!({ "detail": message }));
    match trouble {
        Trouble::BadKey => plain(401, "Authentication is required to access this application."),
        Trouble::NoMoney => plain(
            403,
            "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.",
        ),
        Trouble::Forbidden => plain(403, "You do not have access to this application."),
        Trouble::NotFound => plain(404, "Application \"x\" not found"),
        Trouble::Conflict => plain(409, "Conflict"),
        Trouble::TooLarge => typed(413, "file_too_large", "File too large"),
        Trouble::Invalid => typed(422, "missing", "Field required"),
        Trouble::Moderated => typed(
            422,
            "content_policy_violation",
            "The content could not be processed because it contained material flagged by a content checker.",
        ),
        Trouble::Throttled => plain(429, "Too many requests"),
        Trouble::Broken => Reply::json(
            500,
            &json!({ "detail": "Internal error", "error_type": "internal_error" }),
        )
        .with("x-fal-error-type", "internal_error"),
        Trouble::Overloaded => Reply::json(
            503,
            &json!({ "detail": "No runner could be scheduled", "error_type": "runner_scheduling_failure" }),
        )
        .with("x-fal-error-type", "runner_scheduling_failure"),
    }
}
