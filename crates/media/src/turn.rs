//! Crop, flip and rotate.

use aquatint_domain::Problem;
use image::{DynamicImage, ImageBuffer, Rgb, Rgba};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::picture::{Picture, Rect};
use crate::resize::check_made;

/// Which way to mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flip {
    /// Left becomes right.
    Horizontal,
    /// Top becomes bottom.
    Vertical,
}

/// Keeps one rectangle.
pub fn crop(picture: &Picture, keep: Rect) -> Result<Picture, Problem> {
    keep.check_within(picture.width(), picture.height())?;
    Ok(picture.with(picture.image.crop_imm(keep.x, keep.y, keep.width, keep.height)))
}

/// Mirrors.
pub fn flip(picture: &Picture, way: Flip) -> Picture {
    picture.with(match way {
        Flip::Horizontal => picture.image.fliph(),
        Flip::Vertical => picture.image.flipv(),
    })
}

/// Turns clockwise by any number of degrees. The canvas grows to hold the whole picture; its corners get
/// `background`, or are transparent without one. Steps of 90° move pixels and change none; other angles
/// are sampled bicubically (Catmull-Rom) with smooth edges.
pub fn rotate(picture: &Picture, degrees: f64, background: Option<[u8; 3]>) -> Result<Picture, Problem> {
    if !degrees.is_finite() {
        return Err(Problem::invalid(
            "degrees",
            "Degrees must be a finite number, such as 90 or -12.5.",
        ));
    }
    let degrees = degrees.rem_euclid(360.0);
    let image = &picture.image;
    match degrees {
        0.0 => return Ok(picture.clone()),
        90.0 => return Ok(picture.with(image.rotate90())),
        180.0 => return Ok(picture.with(image.rotate180())),
        270.0 => return Ok(picture.with(image.rotate270())),
        _ => {}
    }
    let turn = Turn::new(image.width(), image.height(), degrees);
    check_made(turn.width, turn.height)?;
    let source = Source::of(image);
    let background = background.map(|color| color.map(|channel| f32::from(channel) / 255.0));
    let opaque = background.is_some() && !image.color().has_alpha();
    let made = if picture.is_deep() {
        let top = 65_535.0;
        let samples = turn.samples(&source, background, opaque, |value| (value * top + 0.5) as u16);
        if opaque {
            ImageBuffer::<Rgb<u16>, _>::from_raw(turn.width, turn.height, samples).map(DynamicImage::from)
        } else {
            ImageBuffer::<Rgba<u16>, _>::from_raw(turn.width, turn.height, samples).map(DynamicImage::from)
        }
    } else {
        let samples = turn.samples(&source, background, opaque, |value| (value * 255.0 + 0.5) as u8);
        if opaque {
            ImageBuffer::<Rgb<u8>, _>::from_raw(turn.width, turn.height, samples).map(DynamicImage::from)
        } else {
            ImageBuffer::<Rgba<u8>, _>::from_raw(turn.width, turn.height, samples).map(DynamicImage::from)
        }
    };
    let made = made.ok_or_else(|| Problem::internal("a rotated picture whose buffer does not fit its size"))?;
    Ok(picture.with(made))
}

