//! Who calls: the Bearer secret of the Authorization header, or the session of a browser; and the headers that say what is
//! left of the rate limit.

use std::net::SocketAddr;

use aquatint_app::{Admission, Allowance, Studio};
use aquatint_domain::{Code, Problem};
use axum::Extension;
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, Method, header};

use crate::web::cookies;

/// The client's address, where the listener tells it.
pub(crate) type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Access tokens are made for this.
pub(super) const ENDPOINT: &str = "/api/v1";
/// Where the web app proves that a change comes from one of our pages.
const CSRF_HEADER: &str = "x-csrf-token";

/// Checks the credentials of a request. A cookie counts only where there is no Authorization header.
pub(super) async fn admit(
    studio: &Studio,
    method: &Method,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Admission, Problem> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(studio, ENDPOINT, headers, peer).await;
    }
    by_session(studio, method, headers, address_of(peer)).await
}

fn address_of(peer: Peer) -> Option<String> {
    peer.map(|Extension(ConnectInfo(peer))| peer.ip().to_string())
}

/// Checks the Bearer secret of a request for something that stands at `endpoint`; a cookie is not looked at.
pub(crate) async fn bearer(
    studio: &Studio,
    endpoint: &'static str,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Admission, Problem> {
    let given = headers.get(header::AUTHORIZATION).ok_or_else(unauthorized)?;
    let bearer = given
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    match bearer {
        Some(bearer) => studio.admit(bearer, endpoint, address_of(peer)).await,
        None => Err(unauthorized()),
    }
}

async fn by_session(
    studio: &Studio,
    method: &Method,
    headers: &HeaderMap,
    address: Option<String>,
) -> Result<Admission, Problem> {
    let seat = cookies::seat(studio, headers).await?.ok_or_else(unauthorized)?;
    // Reading is safe: other sites cannot see the answer. A change must come from our own page.
    if method != Method::GET && method != Method::HEAD {
        cookies::check_origin(studio, headers)?;
        let token = headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok());
        cookies::check_csrf(&seat, token)?;
    }
    let caller = studio.admit_seat(&seat, address).await?;
    Ok(Admission {
        caller,
        allowance: None,
    })
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "Send an API key as `Authorization: Bearer …`, or sign in.",
    )
    .hint("Make a key with `aquatint key create NAME`, or in the web app under Settings.")
}

/// The standard headers of a rate limit (draft-ietf-httpapi-ratelimit-headers).
pub(crate) fn tell_allowance(headers: &mut HeaderMap, allowance: Option<Allowance>) {
    let Some(allowance) = allowance else { return };
    let policy = format!("\"key\";q={};w={}", allowance.limit, allowance.window_s);
    let left = format!("\"key\";r={};t={}", allowance.remaining, allowance.reset_s);
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}
