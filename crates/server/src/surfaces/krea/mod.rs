//! Krea: models with schemas, jobs, node apps and uploads.

pub mod object;
mod tools;

use aquatint_app::operations;
use aquatint_app::toolset::ToolReply;
use aquatint_app::{Studio, Waited};
use aquatint_domain::{Code, JobId, Problem, RunId, text};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::service::{Call, Checkers, Service, Tool, checkers, failure_of, reply};
use crate::api::gather_inputs;

/// Names that Krea's models have for inputs, and what models here call the same; the first that a model has.
const FAMILIAR: &[(&str, &[&str])] = &[
    ("image_url", &["images", "image", "input_image"]),
    ("image_urls", &["images"]),
    ("reference_images", &["images"]),
    ("style_images", &["images"]),
    ("image_style_references", &["images"]),
    ("start_image", &["first_frame", "images", "image"]),
    ("end_image", &["last_frame"]),
    ("start_video", &["video"]),
    ("duration", &["duration_seconds"]),
    ("num_images", &["count"]),
    ("batch_size", &["count"]),
];

pub struct Krea;

#[async_trait]
impl Service for Krea {
    const NAME: &'static str = "krea";
    const TOOLS: &'static [Tool] = &tools::TOOLS;
    const INSTRUCTIONS: &'static str = "Images and video by model id. `list_models`, then `get_model_schema` for the inputs, \
        then `generate`, which answers at once with a `job_id`: poll `get_job` every 2 to 5 seconds. Set `sync` only when the \
        user asks to wait. Local files: `get_upload_url`. `execute_node_app` runs a published pipeline.";

    fn checkers() -> &'static Checkers {
        static CHECKERS: Checkers = Checkers::new(|| checkers(&tools::TOOLS));
        &CHECKERS
    }

    fn translate(studio: &Studio, problem: &mut Problem, members: &mut Map<String, Value>) {
        members.extend(object::error(&studio.public_url(), problem));
    }

    async fn call(call: &Call<'_>, tool: &str, arguments: Map<String, Value>) -> Result<ToolReply, Problem> {
        match tool {
            "list_models" => list_models(call, &arguments).await,
            "get_model_schema" => get_model_schema(call, &arguments).await,
            "generate" => generate(call, arguments).await,
            "execute_node_app" => execute_node_app(call, &arguments).await,
            "get_job" => get_job(call, &arguments).await,
            "cancel_job" => cancel_job(call, &arguments).await,
            "get_upload_url" => get_upload_url(call, &arguments).await,
            "upload_asset" => upload_asset(call, &arguments).await,
            other => Err(Problem::not_found("tool", other).at("tool")),
        }
    }
}

async fn list_models(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let listed = call
        .operation("models.list", json!({ "type": arguments.get("type") }))
        .await?;
    let models = listed.value["models"].as_array();
    let models: Vec<Value> = models.into_iter().flatten().map(object::model).collect();
    Ok(reply(json!({ "models": models }), listed.description.text, Vec::new()))
}

async fn get_model_schema(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let found = call
        .operation("models.schema", json!({ "model": arguments["model"] }))
        .await?;
    let mut structured = found.value;
    let catalogue = call.studio.catalogue();
    let known = structured["model"].as_str().and_then(|id| catalogue.find(id));
    if let Some(deprecation) = known.and_then(|model| model.deprecation.as_ref()) {
        structured["deprecation"] = object::deprecation(deprecation);
    }
    Ok(reply(structured, found.description.text, Vec::new()))
}

/// The arguments of `generate.media` for a model and its inputs in Krea's words; REST takes the same.
pub fn order(studio: &Studio, model: &str, mut inputs: Map<String, Value>) -> Result<Value, Problem> {
    let catalogue = studio.catalogue();
    if let Some(known) = catalogue.find(model) {
        rename(&known.input_schema["properties"], &mut inputs);
    }
    let entry = operations::find("generate.media").ok_or_else(|| Problem::internal("no operation generates"))?;
    inputs.insert("model".to_owned(), json!(model));
    gather_inputs(entry, &mut inputs)?;
    Ok(Value::Object(inputs))
}

fn rename(properties: &Value, inputs: &mut Map<String, Value>) {
    let has = |name: &str| properties.get(name).is_some();
    for (theirs, ours) in FAMILIAR {
        if has(theirs) {
            continue;
        }
        let Some(ours) = ours.iter().find(|ours| has(ours) && !inputs.contains_key(**ours)) else {
            continue;
        };
        if let Some(given) = inputs.remove(*theirs) {
            let is_list = properties[*ours]["type"] == "array";
            inputs.insert((*ours).to_owned(), plain(given, is_list));
        }
    }
}

