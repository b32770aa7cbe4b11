//! Krea's seven tools, and the one of its prose.

use aquatint_domain::Timestamp;
use serde_json::{Value, json};

use super::{Client, with_an_empty_plan, without_credits};
use crate::pictures::{data_uri, product};
use crate::process::Process;

const PATH: &str = "/mcp/krea";
const MODEL: &str = "image/aquatint/scene-preview";

async fn completed(client: &Client<'_>, id: &Value) -> Value {
    for _ in 0..400 {
        let job = client.call("get_job", json!({ "jobId": id })).await;
        assert_eq!(job["job_id"], *id);
        match job["status"].as_str() {
            Some("completed" | "failed" | "cancelled") => return job,
            Some("backlogged" | "queued" | "scheduled" | "processing" | "sampling" | "intermediate-complete") => {}
            _ => panic!("not a word of Krea's: {job}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{id} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_found_looked_at_used_and_polled() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);
    let models = client.call("list_models", json!({})).await;
    let models = models["models"].as_array().expect("models");
    assert!(
        models
            .iter()
            .any(|model| model["id"] == MODEL && model["type"] == "image")
    );
    assert!(models.iter().any(|model| model["type"] == "video"));
    for name in ["model", "model_id"] {
        let schema = client.call("get_model_schema", json!({ name: MODEL })).await;
        assert_eq!(schema["model"], MODEL);
        assert!(schema["input_schema"]["properties"]["prompt"].is_object());
    }

    // Inputs beside the model, and within `inputs`; both answer at once.
    let small = json!({ "prompt": "a cup", "width": 512, "height": 512, "seed": 3 });
    let mut flat = small.clone();
    flat["model"] = json!(MODEL);
    for order in [
        flat,
        json!({ "model": MODEL, "inputs": small }),
        json!({ "model_id": MODEL, "input": small }),
    ] {
        let job = client.call("generate", order).await;
        assert!(job["job_id"].is_string() && job["created_at"].is_string(), "{job}");
        let done = completed(&client, &job["job_id"]).await;
        assert!(done["completed_at"].is_string(), "{done}");
        let urls = done["result"]["urls"].as_array().expect("URLs");
        assert_eq!(urls.len(), 1);
        studio.bytes(&urls[0]).await;
    }
    let waited = client
        .call(
            "generate",
            json!({ "model": MODEL, "prompt": "a vase", "width": 256, "height": 256, "sync": true }),
        )
        .await;
    assert_eq!(waited["status"], "completed", "{waited}");
    let by_other_name = client.call("get_job", json!({ "job_id": waited["job_id"] })).await;
    assert_eq!(by_other_name["status"], "completed");
    // The same job by another door, in its words.
    let native = studio
        .call("get_job_status", json!({ "job_id": waited["job_id"] }))
        .await;
    assert_eq!(native["status"], "succeeded");

    // A video from an image of Krea's spelling.
    let film = client
        .call(
            "generate",
            json!({ "model": "video/aquatint/pan-zoom", "start_image": waited["result"]["urls"][0], "duration": 1, "width": 128, "height": 128, "sync": true }),
        )
        .await;
    assert_eq!(film["status"], "completed", "{film}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_cancelled_once_and_is_not_billed() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);
    let long = json!({ "model": MODEL, "prompt": "shelves", "width": 2048, "height": 2048, "count": 10 });
    let job = client.call("generate", long).await;
    let gone = client.call("cancel_job", json!({ "jobId": job["job_id"] })).await;
    assert_eq!(gone, json!({ "job_id": job["job_id"], "deleted": true }));
    assert_eq!(completed(&client, &job["job_id"]).await["status"], "cancelled");
    let listed = studio.rest("GET", "/jobs", None).await.1;
    assert!(
        !listed.to_string().contains(job["job_id"].as_str().expect("an id")),
        "{listed}"
    );
    assert!(super::charges(&studio).await.is_empty());

    let done = client
        .call(
            "generate",
            json!({ "model": MODEL, "prompt": "a cup", "width": 256, "height": 256, "sync": true }),
        )
        .await;
    let problem = client.refused("cancel_job", json!({ "job_id": done["job_id"] })).await;
    assert_eq!(
        (&problem["error"], &problem["details"]["status"]),
        (&json!("conflict"), &json!("completed")),
        "{problem}"
    );
    for id in ["nothing", "job_00000000000000000000000000"] {
        for tool in ["get_job", "cancel_job"] {
            let problem = client.refused(tool, json!({ "jobId": id })).await;
            assert_eq!(
                (&problem["error"], &problem["status"]),
                (&json!("not_found"), &json!(404)),
                "{tool} {id}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_and_go_into_models() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);
    let opened = client.call("get_upload_url", json!({ "file_name": "cup.png" })).await;
    let now = Timestamp::now();
    let until: Timestamp = opened["expires_at"].as_str().expect("a time").parse().expect("a time");
    let hours = (until.as_second() - now.as_second()) as f64 / 3_600.0;
    assert!((hours - 3.0).abs() < 0.05, "{hours} hours");
    let url = opened["upload_url"].as_str().expect("a URL");
    let boundary = "----here";
    let mut body = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cup.png\"\r\nContent-Type: image/png\r\n\r\n").into_bytes();
    body.extend_from_slice(&product(64, 48));
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let send = studio
        .client
        .post(url)
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(body);
    let uploaded: Value = send.send().await.expect("an answer").json().await.expect("JSON");
    let asset_url = uploaded["url"].as_str().unwrap_or_else(|| panic!("{uploaded}"));

    let saved = client
        .call(
            "upload_asset",
            json!({ "url": data_uri(&product(40, 30)), "description": "A cup" }),
        )
        .await;
    assert_eq!(
        (&saved["width"], &saved["mime_type"], &saved["description"]),
        (&json!(40), &json!("image/png"), &json!("A cup")),
        "{saved}"
    );
    assert!(saved["id"].is_string() && saved["image_url"].is_string() && saved["size_bytes"].is_number());

    let video = "video/aquatint/pan-zoom";
    for source in [
        json!(asset_url),
        saved["image_url"].clone(),
        json!(data_uri(&product(36, 36))),
    ] {
        let film = client
            .call(
                "generate",
                json!({ "model": video, "images": [source], "duration_seconds": 1, "width": 128, "height": 128 }),
            )
            .await;
        assert_eq!(completed(&client, &film["job_id"]).await["status"], "completed");
    }
    let both = format!("{asset_url},{}", saved["image_url"].as_str().expect("a URL"));
    let problem = client
        .refused("generate", json!({ "model": video, "start_image": both }))
        .await;
    assert_eq!(problem["error"], "invalid_request", "{problem}");
    assert!(
        problem["message"]
            .as_str()
            .is_some_and(|text| text.contains("2 media in one text")),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_does_not_take_sends_the_agent_to_its_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    with_an_empty_plan(folder.path());
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);
    for (order, field) in [
        (json!({ "model": MODEL }), "prompt"),
        (json!({ "model": MODEL, "prompt": "x", "width": 4097 }), "width"),
        (json!({ "model": MODEL, "prompt": "x", "guidance": 3 }), "inputs"),
        (
            json!({ "model": MODEL, "inputs": { "prompt": "x" }, "prompt": "y" }),
            "prompt",
        ),
        (json!({ "model": "image/none/such", "prompt": "x" }), "model"),
    ] {
        let problem = client.refused("generate", order.clone()).await;
        assert_eq!(
            (&problem["error"], &problem["field"]),
            (&json!("invalid_request"), &json!(field)),
            "{order}: {problem}"
        );
        let text = problem.to_string();
        assert!(
            !text.contains("`models`"),
            "it tells of tools that are not here: {text}"
        );
    }
    let schema = client
        .refused("generate", json!({ "model": MODEL, "prompt": "x", "width": "wide" }))
        .await;
    assert!(
        schema["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("get_model_schema")),
        "{schema}"
    );
    let unknown = client
        .refused("get_model_schema", json!({ "model": "image/none/such" }))
        .await;
    assert_eq!(unknown["error"], "not_found");

    without_credits(folder.path());
    let problem = client
        .refused("generate", json!({ "model": MODEL, "prompt": "x" }))
        .await;
    assert_eq!(
        (&problem["error"], &problem["status"]),
        (&json!("insufficient_credits"), &json!(402))
    );
    let hint = problem["hint"].as_str().expect("a hint");
    assert!(hint.contains("API balance") && hint.contains("http"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_app_is_a_published_pipeline() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, PATH);
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image", "alias": "product" },
            { "id": "small", "type": "edit.resize", "settings": { "width": 20 } },
            { "id": "banner", "type": "output" },
        ],
        "edges": [{ "from": "photo", "to": "small" }, { "from": "small", "to": "banner" }],
    });
    let made = studio
        .call(
            "pipelines",
            json!({ "action": "create", "name": "Small", "graph": graph }),
        )
        .await;
    let id = made["pipeline_id"].as_str().expect("an id").to_owned();
    let order = json!({ "version_id": id, "inputs": { "product": data_uri(&product(48, 48)) } });
    let problem = client.refused("execute_node_app", order.clone()).await;
    assert_eq!(
        (&problem["error"], &problem["field"]),
        (&json!("not_found"), &json!("version_id")),
        "{problem}"
    );

    studio
        .call("pipelines", json!({ "action": "publish", "pipeline_id": id }))
        .await;
    let job = client.call("execute_node_app", order.clone()).await;
    let done = completed(&client, &job["job_id"]).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(done["result"]["urls"].as_array().map(Vec::len), Some(1), "{done}");
    assert!(
        done["result"]["outputs"]["banner"]
            .as_str()
            .is_some_and(|url| url.starts_with("http")),
        "{done}"
    );

    let mut waited = order;
    waited["version_id"] = json!(format!("{id}@1"));
    waited["sync"] = json!(true);
    assert_eq!(
        client.call("execute_node_app", waited.clone()).await["status"],
        "completed"
    );
    waited["version_id"] = json!(format!("{id}@7"));
    client.refused("execute_node_app", waited).await;
    let problem = client.refused("cancel_job", json!({ "jobId": job["job_id"] })).await;
    assert_eq!(problem["details"]["status"], "completed", "{problem}");
}
