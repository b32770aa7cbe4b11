//! Gemini Omni videos: interactions that run in the background.
//!
//! Pictures get their part by tags in the prompt (<https://ai.google.dev/gemini-api/docs/omni>): we write the tags for the fields
//! that were given, unless the prompt has its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::outcome::{Cancelled, Outcome, Output, Progress, Source, Submitted, Task};

/// The state of the API that this file speaks.
const REVISION: (&str, &str) = ("Api-Revision", "2026-05-20");

pub async fn begin(desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
    let body = body(order)?;
    let ask = desk
        .post("/v1beta/interactions")
        .header(REVISION.0, REVISION.1)
        .json(&body);
    let answer = ask.buying().send().await?;
    let interaction: Interaction = answer.read()?;
    if interaction.id.is_empty() {
        return Err(answer.unreadable("`id` is empty"));
    }
    // However it stands already: it was bought, and a poll says what came of it.
    Ok(Submitted::Waiting(Task::new(interaction.id)))
}

fn body(order: &Order) -> Result<Value, Fault> {
    let (first, last, video) = (
        order.medium("first_frame"),
        order.medium("last_frame"),
        order.medium("video"),
    );
    if last.is_some() && first.is_none() {
        return Err(Fault::new(FaultKind::InvalidInput, "a last frame needs a `first_frame`").at("last_frame"));
    }
    if last.is_some() && order.whole("duration_seconds").is_some_and(|seconds| seconds > 10) {
        return Err(Fault::new(
            FaultKind::InvalidInput,
            "between two frames a clip has at most ten seconds",
        )
        .at("duration_seconds"));
    }
    let references: Vec<_> = order.media_of("images").collect();
    let mut content: Vec<Value> = first
        .into_iter()
        .chain(last)
        .chain(references.iter().copied())
        .map(|image| json!({ "type": "image", "mime_type": image.media_type.as_str(), "data": image.base64() }))
        .collect();
    content.extend(
        video.map(|video| json!({ "type": "video", "mime_type": video.media_type.as_str(), "data": video.base64() })),
    );
    let prompt = tagged(
        order.text("prompt").unwrap_or_default(),
        first.is_some(),
        last.is_some(),
        references.len(),
    );
    content.push(json!({ "type": "text", "text": prompt }));

    let mut format = json!({ "type": "video", "delivery": "uri" });
    if let Some(resolution) = order.text("resolution") {
        format["resolution"] = json!(resolution);
    }
    let task = match (video.is_some(), first.is_some(), references.is_empty()) {
        (true, ..) => Some(order.text("video_task").unwrap_or("edit")),
        (_, true, true) => Some("image_to_video"),
        (_, false, false) => Some("reference_to_video"),
        (_, false, true) if order.text("previous_interaction_id").is_some() => Some("edit"),
        (_, false, true) => Some("text_to_video"),
        // Frames and references together: the model finds out by the tags.
        (_, true, false) => None,
    };
    // What is edited or enlarged keeps its shape and length.
    let keeps_shape = matches!(task, Some("edit" | "upscale"));
    if !keeps_shape {
        if let Some(ratio) = order.text("aspect_ratio") {
            format["aspect_ratio"] = json!(ratio);
        }
        if let Some(seconds) = order.whole("duration_seconds") {
            format["duration"] = json!(format!("{seconds}s"));
        }
    }
    // What runs in the background has to be stored; the vendor keeps it for 55 days.
    let mut body = json!({
        "model": order.model.vendor_model,
        "input": content,
        "response_format": format,
        "background": true,
        "store": true,
    });
    if let Some(task) = task {
        body["generation_config"] = json!({ "video_config": { "task": task } });
    }
    if let Some(id) = order.text("previous_interaction_id") {
        body["previous_interaction_id"] = json!(id);
    }
    if let Some(webhook) = &order.webhook {
        body["webhook_config"] = json!({ "uris": [webhook.url] });
    }
    Ok(body)
}

/// The prompt with the tags that say which picture is what.
fn tagged(prompt: &str, first: bool, last: bool, references: usize) -> String {
    if prompt.contains("<FIRST_FRAME>") || prompt.contains("<LAST_FRAME>") || prompt.contains("<IMAGE_REF_") {
        return prompt.to_owned();
    }
    let mut number = 0;
    let mut at = |tag: String| {
        number += 1;
        format!(" {tag}@Image{number}")
    };
    let mut sources = String::new();
    if first {
        sources += &at("<FIRST_FRAME>".into());
    }
    if last {
        sources += &at("<LAST_FRAME>".into());
    }
    let listed: String = (0..references)
        .map(|reference| at(format!("<IMAGE_REF_{reference}>")))
        .collect();
    let mut tags = String::new();
    if !sources.is_empty() {
        tags += &format!("[# Sources{sources}] ");
    }
    if !listed.is_empty() {
        tags += &format!("[# References{listed}] ");
    }
    format!("{tags}{prompt}")
}

