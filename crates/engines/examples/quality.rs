//! Quality of the built-in engines on pictures of one's own. `cargo xtask bench quality --sr FOLDER` runs this.
//!
//! `--sr FOLDER`: each picture is made 2 and 4 times smaller by bicubic, once clean and once as a JPEG of quality 60, and
//! enlarged again by every engine; PSNR and SSIM are of luma (BT.601, 16–235) without a border of `scale` pixels.
//! `--cutout FOLDER`: pairs `NAME.jpg|png` and `NAME_mask.png` (white is the subject); IoU, mean absolute error, and
//! the F-score of boundaries within 2 pixels.
//! `--resize PICTURE --to FILE.png`: prints the seconds of enlarging to 2,048² by Lanczos3 on one thread, the best of forty.
//! `--network ROUNDS`: the mean shares that the cut-out network finds, in its two passes, in squares of waves, and the seconds of both
//! passes, the best of so many rounds.
//! `--fill FOLDER`: content-aware fill of a square in the middle of each photograph, beside what had been there.
//! `--speed MEGAPIXELS` or `MEGAPIXELS:ENGINE`: the time of each way of enlarging four times and of cutting out, the best of three.
// A program for the terminal: it may stop at what it cannot read.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use aquatint_domain::MediaType;
use aquatint_engines::{EngineJob, Limits, Output, Product, find, timed_passes};
use aquatint_media::sandbox::ALLOCATOR;
use aquatint_media::{Encoding, Picture, decode, encode, resize};
use image::{DynamicImage, GrayImage, imageops::FilterType};
use serde_json::{Value, json};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // With the memory that work children have: it is read when a process starts.
    if ALLOCATOR.iter().any(|(name, _)| std::env::var_os(name).is_none()) {
        let own = std::env::current_exe().expect("this program");
        let status = std::process::Command::new(own).args(&args).envs(ALLOCATOR).status();
        std::process::exit(status.expect("it starts").code().unwrap_or(1));
    }
    let mut done = false;
    if let [first, source, second, made] = args.as_slice()
        && (first.as_str(), second.as_str()) == ("--resize", "--to")
    {
        return resizing(Path::new(source), Path::new(made));
    }
    for pair in args.chunks(2) {
        match pair {
            [flag, folder] if flag == "--sr" => upscaling(Path::new(folder)),
            [flag, folder] if flag == "--cutout" => cutting(Path::new(folder)),
            [flag, folder] if flag == "--fill" => filling(Path::new(folder)),
            [flag, rounds] if flag == "--network" => network(rounds.parse().expect("a number")),
            [flag, asked] if flag == "--speed" => {
                let (megapixels, only) = asked.split_once(':').unwrap_or((asked, ""));
                speed(megapixels.parse().expect("a number"), only);
            }
            _ => continue,
        }
        done = true;
    }
    if !done {
        eprintln!(
            "usage: --sr FOLDER, --cutout FOLDER, --fill FOLDER, --network ROUNDS, --speed MEGAPIXELS, or --resize PICTURE --to FILE.png"
        );
        std::process::exit(2);
    }
}

fn resizing(source: &Path, made: &Path) {
    let picture = Picture::new(DynamicImage::from(image::open(source).expect("a picture").to_rgb8()));
    let mut best = f64::MAX;
    let mut large = picture.clone();
    for _ in 0..40 {
        // A program for the terminal measures by the wall.
        #[allow(clippy::disallowed_methods)]
        let begin = std::time::Instant::now();
        large = resize(&picture, 2_048, 2_048).expect("it fits into memory");
        best = best.min(begin.elapsed().as_secs_f64());
    }
    large.image.save(made).expect("the file can be written");
    println!("{best}");
}

/// The waves are those of `benches/peers/python/own_network.py`.
fn network(rounds: u32) {
    let wave = |x: usize, y: usize, channel: usize| {
        0.5 + 0.5 * (0.05 * (channel + 1) as f32 * x as f32).sin() * (0.07 * y as f32).cos()
    };
    let ([plain, mirrored], seconds) = timed_passes(rounds, wave).expect("the weights inside");
    println!("{plain} {mirrored} {seconds}");
}

