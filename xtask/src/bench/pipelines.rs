//! What a run of a pipeline costs beside its work: nodes that do nothing, each a job with its hold and its charge, on SQLite.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Row;
use super::process::Usage;
use super::work::tool;
use crate::http::Connection;
use crate::studio::Studio;

/// Nodes side by side, and one after the other.
const WIDE: usize = 1_000;
const DEEP: usize = 200;
/// A run that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(600);

/// CPU of the server for each node, from the call to the end of the run, and the memory that it holds; three times, so that it shows
/// whether anything stays.
pub fn run(program: &Path) -> Result<Vec<Row>> {
    let settings = ["--set", "pipelines.nodes=2000", "--set", "pipelines.depth=1000"];
    let studio = Studio::start_with(program, &settings, &[("AQUATINT_TEST_NOTHING", "1")])?;
    let mut connection = Connection::open(studio.address())?;
    let mut rows = Vec::new();
    for (name, many, is_deep) in [("deep", DEEP, true), ("wide", WIDE, false)] {
        let made = tool(
            &studio,
            &mut connection,
            "pipelines",
            &json!({ "action": "create", "name": name, "graph": graph(many, is_deep) }),
        )?;
        for round in 1..=3 {
            let before = Usage::of(studio.pid())?.cpu_seconds;
            let began = Instant::now();
            let call = json!({ "action": "run", "pipeline_id": made["pipeline_id"], "fresh": true });
            let started = tool(&studio, &mut connection, "pipelines", &call)?;
            let run = ended(&studio, &mut connection, &started["run_id"])?;
            let wall = began.elapsed().as_secs_f64();
            if run["status"] != "succeeded" {
                bail!("the run ended as {}: {}", run["status"], run["error"]);
            }
            let usage = Usage::of(studio.pid())?;
            let nodes = many as f64;
            rows.push(Row::new(
                format!("{many} nodes that do nothing, {name}, run {round}"),
                vec![
                    ("cpu_ms", (usage.cpu_seconds - before) * 1e3 / nodes),
                    ("wall_ms", wall * 1e3 / nodes),
                    ("rss_mb", usage.rss_bytes as f64 / 1e6),
                    ("peak_mb", Usage::peak_bytes(studio.pid())? as f64 / 1e6),
                ],
            ));
        }
    }
    Ok(rows)
}

fn graph(many: usize, is_deep: bool) -> Value {
    let nodes: Vec<Value> = (0..many)
        .map(|number| json!({ "id": format!("n{number}"), "type": "test.nothing", "settings": { "name": number.to_string() } }))
        .collect();
    let edges: Vec<Value> = (1..if is_deep { many } else { 0 })
        .map(|number| json!({ "from": format!("n{}", number - 1), "to": format!("n{number}") }))
        .collect();
    json!({ "nodes": nodes, "edges": edges })
}

/// The run's end. Waiting costs the server a look at one row now and then.
fn ended(studio: &Studio, connection: &mut Connection, run: &Value) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let listed = tool(
            studio,
            connection,
            "pipelines",
            &json!({ "action": "list_runs", "limit": 1 }),
        )?;
        let newest = &listed["runs"][0];
        if newest["run_id"] == *run && newest["finished_at"].is_string() {
            return Ok(newest.clone());
        }
        // A benchmark runs outside of any runtime.
        #[allow(clippy::disallowed_methods)]
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("the run does not end within {} s", PATIENCE.as_secs())
}
