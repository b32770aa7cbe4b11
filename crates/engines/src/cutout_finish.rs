//! What becomes of a matte, whoever made it: the subject on transparency or on something new, its mask, cut to the
//! subject, with a shadow.

use aquatint_domain::Problem;
use aquatint_media::{Picture, Rect, resize};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Pixel, Rgba, RgbaImage};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cells::Cells;
use crate::engine::{EngineJob, Product, color, kind_of};
use crate::matte::{Matte, REFINE_PIXELS};
use crate::planes::Plane;
use crate::scene_preview::{Scene, render};

/// Alpha below this is not part of the subject's extent.
const VISIBLE: u8 = 20;

type Rgba16 = ImageBuffer<Rgba<u16>, Vec<u16>>;

/// The engines' arguments after the matte.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Finish {
    output: What,
    background: Option<Backdrop>,
    crop_to_subject: bool,
    /// Space around the subject, in percent of its long side.
    margin: Option<f64>,
    shadow: bool,
    refine_edges: bool,
    decontaminate: bool,
}

impl Default for Finish {
    fn default() -> Self {
        Self {
            output: What::Cutout,
            background: None,
            crop_to_subject: false,
            margin: None,
            shadow: false,
            refine_edges: true,
            decontaminate: true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Cutout,
    Mask,
}

/// What the subject is put on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backdrop {
    /// `#rrggbb`.
    Color(String),
    /// From top to bottom.
    Gradient(String, String),
    /// The input of that number, filling the canvas.
    Picture(usize),
    /// A studio scene from words.
    Scene { prompt: String, seed: u64 },
}

impl Finish {
    /// Such as for `backdrop.replace`.
    pub fn on(background: Backdrop) -> Self {
        Self {
            background: Some(background),
            ..Self::default()
        }
    }

    /// Whether a new shadow is made, so that the old one has to go.
    pub fn has_shadow(&self) -> bool {
        self.shadow
    }

    /// Makes the product. `job.inputs` holds the pictures beside the one that the matte is of.
    pub fn apply(&self, picture: &Picture, matte: Matte, job: &mut EngineJob<'_>) -> Result<Product, Problem> {
        let mut facts = matte.facts();
        let is_small = u64::from(picture.width()) * u64::from(picture.height()) <= REFINE_PIXELS;
        (job.progress)(0.7, "refining the edge");
        let alpha = if self.refine_edges {
            matte.refined(picture)?
        } else {
            matte.alpha.clone()
        };
        let place = self.place(&alpha, picture, job)?;
        if self.output == What::Mask {
            let mask = place.cut(alpha, Luma([0]));
            facts["output"] = json!("mask: white is the subject");
            return Ok(product(Picture::new(DynamicImage::ImageLuma8(mask)), facts));
        }

        // The subject with clean colours, on its canvas.
        (job.progress)(0.78, "cleaning colours");
        let cut = match (&matte.background, self.decontaminate) {
            (Some(background), true) => background.subject(picture, &alpha),
            (None, true) if is_small => with_own_colors(picture, &alpha),
            _ => with_alpha(picture, &alpha),
        };
        let mut canvas = place.cut(cut, Rgba([0; 4]));
        let shadow = self.shadow.then(|| contact_shadow(&canvas));
        if let Some(shadow) = &shadow {
            for (pixel, dark) in canvas.pixels_mut().zip(&shadow.values) {
                *pixel = over(*pixel, Rgba([0, 0, 0, (dark.clamp(0.0, 1.0) * 65_535.0) as u16]));
            }
        }

        // And what it stands on.
        if let Some(background) = &self.background {
            (job.progress)(0.82, "making the background");
            let behind = background.render(place.width, place.height, job)?;
            for (pixel, behind) in canvas.pixels_mut().zip(behind.pixels()) {
                *pixel = over(*pixel, Rgba(behind.0.map(|channel| u16::from(channel) * 257)));
            }
            if let Backdrop::Scene { prompt, seed } = background {
                let scene = Scene::backdrop(prompt, *seed);
                facts["background"] = json!({
                    "label": "procedural preview, not a learned model",
                    "understood": scene.understood(),
                    "ignored": scene.ignored,
                });
            }
        }
        let made = if picture.is_deep() {
            DynamicImage::ImageRgba16(canvas)
        } else {
            DynamicImage::ImageRgba8(shallow(&canvas))
        };
        let image = if self.background.is_some() {
            kind_of(&opaque(picture), made)
        } else {
            made
        };
        Ok(product(
            Picture {
                image,
                notes: picture.notes.clone(),
            },
            facts,
        ))
    }

