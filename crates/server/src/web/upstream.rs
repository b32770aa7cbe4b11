//! Signing in with another provider: there and back.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_app::people::Upstream;
use aquatint_domain::Problem;
use axum::Extension;
use axum::extract::{ConnectInfo, Path, Query, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::sign_in::{self, Next};
use super::{cookies, local, pages, see_other};

/// Ties the answer to the browser that asked.
const STATE_COOKIE: &str = "aquatint_upstream";
const STATE_AGE_S: u64 = 15 * 60;

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

pub(super) async fn to_oidc(
    State(studio): State<Studio>,
    Path(name): Path<String>,
    Query(query): Query<Next>,
) -> Response {
    depart(&studio, Upstream::Oidc(&name), &query.next).await
}

pub(super) async fn to_github(State(studio): State<Studio>, Query(query): Query<Next>) -> Response {
    depart(&studio, Upstream::Github, &query.next).await
}

pub(super) async fn from_oidc(
    State(studio): State<Studio>,
    peer: Peer,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    arrive(&studio, Upstream::Oidc(&name), query, &headers, &peer).await
}

pub(super) async fn from_github(
    State(studio): State<Studio>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    arrive(&studio, Upstream::Github, query, &headers, &peer).await
}

async fn depart(studio: &Studio, upstream: Upstream<'_>, next: &str) -> Response {
    match studio.depart(upstream, local(next)).await {
        Ok(departure) => {
            let mut response = see_other(&departure.url);
            let cookie = cookies::cookie(studio, STATE_COOKIE, &departure.kept, "/sign-in", STATE_AGE_S);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(problem) => told(&problem),
    }
}

async fn arrive(
    studio: &Studio,
    upstream: Upstream<'_>,
    query: Option<String>,
    headers: &HeaderMap,
    peer: &Peer,
) -> Response {
    let visitor = cookies::visitor(headers, peer.as_deref());
    let kept = cookies::read(headers, STATE_COOKIE);
    let query = query.unwrap_or_default();
    match studio.arrive(upstream, &query, kept, &visitor).await {
        Ok(arrival) => {
            let mut response = sign_in::go_on(studio, &arrival.sign_in, local(&arrival.next));
            let gone = cookies::cookie(studio, STATE_COOKIE, "", "/sign-in", 0);
            response.headers_mut().append(header::SET_COOKIE, gone);
            response
        }
        Err(problem) => told(&problem),
    }
}

/// The cause is for the operator's log; the person gets a sentence.
fn told(problem: &Problem) -> Response {
    if problem.source.is_some() {
        tracing::warn!(?problem, "signing in with a provider failed");
    }
    pages::failure(problem)
}
