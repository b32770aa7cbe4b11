//! The fixtures of the official conformance suite: tools, prompts and resources with the fixed names
//! that its scenarios call. Served only with `--conformance-fixtures`, beside the native tools, and
//! behind the same door, so that what the suite measures is what everyone else gets.

// Logging and subscriptions of single resources are deprecated, and the suite asks for them in the old revisions.
#![allow(deprecated)]

mod asking;
mod plain;
mod tasks;

use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
    CompletionInfo, CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
    GetTaskParams, GetTaskResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, RequestStateCodec, ServerCapabilities,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use super::handler::Handler;

/// How long the suite may keep a list.
const TTL_MS: u64 = 60_000;

/// The native handler with the suite's fixtures beside it.
#[derive(Clone)]
pub(super) struct Fixtures {
    native: Handler,
    codec: Arc<RequestStateCodec>,
    tasks: tasks::Tasks,
}

impl Fixtures {
    pub(super) fn new(native: Handler) -> Self {
        // State only has to survive one run of the suite, so its key lives as long as the process.
        let key = aquatint_domain::RequestId::generate(aquatint_domain::Clock::now(&aquatint_domain::SystemClock));
        let key = format!("{key}{key}");
        Self {
            native,
            codec: Arc::new(RequestStateCodec::new_unchecked(key.as_bytes())),
            tasks: tasks::Tasks::default(),
        }
    }
}

/// A tool whose arguments are described by `properties`.
fn tool(name: &'static str, description: &'static str, properties: Value) -> Tool {
    let mut schema = rmcp::model::JsonObject::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties);
    Tool::new(name, description, schema)
}

impl ServerHandler for Fixtures {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.native.get_info();
        info.capabilities.logging = ServerCapabilities::builder().enable_logging().build().logging;
        info
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let fixture = plain::tools().into_iter().find(|tool| tool.name == name);
        fixture.or_else(|| self.native.get_tool(name))
    }

    async fn discover(&self, cx: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let mut result = self.native.discover(cx).await?;
        result.capabilities = self.get_info().capabilities;
        Ok(result)
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let mut result = self.native.list_tools(page, cx).await?;
        result.tools.extend(plain::tools());
        result.tools.extend(asking::tools());
        result.tools.extend(tasks::tools());
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(answer) = asking::call(&self.codec, &request, &cx) {
            return answer;
        }
        if let Some(answer) = tasks::call(&self.tasks, &request, &cx).await {
            return answer;
        }
        if let Some(answer) = plain::call(&request, &cx).await {
            return answer;
        }
        self.native.call_tool(request, cx).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        cx: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        self.native.on_custom_request(request, cx).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        match self.tasks.get(&request.task_id) {
            Some(task) => Ok(GetTaskResult::new(task)),
            None => self.native.get_task(request, cx).await,
        }
    }

    async fn update_task(&self, request: UpdateTaskParams, cx: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        if self.tasks.update(&request.task_id, &request.input_responses) {
            return Ok(());
        }
        self.native.update_task(request, cx).await
    }

    async fn cancel_task(&self, request: CancelTaskParams, cx: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        if self.tasks.cancel(&request.task_id) {
            return Ok(());
        }
        self.native.cancel_task(request, cx).await
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let mut result = self.native.list_prompts(page, cx).await?;
        result.prompts.extend(plain::prompts());
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if let Some(answer) = asking::prompt(&request) {
            return Ok(answer);
        }
        match plain::prompt(&request) {
            Ok(answer) => Ok(answer),
            Err(_) => self.native.get_prompt(request, cx).await,
        }
    }

    async fn list_resources(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let is_first = page.as_ref().is_none_or(|page| page.cursor.is_none());
        let mut result = self.native.list_resources(page, cx).await?;
        if is_first {
            result.resources.extend(plain::resources());
        }
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        cx: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let mut result = self.native.list_resource_templates(page, cx).await?;
        result.resource_templates.extend(plain::resource_templates());
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let Ok(result) = plain::read(&request.uri) else {
            return self.native.read_resource(request, cx).await;
        };
        Ok(result.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Private).into())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        cx: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        if let Ok(answer) = self.native.complete(request, cx).await {
            return Ok(answer);
        }
        let values = vec!["paris".to_owned(), "park".to_owned(), "party".to_owned()];
        let info = CompletionInfo::new(values).map_err(|error| ErrorData::internal_error(error, None))?;
        Ok(CompleteResult::new(info))
    }
}
