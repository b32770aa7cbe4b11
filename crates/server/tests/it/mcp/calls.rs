//! Tool calls: results, failures, progress, and clients that go away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn a_result_has_structure_text_links_and_one_preview() {
    let answer = start()
        .await
        .modern("tools/call", json!({ "name": "media", "arguments": {} }))
        .await;
    let result = answer.json()["result"].clone();
    assert_eq!(result["isError"], false);
    let content = result["content"].as_array().expect("content");
    let kinds: Vec<_> = content
        .iter()
        .map(|block| block["type"].as_str().expect("a type"))
        .collect();
    assert_eq!(kinds, ["text", "resource_link", "image"]);
    assert_eq!(
        (content[0]["text"].as_str(), content[2]["mimeType"].as_str()),
        (Some("Done."), Some("image/webp"))
    );
    assert_eq!(content[2]["data"], "UklGRg==");
    let link = &content[1];
    assert_eq!(link["uri"], "https://studio.example.com/media/1");
    assert_eq!(
        (link["name"].as_str(), link["mimeType"].as_str(), link["size"].as_u64()),
        (Some("cup.png"), Some("image/png"), Some(123))
    );
    assert!(link["description"].as_str().expect("the id").starts_with("ast_"));
}

#[tokio::test]
async fn a_failure_is_a_result_that_a_model_can_act_on() {
    let server = start().await;
    for answer in [
        server
            .modern("tools/call", json!({ "name": "fails", "arguments": {} }))
            .await,
        server
            .legacy("2025-03-26", "tools/call", json!({ "name": "fails" }))
            .await,
    ] {
        let result = answer.json()["result"].clone();
        assert_eq!((answer.status, result["isError"].as_bool()), (200, Some(true)));
        let problem = &result["structuredContent"];
        assert_eq!(
            (problem["code"].as_str(), problem["field"].as_str()),
            (Some("invalid_argument"), Some("images[2]"))
        );
        assert_eq!(
            (problem["hint"].as_str(), problem["retryable"].as_bool()),
            (Some("Use `assets` first."), Some(false))
        );
        let text = result["content"][0]["text"].as_str().expect("text");
        for part in [
            "images[2]",
            "Use `assets` first.",
            "invalid_argument",
            problem["request_id"].as_str().expect("an id"),
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_and_bad_arguments_are_not() {
    let server = start().await;
    for answer in [
        server
            .modern("tools/call", json!({ "name": "none", "arguments": {} }))
            .await,
        server
            .legacy(
                "2025-11-25",
                "tools/call",
                json!({ "name": "no\u{202e}ne", "arguments": {} }),
            )
            .await,
        server
            .legacy("2025-11-25", "tools/call", json!({ "name": "none", "arguments": [] }))
            .await,
    ] {
        assert_eq!(answer.error_code(), Some(-32602), "{}", answer.body);
        let message = answer.json()["error"]["message"].as_str().expect("words").to_owned();
        assert!(message.contains("echo") && !message.contains('\u{202e}'));
    }
    for arguments in [json!([]), json!("x"), json!(1)] {
        for answer in [
            server
                .modern("tools/call", json!({ "name": "echo", "arguments": arguments }))
                .await,
            server
                .legacy(
                    "2025-11-25",
                    "tools/call",
                    json!({ "name": "echo", "arguments": arguments }),
                )
                .await,
        ] {
            let result = answer.json()["result"].clone();
            assert_eq!(
                (answer.status, result["isError"].as_bool()),
                (200, Some(true)),
                "{}",
                answer.body
            );
            assert_eq!(result["structuredContent"]["field"], "arguments");
        }
    }
    let answer = server
        .legacy("2025-11-25", "tools/call", json!({ "arguments": {} }))
        .await;
    assert_eq!(answer.error_code(), Some(-32602));
    for none in [json!({ "name": "echo" }), json!({ "name": "echo", "arguments": null })] {
        let answer = server.legacy("2025-11-25", "tools/call", none).await;
        assert_eq!(answer.json()["result"]["structuredContent"]["got"], json!({}));
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_the_next_call_works() {
    let server = start().await;
    let answer = server.modern("tools/call", json!({ "name": "panics" })).await;
    assert_eq!(answer.json()["result"]["structuredContent"]["code"], "internal");
    assert!(!answer.body.contains("on purpose"));
    assert_eq!(server.modern("tools/call", json!({ "name": "echo" })).await.status, 200);
}

#[tokio::test]
async fn the_callers_address_is_known_behind_the_door() {
    let answer = start().await.modern("tools/call", json!({ "name": "echo" })).await;
    assert_eq!(answer.json()["result"]["structuredContent"]["address"], "127.0.0.1");
}

#[tokio::test]
async fn progress_comes_as_a_stream_to_those_who_ask_and_take_one() {
    let server = start().await;
    let params = || json!({ "name": "slow", "_meta": { "progressToken": "p-1" } });
    for modern in [true, false] {
        server.bench.go.notify_one();
        let answer = match modern {
            true => server.modern("tools/call", params()).await,
            false => server.legacy("2025-06-18", "tools/call", params()).await,
        };
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("text/event-stream"))
        );
        assert_eq!(answer.header("x-accel-buffering"), Some("no"));
        let events = answer.events();
        let (last, notes) = events.split_last().expect("events");
        let told: Vec<_> = notes
            .iter()
            .map(|note| note["params"]["progress"].as_f64().expect("a number"))
            .collect();
        assert_eq!(told, [0.0, 0.5, 0.9], "it rises");
        for note in notes {
            assert_eq!(
                (note["method"].as_str(), note["params"]["progressToken"].as_str()),
                (Some("notifications/progress"), Some("p-1"))
            );
            assert_eq!(note["params"]["total"], 1.0);
        }
        assert_eq!(notes[1]["params"]["message"], "half");
        assert_eq!(
            (
                last["id"].as_u64(),
                last["result"]["structuredContent"]["watched"].as_bool()
            ),
            (Some(7), Some(true))
        );
    }
    // Without a token there is nothing to send on the way.
    server.bench.go.notify_one();
    let answer = server.modern("tools/call", json!({ "name": "slow" })).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    // A client that takes JSON only gets JSON.
    server.bench.go.notify_one();
    let mut headers = modern_headers("tools/call");
    headers.retain(|header| *header != ACCEPT);
    headers.extend([("accept", "application/json"), ("mcp-name", "slow")]);
    let answer = server.post(&headers, modern_body("tools/call", params())).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing() {
    let server = start().await;
    for with_progress in [false, true] {
        let before = server.bench.finished.load(Ordering::SeqCst);
        let params = match with_progress {
            true => json!({ "name": "slow", "_meta": { "progressToken": 1 } }),
            false => json!({ "name": "slow" }),
        };
        let body = modern_body("tools/call", params);
        let mut headers = modern_headers("tools/call");
        headers.extend([("authorization", "Bearer good"), ("mcp-name", "slow")]);
        let mut stream = raw::open(server.address, "POST", "/mcp", &headers, body.len()).await;
        stream.write_all(body.as_bytes()).await.expect("the server reads");
        if with_progress {
            // The stream has begun.
            stream.read_exact(&mut [0; 12]).await.expect("a head");
        } else {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        drop(stream);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.bench.finished.load(Ordering::SeqCst), before, "it still waits");
        server.bench.go.notify_one();
        for _ in 0..100 {
            if server.bench.finished.load(Ordering::SeqCst) > before {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(server.bench.finished.load(Ordering::SeqCst), before + 1, "it ended");
    }
}