/// The pixels of a picture as premultiplied numbers from 0 to 1.
enum Source<'a> {
    Rgb8(&'a image::RgbImage),
    Rgba8(&'a image::RgbaImage),
    Deep(ImageBuffer<Rgba<u16>, Vec<u16>>),
}

impl<'a> Source<'a> {
    fn of(image: &'a DynamicImage) -> Self {
        match image {
            DynamicImage::ImageRgb8(image) => Self::Rgb8(image),
            DynamicImage::ImageRgba8(image) => Self::Rgba8(image),
            other => Self::Deep(other.to_rgba16()),
        }
    }

    fn size(&self) -> (u32, u32) {
        match self {
            Self::Rgb8(image) => image.dimensions(),
            Self::Rgba8(image) => image.dimensions(),
            Self::Deep(image) => image.dimensions(),
        }
    }

    /// Premultiplied colour and alpha of a pixel within the picture.
    fn pixel(&self, x: u32, y: u32) -> [f32; 4] {
        let [r, g, b, a] = match self {
            Self::Rgb8(image) => {
                let [r, g, b] = image.get_pixel(x, y).0.map(|channel| f32::from(channel) / 255.0);
                return [r, g, b, 1.0];
            }
            Self::Rgba8(image) => image.get_pixel(x, y).0.map(|channel| f32::from(channel) / 255.0),
            Self::Deep(image) => image.get_pixel(x, y).0.map(|channel| f32::from(channel) / 65_535.0),
        };
        [r * a, g * a, b * a, a]
    }
}

/// A rotation about the middle, from the new canvas back to the old one.
struct Turn {
    width: u32,
    height: u32,
    sin: f64,
    cos: f64,
    from_middle: (f64, f64),
}

impl Turn {
    fn new(width: u32, height: u32, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (w, h) = (f64::from(width), f64::from(height));
        // A hair less than exact, so that a whole number is not rounded up by an error in the last place.
        let side = |length: f64| (length - 1e-6).ceil().max(1.0) as u32;
        Self {
            width: side((w * cos).abs() + (h * sin).abs()),
            height: side((w * sin).abs() + (h * cos).abs()),
            sin,
            cos,
            from_middle: (w / 2.0, h / 2.0),
        }
    }

    /// All samples of the new canvas, row by row.
    fn samples<T: Send>(
        &self,
        source: &Source<'_>,
        background: Option<[f32; 3]>,
        opaque: bool,
        depth: impl Fn(f32) -> T + Sync,
    ) -> Vec<T> {
        let rows: Vec<Vec<T>> = (0..self.height)
            .into_par_iter()
            .map(|y| {
                let mut row = Vec::with_capacity(self.width as usize * 4);
                for x in 0..self.width {
                    let [r, g, b, a] = self.sample(source, x, y, background);
                    let straight = |channel: f32| if a > 0.0 { (channel / a).clamp(0.0, 1.0) } else { 0.0 };
                    row.extend([r, g, b].map(|channel| depth(straight(channel))));
                    if !opaque {
                        row.push(depth(a));
                    }
                }
                row
            })
            .collect();
        rows.into_iter().flatten().collect()
    }

    /// One pixel of the new canvas, premultiplied.
    fn sample(&self, source: &Source<'_>, x: u32, y: u32, background: Option<[f32; 3]>) -> [f32; 4] {
        let right = f64::from(x) + 0.5 - f64::from(self.width) / 2.0;
        let down = f64::from(y) + 0.5 - f64::from(self.height) / 2.0;
        // Into the old picture, where pixel centres are whole numbers.
        let left = right * self.cos + down * self.sin + self.from_middle.0 - 0.5;
        let top = down * self.cos - right * self.sin + self.from_middle.1 - 0.5;
        let (width, height) = source.size();
        let (column, row) = (left.floor(), top.floor());
        if column < -2.0 || row < -2.0 || column > f64::from(width) + 1.0 || row > f64::from(height) + 1.0 {
            return over(background, [0.0; 4], 0.0);
        }
        let across = catmull_rom((left - column) as f32);
        let along = catmull_rom((top - row) as f32);
        let mut sum = [0.0f32; 4];
        let (column, row) = (column as i64, row as i64);
        for (offset_y, weight_y) in along.iter().enumerate() {
            for (offset_x, weight_x) in across.iter().enumerate() {
                let weight = weight_x * weight_y;
                // Past the edge the nearest pixel goes on; `coverage` below cuts the edge.
                let x = (column - 1 + offset_x as i64).clamp(0, i64::from(width) - 1) as u32;
                let y = (row - 1 + offset_y as i64).clamp(0, i64::from(height) - 1) as u32;
                for (sum, channel) in sum.iter_mut().zip(source.pixel(x, y)) {
                    *sum += channel * weight;
                }
            }
        }
        // How much of this pixel lies on the old picture: a ramp of one pixel at each edge.
        let within = |place: f64, side: u32| (place + 1.0).min(f64::from(side) - place).clamp(0.0, 1.0) as f32;
        let coverage = within(left, width) * within(top, height);
        let alpha = sum[3].clamp(0.0, 1.0);
        // Colour and alpha overshoot together at an edge; their quotient does not.
        let divide = if alpha > 0.0 { 1.0 / sum[3] } else { 0.0 };
        let color = |channel: f32| (channel * divide).clamp(0.0, 1.0) * alpha * coverage;
        over(
            background,
            [color(sum[0]), color(sum[1]), color(sum[2]), alpha * coverage],
            coverage,
        )
    }
}

/// Fills what the old picture does not cover; holes within the picture stay holes.
fn over(background: Option<[f32; 3]>, pixel: [f32; 4], coverage: f32) -> [f32; 4] {
    let Some([r, g, b]) = background else { return pixel };
    let share = 1.0 - coverage;
    [
        pixel[0] + r * share,
        pixel[1] + g * share,
        pixel[2] + b * share,
        pixel[3] + share,
    ]
}

/// Weights of the four samples around a place, which lies `t` after the second.
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        -0.5 * t + t2 - 0.5 * t3,
        1.0 - 2.5 * t2 + 1.5 * t3,
        0.5 * t + 2.0 * t2 - 1.5 * t3,
        -0.5 * t2 + 0.5 * t3,
    ]
}
