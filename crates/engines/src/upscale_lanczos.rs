//! Upscale by Lanczos3 with iterated back-projection (Irani and Peleg, 1991): the enlarged picture is
//! reduced again, and what differs from the input is put back, so that no detail of the input is
//! lost and none is invented. Done in tiles, so that memory stays bounded whatever the size.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aquatint_domain::Problem;
use aquatint_media::Picture;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::DynamicImage;
use serde::Deserialize;
use serde_json::json;

use crate::engine::{Engine, EngineJob, Product};

/// Side of a tile of the input.
const TILE: u32 = 256;
/// Pixels around a tile that are computed with it and thrown away; more than any filter reaches.
const OVERLAP: u32 = 16;
const ITERATIONS: usize = 10;
/// The largest correction of one round: noise and JPEG blocks are not amplified without limit.
const MOST: f32 = 0.08;
/// How far a result may go past the extremes of its neighbourhood in the input, as a share of their distance.
const BEYOND: f32 = 0.12;

/// Less alpha than this is none: half a step of 8 bits.
const NO_ALPHA: f32 = 0.5 / 255.0;

pub struct UpscaleLanczos;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    scale: u32,
}

impl Engine for UpscaleLanczos {
    fn id(&self) -> &'static str {
        "upscale.lanczos"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        if args.scale != 2 && args.scale != 4 {
            return Err(Problem::invalid("scale", "`scale` must be 2 or 4."));
        }
        let picture = job.take_input()?;
        let (width, height) = (picture.width() * args.scale, picture.height() * args.scale);
        job.check_size(width.into(), height.into())?;
        let large = enlarge(&picture, args.scale, job.progress)?;
        let facts = json!({ "scale": args.scale, "method": "Lanczos3 with back-projection" });
        Ok(Product::Picture {
            picture: large,
            facts,
            seed: None,
        })
    }
}

/// Four channels per pixel, colours multiplied by alpha, from 0 to 1.
struct Plane {
    width: u32,
    height: u32,
    pixels: Vec<f32>,
}

pub(crate) fn enlarge(picture: &Picture, scale: u32, progress: &mut dyn FnMut(f64, &str)) -> Result<Picture, Problem> {
    let source = premultiplied(&picture.image);
    let (columns, rows) = (source.width.div_ceil(TILE), source.height.div_ceil(TILE));
    let count = (columns * rows) as usize;
    let whole = Mutex::new(vec![
        0u16;
        (source.width * scale) as usize
            * (source.height * scale) as usize
            * 4
    ]);
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        let mut resizer = Resizer::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let (column, row) = (index as u32 % columns, index as u32 / columns);
            match tile(&source, column * TILE, row * TILE, scale, &mut resizer) {
                Ok(done) => {
                    if let Ok(mut whole) = whole.lock() {
                        paste(&mut whole, &source, &done, column * TILE, row * TILE, scale);
                    }
                }
                Err(problem) => {
                    if let Ok(mut failed) = failed.lock() {
                        *failed = Some(problem);
                    }
                    return;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let helpers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let mut threads: Vec<_> = (1..helpers).map(|_| scope.spawn(work)).collect();
        threads.push(scope.spawn(work));
        while !threads.iter().all(|thread| thread.is_finished()) {
            let done = next.load(Ordering::Relaxed).min(count) as f64 / count as f64;
            progress(0.05 + 0.8 * done, "upscaling");
            std::thread::park_timeout(std::time::Duration::from_millis(30));
        }
    });
    if let Some(problem) = failed.into_inner().ok().flatten() {
        return Err(problem);
    }
    let pixels = whole
        .into_inner()
        .map_err(|_| Problem::internal("an upscaling thread panicked"))?;
    finish(picture, pixels, source.width * scale, source.height * scale)
}

/// One tile with its surroundings, enlarged and corrected.
fn tile(source: &Plane, x: u32, y: u32, scale: u32, resizer: &mut Resizer) -> Result<Plane, Problem> {
    let (left, top) = (x.saturating_sub(OVERLAP), y.saturating_sub(OVERLAP));
    let (right, bottom) = (
        (x + TILE + OVERLAP).min(source.width),
        (y + TILE + OVERLAP).min(source.height),
    );
    let (width, height) = (right - left, bottom - top);
    let mut own = Vec::with_capacity((width * height * 4) as usize);
    for row in top..bottom {
        let start = ((row * source.width + left) * 4) as usize;
        own.extend_from_slice(&source.pixels[start..start + (width * 4) as usize]);
    }
    let own = Plane {
        width,
        height,
        pixels: own,
    };
    let mut large = scaled(&own, width * scale, height * scale, FilterType::Lanczos3, resizer)?;
    for _ in 0..ITERATIONS {
        let back = scaled(&large, width, height, FilterType::Lanczos3, resizer)?;
        let missing = own
            .pixels
            .iter()
            .zip(&back.pixels)
            .map(|(wanted, got)| (wanted - got).clamp(-MOST, MOST))
            .collect();
        let missing = scaled(
            &Plane {
                width,
                height,
                pixels: missing,
            },
            width * scale,
            height * scale,
            FilterType::CatmullRom,
            resizer,
        )?;
        for (pixel, missing) in large.pixels.iter_mut().zip(&missing.pixels) {
            *pixel += missing;
        }
        calm(&mut large, &own, scale);
    }
    Ok(large)
}

