//! OpenAI Images, and every server that speaks the same API (LocalAI, vLLM-Omni, SGLang and others).
//!
//! Written from, on 2026-11-21:
//! - <https://developers.openai.com/api/reference/resources/images/methods/generate> and `…/edit`
//! - <https://developers.openai.com/api/docs/guides/image-generation> (sizes, transparency, masks)
//! - <https://developers.openai.com/api/docs/models/gpt-image-2.6-sunburst> and its siblings (prices of tokens)
//! - <https://developers.openai.com/api/docs/deprecations> (`gpt-image-1` went on 2026-10-23; 1.5 and mini go on 2026-12-01)
//! - <https://developers.openai.com/api/docs/guides/error-codes>
//!
//! OpenAI bills tokens and publishes tokens per picture up to `gpt-image-2` only. The prices of the newer rows are
//! what is held, at or above `gpt-image-2` of the same quality; what is charged follows the `usage` of the answer.
//! SVG and animated GIF, new with 2.6, are not offered: the studio stores neither as a result of a model.

use aquatint_domain::model::{Deprecation, PriceRule, Rate, Sizing, Tier};
use aquatint_domain::{Capabilities, MediaKind, Model};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::openai_chat;
use crate::chat::{ChatAnswer, ChatModel, ChatOrder};
use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::mask;
use crate::multipart::Form;
use crate::order::Order;
use crate::outcome::{KeyFacts, Outcome, Output, Source, Submitted};
use crate::price::{per_million, usd};
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::schema::{EXAMPLE_ASSET, Inputs};

const BASE_URL: &str = "https://api.openai.com/v1";

static FACTS: Facts = Facts {
    id: "openai",
    name: "OpenAI",
    docs: &[
        "https://developers.openai.com/api/reference/resources/images",
        "https://developers.openai.com/api/docs/guides/image-generation",
        "https://developers.openai.com/api/docs/deprecations",
    ],
    read_on: "2026-11-21",
    key_variables: &["OPENAI_API_KEY"],
    key_form: "sk-…",
    key_page: "https://platform.openai.com/api-keys",
    base_url: BASE_URL,
    hosts: &[],
    auth: Auth::Bearer,
    // The smallest paid tiers allow fewer for the largest models; their 429 is waited for.
    pace: Pace {
        at_once: 5,
        per_minute: 50,
        poll_every: std::time::Duration::from_secs(3),
    },
    read_error,
    repeats_safely: false,
    has_webhooks: false,
};

pub struct OpenAi;

/// A model of the family: what differs between the rows.
struct Row {
    slug: &'static str,
    name: &'static str,
    best_for: &'static str,
    quality: u8,
    pricing: u8,
    speed: &'static str,
    generation: Generation,
    is_deprecated: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Generation {
    /// `gpt-image-1-mini` and `gpt-image-1.5`: three sizes, `input_fidelity` on 1.5.
    Mini,
    OneFive,
    /// Any size; pictures that go in are always of high fidelity.
    Two,
    /// Two more qualities, and transparency.
    TwoFive,
    /// `complexity`.
    TwoSix,
}

const ROWS: &[Row] = &[
    Row {
        slug: "gpt-image-2.6-sunburst",
        name: "GPT Image 2.6 Sunburst",
        best_for: "dense layouts, long legible text, precise edits of several pictures",
        quality: 5,
        pricing: 4,
        speed: "slow",
        generation: Generation::TwoSix,
        is_deprecated: false,
    },
    Row {
        slug: "gpt-image-2.6-flare",
        name: "GPT Image 2.6 Flare",
        best_for: "everyday pictures and edits, quickly",
        quality: 4,
        pricing: 3,
        speed: "medium",
        generation: Generation::TwoSix,
        is_deprecated: false,
    },
    Row {
        slug: "gpt-image-2.5-sunburst",
        name: "GPT Image 2.5 Sunburst",
        best_for: "precise edits and detailed scenes",
        quality: 5,
        pricing: 4,
        speed: "slow",
        generation: Generation::TwoFive,
        is_deprecated: false,
    },
    Row {
        slug: "gpt-image-2.5-flare",
        name: "GPT Image 2.5 Flare",
        best_for: "drafts and large batches at low quality settings",
        quality: 4,
        pricing: 2,
        speed: "medium",
        generation: Generation::TwoFive,
        is_deprecated: false,
    },
    Row {
        slug: "gpt-image-2",
        name: "GPT Image 2",
        best_for: "photographs and graphics in any size up to 4K",
        quality: 4,
        pricing: 3,
        speed: "slow",
        generation: Generation::Two,
        is_deprecated: false,
    },
    Row {
        slug: "gpt-image-1.5",
        name: "GPT Image 1.5",
        best_for: "what was set up with it before it goes",
        quality: 3,
        pricing: 3,
        speed: "slow",
        generation: Generation::OneFive,
        is_deprecated: true,
    },
    Row {
        slug: "gpt-image-1-mini",
        name: "GPT Image 1 mini",
        best_for: "what was set up with it before it goes",
        quality: 2,
        pricing: 1,
        speed: "medium",
        generation: Generation::Mini,
        is_deprecated: true,
    },
];

#[async_trait]
impl Provider for OpenAi {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        ROWS.iter().map(model).collect()
    }

