//! Calling a tool: from tool and action to the operation, and from its reply to what an agent gets.

use aquatint_domain::{Caller, Problem, text};
use bytes::Bytes;
use serde_json::Value;

use super::{NATIVE, PAGES, Tool};
use crate::arguments::nearest;
use crate::library::PREVIEW;
use crate::operation::{Entry, MediaLink, Preview, ProgressSender, Reply};
use crate::operations;
use crate::studio::Studio;

/// What an agent gets.
#[derive(Clone, Debug)]
pub struct ToolReply {
    /// Matches the tool's output schema.
    pub structured: Value,
    pub text: String,
    pub links: Vec<MediaLink>,
    /// One WebP of at most 768 px, when asked for.
    pub preview: Option<Bytes>,
}

/// Calls a native tool. An unknown tool is [`aquatint_domain::Code::NotFound`] at field `tool`.
pub async fn call(
    studio: &Studio,
    caller: &Caller,
    tool: &str,
    arguments: Value,
    progress: Option<ProgressSender>,
) -> Result<ToolReply, Problem> {
    call_in(&NATIVE, studio, caller, tool, arguments, progress).await
}

/// The same with another list of tools.
pub async fn call_in(
    tools: &'static [Tool],
    studio: &Studio,
    caller: &Caller,
    tool: &str,
    arguments: Value,
    progress: Option<ProgressSender>,
) -> Result<ToolReply, Problem> {
    let (entry, arguments) = resolve_in(tools, tool, arguments)?;
    let reply = studio.call(caller, entry.spec.name, arguments, progress).await?;
    Ok(shown(studio, caller, reply).await)
}

/// What an agent gets of an operation's reply.
pub async fn shown(studio: &Studio, caller: &Caller, reply: Reply) -> ToolReply {
    let preview = match reply.description.preview {
        None => None,
        Some(Preview::Picture(bytes)) => Some(Bytes::from(bytes)),
        Some(Preview::Asset(id)) => preview_of(studio, caller, &id).await,
    };
    ToolReply {
        structured: reply.value,
        text: reply.description.text,
        links: reply.description.links,
        preview,
    }
}

/// The operation that a call means, and its arguments without `action`.
pub fn resolve(tool: &str, arguments: Value) -> Result<(&'static Entry, Value), Problem> {
    resolve_in(&NATIVE, tool, arguments)
}

fn resolve_in(tools: &'static [Tool], tool: &str, mut arguments: Value) -> Result<(&'static Entry, Value), Problem> {
    // What pages call is the same everywhere.
    let named = tools.iter().chain(&PAGES).find(|known| known.name == tool);
    let tool = named.ok_or_else(|| Problem::not_found("tool", tool).at("tool"))?;
    if tool.is_single() {
        let entry = operations::find(tool.actions[0].operation);
        return entry
            .map(|entry| (entry, arguments))
            .ok_or_else(|| Problem::internal("a tool names no operation"));
    }
    let names: Vec<&str> = tool.actions.iter().map(|action| action.name).collect();
    let map = match &mut arguments {
        Value::Object(map) => map,
        Value::Null => return Err(missing(&names)),
        _ => return Err(Problem::invalid("arguments", "The arguments must be a JSON object.")),
    };
    let mut chosen = map.remove("action");
    for alias in tool.action_aliases {
        if let Some(value) = map.remove(*alias) {
            chosen.get_or_insert(value);
        }
    }
    let chosen = match chosen {
        Some(Value::String(name)) => name,
        Some(_) => {
            return Err(Problem::invalid(
                "action",
                format!("`action` must be one of: {}.", names.join(", ")),
            ));
        }
        None => return Err(missing(&names)),
    };
    let action = tool
        .actions
        .iter()
        .find(|action| action.name == chosen)
        .ok_or_else(|| {
            let near = nearest(&chosen, &names)
                .map(|near| format!(" Did you mean `{near}`?"))
                .unwrap_or_default();
            Problem::invalid(
                "action",
                format!("`{}` has no action `{}`.{near}", tool.name, text::one_line(&chosen, 40)),
            )
            .hint(format!("It has: {}.", names.join(", ")))
        })?;
    let entry = operations::find(action.operation).ok_or_else(|| Problem::internal("a tool names no operation"))?;
    Ok((entry, arguments))
}

fn missing(names: &[&str]) -> Problem {
    Problem::invalid("action", format!("`action` is required: one of {}.", names.join(", ")))
}

/// A reply without its preview is still a reply.
async fn preview_of(studio: &Studio, caller: &Caller, id: &aquatint_domain::AssetId) -> Option<Bytes> {
    let asset = studio.asset(&caller.workspace, id).await.ok()?;
    match studio.rendition(&asset, PREVIEW).await {
        Ok(bytes) => Some(bytes),
        Err(problem) => {
            tracing::debug!(?problem, asset = %id, "no preview");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_are_found_under_either_word_and_misspellings_are_met_with_help() {
        for arguments in [json!({ "action": "upload_url" }), json!({ "method": "upload_url" })] {
            assert_eq!(
                resolve("upload", arguments).expect("found").0.spec.name,
                "upload.upload_url"
            );
        }
        assert!(
            resolve("upload", json!({}))
                .expect_err("no action")
                .message
                .contains("upload_url")
        );
        assert!(
            resolve("edit_image", json!({ "action": "upscal" }))
                .expect_err("misspelt")
                .message
                .contains("`upscale`")
        );
        assert_eq!(
            resolve("nothing", json!({})).expect_err("unknown").field.as_deref(),
            Some("tool")
        );
    }
}
