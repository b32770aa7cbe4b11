//! ComfyUI on a machine of one's own: a workflow is a model.
//!
//! Written from, on 2026-11-21:
//! - <https://docs.comfy.org/development/comfyui-server/comms_routes> (`/prompt`, `/history`, `/queue`, `/interrupt`, `/view`, `/upload/image`)
//! - `server.py`, `execution.py` and `openapi.yaml` of <https://github.com/Comfy-Org/ComfyUI> (error types, shapes of answers)
//! - <https://docs.comfy.org/development/api-development/workflow-api-format>
//!
//! Three workflows of core nodes are built in. An operator's files come by [`model_of`], and what lies in API format in the
//! server's own folder of workflows (`user/default/workflows`) is found by its name. Which of its inputs a caller may set is read from the graph
//! (`inputs`). The client chooses the id of a run, so a lost answer is looked up. Nothing is paid to anybody, and there is no
//! moderation but what a workflow does itself.

mod inputs;
mod model;
mod runs;
mod workflow;

use std::time::Duration;

use aquatint_domain::{MediaKind, Model, Problem, text};
use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::multipart::Form;
use crate::order::{Medium, Order};
use crate::outcome::{Cancelled, Found, KeyFacts, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};

use runs::{Standing, ended, entry, place_in_queue};

pub use inputs::{Input, Place, Takes};
pub use workflow::Workflow;

