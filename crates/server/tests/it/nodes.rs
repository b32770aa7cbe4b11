//! Nodes of pipelines through the front door: marks, models, apps, and whose key a run goes on with; and in files of their own
//! what tells the world, what writes, and the pipelines that come with the program.

mod sending;
mod templates;
mod writing;

use std::time::Duration;

use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::pictures::{encode, product};
use crate::pipelines::{self, create, ended};
use crate::process::{Process, run};

async fn bring(studio: &Process, picture: &[u8]) -> Value {
    pipelines::bring(studio, picture).await.into()
}

async fn start(studio: &Process, pipeline: &str, inputs: Value) -> Value {
    let started = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": pipeline, "inputs": inputs }),
        )
        .await;
    started["run_id"].clone()
}

async fn done(studio: &Process, pipeline: &str, inputs: Value) -> Value {
    let run = start(studio, pipeline, inputs).await;
    let run = ended(studio, &run).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    run
}

fn medium<'a>(run: &'a Value, asset: &Value) -> &'a Value {
    let media = run["media"].as_array().expect("media");
    media
        .iter()
        .find(|medium| medium["asset_id"] == *asset)
        .unwrap_or_else(|| panic!("{asset} is not among {media:?}"))
}

/// The picture that came out under a name.
async fn picture(studio: &Process, run: &Value, output: &Value) -> DynamicImage {
    medium(run, &output["asset_id"]);
    let call = json!({ "action": "convert", "images": output["asset_id"], "output_format": "png", "sync": true });
    let made = studio.call("edit_image", call).await;
    let bytes = studio.bytes(&made["outputs"][0]["url"]).await;
    image::load_from_memory(&bytes).expect("a picture")
}

