//! The real components that suites need, found by name, and which suites each one carries.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{repository, running};

/// How long a service may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// Where PostgreSQL is looked for when nobody says.
const POSTGRES: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// One component.
pub struct Component {
    pub name: &'static str,
    /// The suites that need it; none means that no suite exists yet, and its absence is no failure.
    pub suites: &'static [&'static str],
    /// What was found, or why nothing was.
    pub found: Result<String, String>,
}

/// Everything that suites may ask for, as it is on this machine.
pub struct Components {
    pub postgres: Option<String>,
    pub node: Option<PathBuf>,
    pub python: Option<PathBuf>,
    pub chromium: Option<PathBuf>,
    pub ffmpeg: Option<PathBuf>,
    pub onnx_runtime: Option<PathBuf>,
    pub all: Vec<Component>,
}

impl Components {
    /// Looks for each.
    pub fn find() -> Self {
        let (postgres, node, python) = (postgres(), node(), python());
        let chromium = on_path(&["chromium", "chromium-browser", "google-chrome"]);
        let ffmpeg = on_path(&["ffmpeg"]);
        let onnx_runtime = onnx_runtime();
        let all = vec![
            row(
                "PostgreSQL",
                &["the store's contract tests on PostgreSQL"],
                postgres.clone(),
            ),
            row(
                "Node 22",
                &[
                    "ts2.mjs",
                    "sdk1.mjs",
                    "surfaces.mjs",
                    "inspector.mjs",
                    "conformance.mjs",
                    "patience.mjs",
                    "curl.mjs",
                    "authorization.mjs",
                    "oidc.mjs",
                    "oauth.mjs",
                    "registering.mjs",
                    "local.mjs",
                ],
                shown(&node),
            ),
            row("Python with mcp", &["client.py", "oauth_client.py"], shown(&python)),
            row("NATS", &[], listening("127.0.0.1:4222")),
            row("S3", &[], environment("AQUATINT_TEST_S3")),
            row(
                "Chromium",
                &[
                    "inspectorweb.mjs",
                    "pages.mjs",
                    "widgets.mjs",
                    "surfacewidgets.mjs",
                    "app.mjs",
                    "films.mjs",
                    "pipelines.mjs",
                ],
                shown(&chromium),
            ),
            row(
                "ffmpeg",
                &["films in codecs that are not decoded here", "films.mjs"],
                shown(&ffmpeg),
            ),
            row(
                "ONNX Runtime",
                &["installed models by ONNX Runtime"],
                shown(&onnx_runtime),
            ),
        ];
        Self {
            postgres: postgres.ok(),
            node: node.ok(),
            python: python.ok(),
            chromium: chromium.ok(),
            ffmpeg: ffmpeg.ok(),
            onnx_runtime: onnx_runtime.ok(),
            all,
        }
    }

    /// Says what is here and what is not.
    pub fn tell(&self) {
        for component in &self.all {
            match (&component.found, component.suites) {
                (Ok(what), []) => println!("component {}: {what}; no suite yet", component.name),
                (Ok(what), _) => println!("component {}: {what}", component.name),
                (Err(why), []) => println!("component {}: {why}; no suite yet", component.name),
                (Err(why), suites) => {
                    println!(
                        "component {}: {why}; SKIPPED without it: {}",
                        component.name,
                        suites.join(", ")
                    );
                }
            }
        }
    }

    /// Components that a suite needs and that are not here.
    pub fn missing(&self) -> impl Iterator<Item = &Component> {
        self.all
            .iter()
            .filter(|component| component.found.is_err() && !component.suites.is_empty())
    }
}

