//! What the surfaces of services with words of their own share: a table of tools, checked arguments, and the way to the
//! operations.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::LazyLock;

use aquatint_app::arguments::Arguments;
use aquatint_app::operation::{Effects, MediaLink, ProgressSender, Reply};
use aquatint_app::toolset::{self, ToolReply};
use aquatint_app::{Admission, Studio, Waited};
use aquatint_domain::{Caller, Problem};
use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::mcp::{Card, Toolbox, is_for_pages, page_cards};

/// One tool of a service.
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// JSON Schema of the arguments.
    pub input: fn() -> Value,
    /// JSON Schema of the result.
    pub output: fn() -> Value,
    /// Other spellings of arguments: (theirs, the documented one).
    pub aliases: &'static [(&'static str, &'static str)],
    pub effects: Effects,
    /// Whether it takes media from anywhere.
    pub takes_media: bool,
    pub widget: Option<&'static str>,
    pub is_patient: bool,
}

/// A service: its tools, and what they mean here.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// By which calls at its several paths are the same.
    const NAME: &'static str;
    const TOOLS: &'static [Tool];
    const INSTRUCTIONS: &'static str;

    /// The checkers of the tools' arguments, made once: `static CHECKERS: Checkers = Checkers::new(|| checkers(&TOOLS))`.
    fn checkers() -> &'static Checkers;

    /// A problem in the service's words.
    fn translate(studio: &Studio, problem: &mut Problem, members: &mut Map<String, Value>);

    /// Calls a tool of the table with arguments that fit its schema.
    async fn call(call: &Call<'_>, tool: &str, arguments: Map<String, Value>) -> Result<ToolReply, Problem>;
}

/// One call of a tool.
pub struct Call<'a> {
    pub studio: &'a Studio,
    pub caller: &'a Caller,
    door: &'static str,
    progress: Option<ProgressSender>,
}

impl<'a> Call<'a> {
    /// A call at a door where nobody hears of progress, such as REST. `door` is the service's name.
    pub fn new(studio: &'a Studio, caller: &'a Caller, door: &'static str) -> Self {
        Self {
            studio,
            caller,
            door,
            progress: None,
        }
    }

    /// Runs an operation.
    pub async fn operation(&self, name: &str, arguments: Value) -> Result<Reply, Problem> {
        self.studio.call(self.caller, name, arguments, None).await
    }

    /// Runs an operation that makes a job or a run, and waits for its end.
    pub async fn to_its_end(&self, name: &str, arguments: Value) -> Result<Waited, Problem> {
        self.studio
            .call_and_wait(self.caller, self.door, name, arguments, self.progress.clone())
            .await
    }
}

/// What checks the arguments of a service's tools, by the tool's name.
pub type Checkers = LazyLock<HashMap<&'static str, Arguments>>;

/// The checkers of a table of tools.
pub(super) fn checkers(tools: &[Tool]) -> HashMap<&'static str, Arguments> {
    let checker = |tool: &Tool| (tool.name, Arguments::new(&(tool.input)(), tool.aliases));
    tools.iter().map(checker).collect()
}

/// The arguments of a service's tool, brought into form and checked.
pub(super) fn accept<S: Service>(tool: &str, arguments: Value) -> Result<Map<String, Value>, Problem> {
    let checker = S::checkers()
        .get(tool)
        .ok_or_else(|| Problem::not_found("tool", tool).at("tool"))?;
    match checker.accept(arguments)? {
        Value::Object(arguments) => Ok(arguments),
        _ => Err(Problem::internal("accepted arguments are an object")),
    }
}

/// A service as a toolbox of the MCP door.
pub(super) struct Door<S: Service> {
    studio: Studio,
    endpoint: &'static str,
    service: PhantomData<fn() -> S>,
}

impl<S: Service> Door<S> {
    pub(super) fn new(studio: &Studio, endpoint: &'static str) -> Self {
        Self {
            studio: studio.clone(),
            endpoint,
            service: PhantomData,
        }
    }
}

#[async_trait]
impl<S: Service> Toolbox for Door<S> {
    fn cards(&self) -> Vec<Card> {
        S::TOOLS
            .iter()
            .map(|tool| Card {
                name: tool.name,
                title: tool.title,
                description: tool.description.to_owned(),
                input: (tool.input)(),
                output: (tool.output)(),
                effects: tool.effects,
                open_world: tool.takes_media,
                groups: Vec::new(),
                widget: tool.widget,
                is_patient: tool.is_patient,
            })
            .collect()
    }

    fn page_cards(&self) -> Vec<Card> {
        page_cards()
    }

    fn may_guess(&self) -> bool {
        false
    }

    fn public_url(&self) -> String {
        self.studio.public_url().to_string()
    }

    async fn admit(&self, bearer: &str, address: Option<String>) -> Result<Admission, Problem> {
        self.studio.admit(bearer, self.endpoint, address).await
    }

    fn instructions(&self) -> &'static str {
        S::INSTRUCTIONS
    }

    fn translate(&self, problem: &mut Problem, members: &mut Map<String, Value>) {
        S::translate(&self.studio, problem, members);
    }

    async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<ToolReply, Problem> {
        if is_for_pages(tool) {
            return toolset::call(&self.studio, caller, tool, arguments, progress).await;
        }
        let arguments = accept::<S>(tool, arguments)?;
        let mut call = Call::new(&self.studio, caller, S::NAME);
        call.progress = progress;
        S::call(&call, tool, arguments).await
    }
}

/// A reply of structured content, words and links.
pub fn reply(structured: Value, text: impl Into<String>, links: Vec<MediaLink>) -> ToolReply {
    ToolReply {
        structured,
        text: text.into(),
        links,
        preview: None,
    }
}

/// The problem that ended a job or a run, as its view tells it; with the id under which it can be looked at.
pub fn failure_of(view: &Value, id: &str) -> Option<Problem> {
    let mut problem: Problem = match view["status"].as_str()? {
        "failed" => serde_json::from_value(view["error"].clone()).ok()?,
        "cancelled" => Problem::new(
            aquatint_domain::Code::Cancelled,
            "The job was cancelled; it is not charged.",
        ),
        _ => return None,
    };
    let mut details = problem.details.take().unwrap_or_else(|| serde_json::json!({}));
    if let Value::Object(details) = &mut details {
        details.insert("job_id".to_owned(), Value::from(id));
    }
    Some(problem.details(details))
}
