//! Where results came from, in the files that a user downloads: signed, read back, and found out when somebody changes them.

use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, aquatint};

const SIGNS: (&str, &str) = ("AQUATINT_PROVENANCE_SIGN", "true");

async fn provenance(studio: &Process, asset: &Value) -> Value {
    let got = studio
        .call("assets", json!({ "action": "get", "asset_id": asset }))
        .await;
    got["provenance"].clone()
}

async fn uploaded(studio: &Process, bytes: Vec<u8>) -> Value {
    let offer = studio.call("upload", json!({ "action": "upload_url" })).await;
    let url = offer["upload_url"].as_str().expect("a URL").to_owned();
    let answer = studio.client.put(url).body(bytes).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    answer["asset_id"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_signed_and_whoever_gets_the_file_can_tell() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(folder.path(), &[SIGNS]);
    let photo = data_uri(&product(240, 180));
    let mut files = Vec::new();
    for format in ["png", "jpeg", "webp", "avif"] {
        let edited = studio
            .call(
                "edit_image",
                json!({ "action": "crop", "images": photo, "aspect_ratio": "1:1", "output_format": format, "sync": true }),
            )
            .await;
        assert_eq!(edited["status"], "succeeded", "{edited}");
        let output = &edited["outputs"][0];
        let said = provenance(&studio, &output["asset_id"]).await;
        let credentials = &said["content_credentials"];
        assert_eq!(credentials["state"], "trusted", "{format}: {said}");
        assert_eq!(credentials["actions"], json!(["c2pa.opened", "c2pa.cropped"]), "{said}");
        assert_eq!(credentials["ingredients"].as_array().map(Vec::len), Some(1), "{said}");
        assert!(
            credentials["signed_by"]
                .as_str()
                .is_some_and(|name| name.contains("Aquatint")),
            "{said}"
        );
        // AVIF carries the manifest alone.
        if format != "avif" {
            assert!(
                said["creator_tool"]
                    .as_str()
                    .is_some_and(|tool| tool.starts_with("Aquatint ")),
                "{format}: {said}"
            );
        }
        let bytes = studio.bytes(&output["url"]).await;
        files.push((format, bytes));
    }

    // What was generated says how; a film carries it as well.
    for (model, format) in [
        ("image/aquatint/scene-preview", "png"),
        ("video/aquatint/pan-zoom", "mp4"),
        ("video/aquatint/pan-zoom", "webp"),
    ] {
        let mut call = json!({ "model": model, "prompt": "a bottle on marble", "output_format": format });
        if model.starts_with("video/") {
            call["duration_seconds"] = json!(1);
        }
        let started = studio.call("generate_media", call).await;
        let made = studio.finished(&started["job_id"]).await;
        assert_eq!(made["status"], "succeeded", "{made}");
        let said = provenance(&studio, &made["outputs"][0]["asset_id"]).await;
        assert_eq!(said["digital_source_type"], "algorithmicMedia", "{format}: {said}");
        assert_eq!(said["content_credentials"]["state"], "trusted", "{format}: {said}");
        assert_eq!(
            said["content_credentials"]["actions"],
            json!(["c2pa.created"]),
            "{format}: {said}"
        );
        assert!(said["creator_tool"].is_string(), "{format}: {said}");
    }

    // Elsewhere the signer is not known, but the file is whole; a changed one is found out.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let other = Process::start(elsewhere.path());
    for (format, bytes) in files {
        // It is a picture like any other.
        if format != "avif" {
            image::load_from_memory(&bytes).unwrap_or_else(|error| panic!("{format}: {error}"));
        }
        let asset = uploaded(&other, bytes.clone()).await;
        let said = provenance(&other, &asset).await;
        assert_eq!(said["content_credentials"]["state"], "valid", "{format}: {said}");
        if format == "jpeg" {
            let mut changed = bytes;
            // In the midst of the pixels, near the end.
            let place = changed.len() - 40;
            changed[place] ^= 0x10;
            let asset = uploaded(&other, changed).await;
            let said = provenance(&other, &asset).await;
            assert_eq!(said["content_credentials"]["state"], "invalid", "{said}");
            assert!(
                said["content_credentials"]["problems"]
                    .to_string()
                    .contains("assertion.dataHash.mismatch"),
                "{said}"
            );
        }
    }
    // A plain upload says nothing.
    let asset = uploaded(&other, product(60, 50)).await;
    assert_eq!(provenance(&other, &asset).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_takes_its_inputs_own_manifest_along() {
    let (here, elsewhere) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    let studio = Process::start_with(here.path(), &[SIGNS]);
    let other = Process::start_with(elsewhere.path(), &[SIGNS]);
    let crop = |image: Value| json!({ "action": "crop", "images": image, "aspect_ratio": "1:1", "output_format": "jpeg", "sync": true });
    let signed = other
        .call("edit_image", crop(json!(data_uri(&product(160, 120)))))
        .await;
    let signed = other.bytes(&signed["outputs"][0]["url"]).await;

    // An upload that another studio signed, an edit of it, and an edit of that.
    let mut asset = uploaded(&studio, signed.clone()).await;
    for step in 1..=2 {
        let edited = studio.call("edit_image", crop(asset)).await;
        asset = edited["outputs"][0]["asset_id"].clone();
        let said = provenance(&studio, &asset).await;
        let credentials = &said["content_credentials"];
        assert_eq!(credentials["state"], "trusted", "{step}: {said}");
        let ingredients = credentials["ingredients"].as_array().expect("a list");
        assert_eq!(ingredients.len(), 1, "{step}: {said}");
        assert!(ingredients[0].to_string().contains("signed by"), "{step}: {said}");
    }

    // What was changed after signing is named, but nothing of its manifest is taken over.
    let mut changed = signed;
    let place = changed.len() - 40;
    changed[place] ^= 0x10;
    let asset = uploaded(&studio, changed).await;
    let edited = studio.call("edit_image", crop(asset)).await;
    let said = provenance(&studio, &edited["outputs"][0]["asset_id"]).await;
    let ingredients = &said["content_credentials"]["ingredients"];
    assert_eq!(ingredients.as_array().map(Vec::len), Some(1), "{said}");
    assert!(!ingredients.to_string().contains("signed by"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_own_certificate_signs_and_a_wrong_one_is_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    // One that another studio made serves as the operator's.
    drop(Process::start_with(folder.path(), &[SIGNS]));
    let text = std::fs::read_to_string(folder.path().join("provenance/own.pem")).expect("a certificate");
    let place = text.find("-----BEGIN CERTIFICATE").expect("a certificate");
    let files = tempfile::tempdir().expect("a folder");
    let (chain, key) = (files.path().join("chain.pem"), files.path().join("key.pem"));
    std::fs::write(&chain, &text[place..]).expect("written");
    std::fs::write(&key, &text[..place]).expect("written");
    let (chain_path, key_path) = (chain.display().to_string(), key.display().to_string());
    let settings = [
        SIGNS,
        ("AQUATINT_PROVENANCE_CERTIFICATE", chain_path.as_str()),
        ("AQUATINT_PROVENANCE_KEY", key_path.as_str()),
    ];
    let home = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(home.path(), &settings);
    let edited = studio
        .call(
            "edit_image",
            json!({ "action": "rotate", "images": data_uri(&product(60, 50)), "degrees": 90, "sync": true }),
        )
        .await;
    let said = provenance(&studio, &edited["outputs"][0]["asset_id"]).await;
    assert_eq!(said["content_credentials"]["state"], "trusted", "{said}");
    assert!(!home.path().join("provenance").exists());
    drop(studio);

    // The key of another certificate, no key, no certificate.
    let other = tempfile::tempdir().expect("a folder");
    drop(Process::start_with(other.path(), &[SIGNS]));
    let foreign = std::fs::read_to_string(other.path().join("provenance/own.pem")).expect("a certificate");
    let place = foreign.find("-----BEGIN CERTIFICATE").expect("a certificate");
    for (wrong, word) in [
        (foreign[..place].to_owned(), "cannot sign pictures"),
        ("nonsense".to_owned(), "cannot sign pictures"),
    ] {
        std::fs::write(&key, wrong).expect("written");
        let mut command = aquatint(home.path());
        command.args(["call", "account", "--json", "{\"action\":\"balance\"}"]);
        for (name, value) in settings {
            command.env(name, value);
        }
        let output = command.output().expect("it runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(word), "{said}");
    }
    let mut command = aquatint(home.path());
    command.args(["call", "account", "--json", "{}"]).env(SIGNS.0, SIGNS.1);
    let output = command
        .env("AQUATINT_PROVENANCE_CERTIFICATE", &chain_path)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("provenance.key"), "{said}");
}
