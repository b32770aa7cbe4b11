//! Runs of pipelines: going on after a failure, parts, events, limits, and ending everything. Most nodes here do nothing, for a while or
//! until a file is there, so that what is seen is the run itself.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run, run_with};

/// A studio that knows nodes which do nothing, with more settings.
pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Process {
    let mut environment = vec![("AQUATINT_TEST_NOTHING", "1"), ("AQUATINT_WORKER_JOBS", "4")];
    environment.extend_from_slice(settings);
    Process::start_with(folder, &environment)
}

pub async fn create(studio: &Process, name: &str, graph: Value) -> String {
    let (status, made) = studio
        .rest("POST", "/pipelines", Some(json!({ "name": name, "graph": graph })))
        .await;
    assert_eq!(status, 200, "{made}");
    made["pipeline_id"].as_str().expect("an id").to_owned()
}

/// Starts a run; gives its id.
pub async fn begin(studio: &Process, pipeline: &str, more: Value) -> String {
    let (status, started) = studio
        .rest("POST", &format!("/pipelines/{pipeline}/runs"), Some(more))
        .await;
    assert!(status == 202 || status == 200, "{status} {started}");
    started["run_id"].as_str().expect("an id").to_owned()
}

pub async fn look(studio: &Process, run: &str) -> Value {
    studio.rest("GET", &format!("/runs/{run}"), None).await.1
}

pub async fn ended(studio: &Process, run: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let (_, seen) = studio.rest("GET", &format!("/runs/{run}?sync=true"), None).await;
        if seen["finished_at"].is_string() {
            return seen;
        }
        assert!(Instant::now() < deadline, "the run {run} does not end: {seen}");
    }
}

