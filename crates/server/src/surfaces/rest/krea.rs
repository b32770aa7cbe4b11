//! Krea's REST, below `/krea`: generation by model path, jobs, assets and node apps.

use std::collections::HashMap;

use aquatint_domain::{AssetId, Problem, text};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, idempotency, number, object as body_object, serve};
use crate::api::{Api, Peer, receive_for};
use crate::surfaces::krea::{Krea, object, order};
use crate::surfaces::service::Service;

/// The header with the address that is told of a job's end.
const WEBHOOK: &str = "x-webhook-url";
/// Keys and access tokens of the MCP surface count here too.
const ENDPOINT: &str = "/mcp/krea";
/// Jobs on one page of the operation behind the list.
const PAGE: u64 = 100;
const JOBS: std::ops::RangeInclusive<u64> = 1..=1_000;
const ASSETS: std::ops::RangeInclusive<u64> = 1..=100;

type Parameters = Query<HashMap<String, String>>;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/krea/generate/{*model}", post(generate))
        .route("/krea/jobs", get(list_jobs))
        .route("/krea/jobs/{job}", get(get_job).delete(cancel_job))
        .route("/krea/assets/{asset}", get(get_asset).delete(delete_asset))
        .route("/krea/node-apps", get(list_node_apps))
        .route("/krea/node-apps/{app}", get(get_node_app))
        .route("/krea/node-apps/{app}/execute", post(execute_node_app))
        .route(
            "/krea/assets",
            get(list_assets).post(upload).layer(DefaultBodyLimit::disable()),
        )
}

async fn generate(
    State(api): State<Api>,
    peer: Peer,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let given = headers.clone();
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let webhook = webhook(&asked, &given)?;
        let mut order = order(&asked.studio, &model, body_object(body)?)?;
        if let Some(key) = idempotency(&given)? {
            order["idempotency_key"] = json!(key);
        }
        let job = asked.operation("generate.media", order).await?;
        call_back(&asked, webhook.as_deref(), job["job_id"].as_str().as_slice()).await?;
        let catalogue = asked.studio.catalogue();
        let known = job["model"].as_str().and_then(|id| catalogue.find(id));
        Ok(Answer {
            deprecation: known.and_then(|model| model.deprecation.clone()),
            ..object::job(&job).into()
        })
    })
    .await
}

/// Where the job's end is told. A script that waits for a call that can never come is told so before anything is made.
fn webhook(asked: &Asked<Krea>, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(WEBHOOK) else {
        return Ok(None);
    };
    let url = given
        .to_str()
        .map_err(|_| Problem::invalid(WEBHOOK, "The address must be plain text."));
    let checked = url.and_then(|url| asked.studio.check_callback(&asked.caller, url).map(|()| url));
    let url = checked.map_err(|problem| {
        let problem = problem.at(WEBHOOK);
        if problem.hint.is_some() {
            problem
        } else {
            problem.hint("Leave the header out and ask `GET /krea/jobs/{job_id}` every 2 to 5 seconds.")
        }
    })?;
    Ok(Some(url.to_owned()))
}

async fn call_back(asked: &Asked<Krea>, webhook: Option<&str>, jobs: &[&str]) -> Result<(), Problem> {
    match webhook {
        Some(url) => asked.studio.call_back(&asked.caller, Krea::NAME, url, jobs).await,
        None => Ok(()),
    }
}

/// Jobs, newest first. `status` and `types` narrow them, in Krea's words and with commas between.
async fn list_jobs(State(api): State<Api>, peer: Peer, Query(query): Parameters, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let wanted = number(&query, "limit", JOBS, PAGE)?;
        let states = query.get("status").map(|word| words(word)).unwrap_or_default();
        let types = query.get("types").map(|word| words(word)).unwrap_or_default();
        if let Some(odd) = states.iter().find(|state| !STATES.contains(state)) {
            return Err(
                Problem::invalid("status", format!("There is no state `{}`.", text::one_line(odd, 40)))
                    .hint(format!("States: {}.", STATES.join(", "))),
            );
        }
        let mut cursor = query.get("cursor").cloned();
        let mut jobs = Vec::new();
        // At most this many pages are read, so what is narrowed a lot may come in several answers.
        let mut left = wanted;
        while left > 0 {
            let page = left.min(PAGE);
            let arguments =
                json!({ "limit": page, "cursor": cursor, "status": (states == ["cancelled"]).then_some("cancelled") });
            let listed = asked.operation("jobs.list", arguments).await?;
            let listed_jobs = listed["jobs"].as_array();
            jobs.extend(listed_jobs.into_iter().flatten().filter_map(|view| {
                let job = object::job(view);
                let state = job["status"].as_str().unwrap_or_default();
                let kind = kind_of(view);
                ((states.is_empty() || states.contains(&state)) && (types.is_empty() || types.contains(&kind)))
                    .then_some(job)
            }));
            left -= page;
            cursor = listed["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        Ok(json!({ "items": jobs, "next_cursor": cursor }).into())
    })
    .await
}

/// Krea's states of a job.
const STATES: &[&str] = &[
    "backlogged",
    "queued",
    "scheduled",
    "processing",
    "sampling",
    "intermediate-complete",
    "completed",
    "failed",
    "cancelled",
];

