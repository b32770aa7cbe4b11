//! The studio as the toolbox of the native surface.

use aquatint_app::operation::{Effects, ProgressSender};
use aquatint_app::toolset::{self, NATIVE, Tool, ToolReply};
use aquatint_app::{Admission, Studio};
use aquatint_domain::{Caller, Problem};
use async_trait::async_trait;
use serde_json::Value;

use super::door::{Card, Toolbox};

/// Where this surface stands; access tokens are made for it.
pub const ENDPOINT: &str = "/mcp";
/// Arguments under which a tool takes media from anywhere.
const MEDIA_ARGUMENTS: [&str; 3] = ["images", "inputs", "url"];

#[async_trait]
impl Toolbox for Studio {
    fn cards(&self) -> Vec<Card> {
        native_cards()
    }

    async fn admit(&self, bearer: &str, address: Option<String>) -> Result<Admission, Problem> {
        Studio::admit(self, bearer, ENDPOINT, address).await
    }

    async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<ToolReply, Problem> {
        toolset::call(self, caller, tool, arguments, progress).await
    }
}

/// The cards of the native tools.
pub fn native_cards() -> Vec<Card> {
    NATIVE.iter().map(card).collect()
}

/// The card of a tool that is a group of operations.
pub fn card(tool: &'static Tool) -> Card {
    let arguments = &tool.input_schema()["properties"];
    let mut groups: Vec<&'static str> = tool.entries().map(|(_, entry)| entry.spec.group()).collect();
    groups.dedup();
    Card {
        name: tool.name,
        title: tool.title,
        description: tool.description().to_owned(),
        input: tool.input_schema().clone(),
        output: tool.output_schema().clone(),
        effects: tool.effects(),
        open_world: tool.effects() != Effects::Reads
            && MEDIA_ARGUMENTS.iter().any(|argument| arguments.get(argument).is_some()),
        groups,
        widget: widget_of(tool.name),
        is_patient: false,
    }
}

/// The page that shows what a tool gives.
fn widget_of(tool: &str) -> Option<&'static str> {
    match tool {
        "edit_image" | "generate_media" | "get_job_status" => Some("job"),
        "models" => Some("models"),
        "assets" | "display" => Some("gallery"),
        "upload" => Some("upload"),
        "share_links" => Some("share"),
        "pipelines" | "display_pipeline" => Some("pipeline"),
        "account" => Some("account"),
        _ => None,
    }
}