/// `{"url": …}` is the URL in it, and one is a list where a list is wanted.
fn plain(given: Value, is_list: bool) -> Value {
    let bare = |item: Value| {
        if item["url"].is_string() {
            item["url"].clone()
        } else {
            item
        }
    };
    match given {
        Value::Array(items) if is_list => items.into_iter().map(bare).collect(),
        Value::Array(mut items) if items.len() == 1 => bare(items.remove(0)),
        one if is_list => json!([bare(one)]),
        one => bare(one),
    }
}

async fn generate(call: &Call<'_>, mut arguments: Map<String, Value>) -> Result<ToolReply, Problem> {
    let model = arguments.remove("model").unwrap_or_default();
    let sync = arguments.remove("sync") == Some(Value::Bool(true));
    let mut inputs = match arguments.remove("inputs") {
        Some(Value::Object(inputs)) => inputs,
        _ => Map::new(),
    };
    for (name, value) in arguments {
        let shown = text::one_line(&name, 40);
        if inputs.insert(name, value).is_some() {
            let words = format!("`{shown}` was sent twice: within `inputs`, and beside it. Send it once.");
            return Err(Problem::invalid(shown, words));
        }
    }
    let order = order(call.studio, model.as_str().unwrap_or_default(), inputs)?;
    if sync {
        let waited = call.to_its_end("generate.media", order).await.map_err(schema_first)?;
        return ended(waited);
    }
    let submitted = call.operation("generate.media", order).await.map_err(schema_first)?;
    Ok(shown(&submitted.value, submitted.description.links))
}

/// What does not fit is told with where to look.
fn schema_first(problem: Problem) -> Problem {
    if problem.code == Code::InvalidArgument && problem.hint.is_none() {
        return problem.hint("Look at the model's inputs with `get_model_schema`.");
    }
    problem
}

/// What was waited for; a failure is the call's failure.
fn ended(waited: Waited) -> Result<ToolReply, Problem> {
    let view = &waited.reply.value;
    let id = view["job_id"].as_str().or(view["run_id"].as_str()).unwrap_or_default();
    if let Some(problem) = failure_of(view, id) {
        return Err(problem);
    }
    Ok(shown(view, waited.reply.description.links))
}

