//! What there is beside the tools: resources, prompts, completion, skills and tasks, in both eras, with the scopes of the
//! operations behind them.

use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run};

const MODERN: &str = "2026-07-28";

fn disc(width: u32, height: u32) -> String {
    data_uri(&product(width, height))
}

/// One request of the newest revision. The header that names its object is what the protocol asks for.
async fn ask(studio: &Process, key: &str, method: &str, mut params: Value, extensions: &[&str]) -> (u16, Value) {
    let extensions: serde_json::Map<String, Value> =
        extensions.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": { "extensions": extensions },
    });
    let name = ["name", "uri", "taskId"]
        .iter()
        .find_map(|member| params[*member].as_str())
        .map(str::to_owned);
    let takes_name = !matches!(method, "skills/get" | "completion/complete");
    let mut request = studio
        .client
        .post(format!("{}/mcp", studio.url))
        .bearer_auth(key)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", method);
    if let Some(name) = name.filter(|_| takes_name) {
        request = request.header("mcp-name", name);
    }
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = request.json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

async fn result(studio: &Process, method: &str, params: Value) -> Value {
    let (status, answer) = ask(studio, &studio.key, method, params, &[]).await;
    assert_eq!(status, 200, "{method}: {answer}");
    assert!(answer["result"].is_object(), "{method}: {answer}");
    answer["result"].clone()
}

/// The same request of the last revision with a handshake.
async fn legacy(studio: &Process, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let request = studio
        .client
        .post(format!("{}/mcp", studio.url))
        .bearer_auth(&studio.key);
    let request = request
        .header("mcp-protocol-version", "2025-11-25")
        .header("accept", "application/json, text/event-stream");
    request
        .json(&body)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON")
}

