//! What can be set about the MCP door.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Settings of the MCP door.
#[derive(Clone, Debug)]
pub struct McpConfig {
    /// Where clients reach the server, such as `https://studio.example.com`. Its host and origin are allowed.
    pub public_url: String,
    /// Whether the server listens on loopback only; then the names of loopback are allowed, with any port.
    pub listens_on_loopback: bool,
    /// Further hosts, with a port or for any port.
    pub allowed_hosts: Vec<String>,
    /// Further origins, such as `https://app.example.com` or `http://localhost:*`.
    pub allowed_origins: Vec<String>,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// How long a client may take to send its body.
    pub body_timeout: Duration,
    /// Where the protected-resource metadata stands. `None` until there is an authorization server
    /// to name in it: a client that is told of one starts OAuth at once.
    pub resource_metadata: Option<String>,
    /// Adds the fixed-name tools, prompts and resources that the conformance suite calls.
    pub conformance_fixtures: bool,
    /// How long a call that waits for its work may be silent before it gives a sign of life.
    pub keep_alive: Duration,
    /// Ends open streams when the server stops.
    pub shutdown: CancellationToken,
}

impl McpConfig {
    /// The defaults around a public URL.
    pub fn new(public_url: impl Into<String>, listens_on_loopback: bool) -> Self {
        Self {
            public_url: public_url.into(),
            listens_on_loopback,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_body_bytes: 16 * 1024 * 1024,
            body_timeout: Duration::from_secs(120),
            resource_metadata: None,
            conformance_fixtures: false,
            keep_alive: Duration::from_secs(15),
            shutdown: CancellationToken::new(),
        }
    }
}
