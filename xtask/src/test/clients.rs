//! Real clients against the real program: each script in `tests/clients` gets a server's address and a key
//! and prints `ok NAME` or `not ok NAME: why`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Counts;
use crate::components::Components;
use crate::repository;
use crate::running::{self, End};
use crate::studio::Studio;

/// The longest that one script may run.
const LIMIT: Duration = Duration::from_secs(600);

/// A script, the program that runs it, and whether the server must show the conformance fixtures.
struct Suite {
    script: &'static str,
    runs_on: Language,
    needs_fixtures: bool,
}

#[derive(Clone, Copy)]
enum Language {
    Node,
    /// Node that drives Chromium.
    Browser,
    Python,
}

const fn suite(script: &'static str, runs_on: Language, needs_fixtures: bool) -> Suite {
    Suite {
        script,
        runs_on,
        needs_fixtures,
    }
}

/// Every suite, in the order in which they run.
const SUITES: &[Suite] = &[
    suite("curl.mjs", Language::Node, false),
    suite("ts2.mjs", Language::Node, false),
    suite("sdk1.mjs", Language::Node, false),
    suite("client.py", Language::Python, false),
    suite("inspector.mjs", Language::Node, false),
    suite("pages.mjs", Language::Browser, false),
    suite("conformance.mjs", Language::Node, true),
];

pub fn run(components: &Components, all: bool) -> Result<Counts> {
    let mut counts = Counts::default();
    let folder = repository::root().join("tests/clients");
    let mut ready: Vec<(&Suite, &Path)> = Vec::new();
    for suite in SUITES {
        let program = match suite.runs_on {
            Language::Node => &components.node,
            Language::Browser if components.chromium.is_none() => &None,
            Language::Browser => &components.node,
            Language::Python => &components.python,
        };
        match program {
            Some(program) => ready.push((suite, program)),
            // With --all the missing component has already been counted as a failure.
            None if all => {}
            None => {
                println!("skipped: tests/clients/{}", suite.script);
                counts.skipped += 1;
            }
        }
    }
    if ready.is_empty() {
        return Ok(counts);
    }
    let program = repository::target()?
        .join("debug")
        .join(format!("aquatint{}", std::env::consts::EXE_SUFFIX));
    for needs_fixtures in [false, true] {
        let mut ours = ready
            .iter()
            .filter(|(suite, _)| suite.needs_fixtures == needs_fixtures)
            .peekable();
        if ours.peek().is_none() {
            continue;
        }
        let arguments: &[&str] = if needs_fixtures {
            &["--conformance-fixtures"]
        } else {
            &[]
        };
        let studio = match Studio::start(&program, arguments) {
            Ok(studio) => studio,
            Err(error) => {
                println!("not ok the clients' server: {error:#}");
                counts.failed += 1;
                continue;
            }
        };
        for (suite, runner) in ours {
            counts.add(run_one(suite, runner, &folder, &studio, components)?);
        }
    }
    Ok(counts)
}

fn run_one(suite: &Suite, runner: &Path, folder: &Path, studio: &Studio, components: &Components) -> Result<Counts> {
    println!("\ntests/clients/{}", suite.script);
    let mut command = Command::new(runner);
    command
        .arg(folder.join(suite.script))
        .current_dir(folder)
        .env("AQUATINT_URL", &studio.url)
        .env("AQUATINT_KEY", &studio.key)
        .env("AQUATINT_SETUP", &studio.setup)
        .env(
            "AQUATINT_CHROMIUM",
            components.chromium.as_deref().unwrap_or(Path::new("")),
        )
        .env("AQUATINT_PICTURES", repository::target()?.join("pages"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let mut counts = Counts::default();
    let end = running::told(&mut command, LIMIT, |line| {
        println!("{line}");
        if line.starts_with("ok ") {
            counts.passed += 1;
        } else if line.starts_with("not ok ") {
            counts.failed += 1;
        }
    })?;
    let wrong = match end {
        End::Success if counts.passed + counts.failed == 0 => Some("it checked nothing".to_owned()),
        End::Success => None,
        End::Failure(status) if counts.failed == 0 => Some(format!("it ended with {status}")),
        End::Failure(_) => None,
        End::TimedOut => Some(format!("not done after {} s", LIMIT.as_secs())),
    };
    if let Some(wrong) = wrong {
        println!("not ok {}: {wrong}", suite.script);
        counts.failed += 1;
    }
    if counts.failed > 0 {
        println!("the end of the server's log:\n{}", studio.log());
    }
    Ok(counts)
}
