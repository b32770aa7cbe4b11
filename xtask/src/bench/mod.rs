//! `cargo xtask bench`: what the studio costs, beside peers on the same machine in the same run. The load
//! stays on loopback and is bounded in count and time. Figures are printed and kept, never asserted.

mod cutout;
mod load;
mod mcp;
mod network;
mod peers;
mod pipelines;
mod process;
mod work;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::repository;

/// One line of the table.
pub struct Row {
    pub name: String,
    /// Numbers with their names, units last: `cpu_us`, `p99_ms`.
    pub figures: Vec<(&'static str, f64)>,
}

impl Row {
    pub fn new(name: impl Into<String>, figures: Vec<(&'static str, f64)>) -> Self {
        Self {
            name: name.into(),
            figures,
        }
    }
}

type Benchmark = (&'static str, fn(&Path) -> Result<Vec<Row>>);

/// Every benchmark. Each takes the released program.
const ALL: &[Benchmark] = &[
    ("start", process::start),
    ("mcp", mcp::run),
    ("upload", work::upload),
    ("resize", work::resize),
    ("upscale", work::upscale),
    ("network", network::run),
    ("cutout", cutout::run),
    ("batch", work::batch),
    ("jobs", work::jobs),
    ("pipelines", pipelines::run),
];

/// Runs the named benchmarks, or all.
pub fn run(names: &[String]) -> Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        bail!("there is no benchmark `{unknown}`; there are: {}", known.join(", "));
    }
    let program = repository::released_program()?;
    let mut kept = Vec::new();
    let mut is_whole = true;
    for (name, measure) in ALL {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("\n{name}");
        match measure(&program) {
            Ok(rows) => {
                for row in rows {
                    let figures: Vec<String> = row.figures.iter().map(|(unit, figure)| told(unit, *figure)).collect();
                    println!("  {:<44} {}", row.name, figures.join("  "));
                    kept.push(entry(name, &row));
                }
            }
            Err(error) => {
                is_whole = false;
                println!("  could not be measured: {error:#}");
            }
        }
    }
    let folder = repository::target()?.join("bench");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("latest.json"), format!("{:#}\n", json!({ "rows": kept })))?;
    println!("\nkept in {}", folder.join("latest.json").display());
    Ok(is_whole)
}

/// The example program that measures the engines, released; its arguments come behind.
fn quality_example() -> std::process::Command {
    let mut command = repository::cargo();
    command.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "aquatint-engines",
        "--example",
        "quality",
        "--",
    ]);
    command
}

/// Quality of the engines on the caller's own pictures, by the example program of the engines: what is measured, and the folder
/// that it is measured on.
pub fn quality(asked: &[(&str, Option<PathBuf>)]) -> Result<bool> {
    let mut command = quality_example();
    let mut is_asked = false;
    for (flag, folder) in asked {
        if let Some(folder) = folder {
            command.arg(flag).arg(std::path::absolute(folder)?);
            is_asked = true;
        }
    }
    if !is_asked {
        bail!(
            "say what to measure on: --sr FOLDER or --fill FOLDER with photographs, or --cutout FOLDER with photographs and masks"
        );
    }
    Ok(command.status()?.success())
}

fn told(unit: &str, figure: f64) -> String {
    if figure >= 1_000.0 {
        format!("{unit} {figure:.0}")
    } else {
        format!("{unit} {figure:.2}")
    }
}

fn entry(benchmark: &str, row: &Row) -> Value {
    let figures: serde_json::Map<String, Value> = row
        .figures
        .iter()
        .map(|(unit, figure)| ((*unit).to_owned(), json!(figure)))
        .collect();
    json!({ "benchmark": benchmark, "name": row.name, "figures": figures })
}
