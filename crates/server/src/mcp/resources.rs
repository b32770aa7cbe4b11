//! The studio's shelf: assets, jobs and schemas of models by address, the guides, the prompts and the skills. Whatever
//! belongs to a workspace goes through the same operations as the tools, so the same scopes are asked for.

use aquatint_app::Studio;
use aquatint_app::toolset::{self, ToolReply};
use aquatint_domain::{Caller, Code, Problem, text};
use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use rmcp::model::{
    CompletionInfo, GetPromptResult, JsonObject, Prompt, Reference, Resource, ResourceContents, ResourceTemplate, Skill,
};
use serde_json::{Value, json};

use super::guides::{self, GUIDES};
use super::prompts::{self, Kind};
use super::shelf::{Holds, Page, Shelf};

const JSON: &str = "application/json";
const ASSET: &str = "asset://";
const JOB: &str = "job://";
const MODEL: &str = "model://";
const GUIDE: &str = "guide://";
const SKILL: &str = "skill://";
const PREVIEW: &str = "/preview";
const SCHEMA: &str = "/schema";

/// Assets on one page of the list.
const PAGE_ASSETS: u64 = 50;
/// Longest address that is looked at.
const MAX_URI_CHARS: usize = 400;
/// Longest answer of text that a resource gives; a job with many results is read by its items.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Words that complete something, of which the rest is not told.
const MAX_COMPLETIONS: usize = 50;

/// What the studio offers beside its tools.
pub struct StudioShelf {
    studio: Studio,
    holds: Holds,
}

impl StudioShelf {
    /// Everything, as the native tools go with it.
    pub fn native(studio: Studio) -> Self {
        Self::holding(
            studio,
            Holds {
                resources: true,
                prompts: true,
                skills: true,
                tasks: true,
            },
        )
    }

    /// Only some kinds, for a surface with other tools: prompts, guides and skills name the native ones.
    pub fn holding(studio: Studio, holds: Holds) -> Self {
        Self { studio, holds }
    }

    /// A native tool's call, whatever the surface shows.
    async fn call(&self, caller: &Caller, tool: &str, arguments: Value) -> Result<ToolReply, Problem> {
        toolset::call(&self.studio, caller, tool, arguments, None).await
    }

    async fn assets(&self, caller: &Caller, cursor: Option<&str>) -> Result<Page, Problem> {
        let mut arguments = json!({ "action": "list", "limit": PAGE_ASSETS });
        if let Some(cursor) = cursor {
            arguments["cursor"] = json!(cursor);
        }
        let reply = self.call(caller, "assets", arguments).await?.structured;
        let assets = reply["assets"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Page {
            resources: assets.iter().filter_map(asset_row).collect(),
            next: reply["next_cursor"].as_str().map(str::to_owned),
        })
    }

    async fn asset(&self, caller: &Caller, uri: &str, id: &str) -> Result<Vec<ResourceContents>, Problem> {
        let (id, only_preview) = match id.strip_suffix(PREVIEW) {
            Some(id) => (id, true),
            None => (id, false),
        };
        let arguments = json!({ "action": "get", "asset_id": id, "preview": true });
        let reply = self.call(caller, "assets", arguments).await?;
        let picture = reply.preview.map(|bytes| {
            let uri = format!("{ASSET}{id}{PREVIEW}");
            ResourceContents::blob(BASE64_STANDARD.encode(bytes), uri).with_mime_type("image/webp")
        });
        if only_preview {
            let picture = picture.ok_or_else(|| Problem::not_found("preview", text::one_line(id, 60)))?;
            return Ok(vec![picture]);
        }
        let mut contents = vec![document(uri, &reply.structured)?];
        contents.extend(picture);
        Ok(contents)
    }

    /// Ids of assets: by the beginning of the id, or by words in title and tags.
    async fn complete_asset(&self, caller: &Caller, begun: &str) -> Result<Vec<String>, Problem> {
        let is_id = begun.is_empty() || "ast_".starts_with(begun) || begun.starts_with("ast_");
        let mut arguments = json!({ "action": "list", "limit": PAGE_ASSETS });
        if !is_id {
            arguments["action"] = json!("search");
            arguments["query"] = json!(text::clip(begun, 100));
        }
        let reply = self.call(caller, "assets", arguments).await?.structured;
        let found = strings(&reply["assets"], "asset_id");
        Ok(match is_id {
            true => found.into_iter().filter(|id| id.starts_with(begun)).collect(),
            false => found,
        })
    }

