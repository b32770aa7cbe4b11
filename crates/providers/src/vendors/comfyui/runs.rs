//! Runs at a ComfyUI server: where one stands in the queue, how it ended, and which files it left.

use aquatint_domain::Credits;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::encoded;
use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::outcome::{Outcome, Output, Progress, Source, Task};

#[derive(Deserialize)]
struct Queue {
    queue_running: Vec<Value>,
    queue_pending: Vec<Value>,
}

/// Where a run is in the queue.
pub(super) enum Standing {
    Running,
    /// So many are before it.
    Waiting(usize),
}

pub(super) async fn place_in_queue(desk: &Desk, id: &str) -> Result<Option<Standing>, Fault> {
    let queue: Queue = desk.get("/queue").send().await?.read()?;
    // An item is [number, id, graph, …].
    let is_it = |item: &Value| item.get(1).and_then(Value::as_str) == Some(id);
    if queue.queue_running.iter().any(is_it) {
        return Ok(Some(Standing::Running));
    }
    let number = |item: &Value| item.get(0).and_then(Value::as_f64).unwrap_or(f64::MAX);
    let Some(own) = queue.queue_pending.iter().find(|item| is_it(item)).map(number) else {
        return Ok(None);
    };
    let before = queue.queue_pending.iter().filter(|item| number(item) < own).count();
    Ok(Some(Standing::Waiting(before + queue.queue_running.len())))
}

/// What the history says of a run; `None` while it has not ended.
pub(super) async fn entry(desk: &Desk, id: &str) -> Result<Option<(Value, Answer)>, Fault> {
    let answer = desk.get(format!("/history/{}", encoded(id))).send().await?;
    let mut history: Map<String, Value> = answer.read()?;
    // An answer of another shape is no history.
    if history.iter().any(|(_, entry)| !entry.is_object()) {
        return Err(answer.unreadable("the history is not of the documented shape"));
    }
    Ok(history.remove(id).map(|entry| (entry, answer)))
}

pub(super) async fn ended(desk: &Desk, task: &Task) -> Result<Option<Progress>, Fault> {
    let Some((entry, answer)) = entry(desk, &task.id).await? else {
        return Ok(None);
    };
    Ok(Some(
        match entry.pointer("/status/status_str").and_then(Value::as_str) {
            Some("error") => Progress::Failed(failure(&entry)),
            // Servers of old did not write a status.
            Some("success") | None => Progress::Done(outcome(desk, task, &entry, &answer)?),
            Some(other) => Progress::running(other),
        },
    ))
}

/// `status.messages` is a list of `[name, data]`; the last words say what went wrong.
fn failure(entry: &Value) -> Fault {
    let messages = entry
        .pointer("/status/messages")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let of = |name: &str| {
        messages
            .iter()
            .rev()
            .find(|message| message[0] == name)
            .map(|message| &message[1])
    };
    if of("execution_interrupted").is_some() {
        return Fault::new(FaultKind::Cancelled, "the run was interrupted");
    }
    let Some(error) = of("execution_error") else {
        return Fault::new(FaultKind::TaskFailed, "the run failed");
    };
    let word = |name: &str| error[name].as_str().unwrap_or_default();
    let words = format!(
        "node {} ({}): {}",
        word("node_id"),
        word("node_type"),
        word("exception_message")
    );
    // Nodes that call vendors, and nodes that filter, fail with words about it; there is no code.
    let said = word("exception_message").to_lowercase();
    let is_refusal = ["moderated", "moderation", "content policy", "safety"]
        .iter()
        .any(|about| said.contains(about));
    let fault = if is_refusal {
        Fault::refused(words, None)
    } else {
        Fault::new(FaultKind::TaskFailed, words)
    };
    fault.code(word("exception_type"))
}

#[derive(Deserialize)]
struct File {
    filename: String,
    #[serde(default)]
    subfolder: String,
    #[serde(default, rename = "type")]
    folder: String,
}

/// The files that the run saved, by the order of their nodes. Previews lie in `temp` and count only when nothing was saved.
fn outcome(desk: &Desk, task: &Task, entry: &Value, answer: &Answer) -> Result<Outcome, Fault> {
    let outputs = entry
        .get("outputs")
        .and_then(Value::as_object)
        .ok_or_else(|| answer.unreadable("`outputs` is missing"))?;
    let mut files = Vec::new();
    for node in outputs.values() {
        // Videos stand under `images` for the core's nodes, and under `gifs` for those of the Video Helper Suite.
        for list in ["images", "gifs", "videos", "video"]
            .iter()
            .filter_map(|name| node.get(*name)?.as_array())
        {
            for file in list {
                let file = File::deserialize(file).map_err(|_| answer.unreadable("a file of `outputs` has no name"))?;
                files.push(file);
            }
        }
    }
    let is_video = task.data["is_video"].as_bool().unwrap_or(false);
    let is_kind = |file: &&File| {
        let ending = file
            .filename
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        matches!(ending.as_str(), "mp4" | "webm" | "mkv" | "mov") == is_video
    };
    let saved: Vec<&File> = files
        .iter()
        .filter(|file| file.folder != "temp")
        .filter(is_kind)
        .collect();
    let chosen = if saved.is_empty() {
        files.iter().filter(is_kind).collect()
    } else {
        saved
    };
    let outputs = chosen
        .into_iter()
        .map(|file| Output {
            seed: task.data["seed"].as_u64(),
            ..Output::of(Source::UrlWithKey(format!(
                "{}/view?filename={}&subfolder={}&type={}",
                desk.base_url(),
                encoded(&file.filename),
                encoded(&file.subfolder),
                encoded(&file.folder)
            )))
        })
        .collect();
    Ok(Outcome {
        outputs,
        cost: Some(Credits::ZERO),
        ..Outcome::default()
    })
}
