//! Job events as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use aquatint_app::JobEvent;
use aquatint_domain::{Caller, Code, JobId, Problem, Scope};
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue};
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use super::caller::{Peer, admit};
use super::problem::problem_response;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

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
    let now = JobEvent {
        workspace: job.workspace.clone(),
        job_id: job.id.clone(),
        parent: job.parent.clone(),
        status: job.state,
        progress: job.progress,
        stage: job.stage.clone(),
    };
    let id = job.id.clone();
    let news = live(&api, move |event| {
        event.job_id == id || event.parent.as_ref() == Some(&id)
    });
    let (studio, own, workspace) = (api.studio.clone(), job.id.clone(), job.workspace.clone());
    // The row says when it is over: an event may have been missed, and a batch ends with its last item.
    let all = stream::once(async { now }).chain(news).then(move |event| {
        let (studio, own, workspace) = (studio.clone(), own.clone(), workspace.clone());
        async move {
            let row = studio.store().jobs().get(&workspace, &own).await.ok().flatten();
            (event, row.is_none_or(|row| row.state.is_terminal()))
        }
    });
    let until_end = all.scan(false, |over, (event, is_over)| {
        let go_on = !*over;
        *over = is_over;
        async move { go_on.then_some(event) }
    });
    answer(until_end)
}

/// Events of every job of the workspace.
pub(super) async fn of_workspace(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    match reader(&api, &headers, peer).await {
        Ok(caller) => answer(live(&api, move |event| event.workspace == caller.workspace)),
        Err(problem) => problem_response(&problem),
    }
}

async fn reader(api: &Api, headers: &HeaderMap, peer: Peer) -> Result<Caller, Problem> {
    let caller = admit(&api.studio, headers, peer).await?.caller;
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