    /// `GET /models` lists what the key may use and costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let models: Listed = desk.get("/models").send().await?.read()?;
        Ok(KeyFacts {
            account: Some(format!("{} models", models.data.len())),
            balance: None,
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let answer = if order.media.is_empty() {
            let mut body = json!({ "model": order.model.vendor_model, "n": order.count });
            for (name, value) in settings(order) {
                body[name] = value;
            }
            desk.post("/images/generations")
                .json(&body)
                .buying()
                .slow()
                .send()
                .await?
        } else {
            desk.post("/images/edits")
                .form(edit_form(order)?)
                .buying()
                .slow()
                .send()
                .await?
        };
        outcome(order, &answer).map(Submitted::Done)
    }

    /// A server of one's own has models of its own; they take what the API has always had.
    async fn find(&self, desk: &Desk, slug: &str) -> Result<Option<Model>, Fault> {
        if desk.base_url() == BASE_URL {
            return Ok(None);
        }
        let models: Listed = desk.get("/models").send().await?.read()?;
        Ok(models
            .data
            .iter()
            .any(|model| model.id == slug)
            .then(|| compatible(slug)))
    }

    fn chat_models(&self) -> &'static [ChatModel] {
        openai_chat::MODELS
    }

    async fn chat(&self, desk: &Desk, order: &ChatOrder) -> Result<ChatAnswer, Fault> {
        openai_chat::chat(desk, order, desk.base_url() == BASE_URL).await
    }

    async fn search(&self, desk: &Desk, words: &str) -> Result<Vec<Model>, Fault> {
        if desk.base_url() == BASE_URL {
            return Ok(Vec::new());
        }
        let models: Listed = desk.get("/models").send().await?.read()?;
        let words = words.to_lowercase();
        let fits = |id: &str| words.split_whitespace().all(|word| id.to_lowercase().contains(word));
        Ok(models
            .data
            .iter()
            .filter(|model| fits(&model.id))
            .take(50)
            .map(|model| compatible(&model.id))
            .collect())
    }
}

#[derive(Deserialize)]
struct Listed {
    data: Vec<ListedModel>,
}

#[derive(Deserialize)]
struct ListedModel {
    id: String,
}

/// The fields that generations and edits share, by the vendor's names.
fn settings(order: &Order) -> Vec<(&'static str, Value)> {
    let mut settings = Vec::new();
    for name in [
        "prompt",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
        "complexity",
        "input_fidelity",
    ] {
        if let Some(value) = order.inputs.get(name) {
            settings.push((name, value.clone()));
        }
    }
    if let Some((width, height)) = order.size() {
        settings.push(("size", json!(format!("{width}x{height}"))));
    }
    settings
}