fn is_near(pixel: image::Rgba<u8>, color: [u8; 3], most: u8) -> bool {
    pixel.0.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= most)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_lies_in_a_corner_or_all_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "logo", "type": "input.image" },
            { "id": "corner", "type": "image.watermark", "settings": { "width": 100, "opacity": 1, "margin": 20 } },
            { "id": "all_over", "type": "image.watermark", "settings": { "text": "PROOF", "tile": true, "size": 40, "color": "#000000" } },
        ],
        "edges": [
            { "from": "photo", "to": "corner.image" }, { "from": "logo", "to": "corner.mark" }, { "from": "photo", "to": "all_over.image" },
        ],
    });
    let id = create(&studio, "Marks", graph).await;
    let plain = |color: [u8; 3], w, h| {
        encode(
            &DynamicImage::ImageRgb8(RgbImage::from_pixel(w, h, Rgb(color))),
            ImageFormat::Png,
        )
    };
    let photo = bring(&studio, &plain([240, 240, 240], 900, 600)).await;
    let logo = bring(&studio, &plain([10, 120, 30], 50, 20)).await;
    let run_done = done(&studio, &id, json!({ "photo": photo, "logo": logo })).await;
    let corner = picture(&studio, &run_done, &run_done["outputs"]["corner"]).await;
    assert!(is_near(corner.get_pixel(830, 560), [10, 120, 30], 4));
    assert!(is_near(corner.get_pixel(770, 560), [240; 3], 2) && is_near(corner.get_pixel(890, 560), [240; 3], 2));
    let tiled = picture(&studio, &run_done, &run_done["outputs"]["all_over"]).await;
    // In each of twelve parts of the picture something of the mark is seen, and nothing covers.
    for part in 0..12u32 {
        let (left, top) = (part % 4 * 225, part / 4 * 200);
        let marked = (0..225 * 200)
            .filter(|at| !is_near(tiled.get_pixel(left + at % 225, top + at / 225), [240; 3], 10))
            .count();
        assert!(marked > 50, "part {part}: {marked}");
    }
    assert!(tiled.pixels().all(|(_, _, pixel)| pixel.0[0] > 150));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_the_key_that_started_it_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    // Work for many seconds, in a row of nodes.
    let mut nodes = vec![json!({ "id": "photo", "type": "input.image" })];
    let mut edges = Vec::new();
    for number in 0..120 {
        let before = if number == 0 {
            "photo".to_owned()
        } else {
            format!("changed{}", number - 1)
        };
        nodes.push(json!({ "id": format!("changed{number}"), "type": "edit.adjust", "settings": { "brightness": number % 40 - 20, "hue": 1 } }));
        edges.push(json!({ "from": before, "to": format!("changed{number}") }));
    }
    let id = create(&studio, "Round and round", json!({ "nodes": nodes, "edges": edges })).await;
    let photo = bring(&studio, &product(200, 200)).await;
    let key = run(folder.path(), &["key", "create", "passing"]);
    let answer = studio
        .client
        .post(format!("{}/api/v1/pipelines/{id}/runs", studio.url))
        .bearer_auth(&key)
        .json(&json!({ "inputs": { "photo": photo } }))
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    let started: Value = answer.json().await.expect("JSON");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let listed = run(folder.path(), &["key", "list"]);
    let line = listed.lines().find(|line| line.contains("passing")).expect("the key");
    let id = line.split_whitespace().next().expect("an id");
    run(folder.path(), &["key", "revoke", id]);
    let seen = ended(&studio, &started["run_id"]).await;
    assert_eq!(seen["status"], "failed", "{seen}");
    let message = seen["error"]["message"].as_str().expect("words");
    assert!(message.contains("revoked"), "{message}");
    let done = seen["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter(|node| node["status"] == "succeeded")
        .count();
    assert!(done < 120, "it went on to its end");
    let (_, queued) = studio.rest("GET", "/jobs?status=queued&limit=100", None).await;
    assert_eq!(queued["jobs"], json!([]));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_nodes_with_their_own_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let model = "image/aquatint/scene-preview";
    let (_, all) = studio.rest("GET", "/node_types?type=image/", None).await;
    let kinds = all["node_types"].as_array().expect("types");
    assert!(
        kinds.len() > 20 && kinds.iter().any(|kind| kind["type"] == model),
        "{all}"
    );
    let (_, one) = studio
        .rest("GET", "/node_types?type=image/openai/gpt-image-2", None)
        .await;
    let kind = &one["node_types"][0];
    assert!(kind["settings"]["properties"]["quality"]["enum"].is_array(), "{one}");
    assert!(kind["settings"]["properties"].get("mask").is_none());
    assert!(kind["inputs"].to_string().contains("\"mask\""), "{one}");
    let graph = |settings: Value| {
        json!({
            "nodes": [
                { "id": "words", "type": "input.text", "settings": { "default": "a cup on wood" } },
                { "id": "drawn", "type": model, "settings": settings },
            ],
            "edges": [{ "from": "words", "to": "drawn.prompt" }],
        })
    };
    let wrong = studio
        .call(
            "pipelines",
            json!({ "action": "validate", "graph": graph(json!({ "width": 9, "brush": 1 })) }),
        )
        .await;
    assert_eq!(wrong["is_valid"], false);
    let faults = wrong["faults"].to_string();
    assert!(
        faults.contains("`width` of Scene preview") && faults.contains("takes no `brush`"),
        "{faults}"
    );
    let id = create(&studio, "Drawn", graph(json!({ "width": 256, "height": 320 }))).await;
    let run_done = done(&studio, &id, json!({})).await;
    assert_eq!(
        (&run_done["media"][0]["width"], &run_done["media"][0]["height"]),
        (&json!(256), &json!(320)),
        "{run_done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_tells_what_goes_in_and_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let publish = async |name: &str| {
        let made = studio
            .call(
                "pipelines",
                json!({ "action": "create", "template": "marketplace-white", "name": name }),
            )
            .await;
        let id = made["pipeline_id"].clone();
        let call = json!({ "action": "publish", "pipeline_id": id, "summary": "White" });
        studio.call("pipelines", call).await["app"].clone()
    };
    let first = publish("On white").await;
    let second = publish("On  White!").await;
    assert_eq!(
        (&first["slug"], &second["slug"]),
        (&json!("on-white"), &json!("on-white-2"))
    );
    assert_eq!(
        (&first["scope"], &first["description"], &first["version"]),
        (&json!("workspace"), &json!("White"), &json!(1))
    );
    assert_eq!(first["input_schema"]["required"], json!(["product"]));
    assert_eq!(first["input_key_mapping"]["product"]["node_id"], "product_in");
    assert_eq!(first["output_key_mapping"]["main"]["kind"], "image");
    // A later version is not published by itself; the version id still runs what was.
    let id = first["pipeline_id"].as_str().expect("an id");
    let graph = json!({ "nodes": [{ "id": "x", "type": "input.text", "alias": "words" }, { "id": "y", "type": "output" }], "edges": [{ "from": "x", "to": "y" }] });
    studio
        .call(
            "pipelines",
            json!({ "action": "update", "pipeline_id": id, "graph": graph }),
        )
        .await;
    let shown = studio
        .call("pipelines", json!({ "action": "get", "pipeline_id": id }))
        .await;
    assert_eq!((&shown["version"], &shown["app"]["version"]), (&json!(2), &json!(1)));
    assert_eq!(shown["input_schema"]["required"], json!(["words"]));
    let dry = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": first["version_id"], "dry_run": true, "inputs": { "product": bring(&studio, &product(40, 40)).await } }),
        )
        .await;
    assert!(dry["price_credits"].as_f64() > Some(0.0), "{dry}");
    let (_, apps) = studio.rest("GET", "/pipelines/apps", None).await;
    assert_eq!(apps["apps"].as_array().map(Vec::len), Some(2), "{apps}");
    studio
        .call(
            "pipelines",
            json!({ "action": "publish", "pipeline_id": id, "withdraw": true }),
        )
        .await;
    let (_, apps) = studio.rest("GET", "/pipelines/apps", None).await;
    assert_eq!(apps["apps"].as_array().map(Vec::len), Some(1), "{apps}");
}
