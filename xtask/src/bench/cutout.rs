//! Cutting out by the same ONNX network as rembg, on the same machine: warm, from a cold process, and in memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::process::Usage;
use super::work::{numbered, photograph, sent, tool};
use super::{Row, peers};
use crate::http::Connection;
use crate::studio::{Studio, aquatint};
use crate::{components, running};

/// Pictures that are cut out after one to warm up.
const PICTURES: u32 = 10;
const SIZE: (usize, usize) = (1_200, 900);
/// Cold starts; the middle one is told.
const STARTS: usize = 3;

/// What rembg tells of its rounds.
struct Rounds {
    seconds: Vec<f64>,
    cpu_seconds: f64,
    peak_bytes: f64,
}

pub fn run(program: &Path) -> Result<Vec<Row>> {
    let python = peers::rembg()?;
    let script = peers::folder().join("python/cutout.py");
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("bench.onnx");
    running::output(Command::new(&python).arg(&script).arg("make").arg(&model))?;
    let photo = folder.path().join("photo.jpg");
    std::fs::write(&photo, photograph(program, folder.path(), SIZE)?)?;
    let runtime = components::onnx_runtime().map_err(anyhow::Error::msg)?;
    let data = folder.path().join("data");
    let environment = [("AQUATINT_MODELS_ONNX_RUNTIME", runtime.display().to_string())];
    let own = || {
        let mut command = aquatint(program, &data);
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        command
    };
    running::output(
        own()
            .args(["models", "add", "--task", "cutout", "--side", "320", "--name", "bench"])
            .args(["--mean", "0.485,0.456,0.406", "--deviation", "0.229,0.224,0.225"])
            .arg(&model),
    )?;

    let peer = rounds(&python, &script, &model, PICTURES + 1, &photo)?;
    let count = f64::from(PICTURES);
    let peer_warm = peer.seconds.iter().skip(1).sum::<f64>() / count;
    let peer_cold = middle(|| {
        let mut command = Command::new(&python);
        command.arg(&script).arg("run").arg(&model).arg("1").arg(&photo);
        timed(&mut command)
    })?;
    let jpeg = std::fs::read(&photo)?;
    let mut number = PICTURES;
    let mut first = |more: &[&str]| {
        middle(|| {
            // A picture that is not here yet, or the studio would spare itself to look at it.
            number += 1;
            let photo = folder.path().join(format!("photo-{number}.jpg"));
            std::fs::write(&photo, numbered(&jpeg, number))?;
            let mut command = own();
            command
                .args(["edit", "remove-background", "--model", "bench"])
                .args(more);
            timed(command.arg("-o").arg(folder.path().join("out")).arg(photo))
        })
    };
    let cold = first(&[])?;
    let cold_bare = first(&["--no-refine-edges", "--no-decontaminate"])?;
    let usual = warm(program, &data, &photo, &environment, &json!({}))?;
    let bare = warm(
        program,
        &data,
        &photo,
        &environment,
        &json!({ "refine_edges": false, "decontaminate": false }),
    )?;
    let row = |name: &str, warm: &Warm| {
        let figures = vec![
            ("wall_ms", warm.wall * 1e3),
            ("cpu_ms", warm.cpu * 1e3),
            ("peak_mb", warm.peak / 1e6),
        ];
        Row::new(name, figures)
    };
    Ok(vec![
        row(
            "aquatint, a 1 MP picture by ONNX Runtime, edge refined, to PNG and renditions",
            &usual,
        ),
        row(
            "aquatint, the same with the network's own edge, as rembg leaves it",
            &bare,
        ),
        Row::new(
            "rembg, the same picture and network, to PNG",
            vec![
                ("wall_ms", peer_warm * 1e3),
                ("cpu_ms", peer.cpu_seconds * 1e3 / (count + 1.0)),
                ("peak_mb", peer.peak_bytes / 1e6),
            ],
        ),
        Row::new(
            "from a cold process to the first result",
            vec![
                ("refined_ms", cold * 1e3),
                ("same_edge_ms", cold_bare * 1e3),
                ("rembg_ms", peer_cold * 1e3),
            ],
        ),
        Row::new(
            "aquatint / rembg",
            vec![
                ("refined_wall", usual.wall / peer_warm),
                ("same_edge_wall", bare.wall / peer_warm),
                ("refined_cold", cold / peer_cold),
                ("same_edge_cold", cold_bare / peer_cold),
                ("memory", usual.peak / peer.peak_bytes),
            ],
        ),
    ])
}

/// Seconds a picture, and the most memory of the server and of the child that works, in bytes.
struct Warm {
    wall: f64,
    cpu: f64,
    peak: f64,
}

fn warm(program: &Path, data: &Path, photo: &Path, environment: &[(&str, String)], more: &Value) -> Result<Warm> {
    let jpeg = std::fs::read(photo)?;
    let models = data.join("models").display().to_string();
    let mut all: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    all.push(("AQUATINT_MODELS_FOLDER", &models));
    let studio = Studio::start_with(program, &[], &all)?;
    let mut connection = Connection::open(studio.address())?;
    let (mut wall, mut cpu) = (0.0, 0.0);
    for number in 0..=PICTURES {
        let asset = sent(&studio, &mut connection, &numbered(&jpeg, number))?;
        let before = Usage::family_cpu_seconds(studio.pid())?;
        let began = Instant::now();
        let mut call = json!({ "action": "remove_background", "images": asset, "model": "bench", "sync": true });
        for (name, value) in more.as_object().into_iter().flatten() {
            call[name] = value.clone();
        }
        let done = tool(&studio, &mut connection, "edit_image", &call)?;
        if done["status"] != "succeeded" {
            bail!("the cut-out ended as {done}");
        }
        if number > 0 {
            wall += began.elapsed().as_secs_f64();
            cpu += Usage::family_cpu_seconds(studio.pid())? - before;
        }
    }
    let count = f64::from(PICTURES);
    Ok(Warm {
        wall: wall / count,
        cpu: cpu / count,
        peak: (Usage::peak_bytes(studio.pid())? + Usage::largest_child_bytes(studio.pid())?) as f64,
    })
}

fn rounds(python: &PathBuf, script: &Path, model: &Path, times: u32, photo: &Path) -> Result<Rounds> {
    let mut command = Command::new(python);
    command
        .arg(script)
        .arg("run")
        .arg(model)
        .arg(times.to_string())
        .arg(photo);
    let told: Value = serde_json::from_str(&running::output(&mut command)?)?;
    let seconds = told["seconds"].as_array().into_iter().flatten();
    let rounds = seconds.filter_map(Value::as_f64).collect();
    let read = told["cpu_seconds"].as_f64().zip(told["peak_bytes"].as_f64());
    let (cpu_seconds, peak_bytes) = read.context("rembg told no figures")?;
    Ok(Rounds {
        seconds: rounds,
        cpu_seconds,
        peak_bytes,
    })
}

fn timed(command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    running::output(command)?;
    Ok(began.elapsed().as_secs_f64())
}

fn middle(mut measure: impl FnMut() -> Result<f64>) -> Result<f64> {
    let mut times = (0..STARTS).map(|_| measure()).collect::<Result<Vec<f64>>>()?;
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[STARTS / 2])
}