fn speed(megapixels: f64, only: &str) {
    let side = (megapixels * 1e6).sqrt() as u32;
    let picture = DynamicImage::from(image::RgbImage::from_fn(side, side, |x, y| {
        let wave = |a: f64| ((f64::from(x) * a).sin() * (f64::from(y) * a * 0.7).cos() * 100.0 + 128.0) as u8;
        image::Rgb([wave(0.05), wave(0.11), wave(0.31)])
    }));
    for (engine, arguments) in [
        ("upscale.lanczos", json!({ "scale": 4 })),
        ("upscale.detail", json!({ "scale": 4 })),
        ("upscale.restore", json!({ "scale": 4 })),
        ("cutout.plain", json!({})),
        ("cutout.net", json!({})),
        ("cutout.net", json!({ "refine_edges": false, "decontaminate": false })),
        ("cutout.auto", json!({})),
    ] {
        if !engine.starts_with(only) {
            continue;
        }
        let best = (0..3)
            .map(|_| {
                // A program for the terminal measures by the wall.
                #[allow(clippy::disallowed_methods)]
                let begin = std::time::Instant::now();
                run(engine, arguments.clone(), picture.clone());
                begin.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        println!("{engine}: {best:.3} s for {megapixels} megapixels, {arguments}");
    }
}

fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            ["png", "jpg", "jpeg", "webp", "bmp"].contains(&ending.to_lowercase().as_str())
        })
        .collect();
    found.sort();
    found
}

fn run(engine: &str, arguments: Value, picture: DynamicImage) -> (DynamicImage, Value) {
    let job = EngineJob {
        arguments: &arguments,
        inputs: vec![Picture::new(picture)],
        output: &Output::default(),
        limits: &Limits::default(),
        progress: &mut |_, _| {},
    };
    match find(engine).expect("an engine").run(job).expect("it works") {
        Product::Picture { picture, facts, .. } => (picture.image, facts),
        Product::File { .. } => unreachable!("edits make pictures"),
    }
}

/// Luma of BT.601 in studio range, row by row.
fn luma(picture: &DynamicImage) -> Vec<f64> {
    picture
        .to_rgb8()
        .pixels()
        .map(|pixel| {
            let [r, g, b] = pixel.0.map(f64::from);
            16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0
        })
        .collect()
}

struct Planes {
    width: usize,
    height: usize,
    values: Vec<f64>,
}

fn inner(picture: &DynamicImage, border: u32) -> Planes {
    let (w, h) = (picture.width() - 2 * border, picture.height() - 2 * border);
    Planes {
        width: w as usize,
        height: h as usize,
        values: luma(&picture.crop_imm(border, border, w, h)),
    }
}

fn psnr(one: &Planes, other: &Planes) -> f64 {
    let squares: f64 = one.values.iter().zip(&other.values).map(|(a, b)| (a - b).powi(2)).sum();
    10.0 * (255.0f64.powi(2) / (squares / one.values.len() as f64).max(1e-12)).log10()
}

