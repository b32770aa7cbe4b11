//! Results of a call as files of this machine: the argument `save_to`, and what it does.

use std::collections::{HashMap, HashSet};

use aquatint_domain::{Problem, text};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::folders::{Folders, Place, extension_of};
use super::upstream::{Medium, Upstream};

/// Files that one call may write.
const MAX_FILES: usize = 100;
/// Tasks and media that are remembered.
const MAX_REMEMBERED: usize = 10_000;
const SAVE_TO: &str = "save_to";
/// Parts of the names of tools that give media, on every surface.
const GIVERS: &[&str] = &[
    "asset",
    "background",
    "edit",
    "enhance",
    "generate",
    "image",
    "job",
    "result",
    "upload",
    "upscale",
    "video",
];

/// What a call says in `save_to`.
pub(super) enum Wish {
    First,
    Named(String),
}

/// Where the results of a call go.
pub(super) struct Target {
    pub place: Place,
    /// The call asked for it; else it is because everything is saved, once.
    pub is_asked: bool,
}

/// What this process saved, and what it will.
#[derive(Default)]
pub(super) struct Saved {
    tasks: Mutex<HashMap<String, Place>>,
    done: Mutex<HashSet<String>>,
}

impl Saved {
    /// Remembers where the results of a task go.
    pub(super) fn later(&self, task: &str, place: Place) {
        let mut tasks = self.tasks.lock();
        if tasks.len() >= MAX_REMEMBERED {
            tasks.clear();
        }
        tasks.insert(task.to_owned(), place);
    }

    /// Where the results of a task go, told once.
    pub(super) fn place_of(&self, task: &str) -> Option<Place> {
        self.tasks.lock().remove(task)
    }

    /// Whether a medium is saved for the first time.
    fn is_new(&self, medium: &Medium) -> bool {
        let mut done = self.done.lock();
        if done.len() >= MAX_REMEMBERED {
            done.clear();
        }
        let key = medium.id.as_ref().unwrap_or(&medium.url);
        done.insert(key.clone())
    }
}

/// Takes `save_to` out of the arguments: the server does not know it.
pub(super) fn take_save_to(params: &mut Value) -> Result<Option<Wish>, Problem> {
    let arguments = params.get_mut("arguments").and_then(Value::as_object_mut);
    let taken = arguments.and_then(|arguments| arguments.remove(SAVE_TO));
    match taken {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Wish::First)),
        Some(Value::String(named)) if named.trim().is_empty() => Ok(Some(Wish::First)),
        Some(Value::String(named)) => Ok(Some(Wish::Named(named))),
        Some(_) => Err(Problem::invalid(
            SAVE_TO,
            "`save_to` is a path in an allowed folder, or `true` for the first one.",
        )),
    }
}

/// Writes the media of a result and says where they are. What cannot be written is said too; the result stays a result.
pub(super) async fn save(upstream: &dyn Upstream, saved: &Saved, target: &Target, result: &mut Value) {
    if result["isError"] == true || !result.is_object() {
        return;
    }
    let media: Vec<Medium> = media_of(result)
        .into_iter()
        .filter(|medium| saved.is_new(medium) || target.is_asked)
        .collect();
    if media.is_empty() {
        if target.is_asked {
            let words = match result["structuredContent"]["job_id"].is_string() {
                true => "Nothing is saved yet: give `save_to` to `get_job_status` when the job has ended.",
                false => "There is nothing in this result to save.",
            };
            say(result, words.to_owned());
        }
        return;
    }
    let (mut files, mut lines) = (Vec::new(), Vec::new());
    for medium in media.iter().take(MAX_FILES) {
        match write(upstream, &target.place, medium).await {
            Ok(path) => {
                lines.push(format!("Saved: {path}"));
                files.push(path);
            }
            Err(problem) => lines.push(format!(
                "Not saved: {}. {}",
                text::one_line(&medium.title, 80),
                problem.message
            )),
        }
    }
    if media.len() > MAX_FILES {
        lines.push(format!(
            "{} more are not saved; at most {MAX_FILES} at once.",
            media.len() - MAX_FILES
        ));
    }
    if let Some(Value::Object(content)) = result.get_mut("structuredContent") {
        content.insert("saved_files".to_owned(), json!(files));
    }
    say(result, lines.join("\n"));
}

async fn write(upstream: &dyn Upstream, place: &Place, medium: &Medium) -> Result<String, Problem> {
    let (path, file) = place.create(&medium.title, extension_of(&medium.media_type))?;
    match upstream.download(medium, file).await {
        Ok(()) => Ok(path.display().to_string()),
        Err(problem) => {
            // Half a picture is worse than none.
            let _ = std::fs::remove_file(&path);
            Err(problem)
        }
    }
}

