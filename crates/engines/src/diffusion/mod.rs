//! Latent diffusion on one's own machine: Stable Diffusion 1, 2 and XL and their turbo kin, by candle. It reads checkpoints in
//! the layout of the Diffusers library and comes to the same numbers; `training/parity` makes what the test compares with.

mod clip;
mod config;
mod layers;
mod pipeline;
mod schedule;
#[cfg(test)]
mod tests;
mod tokens;
mod unet;
mod vae;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use aquatint_domain::{Code, Problem};
use aquatint_media::{Picture, flatten, resize, resize_mask};
use candle_core::{Device, Tensor};
use image::{DynamicImage, Rgb, Rgb32FImage};
use parking_lot::Mutex;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::engine::{EngineJob, Product};
use crate::inpaint_fill::{self, Hole};
use crate::models::Manifest;
use crate::random::Random;
use pipeline::{Pipeline, Tokens, Wish};
use tokens::Reader;

/// Sides of a picture are multiples of this, in pixels; what was asked for is cut from it.
const MULTIPLE: u32 = 64;
const PROMPT_MAX: usize = 4_000;
/// The places of the latent picture in which a hole is filled: of 512 × 512 pixels, on which checkpoints of the first kind learned.
const FILL_LATENTS: f64 = 64.0 * 64.0;
/// How much of a filling by patches may change, where one stands in the hole already.
const FILL_STRENGTH: f64 = 0.85;
/// What is meant where nobody says what to put into a hole.
const FILL_PROMPT: &str = "plain background that continues its surroundings, nothing else";

/// The files of a checkpoint, opened before a child's walls go up and read behind them.
pub(crate) struct Files(HashMap<String, File>);

impl Files {
    /// Opens everything in the folder, three levels deep.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let mut found = HashMap::new();
        let mut waiting = vec![(folder.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = waiting.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.path().is_dir() {
                    if depth < 2 {
                        waiting.push((entry.path(), format!("{name}/"), depth + 1));
                    }
                } else {
                    found.insert(name, File::open(entry.path())?);
                }
            }
        }
        Ok(Self(found))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The whole of a file; each is read once.
    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        let mut file = self.0.remove(name).ok_or_else(|| format!("{name} is missing"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(bytes)
    }

    fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, String> {
        serde_json::from_slice(&self.read(name)?).map_err(|error| format!("{name}: {error}"))
    }
}

/// A checkpoint that is ready to work.
pub(crate) struct Loaded {
    pipeline: Pipeline,
    readers: Vec<Reader>,
    device: Device,
}

impl Loaded {
    pub fn load(files: &Mutex<Files>) -> Result<Self, String> {
        let mut files = files.lock();
        let device = device();
        let pipeline = Pipeline::load(&mut files, &device)?;
        let readers = (0..pipeline.readers())
            .map(|number| {
                let folder = if number == 0 { "tokenizer" } else { "tokenizer_2" };
                Reader::load(&mut files, folder, pipeline.words_max(number))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            pipeline,
            readers,
            device,
        })
    }

