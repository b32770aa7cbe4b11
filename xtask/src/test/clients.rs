//! Real clients against the real program: each script in `tests/clients` gets a server's address and a key
//! and prints `ok NAME` or `not ok NAME: why`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Counts;
use crate::components::Components;
use crate::repository;
use crate::running::{self, End};
use crate::studio::Studio;

/// The longest that one script may run.
const LIMIT: Duration = Duration::from_secs(600);

/// A script, the program that runs it, and the server that it talks to.
struct Suite {
    script: &'static str,
    runs_on: Language,
    server: Server,
}

/// Servers that suites share, each started anew.
#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// As a stranger starts it.
    Plain,
    /// The same, for those who need a set-up link that nobody used.
    Fresh,
    /// One more, whose workspace holds nothing but what the pages' suite makes.
    Widgets,
    /// One more, which is set up with a passkey.
    Passkeys,
    /// And one for the editor of pipelines.
    Pipelines,
    /// With an owner, a client that need not register, and descriptions of clients fetched from loopback.
    People,
    /// With an owner, for bridges on this machine.
    Bridged,
    /// With the fixtures of the conformance suite.
    Fixtures,
    /// With a vendor that a script plays. Its suites mostly wait, so they run beside all others.
    Patient,
}

impl Server {
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::Fresh,
        Self::Widgets,
        Self::Passkeys,
        Self::Pipelines,
        Self::People,
        Self::Bridged,
        Self::Fixtures,
    ];
}

/// The owner of the server for people.
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
/// What that server is configured with.
const CLIENTS: &str = r#"
[[oauth_clients]]
client_id = "pre-registered-test"
name = "Known to the operator"
redirect_uris = ["http://127.0.0.1/callback"]

[[oidc]]
name = "corp"
title = "Corp"
issuer = "http://127.0.0.1:UPSTREAM"
client_id = "studio"
client_secret = "upstream-secret-for-tests-0123456789"
auto_create = true
"#;
/// What the patient server is configured with: each of its jobs holds a worker while the vendor takes its time.
const SLOW_VENDOR: &str = r#"
[worker]
jobs = 4

[providers.fal]
key = "patience:0123456789abcdef"
base_url = "http://127.0.0.1:VENDOR"
allow_private = true
"#;

#[derive(Clone, Copy)]
enum Language {
    Node,
    /// Node that drives Chromium.
    Browser,
    /// The same, and ffmpeg makes what is uploaded.
    Films,
    Python,
}

const fn suite(script: &'static str, runs_on: Language, server: Server) -> Suite {
    Suite {
        script,
        runs_on,
        server,
    }
}

/// Every suite, in the order in which they run.
const SUITES: &[Suite] = &[
    suite("curl.mjs", Language::Node, Server::Plain),
    suite("ts2.mjs", Language::Node, Server::Plain),
    suite("sdk1.mjs", Language::Node, Server::Plain),
    suite("surfaces.mjs", Language::Node, Server::Plain),
    suite("client.py", Language::Python, Server::Plain),
    suite("inspector.mjs", Language::Node, Server::Plain),
    suite("inspectorweb.mjs", Language::Browser, Server::Plain),
    suite("pages.mjs", Language::Browser, Server::Plain),
    suite("widgets.mjs", Language::Browser, Server::Widgets),
    suite("surfacewidgets.mjs", Language::Browser, Server::Widgets),
    suite("app.mjs", Language::Browser, Server::Fresh),
    suite("passkeys.mjs", Language::Browser, Server::Passkeys),
    suite("pipelines.mjs", Language::Browser, Server::Pipelines),
    suite("oauth_client.py", Language::Python, Server::People),
    suite("films.mjs", Language::Films, Server::People),
    suite("authorization.mjs", Language::Node, Server::People),
    suite("oidc.mjs", Language::Node, Server::People),
    suite("oauth.mjs", Language::Node, Server::People),
    // It uses the limit on registering up, so it comes last.
    suite("registering.mjs", Language::Node, Server::People),
    suite("local.mjs", Language::Node, Server::Bridged),
    suite("conformance.mjs", Language::Node, Server::Fixtures),
    suite("patience.mjs", Language::Node, Server::Patient),
];

pub fn run(components: &Components, all: bool, only: &[String]) -> Result<Counts> {
    if let Some(unknown) = only
        .iter()
        .find(|name| SUITES.iter().all(|suite| suite.script != **name))
    {
        let known: Vec<&str> = SUITES.iter().map(|suite| suite.script).collect();
        bail!("there is no tests/clients/{unknown}; there are {}", known.join(", "));
    }
    let mut counts = Counts::default();
    let mut ready: Vec<(&Suite, &Path)> = Vec::new();
    for suite in SUITES {
        if !only.is_empty() && only.iter().all(|name| name != suite.script) {
            continue;
        }
        let program = match suite.runs_on {
            Language::Node => &components.node,
            Language::Browser | Language::Films if components.chromium.is_none() => &None,
            Language::Films if components.ffmpeg.is_none() => &None,
            Language::Browser | Language::Films => &components.node,
            Language::Python => &components.python,
        };
        match program {
            Some(program) => ready.push((suite, program)),
            // With --all the missing component has already been counted as a failure.
            None if all => {}
            None => {
                println!("skipped: tests/clients/{}", suite.script);
                counts.skipped += 1;
            }
        }
    }
    if ready.is_empty() {
        return Ok(counts);
    }
    let program = repository::target()?
        .join("debug")
        .join(format!("aquatint{}", std::env::consts::EXE_SUFFIX));
    let run_at = |server: Server, tell: &mut dyn FnMut(&str)| -> Result<Counts> {
        let mut counts = Counts::default();
        let mut ours = ready.iter().filter(|(suite, _)| suite.server == server).peekable();
        if ours.peek().is_none() {
            return Ok(counts);
        }
        let ports = Ports {
            documents: free_port()?,
            upstream: free_port()?,
            vendor: free_port()?,
        };
        let studio = match start(server, &program, ports) {
            Ok(studio) => studio,
            Err(error) => {
                tell(&format!("not ok the clients' server: {error:#}"));
                counts.failed += 1;
                return Ok(counts);
            }
        };
        for (suite, runner) in ours {
            counts.add(run_one(suite, runner, &program, &studio, ports, components, tell)?);
        }
        Ok(counts)
    };
    thread::scope(|scope| {
        // What it says is told when everything else is.
        let beside = scope.spawn(|| {
            let mut said = Vec::new();
            let counts = run_at(Server::Patient, &mut |line| said.push(line.to_owned()));
            (counts, said)
        });
        for server in Server::ALL {
            counts.add(run_at(server, &mut |line| println!("{line}"))?);
        }
        let Ok((patient, said)) = beside.join() else {
            bail!("the suites beside the others ended in a panic");
        };
        said.iter().for_each(|line| println!("{line}"));
        counts.add(patient?);
        Ok(counts)
    })
}

