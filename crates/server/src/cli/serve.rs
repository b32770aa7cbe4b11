//! `aquatint serve` and `aquatint worker`.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aquatint_app::{KeyOrder, Studio, write_private};
use aquatint_domain::{Balance, Scope};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::boot::{self, explain};
use crate::config::Config;
use crate::listen;

/// The name of the worker inside `serve`; the lock on the data folder makes it unique.
const WORKER: &str = "serve";
/// How long a set-up link works.
const SETUP_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Ports tried after the usual one.
const PORTS_TRIED: u16 = 50;
const KEY_FILE: &str = "local-key";

pub(super) async fn run(config: Config, has_worker: bool) -> Result<()> {
    let studio = boot::open(&config).await?;
    let mut lock = lock(&config.data)?;
    // Before anyone can connect, so that no other process makes a first workspace too.
    studio.ensure_workspace().await.map_err(explain)?;
    let (listener, address) = bind(&config).await?;
    let url = config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", reachable(address)));
    studio.set_public_url(url.clone());
    note_address(&mut lock, &url)?;

    let stop = CancellationToken::new();
    let worker = has_worker.then(|| studio.spawn_worker(WORKER));
    let chores = studio.spawn_chores(crate::surfaces::ended);
    let app = crate::router(&studio, &config, address, stop.clone()).map_err(explain)?;
    let server = tokio::spawn(listen::serve(listener, app, stop.clone()));
    greet(&studio, &config, address, &url).await?;

    stop_signal().await;
    tracing::info!("stopping; running jobs get {} s", config.drain_seconds);
    stop.cancel();
    if let Some(worker) = worker {
        worker.stop(Duration::from_secs(config.drain_seconds)).await;
    }
    // The listener stops by the same token; what it could not finish in time is cut.
    let _ = tokio::time::timeout(Duration::from_secs(5), server).await;
    chores.abort();
    studio.close().await;
    drop(lock);
    Ok(())
}

/// Runs jobs until it is told to stop.
pub(super) async fn work_only(config: Config) -> Result<()> {
    let studio = boot::open(&config).await?;
    let worker = studio.spawn_worker(super::passing_worker());
    println!("working on {} jobs at a time", config.settings.workers);
    stop_signal().await;
    worker.stop(Duration::from_secs(config.drain_seconds)).await;
    studio.close().await;
    Ok(())
}

/// One serving process for one data folder.
fn lock(data: &Path) -> Result<File> {
    let path = data.join("serve.lock");
    let mut file = File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("{} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let mut other = String::new();
            // What stands in the file is only there to help; without it the message is shorter.
            let _ = file.read_to_string(&mut other);
            let other = if other.trim().is_empty() {
                "another aquatint".to_owned()
            } else {
                other.trim().to_owned()
            };
            bail!(
                "the data folder {} is already served by {other}; stop that one, or use another folder with --data DIR",
                data.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{} cannot be locked", path.display())),
    }
}

fn note_address(lock: &mut File, url: &str) -> Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    write!(lock, "process {} at {url}", std::process::id())?;
    Ok(())
}

/// Binds the configured address. When nobody asked for a port by name and the usual one is taken, the next free one serves.
async fn bind(config: &Config) -> Result<(TcpListener, SocketAddr)> {
    let wanted = config.listen;
    let last = if config.listen_is_explicit {
        wanted.port()
    } else {
        wanted.port().saturating_add(PORTS_TRIED)
    };
    for port in wanted.port()..=last {
        let address = SocketAddr::new(wanted.ip(), port);
        match TcpListener::bind(address).await {
            Ok(listener) => {
                if port != wanted.port() {
                    println!("port {} is taken, so port {port} is used", wanted.port());
                }
                let address = listener.local_addr()?;
                return Ok((listener, address));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && port < last => {}
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                bail!(
                    "{address} is taken by another program; stop it, or choose another port with --listen {}:0",
                    wanted.ip()
                )
            }
            Err(error) => return Err(error).with_context(|| format!("cannot listen on {address}")),
        }
    }
    bail!(
        "the ports {} to {last} are all taken; choose one with --listen {}:0",
        wanted.port(),
        wanted.ip()
    )
}

/// An address that a client on this machine can use.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    }
}

/// The few lines that a person needs.
async fn greet(studio: &Studio, config: &Config, address: SocketAddr, url: &str) -> Result<()> {
    println!("listening on http://{}", reachable(address));
    println!("web app      {url}/");
    if let Some(token) = studio.mint_setup_token(SETUP_TTL).await.map_err(explain)? {
        println!(
            "set up       {url}/setup?token={} (once, within 24 hours)",
            token.reveal()
        );
    }
    if address.ip().is_loopback() {
        let bearer = local_key(studio, &config.data).await?;
        println!(
            "connect      claude mcp add aquatint --transport http {url}/mcp --header \"Authorization: Bearer {bearer}\""
        );
    } else {
        println!("connect      make a key with `aquatint key create NAME`; {url}/ shows how each client takes it");
    }
    println!("data         {}", config.data.display());
    std::io::stdout().flush()?;
    Ok(())
}

/// The key of the first start. Later starts name its file instead of printing it again.
async fn local_key(studio: &Studio, data: &Path) -> Result<String> {
    let path = data.join(KEY_FILE);
    let workspace = studio.ensure_workspace().await.map_err(explain)?;
    if path.exists() {
        return Ok(format!("$(cat '{}')", path.display()));
    }
    let order = KeyOrder {
        workspace: workspace.id,
        name: "local".into(),
        scopes: Scope::ALL.to_vec(),
        balance: Balance::Api,
        expires_at: None,
        created_by: None,
    };
    let made = studio.create_key(order).await.map_err(explain)?;
    write_private(&path, made.secret.reveal()).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(made.secret.reveal().to_owned())
}

async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to hear the signal the process runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
