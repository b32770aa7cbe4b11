//! Running an installed model. A child works for one model alone: it reads the weights before its walls go up, and keeps
//! them warm for one task after another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use aquatint_domain::{Code, Problem};
use aquatint_media::{Picture, flatten, resize, resize_mask};
use image::{DynamicImage, Rgba, Rgba32FImage};
use serde::Deserialize;
use serde_json::json;

use super::manifest::{Activation, Manifest, Range, Task};
use super::runtime::{self, Net, Port, Tensor};
use crate::cutout_finish::Finish;
use crate::engine::{Engine, EngineJob, Product};
use crate::expand_continue;
use crate::inpaint_fill::{self, Hole};
use crate::matte::{Matte, SURE};
use crate::upscale;

/// The longest message of a runtime that is passed on.
const CAUSE_CHARS: usize = 300;

/// What a child read or opened before its walls went up.
struct Own {
    manifest: Manifest,
    bytes: Mutex<Vec<u8>>,
    #[cfg(feature = "diffusion")]
    files: parking_lot::Mutex<crate::diffusion::Files>,
}

static OWN: OnceLock<Own> = OnceLock::new();
static LOADED: OnceLock<Result<Net, String>> = OnceLock::new();
#[cfg(feature = "diffusion")]
static CHECKPOINT: OnceLock<Result<crate::diffusion::Loaded, String>> = OnceLock::new();

/// Reads or opens the model in `folder`, before any wall stands in the way.
pub(crate) fn load(folder: &Path, onnx_runtime: Option<&Path>) -> Result<(), String> {
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
    let manifest: Manifest = serde_json::from_slice(&read("model.json")?).map_err(|error| error.to_string())?;
    let is_network = manifest.files.is_empty();
    if let Some(library) = onnx_runtime.filter(|_| is_network)
        && let Err(cause) = runtime::open(library)
    {
        eprintln!(
            "ONNX Runtime cannot be opened from {}: {cause}; the built-in runtime works in its place",
            library.display()
        );
    }
    let own = Own {
        bytes: Mutex::new(if is_network { read("model.onnx")? } else { Vec::new() }),
        #[cfg(feature = "diffusion")]
        files: parking_lot::Mutex::new(crate::diffusion::Files::open(folder).map_err(|error| error.to_string())?),
        manifest,
    };
    OWN.set(own).map_err(|_| "a child works for one model alone".to_owned())
}

/// The engine of the model that this child was started for.
pub(crate) fn engine_of(id: &str) -> Option<&'static dyn Engine> {
    (OWN.get()?.manifest.engine() == id).then_some(&InstalledModel as &dyn Engine)
}

/// Makes the model ready to run, if this child was started for one. A task that comes meanwhile waits for it, and tells what went
/// wrong.
pub(crate) fn prepare() {
    let Some(own) = OWN.get() else { return };
    #[cfg(feature = "diffusion")]
    if own.manifest.task == Task::Generate {
        let _ = checkpoint(own);
        return;
    }
    let _ = network(own);
}