fn shown(view: &Value, links: Vec<aquatint_app::operation::MediaLink>) -> ToolReply {
    let job = object::job(view);
    let id = job["job_id"].as_str().unwrap_or_default();
    let mut lines = vec![format!("Job {id} is {}.", job["status"].as_str().unwrap_or_default())];
    let urls = job["result"]["urls"].as_array();
    lines.extend(urls.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    if let Some(message) = job["error"]["message"].as_str() {
        lines.push(message.to_owned());
    }
    if job.get("completed_at").is_none() {
        lines.push(format!("Call `get_job` with `jobId: \"{id}\"` in 2 to 5 seconds."));
    }
    reply(job, lines.join("\n"), links)
}

async fn execute_node_app(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let named = arguments["version_id"].as_str().unwrap_or_default();
    let (pipeline, version) = version_of(named);
    let found = call
        .operation("pipelines.get", json!({ "pipeline_id": pipeline, "version": version }))
        .await;
    let found = match found {
        Ok(found) if found.value["is_published"] == true => found.value,
        Ok(_) => return Err(unpublished(named)),
        Err(problem) if problem.code == Code::NotFound => return Err(unpublished(named)),
        Err(problem) => return Err(problem),
    };
    let order = json!({
        "pipeline_id": found["pipeline_id"],
        "version": found["shown_version"],
        "inputs": arguments.get("inputs").cloned().unwrap_or_else(|| json!({})),
    });
    if arguments.get("sync") == Some(&Value::Bool(true)) {
        return ended(call.to_its_end("pipelines.run", order).await?);
    }
    let started = call.operation("pipelines.run", order).await?;
    let mut view = started.value;
    view["created_at"] = json!(call.studio.now());
    let mut answer = shown(&view, started.description.links);
    // A list as an input makes a run of each of its items.
    if let Some(all) = view["run_ids"].as_array().filter(|all| all.len() > 1) {
        answer.structured["job_ids"] = json!(all);
    }
    Ok(answer)
}

/// `pip_…@3` is the third version; without a number it is the newest.
fn version_of(named: &str) -> (&str, Option<u32>) {
    match named.rsplit_once('@') {
        Some((pipeline, version)) => match version.trim_start_matches('v').parse() {
            Ok(version) => (pipeline, Some(version)),
            Err(_) => (named, None),
        },
        None => (named, None),
    }
}

fn unpublished(named: &str) -> Problem {
    let shown = text::one_line(named, 80);
    Problem::new(
        Code::NotFound,
        format!("There is no node app `{shown}` in this workspace."),
    )
    .at("version_id")
    .hint("A node app is a pipeline that was published in the pipeline editor; its page shows the id of each version.")
}

enum Named {
    Job,
    Run,
}

fn named(arguments: &Map<String, Value>) -> Result<(Named, &str), Problem> {
    let id = arguments["jobId"].as_str().unwrap_or_default();
    match id {
        id if JobId::is_well_formed(id) => Ok((Named::Job, id)),
        id if RunId::is_well_formed(id) => Ok((Named::Run, id)),
        id => Err(Problem::not_found("job", id).at("jobId")),
    }
}

async fn get_job(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let found = match named(arguments)? {
        (Named::Job, id) => call.operation("jobs.get", json!({ "job_id": id })).await?,
        (Named::Run, id) => call.operation("pipelines.get_run", json!({ "run_id": id })).await?,
    };
    Ok(shown(&found.value, found.description.links))
}

async fn cancel_job(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let id = match named(arguments)? {
        (Named::Job, id) => {
            call.operation("jobs.cancel", json!({ "job_id": id })).await?;
            id
        }
        (Named::Run, id) => {
            if let Err(problem) = call.operation("pipelines.cancel_run", json!({ "run_id": id })).await {
                return Err(match problem.code {
                    Code::Conflict => with_state(call, problem, id).await,
                    _ => problem,
                });
            }
            id
        }
    };
    let text = format!("Job {id} is cancelled; it is not billed.");
    Ok(reply(json!({ "job_id": id, "deleted": true }), text, Vec::new()))
}

/// A run that has ended says how, as a job does.
async fn with_state(call: &Call<'_>, problem: Problem, id: &str) -> Problem {
    match call.operation("pipelines.get_run", json!({ "run_id": id })).await {
        Ok(run) => problem.details(json!({ "status": run.value["status"] })),
        Err(_) => problem,
    }
}

async fn get_upload_url(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let opened = call
        .operation("upload.upload_url", json!({ "file_name": arguments.get("file_name") }))
        .await?;
    let view = &opened.value;
    let structured = json!({
        "upload_url": view["upload_url"],
        "method": "POST",
        "content_type": "multipart/form-data",
        "field": "file",
        "expires_at": view["expires_at"],
        "max_bytes": view["max_bytes"],
        "curl": view["curl"],
    });
    let text = format!(
        "POST the file as multipart/form-data in the single field `file` before {}; the answer holds the asset's `url`:\n{}",
        view["expires_at"].as_str().unwrap_or_default(),
        view["curl"].as_str().unwrap_or_default()
    );
    Ok(reply(structured, text, Vec::new()))
}

async fn upload_asset(call: &Call<'_>, arguments: &Map<String, Value>) -> Result<ToolReply, Problem> {
    let order = json!({ "url": arguments["url"], "title": arguments.get("description") });
    let imported = call.operation("upload.url", order).await?;
    let asset = object::asset(&imported.value);
    let text = format!(
        "Saved as {}: {}",
        asset["id"].as_str().unwrap_or_default(),
        asset["image_url"].as_str().unwrap_or_default()
    );
    Ok(reply(asset, text, imported.description.links))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_under_the_names_that_the_model_has() {
        let properties =
            json!({ "images": { "type": "array" }, "first_frame": { "type": "string" }, "duration_seconds": {} });
        let mut inputs = json!({
            "image_style_references": [{ "url": "https://a/1.png", "strength": 1 }],
            "start_image": "https://a/2.png", "duration": 5, "prompt": "x",
        });
        rename(&properties, inputs.as_object_mut().expect("an object"));
        assert_eq!(
            inputs,
            json!({ "images": ["https://a/1.png"], "first_frame": "https://a/2.png", "duration_seconds": 5, "prompt": "x" })
        );
        let mut kept = json!({ "start_image": "https://a/2.png" });
        rename(&json!({ "start_image": {} }), kept.as_object_mut().expect("an object"));
        assert_eq!(kept, json!({ "start_image": "https://a/2.png" }));
    }

    #[test]
    fn a_version_is_named_behind_its_app() {
        assert_eq!(version_of("pip_1@3"), ("pip_1", Some(3)));
        assert_eq!(version_of("hero-banner@v2"), ("hero-banner", Some(2)));
        assert_eq!(version_of("mail@home"), ("mail@home", None));
        assert_eq!(version_of("hero-banner"), ("hero-banner", None));
    }
}
