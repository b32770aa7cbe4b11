//! Black Forest Labs: FLUX pictures, picture tools and videos.
//!
//! Written from, on 2026-11-21:
//! - <https://api.bfl.ai/openapi.json> and the pages that embed it, <https://docs.bfl.ml/llms.txt>
//! - <https://docs.bfl.ml/api_integration/integration_guidelines> (polling URLs, regions, how long results stay)
//! - <https://docs.bfl.ml/api_integration/errors> (statuses, moderation)
//! - <https://docs.bfl.ml/quick_start/pricing> and <https://bfl.ai/pricing> (one of their credits is one US cent)
//! - <https://docs.bfl.ml/flux_3/flux3_image_overview>, <https://docs.bfl.ml/flux_3/flux3_video>
//! - <https://docs.bfl.ml/flux_tools/flux_erase> and its siblings for outpainting, deblurring, try-on, video edit and upscale
//!
//! - <https://github.com/black-forest-labs/skills>, the page on webhooks (the header of the signature; the OpenAPI has
//!   `webhook_url` and `webhook_secret`)
//!
//! Every model is a path of its own; every submit answers with a task. Not offered: FLUX 3 Image Klein, whose request the
//! vendor's stored pages do not show, and training.

mod models;
mod request;
mod task;

use std::time::Duration;

use aquatint_domain::Model;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use crate::desk::Desk;
use crate::fault::{Bought, Fault};
use crate::order::Order;
use crate::outcome::{KeyFacts, Progress, Submitted, Task};
use crate::provider::{Auth, Facts, Pace, Provider};
use crate::webhook::{Delivery, Notice, verify_body};

pub(super) static FACTS: Facts = Facts {
    id: "bfl",
    name: "Black Forest Labs",
    docs: &[
        "https://docs.bfl.ml/llms.txt",
        "https://api.bfl.ai/openapi.json",
        "https://docs.bfl.ml/api_integration/integration_guidelines",
        "https://docs.bfl.ml/api_integration/errors",
        "https://docs.bfl.ml/quick_start/pricing",
    ],
    read_on: "2026-11-21",
    key_variables: &["BFL_API_KEY"],
    key_form: "bfl_… or a UUID",
    key_page: "https://dashboard.bfl.ai",
    base_url: "https://api.bfl.ai",
    // A task is asked about at the cluster that took it, such as api.eu4.bfl.ai.
    hosts: &["*.bfl.ai"],
    auth: Auth::Header("x-key"),
    // 24 tasks at once; six for Kontext [max] and five videos, where the vendor answers 429 and is asked again.
    pace: Pace {
        at_once: 24,
        per_minute: 120,
        poll_every: Duration::from_secs(2),
    },
    read_error: task::read_error,
    repeats_safely: false,
    has_webhooks: true,
};

pub struct Bfl;

#[async_trait]
impl Provider for Bfl {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn models(&self) -> Vec<Model> {
        models::all()
    }

    /// `GET /v1/credits` costs nothing and tells what is left.
    async fn check_key(&self, desk: &Desk) -> Result<KeyFacts, Fault> {
        let left: Credits = desk.get("/v1/credits").send().await?.read()?;
        Ok(KeyFacts {
            account: None,
            balance: Some(format!("{:.2} credits", left.credits)),
        })
    }

    async fn submit(&self, desk: &Desk, order: &Order) -> Result<Submitted, Fault> {
        let mut body = request::body(order)?;
        // A field too many is refused since FLUX 3, whose pages show no webhooks.
        let path = order.model.vendor_model.as_str();
        let may_tell = !path.starts_with("flux-3") && !path.starts_with("flux-tools/");
        if let Some(webhook) = order.webhook.as_ref().filter(|_| may_tell) {
            body.insert("webhook_url".into(), json!(webhook.url));
            body.insert("webhook_secret".into(), json!(webhook.secret));
        }
        let place = format!("/v1/{}", order.model.vendor_model);
        let answer = desk.post(place).json(&body).buying().send().await?;
        let accepted: Accepted = answer.read()?;
        if accepted.id.is_empty() {
            return Err(answer.unreadable("`id` is empty"));
        }
        // The polling URL must be used as it was answered: another cluster does not know the task. One that is not the
        // vendor's own would get the key, so it is not followed.
        if let Some(url) = &accepted.polling_url {
            desk.check_host(url).map_err(|fault| fault.bought(Bought::Yes))?;
        }
        let task = Task::new(accepted.id).with(json!({ "polling_url": accepted.polling_url, "cost": accepted.cost }));
        Ok(Submitted::Waiting(task))
    }

    async fn poll(&self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        task::poll(desk, task).await
    }

    /// Signed with the secret of the order. It says which task to ask about, and no more.
    async fn webhook(&self, _desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
        verify_body(delivery, "x-bfl-signature")?;
        let told: Told =
            serde_json::from_slice(&delivery.body).map_err(|_| Fault::unreadable("the delivery names no task"))?;
        Ok(Notice {
            task: told.id,
            progress: None,
        })
    }
}

#[derive(Deserialize)]
struct Told {
    id: String,
}

#[derive(Deserialize)]
struct Credits {
    credits: f64,
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
    polling_url: Option<String>,
    /// In their credits; an estimate, and null where the length of a video decides.
    cost: Option<f64>,
}