fn network(own: &'static Own) -> Result<&'static Net, Problem> {
    LOADED
        .get_or_init(|| parse(&own.bytes))
        .as_ref()
        .map_err(|cause| unusable(&own.manifest, cause))
}

#[cfg(feature = "diffusion")]
fn checkpoint(own: &'static Own) -> Result<&'static crate::diffusion::Loaded, Problem> {
    CHECKPOINT
        .get_or_init(|| crate::diffusion::Loaded::load(&own.files))
        .as_ref()
        .map_err(|cause| unusable(&own.manifest, cause))
}

struct InstalledModel;

impl Engine for InstalledModel {
    fn id(&self) -> &'static str {
        "model"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let own = OWN.get().ok_or_else(|| Problem::internal("this child has no model"))?;
        let manifest = &own.manifest;
        (job.progress)(0.05, "loading the model");
        #[cfg(feature = "diffusion")]
        if manifest.task == Task::Generate {
            let loaded = checkpoint(own)?;
            // An edit says where or how far; what is generated is said in words alone.
            if job.arguments.get("region").is_some() || job.arguments.get("prompt").is_none() {
                return fill_by_words(manifest, loaded, &mut job);
            }
            return crate::diffusion::generate(manifest, loaded, &mut job);
        }
        let loaded = network(own)?;
        let mut product = match manifest.task {
            Task::Cutout => cut_out(manifest, loaded, &mut job),
            Task::Upscale => enlarge(manifest, loaded, &mut job),
            Task::Inpaint => fill(manifest, loaded, &mut job),
            Task::Embed => Err(unusable(manifest, "models of its task are not run yet")),
            Task::Generate => Err(unusable(
                manifest,
                "this program was built without the feature `diffusion`",
            )),
        }?;
        if let Product::Picture { facts, .. } = &mut product {
            facts["runtime"] = json!(loaded.runtime());
        }
        Ok(product)
    }
}

fn parse(bytes: &Mutex<Vec<u8>>) -> Result<Net, String> {
    let bytes = std::mem::take(&mut *bytes.lock().map_err(|_| "it was being read twice")?);
    // The bytes are gone after this: what a reader trips over must be kept, or the next task would hear of an empty file.
    catch_unwind(AssertUnwindSafe(|| Net::read(bytes)))
        .unwrap_or_else(|_| Err("it is damaged in a way that its reader cannot handle".to_owned()))
}

fn unusable(manifest: &Manifest, cause: &str) -> Problem {
    let cause = aquatint_domain::text::one_line(cause, CAUSE_CHARS);
    Problem::new(
        Code::EngineFailed,
        format!(
            "The model `{}` cannot be used: {cause}. Nothing was charged.",
            manifest.id
        ),
    )
    .final_failure()
    .hint("Choose another `model`, or `built-in`. The operator can check it with `aquatint models verify`.")
}

/// Runs the model on pictures by the places of their inputs, and gives its first output.
fn run(manifest: &Manifest, loaded: &Net, inputs: Vec<(usize, Tensor)>) -> Result<Tensor, Problem> {
    loaded.run(inputs).map_err(|cause| unusable(manifest, &cause))
}

/// The places of the input for a picture, and of the one for a mask.
fn ports(manifest: &Manifest, loaded: &Net) -> Result<(usize, Option<usize>), Problem> {
    let is_mask = |port: &Port| port.name.contains("mask") || port.channels == Some(1);
    let is_alone = loaded.inputs.len() == 1;
    let picture = loaded
        .inputs
        .iter()
        .position(|port| is_alone || !is_mask(port))
        .ok_or_else(|| unusable(manifest, "it has no input for a picture"))?;
    if let Some(channels) = loaded.inputs[picture].channels
        && channels != 3
    {
        return Err(unusable(
            manifest,
            &format!("its input has {channels} channels; pictures have 3, with channels before rows"),
        ));
    }
    let mask = loaded.inputs.iter().position(is_mask).filter(|_| !is_alone);
    Ok((picture, mask))
}

/// The picture as the model wants it; it must have three channels.
fn tensor_of(manifest: &Manifest, picture: &Picture) -> Tensor {
    let rgb = picture.image.to_rgb32f();
    let (width, height) = (rgb.width() as usize, rgb.height() as usize);
    let full = if manifest.input == Range::Byte { 255.0 } else { 1.0 };
    let mut values = Vec::with_capacity(3 * width * height);
    for channel in 0..3 {
        let (mean, deviation) = (manifest.mean[channel], manifest.deviation[channel]);
        values.extend(rgb.pixels().map(|pixel| (pixel.0[channel] - mean) / deviation * full));
    }
    Tensor {
        channels: 3,
        height,
        width,
        values,
    }
}

/// The picture at the model's own size.
fn fitted(manifest: &Manifest, picture: &Picture) -> Result<Picture, Problem> {
    let flat = if picture.has_alpha() {
        flatten(picture, [255, 255, 255])
    } else {
        picture.clone()
    };
    match manifest.side {
        Some(side) => resize(&flat, side, side),
        None => {
            let up = |length: u32| length.next_multiple_of(manifest.multiple.max(1));
            let (width, height) = aquatint_media::fit_within(flat.width(), flat.height(), 1_024);
            resize(&flat, up(width), up(height))
        }
    }
}

fn cut_out(manifest: &Manifest, loaded: &Net, job: &mut EngineJob<'_>) -> Result<Product, Problem> {
    let finish: Finish = job.read()?;
    let picture = job.take_first()?;
    (job.progress)(0.15, "finding the subject");
    let small = fitted(manifest, &picture)?;
    let (port, _) = ports(manifest, loaded)?;
    let made = run(manifest, loaded, vec![(port, tensor_of(manifest, &small))])?;
    let plane = made.width * made.height;
    let shares = activated(manifest.activation, &made.values[..plane]);
    let confidence = decided(&shares);
    let mut matte = Matte::from_shares(&shares, made.width, made.height, confidence, &picture)?;
    matte.model = Some(manifest.id.clone());
    matte.hint = (confidence < SURE).then(|| {
        "The subject is not clear to the model, so the cut-out may be wrong. Look at it before using it; another model may do better.".to_owned()
    });
    finish.apply(&picture, matte, job)
}

fn activated(activation: Activation, values: &[f32]) -> Vec<f32> {
    let sigmoid = |value: &f32| 1.0 / (1.0 + (-value).exp());
    let stretch = |values: Vec<f32>| {
        let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
        // A model that saw nothing anywhere must not have its noise made into a subject.
        if high - low < 1e-3 {
            return values.iter().map(|value| value.clamp(0.0, 1.0)).collect();
        }
        values.iter().map(|value| (value - low) / (high - low)).collect()
    };
    match activation {
        Activation::None => values.iter().map(|value| value.clamp(0.0, 1.0)).collect(),
        Activation::Sigmoid => values.iter().map(sigmoid).collect(),
        Activation::MinMax => stretch(values.to_vec()),
        Activation::SigmoidMinMax => stretch(values.iter().map(sigmoid).collect()),
    }
}

/// From 0 to 1: how near to yes or no the model is where it sees anything, and whether that is of a plausible size.
fn decided(shares: &[f32]) -> f32 {
    let (mut sure, mut seen) = (0.0f64, 0.0f64);
    for share in shares {
        if *share > 0.05 {
            sure += f64::from((share * 2.0 - 1.0).abs());
            seen += 1.0;
        }
    }
    let inside = shares.iter().filter(|share| **share > 0.5).count() as f64 / shares.len().max(1) as f64;
    let plausible = (inside / 0.005).min(1.0) * ((0.985 - inside) / 0.05).clamp(0.0, 1.0);
    if seen == 0.0 {
        0.0
    } else {
        (sure / seen * plausible) as f32
    }
}

fn enlarge(manifest: &Manifest, loaded: &Net, job: &mut EngineJob<'_>) -> Result<Product, Problem> {
    let scale = manifest.scale.unwrap_or(4);
    let (port, _) = ports(manifest, loaded)?;
    let one = |rgb: Rgba32FImage| -> Result<Rgba32FImage, Problem> {
        let (width, height) = rgb.dimensions();
        // Sides that the model takes; what is added repeats the edge and is cut off again.
        let up = |length: u32| match manifest.side {
            Some(side) => side,
            None => length.next_multiple_of(manifest.multiple.max(1)),
        };
        let (full_w, full_h) = (up(width), up(height));
        if full_w < width || full_h < height {
            return Err(unusable(
                manifest,
                "it takes only pictures smaller than a tile of 288 px",
            ));
        }
        let padded = Rgba32FImage::from_fn(full_w, full_h, |x, y| {
            *rgb.get_pixel(x.min(width - 1), y.min(height - 1))
        });
        let picture = Picture {
            image: DynamicImage::ImageRgba32F(padded),
            notes: Vec::new(),
        };
        let made = run(manifest, loaded, vec![(port, tensor_of(manifest, &picture))])?;
        if made.channels != 3 || (made.width, made.height) != ((full_w * scale) as usize, (full_h * scale) as usize) {
            return Err(unusable(
                manifest,
                &format!(
                    "it made {} channels of {}×{} from {full_w}×{full_h}, not 3 of {scale} times that",
                    made.channels, made.width, made.height
                ),
            ));
        }
        let full = if manifest.output == Range::Byte { 255.0 } else { 1.0 };
        let plane = made.width * made.height;
        Ok(Rgba32FImage::from_fn(width * scale, height * scale, |x, y| {
            let at = y as usize * made.width + x as usize;
            let value = |channel: usize| made.values[channel * plane + at] / full;
            Rgba([value(0), value(1), value(2), 1.0])
        }))
    };
    let mut product = upscale::by_model(job, scale, &one)?;
    if let Product::Picture { facts, .. } = &mut product {
        facts["method"] = json!(manifest.title);
        facts["model"] = json!(manifest.id);
    }
    Ok(product)
}

/// What an edit says beside where and how far.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    seed: u64,
    #[cfg(feature = "diffusion")]
    #[serde(default)]
    prompt: Option<String>,
}

