//! Luma's older API ("Dream Machine"): Photon for pictures, Ray 2 for videos, and what can be done with them afterwards.
//!
//! Written from, on 2026-11-21:
//! - <https://docs.lumalabs.ai/docs/api> with its pages on pictures, videos, modify, reframe, and callbacks
//! - the official SDK 1.21.0 (<https://github.com/lumalabs/lumaai-node>), which is generated from the API's description
//! - <https://lumalabs.ai/api/pricing> (by million pixels; the rows hold what that makes of 16:9)
//!
//! Files are taken by URL alone, so pictures and videos of the studio need a server that can be reached from outside.
//! What continues or finishes an earlier generation names it by the vendor's id. There are no seeds and no way to cancel.
//! Callbacks are not signed: one of them makes us ask, and nothing in it is believed.

mod models;

use std::time::Duration;

use aquatint_domain::{MediaKind, Model};
use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::order::{Medium, Order};
use crate::outcome::{KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::webhook::{Delivery, Notice};

/// What stands in a path as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// How the source lies on the new canvas, in pixels.
const GEOMETRY: &[&str] = &[
    "grid_position_x",
    "grid_position_y",
    "resized_width",
    "resized_height",
    "x_start",
    "x_end",
    "y_start",
    "y_end",
];

static FACTS: Facts = Facts {
    id: "luma-dream-machine",
    name: "Luma Dream Machine",
    docs: &[
        "https://docs.lumalabs.ai/docs/api",
        "https://docs.lumalabs.ai/docs/image-generation",
        "https://docs.lumalabs.ai/docs/video-generation",
        "https://github.com/lumalabs/lumaai-node",
    ],
    read_on: "2026-11-21",
    key_variables: &["LUMAAI_API_KEY"],
    key_form: "luma-…",
    key_page: "https://lumalabs.ai/dream-machine/api/keys",
    base_url: "https://api.lumalabs.ai/dream-machine/v1",
    hosts: &[],
    auth: Auth::Bearer,
    // The first tier: 10 videos at a time and 20 requests a minute.
    pace: Pace {
        at_once: 10,
        per_minute: 20,
        poll_every: Duration::from_secs(3),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct LumaDreamMachine;

#[async_trait]
impl Provider for LumaDreamMachine {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        models::all()
    }

    /// `GET /credits` tells the balance and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let credits: Balance = desk.get("/credits").send().await?.read()?;
        Ok(KeyFacts {
            account: None,
            balance: Some(format!("{:.2} US dollars", credits.credit_balance / 100.0)),
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let (path, mut body) = request(order)?;
        if let Some(webhook) = &order.webhook {
            body.insert("callback_url".into(), webhook.url.clone().into());
        }
        let answer = desk.post(path).json(&body).buying().send().await?;
        let begun: Generation = answer.read()?;
        let data = json!({ "is_video": order.model.kind == MediaKind::Video });
        Ok(Submitted::Waiting(Task::new(begun.id).with(data)))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let answer = desk
            .get(format!("/generations/{}", utf8_percent_encode(&task.id, PLAIN)))
            .send()
            .await?;
        let generation: Generation = answer.read()?;
        Ok(match generation.state.as_str() {
            "completed" => {
                let assets = generation.assets.unwrap_or_default();
                let is_video = task.data["is_video"].as_bool().unwrap_or(assets.video.is_some());
                let url = if is_video { assets.video } else { assets.image };
                Progress::Done(Outcome {
                    outputs: url.into_iter().map(Output::url).collect(),
                    request_id: answer.request_id(),
                    ..Outcome::default()
                })
            }
            "failed" => {
                let words = generation.failure_reason.unwrap_or_default();
                Progress::Failed(refusal(&words).unwrap_or_else(|| Fault::new(FaultKind::TaskFailed, &words)))
            }
            stage => Progress::running(stage),
        })
    }

    /// The body is the generation, and anybody could send it: it says which task to ask about, and no more.
    async fn webhook(&self, _desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        let generation: Generation = serde_json::from_slice(&delivery.body)
            .map_err(|_| Fault::unreadable("the callback is not a generation"))?;
        Ok(Notice {
            task: generation.id,
            progress: None,
        })
    }
}

#[derive(Deserialize)]
struct Balance {
    /// In US cents.
    credit_balance: f64,
}

#[derive(Deserialize)]
struct Generation {
    id: String,
    state: String,
    failure_reason: Option<String>,
    assets: Option<Assets>,
}

#[derive(Default, Deserialize)]
struct Assets {
    image: Option<String>,
    video: Option<String>,
}

/// `{"detail": "words"}`, or a list of complaints with `loc` and `msg`.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let detail = body.get("detail")?;
    let words = detail
        .as_str()
        .or_else(|| detail.pointer("/0/msg")?.as_str())
        .unwrap_or_default();
    if answer.status == 400
        && let Some(fault) = refusal(words)
    {
        return Some(fault);
    }
    let mut fault = Fault::of_status(answer.status, words);
    // An empty account was a bad request before it was a 402.
    if answer.status == 400 && words.to_lowercase().contains("insufficient credits") {
        fault.kind = FaultKind::NoMoney;
    }
    // What broke behind these words is not documented.
    if matches!(answer.status, 500 | 502 | 504) {
        fault = fault.bought(Bought::Unknown);
    }
    Some(fault)
}

/// There are no codes: what the content rules refuse is told in words.
fn refusal(words: &str) -> Option<Fault> {
    let lower = words.to_lowercase();
    let about = if lower.contains("frame moderation") || lower.contains("image moderation") {
        "image"
    } else if ["moderation", "moderated", "blacklisted", "content policy"]
        .iter()
        .any(|word| lower.contains(word))
    {
        "prompt"
    } else {
        return None;
    };
    Some(Fault::refused(words, Some(about.to_owned())))
}

/// Path and body of a purchase.
fn request(order: &Order) -> Result<(String, Map<String, Value>), Fault> {
    let (model, action) = order
        .model
        .vendor_model
        .split_once(':')
        .unwrap_or((&order.model.vendor_model, ""));
    let mut body = order.pick(&["prompt"]);
    let path = match action {
        "upscale" | "audio" => {
            let id = order.text("generation").unwrap_or_default();
            body.insert(
                "generation_type".into(),
                if action == "upscale" {
                    "upscale_video"
                } else {
                    "add_audio"
                }
                .into(),
            );
            body.extend(order.pick(&["resolution", "negative_prompt"]));
            return Ok((
                format!("/generations/{}/{action}", utf8_percent_encode(id, PLAIN)),
                body,
            ));
        }
        "modify" => {
            body.extend(order.pick(&["mode"]));
            body.insert("generation_type".into(), "modify_video".into());
            body.insert("media".into(), media(order, "video")?);
            "/generations/video/modify"
        }
        "reframe" if order.model.kind == MediaKind::Video => {
            body.extend(order.pick(&["aspect_ratio"]));
            body.extend(order.pick(GEOMETRY));
            body.insert("generation_type".into(), "reframe_video".into());
            body.insert("media".into(), media(order, "video")?);
            "/generations/video/reframe"
        }
        "reframe" => {
            body.extend(order.pick(&["aspect_ratio"]));
            body.extend(order.pick(GEOMETRY));
            body.insert("format".into(), format(order).into());
            body.insert("generation_type".into(), "reframe_image".into());
            body.insert("media".into(), media(order, "images")?);
            "/generations/image/reframe"
        }
        _ if order.model.kind == MediaKind::Image => {
            write_pictures(order, &mut body)?;
            "/generations/image"
        }
        _ => {
            write_video(order, &mut body)?;
            "/generations/video"
        }
    };
    if matches!(action, "modify" | "reframe")
        && let Some(frame) = order.medium("first_frame")
    {
        body.insert("first_frame".into(), json!({ "url": url(frame)? }));
    }
    body.insert("model".into(), model.into());
    Ok((path.to_owned(), body))
}

fn format(order: &Order) -> &'static str {
    if order.text("output_format") == Some("png") {
        "png"
    } else {
        "jpg"
    }
}

fn write_pictures(order: &Order, body: &mut Map<String, Value>) -> Result<(), Fault> {
    body.extend(order.pick(&["aspect_ratio"]));
    body.insert("format".into(), format(order).into());
    body.insert("generation_type".into(), "image".into());
    let weighed = |medium: &Medium, weight: &str| -> Result<Value, Fault> {
        let mut reference = json!({ "url": url(medium)? });
        if let Some(weight) = order.number(weight) {
            reference["weight"] = weight.into();
        }
        Ok(reference)
    };
    let mut images = order
        .media_of("images")
        .map(|medium| weighed(medium, "image_weight"))
        .collect::<Result<Vec<_>, _>>()?;
    if order.text("mode") == Some("modify") {
        if images.is_empty() {
            return Err(Fault::new(FaultKind::InvalidInput, "to modify needs a picture").at("images"));
        }
        body.insert("modify_image_ref".into(), images.remove(0));
    }
    if !images.is_empty() {
        body.insert("image_ref".into(), images.into());
    }
    if let Some(medium) = order.medium("style_image") {
        body.insert("style_ref".into(), json!([weighed(medium, "style_weight")?]));
    }
    let character = order
        .media_of("character_images")
        .map(url)
        .collect::<Result<Vec<_>, _>>()?;
    if !character.is_empty() {
        body.insert("character_ref".into(), json!({ "identity0": { "images": character } }));
    }
    Ok(())
}

fn write_video(order: &Order, body: &mut Map<String, Value>) -> Result<(), Fault> {
    body.insert("generation_type".into(), "video".into());
    body.extend(order.pick(&["aspect_ratio", "resolution", "loop"]));
    if let Some(seconds) = order.whole("duration_seconds") {
        body.insert("duration".into(), format!("{seconds}s").into());
    }
    let mut keyframes = Map::new();
    for (field, chained, frame) in [
        ("first_frame", "start_generation", "frame0"),
        ("last_frame", "end_generation", "frame1"),
    ] {
        let value = match (order.medium(field), order.text(chained)) {
            (Some(medium), None) => json!({ "type": "image", "url": url(medium)? }),
            (None, Some(id)) => json!({ "type": "generation", "id": id }),
            (Some(_), Some(_)) => {
                return Err(
                    Fault::new(FaultKind::InvalidInput, format!("give either `{field}` or `{chained}`")).at(field),
                );
            }
            (None, None) => continue,
        };
        keyframes.insert(frame.into(), value);
    }
    if keyframes.is_empty() && order.text("prompt").is_none() {
        return Err(Fault::new(FaultKind::InvalidInput, "without frames there must be a prompt").at("prompt"));
    }
    if !keyframes.is_empty() {
        body.insert("keyframes".into(), keyframes.into());
    }
    if let Some(Value::Array(concepts)) = order.inputs.get("concepts") {
        let concepts: Vec<Value> = concepts.iter().map(|key| json!({ "key": key })).collect();
        body.insert("concepts".into(), concepts.into());
    }
    Ok(())
}

fn media(order: &Order, field: &str) -> Result<Value, Fault> {
    let medium = order
        .medium(field)
        .ok_or_else(|| Fault::new(FaultKind::InvalidInput, format!("`{field}` is missing")).at(field))?;
    Ok(json!({ "url": url(medium)? }))
}

/// Where the vendor gets a file of ours.
fn url(medium: &Medium) -> Result<String, Fault> {
    medium.url.clone().ok_or_else(|| {
        let words = "this API takes files by URL alone, and this server cannot be reached from outside; set its public address, or use a model of `luma`";
        Fault::new(FaultKind::InvalidInput, words).at(medium.field.clone())
    })
}