/// The mean structural similarity with a Gaussian window of 11 pixels (Wang et al., 2004).
fn ssim(one: &Planes, other: &Planes) -> f64 {
    let weights: Vec<f64> = (-5i32..=5)
        .map(|at| (-f64::from(at * at) / (2.0 * 1.5 * 1.5)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let (w, h) = (one.width, one.height);
    if w < 11 || h < 11 {
        return f64::NAN;
    }
    // Valid positions only, separably.
    let blur = |values: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let mut rows = vec![0.0; (w - 10) * h];
        for y in 0..h {
            for x in 0..w - 10 {
                rows[y * (w - 10) + x] = (0..11).map(|k| weights[k] * values(y * w + x + k)).sum::<f64>() / sum;
            }
        }
        let mut made = Vec::with_capacity((w - 10) * (h - 10));
        for y in 0..h - 10 {
            for x in 0..w - 10 {
                made.push((0..11).map(|k| weights[k] * rows[(y + k) * (w - 10) + x]).sum::<f64>() / sum);
            }
        }
        made
    };
    let (a, b) = (&one.values, &other.values);
    let (mean_a, mean_b) = (blur(&|at| a[at]), blur(&|at| b[at]));
    let (aa, bb, ab) = (
        blur(&|at| a[at] * a[at]),
        blur(&|at| b[at] * b[at]),
        blur(&|at| a[at] * b[at]),
    );
    let (c1, c2) = ((0.01f64 * 255.0).powi(2), (0.03f64 * 255.0).powi(2));
    let total: f64 = (0..mean_a.len())
        .map(|at| {
            let (ma, mb) = (mean_a[at], mean_b[at]);
            let (va, vb, cov) = (aa[at] - ma * ma, bb[at] - mb * mb, ab[at] - ma * mb);
            ((2.0 * ma * mb + c1) * (2.0 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
        })
        .sum();
    total / mean_a.len() as f64
}

fn upscaling(folder: &Path) {
    let files = pictures(folder);
    println!("| input | method | PSNR, dB | SSIM |\n|---|---|---|---|");
    for scale in [2u32, 4] {
        for (name, quality) in [("clean", None), ("JPEG 60", Some(60))] {
            let methods = [
                "bicubic",
                "Lanczos3",
                "upscale.lanczos",
                "upscale.detail",
                "upscale.restore",
                "upscale.illustration",
                "upscale.auto",
            ];
            let mut sums = vec![(0.0, 0.0); methods.len()];
            for file in &files {
                let truth = image::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                let truth = DynamicImage::ImageRgb8(truth.to_rgb8());
                let truth = truth.crop_imm(0, 0, truth.width() / scale * scale, truth.height() / scale * scale);
                let mut small =
                    truth.resize_exact(truth.width() / scale, truth.height() / scale, FilterType::CatmullRom);
                if let Some(quality) = quality {
                    let encoding = Encoding {
                        quality,
                        ..Encoding::of(MediaType::Jpeg)
                    };
                    let bytes = encode(&Picture::new(small), &encoding).expect("a JPEG");
                    small = decode(&bytes, &Limits::default()).expect("a picture").image;
                }
                let wanted = inner(&truth, scale);
                for (method, sum) in methods.iter().zip(&mut sums) {
                    let made = match *method {
                        "bicubic" => small.resize_exact(truth.width(), truth.height(), FilterType::CatmullRom),
                        "Lanczos3" => small.resize_exact(truth.width(), truth.height(), FilterType::Lanczos3),
                        engine => run(engine, json!({ "scale": scale }), small.clone()).0,
                    };
                    let made = inner(&made, scale);
                    sum.0 += psnr(&made, &wanted);
                    sum.1 += ssim(&made, &wanted);
                }
            }
            for (method, (psnr, ssim)) in methods.iter().zip(sums) {
                let count = files.len().max(1) as f64;
                println!(
                    "| ×{scale} {name} | {method} | {:.2} | {:.4} |",
                    psnr / count,
                    ssim / count
                );
            }
        }
    }
    println!("{} pictures", files.len());
}

/// The confidence below which a result carries a hint.
const HINTED: f64 = 0.6;

/// One way to cut out, and what it came to.
struct Cutter {
    name: &'static str,
    iou: f64,
    error: f64,
    score: f64,
    /// Its confidence in each picture, and the IoU there.
    certain: Vec<(f64, f64)>,
}

impl Cutter {
    /// The mean IoU of the pictures that came without a hint.
    fn mean_where_sure(&self) -> String {
        let sure: Vec<f64> = self
            .certain
            .iter()
            .filter(|(confidence, _)| *confidence >= HINTED)
            .map(|(_, iou)| *iou)
            .collect();
        if sure.is_empty() {
            return "–".to_owned();
        }
        format!("{:.3}", sure.iter().sum::<f64>() / sure.len() as f64)
    }
}

/// Erases a square in the middle of each photograph, of three tenths of its short side, and tells how lively the place is and how large
/// the steps at its edge are beside what had been there: 1 is as before, less is a blur, more is a seam.
fn filling(folder: &Path) {
    let (mut lively, mut seams) = (0.0, 0.0);
    let files = pictures(folder);
    for file in &files {
        let truth = image::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let side = truth.width().min(truth.height()) * 3 / 10;
        let (x, y) = ((truth.width() - side) / 2, (truth.height() - side) / 2);
        // A program for the terminal measures by the wall.
        #[allow(clippy::disallowed_methods)]
        let begin = std::time::Instant::now();
        let region = json!({ "region": { "boxes": [[x, y, side, side]] } });
        let (filled, _) = run("inpaint.fill", region, truth.clone());
        let seconds = begin.elapsed().as_secs_f64();
        let (truth, filled) = (truth.to_luma8(), filled.to_luma8());
        let step = |picture: &GrayImage, x: u32, y: u32| {
            f64::from(picture.get_pixel(x, y)[0].abs_diff(picture.get_pixel(x + 1, y)[0]))
        };
        let inside = |picture: &GrayImage| -> f64 {
            (y..y + side)
                .flat_map(|y| (x..x + side - 1).map(move |x| (x, y)))
                .map(|(x, y)| step(picture, x, y))
                .sum()
        };
        let edges = |picture: &GrayImage| -> f64 {
            (y..y + side)
                .map(|y| step(picture, x - 1, y) + step(picture, x + side - 1, y))
                .sum()
        };
        let (alive, seam) = (inside(&filled) / inside(&truth), edges(&filled) / edges(&truth));
        println!(
            "{}: liveliness {alive:.2}, edge {seam:.2}, {seconds:.2} s",
            file.display()
        );
        (lively, seams) = (lively + alive, seams + seam);
    }
    let count = files.len().max(1) as f64;
    println!(
        "mean of {}: liveliness {:.2}, edge {:.2}",
        files.len(),
        lively / count,
        seams / count
    );
}

fn cutting(folder: &Path) {
    let pairs: Vec<(PathBuf, PathBuf)> = pictures(folder)
        .into_iter()
        .filter_map(|file| {
            let stem = file.file_stem()?.to_str()?.to_owned();
            let mask = file.with_file_name(format!("{stem}_mask.png"));
            (!stem.ends_with("_mask") && mask.is_file()).then_some((file, mask))
        })
        .collect();
    if pairs.is_empty() {
        eprintln!("no pairs NAME.jpg and NAME_mask.png in {}", folder.display());
        std::process::exit(1);
    }
    let mut cutters = ["GrabCut", "cutout.plain", "cutout.net", "cutout.auto"].map(|name| Cutter {
        name,
        iou: 0.0,
        error: 0.0,
        score: 0.0,
        certain: Vec::new(),
    });
    let mut has_grabcut = true;
    for (file, mask) in &pairs {
        let picture = image::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let truth = image::open(mask)
            .unwrap_or_else(|error| panic!("{}: {error}", mask.display()))
            .to_luma8();
        let mut told = Vec::new();
        for cutter in &mut cutters {
            let (found, confidence) = if cutter.name == "GrabCut" {
                match has_grabcut.then(|| grabcut(file)).flatten() {
                    Some(found) => (found, Value::Null),
                    None => {
                        has_grabcut = false;
                        continue;
                    }
                }
            } else {
                let (found, facts) = run(cutter.name, json!({ "output": "mask" }), picture.clone());
                (found.to_luma8(), facts["confidence"].clone())
            };
            assert_eq!(found.dimensions(), truth.dimensions(), "the mask has another size");
            let (mut both, mut either, mut off) = (0.0, 0.0, 0.0);
            for (a, b) in found.as_raw().iter().zip(truth.as_raw()) {
                both += f64::from(u8::from(*a > 127 && *b > 127));
                either += f64::from(u8::from(*a > 127 || *b > 127));
                off += f64::from(a.abs_diff(*b)) / 255.0;
            }
            let one = if either == 0.0 { 1.0 } else { both / either };
            cutter.iou += one;
            cutter.error += off / f64::from(truth.width() * truth.height());
            cutter.score += boundary_score(&found, &truth);
            told.push(format!("{} {one:.3} (confidence {confidence})", cutter.name));
            cutter
                .certain
                .extend(confidence.as_f64().map(|confidence| (confidence, one)));
        }
        println!(
            "{}: {}",
            file.file_name().unwrap_or_default().display(),
            told.join(", ")
        );
    }
    println!("\n| method | mean IoU | MAE | boundary F | hints | IoU without hint |\n|---|---|---|---|---|---|");
    let count = pairs.len() as f64;
    for cutter in cutters.iter().filter(|cutter| has_grabcut || cutter.name != "GrabCut") {
        println!(
            "| {} | {:.3} | {:.4} | {:.3} | {} | {} |",
            cutter.name,
            cutter.iou / count,
            cutter.error / count,
            cutter.score / count,
            cutter
                .certain
                .iter()
                .filter(|(confidence, _)| *confidence < HINTED)
                .count(),
            cutter.mean_where_sure(),
        );
    }
    println!("{} pictures", pairs.len());
    if !has_grabcut {
        println!("GrabCut is left out: python3 with the package opencv-python-headless is not at hand");
    }
}

/// OpenCV's GrabCut with a border that is taken for background, by the script beside the training.
fn grabcut(file: &Path) -> Option<GrayImage> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../training/cutout/grabcut.py");
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let made = std::process::Command::new(python).arg(script).arg(file).output().ok()?;
    if !made.status.success() {
        return None;
    }
    Some(image::load_from_memory(&made.stdout).ok()?.to_luma8())
}

/// The F-score of the boundary pixels of two masks, each matched within 2 pixels.
fn boundary_score(found: &GrayImage, truth: &GrayImage) -> f64 {
    let edge = |mask: &GrayImage| -> Vec<(i64, i64)> {
        let at = |x: i64, y: i64| {
            x >= 0
                && y >= 0
                && x < i64::from(mask.width())
                && y < i64::from(mask.height())
                && mask.get_pixel(x as u32, y as u32)[0] > 127
        };
        (0..i64::from(mask.height()))
            .flat_map(|y| (0..i64::from(mask.width())).map(move |x| (x, y)))
            .filter(|(x, y)| at(*x, *y) && !(at(x - 1, *y) && at(x + 1, *y) && at(*x, y - 1) && at(*x, y + 1)))
            .collect()
    };
    let (ours, theirs) = (edge(found), edge(truth));
    let share = |from: &[(i64, i64)], to: &[(i64, i64)]| {
        let set: std::collections::HashSet<_> = to.iter().collect();
        let near = |(x, y): &(i64, i64)| (-2..=2).any(|dy| (-2..=2).any(|dx| set.contains(&(x + dx, y + dy))));
        from.iter().filter(|point| near(point)).count() as f64 / from.len().max(1) as f64
    };
    let (precision, recall) = (share(&ours, &theirs), share(&theirs, &ours));
    if precision + recall == 0.0 {
        0.0
    } else {
        2.0 * precision * recall / (precision + recall)
    }
}
