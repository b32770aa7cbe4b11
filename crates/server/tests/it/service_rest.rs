//! Scripts of Krea's and Pixola's users, with another host before the path: generation, jobs, assets, node apps, batches.
// Only tests talk to the server; the guarded fetcher would refuse loopback.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::pictures::product;
use crate::process::Process;

const MODEL: &str = "image/aquatint/scene-preview";

/// A request with the key, below any path.
async fn ask(studio: &Process, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = studio
        .client
        .request(method, format!("{}{path}", studio.url))
        .bearer_auth(&studio.key);
    if let Some(body) = body {
        request = request.json(&body);
    }
    answered(request).await
}

async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn krea_ended(studio: &Process, id: &str) -> Value {
    for _ in 0..1_200 {
        let (status, job) = ask(studio, Method::GET, &format!("/krea/jobs/{id}"), None).await;
        assert_eq!(status, 200, "{job}");
        if ["completed", "failed", "cancelled"].contains(&job["status"].as_str().unwrap_or_default()) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("job {id} does not end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_krea_generates_waits_lists_and_cancels() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let inputs = json!({ "prompt": "a lighthouse at dusk", "width": 512, "height": 512, "num_images": 2 });
    let (status, job) = ask(&studio, Method::POST, &format!("/krea/generate/{MODEL}"), Some(inputs)).await;
    assert_eq!(status, 200, "{job}");
    let id = job["job_id"].as_str().expect("an id");
    assert!(job["created_at"].is_string(), "{job}");
    let ended = krea_ended(&studio, id).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["result"]["urls"].as_array().map(Vec::len), Some(2), "{ended}");
    assert!(ended["completed_at"].is_string());
    let url = ended["result"]["urls"][0].as_str().expect("a URL");
    let picture = studio.client.get(url).send().await.expect("an answer");
    assert_eq!(picture.status(), 200);

    // It stands in the list under its state and its kind, and under no other.
    for (query, is_there) in [
        ("", true),
        ("?status=completed&types=image&limit=1000", true),
        ("?status=failed,cancelled", false),
        ("?types=video", false),
    ] {
        let (status, listed) = ask(&studio, Method::GET, &format!("/krea/jobs{query}"), None).await;
        assert_eq!(status, 200, "{listed}");
        let jobs = listed["items"].as_array().expect("jobs");
        assert_eq!(
            jobs.iter().any(|job| job["job_id"] == id),
            is_there,
            "{query}: {listed}"
        );
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=1001", "limit"),
        ("?status=done", "status"),
    ] {
        let (status, refused) = ask(&studio, Method::GET, &format!("/krea/jobs{query}"), None).await;
        assert_eq!((status, &refused["field"]), (400, &json!(field)), "{refused}");
    }

    // What has ended cannot be cancelled, and the answer says how it ended.
    let (status, refused) = ask(&studio, Method::DELETE, &format!("/krea/jobs/{id}"), None).await;
    assert_eq!(status, 409, "{refused}");
    assert!(
        refused["message"].as_str().expect("words").contains("completed"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_krea_is_refused_in_kreas_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let path = format!("/krea/generate/{MODEL}");
    let (status, refused) = ask(&studio, Method::POST, &path, Some(json!({ "prompt": ["x"] }))).await;
    assert_eq!(
        (status, &refused["error"]),
        (400, &json!("invalid_request")),
        "{refused}"
    );
    let (status, refused) = ask(
        &studio,
        Method::POST,
        "/krea/generate/image/nobody/none",
        Some(json!({ "prompt": "x" })),
    )
    .await;
    assert!(status == 400 || status == 404, "{status} {refused}");
    let list = json!({ "prompt": "x", "image_url": "https://a.example/1.png,https://a.example/2.png" });
    let (status, refused) = ask(&studio, Method::POST, &path, Some(list)).await;
    assert_eq!(status, 400, "{refused}");
    let (status, _) = ask(&studio, Method::GET, "/krea/jobs/job_00000000000000000000000000", None).await;
    assert_eq!(status, 404);

    let (status, refused) = answered(studio.client.get(format!("{}/krea/jobs", studio.url))).await;
    assert_eq!((status, &refused["error"]), (401, &json!("unauthorized")), "{refused}");
    let broken = studio
        .client
        .post(format!("{}{path}", studio.url))
        .bearer_auth(&studio.key)
        .body("{");
    assert_eq!(answered(broken).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_krea_uploads_and_uses_assets() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let part = Part::bytes(product(96, 64)).file_name("bottle.png");
    let request = studio
        .client
        .post(format!("{}/krea/assets", studio.url))
        .bearer_auth(&studio.key);
    let (status, asset) = answered(request.multipart(Form::new().part("file", part))).await;
    assert_eq!(status, 200, "{asset}");
    assert_eq!(
        (&asset["width"], &asset["height"], &asset["mime_type"]),
        (&json!(96), &json!(64), &json!("image/png"))
    );
    let id = asset["id"].as_str().expect("an id");
    let (status, again) = ask(&studio, Method::GET, &format!("/krea/assets/{id}"), None).await;
    assert_eq!((status, &again["id"]), (200, &json!(id)), "{again}");
    let (_, listed) = ask(&studio, Method::GET, "/krea/assets?limit=10", None).await;
    assert_eq!(listed["items"][0]["id"], id, "{listed}");
    assert_eq!(ask(&studio, Method::GET, "/krea/assets/ast_nothing", None).await.0, 404);

    // Deleting is for people: a key is told so, and the asset stays.
    let (status, refused) = ask(&studio, Method::DELETE, &format!("/krea/assets/{id}"), None).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    assert_eq!(
        ask(&studio, Method::GET, &format!("/krea/assets/{id}"), None).await.0,
        200
    );
    assert_eq!(
        ask(&studio, Method::DELETE, "/krea/assets/ast_nothing", None).await.0,
        404
    );

    // Without a field `file`, or without anything, the answer says what to send.
    let request = studio
        .client
        .post(format!("{}/krea/assets", studio.url))
        .bearer_auth(&studio.key);
    let form = Form::new().part("picture", Part::bytes(product(8, 8)));
    let (status, refused) = answered(request.multipart(form)).await;
    assert_eq!(status, 400, "{refused}");
    assert!(
        refused["message"].as_str().expect("words").contains("`file`"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_pipeline_is_a_node_app() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image", "alias": "product" },
            { "id": "white", "type": "edit.resize", "settings": { "width": 32 } },
            { "id": "small", "type": "output" },
        ],
        "edges": [{ "from": "photo", "to": "white" }, { "from": "white", "to": "small" }],
    });
    let made = studio
        .call(
            "pipelines",
            json!({ "action": "create", "name": "Small", "graph": graph }),
        )
        .await;
    let (_, none) = ask(&studio, Method::GET, "/krea/node-apps", None).await;
    assert_eq!(none["items"], json!([]), "what is not published is no app");
    let path = format!("/pipelines/{}/publish", made["pipeline_id"].as_str().expect("an id"));
    let (status, published) = studio.rest("POST", &path, Some(json!({}))).await;
    assert_eq!(status, 200, "{published}");

    let (_, listed) = ask(&studio, Method::GET, "/krea/node-apps", None).await;
    let app = &listed["items"][0];
    assert_eq!(app["name"], "Small", "{listed}");
    assert!(
        app["input_openapi_schema"]["properties"]["product"].is_object(),
        "{app}"
    );
    let slug = app["slug"].as_str().expect("a slug");
    let (_, one) = ask(&studio, Method::GET, &format!("/krea/node-apps/{slug}"), None).await;
    assert_eq!(one["id"], app["id"]);
    assert_eq!(ask(&studio, Method::GET, "/krea/node-apps/none", None).await.0, 404);

    let version = app["last_version_id"].as_str().expect("an id");
    let bring = |picture: Vec<u8>| crate::pictures::data_uri(&picture);
    let inputs = json!({ "product": [bring(product(96, 64)), bring(product(64, 64))] });
    let (status, jobs) = ask(
        &studio,
        Method::POST,
        &format!("/krea/node-apps/{version}/execute"),
        Some(inputs),
    )
    .await;
    assert_eq!(status, 200, "{jobs}");
    let jobs = jobs.as_array().expect("a list of jobs");
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let ended = krea_ended(&studio, job["job_id"].as_str().expect("an id")).await;
        assert_eq!(ended["status"], "completed", "{ended}");
        assert_eq!(ended["result"]["width"], 32, "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_of_pixola_reads_the_lists_and_makes_a_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let base = format!("{}/pixola/api/v1", studio.url);
    // The lists need no key.
    for (list, least) in [("models", 1), ("styles", 60), ("shapes", 5)] {
        let (status, listed) = answered(studio.client.get(format!("{base}/{list}"))).await;
        let rows = listed[list].as_array().unwrap_or_else(|| panic!("{status} {listed}"));
        assert!(rows.len() >= least, "{list}: {}", rows.len());
        let slug = rows[0]["slug"].as_str().expect("a slug");
        let (status, one) = answered(studio.client.get(format!("{base}/{list}/{slug}"))).await;
        assert_eq!((status, &one), (200, &rows[0]));
        let (status, none) = answered(studio.client.get(format!("{base}/{list}/nothing"))).await;
        assert_eq!((status, &none["error"]), (404, &json!("not_found")), "{none}");
    }
    assert_eq!(answered(studio.client.get(format!("{base}/credits"))).await.0, 401);
    let (status, credits) = ask(&studio, Method::GET, "/pixola/api/v1/credits", None).await;
    assert_eq!(status, 200, "{credits}");
    assert!(
        credits["credits"].is_number() || credits["unlimited"] == true,
        "{credits}"
    );

    let order = json!({ "prompt": "a neon city", "shape": "square", "count": 2 });
    let (status, begun) = ask(&studio, Method::POST, "/pixola/api/v1/generate", Some(order)).await;
    assert_eq!(status, 202, "{begun}");
    let id = begun["batchId"].as_str().expect("an id");
    let mut batch = begun.clone();
    for _ in 0..1_200 {
        batch = ask(&studio, Method::GET, &format!("/pixola/api/v1/batches/{id}"), None)
            .await
            .1;
        if batch["status"] == "completed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(batch["images"].as_array().map(Vec::len), Some(2), "{batch}");
    for odd in [
        json!({}),
        json!({ "prompt": "x", "count": 11 }),
        json!({ "prompt": "x", "shape": "blob" }),
        json!({ "prompt": "x", "quality": "best" }),
    ] {
        let (status, refused) = ask(&studio, Method::POST, "/pixola/api/v1/generate", Some(odd.clone())).await;
        assert_eq!(
            (status, &refused["error"]),
            (400, &json!("bad_request")),
            "{odd}: {refused}"
        );
    }
    let (status, _) = ask(
        &studio,
        Method::GET,
        "/pixola/api/v1/batches/job_00000000000000000000000000",
        None,
    )
    .await;
    assert_eq!(status, 404);
    let (status, document) = answered(studio.client.get(format!("{base}/openapi.json"))).await;
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    assert!(document["paths"]["/generate"]["post"].is_object());
}