fn edit_form(order: &Order) -> Result<Form, Fault> {
    let mut form = Form::new()
        .text("model", &order.model.vendor_model)
        .text("n", order.count.to_string());
    for (name, value) in settings(order) {
        form = form.text(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    for image in order.media_of("images") {
        form = form.medium("image[]", image);
    }
    // The mask's fully transparent parts are what changes in the first picture.
    if let Some(mask) = order.medium("mask") {
        form = form.file(
            "mask",
            "mask.png",
            "image/png",
            mask::transparent_where_white(&mask.bytes)?,
        );
    }
    Ok(form)
}

#[derive(Deserialize)]
struct Made {
    data: Vec<MadeImage>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct MadeImage {
    b64_json: Option<String>,
    /// Compatible servers may answer with a URL instead.
    url: Option<String>,
    revised_prompt: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    output_tokens: u64,
    input_tokens_details: Option<InputTokens>,
}

#[derive(Deserialize)]
struct InputTokens {
    #[serde(default)]
    text_tokens: u64,
    #[serde(default)]
    image_tokens: u64,
}

fn outcome(order: &Order, answer: &Answer) -> Result<Outcome, Fault> {
    let made: Made = answer.read()?;
    let mut outputs = Vec::with_capacity(made.data.len());
    for image in made.data {
        let source = match (image.b64_json, image.url) {
            (Some(base64), _) => {
                let bytes = STANDARD
                    .decode(base64)
                    .map_err(|_| answer.unreadable("`b64_json` is not base64"))?;
                Source::Bytes(bytes.into())
            }
            (None, Some(url)) => Source::Url(url),
            (None, None) => return Err(answer.unreadable("a picture has neither `b64_json` nor `url`")),
        };
        outputs.push(Output {
            revised_prompt: image.revised_prompt,
            ..Output::of(source)
        });
    }
    let rates = ROWS
        .iter()
        .find(|row| row.slug == order.model.vendor_model)
        .map(|row| row.generation.token_rates());
    let cost = made.usage.zip(rates).map(|(usage, (text, image, made))| {
        let input = usage
            .input_tokens_details
            .map_or(aquatint_domain::Credits::ZERO, |tokens| {
                per_million(tokens.text_tokens, text) + per_million(tokens.image_tokens, image)
            });
        input + per_million(usage.output_tokens, made)
    });
    Ok(Outcome {
        outputs,
        cost,
        request_id: answer.request_id(),
        ..Outcome::default()
    })
}

/// `{"error": {"message", "type", "param", "code"}}`. The vendor says itself that the request failed, so nothing was bought.
fn read_error(answer: &Answer) -> Option<Fault> {
    let body = answer.json_or_null();
    let error = body.get("error")?;
    let word = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let (message, code) = (word("message"), word("code"));
    let mut fault = Fault::of_status(answer.status, message);
    fault.kind = match (code, word("type")) {
        ("moderation_blocked" | "content_policy_violation", _) | (_, "image_generation_user_error") => {
            return Some(Fault::refused(message, violations(message)).code(code));
        }
        ("insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active", _) => FaultKind::NoMoney,
        ("model_not_found", _) => FaultKind::NoSuchModel,
        ("invalid_api_key", _) => FaultKind::BadKey,
        _ => fault.kind,
    };
    if fault.kind == FaultKind::InvalidInput && !word("param").is_empty() {
        let param = word("param");
        fault = fault.at(if param == "size" { "width" } else { param });
    }
    Some(if code.is_empty() { fault } else { fault.code(code) })
}

/// The message ends with `safety_violations=[violence, …]`.
fn violations(message: &str) -> Vec<String> {
    message
        .split_once("safety_violations=[")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| {
            list.split(',')
                .map(|word| word.trim().to_owned())
                .filter(|word| !word.is_empty())
                .collect()
        })
        .unwrap_or_default()
}

impl Generation {
    fn is_early(self) -> bool {
        matches!(self, Self::Mini | Self::OneFive)
    }

    /// Dollars for a million tokens: text in, pictures in, pictures out.
    fn token_rates(self) -> (f64, f64, f64) {
        match self {
            Self::Mini => (2.0, 2.5, 8.0),
            Self::OneFive => (5.0, 8.0, 32.0),
            Self::Two | Self::TwoFive | Self::TwoSix => (5.0, 8.0, 30.0),
        }
    }

    fn qualities(self) -> &'static [&'static str] {
        if matches!(self, Self::TwoFive | Self::TwoSix) {
            &["low", "medium", "high", "xhigh", "max", "auto"]
        } else {
            &["low", "medium", "high", "auto"]
        }
    }

    /// Dollars for a picture of 1024×1024 of each quality, and for a larger one of the early sizes.
    fn prices(self) -> &'static [(&'static str, f64, f64)] {
        match self {
            Self::Mini => &[("low", 0.005, 0.006), ("medium", 0.011, 0.015), ("high", 0.036, 0.052)],
            Self::OneFive => &[("low", 0.009, 0.013), ("medium", 0.034, 0.05), ("high", 0.133, 0.2)],
            Self::Two => &[("low", 0.006, 0.0), ("medium", 0.053, 0.0), ("high", 0.211, 0.0)],
            Self::TwoFive | Self::TwoSix => &[
                ("low", 0.02, 0.0),
                ("medium", 0.06, 0.0),
                ("high", 0.22, 0.0),
                ("xhigh", 0.4, 0.0),
                ("max", 0.8, 0.0),
            ],
        }
    }

    fn price(self) -> PriceRule {
        let mut tiers = Vec::new();
        for (quality, small, large) in self.prices() {
            // `auto` may become the best of what an `auto` ever chose.
            let values = if *quality == "high" {
                json!(["high", "auto"])
            } else {
                json!([quality])
            };
            // A picture that goes in is some thousands of tokens.
            let rate = |dollars: f64| Rate {
                per_output: usd(dollars),
                per_input: usd(0.03),
                ..Rate::default()
            };
            if self.is_early() {
                tiers.push(Tier::when([("quality", values.clone())], rate(*small)).up_to(1024 * 1024));
                tiers.push(Tier::when([("quality", values)], rate(*large)));
            } else {
                tiers.push(Tier::when(
                    [("quality", values)],
                    Rate {
                        per_megapixel: usd(*small),
                        ..rate(*small)
                    },
                ));
            }
        }
        let rate = tiers.last().map(|tier| tier.rate.clone()).unwrap_or_default();
        PriceRule {
            rate,
            tiers,
            included_megapixels: u32::from(!self.is_early()),
            is_estimate: true,
            ..PriceRule::default()
        }
    }
}

