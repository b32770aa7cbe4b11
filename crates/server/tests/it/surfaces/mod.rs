//! The surfaces of other services, held against their contracts: lists of tools, every example, every limit at its edge, every
//! error by name, by key and by OAuth.
// Only tests talk to the server; the guarded fetcher would refuse loopback.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod aiphotogenerator;
mod krea;
mod lists;
mod patience;
mod permissions;
mod pixola;
mod studio;
mod waiting;

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Process, run};

/// A surface as one client has it.
pub struct Client<'a> {
    studio: &'a Process,
    pub path: &'static str,
    pub token: String,
}

impl<'a> Client<'a> {
    pub fn new(studio: &'a Process, path: &'static str) -> Self {
        Self {
            studio,
            path,
            token: studio.key.clone(),
        }
    }

    pub fn request(&self, method: &str, params: &Value) -> reqwest::RequestBuilder {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.studio
            .client
            .post(format!("{}{}", self.studio.url, self.path))
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub async fn answer(&self, method: &str, params: Value) -> Value {
        let answer = self.request(method, &params).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    pub async fn tools(&self) -> Vec<Value> {
        let answer = self.answer("tools/list", json!({})).await;
        answer["result"]["tools"].as_array().expect("tools").clone()
    }

    pub async fn result(&self, tool: &str, arguments: Value) -> Value {
        let answer = self
            .answer("tools/call", json!({ "name": tool, "arguments": arguments }))
            .await;
        assert!(answer.get("error").is_none(), "{tool}: {answer}");
        answer["result"].clone()
    }

    /// A call that must succeed; gives its structured content.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let result = self.result(tool, arguments.clone()).await;
        assert_ne!(result["isError"], json!(true), "{tool} {arguments}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{tool} says nothing in words: {result}");
        result["structuredContent"].clone()
    }

    /// A call that must fail; gives the problem.
    pub async fn refused(&self, tool: &str, arguments: Value) -> Value {
        let result = self.result(tool, arguments.clone()).await;
        assert_eq!(result["isError"], json!(true), "{tool} {arguments}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        let problem = result["structuredContent"].clone();
        let message = problem["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && text.contains(message), "{text}");
        problem
    }
}

/// Puts the only workspace on a plan that has run dry, and gives its key's surfaces back.
pub fn without_credits(data: &std::path::Path) {
    let listed = run(data, &["workspace", "list"]);
    let workspace = listed
        .split_whitespace()
        .find(|word| word.starts_with("wsp_"))
        .expect("a workspace");
    run(data, &["workspace", "set-plan", workspace, "empty"]);
    // Other processes hear of it within half a second.
    std::thread::sleep(Duration::from_millis(700));
}

/// A configuration with a plan that grants nothing and refuses.
pub fn with_an_empty_plan(data: &std::path::Path) {
    let text = "[plans.empty]\nrefuses = true\nrequests_per_minute = 0\nrequests_per_day = 0\n";
    std::fs::write(data.join("aquatint.toml"), text).expect("written");
}

/// The charges so far.
pub async fn charges(studio: &Process) -> Vec<Value> {
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    usage["charges"].as_array().cloned().unwrap_or_default()
}
