//! Answers of the door itself: problem details (RFC 9457) for what concerns the HTTP request, and
//! JSON-RPC errors for what concerns the message in it. Never HTML, never plain text.

use aquatint_app::Allowance;
use aquatint_domain::{Clock, Code, Problem, RequestId, Scope, SystemClock};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::config::McpConfig;
use crate::api::{tell_allowance, with_request_id};

/// JSON-RPC error codes that the door gives by itself.
pub(super) mod rpc {
    pub const PARSE_ERROR: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const INTERNAL_ERROR: i64 = -32603;
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A problem as an HTTP answer. One that comes before the caller is known gets an id for the log here.
pub(super) fn problem(problem: &Problem, request: Option<&RequestId>) -> Response {
    let fresh = RequestId::generate(SystemClock.now());
    let request = request.unwrap_or(&fresh);
    if problem.code == Code::Internal {
        tracing::error!(%request, ?problem, "a request failed at the door");
    }
    with_request_id(problem, Some(request.as_str()))
}

/// A problem's members as agents read them, in tool results and in HTTP answers alike.
pub(crate) fn members(problem: &Problem, request: &RequestId) -> Value {
    let mut value = serde_json::to_value(problem).unwrap_or_else(|_| json!({ "code": problem.code.as_str() }));
    if let Value::Object(map) = &mut value {
        map.insert("request_id".to_owned(), json!(request.as_str()));
    }
    value
}

/// What a refused caller is told about how to come back.
pub(super) fn refuse(refused: &Problem, request: Option<&RequestId>, config: &McpConfig, sent_token: bool) -> Response {
    let mut response = problem(refused, request);
    let headers = response.headers_mut();
    let challenge = match refused.code {
        Code::Unauthorized if sent_token => Some(vec![("error", "invalid_token".to_owned())]),
        Code::Unauthorized => Some(Vec::new()),
        Code::Forbidden => {
            required_scopes(refused).map(|scopes| vec![("error", "insufficient_scope".to_owned()), ("scope", scopes)])
        }
        _ => None,
    };
    if let Some(mut parameters) = challenge {
        if let Some(url) = &config.resource_metadata {
            if refused.code == Code::Unauthorized {
                parameters.push(("scope", all_scopes()));
            }
            parameters.push(("resource_metadata", url.clone()));
        }
        let parameters: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let value = format!("Bearer {}", parameters.join(", "));
        if let Ok(value) = HeaderValue::from_str(value.trim_end()) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
    }
    tell_allowance(headers, spent(refused));
    response
}

/// What an app may as well ask for at once.
fn all_scopes() -> String {
    let words: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}

/// The allowance of a caller that has none left.
fn spent(refused: &Problem) -> Option<Allowance> {
    let detail = |name: &str| refused.details.as_ref()?.get(name)?.as_u64();
    let window_s = detail("window_s")?;
    (refused.code == Code::RateLimited).then_some(Allowance {
        limit: u32::try_from(detail("limit")?).ok()?,
        remaining: 0,
        reset_s: refused.retry_after_s.unwrap_or(window_s),
        window_s,
    })
}

/// The scopes that the caller lacks, where that is why it was refused.
pub(super) fn required_scopes(problem: &Problem) -> Option<String> {
    let scopes = problem.details.as_ref()?.get("required_scopes")?.as_array()?;
    let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    (problem.code == Code::Forbidden && !scopes.is_empty()).then(|| scopes.join(" "))
}

/// A JSON-RPC error. `id` is JSON text; without one the answer says `null`.
pub(super) fn rpc_error(status: StatusCode, id: Option<&str>, code: i64, message: &str) -> Response {
    let error = json!({ "code": code, "message": message });
    let body = format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, id.unwrap_or("null"));
    respond(status, body)
}

/// An answer that is JSON already.
pub(super) fn json_answer(body: Body) -> Response {
    respond(StatusCode::OK, body)
}

pub(super) fn respond(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}
