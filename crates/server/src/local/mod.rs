//! What only a process on the user's own machine can do: `aquatint stdio`, embedded or as a bridge to a hosted server.
//! Messages pass between the client and the upstream as they are, except that paths of allowed folders become assets on
//! the way in, and results can be written to such folders on the way out.

mod arguments;
mod embedded;
mod folders;
mod hosted;
mod relay;
mod results;
mod sign_in;
mod upstream;

use std::path::PathBuf;

use aquatint_app::Studio;
use aquatint_domain::{Caller, Problem};
use tokio::io::{AsyncRead, AsyncWrite};

pub use folders::Folders;
pub use hosted::{Access, Server};
pub use sign_in::{SignIn, Store};

use relay::{Outbox, Relay};

/// What the user decided about this machine.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub folders: Folders,
    /// Every result is written to the first folder, whether a call asks for it or not.
    pub saves_all: bool,
}

/// Reads the folders; with `saves_all` there must be one.
pub fn wishes(folders: &[PathBuf], saves_all: bool) -> Result<Wishes, Problem> {
    let folders = Folders::new(folders)?;
    if saves_all && folders.is_empty() {
        return Err(Problem::invalid("save", "There is no folder to save to.").hint("Name one with --folder DIR."));
    }
    Ok(Wishes { folders, saves_all })
}

/// Serves one client from the studio in this process, until the client closes its end.
pub async fn serve_embedded<R, W>(studio: Studio, caller: Caller, wishes: Wishes, pipe: (R, W)) -> Result<(), Problem>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (outbox, writer) = Outbox::new(pipe.1);
    let upstream = embedded::Embedded::start(studio, caller, outbox.clone());
    let relay = Relay::new(upstream, wishes, outbox);
    relay.run(pipe.0).await;
    drop(relay);
    writer.finish().await;
    Ok(())
}

/// Serves one client from a server elsewhere, until the client closes its end.
pub async fn serve_bridge<R, W>(server: Server, access: Access, wishes: Wishes, pipe: (R, W)) -> Result<(), Problem>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (outbox, writer) = Outbox::new(pipe.1);
    let upstream = hosted::Hosted::new(server, access)?;
    let relay = Relay::new(upstream, wishes, outbox);
    relay.run(pipe.0).await;
    drop(relay);
    writer.finish().await;
    Ok(())
}
