//! Replicate: predictions of any model that it hosts. Some rows are ours; every other model is found by its slug, and its
//! inputs are read from the OpenAPI document that it carries.
//!
//! Written from, on 2026-11-21:
//! - <https://replicate.com/docs/reference/http> (predictions, models, files, webhooks, search; OpenAPI of 2026-04-09)
//! - <https://replicate.com/docs/topics/predictions/rate-limits>, `…/data-retention`, `…/output-files`, `…/create-a-prediction`
//! - <https://replicate.com/docs/topics/webhooks/verify-webhook>
//! - <https://replicate.com/docs/reference/error-codes>
//!
//! Inputs and outputs of predictions are deleted after one hour, so results are fetched at once. There is no idempotency
//! key; a lost answer is looked for in the list of predictions. No answer tells a price: what is charged is the price of
//! the row, and for models found by slug an estimate that says so.

mod rows;

use std::time::Duration;

use aquatint_domain::model::PriceRule;
use aquatint_domain::text::one_line;
use aquatint_domain::{MediaKind, Model};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::multipart::Form;
use crate::order::{Medium, Order};
use crate::outcome::{Cancelled, Found, KeyFacts, Outcome, Output, Progress, Submitted, Task};
use crate::price::usd;
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::vendors::described::{self, Dialect, UNSEEN_LABEL, openapi, wire};
use crate::webhook::{Delivery, Notice, verify_standard};

/// A file of up to this many bytes goes into the request itself; the documentation asks for that.
const INLINE_BYTES: usize = 256 * 1024;
/// Pages of the list of predictions that a look-up reads; each holds 100.
const LOOK_UP_PAGES: usize = 5;
/// How far back a look-up goes: inputs are deleted after an hour, so older ones cannot be told apart.
const LOOK_UP_BACK: Duration = Duration::from_secs(3_600);
/// Models that a search reads whole.
const SEARCH_MODELS: usize = 8;

