//! Ideogram: API v2, where every endpoint names its model in the path. Every endpoint is a row in `rows.rs`.
//!
//! Written from, on 2026-11-21:
//! - <https://developer.ideogram.ai/ideogram-api/api-overview>, the pages under `/api-reference/images`, and the OpenAPI document
//! - <https://developer.ideogram.ai/ideogram-api/errors>, `…/rate-limits`, `…/idempotency` and `…/webhooks`
//! - <https://ideogram.ai/blog/ideogram-api-pricing> (prices of 2026-11-16) and <https://ideogram.ai/features/api-pricing>
//!
//! Every request is sent with `async`, so that an id comes back at once: "every request … is billed", there is no
//! idempotency key, and what has an id can be asked for again. A finished generation says what it cost. One that
//! finished is billed also when the safety check withholds its pictures; one that failed is not.
//!
//! Not offered: SVG (`/v2/svg`, the studio stores pictures of pixels), text about pictures (`describe`), training, and
//! the models of others that Ideogram resells, which are to be had at their makers; Topaz' upscalers are an exception,
//! because Ideogram has none of its own in v2.

mod lists;
mod rows;
mod signed;

use std::time::Duration;

use aquatint_domain::{Credits, Model};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::rows::{ROWS, Row};
use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::mask;
use crate::multipart::Form;
use crate::order::Order;
use crate::outcome::{KeyFacts, Outcome, Output, Progress, Source, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::webhook::{Delivery, Notice};

/// Micro-credits for a millionth of a US dollar: a credit is a cent.
const MICRO_CREDITS_PER_MICRO_USD: i64 = crate::price::CREDITS_PER_USD;

static FACTS: Facts = Facts {
    id: "ideogram",
    name: "Ideogram",
    docs: &[
        "https://developer.ideogram.ai/v2/llms.txt",
        "https://developer.ideogram.ai/ideogram-api/errors",
        "https://developer.ideogram.ai/ideogram-api/rate-limits",
        "https://developer.ideogram.ai/ideogram-api/idempotency",
        "https://ideogram.ai/blog/ideogram-api-pricing",
    ],
    read_on: "2026-11-21",
    key_variables: &["IDEOGRAM_API_KEY"],
    key_form: "the key of the API page",
    key_page: "https://ideogram.ai/manage-api",
    base_url: "https://api.ideogram.ai",
    hosts: &[],
    auth: Auth::Header("api-key"),
    // Ten pictures in progress, whatever the requests; a request of this studio usually asks for one or two.
    pace: Pace {
        at_once: 5,
        per_minute: 120,
        poll_every: Duration::from_secs(3),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct Ideogram;

#[async_trait]
impl Provider for Ideogram {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        ROWS.iter().map(|row| row.model(FACTS.id)).collect()
    }

    /// A quote: "nothing is generated, stored, or billed".
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let answer = desk
            .post("/v2/image/generate/ideogram-4?dry_run=true")
            .json(&json!({ "prompt": "a blue circle" }))
            .send()
            .await?;
        let quote: Quote = answer.read()?;
        if quote.object != "price_quote" {
            return Err(answer.unreadable("the answer is no price quote"));
        }
        Ok(KeyFacts::default())
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let row = ROWS
            .iter()
            .find(|row| row.slug == order.model.vendor_model)
            .ok_or_else(|| Fault::new(FaultKind::NoSuchModel, "this model is not known here"))?;
        row.check(order)?;
        let fields = fields(row, order);
        let ask = desk.post(format!("/v2/image/{}", row.path));
        let ask = if row.files.is_empty() {
            ask.json(&fields)
        } else {
            ask.form(form(row, order, &fields)?)
        };
        let answer = ask.buying().send().await?;
        let begun: Begun = answer.read()?;
        Ok(Submitted::Waiting(
            Task::new(begun.generation_id).ask_after(Duration::from_secs(3)),
        ))
    }

    /// A delivery is believed as far as its id; the generation is read where its cost stands too.
    async fn webhook(&self, desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        let keys = desk.get("/v1/.well-known/jwks.json").send().await?.read()?;
        let task = signed::verify(delivery, &keys)?;
        Ok(Notice { task, progress: None })
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let id = percent_encoding::utf8_percent_encode(&task.id, percent_encoding::NON_ALPHANUMERIC);
        let answer = desk.get(format!("/v2/generations/{id}")).send().await?;
        let generation: Generation = answer.read()?;
        Ok(match generation.status.as_str() {
            "completed" => finished(generation, &answer),
            "failed" => Progress::Failed(failed(&generation.failure_reason.unwrap_or_default())),
            other => Progress::running(other),
        })
    }
}

#[derive(Deserialize)]
struct Quote {
    object: String,
}

#[derive(Deserialize)]
struct Begun {
    generation_id: String,
}

#[derive(Deserialize)]
struct Generation {
    status: String,
    failure_reason: Option<String>,
    usage_cost_usd_micros: Option<i64>,
    #[serde(default)]
    data: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    url: Option<String>,
    prompt: Option<String>,
    is_image_safe: bool,
    seed: Option<u64>,
}

/// The words of a request, by the vendor's names.
fn fields(row: &Row, order: &Order) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in &order.inputs {
        if name == "width" || name == "height" {
            continue;
        }
        let theirs = row
            .words
            .iter()
            .find(|(ours, _)| ours == name)
            .map_or(name.as_str(), |(_, theirs)| theirs);
        // Ratios are written 16x9 there.
        let value = match value.as_str() {
            Some(ratio) if name == "aspect_ratio" => json!(ratio.replace(':', "x")),
            _ => value.clone(),
        };
        fields.insert(theirs.to_owned(), value);
    }
    if let (Some(field), Some((width, height))) = (row.size_field, order.size()) {
        fields.insert(field.to_owned(), json!(format!("{width}x{height}")));
    }
    if row.has_count {
        fields.insert("num_images".into(), json!(order.count));
    }
    // Some endpoints are asynchronous without being told, and do not know the word.
    if !row.is_always_async {
        fields.insert("async".into(), json!(true));
    }
    if let Some(webhook) = order.webhook.as_ref().filter(|_| row.has_webhook) {
        fields.insert("webhook_url".into(), json!(webhook.url));
    }
    fields
}

