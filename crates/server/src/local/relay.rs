//! The relay between a client on standard input and output and an upstream. Each request has a task of its own, so a slow
//! one holds up nothing; a cancelled one is dropped, which cancels it upstream.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, Problem, RequestId, SystemClock};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};

use super::Wishes;
use super::arguments::Uploads;
use super::results::{self, Saved, Target, Wish};
use super::upstream::Upstream;

/// Longest message of a client.
const MAX_LINE_BYTES: u64 = 96 * 1024 * 1024;
/// Messages that may wait for a slow client.
const BACKLOG: usize = 64;
/// How long requests may still take when the client has closed its end; one that pipes a line in waits for its answer.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// How long a notification may hold up what comes after it.
const NOTICE: Duration = Duration::from_secs(10);
/// The error that JSON-RPC has for what failed on the way.
const INTERNAL_ERROR: i64 = -32603;

/// Where messages to the client go; only one writer touches the stream.
#[derive(Clone)]
pub(super) struct Outbox(mpsc::Sender<Value>);

/// The writer behind an outbox.
pub(super) struct Writer(JoinHandle<()>);

impl Outbox {
    pub(super) fn new<W>(mut to: W) -> (Self, Writer)
    where
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, mut receiver) = mpsc::channel::<Value>(BACKLOG);
        let writer = tokio::spawn(async move {
            while let Some(message) = receiver.recv().await {
                let line = format!("{message}\n");
                if to.write_all(line.as_bytes()).await.is_err() || to.flush().await.is_err() {
                    return;
                }
            }
        });
        (Self(sender), Writer(writer))
    }

    pub(super) async fn send(&self, message: Value) {
        // A client that is gone needs no answer.
        let _ = self.0.send(message).await;
    }
}

impl Writer {
    /// Waits until everything is written; every outbox must be gone by then.
    pub(super) async fn finish(self) {
        let _ = tokio::time::timeout(Duration::from_secs(5), self.0).await;
    }
}

/// The relay and what it remembers.
pub(super) struct Relay {
    inner: Arc<Inner>,
    outbox: Outbox,
}

struct Inner {
    upstream: Box<dyn Upstream>,
    wishes: Wishes,
    uploads: Uploads,
    saved: Saved,
    running: Mutex<HashMap<String, AbortHandle>>,
}

impl Relay {
    pub(super) fn new(upstream: impl Upstream, wishes: Wishes, outbox: Outbox) -> Self {
        Self {
            inner: Arc::new(Inner {
                upstream: Box::new(upstream),
                wishes,
                uploads: Uploads::default(),
                saved: Saved::default(),
                running: Mutex::default(),
            }),
            outbox,
        }
    }

    /// Relays until the client closes its end.
    pub(super) async fn run<R: AsyncRead + Unpin>(&self, from: R) {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        let mut tasks = tokio::task::JoinSet::new();
        loop {
            line.clear();
            let read = (&mut from).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await;
            match read {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if !line.ends_with(b"\n") && line.len() as u64 >= MAX_LINE_BYTES {
                let message = format!("A message has at most {MAX_LINE_BYTES} bytes; give a path instead of data.");
                self.outbox.send(error(Value::Null, -32600, &message, None)).await;
                break;
            }
            self.take(&line, &mut tasks).await;
            while tasks.try_join_next().is_some() {}
        }
        let _ = tokio::time::timeout(LAST_ANSWERS, async { while tasks.join_next().await.is_some() {} }).await;
    }

    /// One message of the client.
    async fn take(&self, line: &[u8], tasks: &mut tokio::task::JoinSet<()>) {
        let message: Value = match serde_json::from_slice(line) {
            Ok(message) => message,
            Err(why) => {
                let message = format!("Not JSON: {why}.");
                return self.outbox.send(error(Value::Null, -32700, &message, None)).await;
            }
        };
        if !message.is_object() {
            let message = "Send one JSON-RPC request at a time.";
            return self.outbox.send(error(Value::Null, -32600, message, None)).await;
        }
        let id = message.get("id").filter(|id| !id.is_null()).cloned();
        let Some(id) = id.filter(|_| message["method"].is_string()) else {
            // Notifications, and answers to what a server asked.
            if message["method"] == "notifications/cancelled" {
                let key = message["params"]["requestId"].to_string();
                if let Some(task) = self.inner.running.lock().remove(&key) {
                    task.abort();
                    return;
                }
            }
            // In their order, because a handshake has one.
            let _ = tokio::time::timeout(NOTICE, self.inner.upstream.notify(message)).await;
            return;
        };
        let key = id.to_string();
        let (inner, outbox) = (self.inner.clone(), self.outbox.clone());
        let own_key = key.clone();
        let mut running = self.inner.running.lock();
        let task = tasks.spawn(async move {
            let answer = inner.answer(message, &outbox).await;
            // A cancelled request gets no answer.
            if inner.running.lock().remove(&own_key).is_some() {
                outbox.send(answer).await;
            }
        });
        running.insert(key, task);
    }
}

impl Inner {
    async fn answer(&self, message: Value, outbox: &Outbox) -> Value {
        let id = message["id"].clone();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let is_modern = message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].is_string();
        let outcome = match method.as_str() {
            "tools/call" => self.call(message, outbox).await,
            _ => self.pass(message, &method, outbox).await,
        };
        match outcome {
            Ok(answer) => answer,
            Err(problem) => {
                let request = RequestId::generate(SystemClock.now());
                let members = crate::mcp::members(&problem, &request);
                if method == "tools/call" {
                    let mut result = json!({
                        "content": [{ "type": "text", "text": crate::mcp::words(&problem, problem.code.as_str(), &request) }],
                        "structuredContent": members,
                        "isError": true,
                    });
                    if is_modern {
                        result["resultType"] = json!("complete");
                    }
                    return json!({ "jsonrpc": "2.0", "id": id, "result": result });
                }
                let mut words = problem.message.clone();
                if let Some(hint) = &problem.hint {
                    words.push(' ');
                    words.push_str(hint);
                }
                error(id, INTERNAL_ERROR, &words, Some(members))
            }
        }
    }

