//! The MCP server behind the front: answers `initialize`, `server/discover`, `tools/list` and
//! `tools/call` from a prepared surface.

use std::sync::{Arc, OnceLock};

use aquatint_domain::{Caller, Clock, Code, Problem, RequestId, SystemClock, text};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, ClientCapabilities, CompleteRequestParams,
    CompleteResult, CreateTaskResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams,
    GetPromptResponse, GetSkillRequestParams, GetSkillResult, GetTaskParams, GetTaskResult, Icon, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult,
    ServerCapabilities, ServerConfig, Tool, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use super::desk::{Desk, Watcher};
use super::refusal::{members, required_scopes};
use super::reply;
use super::shelf::{Holds, Page, Shelf};
use super::surface::{Audience, Selection};
use super::{icons, tasks, widgets};

/// How long a client may keep a list, or a page. They change with a release only.
const LIST_TTL_MS: u64 = 300_000;
/// What changes with every result; one look around may still use it twice.
const FRESH_TTL_MS: u64 = 5_000;

/// The drop of the web app, for menus of clients.
const ICON: &str = include_str!("../../../../web/public/icon.svg");

/// What an agent is told about the whole. It must not hold data from outside.
pub(super) const INSTRUCTIONS: &str = "Aquatint is a studio for images and video. Chain by asset id (`ast_…`): pass the id that \
one tool returns to the next; ids stay valid, URLs expire (`assets` action `get` renews one). Local files: `upload` \
action `upload_url`, then run the `curl` command it returns. `generate_media` needs a model id from `models`. \
Generation and batches return a `job_id`: poll `get_job_status` with `sync: true`, which waits up to 25 s. When \
retrying a call that spends, send the same `idempotency_key`. `account` tells credits and prices.";

/// One request's circumstances, put beside it by the front.
#[derive(Clone)]
pub(super) struct Visit {
    pub caller: Caller,
    pub selection: Selection,
    /// Whether the client takes a stream, so that progress can be sent.
    pub streams: bool,
    /// Where the handler leaves a refusal that must become an HTTP answer.
    pub refused: Arc<OnceLock<Problem>>,
}

impl Visit {
    pub(super) fn new(caller: Caller, selection: Selection, streams: bool) -> Self {
        Self {
            caller,
            selection,
            streams,
            refused: Arc::default(),
        }
    }
}

/// How requests find their circumstances.
#[derive(Clone)]
pub(super) enum Visits {
    /// In the HTTP request.
    Http,
    /// Always the same caller, with a new request id for each call.
    Fixed(Visit),
}

/// The server side of one surface.
#[derive(Clone)]
pub(super) struct Handler {
    pub desk: Arc<Desk>,
    pub visits: Visits,
}

impl Handler {
    pub(super) fn visit(&self, cx: &RequestContext<RoleServer>) -> Result<Visit, ErrorData> {
        match &self.visits {
            Visits::Http => {
                let parts = cx.extensions.get::<http::request::Parts>();
                let visit = parts.and_then(|parts| parts.extensions.get::<Visit>());
                visit
                    .cloned()
                    .ok_or_else(|| ErrorData::internal_error("The request was not admitted.", None))
            }
            Visits::Fixed(visit) => {
                let mut visit = visit.clone();
                visit.caller.request = RequestId::generate(SystemClock.now());
                Ok(visit)
            }
        }
    }

    /// The shelf, if it holds what is asked for.
    fn shelf(&self, method: &'static str, holds: impl Fn(Holds) -> bool) -> Result<&dyn Shelf, ErrorData> {
        let shelf = self.desk.shelf.as_deref().filter(|shelf| holds(shelf.holds()));
        shelf.ok_or_else(|| no_such_method(method))
    }

    fn holds(&self) -> Holds {
        self.desk.shelf.as_deref().map(Shelf::holds).unwrap_or_default()
    }

    /// A problem where the protocol has no place for one but an error.
    fn refused(&self, visit: &Visit, problem: &Problem) -> ErrorData {
        self.leave(visit, problem);
        let data = Some(members(problem, &visit.caller.request));
        let mut words = problem.message.clone();
        if let Some(hint) = &problem.hint {
            words.push(' ');
            words.push_str(hint);
        }
        match problem.code {
            Code::NotFound | Code::Expired => ErrorData::resource_not_found(words, data),
            Code::Internal => ErrorData::internal_error(words, data),
            _ => ErrorData::invalid_params(words, data),
        }
    }

    /// Leaves a refusal for the front, which makes an HTTP answer of it.
    fn leave(&self, visit: &Visit, problem: &Problem) {
        if required_scopes(problem).is_some() && matches!(self.visits, Visits::Http) {
            let _ = visit.refused.set(problem.clone());
        }
    }

