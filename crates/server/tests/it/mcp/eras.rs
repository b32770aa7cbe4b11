//! Every era of the protocol on one endpoint.

use serde_json::{Value, json};

use super::*;

/// The names that `tools/list` gives.
fn names(answer: &Answer) -> Vec<String> {
    let tools = answer.json()["result"]["tools"].as_array().cloned();
    let tools = tools.unwrap_or_else(|| panic!("no tools in {} {}", answer.status, answer.body));
    tools
        .iter()
        .map(|tool| tool["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn a_bare_curl_with_nothing_but_a_token_lists_and_calls() {
    let server = start().await;
    // Exactly what `curl -d` sends.
    let curl = [("accept", "*/*"), ("content-type", "application/x-www-form-urlencoded")];
    for headers in [&curl[..], &[]] {
        let answer = server.post(headers, r#"{"method":"tools/list"}"#).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json"))
        );
        assert_eq!(answer.json()["id"], 1);
        assert_eq!(names(&answer).len(), 6);
        let answer = server
            .post(
                headers,
                r#"{"method":"tools/call","params":{"name":"echo","arguments":{"x":1}}}"#,
            )
            .await;
        assert_eq!(answer.json()["result"]["structuredContent"]["got"]["x"], 1);
    }
}

#[tokio::test]
async fn a_bare_curl_gets_json_even_when_it_copied_a_progress_token() {
    let server = start().await;
    server.bench.go.notify_one();
    let body = r#"{"method":"tools/call","params":{"name":"slow","_meta":{"progressToken":1}}}"#;
    let answer = server.post(&[], body).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["result"]["structuredContent"]["watched"], false);
}

#[tokio::test]
async fn each_older_revision_shakes_hands_and_works() {
    let server = start().await;
    for version in LEGACY {
        let params =
            json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
        // The first request of a legacy client has no version header yet; some send `*/*`.
        for accept in ["application/json, text/event-stream", "*/*"] {
            let answer = server.post(&[("accept", accept), JSON], &hello).await;
            let result = &answer.json()["result"];
            assert_eq!(result["protocolVersion"], version);
            assert_eq!(result["serverInfo"]["name"], "aquatint");
            assert!(result["capabilities"]["tools"].is_object());
            assert!(result["capabilities"].get("prompts").is_none());
            assert!(
                result["instructions"]
                    .as_str()
                    .expect("instructions")
                    .contains("asset id")
            );
            assert!(answer.header("mcp-session-id").is_none());
        }
        let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        for headers in [&[("mcp-protocol-version", version), ACCEPT, JSON][..], &[ACCEPT, JSON]] {
            let answer = server.post(headers, initialized).await;
            assert_eq!((answer.status, answer.body.as_str()), (202, ""));
        }
        assert_eq!(
            server.legacy(version, "ping", json!({})).await.json()["result"],
            json!({})
        );
        let list = server.legacy(version, "tools/list", json!({})).await;
        assert_eq!(names(&list).len(), 6);
        assert!(list.json()["result"].get("resultType").is_none());
        let call = server
            .legacy(
                version,
                "tools/call",
                json!({ "name": "echo", "arguments": { "x": [1] } }),
            )
            .await;
        assert_eq!((call.status, &call.json()["id"]), (200, &json!(7)));
        assert_eq!(call.json()["result"]["structuredContent"]["got"], json!({ "x": [1] }));
        let wrong = server.legacy(version, "prompts/list", json!({})).await;
        assert_eq!(wrong.error_code(), Some(-32601));
    }
}

#[tokio::test]
async fn a_client_of_an_unknown_older_revision_is_offered_one_that_works() {
    let server = start().await;
    let params =
        json!({ "protocolVersion": "2023-01-01", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string();
    let answer = server.post(&[ACCEPT, JSON], hello).await;
    assert_eq!(answer.json()["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn the_newest_revision_needs_no_handshake() {
    let server = start().await;
    let answer = server.modern("server/discover", json!({})).await;
    let result = answer.json()["result"].clone();
    for version in LEGACY.iter().chain([&MODERN]) {
        assert!(
            result["supportedVersions"]
                .as_array()
                .expect("versions")
                .contains(&json!(version))
        );
    }
    assert_eq!(
        (result["cacheScope"].as_str(), result["ttlMs"].as_u64()),
        (Some("private"), Some(300_000))
    );
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "aquatint"
    );

    let result = server.modern("tools/list", json!({})).await.json()["result"].clone();
    assert_eq!(
        (result["resultType"].as_str(), result["cacheScope"].as_str()),
        (Some("complete"), Some("private"))
    );
    assert_eq!(result["ttlMs"], 300_000);

    let answer = server
        .modern("tools/call", json!({ "name": "echo", "arguments": { "x": 1 } }))
        .await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    let result = answer.json()["result"].clone();
    assert_eq!(result["structuredContent"]["got"], json!({ "x": 1 }));
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "aquatint"
    );
}

#[tokio::test]
async fn the_newest_revision_checks_its_headers() {
    let server = start().await;
    let body = modern_body("tools/call", json!({ "name": "echo", "arguments": {} }));
    let version = ("mcp-protocol-version", MODERN);
    let method = ("mcp-method", "tools/call");
    let cases: &[(&str, Headers, u16, Option<i64>)] = &[
        ("all there", &[version, method, ("mcp-name", "echo")], 200, None),
        (
            "base64 name",
            &[version, method, ("mcp-name", "=?base64?ZWNobw==?=")],
            200,
            None,
        ),
        ("no method", &[version, ("mcp-name", "echo")], 400, Some(-32020)),
        (
            "wrong method",
            &[version, ("mcp-method", "TOOLS/CALL"), ("mcp-name", "echo")],
            400,
            Some(-32020),
        ),
        ("no name", &[version, method], 400, Some(-32020)),
        (
            "wrong name",
            &[version, method, ("mcp-name", "slow")],
            400,
            Some(-32020),
        ),
        (
            "two names",
            &[version, method, ("mcp-name", "echo"), ("mcp-name", "slow")],
            400,
            Some(-32020),
        ),
        ("no version", &[method, ("mcp-name", "echo")], 400, Some(-32020)),
        (
            "other version",
            &[("mcp-protocol-version", "2025-11-25"), method, ("mcp-name", "echo")],
            400,
            Some(-32020),
        ),
    ];
    for (what, headers, status, code) in cases {
        let mut headers = headers.to_vec();
        headers.extend([ACCEPT, JSON]);
        let answer = server.post(&headers, &body).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (*status, *code),
            "{what}: {}",
            answer.body
        );
        assert_eq!(answer.json()["id"], 7, "{what}");
    }
}

#[tokio::test]
async fn the_newest_revision_checks_its_meta_version_and_method() {
    let server = start().await;
    let plain = r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}"#;
    let answer = server.post(&modern_headers("tools/list"), plain).await;
    assert_eq!((answer.status, answer.error_code()), (400, Some(-32602)));

    let strange = modern_body("tools/list", json!({})).replace(MODERN, "2099-01-01");
    let headers = [
        ("mcp-protocol-version", "2099-01-01"),
        ("mcp-method", "tools/list"),
        ACCEPT,
        JSON,
    ];
    let answer = server.post(&headers, strange).await;
    assert_eq!((answer.status, answer.error_code()), (400, Some(-32022)));
    assert!(
        answer.json()["error"]["data"]["supported"]
            .as_array()
            .expect("versions")
            .contains(&json!(MODERN))
    );

    for gone in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "unknown/method",
        "prompts/list",
    ] {
        let answer = server.modern(gone, json!({})).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (404, Some(-32601)),
            "{gone}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn an_unknown_version_header_alone_is_refused_in_json() {
    let server = start().await;
    let body = r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#;
    let answer = server
        .post(&[("mcp-protocol-version", "1999-01-01"), ACCEPT, JSON], body)
        .await;
    assert_eq!((answer.status, answer.error_code()), (400, Some(-32600)));
    assert_eq!(answer.json()["id"], 7);
}

#[tokio::test]
async fn the_list_is_the_same_bytes_for_everyone_and_carries_annotations() {
    let server = start().await;
    let body = modern_body("tools/list", json!({}));
    let mut lists = Vec::new();
    for token in ["Bearer good", "Bearer other", "Bearer limited"] {
        let mut headers = modern_headers("tools/list");
        headers.push(("authorization", token));
        lists.push(server.request("POST", "/mcp", &headers, &body).await.body);
    }
    assert!(lists.iter().all(|list| *list == lists[0]));
    let tools: Value = serde_json::from_str(&lists[0]).expect("JSON");
    let echo = &tools["result"]["tools"][0];
    assert_eq!(
        echo["annotations"],
        json!({ "readOnlyHint": true, "destructiveHint": false, "openWorldHint": false })
    );
    assert!(echo["inputSchema"].is_object() && echo["outputSchema"].is_object() && echo["title"].is_string());
    assert_eq!(tools["result"]["tools"][1]["annotations"]["readOnlyHint"], false);
}

#[tokio::test]
async fn the_express_lane_and_the_long_way_give_the_same_answers() {
    let server = start().await;
    // What differs by nature: ids made for each request, and whether progress is watched.
    let same = |answer: Answer| {
        let mut value = answer.json();
        let result = &mut value["result"];
        result["structuredContent"]["watched"] = Value::Null;
        result["structuredContent"]["request_id"] = Value::Null;
        for block in result["content"].as_array_mut().into_iter().flatten() {
            block["description"] = Value::Null;
            let text = block["text"]
                .as_str()
                .map(|text| text.split("request_id").next().map(str::to_owned));
            block["text"] = json!(text);
        }
        (answer.status, answer.header("content-type").map(str::to_owned), value)
    };
    for modern in [true, false] {
        let ask = async |method: &'static str, params: Value| match modern {
            true => server.modern(method, params).await,
            false => server.legacy("2025-11-25", method, params).await,
        };
        // A cursor that is null, or a token for progress that never comes, is odd enough for the long way.
        let express = ask("tools/list", json!({})).await;
        assert_eq!(same(express), same(ask("tools/list", json!({ "cursor": null })).await));
        for name in ["echo", "media", "fails", "panics"] {
            let express = ask("tools/call", json!({ "name": name, "arguments": { "x": "é" } })).await;
            let odd = json!({ "name": name, "arguments": { "x": "é" }, "_meta": { "progressToken": 1 } });
            assert_eq!(same(express), same(ask("tools/call", odd).await), "{name}");
        }
    }
}

