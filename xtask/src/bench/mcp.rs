//! What an authenticated `tools/list` and `tools/call` cost, beside a bare rmcp server and the servers of
//! the TypeScript and Python SDKs.

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::load::Load;
use super::peers::{self, Peer};
use super::{Row, process::Usage};
use crate::studio::Studio;

/// Requests for the studio and for rmcp; the slower peers get a tenth.
const REQUESTS: usize = 20_000;
const REVISION: &str = "2025-11-25";

pub fn run(program: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let studio = Studio::start(program, &[])?;
    let bearer = format!("Bearer {}", studio.key);
    let calls = [
        ("tools/list", json!({}), "edit_image"),
        (
            "tools/call account credits",
            json!({ "name": "account", "arguments": { "action": "credits" } }),
            "plan",
        ),
    ];
    for (name, params, expects) in calls {
        let method = name.split(' ').next().unwrap_or(name);
        rows.push(
            Load {
                name: format!("aquatint, {name}"),
                pid: studio.pid(),
                host: studio.address(),
                path: "/mcp",
                headers: headers(&bearer),
                body: json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string(),
                requests: REQUESTS,
                expects,
            }
            .measure()?,
        );
    }
    rows.push(Row::new(
        "aquatint, memory after the load",
        vec![("rss_mb", Usage::of(studio.pid())?.rss_bytes as f64 / 1e6)],
    ));
    drop(studio);

    for start in [peers::rmcp as fn() -> Result<Peer>, peers::typescript, peers::python] {
        match start() {
            Ok(peer) => match beside(&peer) {
                Ok(measured) => rows.extend(measured),
                Err(error) => println!("  {} left out: {error:#}", peer.name),
            },
            Err(error) => println!("  a peer left out: {error:#}"),
        }
    }
    Ok(rows)
}

fn beside(peer: &Peer) -> Result<Vec<Row>> {
    let calls = [
        ("tools/list", json!({}), "credits"),
        ("tools/call", json!({ "name": "credits", "arguments": {} }), "balance"),
    ];
    calls
        .into_iter()
        .map(|(method, params, expects)| {
            Load {
                name: format!("{}, {method}", peer.name),
                pid: peer.pid(),
                host: &peer.address,
                path: "/mcp",
                headers: headers("Bearer none"),
                body: json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string(),
                requests: if peer.is_quick { REQUESTS } else { REQUESTS / 10 },
                expects,
            }
            .measure()
        })
        .collect()
}

fn headers(bearer: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("Authorization", bearer),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", REVISION),
    ]
}
