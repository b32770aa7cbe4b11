//! `aquatint stdio`: MCP over standard input and output, with the embedded studio.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::{as_operator, passing_worker};
use crate::boot::explain;
use crate::config::Config;
use crate::mcp::serve_stdio;

pub(super) async fn run(config: &Config, workspace: Option<&str>) -> Result<()> {
    let (studio, caller) = as_operator(config, workspace).await?;
    let worker = studio.spawn_worker(passing_worker());
    serve_stdio(Arc::new(studio.clone()), caller).await.map_err(explain)?;
    worker.stop(Duration::from_secs(config.drain_seconds)).await;
    studio.close().await;
    Ok(())
}
