//! A server elsewhere as an upstream: each message is one POST (Streamable HTTP), answered with JSON or a stream of events.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use aquatint_domain::{Code, Problem, text};
use aquatint_providers::Secret;
use aquatint_providers::fetch::{Call, Fetcher, FetcherConfig, Piece, Proxies, Stream, Unanswered};
use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use parking_lot::Mutex;
use serde_json::{Value, json};
use url::{Host, Url};

use super::relay::Outbox;
use super::sign_in::SignIn;
use super::upstream::{Medium, Upstream};

/// Longest answer that is held in memory.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Longest answer to an upload or a refusal.
const MAX_SMALL_BYTES: u64 = 1024 * 1024;
/// Largest result that is written to a file.
const MAX_DOWNLOAD_BYTES: u64 = 4 * 1024 * 1024 * 1024;
/// How long a server may think, and be silent after that. Some surfaces answer when a long job has ended.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long an upload may take.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(1_800);
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// Endings of names in private networks, where plain http is usual.
const PRIVATE_ENDINGS: [&str; 6] = [".local", ".lan", ".internal", ".home.arpa", ".localhost", ".home"];

/// The endpoint of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    endpoint: Url,
}

/// How the server knows who asks.
pub enum Access {
    /// An API key.
    Key(Secret),
    /// A person who signs in in the browser.
    SignIn(SignIn),
}

impl Server {
    /// Reads `https://studio.example.com` or the address of an endpoint; a bare host means its `/mcp`.
    pub fn new(address: &str) -> Result<Self, Problem> {
        let shown = text::clip(address, 200);
        let wrong = |why: &str| Problem::invalid("server", format!("`{shown}` {why}"));
        let mut endpoint = Url::parse(address.trim())
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
            .ok_or_else(|| wrong("is not the address of a server; it begins with `https://`."))?;
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(wrong("has a name or password in it; give a key by --key."));
        }
        if endpoint.scheme() == "http" && !is_private(&endpoint) {
            return Err(wrong(
                "would send the key in the open; use https. Plain http is for this machine and private networks.",
            ));
        }
        endpoint.set_fragment(None);
        if endpoint.path().trim_end_matches('/').is_empty() {
            endpoint.set_path("/mcp");
        }
        Ok(Self { endpoint })
    }

    pub(super) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// The endpoint without what only narrows it: what tokens are for.
    pub(super) fn resource(&self) -> String {
        let mut resource = self.endpoint.clone();
        resource.set_query(None);
        resource.to_string()
    }

    /// A fetcher that reaches this server, wherever it stands, and of others only public ones; through the proxies of the environment.
    pub(super) fn fetcher(&self) -> Result<Fetcher, Problem> {
        let port = self.endpoint.port_or_known_default().unwrap_or(443);
        let host = self.endpoint.host_str().unwrap_or_default();
        Fetcher::new(FetcherConfig {
            ports: vec![80, 443, port],
            allow_private: vec![format!("{host}:{port}")],
            connect_timeout: Duration::from_secs(15),
            first_byte_timeout: PATIENCE,
            total_timeout: UPLOAD_PATIENCE,
            proxies: Proxies::from_environment()?,
            ..FetcherConfig::default()
        })
    }
}

fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        Some(Host::Ipv6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        Some(Host::Domain(name)) => !name.contains('.') || PRIVATE_ENDINGS.iter().any(|ending| name.ends_with(ending)),
        None => false,
    }
}

pub(super) struct Hosted {
    server: Server,
    access: Access,
    fetcher: Fetcher,
    session: Mutex<Session>,
}

/// What a handshake of an older revision left.
#[derive(Clone, Default)]
struct Session {
    version: Option<String>,
    id: Option<String>,
}

impl Hosted {
    pub(super) fn new(server: Server, access: Access) -> Result<Self, Problem> {
        let fetcher = server.fetcher()?;
        Ok(Self {
            server,
            access,
            fetcher,
            session: Mutex::default(),
        })
    }

    /// Posts a message, signing in or in again where the server asks for it.
    async fn post(&self, message: &Value) -> Result<Stream, Problem> {
        let bearer = self.bearer().await?;
        let mut answer = self.post_once(message, &bearer).await?;
        if answer.status == 401
            && let Access::SignIn(sign_in) = &self.access
        {
            sign_in.renew(&bearer).await?;
            answer = self.post_once(message, &self.bearer().await?).await?;
        }
        Ok(answer)
    }

