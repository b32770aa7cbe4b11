//! The crew with real children: work, progress, cancelling, and children that die.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aquatint_domain::{Code, MediaType};
use aquatint_engines::models::Folder;
use aquatint_engines::{Crew, CrewConfig, Ffmpeg, Limits, Output, Work};
use aquatint_testkit::pictures::product_on_plain;
use aquatint_testkit::png;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

fn crew() -> Crew {
    crew_with(&std::env::temp_dir().join("aquatint-no-models"))
}

/// A crew with the models of that folder.
pub fn crew_with(models: &Path) -> Crew {
    crew_by(models, None)
}

/// The same, whose models run by that library.
pub fn crew_by(models: &Path, onnx_runtime: Option<&Path>) -> Crew {
    Crew::new(config(models, onnx_runtime))
}

/// One that has this ffmpeg, or none.
pub fn crew_seeing(ffmpeg: Option<Ffmpeg>) -> Crew {
    Crew::new(CrewConfig {
        ffmpeg,
        ..config(Path::new("/nowhere"), None)
    })
}

/// The program of the children.
pub fn work_child() -> PathBuf {
    // Examples are built beside the tests.
    let program = std::env::current_exe().expect("a test is a program");
    let folder: PathBuf = program.parent().and_then(|deps| deps.parent()).expect("target").into();
    let program = folder
        .join("examples")
        .join(format!("work_child{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built", program.display());
    program
}

fn config(models: &Path, onnx_runtime: Option<&Path>) -> CrewConfig {
    CrewConfig {
        program: work_child(),
        args: Vec::new(),
        size: 2,
        memory_bytes: 2 << 30,
        task_timeout: Duration::from_secs(60),
        idle_exit: Duration::from_secs(60),
        limits: Limits::default(),
        ffmpeg: None,
        models: Folder::new(models.to_owned()),
        onnx_runtime: onnx_runtime.map(Path::to_owned),
        models_memory_bytes: 1 << 20,
    }
}

pub fn work(engine: &str, arguments: Value) -> Work {
    Work {
        engine: engine.into(),
        arguments,
        output: Output::default(),
    }
}

fn photo() -> Bytes {
    png(product_on_plain(300, 300, [230, 230, 230]).picture).into()
}

#[tokio::test]
async fn a_child_edits_writes_inspects_and_tells_of_its_progress() {
    let crew = crew();
    let told = Arc::new(Mutex::new(Vec::new()));
    let made = crew
        .make(
            &work("cutout.plain", json!({})),
            vec![photo()],
            &CancellationToken::new(),
            &mut |done, stage| told.lock().expect("not poisoned").push((done, stage.to_owned())),
        )
        .await
        .expect("works");
    let probe = &made.inspection.probe;
    assert_eq!(
        (probe.media_type, probe.width, probe.has_alpha),
        (MediaType::Png, 300, true)
    );
    assert_eq!(made.inspection.renditions.len(), 2);
    assert!(
        made.inspection
            .renditions
            .iter()
            .all(|rendition| !rendition.bytes.is_empty())
    );
    assert!(made.facts["confidence"].as_f64().expect("a number") > 0.8);
    assert!(told.lock().expect("not poisoned").len() >= 2);
    let problem = crew
        .make(
            &work("upscale.lanczos", json!({ "scale": 5 })),
            vec![photo()],
            &CancellationToken::new(),
            &mut |_, _| {},
        )
        .await
        .expect_err("refused");
    assert_eq!(problem.field.as_deref(), Some("scale"));
}

#[tokio::test]
async fn twenty_four_megapixels_are_cut_out_within_a_childs_memory() {
    // A child here has 2 GB of addresses.
    let photo: Bytes = png(product_on_plain(6_000, 4_000, [205, 215, 225]).picture).into();
    let mut wanted = work("cutout.auto", json!({ "background": { "color": "#ffffff" } }));
    wanted.output.format = Some(MediaType::Jpeg);
    let made = crew()
        .make(&wanted, vec![photo], &CancellationToken::new(), &mut |_, _| {})
        .await
        .expect("works");
    assert_eq!(made.inspection.probe.width, 6_000);
}

#[tokio::test]
async fn cancelling_ends_a_long_task_and_the_crew_goes_on() {
    let crew = crew();
    let cancel = CancellationToken::new();
    let long = work(
        "scene.preview",
        json!({ "prompt": "a vase", "width": 4096, "height": 4096, "seed": 1 }),
    );
    let began = std::time::Instant::now();
    let stopping = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stopping.cancel();
    });
    let problem = crew
        .make(&long, vec![], &cancel, &mut |_, _| {})
        .await
        .expect_err("cancelled");
    assert!(began.elapsed() < Duration::from_secs(20), "{problem:?}");
    crew.make(
        &work("transform.resize", json!({ "width": 20 })),
        vec![photo()],
        &CancellationToken::new(),
        &mut |_, _| {},
    )
    .await
    .expect("the next task works");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_that_is_killed_is_a_failure_to_try_again() {
    let crew = crew();
    let own = std::process::id().to_string();
    let killer = tokio::spawn(async move {
        // The child of this very test: nextest gives every test a process of its own, and cargo test shares one,
        // where the other tests of this file would suffer; so only a child that renders for long is taken.
        tokio::time::sleep(Duration::from_millis(600)).await;
        let children = std::process::Command::new("pgrep")
            .args(["-P", &own])
            .output()
            .expect("pgrep");
        for child in String::from_utf8_lossy(&children.stdout).split_whitespace() {
            let command = std::fs::read_to_string(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if command.contains("work_child") {
                std::process::Command::new("kill")
                    .args(["-9", child])
                    .status()
                    .expect("kill");
            }
        }
    });
    let long = work(
        "scene.preview",
        json!({ "prompt": "a vase", "width": 4096, "height": 4096, "seed": 1 }),
    );
    let problem = crew
        .make(&long, vec![], &CancellationToken::new(), &mut |_, _| {})
        .await
        .expect_err("killed");
    killer.await.expect("it killed");
    assert!(
        matches!(problem.code, Code::EngineFailed | Code::Unavailable),
        "{problem:?}"
    );
    crew.make(
        &work("transform.resize", json!({ "width": 20 })),
        vec![photo()],
        &CancellationToken::new(),
        &mut |_, _| {},
    )
    .await
    .expect("the next task works");
}
