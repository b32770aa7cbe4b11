//! Random graphs, killed at random points: whatever happens to the process, a run makes and costs what it would have without.
//! `AQUATINT_TEST_DAGS=50` tries so many graphs and takes its time, `AQUATINT_TEST_SEED=7` begins where an earlier run did.

use std::time::{Duration, Instant};

use aquatint_app::failpoint;
use aquatint_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, run_with};
use crate::runs::{begin, create, ended, funds, states};

/// No new graph is begun after this long, where nobody asked for a number of them.
const LIMIT: Duration = Duration::from_secs(35);
/// Nodes after the input.
const NODES: u64 = 7;
/// A job is tried three times; two kills leave it one.
const KILLS: u64 = 2;

/// Numbers that look random and are the same for the same seed (SplitMix64, Steele et al. 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// Edits, lists, merges, switches, and now and then something that fails; each node after the first takes from those before it.
fn graph(chance: &mut Chance) -> Value {
    let mut nodes = vec![json!({ "id": "photo", "type": "input.image" })];
    let mut edges = Vec::new();
    let mut pictures = vec!["photo".to_owned()];
    for number in 0..3 + chance.below(NODES - 2) {
        let id = format!("n{number}");
        let from = chance.pick(&pictures).clone();
        let mut made = id.clone();
        match chance.below(8) {
            0 => {
                // A list of sizes makes it work once for each.
                let sizes: Vec<u64> = (0..2 + chance.below(2)).map(|size| 10 + number * 3 + size).collect();
                nodes.push(json!({ "id": format!("{id}s"), "type": "flow.loop", "settings": { "items": sizes } }));
                nodes.push(json!({ "id": id, "type": "edit.resize" }));
                edges.push(json!({ "from": format!("{id}s"), "to": format!("{id}.width") }));
                // A list of pictures may have another length; one picture goes with each size.
                edges.push(json!({ "from": "photo", "to": format!("{id}.image") }));
            }
            1 => {
                nodes.push(json!({ "id": id, "type": "flow.merge" }));
                edges.push(json!({ "from": from, "to": id }));
                if from != "photo" {
                    edges.push(json!({ "from": "photo", "to": id }));
                }
            }
            2 => {
                nodes.push(
                    json!({ "id": format!("{id}w"), "type": "text.template", "settings": { "template": "left" } }),
                );
                let to = if chance.below(2) == 0 { "left" } else { "right" };
                nodes.push(json!({ "id": id, "type": "flow.switch", "settings": { "to": to } }));
                edges.push(json!({ "from": from, "to": format!("{id}.value") }));
                edges.push(json!({ "from": format!("{id}w"), "to": format!("{id}.test") }));
                made = format!("{id}.yes");
            }
            3 if chance.below(2) == 0 => {
                let outside = json!({ "x": 4000, "y": 0, "width": 8, "height": 8 });
                nodes.push(json!({ "id": id, "type": "edit.crop", "settings": outside }));
                edges.push(json!({ "from": from, "to": id }));
            }
            4 | 5 => {
                nodes.push(json!({ "id": id, "type": "edit.resize", "settings": { "width": 12 + number * 2 } }));
                edges.push(json!({ "from": from, "to": id }));
            }
            _ => {
                nodes.push(
                    json!({ "id": id, "type": "edit.rotate", "settings": { "degrees": 90 * (1 + chance.below(3)) } }),
                );
                edges.push(json!({ "from": from, "to": id }));
            }
        }
        pictures.push(made);
    }
    json!({ "nodes": nodes, "edges": edges })
}

/// How the process ends next.
#[derive(Debug)]
enum Kill {
    At(String),
    After(Duration),
}

fn kill(chance: &mut Chance) -> Kill {
    if chance.below(3) == 0 {
        return Kill::After(Duration::from_millis(chance.below(1_500)));
    }
    let points: Vec<&str> = failpoint::ALL
        .iter()
        .copied()
        .filter(|point| point.starts_with("run-") || point.starts_with("job-") || *point == "asset-blobs-written")
        .filter(|point| !["run-cancel-asked", "job-requeued"].contains(point))
        .collect();
    Kill::At(format!("{}:{}", chance.pick(&points), 1 + chance.below(4)))
}

