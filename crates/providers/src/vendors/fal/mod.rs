//! fal: any of its endpoints through the queue. Some rows are ours; every other endpoint is found by its id, and its
//! inputs are read from its OpenAPI document.
//!
//! Written from, on 2026-11-21:
//! - <https://fal.ai/docs/documentation/model-apis/inference/queue> and `…/webhooks`
//! - <https://fal.ai/docs/documentation/model-apis/errors>, `…/request-errors`, `…/faq`
//! - <https://fal.ai/docs/platform-apis/v1/models>, `…/pricing`, `…/requests/by-endpoint` (OpenAPI of 2026-08-21)
//!
//! fal answers at several hosts: the queue, the platform's API, and the keys of its webhooks. With another base URL, a
//! proxy or a stand-in, all of them are asked there. What a request cost stands in a header of its result, in the unit
//! that the endpoint is priced in; the price of a unit is asked for when the result is there, so it is never out of date.

mod cards;

mod keys;
mod rows;

use std::time::Duration;

use aquatint_domain::model::{PriceRule, Rate};
use aquatint_domain::text::one_line;
use aquatint_domain::{Credits, MediaKind, Model};
use async_trait::async_trait;
use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::order::{Medium, Order};
use crate::outcome::{Cancelled, Found, KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::price::usd;
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::vendors::described::{self, Dialect, UNSEEN_LABEL, openapi, wire};
use crate::webhook::{Delivery, Notice};
use cards::Cards;

const QUEUE: &str = "https://queue.fal.run";
const PLATFORM: &str = "https://api.fal.ai";
const REST: &str = "https://rest.fal.ai";
/// Endpoints that a search reads whole.
const SEARCH_MODELS: usize = 8;
/// How far back a look-up goes.
const LOOK_UP_BACK: Duration = Duration::from_secs(3_600);
/// A file of up to this many bytes goes into the request itself.
const INLINE_BYTES: usize = 2 * 1024 * 1024;
/// What an endpoint id keeps as it is in a URL.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'%')
    .add(b'\\');

static FACTS: Facts = Facts {
    id: "fal",
    name: "fal",
    docs: &[
        "https://fal.ai/docs/documentation/model-apis/inference/queue",
        "https://fal.ai/docs/documentation/model-apis/errors",
        "https://fal.ai/docs/platform-apis/v1/models",
    ],
    read_on: "2026-11-21",
    key_variables: &["FAL_KEY"],
    key_form: "KEY_ID:KEY_SECRET",
    key_page: "https://fal.ai/dashboard/keys",
    base_url: QUEUE,
    hosts: &["queue.fal.run", "api.fal.ai", "rest.fal.ai"],
    auth: Auth::Word("Key"),
    // A new account works on two requests at a time; what is more waits in the queue there.
    pace: Pace {
        at_once: 8,
        per_minute: 300,
        poll_every: Duration::from_secs(2),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct Fal;

#[async_trait]
impl Provider for Fal {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        rows::rows()
            .into_iter()
            .map(|row| row.model(FACTS.id, FACTS.name, "https://fal.ai/models/"))
            .collect()
    }

    /// The price of one endpoint is told to a good key alone, and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let place = at(desk, PLATFORM, "/v1/models/pricing?endpoint_id=fal-ai%2Fflux%2Fschnell");
        let _: Prices = desk.get(place).send().await?.read()?;
        Ok(KeyFacts::default())
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let prepared = wire::prepared(order)?;
        let mut places = Vec::with_capacity(prepared.media.len());
        for medium in &prepared.media {
            places.push(stored(desk, medium).await?);
        }
        let body = wire::inputs(&prepared, &places);
        let mut place = format!("/{}", path(&order.model.vendor_model));
        if let Some(webhook) = &order.webhook {
            let webhook: String = utf8_percent_encode(&webhook.url, NON_ALPHANUMERIC).collect();
            place = format!("{place}?fal_webhook={webhook}");
        }
        // The queue tries a request again by itself on another machine, which is one purchase to us.
        let answer = desk.post(place).json(&body).buying().send().await?;
        let queued: Queued = answer.read()?;
        if queued.request_id.is_empty() {
            return Err(answer.unreadable("there is no `request_id`"));
        }
        Ok(Submitted::Waiting(task(&order.model.vendor_model, &queued.request_id)))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let (app, request) = place_of(task)?;
        let status: Status = desk
            .get(format!("/{app}/requests/{request}/status"))
            .send()
            .await?
            .read()?;
        match status.status.as_str() {
            "COMPLETED" => {}
            "IN_QUEUE" => {
                let place = status
                    .queue_position
                    .map_or(String::new(), |place| format!(", {place} before it"));
                return Ok(Progress::running(&format!("in the queue{place}")));
            }
            other => return Ok(Progress::running(&other.to_lowercase().replace('_', " "))),
        }
        // What went wrong is the answer to asking for the result, with a status of its own.
        match desk.get(format!("/{app}/requests/{request}")).send().await {
            Ok(answer) => self.outcome(desk, task, &answer).await,
            Err(fault) if is_the_end(&fault) => Ok(Progress::Failed(ended(fault))),
            Err(fault) => Err(fault),
        }
    }

    async fn cancel(&self, desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
        let (app, request) = place_of(task)?;
        let asked = desk
            .ask(Method::PUT, format!("/{app}/requests/{request}/cancel"))
            .send()
            .await;
        match asked {
            Ok(_) => Ok(Cancelled::Stopped),
            Err(fault) if matches!(fault.code.as_deref(), Some("ALREADY_COMPLETED" | "NOT_FOUND")) => {
                Ok(Cancelled::TooLate)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The history of an endpoint tells inputs. It lags behind, so what is not in it may yet come: that is not an answer.
    async fn look_up(&self, desk: &Desk, order: &Order) -> Result<Found, Fault> {
        let wanted = wire::settings(order);
        // Only a seed makes two purchases of the same words different.
        if !wanted.contains_key("seed") {
            return Ok(Found::NotOffered);
        }
        let back = jiff::SignedDuration::try_from(LOOK_UP_BACK).unwrap_or_default();
        let Ok(since) = desk.clock().now().checked_sub(back) else {
            return Ok(Found::NotOffered);
        };
        let endpoint = &order.model.vendor_model;
        let query = format!(
            "/v1/models/requests/by-endpoint?endpoint_id={}&start={}&limit=100&expand=payloads",
            utf8_percent_encode(endpoint, NON_ALPHANUMERIC),
            utf8_percent_encode(&since.to_string(), NON_ALPHANUMERIC),
        );
        let history: History = desk.get(at(desk, PLATFORM, &query)).send().await?.read()?;
        let found = history.items.iter().find(|item| {
            let given = item.json_input.as_ref();
            wanted
                .iter()
                .all(|(name, value)| given.and_then(|given| given.get(name)) == Some(value))
        });
        Ok(match found {
            Some(item) => Found::Bought(Submitted::Waiting(task(endpoint, &item.request_id))),
            None => Found::NotOffered,
        })
    }

    /// Signed with Ed25519 by one of the keys that fal publishes. The result is polled, because only that tells the cost.
    async fn webhook(&self, desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        keys::verify(desk, delivery).await?;
        let told: Told =
            serde_json::from_slice(&delivery.body).map_err(|_| Fault::unreadable("the delivery names no request"))?;
        Ok(Notice {
            task: told.request_id,
            progress: None,
        })
    }

    async fn find(&self, desk: &Desk, slug: &str) -> Result<Option<Model>, Fault> {
        if !is_endpoint(slug) {
            return Ok(None);
        }
        let query = format!(
            "/v1/models?endpoint_id={}&expand=openapi-3.0",
            utf8_percent_encode(slug, NON_ALPHANUMERIC)
        );
        let cards: Cards = match desk.get(at(desk, PLATFORM, &query)).send().await {
            Ok(answer) => answer.read()?,
            Err(fault) if fault.kind == FaultKind::NoSuchModel => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(card) = cards.models.into_iter().find(|card| card.endpoint_id == slug) else {
            return Ok(None);
        };
        let price = price(desk, slug).await?;
        card.model(price)
    }

    async fn search(&self, desk: &Desk, words: &str) -> Result<Vec<Model>, Fault> {
        let words: String = utf8_percent_encode(words, NON_ALPHANUMERIC).collect();
        let query = format!("/v1/models?q={words}&status=active&limit={SEARCH_MODELS}&expand=openapi-3.0");
        let cards: Cards = desk.get(at(desk, PLATFORM, &query)).send().await?.read()?;
        let ids: Vec<String> = cards
            .models
            .iter()
            .map(|card| utf8_percent_encode(&card.endpoint_id, NON_ALPHANUMERIC).to_string())
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!("/v1/models/pricing?endpoint_id={}", ids.join("&endpoint_id="));
        let prices: Prices = desk.get(at(desk, PLATFORM, &query)).send().await?.read()?;
        let models = cards.models.iter().filter_map(|card| {
            let price = prices.prices.iter().find(|price| price.endpoint_id == card.endpoint_id);
            card.model(price.cloned()).ok().flatten()
        });
        Ok(models.take(SEARCH_MODELS).collect())
    }
}

impl Fal {
    async fn outcome(&self, desk: &Desk, task: &Task, answer: &Answer) -> Result<Progress, Fault> {
        let made = answer.json()?;
        let units: Option<f64> = answer
            .header("x-fal-billable-units")
            .and_then(|units| units.trim().parse().ok());
        let seed = made["seed"].as_u64();
        let withheld: Vec<bool> = made["has_nsfw_concepts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|flag| flag == &Value::Bool(true))
            .collect();
        let mut outputs = Vec::new();
        let mut dropped = 0usize;
        for (index, url) in files(&made).into_iter().enumerate() {
            // The checker paints such a picture black; it is billed all the same.
            if withheld.get(index) == Some(&true) {
                dropped += 1;
                continue;
            }
            outputs.push(Output {
                seed,
                revised_prompt: ["revised_prompt", "actual_prompt"]
                    .iter()
                    .find_map(|name| made[*name].as_str())
                    .map(|text| one_line(text, 4_000)),
                ..Output::url(url)
            });
        }
        if outputs.is_empty() && dropped > 0 {
            let words = "the content checker of fal withheld what was made";
            return Ok(Progress::Failed(
                Fault::refused(words, ["nsfw".to_owned()]).bought(Bought::Yes),
            ));
        }
        let mut notes = Vec::new();
        if dropped > 0 {
            notes.push(format!("The content checker of fal withheld {dropped} of the results."));
        }
        let endpoint = task.data["endpoint"].as_str().unwrap_or_default();
        Ok(Progress::Done(Outcome {
            outputs,
            cost: cost(desk, endpoint, units).await,
            request_id: Some(one_line(&task.id, 100)),
            version: None,
            notes,
        }))
    }
}

/// What so many units of an endpoint cost. A price that cannot be had must not lose the result: then the row's price counts.
async fn cost(desk: &Desk, endpoint: &str, units: Option<f64>) -> Option<Credits> {
    let units = units.filter(|units| units.is_finite() && *units >= 0.0)?;
    let price = price(desk, endpoint).await.ok().flatten()?;
    (price.currency == "USD").then(|| usd(units * price.unit_price))
}

async fn price(desk: &Desk, endpoint: &str) -> Result<Option<Price>, Fault> {
    let query = format!(
        "/v1/models/pricing?endpoint_id={}",
        utf8_percent_encode(endpoint, NON_ALPHANUMERIC)
    );
    match desk.get(at(desk, PLATFORM, &query)).send().await {
        Ok(answer) => {
            let prices: Prices = answer.read()?;
            Ok(prices.prices.into_iter().find(|price| price.endpoint_id == endpoint))
        }
        Err(fault) if fault.kind == FaultKind::NoSuchModel => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A path at one of fal's hosts; under another base URL everything is there.
fn at(desk: &Desk, host: &str, path: &str) -> String {
    if desk.base_url() == QUEUE {
        format!("{host}{path}")
    } else {
        path.to_owned()
    }
}

/// `fal-ai/flux/dev` is asked about at `fal-ai/flux`: what comes after the app is not part of a request's address.
/// Workflows and comfy have a word before that.
fn app_of(endpoint: &str) -> String {
    let words = if endpoint.starts_with("workflows/") || endpoint.starts_with("comfy/") {
        3
    } else {
        2
    };
    endpoint.split('/').take(words).collect::<Vec<_>>().join("/")
}

fn task(endpoint: &str, request: &str) -> Task {
    Task::new(request).with(json!({ "endpoint": endpoint }))
}

fn place_of(task: &Task) -> Result<(String, String), Fault> {
    let endpoint = task.data["endpoint"]
        .as_str()
        .ok_or_else(|| Fault::unreadable("the task names no endpoint"))?;
    let request = utf8_percent_encode(&task.id, NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-");
    Ok((path(&app_of(endpoint)), request))
}

fn path(endpoint: &str) -> String {
    utf8_percent_encode(endpoint, PATH).collect()
}

/// Words between slashes, at least two, none of them `.` or `..`.
fn is_endpoint(slug: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with('.')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    slug.len() <= 200 && slug.split('/').count() >= 2 && slug.split('/').all(is_word)
}

/// Where fal finds a file: by a URL where this server can be reached, in the request, or in fal's own storage.
async fn stored(desk: &Desk, medium: &Medium) -> Result<String, Fault> {
    if let Some(url) = &medium.url {
        return Ok(url.clone());
    }
    if medium.bytes.len() <= INLINE_BYTES {
        return Ok(medium.data_uri());
    }
    let asked = json!({ "content_type": medium.media_type.as_str(), "file_name": medium.file_name() });
    let place = at(desk, REST, "/storage/upload/initiate?storage_type=fal-cdn-v3");
    let upload: Upload = desk.post(place).json(&asked).send().await?.read()?;
    // The URL is signed; the key does not belong there.
    desk.ask(Method::PUT, upload.upload_url)
        .open()
        .slow()
        .bytes(medium.media_type.as_str(), medium.bytes.clone())
        .send()
        .await?;
    Ok(upload.file_url)
}

#[derive(Deserialize)]
struct Upload {
    file_url: String,
    upload_url: String,
}

/// The files of a result: `images[]`, `image`, `video`, `videos[]`. A mask beside a picture is not one.
fn files(made: &Value) -> Vec<String> {
    let url = |file: &Value| file["url"].as_str().or(file.as_str()).map(str::to_owned);
    for list in ["images", "videos"] {
        if let Some(files) = made[list].as_array() {
            return files.iter().filter_map(url).collect();
        }
    }
    ["image", "video", "output", "upscaled_image", "upscaled_video"]
        .iter()
        .find_map(|name| url(&made[*name]))
        .into_iter()
        .collect()
}

#[derive(Deserialize)]
struct Queued {
    request_id: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    queue_position: Option<u64>,
}

#[derive(Deserialize)]
struct Told {
    request_id: String,
}

#[derive(Deserialize)]
struct History {
    items: Vec<HistoryItem>,
}

#[derive(Deserialize)]
struct HistoryItem {
    request_id: String,
    json_input: Option<Value>,
}

#[derive(Deserialize)]
struct Prices {
    prices: Vec<Price>,
}

#[derive(Clone, Deserialize)]
struct Price {
    endpoint_id: String,
    unit_price: f64,
    unit: String,
    currency: String,
}

impl Price {
    /// The rule for one result. `false` beside it: the unit means nothing before the work is done.
    fn rule(&self, kind: MediaKind) -> (PriceRule, bool) {
        let each = usd(self.unit_price.clamp(0.0, 10_000.0));
        let flat = PriceRule::flat(each);
        let by_rate = |rate: Rate| PriceRule {
            rate,
            ..PriceRule::default()
        };
        let (rule, is_known) = match self.unit.trim().trim_end_matches('s') {
            "image" | "video" | "generation" | "request" => (flat, true),
            "megapixel" | "processed megapixel" if kind == MediaKind::Image => (
                PriceRule {
                    whole_megapixels: true,
                    ..by_rate(Rate {
                        per_megapixel: each,
                        ..Rate::default()
                    })
                },
                true,
            ),
            "second" if kind == MediaKind::Video => (by_rate(Rate::per_second(each)), true),
            "5 second" if kind == MediaKind::Video => (
                by_rate(Rate::per_second(usd(self.unit_price.clamp(0.0, 10_000.0) / 5.0))),
                true,
            ),
            // Half a minute of a machine is more than most pictures take.
            "compute second" => (PriceRule::flat(each.times(30)), false),
            _ => (
                PriceRule::flat(if kind == MediaKind::Video { usd(1.0) } else { usd(0.1) }),
                false,
            ),
        };
        // What is charged is what the result says, whatever was held.
        (
            PriceRule {
                is_estimate: true,
                ..rule
            },
            is_known && self.currency == "USD",
        )
    }
}

/// The schema of the body of the one path that takes a POST.
fn input_schema(document: &Value) -> Option<&Value> {
    let mut posts = document["paths"]
        .as_object()?
        .values()
        .filter_map(|path| path.get("post"));
    let schema = posts.find_map(|post| post.pointer("/requestBody/content/application~1json/schema"))?;
    openapi::resolve(document, schema)
}

/// The task is over, in the vendor's own words; a proxy that failed on the way says nothing of the kind.
fn is_the_end(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Refused
            | FaultKind::InvalidInput
            | FaultKind::TaskFailed
            | FaultKind::Cancelled
            | FaultKind::ResultLost
    ) || (fault.code.is_some()
        && matches!(
            fault.kind,
            FaultKind::VendorFailed | FaultKind::TimedOut | FaultKind::Overloaded
        ))
}

/// Errors of 500 and more are never billed; one of 422 may be, but nothing was made.
fn ended(mut fault: Fault) -> Fault {
    fault.retry_after = None;
    if fault.kind == FaultKind::VendorFailed {
        fault.kind = FaultKind::TaskFailed;
    }
    fault.bought(Bought::No)
}

/// Three shapes: `{"detail": [{"loc", "msg", "type", …}]}` of models, `{"detail": "…", "error_type"?}` of the queue,
/// and `{"error": {"type", "message"}}` of the platform. Cancelling answers `{"status": "ALREADY_COMPLETED"}`.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    if let Some(first) = body.pointer("/detail/0") {
        let word = |name: &str| first[name].as_str().unwrap_or_default();
        let (kind, message) = (word("type"), word("msg"));
        let mut fault = match kind {
            "content_policy_violation" => Fault::refused(message, ["content_policy_violation".to_owned()]),
            "no_media_generated" => Fault::new(FaultKind::TaskFailed, message),
            "generation_timeout" => Fault::new(FaultKind::TimedOut, message),
            "downstream_service_error" | "downstream_service_unavailable" | "internal_server_error" => {
                Fault::new(FaultKind::VendorFailed, message)
            }
            _ => Fault::of_status(answer.status, message),
        };
        if let Some(field) = first["loc"]
            .as_array()
            .and_then(|loc| loc.iter().filter_map(Value::as_str).find(|word| *word != "body"))
        {
            fault = fault.at(field);
        }
        return Some(fault.code(kind));
    }
    if let Some(error) = body.get("error").filter(|error| error.is_object()) {
        let word = |name: &str| error[name].as_str().unwrap_or_default();
        return Some(Fault::of_status(answer.status, word("message")).code(word("type")));
    }
    if let Some(status) = body["status"].as_str().filter(|_| answer.status >= 400) {
        return Some(Fault::of_status(answer.status, status.to_lowercase().replace('_', " ")).code(status));
    }
    let detail = body["detail"].as_str()?;
    let mut fault = Fault::of_status(answer.status, detail);
    let kind = body["error_type"]
        .as_str()
        .or_else(|| answer.header("x-fal-error-type"))
        .unwrap_or_default();
    fault.kind = match kind {
        "client_cancelled" | "client_disconnected" => FaultKind::Cancelled,
        "request_timeout" | "startup_timeout" => FaultKind::TimedOut,
        "runner_scheduling_failure" => FaultKind::Overloaded,
        _ if answer.status == 403 && detail.contains("balance") => FaultKind::NoMoney,
        _ => fault.kind,
    };
    Some(if kind.is_empty() { fault } else { fault.code(kind) })
}