#[tokio::test]
async fn a_query_narrows_what_is_listed_and_what_can_be_called() {
    let server = start().await;
    let good = [("authorization", "Bearer good")];
    let list = server
        .request("POST", "/mcp?tools=say,slow", &good, r#"{"method":"tools/list"}"#)
        .await;
    assert_eq!(names(&list), ["echo", "slow", "media"]);
    let hidden = r#"{"method":"tools/call","params":{"name":"fails"}}"#;
    let answer = server.request("POST", "/mcp?tools=say", &good, hidden).await;
    assert_eq!(answer.error_code(), Some(-32602));
    let answer = server
        .request("POST", "/mcp?tools=nonsense", &good, r#"{"method":"tools/list"}"#)
        .await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (400, Some("invalid_argument"))
    );
    assert!(answer.json()["hint"].as_str().expect("a hint").contains("echo"));
    let cursor = server
        .legacy("2025-11-25", "tools/list", json!({ "cursor": "abc" }))
        .await;
    assert_eq!(cursor.error_code(), Some(-32602));
}

#[tokio::test]
async fn the_fixtures_of_the_conformance_suite_are_not_there_by_default() {
    let call = json!({ "name": "test_simple_text", "arguments": {} });
    let answer = start().await.modern("tools/call", call.clone()).await;
    assert_eq!(answer.error_code(), Some(-32602));
    let fixtures = start_with(|config| config.conformance_fixtures = true).await;
    let answer = fixtures.modern("tools/call", call).await;
    assert!(answer.json()["result"]["content"][0]["text"].is_string());
    let names = names(&fixtures.modern("tools/list", json!({})).await);
    assert!(names.contains(&"echo".to_owned()) && names.contains(&"test_simple_text".to_owned()));
    let unauthorised = fixtures
        .request("POST", "/mcp", &[], r#"{"method":"tools/list"}"#)
        .await;
    assert_eq!(unauthorised.status, 401);
}