    async fn bearer(&self) -> Result<Secret, Problem> {
        match &self.access {
            Access::Key(key) => Ok(key.clone()),
            Access::SignIn(sign_in) => sign_in.token().await,
        }
    }

    async fn post_once(&self, message: &Value, bearer: &Secret) -> Result<Stream, Problem> {
        let authorization = format!("Bearer {}", bearer.reveal());
        let mut headers = vec![
            ("authorization", authorization),
            ("accept", "application/json, text/event-stream".to_owned()),
        ];
        headers.extend(self.protocol_headers(message));
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let call = Call {
            method: Some(Method::POST),
            headers: &headers,
            body: Some(("application/json", message.to_string().into())),
            patience: Some(PATIENCE),
        };
        let opened = self.fetcher.open(self.server.endpoint.as_str(), &call).await;
        opened.map_err(|unanswered| self.unreachable(&unanswered))
    }

    /// The headers that repeat parts of a message.
    fn protocol_headers(&self, message: &Value) -> Vec<(&'static str, String)> {
        let params = &message["params"];
        let method = message["method"].as_str().unwrap_or_default();
        let Some(version) = params["_meta"][META_VERSION].as_str() else {
            let session = self.session.lock().clone();
            let version = session.version.filter(|_| method != "initialize");
            let parts = [("mcp-protocol-version", version), ("mcp-session-id", session.id)];
            return parts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
        };
        let mut headers = vec![
            ("mcp-protocol-version", version.to_owned()),
            ("mcp-method", header_text(method)),
        ];
        let name = match method {
            "tools/call" | "prompts/get" => params["name"].as_str(),
            "resources/read" => params["uri"].as_str(),
            method if method.starts_with("tasks/") => params["taskId"].as_str(),
            _ => None,
        };
        headers.extend(name.map(|name| ("mcp-name", header_text(name))));
        headers
    }

    fn unreachable(&self, why: &Unanswered) -> Problem {
        let host = self.server.endpoint.host_str().unwrap_or_default();
        let message = match (why.is_slow, why.was_sent) {
            (true, true) => format!("{host} took too long to answer."),
            (_, false) => format!("{host} cannot be reached: {}.", why.cause),
            (false, true) => format!("The connection to {host} broke: {}.", why.cause),
        };
        Problem::new(Code::Unavailable, message)
            .hint("Check the network and the address of the server. A job that was begun goes on; sent again with the same `idempotency_key`, a call finds it.")
    }

    /// What an HTTP error says, in the server's own words where it has some.
    fn refusal(&self, status: u16, retry_after: Option<u64>, said: &Value) -> Problem {
        let code = said["code"]
            .as_str()
            .and_then(|code| serde_json::from_value(json!(code)).ok());
        let code = code.unwrap_or(match status {
            401 => Code::Unauthorized,
            403 => Code::Forbidden,
            404 => Code::NotFound,
            413 => Code::TooLarge,
            429 => Code::RateLimited,
            _ => Code::Unavailable,
        });
        let words = ["message", "detail", "error_description", "title"];
        let words = words.iter().find_map(|member| said[*member].as_str());
        let words = match words {
            Some(words) => text::one_line(words, 500),
            None => format!("The server answered with HTTP status {status}."),
        };
        let mut problem = Problem::new(code, words);
        if let Some(seconds) = said["retry_after_s"].as_u64().or(retry_after) {
            problem = problem.retry_after(seconds);
        }
        let hint = match (status, &self.access) {
            (401, Access::Key(_)) => Some(
                "The key was refused. Give another by --key, or leave it out to sign in in the browser.".to_owned(),
            ),
            (401, Access::SignIn(_)) => Some("Sign in again: `aquatint sign-in --server URL`.".to_owned()),
            (403, Access::SignIn(_)) if said["details"]["required_scopes"].is_array() => Some(
                "Sign in again and allow it: `aquatint sign-out --server URL`, then `aquatint sign-in`.".to_owned(),
            ),
            (404 | 405, _) if said.is_null() => {
                Some(format!("Is {} the address of the MCP endpoint?", self.server.endpoint))
            }
            _ => said["hint"].as_str().map(|hint| text::one_line(hint, 500)),
        };
        match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    /// Notes what a handshake agreed on.
    fn note(&self, message: &Value, headers: &HeaderMap, answer: &Value) {
        if message["method"] == "initialize" {
            let id = headers.get("mcp-session-id").and_then(|id| id.to_str().ok());
            *self.session.lock() = Session {
                version: answer["result"]["protocolVersion"].as_str().map(str::to_owned),
                id: id.map(str::to_owned),
            };
        }
    }
}

#[async_trait]
impl Upstream for Hosted {
    async fn request(&self, message: Value, outbox: &Outbox) -> Result<Value, Problem> {
        let mut answer = self.post(&message).await?;
        let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let kind = kind
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        if answer.status == 200 && kind == "text/event-stream" {
            let headers = answer.headers.clone();
            let found = self.follow(answer, &message["id"], outbox).await?;
            self.note(&message, &headers, &found);
            return Ok(found);
        }
        let body = read_all(&mut answer, MAX_ANSWER_BYTES).await;
        let body = body.map_err(|unanswered| self.unreachable(&unanswered))?;
        let mut said: Value = serde_json::from_slice(&body).unwrap_or_default();
        // An error of JSON-RPC is an answer, whatever its status; anything else is a refusal of the door.
        if said["result"].is_object() || said["error"]["code"].is_number() {
            said["id"] = message["id"].clone();
            self.note(&message, &answer.headers, &said);
            return Ok(said);
        }
        let retry_after = answer.headers.get("retry-after");
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        Err(self.refusal(answer.status, retry_after, &said))
    }

