//! Google: Gemini's picture models (Nano Banana), Gemini Omni videos, and what came before them: Imagen and Veo.
//!
//! Written from, on 2026-11-21:
//! - <https://ai.google.dev/gemini-api/docs/image-generation> and <https://ai.google.dev/api/generate-content>
//! - <https://ai.google.dev/gemini-api/docs/omni>, <https://ai.google.dev/api/interactions> and
//!   <https://ai.google.dev/gemini-api/docs/background-execution>
//! - <https://ai.google.dev/gemini-api/docs/webhooks>
//! - <https://ai.google.dev/gemini-api/docs/pricing>, <https://ai.google.dev/gemini-api/docs/troubleshooting>
//! - <https://ai.google.dev/gemini-api/docs/deprecations>: Imagen 4 went on 2026-08-17, Nano Banana on 2026-10-02, Veo 3.1 on
//!   2026-10-22, Nano Banana 2 on 2026-10-29; the rows stay so that a call is told what takes their place
//!
//! Pictures are answered at once. Omni videos are interactions in the background and Veo videos long-running operations:
//! the two are told apart by the form of the task's id.

mod content;
mod errors;
mod imagen;
mod models;
mod omni;
mod pictures;
mod veo;
mod webhook;
mod words;

use std::time::Duration;

use aquatint_domain::Model;
use async_trait::async_trait;
use serde_json::Value;

use crate::chat::{ChatAnswer, ChatModel, ChatOrder};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::order::Order;
use crate::outcome::{Cancelled, KeyFacts, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::webhook::{Delivery, Notice};

pub(super) static FACTS: Facts = Facts {
    id: "google",
    name: "Google",
    docs: &[
        "https://ai.google.dev/gemini-api/docs/image-generation",
        "https://ai.google.dev/gemini-api/docs/omni",
        "https://ai.google.dev/api/interactions",
        "https://ai.google.dev/gemini-api/docs/pricing",
        "https://ai.google.dev/gemini-api/docs/deprecations",
    ],
    read_on: "2026-11-21",
    key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    key_form: "AIza…",
    key_page: "https://aistudio.google.com/apikey",
    base_url: "https://generativelanguage.googleapis.com",
    hosts: &[],
    auth: Auth::Header("x-goog-api-key"),
    // Limits differ by model and tier and are shown in AI Studio alone; the first paid tier allows ten pictures a minute.
    pace: Pace {
        at_once: 5,
        per_minute: 10,
        poll_every: Duration::from_secs(5),
    },
    read_error: errors::read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct Google;

#[async_trait]
impl Provider for Google {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        models::all()
    }

    /// Listing models costs nothing.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let answer = desk.get("/v1beta/models?pageSize=1").send().await?;
        match answer.json()?["models"] {
            Value::Array(_) => Ok(KeyFacts::default()),
            _ => Err(answer.unreadable("the answer does not list models")),
        }
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let model = order.model.vendor_model.as_str();
        if model.starts_with("imagen-") {
            imagen::make(desk, order).await
        } else if model.starts_with("veo-") {
            veo::begin(desk, order).await
        } else if model.starts_with("gemini-omni-") {
            omni::begin(desk, order).await
        } else {
            pictures::make(desk, order).await
        }
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        if veo::is_operation(&task.id) {
            veo::poll(desk, task).await
        } else {
            omni::poll(desk, task).await
        }
    }

    async fn cancel(&self, desk: &Desk, task: &Task) -> Result<Cancelled, Fault> {
        if veo::is_operation(&task.id) {
            Ok(Cancelled::NotOffered)
        } else {
            omni::cancel(desk, task).await
        }
    }

    fn chat_models(&self) -> &'static [ChatModel] {
        words::MODELS
    }

    async fn chat(&self, desk: &Desk, order: &ChatOrder) -> Result<ChatAnswer, Fault> {
        words::chat(desk, order).await
    }

    async fn webhook(&self, desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        webhook::read(desk, delivery).await
    }
}