fn words(list: &str) -> Vec<&str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// `image`, `video`, or `enhance` for what changes a picture that was there.
fn kind_of(view: &Value) -> &str {
    let model = view["model"].as_str().unwrap_or_default();
    match view["operation"].as_str().unwrap_or_default() {
        operation if operation.starts_with("edit.") => "enhance",
        _ => model.split('/').next().unwrap_or_default(),
    }
}

async fn get_job(State(api): State<Api>, peer: Peer, Path(job): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        Ok(asked.tool("get_job", json!({ "jobId": job })).await?.into())
    })
    .await
}

async fn cancel_job(State(api): State<Api>, peer: Peer, Path(job): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        Ok(asked.tool("cancel_job", json!({ "jobId": job })).await?.into())
    })
    .await
}

async fn list_assets(State(api): State<Api>, peer: Peer, Query(query): Parameters, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let limit = number(&query, "limit", ASSETS, 50)?;
        let listed = asked
            .operation("assets.list", json!({ "limit": limit, "cursor": query.get("cursor") }))
            .await?;
        let assets: Vec<Value> = listed["assets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(object::asset)
            .collect();
        Ok(json!({ "items": assets, "next_cursor": listed["next_cursor"] }).into())
    })
    .await
}

/// One file as multipart/form-data in the field `file`, or its bytes alone.
async fn upload(State(api): State<Api>, peer: Peer, headers: HeaderMap, request: Request) -> Response {
    let desk = api.clone();
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let opened = asked.operation("upload.upload_url", json!({})).await?;
        let url = opened["upload_url"].as_str().unwrap_or_default();
        let secret = url.rsplit('/').next().unwrap_or_default();
        let asset = receive_for(&desk, secret, request).await?;
        let view = serde_json::to_value(&asset).map_err(Problem::internal)?;
        Ok(object::asset(&view).into())
    })
    .await
}

fn asset_id(given: &str) -> Result<(), Problem> {
    if AssetId::is_well_formed(given) {
        Ok(())
    } else {
        Err(Problem::not_found("asset", given))
    }
}

async fn get_asset(State(api): State<Api>, peer: Peer, Path(asset): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        asset_id(&asset)?;
        let found = asked.operation("assets.get", json!({ "asset_id": asset })).await?;
        Ok(object::asset(&found).into())
    })
    .await
}

/// Into the trash, from which it can be taken back.
async fn delete_asset(State(api): State<Api>, peer: Peer, Path(asset): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        asset_id(&asset)?;
        let trashed = asked.operation("assets.trash", json!({ "asset_ids": [asset] })).await?;
        if trashed["count"] == 0 {
            return Err(Problem::not_found("asset", &asset));
        }
        Ok(json!({ "id": asset, "deleted": true }).into())
    })
    .await
}

/// Published pipelines.
async fn list_node_apps(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let listed = asked.operation("pipelines.apps", json!({})).await?;
        let apps: Vec<Value> = listed["apps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(object::node_app)
            .collect();
        Ok(json!({ "items": apps }).into())
    })
    .await
}

/// A node app by its id, its slug, or the id of its version.
async fn get_node_app(State(api): State<Api>, peer: Peer, Path(app): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let listed = asked.operation("pipelines.apps", json!({})).await?;
        let mut apps = listed["apps"].as_array().into_iter().flatten();
        let found = apps.find(|known| {
            let names = ["pipeline_id", "slug", "version_id"];
            names.iter().any(|name| known[*name] == app)
        });
        match found {
            Some(found) => Ok(object::node_app(found).into()),
            None => Err(Problem::not_found("node app", text::one_line(&app, 80))
                .hint("`GET /krea/node-apps` tells which there are. A node app is a pipeline that was published.")),
        }
    })
    .await
}

/// Runs a node app. A list as an input makes a job of each of its items; the answer is the list of jobs.
async fn execute_node_app(
    State(api): State<Api>,
    peer: Peer,
    Path(app): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let given = headers.clone();
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Krea>| async move {
        let webhook = webhook(&asked, &given)?;
        let mut given: Map<String, Value> = body_object(body)?;
        let inputs = match given.remove("inputs") {
            Some(inputs) => inputs,
            None => Value::Object(given),
        };
        let job = asked
            .tool("execute_node_app", json!({ "version_id": app, "inputs": inputs }))
            .await?;
        let ids: Vec<Value> = match job["job_ids"].as_array() {
            Some(ids) => ids.clone(),
            None => vec![job["job_id"].clone()],
        };
        let started: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
        call_back(&asked, webhook.as_deref(), &started).await?;
        let jobs: Vec<Value> = ids
            .into_iter()
            .map(|id| {
                let mut one = job.clone();
                if let Value::Object(one) = &mut one {
                    one.remove("job_ids");
                    one.insert("job_id".to_owned(), id);
                }
                one
            })
            .collect();
        Ok(Value::Array(jobs).into())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_of_the_kind_of_their_model() {
        assert_eq!(
            kind_of(&json!({ "operation": "generate.media", "model": "video/google/veo-3.1" })),
            "video"
        );
        assert_eq!(
            kind_of(&json!({ "operation": "edit.upscale", "model": "image/aquatint/upscale" })),
            "enhance"
        );
        assert_eq!(words("queued, completed,,"), ["queued", "completed"]);
    }
}
