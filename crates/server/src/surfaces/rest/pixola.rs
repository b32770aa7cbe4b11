//! Pixola's REST, below `/pixola/api/v1`: lists of what there is, generation in batches, credits.

use aquatint_app::shapes;
use aquatint_app::styles;
use aquatint_domain::{Problem, text};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{Answer, Asked, idempotency, object, plain, refuse, serve};
use crate::api::{Api, Peer};
use crate::surfaces::pixola::{Pixola, model_row, order, shape_row, style_row};
use crate::surfaces::service::accept;
use crate::surfaces::slugs::Models;

/// Keys and access tokens of the MCP surface count here too.
const ENDPOINT: &str = "/mcp/pixola";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/pixola/api/v1/models", get(models))
        .route("/pixola/api/v1/models/{slug}", get(model))
        .route("/pixola/api/v1/styles", get(styles))
        .route("/pixola/api/v1/styles/{slug}", get(style))
        .route("/pixola/api/v1/shapes", get(shapes))
        .route("/pixola/api/v1/shapes/{slug}", get(shape))
        .route("/pixola/api/v1/credits", get(credits))
        .route("/pixola/api/v1/generate", post(generate))
        .route("/pixola/api/v1/batches/{batch}", get(batch))
        .route("/pixola/api/v1/openapi.json", get(document))
}

/// The models that these credentials can use; a stranger sees those that need none.
async fn models(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    if !headers.contains_key(header::AUTHORIZATION) {
        let models = Models::built_in(&api.studio);
        return plain(StatusCode::OK, &json!({ "models": rows(&models) }));
    }
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Pixola>| async move {
        Ok(asked.tool("list_models", json!({})).await?.into())
    })
    .await
}

async fn model(State(api): State<Api>, peer: Peer, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    if !headers.contains_key(header::AUTHORIZATION) {
        return match one(&Models::built_in(&api.studio), &slug) {
            Ok(row) => plain(StatusCode::OK, &row),
            Err(problem) => refuse::<Pixola>(&api, problem, None),
        };
    }
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Pixola>| async move {
        let models = Models::of(&asked.call()).await?;
        Ok(one(&models, &slug)?.into())
    })
    .await
}

fn rows(models: &Models) -> Vec<Value> {
    let default = models.choose(None, "").ok().map(|chosen| chosen.slug);
    models
        .all()
        .map(|(slug, model)| model_row(slug, model, default.as_deref() == Some(slug)))
        .collect()
}

fn one(models: &Models, slug: &str) -> Result<Value, Problem> {
    let rows = rows(models);
    rows.into_iter()
        .find(|row| row["slug"] == slug)
        .ok_or_else(|| unknown("model", slug, "models"))
}

async fn styles() -> Response {
    let rows: Vec<Value> = styles::STYLES
        .iter()
        .filter_map(shown)
        .map(|style| style_row(&style))
        .collect();
    plain(StatusCode::OK, &json!({ "styles": rows }))
}

async fn style(State(api): State<Api>, Path(slug): Path<String>) -> Response {
    match styles::find_style(&slug).and_then(shown) {
        Some(style) => plain(StatusCode::OK, &style_row(&style)),
        None => refuse::<Pixola>(&api, unknown("style", &slug, "styles"), None),
    }
}

async fn shapes() -> Response {
    let rows: Vec<Value> = shapes::SHAPES
        .iter()
        .filter_map(shown)
        .map(|shape| shape_row(&shape))
        .collect();
    plain(StatusCode::OK, &json!({ "shapes": rows }))
}

async fn shape(State(api): State<Api>, Path(slug): Path<String>) -> Response {
    match shapes::find_shape(&slug).and_then(shown) {
        Some(shape) => plain(StatusCode::OK, &shape_row(&shape)),
        None => refuse::<Pixola>(&api, unknown("shape", &slug, "shapes"), None),
    }
}

fn shown(row: &impl serde::Serialize) -> Option<Value> {
    serde_json::to_value(row).ok()
}

fn unknown(what: &str, slug: &str, list: &str) -> Problem {
    Problem::not_found(what, text::one_line(slug, 60))
        .hint(format!("`GET /pixola/api/v1/{list}` tells which there are."))
}

async fn credits(State(api): State<Api>, peer: Peer, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Pixola>| async move {
        Ok(asked.tool("check_credits", json!({})).await?.into())
    })
    .await
}

/// Begins a batch. Unlike the tool it does not wait: the answer holds the `batchId` to ask for.
async fn generate(
    State(api): State<Api>,
    peer: Peer,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let given = headers.clone();
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Pixola>| async move {
        let arguments = accept::<Pixola>("generate_image", Value::Object(object(body)?))?;
        let (mut order, notes) = order(&asked.call(), &arguments).await?;
        if let Some(key) = idempotency(&given)? {
            order["idempotency_key"] = json!(key);
        }
        let job = asked.operation("generate.media", order).await?;
        let mut begun = asked.tool("get_batch", json!({ "batchId": job["job_id"] })).await?;
        if !notes.is_empty() {
            begun["note"] = json!(notes.join(" "));
        }
        Ok(Answer {
            status: StatusCode::ACCEPTED,
            ..begun.into()
        })
    })
    .await
}

async fn batch(State(api): State<Api>, peer: Peer, Path(batch): Path<String>, headers: HeaderMap) -> Response {
    serve(api, ENDPOINT, &headers, peer, |asked: Asked<Pixola>| async move {
        Ok(asked.tool("get_batch", json!({ "batchId": batch })).await?.into())
    })
    .await
}

async fn document(State(api): State<Api>) -> Response {
    plain(
        StatusCode::OK,
        &super::pixola_document::document(&api.studio.public_url()),
    )
}