/// What came of a run: states and charges of its nodes, and its pictures' pixels.
async fn outcome(studio: &Process, run: &Value) -> (Vec<String>, Vec<String>, Vec<(u32, Vec<u8>)>) {
    let charges = run["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["charged_credits"].to_string())
        .collect();
    let mut pixels = Vec::new();
    for output in run["media"].as_array().expect("media") {
        let bytes = studio.bytes(&output["url"]).await;
        let picture = image::load_from_memory(&bytes).expect("a picture").to_rgba8();
        pixels.push((picture.width(), picture.into_raw()));
    }
    (states(run), charges, pixels)
}

async fn survive_all(environment: &[(&str, &str)], data: &std::path::Path, name: &str) {
    let wanted: Option<u64> = std::env::var("AQUATINT_TEST_DAGS")
        .ok()
        .and_then(|many| many.parse().ok());
    let seed: u64 = std::env::var("AQUATINT_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| u64::from(std::process::id()) ^ 0xa9a7_1a7e);
    println!("{name}: AQUATINT_TEST_SEED={seed}");
    let began = Instant::now();
    let mut case = 0;
    while wanted.map_or(case < 1 || began.elapsed() < LIMIT, |wanted| case < wanted) {
        let seed = seed.wrapping_add(case);
        let mut chance = Chance(seed);
        let graph = graph(&mut chance);
        let kills: Vec<Kill> = (0..1 + chance.below(KILLS)).map(|_| kill(&mut chance)).collect();
        let told = format!("seed {seed}, {kills:?}, {graph}");
        println!("{name}: {told}");

        let studio = Process::start_with(data, environment);
        let id = create(&studio, &format!("Random {seed}"), graph.clone()).await;
        let inputs = json!({ "photo": data_uri(&product(24 + seed as u32 % 9, 20)) });
        let plain = begin(&studio, &id, json!({ "inputs": inputs, "fresh": true })).await;
        let plain = ended(&studio, &plain).await;
        let expected = outcome(&studio, &plain).await;
        let before = funds(&studio).await.0;
        drop(studio);

        let call = json!({ "action": "run", "pipeline_id": id, "inputs": inputs, "fresh": true, "idempotency_key": format!("once {seed}") });
        for kill in &kills {
            let mut armed = environment.to_vec();
            if let Kill::At(point) = kill {
                armed.push(("AQUATINT_FAILPOINT", point.as_str()));
            }
            let mut studio = match Process::start_armed(data, &armed) {
                Ok(studio) => studio,
                // What an earlier life left is taken up at once, and the point may be passed before the address is told.
                Err(said) => {
                    assert!(said.contains("aborting at a failpoint"), "{said}");
                    continue;
                }
            };
            let _ = studio.tool_or_broken("pipelines", call.clone()).await;
            match kill {
                Kill::At(_) => {
                    // A point that the run does not pass so often is not reached; then the process ends here, too.
                    studio.wait_for_end(Duration::from_secs(3));
                }
                Kill::After(pause) => tokio::time::sleep(*pause).await,
            }
        }
        let studio = Process::start_with(data, environment);
        let started = studio.call("pipelines", call).await;
        let disturbed = ended(&studio, started["run_id"].as_str().expect("an id")).await;
        let (states, charges, pixels) = outcome(&studio, &disturbed).await;
        assert_eq!(
            (states, charges),
            (expected.0, expected.1),
            "{told}\n{plain}\n{disturbed}"
        );
        assert!(pixels == expected.2, "{told}: other pictures\n{plain}\n{disturbed}");
        assert_eq!(disturbed["status"], plain["status"], "{told}");
        assert_eq!(disturbed["charged_credits"], plain["charged_credits"], "{told}");
        let (after, held) = funds(&studio).await;
        let charged = disturbed["charged_credits"].as_f64().expect("a charge");
        assert!(
            (after - before - charged).abs() < 1e-6,
            "{told}: {before} {after} {charged}"
        );
        assert_eq!(held, 0.0, "{told}");
        // What is there already costs nothing.
        if plain["status"] == "succeeded" {
            let again = begin(&studio, &id, json!({ "inputs": inputs })).await;
            let again = ended(&studio, &again).await;
            assert_eq!(again["charged_credits"], 0.0, "{told}: {again}");
        }
        drop(studio);
        run_with(data, environment, &["ledger", "check"]);
        case += 1;
    }
    println!("{name}: {case} graphs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_of_any_graph_makes_and_costs_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    survive_all(&[], folder.path(), "sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_of_any_graph_makes_and_costs_the_same_on_postgres() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let blobs = format!("file://{}", database.folder().join("blobs").display());
    let environment = [
        ("AQUATINT_DATABASE_URL", database.url()),
        ("AQUATINT_BLOBS_URL", blobs.as_str()),
    ];
    survive_all(&environment, &database.folder().join("data"), "postgres").await;
}
