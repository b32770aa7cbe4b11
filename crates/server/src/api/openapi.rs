//! The OpenAPI 3.1 document, from the list of operations. Operations already carry JSON Schema
//! (draft 2020-12), which is what OpenAPI 3.1 uses, so their schemas go in as they are; a test reads
//! the whole document back with utoipa.

use aquatint_app::operation::{Effects, Entry, Method};
use aquatint_app::operations::ALL;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::{Map, Value, json};

use super::Api;
use crate::web::cookies;

pub(super) async fn serve(State(api): State<Api>) -> Response {
    let document = document(&api.studio.public_url());
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "public, max-age=300"),
        ],
        document.to_string(),
    )
        .into_response()
}

/// The document for a server at that URL.
pub fn document(public_url: &str) -> Value {
    let mut paths = Map::new();
    for entry in &ALL {
        let path = format!("/api/v1{}", entry.spec.rest.path.replace("{*", "{"));
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[verb(entry)] = operation(entry);
    }
    paths.insert(
        "/api/v1/events".into(),
        json!({ "get": events("job", "events.workspace", "Events of every job") }),
    );
    for (path, name, argument, summary) in [
        (
            "/api/v1/jobs/{job_id}/events",
            "job",
            "job_id",
            "Events of one job, to its end",
        ),
        (
            "/api/v1/pipelines/runs/{run_id}/events",
            "run",
            "run_id",
            "How a run goes, as `pipelines.get_run` tells it, to its end",
        ),
    ] {
        let mut of_one = events(name, &format!("events.{name}"), summary);
        of_one["parameters"] =
            json!([{ "name": argument, "in": "path", "required": true, "schema": { "type": "string" } }]);
        paths.insert(path.into(), json!({ "get": of_one }));
    }
    let cookie = cookies::name(public_url);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Aquatint",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A creative studio for AI agents: every tool that agents have, over REST. Failures are RFC 9457 problem details.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": public_url }],
        "security": [{ "bearer": [] }],
        "tags": groups(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, or an app's access token." },
                "session": { "type": "apiKey", "in": "cookie", "name": cookie, "description": "A person's session of the web app; changes need its token in `x-csrf-token` too." },
            },
            "schemas": { "Problem": problem_schema() },
            "responses": { "Problem": { "description": "What went wrong and what to do.", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } } },
        },
    });
    name_objects(&mut document);
    document
}

/// Our free-form members are objects; generators of clients want to read that.
fn name_objects(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match (key.as_str(), &mut *inner) {
                    ("properties", Value::Object(properties)) => properties.values_mut().for_each(name_object),
                    ("items", items) => name_object(items),
                    _ => {}
                }
                name_objects(inner);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(name_objects),
        _ => {}
    }
}

fn name_object(schema: &mut Value) {
    if *schema == Value::Bool(true) {
        *schema = json!({});
    }
    if let Value::Object(map) = schema
        && !["type", "$ref", "oneOf", "anyOf", "allOf", "enum", "const"]
            .iter()
            .any(|word| map.contains_key(*word))
    {
        map.insert("type".into(), json!("object"));
    }
}

fn verb(entry: &Entry) -> &'static str {
    match entry.spec.rest.method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

fn groups() -> Value {
    let mut names: Vec<&str> = ALL.iter().map(|entry| entry.spec.group()).collect();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn operation(entry: &Entry) -> Value {
    let mut input = entry.input_schema().clone();
    let in_path: Vec<String> = entry
        .spec
        .rest
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{'))
        .map(|part| part.trim_start_matches('*').trim_end_matches('}').to_owned())
        .collect();
    let required: Vec<String> = input["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let mut parameters = Vec::new();
    let properties = input["properties"].as_object().cloned().unwrap_or_default();
    let is_body = entry.spec.rest.method == Method::Post;
    for (name, schema) in &properties {
        let place = if in_path.contains(name) { "path" } else { "query" };
        if place == "path" || !is_body {
            let is_required = place == "path" || required.contains(name);
            parameters.push(json!({ "name": name, "in": place, "required": is_required, "description": schema["description"], "schema": schema }));
        }
    }
    let mut operation = json!({
        "operationId": entry.spec.name,
        "tags": [entry.spec.group()],
        "summary": entry.spec.title,
        "description": entry.description(),
        "responses": {
            "200": { "description": "The result.", "content": { "application/json": { "schema": entry.output_schema() } } },
            "default": { "$ref": "#/components/responses/Problem" },
        },
        "x-scope": entry.spec.scope,
    });
    if let Some(least) = entry.spec.person {
        operation["description"] = json!(format!("{}\n\n{}.", entry.description(), crate::reference::who(least)));
        operation["security"] = json!([{ "session": [] }]);
        operation["x-role"] = json!(least);
    }
    if entry.spec.effects == Effects::Spends {
        parameters.push(json!({ "name": "Idempotency-Key", "in": "header", "required": false, "description": "The same as `idempotency_key`.", "schema": { "type": "string" } }));
        operation["responses"]["202"] = json!({ "description": "The job goes on; poll the address in `Location`.", "content": { "application/json": { "schema": entry.output_schema() } } });
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if is_body {
        if let Some(Value::Object(properties)) = input.get_mut("properties") {
            properties.retain(|name, _| !in_path.contains(name));
        }
        let left: Vec<&String> = required.iter().filter(|name| !in_path.contains(name)).collect();
        let is_needed = !left.is_empty();
        input["required"] = json!(left);
        operation["requestBody"] =
            json!({ "required": is_needed, "content": { "application/json": { "schema": input } } });
    }
    operation
}

fn events(name: &str, id: &str, summary: &str) -> Value {
    json!({
        "operationId": id,
        "tags": [if name == "run" { "pipelines" } else { "jobs" }],
        "summary": summary,
        "responses": {
            "200": { "description": format!("Server-sent events named `{name}`."), "content": { "text/event-stream": { "schema": { "type": "string" } } } },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    })
}

fn problem_schema() -> Value {
    let codes: Vec<&str> = aquatint_domain::Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "message", "retryable"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": codes },
            "message": { "type": "string" },
            "hint": { "type": "string" },
            "field": { "type": "string" },
            "retryable": { "type": "boolean" },
            "retry_after_s": { "type": "integer" },
            "upgrade_url": { "type": "string" },
            "request_id": { "type": "string" },
            "details": {},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_openapi_that_others_can_read() {
        let document = document("http://127.0.0.1:8787");
        for (path, item) in document["paths"].as_object().expect("paths") {
            let read = serde_json::from_value::<utoipa::openapi::PathItem>(item.clone());
            assert!(read.is_ok(), "{path}: {:?}: {item}", read.err());
        }
        let read: utoipa::openapi::OpenApi = serde_json::from_value(document.clone()).expect("utoipa reads it");
        assert_eq!(
            read.paths.paths.len(),
            document["paths"].as_object().expect("paths").len()
        );
        let mut ids = std::collections::HashSet::new();
        for item in document["paths"].as_object().expect("paths").values() {
            for operation in item.as_object().expect("an item").values() {
                assert!(
                    ids.insert(operation["operationId"].to_string()),
                    "{} stands twice",
                    operation["operationId"]
                );
            }
        }
        assert_eq!(ids.len(), ALL.len() + 3);
    }
}
