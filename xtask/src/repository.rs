//! Where things are in this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::running;

/// The root of the repository.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// The sample photographs beside this repository, unless whoever runs this names others.
pub fn samples() -> Option<PathBuf> {
    match std::env::var_os("AQUATINT_SAMPLES") {
        Some(named) => Some(named.into()),
        None => root().join("../shared/samples").canonicalize().ok(),
    }
}

/// The cargo that runs us. What it told us of our own package is not passed on: build scripts (ring's is one) watch these
/// variables, and everything above them would be built anew, minutes of it, whenever chores and plain cargo take turns.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let of_ours = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_PRIMARY_PACKAGE"
        });
        if of_ours {
            command.env_remove(name);
        }
    }
    command
}

/// The heavy parts to build and test with, as cargo's arguments. Daily work leaves them off; `AQUATINT_TEST_FEATURES` names them,
/// as `aquatint/c2pa,aquatint/diffusion`, and CI does.
pub fn features() -> Vec<String> {
    match std::env::var("AQUATINT_TEST_FEATURES") {
        Ok(names) if !names.is_empty() => vec!["--features".into(), names],
        _ => Vec::new(),
    }
}

/// What `cargo metadata` says about our own packages.
pub fn metadata() -> Result<Value> {
    let text = running::output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--offline"]))?;
    serde_json::from_str(&text).context("cargo metadata did not give JSON")
}

/// The folder that cargo builds into.
pub fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target folder")?;
    Ok(PathBuf::from(folder))
}

/// The program as the tests build it. It is built together with all tests, because another selection of
/// packages has other features and would build half of the dependencies a second time.
pub fn tested_program() -> Result<PathBuf> {
    running::quietly(
        "build",
        cargo()
            .args(["test", "--workspace", "--no-run", "--quiet"])
            .args(features()),
    )?;
    Ok(target()?
        .join("debug")
        .join(format!("aquatint{}", std::env::consts::EXE_SUFFIX)))
}

/// The program as people run it, or the one that `AQUATINT_PROGRAM` names, so that two builds can be compared.
pub fn released_program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("AQUATINT_PROGRAM") {
        return Ok(PathBuf::from(program));
    }
    running::quietly(
        "release build",
        cargo().args(["build", "--release", "--package", "aquatint"]),
    )?;
    Ok(target()?
        .join("release")
        .join(format!("aquatint{}", std::env::consts::EXE_SUFFIX)))
}

/// The files that git knows, as paths from the root.
pub fn files() -> Result<Vec<String>> {
    let text = running::output(Command::new("git").current_dir(root()).args(["ls-files", "-z"]))?;
    Ok(text
        .split('\0')
        .filter(|path| !path.is_empty() && root().join(path).is_file())
        .map(str::to_owned)
        .collect())
}
