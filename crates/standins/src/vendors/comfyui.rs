//! ComfyUI's server as documented at <https://docs.comfy.org/development/comfyui-server/comms_routes> and written in its
//! `server.py` and `execution.py` (read 2026-11-21). It knows a few nodes of the core and validates graphs as the real one
//! does: classes, required inputs, choices, limits, links.

use aquatint_providers::vendors::comfyui::ComfyUi;
use serde_json::{Map, Value, json};

use crate::http::{Reply, Request};
use crate::shop::{Shop, Spoil, State};
use crate::{StandIn, Step, Trouble};

pub static STAND_IN: StandIn = StandIn {
    provider: &ComfyUi,
    // What a proxy in front of the server would ask for; the server itself asks for nothing.
    key: "proxy-0123456789abcdef",
    step,
    answer,
    trouble,
};

/// Files in the server's folder of workflows: one in API format, and one as the editor saves it.
const API_FILE: &str = r#"{"1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}}, "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}"#;
const EDITOR_FILE: &str = r#"{"last_node_id": 9, "nodes": [], "links": [], "version": 0.4}"#;

fn step(request: &Request) -> Option<Step> {
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/system_stats") => Some(Step::Key),
        ("POST", "/upload/image") => Some(Step::Upload),
        ("POST", "/prompt") => Some(Step::Submit),
        ("GET", "/queue") => Some(Step::Poll),
        ("POST", "/queue" | "/interrupt") => Some(Step::Cancel),
        ("GET", "/view") => Some(Step::Result),
        ("GET", "/userdata") => Some(Step::Read),
        ("GET", path) if path.starts_with("/history/") => Some(Step::Poll),
        ("GET", path) if path.starts_with("/userdata/") => Some(Step::Read),
        _ => None,
    }
}

fn answer(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    request.expect_header("authorization", &format!("Bearer {}", STAND_IN.key))?;
    match (request.method.as_str(), request.path.as_str()) {
        (_, "/system_stats") => Ok(Reply::json(
            200,
            &json!({
                "system": { "os": "posix", "comfyui_version": "0.8.1", "python_version": "3.13.1" },
                "devices": [{ "name": "cuda:0 NVIDIA GeForce RTX 5090", "type": "cuda", "index": 0, "vram_total": 34_000_000_000_u64, "vram_free": 30_000_000_000_u64 }]
            }),
        )),
        (_, "/upload/image") => uploaded(request),
        (_, "/prompt") => queued(shop, request),
        ("GET", "/queue") => Ok(queue(shop)),
        ("POST", "/queue") => {
            let body = request.json()?;
            let ids = body["delete"].as_array().ok_or("delete is not a list")?;
            shop.cancelled
                .extend(ids.iter().filter_map(|id| id.as_str().map(str::to_owned)));
            Ok(Reply::of(200, "text/plain", ""))
        }
        (_, "/interrupt") => {
            let body = request.json()?;
            shop.cancelled.push(
                body["prompt_id"]
                    .as_str()
                    .ok_or("whatever runs would be interrupted")?
                    .to_owned(),
            );
            Ok(Reply::of(200, "text/plain", ""))
        }
        (_, "/view") => viewed(shop, request),
        (_, "/userdata") => match request.query.as_str() {
            "dir=workflows&recurse=true&split=false" => {
                Ok(Reply::json(200, &json!(["Portrait v2.json", "editor/scratch.json"])))
            }
            other => Err(format!("the query {other:?}")),
        },
        (_, path) => match path.split_once("/userdata/") {
            Some((_, "workflows%2FPortrait%20v2.json")) => Ok(Reply::of(200, "application/json", API_FILE)),
            Some((_, "workflows%2Feditor%2Fscratch.json")) => Ok(Reply::of(200, "application/json", EDITOR_FILE)),
            Some(_) => Ok(Reply::text(404, "")),
            None => Ok(history(shop, path.trim_start_matches("/history/"))),
        },
    }
}

fn uploaded(request: &Request) -> Result<Reply, String> {
    let parts = request.form()?;
    let text = |name: &str| {
        parts
            .iter()
            .find(|part| part.name == name)
            .map(crate::Part::text)
            .unwrap_or_default()
    };
    let file = parts
        .iter()
        .find(|part| part.name == "image")
        .ok_or("there is no file `image`")?;
    let name = file.file_name.clone().unwrap_or_default();
    if file.bytes.is_empty() || name.is_empty() || name.contains(['/', '\\']) {
        return Err(format!("the file {name:?} of {} bytes", file.bytes.len()));
    }
    if !matches!(text("type").as_str(), "" | "input" | "temp" | "output") || text("subfolder").contains("..") {
        return Err(format!("type {:?}, subfolder {:?}", text("type"), text("subfolder")));
    }
    Ok(Reply::json(
        200,
        &json!({ "name": name, "subfolder": text("subfolder"), "type": "input" }),
    ))
}

