//! Why a job of Krea's waits: `backlogged` behind others of its workspace, `queued` for a free worker.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::Client;
use crate::process::Process;

const PATH: &str = "/mcp/krea";

/// A studio that runs so many jobs at a time, so many of them for one workspace.
fn studio(data: &Path, workers: u32, concurrent: u32) -> Process {
    let plan = "refuses = false\nrequests_per_minute = 0\nrequests_per_day = 0\n";
    let text = format!("[worker]\njobs = {workers}\n[plans.local]\nconcurrent_jobs = {concurrent}\n{plan}");
    std::fs::write(data.join("aquatint.toml"), text).expect("written");
    Process::start(data)
}

async fn submit(client: &Client<'_>) -> Value {
    let long = json!({ "model": "image/aquatint/scene-preview", "prompt": "shelves", "width": 2048, "height": 2048, "count": 10 });
    client.call("generate", long).await["job_id"].clone()
}

async fn status(client: &Client<'_>, id: &Value) -> String {
    let job = client.call("get_job", json!({ "jobId": id })).await;
    job["status"].as_str().expect("a word").to_owned()
}

async fn is_running(client: &Client<'_>, id: &Value) {
    for _ in 0..300 {
        match status(client, id).await.as_str() {
            "processing" | "sampling" => return,
            "queued" | "backlogged" => tokio::time::sleep(Duration::from_millis(50)).await,
            odd => panic!("{odd}"),
        }
    }
    panic!("{id} does not begin");
}

/// The jobs that REST lists under a word.
async fn listed(studio: &Process, word: &str) -> Vec<Value> {
    let url = format!("{}/krea/jobs?status={word}", studio.url);
    let answer = studio.client.get(url).bearer_auth(&studio.key).send().await;
    let page: Value = answer.expect("an answer").json().await.expect("JSON");
    let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
    assert!(items.iter().all(|job| job["status"] == word), "{page}");
    items.iter().map(|job| job["job_id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_behind_others_of_its_workspace_is_backlogged() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = studio(folder.path(), 3, 1);
    let client = Client::new(&studio, PATH);
    let first = submit(&client).await;
    is_running(&client, &first).await;
    let second = submit(&client).await;
    assert_eq!(status(&client, &second).await, "backlogged");
    let native = studio.call("get_job_status", json!({ "job_id": second })).await;
    assert_eq!(
        (&native["status"], &native["stage"]),
        (&json!("queued"), &json!("behind other jobs"))
    );
    assert_eq!(listed(&studio, "backlogged").await, std::slice::from_ref(&second));
    assert!(listed(&studio, "queued").await.is_empty());
    client.call("cancel_job", json!({ "jobId": first })).await;
    is_running(&client, &second).await;
    assert!(listed(&studio, "backlogged").await.is_empty());
    client.call("cancel_job", json!({ "jobId": second })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_only_lacks_a_worker_is_queued() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = studio(folder.path(), 1, 3);
    let client = Client::new(&studio, PATH);
    let (first, next) = (submit(&client).await, submit(&client).await);
    is_running(&client, &first).await;
    // Two of three run: the only worker has one, and the next at hand.
    is_running(&client, &next).await;
    let last = submit(&client).await;
    assert_eq!(status(&client, &last).await, "queued");
    assert_eq!(listed(&studio, "queued").await, std::slice::from_ref(&last));
    assert!(listed(&studio, "backlogged").await.is_empty());
    for job in [first, next, last] {
        client.call("cancel_job", json!({ "jobId": job })).await;
    }
}
