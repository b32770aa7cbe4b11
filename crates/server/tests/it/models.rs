//! Models of this machine from the command line: pulled from a server that breaks off, changes or moves its files; added;
//! refused; and then used by the edits of a running studio.

use std::path::Path;
use std::process::Output;

use aquatint_testkit::{FarServer, TestModel, onnx};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::pictures::{data_uri, encode};
use crate::process::{Process, aquatint, run};

async fn models(data: &Path, far: &FarServer, args: &[&str]) -> Output {
    let mut command = aquatint(data);
    command
        .env("AQUATINT_FETCH_ALLOW_PRIVATE", far.authority())
        .arg("models")
        .args(args);
    // The server of this test runs on this runtime, so the program must not block it.
    tokio::task::spawn_blocking(move || command.output().expect("it runs"))
        .await
        .expect("no panic")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A model that works, made long by a part that its readers skip.
fn long_model() -> Vec<u8> {
    let mut model = onnx(TestModel::RedIsSubject);
    // Field 6 of the file is a text for people.
    let note = vec![b'a'; 20_000];
    model.extend([0x32, 0xa0, 0x9c, 0x01]);
    model.extend(note);
    model
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_survives_broken_lines_and_takes_up_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = long_model();
    let far = FarServer::start([("m.onnx", model.clone())]).await;
    let sum = hash(&model);

    // It breaks off again and again, and is taken up each time.
    let url = far.url("/flaky/m.onnx");
    let pulled = models(
        folder.path(),
        &far,
        &["pull", "u2netp", "--yes", "--from", &url, "--sha256", &sum],
    )
    .await;
    assert!(pulled.status.success(), "{}", text(&pulled));
    assert!(
        text(&pulled).contains("Apache-2.0"),
        "the licence is shown: {}",
        text(&pulled)
    );
    assert!(far.asked().len() > 5, "{:?}", far.asked());
    let listed = models(folder.path(), &far, &["list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed["installed"][0]["id"], "u2netp");
    assert_eq!(listed["installed"][0]["sha256"], json!(sum));

    // A server that gives up leaves what came; another that goes on finishes it.
    let url = far.url("/truncated/m.onnx");
    let broken = models(
        folder.path(),
        &far,
        &["pull", "silueta", "--yes", "--from", &url, "--sha256", &sum],
    )
    .await;
    assert!(!broken.status.success());
    assert!(text(&broken).contains("run the same command"), "{}", text(&broken));
    let url = far.url("/ranges/m.onnx");
    let done = models(
        folder.path(),
        &far,
        &["pull", "silueta", "--yes", "--from", &url, "--sha256", &sum],
    )
    .await;
    assert!(
        done.status.success() && text(&done).contains("went on at byte"),
        "{}",
        text(&done)
    );

    // Redirects are followed.
    let url = far.url(&format!("/redirect?{}", far.url("/files/m.onnx")));
    let moved = models(
        folder.path(),
        &far,
        &["pull", "u2net", "--yes", "--from", &url, "--sha256", &sum],
    )
    .await;
    assert!(moved.status.success(), "{}", text(&moved));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_published_is_thrown_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = FarServer::start([("m.onnx", long_model())]).await;
    let url = far.url("/ranges/m.onnx");
    for more in [vec![], vec!["--sha256", "00"]] {
        let mut args = vec!["pull", "u2netp", "--yes", "--from", &url];
        args.extend(more);
        let refused = models(folder.path(), &far, &args).await;
        assert!(!refused.status.success());
        assert!(
            text(&refused).contains("not the one that was published"),
            "{}",
            text(&refused)
        );
    }
    assert!(
        std::fs::read_dir(folder.path().join("models"))
            .expect("made")
            .next()
            .is_none()
    );
    for (args, word) in [
        (vec!["pull", "nothing", "--yes"], "no family"),
        (vec!["pull", "siglip2-base", "--yes"], "does not run models"),
        (vec!["pull", "realesrgan-x4v3", "--yes"], "models add"),
        (vec!["pull", "u2netp"], "--yes"),
        (
            vec!["pull", "u2netp", "--yes", "--from", "http://127.0.0.1:1/x"],
            "fetch",
        ),
        (vec!["remove", "u2netp"], "no model"),
    ] {
        let refused = models(folder.path(), &far, &args).await;
        assert!(!refused.status.success(), "{args:?}");
        assert!(text(&refused).contains(word), "{args:?}: {}", text(&refused));
    }
    let url = far.url("/status/404");
    let gone = models(folder.path(), &far, &["pull", "u2netp", "--yes", "--from", &url]).await;
    assert!(!gone.status.success() && text(&gone).contains("404"), "{}", text(&gone));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_added_model_is_tried_first_and_then_edits() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = FarServer::start([("none", vec![0u8])]).await;
    let file = folder.path().join("My Model.onnx");
    for (model, word) in [
        (onnx(TestModel::NotANumber), "not finite"),
        (onnx(TestModel::UnknownOperator), "Astonish"),
        (vec![], "is empty"),
        (vec![1, 2, 3], "cannot be used"),
    ] {
        std::fs::write(&file, model).expect("written");
        let path = file.to_str().expect("UTF-8");
        let refused = models(folder.path(), &far, &["add", path, "--task", "cutout"]).await;
        assert!(
            !refused.status.success() && text(&refused).contains(word),
            "{}",
            text(&refused)
        );
    }
    std::fs::write(&file, onnx(TestModel::RedIsSubject)).expect("written");
    let path = file.to_str().expect("UTF-8");
    let taken = models(
        folder.path(),
        &far,
        &["add", path, "--task", "cutout", "--side", "64", "--name", "net"],
    )
    .await;
    assert!(
        !taken.status.success() && text(&taken).contains("built-in engine"),
        "{}",
        text(&taken)
    );
    let added = models(folder.path(), &far, &["add", path, "--task", "cutout", "--side", "64"]).await;
    assert!(added.status.success(), "{}", text(&added));
    assert!(text(&models(folder.path(), &far, &["verify"]).await).contains("ok       my-model"));

    // The best installed model is taken by itself, another by its name.
    let studio = Process::start(folder.path());
    let photo = RgbImage::from_fn(160, 120, |x, _| {
        if (60..100).contains(&x) {
            Rgb([220, 30, 30])
        } else {
            Rgb([40, 60, 220])
        }
    });
    let photo = data_uri(&encode(&DynamicImage::from(photo), ImageFormat::Png));
    for (model, engine) in [
        (None, "cutout.my-model"),
        (Some("my-model"), "cutout.my-model"),
        (Some("built-in"), "cutout.auto"),
        (Some("net"), "cutout.net"),
        (Some("plain"), "cutout.plain"),
    ] {
        let mut arguments = json!({ "action": "remove_background", "images": photo, "sync": true });
        if let Some(model) = model {
            arguments["model"] = json!(model);
        }
        let cut = studio.call("edit_image", arguments).await;
        assert_eq!(cut["status"], "succeeded", "{cut}");
        let got = studio
            .call(
                "assets",
                json!({ "action": "get", "asset_id": cut["outputs"][0]["asset_id"] }),
            )
            .await;
        let made_by = got["recipe"]["model"].as_str().expect("a model");
        assert!(made_by.starts_with(engine), "{made_by}");
        assert_eq!(made_by.contains("my-model"), engine.contains("my-model"), "{made_by}");
    }
    let refused = studio
        .tool(
            "edit_image",
            json!({ "action": "remove_background", "images": photo, "model": "u2net", "sync": true }),
        )
        .await;
    let said = refused["structuredContent"].to_string();
    assert!(said.contains("Choose one of: my-model, built-in, net, plain"), "{said}");
    drop(studio);
    run(folder.path(), &["models", "remove", "my-model"]);
    run(folder.path(), &["ledger", "check"]);
}

#[cfg(feature = "diffusion")]
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_ones_own_makes_pictures_of_words() {
    use aquatint_testkit::checkpoint::Checkpoint;

    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("tiny");
    Checkpoint::read("sdxl").write(&source);
    let far = FarServer::start([("none", "none")]).await;
    let path = source.display().to_string();
    let added = models(
        folder.path(),
        &far,
        &[
            "add",
            &path,
            "--task",
            "generate",
            "--name",
            "tiny",
            "--steps",
            "1",
            "--guidance",
            "1",
        ],
    )
    .await;
    assert!(added.status.success(), "{}", text(&added));
    assert!(text(&added).contains("generate.tiny"), "{}", text(&added));
    let listed = models(folder.path(), &far, &["list"]).await;
    assert!(text(&listed).contains("image/local/tiny"), "{}", text(&listed));

    let studio = Process::start(folder.path());
    let schema = studio
        .call("models", json!({ "action": "get", "model": "image/local/tiny" }))
        .await;
    assert_eq!(schema["capabilities"]["text_to_image"], true, "{schema}");
    let mut files = Vec::new();
    for (prompt, seed) in [("a cup", 5), ("a cup", 5), ("a cup", 6), ("zebra", 5)] {
        let arguments =
            json!({ "model": "image/local/tiny", "prompt": prompt, "seed": seed, "width": 256, "height": 256 });
        let job = studio.call("generate_media", arguments).await;
        let done = studio.finished(&job["job_id"]).await;
        assert_eq!(done["status"], "succeeded", "{done}");
        let output = &done["outputs"][0];
        assert_eq!((&output["width"], &output["height"]), (&json!(256), &json!(256)));
        files.push(studio.bytes(&output["url"]).await);
        let got = studio
            .call("assets", json!({ "action": "get", "asset_id": output["asset_id"] }))
            .await;
        assert!(
            got["recipe"]["model"]
                .as_str()
                .is_some_and(|model| model.starts_with("image/local/tiny@")),
            "{got}"
        );
    }
    assert_eq!(files[0], files[1], "the same words and seed are the same picture");
    assert_ne!(files[0], files[2]);
    assert_ne!(files[0], files[3]);

    // A file that changed is found out; so is one that is missing.
    let weights = folder
        .path()
        .join("models/tiny/vae/diffusion_pytorch_model.safetensors");
    let mut bytes = std::fs::read(&weights).expect("there");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&weights, bytes).expect("written");
    let verified = models(folder.path(), &far, &["verify", "tiny"]).await;
    assert!(
        !verified.status.success() && text(&verified).contains("not what was installed"),
        "{}",
        text(&verified)
    );
    std::fs::remove_file(&weights).expect("removed");
    let listed = models(folder.path(), &far, &["list"]).await;
    assert!(text(&listed).contains("is missing"), "{}", text(&listed));
}

#[cfg(feature = "diffusion")]
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_fills_what_is_erased_and_continues_what_is_expanded() {
    use aquatint_testkit::checkpoint::Checkpoint;

    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("tiny");
    Checkpoint::read("sdxl").write(&source);
    let far = FarServer::start([("none", "none")]).await;
    let path = source.display().to_string();
    let added = [
        "add",
        &path,
        "--task",
        "generate",
        "--name",
        "tiny",
        "--steps",
        "2",
        "--guidance",
        "1",
    ];
    let added = models(folder.path(), &far, &added).await;
    assert!(added.status.success(), "{}", text(&added));
    let studio = Process::start(folder.path());
    let photo = aquatint_testkit::pictures::noise_photo(160, 120, 4);
    let sent = data_uri(&encode(&DynamicImage::from(photo.clone()), ImageFormat::Png));

    // What was not marked stays to the pixel; what was marked is new, and depends on the seed.
    let mut fillings = Vec::new();
    for (seed, prompt) in [(1, None), (1, None), (2, None), (1, Some("a red cup"))] {
        let mut arguments = json!({ "action": "erase", "images": sent, "mask": [60, 40, 30, 30], "seed": seed,
            "model": "image/local/tiny", "sync": true });
        if let Some(prompt) = prompt {
            arguments["prompt"] = json!(prompt);
        }
        let erased = studio.call("edit_image", arguments).await;
        let erased = studio.finished(&erased["job_id"]).await;
        assert_eq!(erased["status"], "succeeded", "{erased}");
        assert_eq!(erased["result"]["method"], "tiny", "{erased}");
        let output = &erased["outputs"][0];
        let got = studio
            .call("assets", json!({ "action": "get", "asset_id": output["asset_id"] }))
            .await;
        assert!(
            got["recipe"]["model"]
                .as_str()
                .is_some_and(|model| model.starts_with("generate.tiny@")),
            "{got}"
        );
        let made = image::load_from_memory(&studio.bytes(&output["url"]).await)
            .expect("a picture")
            .to_rgb8();
        let changed = |x: u32, y: u32| made.get_pixel(x, y) != photo.get_pixel(x, y);
        let inside = |x: u32, y: u32| (60..90).contains(&x) && (40..70).contains(&y);
        let all = || (0..120).flat_map(|y| (0..160).map(move |x| (x, y)));
        assert!(all().all(|(x, y)| inside(x, y) || !changed(x, y)));
        assert!(all().filter(|(x, y)| inside(*x, *y) && changed(*x, *y)).count() > 700);
        fillings.push(made);
    }
    assert_eq!(fillings[0], fillings[1]);
    assert_ne!(fillings[0], fillings[2]);
    assert_ne!(fillings[0], fillings[3]);

    let expanded = studio
        .call(
            "edit_image",
            json!({ "action": "expand", "images": sent, "left": 40, "model": "image/local/tiny", "sync": true }),
        )
        .await;
    let expanded = studio.finished(&expanded["job_id"]).await;
    assert_eq!(expanded["status"], "succeeded", "{expanded}");
    assert_eq!(expanded["outputs"][0]["width"], 200, "{expanded}");
    assert_eq!(expanded["result"]["method"], "tiny", "{expanded}");

    // It cuts nothing out, and is not taken by itself.
    for (action, model, word) in [
        ("remove_background", "image/local/tiny", "built-in"),
        ("erase", "tiny", "image/local/tiny"),
        ("erase", "image/local/none", "image/local/tiny"),
    ] {
        let mut arguments = json!({ "action": action, "images": sent, "model": model, "sync": true });
        if action == "erase" {
            arguments["mask"] = json!([60, 40, 30, 30]);
        }
        let refused = studio.tool("edit_image", arguments).await;
        assert!(
            refused["structuredContent"].to_string().contains(word),
            "{action} {model}: {refused}"
        );
    }
    let wordy = studio
        .tool(
            "edit_image",
            json!({ "action": "erase", "images": sent, "mask": [60, 40, 30, 30], "prompt": "a cup", "sync": true }),
        )
        .await;
    assert!(
        wordy["structuredContent"].to_string().contains("image/local/NAME"),
        "{wordy}"
    );
    let plain = studio
        .call(
            "edit_image",
            json!({ "action": "erase", "images": sent, "mask": [60, 40, 30, 30], "sync": true }),
        )
        .await;
    assert_eq!(plain["result"]["method"], "content-aware fill", "{plain}");
}

#[cfg(feature = "diffusion")]
#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_is_pulled_file_by_file_and_taken_up_where_it_broke() {
    use aquatint_testkit::checkpoint::Checkpoint;

    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("source");
    Checkpoint::read("sd2").write(&source);
    let mut files = Vec::new();
    for part in ["scheduler", "text_encoder", "tokenizer", "unet", "vae"] {
        for entry in std::fs::read_dir(source.join(part)).expect("a folder") {
            let entry = entry.expect("a file");
            let name = entry
                .file_name()
                .to_string_lossy()
                .replace(".safetensors", ".fp16.safetensors");
            files.push((format!("hub/{part}/{name}"), std::fs::read(entry.path()).expect("read")));
        }
    }
    // One is missing at first.
    let (held_back, there): (Vec<_>, Vec<_>) = files
        .iter()
        .cloned()
        .partition(|(name, _)| name.starts_with("hub/vae/c"));
    assert_eq!(held_back.len(), 1);
    let far = FarServer::start(there).await;
    let url = far.url("/files/hub");
    let broken = models(folder.path(), &far, &["pull", "sd-turbo", "--yes", "--from", &url]).await;
    assert!(
        !broken.status.success() && text(&broken).contains("404"),
        "{}",
        text(&broken)
    );
    let before = far.asked().len();
    assert!(before > 8, "{:?}", far.asked());

    let far = FarServer::start(files).await;
    let url = far.url("/files/hub");
    let pulled = models(folder.path(), &far, &["pull", "sd-turbo", "--yes", "--from", &url]).await;
    assert!(pulled.status.success(), "{}", text(&pulled));
    assert!(text(&pulled).contains("went on at byte"), "{}", text(&pulled));
    // Only what was missing was asked for.
    assert_eq!(far.asked().len(), 2, "{:?}", far.asked());
    let verified = models(folder.path(), &far, &["verify"]).await;
    assert!(verified.status.success(), "{}", text(&verified));
}