    async fn complete_collection(&self, caller: &Caller, begun: &str) -> Result<Vec<String>, Problem> {
        let reply = self
            .call(caller, "collections", json!({ "action": "list" }))
            .await?
            .structured;
        let names = strings(&reply["collections"], "name");
        Ok(names.into_iter().filter(|name| contains(name, begun)).collect())
    }

    async fn complete_model(&self, caller: &Caller, begun: &str) -> Result<Vec<String>, Problem> {
        let reply = self
            .call(caller, "models", json!({ "action": "list" }))
            .await?
            .structured;
        let ids = strings(&reply["models"], "id");
        Ok(ids.into_iter().filter(|id| contains(id, begun)).collect())
    }

    async fn complete_job(&self, caller: &Caller, begun: &str) -> Result<Vec<String>, Problem> {
        let reply = self
            .studio
            .call(caller, "jobs.list", json!({ "limit": PAGE_ASSETS }), None)
            .await?;
        let ids = strings(&reply.value["jobs"], "job_id");
        Ok(ids.into_iter().filter(|id| id.starts_with(begun)).collect())
    }

    async fn complete_kind(&self, caller: &Caller, kind: Kind, begun: &str) -> Result<Vec<String>, Problem> {
        match kind {
            Kind::Words => Ok(Vec::new()),
            Kind::Asset => self.complete_asset(caller, begun).await,
            Kind::Collection => self.complete_collection(caller, begun).await,
            Kind::Model => self.complete_model(caller, begun).await,
            Kind::OneOf(words) => Ok(words
                .iter()
                .filter(|word| contains(word, begun))
                .map(|word| (*word).to_owned())
                .collect()),
        }
    }
}

#[async_trait]
impl Shelf for StudioShelf {
    fn holds(&self) -> Holds {
        self.holds
    }

    async fn resources(&self, caller: &Caller, cursor: Option<&str>) -> Result<Page, Problem> {
        if let Some(cursor) = cursor {
            return self.assets(caller, Some(cursor)).await;
        }
        let mut first: Vec<Resource> = Vec::new();
        if self.holds.skills {
            first.extend(GUIDES.iter().map(guides::Guide::resource));
        }
        match self.assets(caller, None).await {
            Ok(page) => {
                first.extend(page.resources);
                Ok(Page {
                    resources: first,
                    next: page.next,
                })
            }
            // Who may not see assets sees the rest.
            Err(problem) if problem.code == Code::Forbidden => Ok(Page {
                resources: first,
                next: None,
            }),
            Err(problem) => Err(problem),
        }
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template = |uri: &str, name: &str, title: &str, description: &str, kind: &str| {
            ResourceTemplate::new(uri, name)
                .with_title(title)
                .with_description(description)
                .with_mime_type(kind)
        };
        vec![
            template(
                "asset://{id}",
                "asset",
                "Asset",
                "What is known of an image or video, with a fresh URL and a small preview.",
                JSON,
            ),
            template(
                "asset://{id}/preview",
                "asset-preview",
                "Preview of an asset",
                "A picture of at most 768 px.",
                "image/webp",
            ),
            template("job://{id}", "job", "Job", "How far a job is and what it made.", JSON),
            template(
                "model://{+id}/schema",
                "model-schema",
                "Schema of a model",
                "JSON Schema of what a model takes.",
                "application/schema+json",
            ),
        ]
    }

    async fn read(&self, caller: &Caller, uri: &str) -> Result<Vec<ResourceContents>, Problem> {
        let unknown = || {
            Problem::not_found("resource", text::one_line(uri, 120)).hint(
                "Addresses are asset://ID, job://ID, model://ID/schema and guide://NAME; `resources/list` tells them.",
            )
        };
        if uri.chars().count() > MAX_URI_CHARS {
            return Err(unknown());
        }
        if let Some(id) = uri.strip_prefix(ASSET) {
            return self.asset(caller, uri, id).await;
        }
        if let Some(id) = uri.strip_prefix(JOB) {
            let reply = self.call(caller, "get_job_status", json!({ "job_id": id })).await?;
            return Ok(vec![document(uri, &reply.structured)?]);
        }
        if let Some(id) = uri.strip_prefix(MODEL).and_then(|rest| rest.strip_suffix(SCHEMA)) {
            let id = percent_decode_str(id).decode_utf8_lossy();
            let reply = self
                .call(caller, "models", json!({ "action": "schema", "model": id }))
                .await?;
            let schema = document(uri, &reply.structured["input_schema"])?;
            return Ok(vec![schema.with_mime_type("application/schema+json")]);
        }
        if let Some(name) = uri.strip_prefix(GUIDE) {
            let guide = GUIDES.iter().find(|guide| guide.name == name).ok_or_else(unknown)?;
            return Ok(vec![guide.contents(uri)]);
        }
        if uri.starts_with(SKILL) {
            return guides::skill_file(uri).map(|file| vec![file]);
        }
        Err(unknown())
    }

