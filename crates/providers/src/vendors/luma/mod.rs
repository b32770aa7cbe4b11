//! Luma's current API ("Luma Agents"): Uni-1 for pictures, Ray 3.2 for videos.
//!
//! Written from, on 2026-11-21:
//! - <https://docs.agents.lumalabs.ai/api/> and the official SDK 0.5.0 that is generated from the same description
//! - <https://docs.agents.lumalabs.ai/guides/model/>, `…/guides/videos/generation` (which settings go together)
//! - <https://docs.agents.lumalabs.ai/guides/pricing/> (a price for each kind of request, resolution and length)
//! - <https://docs.agents.lumalabs.ai/guides/error-handling/> and `…/guides/rate-limits/`
//!
//! There are no seeds, no callbacks and no way to cancel. Left out: `layering`, whose number of results is the vendor's to
//! decide, EXR files, which the studio does not store, and the Files API: pictures and videos go along in the request.
//! The older Dream Machine API is [`crate::vendors::luma_dream_machine`]; it has keys of its own.

mod models;

use std::time::Duration;

use aquatint_domain::Model;
use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::order::{Medium, Order};
use crate::outcome::{KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};

/// The largest file that is taken inside a request.
const MAX_INLINE: usize = 50_000_000;
/// What stands in a path or query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

static FACTS: Facts = Facts {
    id: "luma",
    name: "Luma",
    docs: &[
        "https://docs.agents.lumalabs.ai/api/",
        "https://docs.agents.lumalabs.ai/guides/model/",
        "https://docs.agents.lumalabs.ai/guides/pricing/",
        "https://docs.agents.lumalabs.ai/guides/error-handling/",
    ],
    read_on: "2026-11-21",
    key_variables: &["LUMA_AGENTS_API_KEY"],
    key_form: "luma-api-…",
    key_page: "https://platform.lumalabs.ai/",
    base_url: "https://agents.lumalabs.ai/v1",
    hosts: &[],
    auth: Auth::Bearer,
    // The limits depend on the account and are told by 429 with `Retry-After`.
    pace: Pace {
        at_once: 5,
        per_minute: 30,
        poll_every: Duration::from_secs(3),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct Luma;

#[async_trait]
impl Provider for Luma {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        models::all()
    }

    /// `GET /files` lists uploads and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let _: Files = desk.get("/files?limit=1").send().await?.read()?;
        Ok(KeyFacts::default())
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let answer = desk.post("/generations").json(&request(order)?).buying().send().await?;
        let begun: Generation = answer.read()?;
        Ok(Submitted::Waiting(Task::new(begun.id)))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let id = utf8_percent_encode(&task.id, PLAIN);
        let answer = desk.get(format!("/generations/{id}")).send().await?;
        let generation: Generation = answer.read()?;
        Ok(match generation.state.as_str() {
            "completed" => Progress::Done(Outcome {
                outputs: generation
                    .output
                    .unwrap_or_default()
                    .into_iter()
                    .map(|output| Output::url(output.url))
                    .collect(),
                request_id: answer.request_id(),
                ..Outcome::default()
            }),
            "failed" => Progress::Failed(failure(&generation)),
            stage => Progress::running(stage),
        })
    }
}

#[derive(Deserialize)]
struct Files {
    #[serde(rename = "data")]
    _data: Vec<Value>,
}

#[derive(Deserialize)]
struct Generation {
    id: String,
    state: String,
    failure_code: Option<String>,
    failure_reason: Option<String>,
    output: Option<Vec<Made>>,
}

#[derive(Deserialize)]
struct Made {
    url: String,
}

/// Failed generations are not billed.
fn failure(generation: &Generation) -> Fault {
    let code = generation.failure_code.as_deref().unwrap_or_default();
    let words = generation.failure_reason.as_deref().unwrap_or_default();
    let kind = match code {
        "content_moderated" => return Fault::refused(words, Some("content".to_owned())).code(code),
        "budget_exhausted" => FaultKind::NoMoney,
        "image_too_large" | "unsupported_format" | "corrupt_input" | "invalid_request" => FaultKind::InvalidInput,
        "rate_limited" => FaultKind::Overloaded,
        _ => FaultKind::TaskFailed,
    };
    let fault = Fault::new(kind, words);
    if code.is_empty() { fault } else { fault.code(code) }
}

/// `{"detail": "words"}`, or a list of complaints with `loc` and `msg`.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let detail = body.get("detail")?;
    let words = detail
        .as_str()
        .or_else(|| detail.pointer("/0/msg")?.as_str())
        .unwrap_or_default();
    let mut fault = Fault::of_status(answer.status, words);
    // 502 and 503 are documented as not taken; a plain 500 or 504 is not documented at all.
    if matches!(answer.status, 500 | 504) {
        fault = fault.bought(Bought::Unknown);
    }
    // A combination of settings that does not go together, or a file that cannot be read.
    if answer.status == 422 {
        let field = detail
            .pointer("/0/loc")
            .and_then(Value::as_array)
            .and_then(|path| path.last()?.as_str());
        if let Some(field) = field {
            fault = fault.at(field);
        }
    }
    Some(fault)
}

