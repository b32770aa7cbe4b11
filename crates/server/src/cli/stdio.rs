//! `aquatint stdio`: MCP over standard input and output, with the embedded studio or as a bridge to a hosted one; and
//! `aquatint sign-in` and `sign-out`, for the bridge.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use aquatint_providers::Secret;
use clap::Args;

use super::{as_operator, passing_worker};
use crate::boot::explain;
use crate::config::Config;
use crate::local::{self, Access, Server, SignIn, Store};
use crate::mcp::stdio_pipes;

/// What `aquatint stdio` is started with.
#[derive(Args)]
pub(super) struct StdioArgs {
    /// The workspace of the embedded studio, by id or name [default: the first]
    #[arg(long)]
    workspace: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
    /// The key for the server; without one the browser opens to sign in [env: AQUATINT_KEY]
    #[arg(long)]
    key: Option<String>,
    /// A folder whose files may be read, and into which results may be written
    #[arg(long, value_name = "DIR", num_args = 0.., value_parser = clap::builder::OsStringValueParser::new())]
    folder: Vec<OsString>,
    /// Write every result to the first folder [env: AQUATINT_SAVE]
    #[arg(long)]
    save: bool,
}

/// Which server.
#[derive(Args)]
pub(super) struct ServerArgs {
    /// A hosted server, or the address of its MCP endpoint [env: AQUATINT_SERVER]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// A client id that the server knows, where it registers none [env: AQUATINT_CLIENT_ID]
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
}

impl ServerArgs {
    fn server(&self) -> Result<Option<Server>> {
        let named = given(self.server.as_ref(), "AQUATINT_SERVER");
        named.map(|named| Server::new(&named).map_err(explain)).transpose()
    }

    fn named(&self) -> Result<Server> {
        self.server()?
            .ok_or_else(|| anyhow::anyhow!("name the server with --server URL or AQUATINT_SERVER"))
    }

    fn sign_in(&self, server: &Server, config: &Config) -> Result<SignIn> {
        let client_id = given(self.client_id.as_ref(), "AQUATINT_CLIENT_ID");
        SignIn::new(server, store(config), client_id).map_err(explain)
    }
}

/// A word from the command line, else from the environment. Programs that start this one leave settings that are empty
/// empty, or as the placeholder that they fill.
fn given(flag: Option<&String>, variable: &str) -> Option<String> {
    let words = flag.cloned().filter(|words| !words.is_empty());
    let words = words.or_else(|| std::env::var(variable).ok())?;
    let words = words.trim();
    (!words.is_empty() && !words.starts_with("${")).then(|| words.to_owned())
}

fn store(config: &Config) -> Store {
    Store::new(config.data.join("sign-ins"))
}

pub(super) async fn run(config: &Config, args: StdioArgs) -> Result<()> {
    let saves_all = args.save
        || matches!(
            given(None, "AQUATINT_SAVE").as_deref(),
            Some("true" | "1" | "yes" | "on")
        );
    // Empty texts pass here, which paths may not be.
    let folders: Vec<PathBuf> = args.folder.iter().map(PathBuf::from).collect();
    let wishes = local::wishes(&folders, saves_all).map_err(explain)?;
    if let Some(server) = args.server.server()? {
        let access = match given(args.key.as_ref(), "AQUATINT_KEY") {
            Some(key) => Access::Key(Secret::new(key)),
            None => Access::SignIn(args.server.sign_in(&server, config)?),
        };
        return local::serve_bridge(server, access, wishes, stdio_pipes())
            .await
            .map_err(explain);
    }
    let (studio, caller) = as_operator(config, args.workspace.as_deref()).await?;
    let worker = studio.spawn_worker(passing_worker());
    local::serve_embedded(studio.clone(), caller, wishes, stdio_pipes())
        .await
        .map_err(explain)?;
    worker.stop(Duration::from_secs(config.drain_seconds)).await;
    studio.close().await;
    Ok(())
}

/// `aquatint sign-in`: ahead of the first call.
pub(super) async fn sign_in(config: &Config, args: &ServerArgs) -> Result<()> {
    let server = args.named()?;
    args.sign_in(&server, config)?.finish().await.map_err(explain)?;
    println!("signed in");
    Ok(())
}

/// `aquatint sign-out`: forgets the tokens of a server.
pub(super) fn sign_out(config: &Config, args: &ServerArgs) -> Result<()> {
    let server = args.named()?;
    match store(config).forget(&server).map_err(explain)? {
        true => println!("signed out; the app can also be removed in the web app, under Connected apps"),
        false => println!("nobody was signed in"),
    }
    Ok(())
}
