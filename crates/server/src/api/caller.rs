//! Who calls: the Bearer secret of the Authorization header, and the headers that say what is left
//! of the rate limit.

use std::net::SocketAddr;

use aquatint_app::{Admission, Allowance, Studio};
use aquatint_domain::{Code, Problem};
use axum::Extension;
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, header};

/// The client's address, where the listener tells it.
pub(super) type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Checks the credentials of a request.
pub(super) async fn admit(studio: &Studio, headers: &HeaderMap, peer: Peer) -> Result<Admission, Problem> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, secret)| secret.trim());
    let Some(bearer) = bearer else {
        return Err(
            Problem::new(Code::Unauthorized, "Send an API key as `Authorization: Bearer …`.")
                .hint("Make one with `aquatint key create NAME`."),
        );
    };
    studio
        .admit(bearer, peer.map(|Extension(ConnectInfo(peer))| peer.ip().to_string()))
        .await
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