    /// The part of the plane that the result shows; it may reach beyond the picture.
    fn place(&self, alpha: &GrayImage, picture: &Picture, job: &EngineJob<'_>) -> Result<Place, Problem> {
        if !self.crop_to_subject {
            return Ok(Place {
                x: 0,
                y: 0,
                width: picture.width(),
                height: picture.height(),
            });
        }
        let bounds = extent(alpha).ok_or_else(|| {
            Problem::invalid(
                "crop_to_subject",
                "No subject was found, so there is nothing to crop to. Send the picture without `crop_to_subject` and look at the mask.",
            )
            .hint("The built-in way needs a plain background. A model for general photographs finds more, where the operator has installed one (`aquatint models pull`).")
        })?;
        let place = Place::around(bounds, self.margin.unwrap_or(5.0));
        job.check_size(place.width.into(), place.height.into())?;
        Ok(place)
    }
}

impl Backdrop {
    pub fn render(&self, width: u32, height: u32, job: &mut EngineJob<'_>) -> Result<RgbaImage, Problem> {
        let flat = |[r, g, b]: [u8; 3]| RgbaImage::from_pixel(width, height, Rgba([r, g, b, 255]));
        Ok(match self {
            Self::Color(text) => flat(color(text)?),
            Self::Gradient(from, to) => {
                let (from, to) = (color(from)?, color(to)?);
                RgbaImage::from_fn(width, height, |x, y| {
                    let share = f32::from(y as u16) / (height.max(2) - 1) as f32;
                    // Half a step of noise keeps a slow gradient from banding.
                    let dither = ((x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0x2c1b_3c6d)
                        >> 8) as f32
                        / 16_777_216.0;
                    let [r, g, b] = std::array::from_fn(|channel| {
                        let (a, b) = (f32::from(from[channel]), f32::from(to[channel]));
                        (a + (b - a) * share + dither).floor().clamp(0.0, 255.0) as u8
                    });
                    Rgba([r, g, b, 255])
                })
            }
            Self::Picture(number) => {
                let given = job
                    .inputs
                    .get(number.saturating_sub(1))
                    .ok_or_else(|| Problem::internal("the background's picture is missing"))?;
                cover(given, width, height)?.image.to_rgba8()
            }
            Self::Scene { prompt, seed } => {
                let scene = Scene::backdrop(prompt, *seed);
                let image = render(&scene, width, height, &mut |done| {
                    (job.progress)(0.82 + 0.08 * done, "rendering the background");
                });
                DynamicImage::ImageRgb8(image).into_rgba8()
            }
        })
    }
}

/// A rectangle that may reach outside the picture.
#[derive(Clone, Copy, Debug)]
struct Place {
    x: i64,
    y: i64,
    width: u32,
    height: u32,
}

impl Place {
    fn around(bounds: Rect, percent: f64) -> Self {
        let margin = (f64::from(bounds.width.max(bounds.height)) * percent / 100.0).round() as u32;
        Self {
            x: i64::from(bounds.x) - i64::from(margin),
            y: i64::from(bounds.y) - i64::from(margin),
            width: bounds.width + 2 * margin,
            height: bounds.height + 2 * margin,
        }
    }

    /// What the place holds; `empty` beyond the picture.
    fn cut<P: Pixel>(&self, whole: ImageBuffer<P, Vec<P::Subpixel>>, empty: P) -> ImageBuffer<P, Vec<P::Subpixel>> {
        if (self.x, self.y) == (0, 0) && (self.width, self.height) == whole.dimensions() {
            return whole;
        }
        let mut made = ImageBuffer::from_pixel(self.width, self.height, empty);
        image::imageops::replace(&mut made, &whole, -self.x, -self.y);
        made
    }
}

fn product(picture: Picture, facts: Value) -> Product {
    Product::Picture {
        picture,
        facts,
        seed: None,
    }
}

/// The rectangle that holds everything visible.
pub(crate) fn extent(alpha: &GrayImage) -> Option<Rect> {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, pixel) in alpha.enumerate_pixels() {
        if pixel.0[0] >= VISIBLE {
            (left, top) = (left.min(x), top.min(y));
            (right, bottom) = (right.max(x + 1), bottom.max(y + 1));
        }
    }
    (right > 0).then(|| Rect {
        x: left,
        y: top,
        width: right - left,
        height: bottom - top,
    })
}

