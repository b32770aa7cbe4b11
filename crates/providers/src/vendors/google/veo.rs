//! Veo by `predictLongRunning`: an operation that is asked about until it is done. The Gemini API shut it down on 2026-10-22;
//! gateways that an operator names as the address may still serve it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::errors::is_refusal;
use crate::desk::Desk;
use crate::fault::{Fault, FaultKind};
use crate::order::{Medium, Order};
use crate::outcome::{Outcome, Output, Progress, Source, Submitted, Task};

/// Whether a task's id is the name of an operation, such as `models/veo-3.1-generate-preview/operations/abc`.
pub fn is_operation(id: &str) -> bool {
    id.contains("/operations/")
}

pub async fn begin(desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
    let mut instance = Map::new();
    instance.insert("prompt".into(), json!(order.text("prompt")));
    for (ours, theirs) in [("first_frame", "image"), ("last_frame", "lastFrame")] {
        if let Some(frame) = order.medium(ours) {
            instance.insert(theirs.into(), picture(frame));
        }
    }
    if order.medium("last_frame").is_some() && order.medium("first_frame").is_none() {
        return Err(Fault::new(FaultKind::InvalidInput, "a last frame needs a `first_frame`").at("last_frame"));
    }
    let is_long = order.whole("duration_seconds").is_none_or(|seconds| seconds == 8);
    if !is_long && (order.text("resolution").is_some_and(|size| size != "720p") || order.medium("images").is_some()) {
        let words = "with references, and in more than 720p, a clip has eight seconds";
        return Err(Fault::new(FaultKind::InvalidInput, words).at("duration_seconds"));
    }
    let references: Vec<_> = order
        .media_of("images")
        .map(|image| json!({ "image": picture(image), "referenceType": "asset" }))
        .collect();
    if !references.is_empty() {
        instance.insert("referenceImages".into(), json!(references));
    }
    let mut parameters = Map::new();
    parameters.insert("sampleCount".into(), json!(1));
    for (ours, theirs) in [
        ("aspect_ratio", "aspectRatio"),
        ("resolution", "resolution"),
        ("negative_prompt", "negativePrompt"),
        ("person_generation", "personGeneration"),
        ("duration_seconds", "durationSeconds"),
    ] {
        if let Some(value) = order.inputs.get(ours) {
            parameters.insert(theirs.into(), value.clone());
        }
    }
    let body = json!({ "instances": [instance], "parameters": parameters });
    let place = format!("/v1beta/models/{}:predictLongRunning", order.model.vendor_model);
    let answer = desk.post(place).json(&body).buying().send().await?;
    let operation: Operation = answer.read()?;
    match operation.name {
        Some(name) if is_operation(&name) && is_path(&name) => Ok(Submitted::Waiting(Task::new(name))),
        _ => Err(answer.unreadable("`name` is not that of an operation")),
    }
}

fn picture(medium: &Medium) -> Value {
    json!({ "bytesBase64Encoded": medium.base64(), "mimeType": medium.media_type.as_str() })
}

/// Nothing but what names of operations are made of, so that a name cannot lead elsewhere.
fn is_path(name: &str) -> bool {
    let is_sound = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.len() <= 500 && !name.contains("..") && name.split('/').all(is_sound)
}

#[derive(Deserialize)]
struct Operation {
    name: Option<String>,
    #[serde(default)]
    done: bool,
    error: Option<Value>,
    response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    generate_video_response: Option<Made>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    #[serde(default)]
    generated_samples: Vec<Sample>,
    #[serde(default)]
    rai_media_filtered_reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Sample {
    video: Option<Video>,
}

#[derive(Deserialize)]
struct Video {
    uri: Option<String>,
}

pub async fn poll(desk: &Desk, task: &Task) -> Result<Progress, Fault> {
    let answer = desk.get(format!("/v1beta/{}", task.id)).send().await?;
    let operation: Operation = answer.read()?;
    if let Some(error) = operation.error {
        let words = error["message"].as_str().unwrap_or("the operation ended with an error");
        let fault = match error["status"].as_str() {
            Some(reason) if is_refusal(reason) => Fault::refused(words, [reason.to_owned()]),
            _ => Fault::new(FaultKind::TaskFailed, words),
        };
        return Ok(Progress::Failed(fault));
    }
    if !operation.done {
        return Ok(Progress::running("rendering"));
    }
    let made = operation.response.and_then(|response| response.generate_video_response);
    let Some(made) = made else {
        return Err(answer.unreadable("the operation is done without an answer"));
    };
    let outputs: Vec<_> = made
        .generated_samples
        .into_iter()
        .filter_map(|sample| Some(Output::of(Source::UrlWithKey(sample.video?.uri?))))
        .collect();
    if outputs.is_empty() && !made.rai_media_filtered_reasons.is_empty() {
        return Ok(Progress::Failed(Fault::refused(
            "its safety rules held back the video",
            made.rai_media_filtered_reasons,
        )));
    }
    Ok(Progress::Done(Outcome {
        outputs,
        request_id: Some(task.id.clone()),
        ..Outcome::default()
    }))
}
