//! `X-Webhook-URL`: a script of Krea's users names an address, and is told there of the end of its job, once.
// Only tests talk to the server; the guarded fetcher would refuse loopback.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::path::Path;
use std::time::Duration;

use aquatint_providers::webhook::verify_standard;
use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run};
use crate::receiver::Heard;

const GENERATE: &str = "/krea/generate/image/aquatint/scene-preview";

/// A receiver that the studio of this folder may reach, and its address.
async fn receiver(data: &Path) -> (Heard, String) {
    let (heard, port) = Heard::start().await;
    let text = format!("[fetch]\nallow_private = [\"127.0.0.1:{port}\"]\n");
    std::fs::write(data.join("aquatint.toml"), text).expect("written");
    (heard, format!("http://127.0.0.1:{port}/hook"))
}

async fn post(studio: &Process, path: &str, hook: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let mut request = studio
        .client
        .post(format!("{}{path}", studio.url))
        .bearer_auth(&studio.key)
        .header("X-Webhook-URL", hook)
        .json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn krea_job(studio: &Process, id: &Value) -> Value {
    let url = format!("{}/krea/jobs/{}", studio.url, id.as_str().expect("an id"));
    let answer = studio.client.get(url).bearer_auth(&studio.key).send().await;
    answer.expect("an answer").json().await.expect("JSON")
}

/// Waits for so many deliveries, and a while longer for one too many.
async fn told(heard: &Heard, count: usize) -> Vec<Value> {
    for _ in 0..600 {
        if heard.ids().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let bodies = heard.bodies();
    assert_eq!(bodies.len(), count, "{bodies:?}");
    bodies
}

fn small() -> Value {
    json!({ "prompt": "a cup", "width": 256, "height": 256 })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_job_is_told_once_signed_and_in_kreas_shape() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, hook) = receiver(folder.path()).await;
    // A receiver that is away for a moment is asked again under the same id.
    *heard.answers.lock() = vec![503];
    let studio = Process::start(folder.path());
    let (status, job) = post(&studio, GENERATE, &hook, Some("one"), &small()).await;
    assert_eq!(status, 200, "{job}");
    let (_, again) = post(&studio, GENERATE, &hook, Some("one"), &small()).await;
    assert_eq!(again["job_id"], job["job_id"], "the same key is the same job");
    let bodies = told(&heard, 2).await;
    let ids = heard.ids();
    assert!(ids.iter().all(|id| job["job_id"] == id.as_str()), "{ids:?}");
    let shown = krea_job(&studio, &job["job_id"]).await;
    for member in ["job_id", "status", "created_at", "completed_at"] {
        assert_eq!(bodies[1][member], shown[member], "{member}: {}", bodies[1]);
    }
    assert_eq!(bodies[1]["status"], "completed");
    studio.bytes(&bodies[1]["result"]["urls"][0]).await;
    let secret: Value = serde_json::from_str(&run(folder.path(), &["webhooks", "secret"])).expect("JSON");
    let secret = secret["secret"].as_str().expect("a secret");
    for delivery in heard.deliveries.lock().iter() {
        verify_standard(delivery, secret).expect("signed");
    }

    // One that says no is not asked again, and a job that was cancelled has an end too.
    *heard.answers.lock() = vec![410];
    let long = json!({ "prompt": "shelves", "width": 2048, "height": 2048, "num_images": 10 });
    let (_, job) = post(&studio, GENERATE, &hook, None, &long).await;
    let id = job["job_id"].as_str().expect("an id");
    let gone = studio.client.delete(format!("{}/krea/jobs/{id}", studio.url));
    gone.bearer_auth(&studio.key).send().await.expect("an answer");
    let bodies = told(&heard, 3).await;
    assert_eq!(
        (&bodies[2]["job_id"], &bodies[2]["status"]),
        (&json!(id), &json!("cancelled"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_outlives_the_process_that_took_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, hook) = receiver(folder.path()).await;
    let idle = Process::start_as(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--no-worker"], &[]);
    let (_, job) = post(&idle, GENERATE, &hook, None, &small()).await;
    assert_eq!(job["status"], "queued", "{job}");
    drop(idle);
    let studio = Process::start(folder.path());
    let bodies = told(&heard, 1).await;
    assert_eq!(
        (&bodies[0]["job_id"], &bodies[0]["status"]),
        (&job["job_id"], &json!("completed"))
    );
    drop(studio);
    let studio = Process::start(folder.path());
    told(&heard, 1).await;
    drop(studio);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_of_a_node_app_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, hook) = receiver(folder.path()).await;
    let studio = Process::start(folder.path());
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
    let id = made["pipeline_id"].as_str().expect("an id");
    studio
        .call("pipelines", json!({ "action": "publish", "pipeline_id": id }))
        .await;
    let inputs = json!({ "product": [data_uri(&product(48, 48)), data_uri(&product(40, 40))] });
    let (status, jobs) = post(&studio, &format!("/krea/node-apps/{id}/execute"), &hook, None, &inputs).await;
    assert_eq!(status, 200, "{jobs}");
    let bodies = told(&heard, 2).await;
    for job in jobs.as_array().expect("a list of jobs") {
        let body = bodies.iter().find(|body| body["job_id"] == job["job_id"]);
        let body = body.unwrap_or_else(|| panic!("{job} is not told: {bodies:?}"));
        assert_eq!(body["status"], "completed", "{body}");
        assert!(body["result"]["outputs"]["banner"].is_string(), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_may_not_be_called_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let long = format!("https://hooks.example/{}", "x".repeat(2_000));
    for hook in [
        "http://127.0.0.1:1/hook",
        "http://10.0.0.8/",
        "ftp://hooks.example/",
        "not an address",
        &long,
    ] {
        let (status, refused) = post(&studio, GENERATE, hook, None, &small()).await;
        assert_eq!(
            (status, &refused["field"]),
            (400, &json!("x-webhook-url")),
            "{hook}: {refused}"
        );
    }
    // A key that may not tell others anything may not have them told either.
    let key = run(folder.path(), &["key", "create", "narrow", "--scopes", "generate,jobs"]);
    let narrow = studio
        .client
        .post(format!("{}{GENERATE}", studio.url))
        .bearer_auth(key)
        .header("X-Webhook-URL", "https://hooks.example/x")
        .json(&small());
    let answer = narrow.send().await.expect("an answer");
    assert_eq!(answer.status(), 403, "{}", answer.text().await.unwrap_or_default());
    let (_, listed) = studio.rest("GET", "/jobs", None).await;
    assert_eq!(listed["jobs"], json!([]), "something was made");
}
