//! JSON at its edges, in the manner of JSONTestSuite: what is no JSON is told so, what is JSON is
//! read, and nothing makes the server fail or hang.

use serde_json::json;

use super::*;

/// Texts that are JSON.
const VALID: &[&str] = &[
    "[]",
    "[[]]",
    "[\"\"]",
    "{}",
    "{\"\":0}",
    "{\"a\":\"b\",\"a\":\"c\"}",
    "{\"a\":[]}",
    "{\"min\":-1.0e+28,\"max\":1.0e+28}",
    "[123e65]",
    "[0e+1]",
    "[0e1]",
    "[ 4]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000001]",
    "[20e1]",
    "[-0]",
    "[-123]",
    "[-1]",
    "[1E22]",
    "[1E-2]",
    "[1E+2]",
    "[123e45]",
    "[123.456e78]",
    "[1e-2]",
    "[1e+2]",
    "[123]",
    "[123.456789]",
    "[\"\\u0060\\u012a\\u12AB\"]",
    "[\"\\uD801\\udc37\"]",
    "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"\\\\u0000\"]",
    "[\"\\\"\"]",
    "[\"a/*b*/c/*d//e\"]",
    "[\"\\\\a\"]",
    "[\"\\u0012\"]",
    "[\"\\uFFFF\"]",
    "[\"asd\"]",
    "[ \"asd\"]",
    "[\"\\uDBFF\\uDFFF\"]",
    "[\"new\\u00A0line\"]",
    "[\"\u{10ffff}\"]",
    "[\"\u{ffff}\"]",
    "[\"\\u0000\"]",
    "[\"\\u002c\"]",
    "[\"π\"]",
    "[\"\u{1bfff}\"]",
    "[\"asd \"]",
    "\" \"",
    "[\"\\uD834\\uDd1e\"]",
    "[\"\\u0821\"]",
    "[\"\\u0123\"]",
    "[\"\u{2028}\"]",
    "[\"\u{2029}\"]",
    "[\"\\u0061\\u30af\\u30EA\\u30b9\"]",
    "[\"new\\u000Aline\"]",
    "[\"\u{7f}\"]",
    "[\"\\uA66D\"]",
    "[\"\\u005C\"]",
    "[\"⍂㈴⍂\"]",
    "[\"\\u0022\"]",
    "false",
    "42",
    "-0.1",
    "null",
    "\"asd\"",
    "true",
    "\"\"",
    "[\"a\"]\n",
    "[true]",
    " [] ",
    "\t[\r\n1\t]\n",
];

