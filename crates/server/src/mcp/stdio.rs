//! MCP over a pair of streams, for clients that start the server themselves (`crate::local`).

use aquatint_domain::{Caller, Problem};
use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use tokio::io::{AsyncRead, AsyncWrite};

use super::desk::Desk;
use super::door::SharedToolbox;
use super::handler::{Handler, Visit, Visits};
use super::surface::Selection;

/// Serves one client on a pair of streams until it closes its end.
pub async fn serve_pipe<R, W>(toolbox: SharedToolbox, caller: Caller, pipe: (R, W)) -> Result<(), Problem>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let handler = Handler {
        desk: Desk::new(toolbox),
        visits: Visits::Fixed(Visit::new(caller, Selection::ALL, true)),
    };
    let running = match handler.serve(pipe).await {
        Ok(running) => running,
        // A client that closes before it said anything is no failure.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(Problem::internal(error)),
    };
    running.waiting().await.map_err(Problem::internal)?;
    Ok(())
}
