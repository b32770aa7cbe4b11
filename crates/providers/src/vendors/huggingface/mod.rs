//! Hugging Face Inference Providers: models of the Hub, run by partners behind one router, one key and one bill.
//!
//! Written from, on 2026-11-21:
//! - <https://huggingface.co/docs/inference-providers/tasks/text-to-image>, `…/image-to-image`, `…/text-to-video`
//! - <https://huggingface.co/docs/inference-providers/hub-api> (which partner serves a model, and under which name)
//! - <https://huggingface.co/docs/inference-providers/pricing> (partners' prices are passed through; `X-HF-Bill-To`)
//! - the request shapes of `@huggingface/inference` of 2026-08-21, because the documentation leaves them to the clients
//!
//! The router passes each partner's own API through, so every partner has a few lines of its own in `partners`. No answer
//! tells a price; what is charged is the price of the row. Nothing can be looked up or cancelled, and there are no webhooks.

mod partners;
mod rows;

use std::time::Duration;

use aquatint_domain::text::one_line;
use aquatint_domain::{MediaKind, Model};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::outcome::{KeyFacts, Progress, Submitted, Task};
use crate::price::usd;
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::vendors::described::{self, UNSEEN_LABEL};
use aquatint_domain::model::{PriceRule, Sizing};
use partners::{Partner, Place, Work};

const ROUTER: &str = "https://router.huggingface.co";
const HUB: &str = "https://huggingface.co";
/// Models that a search reads whole.
const SEARCH_MODELS: usize = 8;

