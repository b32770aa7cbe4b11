//! Health, readiness, and metrics in Prometheus' text form.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use aquatint_domain::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::Api;
use super::problem::problem_response;

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether the database and the blobs answer.
pub(super) async fn ready(State(api): State<Api>) -> Response {
    let checked = async {
        api.studio.store().ping().await?;
        api.studio.blobs().check().await
    };
    match checked.await {
        Ok(()) => "ready\n".into_response(),
        Err(problem) => problem_response(
            &Problem::new(aquatint_domain::Code::Unavailable, "The studio is not ready.").caused_by(problem),
        ),
    }
}

pub(super) async fn metrics(State(api): State<Api>) -> Response {
    let counts = api.studio.store().jobs().counts().await.unwrap_or_default();
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP aquatint_{name} {help}\n# TYPE aquatint_{name} {kind}\naquatint_{name} {value}"
        );
    };
    metric(
        "rest_requests_total",
        "counter",
        "REST requests.",
        api.requests.load(Ordering::Relaxed),
    );
    metric(
        "rest_failures_total",
        "counter",
        "REST requests that failed on our side.",
        api.failures.load(Ordering::Relaxed),
    );
    metric("jobs_queued", "gauge", "Jobs that wait.", counts.queued);
    metric("jobs_running", "gauge", "Jobs that run.", counts.running);
    metric(
        "children_idle",
        "gauge",
        "Work children that wait.",
        api.studio.crew().idle_children() as u64,
    );
    metric(
        "resident_bytes",
        "gauge",
        "Resident memory of the server.",
        resident_bytes().unwrap_or(0),
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// From the second field of /proc/self/statm, in pages of 4 KiB.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    statm
        .split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|pages| pages * 4_096)
}
