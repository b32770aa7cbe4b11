//! Where the relay sends messages: the studio in this process, or a server elsewhere.

use std::fs::File;

use aquatint_domain::Problem;
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use super::relay::Outbox;

/// A medium that a result links to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Medium {
    pub url: String,
    pub title: String,
    pub media_type: String,
    /// Its asset id, where the server told one.
    pub id: Option<String>,
}

#[async_trait]
pub(super) trait Upstream: Send + Sync + 'static {
    /// Sends a request and gives its answer, result or error. What is told on the way goes to the outbox. Dropped, it
    /// cancels the request.
    async fn request(&self, message: Value, outbox: &Outbox) -> Result<Value, Problem>;

    /// Sends what has no answer.
    async fn notify(&self, message: Value);

    /// Makes a file an asset, and gives its id.
    async fn upload(&self, name: &str, bytes: Bytes) -> Result<String, Problem>;

    /// Writes a medium into a file.
    async fn download(&self, medium: &Medium, file: File) -> Result<(), Problem>;
}