fn queued(shop: &mut Shop, request: &Request) -> Result<Reply, String> {
    let body = request.json()?;
    let known = [
        "prompt",
        "prompt_id",
        "client_id",
        "extra_data",
        "front",
        "number",
        "partial_execution_targets",
    ];
    if let Some(unknown) = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(format!("/prompt has no field {unknown}"));
    }
    let graph = body["prompt"].as_object().ok_or("prompt is not a graph")?;
    let id = body["prompt_id"]
        .as_str()
        .ok_or("this stand-in wants the id of the client")?;
    if id.len() != 36 || id.matches('-').count() != 4 {
        return Err(format!("{id} is not a UUID"));
    }
    let count = validate(graph)?;
    shop.sell("", count, false);
    if let Some(sold) = shop.tasks.last_mut() {
        sold.id = id.to_owned();
    }
    Ok(Reply::json(
        200,
        &json!({ "prompt_id": id, "number": shop.tasks.len(), "node_errors": {} }),
    ))
}

/// As `execution.validate_prompt` does, for the nodes that this server has. Returns how many pictures are saved.
fn validate(graph: &Map<String, Value>) -> Result<u32, String> {
    let mut count = 1;
    let mut saves = 0;
    for (id, node) in graph {
        let class = node["class_type"]
            .as_str()
            .ok_or_else(|| format!("node {id} has no class"))?;
        let inputs = node["inputs"]
            .as_object()
            .ok_or_else(|| format!("node {id} has no inputs"))?;
        let wanted: &[(&str, &str)] = match class {
            "CheckpointLoaderSimple" => &[("ckpt_name", "text")],
            "UpscaleModelLoader" => &[("model_name", "text")],
            "EmptyLatentImage" => &[("width", "side"), ("height", "side"), ("batch_size", "batch")],
            "CLIPTextEncode" => &[("text", "text"), ("clip", "link")],
            "PrimitiveFloat" => &[("value", "number")],
            "LoadImage" => &[("image", "file")],
            "VAEEncode" => &[("pixels", "link"), ("vae", "link")],
            "VAEDecode" => &[("samples", "link"), ("vae", "link")],
            "ImageUpscaleWithModel" => &[("upscale_model", "link"), ("image", "link")],
            "SaveImage" => &[("images", "link"), ("filename_prefix", "text")],
            "KSampler" => &[
                ("model", "link"),
                ("positive", "link"),
                ("negative", "link"),
                ("latent_image", "link"),
                ("seed", "seed"),
                ("steps", "number"),
                ("cfg", "number"),
                ("denoise", "number or link"),
                ("sampler_name", "text"),
                ("scheduler", "text"),
            ],
            other => return Err(format!("node {other} does not exist")),
        };
        if inputs.len() != wanted.len() {
            return Err(format!(
                "node {id} ({class}) has the inputs {:?}",
                inputs.keys().collect::<Vec<_>>()
            ));
        }
        for (name, kind) in wanted {
            let value = inputs
                .get(*name)
                .ok_or_else(|| format!("node {id} ({class}) lacks {name}"))?;
            let is_link = value.as_array().is_some_and(|link| {
                link.len() == 2 && link[0].as_str().is_some_and(|from| graph.contains_key(from)) && link[1].is_u64()
            });
            let is_sound = match *kind {
                "link" => is_link,
                "text" => value.is_string(),
                // What was uploaded lies in a folder of its own.
                "file" => value
                    .as_str()
                    .is_some_and(|file| file.starts_with("aquatint/") && file.ends_with(".png")),
                "side" => value
                    .as_u64()
                    .is_some_and(|side| (16..=16384).contains(&side) && side % 8 == 0),
                "batch" => value.as_u64().is_some_and(|batch| (1..=4096).contains(&batch)),
                "seed" => value.is_u64(),
                "number or link" => value.is_number() || is_link,
                _ => value.is_number(),
            };
            if !is_sound {
                return Err(format!("node {id} ({class}): {name} is {value}"));
            }
            if *kind == "batch" {
                count = u32::try_from(value.as_u64().unwrap_or(1)).unwrap_or(1);
            }
        }
        saves += u32::from(class == "SaveImage");
    }
    if saves == 0 {
        return Err("prompt_no_outputs".into());
    }
    Ok(count)
}

