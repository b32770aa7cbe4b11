//! Erase: what a mask marks is filled with what lies around it, by content-aware fill.

use aquatint_domain::Problem;
use aquatint_media::{Picture, Rect, crop, resize};
use image::{DynamicImage, GrayImage, Rgba};
use serde::Deserialize;
use serde_json::json;

use crate::engine::{Engine, EngineJob, Product, kind_of};
use crate::mask::{Region, grown};
use crate::patch_fill::{Canvas, fill, spread_alpha};

/// Pixels of the surroundings on which the hole is filled; a larger place is filled at a smaller size and enlarged.
const FILL_PIXELS: f64 = 3.0e6;
/// The share of a picture that may be erased.
const MOST: f64 = 0.9;

pub struct InpaintFill;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    region: Region,
    /// Pixels by which the region grows.
    #[serde(default)]
    grow: u32,
    #[serde(default = "first")]
    seed: u64,
    /// What is to be there, for models that take words.
    #[serde(default)]
    #[allow(dead_code)]
    prompt: Option<String>,
}

fn first() -> u64 {
    1
}

impl Engine for InpaintFill {
    fn id(&self) -> &'static str {
        "inpaint.fill"
    }

    fn version(&self) -> &'static str {
        "2"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let seed = job.read::<Args>()?.seed;
        let make = |hole: &Hole| by_patches(hole, seed);
        run_with(&mut job, seed, "content-aware fill", &make)
    }
}

/// What is to be filled: a part of the picture, and its mask.
pub(crate) struct Hole {
    pub part: Picture,
    /// White is what changes; of the part's size.
    pub mask: GrayImage,
}

/// Reads the arguments, lets `make` fill the part around the hole, and puts into the picture what the mask says.
pub(crate) fn run_with(
    job: &mut EngineJob<'_>,
    seed: u64,
    method: &str,
    make: &dyn Fn(&Hole) -> Result<Picture, Problem>,
) -> Result<Product, Problem> {
    let args: Args = job.read()?;
    let picture = job.take_first()?;
    let (width, height) = (picture.width(), picture.height());
    // The picture was number 0, so the mask's number counts from it.
    let mask = match &args.region {
        Region::Picture(number) => Region::Picture(number.saturating_sub(1)).mask(&job.inputs, width, height)?,
        other => other.mask(&[], width, height)?,
    };
    let mask = grown(&mask, args.grow);
    let share =
        mask.pixels().map(|pixel| f64::from(pixel.0[0]) / 255.0).sum::<f64>() / (f64::from(width) * f64::from(height));
    if share > MOST {
        return Err(Problem::invalid(
            "mask",
            format!(
                "The mask covers {:.0} % of the picture; at most {:.0} % can be filled from the rest. White marks what changes: is the mask inverted?",
                share * 100.0,
                MOST * 100.0
            ),
        ));
    }
    (job.progress)(0.15, "erasing");
    let place = surroundings(&mask);
    let hole = Hole {
        part: crop(&picture, place)?,
        mask: image::imageops::crop_imm(&mask, place.x, place.y, place.width, place.height).to_image(),
    };
    let filled = make(&hole)?.image.into_rgba16();

    (job.progress)(0.85, "erasing");
    let mut whole = picture.image.to_rgba16();
    for (x, y, pixel) in filled.enumerate_pixels() {
        let share = f32::from(hole.mask.get_pixel(x, y).0[0]) / 255.0;
        if share == 0.0 {
            continue;
        }
        let target = whole.get_pixel_mut(place.x + x, place.y + y);
        for channel in 0..4 {
            let (own, new) = (f32::from(target.0[channel]), f32::from(pixel.0[channel]));
            target.0[channel] = (own + (new - own) * share).round() as u16;
        }
    }
    Ok(Product::Picture {
        picture: Picture {
            image: kind_of(&picture, DynamicImage::ImageRgba16(whole)),
            notes: picture.notes.clone(),
        },
        facts: json!({ "method": method, "covered": (share * 1_000.0).round() / 1_000.0 }),
        seed: Some(seed),
    })
}

/// Fills the hole with patches of what lies around it.
pub(crate) fn by_patches(hole: &Hole, seed: u64) -> Result<Picture, Problem> {
    let (width, height) = (hole.part.width(), hole.part.height());
    let scale = (FILL_PIXELS / (f64::from(width) * f64::from(height))).sqrt().min(1.0);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let (w, h) = (side(width), side(height));
    let small = resize(&hole.part, w, h)?.image.to_rgba32f();
    // Whatever the mask touches at all is made anew; how much of it is taken, the mask's grey says at the end.
    let is_hole: Vec<bool> = (0..h)
        .flat_map(|y| (0..w).map(move |x| (x, y)))
        .map(|(x, y)| touched(&hole.mask, x, y, scale))
        .collect();
    let mut canvas = Canvas {
        width: w as usize,
        height: h as usize,
        pixels: small
            .pixels()
            .map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]])
            .collect(),
        is_hole: is_hole.clone(),
    };
    if !fill(&mut canvas, seed, &mut |_| {}) {
        return Err(Problem::invalid(
            "mask",
            "There is too little left around the mask to fill it from. Mark less, or send a larger picture.",
        ));
    }
    let alpha: Vec<f32> = small.pixels().map(|pixel| pixel.0[3]).collect();
    let alpha = if hole.part.has_alpha() {
        spread_alpha(&alpha, &is_hole, w as usize, h as usize)
    } else {
        alpha
    };
    let filled = image::Rgba32FImage::from_fn(w, h, |x, y| {
        let at = y as usize * w as usize + x as usize;
        let [r, g, b] = canvas.pixels[at];
        Rgba([r, g, b, alpha[at]])
    });
    let filled = Picture::new(DynamicImage::ImageRgba16(
        DynamicImage::ImageRgba32F(filled).into_rgba16(),
    ));
    resize(&filled, width, height)
}

/// The hole with as much around it as it is large, at least a few patches.
fn surroundings(mask: &GrayImage) -> Rect {
    let (mut left, mut top, mut right, mut bottom) = (mask.width(), mask.height(), 0, 0);
    for (x, y, pixel) in mask.enumerate_pixels() {
        if pixel.0[0] > 0 {
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
    }
    let around = (right.saturating_sub(left)).max(bottom.saturating_sub(top)).max(96);
    let (x, y) = (left.saturating_sub(around), top.saturating_sub(around));
    Rect {
        x,
        y,
        width: (right + around).min(mask.width()) - x,
        height: (bottom + around).min(mask.height()) - y,
    }
}

fn touched(hole: &GrayImage, x: u32, y: u32, scale: f64) -> bool {
    let begin = |at: u32| (f64::from(at) / scale).floor() as u32;
    let end = |at: u32, most: u32| ((f64::from(at + 1) / scale).ceil() as u32).clamp(1, most);
    let (right, bottom) = (end(x, hole.width()), end(y, hole.height()));
    (begin(y).min(bottom - 1)..bottom)
        .any(|row| (begin(x).min(right - 1)..right).any(|column| hole.get_pixel(column, row).0[0] > 0))
}