static FACTS: Facts = Facts {
    id: "huggingface",
    name: "Hugging Face",
    docs: &[
        "https://huggingface.co/docs/inference-providers/index",
        "https://huggingface.co/docs/inference-providers/hub-api",
        "https://huggingface.co/docs/inference-providers/pricing",
    ],
    read_on: "2026-11-21",
    key_variables: &["HF_TOKEN"],
    key_form: "hf_…",
    key_page: "https://huggingface.co/settings/tokens/new?ownUserPermissions=inference.serverless.write&tokenType=fineGrained",
    base_url: ROUTER,
    hosts: &["router.huggingface.co", "huggingface.co"],
    auth: Auth::Bearer,
    pace: Pace {
        at_once: 4,
        per_minute: 60,
        poll_every: Duration::from_secs(2),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct HuggingFace;

#[async_trait]
impl Provider for HuggingFace {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        rows::rows()
    }

    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let me: Me = desk.get(hub(desk, "/api/whoami-v2")).send().await?.read()?;
        Ok(KeyFacts {
            account: Some(one_line(&me.name, 100)),
            balance: None,
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let place = Place::read(&order.model.vendor_model)?;
        place.partner.submit(desk, order, &place).await
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let name = task.data["partner"].as_str().unwrap_or_default();
        let partner = Partner::named(name).ok_or_else(|| Fault::unreadable("the task names no partner"))?;
        partner.poll(desk, task).await
    }

    /// Which partners serve a model is told by the Hub; the first that we can speak to is taken.
    async fn find(&self, desk: &Desk, slug: &str) -> Result<Option<Model>, Fault> {
        if !is_slug(slug) {
            return Ok(None);
        }
        let card: Card = match desk
            .get(hub(
                desk,
                &format!("/api/models/{slug}?expand[]=inferenceProviderMapping"),
            ))
            .send()
            .await
        {
            Ok(answer) => answer.read()?,
            Err(fault) if fault.kind == FaultKind::NoSuchModel => return Ok(None),
            // The Hub answers 401 for a model that does not exist or is private, whatever the key.
            Err(fault) if fault.kind == FaultKind::BadKey && fault.message.contains("Repository") => return Ok(None),
            Err(fault) => return Err(fault),
        };
        Ok(card.model())
    }

    async fn search(&self, desk: &Desk, words: &str) -> Result<Vec<Model>, Fault> {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let words: String = utf8_percent_encode(words, NON_ALPHANUMERIC).collect();
        let mut models = Vec::new();
        for work in Work::ALL {
            let query = format!(
                "/api/models?inference_provider=all&pipeline_tag={}&search={words}&limit={SEARCH_MODELS}&expand[]=inferenceProviderMapping",
                work.task(),
            );
            let cards: Vec<Card> = desk.get(hub(desk, &query)).send().await?.read()?;
            models.extend(cards.iter().filter_map(Card::model));
        }
        models.dedup_by(|one, other| one.id == other.id);
        Ok(models)
    }
}

#[derive(Deserialize)]
struct Me {
    name: String,
}

#[derive(Deserialize)]
struct Card {
    id: String,
    #[serde(rename = "inferenceProviderMapping")]
    mapping: Option<Value>,
}

/// How one partner serves a model.
#[derive(Deserialize)]
struct Served {
    #[serde(default)]
    provider: String,
    status: String,
    #[serde(rename = "providerId")]
    provider_id: String,
    task: String,
    adapter: Option<String>,
    #[serde(rename = "adapterWeightsPath")]
    weights: Option<String>,
}

impl Card {
    /// The mapping is an object by partner or a list, depending on when the Hub was asked.
    fn served(&self) -> Vec<Served> {
        match &self.mapping {
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(|one| serde_json::from_value(one.clone()).ok())
                .collect(),
            Some(Value::Object(by_partner)) => by_partner
                .iter()
                .filter_map(|(name, one)| {
                    let served: Served = serde_json::from_value(one.clone()).ok()?;
                    Some(Served {
                        provider: name.clone(),
                        ..served
                    })
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn model(&self) -> Option<Model> {
        if !is_slug(&self.id) {
            return None;
        }
        let served = self.served();
        let (partner, work, served) = Partner::ALL.iter().find_map(|partner| {
            served.iter().find_map(|one| {
                let work = Work::named(&one.task)?;
                let fits = one.provider == partner.name() && one.status == "live" && partner.does(work);
                fits.then_some((*partner, work, one))
            })
        })?;
        let kind = work.kind();
        let mut schema = work.inputs().finish();
        // A LoRA of the Hub is run on the model that it was made for; partners get its address.
        if let (Some("lora"), Some(weights)) = (served.adapter.as_deref(), &served.weights) {
            schema[partners::ADAPTER] = json!({ "model": self.id, "weights": weights });
        }
        let guess = if kind == MediaKind::Video { usd(0.5) } else { usd(0.05) };
        Some(Model {
            name: one_line(&format!("{} at Hugging Face", self.id), 120),
            vendor_model: Place {
                partner,
                work,
                model: served.provider_id.clone(),
            }
            .text(),
            description: one_line(&format!("{} of the Hub, run by {}.", self.id, partner.name()), 300),
            best_for: "what its card says".into(),
            label: Some(UNSEEN_LABEL.into()),
            capabilities: work.capabilities(),
            sizing: work.sizing(),
            price: PriceRule {
                is_estimate: true,
                ..PriceRule::flat(guess)
            },
            license: "that of the model's card on the Hub".into(),
            docs_url: Some(format!("{HUB}/{}", self.id)),
            input_schema: schema,
            ..Model::base(&described::id(FACTS.id, kind, &self.id), FACTS.id, kind)
        })
    }
}

/// A path of the Hub; under another base URL it is there.
fn hub(desk: &Desk, path: &str) -> String {
    if desk.base_url() == ROUTER {
        format!("{HUB}{path}")
    } else {
        path.to_owned()
    }
}

/// `owner/name` as the Hub allows it.
fn is_slug(slug: &str) -> bool {
    let is_word = |word: &str| {
        (1..=96).contains(&word.len())
            && !word.starts_with('.')
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    slug.split_once('/')
        .is_some_and(|(owner, name)| is_word(owner) && is_word(name))
}

/// The router's `{"error": "…"}`, a partner's `{"detail"}`, `{"message"}` or `{"error": {"message", "code"}}`.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    if let Some(first) = body.pointer("/detail/0") {
        let kind = first["type"].as_str().unwrap_or_default();
        let message = first["msg"].as_str().unwrap_or_default();
        let fault = match kind {
            "content_policy_violation" => Fault::refused(message, [kind.to_owned()]),
            "no_media_generated" => Fault::new(FaultKind::TaskFailed, message),
            _ => Fault::of_status(answer.status, message),
        };
        return Some(fault.code(kind));
    }
    let message = [
        body.get("error"),
        body.get("detail"),
        body.get("message"),
        body.pointer("/error/message"),
    ]
    .into_iter()
    .flatten()
    .find_map(Value::as_str)?;
    let lower = message.to_lowercase();
    let mut fault = Fault::of_status(answer.status, message);
    if [
        "exceeded your monthly included credits",
        "depleted your",
        "insufficient credit",
        "exhausted balance",
    ]
    .iter()
    .any(|words| lower.contains(words))
    {
        fault.kind = FaultKind::NoMoney;
    } else if lower.contains("not supported by provider") || (lower.contains("model") && lower.contains("not found")) {
        fault.kind = FaultKind::NoSuchModel;
    } else if answer.status < 500
        && ["nsfw", "content policy", "safety", "moderat", "sensitive"]
            .iter()
            .any(|word| lower.contains(word))
    {
        fault = Fault::refused(message, ["content".to_owned()]);
    }
    if let Some(code) = body.pointer("/error/code").and_then(Value::as_str) {
        fault = fault.code(code);
    }
    // A model that is still being loaded says how long it takes.
    if let Some(seconds) = body["estimated_time"].as_f64() {
        fault.retry_after = Duration::try_from_secs_f64(seconds.clamp(0.0, 600.0)).ok();
    }
    Some(fault)
}

impl Work {
    fn sizing(self) -> Sizing {
        match self {
            Self::TextToImage => Sizing::Free {
                step: 16,
                min_pixels: 65_536,
                max_pixels: 4_194_304,
                max_ratio: 4.0,
            },
            _ => Sizing::Own,
        }
    }
}
