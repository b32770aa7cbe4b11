//! Runway as documented at <https://docs.dev.runwayml.com/api> (read 2026-11-21). `runway.json` beside this file holds the
//! documented bodies: for each path the models that it takes, and for each model its fields as a JSON Schema.

use std::sync::LazyLock;

use aquatint_providers::vendors::runway::Runway;
use serde_json::{Value, json};

use crate::http::{Reply, Request, data_uri, fits};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &Runway,
    key: "key_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    step,
    answer,
    trouble,
};

static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("runway.json")).expect("the contract is JSON"));
/// "up to 5MB"
const MAX_DATA_URI: usize = 5_000_000;
const UPLOAD_PATH: &str = "/open/runway-uploads";
const UPLOAD_URI: &str = "runway://ephemeral-0123456789";

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/organization") => Some(Step::Key),
        ("POST", "/v1/uploads" | UPLOAD_PATH) => Some(Step::Upload),
        ("POST", path) => CONTRACT.get(path.strip_prefix("/v1/")?).map(|_| Step::Submit),
        ("GET", path) => path.strip_prefix("/v1/tasks/").map(|_| Step::Poll),
        ("DELETE", path) => path.strip_prefix("/v1/tasks/").map(|_| Step::Cancel),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    if request.path == UPLOAD_PATH {
        return store(request);
    }
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    request.expect_header("x-runway-version", "2024-11-06")?;
    let path = request.path.strip_prefix("/v1/").unwrap_or_default();
    if path == "organization" {
        let reply = json!({ "creditBalance": 4200, "tier": { "maxMonthlyCreditSpend": 10000, "models": {} }, "usage": { "models": {} } });
        return Ok(Reply::json(200, &reply));
    }
    if path == "uploads" {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["filename", "type"],
            "properties": { "filename": { "type": "string", "minLength": 3 }, "type": { "const": "ephemeral" } }
        });
        request.json_of(&schema)?;
        let reply = json!({ "uploadUrl": format!("{}{UPLOAD_PATH}", shop.url), "fields": { "key": "abc", "policy": "def" }, "runwayUri": UPLOAD_URI });
        return Ok(Reply::json(200, &reply));
    }
    if let Some(id) = path.strip_prefix("tasks/") {
        return if request.method == "DELETE" {
            cancelled(shop, id)
        } else {
            Ok(polled(shop, id))
        };
    }
    submitted(shop, request, path)
}

fn submitted(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    let body = request.json()?;
    let model = body["model"].as_str().unwrap_or_default();
    let schema = &CONTRACT[path][model];
    if schema.is_null() {
        return Err(format!("{path} does not take the model {model:?}"));
    }
    fits(schema, &body)?;
    check_media(&body)?;
    check_rules(&body)?;
    let count = body["outputCount"]
        .as_u64()
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(1);
    let is_video = !matches!(path, "text_to_image" | "image_upscale");
    let id = shop.sell("17d6b9a0-0000-4000-8000-00000000000", count, is_video);
    Ok(Reply::json(
        200,
        &json!({ "id": id, "estimatedCost": { "credits": 25 * count } }),
    ))
}

/// What goes with a URI: HTTPS with a domain, an upload, or a data URI that is not too long.
fn check_media(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(check_media),
        Value::Object(fields) => fields.iter().try_for_each(|(name, value)| match value.as_str() {
            Some(uri)
                if matches!(
                    name.as_str(),
                    "uri" | "imageUri" | "videoUri" | "promptVideo" | "promptImage"
                ) =>
            {
                check_uri(uri)
            }
            _ => check_media(value),
        }),
        _ => Ok(()),
    }
}

fn check_uri(uri: &str) -> Result<(), String> {
    if uri == UPLOAD_URI || uri.starts_with("https://") {
        return Ok(());
    }
    let (kind, bytes) = data_uri(uri)?;
    let kinds = ["image/png", "image/jpeg", "image/webp", "video/mp4"];
    if uri.len() > MAX_DATA_URI || bytes.is_empty() || !kinds.contains(&kind.as_str()) {
        return Err(format!("a data URI of {kind} with {} characters", uri.len()));
    }
    Ok(())
}

