//! What a task says of itself, and what error answers mean.
//!
//! A task that failed or was moderated may come with HTTP 503 or 422 and the usual body, so the body is read first.

use aquatint_domain::Credits;
use serde::Deserialize;
use serde_json::Value;

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::outcome::{Outcome, Output, Progress, Task};
use crate::price::usd;

/// Asks how a task stands.
pub async fn poll(desk: &Desk, task: &Task) -> Result<Progress, Fault> {
    let place = match task.data["polling_url"].as_str() {
        Some(url) => url.to_owned(),
        None => format!("/v1/get_result?id={}", in_query(&task.id)),
    };
    let answer = desk.get(place).any_status().send().await?;
    let state = match answer.read::<State>() {
        Ok(state) => state,
        Err(unreadable) if answer.is_good() => return Err(unreadable),
        Err(_) => return Err(desk.fault_of(&answer)),
    };
    match state.status.as_str() {
        "Ready" => done(state, task)
            .map(Progress::Done)
            .ok_or_else(|| answer.unreadable("the task is ready without `result`")),
        status => match ended(status, &state.details) {
            Some(fault) => Ok(Progress::Failed(fault)),
            None => Ok(Progress::Running {
                done: state.progress,
                stage: aquatint_domain::text::one_line(status, 60),
                ask_after: answer.retry_after(desk.clock()),
            }),
        },
    }
}

#[derive(Deserialize)]
struct State {
    status: String,
    result: Option<Made>,
    progress: Option<f64>,
    #[serde(default)]
    details: Value,
    /// In their credits: what was charged.
    cost: Option<f64>,
}

#[derive(Deserialize)]
struct Made {
    sample: Option<String>,
    #[serde(default)]
    seed: Value,
    /// The prompt after the vendor's rewriting.
    prompt: Option<String>,
    draft_cache: Option<String>,
}

fn done(state: State, task: &Task) -> Option<Outcome> {
    let made = state.result?;
    let output = made.sample.map(|sample| Output {
        seed: made.seed.as_u64(),
        revised_prompt: made.prompt.filter(|prompt| !prompt.trim().is_empty()),
        ..Output::url(sample)
    });
    let notes = made.draft_cache.map(|url| {
        format!("For the full version give this as `draft_cache` to `video/bfl/flux-3-enhance` within two hours: {url}")
    });
    Some(Outcome {
        outputs: output.into_iter().collect(),
        cost: state.cost.or_else(|| task.data["cost"].as_f64()).and_then(credits),
        request_id: Some(task.id.clone()),
        notes: notes.into_iter().collect(),
        ..Outcome::default()
    })
}

/// Their credits are US cents.
fn credits(theirs: f64) -> Option<Credits> {
    (theirs.is_finite() && (0.0..1.0e6).contains(&theirs)).then(|| usd(theirs / 100.0))
}

/// What a status says of an end without a result; `None` for all others.
fn ended(status: &str, details: &Value) -> Option<Fault> {
    let fault = match status {
        "Request Moderated" => Fault::refused("its moderation stopped the request", reasons(details)),
        "Content Moderated" => Fault::refused("its moderation held back the result", reasons(details)),
        "Task not found" => Fault::new(FaultKind::TaskLost, "it does not know the task (any more)"),
        "Error" | "Failed" => {
            let words = details["error"]
                .as_str()
                .or_else(|| details.as_str())
                .unwrap_or("the task ended with an error");
            Fault::new(FaultKind::TaskFailed, words)
        }
        _ => return None,
    };
    Some(fault.code(status))
}

/// `{"Moderation Reasons": ["Violence"]}`.
fn reasons(details: &Value) -> Vec<String> {
    let listed = details["Moderation Reasons"].as_array().into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Error answers: `{"detail": "…"}`, or a list of what is wrong with which field.
pub fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let detail = &body["detail"];
    if let Some(first) = detail.as_array().and_then(|list| list.first()) {
        let path: Vec<_> = first["loc"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let field = path
            .iter()
            .rev()
            .find(|part| **part != "body")
            .copied()
            .unwrap_or_default();
        let words = first["msg"].as_str().unwrap_or("an input is not accepted");
        return Some(Fault::of_status(answer.status, format!("{field}: {words}")).at(our_name(field)));
    }
    let words = detail.as_str().or_else(|| body["message"].as_str())?;
    let mut fault = Fault::of_status(answer.status, words);
    if matches!(answer.status, 502 | 504) {
        fault.bought = Bought::Unknown;
    }
    // A missing or wrong key is a 403 here.
    if answer.status == 403 && words.to_lowercase().contains("not authenticated") {
        fault.kind = FaultKind::BadKey;
    }
    Some(fault)
}

/// The input that became a field of theirs.
fn our_name(field: &str) -> &str {
    match field {
        "image" | "image_prompt" => "images",
        "start_video" | "input_video" => "video",
        "duration" => "duration_seconds",
        "disable_pup" => "prompt_upsampling",
        _ if field.starts_with("input_image") => "images",
        _ => field,
    }
}

/// An id as part of a query.
fn in_query(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
