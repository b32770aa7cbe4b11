//! What the MCP door needs of the house behind it: who a token is, which tools there are, and a way
//! to call one. The studio is one such house; tests bring their own.

use std::sync::Arc;

use aquatint_app::Admission;
use aquatint_app::operation::{Effects, ProgressSender};
use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Caller, Problem};
use async_trait::async_trait;
use serde_json::{Map, Value};

use super::shelf::Shelf;

/// One tool as the door shows it.
#[derive(Clone, Debug)]
pub struct Card {
    pub name: &'static str,
    pub title: &'static str,
    pub description: String,
    /// JSON Schema of the arguments; an object.
    pub input: Value,
    /// JSON Schema of the structured result; an object.
    pub output: Value,
    pub effects: Effects,
    /// Whether the tool may reach beyond the workspace, as one that takes URLs does.
    pub open_world: bool,
    /// Words under which `?tools=` finds it, beside its name.
    pub groups: Vec<&'static str>,
    /// The page that shows its results in clients that show pages: `job` for `ui://aquatint/job`.
    pub widget: Option<&'static str>,
    /// It may wait for its work longer than proxies and clients keep a silent connection open.
    pub is_patient: bool,
}

/// A list of tools and a way to call them.
#[async_trait]
pub trait Toolbox: Send + Sync + 'static {
    /// The tools, in the order in which agents see them. Asked once, when the door is built.
    fn cards(&self) -> Vec<Card>;

    /// Tools that only pages call; clients that show pages keep them from the model. Hidden, not protected: they check scopes
    /// like all others.
    fn page_cards(&self) -> Vec<Card> {
        Vec::new()
    }

    /// Whether an older client, which cannot say that it shows pages, is told of those tools. A surface whose list of tools is a
    /// promise does not.
    fn may_guess(&self) -> bool {
        true
    }

    /// Where media and uploads stand, for the policy of the pages. Empty: nowhere.
    fn public_url(&self) -> String {
        String::new()
    }

    /// Says who a Bearer secret is, and counts the request.
    async fn admit(&self, bearer: &str, address: Option<String>) -> Result<Admission, Problem>;

    /// What an agent is told about the whole. It must not hold data from outside.
    fn instructions(&self) -> &'static str {
        super::handler::INSTRUCTIONS
    }

    /// Brings a problem into the words of the surface: it may change what is said, and add members to it or put them in place
    /// of ours.
    fn translate(&self, _problem: &mut Problem, _members: &mut Map<String, Value>) {}

    /// Calls a tool of the list. A tool that is patient stops waiting when nobody hears of its progress any more.
    async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<ToolReply, Problem>;

    /// What there is beside the tools. Asked once, when the door is built.
    fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        None
    }
}

/// A toolbox that many requests share.
pub type SharedToolbox = Arc<dyn Toolbox>;