    fn prompts(&self) -> Vec<Prompt> {
        prompts::list()
    }

    fn prompt(&self, name: &str, arguments: &JsonObject) -> Result<GetPromptResult, Problem> {
        prompts::get(name, arguments)
    }

    async fn complete(
        &self,
        caller: &Caller,
        of: &Reference,
        argument: &str,
        begun: &str,
    ) -> Result<CompletionInfo, Problem> {
        // The last of several, separated by commas, is the one that is being written.
        let (before, last) = match of {
            Reference::Prompt(_) => match begun.rsplit_once(',') {
                Some((before, last)) => (format!("{}, ", before.trim_end()), last.trim_start()),
                None => (String::new(), begun),
            },
            _ => (String::new(), begun),
        };
        let found = match of {
            Reference::Prompt(prompt) => match prompts::kind_of(&prompt.name, argument) {
                Some(kind) => self.complete_kind(caller, kind, last).await,
                None => Err(Problem::not_found(
                    "prompt or argument",
                    text::one_line(&prompt.name, 60),
                )),
            },
            Reference::Resource(template) => match (template.uri.as_str(), argument) {
                ("asset://{id}" | "asset://{id}/preview", "id") => self.complete_asset(caller, last).await,
                ("job://{id}", "id") => self.complete_job(caller, last).await,
                ("model://{+id}/schema" | "model://{id}/schema", "id") => self.complete_model(caller, last).await,
                _ => Err(Problem::not_found("template", text::one_line(&template.uri, 120))),
            },
            _ => Ok(Vec::new()),
        };
        let mut values = found?;
        let total = values.len();
        values.truncate(MAX_COMPLETIONS);
        for value in &mut values {
            value.insert_str(0, &before);
        }
        CompletionInfo::with_pagination(values, u32::try_from(total).ok(), total > MAX_COMPLETIONS)
            .map_err(Problem::internal)
    }

    fn skills(&self) -> Vec<Skill> {
        guides::skills()
    }

    fn hurry(&self, tool: &str, arguments: &mut Value) -> bool {
        let Ok((entry, _)) = toolset::resolve(tool, arguments.clone()) else {
            return false;
        };
        // Runs of pipelines are no jobs.
        let makes_jobs = matches!(entry.spec.group(), "edit" | "generate");
        if let Value::Object(map) = arguments
            && makes_jobs
            && !map.contains_key("sync")
        {
            map.entry("wait_seconds").or_insert(json!(0));
        }
        makes_jobs
    }

    async fn job(&self, caller: &Caller, id: &str) -> Result<ToolReply, Problem> {
        self.call(caller, "get_job_status", json!({ "job_id": id })).await
    }

    async fn cancel_job(&self, caller: &Caller, id: &str) -> Result<(), Problem> {
        match self.call(caller, "cancel_job", json!({ "job_id": id })).await {
            Ok(_) => Ok(()),
            // It has ended, which is what was wanted.
            Err(problem) if problem.code == Code::Conflict => Ok(()),
            Err(problem) => Err(problem),
        }
    }
}

fn asset_row(asset: &Value) -> Option<Resource> {
    let id = asset["asset_id"].as_str()?;
    let title = asset["title"].as_str().filter(|title| !title.is_empty()).unwrap_or(id);
    let kind = asset["content_type"].as_str().unwrap_or("media");
    let row = Resource::new(format!("{ASSET}{id}"), id)
        .with_title(title)
        .with_mime_type(JSON)
        .with_description(format!("{kind}, {}×{}", asset["width"], asset["height"]));
    Some(row)
}

/// JSON as the contents of a resource, within the limit.
fn document(uri: &str, value: &Value) -> Result<ResourceContents, Problem> {
    let text = serde_json::to_string(value).map_err(Problem::internal)?;
    if text.len() > MAX_TEXT_BYTES {
        return Err(Problem::new(
            Code::TooLarge,
            format!(
                "This resource has {} bytes of text; the limit is {MAX_TEXT_BYTES}.",
                text.len()
            ),
        )
        .hint("Ask for its parts with the tools: `get_job_status` of an item, `assets` `get` of a result."));
    }
    Ok(ResourceContents::text(text, uri).with_mime_type(JSON))
}

/// One member of each row.
fn strings(rows: &Value, member: &str) -> Vec<String> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter()
        .filter_map(|row| row[member].as_str().map(str::to_owned))
        .collect()
}

fn contains(word: &str, begun: &str) -> bool {
    word.to_lowercase().contains(&begun.to_lowercase())
}
