//! The web app: its types, its own tests, and whether what is embedded is what its sources give.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::Outcome;
use crate::{repository, running};

pub fn check() -> Result<Outcome> {
    let folder = repository::root().join("web");
    if !folder.join("node_modules").exists() {
        let why = "web/node_modules is missing; run `npm ci` in web";
        if std::env::var_os("CI").is_some() {
            bail!("{why}");
        }
        return Ok(Outcome::Skipped(why.into()));
    }
    let npm = |what: &str, arguments: &[&str]| {
        running::quietly(what, Command::new("npm").args(arguments).current_dir(&folder))
    };
    npm("svelte-check", &["run", "--silent", "check"])?;
    npm("the web app's tests", &["run", "--silent", "test"])?;
    for (chore, kept, arguments) in [
        ("build", "dist", &["--emptyOutDir"][..]),
        ("build:widgets", "widgets/dist", &[]),
    ] {
        let fresh = tempfile::tempdir()?;
        let out = fresh.path().to_str().context("a temporary folder with a plain name")?;
        let mut all = vec!["run", "--silent", chore, "--", "--outDir", out];
        all.extend(arguments);
        npm(chore, &all)?;
        let (built, kept_files) = (files(fresh.path())?, files(&folder.join(kept))?);
        let differ: Vec<&String> = built
            .keys()
            .chain(kept_files.keys())
            .filter(|name| built.get(*name) != kept_files.get(*name))
            .collect();
        if !differ.is_empty() {
            bail!("web/{kept} is not what its sources give ({differ:?}); run `npm run {chore}` in web and commit it");
        }
    }
    Ok(Outcome::Fine)
}

/// Every file of a folder, by its path in it.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| format!("{} cannot be read", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                found.insert(name, std::fs::read(&path)?);
            }
        }
    }
    Ok(found)
}