/// Keeps every pixel within what its place in the input and the eight around it show, and a little more: the ripples
/// beside hard edges go, and no light or dark appears that was not there.
fn calm(large: &mut Plane, own: &Plane, scale: u32) {
    let (width, height) = (own.width as usize, own.height as usize);
    let at = |x: usize, y: usize| (y * width + x) * 4;
    let row = large.width as usize * 4;
    for y in 0..height {
        for x in 0..width {
            let (mut low, mut high) = ([f32::MAX; 4], [f32::MIN; 4]);
            for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                    let pixel = &own.pixels[at(near_x, near_y)..][..4];
                    for channel in 0..4 {
                        low[channel] = low[channel].min(pixel[channel]);
                        high[channel] = high[channel].max(pixel[channel]);
                    }
                }
            }
            for channel in 0..4 {
                let more = (high[channel] - low[channel]) * BEYOND;
                low[channel] -= more;
                high[channel] += more;
            }
            for sub_y in 0..scale as usize {
                let start = (y * scale as usize + sub_y) * row + x * scale as usize * 4;
                for pixel in large.pixels[start..start + scale as usize * 4].chunks_exact_mut(4) {
                    for channel in 0..4 {
                        pixel[channel] = pixel[channel].clamp(low[channel], high[channel]);
                    }
                }
            }
        }
    }
}

fn scaled(plane: &Plane, width: u32, height: u32, filter: FilterType, resizer: &mut Resizer) -> Result<Plane, Problem> {
    let source = ImageRef::new(
        plane.width,
        plane.height,
        bytemuck::cast_slice(&plane.pixels),
        PixelType::F32x4,
    )
    .map_err(Problem::internal)?;
    let mut target = Image::new(width, height, PixelType::F32x4);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .use_alpha(false);
    resizer
        .resize(&source, &mut target, &options)
        .map_err(Problem::internal)?;
    let pixels = bytemuck::pod_collect_to_vec(target.buffer());
    Ok(Plane { width, height, pixels })
}

/// Copies the inner part of a tile to its place, with the alpha divided out.
fn paste(whole: &mut [u16], source: &Plane, tile: &Plane, x: u32, y: u32, scale: u32) {
    let (left, top) = (x - x.saturating_sub(OVERLAP), y - y.saturating_sub(OVERLAP));
    let (width, height) = (TILE.min(source.width - x) * scale, TILE.min(source.height - y) * scale);
    for row in 0..height {
        let from = (((top * scale + row) * tile.width + left * scale) * 4) as usize;
        let to = (((y * scale + row) as usize) * (source.width * scale) as usize + (x * scale) as usize) * 4;
        let row = tile.pixels[from..from + (width * 4) as usize].chunks_exact(4);
        for (target, value) in whole[to..].chunks_exact_mut(4).zip(row) {
            // Divided before anything is clamped: colour and alpha overshoot together, so their quotient does not.
            let divide = if value[3] < NO_ALPHA { 0.0 } else { 1.0 / value[3] };
            for channel in 0..3 {
                target[channel] = sixteen(value[channel] * divide);
            }
            target[3] = sixteen(value[3]);
        }
    }
}

fn premultiplied(image: &DynamicImage) -> Plane {
    let rgba = image.to_rgba32f();
    let (width, height) = rgba.dimensions();
    let mut pixels = rgba.into_raw();
    for pixel in pixels.chunks_exact_mut(4) {
        for channel in 0..3 {
            pixel[channel] *= pixel[3];
        }
    }
    Plane { width, height, pixels }
}

fn sixteen(share: f32) -> u16 {
    (share.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16
}

/// Back to the input's own kind of pixels.
fn finish(picture: &Picture, pixels: Vec<u16>, width: u32, height: u32) -> Result<Picture, Problem> {
    let deep = image::ImageBuffer::from_raw(width, height, pixels)
        .ok_or_else(|| Problem::internal("an enlarged picture has the wrong size"))?;
    let deep = DynamicImage::ImageRgba16(deep);
    let image = match (picture.is_deep(), picture.has_alpha()) {
        (true, true) => deep,
        (true, false) => DynamicImage::ImageRgb16(deep.to_rgb16()),
        (false, true) => DynamicImage::ImageRgba8(deep.to_rgba8()),
        (false, false) => DynamicImage::ImageRgb8(deep.to_rgb8()),
    };
    Ok(Picture {
        image,
        notes: picture.notes.clone(),
    })
}
