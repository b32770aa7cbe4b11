//! REST under `/api/v1`, made from the list of operations, and the plain endpoints around it:
//! uploads, media, events of the payment provider, webhooks of vendors, health, metrics.

mod caller;
mod events;
mod health;
mod lifecycle;
mod media;
mod openapi;
mod operations;
mod payments;
mod problem;
mod uploads;
mod vendors;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use aquatint_app::Studio;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

pub use openapi::document;
pub use problem::problem_response;

pub(crate) use caller::{Peer, bearer, tell_allowance};
pub(crate) use lifecycle::tell as tell_deprecation;
pub(crate) use operations::gather_inputs;
pub(crate) use problem::with_request_id;
pub(crate) use uploads::receive_for;

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    pub studio: Studio,
    pub stop: CancellationToken,
    pub(crate) requests: Arc<AtomicU64>,
    pub(crate) failures: Arc<AtomicU64>,
    /// Uploads that are held in memory at the same time.
    pub(crate) receiving: Arc<tokio::sync::Semaphore>,
}

/// Uploads at the same time; each may hold the largest upload in memory.
const RECEIVING: usize = 8;

/// All routes of this door.
pub fn router(studio: Studio, config: &Config, stop: CancellationToken) -> Router {
    let api = Api {
        studio,
        stop,
        requests: Arc::default(),
        failures: Arc::default(),
        receiving: Arc::new(tokio::sync::Semaphore::new(RECEIVING)),
    };
    operations::routes()
        .route("/api/v1/jobs/{job_id}/events", get(events::of_job))
        .route("/api/v1/pipelines/runs/{run_id}/events", get(events::of_run))
        .route("/api/v1/events", get(events::of_workspace))
        .merge(crate::surfaces::rest::routes())
        .layer(DefaultBodyLimit::max(config.max_body_bytes))
        .route("/api/v1/openapi.json", get(openapi::serve))
        .route(
            "/u/{token}",
            post(uploads::receive)
                .put(uploads::receive)
                .options(uploads::ask)
                .layer(DefaultBodyLimit::disable()),
        )
        .route(
            "/webhooks/stripe",
            post(payments::receive).layer(DefaultBodyLimit::max(payments::EVENT_BYTES)),
        )
        .route(
            "/webhooks/providers/{vendor}/{purchase}",
            post(vendors::receive).layer(DefaultBodyLimit::max(vendors::DELIVERY_BYTES)),
        )
        .route("/media/{asset}/{file}", get(media::serve))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(api)
}
