//! What each surface lists, held against files that were read beside the contracts; and the forms in which bare clients ask.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Client;
use crate::process::Process;

/// Surface, its snapshot, and whether it can be asked there.
const SURFACES: [(&str, &str); 6] = [
    ("/mcp/pixelcut", include_str!("lists/studio.txt")),
    ("/mcp/pixa", include_str!("lists/studio.txt")),
    ("/mcp/krea", include_str!("lists/krea.txt")),
    ("/mcp/pixola", include_str!("lists/pixola.txt")),
    ("/mcp/aiphotogenerator", include_str!("lists/aiphotogenerator.txt")),
    ("/api/mcp", include_str!("lists/aiphotogenerator.txt")),
];

/// Arguments of the twelve that their documentation names.
const DOCUMENTED: &[&str] = &[
    "action",
    "images",
    "scale",
    "aspect_ratio",
    "model",
    "prompt",
    "type",
    "query",
    "collection_id",
    "asset_id",
    "asset_ids",
    "url",
    "name",
    "pipeline_id",
    "inputs",
    "run_id",
    "share_id",
    "job_id",
    "sync",
];

/// A list of tools in lines: names, arguments with types, limits and defaults, `!` before what is required, and what every
/// result has.
fn lines(tools: &[Value], only: Option<&[&str]>) -> String {
    let mut text = String::new();
    for tool in tools {
        let _ = writeln!(text, "{}", tool["name"].as_str().unwrap_or_default());
        let schema = &tool["inputSchema"];
        let required = |name: &str| {
            let required = schema["required"].as_array();
            required.is_some_and(|required| required.iter().any(|one| one == name))
        };
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if only.is_some_and(|only| !only.contains(&name.as_str())) {
                continue;
            }
            let mut line = format!("  {}{name}", if required(name) { "!" } else { "" });
            for word in [
                "type",
                "enum",
                "minimum",
                "maximum",
                "minLength",
                "maxLength",
                "minItems",
                "maxItems",
                "default",
            ] {
                if let Some(value) = property.get(word) {
                    let _ = write!(line, " {word}={value}");
                }
            }
            let _ = writeln!(text, "{line}");
        }
        let results = tool["outputSchema"]["properties"].as_object();
        let results: Vec<&str> = results.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let _ = writeln!(text, "  -> {}", results.join(" "));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn each_surface_lists_exactly_its_tools() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let mut wrong = Vec::new();
    for (path, known) in SURFACES {
        let tools = Client::new(&studio, path).tools().await;
        // The twelve are native tools, which have more arguments than the contract knows; those are tested with them.
        let only = known.starts_with("edit_image").then_some(DOCUMENTED);
        let found = lines(&tools, only);
        if found != known {
            wrong.push(format!("{path} lists\n{found}"));
        }
        for tool in &tools {
            assert!(
                tool["description"].as_str().is_some_and(|text| text.len() > 5),
                "{tool}"
            );
            assert!(tool["annotations"]["destructiveHint"] == json!(false), "{tool}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_requests_are_answered_without_handshake_accept_or_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let bodies = [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/list","id":1}"#,
        r#"{"method":"tools/list"}"#,
    ];
    for (path, _) in SURFACES {
        for body in bodies {
            for accept in [None, Some("*/*"), Some("application/json, text/event-stream")] {
                let mut request = studio
                    .client
                    .post(format!("{}{path}", studio.url))
                    .bearer_auth(&studio.key)
                    .header("content-type", "application/json")
                    .body(body);
                if let Some(accept) = accept {
                    request = request.header("accept", accept);
                }
                let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
                assert!(
                    answer["result"]["tools"].is_array(),
                    "{path} {body} {accept:?}: {answer}"
                );
            }
        }
        // A handshake of an older client is answered too, and tells what this surface is.
        let hello = json!({ "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let answer = Client::new(&studio, path).answer("initialize", hello).await;
        let told = answer["result"]["instructions"].as_str().unwrap_or_default();
        assert!(!told.contains("Aquatint"), "{path}: {answer}");
        let unknown = Client::new(&studio, path)
            .answer("tools/call", json!({ "name": "cancel_everything", "arguments": {} }))
            .await;
        assert_eq!(unknown["error"]["code"], json!(-32602), "{path}: {unknown}");
    }
}
