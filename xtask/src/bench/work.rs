//! What work costs: an upload with its renditions beside sharp, an upscale, and jobs that do nothing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::process::Usage;
use super::{Row, peers};
use crate::http::Connection;
use crate::studio::{Studio, aquatint};
use crate::{repository, running};

/// Uploads that are measured after one to warm up.
const UPLOADS: u32 = 10;
/// Upscales that are measured.
const UPSCALES: u32 = 5;
/// A 12-megapixel camera's picture.
const CAMERA: (usize, usize) = (4_000, 3_000);
/// A larger camera's picture, 24 megapixels.
const LARGE: (usize, usize) = (6_000, 4_000);
/// Pictures of a batch, and their size.
const BATCH: u32 = 100;
const BATCH_SIZE: (usize, usize) = (800, 600);
/// One megapixel.
const MEGAPIXEL: (usize, usize) = (1_000, 1_000);

/// CPU of the whole family of processes from sending a 12-megapixel JPEG to its asset with 1024 and 256 px
/// WebP, ThumbHash and colours.
pub fn upload(program: &Path) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let jpeg = photograph(program, folder.path(), CAMERA)?;
    let studio = Studio::start(program, &[])?;
    let mut connection = Connection::open(studio.address())?;
    sent(&studio, &mut connection, &numbered(&jpeg, 0))?;
    let before = Usage::family_cpu_seconds(studio.pid())?;
    let began = Instant::now();
    for number in 1..=UPLOADS {
        sent(&studio, &mut connection, &numbered(&jpeg, number))?;
    }
    let cpu = (Usage::family_cpu_seconds(studio.pid())? - before) / f64::from(UPLOADS);
    let wall = began.elapsed().as_secs_f64() / f64::from(UPLOADS);
    let peak = Usage::largest_child_bytes(studio.pid())? as f64;
    let mut rows = vec![Row::new(
        format!("aquatint, upload of a 12 MP JPEG ({:.1} MB)", jpeg.len() as f64 / 1e6),
        vec![
            ("cpu_ms", cpu * 1e3),
            ("wall_ms", wall * 1e3),
            ("child_peak_mb", peak / 1e6),
        ],
    )];
    match sharp(&jpeg, folder.path()) {
        Ok((seconds, bytes)) => {
            let figures = vec![("cpu_ms", seconds * 1e3), ("peak_mb", bytes / 1e6)];
            rows.push(Row::new("sharp, 1024 and 256 px WebP", figures));
            let ratios = vec![("cpu", cpu / seconds), ("memory", peak / bytes)];
            rows.push(Row::new("aquatint / sharp", ratios));
        }
        Err(error) => println!("  sharp left out: {error:#}"),
    }
    Ok(rows)
}

/// The same picture as another file: a few bytes behind its end make it one.
pub(super) fn numbered(jpeg: &[u8], number: u32) -> Vec<u8> {
    [jpeg, &number.to_le_bytes()].concat()
}

/// CPU seconds for one picture, and the most memory in bytes.
fn sharp(jpeg: &[u8], folder: &Path) -> Result<(f64, f64)> {
    let path = folder.join("photo.jpg");
    std::fs::write(&path, jpeg)?;
    let mut command = Command::new("node");
    command
        .arg(peers::node_folder()?.join("bundle.mjs"))
        .arg(&path)
        .arg(UPLOADS.to_string());
    numbers(&running::output(&mut command)?).context("sharp told no numbers")
}

/// Two numbers with a space between.
fn numbers(told: &str) -> Option<(f64, f64)> {
    let (first, second) = told.trim().split_once(' ')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

/// Lanczos3 from 512² to 2,048² by the engines' own resampling and by Pillow, which also says how alike the results are.
pub fn resize(_: &Path) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let source = folder.path().join("source.bmp");
    std::fs::write(&source, bitmap(512, 512, 0))?;
    let made = folder.path().join("made.png");
    let mut own = super::quality_example();
    own.arg("--resize").arg(&source).arg("--to").arg(&made);
    let seconds: f64 = running::output(&mut own)?
        .trim()
        .parse()
        .context("the example told no number")?;
    let script = peers::folder().join("python/resize.py");
    let mut pillow = Command::new(peers::rembg()?);
    pillow.arg(script).arg(&source).arg(&made);
    let (peer, psnr) = numbers(&running::output(&mut pillow)?).context("Pillow told no numbers")?;
    Ok(vec![
        Row::new("aquatint, Lanczos3 512² to 2,048²", vec![("wall_ms", seconds * 1e3)]),
        Row::new("Pillow", vec![("wall_ms", peer * 1e3)]),
        Row::new("aquatint / Pillow", vec![("wall", seconds / peer), ("psnr_db", psnr)]),
    ])
}