static FACTS: Facts = Facts {
    id: "replicate",
    name: "Replicate",
    docs: &[
        "https://replicate.com/docs/reference/http",
        "https://replicate.com/docs/topics/predictions",
        "https://replicate.com/docs/topics/webhooks/verify-webhook",
    ],
    read_on: "2026-11-21",
    key_variables: &["REPLICATE_API_TOKEN"],
    key_form: "r8_…",
    key_page: "https://replicate.com/account/api-tokens",
    base_url: "https://api.replicate.com",
    hosts: &[],
    auth: Auth::Bearer,
    // 600 predictions a minute; with little credit it is 6, and then the vendor's 429 slows us down.
    pace: Pace {
        at_once: 8,
        per_minute: 300,
        poll_every: Duration::from_secs(2),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct Replicate;

#[async_trait]
impl Provider for Replicate {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        rows::rows()
            .into_iter()
            .map(|row| row.model(FACTS.id, FACTS.name, "https://replicate.com/"))
            .collect()
    }

    /// `GET /v1/account` names the account and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let account: Account = desk.get("/v1/account").send().await?.read()?;
        Ok(KeyFacts {
            account: Some(one_line(&account.username, 100)),
            balance: None,
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let prepared = wire::prepared(order)?;
        let mut body = json!({ "version": order.model.vendor_model, "input": inputs(desk, &prepared).await? });
        if let Some(webhook) = &order.webhook {
            body["webhook"] = json!(webhook.url);
            body["webhook_events_filter"] = json!(["completed"]);
        }
        let answer = desk.post("/v1/predictions").json(&body).buying().send().await?;
        let prediction: Prediction = answer.read()?;
        prediction.submitted(desk)
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let answer = desk
            .get(format!("/v1/predictions/{}", path_part(&task.id)))
            .send()
            .await?;
        let prediction: Prediction = answer.read()?;
        prediction.progress(desk)
    }

    async fn cancel(&self, desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
        let answer = desk
            .ask(Method::POST, format!("/v1/predictions/{}/cancel", path_part(&task.id)))
            .send()
            .await?;
        let prediction: Prediction = answer.read()?;
        Ok(match prediction.status.as_str() {
            "succeeded" | "failed" => Cancelled::TooLate,
            _ => Cancelled::Stopped,
        })
    }

    /// The list of predictions tells inputs for an hour. Only a seed makes two purchases of the same words different,
    /// so without one nothing can be said.
    async fn look_up(&self, desk: &Desk, order: &Order) -> Result<Found, Fault> {
        if order.whole("seed").is_none() {
            return Ok(Found::NotOffered);
        }
        // Files are left out: those that were uploaded have new URLs each time.
        let wanted = wire::settings(order);
        let since = desk
            .clock()
            .now()
            .checked_sub(jiff::SignedDuration::try_from(LOOK_UP_BACK).unwrap_or_default());
        let Ok(since) = since else { return Ok(Found::NotOffered) };
        let mut place = format!(
            "/v1/predictions?created_after={}",
            utf8_percent_encode(&since.to_string(), NON_ALPHANUMERIC)
        );
        for _ in 0..LOOK_UP_PAGES {
            let page: Page = desk.get(place).send().await?.read()?;
            if let Some(found) = page.results.iter().find(|prediction| prediction.is_of(order, &wanted)) {
                return found.submitted(desk).map(Found::Bought);
            }
            match page.next {
                Some(next) => place = next,
                None => return Ok(Found::NotBought),
            }
        }
        Ok(Found::NotOffered)
    }

    /// Signed as Standard Webhooks says, with a secret that the account can ask for.
    async fn webhook(&self, desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        let secret: Secret = desk.get("/v1/webhooks/default/secret").send().await?.read()?;
        verify_standard(delivery, &secret.key)?;
        let prediction: Prediction =
            serde_json::from_slice(&delivery.body).map_err(|_| Fault::unreadable("the delivery is no prediction"))?;
        Ok(Notice {
            task: prediction.id.clone(),
            progress: Some(prediction.progress(desk)?),
        })
    }

    async fn find(&self, desk: &Desk, slug: &str) -> Result<Option<Model>, Fault> {
        let Some((owner, name, version)) = slug_parts(slug) else {
            return Ok(None);
        };
        let mut card: Card = match desk.get(format!("/v1/models/{owner}/{name}")).send().await {
            Ok(answer) => answer.read()?,
            Err(fault) if fault.kind == FaultKind::NoSuchModel => return Ok(None),
            Err(fault) => return Err(fault),
        };
        if let Some(version) = version {
            let read = desk
                .get(format!("/v1/models/{owner}/{name}/versions/{version}"))
                .send()
                .await?;
            card.latest_version = Some(read.read()?);
            card.is_official = Some(false);
        }
        card.model()
    }

    async fn search(&self, desk: &Desk, words: &str) -> Result<Vec<Model>, Fault> {
        let words: String = utf8_percent_encode(words, NON_ALPHANUMERIC).collect();
        let found: Hits = desk
            .get(format!("/v1/search?query={words}&limit={SEARCH_MODELS}"))
            .send()
            .await?
            .read()?;
        let mut models = Vec::new();
        for hit in found.models.into_iter().take(SEARCH_MODELS) {
            let mut card = hit.model;
            if card.latest_version.is_none() {
                // A hit may come without its description; it is read then.
                match self.find(desk, &format!("{}/{}", card.owner, card.name)).await {
                    Ok(Some(model)) => models.push(model),
                    Ok(None) => {}
                    Err(fault) => return Err(fault),
                }
                continue;
            }
            card.is_official = card.is_official.or(Some(false));
            models.extend(card.model().ok().flatten());
        }
        Ok(models)
    }
}

#[derive(Deserialize)]
struct Account {
    username: String,
}

#[derive(Deserialize)]
struct Secret {
    key: String,
}

#[derive(Deserialize)]
struct Page {
    next: Option<String>,
    results: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Hits {
    models: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    model: Card,
}

/// A model's page.
#[derive(Deserialize)]
struct Card {
    owner: String,
    name: String,
    description: Option<String>,
    is_official: Option<bool>,
    license_url: Option<String>,
    default_example: Option<Value>,
    latest_version: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    id: String,
    openapi_schema: Value,
}

impl Card {
    /// The model in our words. `None` when it makes no pictures or videos, or tells no inputs.
    fn model(&self) -> Result<Option<Model>, Fault> {
        let Some(version) = &self.latest_version else {
            return Ok(None);
        };
        let Some(kind) = self.kind(version) else {
            return Ok(None);
        };
        let input = version
            .openapi_schema
            .pointer("/components/schemas/Input")
            .ok_or_else(|| Fault::unreadable("the model does not describe its inputs"))?;
        let schema = openapi::inputs(&version.openapi_schema, input).map_err(Fault::unreadable)?;
        let told = described::ours(&schema, kind, Dialect::Uri);
        let slug = format!("{}/{}", self.owner, self.name);
        // Official models have no versions to choose from; all others are called by version.
        let is_official = self.is_official == Some(true);
        let vendor_model = if is_official {
            slug.clone()
        } else {
            format!("{slug}:{}", version.id)
        };
        let guess = if kind == MediaKind::Video { usd(1.0) } else { usd(0.05) };
        let license = match &self.license_url {
            Some(url) => format!("as its author says: {}", one_line(url, 200)),
            None => "not told by its author: look at its page".to_owned(),
        };
        Ok(Some(Model {
            name: one_line(&format!("{} at Replicate", self.name), 100),
            vendor_model,
            description: one_line(self.description.as_deref().unwrap_or("A model at Replicate."), 300),
            best_for: "what its page says".into(),
            label: Some(UNSEEN_LABEL.into()),
            capabilities: told.capabilities,
            sizing: told.sizing,
            outputs_per_request: told.outputs_per_request,
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(guess)
            },
            license,
            docs_url: Some(format!("https://replicate.com/{slug}")),
            version: version.id.clone(),
            input_schema: told.schema,
            ..Model::base(&described::id(FACTS.id, kind, &slug), FACTS.id, kind)
        }))
    }

    /// What it makes: by the file that its own example made, else by its inputs. Its description of the output says
    /// only that there is a URL, or that there is none.
    fn kind(&self, version: &Version) -> Option<MediaKind> {
        let document = &version.openapi_schema;
        let output = document.pointer("/components/schemas/Output")?;
        let text = output.to_string();
        if !text.contains("\"uri\"") && !text.contains("$ref") {
            return None;
        }
        let example = self.default_example.as_ref().map(|example| &example["output"]);
        if let Some(made) = example.map(places).and_then(|places| places.first().cloned()) {
            let path = made.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            return match path.rsplit('.').next() {
                Some("png" | "jpg" | "jpeg" | "webp" | "gif" | "avif") => Some(MediaKind::Image),
                Some("mp4" | "webm" | "mov") => Some(MediaKind::Video),
                _ => None,
            };
        }
        let input = document.pointer("/components/schemas/Input/properties")?.as_object()?;
        let names = ["duration", "num_frames", "fps", "frames_per_second", "generate_audio"];
        let is_video = names.iter().any(|name| input.contains_key(*name));
        Some(if is_video { MediaKind::Video } else { MediaKind::Image })
    }
}

/// A prediction, as every answer and every webhook tells it.
#[derive(Deserialize)]
struct Prediction {
    id: String,
    status: String,
    #[serde(default)]
    model: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    input: Value,
    output: Option<Value>,
    error: Option<Value>,
    logs: Option<String>,
    #[serde(default)]
    data_removed: bool,
}

impl Prediction {
    fn submitted(&self, desk: &Desk) -> Result<Submitted, Fault> {
        if self.id.is_empty() {
            return Err(Fault::unreadable("the prediction has no id").bought(Bought::Unknown));
        }
        // It is asked for as a task even when it ended at once, so that every end is read in one place.
        Ok(match self.progress(desk)? {
            Progress::Done(outcome) if !outcome.outputs.is_empty() => Submitted::Done(outcome),
            _ => Submitted::Waiting(Task::new(&self.id)),
        })
    }

    fn progress(&self, desk: &Desk) -> Result<Progress, Fault> {
        Ok(match self.status.as_str() {
            "succeeded" if self.data_removed => {
                let words = "the result was deleted: Replicate keeps it for one hour";
                Progress::Failed(Fault::new(FaultKind::ResultLost, words).bought(Bought::Yes))
            }
            "succeeded" => Progress::Done(self.outcome(desk)?),
            "failed" => Progress::Failed(self.failure()),
            "canceled" | "aborted" => {
                Progress::Failed(Fault::new(FaultKind::Cancelled, "the prediction was cancelled"))
            }
            status => Progress::Running {
                done: self.logs.as_deref().and_then(percent),
                stage: one_line(status, 60),
                ask_after: None,
            },
        })
    }

    fn outcome(&self, desk: &Desk) -> Result<Outcome, Fault> {
        let mut outputs = Vec::new();
        for place in self.output.as_ref().map(places).unwrap_or_default() {
            let mut output =
                if let Some((_, data)) = place.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
                    let bytes = STANDARD
                        .decode(data)
                        .map_err(|_| Fault::unreadable("an output is not base64").bought(Bought::Yes))?;
                    Output::bytes(bytes)
                } else if place.starts_with(&format!("{}/", desk.base_url())) && place.contains("/v1/files/") {
                    // Files of the API want the key, those of replicate.delivery do not.
                    Output::of(crate::outcome::Source::UrlWithKey(place))
                } else {
                    Output::url(place)
                };
            output.seed = self.input["seed"].as_u64();
            outputs.push(output);
        }
        Ok(Outcome {
            outputs,
            cost: None,
            request_id: Some(one_line(&self.id, 100)),
            version: (!matches!(self.version.as_str(), "" | "hidden")).then(|| one_line(&self.version, 80)),
            notes: Vec::new(),
        })
    }

    /// Why it failed. Predictions that fail are not billed for official models; for others the seconds are, and nobody says so.
    fn failure(&self) -> Fault {
        let words = match &self.error {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let lower = words.to_lowercase();
        let code = words.split(['(', ')', ' ', ':']).find(|word| is_code(word));
        let refuses = ["flagged as sensitive", "nsfw", "content policy", "safety", "moderat"];
        let fault = if code == Some("E005") || refuses.iter().any(|word| lower.contains(word)) {
            let category = if lower.contains("nsfw") { "nsfw" } else { "sensitive" };
            Fault::refused(&words, [category.to_owned()])
        } else if matches!(code, Some("E003" | "E004")) || lower.contains("high demand") {
            Fault::new(FaultKind::Overloaded, &words)
        } else if code == Some("E006") || lower.contains("validation error") {
            Fault::new(FaultKind::InvalidInput, &words)
        } else {
            Fault::new(FaultKind::TaskFailed, &words)
        };
        match code {
            Some(code) => fault.code(code),
            None => fault,
        }
    }

    fn is_of(&self, order: &Order, wanted: &Map<String, Value>) -> bool {
        let (slug, version) = order
            .model
            .vendor_model
            .split_once(':')
            .unwrap_or((order.model.vendor_model.as_str(), ""));
        (self.model == slug || (!version.is_empty() && self.version == version))
            && wanted.iter().all(|(name, value)| self.input.get(name) == Some(value))
    }
}

/// `E` and three or four digits.
fn is_code(word: &str) -> bool {
    word.strip_prefix('E')
        .is_some_and(|digits| (3..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The last `NN%` of a log in the form of tqdm, from 0 to 1.
fn percent(logs: &str) -> Option<f64> {
    let end = logs.rfind('%')?;
    let digits = logs[..end].rsplit(|ch: char| !ch.is_ascii_digit()).next()?;
    let percent: u8 = digits.parse().ok()?;
    (percent <= 100).then(|| f64::from(percent) / 100.0)
}

/// All URLs and `data:` URIs of an output, in order: it may be one, a list, or an object that holds them.
fn places(output: &Value) -> Vec<String> {
    match output {
        Value::String(text)
            if text.starts_with("https://") || text.starts_with("http://") || text.starts_with("data:") =>
        {
            vec![text.clone()]
        }
        Value::Array(items) => items.iter().flat_map(places).collect(),
        Value::Object(fields) => fields.values().flat_map(places).collect(),
        _ => Vec::new(),
    }
}

/// The inputs on the wire; larger files are uploaded first.
async fn inputs(desk: &Desk, order: &Order) -> Result<Map<String, Value>, Fault> {
    let mut places = Vec::with_capacity(order.media.len());
    for medium in &order.media {
        places.push(place(desk, medium).await?);
    }
    Ok(wire::inputs(order, &places))
}

/// Where Replicate finds a file: in the request, or at Replicate itself, which keeps it for a day.
async fn place(desk: &Desk, medium: &Medium) -> Result<String, Fault> {
    if medium.bytes.len() <= INLINE_BYTES {
        return Ok(medium.data_uri());
    }
    let form = Form::new()
        .medium("content", medium)
        .text("type", medium.media_type.as_str());
    let stored: Stored = desk.post("/v1/files").form(form).slow().send().await?.read()?;
    Ok(stored.urls.get)
}

#[derive(Deserialize)]
struct Stored {
    urls: StoredUrls,
}

#[derive(Deserialize)]
struct StoredUrls {
    get: String,
}

/// `owner/name` or `owner/name:version`.
fn slug_parts(slug: &str) -> Option<(&str, &str, Option<&str>)> {
    let is_word = |word: &str| {
        (1..=100).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !word.starts_with('.')
    };
    let (path, version) = match slug.split_once(':') {
        Some((path, version)) => (path, Some(version)),
        None => (slug, None),
    };
    let (owner, name) = path.split_once('/')?;
    let is_sound = is_word(owner) && is_word(name) && version.is_none_or(is_word);
    is_sound.then_some((owner, name, version))
}

fn path_part(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).collect()
}

/// Problem details (RFC 9457): `{"title", "detail", "status", "invalid_fields"?}`. The vendor says itself that it did not begin.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let detail = body
        .get("detail")
        .or_else(|| body.get("title"))
        .and_then(Value::as_str)?;
    let title = body["title"].as_str().unwrap_or_default();
    let mut fault = Fault::of_status(answer.status, detail);
    if answer.status == 422 && title.contains("Invalid version") {
        fault.kind = FaultKind::NoSuchModel;
    }
    if answer.status == 429 && answer.header("retry-after").is_none() {
        fault.retry_after = seconds_to_wait(&body, detail);
    }
    // `input.prompt` is our `prompt`.
    if let Some(field) = body.pointer("/invalid_fields/0/field").and_then(Value::as_str) {
        fault = fault.at(field.strip_prefix("input.").unwrap_or(field));
    }
    Some(if title.is_empty() { fault } else { fault.code(title) })
}

/// `retry_after` of the body, or the number in "Your rate limit resets in ~30s.". The header comes first where there is one.
fn seconds_to_wait(body: &Value, detail: &str) -> Option<Duration> {
    if let Some(seconds) = body["retry_after"].as_f64() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let (_, rest) = detail.split_once("resets in ~")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(Duration::from_secs)
}
