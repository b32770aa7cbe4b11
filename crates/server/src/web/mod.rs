//! Server-rendered pages: the front page with how to connect, the one-time set-up, the reference.
//! They work without JavaScript and ask nothing of other servers.

mod pages;
pub use pages::{effects_words, kind_words};
mod setup;

use aquatint_app::Studio;
use aquatint_domain::Problem;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::api::problem_response;

/// All pages.
pub fn router(studio: Studio) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/api/v1/reference", get(pages::reference))
        .route("/api/v1", get(|| async { Redirect::temporary("/api/v1/reference") }))
        .route("/setup", get(setup::ask).post(setup::answer))
        .route("/style.css", get(style))
        .fallback(nowhere)
        .with_state(studio)
}

async fn style() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=3600"),
        ],
        include_str!("../../templates/style.css"),
    )
        .into_response()
}

async fn nowhere(State(_): State<Studio>, request: axum::extract::Request) -> Response {
    let problem = crate::listen::nowhere(request.uri().path());
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        pages::failure(&problem)
    } else {
        problem_response(&problem)
    }
}

/// A page with the headers that every page has.
fn page(status: StatusCode, template: &impl Template) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => return problem_response(&Problem::internal(error)),
    };
    let mut response = (status, text).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` a browser sends `Origin: null` with a form, and the set-up form would be refused.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