/// Files with the words beside them: a list is a part for each of its items, an object is JSON.
fn form(row: &Row, order: &Order, fields: &Map<String, Value>) -> Result<Form, Fault> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut form = Form::new();
    for (name, value) in fields {
        form = match value {
            Value::Array(items) => items.iter().fold(form, |form, item| form.text(name, text(item))),
            one => form.text(name, text(one)),
        };
    }
    for (ours, theirs) in row.files {
        for medium in order.media_of(ours) {
            form = match (*ours, row.white_changes) {
                ("mask", false) => form.file(
                    theirs,
                    "mask.png",
                    "image/png",
                    mask::inverted(&mask::black_or_white(&medium.bytes)?)?,
                ),
                ("mask", true) => form.file(theirs, "mask.png", "image/png", mask::black_or_white(&medium.bytes)?),
                _ => form.medium(theirs, medium),
            };
        }
    }
    Ok(form)
}

/// A finished generation: the pictures that passed the safety check.
fn finished(generation: Generation, answer: &Answer) -> Progress {
    let cost = generation.usage_cost_usd_micros.map(|micros| {
        Credits::from_micro(
            micros
                .clamp(0, i64::MAX / 1_000)
                .saturating_mul(MICRO_CREDITS_PER_MICRO_USD),
        )
    });
    let made = generation.data.len();
    let outputs: Vec<Output> = generation
        .data
        .into_iter()
        .filter(|image| image.is_image_safe)
        .filter_map(|image| {
            let url = image.url.filter(|url| !url.is_empty())?;
            Some(Output {
                seed: image.seed,
                revised_prompt: image.prompt,
                ..Output::of(Source::Url(url))
            })
        })
        .collect();
    let withheld = made - outputs.len();
    if outputs.is_empty() && withheld > 0 {
        // "A request that runs is billed when it completes, including when an image is withheld by the safety check."
        return Progress::Failed(
            Fault::refused("the safety check withheld the result", ["result".to_owned()]).bought(Bought::Yes),
        );
    }
    let notes = if withheld > 0 {
        vec![format!("The safety check withheld {withheld} of {made} pictures.")]
    } else {
        Vec::new()
    };
    Progress::Done(Outcome {
        outputs,
        cost,
        request_id: answer.request_id(),
        notes,
        ..Outcome::default()
    })
}

/// "A generation that fails is not billed."
fn failed(reason: &str) -> Fault {
    if reason == "content_policy_violation" {
        return Fault::refused("the content rules do not allow this", Vec::new()).code(reason);
    }
    let words = if reason.is_empty() {
        "the generation failed"
    } else {
        reason
    };
    Fault::new(FaultKind::TaskFailed, words).code(reason)
}

