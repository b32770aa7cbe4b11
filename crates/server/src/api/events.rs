//! Jobs and runs as server-sent events.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aquatint_app::{JobEvent, Standing, Studio};
use aquatint_domain::{Caller, Code, Job, JobId, Problem, RunId, Scope, WorkspaceId};
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, Method};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::Api;
use super::caller::{Peer, admit};
use super::problem::problem_response;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long the row of what is followed may go unread.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a stream may outlive what let its reader in: a key that was revoked, a session that was ended.
const STANDING_CHECK: Duration = Duration::from_secs(5);
/// The pause between two looks at a run. What changes in it is told together.
const RUN_PAUSE: Duration = Duration::from_millis(150);

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
        let found = api.studio.store().jobs().get(&caller.workspace, &id).await?;
        Ok::<_, Problem>((caller, found.ok_or_else(|| Problem::not_found("job", &id))?))
    };
    let (caller, job): (Caller, Job) = match started.await {
        Ok(started) => started,
        Err(problem) => return problem_response(&problem),
    };
    let (id, workspace, studio) = (job.id, job.workspace, api.studio.clone());
    let own = id.clone();
    let news = live(api.studio.events().subscribe(), api.stop.clone()).filter_map(move |event| {
        // Items of a batch are told as they come; the job's own row speaks for itself.
        let news = if event.job_id == own {
            Some(News::Look)
        } else {
            (event.parent.as_ref() == Some(&own)).then(|| News::Tell(json!(event)))
        };
        std::future::ready(news)
    });
    let look = move || {
        let (studio, workspace, id) = (studio.clone(), workspace.clone(), id.clone());
        async move { seen_job(&studio, &workspace, &id).await }.boxed()
    };
    answer(
        &api,
        &caller,
        "job",
        Following::new(news.boxed(), Duration::ZERO, look).events(),
    )
}

async fn seen_job(studio: &Studio, workspace: &WorkspaceId, id: &JobId) -> Option<Seen> {
    let job = studio.store().jobs().get(workspace, id).await.ok().flatten()?;
    Some(Seen {
        is_over: job.state.is_terminal(),
        value: json!(JobEvent {
            workspace: job.workspace,
            job_id: job.id,
            parent: job.parent,
            status: job.state,
            progress: job.progress,
            stage: job.stage,
        }),
    })
}

