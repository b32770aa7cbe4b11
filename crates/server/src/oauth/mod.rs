//! The OAuth 2.1 authorization server's endpoints. What they decide is written in `aquatint_app::oauth`.

mod metadata;
mod token;

use aquatint_app::Studio;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use http::{HeaderName, HeaderValue, header};
use tower_http::set_header::SetResponseHeaderLayer;

pub use metadata::metadata_url;

/// Largest request; a registration is far smaller.
const BODY_BYTES: usize = 32 * 1024;

/// Discovery, tokens, registration, revocation. The pages for people stand in `web`.
pub fn router(studio: Studio) -> Router {
    let any_origin =
        SetResponseHeaderLayer::overriding(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let any_header = SetResponseHeaderLayer::overriding(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, MCP-Protocol-Version"),
    );
    let methods = SetResponseHeaderLayer::overriding(
        HeaderName::from_static("access-control-allow-methods"),
        HeaderValue::from_static("GET, POST, OPTIONS"),
    );
    let resource = get(metadata::resource).options(token::preflight);
    let server = get(metadata::server).options(token::preflight);
    Router::new()
        .route("/.well-known/oauth-protected-resource", resource.clone())
        .route("/.well-known/oauth-protected-resource/{*path}", resource)
        .route("/.well-known/oauth-authorization-server", server.clone())
        .route("/.well-known/oauth-authorization-server/{*path}", server.clone())
        .route("/.well-known/openid-configuration", server.clone())
        .route("/.well-known/openid-configuration/{*path}", server)
        .route("/oauth/token", post(token::exchange).options(token::preflight))
        .route("/oauth/register", post(token::register).options(token::preflight))
        .route("/oauth/revoke", post(token::revoke).options(token::preflight))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        // Clients that run in a browser come from anywhere; no cookie is looked at here.
        .layer(any_origin)
        .layer(any_header)
        .layer(methods)
        .with_state(studio)
}