/// From the call to the result, with everything that stands between: the network at once and four times as large, and a
/// camera's picture of 24 megapixels in bounded memory.
pub fn upscale(program: &Path) -> Result<Vec<Row>> {
    Ok(vec![
        enlarge(
            program,
            "aquatint, upscale ×2 of 1 MP, to PNG and renditions",
            MEGAPIXEL,
            "2",
            UPSCALES,
        )?,
        enlarge(
            program,
            "aquatint, upscale ×4 of 1 MP, to PNG and renditions",
            MEGAPIXEL,
            "4",
            UPSCALES,
        )?,
        enlarge(program, "aquatint, upscale ×2 of 24 MP, to JPEG", LARGE, "2", 1)?,
    ])
}

fn enlarge(program: &Path, name: &str, (width, height): (usize, usize), scale: &str, times: u32) -> Result<Row> {
    // The largest picture and what becomes of it are beyond the usual limits.
    let limits = [
        "--set",
        "limits.upload_max_bytes=100000000",
        "--set",
        "limits.max_pixels=100000000",
    ];
    let studio = Studio::start(program, &limits)?;
    let mut connection = Connection::open(studio.address())?;
    let (mut cpu, mut wall) = (0.0, 0.0);
    for number in 0..=times {
        // The first one warms up; a large one warms nothing that it does not need itself.
        if number == 0 && times == 1 {
            continue;
        }
        let asset = sent(&studio, &mut connection, &bitmap(width, height, number))?;
        let before = Usage::family_cpu_seconds(studio.pid())?;
        let began = Instant::now();
        let format = if times == 1 { "jpeg" } else { "png" };
        let call =
            json!({ "action": "upscale", "images": asset, "scale": scale, "output_format": format, "sync": true });
        let mut done = tool(&studio, &mut connection, "edit_image", &call)?;
        if done["status"] == "queued" || done["status"] == "running" {
            done = ended(&studio, &mut connection, &done["job_id"])?;
        }
        if done["status"] != "succeeded" {
            bail!("the upscale ended as {done}");
        }
        if number > 0 {
            cpu += Usage::family_cpu_seconds(studio.pid())? - before;
            wall += began.elapsed().as_secs_f64();
        }
    }
    let peak = Usage::largest_child_bytes(studio.pid())? as f64;
    let times = f64::from(times);
    Ok(Row::new(
        name,
        vec![
            ("cpu_ms", cpu * 1e3 / times),
            ("wall_ms", wall * 1e3 / times),
            ("peak_mb", peak / 1e6),
        ],
    ))
}

/// A hundred pictures in one call: how busy it keeps the processor until the last one is done.
pub fn batch(program: &Path) -> Result<Vec<Row>> {
    let studio = Studio::start(program, &[])?;
    let mut connection = Connection::open(studio.address())?;
    let mut assets = Vec::new();
    for number in 0..BATCH {
        assets.push(sent(
            &studio,
            &mut connection,
            &bitmap(BATCH_SIZE.0, BATCH_SIZE.1, number),
        )?);
    }
    let mut rows = Vec::new();
    for (action, more) in [
        ("remove_background", json!({})),
        ("upscale", json!({ "scale": "2" })),
        ("convert", json!({ "output_format": "webp" })),
    ] {
        let mut call = more;
        call["action"] = json!(action);
        call["images"] = json!(assets);
        let before = Usage::family_cpu_seconds(studio.pid())?;
        let began = Instant::now();
        let started = tool(&studio, &mut connection, "edit_image", &call)?;
        let done = ended(&studio, &mut connection, &started["job_id"])?;
        let wall = began.elapsed().as_secs_f64();
        if done["status"] != "succeeded" {
            bail!("the batch ended as {done}");
        }
        let cpu = Usage::family_cpu_seconds(studio.pid())? - before;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as f64;
        rows.push(Row::new(
            format!("aquatint, {action} of {BATCH} pictures"),
            vec![
                ("per_second", f64::from(BATCH) / wall),
                ("busy_percent", cpu / wall / cores * 100.0),
            ],
        ));
    }
    Ok(rows)
}