/// Events of one run of a pipeline, each as `get_run` tells it, beginning with its state now and ending with its end.
pub(super) async fn of_run(
    State(api): State<Api>,
    peer: Peer,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Response {
    let started = async {
        let caller = reader(&api, &headers, peer).await?;
        let id: RunId = run.parse()?;
        api.studio.run_view(&caller.workspace, &id).await?;
        Ok::<_, Problem>((caller, id))
    };
    let (caller, id) = match started.await {
        Ok(started) => started,
        Err(problem) => return problem_response(&problem),
    };
    // Its jobs that run: their progress is its own.
    let jobs: Arc<Mutex<HashSet<JobId>>> = Arc::default();
    let (own, running) = (id.clone(), jobs.clone());
    let changes = live(api.studio.run_changes(), api.stop.clone())
        .filter(move |run| std::future::ready(*run == own))
        .map(|_| News::Look);
    let progress = live(api.studio.events().subscribe(), api.stop.clone())
        .filter(move |event| std::future::ready(running.lock().contains(&event.job_id)))
        .map(|_| News::Look);
    let (studio, workspace) = (api.studio.clone(), caller.workspace.clone());
    let look = move || {
        let (studio, workspace, id, jobs) = (studio.clone(), workspace.clone(), id.clone(), jobs.clone());
        async move {
            let view = studio.run_view(&workspace, &id).await.ok()?;
            let running = view.nodes.iter().filter(|node| node.status == "running");
            *jobs.lock() = running.flat_map(|node| node.job_ids.iter().cloned()).collect();
            Some(Seen {
                is_over: view.finished_at.is_some(),
                value: json!(view),
            })
        }
        .boxed()
    };
    let news = stream::select(changes, progress).boxed();
    answer(&api, &caller, "run", Following::new(news, RUN_PAUSE, look).events())
}

/// What is heard about something that is followed.
enum News {
    /// It stands otherwise, perhaps.
    Look,
    /// Something to be passed on as it is.
    Tell(Value),
}

/// How something that is followed stands.
struct Seen {
    value: Value,
    is_over: bool,
}

type Look = Box<dyn Fn() -> BoxFuture<'static, Option<Seen>> + Send>;

/// Something being followed: what is heard about it, and what its rows say.
struct Following {
    news: BoxStream<'static, News>,
    pause: Duration,
    look: Look,
    /// What was told last of how it stands.
    told: Option<Value>,
    is_over: bool,
}

impl Following {
    fn new(
        news: BoxStream<'static, News>,
        pause: Duration,
        look: impl Fn() -> BoxFuture<'static, Option<Seen>> + Send + 'static,
    ) -> Self {
        Self {
            news,
            pause,
            look: Box::new(look),
            told: None,
            is_over: false,
        }
    }

    fn events(self) -> impl Stream<Item = Value> + Send + 'static {
        stream::unfold(self, |mut following| async move {
            let event = following.next().await?;
            Some((event, following))
        })
    }

    /// The rows are asked after every event, and once in a while without one: a batch ends with its last item, an event
    /// may be missed, and the worker may be another process.
    async fn next(&mut self) -> Option<Value> {
        if self.is_over {
            return None;
        }
        loop {
            if let Some(seen) = (self.look)().await {
                self.is_over = seen.is_over;
                if self.told.as_ref() != Some(&seen.value) {
                    self.told = Some(seen.value.clone());
                    return Some(seen.value);
                }
                if self.is_over {
                    return None;
                }
            }
            match tokio::time::timeout(LOOK_AGAIN, self.news.next()).await {
                Ok(Some(News::Tell(value))) => return Some(value),
                Ok(Some(News::Look)) => tokio::time::sleep(self.pause).await,
                Ok(None) => return None,
                Err(_) => {}
            }
        }
    }
}

/// Events of every job of the workspace.
pub(super) async fn of_workspace(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    match reader(&api, &headers, peer).await {
        Ok(caller) => {
            let events = live(api.studio.events().subscribe(), api.stop.clone());
            let workspace = caller.workspace.clone();
            let own = events.filter(move |event| std::future::ready(event.workspace == workspace));
            answer(&api, &caller, "job", own.map(|event| json!(event)))
        }
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
            .details(json!({ "required_scopes": [Scope::Jobs] })),
    )
}

/// News from now on, until the server stops.
fn live<T: Clone + Send + 'static>(receiver: Receiver<T>, stop: CancellationToken) -> BoxStream<'static, T> {
    let news = stream::unfold((receiver, stop), |(mut receiver, stop)| async move {
        loop {
            let received = tokio::select! {
                () = stop.cancelled() => return None,
                received = receiver.recv() => received,
            };
            match received {
                Ok(event) => return Some((event, (receiver, stop))),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    news.boxed()
}

/// Comes when the caller would not be let in any more.
async fn shut_out(studio: Studio, standing: Standing) {
    loop {
        tokio::time::sleep(STANDING_CHECK).await;
        // A database that does not answer shuts nobody out.
        if let Ok(Some(_)) = studio.lost(&standing).await {
            return;
        }
    }
}

fn answer(
    api: &Api,
    caller: &Caller,
    name: &'static str,
    events: impl Stream<Item = Value> + Send + 'static,
) -> Response {
    let events = events.take_until(shut_out(api.studio.clone(), caller.into()));
    let events = events.map(move |event| Ok::<_, Infallible>(Event::default().event(name).data(event.to_string())));
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    response
        .headers_mut()
        .insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