    /// Everything but calls: the same, with a word about this machine where clients look for it.
    async fn pass(&self, message: Value, method: &str, outbox: &Outbox) -> Result<Value, Problem> {
        let task = message["params"]["taskId"].as_str().map(str::to_owned);
        let mut answer = self.upstream.request(message, outbox).await?;
        let Some(result) = answer.get_mut("result") else {
            return Ok(answer);
        };
        match method {
            "initialize" | "server/discover" => results::add_instructions(result, &self.wishes.folders),
            "tools/list" => results::add_save_to(result, &self.wishes.folders),
            "tasks/get" if result["status"] == "completed" => {
                let asked = task.and_then(|task| self.saved.place_of(&task));
                let target = match asked {
                    Some(place) => Some(Target { place, is_asked: true }),
                    None => self.target(None)?,
                };
                if let (Some(target), Some(result)) = (target, result.get_mut("result")) {
                    results::save(&*self.upstream, &self.saved, &target, result).await;
                }
            }
            _ => {}
        }
        Ok(answer)
    }

    /// A call of a tool: paths become assets before, results become files after.
    async fn call(&self, mut message: Value, outbox: &Outbox) -> Result<Value, Problem> {
        let mut target = None;
        // What is no call by the letter is the server's to refuse.
        if let Some(params) = message
            .get_mut("params")
            .filter(|params| params["arguments"].is_object())
        {
            target = self.target(results::take_save_to(params)?)?;
            self.uploads
                .replace(&*self.upstream, &self.wishes.folders, params)
                .await?;
        }
        let mut answer = self.upstream.request(message, outbox).await?;
        let (Some(target), Some(result)) = (target, answer.get_mut("result")) else {
            return Ok(answer);
        };
        if result["resultType"] != "task" {
            results::save(&*self.upstream, &self.saved, &target, result).await;
        } else if let Some(task) = result["taskId"].as_str().filter(|_| target.is_asked) {
            self.saved.later(task, target.place);
        }
        Ok(answer)
    }

    /// Where results go: as a call asks, else where everything goes, else nowhere.
    fn target(&self, wish: Option<Wish>) -> Result<Option<Target>, Problem> {
        let folders = &self.wishes.folders;
        let (place, is_asked) = match wish {
            Some(Wish::First) => (folders.place(None)?, true),
            Some(Wish::Named(named)) => (folders.place(Some(&named))?, true),
            None if self.wishes.saves_all => (folders.place(None)?, false),
            None => return Ok(None),
        };
        Ok(Some(Target { place, is_asked }))
    }
}

fn error(id: Value, code: i64, message: &str, data: Option<Value>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(data) = data {
        error["data"] = data;
    }
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}
