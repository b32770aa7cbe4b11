//! Calls that wait for their work under clients that do not: cut, silent, impatient and beside one another. The times are those
//! of a job of 300 s under a client that cuts at 60 s, a hundred times as fast.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Client, charges};
use crate::process::{Process, aquatint, run};

/// So long nothing is done in these tests.
const WORK: Duration = Duration::from_millis(3_000);
/// So long a client waits.
const PATIENCE: Duration = Duration::from_millis(600);

const FAST: [(&str, &str); 3] = [
    ("AQUATINT_ANSWERS_WAIT_SECONDS", "20"),
    ("AQUATINT_ANSWERS_CERTAIN_SECONDS", "0.9"),
    ("AQUATINT_ANSWERS_KEEP_ALIVE_SECONDS", "0.1"),
];

/// A server whose work is done by nobody, until a worker comes.
fn without_worker(data: &Path, more: &[(&str, &str)]) -> Process {
    let mut environment = FAST.to_vec();
    environment.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    environment.extend_from_slice(more);
    Process::start_as(data, &["serve", "--no-worker", "--listen", "127.0.0.1:0"], &environment)
}

/// A worker, ended when dropped.
struct Worker(Child);

impl Worker {
    fn start(data: &Path) -> Self {
        let mut command = aquatint(data);
        let child = command
            .arg("worker")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("the binary starts"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A call that is cut after a while; the result, if it came.
async fn impatient(client: &Client<'_>, tool: &str, arguments: &Value) -> Option<Value> {
    let request = client.request("tools/call", &json!({ "name": tool, "arguments": arguments }));
    let answer = request.timeout(PATIENCE).send().await.ok()?;
    let answer: Value = answer.json().await.ok()?;
    assert_ne!(answer["result"]["isError"], json!(true), "{answer}");
    Some(answer["result"]["structuredContent"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_cuts_every_call_gets_its_image_once_and_pays_once() {
    for (path, tool, arguments, image) in [
        (
            "/mcp/aiphotogenerator",
            "generate_image",
            json!({ "prompt": "a cup", "width": 512, "height": 512 }),
            "/image_id",
        ),
        (
            "/mcp/pixola",
            "generate_image",
            json!({ "prompt": "a cup" }),
            "/images/0/imageId",
        ),
        (
            "/mcp/krea",
            "generate",
            json!({ "model": "image/aquatint/scene-preview", "prompt": "a cup", "width": 512, "height": 512, "sync": true }),
            "/job_id",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let studio = without_worker(folder.path(), &[]);
        let client = Client::new(&studio, path);
        let began = Instant::now();
        let mut cuts = 0;
        let mut worker = None;
        let made = loop {
            assert!(cuts < 200, "{path}: the image never comes");
            if began.elapsed() > WORK && worker.is_none() {
                worker = Some(Worker::start(folder.path()));
            }
            match impatient(&client, tool, &arguments).await {
                Some(made) => break made,
                None => cuts += 1,
            }
        };
        assert!(cuts >= 4, "{path}: {cuts} cuts");
        let id = made.pointer(image).unwrap_or_else(|| panic!("{made}"));
        assert!(id.is_string(), "{made}");
        let jobs = studio.rest("GET", "/jobs", None).await.1;
        assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(1), "{path}: {jobs}");
        assert_eq!(charges(&studio).await.len(), 1, "{path}");
        let assets = studio.call("assets", json!({ "action": "list" })).await;
        assert_eq!(assets["assets"].as_array().map(Vec::len), Some(1), "{path}");
        drop(worker);
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
}

/// The SDKs give a request up without closing its connection: the server cannot see it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_gives_up_silently_finds_its_image_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = without_worker(folder.path(), &[]);
    let client = Client::new(&studio, "/api/mcp");
    let arguments = json!({ "prompt": "a cup", "width": 512, "height": 512 });
    let first = client.call("generate_image", arguments.clone());
    let second = async {
        // Longer than an answer is certain to be heard.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        let waiting = client.call("generate_image", arguments.clone());
        let worker = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            Worker::start(folder.path())
        };
        let (second, worker) = tokio::join!(waiting, worker);
        (second, worker)
    };
    let (first, (second, _worker)) = tokio::join!(first, second);
    assert_eq!(first["image_id"], second["image_id"]);
    assert!(
        second["note"]
            .as_str()
            .is_some_and(|note| note.contains("charged once")),
        "{second}"
    );
    assert_eq!(charges(&studio).await.len(), 1);

    // Even after the end: the answer that took long may not have been heard. What was answered at once was.
    let third = client.call("generate_image", arguments.clone()).await;
    assert_eq!(third["image_id"], second["image_id"], "{third}");
    let fourth = client.call("generate_image", arguments).await;
    assert_ne!(fourth["image_id"], second["image_id"], "{fourth}");
    assert_eq!(charges(&studio).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_calls_beside_one_another_make_images_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = Client::new(&studio, "/mcp/aiphotogenerator");
    let arguments = json!({ "prompt": "a cup", "width": 512, "height": 512 });
    let calls = (0..3).map(|_| client.call("generate_image", arguments.clone()));
    let mut ids: Vec<String> = join_all(calls)
        .await
        .iter()
        .map(|made| made["image_id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(charges(&studio).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_of_life_keep_the_connection_and_pass_every_reader() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = without_worker(folder.path(), &[]);
    let client = Client::new(&studio, "/api/mcp");
    let call = |prompt: &str, accept: Option<&'static str>, meta: Value| {
        let params = json!({ "name": "generate_image", "arguments": { "prompt": prompt, "width": 512, "height": 512 }, "_meta": meta });
        let mut request = client.request("tools/call", &params);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        async move {
            let answer = request.send().await.expect("an answer");
            let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
            (kind, answer.text().await.expect("a body"))
        }
    };
    let both = Some("application/json, text/event-stream");
    let worker = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        Worker::start(folder.path())
    };
    let (plain, streamed, watched, _worker) = tokio::join!(
        call("one", None, json!({})),
        call("two", both, json!({})),
        call("three", both, json!({ "progressToken": "p-1" })),
        worker
    );

    assert_eq!(plain.0, "application/json");
    assert!(
        plain.1.starts_with("\n\n"),
        "white space comes before the answer: {:?}",
        &plain.1[..20]
    );
    let answer: Value = serde_json::from_str(&plain.1).expect("JSON with white space before it is JSON");
    assert!(
        answer["result"]["structuredContent"]["image_url"].is_string(),
        "{answer}"
    );

    for (kind, body) in [&streamed, &watched] {
        assert_eq!(kind, "text/event-stream");
        assert!(body.contains("p-1") || body.contains(": waiting\n\n"), "{body}");
        let messages: Vec<Value> = body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).expect("JSON"))
            .collect();
        let last = messages.last().expect("an answer");
        assert!(last["result"]["structuredContent"]["image_url"].is_string(), "{last}");
        let progress: Vec<&Value> = messages
            .iter()
            .filter(|message| message["method"] == "notifications/progress")
            .map(|message| &message["params"])
            .collect();
        if body.contains("p-1") {
            assert!(progress.iter().all(|params| params["progressToken"] == "p-1"));
            let told: Vec<f64> = progress
                .iter()
                .filter_map(|params| params["progress"].as_f64())
                .collect();
            // Something while nothing was done, and always more than before.
            assert!(
                told.len() > 5 && told.windows(2).all(|pair| pair[0] < pair[1]),
                "{told:?}"
            );
        } else {
            assert!(progress.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_the_call_says_that_the_image_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = without_worker(folder.path(), &[("AQUATINT_ANSWERS_WAIT_SECONDS", "0.5")]);
    let client = Client::new(&studio, "/mcp/aiphotogenerator");
    let arguments = json!({ "prompt": "a cup", "width": 512, "height": 512 });
    let problem = client.refused("generate_image", arguments.clone()).await;
    assert_eq!(
        (&problem["code"], &problem["retryable"]),
        (&json!("timed_out"), &json!(true)),
        "{problem}"
    );
    let job = problem["details"]["job_id"].clone();
    let _worker = Worker::start(folder.path());
    studio.finished(&job).await;
    let made = client.call("generate_image", arguments).await;
    let asset = studio
        .call("assets", json!({ "action": "get", "asset_id": made["image_id"] }))
        .await;
    assert_eq!(asset["job_id"], job);
    assert_eq!(charges(&studio).await.len(), 1);

    // The other services answer with the job as it stands.
    drop(_worker);
    let pixola = Client::new(&studio, "/mcp/pixola");
    let batch = pixola.call("generate_image", json!({ "prompt": "a vase" })).await;
    assert_eq!(batch["status"], "pending", "{batch}");
    let krea = Client::new(&studio, "/mcp/krea");
    let order = json!({ "model": "image/aquatint/scene-preview", "prompt": "a bowl", "width": 512, "height": 512, "sync": true });
    let job = krea.call("generate", order).await;
    assert_eq!(job["status"], "queued", "{job}");
}
