//! REST of services that have it, for scripts: Krea's below `/krea`, Pixola's below `/pixola/api/v1`. Each route is another
//! spelling of the service's tools; what is covered is told in `docs/surfaces.md`.

mod krea;
mod pixola;
mod pixola_document;

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::atomic::Ordering;

use aquatint_app::Studio;
use aquatint_app::toolset::ToolReply;
use aquatint_domain::model::Deprecation;
use aquatint_domain::{Caller, Code, Problem};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::service::{Call, Service, accept};
use crate::api::{Api, Peer, bearer, tell_allowance, tell_deprecation};

/// The routes, for the state of REST.
pub fn routes() -> Router<Api> {
    krea::routes().merge(pixola::routes())
}

/// What a script asked, with what its credentials may do.
struct Asked<S: Service> {
    studio: Studio,
    caller: Caller,
    service: PhantomData<fn() -> S>,
}

/// An answer on its way out.
struct Answer {
    status: StatusCode,
    body: Value,
    deprecation: Option<Deprecation>,
}

impl From<Value> for Answer {
    fn from(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            deprecation: None,
        }
    }
}

impl<S: Service> Asked<S> {
    /// Calls a tool of the service; its structured result is the answer.
    async fn tool(&self, name: &str, arguments: Value) -> Result<Value, Problem> {
        let arguments = accept::<S>(name, arguments)?;
        let ToolReply { structured, .. } = S::call(&self.call(), name, arguments).await?;
        Ok(structured)
    }

    fn call(&self) -> Call<'_> {
        Call::new(&self.studio, &self.caller, S::NAME)
    }

    async fn operation(&self, name: &str, arguments: Value) -> Result<Value, Problem> {
        Ok(self.call().operation(name, arguments).await?.value)
    }
}

/// Admits a request by its Bearer secret, works, and answers in the service's words.
async fn serve<S, W, F>(api: Api, endpoint: &'static str, headers: &HeaderMap, peer: Peer, work: W) -> Response
where
    S: Service,
    W: FnOnce(Asked<S>) -> F,
    F: Future<Output = Result<Answer, Problem>>,
{
    api.requests.fetch_add(1, Ordering::Relaxed);
    let admission = match bearer(&api.studio, endpoint, headers, peer).await {
        Ok(admission) => admission,
        Err(problem) => return refuse::<S>(&api, problem, None),
    };
    let request = admission.caller.request.to_string();
    let asked = Asked {
        studio: api.studio.clone(),
        caller: admission.caller,
        service: PhantomData,
    };
    let mut response = match work(asked).await {
        Ok(answer) => {
            let mut response = plain(answer.status, &answer.body);
            if let Some(deprecation) = &answer.deprecation {
                tell_deprecation(response.headers_mut(), deprecation);
            }
            response
        }
        Err(problem) => refuse::<S>(&api, problem, Some(&request)),
    };
    tell_allowance(response.headers_mut(), admission.allowance);
    if let Ok(value) = HeaderValue::from_str(&request) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn plain(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}

/// A problem with the service's word and status for it.
fn refuse<S: Service>(api: &Api, mut problem: Problem, request: Option<&str>) -> Response {
    let retry_after = problem.retry_after_s;
    let is_stranger = problem.code == Code::Unauthorized;
    let mut members = Map::new();
    S::translate(&api.studio, &mut problem, &mut members);
    let mut body = serde_json::to_value(&problem).unwrap_or_else(|_| json!({}));
    if let Value::Object(body) = &mut body {
        body.extend(members);
        body.extend(request.map(|request| ("request_id".to_owned(), json!(request))));
    }
    let status = body["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        api.failures.fetch_add(1, Ordering::Relaxed);
    }
    let mut response = plain(status, &body);
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if is_stranger {
        let challenge = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A body that is a JSON object, or nothing.
fn object(body: Result<Bytes, BytesRejection>) -> Result<Map<String, Value>, Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Code::TooLarge, "The request body is larger than this server takes.")
                .hint("Upload the file first and send its URL.")
        }
        _ => Problem::new(Code::MalformedRequest, "The request body could not be read."),
    })?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Problem::new(
            Code::MalformedRequest,
            "The request body must be a JSON object.",
        )),
        Err(error) => Err(Problem::new(
            Code::MalformedRequest,
            format!("The request body is not JSON: {error}."),
        )),
    }
}

/// The key under which a repeated request is the same, if there is one.
fn idempotency(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match given.to_str() {
        Ok(key) => Ok(Some(key.to_owned())),
        Err(_) => Err(Problem::invalid(
            "idempotency_key",
            "The Idempotency-Key header must be plain text.",
        )),
    }
}

/// A whole number of the query within its limits, or what stands for it.
fn number(
    query: &HashMap<String, String>,
    name: &str,
    limits: std::ops::RangeInclusive<u64>,
    or: u64,
) -> Result<u64, Problem> {
    let Some(given) = query.get(name) else { return Ok(or) };
    match given.parse() {
        Ok(number) if limits.contains(&number) => Ok(number),
        _ => Err(Problem::invalid(
            name,
            format!(
                "`{name}` must be a whole number from {} to {}.",
                limits.start(),
                limits.end()
            ),
        )),
    }
}