    fn unknown_tool(&self, name: &str, selection: Selection) -> ErrorData {
        let names = self.desk.surface.names(selection).join(", ");
        let name = text::one_line(name, 60);
        ErrorData::invalid_params(format!("Unknown tool `{name}`. The tools are: {names}."), None)
    }
}

/// Who a client is to the lists. A modern one says with each request whether it shows pages. An older one over HTTP said so in a
/// handshake that nobody kept, so it may, where the surface takes the chance (`may_guess`); one that names no revision at all is a
/// bare `curl`.
pub(super) fn audience(is_modern: bool, headers: &HeaderMap, declared: bool, may_guess: bool) -> Audience {
    let is_older = !is_modern && headers.contains_key("mcp-protocol-version");
    if declared || (is_older && may_guess) {
        Audience::Pages
    } else if is_modern || is_older {
        Audience::Plain
    } else {
        Audience::Bare
    }
}

pub(super) fn is_modern(cx: &RequestContext<RoleServer>) -> bool {
    cx.protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

fn implementation() -> Implementation {
    Implementation::new("aquatint", env!("CARGO_PKG_VERSION"))
        .with_title("Aquatint")
        .with_description("A creative studio for images and video.")
        .with_icons(vec![icon()])
}

/// As a data URI, because a client may not be able to reach this server for a picture.
fn icon() -> Icon {
    static SOURCE: OnceLock<String> = OnceLock::new();
    let source = SOURCE.get_or_init(|| format!("data:image/svg+xml;base64,{}", BASE64_STANDARD.encode(ICON.trim())));
    Icon::new(source.as_str())
        .with_mime_type("image/svg+xml")
        .with_sizes(vec!["any".to_owned()])
}

/// `_meta` of every modern result. Made once; it is the same for everyone.
pub(super) fn server_meta() -> MetaObject {
    static META: OnceLock<MetaObject> = OnceLock::new();
    META.get_or_init(|| {
        let mut meta = MetaObject::new();
        let info = json!({ "name": "aquatint", "title": "Aquatint", "version": env!("CARGO_PKG_VERSION") });
        meta.insert("io.modelcontextprotocol/serverInfo".to_owned(), info);
        meta
    })
    .clone()
}

/// A list of tools as each era knows it.
pub(super) fn list_result(tools: Vec<Tool>, is_modern: bool) -> ListToolsResult {
    let mut result = ListToolsResult::with_all_items(tools);
    if is_modern {
        result.ttl_ms = Some(LIST_TTL_MS);
        result.cache_scope = Some(CacheScope::Private);
        result.meta = Some(server_meta());
    } else {
        result.result_type = None;
    }
    result
}

fn one_page(page: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match page.and_then(|page| page.cursor) {
        None => Ok(()),
        Some(_) => Err(ErrorData::invalid_params(
            "This list has one page; leave out `cursor`.",
            None,
        )),
    }
}

fn no_such_method(method: &'static str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None)
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let mut capabilities = ServerCapabilities::builder().enable_tools().build();
        if let Some(shelf) = &self.desk.shelf {
            shelf.holds().announce(&mut capabilities);
        }
        if self.desk.has_pages {
            let pages = ServerCapabilities::builder().enable_resources().build();
            capabilities.resources = capabilities.resources.or(pages.resources);
            let extensions = capabilities.extensions.get_or_insert_default();
            extensions.extend(widgets::extension());
        }
        ServerConfig::new(capabilities)
            .with_server_info(implementation())
            .with_instructions(self.desk.toolbox.instructions())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let shown = self.desk.surface.find(name, Selection::ALL)?;
        Some(shown.tool.clone())
    }

    async fn discover(&self, _cx: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info());
        result.ttl_ms = LIST_TTL_MS;
        Ok(result)
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(page)?;
        let visit = self.visit(&cx)?;
        let declared = cx
            .client_capabilities()
            .is_some_and(|said| widgets::are_shown_by(&said));
        let audience = match cx.extensions.get::<http::request::Parts>() {
            Some(parts) => audience(is_modern(&cx), &parts.headers, declared, self.desk.may_guess),
            // On a pipe the handshake was with this process.
            None if declared => Audience::Pages,
            None => Audience::Plain,
        };
        let tools = self.desk.surface.tools(visit.selection, audience);
        Ok(list_result(tools, is_modern(&cx)))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let visit = self.visit(&cx)?;
        let Some(tool) = self.desk.surface.find(&request.name, visit.selection) else {
            return Err(self.unknown_tool(&request.name, visit.selection));
        };
        let token = cx.meta.get_progress_token().filter(|_| visit.streams);
        let watcher = token.map(|token| Watcher {
            peer: cx.peer.clone(),
            token,
        });
        let mut arguments = Value::Object(request.arguments.unwrap_or_default());
        let takes_tasks = is_modern(&cx)
            && cx
                .client_capabilities()
                .is_some_and(|capabilities| ClientCapabilities::supports_tasks(&capabilities));
        let shelf = self
            .desk
            .shelf
            .as_deref()
            .filter(|shelf| takes_tasks && shelf.holds().tasks);
        let may_be_task = shelf.is_some_and(|shelf| shelf.hurry(tool.name(), &mut arguments));
        let outcome = self.desk.call(&visit.caller, tool, arguments, watcher).await;
        if let Err(problem) = &outcome {
            self.leave(&visit, problem);
        }
        if may_be_task
            && let Ok(reply) = &outcome
            && let Some(task) = tasks::begun(reply)
        {
            return Ok(CreateTaskResult::new(task).with_meta(server_meta()).into());
        }
        let mut result = reply::result(&self.desk, outcome, &visit.caller.request);
        if is_modern(&cx) {
            result.meta = Some(server_meta());
        }
        Ok(result.into())
    }

    /// What rmcp could not read as the request it is named for.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        cx: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let known = match request.method.as_str() {
            "tools/call" => true,
            "tools/list" | "server/discover" => true,
            "prompts/list" | "prompts/get" => self.holds().prompts,
            "resources/list" | "resources/templates/list" | "resources/read" => {
                self.holds().resources || self.desk.has_pages
            }
            "completion/complete" => self.holds().prompts || self.holds().resources,
            "tasks/get" | "tasks/update" | "tasks/cancel" => self.holds().tasks,
            "skills/list" | "skills/get" => self.holds().skills,
            "initialize" => !is_modern(&cx),
            _ => false,
        };
        if !known {
            return Err(ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                text::one_line(&request.method, 80),
                None,
            ));
        }
        let name = request.params.as_ref().and_then(|params| params["name"].as_str());
        let Some(name) = name.filter(|_| request.method == "tools/call") else {
            return Err(ErrorData::invalid_params(
                format!("The params do not fit `{}`.", request.method),
                None,
            ));
        };
        // A call whose `arguments` are no object: the model can mend that, so it gets a result.
        let visit = self.visit(&cx)?;
        if self.desk.surface.find(name, visit.selection).is_none() {
            return Err(self.unknown_tool(name, visit.selection));
        }
        let problem = Problem::invalid("arguments", "`arguments` must be a JSON object.");
        let mut result = reply::failure(&self.desk, &problem, &visit.caller.request);
        if is_modern(&cx) {
            result.meta = Some(server_meta());
        } else {
            result.result_type = None;
        }
        let value = serde_json::to_value(result);
        value
            .map(CustomResult::new)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }

    // What lies beside the tools. A surface without a shelf has no such methods; rmcp would answer with empty lists.

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let shelf = self.shelf("prompts/list", |holds| holds.prompts)?;
        one_page(page)?;
        let mut prompts = shelf.prompts();
        icons::on_prompts(&self.desk.toolbox.public_url(), &mut prompts);
        let mut result = ListPromptsResult::with_all_items(prompts);
        if is_modern(&cx) {
            result.ttl_ms = Some(LIST_TTL_MS);
            result.cache_scope = Some(CacheScope::Private);
            result.meta = Some(server_meta());
        }
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let shelf = self.shelf("prompts/get", |holds| holds.prompts)?;
        let visit = self.visit(&cx)?;
        let found = shelf.prompt(&request.name, &request.arguments.unwrap_or_default());
        let mut result = found.map_err(|problem| self.refused(&visit, &problem))?;
        result.meta = is_modern(&cx).then(server_meta);
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = page.as_ref().and_then(|page| page.cursor.clone());
        let mut found = match self.desk.shelf.as_deref().filter(|shelf| shelf.holds().resources) {
            Some(shelf) => {
                let visit = self.visit(&cx)?;
                let found = shelf.resources(&visit.caller, cursor.as_deref()).await;
                found.map_err(|problem| self.refused(&visit, &problem))?
            }
            None if self.desk.has_pages => {
                one_page(page)?;
                Page::default()
            }
            None => return Err(no_such_method("resources/list")),
        };
        if self.desk.has_pages && cursor.is_none() {
            found.resources.splice(0..0, widgets::list());
        }
        icons::on_resources(&self.desk.toolbox.public_url(), &mut found.resources);
        let mut result = ListResourcesResult::with_all_items(found.resources);
        result.next_cursor = found.next;
        if is_modern(&cx) {
            result.ttl_ms = Some(FRESH_TTL_MS);
            result.cache_scope = Some(CacheScope::Private);
            result.meta = Some(server_meta());
        }
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(page)?;
        let mut templates = match self.shelf("resources/templates/list", |holds| holds.resources) {
            Ok(shelf) => shelf.templates(),
            Err(_) if self.desk.has_pages => Vec::new(),
            Err(none) => return Err(none),
        };
        icons::on_templates(&self.desk.toolbox.public_url(), &mut templates);
        let mut result = ListResourceTemplatesResult::with_all_items(templates);
        if is_modern(&cx) {
            result.ttl_ms = Some(LIST_TTL_MS);
            result.cache_scope = Some(CacheScope::Private);
            result.meta = Some(server_meta());
        }
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let page = match self.desk.has_pages {
            true => widgets::read(&request.uri, &self.desk.toolbox.public_url()),
            false => None,
        };
        // A page is the same for everybody and changes with a release only.
        let (contents, ttl, scope) = match (page, self.shelf("resources/read", |holds| holds.resources)) {
            (Some(page), _) => (vec![page], LIST_TTL_MS, CacheScope::Public),
            (None, Ok(shelf)) => {
                let visit = self.visit(&cx)?;
                let found = shelf.read(&visit.caller, &request.uri).await;
                let contents = found.map_err(|problem| self.refused(&visit, &problem))?;
                (contents, FRESH_TTL_MS, CacheScope::Private)
            }
            (None, Err(_)) if self.desk.has_pages => {
                let uri = text::one_line(&request.uri, 200);
                let words = format!("There is no resource `{uri}`; `resources/list` names all.");
                return Err(ErrorData::invalid_params(words, None));
            }
            (None, Err(none)) => return Err(none),
        };
        let mut result = ReadResourceResult::new(contents);
        if is_modern(&cx) {
            result.ttl_ms = Some(ttl);
            result.cache_scope = Some(scope);
            result.meta = Some(server_meta());
        }
        Ok(result.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let shelf = self.shelf("completion/complete", |holds| holds.prompts || holds.resources)?;
        let visit = self.visit(&cx)?;
        let argument = &request.argument;
        let found = shelf
            .complete(&visit.caller, &request.r#ref, &argument.name, &argument.value)
            .await;
        let mut result = CompleteResult::new(found.map_err(|problem| self.refused(&visit, &problem))?);
        result.meta = is_modern(&cx).then(server_meta);
        Ok(result)
    }

    async fn list_skills(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        let shelf = self.shelf("skills/list", |holds| holds.skills)?;
        one_page(page)?;
        let mut result = ListSkillsResult::with_all_items(shelf.skills());
        if is_modern(&cx) {
            result.ttl_ms = Some(LIST_TTL_MS);
            result.cache_scope = Some(CacheScope::Private);
            result.meta = Some(server_meta());
        }
        Ok(result)
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        let shelf = self.shelf("skills/get", |holds| holds.skills)?;
        let found = shelf.skills().into_iter().find(|skill| skill.uri == request.uri);
        // rmcp gives this error on as it is, so it has the code of the newest revision here.
        let skill = found.ok_or_else(|| {
            let uri = text::one_line(&request.uri, 120);
            ErrorData::invalid_params(format!("There is no skill `{uri}`; `skills/list` tells them."), None)
        })?;
        let mut result = GetSkillResult::new(skill);
        if is_modern(&cx) {
            result.ttl_ms = Some(LIST_TTL_MS);
            result.cache_scope = Some(CacheScope::Private);
            result.meta = Some(server_meta());
        }
        Ok(result)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let shelf = self.shelf("tasks/get", |holds| holds.tasks)?;
        let visit = self.visit(&cx)?;
        let found = shelf.job(&visit.caller, &request.task_id).await;
        let task = found.and_then(|reply| tasks::detailed(&self.desk, reply, &visit.caller.request));
        let mut result = GetTaskResult::new(task.map_err(|problem| self.refused(&visit, &problem))?);
        result.meta = is_modern(&cx).then(server_meta);
        Ok(result)
    }

    /// No job ever asks back, so there is nothing to answer; answers to nothing are ignored, as the extension says.
    async fn update_task(&self, request: UpdateTaskParams, cx: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let shelf = self.shelf("tasks/update", |holds| holds.tasks)?;
        let visit = self.visit(&cx)?;
        let found = shelf.job(&visit.caller, &request.task_id).await;
        found.map(drop).map_err(|problem| self.refused(&visit, &problem))
    }

    async fn cancel_task(&self, request: CancelTaskParams, cx: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let shelf = self.shelf("tasks/cancel", |holds| holds.tasks)?;
        let visit = self.visit(&cx)?;
        let done = shelf.cancel_job(&visit.caller, &request.task_id).await;
        done.map_err(|problem| self.refused(&visit, &problem))
    }
}
