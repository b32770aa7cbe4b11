//! The studio as the toolbox of the native surface.

use std::sync::Arc;

use aquatint_app::operation::{Effects, ProgressSender};
use aquatint_app::toolset::{self, NATIVE, PAGES, Tool, ToolReply};
use aquatint_app::{Admission, Studio};
use aquatint_domain::{Caller, Problem};
use async_trait::async_trait;
use serde_json::Value;

use super::door::{Card, Toolbox};
use super::resources::StudioShelf;
use super::shelf::Shelf;

/// Where this surface stands; access tokens are made for it.
pub const ENDPOINT: &str = "/mcp";
/// Arguments under which a tool takes media from anywhere.
const MEDIA_ARGUMENTS: [&str; 3] = ["images", "inputs", "url"];

#[async_trait]
impl Toolbox for Studio {
    fn cards(&self) -> Vec<Card> {
        native_cards()
    }

    fn page_cards(&self) -> Vec<Card> {
        page_cards()
    }

    fn public_url(&self) -> String {
        Studio::public_url(self).to_string()
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

    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        Some(Arc::new(StudioShelf::native(self.clone())))
    }
}

/// The cards of the native tools.
pub fn native_cards() -> Vec<Card> {
    NATIVE.iter().map(card).collect()
}

/// The cards of the tools that only pages call; the same on every surface.
pub fn page_cards() -> Vec<Card> {
    PAGES.iter().map(card).collect()
}

/// Whether only pages call a tool of this name.
pub fn is_for_pages(tool: &str) -> bool {
    PAGES.iter().any(|known| known.name == tool)
}

/// The page that shows what a tool answers. Polling shows in the page of the call that began the work.
fn widget(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "edit_image" | "generate_media" => "job",
        "display" => "gallery",
        "models" => "models",
        "account" => "account",
        "share_links" => "share",
        "upload" => "upload",
        "pipelines" | "display_pipeline" => "pipeline",
        _ => return None,
    })
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
        widget: widget(tool.name),
        is_patient: false,
    }
}
