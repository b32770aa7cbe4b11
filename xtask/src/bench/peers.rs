//! Other people's servers and programs, in `benches/peers`: each with versions of its own, outside the
//! workspace, and left out by name where what it needs is not at hand.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{repository, running};

/// How long a peer may take to listen.
const START: Duration = Duration::from_secs(60);

/// A running peer, ended when dropped.
pub struct Peer {
    pub name: &'static str,
    pub address: String,
    pub is_quick: bool,
    child: Child,
}

impl Peer {
    /// Starts a program that prints `listening on HOST:PORT`.
    fn start(name: &'static str, is_quick: bool, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let out = child.stdout.take().context("its output was piped")?;
        let (send, heard) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on ") {
                    let _ = send.send(address.trim().to_owned());
                }
            }
        });
        let mut peer = Self {
            name,
            address: String::new(),
            is_quick,
            child,
        };
        peer.address = heard
            .recv_timeout(START)
            .map_err(|_| anyhow::anyhow!("{name} did not say where it listens"))?;
        Ok(peer)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn folder() -> PathBuf {
    repository::root().join("benches/peers")
}

/// rmcp with nothing around it: no keys, no limits, no books.
pub fn rmcp() -> Result<Peer> {
    let target = repository::target()?.join("peers");
    let mut build = repository::cargo();
    build
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(folder().join("rmcp-bare/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    running::quietly("the bare rmcp server", &mut build)?;
    Peer::start("bare rmcp", true, &mut Command::new(target.join("release/rmcp-bare")))
}

/// Node's packages of the peers, installed where npm is at hand.
pub fn node_folder() -> Result<PathBuf> {
    let folder = folder().join("node");
    if !folder.join("node_modules").is_dir() {
        let mut install = Command::new("npm");
        install
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder);
        running::quietly("npm ci for the peers", &mut install)?;
    }
    Ok(folder)
}

/// A Python with rembg, installed where pip is at hand.
pub fn rembg() -> Result<PathBuf> {
    let wanted = folder().join("python/cutout.txt");
    let environment = repository::target()?.join("peers/python-cutout");
    let python = environment.join("bin/python");
    let installed = environment.join("installed.txt");
    if std::fs::read(&installed).ok() != Some(std::fs::read(&wanted)?) {
        let mut make = Command::new("python3");
        running::quietly("python3 -m venv for rembg", make.args(["-m", "venv"]).arg(&environment))?;
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&wanted);
        running::quietly("pip install for rembg", &mut install)?;
        std::fs::copy(&wanted, &installed)?;
    }
    Ok(python)
}

/// The server of the TypeScript SDK.
pub fn typescript() -> Result<Peer> {
    let folder = node_folder()?;
    Peer::start(
        "TypeScript SDK",
        false,
        Command::new("node").arg(folder.join("mcp.mjs")),
    )
}

/// The server of the Python SDK.
pub fn python() -> Result<Peer> {
    let python = repository::root().join("tests/clients/.venv/bin/python");
    if !python.is_file() {
        bail!("Python SDK: tests/clients/.venv is not there");
    }
    Peer::start(
        "Python SDK",
        false,
        Command::new(python).arg(folder().join("python/mcp_server.py")),
    )
}
