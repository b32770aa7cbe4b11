//! One route per operation: path, query and body become one object of arguments.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use aquatint_app::operation::{Effects, Entry, Method};
use aquatint_app::operations::{ALL, find};
use aquatint_domain::{Code, Problem};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::caller::{Peer, admit, tell_allowance};
use super::problem::with_request_id;
use super::{Api, lifecycle};

/// Most query parameters that are looked at.
const PARAMETERS: usize = 64;

/// The routes of every operation.
pub(super) fn routes() -> Router<Api> {
    let mut by_path: HashMap<&'static str, MethodRouter<Api>> = HashMap::new();
    for entry in &ALL {
        let route = by_path.remove(entry.spec.rest.path).unwrap_or_default();
        by_path.insert(entry.spec.rest.path, route.merge(method(entry)));
    }
    by_path.into_iter().fold(Router::new(), |router, (path, route)| {
        router.route(&format!("/api/v1{path}"), route)
    })
}

fn method(entry: &'static Entry) -> MethodRouter<Api> {
    let name = entry.spec.name;
    let handler = move |State(api): State<Api>,
                        verb: http::Method,
                        peer: Peer,
                        Path(path): Path<HashMap<String, String>>,
                        RawQuery(query): RawQuery,
                        headers: HeaderMap,
                        body: Result<Bytes, BytesRejection>| async move {
        serve(&api, name, &verb, peer, path, query, &headers, body).await
    };
    match entry.spec.rest.method {
        Method::Get => get(handler),
        Method::Post => post(handler),
        Method::Delete => delete(handler),
    }
}

#[allow(clippy::too_many_arguments)]
async fn serve(
    api: &Api,
    name: &'static str,
    verb: &http::Method,
    peer: Peer,
    path: HashMap<String, String>,
    query: Option<String>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    api.requests.fetch_add(1, Ordering::Relaxed);
    let admission = match admit(&api.studio, verb, headers, peer).await {
        Ok(admission) => admission,
        Err(problem) => return fail(api, &problem, None),
    };
    let request = admission.caller.request.to_string();
    let Some(entry) = find(name) else {
        return fail(api, &Problem::internal("a route names no operation"), Some(&request));
    };
    let outcome = match arguments(entry, path, query, headers, body) {
        Ok(arguments) => api.studio.call(&admission.caller, name, arguments, None).await,
        Err(problem) => Err(problem),
    };
    let mut response = match outcome {
        Ok(reply) => {
            let catalogue = api.studio.catalogue();
            // Only of what has to do with one model.
            let named = ["model", "id"].into_iter().find_map(|name| reply.value[name].as_str());
            let deprecation = named.and_then(|named| catalogue.find(named)?.deprecation.clone());
            let mut response = succeed(entry, reply.value);
            if let Some(deprecation) = deprecation {
                lifecycle::tell(response.headers_mut(), &deprecation);
            }
            response
        }
        Err(problem) => fail(api, &problem, Some(&request)),
    };
    tell_allowance(response.headers_mut(), admission.allowance);
    if let Ok(value) = HeaderValue::from_str(&request) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Path over body over query; a header may carry the idempotency key.
fn arguments(
    entry: &Entry,
    path: HashMap<String, String>,
    query: Option<String>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, Problem> {
    let mut arguments = Map::new();
    let query = query.unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()).take(PARAMETERS) {
        // A repeated parameter is a list.
        match arguments.get_mut(name.as_ref()) {
            None => {
                arguments.insert(name.into_owned(), Value::String(value.into_owned()));
            }
            Some(Value::Array(items)) => items.push(Value::String(value.into_owned())),
            Some(first) => *first = Value::Array(vec![first.take(), Value::String(value.into_owned())]),
        }
    }
    let body = body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(Code::TooLarge, "The request body is larger than this server takes.")
                .hint("Upload the file first and name it by its asset id.")
        } else {
            Problem::new(Code::MalformedRequest, "The request body could not be read.")
        }
    })?;
    if !body.is_empty() {
        let is_json = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_none_or(|kind| kind.contains("json"));
        if !is_json {
            return Err(Problem::new(
                Code::UnsupportedMedia,
                "Send the arguments as JSON (`Content-Type: application/json`).",
            ));
        }
        match serde_json::from_slice(&body) {
            Ok(Value::Object(given)) => arguments.extend(given),
            Ok(_) => {
                return Err(Problem::new(
                    Code::MalformedRequest,
                    "The request body must be a JSON object.",
                ));
            }
            Err(error) => {
                return Err(Problem::new(
                    Code::MalformedRequest,
                    format!("The request body is not JSON: {error}."),
                ));
            }
        }
    }
    if entry.spec.name == "generate.model" {
        gather_inputs(entry, &mut arguments)?;
    }
    arguments.extend(path.into_iter().map(|(name, value)| (name, Value::String(value))));
    if entry.spec.effects == Effects::Spends
        && let Some(key) = headers.get("idempotency-key")
    {
        let key = key
            .to_str()
            .map_err(|_| Problem::invalid("idempotency_key", "The Idempotency-Key header must be plain text."))?;
        arguments.insert("idempotency_key".into(), Value::String(key.to_owned()));
    }
    Ok(Value::Object(arguments))
}

/// What the operation does not know belongs to the model, whose schema is asked later.
pub(crate) fn gather_inputs(entry: &Entry, arguments: &mut Map<String, Value>) -> Result<(), Problem> {
    let known = &entry.input_schema()["properties"];
    let is_common =
        |name: &str| known.get(name).is_some() || entry.spec.aliases.iter().any(|(theirs, _)| *theirs == name);
    let (common, own): (Map<_, _>, Map<_, _>) = std::mem::take(arguments)
        .into_iter()
        .partition(|(name, _)| is_common(name));
    *arguments = common;
    if own.is_empty() {
        return Ok(());
    }
    let inputs = arguments.entry("inputs").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(inputs) = inputs else {
        return Err(Problem::invalid("inputs", "`inputs` must be an object."));
    };
    inputs.extend(own);
    Ok(())
}

/// 200 with the result; 202 with the job's address while it goes on; a Link to the next page.
fn succeed(entry: &Entry, value: Value) -> Response {
    let is_going_on =
        entry.spec.effects == Effects::Spends && matches!(value["status"].as_str(), Some("queued" | "running"));
    let status = if is_going_on {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let mut response = (status, value.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    let place = [("job_id", "jobs"), ("run_id", "runs")]
        .into_iter()
        .find_map(|(id, group)| Some(format!("/api/v1/{group}/{}", value[id].as_str()?)));
    if is_going_on
        && let Some(place) = place
        && let Ok(location) = HeaderValue::from_str(&place)
    {
        headers.insert(header::LOCATION, location);
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let Some(cursor) = value["next_cursor"].as_str()
        && let Ok(link) = HeaderValue::from_str(&format!("<?cursor={cursor}>; rel=\"next\""))
    {
        headers.insert(header::LINK, link);
    }
    response
}

fn fail(api: &Api, problem: &Problem, request: Option<&str>) -> Response {
    if problem.code.http_status() >= 500 {
        api.failures.fetch_add(1, Ordering::Relaxed);
    }
    with_request_id(problem, request)
}
