//! Where vendors say that a task is done. The address is known to one vendor alone, and what comes there is verified;
//! whatever it says, it only has the studio ask. An answer of 200 says that it need not come again.

use aquatint_app::Studio;
use aquatint_providers::webhook::Delivery;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use super::Api;
use super::problem::problem_response;

/// Largest delivery, in bytes. Some vendors send the inputs and the URLs of the results along.
pub(super) const DELIVERY_BYTES: usize = 1024 * 1024;

pub(super) async fn receive(
    State(api): State<Api>,
    Path((vendor, purchase)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let studio: &Studio = &api.studio;
    let delivery = Delivery {
        headers,
        body,
        received_at: studio.now(),
        secret: String::new(),
    };
    match studio.take_vendor_webhook(&vendor, &purchase, delivery).await {
        Ok(()) => (
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
