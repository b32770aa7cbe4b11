//! A server that others tell: what it heard, and how it answers.

use std::net::Ipv4Addr;
use std::sync::Arc;

use aquatint_domain::{Clock, SystemClock};
use aquatint_providers::webhook::Delivery;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;

/// What a receiver of webhooks heard, and how it answers.
#[derive(Clone, Default)]
pub struct Heard {
    pub deliveries: Arc<Mutex<Vec<Delivery>>>,
    /// Statuses of the next answers; 200 when there are none.
    pub answers: Arc<Mutex<Vec<u16>>>,
}

impl Heard {
    pub async fn start() -> (Self, u16) {
        let heard = Self::default();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let own = heard.clone();
        let hook = axum::routing::post(async move |headers: HeaderMap, body: Bytes| {
            own.deliveries.lock().push(Delivery {
                headers,
                body,
                received_at: SystemClock.now(),
                secret: String::new(),
            });
            let mut answers = own.answers.lock();
            let status = if answers.is_empty() { 200 } else { answers.remove(0) };
            StatusCode::from_u16(status).expect("a status")
        });
        let router = axum::Router::new().route("/hook", hook);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (heard, port)
    }

    pub fn ids(&self) -> Vec<String> {
        let deliveries = self.deliveries.lock();
        deliveries
            .iter()
            .map(|delivery| delivery.header("webhook-id").expect("an id").to_owned())
            .collect()
    }

    pub fn bodies(&self) -> Vec<Value> {
        let deliveries = self.deliveries.lock();
        deliveries
            .iter()
            .map(|delivery| serde_json::from_slice(&delivery.body).expect("JSON"))
            .collect()
    }
}