/// Rules that the reference states in words.
fn check_rules(body: &Value) -> Result<(), String> {
    if let Some(references) = body["referenceImages"].as_array() {
        let mut tags: Vec<&str> = references
            .iter()
            .filter_map(|reference| reference["tag"].as_str())
            .collect();
        for tag in &tags {
            let is_sound = (3..=16).contains(&tag.len())
                && tag.starts_with(|ch: char| ch.is_ascii_alphabetic())
                && tag.chars().all(|ch| ch.is_ascii_alphanumeric() || ch == '_');
            if !is_sound {
                return Err(format!("the tag {tag:?}"));
            }
        }
        let given = tags.len();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() != given {
            return Err("no two images may share the same tag".into());
        }
    }
    let mode = body["mode"].as_str();
    if matches!(mode, Some("extend" | "edit")) && (body["promptText"].is_null() || !body["ratio"].is_null()) {
        return Err(format!("mode {mode:?} needs promptText and takes no ratio"));
    }
    if body["model"] == "seedance2_5" && mode == Some("edit") && body["duration"] != "auto" {
        return Err("mode edit requires duration auto".into());
    }
    let is_keyed = body["promptImage"]
        .as_array()
        .is_some_and(|images| images.iter().any(|image| !image["position"].is_null()));
    let is_wan = body["model"].as_str().is_some_and(|model| model.starts_with("wan3"));
    if is_wan && is_keyed && !body["ratio"].as_str().is_some_and(|ratio| ratio.starts_with("auto_")) {
        return Err("keyframes of wan3 need an automatic ratio".into());
    }
    Ok(())
}

/// The store behind `uploadUrl`: the fields as given, and the file last.
fn store(request: &Request) -> Result<Reply, String> {
    let parts = request.form()?;
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    if names != ["key", "policy", "file"] || parts[2].bytes.is_empty() {
        return Err(format!("the upload has the fields {names:?}"));
    }
    Ok(Reply::of(204, "text/plain", ""))
}

fn polled(shop: &mut Shop, id: &str) -> Reply {
    let state = shop.state(id);
    let Some(sold) = shop.task(id).cloned() else {
        return not_found();
    };
    let created = "2026-11-21T12:00:00.000Z";
    if shop.cancelled.iter().any(|cancelled| cancelled == id) {
        return Reply::json(
            200,
            &json!({ "id": id, "createdAt": created, "status": "CANCELLED", "cost": { "credits": 0 } }),
        );
    }
    let body = match state {
        State::Running => {
            json!({ "id": id, "createdAt": created, "status": "RUNNING", "progress": 0.5, "estimatedCost": { "credits": 25 * sold.count } })
        }
        State::Strange => {
            json!({ "id": id, "createdAt": created, "status": "REHEARSING", "estimatedCost": { "credits": 25 } })
        }
        State::Failed => failed(id, "INTERNAL.BAD_OUTPUT.01", "An unexpected error occurred.", 0),
        // Refused inputs are not given back.
        State::Moderated => failed(
            id,
            "SAFETY.INPUT.TEXT",
            "Content was flagged by our content moderation system.",
            25,
        ),
        State::Lost => return not_found(),
        State::Done => {
            let output: Vec<String> = (0..shop.outputs(sold.count))
                .map(|_| shop.result_url(sold.is_video))
                .collect();
            json!({ "id": id, "createdAt": created, "status": "SUCCEEDED", "output": output, "cost": { "credits": 25 * sold.count } })
        }
    };
    Reply::json(200, &body)
}

fn failed(id: &str, code: &str, words: &str, credits: u32) -> Value {
    json!({ "id": id, "createdAt": "2026-11-21T12:00:00.000Z", "status": "FAILED", "failure": words, "failureCode": code, "cost": { "credits": credits } })
}

fn cancelled(shop: &mut Shop, id: &str) -> Result<Reply, String> {
    if shop.task(id).is_none() {
        return Ok(not_found());
    }
    shop.cancelled.push(id.to_owned());
    Ok(Reply::of(204, "text/plain", ""))
}

fn not_found() -> Reply {
    Reply::json(
        404,
        &json!({ "error": "Not found", "docUrl": "https://docs.dev.runwayml.com/api" }),
    )
}

/// <https://docs.dev.runwayml.com/errors/errors>: an `error` member in words, no codes. What is listed there is 400, 401, 404,
/// 405, 429, 502, 503 and 504; the others are what a proxy in front of it says in the same form.
fn trouble(trouble: Trouble) -> Reply {
    let (status, words) = match trouble {
        Trouble::BadKey => (401, "Unauthorized"),
        Trouble::NoMoney => (400, "You do not have enough credits to run this task."),
        Trouble::Forbidden => (403, "Your organization does not have access to this resource."),
        Trouble::NotFound => (404, "Not found"),
        Trouble::Conflict => (409, "Conflict"),
        Trouble::TooLarge => (413, "Request body is too large"),
        Trouble::Invalid | Trouble::Moderated => (400, "Validation of body failed"),
        Trouble::Throttled => (429, "You have reached your daily task limit."),
        Trouble::Broken => (500, "Internal server error"),
        Trouble::Overloaded => (503, "The service is temporarily unavailable."),
    };
    let mut body = json!({ "error": words, "docUrl": "https://docs.dev.runwayml.com/api" });
    if trouble == Trouble::Invalid {
        body["issues"] = json!([{ "code": "invalid_value", "path": ["ratio"], "message": "Invalid option" }]);
    }
    Reply::json(status, &body)
}