async fn upload(studio: &Process) -> String {
    let made = studio
        .call("upload", json!({ "action": "url", "url": disc(64, 48) }))
        .await;
    made["asset_id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_listed_read_and_completed_in_both_eras() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = upload(&studio).await;
    for number in 0..55 {
        studio
            .call(
                "collections",
                json!({ "action": "create", "name": format!("c{number}") }),
            )
            .await;
    }

    let info = result(&studio, "server/discover", json!({})).await;
    let capabilities = &info["capabilities"];
    for held in ["tools", "resources", "prompts", "completions"] {
        assert!(capabilities[held].is_object(), "{held}: {capabilities}");
    }
    let extensions = capabilities["extensions"].as_object().expect("extensions");
    assert!(
        extensions.contains_key("io.modelcontextprotocol/tasks"),
        "{capabilities}"
    );
    assert!(
        extensions.contains_key("io.modelcontextprotocol/skills"),
        "{capabilities}"
    );
    // What is not served is not announced.
    assert!(
        capabilities["resources"].get("subscribe").is_none() && capabilities.get("logging").is_none(),
        "{capabilities}"
    );
    let server = &info["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert!(
        server["icons"][0]["src"]
            .as_str()
            .is_some_and(|src| src.starts_with("data:image/svg+xml")),
        "{server}"
    );

    let list = result(&studio, "resources/list", json!({})).await;
    let uris: Vec<&str> = list["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .filter_map(|row| row["uri"].as_str())
        .collect();
    assert!(
        uris.contains(&"guide://chaining") && uris.contains(&format!("asset://{id}").as_str()),
        "{uris:?}"
    );
    assert!(list["ttlMs"].is_number() && list["cacheScope"] == "private");
    let old = legacy(&studio, "resources/list", json!({})).await;
    assert_eq!(old["result"]["resources"].as_array().map(Vec::len), Some(uris.len()));
    assert!(old["result"].get("resultType").is_none() && old["result"].get("ttlMs").is_none());
    let templates = result(&studio, "resources/templates/list", json!({})).await;
    assert_eq!(templates["resourceTemplates"].as_array().map(Vec::len), Some(4));

    // The asset: what is known of it, and a small picture.
    let read = result(&studio, "resources/read", json!({ "uri": format!("asset://{id}") })).await;
    let about: Value = serde_json::from_str(read["contents"][0]["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(
        (about["asset_id"].as_str(), about["width"].as_u64()),
        (Some(id.as_str()), Some(64))
    );
    assert_eq!(read["contents"][1]["mimeType"], "image/webp");
    assert!(
        read["contents"][1]["blob"]
            .as_str()
            .is_some_and(|blob| blob.starts_with("UklGR"))
    );
    let preview = result(
        &studio,
        "resources/read",
        json!({ "uri": format!("asset://{id}/preview") }),
    )
    .await;
    assert_eq!(preview["contents"].as_array().map(Vec::len), Some(1));
    let schema = result(
        &studio,
        "resources/read",
        json!({ "uri": "model://image/aquatint/scene-preview/schema" }),
    )
    .await;
    let schema: Value = serde_json::from_str(schema["contents"][0]["text"].as_str().expect("text")).expect("JSON");
    assert_eq!(schema["type"], "object");
    let guide = legacy(&studio, "resources/read", json!({ "uri": "guide://masks" })).await;
    assert!(
        guide["result"]["contents"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("White is what changes"))
    );

    for unknown in [
        "asset://ast_00000000000000000000000000",
        "asset://../x",
        "guide://x",
        "job://x",
        "file:///etc/passwd",
        "skill://x/SKILL.md",
    ] {
        let (_, answer) = ask(&studio, &studio.key, "resources/read", json!({ "uri": unknown }), &[]).await;
        assert_eq!(answer["error"]["code"], -32602, "{unknown}: {answer}");
        let old = legacy(&studio, "resources/read", json!({ "uri": unknown })).await;
        assert!(old["error"]["code"].is_number(), "{unknown}: {old}");
    }

    let complete = async |reference: Value, argument: &str, value: &str| {
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": value } });
        let found = result(&studio, "completion/complete", params).await;
        found["completion"].clone()
    };
    let asset = json!({ "type": "ref/resource", "uri": "asset://{id}" });
    assert_eq!(complete(asset.clone(), "id", &id[..12]).await["values"], json!([id]));
    assert_eq!(
        complete(asset.clone(), "id", "imported").await["values"],
        json!([id]),
        "by words of the title"
    );
    let model = json!({ "type": "ref/resource", "uri": "model://{+id}/schema" });
    assert_eq!(
        complete(model, "id", "scene").await["values"],
        json!(["image/aquatint/scene-preview"])
    );
    let prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
    assert_eq!(
        complete(prompt("marketplace_listing"), "marketplace", "et").await["values"],
        json!(["etsy"])
    );
    assert_eq!(
        complete(prompt("social_pack"), "platforms", "x, link").await["values"],
        json!(["x, linkedin"])
    );
    let collections = complete(prompt("batch_cutout"), "collection", "c").await;
    assert!(
        collections["values"]
            .as_array()
            .is_some_and(|values| !values.is_empty() && values.len() <= 50),
        "{collections}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_filled_in_and_skills_are_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let list = result(&studio, "prompts/list", json!({})).await;
    let prompts = list["prompts"].as_array().expect("prompts");
    assert!(prompts.len() >= 5);
    for prompt in prompts {
        assert!(
            prompt["title"].is_string() && prompt["description"].is_string() && prompt["arguments"].is_array(),
            "{prompt}"
        );
        let needed = prompt["arguments"]
            .as_array()
            .expect("arguments")
            .iter()
            .filter(|argument| argument["required"] == true);
        let given: serde_json::Map<String, Value> = needed
            .map(|argument| (argument["name"].as_str().expect("a name").to_owned(), json!("THIS")))
            .collect();
        for answer in [
            result(
                &studio,
                "prompts/get",
                json!({ "name": prompt["name"], "arguments": given }),
            )
            .await,
            legacy(
                &studio,
                "prompts/get",
                json!({ "name": prompt["name"], "arguments": given }),
            )
            .await["result"]
                .clone(),
        ] {
            let text = answer["messages"][0]["content"]["text"].as_str().expect("text");
            assert!(text.contains("THIS") && !text.contains('{'), "{text}");
        }
    }
    for wrong in [
        json!({ "name": "product_shot" }),
        json!({ "name": "nothing", "arguments": {} }),
    ] {
        let (_, answer) = ask(&studio, &studio.key, "prompts/get", wrong.clone(), &[]).await;
        assert_eq!(answer["error"]["code"], -32602, "{wrong}: {answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .is_some_and(|message| message.len() > 20),
            "{answer}"
        );
    }

    let (_, unknown) = ask(
        &studio,
        &studio.key,
        "skills/get",
        json!({ "uri": "skill://x/SKILL.md" }),
        &["io.modelcontextprotocol/skills"],
    )
    .await;
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    let (_, listed) = ask(
        &studio,
        &studio.key,
        "skills/list",
        json!({}),
        &["io.modelcontextprotocol/skills"],
    )
    .await;
    let skills = listed["result"]["skills"].as_array().expect("skills").clone();
    assert!(skills.len() >= 3, "{listed}");
    for skill in skills {
        let uri = skill["uri"].clone();
        let (_, got) = ask(
            &studio,
            &studio.key,
            "skills/get",
            json!({ "uri": uri }),
            &["io.modelcontextprotocol/skills"],
        )
        .await;
        assert_eq!(got["result"]["skill"], skill, "{got}");
        let file = result(&studio, "resources/read", json!({ "uri": uri })).await;
        let text = file["contents"][0]["text"].as_str().expect("text");
        use sha2::Digest;
        let digest: String = sha2::Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(skill["resources"][0]["digest"], json!(format!("sha256:{digest}")));
        assert_eq!(skill["resources"][0]["size"], json!(text.len()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_may_not_do_by_tools_it_may_not_do_beside_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = upload(&studio).await;
    let poor = run(folder.path(), &["key", "create", "poor", "--scopes", "account:read"]);
    let uri = format!("asset://{id}");
    let (status, answer) = ask(&studio, &poor, "resources/read", json!({ "uri": uri }), &[]).await;
    assert_eq!(status, 403, "{answer}");
    let (status, answer) = ask(
        &studio,
        &poor,
        "tasks/get",
        json!({ "taskId": "job_00000000000000000000000000" }),
        &["io.modelcontextprotocol/tasks"],
    )
    .await;
    assert_eq!(status, 403, "{answer}");
    // The rest of the list is for everybody.
    let (status, answer) = ask(&studio, &poor, "resources/list", json!({}), &[]).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer.to_string().contains("guide://prices") && !answer.to_string().contains(&id),
        "{answer}"
    );

    // Another workspace's asset is as if it were not there.
    run(folder.path(), &["workspace", "create", "other"]);
    let other = run(folder.path(), &["key", "create", "other", "--workspace", "other"]);
    let (_, answer) = ask(&studio, &other, "resources/read", json!({ "uri": uri }), &[]).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let params = json!({ "ref": { "type": "ref/resource", "uri": "asset://{id}" }, "argument": { "name": "id", "value": "ast_" } });
    let (_, answer) = ask(&studio, &other, "completion/complete", params, &[]).await;
    assert_eq!(answer["result"]["completion"]["values"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_makes_a_job_is_a_task_where_that_is_declared() {
    const TASKS: &[&str] = &["io.modelcontextprotocol/tasks"];
    let folder = tempfile::tempdir().expect("a folder");
    let mut studio = Process::start(folder.path());
    let call =
        json!({ "name": "edit_image", "arguments": { "action": "upscale", "images": disc(300, 300), "scale": "4" } });
    let wait = async |studio: &Process, id: &Value| {
        for _ in 0..300 {
            let (_, answer) = ask(studio, &studio.key, "tasks/get", json!({ "taskId": id }), TASKS).await;
            assert!(answer["result"]["status"].is_string(), "{answer}");
            if answer["result"]["status"] != "working" {
                return answer["result"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("task {id} does not end");
    };

    // Who declares nothing gets the result, and no task in any case.
    let (_, plain) = ask(&studio, &studio.key, "tools/call", call.clone(), &[]).await;
    assert_eq!(plain["result"]["resultType"], "complete", "{plain}");
    let (status, undeclared) = ask(&studio, &studio.key, "tasks/get", json!({ "taskId": "job_x" }), &[]).await;
    assert_eq!(
        (status, undeclared["error"]["code"].as_i64()),
        (400, Some(-32021)),
        "{undeclared}"
    );

    let (_, begun) = ask(&studio, &studio.key, "tools/call", call.clone(), TASKS).await;
    let task = &begun["result"];
    assert_eq!(
        (task["resultType"].as_str(), task["status"].as_str()),
        (Some("task"), Some("working")),
        "{begun}"
    );
    let id = task["taskId"].clone();
    assert!(id.as_str().is_some_and(|id| id.starts_with("job_")), "{task}");
    let done = wait(&studio, &id).await;
    assert_eq!(
        (done["status"].as_str(), done["result"]["isError"].as_bool()),
        (Some("completed"), Some(false)),
        "{done}"
    );
    assert_eq!(
        done["result"]["structuredContent"]["outputs"][0]["width"], 1200,
        "{done}"
    );
    assert!(
        done["result"]["content"]
            .as_array()
            .expect("content")
            .iter()
            .any(|block| block["type"] == "resource_link")
    );

    // A call that makes no job, and one that only prices, are answered as ever.
    for quick in [
        json!({ "name": "account", "arguments": { "action": "credits" } }),
        json!({ "name": "edit_image", "arguments": { "action": "upscale", "images": disc(30, 30), "dry_run": true } }),
        json!({ "name": "edit_image", "arguments": { "action": "upscale", "images": "ast_nothing" } }),
    ] {
        let (_, answer) = ask(&studio, &studio.key, "tools/call", quick, TASKS).await;
        assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    }
    for unknown in ["job_00000000000000000000000000", "x"] {
        for method in ["tasks/get", "tasks/cancel"] {
            let (_, answer) = ask(&studio, &studio.key, method, json!({ "taskId": unknown }), TASKS).await;
            assert_eq!(answer["error"]["code"], -32602, "{method} {unknown}: {answer}");
        }
    }

    // Cancelled: acknowledged, seen by the next look, and again is no error.
    let long = json!({ "name": "generate_media", "arguments": { "model": "video/aquatint/pan-zoom", "images": disc(900, 900), "prompt": "slow", "duration_seconds": 8 } });
    let (_, begun) = ask(&studio, &studio.key, "tools/call", long, TASKS).await;
    let id = begun["result"]["taskId"].clone();
    assert!(id.is_string(), "{begun}");
    for _ in 0..2 {
        let (_, cancelled) = ask(&studio, &studio.key, "tasks/cancel", json!({ "taskId": id }), TASKS).await;
        assert_eq!(cancelled["result"]["resultType"], "complete", "{cancelled}");
    }
    let (_, updated) = ask(
        &studio,
        &studio.key,
        "tasks/update",
        json!({ "taskId": id, "inputResponses": {} }),
        TASKS,
    )
    .await;
    assert_eq!(updated["result"]["resultType"], "complete", "{updated}");
    assert_eq!(wait(&studio, &id).await["status"], "cancelled");

    // A task outlives the process that began it.
    let (_, begun) = ask(&studio, &studio.key, "tools/call", call, TASKS).await;
    let id = begun["result"]["taskId"].clone();
    let key = studio.key.clone();
    drop(studio);
    studio = Process::start(folder.path());
    studio.key = key;
    let done = wait(&studio, &id).await;
    assert_eq!(done["status"], "completed", "{done}");
}

/// Listens until the stream ends; gives the messages in it.
async fn listened(studio: &Process, key: &str, tasks: &Value, extensions: &Value) -> (u16, Vec<Value>) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": { "extensions": extensions },
    });
    let params = json!({ "notifications": { "taskIds": tasks }, "_meta": meta });
    let body = json!({ "jsonrpc": "2.0", "id": "ear", "method": "subscriptions/listen", "params": params });
    let request = studio.client.post(format!("{}/mcp", studio.url)).bearer_auth(key);
    let request = request
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", "subscriptions/listen");
    let answer = request.json(&body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a stream that ends");
    let messages = match text.strip_prefix('{') {
        Some(_) => vec![serde_json::from_str(&text).expect("JSON")],
        None => text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).expect("JSON"))
            .collect(),
    };
    (status, messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_to_a_task_hears_of_its_end() {
    const TASKS: &[&str] = &["io.modelcontextprotocol/tasks"];
    let declared = json!({ "io.modelcontextprotocol/tasks": {} });
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let call = json!({ "name": "generate_media", "arguments": {
        "model": "image/aquatint/scene-preview", "prompt": "shelves", "width": 1024, "height": 1024, "count": 2 } });
    let (_, begun) = ask(&studio, &studio.key, "tools/call", call, TASKS).await;
    let id = begun["result"]["taskId"].clone();
    assert!(id.is_string(), "{begun}");
    let wanted = json!([id, "job_00000000000000000000000000", "nonsense"]);
    let (status, heard) = listened(&studio, &studio.key, &wanted, &declared).await;
    assert_eq!(status, 200, "{heard:?}");
    let (first, last) = (&heard[0], heard.last().expect("messages"));
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
    assert_eq!(first["params"]["notifications"]["taskIds"], json!([id]));
    assert_eq!(
        (&last["id"], &last["result"]["resultType"]),
        (&json!("ear"), &json!("complete"))
    );
    let news = &heard[1..heard.len() - 1];
    for note in news {
        assert_eq!(
            (&note["method"], &note["params"]["taskId"]),
            (&json!("notifications/tasks"), &id),
            "{note}"
        );
        assert_eq!(note["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "ear");
    }
    let end = &news.last().expect("news")["params"];
    assert_eq!(end["status"], "completed", "{end}");
    assert_eq!(
        end["result"]["structuredContent"]["outputs"].as_array().map(Vec::len),
        Some(2),
        "{end}"
    );
    assert_eq!(
        news.iter()
            .filter(|note| note["params"]["status"] == "completed")
            .count(),
        1
    );

    // What has ended is told at once; what is not there is not, and the stream is over.
    let (_, heard) = listened(&studio, &studio.key, &json!([id]), &declared).await;
    assert_eq!((heard.len(), &heard[1]["params"]["status"]), (3, &json!("completed")));
    let (_, heard) = listened(&studio, &studio.key, &json!(["nonsense"]), &declared).await;
    assert_eq!(heard.len(), 2, "{heard:?}");

    // Without the extension there is nothing to listen to; without the scope it is refused; another workspace hears nothing.
    let (_, refused) = listened(&studio, &studio.key, &json!([id]), &json!({})).await;
    assert!(refused[0]["error"].is_object(), "{refused:?}");
    let poor = run(folder.path(), &["key", "create", "poor", "--scopes", "account:read"]);
    let (status, _) = listened(&studio, &poor, &json!([id]), &declared).await;
    assert_eq!(status, 403);
    run(folder.path(), &["workspace", "create", "other"]);
    let other = run(folder.path(), &["key", "create", "other", "--workspace", "other"]);
    let (_, heard) = listened(&studio, &other, &json!([id]), &declared).await;
    assert_eq!(heard[0]["params"]["notifications"]["taskIds"], json!([]), "{heard:?}");
    let many: Vec<String> = (0..33).map(|place| format!("job_{place}")).collect();
    let (_, refused) = listened(&studio, &studio.key, &json!(many), &declared).await;
    assert!(refused[0].to_string().contains("32"), "{refused:?}");
}
