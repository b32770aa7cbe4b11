//! Stability AI: the Stable Image services of REST v2beta. Every service is a row in `rows.rs`; this file speaks to them.
//!
//! Written from, on 2026-11-21:
//! - <https://platform.stability.ai/docs/api-reference> and the OpenAPI document behind it (v2beta)
//! - <https://platform.stability.ai/pricing> and <https://stability.ai/api-pricing-update-25> (a credit is one US cent)
//! - <https://kb.stability.ai/knowledge-base/api-key-rate-limit-information> (150 requests in 10 seconds, then 60 seconds of rest)
//! - <https://platform.stability.ai/docs/release-notes> (v1, Stable Video and SD 1.6 are over; SD 3.0 goes to 3.5)
//!
//! One request makes one picture. Two services answer with an id that is asked for every 10 seconds, with the same key,
//! for 24 hours. There are no webhooks, no cancelling and no idempotency keys, so a lost answer stays in doubt.

mod rows;

use std::time::Duration;

use aquatint_domain::Model;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use self::rows::{ROWS, Row};
use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::mask;
use crate::multipart::Form;
use crate::order::Order;
use crate::outcome::{KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};

/// The most of a whole request, with room for the words beside the files.
const MAX_FILE_BYTES: usize = 10 * 1024 * 1024 - 64 * 1024;
/// Polling oftener than this is throttled.
const POLL_EVERY: Duration = Duration::from_secs(10);

static FACTS: Facts = Facts {
    id: "stability",
    name: "Stability AI",
    docs: &[
        "https://platform.stability.ai/docs/api-reference",
        "https://platform.stability.ai/pricing",
        "https://platform.stability.ai/docs/release-notes",
    ],
    read_on: "2026-11-21",
    key_variables: &["STABILITY_API_KEY"],
    key_form: "sk-…",
    key_page: "https://platform.stability.ai/account/keys",
    base_url: "https://api.stability.ai",
    hosts: &[],
    auth: Auth::Bearer,
    pace: Pace {
        at_once: 10,
        per_minute: 600,
        poll_every: POLL_EVERY,
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct Stability;

#[async_trait]
impl Provider for Stability {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        ROWS.iter().map(|row| row.model(FACTS.id)).collect()
    }

    /// The balance costs nothing to read.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let balance: Balance = desk.get("/v1/user/balance").send().await?.read()?;
        Ok(KeyFacts {
            account: None,
            balance: Some(format!("{:.2} credits", balance.credits)),
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let row = row_of(order)?;
        check_files(row, order)?;
        let answer = desk
            .post(format!("/v2beta/stable-image/{}", row.path))
            .header("accept", "application/json")
            .form(form(row, order)?)
            .buying()
            .slow()
            .send()
            .await?;
        if row.is_task {
            let begun: Begun = answer.read()?;
            return Ok(Submitted::Waiting(Task::new(begun.id).ask_after(POLL_EVERY)));
        }
        outcome(&answer).map(Submitted::Done)
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let answer = desk
            .get(format!("/v2beta/results/{}", path_word(&task.id)))
            .header("accept", "application/json")
            .slow()
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            // What the vendor says about the work itself is final; "We do not charge for failed generations".
            Err(fault) if fault.kind == FaultKind::Refused => return Ok(Progress::Failed(fault)),
            Err(mut fault) if fault.kind == FaultKind::InvalidInput => {
                fault.kind = FaultKind::TaskFailed;
                return Ok(Progress::Failed(fault));
            }
            Err(fault) => return Err(fault),
        };
        if answer.status == 202 {
            let body = answer.json()?;
            let stage = body.get("status").and_then(Value::as_str).unwrap_or("in-progress");
            return Ok(Progress::running(stage));
        }
        match outcome(&answer) {
            Ok(outcome) => Ok(Progress::Done(outcome)),
            Err(fault) if fault.kind == FaultKind::Refused => Ok(Progress::Failed(fault)),
            Err(fault) => Err(fault),
        }
    }
}

#[derive(Deserialize)]
struct Balance {
    credits: f64,
}

/// What the two slow services answer.
#[derive(Deserialize)]
struct Begun {
    id: String,
}

#[derive(Deserialize)]
struct Made {
    image: Option<String>,
    seed: Option<u64>,
    finish_reason: String,
}

fn row_of(order: &Order) -> Result<&'static Row, Fault> {
    ROWS.iter()
        .find(|row| row.slug == order.model.vendor_model)
        .ok_or_else(|| Fault::new(FaultKind::NoSuchModel, "this service is not known here"))
}