fn fill(manifest: &Manifest, loaded: &Net, job: &mut EngineJob<'_>) -> Result<Product, Problem> {
    let (picture_port, mask_port) = ports(manifest, loaded)?;
    let mask_port = mask_port.ok_or_else(|| unusable(manifest, "it has no input for a mask"))?;
    let side = manifest
        .side
        .ok_or_else(|| unusable(manifest, "its `side` is not set; add it again with --side"))?;
    let make = |hole: &Hole| -> Result<Picture, Problem> {
        let flat = if hole.part.has_alpha() {
            flatten(&hole.part, [255, 255, 255])
        } else {
            hole.part.clone()
        };
        let small = resize(&flat, side, side)?;
        let mask = resize_mask(&hole.mask, side, side)?;
        let mask = Tensor {
            channels: 1,
            height: side as usize,
            width: side as usize,
            values: mask.pixels().map(|pixel| f32::from(u8::from(pixel.0[0] > 8))).collect(),
        };
        let made = run(
            manifest,
            loaded,
            vec![(picture_port, tensor_of(manifest, &small)), (mask_port, mask)],
        )?;
        if made.channels != 3 {
            return Err(unusable(
                manifest,
                &format!("it made {} channels, not 3", made.channels),
            ));
        }
        let full = if manifest.output == Range::Byte { 255.0 } else { 1.0 };
        let plane = made.width * made.height;
        let filled = image::Rgb32FImage::from_fn(made.width as u32, made.height as u32, |x, y| {
            let at = y as usize * made.width + x as usize;
            image::Rgb([0, 1, 2].map(|channel| (made.values[channel * plane + at] / full).clamp(0.0, 1.0)))
        });
        let filled = Picture::new(DynamicImage::ImageRgb16(DynamicImage::ImageRgb32F(filled).into_rgb16()));
        resize(&filled, hole.part.width(), hole.part.height())
    };
    let is_erasure = is_erasure(job);
    fill_with(manifest, job, is_erasure, &make)
}

