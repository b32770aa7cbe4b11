//! From the studio's replies and problems to MCP results.

use aquatint_app::operation::MediaLink;
use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Problem, RequestId};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, Resource};
use serde_json::{Map, Value};

use super::desk::Desk;
use super::refusal::members;

/// What a call came to, as a tool result.
pub(super) fn result(desk: &Desk, outcome: Result<ToolReply, Problem>, request: &RequestId) -> CallToolResult {
    match outcome {
        Ok(reply) => success(reply),
        Err(problem) => failure(desk, &problem, request),
    }
}

/// A reply as a tool result: structured content, the same in short words, a link for each medium,
/// and at most one small picture.
pub(super) fn success(reply: ToolReply) -> CallToolResult {
    let mut content = Vec::with_capacity(2 + reply.links.len());
    content.push(ContentBlock::text(reply.text));
    content.extend(reply.links.into_iter().map(link));
    if let Some(preview) = reply.preview {
        content.push(ContentBlock::image(BASE64_STANDARD.encode(preview), "image/webp"));
    }
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(reply.structured);
    result
}

fn link(link: MediaLink) -> ContentBlock {
    let resource = Resource::new(link.url, link.name)
        .with_mime_type(link.media_type)
        .with_size(link.size_bytes)
        .with_description(link.asset.as_str());
    ContentBlock::resource_link(resource)
}

/// A problem as a tool result that a model can act on, in the words of the surface.
pub(super) fn failure(desk: &Desk, problem: &Problem, request: &RequestId) -> CallToolResult {
    let (mut problem, mut own) = (problem.clone(), Map::new());
    desk.toolbox.translate(&mut problem, &mut own);
    told(&problem, own, request)
}

fn told(problem: &Problem, own: Map<String, Value>, request: &RequestId) -> CallToolResult {
    let code = own.get("code").and_then(Value::as_str).unwrap_or(problem.code.as_str());
    let mut result = CallToolResult::error(vec![ContentBlock::text(words(problem, code, request))]);
    let mut members = members(problem, request);
    if let Value::Object(map) = &mut members {
        map.extend(own);
    }
    result.structured_content = Some(members);
    result
}

/// The same problem for models that read only text.
pub(crate) fn words(problem: &Problem, code: &str, request: &RequestId) -> String {
    let mut text = problem.message.clone();
    if let Some(hint) = &problem.hint {
        text.push(' ');
        text.push_str(hint);
    }
    text.push_str("\ncode: ");
    text.push_str(code);
    if let Some(field) = &problem.field {
        text.push_str("; field: ");
        text.push_str(field);
    }
    match problem.retry_after_s {
        Some(seconds) => text.push_str(&format!("; retryable after {seconds} s")),
        None if problem.retryable => text.push_str("; retryable"),
        None => {}
    }
    if let Some(url) = &problem.upgrade_url {
        text.push_str("; upgrade_url: ");
        text.push_str(url);
    }
    text.push_str("; request_id: ");
    text.push_str(request.as_str());
    text
}

#[cfg(test)]
mod tests {
    use aquatint_domain::{Code, Timestamp};

    use super::*;

    #[test]
    fn a_problem_reads_the_same_in_both_forms() {
        let request = RequestId::generate(Timestamp::UNIX_EPOCH);
        let problem = Problem::new(Code::UpgradeRequired, "Semantic search belongs to the business plan.")
            .hint("Search by words instead.")
            .at("query")
            .upgrade_url("https://studio.example.com/plans")
            .retry_after(7);
        let result = told(&problem, Map::new(), &request);
        assert_eq!(result.is_error, Some(true));
        let structured = result.structured_content.expect("structured");
        let text = result.content[0].as_text().expect("text").text.clone();
        for (member, value) in [
            ("code", "upgrade_required"),
            ("hint", "Search by words instead."),
            ("field", "query"),
            ("upgrade_url", "https://studio.example.com/plans"),
            ("request_id", request.as_str()),
        ] {
            assert_eq!(structured[member], value);
            assert!(text.contains(value), "{member} in {text}");
        }
        assert_eq!(
            (structured["retryable"].as_bool(), structured["retry_after_s"].as_u64()),
            (Some(true), Some(7))
        );
        assert!(text.contains("7 s"));
    }
}
