//! `cargo xtask check`: what CI checks beside the tests. Every check runs, whatever the others say, and
//! one line of numbers closes.

mod deny;
mod papers;
mod web;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::{arrows, docs, repository, running};

/// How a check ended when nothing is wrong.
pub enum Outcome {
    Fine,
    /// Why it could not be made here.
    Skipped(String),
}

type Check = (&'static str, fn() -> Result<Outcome>);

/// Every check, the quick ones first.
const CHECKS: &[Check] = &[
    ("format", || fine(format)),
    ("arrows", || fine(arrows::check)),
    ("architecture", || fine(papers::architecture)),
    ("licence-files", || fine(papers::licences)),
    ("machine-paths", || fine(papers::machine_paths)),
    ("lock-files", || fine(papers::lock_files)),
    ("server-json", || fine(papers::server_json)),
    ("file-sizes", || fine(papers::file_sizes)),
    ("dependencies", deny::dependencies),
    ("advisories", deny::advisories),
    ("web", web::check),
    ("clippy", || fine(clippy)),
    ("rustdoc", || fine(rustdoc)),
    ("reference-pages", || fine(docs::check_fresh)),
];

/// Runs the named checks, or all.
pub fn run(names: &[String]) -> Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !CHECKS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
        bail!("there is no check `{unknown}`; there are: {}", known.join(", "));
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, check) in CHECKS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("== {name}");
        let began = Instant::now();
        match check() {
            Ok(Outcome::Fine) => {
                passed += 1;
                println!("ok {name} ({:.0} s)", began.elapsed().as_secs_f32());
            }
            Ok(Outcome::Skipped(why)) => {
                skipped += 1;
                println!("skipped {name}: {why}");
            }
            Err(error) => {
                failed += 1;
                println!("not ok {name}: {error:#}");
            }
        }
    }
    println!("checks: {passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0)
}

fn fine(check: fn() -> Result<()>) -> Result<Outcome> {
    check().map(|()| Outcome::Fine)
}

fn format() -> Result<()> {
    running::quietly("cargo fmt", repository::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let mut command = repository::cargo();
    command
        .args(["clippy", "--workspace", "--all-targets", "--quiet"])
        .args(repository::features())
        .args(["--", "-D", "warnings"]);
    running::quietly("clippy", &mut command)
}

fn rustdoc() -> Result<()> {
    let mut command = repository::cargo();
    command
        .args(["doc", "--workspace", "--no-deps", "--quiet"])
        .args(repository::features())
        .env("RUSTDOCFLAGS", "-D warnings");
    running::quietly("cargo doc", &mut command)
}