/// Texts that are not.
const INVALID: &[&str] = &[
    "[1 true]",
    "[\"\": 1]",
    "[\"\"],",
    "[,1]",
    "[1,,2]",
    "[\"x\",,]",
    "[\"x\"]]",
    "[\"\",]",
    "[\"x\"",
    "[x",
    "[3[4]]",
    "[1,]",
    "[1,,]",
    "[,]",
    "[-]",
    "[   , \"\"]",
    "[\"a\",\n4\n,1,",
    "[1,",
    "[1",
    "[*]",
    "[\"\"",
    "[fals]",
    "[nul]",
    "[tru]",
    "123\u{0}",
    "[++1234]",
    "[+1]",
    "[+Inf]",
    "[-01]",
    "[-1.0.]",
    "[-2.]",
    "[-NaN]",
    "[.-1]",
    "[.2e-3]",
    "[0.1.2]",
    "[0.3e+]",
    "[0.3e]",
    "[0.e1]",
    "[0E+]",
    "[0E]",
    "[0e+]",
    "[0e]",
    "[1.0e+]",
    "[1.0e-]",
    "[1.0e]",
    "[1 000.0]",
    "[1eE2]",
    "[2.e+3]",
    "[2.e-3]",
    "[2.e3]",
    "[9.e+]",
    "[Inf]",
    "[NaN]",
    "[１]",
    "[1+2]",
    "[0x1]",
    "[0x42]",
    "[Infinity]",
    "[0e+-1]",
    "[-123.123foo]",
    "[-Infinity]",
    "[-foo]",
    "[- 1]",
    "[-012]",
    "[-.123]",
    "[-1x]",
    "[1ea]",
    "[1.]",
    "[.123]",
    "[1.2a-3]",
    "[1.8011670033376514H-308]",
    "[012]",
    "[\"x\", truth]",
    "{[: \"x\"}\n",
    "{\"x\", null}",
    "{\"x\"::\"b\"}",
    "{🇨🇭}",
    "{\"a\":\"a\" 123}",
    "{key: 'value'}",
    "{\"a\" b}",
    "{:\"b\"}",
    "{\"a\" \"b\"}",
    "{\"a\":",
    "{\"a\"",
    "{1:1}",
    "{9999E9999:1}",
    "{null:null,null:null}",
    "{\"id\":0,,,,,}",
    "{'a':0}",
    "{\"id\":0,}",
    "{\"a\":\"b\"}/**/",
    "{\"a\":\"b\"}//",
    "{\"a\":\"b\",,\"c\":\"d\"}",
    "{a: \"b\"}",
    "{\"a\":\"a",
    "{ \"foo\" : \"bar\", \"a\" }",
    "{\"a\":\"b\"}#",
    " ",
    "[\"\\uD800\\\"]",
    "[\"\\uD800\\u1x\"]",
    "[\"\\uD800\\u1\"]",
    "[\"\\uD800\\u\"]",
    "[é]",
    "[\"\\\u{0}\"]",
    "[\"\\x00\"]",
    "[\"\\\\\\\"]",
    "[\"\\\t\"]",
    "[\"\\🌀\"]",
    "[\"\\\"]",
    "[\"\\u00A\"]",
    "[\"\\uD834\\uDd\"]",
    "[\"\\a\"]",
    "[\"\\uqqqq\"]",
    "[\\u0020\"asd\"]",
    "[\\n]",
    "\"",
    "['single quote']",
    "abc",
    "[\"\\",
    "[\"new\nline\"]",
    "[\"\t\"]",
    "\"\\UA66D\"",
    "\"\"x",
    "<.>",
    "[<null>]",
    "[1]x",
    "[1]]",
    "[\"asd]",
    "aå",
    "[True]",
    "1]",
    "{\"x\": true,",
    "[][]",
    "]",
    "{}}",
    "{\"\":",
    "{\"a\":/*comment*/\"b\"}",
    "{\"a\": true} \"x\"",
    "['",
    "[,",
    "[{",
    "[\"a",
    "[\"a\"",
    "{",
    "{]",
    "{,",
    "{[",
    "{\"a",
    "{'a'",
    "*",
    "{\"a\":\"b\"}#{}",
    "[\\u000A\"\"]",
    "[1",
    "[ false, nul",
    "[ true, fals",
    "å",
    "\u{feff}",
    "\u{c}[]",
    "[\u{2060}]",
    "\u{feff}{\"method\":\"tools/list\"}",
];

