//! The journeys of the studio contract, from each door: an MCP client, REST, the command line.

use serde_json::json;

use crate::pictures::{data_uri, product, sample};
use crate::process::{Process, aquatint, run};

fn decoded(bytes: &[u8]) -> image::DynamicImage {
    image::load_from_memory(bytes).expect("a picture")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_removes_upscales_expands_and_generates() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());

    // "Check my credit balance."
    let credits = studio.call("account", json!({ "action": "credits" })).await;
    assert_eq!(
        (&credits["plan"], &credits["unlimited"]),
        (&json!("local"), &json!(true))
    );

    // "Remove the background from this product photo."
    let photo = data_uri(&product(480, 360));
    let cut = studio
        .call(
            "edit_image",
            json!({ "action": "remove_background", "image": photo, "sync": true }),
        )
        .await;
    assert_eq!(cut["status"], "succeeded", "{cut}");
    assert!(
        cut["result"]["confidence"].as_f64().expect("a confidence") > 0.7,
        "{cut}"
    );
    let output = &cut["outputs"][0];
    let picture = decoded(&studio.bytes(&output["url"]).await).to_rgba8();
    assert_eq!(
        (picture.dimensions(), output["content_type"].as_str()),
        ((480, 360), Some("image/png"))
    );
    assert_eq!(picture.get_pixel(3, 3)[3], 0, "the corner is transparent");
    assert_eq!(picture.get_pixel(240, 200)[3], 255, "the product is not");

    // Chaining goes by asset id; an upscale of the cut-out keeps its transparency.
    let large = studio
        .call(
            "edit_image",
            json!({ "action": "upscale", "images": output["asset_id"], "scale": 4, "sync": true }),
        )
        .await;
    assert_eq!(
        (&large["outputs"][0]["width"], &large["outputs"][0]["height"]),
        (&json!(1920), &json!(1440))
    );

    // "Expand this square image to 16:9 for a banner."
    let square = data_uri(&product(300, 300));
    let banner = studio
        .call(
            "edit_image",
            json!({ "action": "expand", "images": [square], "aspect_ratio": "16:9", "sync": true }),
        )
        .await;
    let (width, height) = (
        banner["outputs"][0]["width"].as_f64().expect("a width"),
        banner["outputs"][0]["height"].as_f64().expect("a height"),
    );
    assert!((width / height - 16.0 / 9.0).abs() < 0.01, "{width}×{height}");

    // "Generate a studio product photo of a water bottle on a marble countertop."
    let models = studio
        .call("models", json!({ "action": "list", "type": "image" }))
        .await;
    let model = models["models"][0]["id"].clone();
    let started = studio
        .call("generate_media", json!({ "model": model, "prompt": "a water bottle on a marble countertop", "width": 512, "height": 512, "seed": 7 }))
        .await;
    assert!(
        matches!(started["status"].as_str(), Some("queued" | "running")),
        "{started}"
    );
    let done = studio.finished(&started["job_id"]).await;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert!(
        done["result"]["label"]
            .as_str()
            .expect("a label")
            .contains("procedural preview")
    );
    assert_eq!(decoded(&studio.bytes(&done["outputs"][0]["url"]).await).width(), 512);

    // How it was made, and the call that makes it again.
    let asset = studio
        .call(
            "assets",
            json!({ "action": "get", "asset_id": done["outputs"][0]["asset_id"] }),
        )
        .await;
    assert_eq!(asset["recipe"]["seed"], 7);
    let again = &asset["make_again"];
    let mut arguments = again["arguments"].clone();
    arguments["sync"] = json!(true);
    let second = studio.call(again["tool"].as_str().expect("a tool"), arguments).await;
    let second = studio.finished(&second["job_id"]).await;
    assert_eq!(
        studio.bytes(&second["outputs"][0]["url"]).await,
        studio.bytes(&done["outputs"][0]["url"]).await,
        "the same seed gives the same picture"
    );

    // What was spent on what.
    let usage = studio
        .call("account", json!({ "action": "usage_history", "by": "operation" }))
        .await;
    assert_eq!(usage["totals"].as_array().expect("totals").len(), 4, "{usage}");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_collection_is_upscaled_in_one_batch_and_a_bad_item_fails_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let mut ids = Vec::new();
    for side in [40, 50, 60] {
        ids.push(
            studio
                .call(
                    "upload",
                    json!({ "action": "url", "url": data_uri(&product(side, side)) }),
                )
                .await["asset_id"]
                .clone(),
        );
    }
    let made = studio
        .call(
            "collections",
            json!({ "action": "create", "name": "Product Shots", "asset_ids": ids }),
        )
        .await;
    let listed = studio
        .call(
            "assets",
            json!({ "action": "list", "collection_id": made["collection_id"] }),
        )
        .await;
    let mut images: Vec<_> = listed["assets"]
        .as_array()
        .expect("assets")
        .iter()
        .map(|asset| asset["asset_id"].clone())
        .collect();
    assert_eq!(images.len(), 3);
    images.push(json!("ast_00000000000000000000000000"));
    let batch = studio
        .call(
            "edit_image",
            json!({ "action": "upscale", "images": images, "scale": "4" }),
        )
        .await;
    let done = studio.finished(&batch["job_id"]).await;
    assert_eq!(
        (done["status"].as_str(), done["outputs"].as_array().map(Vec::len)),
        (Some("succeeded"), Some(3)),
        "{done}"
    );
    assert_eq!(done["items"][3]["error"]["code"], "not_found");
    assert_eq!(done["charged_credits"], 12, "three of four are charged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_photograph_goes_through_rest_and_an_upload_url() {
    let Some(photo) = sample("coffee.png") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let (status, upload) = studio
        .rest("POST", "/uploads", Some(json!({ "file_name": "coffee.png" })))
        .await;
    assert_eq!(status, 200, "{upload}");
    let url = upload["upload_url"].as_str().expect("a URL");
    let answer = studio
        .client
        .put(url)
        .body(photo.clone())
        .send()
        .await
        .expect("an answer");
    let asset: serde_json::Value = answer.json().await.expect("JSON");
    assert!(
        asset["asset_id"].as_str().expect("an id").starts_with("ast_"),
        "{asset}"
    );
    let again = studio.client.put(url).body(photo).send().await.expect("an answer");
    assert_eq!(again.status(), 410, "an upload URL works once");

    let (status, edit) = studio
        .rest(
            "POST",
            "/edit/remove-background",
            Some(json!({ "images": asset["asset_id"], "wait_seconds": 25 })),
        )
        .await;
    assert_eq!(status, 200, "{edit}");
    assert!(edit["result"]["confidence"].is_number(), "{edit}");
    let (status, got) = studio
        .rest(
            "GET",
            &format!("/assets/{}", edit["outputs"][0]["asset_id"].as_str().expect("an id")),
            None,
        )
        .await;
    assert_eq!((status, &got["recipe"]["parents"][0]), (200, &asset["asset_id"]));
}

#[test]
fn the_command_line_edits_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = folder.path().join("photo.png");
    std::fs::write(&photo, product(200, 150)).expect("written");
    let out = folder.path().join("out");
    let status = aquatint(folder.path())
        .args(["edit", "remove-background"])
        .arg(&photo)
        .arg("-o")
        .arg(&out)
        .status()
        .expect("it runs");
    assert!(status.success());
    let made: Vec<_> = std::fs::read_dir(&out)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(
        decoded(&std::fs::read(&made[0]).expect("read"))
            .to_rgba8()
            .get_pixel(2, 2)[3],
        0
    );

    let result: serde_json::Value = serde_json::from_str(&run(
        folder.path(),
        &["call", "account", "--json", r#"{"action":"credits"}"#],
    ))
    .expect("JSON");
    assert_eq!(result["plan"], "local");
    run(folder.path(), &["ledger", "check"]);
}
