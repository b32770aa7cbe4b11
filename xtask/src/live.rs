//! `cargo xtask live --provider NAME`: a run against a real vendor with a real key from the environment; skipped without one.

use std::process::Command;

use anyhow::Result;

use crate::running;

/// Checks the key of a vendor, and with `buy` makes one picture or video by its cheapest model and says what was bought.
pub fn run(provider: &str, model: Option<&str>, buy: bool) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args([
        "run",
        "--quiet",
        "--package",
        "aquatint-providers",
        "--example",
        "live",
        "--",
    ]);
    command.args(["--provider", provider]);
    if let Some(model) = model {
        command.args(["--model", model]);
    }
    if buy {
        command.arg("--buy");
    }
    running::quietly("the live run", &mut command)
}
