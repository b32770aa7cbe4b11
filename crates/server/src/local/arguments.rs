//! Paths in the arguments of a call: where media belongs, a path of this machine is uploaded, and the asset's id takes its
//! place. Words elsewhere, such as a prompt that begins with a slash, are left alone.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::SystemTime;

use aquatint_domain::{Code, Problem};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::folders::{Folders, LocalFile, looks_local};
use super::upstream::Upstream;

/// Arguments that hold media, in the tools of every surface.
const MEDIA: &[&str] = &[
    "asset",
    "asset_id",
    "asset_ids",
    "assets",
    "background",
    "background_image",
    "end_frame",
    "file",
    "file_path",
    "first_frame",
    "frames",
    "image",
    "image_url",
    "image_urls",
    "images",
    "input",
    "input_image",
    "inputs",
    "last_frame",
    "layers",
    "mask",
    "mask_url",
    "media",
    "path",
    "picture",
    "reference",
    "reference_image",
    "reference_images",
    "references",
    "source",
    "start_frame",
    "style_image",
    "url",
    "video",
    "video_url",
    "videos",
];
/// Members of media arguments that are words all the same.
const WORDS: &[&str] = &["text", "prompt", "negative_prompt", "title", "name", "caption"];
/// Files that one call may bring.
const MAX_FILES: usize = 100;
/// Files that are remembered, so that the same one is not sent twice.
const MAX_REMEMBERED: usize = 1_000;

/// What was uploaded by this process.
#[derive(Default)]
pub(super) struct Uploads {
    known: Mutex<HashMap<Seen, String>>,
}

/// A file as it was when it was sent.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Seen {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

impl Uploads {
    /// Replaces the paths in a call by assets. `params` are those of `tools/call`.
    pub(super) async fn replace(
        &self,
        upstream: &dyn Upstream,
        folders: &Folders,
        params: &mut Value,
    ) -> Result<(), Problem> {
        let mut found = Vec::new();
        if let Value::Object(arguments) = &params["arguments"] {
            for (name, value) in arguments {
                if MEDIA.contains(&name.as_str()) {
                    find(value, &format!("/{}", escape(name)), name.clone(), &mut found);
                }
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        if found.len() > MAX_FILES {
            return Err(Problem::new(
                Code::TooLarge,
                format!(
                    "One call takes up to {MAX_FILES} files of this machine; this one names {}.",
                    found.len()
                ),
            ));
        }
        // All are looked at before the first one leaves.
        let mut files = Vec::with_capacity(found.len());
        for place in found {
            files.push((folders.open(&place.named, &place.field)?, place));
        }
        let mut last = String::new();
        for (file, place) in files {
            let id = self
                .id_of(upstream, file)
                .await
                .map_err(|problem| problem.at(&place.field))?;
            if let Some(value) = params["arguments"].pointer_mut(&place.pointer) {
                *value = json!(id);
            }
            last = id;
        }
        // Bringing a file in is what `upload` is for; with a path it is done by now.
        if params["name"] == "upload" {
            params["name"] = json!("assets");
            params["arguments"] = json!({ "action": "get", "asset_id": last });
        }
        Ok(())
    }

    async fn id_of(&self, upstream: &dyn Upstream, file: LocalFile) -> Result<String, Problem> {
        let seen = Seen {
            path: file.path.clone(),
            size: file.size,
            modified: file.modified,
        };
        let known = self.known.lock().get(&seen).cloned();
        if let Some(id) = known.filter(|_| seen.modified.is_some()) {
            return Ok(id);
        }
        let name = file.name.clone();
        let bytes = tokio::task::spawn_blocking(|| file.read())
            .await
            .map_err(Problem::internal)??;
        let id = upstream.upload(&name, bytes).await?;
        let mut known = self.known.lock();
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(seen, id.clone());
        Ok(id)
    }
}

/// A path in the arguments.
struct Found {
    /// JSON Pointer, for us.
    pointer: String,
    /// `images[2]`, for people.
    field: String,
    named: String,
}

fn find(value: &Value, pointer: &str, field: String, found: &mut Vec<Found>) {
    match value {
        Value::String(text) if looks_local(text) => found.push(Found {
            pointer: pointer.to_owned(),
            field,
            named: text.clone(),
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, &format!("{pointer}/{index}"), format!("{field}[{index}]"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if !WORDS.contains(&name.as_str()) {
                    find(
                        member,
                        &format!("{pointer}/{}", escape(name)),
                        format!("{field}.{name}"),
                        found,
                    );
                }
            }
        }
        _ => {}
    }
}

/// A name as a step of a JSON Pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_where_media_belongs_and_nowhere_else() {
        let arguments = json!({
            "prompt": "/imagine a cup", "title": "/x",
            "images": ["/a.png", "ast_1", "https://h/c.png"],
            "inputs": { "a/b": "~/m.png", "prompt": "/no", "strength": 1 },
            "layers": [{ "text": "/no" }, { "image": "file:///l.png" }],
            "background": "#ffffff",
        });
        let mut found = Vec::new();
        for (name, value) in arguments.as_object().expect("an object") {
            if MEDIA.contains(&name.as_str()) {
                find(value, &format!("/{}", escape(name)), name.clone(), &mut found);
            }
        }
        let fields: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(fields, ["images[0]", "inputs.a/b", "layers[1].image"]);
        for place in &found {
            assert_eq!(arguments.pointer(&place.pointer), Some(&json!(place.named)));
        }
    }
}
