//! `aquatint doctor`: checks everything that the studio needs, and says what to do.

use std::process::ExitCode;

use anyhow::Result;
use aquatint_engines::{Output, Work};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::boot;
use crate::config::Config;

/// Keeps count while it prints.
struct Report {
    failures: u32,
}

impl Report {
    fn well(&self, what: &str, detail: impl std::fmt::Display) {
        println!("ok       {what}: {detail}");
    }

    fn note(&self, what: &str, detail: impl std::fmt::Display) {
        println!("note     {what}: {detail}");
    }

    fn wrong(&mut self, what: &str, detail: impl std::fmt::Display) {
        self.failures += 1;
        println!("PROBLEM  {what}: {detail}");
    }
}

pub(super) async fn run(config: &Config) -> Result<ExitCode> {
    let mut report = Report { failures: 0 };
    match &config.file {
        Some(path) => report.well("configuration", path.display()),
        None => report.well("configuration", "defaults (no file)"),
    }
    report.well("data folder", config.data.display());
    let studio = match boot::open(config).await {
        Ok(studio) => studio,
        Err(error) => {
            report.wrong("storage", format!("{error:#}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    match studio.store().ping().await {
        Ok(()) => report.well("database", format!("{:?}, schema up to date", studio.store().kind())),
        Err(problem) => report.wrong("database", problem.message),
    }
    match studio.store().ledger().check().await {
        Ok(books) => report.well("ledger", format!("{} entries, all right", books.entries)),
        Err(problem) => report.wrong("ledger", problem.message),
    }
    match studio.blobs().check().await {
        Ok(()) => report.well("blobs", &config.settings.blobs_url),
        Err(problem) => report.wrong("blobs", problem.message),
    }
    let work = Work {
        engine: "scene.preview".into(),
        arguments: json!({ "prompt": "a bottle on marble", "width": 64, "height": 64, "seed": 1 }),
        output: Output::default(),
    };
    match studio
        .crew()
        .make(&work, Vec::new(), &CancellationToken::new(), &mut |_, _| {})
        .await
    {
        Ok(made) => report.well(
            "engines",
            format!(
                "{} built in; a test picture took {} bytes",
                aquatint_engines::ALL.len(),
                made.bytes.len()
            ),
        ),
        Err(problem) => report.wrong(
            "engines",
            format!("{} A work child could not do a test picture.", problem.message),
        ),
    }
    match studio.crew().walls().await {
        Ok(walls) => report.well(
            "walls around work children",
            serde_json::to_string(&walls).unwrap_or_default(),
        ),
        Err(problem) => report.wrong("walls around work children", problem.message),
    }
    match studio.mail_server() {
        Some((server, from)) => match studio.check_mail().await {
            Ok(()) => report.well("mail", format!("{server} lets {from} in; `aquatint mail test ADDRESS` sends a letter")),
            Err(problem) => report.wrong("mail", problem.message),
        },
        None => report.note(
            "mail (optional)",
            "no server is named; invitations and new passwords are links to pass on. `mail.url` and `mail.from` name one",
        ),
    }
    let models = studio.crew().models();
    let (installed, broken) = models.list();
    let names: Vec<&str> = installed.iter().map(|model| model.manifest.id.as_str()).collect();
    if names.is_empty() {
        report.note(
            "models (optional)",
            "none installed; `aquatint models list` shows what can be pulled",
        );
    } else {
        report.well("models", format!("{} in {}", names.join(", "), models.path().display()));
    }
    for problem in broken {
        report.wrong("models", problem.message);
    }
    match config.settings.onnx_runtime.library(models.path()) {
        Some(library) => report.well("ONNX Runtime", library.display().to_string()),
        None => report.note(
            "ONNX Runtime (optional)",
            "not found; models run by the built-in runtime, about three times slower. `models.onnx_runtime` says where it is looked for",
        ),
    }
    match (config.settings.ffmpeg.programs(), studio.crew().film_walls().await) {
        (Some(programs), Some(Ok(walls))) if walls.system_calls.is_up() => report.well(
            "ffmpeg",
            format!(
                "{}, behind walls: {}",
                programs.ffmpeg.display(),
                serde_json::to_string(&walls).unwrap_or_default()
            ),
        ),
        (Some(programs), Some(Ok(_))) => report.note(
            "ffmpeg (optional)",
            format!("{} is there, but no filter of system calls can be raised around it, so it is not run", programs.ffmpeg.display()),
        ),
        (_, Some(Err(problem))) => report.wrong("ffmpeg", problem.message),
        _ => report.note(
            "ffmpeg (optional)",
            "not found; videos in other codecs than AV1 have measures, but no poster and no moving preview. `films.ffmpeg` says where it is looked for",
        ),
    }
    for (what, program, why) in [
        (
            "Node (optional)",
            "node",
            "only the client tests of the repository use it",
        ),
        (
            "Chromium (optional)",
            "chromium",
            "only the page tests of the repository use it",
        ),
    ] {
        match find_program(program) {
            Some(path) => report.well(what, path.display()),
            None => report.note(what, format!("not found; {why}")),
        }
    }
    studio.close().await;
    println!(
        "{}",
        if report.failures == 0 {
            "everything that is needed works"
        } else {
            "something needs your attention"
        }
    );
    Ok(if report.failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn find_program(name: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
