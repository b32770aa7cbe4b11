//! Runway: its own models and those of others, pictures and videos, over one task API.
//!
//! Written from, on 2026-11-21:
//! - <https://docs.dev.runwayml.com/api> and the official SDK 4.20.1 that is generated from the same description
//! - <https://docs.dev.runwayml.com/guides/models> and `…/guides/pricing` (prices in credits of one US cent)
//! - <https://docs.dev.runwayml.com/assets/inputs> and `…/assets/uploads` (data URIs up to 5 MB, uploads up to 200 MB)
//! - <https://docs.dev.runwayml.com/errors/task-failures> (which failures are paid for) and `…/errors/errors`
//! - <https://docs.dev.runwayml.com/usage/tiers> (concurrency; tasks above it wait as `THROTTLED`)
//!
//! What one request costs is told with the task when it ends (`cost.credits`), and that is what is charged. Left out:
//! sound (speech, effects, avatars), recipes and saved workflows, and the formats that the studio does not store (ProRes,
//! image sequences). `gen3a_turbo`, `gen4_aleph` and `veo3` ended in the summer of 2026.

mod films;
mod knobs;
mod pictures;
// Pairs read better in lines.
#[rustfmt::skip]
mod sizes;
mod tools;

use std::time::Duration;

use aquatint_domain::{Credits, Model};
use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::multipart::Form;
use crate::order::{Medium, Order};
use crate::outcome::{Cancelled, KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::price::usd;
use crate::provider::{Auth, Facts, Pace, Provider};

/// The one version of the API; every request names it.
const VERSION: (&str, &str) = ("X-Runway-Version", "2024-11-06");
/// The longest data URI that is taken, in characters. "5 MB" is read as the smaller of its two meanings.
const MAX_DATA_URI: usize = 5_000_000;
/// The largest file of an upload.
const MAX_UPLOAD: usize = 200_000_000;
/// What stands in a path or query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
/// "Consumers of this API should not expect updates more frequent than once every five seconds."
const POLL_EVERY: Duration = Duration::from_secs(6);

const LICENSE: &str =
    "Runway's terms of use: what is made belongs to the customer; models of others add their makers' rules";

static FACTS: Facts = Facts {
    id: "runway",
    name: "Runway",
    docs: &[
        "https://docs.dev.runwayml.com/api",
        "https://docs.dev.runwayml.com/guides/models",
        "https://docs.dev.runwayml.com/guides/pricing",
        "https://docs.dev.runwayml.com/errors/task-failures",
    ],
    read_on: "2026-11-21",
    key_variables: &["RUNWAYML_API_SECRET"],
    key_form: "key_…",
    key_page: "https://dev.runwayml.com/",
    base_url: "https://api.dev.runwayml.com",
    hosts: &[],
    auth: Auth::Bearer,
    // The first tier runs one or two tasks of a model at a time; there is no limit by the minute.
    pace: Pace {
        at_once: 2,
        per_minute: 60,
        poll_every: POLL_EVERY,
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct Runway;

#[async_trait]
impl Provider for Runway {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        let pictures = pictures::ROWS.iter().map(pictures::model);
        let films = films::ROWS.iter().map(films::model);
        pictures.chain(films).chain(tools::models()).collect()
    }

    /// `GET /v1/organization` tells the balance and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let organization: Organization = desk
            .get("/v1/organization")
            .header(VERSION.0, VERSION.1)
            .send()
            .await?
            .read()?;
        Ok(KeyFacts {
            account: None,
            balance: Some(format!("{} credits", organization.credit_balance)),
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let mut uris = Vec::with_capacity(order.media.len());
        for medium in &order.media {
            uris.push(uri(desk, medium).await?);
        }
        let (path, body) = request(order, &uris)?;
        let answer = desk
            .post(path)
            .header(VERSION.0, VERSION.1)
            .json(&body)
            .buying()
            .send()
            .await?;
        let begun: Begun = answer.read()?;
        Ok(Submitted::Waiting(Task::new(begun.id).ask_after(POLL_EVERY)))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let answer = desk.get(place(task)).header(VERSION.0, VERSION.1).send().await?;
        progress(&answer)
    }

    /// `DELETE` stops a task that goes on, and deletes the results of one that has ended: so it is asked first.
    async fn cancel(&self, desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
        let answer = desk.get(place(task)).header(VERSION.0, VERSION.1).send().await?;
        let state: State = answer.read()?;
        if !matches!(state.status.as_str(), "PENDING" | "THROTTLED" | "RUNNING") {
            return Ok(Cancelled::TooLate);
        }
        desk.ask(http::Method::DELETE, place(task))
            .header(VERSION.0, VERSION.1)
            .send()
            .await?;
        Ok(Cancelled::Stopped)
    }
}

/// Path and body of the request that costs.
fn request(order: &Order, uris: &[String]) -> Result<(&'static str, Value), Fault> {
    let vendor = order.model.vendor_model.as_str();
    if let Some(row) = pictures::ROWS.iter().find(|row| row.vendor == vendor) {
        return Ok(pictures::request(row, order, uris));
    }
    if let Some(row) = films::ROWS.iter().find(|row| row.vendor == vendor) {
        return films::request(row, order, uris);
    }
    tools::request(order, uris)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    credit_balance: i64,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    status: String,
    progress: Option<f64>,
    #[serde(default)]
    output: Vec<String>,
    failure: Option<String>,
    failure_code: Option<String>,
    cost: Option<Cost>,
}

#[derive(Deserialize)]
struct Cost {
    credits: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Upload {
    upload_url: String,
    fields: Map<String, Value>,
    runway_uri: String,
}

fn place(task: &Task) -> String {
    let id = utf8_percent_encode(&task.id, PLAIN);
    format!("/v1/tasks/{id}")
}

/// How a medium is named in a request: as a data URI where it is small, by a URL of ours, or by an upload.
async fn uri(desk: &Desk, medium: &Medium) -> Result<String, Fault> {
    // Base64 makes four characters of three bytes.
    if medium.bytes.len() / 3 * 4 + 64 <= MAX_DATA_URI {
        return Ok(medium.data_uri());
    }
    if medium.bytes.len() > MAX_UPLOAD {
        return Err(Fault::new(
            FaultKind::InvalidInput,
            format!(
                "Runway takes files up to {} MB; this one is larger",
                MAX_UPLOAD / 1_000_000
            ),
        )
        .at(medium.field.clone()));
    }
    let asked = json!({ "filename": medium.file_name(), "type": "ephemeral" });
    let answer = desk
        .post("/v1/uploads")
        .header(VERSION.0, VERSION.1)
        .json(&asked)
        .send()
        .await?;
    let upload: Upload = answer.read()?;
    let mut form = Form::new();
    for (name, value) in &upload.fields {
        form = form.text(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    // The store takes the file last.
    form = form.medium("file", medium);
    desk.post(upload.upload_url).open().form(form).slow().send().await?;
    Ok(upload.runway_uri)
}

fn progress(answer: &Answer) -> Result<Progress, Fault> {
    let state: State = answer.read()?;
    let cost = state.cost.as_ref().map(|cost| credits(cost.credits));
    Ok(match state.status.as_str() {
        "SUCCEEDED" => Progress::Done(Outcome {
            outputs: state.output.into_iter().map(Output::url).collect(),
            cost,
            request_id: answer.request_id(),
            ..Outcome::default()
        }),
        "FAILED" => Progress::Failed(failure(&state, cost)),
        "CANCELLED" => {
            Progress::Failed(Fault::new(FaultKind::Cancelled, "the task was cancelled").bought(bought(cost)))
        }
        stage => Progress::Running {
            done: state.progress,
            stage: aquatint_domain::text::one_line(&stage.to_lowercase(), 60),
            ask_after: None,
        },
    })
}

/// A failed task. The code is a word path such as `SAFETY.INPUT.TEXT`; its third part is a guess of the vendor's.
/// What a failure costs is told with it: refused inputs are paid for, everything else is given back.
fn failure(state: &State, cost: Option<Credits>) -> Fault {
    let code = state.failure_code.as_deref().unwrap_or_default();
    let words = state.failure.as_deref().unwrap_or_default();
    let mut parts = code.split('.');
    let fault = match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
        ("SAFETY", part) => Fault::refused(words, (!part.is_empty()).then(|| part.to_lowercase())),
        ("INPUT_PREPROCESSING", "SAFETY") => Fault::refused(words, Some("input".to_owned())),
        ("ASSET", _) => Fault::new(FaultKind::InvalidInput, words),
        ("THIRD_PARTY", _) => Fault::new(FaultKind::Overloaded, words),
        _ => Fault::new(FaultKind::TaskFailed, words),
    };
    let fault = if code.is_empty() { fault } else { fault.code(code) };
    // An older answer without a cost: only refused inputs are not given back.
    let is_paid = cost.map_or(code.starts_with("SAFETY.INPUT"), |cost| !cost.is_zero());
    fault.bought(if is_paid { Bought::Yes } else { Bought::No })
}

fn bought(cost: Option<Credits>) -> Bought {
    match cost {
        Some(cost) if !cost.is_zero() => Bought::Yes,
        _ => Bought::No,
    }
}

/// One credit of Runway is one US cent.
fn credits(credits: f64) -> Credits {
    usd(credits.clamp(0.0, 1.0e9) / 100.0)
}

/// `{"error": "words", "docUrl"?, "issues"?: [{"path": ["promptText"], "message"}]}`.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let words = body.get("error")?.as_str()?;
    let mut fault = Fault::of_status(answer.status, words);
    fault.kind = match answer.status {
        // There is no 402: an empty account is a bad request.
        400 if words.contains("enough credits") => FaultKind::NoMoney,
        // "Returned when Runway is shedding load": the task was not taken.
        502 | 503 => FaultKind::Overloaded,
        _ => fault.kind,
    };
    if matches!(answer.status, 500 | 504) {
        fault = fault.bought(Bought::Unknown);
    }
    let at = body.pointer("/issues/0/path/0").and_then(Value::as_str);
    if let Some(field) = at.filter(|_| fault.kind == FaultKind::InvalidInput).map(our_name) {
        fault = fault.at(field);
    }
    Some(fault)
}

/// Our name for a field of the vendor's.
fn our_name(field: &str) -> &str {
    match field {
        "promptText" => "prompt",
        "promptImage" => "first_frame",
        "imageUri" | "referenceImages" | "references" | "keyframes" => "images",
        "videoUri" | "promptVideo" | "reference" => "video",
        "ratio" => "width",
        "duration" => "duration_seconds",
        "negativePrompt" => "negative_prompt",
        "outputCount" => "count",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aquatint_domain::MediaType;
    use bytes::Bytes;

    use super::*;
    use crate::schema::settled;

    fn order(slug: &str, call: Value, media: &[&str]) -> Order {
        let model = Runway
            .models()
            .into_iter()
            .find(|model| model.id.ends_with(slug))
            .expect("there is that model");
        let inputs = settled(&model, call.as_object().expect("an object"));
        let media = media
            .iter()
            .map(|field| Medium {
                field: (*field).to_owned(),
                media_type: if field.contains("video") {
                    MediaType::Mp4
                } else {
                    MediaType::Png
                },
                bytes: Bytes::from_static(b"x"),
                width: 8,
                height: 8,
                seconds: 0.0,
                url: None,
            })
            .collect();
        Order {
            model: Arc::new(model),
            inputs,
            media,
            count: 1,
            purchase: "pur_1".into(),
            webhook: None,
        }
    }

    /// The URIs of an order are called u0, u1 and so on.
    fn asked(order: &Order) -> Result<(&'static str, Value), Fault> {
        let uris: Vec<String> = (0..order.media.len()).map(|number| format!("u{number}")).collect();
        request(order, &uris)
    }

    #[test]
    fn every_capability_has_its_own_request() {
        let moderation = json!({ "publicFigureThreshold": "auto" });
        for (slug, call, media, path, body) in [
            (
                "/gen-4-image",
                json!({ "prompt": "p", "width": 1280, "height": 720, "seed": 7 }),
                &["images", "images"][..],
                "/v1/text_to_image",
                json!({ "model": "gen4_image", "promptText": "p", "ratio": "1280:720", "seed": 7, "contentModeration": moderation,
                    "referenceImages": [{ "uri": "u0", "tag": "image_1" }, { "uri": "u1", "tag": "image_2" }] }),
            ),
            (
                "/seedream-5-pro",
                json!({ "prompt": "p", "web_search": true, "output_format": "jpeg" }),
                &[],
                "/v1/text_to_image",
                json!({ "model": "seedream5_pro", "promptText": "p", "ratio": "1024:1024", "outputCount": 1, "grounding": true, "outputFormat": "jpeg" }),
            ),
            (
                "/gen-4.5",
                json!({ "prompt": "p", "duration_seconds": 2, "public_figures": "low" }),
                &[],
                "/v1/text_to_video",
                json!({ "model": "gen4.5", "promptText": "p", "ratio": "1280:720", "duration": 2, "outputFormat": "mp4", "contentModeration": { "publicFigureThreshold": "low" } }),
            ),
            (
                "/veo-3.1",
                json!({ "prompt": "p", "sound": false, "negative_prompt": "n", "duration_seconds": 4 }),
                &["first_frame", "last_frame"],
                "/v1/image_to_video",
                json!({ "model": "veo3.1", "promptText": "p", "ratio": "1280:720", "duration": 4, "audio": false, "negativePrompt": "n",
                    "promptImage": [{ "position": "first", "uri": "u0" }, { "position": "last", "uri": "u1" }] }),
            ),
            (
                "/seedance-2",
                json!({ "prompt": "p" }),
                &["images", "reference_videos"],
                "/v1/text_to_video",
                json!({ "model": "seedance2", "promptText": "p", "ratio": "1280:720", "duration": 5, "audio": true,
                    "references": [{ "uri": "u0" }], "referenceVideos": [{ "type": "video", "uri": "u1" }] }),
            ),
            (
                "/seedance-2.5",
                json!({ "prompt": "p", "mode": "edit" }),
                &["video"],
                "/v1/video_to_video",
                json!({ "model": "seedance2_5", "promptText": "p", "promptVideo": "u0", "mode": "edit", "duration": "auto", "audio": true }),
            ),
            (
                "/seedance-2.5",
                json!({ "prompt": "p", "mode": "extend", "duration_seconds": 8 }),
                &["video"],
                "/v1/video_to_video",
                json!({ "model": "seedance2_5", "promptText": "p", "promptVideo": "u0", "mode": "extend", "duration": 8, "audio": true }),
            ),
            (
                "/wan-3",
                json!({ "prompt": "p", "width": 1920, "height": 1080 }),
                &["first_frame"],
                "/v1/image_to_video",
                json!({ "model": "wan3", "promptText": "p", "ratio": "auto_1080p", "duration": 5, "audio": true, "promptImage": [{ "position": "first", "uri": "u0" }] }),
            ),
            (
                "/happyhorse-1",
                json!({ "width": 1440, "height": 1440 }),
                &["first_frame"],
                "/v1/image_to_video",
                json!({ "model": "happyhorse_1_0", "resolution": "1080p", "duration": 5, "promptImage": [{ "position": "first", "uri": "u0" }] }),
            ),
            (
                "/grok-imagine-1.5",
                json!({ "prompt": "p", "aspect_ratio": "3:2", "resolution": "720p" }),
                &[],
                "/v1/text_to_video",
                json!({ "model": "grok_imagine_1_5", "promptText": "p", "ratio": "3:2", "resolution": "720p", "duration": 5 }),
            ),
            (
                "/gemini-omni-flash",
                json!({ "prompt": "p" }),
                &["video", "images"],
                "/v1/video_to_video",
                json!({ "model": "gemini_omni_flash", "promptText": "p", "videoUri": "u0", "references": [{ "uri": "u1" }] }),
            ),
            (
                "/aleph-2",
                json!({ "prompt": "p", "image_seconds": [1.5, 4], "image_ranges": [[0, 2], [3, 5]], "aspect_ratio": "21:9" }),
                &["video", "images", "images"],
                "/v1/video_to_video",
                json!({ "model": "aleph2", "promptText": "p", "videoUri": "u0", "targetAspectRatio": "21:9", "outputFormat": "mp4", "contentModeration": moderation,
                    "keyframes": [{ "uri": "u1", "seconds": 1.5, "range": { "start_seconds": 0, "end_seconds": 2 } },
                        { "uri": "u2", "seconds": 4, "range": { "start_seconds": 3, "end_seconds": 5 } }] }),
            ),
            (
                "/act-two",
                json!({ "expression_intensity": 5 }),
                &["video", "images"],
                "/v1/character_performance",
                json!({ "model": "act_two", "reference": { "type": "video", "uri": "u0" }, "character": { "type": "image", "uri": "u1" }, "ratio": "1280:720",
                    "bodyControl": true, "expressionIntensity": 5, "contentModeration": moderation }),
            ),
            (
                "/magnific-precision-2",
                json!({ "scale": 4, "flavor": "sublime", "detail": 30 }),
                &["images"],
                "/v1/image_upscale",
                json!({ "model": "magnific_precision_upscaler_v2", "imageUri": "u0", "scaleFactor": 4, "flavor": "sublime", "ultraDetail": 30 }),
            ),
            (
                "/enhance-frame-rate",
                json!({ "frame_rate": "29.97" }),
                &["video"],
                "/v1/video_upscale",
                json!({ "model": "enhance_frame_rate", "videoUri": "u0", "targetFramerate": "29_97" }),
            ),
            (
                "/ruby",
                json!({}),
                &["video"],
                "/v1/video_to_hdr",
                json!({ "model": "ruby", "videoUri": "u0", "outputFormat": "hdr10" }),
            ),
        ] {
            assert_eq!(asked(&order(slug, call, media)).expect(slug), (path, body), "{slug}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused_before_it_is_sent() {
        for (slug, call, media, field) in [
            (
                "/gen-4.5",
                json!({ "prompt": "p", "width": 960, "height": 960 }),
                &[][..],
                "width",
            ),
            ("/gen-4-turbo", json!({ "prompt": "p" }), &[], "first_frame"),
            ("/veo-3.1", json!({ "prompt": "p" }), &["last_frame"], "last_frame"),
            ("/veo-3.1", json!({}), &[], "prompt"),
            (
                "/seedance-2",
                json!({ "prompt": "p" }),
                &["first_frame", "images"],
                "first_frame",
            ),
            ("/seedance-2.5", json!({ "mode": "extend" }), &["video"], "prompt"),
            ("/gemini-omni-flash", json!({ "prompt": "p" }), &["images"], "images"),
            (
                "/aleph-2",
                json!({ "image_seconds": [1] }),
                &["video", "images", "images"],
                "image_seconds",
            ),
            ("/act-two", json!({}), &["video", "images", "character_video"], "images"),
        ] {
            let fault = asked(&order(slug, call, media)).expect_err(slug);
            assert_eq!(
                (fault.kind, fault.bought, fault.field.as_deref()),
                (FaultKind::InvalidInput, Bought::No, Some(field)),
                "{slug}: {fault}"
            );
        }
    }

    #[test]
    fn failures_say_what_they_are_and_whether_they_are_paid_for() {
        let state = |code: Option<&str>| State {
            status: "FAILED".into(),
            progress: None,
            output: Vec::new(),
            failure: Some("words".into()),
            failure_code: code.map(str::to_owned),
            cost: None,
        };
        for (code, cost, kind, bought) in [
            (Some("SAFETY.INPUT.TEXT"), None, FaultKind::Refused, Bought::Yes),
            (Some("SAFETY.INPUT.TEXT"), Some(0.0), FaultKind::Refused, Bought::No),
            (Some("SAFETY.OUTPUT.VIDEO"), None, FaultKind::Refused, Bought::No),
            (
                Some("INPUT_PREPROCESSING.SAFETY.TEXT"),
                Some(0.0),
                FaultKind::Refused,
                Bought::No,
            ),
            (Some("ASSET.INVALID"), None, FaultKind::InvalidInput, Bought::No),
            (Some("THIRD_PARTY.UNAVAILABLE"), None, FaultKind::Overloaded, Bought::No),
            (Some("INTERNAL.BAD_OUTPUT.01"), None, FaultKind::TaskFailed, Bought::No),
            (None, Some(60.0), FaultKind::TaskFailed, Bought::Yes),
        ] {
            let fault = failure(&state(code), cost.map(credits));
            assert_eq!((fault.kind, fault.bought), (kind, bought), "{code:?}");
        }
        assert_eq!(failure(&state(Some("SAFETY.INPUT.TEXT")), None).categories, ["input"]);
    }

    #[test]
    fn prices_are_those_of_the_price_page() {
        use aquatint_domain::model::Sale;
        // Credits of the vendor are cents, and so are ours.
        for (slug, call, seconds, media, cents) in [
            ("/gen-4-image", json!({ "width": 1280, "height": 720 }), 0.0, 0, 5),
            ("/gen-4-image", json!({ "width": 1920, "height": 1080 }), 0.0, 0, 8),
            (
                "/gpt-image-2",
                json!({ "quality": "high", "width": 2560, "height": 2560 }),
                0.0,
                0,
                20,
            ),
            (
                "/gpt-image-2",
                json!({ "quality": "high", "width": 3840, "height": 1648 }),
                0.0,
                0,
                41,
            ),
            (
                "/gemini-3-pro-image",
                json!({ "width": 4096, "height": 4096 }),
                0.0,
                0,
                40,
            ),
            ("/grok-imagine-image-2", json!({ "quality": "low" }), 0.0, 2, 6),
            ("/gen-4.5", json!({}), 5.0, 0, 60),
            ("/gen-4.5", json!({ "grade": "hdr10" }), 5.0, 0, 160),
            ("/veo-3.1", json!({ "sound": false }), 8.0, 0, 160),
            ("/veo-3.1", json!({}), 8.0, 0, 320),
            ("/seedance-2", json!({ "width": 1920, "height": 1080 }), 10.0, 0, 400),
            ("/seedance-2.5", json!({ "width": 640, "height": 640 }), 2.0, 0, 80),
            ("/aleph-2", json!({}), 1.0, 1, 56),
            ("/magnific-precision-2", json!({ "scale": 2 }), 0.0, 1, 25),
        ] {
            let order = order(slug, call, &[]);
            let (width, height) = order.size().unwrap_or((1024, 1024));
            let sale = Sale {
                outputs: 1,
                width: width as u32,
                height: height as u32,
                seconds,
                media,
                inputs: &order.inputs,
            };
            assert_eq!(order.model.price.price_of(&sale), Credits::whole(cents), "{slug}");
        }
    }
}