/// `{"error", "reject_reason"}`, or `{"error"}` for the safety check with status 422. Nothing of that is billed.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let message = if word("error").is_empty() {
        word("message")
    } else {
        word("error")
    };
    let reason = word("reject_reason");
    if message.is_empty() && reason.is_empty() {
        return None;
    }
    // For the prompt of a generation the documentation knows no other meaning of this status.
    if answer.status == 422 {
        return Some(Fault::refused(&message, ["prompt".to_owned()]));
    }
    let mut fault = Fault::of_status(answer.status, &message);
    fault.kind = match reason.as_str() {
        "insufficient_funds" | "priority_credit_required" => FaultKind::NoMoney,
        "subscription_required" | "feature_limit" => FaultKind::Forbidden,
        "daily_limit" | "inflight_limit" => FaultKind::Throttled,
        _ => fault.kind,
    };
    Some(if reason.is_empty() { fault } else { fault.code(reason) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aquatint_domain::MediaType;
    use bytes::Bytes;

    use super::*;
    use crate::order::Medium;
    use crate::schema::settled;

    fn order(slug: &str, call: Value, files: &[&str]) -> (&'static Row, Order) {
        let row = ROWS.iter().find(|row| row.slug == slug).expect("a row");
        let model = row.model(FACTS.id);
        let medium = |field: &&str| Medium {
            field: (*field).to_owned(),
            media_type: MediaType::Png,
            bytes: Bytes::from_static(b"\x89PNG"),
            width: 8,
            height: 8,
            seconds: 0.0,
            url: None,
        };
        let order = Order {
            inputs: settled(&model, call.as_object().expect("an object")),
            model: Arc::new(model),
            media: files.iter().map(medium).collect(),
            count: 2,
            purchase: "pur_1".into(),
            webhook: None,
        };
        (row, order)
    }

    #[test]
    fn words_have_the_vendors_names() {
        let (row, order_) = order(
            "ideogram-4",
            json!({ "prompt": "a menu", "width": 1792, "height": 2240, "quality": "turbo", "seed": 5 }),
            &[],
        );
        assert_eq!(row.path, "generate/ideogram-4");
        assert_eq!(
            Value::Object(fields(row, &order_)),
            json!({
                "prompt": "a menu", "resolution": "1792x2240", "rendering_speed": "turbo", "seed": 5, "num_images": 2, "async": true,
                "magic_prompt": "auto", "enable_copyright_detection": false
            })
        );
        let (row, order_) = order(
            "ideogram-4-transparent",
            json!({ "prompt": "a fox", "aspect_ratio": "4:5", "resolution": "2k" }),
            &[],
        );
        let sent = fields(row, &order_);
        assert_eq!(
            (&sent["aspect_ratio"], &sent["output_resolution"]),
            (&json!("4x5"), &json!("2k"))
        );
        let (row, order_) = order("ideogram-4.5", json!({ "prompt": "a poster" }), &[]);
        let sent = fields(row, &order_);
        assert_eq!((&sent["size"], &sent["quality"]), (&json!("2048x2048"), &json!("high")));
    }

    #[test]
    fn lists_are_parts_objects_are_json_and_some_endpoints_know_no_async() {
        let call = json!({ "prompt": "a teapot", "style_codes": ["0A1B2C3D", "FFFFFFFF"], "color_palette": { "name": "ember" } });
        let (row, order_) = order("ideogram-3", call, &[]);
        let (_, body) = form(row, &order_, &fields(row, &order_)).expect("a form").finish();
        let text = String::from_utf8_lossy(&body);
        assert_eq!(text.matches("name=\"style_codes\"").count(), 2, "{text}");
        assert!(
            text.contains("name=\"color_palette\"\r\n\r\n{\"name\":\"ember\"}\r\n"),
            "{text}"
        );
        let (row, order_) = order(
            "ideogram-3-replace-background",
            json!({ "prompt": "a beach" }),
            &["images"],
        );
        assert_eq!(
            Value::Object(fields(row, &order_)),
            json!({ "prompt": "a beach", "rendering_speed": "default", "num_images": 2 })
        );
    }

    #[test]
    fn what_does_not_go_together_is_refused_before_it_is_sent() {
        let refused = |slug: &str, call: Value, files: &[&str]| {
            let (row, order_) = order(slug, call, files);
            row.check(&order_).expect_err("refused").field
        };
        let call = json!({ "prompt": "a", "style_preset": "aura" });
        assert_eq!(
            refused("ideogram-3", call, &["style_reference_images"]).as_deref(),
            Some("style_preset")
        );
        let references = [
            "images",
            "mask",
            "reference_images",
            "reference_images",
            "reference_images",
            "reference_images",
        ];
        assert_eq!(
            refused("ideogram-4.5-edit", json!({ "prompt": "a" }), &references).as_deref(),
            Some("reference_images")
        );
    }
}