/// A checkpoint that makes pictures of words fills in as well.
#[cfg(feature = "diffusion")]
fn fill_by_words(
    manifest: &Manifest,
    loaded: &crate::diffusion::Loaded,
    job: &mut EngineJob<'_>,
) -> Result<Product, Problem> {
    let said: Said = job.read()?;
    let is_erasure = is_erasure(job);
    let make =
        |hole: &Hole| crate::diffusion::fill(manifest, loaded, hole, said.prompt.as_deref(), said.seed, is_erasure);
    fill_with(manifest, job, is_erasure, &make)
}

/// An erasure says where; an expansion says how far.
fn is_erasure(job: &EngineJob<'_>) -> bool {
    job.arguments.get("region").is_some()
}

fn fill_with(
    manifest: &Manifest,
    job: &mut EngineJob<'_>,
    is_erasure: bool,
    make: &dyn Fn(&Hole) -> Result<Picture, Problem>,
) -> Result<Product, Problem> {
    if is_erasure {
        let seed = job.read::<Said>().map(|said| said.seed).unwrap_or_default();
        return inpaint_fill::run_with(job, seed, &manifest.id, make);
    }
    let mut product = expand_continue::run_with(job, Some(make))?;
    if let Product::Picture { facts, .. } = &mut product {
        facts["method"] = json!(manifest.id);
    }
    Ok(product)
}
