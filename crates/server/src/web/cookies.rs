//! The session's cookie, and whether a request comes from one of our own pages.

use aquatint_app::Studio;
use aquatint_app::people::{Seat, Visitor};
use aquatint_domain::{Code, Problem};
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, header};
use std::net::SocketAddr;

/// Seconds that a browser keeps the cookie; the server decides for itself when a session ends.
const MAX_AGE_S: u64 = 30 * 24 * 3_600;

/// The cookie's name. Over https the prefix makes browsers refuse it from any other host or path; without https they would
/// refuse it altogether.
pub(crate) fn name(public_url: &str) -> &'static str {
    if is_secure(public_url) {
        "__Host-aquatint"
    } else {
        "aquatint_session"
    }
}

fn is_secure(public_url: &str) -> bool {
    public_url.starts_with("https://")
}

/// Sets the session's cookie.
pub(crate) fn keep(studio: &Studio, secret: &str) -> HeaderValue {
    cookie(studio, name(&studio.public_url()), secret, "/", MAX_AGE_S)
}

/// Takes the session's cookie away.
pub(crate) fn drop(studio: &Studio) -> HeaderValue {
    cookie(studio, name(&studio.public_url()), "", "/", 0)
}

/// Any cookie of ours: never for scripts, never for other sites' requests.
pub(crate) fn cookie(studio: &Studio, name: &str, value: &str, path: &str, max_age_s: u64) -> HeaderValue {
    let secure = if is_secure(&studio.public_url()) {
        "; Secure"
    } else {
        ""
    };
    let text = format!("{name}={value}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The value of a cookie.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The secret of the session's cookie.
pub(crate) fn secret<'a>(studio: &Studio, headers: &'a HeaderMap) -> Option<&'a str> {
    read(headers, name(&studio.public_url())).filter(|secret| !secret.is_empty())
}

/// Who is signed in.
pub(crate) async fn seat(studio: &Studio, headers: &HeaderMap) -> Result<Option<Seat>, Problem> {
    match secret(studio, headers) {
        Some(secret) => studio.seat(secret).await,
        None => Ok(None),
    }
}

/// Refuses what a page of another site sent: browsers name the origin of every form and every fetch that changes
/// something. Without the header it was no browser's page, and the token must do.
pub(crate) fn check_origin(studio: &Studio, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let public = studio.public_url();
    let own = url::Url::parse(&public).map(|url| url.origin().ascii_serialization());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let is_own = origin.to_str().is_ok_and(|origin| {
        // The server may be reached by another of its names, such as localhost.
        own.as_ref().is_ok_and(|own| own == origin)
            || (!is_secure(&studio.public_url()) && origin.split_once("://").is_some_and(|(_, named)| named == host))
    });
    if is_own {
        Ok(())
    } else {
        Err(Problem::new(
            Code::Forbidden,
            "This was sent from a page of another site.",
        ))
    }
}

/// Refuses a change without the session's own token.
pub(crate) fn check_csrf(seat: &Seat, given: Option<&str>) -> Result<(), Problem> {
    if given.is_some_and(|given| given == seat.csrf) {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "This page is out of date: its token does not fit your session.",
    )
    .hint("Reload the page and try again."))
}

/// Where a request came from, for the list of sessions.
pub(crate) fn visitor(headers: &HeaderMap, peer: Option<&ConnectInfo<SocketAddr>>) -> Visitor {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Visitor {
        user_agent: agent.unwrap_or_default().to_owned(),
        address: peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use http::HeaderMap;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "a=1; aquatint_session=x; b=2".parse().expect("a header"));
        headers.append("cookie", "c=3".parse().expect("a header"));
        assert_eq!(read(&headers, "aquatint_session"), Some("x"));
        assert_eq!(read(&headers, "c"), Some("3"));
        assert_eq!(read(&headers, "session"), None);
    }
}
