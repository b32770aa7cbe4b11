//! Job events as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use aquatint_app::{JobEvent, Studio};
use aquatint_domain::{Caller, Code, Job, JobId, Problem, Scope, WorkspaceId};
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method};
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use super::caller::{Peer, admit};
use super::problem::problem_response;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long the row of a followed job may go unread.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Events of one job, beginning with its state now and ending with its end.
pub(super) async fn of_job(
    State(api): State<Api>,
    peer: Peer,
    Path(job): Path<String>,
    headers: HeaderMap,
) -> Response {
    let started = async {
        let caller = reader(&api, &headers, peer).await?;
        let id: JobId = job.parse()?;
        let job = api
            .studio
            .store()
            .jobs()
            .get(&caller.workspace, &id)
            .await?
            .ok_or_else(|| Problem::not_found("job", &id))?;
        Ok::<_, Problem>(job)
    };
    let job = match started.await {
        Ok(job) => job,
        Err(problem) => return problem_response(&problem),
    };
    let id = job.id.clone();
    let news = live(&api, move |event| {
        event.job_id == id || event.parent.as_ref() == Some(&id)
    });
    answer(Following::new(api.studio.clone(), job, news).events())
}

/// One job being followed: what is heard about it, and what its row says.
struct Following {
    studio: Studio,
    id: JobId,
    workspace: WorkspaceId,
    news: BoxStream<'static, JobEvent>,
    /// What was told of the job itself last.
    told: Option<JobEvent>,
    is_over: bool,
}

impl Following {
    fn new(studio: Studio, job: Job, news: BoxStream<'static, JobEvent>) -> Self {
        Self {
            studio,
            id: job.id,
            workspace: job.workspace,
            news,
            told: None,
            is_over: false,
        }
    }

    fn events(self) -> impl Stream<Item = JobEvent> + Send + 'static {
        stream::unfold(self, |mut following| async move {
            let event = following.next().await?;
            Some((event, following))
        })
    }

    /// The row is asked after every event, and once in a while without one: a batch ends with its last item, an event
    /// may be missed, and the worker may be another process.
    async fn next(&mut self) -> Option<JobEvent> {
        if self.is_over {
            return None;
        }
        loop {
            let row = self.studio.store().jobs().get(&self.workspace, &self.id).await;
            if let Some(job) = row.ok().flatten() {
                self.is_over = job.state.is_terminal();
                let seen = state_of(&job);
                if self.told.as_ref() != Some(&seen) {
                    self.told = Some(seen.clone());
                    return Some(seen);
                }
            }
            match tokio::time::timeout(LOOK_AGAIN, self.news.next()).await {
                // Items of a batch are told as they come; the job's own row speaks for itself.
                Ok(Some(event)) if event.job_id != self.id => return Some(event),
                Ok(Some(_)) | Err(_) => {}
                Ok(None) => return None,
            }
        }
    }
}

fn state_of(job: &Job) -> JobEvent {
    JobEvent {
        workspace: job.workspace.clone(),
        job_id: job.id.clone(),
        parent: job.parent.clone(),
        status: job.state,
        progress: job.progress,
        stage: job.stage.clone(),
    }
}

/// Events of every job of the workspace.
pub(super) async fn of_workspace(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    match reader(&api, &headers, peer).await {
        Ok(caller) => answer(live(&api, move |event| event.workspace == caller.workspace)),
        Err(problem) => problem_response(&problem),
    }
}

async fn reader(api: &Api, headers: &HeaderMap, peer: Peer) -> Result<Caller, Problem> {
    let caller = admit(&api.studio, &Method::GET, headers, peer).await?.caller;
    if caller.has(Scope::Jobs) {
        return Ok(caller);
    }
    Err(
        Problem::new(Code::Forbidden, "These credentials lack the scope `jobs`.")
            .details(serde_json::json!({ "required_scopes": [Scope::Jobs] })),
    )
}

/// News from now on, until the server stops.
fn live(api: &Api, wanted: impl Fn(&JobEvent) -> bool + Send + 'static) -> BoxStream<'static, JobEvent> {
    let receiver = api.studio.events().subscribe();
    let stop = api.stop.clone();
    let news = stream::unfold((receiver, stop, wanted), |(mut receiver, stop, wanted)| async move {
        loop {
            let received = tokio::select! {
                () = stop.cancelled() => return None,
                received = receiver.recv() => received,
            };
            match received {
                Ok(event) if wanted(&event) => return Some((event, (receiver, stop, wanted))),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    news.boxed()
}

fn answer(events: impl Stream<Item = JobEvent> + Send + 'static) -> Response {
    let events = events.map(|event| {
        Ok::<_, Infallible>(
            Event::default()
                .event("job")
                .data(serde_json::to_string(&event).unwrap_or_default()),
        )
    });
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
