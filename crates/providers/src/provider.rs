//! What a vendor is to us: facts, models as data, and a few verbs over its API.
//!
//! To add one: write `src/vendors/acme.rs` with links to the vendor's documentation and the day they were read, its
//! [`Facts`], its models, `impl Provider`, and one function that turns its error answers into [`Fault`]s; give it a
//! row in [`ALL`] and a stand-in in `crates/standins`. The contract suite does the rest. Retries, limits, the circuit
//! breaker, metering and logging are layers around every provider ([`crate::Service`]): none of them is written here.

use std::time::Duration;

use aquatint_domain::Model;
use async_trait::async_trait;

use crate::chat::{ChatAnswer, ChatModel, ChatOrder};
use crate::desk::{Answer, Desk};
use crate::fault::{Fault, FaultKind};
use crate::order::Order;
use crate::outcome::{Cancelled, Found, KeyFacts, Progress, Submitted, Task};
use crate::webhook::{Delivery, Notice};

/// What is true of a vendor's API as a whole.
pub struct Facts {
    /// The word that catalogue rows name it by (`Model::maker`), such as `acme`.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The documentation that this file was written from.
    pub docs: &'static [&'static str],
    /// The day on which it was read, such as `2026-11-21`.
    pub read_on: &'static str,
    /// The environment variable that the vendor's own tools read the key from comes first.
    pub key_variables: &'static [&'static str],
    /// What a key looks like, for people: `sk-…`.
    pub key_form: &'static str,
    /// Where a person gets a key.
    pub key_page: &'static str,
    /// Without a slash at the end. Empty for what stands on one's own machine: an operator has to name it.
    pub base_url: &'static str,
    /// More hosts that get the key, such as `api.eu.acme.ai` or `*.acme.ai`.
    pub hosts: &'static [&'static str],
    pub auth: Auth,
    pub pace: Pace,
    /// Turns an answer with an error status into a fault. `None` leaves it to the status alone.
    pub read_error: fn(&Answer) -> Option<Fault>,
    /// The vendor documents that a submit with the same idempotency key is one purchase, and we send it:
    /// then a lost answer is asked for again.
    pub repeats_safely: bool,
    /// Whether finished tasks are told by webhooks ([`Provider::webhook`]). One that is signed is verified there; one
    /// that is not is a nudge to poll and nothing more. Either comes to an address that only the vendor was told.
    pub has_webhooks: bool,
}

/// How the key is sent. The desk does it; vendors' files never see the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer KEY`
    Bearer,
    /// `Authorization: WORD KEY`, such as `Key`.
    Word(&'static str),
    /// A header of the vendor's own, such as `x-key`.
    Header(&'static str),
    /// A server of one's own; a key is sent as Bearer where one was given.
    Optional,
}

/// What one account may do at once, as the vendor documents it for its smallest plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Submits and tasks at the same time.
    pub at_once: usize,
    /// Submits in a minute.
    pub per_minute: u32,
    /// Between two polls of one task, where the vendor says nothing.
    pub poll_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 4,
            per_minute: 60,
            poll_every: Duration::from_secs(3),
        }
    }
}

/// One vendor.
#[async_trait]
pub trait Provider: Send + Sync {
    fn facts(&self) -> &'static Facts;

    /// What it offers: kinds, sizes, prices and the JSON Schema of the inputs, as data.
    fn models(&self) -> Vec<Model>;

    /// A call that costs nothing and fails when the key is not good.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault>;

    /// Asks for outputs. Exactly one request of it is sent with [`crate::Ask::buying`]: the one that costs.
    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault>;

    /// How a task stands. `Err` means that it could not be asked; a task that ended badly is [`Progress::Failed`].
    async fn poll(&self, _desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        Err(Fault::unreadable(format!(
            "there are no tasks here, so not {}",
            task.id
        )))
    }

    /// Stops a task.
    async fn cancel(&self, _desk: &Desk, _task: &Task) -> Result<Cancelled, Fault> {
        Ok(Cancelled::NotOffered)
    }

    /// Finds out what became of a submit whose answer was lost.
    async fn look_up(&self, _desk: &Desk, _order: &Order) -> Result<Found, Fault> {
        Ok(Found::NotOffered)
    }

    /// Verifies what came to our webhook address, and says which task it is about.
    async fn webhook(&self, _desk: &Desk, _delivery: &Delivery) -> Result<Notice, Fault> {
        Err(Fault::unreadable("this vendor sends no webhooks"))
    }

    /// A model by the vendor's own name that is not in [`Provider::models`], its schema read from the vendor.
    async fn find(&self, _desk: &Desk, _slug: &str) -> Result<Option<Model>, Fault> {
        Ok(None)
    }

    /// Its language models.
    fn chat_models(&self) -> &'static [ChatModel] {
        &[]
    }

    /// Asks a language model. Exactly one request, sent with [`crate::Ask::buying`].
    async fn chat(&self, _desk: &Desk, order: &ChatOrder) -> Result<ChatAnswer, Fault> {
        Err(Fault::new(
            FaultKind::NoSuchModel,
            format!("there is no language model {}", order.model),
        ))
    }

    /// Models at the vendor for these words.
    async fn search(&self, _desk: &Desk, _words: &str) -> Result<Vec<Model>, Fault> {
        Ok(Vec::new())
    }
}

/// Every vendor, a row each.
pub static ALL: &[&dyn Provider] = &[
    &crate::vendors::openai::OpenAi,
    &crate::vendors::google::Google,
    &crate::vendors::bfl::Bfl,
    &crate::vendors::stability::Stability,
    &crate::vendors::recraft::Recraft,
    &crate::vendors::ideogram::Ideogram,
    &crate::vendors::replicate::Replicate,
    &crate::vendors::fal::Fal,
    &crate::vendors::huggingface::HuggingFace,
    &crate::vendors::runway::Runway,
    &crate::vendors::luma::Luma,
    &crate::vendors::luma_dream_machine::LumaDreamMachine,
    &crate::vendors::comfyui::ComfyUi,
];

/// The vendor of that id.
pub fn find(id: &str) -> Option<&'static dyn Provider> {
    ALL.iter().copied().find(|provider| provider.facts().id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_provider_has_its_own_id_and_signs_its_models() {
        let mut ids = BTreeSet::new();
        let mut models = BTreeSet::new();
        for provider in ALL {
            let facts = provider.facts();
            assert!(ids.insert(facts.id), "two providers are called {}", facts.id);
            assert!(
                !facts.docs.is_empty() && facts.docs.iter().all(|page| page.starts_with("https://")),
                "{}",
                facts.id
            );
            assert!(
                facts.read_on.parse::<jiff::civil::Date>().is_ok(),
                "{}: {}",
                facts.id,
                facts.read_on
            );
            assert!(!facts.base_url.ends_with('/'), "{}", facts.id);
            for model in provider.models() {
                assert_eq!(model.maker, facts.id, "{}", model.id);
                assert!(models.insert(model.id.clone()), "two models are called {}", model.id);
            }
            for model in provider.chat_models() {
                assert!(models.insert(model.id.to_owned()), "two models are called {}", model.id);
                assert_eq!(model.id, format!("text/{}/{}", facts.id, model.vendor_model));
                let ends = model.until.map(|(end, _)| end.parse::<aquatint_domain::Timestamp>());
                assert!(ends.is_none_or(|end| end.is_ok()), "{}", model.id);
            }
        }
    }
}