/// The rectangle around the subject, within the picture.
pub(crate) fn subject_rect(alpha: &GrayImage, percent: f64) -> Option<Rect> {
    let place = Place::around(extent(alpha)?, percent);
    let (x, y) = (place.x.max(0) as u32, place.y.max(0) as u32);
    let right = (place.x + i64::from(place.width)).min(i64::from(alpha.width())) as u32;
    let bottom = (place.y + i64::from(place.height)).min(i64::from(alpha.height())) as u32;
    Some(Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    })
}

/// 16 bits a channel. What the pictures here mostly are goes without the conversion of colour spaces.
fn deep(image: &DynamicImage) -> Rgba16 {
    let wide = |samples: &[u8], step: usize| {
        let mut made = Rgba16::from_pixel(image.width(), image.height(), Rgba([u16::MAX; 4]));
        let pixels = made.par_chunks_exact_mut(4).zip(samples.par_chunks_exact(step));
        pixels.for_each(|(wide, pixel)| {
            for (wide, sample) in wide.iter_mut().zip(pixel) {
                *wide = u16::from(*sample) * 257;
            }
        });
        made
    };
    match image {
        DynamicImage::ImageRgb8(pixels) => wide(pixels, 3),
        DynamicImage::ImageRgba8(pixels) => wide(pixels, 4),
        other => other.to_rgba16(),
    }
}

/// 8 bits a channel, of that.
fn shallow(image: &Rgba16) -> RgbaImage {
    // Half of 257 is added, so that the nearest is taken.
    let values = image
        .as_raw()
        .par_iter()
        .map(|value| ((u32::from(*value) + 128) / 257) as u8);
    RgbaImage::from_raw(image.width(), image.height(), values.collect()).unwrap_or_default()
}

fn with_alpha(picture: &Picture, alpha: &GrayImage) -> Rgba16 {
    let mut made = deep(&picture.image);
    let pixels = made.par_chunks_exact_mut(4).zip(alpha.as_raw());
    pixels.for_each(|(pixel, alpha)| {
        pixel[3] = ((u32::from(pixel[3]) * u32::from(*alpha) + 127) / 255) as u16;
        if pixel[3] == 0 {
            pixel.fill(0);
        }
    });
    made
}

/// The subject's own colours where it is half transparent: the blur-fusion estimate of foreground colours
/// (Forte, "Approximate fast foreground colour estimation", 2021), wide and then narrow.
fn with_own_colors(picture: &Picture, alpha: &GrayImage) -> Rgba16 {
    let share = Plane::from_gray(alpha);
    let own = Plane::from_rgb(&picture.image);
    let (width, height) = (share.width, share.height);
    let long = width.max(height);
    let (wide, narrow) = ((long / 24).clamp(4, 90), (long / 300).clamp(2, 6));
    let [red, green, blue] = own.each_ref();
    let around = |cells: &Cells, [r, g, b, x, y, z]: [&Plane; 6]| {
        cells.means([&share, r, g, b, x, y, z], |[share, r, g, b, x, y, z]| {
            let rest = 1.0 - share;
            [share, r * share, g * share, b * share, x * rest, y * rest, z * rest]
        })
    };
    let cells = Cells::coarse(width, height, wide);
    let found = around(&cells, [red, green, blue, red, green, blue]);
    let between = cells.spread(found.each_ref(), [&share, red, green, blue], estimated);
    // What the wide windows make of each pixel is what the narrow ones begin with.
    let cells = Cells::coarse(width, height, narrow);
    let found = around(&cells, between.each_ref());
    drop(between);
    let front = cells.spread(found.each_ref(), [&share, red, green, blue], |around, own| {
        let [r, g, b, ..] = estimated(around, own);
        [r, g, b]
    });
    drop(own);

    let mut made = with_alpha(picture, alpha);
    let pixels = made.par_chunks_exact_mut(4).zip(alpha.as_raw()).enumerate();
    pixels.for_each(|(at, (pixel, share))| {
        if (1..=250).contains(share) {
            for (sample, front) in pixel.iter_mut().zip(&front) {
                *sample = (front.values[at] * 65_535.0 + 0.5) as u16;
            }
        }
    });
    made
}

