//! What files must and must not say: the map names what exists, licences are there, no file names a
//! machine, lock files name no host, and no source file has outgrown its reader.

use anyhow::{Context, Result, bail};

use serde_json::Value;

use crate::repository::{files, metadata, root};

/// Folders whose names in the map are paths.
const PLACES: &[&str] = &[
    ".ci/",
    "benches/",
    "changelog.d/",
    "crates/",
    "docs/",
    "tests/",
    "xtask/",
];
/// Paths of one machine. Written in two halves, so that this file may hold them.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/plan"),
    concat!("C:\\", "Users\\"),
];
/// The largest source file, in bytes.
const LARGEST_SOURCE: u64 = 24 * 1_024;
/// The same of a table, which is read by looking something up.
const LARGEST_TABLE: u64 = 40 * 1_024;
/// What files that are tables are called.
const TABLES: [&str; 4] = ["rows.rs", "models.rs", "films.rs", "table.rs"];
/// Where every crate comes from.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The map and the way in name only what exists.
pub fn architecture() -> Result<()> {
    let mut gone = Vec::new();
    for name in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(name)).with_context(|| format!("{name} is missing"))?;
        // Every second part stands between backticks.
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = PLACES.iter().any(|place| word.starts_with(place)) && !word.contains([' ', '*', '<', '…']);
            if is_path && !root().join(word).exists() {
                gone.push(format!("{name} names `{word}`"));
            }
        }
    }
    if !gone.is_empty() {
        bail!("these paths do not exist: {}", gone.join(", "));
    }
    Ok(())
}

/// Both licences, and every package under them.
pub fn licences() -> Result<()> {
    for name in [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
    ] {
        if !root().join(name).is_file() {
            bail!("{name} is missing");
        }
    }
    for package in crate::repository::metadata()?["packages"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if package["license"] != "Apache-2.0 OR MIT" {
            bail!("{} does not stand under `Apache-2.0 OR MIT`", package["name"]);
        }
    }
    Ok(())
}

/// No file names a place of one machine.
pub fn machine_paths() -> Result<()> {
    let mut found = Vec::new();
    for path in files()? {
        // What is not text names no path that matters.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            if MACHINE_PATHS.iter().any(|place| line.contains(place)) {
                found.push(format!("{path}:{}", number + 1));
            }
        }
    }
    if !found.is_empty() {
        bail!("these lines name a path of one machine: {}", found.join(", "));
    }
    Ok(())
}

/// Crates come from crates.io; packages name no host, so that any registry serves them.
pub fn lock_files() -> Result<()> {
    for path in files()? {
        if path.ends_with("package-lock.json") {
            let text = std::fs::read_to_string(root().join(&path))?;
            if text.contains("\"resolved\": \"http") || text.contains("\"resolved\": \"git") {
                bail!("{path} names a host; write it with `npm install --omit-lockfile-registry-resolved`");
            }
        }
        if path.ends_with("Cargo.lock") {
            let text = std::fs::read_to_string(root().join(&path))?;
            let sources = text.lines().filter_map(|line| line.strip_prefix("source = "));
            if let Some(foreign) = sources
                .map(|source| source.trim_matches('"'))
                .find(|source| *source != CRATES)
            {
                bail!("{path} takes a crate from {foreign}");
            }
        }
    }
    Ok(())
}

/// `server.json` as the MCP registry takes it: what its documentation asks of every field that stands in ours.
pub fn server_json() -> Result<()> {
    let text = std::fs::read_to_string(root().join("server.json"))?;
    let server: Value = serde_json::from_str(&text).context("server.json is no JSON")?;
    let word = |member: &str| server[member].as_str().unwrap_or_default();
    let metadata = metadata()?;
    let own = metadata["packages"].as_array().into_iter().flatten();
    let version = own
        .filter(|package| package["name"] == "aquatint")
        .find_map(|package| package["version"].as_str());
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|ch| ch.is_ascii_alphanumeric() || matches!(ch, '.' | '-' | '_'))
    };
    let remotes = server["remotes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let placeholders_are_known = remotes.iter().all(|remote| {
        let url = remote["url"].as_str().unwrap_or_default();
        url.split('{').skip(1).all(|rest| {
            let name = rest.split('}').next().unwrap_or_default();
            remote["variables"][name].is_object()
        })
    });
    let members = [
        "$schema",
        "name",
        "title",
        "description",
        "version",
        "remotes",
        "packages",
        "repository",
        "websiteUrl",
        "icons",
    ];
    let strange = server
        .as_object()
        .into_iter()
        .flatten()
        .find(|(name, _)| !members.contains(&name.as_str()));
    for (fits, what) in [
        (
            word("$schema").starts_with("https://static.modelcontextprotocol.io/schemas/"),
            "`$schema` names no schema",
        ),
        (
            word("name")
                .split_once('/')
                .is_some_and(|(space, name)| is_part(space) && is_part(name)),
            "`name` is not `namespace/name`",
        ),
        (
            (3..=200).contains(&word("name").len()),
            "`name` has 3 to 200 characters",
        ),
        (
            (1..=100).contains(&word("description").chars().count()),
            "`description` has up to 100 characters",
        ),
        (
            (1..=100).contains(&word("title").chars().count()),
            "`title` has up to 100 characters",
        ),
        (Some(word("version")) == version, "`version` is not the workspace's"),
        (!remotes.is_empty(), "`remotes` is empty"),
        (
            remotes.iter().all(|remote| remote["type"] == "streamable-http"),
            "a remote is not `streamable-http`",
        ),
        (
            remotes
                .iter()
                .all(|remote| remote["url"].as_str().is_some_and(|url| url.starts_with("https://"))),
            "a remote has no https address",
        ),
        (
            placeholders_are_known,
            "an address has a placeholder that `variables` does not explain",
        ),
        (strange.is_none(), "it has a member that the registry does not know"),
    ] {
        if !fits {
            bail!("server.json: {what}");
        }
    }
    Ok(())
}

/// A source file that nobody can read in one go is two things.
pub fn file_sizes() -> Result<()> {
    let mut large = Vec::new();
    for path in files()?.into_iter().filter(|path| path.ends_with(".rs")) {
        let size = std::fs::metadata(root().join(&path))?.len();
        let is_table = TABLES.iter().any(|name| path.ends_with(&format!("/{name}")));
        if size > if is_table { LARGEST_TABLE } else { LARGEST_SOURCE } {
            large.push(format!("{path} ({size} bytes)"));
        }
    }
    if !large.is_empty() {
        bail!(
            "larger than {LARGEST_SOURCE} bytes (tables: {LARGEST_TABLE}): {}",
            large.join(", ")
        );
    }
    Ok(())
}
