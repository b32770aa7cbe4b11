//! Licences, bans and sources of what we are built from (`deny.toml`), and advisories where their
//! database can be had.

use anyhow::Result;

use super::Outcome;
use crate::{repository, running};

/// Words of cargo-deny when it has no database of advisories and cannot get one.
const NO_DATABASE: &[&str] = &[
    "failed to fetch advisory database",
    "failed to load advisory database",
    "advisory database",
];

fn is_missing() -> Option<Outcome> {
    let is_here = running::succeeds(repository::cargo().args(["deny", "--version"]));
    (!is_here).then(|| Outcome::Skipped("cargo-deny is not installed (deny.toml says how)".into()))
}

/// What needs no network.
pub fn dependencies() -> Result<Outcome> {
    if let Some(outcome) = is_missing() {
        return Ok(outcome);
    }
    let arguments = ["deny", "--log-level", "error", "check", "bans", "licenses", "sources"];
    running::quietly("cargo deny", repository::cargo().args(arguments))?;
    Ok(Outcome::Fine)
}

/// What needs the RustSec database, which is fetched from where crates are not.
pub fn advisories() -> Result<Outcome> {
    if let Some(outcome) = is_missing() {
        return Ok(outcome);
    }
    match running::output(repository::cargo().args(["deny", "check", "advisories"])) {
        Ok(_) => Ok(Outcome::Fine),
        Err(error) if NO_DATABASE.iter().any(|words| error.to_string().contains(words)) => {
            Ok(Outcome::Skipped("the database of advisories cannot be had here".into()))
        }
        Err(error) => Err(error),
    }
}
