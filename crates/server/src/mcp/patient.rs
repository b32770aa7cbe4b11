//! Calls that take as long as their work. Nobody knows how long a proxy or a client keeps a silent connection, so once a call
//! has taken a while its answer begins before it is known: as a stream of events with progress and comments where the
//! client takes one, else as JSON with white space before it, which every reader of JSON passes over.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aquatint_app::operation::Progress;
use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Caller, Code, Problem};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::desk::{Desk, PROGRESS_BACKLOG};
use super::express::{self, Era};
use super::front::Front;
use super::refusal::{json_answer, required_scopes, respond};
use super::surface::Shown;

/// Who asked, and how the answer may look.
pub(super) struct Asker {
    pub caller: Caller,
    pub era: Era,
    /// JSON text.
    pub id: String,
    /// Whether the client takes a stream of events.
    pub streams: bool,
    /// Under what the client wants to hear of progress, as JSON text.
    pub progress: Option<String>,
}

/// By how much of what is left progress rises where nothing is known of it.
const NEXT_TO_NOTHING: f64 = 0.001;

type Outcome = Result<ToolReply, Problem>;

/// Calls a patient tool. `Err` is for what must become an HTTP answer.
pub(super) async fn call(front: &Front, asker: Asker, tool: &Shown, arguments: Value) -> Result<Response, Problem> {
    let (sender, mut news) = mpsc::channel(PROGRESS_BACKLOG);
    let (desk, caller, name) = (front.desk.clone(), asker.caller.clone(), tool.name().to_owned());
    let mut call: JoinHandle<Outcome> =
        tokio::spawn(async move { desk.call_apart(&caller, &name, arguments, Some(sender)).await });

    // What is quick, and what is refused, is an answer like any other.
    let silent_until = Instant::now() + front.config.keep_alive;
    let is_watched = asker.streams && asker.progress.is_some();
    let first = loop {
        tokio::select! {
            outcome = &mut call => return finish(&front.desk, &asker, outcome.unwrap_or_else(|_| Err(lost()))),
            Some(heard) = news.recv() => if is_watched { break Some(heard) },
            () = sleep_until(silent_until) => break None,
        }
    };

    let pending = Pending {
        call,
        news,
        first,
        told: -1.0,
        stage: "waiting".to_owned(),
        silence: front.config.keep_alive,
        desk: front.desk.clone(),
        stop: front.config.shutdown.clone(),
        is_over: false,
        asker,
    };
    Ok(pending.into_response())
}

fn finish(desk: &Desk, asker: &Asker, outcome: Outcome) -> Result<Response, Problem> {
    if let Err(problem) = &outcome
        && required_scopes(problem).is_some()
    {
        return Err(problem.clone());
    }
    let (status, body) = express::answer(desk, &asker.caller, asker.era, outcome, &asker.id);
    Ok(if status.is_success() {
        json_answer(body.into())
    } else {
        respond(status, body)
    })
}

/// An answer that has begun.
struct Pending {
    call: JoinHandle<Outcome>,
    news: mpsc::Receiver<Progress>,
    first: Option<Progress>,
    /// Progress only ever rises.
    told: f64,
    stage: String,
    silence: Duration,
    desk: Arc<Desk>,
    stop: CancellationToken,
    is_over: bool,
    asker: Asker,
}

impl Pending {
    fn into_response(self) -> Response {
        let streams = self.asker.streams;
        let parts = stream::unfold(self, |mut pending| async move {
            let part = pending.next().await?;
            Some((Ok::<_, Infallible>(part), pending))
        });
        let mut response = Response::new(Body::from_stream(parts));
        *response.status_mut() = StatusCode::OK;
        let kind = if streams {
            "text/event-stream"
        } else {
            "application/json"
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store, no-transform"),
        );
        // nginx would hold the bytes back otherwise.
        headers.insert(
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        );
        response
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        if let Some(part) = self.first.take().and_then(|heard| self.note(&heard)) {
            return Some(part);
        }
        let silent_until = Instant::now() + self.silence;
        loop {
            let outcome = tokio::select! {
                outcome = &mut self.call => outcome.unwrap_or_else(|_| Err(lost())),
                Some(heard) = self.news.recv() => match self.note(&heard) {
                    Some(part) => return Some(part),
                    None => continue,
                },
                () = sleep_until(silent_until) => return Some(self.sign_of_life()),
                () = self.stop.cancelled() => Err(stopping()),
            };
            self.is_over = true;
            let (_, body) = express::answer(&self.desk, &self.asker.caller, self.asker.era, outcome, &self.asker.id);
            return Some(if self.asker.streams { event(&body) } else { body.into() });
        }
    }

    fn sign_of_life(&mut self) -> Bytes {
        // Many clients count their patience from the last news of progress, which has to be more than what was told before.
        let told = self.told.max(0.0);
        let news = Progress {
            progress: told + (1.0 - told) * NEXT_TO_NOTHING,
            stage: self.stage.clone(),
        };
        if let Some(note) = self.note(&news) {
            return note;
        }
        Bytes::from_static(if self.asker.streams { b": waiting\n\n" } else { b"\n" })
    }

    fn note(&mut self, heard: &Progress) -> Option<Bytes> {
        let token = self.asker.progress.as_deref().filter(|_| self.asker.streams)?;
        if heard.progress <= self.told {
            return None;
        }
        self.told = heard.progress;
        self.stage.clone_from(&heard.stage);
        let mut params = json!({ "progress": heard.progress, "total": 1.0 });
        if !heard.stage.is_empty() {
            params["message"] = json!(heard.stage);
        }
        let token: Value = serde_json::from_str(token).ok()?;
        params["progressToken"] = token;
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
        Some(event(note.to_string().as_bytes()))
    }
}

/// One event. JSON as serde writes it holds no line breaks.
pub(super) fn event(data: &[u8]) -> Bytes {
    [b"event: message\ndata: ", data, b"\n\n"].concat().into()
}

fn lost() -> Problem {
    Problem::internal("a call ended without an outcome")
}

fn stopping() -> Problem {
    Problem::new(
        Code::Unavailable,
        "The server is restarting; the work goes on behind it.",
    )
    .hint("Make the same call again in a moment: it finds the work that this one began.")
    .retry_after(5)
}
