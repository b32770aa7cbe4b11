//! Server-rendered pages: the front page with how to connect, set-up, signing in, invitations, consent, shares, the
//! reference; and the web app's files. The pages work without JavaScript and ask nothing of other servers.

mod app;
mod consent;
pub(crate) mod cookies;
mod forgotten;
mod invite;
mod pages;
mod passkeys;
mod reset;
mod setup;
mod share;
mod sign_in;
mod upstream;

pub use pages::{effects_words, kind_words};

use aquatint_app::Studio;
use aquatint_domain::Problem;
use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::api::problem_response;

/// Largest form.
const FORM_BYTES: usize = 64 * 1024;
/// Where a signed-in person lands.
const HOME: &str = "/app/library";

/// All pages.
pub fn router(studio: Studio) -> Router {
    Router::new()
        .route("/", get(pages::front))
        .route("/api/v1/reference", get(pages::reference))
        .route("/api/v1", get(|| async { Redirect::temporary("/api/v1/reference") }))
        .route("/setup", get(setup::ask).post(setup::answer))
        .route("/sign-in", get(sign_in::ask).post(sign_in::answer))
        .route("/sign-in/passkey", post(passkeys::sign_in))
        .route("/sign-in/passkey/begin", post(passkeys::ask_to_sign_in))
        .route("/setup/passkey", post(passkeys::set_up))
        .route("/setup/passkey/begin", post(passkeys::ask_to_set_up))
        .route("/invite/{secret}/passkey", post(passkeys::join))
        .route("/invite/{secret}/passkey/begin", post(passkeys::ask_to_join))
        .route("/passkey.js", get(passkeys::script))
        .route("/sign-in/code", get(sign_in::ask_code).post(sign_in::answer_code))
        .route("/sign-in/oidc/{name}", get(upstream::to_oidc))
        .route("/sign-in/oidc/{name}/callback", get(upstream::from_oidc))
        .route("/sign-in/github", get(upstream::to_github))
        .route("/sign-in/github/callback", get(upstream::from_github))
        .route("/sign-out", post(sign_in::leave))
        .route("/invite/{secret}", get(invite::ask).post(invite::answer))
        .route("/forgotten", get(forgotten::ask).post(forgotten::answer))
        .route("/reset/{secret}", get(reset::ask).post(reset::answer))
        .route("/oauth/authorize", get(consent::begin))
        .route("/oauth/consent", get(consent::ask).post(consent::answer))
        .route("/s/{secret}", get(share::show).post(share::unlock))
        .route("/s/{secret}/zip", get(share::archive))
        .route("/s/{secret}/{asset}/{variant}", get(share::media))
        .route("/app", get(|| async { Redirect::temporary(HOME) }))
        .route("/app/{*path}", get(app::serve))
        .route("/style.css", get(style))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
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
    page_for(status, template, "'self'")
}

/// The same, for a page whose form may lead on to `targets`: browsers hold redirects after a form against the policy.
fn page_for(status: StatusCode, template: &impl Template, targets: &str) -> Response {
    let text = match template.render() {
        Ok(text) => text,
        Err(error) => return problem_response(&Problem::internal(error)),
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action {targets}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = (status, text).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` a browser sends `Origin: null` with a form, and the form would be refused.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    match HeaderValue::from_str(&policy) {
        Ok(policy) => {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        Err(error) => return problem_response(&Problem::internal(error)),
    }
    response
}

/// To another page, always by GET.
fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    match HeaderValue::from_str(to) {
        Ok(to) => {
            response.headers_mut().insert(header::LOCATION, to);
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => problem_response(&Problem::internal(error)),
    }
}

/// A path of this server, for after signing in; anything else leads home.
fn local(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.chars().all(|ch| !ch.is_control() && ch.is_ascii());
    if is_local { path } else { HOME }
}

/// The same path as a query value.
fn encoded(path: &str) -> String {
    url::form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

/// The sign-in page that leads to `path` afterwards.
fn to_sign_in(path: &str) -> Response {
    see_other(&format!("/sign-in?next={}", encoded(path)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn signing_in_leads_to_our_own_pages_only() {
        for own in ["/", "/app/library", "/oauth/consent?request=x"] {
            assert_eq!(super::local(own), own);
        }
        for foreign in [
            "",
            "//evil.com",
            "/\\evil.com",
            "https://evil.com",
            "javascript:x",
            "/a\r\nX: y",
            "/é",
        ] {
            assert_eq!(super::local(foreign), super::HOME, "{foreign}");
        }
    }
}