/// Each node with its state.
pub fn states(run: &Value) -> Vec<String> {
    run["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{run}"))
        .iter()
        .map(|node| {
            format!(
                "{} {}",
                node["node"].as_str().unwrap_or_default(),
                node["status"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

fn node<'a>(run: &'a Value, id: &str) -> &'a Value {
    let nodes = run["nodes"].as_array().expect("nodes");
    nodes.iter().find(|node| node["node"] == id).expect("the node")
}

/// What has been spent, and what is held now.
pub async fn funds(studio: &Process) -> (f64, f64) {
    let credits = studio.call("account", json!({ "action": "credits" })).await;
    let sum = |name: &str| -> f64 {
        ["api", "plan_units"]
            .iter()
            .map(|balance| credits[*balance][name].as_f64().unwrap_or_else(|| panic!("{credits}")))
            .sum()
    };
    (sum("spent"), sum("held"))
}

async fn jobs(studio: &Process, status: &str) -> usize {
    let (_, found) = studio
        .rest("GET", &format!("/jobs?status={status}&limit=100"), None)
        .await;
    found["jobs"].as_array().unwrap_or_else(|| panic!("{found}")).len()
}

fn nothing(id: &str, settings: Value) -> Value {
    json!({ "id": id, "type": "test.nothing", "settings": settings })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_works_what_failed_and_what_hangs_on_it_and_pays_for_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = start(folder.path(), &[]);
    let file = folder.path().join("needed");
    let graph = json!({
        "nodes": [
            nothing("first", json!({ "name": "first" })),
            nothing("bad", json!({ "needs": file })),
            nothing("after", json!({ "name": "after" })),
            nothing("beside", json!({ "name": "beside" })),
        ],
        "edges": [{ "from": "first", "to": "bad" }, { "from": "bad", "to": "after" }],
    });
    let id = create(&studio, "Fails at first", graph).await;
    let run_id = begin(&studio, &id, json!({})).await;
    let failed = ended(&studio, &run_id).await;
    assert_eq!(
        states(&failed),
        ["first succeeded", "bad failed", "after skipped", "beside succeeded"],
        "{failed}"
    );
    let spent = funds(&studio).await;
    assert_eq!(spent, (0.02, 0.0));

    // What is left has a price of its own, and a limit holds for it.
    let retry = format!("/pipelines/runs/{run_id}/retry");
    let (status, estimate) = studio.rest("POST", &retry, Some(json!({ "dry_run": true }))).await;
    assert_eq!((status, &estimate["price_credits"]), (200, &json!(0.02)), "{estimate}");
    let (_, refused) = studio.rest("POST", &retry, Some(json!({ "max_credits": 0.01 }))).await;
    assert_eq!(refused["code"], "price_above_limit", "{refused}");

    // It fails again where nothing has changed, and that is another run.
    let call = json!({ "action": "retry_run", "run_id": run_id, "idempotency_key": "again", "sync": true });
    let again = studio.call("pipelines", call.clone()).await;
    assert_eq!(again["status"], "failed", "{again}");
    assert_ne!(again["run_id"], json!(run_id));
    let replayed = studio.call("pipelines", call).await;
    assert_eq!(
        (&replayed["run_id"], &replayed["replayed"]),
        (&again["run_id"], &json!(true))
    );
    assert_eq!(funds(&studio).await, spent);

    // With what it needed it goes through, from the second run as from the first.
    std::fs::write(&file, "here").expect("written");
    let command = run_with(
        folder.path(),
        &[("AQUATINT_TEST_NOTHING", "1")],
        &[
            "pipelines",
            "retry-run",
            "--run-id",
            again["run_id"].as_str().expect("an id"),
            "--dry-run",
        ],
    );
    assert!(command.contains("estimated"), "{command}");
    let (_, started) = studio
        .rest(
            "POST",
            &format!("/pipelines/runs/{}/retry", again["run_id"].as_str().expect("an id")),
            None,
        )
        .await;
    let done = ended(&studio, started["run_id"].as_str().expect("an id")).await;
    assert_eq!(
        states(&done),
        [
            "first succeeded",
            "bad succeeded",
            "after succeeded",
            "beside succeeded"
        ],
        "{done}"
    );
    assert_eq!(
        (&done["charged_credits"], &done["retry_of"]),
        (&json!(0.02), &again["run_id"])
    );
    assert_eq!(node(&done, "first")["is_cached"], true);
    assert_eq!(node(&done, "first")["charged_credits"].as_f64(), Some(0.0));
    assert_eq!(funds(&studio).await, (0.04, 0.0));
    // What has succeeded is not tried again.
    let (status, refused) = studio
        .rest(
            "POST",
            &format!("/pipelines/runs/{}/retry", done["run_id"].as_str().expect("an id")),
            None,
        )
        .await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));

    // The history tells whose runs these were, and what came of them.
    let (_, listed) = studio
        .rest("GET", &format!("/runs?pipeline_id={id}&limit=2"), None)
        .await;
    assert_eq!(listed["runs"][0]["run_id"], done["run_id"]);
    assert_eq!(listed["runs"][0]["started_by"]["name"], "test", "{listed}");
    assert_eq!(listed["runs"][1]["retry_of"], json!(run_id), "{listed}");
    assert!(
        listed["runs"][0]["started_at"].is_string() && listed["runs"][0]["version"] == 1,
        "{listed}"
    );
    assert!(listed["next_cursor"].is_string());
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_runs_with_what_it_needs_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = start(folder.path(), &[]);
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "words", "type": "input.text", "alias": "headline" },
            { "id": "small", "type": "edit.resize", "settings": { "width": 16 } },
            { "id": "titled", "type": "image.text", "settings": { "size": 12 } },
            { "id": "out", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "small" }, { "from": "small", "to": "titled.image" },
            { "from": "words", "to": "titled.text" }, { "from": "titled", "to": "out" },
        ],
    });
    let id = create(&studio, "Titled", graph).await;
    // The whole's inputs may come, and need not.
    let photo = data_uri(&product(32, 32));
    for inputs in [json!({ "photo": photo }), json!({ "photo": photo, "headline": "Sale" })] {
        let run_id = begin(&studio, &id, json!({ "until": "small", "inputs": inputs })).await;
        let run = ended(&studio, &run_id).await;
        assert_eq!(states(&run), ["photo succeeded", "small succeeded"], "{run}");
        assert_eq!(
            (&run["until"], &run["media"][0]["width"]),
            (&json!("small"), &json!(16))
        );
        assert_eq!(run["price_credits"].as_f64(), Some(0.1), "{run}");
        assert!(
            node(&run, "small")["thumbnails"][0]["url"]
                .as_str()
                .expect("a URL")
                .contains("/256"),
            "{run}"
        );
        assert!(run["inputs"]["photo"]["asset_id"].is_string(), "{run}");
    }
    for (until, field) in [("nobody", "until"), ("titled", "inputs.headline")] {
        let call = json!({ "action": "run", "pipeline_id": id, "until": until, "inputs": { "photo": photo } });
        let problem = studio.refused("pipelines", call).await;
        assert_eq!(problem["field"], field, "{problem}");
    }
    // What the part has made, the whole need not make again.
    let whole = json!({ "inputs": { "photo": photo, "headline": "Sale" } });
    let run_id = begin(&studio, &id, whole).await;
    let run = ended(&studio, &run_id).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(
        (&node(&run, "small")["is_cached"], &run["until"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_followed_to_its_end_by_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = start(folder.path(), &[]);
    let graph = json!({
        "nodes": [nothing("a", json!({ "milliseconds": 400 })), nothing("b", json!({ "milliseconds": 400 }))],
        "edges": [{ "from": "a", "to": "b" }],
    });
    let id = create(&studio, "Two", graph).await;
    let run_id = begin(&studio, &id, json!({})).await;
    let address = format!("{}/api/v1/pipelines/runs/{run_id}/events", studio.url);
    let mut answer = studio
        .client
        .get(&address)
        .bearer_auth(&studio.key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    // The stream ends by itself with the run.
    let all = async {
        while let Some(part) = answer.chunk().await.expect("bytes") {
            text.push_str(&String::from_utf8_lossy(&part));
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("it ends");
    let events: Vec<Value> = text
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("event: run\ndata: "))
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect();
    assert!(events.len() >= 3, "{text}");
    let of = |event: &Value| (event["nodes"][0]["status"].clone(), event["nodes"][1]["status"].clone());
    assert!(
        events
            .iter()
            .any(|event| of(event) == (json!("running"), json!("waiting"))),
        "{text}"
    );
    assert!(
        events
            .iter()
            .any(|event| of(event) == (json!("succeeded"), json!("running"))),
        "{text}"
    );
    let last = events.last().expect("events");
    assert_eq!(last["status"], "succeeded");
    assert_eq!(*last, look(&studio, &run_id).await);
    let progress: Vec<f64> = events.iter().filter_map(|event| event["progress"].as_f64()).collect();
    assert!(progress.is_sorted(), "{progress:?}");
    // One that has ended is told once; one that is not there is refused.
    let told = studio
        .client
        .get(&address)
        .bearer_auth(&studio.key)
        .send()
        .await
        .expect("an answer");
    assert_eq!(told.text().await.expect("text").matches("event: run").count(), 1);
    let (status, _) = studio
        .rest("GET", "/pipelines/runs/run_00000000000000000000000000/events", None)
        .await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_holds_at_its_edge() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = [
        ("AQUATINT_PIPELINES_NODES", "5"),
        ("AQUATINT_PIPELINES_FAN_OUT", "2"),
        ("AQUATINT_PIPELINES_DEPTH", "3"),
        ("AQUATINT_PIPELINES_RUN_SECONDS", "2"),
    ];
    let studio = start(folder.path(), &limits);
    let validate = async |graph: Value| {
        let checked = studio
            .call("pipelines", json!({ "action": "validate", "graph": graph }))
            .await;
        checked["faults"][0]["message"].as_str().unwrap_or_default().to_owned()
    };
    let wide = |many: usize| {
        let nodes: Vec<Value> = (0..many)
            .map(|number| nothing(&format!("n{number}"), json!({})))
            .collect();
        json!({ "nodes": nodes })
    };
    assert_eq!(validate(wide(5)).await, "");
    assert!(validate(wide(6)).await.contains("at most 5 nodes"));
    let deep = |many: usize| {
        let mut graph = wide(many);
        graph["edges"] = (1..many)
            .map(|number| json!({ "from": format!("n{}", number - 1), "to": format!("n{number}") }))
            .collect();
        graph
    };
    assert_eq!(validate(deep(3)).await, "");
    assert!(validate(deep(4)).await.contains("at most 3 are taken"));

    // Lists that are brought, and lists that come about in a run.
    let texts = json!({
        "nodes": [{ "id": "word", "type": "input.text" }, { "id": "told", "type": "text.template", "settings": { "template": "{word}!" } }],
        "edges": [{ "from": "word", "to": "told.word" }],
    });
    let id = create(&studio, "Texts", texts).await;
    let two = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": id, "inputs": { "word": ["a", "b"] } }),
        )
        .await;
    assert_eq!(two["run_count"], 2);
    let three = json!({ "action": "run", "pipeline_id": id, "inputs": { "word": ["a", "b", "c"] } });
    assert!(
        studio.refused("pipelines", three).await["message"]
            .as_str()
            .expect("text")
            .contains("at most 2")
    );
    for (items, status) in [(2, "succeeded"), (3, "failed")] {
        let words: Vec<String> = (0..items).map(|number| number.to_string()).collect();
        let graph = json!({
            "nodes": [
                { "id": "words", "type": "flow.loop", "settings": { "items": words } },
                { "id": "told", "type": "text.template", "settings": { "template": "{word}!" } },
            ],
            "edges": [{ "from": "words", "to": "told.word" }],
        });
        let id = create(&studio, "Loop", graph).await;
        let run_id = begin(&studio, &id, json!({})).await;
        assert_eq!(ended(&studio, &run_id).await["status"], status, "{items}");
    }

    // Time: what is over it is stopped, and what was held goes back.
    let slow = json!({
        "nodes": [nothing("quick", json!({})), nothing("slow", json!({ "milliseconds": 600_000 })), nothing("never", json!({}))],
        "edges": [{ "from": "slow", "to": "never" }],
    });
    let id = create(&studio, "Slow", slow).await;
    let run_id = begin(&studio, &id, json!({})).await;
    let late = ended(&studio, &run_id).await;
    assert_eq!(
        (&late["status"], &late["error"]["code"]),
        (&json!("failed"), &json!("timed_out")),
        "{late}"
    );
    assert_eq!(
        states(&late),
        ["quick succeeded", "slow cancelled", "never skipped"],
        "{late}"
    );
    assert_eq!(late["charged_credits"], 0.01);
    all_idle(&studio).await;
    assert_eq!(funds(&studio).await, (0.01, 0.0));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

/// Waits until no job waits or runs.
async fn all_idle(studio: &Process) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while jobs(studio, "running").await + jobs(studio, "queued").await > 0 {
        assert!(Instant::now() < deadline, "jobs go on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn independent_nodes_run_side_by_side_as_far_as_the_workspace_may() {
    let folder = tempfile::tempdir().expect("a folder");
    // Ten workers, of which a workspace of the plan for one machine has eight.
    let studio = start(folder.path(), &[("AQUATINT_WORKER_JOBS", "10")]);
    let nodes: Vec<Value> = (0..20)
        .map(|number| nothing(&format!("n{number}"), json!({ "milliseconds": 1_000 })))
        .collect();
    let id = create(&studio, "Wide", json!({ "nodes": nodes })).await;
    let run_id = begin(&studio, &id, json!({ "fresh": true })).await;
    let mut most = 0;
    while look(&studio, &run_id).await["finished_at"].is_null() {
        most = most.max(jobs(&studio, "running").await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(most, 8);
    let done = ended(&studio, &run_id).await;
    assert_eq!(
        (&done["status"], &done["charged_credits"]),
        (&json!("succeeded"), &json!(0.2)),
        "{done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_films_that_are_being_made_and_gives_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = start(folder.path(), &[]);
    let graph = json!({
        "nodes": [
            nothing("before", json!({})),
            { "id": "prompt", "type": "flow.loop", "settings": { "items": ["sand", "marble", "moss", "wood", "ice", "silk"] } },
            { "id": "film", "type": "generate.media", "settings": { "model": "video/aquatint/pan-zoom", "duration_seconds": 10, "width": 1280, "height": 720 } },
            nothing("after", json!({})),
        ],
        "edges": [{ "from": "prompt", "to": "film.prompt" }, { "from": "film", "to": "after" }],
    });
    let id = create(&studio, "Films", graph).await;
    let run_id = begin(&studio, &id, json!({})).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let seen = look(&studio, &run_id).await;
        if node(&seen, "before")["status"] == "succeeded" && jobs(&studio, "running").await > 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(funds(&studio).await.1 > 0.0, "nothing is held while films are made");
    let (status, cancelled) = studio.rest("DELETE", &format!("/runs/{run_id}"), None).await;
    assert_eq!((status, &cancelled["status"]), (200, &json!("cancelled")));
    all_idle(&studio).await;
    let seen = look(&studio, &run_id).await;
    assert_eq!(
        states(&seen),
        [
            "before succeeded",
            "prompt succeeded",
            "film cancelled",
            "after skipped"
        ],
        "{seen}"
    );
    let (spent, held) = funds(&studio).await;
    assert_eq!((held, Some(spent)), (0.0, seen["charged_credits"].as_f64()), "{seen}");
    // What was done before stays done when it is taken up again.
    let (_, again) = studio
        .rest("POST", &format!("/pipelines/runs/{run_id}/retry"), None)
        .await;
    let again = again["run_id"].as_str().expect("an id").to_owned();
    studio.rest("DELETE", &format!("/runs/{again}"), None).await;
    let seen = ended(&studio, &again).await;
    assert_eq!(node(&seen, "before")["is_cached"], json!(true), "{seen}");
    all_idle(&studio).await;
    assert_eq!(funds(&studio).await, (spent, 0.0));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cancelled_while_nobody_moved_it_on_leaves_no_job_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = start(folder.path(), &[]);
    let nodes: Vec<Value> = (0..3)
        .map(|number| nothing(&format!("n{number}"), json!({ "milliseconds": 600_000 })))
        .collect();
    let id = create(&studio, "Naps", json!({ "nodes": nodes })).await;
    drop(studio);
    // Its jobs are there, and no step says so.
    let mut armed = start(folder.path(), &[("AQUATINT_FAILPOINT", "run-job-submitted")]);
    let call = json!({ "action": "run", "pipeline_id": id, "idempotency_key": "once" });
    let _ = armed.tool_or_broken("pipelines", call.clone()).await;
    assert!(armed.wait_for_end(Duration::from_secs(30)));
    drop(armed);
    let mut armed = start(folder.path(), &[("AQUATINT_FAILPOINT", "run-cancel-asked")]);
    let run_id = armed.call("pipelines", call).await["run_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let cancel = json!({ "action": "cancel_run", "run_id": run_id });
    let _ = armed.tool_or_broken("pipelines", cancel).await;
    assert!(armed.wait_for_end(Duration::from_secs(30)));
    drop(armed);
    // Whoever finds it cancelled ends it.
    let studio = start(folder.path(), &[]);
    let seen = ended(&studio, &run_id).await;
    assert_eq!(seen["status"], "cancelled", "{seen}");
    all_idle(&studio).await;
    assert_eq!(funds(&studio).await, (0.0, 0.0));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}
