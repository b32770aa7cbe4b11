//! Fixtures that answer at once: one tool for each kind of content, prompts, and resources.

// Log messages are deprecated, and scenarios ask for them.
#![allow(deprecated)]

use std::time::Duration;

use rmcp::model::{
    AudioContent, CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, LoggingLevel, LoggingMessageNotificationParam,
    ProgressNotificationParam, Prompt, PromptArgument, PromptMessage, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate, Role, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use super::tool;

/// One red pixel, PNG.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";
/// Silence, WAV.
const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

pub(super) fn tools() -> Vec<Tool> {
    let none = || json!({});
    vec![
        tool("test_simple_text", "Answers with text", none()),
        tool("test_image_content", "Answers with an image", none()),
        tool("test_audio_content", "Answers with audio", none()),
        tool("test_embedded_resource", "Answers with an embedded resource", none()),
        tool(
            "test_multiple_content_types",
            "Answers with several kinds of content",
            none(),
        ),
        tool("test_tool_with_logging", "Sends log messages on the way", none()),
        tool(
            "test_logging_tool",
            "Sends a log message where a level is asked for",
            none(),
        ),
        tool("test_tool_with_progress", "Reports progress on the way", none()),
        tool("test_error_handling", "Always fails", none()),
        tool("test_missing_capability", "Needs a client that can sample", none()),
        tool(
            "test_custom_header",
            "Takes an argument that also travels as a header",
            json!({ "value": { "type": "string", "x-mcp-header": "Value" } }),
        ),
        tool_with_a_full_schema(),
    ]
}

/// A schema whose words of JSON Schema 2020-12 must reach the client unchanged.
fn tool_with_a_full_schema() -> Tool {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "address",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" } },
        "allOf": [{ "anyOf": [{ "required": ["name"] }, { "required": ["address"] }] }],
        "if": { "required": ["address"] },
        "then": { "properties": { "address": { "required": ["street"] } } },
        "else": { "required": ["name"] },
        "additionalProperties": false
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    Tool::new("json_schema_2020_12_tool", "Has a schema with everything in it", schema)
}

/// Answers a call of one of these tools; `None` for every other name.
pub(super) async fn call(
    request: &CallToolRequestParams,
    cx: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResponse, ErrorData>> {
    let text = |text: &str| CallToolResult::success(vec![ContentBlock::text(text)]);
    let result = match request.name.as_ref() {
        "test_simple_text" => text("This is a simple text response for testing."),
        "test_image_content" => CallToolResult::success(vec![ContentBlock::image(PIXEL, "image/png")]),
        "test_audio_content" => {
            CallToolResult::success(vec![ContentBlock::Audio(AudioContent::new(SILENCE, "audio/wav"))])
        }
        "test_embedded_resource" => CallToolResult::success(vec![ContentBlock::resource(document(
            "test://embedded-resource",
            "text/plain",
            "This is an embedded resource content.",
        ))]),
        "test_multiple_content_types" => CallToolResult::success(vec![
            ContentBlock::text("Multiple content types test:"),
            ContentBlock::image(PIXEL, "image/png"),
            ContentBlock::resource(document(
                "test://mixed-content-resource",
                "application/json",
                r#"{"test":"data","value":123}"#,
            )),
        ]),
        "test_tool_with_logging" => {
            for message in [
                "Tool execution started",
                "Tool processing data",
                "Tool execution completed",
            ] {
                log(cx, LoggingLevel::Info, message).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            text("Logging test completed")
        }
        "test_logging_tool" => {
            if let Some(level) = cx.meta.log_level() {
                log(cx, level, "A level was asked for").await;
            }
            text("Logging tool completed")
        }
        "test_tool_with_progress" => {
            for progress in [0.0, 50.0, 100.0] {
                if let Some(token) = cx.meta.get_progress_token() {
                    let note = ProgressNotificationParam::new(token, progress).with_total(100.0);
                    let _ = cx.peer.notify_progress(note.with_message("Working")).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            text("Progress test completed")
        }
        "test_error_handling" => {
            let words = "This tool intentionally returns an error for testing";
            CallToolResult::error(vec![ContentBlock::text(words)])
        }
        "test_missing_capability" => {
            if cx
                .meta
                .client_capabilities()
                .is_none_or(|capabilities| capabilities.sampling.is_none())
            {
                let needed = ClientCapabilities::builder().enable_sampling().build();
                return Some(Err(ErrorData::missing_required_client_capability(needed)));
            }
            text("The capability is declared")
        }
        "test_custom_header" => {
            let value = request.arguments.as_ref().and_then(|arguments| arguments.get("value"));
            text(value.and_then(Value::as_str).unwrap_or_default())
        }
        _ => return None,
    };
    Some(Ok(result.into()))
}

async fn log(cx: &RequestContext<RoleServer>, level: LoggingLevel, message: &str) {
    let note = LoggingMessageNotificationParam::new(level, json!(message)).with_logger("conformance");
    // A client that left needs no log.
    let _ = cx.peer.notify_logging_message(note).await;
}

fn document(uri: &str, mime_type: &str, text: &str) -> ResourceContents {
    ResourceContents::TextResourceContents {
        uri: uri.to_owned(),
        mime_type: Some(mime_type.to_owned()),
        text: text.to_owned(),
        meta: None,
    }
}

pub(super) fn prompts() -> Vec<Prompt> {
    let argument = |name, about: &str| PromptArgument::new(name).with_description(about).with_required(true);
    vec![
        Prompt::new("test_simple_prompt", Some("A prompt without arguments"), None),
        Prompt::new(
            "test_prompt_with_arguments",
            Some("A prompt with two arguments"),
            Some(vec![
                argument("arg1", "First test argument"),
                argument("arg2", "Second test argument"),
            ]),
        ),
        Prompt::new(
            "test_prompt_with_embedded_resource",
            Some("A prompt with an embedded resource"),
            Some(vec![argument("resourceUri", "URI of the resource")]),
        ),
        Prompt::new("test_prompt_with_image", Some("A prompt with an image"), None),
        Prompt::new(
            "test_input_required_result_prompt",
            Some("A prompt that asks for its context first"),
            None,
        ),
    ]
}

pub(super) fn prompt(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name));
        value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let user = |text: String| PromptMessage::new_text(Role::User, text);
    let messages = match request.name.as_str() {
        "test_simple_prompt" => vec![user("This is a simple prompt for testing.".to_owned())],
        "test_prompt_with_arguments" => {
            vec![user(format!(
                "Prompt with arguments: arg1='{}', arg2='{}'",
                argument("arg1"),
                argument("arg2")
            ))]
        }
        "test_prompt_with_embedded_resource" => vec![
            PromptMessage::new(
                Role::User,
                ContentBlock::resource(document(
                    &argument("resourceUri"),
                    "text/plain",
                    "Embedded resource content for testing.",
                )),
            ),
            user("Please process the embedded resource above.".to_owned()),
        ],
        "test_prompt_with_image" => vec![
            PromptMessage::new(Role::User, ContentBlock::image(PIXEL, "image/png")),
            user("Please analyze the image above.".to_owned()),
        ],
        other => return Err(ErrorData::invalid_params(format!("Unknown prompt `{other}`"), None)),
    };
    Ok(GetPromptResult::new(messages).into())
}

pub(super) fn resources() -> Vec<Resource> {
    vec![
        Resource::new("test://static-text", "Static text").with_mime_type("text/plain"),
        Resource::new("test://static-binary", "Static image").with_mime_type("image/png"),
    ]
}

pub(super) fn resource_templates() -> Vec<ResourceTemplate> {
    vec![ResourceTemplate::new("test://template/{id}/data", "Data by id").with_mime_type("application/json")]
}

pub(super) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let contents = match uri {
        "test://static-text" => document(uri, "text/plain", "This is the content of the static text resource."),
        "test://static-binary" => ResourceContents::BlobResourceContents {
            uri: uri.to_owned(),
            mime_type: Some("image/png".to_owned()),
            blob: PIXEL.to_owned(),
            meta: None,
        },
        _ => {
            let id = uri
                .strip_prefix("test://template/")
                .and_then(|rest| rest.strip_suffix("/data"));
            let Some(id) = id else {
                let data = json!({ "uri": uri });
                return Err(ErrorData::resource_not_found(
                    format!("There is no resource `{uri}`"),
                    Some(data),
                ));
            };
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            document(uri, "application/json", &data.to_string())
        }
    };
    Ok(ReadResourceResult::new(vec![contents]))
}