/// What the vendor would refuse for its size, said before it is sent.
fn check_files(row: &Row, order: &Order) -> Result<(), Fault> {
    let bytes: usize = order.media.iter().map(|medium| medium.bytes.len()).sum();
    if bytes > MAX_FILE_BYTES {
        let words =
            format!("the files have {bytes} bytes together; all of a request may have 10 MiB. Make them smaller first");
        return Err(Fault::new(FaultKind::InvalidInput, words).at("images"));
    }
    for medium in &order.media {
        let pixels = u64::from(medium.width) * u64::from(medium.height);
        if pixels > row.most_pixels {
            let words = format!(
                "the picture has {}×{} pixels; this service takes up to {} pixels in all. Resize it first",
                medium.width, medium.height, row.most_pixels
            );
            return Err(Fault::new(FaultKind::InvalidInput, words).at(medium.field.clone()));
        }
    }
    Ok(())
}

/// Every service takes a form, also without files.
fn form(row: &Row, order: &Order) -> Result<Form, Fault> {
    let mut form = Form::new();
    let has_image = order.medium("images").is_some();
    if let Some(model) = row.model {
        let mode = if has_image { "image-to-image" } else { "text-to-image" };
        form = form.text("model", model).text("mode", mode);
    }
    for (name, value) in &order.inputs {
        let is_out = if has_image {
            row.without_image.contains(&name.as_str())
        } else {
            row.with_image.contains(&name.as_str())
        };
        if is_out {
            continue;
        }
        let theirs = row
            .words
            .iter()
            .find(|(ours, _)| ours == name)
            .map_or(name.as_str(), |(_, theirs)| theirs);
        form = form.text(theirs, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    for (ours, theirs) in row.files {
        if let Some(medium) = order.medium(ours) {
            form = match *ours {
                "mask" => form.file(theirs, "mask.png", "image/png", mask::grey(&medium.bytes)?),
                _ => form.medium(theirs, medium),
            };
        }
    }
    Ok(form)
}

fn outcome(answer: &Answer) -> Result<Outcome, Fault> {
    let made: Made = answer.read()?;
    // The picture is made and blurred. Whether it is charged for is not documented.
    if made.finish_reason == "CONTENT_FILTERED" {
        let mut fault = Fault::refused(
            "the result broke the content rules and was blurred",
            ["result".to_owned()],
        );
        fault.request_id = answer.request_id();
        return Err(fault.code(made.finish_reason).bought(Bought::Unknown));
    }
    let outputs = match made.image {
        Some(image) => {
            let bytes = STANDARD
                .decode(image)
                .map_err(|_| answer.unreadable("`image` is not base64"))?;
            vec![Output {
                seed: made.seed,
                ..Output::bytes(bytes)
            }]
        }
        None => Vec::new(),
    };
    Ok(Outcome {
        outputs,
        request_id: answer.request_id(),
        ..Outcome::default()
    })
}

/// `{"id", "name", "errors": ["…"]}`. The vendor says itself that the request failed, and does not charge for that.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let name = body.get("name")?.as_str()?;
    let words: Vec<&str> = body
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let message = words.join("; ");
    let mut fault = Fault::of_status(answer.status, &message);
    fault.kind = match name {
        "content_moderation" => {
            return Some(with_id(Fault::refused(&message, ["request".to_owned()]), &body).code(name));
        }
        "unauthorized" => FaultKind::BadKey,
        "payment_required" => FaultKind::NoMoney,
        "permission_denied" => FaultKind::Forbidden,
        "rate_limit_exceeded" => FaultKind::Throttled,
        _ => fault.kind,
    };
    // Their sentences begin with the field: "prompt: cannot be blank".
    if fault.kind == FaultKind::InvalidInput
        && let Some((field, _)) = message.split_once(": ")
        && field.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
    {
        let ours = if field == "image" { "images" } else { field };
        fault = fault.at(ours);
    }
    Some(with_id(fault, &body).code(name))
}

fn with_id(mut fault: Fault, body: &Value) -> Fault {
    let id = body.get("id").and_then(Value::as_str);
    fault.request_id = id.map(|id| aquatint_domain::text::one_line(id, 100));
    fault
}

/// An id of the vendor's as one word of a path.
fn path_word(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aquatint_domain::MediaType;
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::order::Medium;
    use crate::schema::settled;

    fn order(slug: &str, call: Value, files: &[(&str, usize, u32)]) -> (&'static Row, Order) {
        let row = ROWS.iter().find(|row| row.slug == slug).expect("a row");
        let model = row.model(FACTS.id);
        let medium = |(field, bytes, side): &(&str, usize, u32)| Medium {
            field: (*field).to_owned(),
            media_type: MediaType::Png,
            bytes: Bytes::from(vec![7; *bytes]),
            width: *side,
            height: *side,
            seconds: 0.0,
            url: None,
        };
        let order = Order {
            inputs: settled(&model, call.as_object().expect("an object")),
            model: Arc::new(model),
            media: files.iter().map(medium).collect(),
            count: 1,
            purchase: "pur_1".into(),
            webhook: None,
        };
        (row, order)
    }

    fn sent(slug: &str, call: Value, files: &[(&str, usize, u32)]) -> String {
        let (row, order) = order(slug, call, files);
        let (_, body) = form(row, &order).expect("a form").finish();
        String::from_utf8_lossy(&body).into_owned()
    }

    #[test]
    fn sd35_is_told_its_mode_and_only_what_goes_with_it() {
        let words = sent("sd3.5-medium", json!({ "prompt": "a fox", "aspect_ratio": "3:2" }), &[]);
        for part in [
            "name=\"model\"\r\n\r\nsd3.5-medium",
            "name=\"mode\"\r\n\r\ntext-to-image",
            "name=\"aspect_ratio\"\r\n\r\n3:2",
            "name=\"cfg_scale\"\r\n\r\n4.0",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(!words.contains("strength"), "{words}");
        let picture = sent(
            "sd3.5-medium",
            json!({ "prompt": "a fox", "strength": 0.4 }),
            &[("images", 3, 64)],
        );
        for part in [
            "image-to-image",
            "name=\"strength\"\r\n\r\n0.4",
            "name=\"image\"; filename=\"images.png\"",
        ] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert!(!picture.contains("aspect_ratio"), "{picture}");
    }

    #[test]
    fn files_and_words_have_the_services_names() {
        let relit = sent(
            "replace-background-and-relight",
            json!({ "prompt": "a kitchen" }),
            &[("images", 3, 64), ("light_reference", 3, 64)],
        );
        for part in [
            "name=\"subject_image\"",
            "name=\"light_reference\"",
            "name=\"background_prompt\"\r\n\r\na kitchen",
        ] {
            assert!(relit.contains(part), "{part}: {relit}");
        }
        let styled = sent(
            "control-style-transfer",
            json!({}),
            &[("images", 3, 64), ("style_image", 3, 64)],
        );
        assert!(
            styled.contains("name=\"init_image\"") && styled.contains("name=\"style_image\""),
            "{styled}"
        );
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_sent() {
        let (row, heavy) = order("inpaint", json!({ "prompt": "a" }), &[("images", 11 * 1024 * 1024, 64)]);
        assert!(
            check_files(row, &heavy)
                .expect_err("refused")
                .message
                .contains("10 MiB")
        );
        let (row, wide) = order("upscale-fast", json!({}), &[("images", 3, 1025)]);
        let fault = check_files(row, &wide).expect_err("refused");
        assert_eq!(
            (fault.kind, fault.field.as_deref()),
            (FaultKind::InvalidInput, Some("images"))
        );
    }
}
