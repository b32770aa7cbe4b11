//! Problems as RFC 9457 `application/problem+json`.

use aquatint_domain::{Code, Problem};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// The answer that a problem becomes.
pub fn problem_response(problem: &Problem) -> Response {
    with_request_id(problem, None)
}

/// The same, with the id under which the request stands in the log.
pub(crate) fn with_request_id(problem: &Problem, request: Option<&str>) -> Response {
    let mut body = serde_json::to_value(problem).unwrap_or_default();
    body["type"] = json!(format!("urn:aquatint:problem:{}", problem.code.as_str()));
    body["title"] = json!(title(problem.code));
    body["status"] = json!(problem.code.http_status());
    body["detail"] = json!(problem.message);
    if let Some(request) = request {
        body["request_id"] = json!(request);
    }
    let status = StatusCode::from_u16(problem.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code == Code::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.code == Code::Forbidden
        && let Some(scopes) = problem
            .details
            .as_ref()
            .and_then(|details| details["required_scopes"].as_array())
    {
        let scopes: Vec<&str> = scopes.iter().filter_map(|scope| scope.as_str()).collect();
        if let Ok(value) = HeaderValue::from_str(&format!(
            "Bearer error=\"insufficient_scope\", scope=\"{}\"",
            scopes.join(" ")
        )) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
    }
    response
}

/// A code in words: `insufficient_credits` is "Insufficient credits".
fn title(code: Code) -> String {
    let words = code.as_str().replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
