//! Installed models in real children: each task's work, and models that are not what they should be.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aquatint_domain::{Code, Problem};
use aquatint_engines::models::{Activation, BUILT_IN, Folder, Manifest, ONNX_RUNTIME, Range, Task, sha256_of};
use aquatint_engines::{Crew, Made};
use aquatint_testkit::pictures::{noise_photo, product_on_plain};
use aquatint_testkit::{TestModel, onnx, png};
use image::{DynamicImage, Rgb, RgbImage};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::crew::{crew_by, work, work_child};

/// Installs a model and gives the id of its engine.
fn install(folder: &Path, id: &str, task: Task, model: &[u8], change: impl FnOnce(&mut Manifest)) -> String {
    let file = folder.join(format!("{id}.onnx"));
    std::fs::write(&file, model).expect("written");
    let mut manifest = Manifest {
        id: id.to_owned(),
        task,
        title: id.to_owned(),
        licence: "CC0-1.0".to_owned(),
        source: "a test".to_owned(),
        bytes: model.len() as u64,
        sha256: sha256_of(&file).expect("read"),
        side: None,
        multiple: 1,
        mean: [0.0; 3],
        deviation: [1.0; 3],
        input: Range::Unit,
        output: Range::Unit,
        activation: Activation::MinMax,
        scale: None,
        files: Vec::new(),
        steps: None,
        guidance: None,
        rank: 5,
    };
    change(&mut manifest);
    let models = Folder::new(folder.join("models"));
    models.partial(id).expect("a folder");
    models.install(&manifest, &file).expect("installed");
    manifest.engine()
}

/// What the built-in runtime makes; where ONNX Runtime is at hand, it must come to the same.
async fn make(folder: &Path, engine: &str, arguments: Value, inputs: Vec<Vec<u8>>) -> Result<Made, Problem> {
    let own = make_by(None, folder, engine, &arguments, &inputs).await;
    if let Ok(made) = &own {
        assert_eq!(made.facts["runtime"], BUILT_IN);
    }
    let Some(library) = std::env::var_os("ORT_DYLIB_PATH") else {
        return own;
    };
    let other = make_by(Some(Path::new(&library)), folder, engine, &arguments, &inputs).await;
    match (&own, &other) {
        (Ok(own), Ok(other)) => {
            assert_eq!(other.facts["runtime"], ONNX_RUNTIME);
            let (own, other) = (decoded(own).to_rgba8(), decoded(other).to_rgba8());
            assert_eq!(own.dimensions(), other.dimensions());
            let farthest = own.iter().zip(other.iter()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(farthest <= Some(2), "the runtimes differ by {farthest:?} levels");
        }
        (Err(own), Err(other)) => assert_eq!(own.code, other.code),
        _ => panic!("the runtimes disagree: {own:?} and {other:?}"),
    }
    own
}

async fn make_by(
    library: Option<&Path>,
    folder: &Path,
    engine: &str,
    arguments: &Value,
    inputs: &[Vec<u8>],
) -> Result<Made, Problem> {
    let crew = crew_by(&folder.join("models"), library);
    let inputs = inputs.iter().cloned().map(Into::into).collect();
    crew.make(
        &work(engine, arguments.clone()),
        inputs,
        &CancellationToken::new(),
        &mut |_, _| {},
    )
    .await
}

fn decoded(made: &Made) -> DynamicImage {
    image::load_from_memory(&made.bytes).expect("a picture")
}

#[tokio::test]
async fn a_cutout_model_finds_its_subject_and_the_edge_follows_the_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = install(
        folder.path(),
        "red",
        Task::Cutout,
        &onnx(TestModel::RedIsSubject),
        |manifest| {
            manifest.side = Some(96);
        },
    );
    assert_eq!(engine, "cutout.red");
    // Red on blue; a low resolution mask is refined by the picture's own edges.
    let picture = RgbImage::from_fn(400, 300, |x, y| {
        let inside = (f64::from(x) - 200.0).hypot(f64::from(y) - 150.0) < 90.0;
        if inside { Rgb([220, 40, 30]) } else { Rgb([30, 60, 200]) }
    });
    let made = make(folder.path(), &engine, json!({}), vec![png(picture.clone())])
        .await
        .expect("works");
    assert_eq!(made.facts["model"], "red");
    assert!(
        made.facts["confidence"].as_f64().expect("a number") > 0.8,
        "{}",
        made.facts
    );
    let cut = decoded(&made).to_rgba8();
    let mut wrong = 0;
    for (x, y, pixel) in cut.enumerate_pixels() {
        let inside = (f64::from(x) - 200.0).hypot(f64::from(y) - 150.0) < 90.0;
        wrong += u32::from((pixel[3] > 127) != inside);
    }
    assert!(wrong < 120, "{wrong} pixels are on the wrong side");
    let on = make(
        folder.path(),
        &engine,
        json!({ "background": { "color": "#00ff00" } }),
        vec![png(picture)],
    )
    .await
    .expect("works");
    assert_eq!(decoded(&on).to_rgb8().get_pixel(5, 5).0, [0, 255, 0]);
}

