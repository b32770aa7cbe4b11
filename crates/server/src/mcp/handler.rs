//! The MCP server behind the front: answers `initialize`, `server/discover`, `tools/list` and
//! `tools/call` from a prepared surface.

use std::sync::{Arc, OnceLock};

use aquatint_domain::{Caller, Clock, Problem, RequestId, SystemClock, text};
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CustomRequest,
    CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams, GetPromptResponse, Implementation,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use super::desk::{Desk, Watcher};
use super::refusal::required_scopes;
use super::reply;
use super::surface::Selection;

/// How long a client may keep the list of tools. It changes with a release only.
const LIST_TTL_MS: u64 = 300_000;

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

    fn unknown_tool(&self, name: &str, selection: Selection) -> ErrorData {
        let names = self.desk.surface.names(selection).join(", ");
        let name = text::one_line(name, 60);
        ErrorData::invalid_params(format!("Unknown tool `{name}`. The tools are: {names}."), None)
    }
}

pub(super) fn is_modern(cx: &RequestContext<RoleServer>) -> bool {
    cx.protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

fn implementation() -> Implementation {
    Implementation::new("aquatint", env!("CARGO_PKG_VERSION")).with_title("Aquatint")
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

fn no_such_method(method: &'static str) -> ErrorData {
    ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method, None)
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
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
        if page.is_some_and(|page| page.cursor.is_some()) {
            return Err(ErrorData::invalid_params(
                "The list of tools has one page; leave out `cursor`.",
                None,
            ));
        }
        let visit = self.visit(&cx)?;
        Ok(list_result(self.desk.surface.tools(visit.selection), is_modern(&cx)))
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
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let outcome = self.desk.call(&visit.caller, tool, arguments, watcher).await;
        if let Err(problem) = &outcome
            && required_scopes(problem).is_some()
            && matches!(self.visits, Visits::Http)
        {
            // The front makes an HTTP answer of it.
            let _ = visit.refused.set(problem.clone());
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

    // A server without these capabilities has no such methods; rmcp would answer with empty lists.

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _cx: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(no_such_method("prompts/list"))
    }

    async fn get_prompt(
        &self,
        _request: GetPromptRequestParams,
        _cx: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Err(no_such_method("prompts/get"))
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _cx: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(no_such_method("resources/list"))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _cx: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(no_such_method("resources/templates/list"))
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _cx: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(no_such_method("completion/complete"))
    }
}
