//! The studio in this process as an upstream: the MCP server at the other end of a pipe in memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use aquatint_app::Studio;
use aquatint_domain::{Caller, Code, Problem};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::relay::Outbox;
use super::upstream::{Medium, Upstream};
use crate::mcp::serve_pipe;

/// What may wait in the pipe.
const PIPE_BYTES: usize = 256 * 1024;

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

pub(super) struct Embedded {
    studio: Studio,
    caller: Caller,
    to: mpsc::UnboundedSender<Value>,
    waiting: Waiting,
    tasks: Vec<JoinHandle<()>>,
}

impl Embedded {
    pub(super) fn start(studio: Studio, caller: Caller, outbox: Outbox) -> Self {
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let (from, mut into) = tokio::io::split(ours);
        let (toolbox, own_caller) = (Arc::new(studio.clone()), caller.clone());
        let server = tokio::spawn(async move {
            if let Err(problem) = serve_pipe(toolbox, own_caller, tokio::io::split(theirs)).await {
                tracing::debug!(?problem, "the server in this process ended");
            }
        });
        let (to, mut messages) = mpsc::unbounded_channel::<Value>();
        let writer = tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                let line = format!("{message}\n");
                if into.write_all(line.as_bytes()).await.is_err() || into.flush().await.is_err() {
                    return;
                }
            }
        });
        let waiting = Waiting::default();
        let asked = waiting.clone();
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let Ok(message) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                if message["method"].is_string() {
                    outbox.send(message).await;
                    continue;
                }
                let waiter = asked.lock().remove(&message["id"].to_string());
                if let Some(waiter) = waiter {
                    let _ = waiter.send(message);
                }
            }
            // Whoever still waits hears that nothing comes.
            asked.lock().clear();
        });
        Self {
            studio,
            caller,
            to,
            waiting,
            tasks: vec![server, writer, reader],
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Cancels a request that nobody waits for any more.
struct Request<'a> {
    upstream: &'a Embedded,
    id: Value,
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if self.upstream.waiting.lock().remove(&self.id.to_string()).is_some() {
            let params = json!({ "requestId": self.id, "reason": "cancelled by the client" });
            let message = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
            let _ = self.upstream.to.send(message);
        }
    }
}

#[async_trait]
impl Upstream for Embedded {
    async fn request(&self, message: Value, _outbox: &Outbox) -> Result<Value, Problem> {
        let gone = || {
            Problem::new(
                Code::Unavailable,
                "The server in this process has ended; start it again.",
            )
        };
        let (sender, receiver) = oneshot::channel();
        let id = message["id"].clone();
        self.waiting.lock().insert(id.to_string(), sender);
        let _request = Request { upstream: self, id };
        self.to.send(message).map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())
    }

    async fn notify(&self, message: Value) {
        let _ = self.to.send(message);
    }

    async fn upload(&self, name: &str, bytes: Bytes) -> Result<String, Problem> {
        let asset = self.studio.upload_local(&self.caller, bytes, name).await?;
        Ok(asset.asset_id.to_string())
    }

    /// Read from the store: nobody listens at the address of the link.
    async fn download(&self, medium: &Medium, mut file: File) -> Result<(), Problem> {
        let url = url::Url::parse(&medium.url).map_err(Problem::internal)?;
        let served = self
            .studio
            .serve_media(url.path(), url.query().unwrap_or_default())
            .await?;
        file.write_all(&served.bytes)
            .map_err(|error| Problem::new(Code::StorageFull, format!("The file cannot be written: {error}.")))
    }
}