fn model(row: &Row) -> Model {
    let generation = row.generation;
    let is_early = generation.is_early();
    let can_be_transparent = generation != Generation::Two;
    let mut inputs = Inputs::prompt(32_000).count().style();
    let sizing = if is_early {
        inputs = inputs.size(1024, 1536, 1024, 1024);
        Sizing::Listed(vec![(1024, 1024), (1536, 1024), (1024, 1536)])
    } else {
        inputs = inputs.size(256, 3840, 1024, 1024);
        Sizing::Free {
            step: 16,
            min_pixels: 655_360,
            max_pixels: 8_294_400,
            max_ratio: 3.0,
        }
    };
    inputs = inputs
        .quality(generation.qualities(), "medium")
        .images(16, "Pictures to change, or references: asset ids, https URLs or data URIs.")
        .medium("mask", "image/*", "What may change in the first picture: white changes, black stays.")
        .formats(&["png", "jpeg", "webp"], "png")
        .with("output_compression", json!({ "type": "integer", "minimum": 0, "maximum": 100, "description": "For jpeg and webp: 100 keeps most." }))
        .choice("moderation", &["auto", "low"], "auto", "How strict the content rules are.");
    inputs = if can_be_transparent {
        inputs.choice(
            "background",
            &["auto", "opaque", "transparent"],
            "auto",
            "Transparent needs png or webp.",
        )
    } else {
        inputs.choice("background", &["auto", "opaque"], "auto", "What is behind the subject.")
    };
    if generation == Generation::TwoSix {
        inputs = inputs.choice(
            "complexity",
            &["low", "medium", "high"],
            "high",
            "How much is planned before drawing.",
        );
    }
    if generation == Generation::OneFive {
        inputs = inputs.choice(
            "input_fidelity",
            &["low", "high"],
            "low",
            "How closely faces and details of the pictures are kept; only with `images`.",
        );
    }
    inputs = inputs
        .example(json!({ "prompt": "a perfume bottle on sand at golden hour, the word NOCTURNE on its label", "quality": "medium" }))
        .example(json!({ "prompt": "put the bottle of the first picture onto the table of the second", "images": [EXAMPLE_ASSET, EXAMPLE_ASSET], "count": 2 }))
        .example(json!({ "prompt": "a red ribbon round the neck", "images": [EXAMPLE_ASSET], "mask": EXAMPLE_ASSET, "quality": "low" }));
    if can_be_transparent {
        inputs = inputs
            .example(json!({ "prompt": "a sticker of a fox", "background": "transparent", "output_format": "webp" }));
    }
    Model {
        name: row.name.into(),
        description: format!(
            "{} of OpenAI: makes pictures of words and changes up to 16 pictures by words, with masks and legible text.",
            row.name
        ),
        best_for: row.best_for.into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            references: true,
            masks: true,
            text_rendering: true,
            transparency: can_be_transparent,
            ..Capabilities::default()
        },
        sizing,
        outputs_per_request: 10,
        price: generation.price(),
        quality_rating: row.quality,
        pricing_rating: row.pricing,
        speed: row.speed.into(),
        license: "OpenAI's terms of use: what is made belongs to the customer".into(),
        docs_url: Some(format!("https://developers.openai.com/api/docs/models/{}", row.slug)),
        version: row.slug.into(),
        input_schema: inputs.finish(),
        deprecation: row.is_deprecated.then(|| Deprecation {
            since: "2026-06-02".into(),
            sunset: Some("2026-12-01".into()),
            replacement: Some("image/openai/gpt-image-2.6-flare".into()),
        }),
        ..Model::base(&format!("image/openai/{}", row.slug), FACTS.id, MediaKind::Image)
    }
}

/// A model of a compatible server: what the API took from the beginning.
fn compatible(slug: &str) -> Model {
    let inputs = Inputs::prompt(32_000)
        .count()
        .style()
        .size(256, 4096, 1024, 1024)
        .images(16, "Pictures to change.")
        .medium(
            "mask",
            "image/*",
            "What may change in the first picture: white changes, black stays.",
        )
        .example(json!({ "prompt": "a perfume bottle on sand at golden hour" }));
    Model {
        vendor_model: slug.to_owned(),
        description: "A model of a server that speaks the Images API of OpenAI.".into(),
        best_for: "what its operator installed it for".into(),
        capabilities: Capabilities {
            text_to_image: true,
            image_to_image: true,
            masks: true,
            ..Capabilities::default()
        },
        sizing: Sizing::Free {
            step: 8,
            min_pixels: 65_536,
            max_pixels: 16_777_216,
            max_ratio: 4.0,
        },
        outputs_per_request: 10,
        license: "that of the model on the server".into(),
        input_schema: inputs.finish(),
        ..Model::base(&format!("image/openai/{slug}"), FACTS.id, MediaKind::Image)
    }
}