#[tokio::test]
async fn an_upscaler_works_in_tiles_and_keeps_alpha() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = install(
        folder.path(),
        "twice",
        Task::Upscale,
        &onnx(TestModel::Twice),
        |manifest| {
            manifest.scale = Some(2);
        },
    );
    let picture = RgbImage::from_fn(530, 40, |x, y| Rgb([(x % 251) as u8, (y * 5) as u8, 90]));
    let made = make(
        folder.path(),
        &engine,
        json!({ "scale": 2 }),
        vec![png(picture.clone())],
    )
    .await
    .expect("works");
    let large = decoded(&made).to_rgb8();
    assert_eq!(large.dimensions(), (1060, 80));
    for (x, y, pixel) in large.enumerate_pixels() {
        let from = picture.get_pixel(x / 2, y / 2);
        assert!(
            (0..3).all(|c| pixel[c].abs_diff(from[c]) <= 1),
            "{x} {y} {pixel:?} {from:?}"
        );
    }
    let see_through = DynamicImage::from(image::RgbaImage::from_fn(60, 60, |x, _| {
        image::Rgba([200, 100, 50, if x < 30 { 255 } else { 0 }])
    }));
    let made = make(folder.path(), &engine, json!({ "scale": 2 }), vec![png(see_through)])
        .await
        .expect("works");
    let large = decoded(&made).to_rgba8();
    assert_eq!((large.get_pixel(10, 60)[3], large.get_pixel(110, 60)[3]), (255, 0));
}

#[tokio::test]
async fn an_inpainting_model_fills_the_hole_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = install(
        folder.path(),
        "white",
        Task::Inpaint,
        &onnx(TestModel::WhiteInMask),
        |manifest| {
            manifest.side = Some(64);
        },
    );
    let picture = RgbImage::from_pixel(300, 200, Rgb([40, 90, 60]));
    let arguments = json!({ "region": { "boxes": [[100, 60, 80, 60]] } });
    let made = make(folder.path(), &engine, arguments, vec![png(picture)])
        .await
        .expect("works");
    assert_eq!(made.facts["method"], "white");
    let filled = decoded(&made).to_rgb8();
    assert_eq!(filled.get_pixel(20, 20).0, [40, 90, 60]);
    assert!(filled.get_pixel(140, 90).0.iter().all(|channel| *channel > 245));
}