#[tokio::test]
async fn what_is_no_json_is_a_parse_error() {
    let server = start().await;
    for text in INVALID {
        let inside = format!(r#"{{"method":"tools/call","params":{{"name":"echo","arguments":{{"x":{text}}}}}}}"#);
        for body in [(*text).to_owned(), inside] {
            let answer = server.post(&[], &body).await;
            assert_eq!((answer.status, answer.error_code()), (400, Some(-32700)), "{body}");
            assert_eq!(answer.json()["id"], serde_json::Value::Null);
        }
    }
    for bytes in [
        &b"[\"\xff\"]"[..],
        b"[\"\xe5\"]",
        b"\xff\xfe[\x00]\x00",
        b"{\"method\":\"\xed\xa0\x80\"}",
    ] {
        let answer = server.post(&[], bytes).await;
        assert_eq!((answer.status, answer.error_code()), (400, Some(-32700)));
    }
}

#[tokio::test]
async fn what_is_json_is_read() {
    let server = start().await;
    for text in VALID {
        // By itself it is JSON, but no request.
        let answer = server.post(&[], text).await;
        assert_eq!((answer.status, answer.error_code()), (400, Some(-32600)), "{text}");
        // As an argument it arrives, in every era.
        let inside = format!(r#"{{"method":"tools/call","params":{{"name":"echo","arguments":{{"x":{text}}}}}}}"#);
        let answer = server.post(&[], &inside).await;
        assert_eq!(answer.status, 200, "{text}");
        let sent: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(answer.json()["result"]["structuredContent"]["got"]["x"], sent, "{text}");
        let modern = server
            .modern("tools/call", json!({ "name": "echo", "arguments": { "x": sent } }))
            .await;
        assert_eq!(modern.json()["result"]["structuredContent"]["got"]["x"], sent, "{text}");
    }
}

#[tokio::test]
async fn what_may_be_either_is_answered_in_json() {
    let server = start().await;
    for text in [
        "[123.456e-789]",
        "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]",
        "[-1e+9999]",
        "[1.5e+9999]",
        "[-123123e100000]",
        "[123123e100000]",
        "[123123123123123123123123123123]",
        "[\"\\uDADA\"]",
        "[\"\\uD888\\u1234\"]",
        "[\"\\uD800\\n\"]",
        "[\"\\uDd1ea\"]",
        "[\"\\uD800\\uD800\\n\"]",
        "[\"\\ud800\"]",
        "[\"\\uDFAA\"]",
        "{\"\\uDFAA\":0}",
    ] {
        for body in [
            text.to_owned(),
            format!(r#"{{"method":"tools/call","params":{{"name":"echo","arguments":{{"x":{text}}}}}}}"#),
        ] {
            let answer = server.post(&[], &body).await;
            assert!(answer.status < 500, "{body}");
            assert!(answer.json().is_object(), "{body}");
        }
    }
}

#[tokio::test]
async fn nesting_is_capped_and_never_overflows() {
    let server = start().await;
    let call = |depth: usize| {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        format!(r#"{{"method":"tools/call","params":{{"name":"echo","arguments":{{"x":{nested}}}}}}}"#)
    };
    assert_eq!(server.post(&[], call(61)).await.status, 200);
    for body in [
        call(62),
        "[".repeat(100_000),
        r#"{"a":"#.repeat(50_000),
        r#"[{"":"#.repeat(50_000),
    ] {
        let answer = server.post(&[], body).await;
        assert_eq!((answer.status, answer.error_code()), (400, Some(-32700)));
    }
}

#[tokio::test]
async fn requests_that_are_json_but_no_requests_are_told_so() {
    let server = start().await;
    let version = ("mcp-protocol-version", "2025-11-25");
    let strict = [version, ACCEPT, JSON];
    for (headers, body) in [
        (&[][..], r#"{}"#),
        (&[], r#"{"id":1}"#),
        (&[], r#"{"method":1,"id":1}"#),
        (&[], r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#),
        (&[], r#"{"id":{},"method":"tools/list"}"#),
        (&[], r#"{"id":1.5,"method":"tools/list"}"#),
        (&[], r#"{"id":true,"method":"tools/list"}"#),
        (&[], r#"{"id":1,"id":2,"method":"tools/list"}"#),
        (&[], r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#),
        (&[], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        (&strict, r#"{"id":1,"method":"tools/list"}"#),
        (&strict, r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#),
        (&strict, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        (&strict, r#"{"jsonrpc":"2.0","id":1}"#),
        (&strict, r#"{}"#),
    ] {
        let answer = server.post(headers, body).await;
        assert_eq!(
            (answer.status, answer.error_code()),
            (400, Some(-32600)),
            "{body}: {}",
            answer.body
        );
    }
    // Ids of either kind come back as they were.
    for id in [
        json!(0),
        json!(-5),
        json!("a\"b"),
        json!(9_007_199_254_740_993_i64),
        json!(""),
    ] {
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string();
        assert_eq!(server.post(&[], body).await.json()["id"], id);
    }
    for params in [json!([]), json!("x"), json!(1)] {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params }).to_string();
        let answer = server.post(&strict, body).await;
        assert!(
            matches!(answer.error_code(), Some(-32602 | -32600)),
            "{params}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn garbage_never_gets_anything_but_json() {
    let server = start().await;
    let seed = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"é"}}}"#;
    // Every prefix, and every place with one byte changed.
    for length in 0..seed.len() {
        let answer = server.post(&[], &seed.as_bytes()[..length]).await;
        assert_eq!((answer.status, answer.error_code()), (400, Some(-32700)), "{length}");
    }
    for place in 0..seed.len() {
        let mut bytes = seed.as_bytes().to_vec();
        bytes[place] ^= 0x15;
        let answer = server.post(&[], &bytes).await;
        assert!(
            answer.status < 500 && answer.json()["jsonrpc"] == "2.0",
            "{place}: {}",
            answer.body
        );
    }
}
