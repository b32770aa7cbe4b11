//! Discovery: the protected resources (RFC 9728) and the authorization server (RFC 8414, and under OpenID Connect's path
//! for clients that look there). Everything comes from the configured public URL, never from the request's Host.

use aquatint_app::Studio;
use aquatint_app::oauth::ENDPOINTS;
use aquatint_domain::Scope;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use url::Url;

use crate::api::problem_response;

/// Where the metadata of an endpoint stands.
pub fn metadata_url(public_url: &str, endpoint: &str) -> String {
    format!("{public_url}/.well-known/oauth-protected-resource{endpoint}")
}

pub(super) async fn resource(State(studio): State<Studio>, path: Option<Path<String>>) -> Response {
    let public = studio.public_url();
    let Some(endpoint) = endpoint(&public, path) else {
        return nowhere();
    };
    cached(json!({
        "resource": format!("{public}{endpoint}"),
        "resource_name": "Aquatint",
        "authorization_servers": [*public],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
        "resource_documentation": format!("{public}/api/v1/reference"),
    }))
}

pub(super) async fn server(State(studio): State<Studio>, path: Option<Path<String>>) -> Response {
    let public = studio.public_url();
    // Some clients look beside the endpoint, as the revision of 2025-03-26 had it.
    if endpoint(&public, path).is_none() {
        return nowhere();
    }
    cached(json!({
        "issuer": *public,
        "authorization_endpoint": format!("{public}/oauth/authorize"),
        "token_endpoint": format!("{public}/oauth/token"),
        "registration_endpoint": format!("{public}/oauth/register"),
        "revocation_endpoint": format!("{public}/oauth/revoke"),
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "client_id_metadata_document_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{public}/api/v1/reference"),
    }))
}

/// The endpoint that a path behind the well-known part means; the public URL's own path may stand before it (RFC 8414, section
/// 3.1). The server itself is the empty one.
fn endpoint(public_url: &str, path: Option<Path<String>>) -> Option<&'static str> {
    let path = path.map(|Path(path)| format!("/{path}")).unwrap_or_default();
    let prefix = Url::parse(public_url).ok()?.path().trim_end_matches('/').to_owned();
    let rest = path.strip_prefix(&prefix).unwrap_or(&path);
    let rest = rest.trim_end_matches('/');
    if rest.is_empty() {
        return Some("");
    }
    ENDPOINTS.into_iter().find(|known| *known == rest)
}

fn scopes() -> Vec<&'static str> {
    Scope::ALL.iter().map(|scope| scope.as_str()).collect()
}

fn cached(value: Value) -> Response {
    let mut response = Json(value).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

fn nowhere() -> Response {
    problem_response(&crate::listen::nowhere("this well-known path"))
}
