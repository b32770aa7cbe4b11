//! The studio surface: the journeys of its documentation, and its errors.

use serde_json::{Value, json};

use super::{Client, with_an_empty_plan, without_credits};
use crate::pictures::{data_uri, product};
use crate::process::Process;

const MODEL: &str = "image/aquatint/scene-preview";

async fn finished(client: &Client<'_>, job: &Value) -> Value {
    for _ in 0..8 {
        let job = client
            .call("get_job_status", json!({ "job_id": job, "sync": true }))
            .await;
        if matches!(job["status"].as_str(), Some("succeeded" | "failed" | "cancelled")) {
            return job;
        }
    }
    panic!("{job} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_six_journeys_work_end_to_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    for path in ["/mcp/pixelcut", "/mcp/pixa"] {
        let client = Client::new(&studio, path);
        let credits = client.call("account", json!({ "action": "credits" })).await;
        assert_eq!(credits["spends_from"], "api", "{credits}");
        client.call("account", json!({ "action": "usage_history" })).await;

        // A local file comes in by the command that is handed out; `method` is `action`.
        let opened = client
            .call("upload", json!({ "method": "upload_url", "file_name": "photo.png" }))
            .await;
        assert!(opened["curl"].as_str().is_some_and(|curl| curl.starts_with("curl ")));
        let url = opened["upload_url"].as_str().expect("a URL");
        let sent = studio
            .client
            .put(url)
            .body(product(96, 96))
            .send()
            .await
            .expect("an answer");
        let uploaded: Value = sent.json().await.expect("JSON");
        let photo = uploaded["asset_id"].clone();
        let other = client
            .call("upload", json!({ "action": "url", "url": data_uri(&product(80, 60)) }))
            .await;
        assert!(other["id"].is_string() && other["url"].is_string() && other["content_type"] == "image/png");

        // 1. "Remove the background from this product photo."
        let cut = client
            .call(
                "edit_image",
                json!({ "action": "remove_background", "images": photo, "sync": true }),
            )
            .await;
        let transparent = client
            .call(
                "assets",
                json!({ "action": "get", "asset_id": cut["outputs"][0]["asset_id"] }),
            )
            .await;
        assert_eq!(transparent["has_alpha"], true, "{transparent}");

        // 2. "Upscale all images in my 'Product Shots' collection to 4x."
        let shots = json!({ "action": "create", "name": "Product Shots", "asset_ids": [photo, other["id"]] });
        let shots = client.call("collections", shots).await;
        let listed = client
            .call(
                "assets",
                json!({ "action": "list", "collection_id": shots["collection_id"] }),
            )
            .await;
        let ids: Vec<&Value> = listed["assets"]
            .as_array()
            .expect("assets")
            .iter()
            .map(|asset| &asset["asset_id"])
            .collect();
        assert_eq!(ids.len(), 2);
        let batch = client
            .call(
                "edit_image",
                json!({ "action": "upscale", "scale": "4", "images": ids }),
            )
            .await;
        let batch = finished(&client, &batch["job_id"]).await;
        assert_eq!(batch["outputs"].as_array().map(Vec::len), Some(2), "{batch}");
        let single = client
            .call(
                "edit_image",
                json!({ "action": "upscale", "scale": 2, "images": photo, "sync": true }),
            )
            .await;
        assert_eq!(single["outputs"][0]["width"], 192, "a number does as well: {single}");

        // 3. "Generate a studio product photo of a water bottle on a marble countertop."
        let models = client
            .call("models", json!({ "action": "list", "type": "image" }))
            .await;
        assert!(
            models["models"]
                .as_array()
                .is_some_and(|all| all.iter().any(|model| model["id"] == MODEL))
        );
        for (action, more) in [
            ("list", json!({ "type": "video" })),
            ("search", json!({ "query": "scene" })),
            ("get", json!({ "model": MODEL })),
            ("recommend", json!({ "task": "a product photo" })),
        ] {
            let mut order = more;
            order["action"] = json!(action);
            client.call("models", order).await;
        }
        let started = client
            .call(
                "generate_media",
                json!({ "model": MODEL, "prompt": "a water bottle on a marble countertop" }),
            )
            .await;
        let made = finished(&client, &started["job_id"]).await;
        let made = made["outputs"][0]["asset_id"].clone();

        // 4. "Expand this square image to 16:9 for a banner."
        let wide = client
            .call(
                "edit_image",
                json!({ "action": "expand", "aspect_ratio": "16:9", "images": photo, "sync": true }),
            )
            .await;
        let (width, height) = (&wide["outputs"][0]["width"], &wide["outputs"][0]["height"]);
        let ratio = width.as_f64().unwrap_or_default() / height.as_f64().unwrap_or(1.0);
        assert!((ratio - 16.0 / 9.0).abs() < 0.03, "{width}×{height}");

        // 5. "Run my 'Hero Banner' pipeline on these three product images": by node id, and with the id as that service has it.
        let graph = json!({
            "nodes": [
                { "id": "photo", "type": "input.image", "alias": "product" },
                { "id": "small", "type": "edit.resize", "settings": { "width": 20 } },
                { "id": "banner", "type": "output" },
            ],
            "edges": [{ "from": "photo", "to": "small" }, { "from": "small", "to": "banner" }],
        });
        let name = format!("Hero Banner of {path}");
        let saved = studio
            .call("pipelines", json!({ "action": "create", "name": name, "graph": graph }))
            .await;
        let found = client
            .call("pipelines", json!({ "action": "search", "query": "Hero" }))
            .await;
        assert!(
            found
                .to_string()
                .contains(saved["pipeline_id"].as_str().expect("an id"))
        );
        client.call("pipelines", json!({ "action": "list_node_types" })).await;
        let theirs = saved["pipeline_id"].as_str().expect("an id").replacen("pip_", "pl_", 1);
        client
            .call("pipelines", json!({ "action": "get", "pipeline_id": theirs }))
            .await;
        let run = client
            .call(
                "pipelines",
                json!({ "action": "run", "pipeline_id": theirs, "inputs": { "photo": [photo, other["id"], made] } }),
            )
            .await;
        let runs = run["run_ids"].as_array().expect("runs").clone();
        assert_eq!(runs.len(), 3);
        for run in &runs {
            let run = client
                .call("pipelines", json!({ "action": "get_run", "run_id": run, "sync": true }))
                .await;
            assert_eq!(run["status"], "succeeded", "{run}");
        }
        client.call("pipelines", json!({ "action": "list_runs" })).await;
        client
            .call("display_pipeline", json!({ "pipeline_id": saved["pipeline_id"] }))
            .await;

        // 6. "Create a share link with the images I just generated."
        let link = client
            .call("share_links", json!({ "action": "create", "asset_ids": [made] }))
            .await;
        assert!(link["url"].as_str().is_some_and(|url| url.contains("/s/")), "{link}");
        for action in ["get", "contents"] {
            client
                .call("share_links", json!({ "action": action, "share_id": link["share_id"] }))
                .await;
        }
        let both = json!({ "action": "create", "asset_ids": [made], "collection_id": shots["collection_id"] });
        let problem = client.refused("share_links", both).await;
        assert_eq!(problem["error_code"], "invalid_parameter", "{problem}");
        client.call("display", json!({ "asset_ids": [made] })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_carry_its_words_and_nothing_can_be_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    with_an_empty_plan(folder.path());
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, "/mcp/pixelcut");
    for (tool, arguments, word) in [
        ("edit_image", json!({}), "missing_parameter"),
        ("edit_image", json!({ "action": "erase" }), "invalid_parameter"),
        (
            "edit_image",
            json!({ "action": "upscale", "images": "nothing" }),
            "invalid_parameter",
        ),
        (
            "models",
            json!({ "action": "schema", "model": MODEL }),
            "invalid_parameter",
        ),
        ("collections", json!({ "action": "delete" }), "invalid_parameter"),
        ("assets", json!({ "action": "trash" }), "invalid_parameter"),
        ("share_links", json!({ "action": "delete" }), "invalid_parameter"),
        ("pipelines", json!({ "action": "delete" }), "invalid_parameter"),
        ("upload", json!({}), "missing_parameter"),
    ] {
        let problem = client.refused(tool, arguments.clone()).await;
        assert_eq!(problem["error_code"], json!(word), "{tool} {arguments}: {problem}");
        assert_eq!(problem["error"], problem["message"]);
    }
    let picture = data_uri(&product(32, 32));
    let problem = client
        .refused(
            "edit_image",
            json!({ "action": "upscale", "images": picture, "scale": "3.5" }),
        )
        .await;
    assert_eq!(problem["field"], "scale", "{problem}");
    let broken = client
        .refused(
            "edit_image",
            json!({ "action": "upscale", "images": "data:image/png;base64,AAAA", "sync": true }),
        )
        .await;
    assert!(
        ["malformed_image", "unsupported_image_format"].contains(&broken["error_code"].as_str().unwrap_or_default()),
        "{broken}"
    );

    without_credits(folder.path());
    let problem = client
        .refused("generate_media", json!({ "model": MODEL, "prompt": "a cup" }))
        .await;
    assert_eq!(problem["error_code"], "insufficient_api_credits");
    assert!(
        problem["message"]
            .as_str()
            .is_some_and(|text| text.contains("Insufficient credits")),
        "{problem}"
    );
    assert!(problem["details"]["credits_url"].is_string(), "{problem}");
    let problem = client
        .refused(
            "assets",
            json!({ "action": "search", "query": "a cup", "mode": "semantic" }),
        )
        .await;
    assert_eq!(problem["error_code"], "upgrade_required", "{problem}");
    assert!(
        problem["upgrade_url"]
            .as_str()
            .is_some_and(|url| url.starts_with("http")),
        "{problem}"
    );
}