fn request(order: &Order) -> Result<Value, Fault> {
    let vendor = order.model.vendor_model.as_str();
    let mut body = Map::new();
    let kind = match vendor {
        "ray-3.2:edit" => "video_edit",
        "ray-3.2:reframe" => "video_reframe",
        "ray-3.2" => "video",
        _ if order.text("mode") == Some("edit") => "image_edit",
        _ => "image",
    };
    body.insert("type".into(), kind.into());
    body.insert("model".into(), vendor.split(':').next().unwrap_or(vendor).into());
    body.insert("prompt".into(), order.text("prompt").unwrap_or_default().into());
    body.extend(order.pick(&["aspect_ratio", "output_format", "web_search"]));
    if let Some(look) = order.inputs.get("look") {
        body.insert("style".into(), look.clone());
    }
    match kind {
        "image" | "image_edit" => write_pictures(order, kind, &mut body)?,
        _ => {
            body.remove("output_format");
            let video = video_options(order, kind)?;
            if kind != "video" {
                body.insert("source".into(), source(order)?);
            }
            body.insert("video".into(), video.into());
        }
    }
    Ok(body.into())
}

/// References go into `image_ref`; an edit takes the first picture as what is changed.
fn write_pictures(order: &Order, kind: &str, body: &mut Map<String, Value>) -> Result<(), Fault> {
    let mut images = order.media_of("images").map(reference).collect::<Result<Vec<_>, _>>()?;
    if kind == "image_edit" {
        if images.is_empty() {
            return Err(Fault::new(FaultKind::InvalidInput, "an edit needs a picture").at("images"));
        }
        body.insert("source".into(), images.remove(0));
    }
    if !images.is_empty() {
        body.insert("image_ref".into(), images.into());
    }
    Ok(())
}

fn video_options(order: &Order, kind: &str) -> Result<Map<String, Value>, Fault> {
    let mut video = order.pick(&["resolution", "hdr"]);
    for (field, name, chained) in [
        ("first_frame", "start_frame", "start_generation"),
        ("last_frame", "end_frame", "end_generation"),
    ] {
        match (order.medium(field), order.text(chained)) {
            (Some(medium), None) => drop(video.insert(name.into(), reference(medium)?)),
            (None, Some(id)) => drop(video.insert(name.into(), json!({ "generation_id": id }))),
            (Some(_), Some(_)) => {
                return Err(
                    Fault::new(FaultKind::InvalidInput, format!("give either `{field}` or `{chained}`")).at(field),
                );
            }
            (None, None) => {}
        }
    }
    let keyframes = order.media_of("images").map(reference).collect::<Result<Vec<_>, _>>()?;
    let frames = if keyframes.is_empty() {
        None
    } else {
        Some(frame_indexes(order, keyframes.len())?)
    };
    match kind {
        "video" => {
            let seconds = order.whole("duration_seconds").unwrap_or(5);
            video.insert("duration".into(), format!("{seconds}s").into());
            video.extend(order.pick(&["loop"]));
            if let Some(frames) = frames {
                video.insert("keyframes".into(), keyframes.into());
                video.insert("keyframe_indexes".into(), frames);
            }
        }
        "video_edit" => {
            let mut edit = order.pick(&["strength", "auto_controls", "controls"]);
            if let Some(frames) = frames {
                edit.insert("keyframes".into(), keyframes.into());
                edit.insert("keyframe_indexes".into(), frames);
            }
            if !edit.is_empty() {
                video.insert("edit".into(), edit.into());
            }
        }
        _ => {
            video.remove("hdr");
            video.extend(order.pick(&["source_position"]));
        }
    }
    Ok(video)
}

/// The frames at which the pictures stand; one picture stands at the beginning.
fn frame_indexes(order: &Order, count: usize) -> Result<Value, Fault> {
    match order.inputs.get("image_frames") {
        Some(Value::Array(frames)) if frames.len() == count => Ok(frames.clone().into()),
        None if count == 1 => Ok(json!([0])),
        _ => Err(Fault::new(
            FaultKind::InvalidInput,
            "`image_frames` must name a frame for each of `images`",
        )
        .at("image_frames")),
    }
}

fn source(order: &Order) -> Result<Value, Fault> {
    match (order.medium("video"), order.text("source_generation")) {
        (Some(medium), None) => reference(medium),
        (None, Some(id)) => Ok(json!({ "generation_id": id })),
        _ => Err(Fault::new(FaultKind::InvalidInput, "give either `video` or `source_generation`").at("video")),
    }
}

/// The file itself; one that is too large for that by a URL of ours, where we have one.
fn reference(medium: &Medium) -> Result<Value, Fault> {
    let media_type = medium.media_type.as_str();
    if medium.bytes.len() <= MAX_INLINE {
        return Ok(json!({ "data": medium.base64(), "media_type": media_type }));
    }
    match &medium.url {
        Some(url) => Ok(json!({ "url": url, "media_type": media_type })),
        None => {
            let words = format!(
                "Luma takes files up to {} MB from here; this one is larger",
                MAX_INLINE / 1_000_000
            );
            Err(Fault::new(FaultKind::InvalidInput, words).at(medium.field.clone()))
        }
    }
}
