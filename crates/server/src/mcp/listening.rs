//! Jobs that tell of themselves: a client that listens (`subscriptions/listen` with `taskIds`, SEP-2663) gets `notifications/tasks` in a
//! stream of events until all of them have ended. rmcp has no place for ids of tasks in a filter yet, so this stands before it; whatever
//! else is listened to is its affair.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Caller, Code, Problem};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rmcp::model::{ClientCapabilities, DetailedTask, ProtocolVersion};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::desk::Desk;
use super::envelope::Envelope;
use super::front::Front;
use super::handler::server_meta;
use super::patient::event;
use super::tasks;

const METHOD: &str = "subscriptions/listen";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// Clients of one endpoint that may listen at the same time.
pub(super) const LISTENERS: usize = 64;
/// Tasks that one of them may name.
const MAX_TASKS: usize = 32;
/// How often the tasks are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// After this a client has to listen anew, and is asked again who it is.
const LONGEST: Duration = Duration::from_secs(1_800);

#[derive(Deserialize)]
struct Params {
    notifications: Filter,
    #[serde(rename = "_meta")]
    meta: Meta,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(rename = "taskIds")]
    tasks: Vec<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: String,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: ClientCapabilities,
}

/// The tasks that a request wants to hear of; `None` for every other request.
fn wanted(headers: &HeaderMap, envelope: &Envelope) -> Option<Vec<String>> {
    if !envelope.is_whole || envelope.method.as_deref() != Some(METHOD) {
        return None;
    }
    let params: Params = serde_json::from_str(envelope.params()?).ok()?;
    let newest = ProtocolVersion::V_2026_07_28;
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|given| given == value);
    let is_right = params.meta.version == newest.as_str()
        && is("mcp-protocol-version", newest.as_str())
        && is("mcp-method", METHOD)
        && ClientCapabilities::supports_tasks(&params.meta.capabilities);
    let mut tasks = params.notifications.tasks;
    tasks.sort_unstable();
    tasks.dedup();
    (is_right && !tasks.is_empty()).then_some(tasks)
}

/// Answers a request to listen to tasks. `None` where it is another request, or tasks are not told of here.
pub(super) async fn answer(
    front: &Front,
    headers: &HeaderMap,
    envelope: &Envelope,
    caller: &Caller,
) -> Option<Result<Response, Problem>> {
    let has_tasks = front.desk.shelf.as_deref().is_some_and(|shelf| shelf.holds().tasks);
    let tasks = wanted(headers, envelope).filter(|_| has_tasks)?;
    let id = serde_json::from_str(envelope.id.as_deref()?).ok()?;
    Some(listen(front, caller, id, tasks).await)
}

async fn listen(front: &Front, caller: &Caller, id: Value, wanted: Vec<String>) -> Result<Response, Problem> {
    if wanted.len() > MAX_TASKS {
        let words = format!("At most {MAX_TASKS} tasks are told of in one stream.");
        return Err(Problem::invalid("taskIds", words).hint("Listen to the others in another, or ask `tasks/get`."));
    }
    let Ok(permit) = front.listeners.clone().try_acquire_owned() else {
        let problem = Problem::new(Code::RateLimited, "Too many clients listen at this moment.");
        return Err(problem.hint("Ask `tasks/get` instead.").retry_after(10));
    };
    let mut listener = Listener {
        desk: front.desk.clone(),
        caller: caller.clone(),
        id,
        open: HashMap::new(),
        waiting: Vec::new(),
        until: Instant::now() + LONGEST,
        silence: front.config.keep_alive,
        spoke: Instant::now(),
        stop: front.config.shutdown.clone(),
        is_over: false,
        _permit: permit,
    };
    let mut accepted = Vec::new();
    let mut known = Vec::new();
    for task in wanted {
        match listener.look(&task).await {
            Ok(found) => {
                known.push(listener.note(&task, &found));
                accepted.push(task);
            }
            // The acknowledgement tells which there are.
            Err(problem) if matches!(problem.code, Code::NotFound | Code::InvalidArgument) => {}
            Err(problem) => return Err(problem),
        }
    }
    let params = json!({ "notifications": { "taskIds": accepted } });
    listener.waiting = known.into_iter().flatten().rev().collect();
    let acknowledged = listener.notification("notifications/subscriptions/acknowledged", params);
    listener.waiting.push(acknowledged);
    Ok(listener.into_response())
}