    /// A text as each of its encoders reads it.
    fn words(&self, text: &str) -> Result<Vec<Tokens>, String> {
        self.readers.iter().map(|reader| reader.read(text)).collect()
    }
}

/// The graphics processor where the program was built for one and one is there, else the processor.
fn device() -> Device {
    #[cfg(feature = "cuda")]
    if let Ok(device) = Device::new_cuda(0) {
        return device;
    }
    Device::Cpu
}

#[derive(Deserialize)]
struct Args {
    prompt: String,
    #[serde(default)]
    negative_prompt: String,
    width: u32,
    height: u32,
    seed: u64,
    #[serde(default)]
    steps: Option<usize>,
    #[serde(default)]
    guidance: Option<f64>,
    /// How much of an input picture may change.
    #[serde(default)]
    strength: Option<f64>,
}

/// Makes a picture of words, or of words and a picture.
pub(crate) fn generate(manifest: &Manifest, loaded: &Loaded, job: &mut EngineJob<'_>) -> Result<Product, Problem> {
    let args: Args = job.read()?;
    job.check_size(u64::from(args.width), u64::from(args.height))?;
    check_prompt(&args.prompt)?;
    let failed = |cause: String| failed(manifest, cause);
    let words = loaded.words(&args.prompt).map_err(failed)?;
    let unwanted = loaded.words(&args.negative_prompt).map_err(failed)?;
    let up = |length: u32| length.next_multiple_of(MULTIPLE);
    let (width, height) = (up(args.width), up(args.height));
    let input = match job.inputs.is_empty() {
        true => None,
        false => Some(job.take_first()?),
    };
    let picture = input
        .map(|picture| tensor_of(&picture, width, height, &loaded.device).map_err(|error| failed(error.to_string())))
        .transpose()?;
    let steps = args.steps.or(manifest.steps).unwrap_or(25).clamp(1, 150);
    let wish = Wish {
        words: &words,
        unwanted: &unwanted,
        width: width as usize,
        height: height as usize,
        steps,
        guidance: args.guidance.or(manifest.guidance).unwrap_or(7.5).clamp(0.0, 30.0),
        picture: picture.as_ref(),
        strength: args.strength.unwrap_or(0.7).clamp(0.05, 1.0),
        mask: None,
    };
    let mut random = Noise(Random(args.seed));
    let progress = &mut *job.progress;
    let made = loaded
        .pipeline
        .run(&wish, &mut |count| random.take(count), &mut |done, of| {
            progress(0.1 + 0.8 * done as f64 / of as f64, "painting");
        })
        .map_err(|error| failed(error.to_string()))?;
    let picture = picture_of(&made).map_err(|error| failed(error.to_string()))?;
    // What was asked for, from the middle.
    let (left, top) = ((width - args.width) / 2, (height - args.height) / 2);
    Ok(Product::Picture {
        picture: Picture::new(picture.crop_imm(left, top, args.width, args.height)),
        facts: json!({ "model": manifest.id, "steps": steps }),
        seed: Some(args.seed),
    })
}

fn check_prompt(prompt: &str) -> Result<(), Problem> {
    if prompt.len() <= PROMPT_MAX {
        return Ok(());
    }
    Err(Problem::invalid(
        "prompt",
        format!("The prompt may have {PROMPT_MAX} characters."),
    ))
}

fn failed(manifest: &Manifest, cause: String) -> Problem {
    Problem::new(
        Code::EngineFailed,
        format!("The model `{}` failed on this. Nothing was charged.", manifest.id),
    )
    .caused_by(cause)
}

/// Fills a hole with what the words say, or with more of what is around it. In an erasure's hole a filling by patches is where
/// it begins, so that nothing of what was there shines through.
pub(crate) fn fill(
    manifest: &Manifest,
    loaded: &Loaded,
    hole: &Hole,
    prompt: Option<&str>,
    seed: u64,
    is_erasure: bool,
) -> Result<Picture, Problem> {
    let failed = |cause: String| failed(manifest, cause);
    let prompt = prompt.unwrap_or(FILL_PROMPT);
    check_prompt(prompt)?;
    let (words, unwanted) = (loaded.words(prompt).map_err(failed)?, loaded.words("").map_err(failed)?);
    let patched = is_erasure.then(|| inpaint_fill::by_patches(hole, seed).ok()).flatten();
    let base = flatten(patched.as_ref().unwrap_or(&hole.part), [255, 255, 255]);
    let factor = loaded.pipeline.factor() as f64;
    let scale = (FILL_LATENTS / (f64::from(base.width()) * f64::from(base.height()))).sqrt() * factor;
    let side = |length: u32| ((f64::from(length) * scale / f64::from(MULTIPLE)).round() as u32).clamp(1, 32) * MULTIPLE;
    let (width, height) = (side(base.width()), side(base.height()));
    let told = |error: candle_core::Error| failed(error.to_string());
    let picture = tensor_of(&resize(&base, width, height)?, width, height, &loaded.device).map_err(told)?;
    let mask = resize_mask(&hole.mask, width, height)?;
    let marks: Vec<f32> = mask.pixels().map(|pixel| f32::from(u8::from(pixel.0[0] > 8))).collect();
    let shape = (1, 1, height as usize, width as usize);
    let mask = Tensor::from_vec(marks, shape, &loaded.device).map_err(told)?;
    let wish = Wish {
        words: &words,
        unwanted: &unwanted,
        width: width as usize,
        height: height as usize,
        steps: manifest.steps.unwrap_or(25).clamp(1, 150),
        guidance: manifest.guidance.unwrap_or(7.5).clamp(0.0, 30.0),
        picture: Some(&picture),
        strength: if patched.is_some() { FILL_STRENGTH } else { 1.0 },
        mask: Some(&mask),
    };
    let mut random = Noise(Random(seed));
    let made = loaded
        .pipeline
        .run(&wish, &mut |count| random.take(count), &mut |_, _| {})
        .map_err(told)?;
    let made = Picture::new(picture_of(&made).map_err(told)?);
    resize(&made, hole.part.width(), hole.part.height())
}

/// [1, 3, height, width] from -1 to 1, cut to the shape from the middle.
fn tensor_of(picture: &Picture, width: u32, height: u32, device: &Device) -> candle_core::Result<Tensor> {
    let flat = if picture.has_alpha() {
        flatten(picture, [255, 255, 255])
    } else {
        picture.clone()
    };
    let scale = (f64::from(width) / f64::from(flat.width())).max(f64::from(height) / f64::from(flat.height()));
    let side = |length: u32, least: u32| ((f64::from(length) * scale).round() as u32).max(least);
    let large = resize(&flat, side(flat.width(), width), side(flat.height(), height))
        .map_err(|problem| candle_core::Error::Msg(problem.message))?;
    let (left, top) = ((large.width() - width) / 2, (large.height() - height) / 2);
    let rgb = large.image.crop_imm(left, top, width, height).to_rgb32f();
    let values: Vec<f32> = (0..3)
        .flat_map(|channel| rgb.pixels().map(move |pixel| pixel.0[channel] * 2.0 - 1.0))
        .collect();
    Tensor::from_vec(values, (1, 3, height as usize, width as usize), device)
}

fn picture_of(made: &Tensor) -> candle_core::Result<DynamicImage> {
    let (_, _, height, width) = made.dims4()?;
    let values = made.flatten_all()?.to_vec1::<f32>()?;
    let plane = width * height;
    let picture = Rgb32FImage::from_fn(width as u32, height as u32, |x, y| {
        let at = y as usize * width + x as usize;
        Rgb([0, 1, 2].map(|channel| (values[channel * plane + at] / 2.0 + 0.5).clamp(0.0, 1.0)))
    });
    Ok(DynamicImage::ImageRgb8(DynamicImage::ImageRgb32F(picture).into_rgb8()))
}

/// Standard normal numbers from a seed: SplitMix64 and the method of Box and Muller. The same everywhere.
struct Noise(Random);

impl Noise {
    fn uniform(&mut self) -> f64 {
        (self.0.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn take(&mut self, count: usize) -> Vec<f32> {
        let mut made = Vec::with_capacity(count + 1);
        while made.len() < count {
            let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
            let angle = std::f64::consts::TAU * self.uniform();
            made.push((radius * angle.cos()) as f32);
            made.push((radius * angle.sin()) as f32);
        }
        made.truncate(count);
        made
    }
}
