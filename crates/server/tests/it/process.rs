//! The real binary on a real port with a throw-away data folder: what a stranger runs.
// Only tests talk to the server; the guarded fetcher would refuse loopback.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a start may take before the test gives up.
const START: Duration = Duration::from_secs(30);

/// A running `aquatint serve`, ended when dropped.
pub struct Process {
    child: Child,
    pub url: String,
    pub key: String,
    pub client: reqwest::Client,
}

/// The binary with a data folder and a clean environment.
pub fn aquatint(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aquatint"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AQUATINT_") {
            command.env_remove(name);
        }
    }
    command.env("AQUATINT_DATA", data).env("RUST_BACKTRACE", "1");
    command
}

/// Runs a command line to its end and gives its standard output; panics with its error output on failure.
pub fn run(data: &Path, args: &[&str]) -> String {
    run_with(data, &[], args)
}

/// The same with more environment.
pub fn run_with(data: &Path, environment: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = aquatint(data);
    let output = command
        .envs(environment.iter().copied())
        .args(args)
        .output()
        .expect("the binary starts");
    assert!(
        output.status.success(),
        "{args:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

impl Process {
    /// Starts on a free port with a new key.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more environment.
    pub fn start_with(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_as(data, &["serve", "--listen", "127.0.0.1:0"], environment)
    }

    /// The same with another command line.
    pub fn start_as(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::start_or_end(data, args, environment).unwrap_or_else(|said| panic!("{said}"))
    }

    /// One that a failpoint may end before it says where it listens; what it said then.
    pub fn start_armed(data: &Path, environment: &[(&str, &str)]) -> Result<Self, String> {
        Self::start_or_end(data, &["serve", "--listen", "127.0.0.1:0"], environment)
    }

    fn start_or_end(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> Result<Self, String> {
        let mut command = aquatint(data);
        command.args(args).envs(environment.iter().copied());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let url = listening_on(&mut child)?;
        let key = run_with(data, environment, &["key", "create", "test"]);
        #[allow(clippy::disallowed_methods)]
        // Only tests talk to the server; the guarded fetcher would refuse loopback.
        // Another test of this process may have done it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Ok(Self {
            child,
            url,
            key,
            client,
        })
    }

    /// Waits until the process has ended by itself.
    pub fn wait_for_end(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("it can be asked").is_some() {
                return true;
            }
            nap();
        }
        false
    }

    /// A REST request with the key; gives status and JSON body.
    pub async fn rest(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.url))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// One MCP tool call of a modern client; gives the result object.
    pub async fn tool(&self, name: &str, arguments: Value) -> Value {
        let answer = self.tool_or_broken(name, arguments).await.expect("an answer");
        assert!(answer.get("error").is_none(), "{name}: {answer}");
        answer["result"].clone()
    }

    /// The same, but the connection may break.
    pub async fn tool_or_broken(&self, name: &str, arguments: Value) -> Option<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
        let request = self
            .client
            .post(format!("{}/mcp", self.url))
            .bearer_auth(&self.key)
            .json(&body);
        request.send().await.ok()?.json().await.ok()
    }

    /// A tool call that must succeed; gives its structured content.
    pub async fn call(&self, name: &str, arguments: Value) -> Value {
        let result = self.tool(name, arguments.clone()).await;
        assert_ne!(result["isError"], json!(true), "{name} {arguments}: {result}");
        result["structuredContent"].clone()
    }

    /// A tool call that must fail; gives the problem.
    pub async fn refused(&self, name: &str, arguments: Value) -> Value {
        let result = self.tool(name, arguments).await;
        assert_eq!(result["isError"], json!(true), "{name}: {result}");
        result["structuredContent"].clone()
    }

    /// Polls a job until it has ended.
    pub async fn finished(&self, job_id: &Value) -> Value {
        for _ in 0..20 {
            let job = self
                .call("get_job_status", json!({ "job_id": job_id, "sync": true }))
                .await;
            if matches!(job["status"].as_str(), Some("succeeded" | "failed" | "cancelled")) {
                return job;
            }
        }
        panic!("job {job_id} does not end");
    }

    pub async fn bytes(&self, url: &Value) -> Vec<u8> {
        let url = url.as_str().expect("a URL");
        let answer = self.client.get(url).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.bytes().await.expect("a body").to_vec()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the address from the first lines and keeps the pipes empty afterwards.
fn listening_on(child: &mut Child) -> Result<String, String> {
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut errors = child.stderr.take().expect("piped");
    let collected = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let sink = collected.clone();
    std::thread::spawn(move || {
        let mut buffer = [0u8; 4096];
        while let Ok(read @ 1..) = errors.read(&mut buffer) {
            sink.lock()
                .expect("not poisoned")
                .push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        match lines.next() {
            Some(Ok(line)) => {
                if let Some(url) = line.split("listening on ").nth(1) {
                    let url = url.trim().to_owned();
                    std::thread::spawn(move || lines.for_each(drop));
                    return Ok(url);
                }
            }
            _ => break,
        }
    }
    // What it said last is still on its way through the pipe.
    std::thread::sleep(Duration::from_millis(200));
    let said = collected.lock().expect("not poisoned");
    Err(format!("the server does not say where it listens: {said}"))
}

/// A short pause of a polling test.
pub fn nap() {
    std::thread::sleep(Duration::from_millis(20));
}