fn row(name: &'static str, suites: &'static [&'static str], found: Result<String, String>) -> Component {
    Component { name, suites, found }
}

fn shown(path: &Result<PathBuf, String>) -> Result<String, String> {
    path.as_ref()
        .map(|path| {
            let own = path.strip_prefix(repository::root()).unwrap_or(path);
            own.display().to_string()
        })
        .map_err(Clone::clone)
}

/// The PostgreSQL server for tests: the one that the environment names, or the usual one if it answers.
fn postgres() -> Result<String, String> {
    for name in ["AQUATINT_TEST_POSTGRES_URL", "AQUATINT_TEST_POSTGRES"] {
        if let Ok(url) = std::env::var(name) {
            return Ok(url);
        }
    }
    listening("127.0.0.1:5432")
        .map(|_| POSTGRES.to_owned())
        .map_err(|why| format!("{why} (AQUATINT_TEST_POSTGRES_URL can name another)"))
}

fn listening(address: &str) -> Result<String, String> {
    let parsed: SocketAddr = address.parse().map_err(|_| format!("{address} is no address"))?;
    TcpStream::connect_timeout(&parsed, PATIENCE)
        .map(|_| format!("listening on {address}"))
        .map_err(|_| format!("nothing listens on {address}"))
}

fn environment(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set"))
}

fn on_path(names: &[&str]) -> Result<PathBuf, String> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{} is not in PATH", names[0]))
}

/// The library that `ORT_DYLIB_PATH` names, or the one of the Python package beside the clients.
pub fn onnx_runtime() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        let path = PathBuf::from(path);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("ORT_DYLIB_PATH names {}, which is no file", path.display()))
        };
    }
    let packages = repository::root().join("tests/clients/.venv/lib");
    let folders = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    folders(packages)
        .flat_map(|python| folders(python.path().join("site-packages/onnxruntime/capi")))
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libonnxruntime.so") || name.starts_with("libonnxruntime.") && name.ends_with(".dylib")
        })
        .ok_or_else(|| {
            "tests/clients/.venv has no package onnxruntime (ORT_DYLIB_PATH can name the library)".to_owned()
        })
}

/// Node 22 or later, with the packages of `tests/clients` beside it.
fn node() -> Result<PathBuf, String> {
    let clients = repository::root().join("tests/clients");
    if !clients.join("node_modules").is_dir() {
        return Err("tests/clients has no node_modules (run `npm ci` there)".into());
    }
    if let Some(package) = outdated(&clients) {
        return Err(format!(
            "tests/clients/node_modules lacks {package} as the lock file has it (run `npm ci` there)"
        ));
    }
    let candidates = [clients.join("node_modules/node/bin/node"), PathBuf::from("node")];
    candidates
        .into_iter()
        .find(|node| {
            running::output(Command::new(node).arg("--version")).is_ok_and(|version| {
                let major = version.trim().trim_start_matches('v').split('.').next();
                major
                    .and_then(|major| major.parse().ok())
                    .is_some_and(|major: u32| major >= 22)
            })
        })
        .ok_or_else(|| "no Node of version 22 or later".into())
}

/// A direct dependency that is not installed in the version that the lock file names.
fn outdated(clients: &std::path::Path) -> Option<String> {
    let read = |name: &str| -> Option<serde_json::Value> {
        serde_json::from_slice(&std::fs::read(clients.join(name)).ok()?).ok()
    };
    let wanted = read("package-lock.json")?;
    let installed = read("node_modules/.package-lock.json").unwrap_or_default();
    let direct = wanted["packages"][""]["dependencies"].as_object()?;
    direct
        .keys()
        .find(|name| {
            let key = format!("node_modules/{name}");
            wanted["packages"][&key]["version"] != installed["packages"][&key]["version"]
        })
        .cloned()
}

/// A Python that has the packages of `tests/clients/requirements.txt`.
fn python() -> Result<PathBuf, String> {
    let own = repository::root().join("tests/clients/.venv/bin/python");
    [own, PathBuf::from("python3")]
        .into_iter()
        .find(|python| running::succeeds(Command::new(python).args(["-c", "import mcp.client.client"])))
        .ok_or_else(|| {
            "no Python with the package mcp (make tests/clients/.venv and install requirements.txt there)".into()
        })
}
