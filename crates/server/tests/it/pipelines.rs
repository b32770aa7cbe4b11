//! Pipelines through the front doors: built by an agent, run on pictures, run again for nothing, stopped, and killed.

use std::time::Duration;

use aquatint_app::failpoint;
use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run};

/// A banner: cut out, put on white, widened, with words on it.
fn banner() -> Value {
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image", "alias": "product" },
            { "id": "words", "type": "input.text", "alias": "headline", "settings": { "default": "Sale" } },
            { "id": "white", "type": "edit.replace_background", "settings": { "background": "#ffffff" } },
            { "id": "wide", "type": "edit.expand", "settings": { "aspect_ratio": "16:9" } },
            { "id": "titled", "type": "image.text", "settings": { "anchor": "top_left", "color": "#222222", "size": 12, "margin": 4 } },
            { "id": "banner", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "white" }, { "from": "white", "to": "wide" }, { "from": "wide", "to": "titled.image" },
            { "from": "words", "to": "titled.text" }, { "from": "titled", "to": "banner" },
        ],
    })
}

pub async fn create(studio: &Process, name: &str, graph: Value) -> String {
    let made = studio
        .call("pipelines", json!({ "action": "create", "name": name, "graph": graph }))
        .await;
    made["pipeline_id"].as_str().expect("an id").to_owned()
}

pub async fn bring(studio: &Process, picture: &[u8]) -> String {
    let asset = studio
        .call("upload", json!({ "action": "url", "url": data_uri(picture) }))
        .await;
    asset["asset_id"].as_str().expect("an id").to_owned()
}

pub async fn ended(studio: &Process, run: &Value) -> Value {
    for _ in 0..8 {
        let run = studio
            .call("pipelines", json!({ "action": "get_run", "run_id": run, "sync": true }))
            .await;
        if !["queued", "running"].contains(&run["status"].as_str().unwrap_or_default()) {
            return run;
        }
    }
    panic!("the run {run} does not end");
}

