//! The MCP door from outside: raw HTTP on a real port, against a toolbox made for the purpose.

mod calls;
mod door;
mod eras;
mod json;
mod native;
mod pages;
mod raw;
mod stdio;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aquatint::mcp::{Card, McpConfig, Toolbox, router};
use aquatint_app::operation::{Effects, MediaLink, Progress, ProgressSender};
use aquatint_app::toolset::ToolReply;
use aquatint_app::{Admission, Allowance};
use aquatint_domain::{
    ApiKeyId, AssetId, Balance, Caller, Code, Principal, Problem, RequestId, Scope, Timestamp, WorkspaceId,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use raw::{Answer, send};

/// Headers by name.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// The newest revision, without a handshake.
pub const MODERN: &str = "2026-07-28";
/// The revisions that begin with `initialize`.
pub const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// A toolbox whose tools do what the tests need.
#[derive(Default)]
pub struct Bench {
    /// Calls that ran to their end.
    pub finished: AtomicUsize,
    /// Lets a call of `slow` end.
    pub go: Notify,
}

pub fn caller(scopes: &[Scope]) -> Caller {
    let now = Timestamp::UNIX_EPOCH;
    Caller {
        principal: Principal::Key {
            key: ApiKeyId::generate(now),
        },
        workspace: WorkspaceId::generate(now),
        user: None,
        scopes: scopes.to_vec(),
        balance: Balance::Api,
        request: RequestId::generate(now),
        address: None,
    }
}

#[async_trait::async_trait]
impl Toolbox for Bench {
    fn cards(&self) -> Vec<Card> {
        let card = |name, effects, groups| Card {
            name,
            title: name,
            description: format!("The tool {name}."),
            input: json!({ "type": "object", "properties": { "x": {} } }),
            output: json!({ "type": "object" }),
            effects,
            open_world: false,
            groups,
            widget: None,
            is_patient: false,
        };
        vec![
            card("echo", Effects::Reads, vec!["say"]),
            card("slow", Effects::Spends, vec!["work"]),
            card("media", Effects::Reads, vec!["say"]),
            card("fails", Effects::Writes, vec!["work"]),
            card("guarded", Effects::Writes, vec!["work"]),
            card("panics", Effects::Writes, vec!["work"]),
        ]
    }

    async fn admit(&self, bearer: &str, address: Option<String>) -> Result<Admission, Problem> {
        let allowance = Allowance {
            limit: 30,
            remaining: 29,
            reset_s: 12,
            window_s: 60,
        };
        let mut caller = caller(&[Scope::AccountRead]);
        caller.address = address;
        match bearer {
            "good" | "other" => Ok(Admission {
                caller,
                allowance: None,
            }),
            "limited" => Ok(Admission {
                caller,
                allowance: Some(allowance),
            }),
            "spent" => Err(
                Problem::new(Code::RateLimited, "This key may make 30 requests a minute.")
                    .retry_after(12)
                    .details(json!({ "limit": 30, "window_s": 60 })),
            ),
            "broken" => Err(Problem::internal("password=hunter2")),
            _ => Err(Problem::new(Code::Unauthorized, "This API key is not known here.")),
        }
    }

    async fn call(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<ToolReply, Problem> {
        let mut reply = ToolReply {
            structured: json!({ "got": arguments, "watched": progress.is_some(), "address": caller.address }),
            text: "Done.".to_owned(),
            links: Vec::new(),
            preview: None,
        };
        match tool {
            "slow" => {
                for (progress_now, stage) in [(0.0, "starting"), (0.5, "half"), (0.4, "back"), (0.9, "nearly")] {
                    if let Some(progress) = &progress {
                        let news = Progress {
                            progress: progress_now,
                            stage: stage.to_owned(),
                        };
                        let _ = progress.send(news).await;
                    }
                }
                self.go.notified().await;
            }
            "media" => {
                reply.links.push(MediaLink {
                    asset: AssetId::generate(Timestamp::UNIX_EPOCH),
                    url: "https://studio.example.com/media/1".to_owned(),
                    name: "cup.png".to_owned(),
                    media_type: "image/png".to_owned(),
                    size_bytes: 123,
                });
                reply.preview = Some(bytes::Bytes::from_static(b"RIFF"));
            }
            "fails" => {
                return Err(Problem::invalid("images[2]", "`images[2]` is no asset id.").hint("Use `assets` first."));
            }
            "guarded" => {
                return Err(Problem::new(Code::Forbidden, "These credentials lack the scopes.")
                    .details(json!({ "required_scopes": ["generate", "assets:write"] })));
            }
            "panics" => panic!("on purpose"),
            _ => {}
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
        Ok(reply)
    }
}

/// A door on a real port.
pub struct Server {
    pub address: SocketAddr,
    pub bench: Arc<Bench>,
}

pub async fn start() -> Server {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut McpConfig)) -> Server {
    let bench = Arc::new(Bench::default());
    let address = start_behind(bench.clone(), change).await;
    Server { address, bench }
}

/// A door before any toolbox.
pub async fn start_behind(toolbox: Arc<dyn Toolbox>, change: impl FnOnce(&mut McpConfig)) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let mut config = McpConfig::new(format!("http://{address}"), true);
    config.body_timeout = Duration::from_millis(500);
    change(&mut config);
    let routes = router(toolbox, config).expect("a readable configuration");
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

impl Server {
    /// Posts with a good token and these headers besides.
    pub async fn post(&self, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let mut all = vec![("authorization", "Bearer good")];
        all.extend_from_slice(headers);
        self.request("POST", "/mcp", &all, body).await
    }

    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        send(self.address, method, path, headers, body.as_ref()).await
    }

    /// A request of the newest revision, with every header that it asks for.
    pub async fn modern(&self, method: &str, params: Value) -> Answer {
        let name = params["name"].as_str().map(str::to_owned);
        let mut headers = modern_headers(method);
        if let Some(name) = &name {
            headers.push(("mcp-name", name));
        }
        self.post(&headers, modern_body(method, params)).await
    }

    /// A request of an older revision, after its handshake.
    pub async fn legacy(&self, version: &str, method: &str, params: Value) -> Answer {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
        self.post(&[("mcp-protocol-version", version), ACCEPT, JSON], body.to_string())
            .await
    }
}

pub const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");
pub const JSON: (&str, &str) = ("content-type", "application/json");

pub fn modern_headers(method: &str) -> Vec<(&str, &str)> {
    vec![("mcp-protocol-version", MODERN), ("mcp-method", method), ACCEPT, JSON]
}

pub fn modern_body(method: &str, mut params: Value) -> String {
    let meta = &mut params["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string()
}
