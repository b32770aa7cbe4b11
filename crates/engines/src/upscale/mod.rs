//! Enlarging: what the ways of doing it share. The picture is worked on in tiles with their surroundings, on all cores, so
//! that memory stays bounded whatever the size; colours are multiplied by alpha, so that nothing invisible bleeds in.

mod auto;
mod lanczos;
mod net;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aquatint_domain::Problem;
use aquatint_media::{Picture, resize};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageBuffer, Rgba32FImage};
use serde::Deserialize;

use crate::engine::{EngineJob, Product};

pub(crate) use auto::UpscaleAuto;
pub(crate) use lanczos::UpscaleLanczos;
pub(crate) use net::{DETAIL, ILLUSTRATION, RESTORE};

/// Side of a tile of the input.
const TILE: u32 = 256;
/// Pixels around a tile that are computed with it and thrown away; more than any filter or net reaches.
const OVERLAP: u32 = 16;
/// Less alpha than this is none: half a step of 8 bits.
const NO_ALPHA: f32 = 0.5 / 255.0;
/// The largest enlargement.
const MOST: f64 = 4.0;

/// How large the result is to be: so many times, or so many pixels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    scale: Option<u32>,
    width: Option<u32>,
    height: Option<u32>,
}

/// The size of the result.
struct Size {
    width: u32,
    height: u32,
    /// The least whole number of times that reaches it.
    scale: u32,
}

impl Args {
    fn size(&self, picture: &Picture, job: &EngineJob<'_>) -> Result<Size, Problem> {
        let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
        let times = match (self.scale, self.width.map(f64::from), self.height.map(f64::from)) {
            (Some(scale), None, None) => f64::from(scale),
            (None, Some(width), None) => width / w,
            (None, None, Some(height)) => height / h,
            // Within both; the shape stays.
            (None, Some(width), Some(height)) => (width / w).min(height / h),
            _ => {
                return Err(Problem::invalid(
                    "scale",
                    "Say how large: `scale` (2, 3 or 4), or a target `width`, `height` or both in pixels.",
                ));
            }
        };
        if times <= 1.0 {
            return Err(Problem::invalid(
                "width",
                format!(
                    "The picture has {}×{} px already; the target is not larger. Use `resize` to make it smaller.",
                    picture.width(),
                    picture.height()
                ),
            ));
        }
        if times > MOST {
            return Err(Problem::invalid(
                if self.scale.is_some() { "scale" } else { "width" },
                format!(
                    "That is {times:.1} times larger; at most {MOST} times at once. Upscale the result again for more."
                ),
            ));
        }
        let side = |length: f64| ((length * times).round() as u32).max(1);
        let (width, height) = (side(w), side(h));
        job.check_size(width.into(), height.into())?;
        Ok(Size {
            width,
            height,
            scale: (times - 1e-9).ceil() as u32,
        })
    }
}

/// Four channels per pixel, colours multiplied by alpha, from 0 to 1.
struct Plane {
    width: u32,
    height: u32,
    pixels: Vec<f32>,
}

/// One way of enlarging a tile a whole number of times.
type Way<'a> = dyn Fn(&Plane, u32, &mut Resizer) -> Result<Plane, Problem> + Sync + 'a;

/// One channel of a result.
trait Sample: Copy + Default + Send {
    /// From a share of the whole, 0 to 1.
    fn of(share: f32) -> Self;
}

impl Sample for u8 {
    fn of(share: f32) -> Self {
        (share.clamp(0.0, 1.0) * 255.0 + 0.5) as Self
    }
}

impl Sample for u16 {
    fn of(share: f32) -> Self {
        (share.clamp(0.0, 1.0) * 65_535.0 + 0.5) as Self
    }
}

/// Enlarges `times` times by tiles, into the input's own kind of pixels.
fn enlarge(
    picture: &Picture,
    times: u32,
    way: &Way<'_>,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Picture, Problem> {
    let (width, height) = (picture.width() * times, picture.height() * times);
    let image = match (picture.is_deep(), picture.has_alpha()) {
        (true, true) => {
            buffer(width, height, by_tiles::<u16, 4>(picture, times, way, progress)?).map(DynamicImage::ImageRgba16)
        }
        (true, false) => {
            buffer(width, height, by_tiles::<u16, 3>(picture, times, way, progress)?).map(DynamicImage::ImageRgb16)
        }
        (false, true) => {
            buffer(width, height, by_tiles::<u8, 4>(picture, times, way, progress)?).map(DynamicImage::ImageRgba8)
        }
        (false, false) => {
            buffer(width, height, by_tiles::<u8, 3>(picture, times, way, progress)?).map(DynamicImage::ImageRgb8)
        }
    };
    Ok(Picture {
        image: image.ok_or_else(|| Problem::internal("an enlarged picture has the wrong size"))?,
        notes: picture.notes.clone(),
    })
}

fn buffer<P: image::Pixel>(
    width: u32,
    height: u32,
    samples: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    ImageBuffer::from_raw(width, height, samples)
}