#[tokio::test]
async fn an_inpainting_model_expands_what_is_not_plain_and_meets_the_edge() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = install(
        folder.path(),
        "white",
        Task::Inpaint,
        &onnx(TestModel::WhiteInMask),
        |manifest| {
            manifest.side = Some(64);
        },
    );
    let picture = noise_photo(200, 160, 3);
    let arguments = json!({ "left": 0, "top": 0, "right": 300, "bottom": 0 });
    let made = make(folder.path(), &engine, arguments.clone(), vec![png(picture.clone())])
        .await
        .expect("works");
    assert_eq!(made.facts["method"], "white");
    let large = decoded(&made).to_rgb8();
    assert_eq!(large.dimensions(), (500, 160));
    for (x, y, pixel) in picture.enumerate_pixels() {
        assert_eq!(large.get_pixel(x, y), pixel, "the picture itself stays");
    }
    // Far away it is what the model says, at the seam what the picture has there.
    assert!(large.get_pixel(480, 80).0.iter().all(|channel| *channel > 240));
    let (inside, outside) = (large.get_pixel(199, 80).0, large.get_pixel(200, 80).0);
    assert!(
        (0..3).all(|channel| inside[channel].abs_diff(outside[channel]) < 40),
        "{inside:?} {outside:?}"
    );
    // A plain wall needs no model.
    let wall = RgbImage::from_pixel(100, 80, Rgb([200, 210, 220]));
    let made = make(folder.path(), &engine, arguments, vec![png(wall)])
        .await
        .expect("works");
    let far = decoded(&made).to_rgb8().get_pixel(390, 40).0;
    assert!(
        (0..3).all(|channel| far[channel].abs_diff([200, 210, 220][channel]) < 8),
        "{far:?}"
    );
}

#[tokio::test]
async fn models_that_are_not_what_they_should_be_fail_one_job_with_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let photo = || png(product_on_plain(80, 60, [230, 230, 230]).picture);
    for (id, model, word) in [
        ("nan", onnx(TestModel::NotANumber), "not finite"),
        ("unknown", onnx(TestModel::UnknownOperator), "Astonish"),
        ("grey", onnx(TestModel::OneChannel), "1 channels"),
        ("vector", onnx(TestModel::Vector), "no picture"),
        ("noise", vec![0x5a; 5_000], "cannot be used"),
        ("cut", onnx(TestModel::RedIsSubject)[..40].to_vec(), "cannot be used"),
    ] {
        let engine = install(folder.path(), id, Task::Cutout, &model, |_| {});
        let problem = make(folder.path(), &engine, json!({}), vec![photo()])
            .await
            .err()
            .unwrap_or_else(|| panic!("{id} is refused"));
        assert_eq!(problem.code, Code::EngineFailed, "{id}: {}", problem.message);
        assert!(problem.message.contains(word), "{id}: {}", problem.message);
        assert!(problem.message.contains("Nothing was charged"), "{}", problem.message);
    }
    // An upscaler that does not enlarge as it says.
    let engine = install(
        folder.path(),
        "four",
        Task::Upscale,
        &onnx(TestModel::Twice),
        |manifest| {
            manifest.scale = Some(4);
        },
    );
    let problem = make(folder.path(), &engine, json!({ "scale": 4 }), vec![photo()])
        .await
        .expect_err("refused");
    assert!(problem.message.contains("4 times"), "{}", problem.message);
    // One that is gone.
    let problem = make(folder.path(), "cutout.gone", json!({}), vec![photo()])
        .await
        .expect_err("refused");
    assert_eq!(problem.code, Code::NotFound);
}

