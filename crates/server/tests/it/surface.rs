//! The whole surface with a real studio behind it: what tools/list costs, and that what every action says
//! fits what the list promises.
// Only tests talk to the server; the guarded fetcher would refuse loopback.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run};

/// What the native list may cost a model, in tokens of o200k_base.
const LIST_MAX_TOKENS: usize = 6_000;

async fn listed(studio: &Process) -> Value {
    let answer = studio
        .client
        .post(format!("{}/mcp", studio.url))
        .bearer_auth(&studio.key)
        .body(r#"{"method":"tools/list"}"#)
        .send()
        .await
        .expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    answer["result"]["tools"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_cheap_and_every_answer_fits_its_output_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let tools = listed(&studio).await;
    let tokens = tiktoken_rs::o200k_base()
        .expect("the vocabulary is built in")
        .encode_ordinary(&tools.to_string())
        .len();
    println!("tools/list costs {tokens} tokens");
    assert!(tokens < LIST_MAX_TOKENS, "{tokens} tokens");

    let mut schemas = BTreeMap::new();
    let mut promised = BTreeSet::new();
    for tool in tools.as_array().expect("tools") {
        let name = tool["name"].as_str().expect("a name").to_owned();
        let schema = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
        match tool["inputSchema"]["properties"]["action"]["enum"].as_array() {
            Some(actions) => promised.extend(
                actions
                    .iter()
                    .map(|action| (name.clone(), action.as_str().expect("a word").to_owned())),
            ),
            None => {
                promised.insert((name.clone(), String::new()));
            }
        }
        schemas.insert(name, schema);
    }
    let mut tried = BTreeSet::new();
    let mut call = async |tool: &str, arguments: Value, should_fail: bool| {
        let result = studio.tool(tool, arguments.clone()).await;
        assert_eq!(
            result["isError"] == true,
            should_fail,
            "{tool} {arguments}: {}",
            result["structuredContent"]
        );
        let schema = &schemas[tool];
        let content = &result["structuredContent"];
        let wrong: Vec<String> = schema
            .iter_errors(content)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{tool} {arguments}: {wrong:?} in {content}");
        if !should_fail {
            tried.insert((
                tool.to_owned(),
                arguments["action"].as_str().unwrap_or_default().to_owned(),
            ));
        }
        content.clone()
    };

    // Every action once, with what an earlier one gave.
    let picture = data_uri(&product(96, 96));
    let edits = [
        ("remove_background", json!({})),
        ("upscale", json!({ "scale": "2" })),
        ("expand", json!({ "aspect_ratio": "16:9" })),
        ("replace_background", json!({ "background": "#ff8800" })),
        ("erase", json!({ "mask": [30, 30, 12, 12] })),
        ("enhance", json!({})),
        ("adjust", json!({ "contrast": 20 })),
        ("compose", json!({ "layers": [{ "text": "Sale" }] })),
        ("resize", json!({ "width": 40 })),
        ("crop", json!({ "x": 4, "y": 4, "width": 20, "height": 20 })),
        ("rotate", json!({ "degrees": 90 })),
        ("convert", json!({ "output_format": "webp" })),
    ];
    let mut asset = Value::Null;
    let mut job = Value::Null;
    for (action, more) in &edits {
        let mut arguments = json!({ "action": action, "images": picture, "wait_seconds": 25 });
        for (name, value) in more.as_object().expect("members") {
            arguments[name] = value.clone();
        }
        let view = call("edit_image", arguments.clone(), false).await;
        assert_eq!(view["status"], "succeeded", "{action}: {view}");
        asset = view["outputs"][0]["asset_id"].clone();
        job = view["job_id"].clone();
        arguments["dry_run"] = json!(true);
        call("edit_image", arguments, false).await;
    }
    let batch = json!({ "action": "resize", "width": 20, "images": [asset, asset], "wait_seconds": 25 });
    call("edit_image", batch, false).await;
    let model = "image/aquatint/scene-preview";
    let order = json!({ "model": model, "prompt": "a box on sand", "width": 256, "height": 256 });
    let generated = call("generate_media", order, false).await;
    call(
        "get_job_status",
        json!({ "job_id": generated["job_id"], "sync": true }),
        false,
    )
    .await;
    for (action, more) in [
        ("list", json!({ "type": "image" })),
        ("list", json!({ "type": "video" })),
        ("search", json!({ "query": "scene" })),
        ("get", json!({ "model": model })),
        ("recommend", json!({ "task": "a product photo" })),
        ("schema", json!({ "model": model })),
        ("styles", json!({})),
        ("shapes", json!({})),
    ] {
        call("models", with_action(action, more), false).await;
    }
    let made = call(
        "collections",
        json!({ "action": "create", "name": "All", "asset_ids": [asset] }),
        false,
    )
    .await;
    let collection = made["collection_id"].clone();
    for (action, more) in [
        ("list", json!({})),
        ("search", json!({ "query": "all" })),
        ("get", json!({ "collection_id": collection })),
        ("add", json!({ "collection_id": collection, "asset_ids": [asset] })),
    ] {
        call("collections", with_action(action, more), false).await;
    }
    let link = call(
        "share_links",
        json!({ "action": "create", "asset_ids": [asset], "title": "For you" }),
        false,
    )
    .await;
    let share = link["share_id"].clone();
    for (action, more) in [
        ("list", json!({})),
        ("get", json!({ "share_id": share })),
        ("update", json!({ "share_id": share, "expires_in_days": 3 })),
        ("contents", json!({ "share_id": share })),
        ("create", json!({ "collection_id": collection })),
    ] {
        call("share_links", with_action(action, more), false).await;
    }
    for (action, more) in [
        ("list", json!({})),
        ("list", json!({ "collection_id": collection })),
        ("search", json!({ "query": "rotate" })),
        ("get", json!({ "asset_id": asset })),
    ] {
        call("assets", with_action(action, more), false).await;
    }
    call(
        "upload",
        json!({ "action": "upload_url", "file_name": "photo.jpg" }),
        false,
    )
    .await;
    for (action, more) in [
        ("credits", json!({})),
        ("usage_history", json!({})),
        ("usage_history", json!({ "by": "day" })),
        (
            "estimate",
            json!({ "tool": "edit_image", "arguments": { "action": "upscale", "images": [asset], "scale": "2" } }),
        ),
    ] {
        call("account", with_action(action, more), false).await;
    }
    call("get_job_status", json!({ "job_id": job }), false).await;
    let long = json!({ "model": model, "prompt": "a shelf of bottles", "width": 1536, "height": 1536, "count": 4 });
    let long = call("generate_media", long, false).await;
    call("cancel_job", json!({ "job_id": long["job_id"] }), false).await;
    call("cancel_job", json!({ "job_id": job }), true).await;
    call("display", json!({ "asset_ids": [asset] }), false).await;
    call("display", json!({ "collection_id": collection }), false).await;

    let graph = |width: u32| {
        json!({
            "nodes": [{ "id": "photo", "type": "input.image", "alias": "photo_in" }, { "id": "small", "type": "edit.resize", "settings": { "width": width } }],
            "edges": [{ "from": "photo", "to": "small" }],
        })
    };
    let pipeline = with_action("create", json!({ "name": "Small", "graph": graph(8) }));
    let pipeline = call("pipelines", pipeline, false).await["pipeline_id"].clone();
    let named = |more: Value| {
        let mut all = json!({ "pipeline_id": pipeline });
        all.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        all
    };
    let file = call("pipelines", with_action("export", named(json!({}))), false).await;
    let run = with_action("run", named(json!({ "inputs": { "photo_in": asset }, "sync": true })));
    let run = call("pipelines", run, false).await["run_id"].clone();
    for (action, more) in [
        ("list", json!({})),
        ("search", json!({ "query": "small" })),
        ("get", named(json!({}))),
        (
            "run",
            named(json!({ "inputs": { "photo_in": asset }, "dry_run": true })),
        ),
        ("list_runs", json!({})),
        ("get_run", json!({ "run_id": run })),
        ("list_node_types", json!({})),
        ("list_node_types", json!({ "type": "edit.resize" })),
        ("validate", json!({ "graph": graph(16) })),
        ("update", named(json!({ "graph": graph(16) }))),
        ("duplicate", named(json!({}))),
        ("import", json!({ "file": file })),
        ("publish", named(json!({}))),
    ] {
        call("pipelines", with_action(action, more), false).await;
    }
    let cancel = |run: &Value| with_action("cancel_run", json!({ "run_id": run }));
    call("pipelines", cancel(&run), true).await;
    let many = json!({
        "nodes": [{ "id": "photo", "type": "input.image" }, { "id": "sides", "type": "flow.loop", "settings": { "items": (1_500..1_540).collect::<Vec<_>>() } }, { "id": "large", "type": "edit.resize" }],
        "edges": [{ "from": "photo", "to": "large" }, { "from": "sides", "to": "large.width" }],
    });
    let many = with_action("create", json!({ "name": "Many", "graph": many }));
    let many = call("pipelines", many, false).await["pipeline_id"].clone();
    let many = with_action("run", json!({ "pipeline_id": many, "inputs": { "photo": asset } }));
    let many = call("pipelines", many, false).await["run_id"].clone();
    call("pipelines", cancel(&many), false).await;
    for (run, should_fail) in [(&many, false), (&run, true)] {
        let retry = with_action("retry_run", json!({ "run_id": run, "dry_run": true }));
        call("pipelines", retry, should_fail).await;
    }
    call("display_pipeline", named(json!({ "run_id": run })), false).await;

    // A failure of each tool fits too. One action of the list cannot work here: it fetches from outside.
    for (tool, arguments) in [
        (
            "edit_image",
            json!({ "action": "upscale", "images": "ast_00000000000000000000000000" }),
        ),
        (
            "generate_media",
            json!({ "model": "image/nobody/nothing", "prompt": "x" }),
        ),
        ("models", json!({ "action": "get", "model": "image/nobody/nothing" })),
        (
            "assets",
            json!({ "action": "get", "asset_id": "ast_00000000000000000000000000" }),
        ),
        (
            "upload",
            json!({ "action": "url", "url": "http://127.0.0.1/private.png" }),
        ),
        (
            "collections",
            json!({ "action": "get", "collection_id": "col_00000000000000000000000000" }),
        ),
        (
            "share_links",
            json!({ "action": "get", "share_id": "shr_00000000000000000000000000" }),
        ),
        (
            "account",
            json!({ "action": "estimate", "tool": "no_such", "arguments": {} }),
        ),
        ("get_job_status", json!({ "job_id": "job_00000000000000000000000000" })),
        ("cancel_job", json!({ "job_id": "job_00000000000000000000000000" })),
        ("display", json!({ "collection_id": "col_00000000000000000000000000" })),
        ("pipelines", json!({ "action": "get", "pipeline_id": "nobody's" })),
        ("display_pipeline", json!({ "pipeline_id": "nobody's" })),
    ] {
        call(tool, arguments, true).await;
    }
    tried.insert(("upload".into(), "url".into()));
    assert_eq!(tried, promised, "every action of the list was tried");
}

fn with_action(action: &str, mut arguments: Value) -> Value {
    arguments["action"] = json!(action);
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_job_tell_its_way_and_end_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let order = json!({
        "model": "image/aquatint/scene-preview", "prompt": "a vase on wood", "width": 512, "height": 512, "count": 2,
    });
    let (status, job) = studio.rest("POST", "/generate", Some(order)).await;
    assert_eq!(status, 202, "{job}");
    let id = job["job_id"].as_str().expect("an id");
    let answer = studio
        .client
        .get(format!("{}/api/v1/jobs/{id}/events", studio.url))
        .bearer_auth(&studio.key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.expect("the stream is whole")).expect("UTF-8"));
    }
    let events: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    assert!(events.len() >= 2, "{text}");
    assert!(text.lines().any(|line| line == "event: job" || line == "event:job"));
    let (_, ended) = studio.rest("GET", &format!("/jobs/{id}"), None).await;
    assert_eq!(ended["status"], "succeeded", "the stream ended with the job: {ended}");
    // Nobody else hears of it.
    let (status, problem) = studio
        .rest("GET", "/jobs/job_00000000000000000000000000/events", None)
        .await;
    assert_eq!((status, &problem["code"]), (404, &json!("not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_ends_when_its_readers_key_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let key = run(folder.path(), &["key", "create", "reader"]);
    let listen = |secret: String| {
        let request = studio.client.get(format!("{}/api/v1/events", studio.url));
        async move { request.bearer_auth(secret).send().await.expect("an answer") }
    };
    let (mut of_reader, mut of_other) = (listen(key).await, listen(studio.key.clone()).await);
    assert!(of_reader.status().is_success() && of_other.status().is_success());
    let listed = run(folder.path(), &["key", "list"]);
    let line = listed.lines().find(|line| line.contains("reader")).expect("a line");
    run(
        folder.path(),
        &["key", "revoke", line.split_whitespace().next().expect("an id")],
    );
    let end = async {
        while let Some(part) = of_reader.chunk().await.expect("bytes") {
            assert!(!part.starts_with(b"event"), "nothing happened");
        }
    };
    tokio::time::timeout(Duration::from_secs(30), end)
        .await
        .expect("it ends");
    // The other key hears on.
    let order = json!({ "model": "image/aquatint/scene-preview", "prompt": "a vase", "width": 256, "height": 256 });
    assert_eq!(studio.rest("POST", "/generate", Some(order)).await.0, 202);
    let news = async {
        loop {
            let part = of_other.chunk().await.expect("bytes").expect("it goes on");
            if part.starts_with(b"event") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), news)
        .await
        .expect("it hears");
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_pages_repeats_and_refuses_as_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let picture = data_uri(&product(64, 64));
    let edit = |key: &'static str, width: u32| {
        let body = json!({ "images": picture, "width": width, "wait_seconds": 25 });
        let request = studio.client.post(format!("{}/api/v1/edit/resize", studio.url));
        request
            .bearer_auth(&studio.key)
            .header("idempotency-key", key)
            .json(&body)
            .send()
    };
    let mut jobs = BTreeSet::new();
    for (key, width) in [("one", 10), ("one", 10), ("two", 11), ("three", 12), ("four", 13)] {
        let answer = edit(key, width).await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let view: Value = answer.json().await.expect("JSON");
        jobs.insert(view["job_id"].as_str().expect("an id").to_owned());
    }
    assert_eq!(jobs.len(), 4, "the repeated key found the first job");
    let other = edit("one", 99).await.expect("an answer");
    assert_eq!(other.status(), 409);
    assert_eq!(other.headers()["content-type"], "application/problem+json");
    let problem: Value = other.json().await.expect("JSON");
    for member in ["type", "title", "status", "detail", "code", "request_id"] {
        assert!(!problem[member].is_null(), "{member} is missing in {problem}");
    }

    let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
    let mut pages = 0;
    loop {
        let (status, page) = studio.rest("GET", &format!("/assets?limit=2{cursor}"), None).await;
        assert_eq!(status, 200, "{page}");
        let items = page["assets"].as_array().expect("assets");
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["asset_id"].as_str().expect("an id").to_owned()),
        );
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // One picture that was sent five times is one asset; four results.
    assert_eq!((seen.len(), pages), (5, 3));
    for (path, status) in [
        ("/assets?limit=0", 400),
        ("/assets?cursor=nonsense", 400),
        ("/assets?colour=red", 400),
        ("/assets/ast_00000000000000000000000000", 404),
        ("/nothing", 404),
    ] {
        let (found, problem) = studio.rest("GET", path, None).await;
        assert_eq!(found, status, "{path}: {problem}");
        assert!(problem["code"].is_string(), "{path}: {problem}");
    }
}
