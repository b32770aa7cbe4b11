//! Films, sounds, models and drawings through the front door: real files that ffmpeg makes, real servers, and vendors that
//! answer with such files.

use std::path::Path;

use aquatint_standins::{StandIn, vendors};
use aquatint_testkit::films;
use serde_json::{Value, json};

use crate::process::{Process, aquatint};

/// Sends a file to a fresh upload URL; gives the status and the answer.
async fn send(studio: &Process, bytes: Vec<u8>, name: &str) -> (u16, Value) {
    let ticket = studio
        .call("upload", json!({ "action": "upload_url", "file_name": name }))
        .await;
    let url = ticket["upload_url"].as_str().expect("a URL");
    let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let answer = studio.client.post(url).multipart(form).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn upload(studio: &Process, bytes: Vec<u8>, name: &str) -> Value {
    let (status, asset) = send(studio, bytes, name).await;
    assert_eq!(status, 200, "{asset}");
    asset
}

/// Writes a picture for people to look at, where a folder for that is named.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("AQUATINT_PICTURES") {
        std::fs::write(Path::new(&folder).join(name), bytes).expect("written");
    }
}

/// Width, height and whether it moves, of a WebP.
fn webp(bytes: &[u8]) -> (u32, u32, bool) {
    let seen = image::load_from_memory_with_format(bytes, image::ImageFormat::WebP).expect("a picture");
    (
        seen.width(),
        seen.height(),
        bytes.windows(4).any(|four| four == b"ANMF"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_film_has_measures_a_poster_a_loop_and_no_secrets() {
    let (Some(h264), Some(vp9)) = (films::h264(), films::vp9()) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let film = upload(&studio, h264.clone(), "holiday.mp4").await;
    for (field, value) in [
        ("type", json!("video")),
        ("content_type", json!("video/mp4")),
        ("width", json!(640)),
        ("height", json!(360)),
        ("duration_seconds", json!(3.0)),
        ("frame_rate", json!(24.0)),
        ("has_audio", json!(true)),
    ] {
        assert_eq!(film[field], value, "{field} of {film}");
    }
    let poster = studio.bytes(&film["poster_url"]).await;
    keep("served-poster.webp", &poster);
    assert_eq!(webp(&poster), (640, 360, false));
    assert_eq!(webp(&studio.bytes(&film["thumbnail_url"]).await), (256, 144, false));
    let motion = studio.bytes(&film["preview_url"]).await;
    assert!(motion.len() <= 400 * 1024, "{} bytes", motion.len());
    assert_eq!(webp(&motion), (400, 225, true));
    // The same signing as everything: another variant under this signature is refused.
    let stolen = film["preview_url"]
        .as_str()
        .expect("a URL")
        .replace("/motion.", "/full.");
    assert_eq!(studio.client.get(stolen).send().await.expect("an answer").status(), 403);

    let details = studio
        .call("assets", json!({ "action": "get", "asset_id": film["asset_id"] }))
        .await;
    assert_eq!(
        (&details["codec"], &details["channels"], &details["sample_rate"]),
        (&json!("h264"), &json!(2), &json!(48_000))
    );
    let preview = studio
        .tool(
            "assets",
            json!({ "action": "get", "asset_id": film["asset_id"], "preview": true }),
        )
        .await;
    assert!(
        preview["content"]
            .as_array()
            .expect("content")
            .iter()
            .any(|block| block["type"] == "image"),
        "a conversation sees the poster"
    );
    let served = studio.bytes(&film["url"]).await;
    assert_eq!(served.len(), h264.len(), "blanked, not cut");
    assert!(
        !served.windows(12).any(|part| part == b"secret title"),
        "the title stays here"
    );
    assert!(
        !served.windows(8).any(|part| part == b"+52.5200"),
        "the place stays here"
    );

    let webm = upload(&studio, vp9, "card.webm").await;
    assert_eq!(
        (&webm["content_type"], &webm["has_audio"]),
        (&json!("video/webm"), &json!(false))
    );
    assert!(webp(&studio.bytes(&webm["preview_url"]).await).2);
    let found = studio
        .call("assets", json!({ "action": "list", "type": "video" }))
        .await;
    assert_eq!(found["assets"].as_array().map(Vec::len), Some(2));
    let none = studio
        .call("assets", json!({ "action": "list", "type": "audio" }))
        .await;
    assert_eq!(none["assets"], json!([]));
    // A gallery shows films by their posters.
    let gallery = studio
        .tool("display", json!({ "asset_ids": [film["asset_id"], webm["asset_id"]] }))
        .await;
    assert_ne!(gallery["isError"], json!(true), "{gallery}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_ffmpeg_films_are_kept_all_the_same() {
    let Some(h264) = films::h264() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(folder.path(), &[("AQUATINT_FILMS_FFMPEG", "off")]);
    let film = upload(&studio, h264, "holiday.mp4").await;
    assert_eq!((&film["width"], &film["duration_seconds"]), (&json!(640), &json!(3.0)));
    assert_eq!((&film["frame_rate"], &film["has_audio"]), (&json!(24.0), &json!(true)));
    for field in ["thumbnail_url", "preview_url", "poster_url"] {
        assert!(film.get(field).is_none(), "{field} of {film}");
    }
    let details = studio
        .call(
            "assets",
            json!({ "action": "get", "asset_id": film["asset_id"], "preview": true }),
        )
        .await;
    assert!(details["notes"].to_string().contains("no poster"), "{details}");
    let resize = json!({ "action": "resize", "images": [film["asset_id"]], "width": 100 });
    let refused = studio.refused("edit_image", resize).await;
    assert!(refused["message"].to_string().contains("another codec"), "{refused}");
    drop(studio);
    let told = aquatint(folder.path())
        .env("AQUATINT_FILMS_FFMPEG", "off")
        .arg("doctor")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("note     ffmpeg (optional): not found"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_of_ffmpeg_and_its_walls() {
    let Some(ffmpeg) = films::ffmpeg() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let told = aquatint(folder.path())
        .env("AQUATINT_FILMS_FFMPEG", &ffmpeg)
        .arg("doctor")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().find(|line| line.contains("ffmpeg")).unwrap_or_default();
    assert!(
        line.starts_with("ok") && line.contains("\"system_calls\":\"up\""),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_films_are_refused_and_the_server_lives_on() {
    let Some(h264) = films::h264() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let mut garbage = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec();
    garbage.extend((0..200_000u32).map(|number| (number * 31 % 253) as u8));
    let cases: [(&str, Vec<u8>); 6] = [
        ("cut.mp4", h264[..h264.len() / 2].to_vec()),
        ("garbage.mp4", garbage),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".to_vec()),
        ("list.txt", b"ffconcat version 1.0\nfile '/etc/passwd'\n".to_vec()),
        ("head.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01".to_vec()),
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(),
        ),
    ];
    for (name, bytes) in cases {
        let (status, problem) = send(&studio, bytes, name).await;
        assert!((400..500).contains(&status), "{name}: {status} {problem}");
        assert!(!problem.to_string().contains("root:"), "{name}: {problem}");
    }
    // What is sound is still taken.
    upload(&studio, h264, "good.mp4").await;
}

/// A GLB with a description and no meshes.
fn glb() -> Vec<u8> {
    let json = br#"{"asset":{"version":"2.0"}} "#;
    let mut bytes = b"glTF".to_vec();
    for number in [2u32, 20 + json.len() as u32, json.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"JSON");
    bytes.extend(json);
    bytes
}

/// Half a second of silence, mono, 8 kHz, with a comment.
fn wav() -> Vec<u8> {
    let mut body = b"WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    body.extend(8_000u32.to_le_bytes());
    body.extend(16_000u32.to_le_bytes());
    body.extend([2, 0, 16, 0]);
    body.extend(b"LIST\x0c\0\0\0ICMTsecret!!data");
    body.extend(8_000u32.to_le_bytes());
    body.extend(vec![0; 8_000]);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn sounds_and_models_are_assets_of_their_own_kinds() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let sound = upload(&studio, wav(), "quiet.wav").await;
    assert_eq!(
        (&sound["type"], &sound["content_type"], &sound["duration_seconds"]),
        (&json!("audio"), &json!("audio/wav"), &json!(0.5))
    );
    let served = studio
        .client
        .get(sound["url"].as_str().expect("a URL"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(served.headers()["content-type"], "audio/wav");
    let served = served.bytes().await.expect("bytes");
    assert!(!served.windows(6).any(|part| part == b"secret"));
    let model = upload(&studio, glb(), "chair.glb").await;
    assert_eq!(
        (&model["type"], &model["content_type"]),
        (&json!("3d"), &json!("model/gltf-binary"))
    );
    let served = studio
        .client
        .get(model["url"].as_str().expect("a URL"))
        .send()
        .await
        .expect("an answer");
    assert!(
        served.headers()["content-disposition"]
            .to_str()
            .expect("text")
            .starts_with("attachment"),
        "a browser does not open it"
    );
    let (status, problem) = send(&studio, glb()[..glb().len() - 3].to_vec(), "cut.glb").await;
    assert_eq!(status, 422, "{problem}");
    for (kind, id) in [("audio", &sound["asset_id"]), ("3d", &model["asset_id"])] {
        let found = studio.call("assets", json!({ "action": "list", "type": kind })).await;
        assert_eq!(found["assets"][0]["asset_id"], *id, "{found}");
        let found = studio
            .call(
                "assets",
                json!({ "action": "search", "query": "quiet chair", "type": kind }),
            )
            .await;
        assert_eq!(found["assets"], json!([]), "both words in one title");
        let (status, page) = studio.rest("GET", &format!("/assets?type={kind}"), None).await;
        assert_eq!(
            (status, page["assets"].as_array().map(Vec::len)),
            (200, Some(1)),
            "{page}"
        );
    }
    let tool = studio
        .tool(
            "assets",
            json!({ "action": "get", "asset_id": sound["asset_id"], "preview": true }),
        )
        .await;
    assert_ne!(tool["isError"], json!(true), "{tool}");
}

fn configure(folder: &Path, stand: &'static StandIn, url: &str) {
    let id = stand.provider.facts().id;
    let key = stand.key;
    // What is bought may be longer than what may be sent.
    let text = format!(
        "limits.upload_max_bytes = 100000\n[providers.{id}]\nkey = \"{key}\"\nbase_url = \"{url}\"\nallow_private = true\n"
    );
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_film_gets_a_poster_and_a_model_takes_sound() {
    let Some(h264) = films::h264() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let stand = vendors::fal::STAND_IN.start().await;
    stand.shop(|shop| shop.film = Some(h264.clone().into()));
    configure(folder.path(), &vendors::fal::STAND_IN, &stand.url());
    let studio = Process::start(folder.path());
    assert!(h264.len() > 100_000, "longer than may be sent");
    assert_eq!(send(&studio, h264, "long.mp4").await.0, 413);
    let sound = upload(&studio, wav(), "quiet.wav").await;
    let model = upload(&studio, glb(), "chair.glb").await;
    let ids = studio
        .call("models", json!({ "action": "search", "query": "Wan 2.7" }))
        .await;
    let id = ids["models"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| model["id"].as_str().expect("an id"))
        .find(|id| id.ends_with("text-to-video"))
        .expect("offered")
        .to_owned();
    let call = |audio: &Value| json!({ "model": id, "prompt": "fireflies over a field", "inputs": { "audio": audio } });
    let refused = studio.refused("generate_media", call(&model["asset_id"])).await;
    assert_eq!(refused["field"], "audio", "{refused}");
    assert!(
        refused["message"].as_str().expect("words").contains("takes sound"),
        "{refused}"
    );
    let job = studio.call("generate_media", call(&sound["asset_id"])).await;
    let job = studio.finished(&job["job_id"]).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    stand.assert_sound();
    let film = &job["outputs"][0];
    let film = studio
        .call("assets", json!({ "action": "get", "asset_id": film["asset_id"] }))
        .await;
    assert_eq!((&film["type"], &film["frame_rate"]), (&json!("video"), &json!(24.0)));
    assert_eq!(webp(&studio.bytes(&film["poster_url"]).await), (640, 360, false));
    assert!(webp(&studio.bytes(&film["preview_url"]).await).2);
    assert_eq!(film["parents"][0]["asset_id"], sound["asset_id"], "{film}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_drawing_is_kept_as_it_is_and_never_opened_by_a_browser() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = vendors::recraft::STAND_IN.start().await;
    configure(folder.path(), &vendors::recraft::STAND_IN, &stand.url());
    let studio = Process::start(folder.path());
    let job = studio
        .call(
            "generate_media",
            json!({ "model": "image/recraft/recraft-v4.1-vector", "prompt": "a fox as a flat logo" }),
        )
        .await;
    let job = studio.finished(&job["job_id"]).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    stand.assert_sound();
    let drawing = studio
        .call(
            "assets",
            json!({ "action": "get", "asset_id": job["outputs"][0]["asset_id"] }),
        )
        .await;
    assert_eq!(
        (&drawing["content_type"], &drawing["width"], &drawing["height"]),
        (&json!("image/svg+xml"), &json!(96), &json!(64))
    );
    let url = drawing["url"].as_str().expect("a URL");
    let served = studio.client.get(url).send().await.expect("an answer");
    let header = |name: &str| served.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-disposition").starts_with("attachment"));
    assert!(
        header("content-security-policy").contains("sandbox")
            && header("content-security-policy").contains("default-src 'none'")
    );
    assert_eq!(
        served.bytes().await.expect("bytes"),
        aquatint_standins::files::svg(),
        "as it came"
    );
    if films::ffmpeg().is_some() && drawing.get("preview_url").is_some() {
        let poster = studio.bytes(&drawing["preview_url"]).await;
        keep("served-drawing.webp", &poster);
        assert_eq!(webp(&poster), (96, 64, false));
    }
    // A tool that takes pictures takes the drawing by its poster.
    if drawing.get("preview_url").is_some() {
        let job = studio
            .call(
                "generate_media",
                json!({ "model": "image/recraft/recraft-vectorize", "images": [drawing["asset_id"]] }),
            )
            .await;
        let job = studio.finished(&job["job_id"]).await;
        assert_eq!(job["status"], "succeeded", "{job}");
        stand.assert_sound();
    }
}