async fn spent(studio: &Process) -> f64 {
    let credits = studio.call("account", json!({ "action": "credits" })).await;
    credits["api"]["spent"].as_f64().unwrap_or_else(|| panic!("{credits}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_builds_a_banner_and_runs_it_on_three_photographs() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let checked = studio
        .call("pipelines", json!({ "action": "validate", "graph": banner() }))
        .await;
    assert_eq!(checked["is_valid"], true, "{checked}");
    let id = create(&studio, "Hero Banner", banner()).await;

    // By name, as people say it; the inputs are told.
    let shown = studio
        .call("pipelines", json!({ "action": "get", "pipeline_id": "hero banner" }))
        .await;
    assert_eq!(shown["pipeline_id"], json!(id));
    let inputs: Vec<&Value> = shown["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .map(|input| &input["alias"])
        .collect();
    assert_eq!(inputs, ["product", "headline"]);

    let mut photos = Vec::new();
    for side in [40, 48, 56] {
        photos.push(bring(&studio, &product(side, 40)).await);
    }
    let collection = studio
        .call("collections", json!({ "action": "create", "name": "Banners" }))
        .await;
    let call = json!({
        "action": "run", "pipeline_id": id, "inputs": { "product": photos, "headline": "New" },
        "collection_id": collection["collection_id"], "idempotency_key": "once",
    });
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    let estimate = studio.call("pipelines", dry).await;
    assert_eq!(
        (&estimate["status"], &estimate["run_count"]),
        (&json!("estimated"), &json!(3))
    );
    let price = estimate["price_credits"].as_f64().expect("a price");
    assert!(price > 0.0);

    let before = spent(&studio).await;
    let started = studio.call("pipelines", call.clone()).await;
    let runs = started["run_ids"].as_array().expect("runs").clone();
    assert_eq!(runs.len(), 3);
    let mut charged = 0.0;
    for run in &runs {
        let run = ended(&studio, run).await;
        assert_eq!(run["status"], "succeeded", "{run}");
        assert_eq!(run["media"].as_array().map(Vec::len), Some(1), "{run}");
        let picture = &run["media"][0];
        let ratio = picture["width"].as_f64().expect("a width") / picture["height"].as_f64().expect("a height");
        assert!((ratio - 16.0 / 9.0).abs() < 0.05, "{picture}");
        assert_eq!(run["group"].as_array().map(Vec::len), Some(3));
        assert!(
            run["nodes"]
                .as_array()
                .expect("nodes")
                .iter()
                .all(|node| node["status"] == "succeeded")
        );
        charged += run["charged_credits"].as_f64().expect("a charge");
    }
    let spent = spent(&studio).await - before;
    assert!(
        (spent - charged).abs() < 1e-6 && (charged - price).abs() < 1e-6,
        "{spent} {charged} {price}"
    );
    let collected = studio
        .call(
            "collections",
            json!({ "action": "get", "collection_id": collection["collection_id"] }),
        )
        .await;
    assert_eq!(collected["asset_count"], 3);

    // The same call again is the same runs; the same work anew costs nothing; other words cost what hangs on them.
    let again = studio.call("pipelines", call).await;
    assert_eq!((&again["run_ids"], &again["replayed"]), (&json!(runs), &json!(true)));
    let cached = studio
        .call("pipelines", json!({ "action": "run", "pipeline_id": id, "inputs": { "product": photos[0], "headline": "New" }, "sync": true }))
        .await;
    assert_eq!(cached["run"]["charged_credits"], 0.0, "{cached}");
    let other = studio
        .call("pipelines", json!({ "action": "run", "pipeline_id": id, "inputs": { "product": photos[0], "headline": "Old" }, "sync": true }))
        .await;
    let node = |name: &str| {
        let nodes = other["run"]["nodes"].as_array().expect("nodes");
        nodes
            .iter()
            .find(|node| node["node"] == name)
            .expect("the node")
            .clone()
    };
    assert_eq!(
        (&node("wide")["is_cached"], node("titled")["is_cached"].is_null()),
        (&json!(true), true),
        "{other}"
    );
    let fresh = studio
        .call("pipelines", json!({ "action": "run", "pipeline_id": id, "inputs": { "product": photos[0], "headline": "New" }, "fresh": true, "sync": true }))
        .await;
    assert!(fresh["run"]["charged_credits"].as_f64() > Some(0.0), "{fresh}");

    // The graph in words, with the run on it.
    let result = studio
        .tool("display_pipeline", json!({ "pipeline_id": id, "run_id": runs[0] }))
        .await;
    let text = result["content"][0]["text"].as_str().expect("text");
    assert!(
        text.contains("```mermaid") && text.contains("n0 --> n2") && text.contains("titled succeeded"),
        "{text}"
    );
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_pinned_copied_carried_and_never_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let graph = |width: u32| {
        json!({
            "nodes": [{ "id": "photo", "type": "input.image" }, { "id": "small", "type": "edit.resize", "settings": { "width": width } }],
            "edges": [{ "from": "photo", "to": "small" }],
        })
    };
    let id = create(&studio, "Small", graph(8)).await;
    let update = |from: u32, width: u32| json!({ "action": "update", "pipeline_id": id, "graph": graph(width), "from_version": from });
    let second = studio.call("pipelines", update(1, 16)).await;
    assert_eq!(second["version"], 2);
    let late = studio.refused("pipelines", update(1, 24)).await;
    assert_eq!(late["code"], "conflict", "{late}");
    let photo = bring(&studio, &product(48, 48)).await;
    for (version, width) in [(json!(1), 8), (json!(null), 16)] {
        let ran = studio
            .call("pipelines", json!({ "action": "run", "pipeline_id": id, "version": version, "inputs": { "photo": photo }, "sync": true }))
            .await;
        assert_eq!(ran["run"]["media"][0]["width"], width, "{ran}");
    }
    let file = studio
        .call(
            "pipelines",
            json!({ "action": "export", "pipeline_id": id, "version": 1 }),
        )
        .await;
    let imported = studio
        .call(
            "pipelines",
            json!({ "action": "import", "file": file, "name": "Brought" }),
        )
        .await;
    assert_eq!(imported["graph"], file["graph"]);
    let copy = studio
        .call("pipelines", json!({ "action": "duplicate", "pipeline_id": id }))
        .await;
    assert_eq!(copy["name"], "Small, copy");
    let found = studio
        .call("pipelines", json!({ "action": "search", "query": "small" }))
        .await;
    assert_eq!(found["pipelines"].as_array().map(Vec::len), Some(2));
    // Publishing wants names for the inputs.
    let nameless = studio
        .refused("pipelines", json!({ "action": "publish", "pipeline_id": id }))
        .await;
    assert!(nameless["message"].as_str().expect("text").contains("photo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_with_node_and_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Hero Banner", banner()).await;
    let photo = bring(&studio, &product(40, 40)).await;
    for (more, field, words) in [
        (json!({ "inputs": {} }), "inputs.product", "`product` is missing"),
        (
            json!({ "inputs": { "produkt": photo } }),
            "inputs.produkt",
            "Its inputs are `product` (image)",
        ),
        (
            json!({ "inputs": { "product": 3 } }),
            "inputs.product",
            "must be an asset id",
        ),
        (
            json!({ "inputs": { "product": "ast_00000000000000000000000000" } }),
            "inputs.product",
            "",
        ),
        (
            json!({ "inputs": { "product": [photo, photo], "headline": ["a", "b", "c"] } }),
            "inputs.words",
            "same length",
        ),
        (
            json!({ "inputs": { "product": photo }, "max_credits": 0.1 }),
            "max_credits",
            "more than your",
        ),
        (
            json!({ "inputs": { "product": photo }, "version": 9 }),
            "version",
            "no version 9",
        ),
    ] {
        let mut call = json!({ "action": "run", "pipeline_id": id });
        call.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        let problem = studio.refused("pipelines", call.clone()).await;
        assert_eq!(problem["field"], field, "{call}: {problem}");
        assert!(
            problem["message"].as_str().expect("text").contains(words),
            "{call}: {problem}"
        );
    }
    let mut circle = banner();
    circle["edges"]
        .as_array_mut()
        .expect("edges")
        .push(json!({ "from": "titled", "to": "white.background" }));
    let problem = studio
        .refused(
            "pipelines",
            json!({ "action": "create", "name": "Round", "graph": circle }),
        )
        .await;
    let faults = problem["details"]["faults"].as_array().expect("faults").clone();
    assert!(
        faults[0]["message"].as_str().expect("text").contains("in a circle"),
        "{problem}"
    );
    let none = studio.call("pipelines", json!({ "action": "list_runs" })).await;
    assert_eq!(none["runs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_may_do_no_more_than_whoever_starts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let collection = studio
        .call(
            "collections",
            json!({ "action": "create", "name": "Not for everybody" }),
        )
        .await["collection_id"]
        .clone();
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "kept", "type": "collect", "settings": { "collection_id": collection } },
        ],
        "edges": [{ "from": "photo", "to": "kept" }],
    });
    let id = create(&studio, "Collect", graph).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let body = json!({ "inputs": { "photo": photo } });
    let address = format!("{}/api/v1/pipelines/{id}/runs", studio.url);
    let narrow = run(folder.path(), &["key", "create", "narrow", "--scopes", "generate"]);
    let refused = studio
        .client
        .post(&address)
        .bearer_auth(&narrow)
        .json(&body)
        .send()
        .await;
    let refused = refused.expect("an answer");
    assert_eq!(refused.status(), 403);
    let problem: Value = refused.json().await.expect("JSON");
    assert!(
        problem["message"].as_str().expect("text").contains("`assets:write`"),
        "{problem}"
    );
    assert_eq!(problem["field"], "nodes.kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_at_its_node_and_a_cancelled_run_gives_everything_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "outside", "type": "edit.crop", "settings": { "x": 4000, "y": 0, "width": 8, "height": 8 } },
            { "id": "after", "type": "edit.rotate", "settings": { "degrees": 90 } },
            { "id": "fine", "type": "edit.rotate", "settings": { "degrees": 180 } },
        ],
        "edges": [{ "from": "photo", "to": "outside" }, { "from": "outside", "to": "after" }, { "from": "photo", "to": "fine" }],
    });
    let id = create(&studio, "Half", graph).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let started = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": id, "inputs": { "photo": photo } }),
        )
        .await;
    let run_done = ended(&studio, &started["run_id"]).await;
    let states: Vec<String> = run_done["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| {
            format!(
                "{} {}",
                node["node"].as_str().unwrap_or_default(),
                node["status"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        states,
        ["photo succeeded", "outside failed", "after skipped", "fine succeeded"],
        "{run_done}"
    );
    assert_eq!(run_done["status"], "failed");
    assert!(
        run_done["error"]["message"]
            .as_str()
            .expect("text")
            .starts_with("outside: "),
        "{run_done}"
    );
    assert!(run_done["outputs"]["fine"]["asset_id"].is_string());

    // A heavy run is cancelled: its jobs end, its holds go back.
    let heavy = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "sizes", "type": "flow.loop", "settings": { "items": (0..40).map(|n| 1500 + n).collect::<Vec<_>>() } },
            { "id": "large", "type": "edit.resize" },
        ],
        "edges": [{ "from": "photo", "to": "large" }, { "from": "sizes", "to": "large.width" }],
    });
    let id = create(&studio, "Heavy", heavy).await;
    let started = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": id, "inputs": { "photo": photo } }),
        )
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let call = json!({ "action": "cancel_run", "run_id": started["run_id"] });
    let cancelled = studio.call("pipelines", call.clone()).await;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(studio.refused("pipelines", call).await["code"], "conflict");
    let seen = ended(&studio, &started["run_id"]).await;
    assert_eq!(seen["status"], "cancelled", "{seen}");
    // Whatever still ran ends at its next heartbeat.
    for _ in 0..50 {
        let (_, jobs) = studio.rest("GET", "/jobs?status=running&limit=100", None).await;
        let (_, queued) = studio.rest("GET", "/jobs?status=queued&limit=100", None).await;
        if jobs["jobs"] == json!([]) && queued["jobs"] == json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_, queued) = studio.rest("GET", "/jobs?status=queued&limit=100", None).await;
    assert_eq!(queued["jobs"], json!([]));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

/// Kills the process at a named point of a run, starts it again, and looks at what came of it.
async fn survive(point: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Hero Banner", banner()).await;
    let photo = bring(&studio, &product(40, 40)).await;
    drop(studio);
    let call = json!({ "action": "run", "pipeline_id": id, "inputs": { "product": photo }, "idempotency_key": "once" });
    let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", point)]);
    let _ = armed.tool_or_broken("pipelines", call.clone()).await;
    assert!(
        armed.wait_for_end(Duration::from_secs(30)),
        "{point}: the process passed the point alive"
    );
    drop(armed);
    let studio = Process::start(folder.path());
    let started = studio.call("pipelines", call).await;
    let done = ended(&studio, &started["run_id"]).await;
    assert_eq!(done["status"], "succeeded", "{point}: {done}");
    // Three pieces of work, each done and charged once.
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    assert_eq!(usage["charges"].as_array().map(Vec::len), Some(3), "{point}: {usage}");
    assert_eq!(done["charged_credits"], done["price_credits"], "{point}");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_every_named_point_of_a_run_is_survived() {
    for point in failpoint::ALL
        .iter()
        .filter(|point| point.starts_with("run-") && **point != "run-cancel-asked")
    {
        survive(point).await;
    }
}
