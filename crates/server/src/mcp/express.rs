//! The express lane: `tools/list`, and `tools/call` without progress, answered without a detour
//! through rmcp, whose path costs several tasks and channels for each request. Only requests that
//! are right in every respect take it; whatever is odd or wrong goes to rmcp, so that the rules of
//! the protocol stand in one place. Both ways end at the same desk and give the same answers.

use std::borrow::Cow;

use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Caller, Problem};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use rmcp::model::{ClientCapabilities, ListToolsResult, ProtocolVersion};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::desk::Desk;
use super::envelope::Envelope;
use super::handler::{self, list_result, server_meta};
use super::refusal::{json_answer, required_scopes, respond, rpc};
use super::reply;
use super::surface::{Audience, Selection, Surface};
use super::widgets;

/// Which shape an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    Legacy,
    Modern,
}

/// A request that may take the lane.
pub(super) enum Order<'a> {
    List(Era, Audience),
    Call {
        era: Era,
        name: Cow<'a, str>,
        arguments: Map<String, Value>,
        /// The token under which the client wants to hear of progress, as JSON text; only where it takes a stream.
        progress: Option<&'a str>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListParams<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    arguments: Map<String, Value>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    progress: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<Cow<'a, str>>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<ClientCapabilities>,
}

/// Reads an object. A struct could also be read from an array, which is never what was meant.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    text.starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

/// Sees whether a request may take the lane. `streams` says whether the client takes progress, `may_guess` whether an older client
/// may be one that shows pages.
pub(super) fn order<'a>(
    headers: &HeaderMap,
    envelope: &'a Envelope,
    streams: bool,
    may_guess: bool,
) -> Option<Order<'a>> {
    if !envelope.is_whole {
        return None;
    }
    let method = envelope.method.as_deref()?;
    match method {
        "tools/list" => {
            let params: ListParams<'_> = read(envelope.params().unwrap_or("{}"))?;
            let meta: Meta<'_> = read(params.meta.map_or("{}", RawValue::get))?;
            let era = era(headers, method, None, &meta)?;
            let declared = meta.capabilities.as_ref().is_some_and(widgets::are_shown_by);
            let audience = handler::audience(era == Era::Modern, headers, declared, may_guess);
            Some(Order::List(era, audience))
        }
        "tools/call" => {
            let params: CallParams<'_> = read(envelope.params()?)?;
            let meta: Meta<'_> = read(params.meta.map_or("{}", RawValue::get))?;
            // A call that may answer with a task is for rmcp's side.
            if meta
                .capabilities
                .as_ref()
                .is_some_and(ClientCapabilities::supports_tasks)
            {
                return None;
            }
            Some(Order::Call {
                era: era(headers, method, Some(&params.name), &meta)?,
                name: params.name,
                arguments: params.arguments,
                progress: meta.progress.map(RawValue::get).filter(|_| streams),
            })
        }
        _ => None,
    }
}

/// The era of a request whose headers and `_meta` are right for it.
fn era(headers: &HeaderMap, method: &str, name: Option<&str>, meta: &Meta<'_>) -> Option<Era> {
    let mut versions = headers.get_all("mcp-protocol-version").iter();
    let Some(version) = versions.next() else {
        return meta.version.is_none().then_some(Era::Legacy);
    };
    let version = version.to_str().ok().filter(|_| versions.next().is_none())?;
    if version == ProtocolVersion::V_2026_07_28.as_str() {
        let is_right = meta.version.as_deref() == Some(version)
            && meta.capabilities.is_some()
            && only(headers, "mcp-method") == Some(method)
            && name.is_none_or(|name| only(headers, "mcp-name") == Some(name) && !name.starts_with("=?"));
        return is_right.then_some(Era::Modern);
    }
    let is_legacy = meta.version.is_none()
        && ProtocolVersion::KNOWN_VERSIONS
            .iter()
            .any(|known| known.as_str() == version);
    is_legacy.then_some(Era::Legacy)
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// What the lane has at hand.
pub(super) struct Express {
    /// The whole list, as a JSON array, for each audience.
    tools: [String; 3],
    /// A list's result up to its tools, for each era.
    heads: [String; 2],
}

impl Express {
    pub(super) fn new(surface: &Surface) -> Self {
        let list = |audience| {
            let mut tools = String::new();
            surface.write_tools(Selection::ALL, audience, &mut tools);
            tools
        };
        Self {
            tools: [Audience::Bare, Audience::Plain, Audience::Pages].map(list),
            heads: [
                head(list_result(Vec::new(), false)),
                head(list_result(Vec::new(), true)),
            ],
        }
    }

    pub(super) fn list(
        &self,
        surface: &Surface,
        selection: Selection,
        era: Era,
        audience: Audience,
        id: &str,
    ) -> Response {
        let tools = &self.tools[audience as usize];
        let mut body = String::with_capacity(tools.len() + 512);
        body.push_str(r#"{"jsonrpc":"2.0","id":"#);
        body.push_str(id);
        body.push_str(r#","result":"#);
        body.push_str(&self.heads[era as usize]);
        if selection == Selection::ALL {
            body.push_str(tools);
        } else {
            surface.write_tools(selection, audience, &mut body);
        }
        body.push_str("}}");
        json_answer(body.into())
    }
}

/// A result without tools, cut before its list.
fn head(empty: ListToolsResult) -> String {
    let text = serde_json::to_string(&empty).expect("an empty list is made of strings");
    let head = text.strip_suffix("[]}").expect("the tools stand last");
    head.to_owned()
}

/// Calls a tool. `None` where the tool is not shown, which rmcp's side explains; `Err` for what must
/// become an HTTP answer.
pub(super) async fn call(
    desk: &Desk,
    caller: &Caller,
    selection: Selection,
    era: Era,
    name: &str,
    arguments: Map<String, Value>,
    id: &str,
) -> Option<Result<Response, Problem>> {
    let tool = desk.surface.find(name, selection)?;
    let outcome = desk.call(caller, tool, Value::Object(arguments), None).await;
    if let Err(problem) = &outcome
        && required_scopes(problem).is_some()
    {
        return Some(Err(problem.clone()));
    }
    let (status, body) = answer(desk, caller, era, outcome, id);
    Some(Ok(if status.is_success() {
        json_answer(body.into())
    } else {
        respond(status, body)
    }))
}

/// The whole JSON-RPC answer of a call, with the HTTP status that it should have.
pub(super) fn answer(
    desk: &Desk,
    caller: &Caller,
    era: Era,
    outcome: Result<ToolReply, Problem>,
    id: &str,
) -> (StatusCode, Vec<u8>) {
    let mut result = reply::result(desk, outcome, &caller.request);
    match era {
        Era::Legacy => result.result_type = None,
        Era::Modern => result.meta = Some(server_meta()),
    }
    let mut body = Vec::with_capacity(1_024);
    body.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    body.extend_from_slice(id.as_bytes());
    body.extend_from_slice(br#","result":"#);
    if let Err(error) = serde_json::to_writer(&mut body, &result) {
        tracing::error!(request = %caller.request, %error, "a result cannot be written");
        let message = "The server could not write the result.";
        let error = serde_json::json!({ "code": rpc::INTERNAL_ERROR, "message": message });
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#);
        return (StatusCode::INTERNAL_SERVER_ERROR, body.into_bytes());
    }
    body.push(b'}');
    (StatusCode::OK, body)
}