#[derive(Deserialize)]
struct Interaction {
    #[serde(default)]
    id: String,
    status: String,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    errors: Vec<Value>,
    model: Option<String>,
    #[serde(default)]
    usage: Value,
}

impl Interaction {
    /// Whether it says why there is no video: by an error, or by having made nothing.
    fn is_told(&self) -> bool {
        let has_error = !self.errors.is_empty() || self.steps.iter().any(|step| step.error.is_some());
        has_error || self.status == "incomplete" || self.usage["total_output_tokens"].as_u64() == Some(0)
    }
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: Option<Vec<Content>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    uri: Option<String>,
}

pub async fn poll(desk: &Desk, task: &Task) -> Result<Progress, Fault> {
    let answer = desk.get(place(&task.id)).header(REVISION.0, REVISION.1).send().await?;
    let mut interaction: Interaction = answer.read()?;
    interaction.id.clone_from(&task.id);
    match interaction.status.as_str() {
        "completed" | "incomplete" => finished(desk, &answer, interaction).await,
        "failed" | "budget_exceeded" | "requires_action" => Ok(Progress::Failed(failure(&interaction))),
        "cancelled" => Ok(Progress::Failed(Fault::new(FaultKind::Cancelled, "it was cancelled"))),
        status => Ok(Progress::running(status)),
    }
}

pub async fn cancel(desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
    let ask = desk
        .post(format!("{}/cancel", place(&task.id)))
        .header(REVISION.0, REVISION.1);
    match ask.json(&json!({})).send().await {
        Ok(_) => Ok(Cancelled::Stopped),
        // It is not running any more.
        Err(fault) if matches!(fault.status, Some(400 | 409)) => Ok(Cancelled::TooLate),
        Err(fault) => Err(fault),
    }
}

fn place(id: &str) -> String {
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/v1beta/interactions/{id}")
}

async fn finished(desk: &Desk, answer: &Answer, interaction: Interaction) -> Result<Progress, Fault> {
    let video = interaction
        .steps
        .iter()
        .filter(|step| step.kind == "model_output")
        .flat_map(|step| step.content.iter().flatten())
        .find(|content| content.kind == "video");
    // Later questions are answered with the bytes, whatever was asked for at first.
    let source = match video {
        Some(Content { data: Some(data), .. }) => {
            let bytes = STANDARD
                .decode(data)
                .map_err(|_| answer.unreadable("`data` is not base64"))?;
            Source::Bytes(bytes.into())
        }
        Some(Content { uri: Some(uri), .. }) => {
            if !is_ready(desk, uri).await? {
                return Ok(Progress::running("processing"));
            }
            Source::UrlWithKey(uri.clone())
        }
        _ if interaction.is_told() => return Ok(Progress::Failed(failure(&interaction))),
        // It was billed, and nothing is there.
        _ => {
            return Ok(Progress::Done(Outcome {
                request_id: Some(interaction.id),
                ..Outcome::default()
            }));
        }
    };
    Ok(Progress::Done(Outcome {
        outputs: vec![Output::of(source)],
        // `previous_interaction_id` of a later change.
        request_id: Some(interaction.id),
        version: interaction.model,
        ..Outcome::default()
    }))
}

/// A file can be fetched when it is `ACTIVE`, which may be seconds after the interaction ended.
async fn is_ready(desk: &Desk, uri: &str) -> Result<bool, Fault> {
    let Some(name) = uri
        .split_once("/files/")
        .map(|(_, rest)| rest.split([':', '?', '/']).next().unwrap_or_default())
    else {
        return Ok(true);
    };
    if name.is_empty()
        || !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    {
        return Err(Fault::unreadable("the file's name cannot be read"));
    }
    let file = desk.get(format!("/v1beta/files/{name}")).send().await?.json()?;
    match file["state"].as_str() {
        Some("FAILED") => Err(Fault::new(
            FaultKind::ResultLost,
            "the vendor could not store the video",
        )),
        Some("PROCESSING") => Ok(false),
        _ => Ok(true),
    }
}

/// Why there is no video. A change that the rules forbid ends as if all were well, with nothing in it.
fn failure(interaction: &Interaction) -> Fault {
    let step = interaction.steps.iter().find_map(|step| step.error.as_ref());
    let error = step.or_else(|| interaction.errors.first()).unwrap_or(&Value::Null);
    let words = error["message"].as_str().unwrap_or_default();
    let code = match &error["code"] {
        Value::String(code) => code.clone(),
        Value::Number(code) => code.to_string(),
        _ => interaction.status.clone(),
    };
    let both = format!("{code} {words}").to_lowercase();
    if ["safety", "prohibited", "blocked", "policy", "responsible ai"]
        .iter()
        .any(|word| both.contains(word))
    {
        return Fault::refused(words, [code.clone()]).code(code);
    }
    let words = if words.is_empty() {
        "it ended without a video; its rules about people or about the region of the account may be the reason"
    } else {
        words
    };
    Fault::new(FaultKind::TaskFailed, words).code(code)
}
