//! The MCP door: one endpoint for every era of the protocol (2026-07-28 without a handshake,
//! 2025-11-25 and earlier with one, and a bare `curl`), without sessions, plus standard input and
//! output. rmcp speaks the protocol; `front` stands before it, `handler` behind it.

mod accept;
mod config;
mod conformance;
mod desk;
mod door;
mod envelope;
mod express;
mod front;
mod gate;
mod guides;
mod handler;
pub mod icons;
mod listening;
mod patient;
mod prompts;
mod refusal;
mod reply;
mod resources;
mod shelf;
mod stdio;
mod studio;
mod surface;
mod tasks;
pub mod widgets;

use std::sync::Arc;

use aquatint_domain::Problem;
use axum::Router;
use axum::routing::any;

pub use config::McpConfig;
pub use door::{Card, SharedToolbox, Toolbox};
pub(crate) use refusal::members;
pub(crate) use reply::words;
pub use resources::StudioShelf;
pub use rmcp::transport::io::stdio_pipes;
pub use shelf::{Holds, Page, Shelf};
pub use stdio::serve_pipe;
pub use studio::{card, is_for_pages, native_cards, page_cards};

use desk::Desk;
use front::Front;
use handler::{Handler, Visits};

/// The route of the native surface: `/mcp`.
pub fn router(toolbox: SharedToolbox, config: McpConfig) -> Result<Router, Problem> {
    router_at("/mcp", toolbox, config)
}

/// The route of a surface.
pub fn router_at(path: &str, toolbox: SharedToolbox, config: McpConfig) -> Result<Router, Problem> {
    let desk = Desk::new(toolbox);
    let handler = Handler {
        desk: desk.clone(),
        visits: Visits::Http,
    };
    let front = if config.conformance_fixtures {
        tracing::warn!("serving the fixtures of the conformance suite; this is for tests only");
        Front::new(config, desk, conformance::Fixtures::new(handler))?
    } else {
        Front::new(config, desk, handler)?
    };
    Ok(Router::new().route(path, any(front::serve)).with_state(Arc::new(front)))
}