static FACTS: Facts = Facts {
    id: "comfyui",
    name: "ComfyUI",
    docs: &[
        "https://docs.comfy.org/development/comfyui-server/comms_routes",
        "https://docs.comfy.org/development/api-development/workflow-api-format",
        "https://github.com/Comfy-Org/ComfyUI",
    ],
    read_on: "2026-11-21",
    key_variables: &["COMFYUI_API_KEY"],
    key_form: "the word that a proxy in front of the server asks for; the server itself asks for none",
    key_page: "https://docs.comfy.org/",
    base_url: "",
    hosts: &[],
    auth: Auth::Optional,
    // The server has a queue of its own and runs one workflow at a time.
    pace: Pace {
        at_once: 8,
        per_minute: 600,
        poll_every: Duration::from_secs(1),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

/// Workflows that need nothing but the core and a model file.
const BUILT_IN: &[(&str, &str)] = &[
    ("text-to-image", include_str!("workflows/text-to-image.json")),
    ("image-to-image", include_str!("workflows/image-to-image.json")),
    ("upscale", include_str!("workflows/upscale.json")),
];
/// What stands in a path or query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// Where our files lie among the inputs of the server.
const FOLDER: &str = "aquatint";
/// Files of the server that a search reads.
const MAX_SEARCHED: usize = 20;

pub struct ComfyUi;

#[async_trait]
impl Provider for ComfyUi {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        BUILT_IN
            .iter()
            .filter_map(|(name, file)| model_of(name, file.as_bytes()).ok())
            .collect()
    }

    /// `GET /system_stats` says which server it is.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let stats: Stats = desk.get("/system_stats").send().await?.read()?;
        let device = stats.devices.first().map_or("no device", |device| device.name.as_str());
        let version = stats
            .system
            .comfyui_version
            .as_deref()
            .unwrap_or("of an unknown version");
        Ok(KeyFacts {
            account: Some(text::one_line(&format!("ComfyUI {version} on {device}"), 120)),
            balance: None,
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let workflow = load(&order.model)?;
        let values = values(desk, order, &workflow).await?;
        let graph = workflow.filled(&values).map_err(|problem| {
            Fault::new(FaultKind::InvalidInput, problem.message).at(problem.field.unwrap_or_default())
        })?;
        let id = run_id(&order.purchase);
        let body = json!({ "prompt": graph, "prompt_id": id, "client_id": "aquatint" });
        let answer = desk
            .post("/prompt")
            .json(&body)
            .buying()
            .send()
            .await
            .map_err(|fault| by_our_names(fault, &workflow))?;
        let queued: Queued = answer.read()?;
        Ok(Submitted::Waiting(task(order, &workflow, queued.prompt_id)))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        if let Some(ended) = ended(desk, task).await? {
            return Ok(ended);
        }
        match place_in_queue(desk, &task.id).await? {
            Some(Standing::Running) => return Ok(Progress::running("running")),
            Some(Standing::Waiting(ahead)) => return Ok(Progress::running(&format!("waiting, {ahead} ahead"))),
            None => {}
        }
        // It may have ended between the two questions.
        let lost = || {
            Progress::Failed(Fault::new(
                FaultKind::TaskLost,
                "the server does not know this run; it may have been restarted",
            ))
        };
        Ok(ended(desk, task).await?.unwrap_or_else(lost))
    }

    /// A run that waits is taken out of the queue; one that runs is interrupted. Older servers interrupt whatever runs, so the
    /// queue is asked first.
    async fn cancel(&self, desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
        match place_in_queue(desk, &task.id).await? {
            Some(Standing::Waiting(_)) => desk.post("/queue").json(&json!({ "delete": [task.id] })).send().await?,
            Some(Standing::Running) => {
                desk.post("/interrupt")
                    .json(&json!({ "prompt_id": task.id }))
                    .send()
                    .await?
            }
            None => return Ok(Cancelled::TooLate),
        };
        Ok(Cancelled::Stopped)
    }

    /// The id of a run is ours, so it can be asked for. A run moves from the queue to the history, never back: asked in
    /// this order, it cannot slip through.
    async fn look_up(&self, desk: &Desk, order: &Order) -> Result<Found, Fault> {
        let workflow = load(&order.model)?;
        let id = run_id(&order.purchase);
        let is_queued = place_in_queue(desk, &id).await?.is_some();
        if is_queued || entry(desk, &id).await?.is_some() {
            return Ok(Found::Bought(Submitted::Waiting(task(order, &workflow, id))));
        }
        Ok(Found::NotBought)
    }

    /// A file of the server's folder of workflows, by its name with or without `.json`.
    async fn find(&self, desk: &Desk, slug: &str) -> Result<Option<Model>, Fault> {
        for file in files(desk).await? {
            let name = file.trim_end_matches(".json");
            if name == slug || file == slug || model::slug(name) == slug {
                return of_file(desk, &file).await.map(Some);
            }
        }
        Ok(None)
    }

    /// Files whose names hold the words. What is not in API format is left out: the editor saves its own files there too.
    async fn search(&self, desk: &Desk, words: &str) -> Result<Vec<Model>, Fault> {
        let words = words.to_lowercase();
        let fits = |file: &String| words.split_whitespace().all(|word| file.to_lowercase().contains(word));
        let mut models = Vec::new();
        for file in files(desk).await?.into_iter().filter(fits).take(MAX_SEARCHED) {
            match of_file(desk, &file).await {
                Ok(model) => models.push(model),
                Err(fault) if fault.kind == FaultKind::InvalidInput => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(models)
    }
}

#[derive(Deserialize)]
struct Stats {
    system: System,
    #[serde(default)]
    devices: Vec<Device>,
}

#[derive(Deserialize)]
struct System {
    comfyui_version: Option<String>,
}

#[derive(Deserialize)]
struct Device {
    name: String,
}

#[derive(Deserialize)]
struct Queued {
    prompt_id: String,
}

#[derive(Deserialize)]
struct Uploaded {
    name: String,
    #[serde(default)]
    subfolder: String,
}

/// The row of an operator's workflow file: `name` becomes its id, and the graph goes with the row. A refusal says what to change
/// in ComfyUI.
pub fn model_of(name: &str, file: &[u8]) -> Result<Model, Problem> {
    let workflow = Workflow::read(file)?;
    Ok(Model {
        vendor_data: workflow.graph(),
        ..model::row(name, name, &workflow)
    })
}

/// The graph of a model, which goes with its row.
fn load(model: &Model) -> Result<Workflow, Fault> {
    Workflow::of_graph(&model.vendor_data).map_err(refused)
}

fn refused(problem: Problem) -> Fault {
    Fault::new(FaultKind::InvalidInput, problem.message).at("model")
}

async fn files(desk: &Desk) -> Result<Vec<String>, Fault> {
    let listed = desk
        .get("/userdata?dir=workflows&recurse=true&split=false")
        .send()
        .await;
    let files: Vec<String> = match listed {
        Ok(answer) => answer.read()?,
        // The folder is made when the first workflow is saved.
        Err(fault) if fault.status == Some(404) => Vec::new(),
        Err(fault) => return Err(fault),
    };
    Ok(files.into_iter().filter(|file| file.ends_with(".json")).collect())
}

async fn of_file(desk: &Desk, file: &str) -> Result<Model, Fault> {
    let place = format!("workflows/{file}");
    let answer = desk.get(format!("/userdata/{}", encoded(&place))).send().await?;
    model_of(file.trim_end_matches(".json"), &answer.bytes).map_err(refused)
}

/// The inputs as the graph wants them: files are sent to the server and named as it answers.
async fn values(desk: &Desk, order: &Order, workflow: &Workflow) -> Result<Map<String, Value>, Fault> {
    let mut values = Map::new();
    for input in &workflow.inputs {
        let value = match input.takes {
            Takes::Pictures => {
                let mut names = Vec::new();
                for medium in order.media_of(&input.name) {
                    names.push(Value::from(upload(desk, medium).await?));
                }
                names.into()
            }
            Takes::Picture | Takes::Video => match order.medium(&input.name) {
                Some(medium) => upload(desk, medium).await?.into(),
                None => continue,
            },
            Takes::Seed => seed(order).into(),
            Takes::Count => order.count.into(),
            _ => match order.inputs.get(&input.name) {
                Some(value) => value.clone(),
                None => continue,
            },
        };
        values.insert(input.name.clone(), value);
    }
    Ok(values)
}

/// Sends a file and returns the name by which nodes load it. The name is made of the contents: people's file names stay here,
/// and the same picture is kept once.
async fn upload(desk: &Desk, medium: &Medium) -> Result<String, Fault> {
    let name = format!(
        "{}.{}",
        &hex(&Sha256::digest(&medium.bytes))[..32],
        medium.media_type.extension()
    );
    let form = Form::new()
        .file("image", &name, medium.media_type.as_str(), medium.bytes.clone())
        .text("type", "input")
        .text("subfolder", FOLDER)
        .text("overwrite", "true");
    let uploaded: Uploaded = desk.post("/upload/image").form(form).slow().send().await?.read()?;
    Ok(if uploaded.subfolder.is_empty() {
        uploaded.name
    } else {
        format!("{}/{}", uploaded.subfolder, uploaded.name)
    })
}

/// The caller's seed, or one that belongs to the purchase: a graph that is the same in every input is not run again by the
/// server, which would hand out the same picture.
fn seed(order: &Order) -> u64 {
    order.whole("seed").unwrap_or_else(|| {
        let digest = Sha256::digest(format!("seed of {}", order.purchase));
        digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)) & model::MAX_SEED
    })
}

/// The id of a run: a UUID made of the name of the purchase, the same in every try.
fn run_id(purchase: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(format!("run of {purchase}"))[..16]);
    // Version 8 is for ids of one's own making, variant 1 (RFC 9562).
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is remembered of a run: which files count as its results, and the seed.
fn task(order: &Order, workflow: &Workflow, id: String) -> Task {
    let seed = workflow
        .inputs
        .iter()
        .any(|input| input.takes == Takes::Seed)
        .then(|| seed(order));
    let data = json!({ "is_video": order.model.kind == MediaKind::Video, "seed": seed });
    Task::new(id).with(data).ask_after(Duration::from_millis(500))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// `{"error": {"type", "message", "details"}, "node_errors": {id: {"class_type", "errors": [{"type", "message", "details",
/// "extra_info": {"input_name"}}]}}}`. The field is told as `NODE.INPUT`, for [`by_our_names`].
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let error = body.get("error")?;
    // `{"error": "no prompt"}` on old servers and on some routes.
    let message = error.as_str().or_else(|| error.get("message")?.as_str())?;
    let details = error.get("details").and_then(Value::as_str).unwrap_or_default();
    let kind = error.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut fault = Fault::of_status(answer.status, format!("{message} {details}").trim());
    let node = body
        .get("node_errors")
        .and_then(Value::as_object)
        .and_then(|nodes| nodes.iter().next());
    if let Some((id, node)) = node {
        let first = &node["errors"][0];
        let word = |name: &str| first[name].as_str().unwrap_or_default();
        let input = first
            .pointer("/extra_info/input_name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let class = node["class_type"].as_str().unwrap_or_default();
        fault.message = text::one_line(
            &format!("node {id} ({class}): {}: {}", word("message"), word("details")),
            300,
        );
        return Some(fault.at(format!("{id}.{input}")).code(word("type")));
    }
    Some(if kind.is_empty() { fault } else { fault.code(kind) })
}

/// The name of the argument behind a node's input.
fn by_our_names(mut fault: Fault, workflow: &Workflow) -> Fault {
    let Some((node, input)) = fault.field.as_deref().and_then(|field| field.split_once('.')) else {
        return fault;
    };
    let place = Place {
        node: node.to_owned(),
        input: input.to_owned(),
    };
    let ours = workflow.inputs.iter().find(|input| input.places.contains(&place));
    fault.field = Some(ours.map_or("model", |input| input.name.as_str()).to_owned());
    fault
}
