//! Hugging Face Inference Providers as documented at <https://huggingface.co/docs/inference-providers> (read 2026-11-21)
//! and spoken by its own clients: the router with the partners that rows use, and the Hub's API at the same address.

use aquatint_providers::vendors::huggingface::HuggingFace;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::http::{Reply, Request, data_uri};
use crate::shop::{Shop, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &HuggingFace,
    key: "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    step,
    answer,
    trouble,
};

fn step(request: &Request) -> Option<Step> {
    let path = request.path.as_str();
    match request.method.as_str() {
        "GET" if path == "/api/whoami-v2" => Some(Step::Key),
        "GET" if path.starts_with("/api/models") => Some(Step::Read),
        "GET" if path.starts_with("/fal-ai/") && path.contains("/requests/") => Some(Step::Poll),
        "GET" if path.starts_with("/wavespeed/api/v3/predictions/") => Some(Step::Poll),
        "GET" if path.starts_with("/replicate/v1/predictions/") || path.starts_with("/together/v2/videos/") => {
            Some(Step::Poll)
        }
        "GET" if path == "/novita/v3/async/task-result" => Some(Step::Poll),
        "POST" if !path.starts_with("/api/") => Some(Step::Submit),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    if request.path == "/api/whoami-v2" {
        return Ok(Reply::json(
            200,
            &json!({ "type": "user", "id": "1", "name": "ada", "auth": { "type": "access_token" } }),
        ));
    }
    if let Some(rest) = request.path.strip_prefix("/api/models") {
        return Ok(card(rest));
    }
    let (partner, path) = request
        .path
        .trim_start_matches('/')
        .split_once('/')
        .ok_or("there is no partner")?;
    match (partner, request.method.as_str()) {
        ("fal-ai", "POST") => fal(shop, request, path),
        ("fal-ai", _) => fal_asked(shop, request, path),
        ("wavespeed", "POST") => wavespeed(shop, request, path),
        ("wavespeed", _) => wavespeed_asked(shop, path),
        ("nscale", "POST") => nscale(shop, request, path),
        ("hf-inference", "POST") => hf_inference(shop, request, path),
        ("replicate", "POST") => replicate(shop, request, path),
        ("replicate", _) => replicate_asked(shop, path),
        ("together", "POST") => together(shop, request, path),
        ("together", _) => together_asked(shop, path),
        ("novita", "POST") => novita(shop, request, path),
        ("novita", _) => novita_asked(shop, request),
        _ => Err(format!("there is no partner {partner}")),
    }
}

/// The parameters that the Hub documents for pictures and videos of words, beside what a partner adds.
fn schema(required: &[&str], more: Value) -> Value {
    let mut properties = json!({
        "prompt": { "type": "string" },
        "negative_prompt": { "type": "string" },
        "width": { "type": "integer" },
        "height": { "type": "integer" },
        "num_inference_steps": { "type": "integer" },
        "guidance_scale": { "type": "number" },
        "num_frames": { "type": "integer" },
        "seed": { "type": "integer" },
        "scheduler": { "type": "string" }
    });
    for (name, schema) in more.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn fal(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if request.query != "_subdomain=queue" {
        return Err(format!("the query is {:?}", request.query));
    }
    let uri = json!({ "type": "string", "pattern": "^data:image/" });
    let loras = json!({ "type": "array", "items": { "type": "object", "required": ["path", "scale"] } });
    let schema = if path.ends_with("/edit") {
        schema(
            &["image_url", "image_urls"],
            json!({ "image_url": uri, "image_urls": { "type": "array", "items": uri }, "loras": loras }),
        )
    } else if path.ends_with("image-to-video") {
        schema(&["image_url"], json!({ "image_url": uri }))
    } else {
        let size = json!({ "type": "object", "required": ["width", "height"] });
        schema(
            &["prompt"],
            json!({ "loras": loras, "image_size": size, "width": false, "height": false }),
        )
    };
    let body = request.json_of(&schema)?;
    if let Some(picture) = body["image_url"].as_str() {
        data_uri(picture)?;
    }
    let is_video = path.contains("video");
    let id = shop.sell("req-", 1, is_video);
    let app = path.split('/').take(2).collect::<Vec<_>>().join("/");
    Ok(Reply::json(
        200,
        &json!({ "status": "IN_QUEUE", "request_id": id, "queue_position": 0,
            "response_url": format!("https://queue.fal.run/{app}/requests/{id}"),
            "status_url": format!("https://queue.fal.run/{app}/requests/{id}/status"),
            "cancel_url": format!("https://queue.fal.run/{app}/requests/{id}/cancel") }),
    ))
}

fn fal_asked(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if request.query != "_subdomain=queue" {
        return Err(format!("the query is {:?}", request.query));
    }
    let (_, rest) = path.split_once("/requests/").ok_or("no request is named")?;
    let lost = || Reply::json(404, &json!({ "detail": "Request not found" }));
    if let Some(id) = rest.strip_suffix("/status") {
        let state = shop.state(id);
        let word = match state {
            State::Lost => return Ok(lost()),
            State::Running => "IN_PROGRESS",
            State::Strange => "WARMING_UP",
            _ => "COMPLETED",
        };
        if let Some(task) = shop.tasks.iter_mut().find(|task| task.id == id) {
            task.note = format!("{state:?}");
        }
        return Ok(Reply::json(
            200,
            &json!({ "status": word, "request_id": id, "logs": null }),
        ));
    }
    let Some(task) = shop.task(rest).cloned() else {
        return Ok(lost());
    };
    let told = |status: u16, kind: &str, message: &str| {
        Reply::json(
            status,
            &json!({ "detail": [{ "loc": ["body"], "msg": message, "type": kind }] }),
        )
    };
    Ok(match task.note.as_str() {
        "Failed" => told(500, "internal_server_error", "Internal server error"),
        "Moderated" => told(422, "content_policy_violation", "The content could not be processed."),
        _ if task.is_video => {
            let video =
                (shop.outputs(1) > 0).then(|| json!({ "url": shop.result_url(true), "content_type": "video/mp4" }));
            Reply::json(200, &json!({ "video": video, "seed": 7 }))
        }
        _ => Reply::json(200, &json!({ "images": urls(shop, false), "seed": 7 })),
    })
}

fn urls(shop: &Shop, is_video: bool) -> Vec<Value> {
    (0..shop.outputs(1))
        .map(|_| json!({ "url": shop.result_url(is_video), "content_type": "image/png" }))
        .collect()
}

fn wavespeed(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if !path.starts_with("api/v3/") {
        return Err(format!("{path} is not documented"));
    }
    let body = request.json_of(&schema(
        &["image", "images"],
        json!({ "image": { "type": "string" }, "images": { "type": "array" }, "loras": { "type": "array" } }),
    ))?;
    STANDARD
        .decode(body["image"].as_str().unwrap_or_default())
        .map_err(|error| format!("image is not base64: {error}"))?;
    let id = shop.sell("pred-", 1, path.contains("video"));
    Ok(Reply::json(
        200,
        &json!({ "code": 200, "message": "success", "data": { "id": id, "model": path, "status": "created", "outputs": [], "urls": { "get": format!("https://api.wavespeed.ai/api/v3/predictions/{id}/result") } } }),
    ))
}

fn wavespeed_asked(shop: &mut Shop, path: &str) -> Result<Reply, String> {
    let id = path
        .trim_start_matches("api/v3/predictions/")
        .trim_end_matches("/result")
        .to_owned();
    let (status, error) = match shop.state(&id) {
        State::Lost => {
            return Ok(Reply::json(
                404,
                &json!({ "code": 404, "message": "prediction not found" }),
            ));
        }
        State::Running => ("processing", ""),
        State::Strange => ("warming", ""),
        State::Done => ("completed", ""),
        State::Failed => ("failed", "out of memory"),
        State::Moderated => ("failed", "Content flagged as potentially sensitive."),
    };
    let is_video = shop.task(&id).is_some_and(|task| task.is_video);
    let outputs: Vec<Value> = if status == "completed" {
        (0..shop.outputs(1)).map(|_| json!(shop.result_url(is_video))).collect()
    } else {
        Vec::new()
    };
    Ok(Reply::json(
        200,
        &json!({ "code": 200, "message": "success", "data": { "id": id, "status": status, "outputs": outputs, "error": error, "has_nsfw_contents": [false] } }),
    ))
}

fn nscale(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if path != "v1/images/generations" {
        return Err(format!("{path} is not documented"));
    }
    request.json_of(&schema(
        &["prompt", "model", "response_format"],
        json!({ "model": { "type": "string" }, "response_format": { "const": "b64_json" }, "n": { "type": "integer" } }),
    ))?;
    shop.sell("img-", 1, false);
    Ok(encoded(shop))
}

fn encoded(shop: &Shop) -> Reply {
    let data: Vec<Value> = (0..shop.outputs(1))
        .map(|_| json!({ "b64_json": STANDARD.encode(shop.goods(false)) }))
        .collect();
    Reply::json(200, &json!({ "created": 1_790_000_000, "data": data }))
}

/// The documented form of the task; the answer is the picture itself.
fn hf_inference(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if !path.starts_with("models/") {
        return Err(format!("{path} is not documented"));
    }
    request.json_of(&json!({
        "type": "object", "additionalProperties": false, "required": ["inputs"],
        "properties": {
            "inputs": { "type": "string", "minLength": 1 },
            "parameters": { "type": "object", "additionalProperties": false, "properties": {
                "prompt": { "type": "string" }, "negative_prompt": { "type": "string" }, "guidance_scale": { "type": "number" }, "num_inference_steps": { "type": "integer" },
                "width": { "type": "integer" }, "height": { "type": "integer" }, "scheduler": { "type": "string" }, "seed": { "type": "integer" }
            } }
        }
    }))?;
    shop.sell("img-", 1, false);
    Ok(Reply::of(
        200,
        "image/png",
        if shop.outputs(1) == 0 {
            bytes::Bytes::new()
        } else {
            shop.goods(false)
        },
    ))
}

fn replicate(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    request.expect_header("prefer", "wait")?;
    if path != "v1/predictions" && !(path.starts_with("v1/models/") && path.ends_with("/predictions")) {
        return Err(format!("{path} is not documented"));
    }
    request.json_of(&json!({
        "type": "object", "additionalProperties": false, "required": ["input"],
        "properties": { "input": { "type": "object" }, "version": { "type": "string", "minLength": 64 } }
    }))?;
    let id = shop.sell("pred-", 1, path.contains("video"));
    Ok(Reply::json(
        201,
        &json!({ "id": id, "status": "processing", "output": null, "error": null }),
    ))
}

fn replicate_asked(shop: &mut Shop, path: &str) -> Result<Reply, String> {
    let id = path.trim_start_matches("v1/predictions/").to_owned();
    let (status, error) = match shop.state(&id) {
        State::Lost => {
            return Ok(Reply::json(
                404,
                &json!({ "detail": "The requested resource could not be found." }),
            ));
        }
        State::Running | State::Strange => ("processing", None),
        State::Done => ("succeeded", None),
        State::Failed => ("failed", Some("CUDA error")),
        State::Moderated => ("failed", Some("The input or output was flagged as sensitive. (E005)")),
    };
    let is_video = shop.task(&id).is_some_and(|task| task.is_video);
    let output = (status == "succeeded").then(|| shop.result_url(is_video));
    Ok(Reply::json(
        200,
        &json!({ "id": id, "status": status, "output": output, "error": error }),
    ))
}

fn together(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    let more = json!({
        "model": { "type": "string" }, "steps": { "type": "integer" }, "response_format": { "const": "base64" }, "image_url": { "type": "string" },
        "reference_images": { "type": "array" }
    });
    match path {
        "v1/images/generations" => {
            request.json_of(&schema(&["model", "response_format"], more))?;
            shop.sell("img-", 1, false);
            Ok(encoded(shop))
        }
        "v2/videos" => {
            request.json_of(&schema(&["model", "prompt"], more))?;
            let id = shop.sell("vid-", 1, true);
            Ok(Reply::json(200, &json!({ "id": id, "status": "queued" })))
        }
        _ => Err(format!("{path} is not documented")),
    }
}

fn together_asked(shop: &mut Shop, path: &str) -> Result<Reply, String> {
    let id = path.trim_start_matches("v2/videos/").to_owned();
    let (status, error) = match shop.state(&id) {
        State::Lost => {
            return Ok(Reply::json(
                404,
                &json!({ "error": { "message": "job not found", "code": "not_found" } }),
            ));
        }
        State::Running | State::Strange => ("in_progress", None),
        State::Done => ("completed", None),
        State::Failed => ("failed", Some("out of memory")),
        State::Moderated => ("failed", Some("rejected by content policy")),
    };
    let outputs = (status == "completed").then(|| json!({ "video_url": shop.result_url(true) }));
    Ok(Reply::json(
        200,
        &json!({ "id": id, "status": status, "outputs": outputs, "error": error.map(|message| json!({ "message": message })) }),
    ))
}

fn novita(shop: &mut Shop, request: &Request, path: &str) -> Result<Reply, String> {
    if !path.starts_with("v3/async/") {
        return Err(format!("{path} is not documented"));
    }
    request.json_of(&schema(&["prompt"], json!({ "steps": { "type": "integer" } })))?;
    let id = shop.sell("task-", 1, true);
    Ok(Reply::json(200, &json!({ "task_id": id })))
}

fn novita_asked(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    let id = request
        .query
        .strip_prefix("task_id=")
        .ok_or("no task is named")?
        .replace("%2D", "-");
    let (status, reason) = match shop.state(&id) {
        State::Lost => return Ok(Reply::json(404, &json!({ "message": "task not found" }))),
        State::Running | State::Strange => ("TASK_STATUS_PROCESSING", ""),
        State::Done => ("TASK_STATUS_SUCCEED", ""),
        State::Failed => ("TASK_STATUS_FAILED", "out of memory"),
        State::Moderated => ("TASK_STATUS_FAILED", "sensitive content"),
    };
    let videos: Vec<Value> = if status == "TASK_STATUS_SUCCEED" {
        vec![json!({ "video_url": shop.result_url(true) })]
    } else {
        Vec::new()
    };
    Ok(Reply::json(
        200,
        &json!({ "task": { "task_id": id, "status": status, "reason": reason }, "videos": videos }),
    ))
}

/// Models of the Hub: one with partners as an object, one as a list, one that nobody serves.
fn card(rest: &str) -> Reply {
    let told = |id: &str, mapping: Value| json!({ "_id": "1", "id": id, "inferenceProviderMapping": mapping });
    let painter = told(
        "acme/painter",
        json!({
            "sambanova": { "status": "live", "providerId": "x", "task": "conversational" },
            "novita": { "status": "staging", "providerId": "painter", "task": "text-to-video" },
            "together": { "status": "live", "providerId": "acme/painter", "task": "text-to-image" }
        }),
    );
    let lora = told(
        "acme/lora",
        json!([{ "provider": "fal-ai", "hfModelId": "acme/lora", "providerId": "fal-ai/flux-lora", "status": "live", "task": "text-to-image", "adapter": "lora", "adapterWeightsPath": "style.safetensors" }]),
    );
    match rest {
        "" => Reply::json(200, &json!([painter, lora])),
        "/acme/painter" => Reply::json(200, &painter),
        "/acme/lora" => Reply::json(200, &lora),
        "/acme/unserved" => Reply::json(200, &json!({ "_id": "2", "id": "acme/unserved" })),
        _ => Reply::json(401, &json!({ "error": "Repository not found" })),
    }
}

fn trouble(trouble: Trouble) -> Reply {
    let (status, message) = match trouble {
        Trouble::BadKey => (401, "Invalid username or password."),
        Trouble::NoMoney => (
            402,
            "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.",
        ),
        Trouble::Forbidden => (
            403,
            "This authentication method does not have sufficient permissions to call Inference Providers.",
        ),
        Trouble::NotFound => (404, "Model x is not supported by provider fal-ai."),
        Trouble::Conflict => (409, "Conflict"),
        Trouble::TooLarge => (413, "Payload too large"),
        Trouble::Invalid => (422, "Invalid value for num_inference_steps"),
        Trouble::Moderated => (400, "The prompt was flagged by the content policy."),
        Trouble::Throttled => (429, "Too Many Requests"),
        Trouble::Broken => (500, "Internal Server Error"),
        Trouble::Overloaded => {
            return Reply::json(
                503,
                &json!({ "error": "Model x is currently loading", "estimated_time": 0.01 }),
            );
        }
    };
    Reply::json(status, &json!({ "error": message }))
}
