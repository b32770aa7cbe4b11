//! Where the payment provider delivers its events. The signature over the raw body is the only credential; an answer of 200 says
//! that the event needs not to come again.

use aquatint_app::Studio;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use super::Api;
use super::problem::problem_response;

/// Largest event, in bytes. Stripe's are far smaller.
pub(super) const EVENT_BYTES: usize = 512 * 1024;

pub(super) async fn receive(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let studio: &Studio = &api.studio;
    let signature = headers
        .get("stripe-signature")
        .and_then(|signature| signature.to_str().ok());
    match studio.take_payment_event(signature, &body).await {
        Ok(_) => (
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            "{\"received\":true}\n",
        )
            .into_response(),
        Err(problem) => problem_response(&problem),
    }
}
