//! Krea's objects, made of the studio's: jobs, models, assets and errors. Plain functions, so that MCP and REST show the same.

use aquatint_app::BEHIND_OTHERS;
use aquatint_domain::model::Deprecation;
use aquatint_domain::{Code, Problem};
use serde_json::{Map, Value, json};

/// A job, of a job as `jobs.get` tells it, or of a run as `pipelines.get_run` does.
pub fn job(view: &Value) -> Value {
    let is_run = view["run_id"].is_string();
    let id = if is_run { &view["run_id"] } else { &view["job_id"] };
    let mut job = json!({ "job_id": id, "status": status(view), "created_at": view["created_at"] });
    if !view["finished_at"].is_null() {
        job["completed_at"] = view["finished_at"].clone();
    }
    if view["model"].is_string() {
        job["model"] = view["model"].clone();
    }
    if view["progress"].is_number() && job.get("completed_at").is_none() {
        job["progress"] = view["progress"].clone();
    }
    let made = if is_run { &view["media"] } else { &view["outputs"] };
    let made: Vec<&Value> = made.as_array().into_iter().flatten().collect();
    if !made.is_empty() || view["status"] == "succeeded" {
        let urls: Vec<&Value> = made.iter().map(|output| &output["url"]).collect();
        job["result"] = json!({ "urls": urls });
        let ids: Vec<&Value> = made.iter().map(|output| &output["asset_id"]).collect();
        job["result"]["asset_ids"] = json!(ids);
        // What an edit began with, to be compared with what came of it.
        if let Some(before) = made
            .iter()
            .map(|output| &output["before"]["url"])
            .find(|url| url.is_string())
        {
            job["result"]["before_url"] = before.clone();
        }
        if let Some(size) = made.first() {
            job["result"]["width"] = size["width"].clone();
            job["result"]["height"] = size["height"].clone();
        }
        if is_run {
            let outputs = view["outputs"].as_object().cloned().unwrap_or_default();
            let outputs: Map<String, Value> = outputs
                .into_iter()
                .map(|(name, value)| (name, with_urls(value, &made)))
                .collect();
            job["result"]["outputs"] = Value::Object(outputs);
        }
    }
    if view["error"].is_object() {
        job["error"] = json!({ "code": view["error"]["code"], "message": view["error"]["message"], "hint": view["error"]["hint"] });
    }
    job
}

/// The ids of assets in a run's outputs, as URLs.
fn with_urls(value: Value, made: &[&Value]) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| with_urls(item, made)).collect(),
        Value::Object(_) => {
            let id = value["asset_id"].clone();
            if id.is_string() { with_urls(id, made) } else { value }
        }
        value => {
            let asset = made.iter().find(|output| output["asset_id"] == value);
            asset.map_or(value, |asset| asset["url"].clone())
        }
    }
}

/// Krea's word for the state of a job or run.
fn status(view: &Value) -> &str {
    let has_begun = view["progress"].as_f64().unwrap_or_default() > 0.0;
    let has_parts = view["media"].as_array().is_some_and(|media| !media.is_empty());
    match view["status"].as_str().unwrap_or_default() {
        "queued" if view["stage"] == BEHIND_OTHERS => "backlogged",
        "running" if has_parts => "intermediate-complete",
        // A vendor has taken it and has not begun yet.
        "running" if view["stage"] == "queued" || view["stage"] == "waiting" => "scheduled",
        "running" if has_begun && view["job_id"].is_string() => "sampling",
        "running" => "processing",
        other => word(other),
    }
}

/// Krea's word for a state of ours that says enough by itself.
pub fn word(state: &str) -> &str {
    match state {
        "succeeded" => "completed",
        "running" => "processing",
        other => other,
    }
}

/// A model in a list, of a row of `models.list`.
pub fn model(view: &Value) -> Value {
    let id = view["id"].as_str().unwrap_or_default();
    let mut model = json!({
        "id": id,
        "name": view["name"],
        "type": view["type"],
        "provider": id.split('/').nth(1).unwrap_or_default(),
        "description": view["description"],
        "endpoint": format!("/generate/{id}"),
        "price": view["price"],
    });
    if let Ok(deprecation) = serde_json::from_value::<Deprecation>(view["deprecation"].clone()) {
        model["deprecation"] = self::deprecation(&deprecation);
    }
    model
}

/// Since when a model goes, until when it answers, and what takes its place.
pub fn deprecation(deprecation: &Deprecation) -> Value {
    json!({
        "deprecated": true,
        "since": deprecation.since,
        "sunset_date": deprecation.sunset,
        "replacement": deprecation.replacement,
    })
}

/// An asset, of one as `assets.get`, `upload.url` or an upload tells it.
pub fn asset(view: &Value) -> Value {
    json!({
        "id": view["asset_id"],
        "image_url": view["url"],
        "uploaded_at": view["created_at"],
        "width": view["width"],
        "height": view["height"],
        "size_bytes": view["size_bytes"],
        "mime_type": view["content_type"],
        "description": view["title"],
        "metadata": { "tags": view["tags"], "url_expires_at": view["url_expires_at"] },
    })
}