/// The samples of the result, row by row. Beside them only the tiles that are being worked on are in memory.
fn by_tiles<S: Sample, const CHANNELS: usize>(
    picture: &Picture,
    times: u32,
    way: &Way<'_>,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Vec<S>, Problem> {
    let (width, height) = (picture.width(), picture.height());
    let (columns, rows) = (width.div_ceil(TILE), height.div_ceil(TILE));
    let count = (columns * rows) as usize;
    let whole = Mutex::new(vec![
        S::default();
        (width * times) as usize * (height * times) as usize * CHANNELS
    ]);
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        let mut resizer = Resizer::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let (x, y) = (index as u32 % columns * TILE, index as u32 / columns * TILE);
            let own = surroundings(&picture.image, x, y);
            match way(&own, times, &mut resizer) {
                Ok(done) => {
                    if let Ok(mut whole) = whole.lock() {
                        paste::<S, CHANNELS>(&mut whole, (width, height), &done, x, y, times);
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
        let threads: Vec<_> = (0..helpers.min(count)).map(|_| scope.spawn(work)).collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            let done = next.load(Ordering::Relaxed).min(count) as f64 / count as f64;
            progress(0.05 + 0.8 * done, "upscaling");
            std::thread::park_timeout(std::time::Duration::from_millis(30));
        }
    });
    if let Some(problem) = failed.into_inner().ok().flatten() {
        return Err(problem);
    }
    whole
        .into_inner()
        .map_err(|_| Problem::internal("an upscaling thread panicked"))
}

impl Size {
    /// How many times larger than the input, for the result's facts.
    fn times(&self, picture: &Picture) -> serde_json::Value {
        let times = f64::from(self.width) / f64::from(picture.width());
        if times.fract() == 0.0 {
            (times as u64).into()
        } else {
            ((times * 100.0).round() / 100.0).into()
        }
    }
}

/// Enlarges by a model that makes opaque pictures `scale` times larger; alpha goes by Lanczos3.
pub(crate) fn by_model(
    job: &mut EngineJob<'_>,
    scale: u32,
    make: &(dyn Fn(Rgba32FImage) -> Result<Rgba32FImage, Problem> + Sync),
) -> Result<Product, Problem> {
    let args: Args = job.read()?;
    let picture = job.take_input()?;
    let size = args.size(&picture, job)?;
    let way = |own: &Plane, times: u32, resizer: &mut Resizer| {
        let mut rgb = Rgba32FImage::from_raw(own.width, own.height, own.pixels.clone())
            .ok_or_else(|| Problem::internal("a tile has the wrong size"))?;
        for pixel in rgb.pixels_mut() {
            pixel.0[3] = 1.0;
        }
        let mut large = scaled(
            own,
            own.width * times,
            own.height * times,
            FilterType::Lanczos3,
            resizer,
        )?;
        for (pixel, made) in large.pixels.chunks_exact_mut(4).zip(make(rgb)?.pixels()) {
            pixel[..3].copy_from_slice(&made.0[..3]);
        }
        Ok(large)
    };
    let large = enlarge(&picture, scale, &way, job.progress)?;
    let facts = serde_json::json!({ "scale": size.times(&picture) });
    Ok(Product::Picture {
        picture: fitted(large, &size)?,
        facts,
        seed: None,
    })
}

/// Brings an enlargement to the size that was asked for.
fn fitted(made: Picture, size: &Size) -> Result<Picture, Problem> {
    if (made.width(), made.height()) == (size.width, size.height) {
        return Ok(made);
    }
    resize(&made, size.width, size.height)
}

/// A tile with what lies around it.
fn surroundings(image: &DynamicImage, x: u32, y: u32) -> Plane {
    let (left, top) = (x.saturating_sub(OVERLAP), y.saturating_sub(OVERLAP));
    let (right, bottom) = (
        (x + TILE + OVERLAP).min(image.width()),
        (y + TILE + OVERLAP).min(image.height()),
    );
    premultiplied(&image.crop_imm(left, top, right - left, bottom - top))
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
fn paste<S: Sample, const CHANNELS: usize>(
    whole: &mut [S],
    (width, height): (u32, u32),
    tile: &Plane,
    x: u32,
    y: u32,
    times: u32,
) {
    let (left, top) = (x - x.saturating_sub(OVERLAP), y - y.saturating_sub(OVERLAP));
    let (own_width, own_height) = (TILE.min(width - x) * times, TILE.min(height - y) * times);
    for row in 0..own_height {
        let from = (((top * times + row) * tile.width + left * times) * 4) as usize;
        let to = (((y * times + row) as usize) * (width * times) as usize + (x * times) as usize) * CHANNELS;
        let row = tile.pixels[from..from + (own_width * 4) as usize].chunks_exact(4);
        for (target, value) in whole[to..].chunks_exact_mut(CHANNELS).zip(row) {
            // Divided before anything is clamped: colour and alpha overshoot together, so their quotient does not.
            let divide = if CHANNELS == 3 {
                1.0
            } else if value[3] < NO_ALPHA {
                0.0
            } else {
                1.0 / value[3]
            };
            for channel in 0..3 {
                target[channel] = S::of(value[channel] * divide);
            }
            if CHANNELS == 4 {
                target[3] = S::of(value[3]);
            }
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