/// The colours of front and back at a pixel: those around it, the front's with what is left of the pixel's own. `around` are the
/// mean share of the front, its mean colours times that, and the back's times the rest; `own` are the pixel's share and colours.
fn estimated([around, sums @ ..]: [f32; 7], [share, own @ ..]: [f32; 4]) -> [f32; 6] {
    let (front, back) = (1.0 / (around + 1e-5), 1.0 / (1.0 - around + 1e-5));
    std::array::from_fn(|number| {
        let behind = sums[number % 3 + 3] * back;
        if number >= 3 {
            return behind;
        }
        let front = sums[number] * front;
        (front + share * (own[number] - share * front - (1.0 - share) * behind)).clamp(0.0, 1.0)
    })
}

/// Where the subject touches the ground and what it keeps from the light: dark and narrow below its foot, pale and wide
/// around it.
fn contact_shadow(canvas: &Rgba16) -> Plane {
    let (width, height) = (canvas.width() as usize, canvas.height() as usize);
    let alpha = Plane::new(
        width,
        height,
        canvas.pixels().map(|pixel| f32::from(pixel.0[3]) / 65_535.0).collect(),
    );
    let Some(bounds) = extent(&alpha.to_gray()) else {
        return alpha.map(|_| 0.0);
    };
    let tall = bounds.height as f32;
    let foot = (bounds.y + bounds.height) as f32;
    // The subject laid flat on the ground: its lower half pressed to a fraction of its height.
    let press = |share: f32, reach: f32| {
        let mut flat = Plane::new(width, height, vec![0.0; width * height]);
        let depth = (tall * share).max(1.0);
        for y in 0..height {
            // From the foot upwards on the ground is upwards on the subject.
            let away = (foot + depth * 0.35 - y as f32) / depth;
            if !(0.0..=1.0).contains(&away) {
                continue;
            }
            let from = (foot - 1.0 - away * tall * reach).max(0.0) as usize;
            for x in 0..width {
                flat.values[y * width + x] = alpha.values[from.min(height - 1) * width + x] * (1.0 - away * 0.6);
            }
        }
        flat
    };
    let wide = press(0.10, 0.6).blur((tall * 0.025).clamp(1.0, 60.0));
    let narrow = press(0.03, 0.15).blur((tall * 0.008).clamp(0.6, 20.0));
    wide.with(&narrow, |wide, narrow| (wide * 0.32 + narrow * 0.42).min(0.7))
}

fn over(front: Rgba<u16>, back: Rgba<u16>) -> Rgba<u16> {
    let (a, b) = (f32::from(front.0[3]) / 65_535.0, f32::from(back.0[3]) / 65_535.0);
    let alpha = a + b * (1.0 - a);
    if alpha <= 0.0 {
        return Rgba([0; 4]);
    }
    let mix = |channel: usize| {
        let (front, back) = (f32::from(front.0[channel]), f32::from(back.0[channel]));
        ((front * a + back * b * (1.0 - a)) / alpha + 0.5) as u16
    };
    Rgba([mix(0), mix(1), mix(2), (alpha * 65_535.0 + 0.5) as u16])
}

/// Scaled and cut so that it fills the canvas.
pub(crate) fn cover(picture: &Picture, width: u32, height: u32) -> Result<Picture, Problem> {
    let scale = (f64::from(width) / f64::from(picture.width())).max(f64::from(height) / f64::from(picture.height()));
    let side = |length: u32, least: u32| ((f64::from(length) * scale).round() as u32).max(least);
    let (w, h) = (side(picture.width(), width), side(picture.height(), height));
    let scaled = resize(picture, w, h)?;
    aquatint_media::crop(
        &scaled,
        Rect {
            x: (w - width) / 2,
            y: (h - height) / 2,
            width,
            height,
        },
    )
}

/// A stand-in whose kind of pixels is the picture's without alpha.
fn opaque(picture: &Picture) -> Picture {
    Picture::new(if picture.is_deep() {
        DynamicImage::new_rgb16(1, 1)
    } else {
        DynamicImage::new_rgb8(1, 1)
    })
}