/// A stream of what becomes of some tasks.
struct Listener {
    desk: Arc<Desk>,
    caller: Caller,
    /// Of the request to listen; it names the subscription.
    id: Value,
    /// Tasks that have not ended, with what was told of them last.
    open: HashMap<String, Value>,
    /// What is to be sent, the last one first.
    waiting: Vec<Bytes>,
    until: Instant,
    silence: Duration,
    spoke: Instant,
    stop: CancellationToken,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    fn into_response(self) -> Response {
        let parts = stream::unfold(self, |mut listener| async move {
            let part = listener.next().await?;
            Some((Ok::<_, Infallible>(part), listener))
        });
        let mut response = Response::new(Body::from_stream(parts));
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store, no-transform"),
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        while self.waiting.is_empty() {
            if self.open.is_empty() || self.stop.is_cancelled() || Instant::now() >= self.until {
                self.is_over = true;
                return Some(self.end());
            }
            if self.spoke.elapsed() >= self.silence {
                self.spoke = Instant::now();
                return Some(Bytes::from_static(b": listening\n\n"));
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => self.look_around().await,
                () = self.stop.cancelled() => {}
            }
        }
        self.spoke = Instant::now();
        self.waiting.pop()
    }

    async fn look_around(&mut self) {
        let names: Vec<String> = self.open.keys().cloned().collect();
        for name in names {
            match self.look(&name).await {
                Ok(found) => {
                    let note = self.note(&name, &found);
                    self.waiting.extend(note);
                }
                // A task that is gone is not told of any more; another fault may pass.
                Err(problem) if matches!(problem.code, Code::NotFound | Code::Forbidden) => {
                    self.open.remove(&name);
                }
                Err(problem) => tracing::debug!(?problem, task = name, "a task could not be looked at"),
            }
        }
    }

    async fn look(&self, task: &str) -> Result<DetailedTask, Problem> {
        let shelf = self.desk.shelf.as_deref();
        let shelf = shelf.ok_or_else(|| Problem::internal("no shelf holds tasks"))?;
        let reply = shelf.job(&self.caller, task).await?;
        tasks::detailed(&self.desk, reply, &self.caller.request)
    }

    /// What has changed in a task, to be sent.
    fn note(&mut self, name: &str, task: &DetailedTask) -> Option<Bytes> {
        let told = serde_json::to_value(task).ok()?;
        let is_news = self.open.get(name) != Some(&told);
        if matches!(told["status"].as_str(), Some("working" | "input_required")) {
            self.open.insert(name.to_owned(), told.clone());
        } else {
            self.open.remove(name);
        }
        is_news.then(|| self.notification("notifications/tasks", told))
    }

    fn notification(&self, method: &str, mut params: Value) -> Bytes {
        params["_meta"] = json!({ SUBSCRIPTION: self.id });
        event(
            json!({ "jsonrpc": "2.0", "method": method, "params": params })
                .to_string()
                .as_bytes(),
        )
    }

    /// The answer to the request, which ends the stream.
    fn end(&self) -> Bytes {
        let mut meta = serde_json::to_value(server_meta()).unwrap_or_else(|_| json!({}));
        meta[SUBSCRIPTION] = self.id.clone();
        let result = json!({ "resultType": "complete", "_meta": meta });
        event(
            json!({ "jsonrpc": "2.0", "id": self.id, "result": result })
                .to_string()
                .as_bytes(),
        )
    }
}