fn say(result: &mut Value, words: String) {
    if let Some(Value::Array(content)) = result.get_mut("content") {
        content.push(json!({ "type": "text", "text": words }));
    }
}

/// The media that a result links to, in order: links in its content, else addresses of its outputs.
fn media_of(result: &Value) -> Vec<Medium> {
    let is_media = |kind: &str| kind.starts_with("image/") || kind.starts_with("video/");
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut media: Vec<Medium> = Vec::new();
    let mut add = |medium: Medium| {
        if is_media(&medium.media_type)
            && medium.url.starts_with("http")
            && media.iter().all(|known| known.url != medium.url)
        {
            media.push(medium);
        }
    };
    for block in result["content"].as_array().into_iter().flatten() {
        if block["type"] == "resource_link" {
            add(Medium {
                url: words(&block["uri"]),
                title: words(&block["name"]),
                media_type: words(&block["mimeType"]),
                id: block["description"]
                    .as_str()
                    .filter(|id| id.starts_with("ast_"))
                    .map(str::to_owned),
            });
        }
    }
    for output in result["structuredContent"]["outputs"].as_array().into_iter().flatten() {
        add(Medium {
            url: words(&output["url"]),
            title: words(&output["title"]),
            media_type: words(&output["content_type"]),
            id: output["asset_id"].as_str().map(str::to_owned),
        });
    }
    media
}

/// Tells in the list of tools that results can be saved.
pub(super) fn add_save_to(list: &mut Value, folders: &Folders) {
    if folders.is_empty() {
        return;
    }
    let description = format!(
        "Also write the results to files of this machine: `true`, or a path in {}.",
        folders.names()
    );
    let tools = list.get_mut("tools").and_then(Value::as_array_mut);
    for tool in tools.into_iter().flatten() {
        let name = tool["name"].as_str().unwrap_or_default();
        // What only pages call shows its results there.
        let for_pages = tool["_meta"]["ui"]["visibility"] == json!(["app"]);
        if !for_pages && GIVERS.iter().any(|giver| name.contains(giver)) && !name.contains("cancel") {
            let arguments = tool.pointer_mut("/inputSchema/properties");
            if let Some(Value::Object(arguments)) = arguments {
                let about = json!({ "type": ["boolean", "string"], "description": description });
                arguments.insert(SAVE_TO.to_owned(), about);
            }
        }
    }
}

/// Tells in the words that an agent reads first what this machine has.
pub(super) fn add_instructions(result: &mut Value, folders: &Folders) {
    if folders.is_empty() || !result.is_object() {
        return;
    }
    let before = result["instructions"].as_str().unwrap_or_default();
    let words = format!(
        "{before} Files of this machine: a path in {} stands wherever an asset id can, and needs no `upload`; `save_to` on a \
         call writes its results there.",
        folders.names()
    );
    result["instructions"] = json!(words.trim_start());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_found_once_and_nothing_else_is() {
        let result = json!({
            "content": [
                { "type": "text", "text": "x" },
                { "type": "resource_link", "uri": "https://h/1.png", "name": "cup", "mimeType": "image/png", "description": "ast_1" },
                { "type": "resource_link", "uri": "file:///etc/passwd", "name": "x", "mimeType": "image/png" },
                { "type": "resource_link", "uri": "https://h/page", "name": "x", "mimeType": "text/html" },
            ],
            "structuredContent": { "outputs": [
                { "url": "https://h/1.png", "content_type": "image/png", "asset_id": "ast_1", "title": "cup" },
                { "url": "https://h/2.mp4", "content_type": "video/mp4", "asset_id": "ast_2", "title": "film" },
            ] },
        });
        let urls: Vec<String> = media_of(&result).into_iter().map(|medium| medium.url).collect();
        assert_eq!(urls, ["https://h/1.png", "https://h/2.mp4"]);
    }

    #[test]
    fn save_to_is_taken_out_of_the_arguments() {
        let mut params = json!({ "arguments": { "action": "crop", "save_to": "set/" } });
        assert!(matches!(take_save_to(&mut params), Ok(Some(Wish::Named(named))) if named == "set/"));
        assert_eq!(params, json!({ "arguments": { "action": "crop" } }));
        let read = |value: Value| take_save_to(&mut json!({ "arguments": { "save_to": value } }));
        assert!(matches!(read(json!(true)), Ok(Some(Wish::First))));
        assert!(matches!(read(json!(false)), Ok(None)));
        assert!(matches!(take_save_to(&mut json!({ "arguments": {} })), Ok(None)));
        assert!(read(json!(1)).is_err());
    }
}
