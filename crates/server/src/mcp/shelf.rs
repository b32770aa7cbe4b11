//! What a surface offers beside its tools: resources, prompts, skills, and jobs as tasks. A toolbox
//! has one shelf or none; what a shelf leaves out is not announced and answers "no such method".

use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Caller, Problem};
use async_trait::async_trait;
use rmcp::model::{
    CompletionInfo, GetPromptResult, JsonObject, Prompt, Reference, Resource, ResourceContents, ResourceTemplate,
    ServerCapabilities, Skill,
};
use serde_json::Value;

/// Which kinds of things a shelf holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holds {
    pub resources: bool,
    pub prompts: bool,
    /// Needs `resources`, from which the files of skills are read.
    pub skills: bool,
    /// Whether calls that make jobs may answer with a task.
    pub tasks: bool,
}

impl Holds {
    /// The same as an announcement.
    pub(super) fn announce(self, capabilities: &mut ServerCapabilities) {
        let whole = ServerCapabilities::builder()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .enable_tasks()
            .enable_skills()
            .build();
        capabilities.resources = whole.resources.filter(|_| self.resources);
        capabilities.prompts = whole.prompts.filter(|_| self.prompts);
        capabilities.completions = whole.completions.filter(|_| self.resources || self.prompts);
        for (name, settings) in whole.extensions.into_iter().flatten() {
            let is_held = match name.as_str() {
                rmcp::model::TASKS_EXTENSION_ID => self.tasks,
                rmcp::model::SKILLS_EXTENSION_ID => self.skills && self.resources,
                _ => false,
            };
            if is_held {
                capabilities.extensions.get_or_insert_default().insert(name, settings);
            }
        }
    }
}

/// One page of the list of resources.
#[derive(Debug, Default)]
pub struct Page {
    pub resources: Vec<Resource>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

/// What lies beside the tools. Every method has an answer for a shelf without such things.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    fn holds(&self) -> Holds;

    /// A page of resources that this caller may see.
    async fn resources(&self, _caller: &Caller, _cursor: Option<&str>) -> Result<Page, Problem> {
        Ok(Page::default())
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        Vec::new()
    }

    /// What stands at an address; not found is [`aquatint_domain::Code::NotFound`].
    async fn read(&self, _caller: &Caller, uri: &str) -> Result<Vec<ResourceContents>, Problem> {
        Err(Problem::not_found(
            "resource",
            aquatint_domain::text::one_line(uri, 120),
        ))
    }

    fn prompts(&self) -> Vec<Prompt> {
        Vec::new()
    }

    fn prompt(&self, name: &str, _arguments: &JsonObject) -> Result<GetPromptResult, Problem> {
        Err(Problem::not_found("prompt", aquatint_domain::text::one_line(name, 60)))
    }

    /// What an argument of a prompt or of an address may go on with.
    async fn complete(
        &self,
        _caller: &Caller,
        _of: &Reference,
        _argument: &str,
        _begun: &str,
    ) -> Result<CompletionInfo, Problem> {
        Ok(CompletionInfo::default())
    }

    fn skills(&self) -> Vec<Skill> {
        Vec::new()
    }

    /// Makes a call answer with its job at once, where the caller did not say how long it waits. Returns whether the
    /// call is one that makes a job.
    fn hurry(&self, _tool: &str, _arguments: &mut Value) -> bool {
        false
    }

    /// How a job stands, in the shape of the call that made it.
    async fn job(&self, _caller: &Caller, id: &str) -> Result<ToolReply, Problem> {
        Err(Problem::not_found("task", aquatint_domain::text::one_line(id, 60)))
    }

    /// Asks a job to end. One that has ended stays as it is.
    async fn cancel_job(&self, _caller: &Caller, id: &str) -> Result<(), Problem> {
        Err(Problem::not_found("task", aquatint_domain::text::one_line(id, 60)))
    }
}