    async fn notify(&self, message: Value) {
        // Nobody waits for it; what it was about tells itself.
        if let Err(problem) = self.post(&message).await {
            tracing::debug!(?problem, "a notification was not sent");
        }
    }

    async fn upload(&self, name: &str, bytes: Bytes) -> Result<String, Problem> {
        let arguments = json!({ "action": "upload_url", "file_name": name });
        let params = json!({ "name": "upload", "arguments": arguments });
        let version = self.session.lock().version.clone();
        let mut message =
            json!({ "jsonrpc": "2.0", "id": "aquatint-upload", "method": "tools/call", "params": params });
        if version.is_none() {
            message["params"]["_meta"] = json!({
                META_VERSION: "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": { "name": "aquatint-stdio", "version": env!("CARGO_PKG_VERSION") },
            });
        }
        let (outbox, _writer) = Outbox::new(tokio::io::sink());
        let answer = self.request(message, &outbox).await?;
        let result = &answer["result"];
        let told = &result["structuredContent"];
        let Some(url) = told["upload_url"].as_str() else {
            let words = told["message"].as_str().or(answer["error"]["message"].as_str());
            let words = words.unwrap_or("The server gave no place to upload the file to.");
            let code = told["code"]
                .as_str()
                .and_then(|code| serde_json::from_value(json!(code)).ok());
            return Err(Problem::new(
                code.unwrap_or(Code::Unavailable),
                text::one_line(words, 500),
            ));
        };
        if let Some(limit) = told["max_bytes"].as_u64().filter(|limit| bytes.len() as u64 > *limit) {
            let message = format!(
                "`{}` has {} bytes; the server takes up to {limit}.",
                text::one_line(name, 80),
                bytes.len()
            );
            return Err(Problem::new(Code::TooLarge, message));
        }
        let call = Call {
            method: Some(Method::PUT),
            headers: &[],
            body: Some(("application/octet-stream", bytes)),
            patience: Some(UPLOAD_PATIENCE),
        };
        let reply = self.fetcher.call(url, &call, MAX_SMALL_BYTES).await;
        let reply = reply.map_err(|unanswered| self.unreachable(&unanswered))?;
        let said: Value = serde_json::from_slice(&reply.bytes).unwrap_or_default();
        match said["asset_id"].as_str() {
            Some(id) if reply.status < 300 => Ok(id.to_owned()),
            _ => match serde_json::from_value::<Problem>(said) {
                Ok(problem) => Err(problem),
                Err(_) => Err(Problem::new(
                    Code::Unavailable,
                    format!("The upload was answered with HTTP status {}.", reply.status),
                )),
            },
        }
    }

    async fn download(&self, medium: &Medium, mut file: File) -> Result<(), Problem> {
        let mut length = 0_u64;
        let mut sink = |piece: Piece<'_>| match piece {
            Piece::Begin { .. } => Ok(()),
            Piece::Bytes(bytes) => {
                length += bytes.len() as u64;
                match length > MAX_DOWNLOAD_BYTES {
                    true => Err(std::io::Error::other("the file is too large")),
                    false => file.write_all(bytes),
                }
            }
        };
        self.fetcher
            .download(&medium.url, 0, &mut sink)
            .await
            .map_err(|problem| {
                let why = problem
                    .source
                    .map(|source| source.to_string())
                    .unwrap_or(problem.message);
                Problem::new(Code::FetchFailed, format!("The result could not be fetched: {why}."))
            })
    }
}