/// The end of a job, looked for now and then.
fn ended(studio: &Studio, connection: &mut Connection, job: &Value) -> Result<Value> {
    loop {
        let state = tool(studio, connection, "get_job_status", &json!({ "job_id": job }))?;
        if state["status"] != "queued" && state["status"] != "running" {
            return Ok(state);
        }
        // A benchmark runs outside of any runtime.
        #[allow(clippy::disallowed_methods)]
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A picture sent through a one-time URL; its asset id.
pub(super) fn sent(studio: &Studio, connection: &mut Connection, picture: &[u8]) -> Result<Value> {
    let asked = json!({ "action": "upload_url", "file_name": "picture" });
    let made = tool(studio, connection, "upload", &asked)?;
    let url = made["upload_url"].as_str().context("no upload URL")?;
    let path = url.strip_prefix(&studio.url).context("the upload URL is elsewhere")?;
    let request = connection.request("PUT", path, &[], picture);
    let asset: Value = serde_json::from_slice(&connection.send(&request)?.body)?;
    if asset["asset_id"].is_null() {
        bail!("the upload was answered with {asset}");
    }
    Ok(asset["asset_id"].clone())
}

/// Submitting, claiming and finishing jobs without work on SQLite, holds and settles included.
pub fn jobs(_: &Path) -> Result<Vec<Row>> {
    let mut command = repository::cargo();
    command.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "aquatint-store",
        "--example",
        "empty_jobs",
    ]);
    let told = running::output(&mut command)?;
    let per_second = told.trim().parse().context("the example told no number")?;
    Ok(vec![Row::new("empty jobs on SQLite", vec![("per_second", per_second)])])
}

pub(super) fn tool(studio: &Studio, connection: &mut Connection, name: &str, arguments: &Value) -> Result<Value> {
    let bearer = format!("Bearer {}", studio.key);
    let body = json!({ "method": "tools/call", "params": { "name": name, "arguments": arguments } }).to_string();
    let request = connection.request("POST", "/mcp", &[("Authorization", &bearer)], body.as_bytes());
    let answer = connection.send(&request)?;
    let reply: Value = serde_json::from_slice(&answer.body).with_context(|| {
        format!(
            "{name} answers {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        )
    })?;
    let result = &reply["result"];
    if result["isError"] == true || result.is_null() {
        bail!("{name} failed: {reply}");
    }
    Ok(result["structuredContent"].clone())
}

/// A JPEG as a camera makes it, written by the program itself from a picture drawn here.
pub(super) fn photograph(program: &Path, folder: &Path, (width, height): (usize, usize)) -> Result<Vec<u8>> {
    let source = folder.join("drawn.bmp");
    std::fs::write(&source, bitmap(width, height, 0))?;
    let out = folder.join("made");
    running::output(
        aquatint(program, &folder.join("data"))
            .args(["edit", "convert", "--output-format", "jpeg", "--quality", "90", "-o"])
            .arg(&out)
            .arg(&source),
    )?;
    let made = std::fs::read_dir(&out)?.next().context("no JPEG was made")??.path();
    std::fs::read(made).context("the JPEG cannot be read")
}

/// A picture with slopes, edges, texture and a little noise, as an uncompressed BMP.
pub(super) fn bitmap(width: usize, height: usize, seed: u32) -> Vec<u8> {
    let stride = (width * 3).div_ceil(4) * 4;
    let size = 54 + stride * height;
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(b"BM");
    for value in [size as u32, 0, 54, 40, width as u32, height as u32] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(&[1, 0, 24, 0]);
    bytes.resize(54, 0);
    // Numbers that look random and are the same every time.
    let mut state = 0x9e37_79b9_u32 ^ seed;
    for y in 0..height {
        for x in 0..width {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let noise = (state >> 29) as f32 - 3.5;
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let weave = 14.0 * ((x as f32 * 0.06).sin() * (y as f32 * 0.045).cos());
            let away = ((u - 0.5).powi(2) + (v - 0.45).powi(2)).sqrt();
            let thing = if away < 0.22 { 70.0 - 180.0 * away } else { 0.0 };
            for (share, base) in [(0.7, 120.0), (0.9, 95.0), (1.0, 80.0)] {
                let value = base + 70.0 * u * share + 40.0 * v + weave * share - thing * share + noise;
                bytes.push(value.clamp(0.0, 255.0) as u8);
            }
        }
        bytes.resize(bytes.len() + stride - width * 3, 0);
    }
    bytes
}
