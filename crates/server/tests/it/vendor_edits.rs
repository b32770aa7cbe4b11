//! Edits by vendors' models: the same options as here, as far as the vendor has them, at the vendor's price.

use std::path::Path;

use aquatint_standins::{Running, StandIn, Step, vendors};
use serde_json::{Value, json};

use crate::pictures::data_uri;
use crate::process::{Process, run, run_with};

fn configure(folder: &Path, stands: &[(&StandIn, &Running)]) {
    let text: String = stands
        .iter()
        .map(|(stand_in, running)| {
            format!(
                "[providers.{}]\nkey = \"{}\"\nbase_url = \"{}\"\nallow_private = true\n",
                stand_in.provider.facts().id,
                stand_in.key,
                running.url()
            )
        })
        .collect();
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

/// A picture of 512×512 px.
fn picture() -> String {
    let mut bytes = Vec::new();
    let image = image::RgbImage::from_fn(512, 512, |x, y| image::Rgb([(x / 2) as u8, (y / 2) as u8, 90]));
    image::DynamicImage::ImageRgb8(image)
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png)
        .expect("writes");
    data_uri(&bytes)
}

async fn edited(studio: &Process, mut call: Value) -> Value {
    call["images"] = json!(picture());
    let job = studio.call("edit_image", call).await;
    studio.finished(&job["job_id"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_names_a_vendors_model_and_gets_its_result() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bfl, stability) = (&vendors::bfl::STAND_IN, &vendors::stability::STAND_IN);
    let (ideogram, recraft) = (&vendors::ideogram::STAND_IN, &vendors::recraft::STAND_IN);
    let running = [
        bfl.start().await,
        stability.start().await,
        ideogram.start().await,
        recraft.start().await,
    ];
    let all: Vec<(&StandIn, &Running)> = [bfl, stability, ideogram, recraft].into_iter().zip(&running).collect();
    configure(folder.path(), &all);
    let studio = Process::start(folder.path());
    let (mut sold, mut spent) = (0, 0.0);
    for (call, credits) in [
        (
            json!({ "action": "erase", "model": "image/bfl/flux-erase", "mask": [10, 10, 40, 40], "grow": 3 }),
            None,
        ),
        (
            json!({ "action": "erase", "model": "image/stability/inpaint", "mask": [[10, 10], [40, 10], [40, 60]] }),
            Some(5.0),
        ),
        (
            json!({ "action": "erase", "model": "image/ideogram/ideogram-remove-object", "mask": [10, 10, 40, 40] }),
            None,
        ),
        (
            json!({ "action": "expand", "model": "image/stability/outpaint", "aspect_ratio": "2:1", "anchor": "left" }),
            Some(4.0),
        ),
        (
            json!({ "action": "expand", "model": "image/bfl/flux-outpaint", "left": 100, "bottom": 60 }),
            None,
        ),
        (
            json!({ "action": "expand", "model": "image/ideogram/ideogram-3-reframe", "aspect_ratio": "16:9" }),
            None,
        ),
        (
            json!({ "action": "upscale", "model": "image/ideogram/ideogram-upscale", "scale": "4" }),
            Some(24.0),
        ),
        (
            json!({ "action": "upscale", "model": "image/recraft/recraft-crisp-upscale" }),
            None,
        ),
        (
            json!({ "action": "remove_background", "model": "image/recraft/recraft-remove-background", "output_format": "webp" }),
            Some(1.0),
        ),
        (
            json!({ "action": "remove_background", "model": "image/stability/remove-background" }),
            Some(5.0),
        ),
    ] {
        let model = call["model"].as_str().expect("a model").to_owned();
        // The price that is told before is the vendor's.
        let mut dry = call.clone();
        dry["dry_run"] = json!(true);
        dry["images"] = json!(picture());
        let told = studio.call("edit_image", dry).await["price_credits"]
            .as_f64()
            .expect("a price");
        if let Some(credits) = credits {
            assert!((told - credits).abs() < 0.001, "{model}: {told}");
        }
        let job = edited(&studio, call.clone()).await;
        assert_eq!(job["status"], "succeeded", "{model}: {job}");
        assert_eq!(job["model"], json!(model), "{job}");
        assert_eq!(job["outputs"].as_array().map(Vec::len), Some(1), "{job}");
        sold += 1;
        spent += told;
        let asset = studio
            .call(
                "assets",
                json!({ "action": "get", "asset_id": job["outputs"][0]["asset_id"] }),
            )
            .await;
        let text = asset.to_string();
        assert!(text.contains(&model) && text.contains("\"edit\""), "{model}: {asset}");
        if call["output_format"].is_string() {
            assert!(text.contains("image/webp"), "{asset}");
        }
    }
    for one in &running {
        one.assert_sound();
    }
    assert_eq!(running.iter().map(|one| one.shop(|shop| shop.sold)).sum::<u32>(), sold);
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    let charged: f64 = usage["charges"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|charge| charge["credits"].as_f64())
        .sum();
    assert!(charged > 0.0 && charged <= spent + 0.001, "{charged} of {spent}");

    // The other doors.
    let body = json!({ "images": [picture()], "model": "image/recraft/recraft-crisp-upscale", "wait_seconds": 20 });
    let (status, job) = studio.rest("POST", "/edit/upscale", Some(body)).await;
    assert!(status < 300, "{job}");
    assert_eq!(studio.finished(&job["job_id"]).await["status"], "succeeded");
    let call = json!({ "action": "upscale", "images": [picture()], "model": "image/recraft/recraft-crisp-upscale", "dry_run": true });
    let printed = run(folder.path(), &["call", "edit_image", "--json", &call.to_string()]);
    let told: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(told["model"], "image/recraft/recraft-crisp-upscale", "{told}");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendors_model_does_not_have_is_refused_before_it_is_bought() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bfl, stability) = (&vendors::bfl::STAND_IN, &vendors::stability::STAND_IN);
    let running = [bfl.start().await, stability.start().await];
    configure(folder.path(), &[(bfl, &running[0]), (stability, &running[1])]);
    let studio = Process::start(folder.path());
    for (call, code, field, words) in [
        (
            json!({ "action": "remove_background", "model": "image/stability/remove-background", "shadow": true }),
            "invalid_argument",
            "shadow",
            "on this machine",
        ),
        (
            json!({ "action": "upscale", "model": "image/stability/upscale-fast", "scale": "3" }),
            "invalid_argument",
            "scale",
            "Leave `scale` out",
        ),
        (
            json!({ "action": "upscale", "model": "image/stability/upscale-fast", "width": 2000 }),
            "invalid_argument",
            "width",
            "takes `scale`",
        ),
        (
            json!({ "action": "upscale", "model": "image/bfl/flux-erase" }),
            "invalid_argument",
            "model",
            "image/stability/upscale-fast",
        ),
        (
            json!({ "action": "upscale", "model": "image/nobody/none" }),
            "invalid_argument",
            "model",
            "no model",
        ),
        (
            json!({ "action": "expand", "model": "image/stability/outpaint", "width": 100, "height": 900 }),
            "invalid_argument",
            "width",
            "smaller than the picture",
        ),
        (
            json!({ "action": "expand", "model": "image/stability/outpaint", "right": 2000, "left": 1999, "aspect_ratio": "2:1" }),
            "invalid_argument",
            "aspect_ratio",
            "Send one of",
        ),
        (
            json!({ "action": "upscale", "model": "image/ideogram/ideogram-upscale" }),
            "provider_key_refused",
            "model",
            "aquatint provider add ideogram",
        ),
        (
            json!({ "action": "enhance", "model": "image/stability/upscale-fast" }),
            "invalid_argument",
            "model",
            "",
        ),
    ] {
        let mut with = call.clone();
        with["images"] = json!(picture());
        let problem = studio.refused("edit_image", with).await;
        assert_eq!(
            (problem["code"].as_str(), problem["field"].as_str()),
            (Some(code), Some(field)),
            "{call}: {problem}"
        );
        assert!(problem.to_string().contains(words), "{call}: {problem}");
    }
    assert_eq!(running.iter().map(|one| one.asked(Step::Submit)).sum::<usize>(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_stay_on_this_machine_until_the_operator_says_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let recraft = &vendors::recraft::STAND_IN;
    let running = recraft.start().await;
    configure(folder.path(), &[(recraft, &running)]);
    let studio = Process::start(folder.path());
    let job = edited(&studio, json!({ "action": "upscale" })).await;
    assert_eq!(
        (job["status"].as_str(), job["model"].as_str()),
        (Some("succeeded"), Some("upscale.auto")),
        "{job}"
    );
    assert_eq!(running.asked(Step::Submit), 0);
    drop(studio);

    let environment = [("AQUATINT_EDITS_UPSCALE", "image/recraft/recraft-crisp-upscale")];
    let studio = Process::start_with(folder.path(), &environment);
    let job = edited(&studio, json!({ "action": "upscale" })).await;
    assert_eq!(job["model"], "image/recraft/recraft-crisp-upscale", "{job}");
    assert_eq!(running.asked(Step::Submit), 1);
    // What that model does not have, and what names another, is done here.
    for call in [
        json!({ "action": "upscale", "mode": "faithful" }),
        json!({ "action": "upscale", "model": "built-in" }),
    ] {
        let job = edited(&studio, call).await;
        assert_eq!(job["status"], "succeeded", "{job}");
        assert!(
            job["model"].as_str().is_some_and(|model| model.starts_with("upscale.")),
            "{job}"
        );
    }
    assert_eq!(running.asked(Step::Submit), 1);
    drop(studio);

    // Without its key the setting changes nothing.
    std::fs::remove_file(folder.path().join("aquatint.toml")).expect("removed");
    let call = json!({ "action": "upscale", "images": [picture()], "dry_run": true });
    let printed = run_with(
        folder.path(),
        &environment,
        &["call", "edit_image", "--json", &call.to_string()],
    );
    let told: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(told["model"], "upscale.auto", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_a_pipeline_may_be_a_vendors() {
    let folder = tempfile::tempdir().expect("a folder");
    let recraft = &vendors::recraft::STAND_IN;
    let running = recraft.start().await;
    configure(folder.path(), &[(recraft, &running)]);
    let studio = Process::start(folder.path());
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "cut", "type": "edit.remove_background", "settings": { "model": "image/recraft/recraft-remove-background" } },
            { "id": "cutout", "type": "output" },
        ],
        "edges": [{ "from": "photo", "to": "cut" }, { "from": "cut", "to": "cutout" }],
    });
    let made = studio
        .call(
            "pipelines",
            json!({ "action": "create", "name": "Cut", "graph": graph }),
        )
        .await;
    let asset = studio
        .call("upload", json!({ "action": "url", "url": picture() }))
        .await;
    let call = json!({ "action": "run", "pipeline_id": made["pipeline_id"], "inputs": { "photo": asset["asset_id"] } });
    let begun = studio.call("pipelines", call).await;
    let mut run = Value::Null;
    for _ in 0..8 {
        run = studio
            .call(
                "pipelines",
                json!({ "action": "get_run", "run_id": begun["run_ids"][0], "sync": true }),
            )
            .await;
        if !["queued", "running"].contains(&run["status"].as_str().unwrap_or_default()) {
            break;
        }
    }
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!((running.asked(Step::Submit), running.shop(|shop| shop.sold)), (1, 1));
    running.assert_sound();
}