impl Hosted {
    /// Reads a stream of events until the answer; what comes before it goes to the client.
    async fn follow(&self, mut stream: Stream, id: &Value, outbox: &Outbox) -> Result<Value, Problem> {
        let mut events = Events::default();
        loop {
            let piece = stream
                .next()
                .await
                .map_err(|unanswered| self.unreachable(&unanswered))?;
            let Some(piece) = piece else {
                return Err(
                    Problem::new(Code::Unavailable, "The server ended its answer too early.").hint(
                        "A job that was begun goes on; sent again with the same `idempotency_key`, the call finds it.",
                    ),
                );
            };
            if events.pending() + piece.len() > MAX_ANSWER_BYTES {
                return Err(Problem::new(Code::TooLarge, "The server's answer is too large."));
            }
            for data in events.add(&piece) {
                let Ok(message) = serde_json::from_str::<Value>(&data) else {
                    continue;
                };
                if message["method"].is_string() {
                    outbox.send(message).await;
                } else if message["id"] == *id {
                    return Ok(message);
                }
            }
        }
    }
}

/// Server-sent events, as far as MCP uses them: the data of each.
#[derive(Default)]
struct Events {
    rest: BytesMut,
}

impl Events {
    fn pending(&self) -> usize {
        self.rest.len()
    }

    /// The data of the events that a piece completes.
    fn add(&mut self, piece: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(piece);
        let mut found = Vec::new();
        while let Some((end, length)) = blank_line(&self.rest) {
            let block = self.rest.split_to(end);
            let _ = self.rest.split_to(length);
            let text = String::from_utf8_lossy(&block);
            let data: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            if !data.is_empty() {
                found.push(data.join("\n"));
            }
        }
        found
    }
}

/// Where the first blank line begins, and how long its line ends are.
fn blank_line(bytes: &[u8]) -> Option<(usize, usize)> {
    (0..bytes.len()).find_map(|at| {
        let rest = &bytes[at..];
        if rest.starts_with(b"\n\n") {
            Some((at, 2))
        } else if rest.starts_with(b"\r\n\r\n") {
            Some((at, 4))
        } else {
            None
        }
    })
}

/// A value as a header can carry it.
fn header_text(value: &str) -> String {
    let is_plain =
        value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && value.trim() == value && !value.starts_with("=?");
    match is_plain {
        true => value.to_owned(),
        false => format!("=?base64?{}?=", BASE64_STANDARD.encode(value)),
    }
}

async fn read_all(answer: &mut Stream, limit: usize) -> Result<Bytes, Unanswered> {
    let mut body = BytesMut::new();
    while let Some(piece) = answer.next().await? {
        if body.len() + piece.len() > limit {
            return Err(Unanswered {
                was_sent: true,
                is_slow: false,
                is_unreadable: true,
                cause: format!("the answer is larger than {limit} bytes"),
            });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_host_or_its_endpoint() {
        for (named, endpoint) in [
            ("https://studio.example.com", "https://studio.example.com/mcp"),
            (
                "https://studio.example.com/mcp/krea",
                "https://studio.example.com/mcp/krea",
            ),
            (
                "https://studio.example.com/mcp?tools=edit",
                "https://studio.example.com/mcp?tools=edit",
            ),
            ("http://127.0.0.1:8787/", "http://127.0.0.1:8787/mcp"),
            ("http://studio.lan:8787", "http://studio.lan:8787/mcp"),
        ] {
            assert_eq!(Server::new(named).expect(named).endpoint().as_str(), endpoint);
        }
        for wrong in [
            "studio.example.com",
            "ftp://a.b",
            "http://studio.example.com",
            "https://key@studio.example.com",
            "",
        ] {
            assert!(Server::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn events_are_read_across_pieces() {
        let mut events = Events::default();
        assert!(events.add(b": hello\n\nid: 1\ndata: {\"a\":").is_empty());
        assert_eq!(events.add(b"1}\n\ndata: x\r\ndata: y\r\n\r\nda"), ["{\"a\":1}", "x\ny"]);
        assert_eq!(events.add(b"ta:z\n\n"), ["z"]);
    }

    #[test]
    fn header_values_are_plain_or_encoded() {
        assert_eq!(header_text("edit_image"), "edit_image");
        assert_eq!(header_text("guide://a"), "guide://a");
        assert_eq!(header_text("é"), "=?base64?w6k=?=");
        assert_eq!(header_text(" a"), "=?base64?IGE=?=");
    }
}