/// Where scripts serve what the studio fetches.
#[derive(Clone, Copy)]
struct Ports {
    /// Descriptions of OAuth clients.
    documents: u16,
    /// A provider to sign in with.
    upstream: u16,
    /// A vendor that makes pictures.
    vendor: u16,
}

fn start(server: Server, program: &Path, ports: Ports) -> Result<Studio> {
    match server {
        Server::Plain | Server::Fresh | Server::Widgets | Server::Passkeys | Server::Pipelines => {
            Studio::start(program, &[])
        }
        Server::Bridged => {
            let studio = Studio::start(program, &[])?;
            studio.create_user(program, EMAIL, PASSWORD)?;
            Ok(studio)
        }
        Server::Patient => {
            let configuration = SLOW_VENDOR.replace("VENDOR", &ports.vendor.to_string());
            Studio::start_configured(program, &[], &configuration)
        }
        Server::Fixtures => Studio::start(program, &["--conformance-fixtures"]),
        Server::People => {
            let Ports {
                documents, upstream, ..
            } = ports;
            let allowed = format!("fetch.allow_private=127.0.0.1:{documents},127.0.0.1:{upstream}");
            let configuration = CLIENTS.replace("UPSTREAM", &upstream.to_string());
            let studio = Studio::start_configured(program, &["--set", &allowed], &configuration)?;
            studio.create_user(program, EMAIL, PASSWORD)?;
            Ok(studio)
        }
    }
}

/// A port that nobody listens on at the moment, for a script to serve from.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn run_one(
    suite: &Suite,
    runner: &Path,
    program: &Path,
    studio: &Studio,
    ports: Ports,
    components: &Components,
    tell: &mut dyn FnMut(&str),
) -> Result<Counts> {
    tell(&format!("\ntests/clients/{}", suite.script));
    let folder = repository::root().join("tests/clients");
    let mut command = Command::new(runner);
    command
        .arg(folder.join(suite.script))
        .current_dir(&folder)
        .env("AQUATINT_URL", &studio.url)
        .env("AQUATINT_KEY", &studio.key)
        .env("AQUATINT_SETUP", &studio.setup)
        .env(
            "AQUATINT_CHROMIUM",
            components.chromium.as_deref().unwrap_or(Path::new("")),
        )
        .env("AQUATINT_PICTURES", repository::target()?.join("pages"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(samples) = repository::samples() {
        command.env("AQUATINT_SAMPLES", samples);
    }
    if suite.server == Server::People {
        command
            .env("AQUATINT_EMAIL", EMAIL)
            .env("AQUATINT_PASSWORD", PASSWORD)
            .env("AQUATINT_CIMD_PORT", ports.documents.to_string())
            .env("AQUATINT_OIDC_PORT", ports.upstream.to_string());
    }
    if suite.server == Server::Patient {
        command.env("AQUATINT_VENDOR_PORT", ports.vendor.to_string());
    }
    let bundle = tempfile::tempdir()?;
    if suite.server == Server::Bridged {
        let path = bundle.path().join("aquatint.mcpb");
        crate::mcpb::run(program, Some(&path))?;
        command
            .env("AQUATINT_PROGRAM", program)
            .env("AQUATINT_BUNDLE", path)
            .env("AQUATINT_EMAIL", EMAIL)
            .env("AQUATINT_PASSWORD", PASSWORD);
    }
    let mut counts = Counts::default();
    let end = running::told(&mut command, LIMIT, |line| {
        tell(line);
        if line.starts_with("ok ") {
            counts.passed += 1;
        } else if line.starts_with("not ok ") {
            counts.failed += 1;
        }
    })?;
    let wrong = match end {
        End::Success if counts.passed + counts.failed == 0 => Some("it checked nothing".to_owned()),
        End::Success => None,
        End::Failure(status) if counts.failed == 0 => Some(format!("it ended with {status}")),
        End::Failure(_) => None,
        End::TimedOut => Some(format!("not done after {} s", LIMIT.as_secs())),
    };
    if let Some(wrong) = wrong {
        tell(&format!("not ok {}: {wrong}", suite.script));
        counts.failed += 1;
    }
    if counts.failed > 0 {
        tell(&format!("the end of the server's log:\n{}", studio.log()));
    }
    Ok(counts)
}