/// A node app, of one as `pipelines.apps` tells it.
pub fn node_app(app: &Value) -> Value {
    json!({
        "id": app["pipeline_id"],
        "author_id": app["author_id"],
        "workspace_id": app["workspace_id"],
        "name": app["name"],
        "slug": app["slug"],
        "description": app["description"],
        "scope": app["scope"],
        "version": app["version"],
        "last_version_id": app["version_id"],
        "example_outputs": [],
        "input_openapi_schema": app["input_schema"],
        "output_openapi_schema": app["output_schema"],
        "input_key_mapping": app["input_key_mapping"],
        "output_key_mapping": app["output_key_mapping"],
    })
}

/// A problem in Krea's words: changes its hint, and gives the members that go with it.
pub fn error(public_url: &str, problem: &mut Problem) -> Map<String, Value> {
    let mut members = Map::new();
    let (word, status) = match problem.code {
        Code::InvalidArgument | Code::MalformedRequest => ("invalid_request", 400),
        Code::ModelRetired => ("model_unavailable", 410),
        Code::InsufficientCredits | Code::PriceAboveLimit => ("insufficient_credits", 402),
        code => (code.as_str(), code.http_status()),
    };
    members.insert("error".to_owned(), json!(word));
    members.insert("status".to_owned(), json!(status));
    let details = problem.details.get_or_insert_with(|| json!({}));
    match problem.code {
        Code::ModelRetired => {
            members.insert("reason".to_owned(), json!("deprecated"));
            members.insert("sunset_date".to_owned(), details["sunset"].clone());
            members.insert("replacement".to_owned(), details["replacement"].clone());
            members.insert(
                "migration_url".to_owned(),
                json!(format!("{public_url}/api/v1/reference")),
            );
        }
        Code::Conflict => {
            if let Some(state) = details["status"].as_str() {
                let state = self::word(state).to_owned();
                problem.message = format!("The job is {state} already; it cannot be cancelled.");
                details["status"] = json!(state);
            }
        }
        _ => {}
    }
    if details.as_object().is_some_and(Map::is_empty) {
        problem.details = None;
    }
    if let Some(hint) = &mut problem.hint {
        *hint = hint.replace("plan units", "compute units");
        if hint.contains("`models`") && !hint.contains("instead") {
            *hint = "Look at the model's inputs with `get_model_schema`; `list_models` tells which models there are."
                .to_owned();
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_told_in_kreas_words() {
        let words = [
            (json!({ "job_id": "job_1", "status": "queued" }), "queued"),
            (
                json!({ "job_id": "job_1", "status": "queued", "stage": BEHIND_OTHERS }),
                "backlogged",
            ),
            (
                json!({ "job_id": "job_1", "status": "running", "progress": 0.0 }),
                "processing",
            ),
            (
                json!({ "job_id": "job_1", "status": "running", "progress": 0.4 }),
                "sampling",
            ),
            (
                json!({ "job_id": "job_1", "status": "running", "stage": "queued" }),
                "scheduled",
            ),
            (
                json!({ "run_id": "run_1", "status": "running", "media": [{ "asset_id": "ast_1" }] }),
                "intermediate-complete",
            ),
            (
                json!({ "job_id": "job_1", "status": "succeeded", "outputs": [] }),
                "completed",
            ),
            (json!({ "job_id": "job_1", "status": "failed" }), "failed"),
            (json!({ "job_id": "job_1", "status": "cancelled" }), "cancelled"),
        ];
        for (view, word) in words {
            assert_eq!(job(&view)["status"], word, "{view}");
        }
    }

    #[test]
    fn a_run_is_a_job_whose_outputs_have_names() {
        let run = json!({
            "run_id": "run_1", "status": "succeeded", "created_at": "x", "finished_at": "y",
            "outputs": { "banner": "ast_1", "words": "hello", "all": ["ast_1"] },
            "media": [{ "asset_id": "ast_1", "url": "https://s/1.png", "width": 4, "height": 2 }],
        });
        let job = job(&run);
        assert_eq!(job["job_id"], "run_1");
        assert_eq!(job["result"]["urls"], json!(["https://s/1.png"]));
        assert_eq!(
            job["result"]["outputs"],
            json!({ "banner": "https://s/1.png", "words": "hello", "all": ["https://s/1.png"] })
        );
    }

    #[test]
    fn a_retired_model_names_what_takes_its_place() {
        let mut problem = Problem::new(Code::ModelRetired, "Gone.")
            .hint("Use `image/x/y` instead.")
            .details(json!({ "sunset": "2026-06-02", "replacement": "image/x/y" }));
        let members = error("https://s", &mut problem);
        assert_eq!(members["error"], "model_unavailable");
        assert_eq!(
            (&members["sunset_date"], &members["replacement"]),
            (&json!("2026-06-02"), &json!("image/x/y"))
        );
        assert!(problem.hint.expect("a hint").contains("image/x/y"));
    }
}
