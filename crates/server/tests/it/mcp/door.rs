//! Who is let in, by which name, with what, and how the others are told.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::*;

const LIST: &str = r#"{"method":"tools/list"}"#;

#[tokio::test]
async fn without_a_good_token_the_answer_is_401_and_says_bearer() {
    let server = start().await;
    let cases: &[(&str, Headers, &str)] = &[
        ("none", &[], "Bearer"),
        ("a cookie", &[("cookie", "session=good; token=good")], "Bearer"),
        ("another scheme", &[("authorization", "Basic Z29vZDpnb29k")], "Bearer"),
        ("an API key header", &[("x-api-key", "good")], "Bearer"),
        (
            "two",
            &[("authorization", "Bearer good"), ("authorization", "Bearer other")],
            "Bearer",
        ),
        (
            "a wrong one",
            &[("authorization", "Bearer wrong")],
            "Bearer error=\"invalid_token\"",
        ),
    ];
    for (what, headers, challenge) in cases {
        let answer = server.request("POST", "/mcp", headers, LIST).await;
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, Some(*challenge)),
            "{what}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{what}"
        );
        let problem = answer.json();
        assert_eq!(
            (problem["code"].as_str(), problem["status"].as_u64()),
            (Some("unauthorized"), Some(401))
        );
        assert!(problem["request_id"].as_str().expect("an id").starts_with("req_"));
    }
    let hosted = start_with(|config| config.resource_metadata = Some("https://s.example/meta".into())).await;
    let answer = hosted.request("POST", "/mcp", &[], LIST).await;
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer scope=\"assets:read "), "{challenge}");
    assert!(
        challenge.ends_with("resource_metadata=\"https://s.example/meta\""),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_token_in_the_address_is_refused_clearly() {
    let server = start().await;
    for path in [
        "/mcp?access_token=good",
        "/mcp?tools=echo&API_KEY=good",
        "/mcp?key=good",
    ] {
        for headers in [&[][..], &[("authorization", "Bearer good")]] {
            let answer = server.request("POST", path, headers, LIST).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(
                answer.json()["hint"]
                    .as_str()
                    .expect("a hint")
                    .contains("Authorization: Bearer")
            );
            assert!(!answer.body.contains("good"));
        }
    }
}

#[tokio::test]
async fn a_missing_scope_is_403_and_names_all_that_are_needed() {
    let server = start().await;
    for answer in [
        server.modern("tools/call", json!({ "name": "guarded" })).await,
        server
            .legacy("2025-06-18", "tools/call", json!({ "name": "guarded" }))
            .await,
        server
            .post(&[], r#"{"method":"tools/call","params":{"name":"guarded"}}"#)
            .await,
    ] {
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer error=\"insufficient_scope\", scope=\"generate assets:write\"")
        );
        assert_eq!(answer.json()["code"], "forbidden");
    }
}

#[tokio::test]
async fn rate_limits_are_told_before_and_when_they_bite() {
    let server = start().await;
    for body in [LIST, r#"{"method":"initialize"}"#] {
        let headers = [("authorization", "Bearer limited")];
        let answer = server.request("POST", "/mcp", &headers, body).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"key\";q=30;w=60"));
        assert_eq!(answer.header("ratelimit"), Some("\"key\";r=29;t=12"));
    }
    let answer = server
        .request("POST", "/mcp", &[("authorization", "Bearer spent")], LIST)
        .await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("12")));
    assert_eq!(answer.header("ratelimit"), Some("\"key\";r=0;t=12"));
    let problem = answer.json();
    assert_eq!(
        (problem["code"].as_str(), problem["retryable"].as_bool()),
        (Some("rate_limited"), Some(true))
    );
    assert!(answer.header("www-authenticate").is_none());
}

#[tokio::test]
async fn a_fault_of_ours_tells_nothing() {
    let answer = start()
        .await
        .request("POST", "/mcp", &[("authorization", "Bearer broken")], LIST)
        .await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("internal")));
    assert!(!answer.body.contains("hunter2"));
}

#[tokio::test]
async fn foreign_names_and_pages_are_kept_out_before_anything_else() {
    let server = start_with(|config| config.allowed_origins = vec!["https://app.example.com".into()]).await;
    let good = ("authorization", "Bearer good");
    for host in ["evil.example.com", "evil.example.com:80", "127.0.0.1.nip.io", "", "a/b"] {
        let answer = server.request("POST", "/mcp", &[good, ("host", host)], LIST).await;
        assert!((400..404).contains(&answer.status), "{host}: {}", answer.status);
        let answer = server.request("GET", "/mcp", &[("host", host)], "").await;
        assert!((400..404).contains(&answer.status), "{host}: {}", answer.status);
    }
    for origin in [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.com",
        "http://app.example.com",
    ] {
        let answer = server.request("POST", "/mcp", &[good, ("origin", origin)], LIST).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (403, Some("forbidden")),
            "{origin}"
        );
        assert!(answer.header("access-control-allow-origin").is_none());
    }
    for origin in ["https://app.example.com", "http://localhost:6274", "http://127.0.0.1:1"] {
        let answer = server.request("POST", "/mcp", &[good, ("origin", origin)], LIST).await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, Some(origin))
        );
        assert!(answer.header("access-control-allow-credentials").is_none());
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let preflight = server.request("OPTIONS", "/mcp", &headers, "").await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-methods")),
            (204, Some("POST"))
        );
    }
    assert_eq!(
        server
            .request("POST", "/mcp", &[good, ("host", "localhost:99")], LIST)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn only_post_is_taken() {
    let server = start().await;
    for method in ["GET", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"] {
        let answer = server
            .request(method, "/mcp", &[("accept", "text/event-stream")], "")
            .await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{method}"
        );
    }
}

#[tokio::test]
async fn bodies_have_a_limit_and_a_time() {
    let server = start_with(|config| config.max_body_bytes = 1_000).await;
    let long = format!(r#"{{"method":"tools/list","params":{{"x":"{}"}}}}"#, "a".repeat(2_000));
    let answer = server.post(&[], &long).await;
    assert_eq!((answer.status, answer.error_code()), (413, Some(-32600)));
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .expect("words")
            .contains("upload")
    );
    // Without a length, the bytes are counted as they come.
    let chunked = format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len());
    let answer = server.post(&[("transfer-encoding", "chunked")], &chunked).await;
    assert_eq!((answer.status, answer.error_code()), (413, Some(-32600)));

    let headers = [("authorization", "Bearer good")];
    let mut slow = raw::open(server.address, "POST", "/mcp", &headers, 500).await;
    slow.write_all(b"{").await.expect("the server listens");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = raw::finish(slow).await;
    assert_eq!((answer.status, answer.error_code()), (408, Some(-32600)));
}

#[tokio::test]
async fn what_cannot_be_answered_in_json_is_refused_in_json() {
    let server = start().await;
    let answer = server.post(&[("accept", "text/html")], LIST).await;
    assert_eq!((answer.status, answer.error_code()), (406, Some(-32600)));
    let body = modern_body("tools/list", json!({}));
    let headers = [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/list"),
        ("content-type", "text/plain"),
    ];
    let answer = server.post(&headers, &body).await;
    assert_eq!((answer.status, answer.error_code()), (415, Some(-32600)));
    let headers = [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/list"),
        JSON,
        ("accept", "*/*"),
    ];
    assert_eq!(server.post(&headers, &body).await.status, 200);
}
