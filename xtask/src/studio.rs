//! A running studio for chores: the real program on a free port with a throw-away data folder and a key.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::running;

/// How long a start may take.
const START: Duration = Duration::from_secs(60);
/// What the last line of the greeting begins with.
const LAST_LINE: &str = "data ";

/// A running `aquatint serve`, ended when dropped.
pub struct Studio {
    child: Child,
    pub url: String,
    pub key: String,
    /// The one-time set-up link.
    pub setup: String,
    /// From the start of the process to the line that says where it listens.
    pub start: Duration,
    folder: TempDir,
}

/// The program with a data folder, and without the settings of whoever runs this.
pub fn aquatint(program: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AQUATINT_") {
            command.env_remove(name);
        }
    }
    command.env("AQUATINT_DATA", data);
    command
}

impl Studio {
    /// Starts with more arguments for `serve`.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_with(program, arguments, &[])
    }

    /// The same, with more environment.
    pub fn start_with(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("aquatint-chore-").tempdir()?;
        Self::start_in(program, arguments, environment, folder)
    }

    /// The same, with a configuration file.
    pub fn start_configured(program: &Path, arguments: &[&str], configuration: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("aquatint-chore-").tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        std::fs::write(data.join("aquatint.toml"), configuration)?;
        Self::start_in(program, arguments, &[], folder)
    }

    /// Makes an account; the first one owns the studio.
    pub fn create_user(&self, program: &Path, email: &str, password: &str) -> Result<()> {
        let mut child = aquatint(program, &self.folder.path().join("data"))
            .args(["user", "create", email, "--password-stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let mut input = child.stdin.take().context("its input was piped")?;
        writeln!(input, "{password}")?;
        drop(input);
        if child.wait()?.success() {
            return Ok(());
        }
        bail!("the account of {email} could not be made")
    }

    fn start_in(program: &Path, arguments: &[&str], environment: &[(&str, &str)], folder: TempDir) -> Result<Self> {
        let log = std::fs::File::create(folder.path().join("log.txt"))?;
        let data = folder.path().join("data");
        let began = Instant::now();
        let mut child = aquatint(program, &data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let out = child.stdout.take().context("its output was piped")?;
        let (send, heard) = channel();
        std::thread::spawn(move || {
            // The rest is read too, so that the server never waits for a full pipe.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // Nobody listens any more once the start is over.
                let _ = send.send((began.elapsed(), line));
            }
        });
        let mut studio = Self {
            child,
            url: String::new(),
            key: String::new(),
            setup: String::new(),
            start: Duration::ZERO,
            folder,
        };
        loop {
            let Ok((at, line)) = heard.recv_timeout(START) else {
                bail!("the server did not say where it listens: {}", studio.log());
            };
            if let Some((_, url)) = line.split_once("listening on ") {
                studio.url = url.trim().to_owned();
                studio.start = at;
            } else if let Some(link) = line.strip_prefix("set up ") {
                studio.setup = link.split_whitespace().next().unwrap_or_default().to_owned();
            } else if line.starts_with(LAST_LINE) && !studio.url.is_empty() {
                break;
            }
        }
        studio.key = running::output(aquatint(program, &data).args(["key", "create", "chores"]))?
            .trim()
            .to_owned();
        Ok(studio)
    }

    /// The address without the scheme.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of what the server logged.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
