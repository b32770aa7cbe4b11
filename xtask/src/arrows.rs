//! Which crate may know which, and which outside crates belong to one place. Read from `cargo metadata`;
//! what only tests use is left out.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::repository;

/// A crate of ours and those of ours that it may know.
const RULES: &[(&str, &[&str])] = &[
    ("aquatint-domain", &[]),
    ("aquatint-media", &["aquatint-domain"]),
    ("aquatint-store", &["aquatint-domain"]),
    ("aquatint-providers", &["aquatint-domain"]),
    ("aquatint-engines", &["aquatint-domain", "aquatint-media"]),
    // Vendors' stand-ins, for tests.
    ("aquatint-standins", &["aquatint-domain", "aquatint-providers"]),
    (
        "aquatint-testkit",
        &[
            "aquatint-domain",
            "aquatint-media",
            "aquatint-store",
            "aquatint-engines",
            "aquatint-providers",
        ],
    ),
    (
        "aquatint-app",
        &[
            "aquatint-domain",
            "aquatint-media",
            "aquatint-store",
            "aquatint-engines",
            "aquatint-providers",
        ],
    ),
    (
        "aquatint",
        &[
            "aquatint-domain",
            "aquatint-media",
            "aquatint-store",
            "aquatint-engines",
            "aquatint-providers",
            "aquatint-app",
        ],
    ),
    ("xtask", &[]),
];

/// Outside crates and the only ones of ours that may use them. The testkit stands outside the product.
const ONLY: &[(&str, &[&str])] = &[
    ("axum", &["aquatint"]),
    ("rmcp", &["aquatint"]),
    // Pages are the server's; letters are the app's, which sends them when no server runs at all.
    ("askama", &["aquatint", "aquatint-app"]),
    ("lettre", &["aquatint-providers"]),
    ("hyper", &["aquatint", "aquatint-providers"]),
    ("reqwest", &["aquatint-providers"]),
    ("sea-orm", &["aquatint-store"]),
    ("sqlx", &["aquatint-store"]),
    ("object_store", &["aquatint-store"]),
    ("rav1e", &["aquatint-engines"]),
    ("mozjpeg-sys", &["aquatint-media"]),
    ("libwebp-sys", &["aquatint-media"]),
];

/// Fails with every broken rule.
pub fn check() -> Result<()> {
    let broken = broken(&repository::metadata()?);
    if !broken.is_empty() {
        bail!("dependency rules are broken:\n  {}", broken.join("\n  "));
    }
    println!("the arrows between the crates are as they should be");
    Ok(())
}

fn broken(metadata: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may_know)) = RULES.iter().find(|(known, _)| *known == name) else {
            broken.push(format!("{name} has no rule; give it a row in xtask/src/arrows.rs"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        for dependency in dependencies.filter(|dependency| dependency["kind"] != "dev") {
            let other = dependency["name"].as_str().unwrap_or_default();
            let is_ours = RULES.iter().any(|(known, _)| *known == other);
            if is_ours && !may_know.contains(&other) {
                broken.push(format!("{name} must not know {other}"));
            }
            let owners = ONLY
                .iter()
                .find(|(outside, _)| *outside == other)
                .map(|(_, owners)| *owners);
            if name != "aquatint-testkit" && owners.is_some_and(|owners| !owners.contains(&name)) {
                broken.push(format!("{name} must not use {other}"));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arrow_that_turns_round_is_named() {
        let metadata = json!({ "packages": [
            { "name": "aquatint-store", "dependencies": [
                { "name": "aquatint-app", "kind": null },
                { "name": "aquatint-testkit", "kind": "dev" },
                { "name": "sea-orm", "kind": null },
            ] },
            { "name": "aquatint-app", "dependencies": [{ "name": "axum", "kind": null }] },
            { "name": "newcomer", "dependencies": [] },
        ] });
        let broken = broken(&metadata);
        assert_eq!(broken.len(), 3, "{broken:?}");
        for (line, word) in broken.iter().zip(["aquatint-app", "axum", "newcomer"]) {
            assert!(line.contains(word), "{line}");
        }
    }
}