#[tokio::test]
async fn a_models_child_leaves_when_nobody_asks_any_more() {
    let folder = tempfile::tempdir().expect("a folder");
    install(
        folder.path(),
        "leaves",
        Task::Cutout,
        &onnx(TestModel::RedIsSubject),
        |_| {},
    );
    let mut runtimes = vec![None];
    runtimes.extend(std::env::var_os("ORT_DYLIB_PATH").map(Some));
    for library in runtimes {
        let mut command = Command::new(work_child());
        command.arg("--model").arg(folder.path().join("models/leaves"));
        if let Some(library) = &library {
            command.arg("--onnx-runtime").arg(library);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("a child");
        // Its first words: the walls are up.
        let mut first = [0u8; 1];
        let said = child.stdout.as_mut().expect("piped").read_exact(&mut first).await;
        said.expect("it is ready");
        drop(child.stdin.take());
        let left = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
        let status = left.expect("it leaves").expect("it can be waited for");
        assert!(status.success(), "{library:?}: {status}");
    }
}

/// From 1.29 on the library opens a database in the home folder, for what it would send home.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn onnx_runtime_keeps_no_books_about_its_user() {
    let Some(library) = std::env::var_os("ORT_DYLIB_PATH") else {
        println!("SKIPPED: ORT_DYLIB_PATH names no library of ONNX Runtime");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let engine = install(
        folder.path(),
        "books",
        Task::Cutout,
        &onnx(TestModel::RedIsSubject),
        |_| {},
    );
    let crew = crew_by(&folder.path().join("models"), Some(Path::new(&library)));
    assert_eq!(cut_out_by(&crew, &engine).await.facts["runtime"], ONNX_RUNTIME);
    let children = own_children();
    for child in &children {
        for open in std::fs::read_dir(child.join("fd")).expect("a child").flatten() {
            let what = std::fs::read_link(open.path()).unwrap_or_default();
            let is_own = what.starts_with(folder.path());
            assert!(is_own || !what.is_file(), "{} is open", what.display());
        }
    }
    assert_eq!(children.len(), 1, "the child is still warm");
}

#[cfg(target_os = "linux")]
async fn cut_out_by(crew: &Crew, engine: &str) -> Made {
    let picture = png(product_on_plain(64, 64, [230, 230, 230]).picture);
    let none = CancellationToken::new();
    crew.make(&work(engine, json!({})), vec![picture.into()], &none, &mut |_, _| {})
        .await
        .expect("made")
}

/// The places of this process's children in `/proc`.
#[cfg(target_os = "linux")]
fn own_children() -> Vec<std::path::PathBuf> {
    let own = format!("PPid:\t{}\n", std::process::id());
    let all = std::fs::read_dir("/proc").expect("Linux").flatten();
    all.map(|process| process.path())
        .filter(|process| std::fs::read_to_string(process.join("status")).is_ok_and(|status| status.contains(&own)))
        .collect()
}

/// The child of a model can be started before there is a task for it, and is the one that takes it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_model_gets_ready_before_its_first_task() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = onnx(TestModel::RedIsSubject);
    let engine = install(folder.path(), "early", Task::Cutout, &bytes, |_| {});
    let crew = crew_by(&folder.path().join("models"), None);
    for nothing_to_start in ["cutout.net", "cutout.gone", ""] {
        crew.get_ready(nothing_to_start);
    }
    crew.get_ready(&engine);
    let mut early = own_children();
    while early.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        early = own_children();
    }
    assert_eq!(cut_out_by(&crew, &engine).await.facts["runtime"], BUILT_IN);
    assert_eq!(own_children(), early, "the same child, and no other");
}

#[test]
fn a_copied_folder_is_an_installed_model_and_a_damaged_one_is_told() {
    let here = tempfile::tempdir().expect("a folder");
    install(here.path(), "red", Task::Cutout, &onnx(TestModel::RedIsSubject), |_| {});
    let there = tempfile::tempdir().expect("a folder");
    let copied = there.path().join("red");
    std::fs::create_dir(&copied).expect("made");
    for name in ["model.onnx", "model.json"] {
        std::fs::copy(here.path().join("models/red").join(name), copied.join(name)).expect("copied");
    }
    let folder = Folder::new(there.path().to_owned());
    assert_eq!(folder.best(Task::Cutout).expect("found").manifest.id, "red");
    assert!(folder.best(Task::Upscale).is_none());
    assert!(folder.get("../red").is_none());

    std::fs::write(copied.join("model.onnx"), b"short").expect("written");
    let (found, broken) = folder.list();
    assert!(found.is_empty());
    assert!(broken[0].message.contains("5 bytes"), "{}", broken[0].message);
    assert!(folder.remove("red").expect("removed") && !folder.remove("red").expect("gone"));
}