/// What is not done stands in the queue: `[number, id, graph, extra, outputs]`.
fn queue(shop: &Shop) -> Reply {
    let is_here = |sold: &&crate::shop::Sold| {
        !matches!(sold.note.as_str(), "done" | "lost") && !shop.cancelled.contains(&sold.id)
    };
    let running: Vec<Value> = shop
        .tasks
        .iter()
        .filter(is_here)
        .map(|sold| json!([1, sold.id, {}, {}, ["9"]]))
        .collect();
    Reply::json(200, &json!({ "queue_running": running, "queue_pending": [] }))
}

/// The history of one run; an empty object while it waits or runs, and for what is not known.
fn history(shop: &mut Shop, id: &str) -> Reply {
    let id = id.to_owned();
    let state = shop.state(&id);
    let Some(place) = shop.tasks.iter().position(|sold| sold.id == id) else {
        return Reply::json(200, &json!({}));
    };
    let note = match state {
        State::Running | State::Strange => "running",
        State::Lost => "lost",
        _ => "done",
    };
    shop.tasks[place].note = note.into();
    let count = shop.outputs(shop.tasks[place].count);
    let (outputs, status) = match state {
        State::Running | State::Lost => return Reply::json(200, &json!({})),
        State::Strange => (
            json!({}),
            json!({ "status_str": "rehearsing", "completed": false, "messages": [] }),
        ),
        State::Failed => (
            json!({}),
            failed(
                "torch.OutOfMemoryError",
                "Allocation on device would exceed allowed memory.",
            ),
        ),
        // There is no moderation in the core; nodes that call vendors fail with the vendor's words.
        State::Moderated => (
            json!({}),
            failed(
                "Exception",
                "Content Moderated: the request was moderated by the vendor.",
            ),
        ),
        State::Done => {
            let files: Vec<Value> = (1..=count)
                .map(|number| json!({ "filename": format!("aquatint_{number:05}_.png"), "subfolder": "", "type": "output" }))
                .collect();
            (
                json!({ "9": { "images": files } }),
                json!({ "status_str": "success", "completed": true, "messages": [["execution_success", { "prompt_id": id }]] }),
            )
        }
    };
    let entry = json!({ "prompt": [1, id, {}, {}, ["9"]], "outputs": outputs, "status": status, "meta": {} });
    Reply::json(200, &Value::Object(Map::from_iter([(id, entry)])))
}

fn failed(kind: &str, words: &str) -> Value {
    let error = json!({
        "prompt_id": "x", "node_id": "3", "node_type": "KSampler", "executed": [], "exception_message": words, "exception_type": kind, "traceback": []
    });
    json!({ "status_str": "error", "completed": false, "messages": [["execution_start", {}], ["execution_error", error]] })
}

fn viewed(shop: &Shop, request: &Request) -> Result<Reply, String> {
    let is_known =
        request.query.starts_with("filename=aquatint_0000") && request.query.ends_with("_.png&subfolder=&type=output");
    if !is_known {
        return Err(format!("the query {:?}", request.query));
    }
    // The server names files and no URLs; the nearest to a bad one is a file that is not there.
    if shop.spoil == Some(Spoil::PrivateUrl) {
        return Ok(Reply::text(404, ""));
    }
    Ok(Reply::of(200, "image/png", shop.goods(false)))
}

/// What validation says, in the form of `execution.py`; what concerns keys and load is said by a proxy.
fn trouble(trouble: Trouble) -> Reply {
    match trouble {
        Trouble::BadKey => Reply::text(401, "Unauthorized"),
        Trouble::NoMoney => Reply::text(402, "Payment Required"),
        Trouble::Forbidden => Reply::text(403, "Forbidden"),
        Trouble::NotFound => Reply::text(404, "404: Not Found"),
        Trouble::Conflict => Reply::text(409, "Conflict"),
        Trouble::TooLarge => Reply::text(413, "Maximum request body size 104857600 exceeded"),
        Trouble::Invalid | Trouble::Moderated => {
            let error = json!({ "type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": "", "extra_info": {} });
            let missing = json!({
                "type": "value_not_in_list", "message": "Value not in list", "details": "ckpt_name: 'model.safetensors' not in ['sdxl.safetensors']",
                "extra_info": { "input_name": "ckpt_name", "received_value": "model.safetensors" }
            });
            let nodes = json!({ "4": { "errors": [missing], "dependent_outputs": ["9"], "class_type": "CheckpointLoaderSimple" } });
            Reply::json(400, &json!({ "error": error, "node_errors": nodes }))
        }
        Trouble::Throttled => Reply::text(429, "Too Many Requests"),
        Trouble::Broken => Reply::text(500, "500 Internal Server Error\n\nServer got itself in trouble"),
        Trouble::Overloaded => Reply::text(503, "Service Unavailable"),
    }
}
