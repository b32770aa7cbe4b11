//! How the world reaches the studio: MCP, REST, web pages and the command line. The only axum and
//! the only MCP types stand here; what the product does is written in `aquatint_app`.

pub mod api;
pub mod boot;
pub mod cli;
pub mod config;
pub mod drain;
pub mod forwarded;
pub mod listen;
pub mod local;
pub mod mcp;
pub mod oauth;
pub mod prefix;
pub mod reference;
pub mod surfaces;
pub mod web;

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_domain::Problem;
use axum::Router;
use tokio_util::sync::CancellationToken;

use config::Config;
use mcp::McpConfig;

/// Every route of a serving process.
pub fn router(
    studio: &Studio,
    config: &Config,
    address: SocketAddr,
    stop: CancellationToken,
) -> Result<Router, Problem> {
    let mut mcp_config = McpConfig::new(studio.public_url().as_str(), address.ip().is_loopback());
    mcp_config.allowed_hosts = config.allowed_hosts.clone();
    mcp_config.allowed_origins = config.allowed_origins.clone();
    mcp_config.max_body_bytes = config.max_body_bytes;
    mcp_config.conformance_fixtures = config.conformance_fixtures;
    mcp_config.shutdown = stop.clone();
    mcp_config.keep_alive = config.keep_alive;
    let mcp = surfaces::router(studio, &mcp_config)?;
    let own = api::router(studio.clone(), config, stop)
        .merge(web::router(studio.clone()))
        .merge(oauth::router(studio.clone()));
    let proxies = forwarded::Proxies::new(&config.trusted_proxies);
    let router = prefix::behind(own.merge(mcp), &studio.public_url());
    Ok(
        listen::layers(router).layer(axum::middleware::map_request(move |request| {
            let seen = proxies.reveal(request);
            async move { seen }
        })),
    )
}
