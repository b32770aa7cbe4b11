//! Cut-out for plain backgrounds: a smooth background model from the border, a flood from the edge
//! through what fits it, and a matte at the rim by the line between background and subject colour.
//! It knows no objects, so it says how sure it is.

use aquatint_domain::Problem;
use aquatint_media::{Picture, resize, resize_mask};
use image::{GrayImage, ImageBuffer, Luma, Rgba};
use rayon::prelude::*;

use crate::background::{Background, distance, oklab_image};
use crate::cutout_finish::Finish;
use crate::engine::{Engine, EngineJob, Product};
use crate::matte::{Matte, SURE};

/// The mask is found at most at this long side.
const WORK_SIDE: u32 = 1_400;
/// Width of the rim that gets a soft matte, in pixels of the work size.
const RIM: i64 = 2;
/// The part of the subject's height, from its foot, in which a shadow is looked for.
const SHADOW_REACH: f32 = 0.35;
/// How much darker than the background a shadow may be, in Oklab lightness.
const SHADOW_DEPTH: f32 = 0.38;
/// How much its colour may differ, in Oklab.
const SHADOW_CHROMA: f32 = 0.03;
/// The largest step of lightness from pixel to pixel within it.
const SHADOW_STEP: f32 = 0.02;
/// A shadow is less than one part in so many of the subject.
const SHADOW_MOST: usize = 4;

pub struct CutoutPlain;

impl Engine for CutoutPlain {
    fn id(&self) -> &'static str {
        "cutout.plain"
    }

    fn version(&self) -> &'static str {
        "2"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let finish: Finish = job.read()?;
        let picture = job.take_first()?;
        let matte = found(&picture, finish.has_shadow(), job.progress)?;
        finish.apply(&picture, matte, &mut job)
    }
}

/// The subject; without the shadow that it throws, where it will get a new one.
pub(crate) fn found(
    picture: &Picture,
    is_shadow_dropped: bool,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Matte, Problem> {
    progress(0.1, "looking at the background");
    let long = picture.width().max(picture.height());
    let scale = (f64::from(WORK_SIDE) / f64::from(long)).min(1.0);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = if scale < 1.0 {
        resize(picture, side(picture.width()), side(picture.height()))?
    } else {
        picture.clone()
    };
    let lab = oklab_image(&small.image);
    let (width, height) = lab.dimensions();
    let ring = (width.min(height) / 40).clamp(1, 24);
    let background = Background::fit(&lab, ring);

    progress(0.3, "finding the subject");
    let low = (background.sigma * 3.5).max(0.018);
    let high = (background.sigma * 7.0).max(0.05);
    let rows = (0..height).into_par_iter();
    let distances: Vec<f32> = rows
        .flat_map_iter(|y| {
            let (lab, background) = (&lab, &background);
            (0..width).map(move |x| {
                let behind = background.at(f64::from(x), f64::from(y), width, height);
                distance(lab.get_pixel(x, y).0, behind)
            })
        })
        .collect();
    let mut is_background = flood(&distances, width, height, (low + high) / 2.0);
    open_holes(&mut is_background, &distances, width, height, low);
    drop_specks(&mut is_background, width, height);
    if is_shadow_dropped {
        drop_shadow(&lab, &background, &mut is_background);
        drop_specks(&mut is_background, width, height);
    }

    progress(0.6, "softening the rim");
    let matte = matte(&lab, &background, &is_background, width, height);
    let confidence = confidence(&background, &distances, &is_background, width, height, ring, high);
    let alpha = if scale < 1.0 {
        resize_mask(&matte, picture.width(), picture.height())?
    } else {
        matte
    };
    let hint = (confidence < SURE).then(|| {
        "The background is not plain, so the cut-out may be wrong. Look at it before using it; a model for general photographs does better where one is installed.".to_owned()
    });
    Ok(Matte {
        alpha,
        confidence,
        hint,
        background: Some(background),
        step: (1.0 / scale) as f32,
        model: None,
        engine: None,
    })
}

/// Marks what is reached from the edge through pixels below the threshold.
fn flood(distances: &[f32], width: u32, height: u32, threshold: f32) -> Vec<bool> {
    let (w, h) = (width as usize, height as usize);
    let mut reached = vec![false; distances.len()];
    let mut stack: Vec<usize> = (0..w)
        .flat_map(|x| [x, (h - 1) * w + x])
        .chain((0..h).flat_map(|y| [y * w, y * w + w - 1]))
        .collect();
    while let Some(at) = stack.pop() {
        if reached[at] || distances[at] >= threshold {
            continue;
        }
        reached[at] = true;
        let (x, y) = (at % w, at / w);
        if x > 0 {
            stack.push(at - 1);
        }
        if x + 1 < w {
            stack.push(at + 1);
        }
        if y > 0 {
            stack.push(at - w);
        }
        if y + 1 < h {
            stack.push(at + w);
        }
    }
    reached
}

/// Enclosed areas that fit the background very well (between a handle and a cup) are background too.
fn open_holes(is_background: &mut [bool], distances: &[f32], width: u32, height: u32, low: f32) {
    let smallest = (distances.len() / 2_000).max(24);
    for area in areas(width, height, |at| !is_background[at] && distances[at] < low) {
        if area.len() >= smallest {
            for at in area {
                is_background[at] = true;
            }
        }
    }
}

/// Specks of subject are dust.
fn drop_specks(is_background: &mut [bool], width: u32, height: u32) {
    let found = areas(width, height, |at| !is_background[at]);
    let largest = found.iter().map(Vec::len).max().unwrap_or(0);
    for area in found.into_iter().filter(|area| area.len() * 200 < largest) {
        for at in area {
            is_background[at] = true;
        }
    }
}

/// A shadow at the foot of the subject is background: darker than it, of its colour, and without edges. It is eaten from
/// outside; where that would take much of the subject, which may be grey itself, all stays as it was.
fn drop_shadow(lab: &image::Rgb32FImage, background: &Background, is_background: &mut [bool]) {
    let (width, height) = lab.dimensions();
    let (w, h) = (width as usize, height as usize);
    let rows = |y: &usize| (0..w).any(|x| !is_background[y * w + x]);
    let (Some(top), Some(foot)) = ((0..h).find(rows), (0..h).rev().find(rows)) else {
        return;
    };
    let from = foot - ((foot - top) as f32 * SHADOW_REACH) as usize;
    let at = |x: usize, y: usize| lab.get_pixel(x as u32, y as u32).0;
    let is_shadow = |x: usize, y: usize| {
        let own = at(x, y);
        let behind = background.at(x as f64, y as f64, width, height);
        let dark = behind[0] - own[0];
        let chroma = (own[1] - behind[1]).hypot(own[2] - behind[2]);
        let step = [
            at((x + 1).min(w - 1), y)[0],
            at(x.saturating_sub(1), y)[0],
            at(x, (y + 1).min(h - 1))[0],
            at(x, y.saturating_sub(1))[0],
        ]
        .into_iter()
        .map(|near| (near - own[0]).abs())
        .fold(0.0, f32::max);
        (-0.02..SHADOW_DEPTH).contains(&dark) && chroma < SHADOW_CHROMA && step < SHADOW_STEP
    };
    let mut eaten = is_background.to_vec();
    let mut stack: Vec<usize> = (from * w..w * h).filter(|at| is_background[*at]).collect();
    let mut count = 0usize;
    while let Some(place) = stack.pop() {
        let (x, y) = (place % w, place / w);
        let around = [
            (x > 0).then(|| place - 1),
            (x + 1 < w).then(|| place + 1),
            (y > from).then(|| place - w),
            (y + 1 < h).then(|| place + w),
        ];
        for next in around.into_iter().flatten() {
            if !eaten[next] && is_shadow(next % w, next / w) {
                eaten[next] = true;
                count += 1;
                stack.push(next);
            }
        }
    }
    let subject = is_background.iter().filter(|is_background| !**is_background).count();
    if count * SHADOW_MOST < subject {
        is_background.copy_from_slice(&eaten);
    }
}

/// Connected areas of pixels that belong.
fn areas(width: u32, height: u32, belongs: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let (w, h) = (width as usize, height as usize);
    let mut seen = vec![false; w * h];
    let mut found = Vec::new();
    for start in 0..w * h {
        if seen[start] || !belongs(start) {
            continue;
        }
        seen[start] = true;
        let (mut area, mut next) = (vec![start], 0);
        while next < area.len() {
            let at = area[next];
            next += 1;
            let (x, y) = (at % w, at / w);
            let around = [
                (x > 0).then(|| at - 1),
                (x + 1 < w).then(|| at + 1),
                (y > 0).then(|| at - w),
                (y + 1 < h).then(|| at + w),
            ];
            for neighbour in around.into_iter().flatten() {
                if !seen[neighbour] && belongs(neighbour) {
                    seen[neighbour] = true;
                    area.push(neighbour);
                }
            }
        }
        found.push(area);
    }
    found
}

/// The marks and everything within so many pixels of one, to the side and up and down.
fn spread(marks: &[bool], width: usize, radius: usize) -> Vec<bool> {
    let mut wide = marks.to_vec();
    for (made, row) in wide.chunks_exact_mut(width).zip(marks.chunks_exact(width)) {
        for away in 1..=radius.min(width - 1) {
            for (made, mark) in made[away..].iter_mut().zip(row) {
                *made |= *mark;
            }
            for (made, mark) in made.iter_mut().zip(&row[away..]) {
                *made |= *mark;
            }
        }
    }
    let mut made = wide.clone();
    for away in (1..=radius)
        .map(|rows| rows * width)
        .take_while(|away| *away < wide.len())
    {
        for (made, mark) in made[away..].iter_mut().zip(&wide) {
            *made |= *mark;
        }
        for (made, mark) in made.iter_mut().zip(&wide[away..]) {
            *made |= *mark;
        }
    }
    made
}

/// Alpha: 0 and 1 away from the rim; at the rim the pixel's place on the line from the background's colour to the subject's nearby colour.
fn matte(
    lab: &image::Rgb32FImage,
    background: &Background,
    is_background: &[bool],
    width: u32,
    height: u32,
) -> GrayImage {
    let (w, h) = (i64::from(width), i64::from(height));
    let at = |x: i64, y: i64| (y * w + x) as usize;
    let inside = |x: i64, y: i64| x >= 0 && y >= 0 && x < w && y < h;
    let is_subject: Vec<bool> = is_background.iter().map(|is_background| !is_background).collect();
    let near_background = spread(is_background, width as usize, RIM as usize);
    let near_subject = spread(&is_subject, width as usize, RIM as usize);
    let touches_background = spread(is_background, width as usize, 1);
    let touches_subject = spread(&is_subject, width as usize, 1);
    GrayImage::from_fn(width, height, |px, py| {
        let (x, y) = (i64::from(px), i64::from(py));
        let own = is_background[at(x, y)];
        let is_rim = if own {
            near_subject[at(x, y)]
        } else {
            near_background[at(x, y)]
        };
        if !is_rim {
            return Luma([if own { 0 } else { 255 }]);
        }
        // The subject's colour nearby, from pixels that are surely subject.
        let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
        let reach = RIM + 3;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (nx, ny) = (x + dx, y + dy);
                if inside(nx, ny) && !touches_background[at(nx, ny)] {
                    let pixel = lab.get_pixel(nx as u32, ny as u32).0;
                    for channel in 0..3 {
                        sum[channel] += pixel[channel];
                    }
                    count += 1.0;
                }
            }
        }
        if count == 0.0 {
            return Luma([if own { 0 } else { 255 }]);
        }
        let subject = sum.map(|channel| channel / count);
        let behind = background.at(x as f64, y as f64, width, height);
        let pixel = lab.get_pixel(px, py).0;
        let (mut along, mut length) = (0.0f32, 0.0f32);
        for channel in 0..3 {
            along += (pixel[channel] - behind[channel]) * (subject[channel] - behind[channel]);
            length += (subject[channel] - behind[channel]).powi(2);
        }
        let alpha = if length < 1e-6 {
            1.0
        } else {
            (along / length).clamp(0.0, 1.0)
        };
        // Beyond one pixel outside the rim nothing of the subject is left.
        let alpha = if own && !touches_subject[at(x, y)] {
            alpha * 0.5
        } else {
            alpha
        };
        Luma([(((alpha - 0.05) / 0.9).clamp(0.0, 1.0) * 255.0).round() as u8])
    })
}

/// From 0 to 1: is the border plain, does the subject stand out, and is its area plausible?
fn confidence(
    background: &Background,
    distances: &[f32],
    is_background: &[bool],
    width: u32,
    height: u32,
    ring: u32,
    high: f32,
) -> f32 {
    let plain = ((background.inliers - 0.55) / 0.4).clamp(0.0, 1.0)
        * (1.0 - ((background.sigma - 0.012) / 0.05).clamp(0.0, 1.0));
    let mut subject: Vec<f32> = distances
        .iter()
        .zip(is_background)
        .filter(|(_, back)| !**back)
        .map(|(distance, _)| *distance)
        .collect();
    let share = subject.len() as f32 / distances.len() as f32;
    if subject.is_empty() {
        return 0.0;
    }
    let middle = subject.len() / 2;
    let typical = *subject.select_nth_unstable_by(middle, f32::total_cmp).1;
    let stands_out = ((typical / high - 0.8) / 1.6).clamp(0.0, 1.0);
    let plausible = (share / 0.01).min(1.0) * ((0.97 - share) / 0.12).clamp(0.0, 1.0);
    // A subject that fills the border is cut by it, or is not the subject.
    let (w, h, ring) = (width as usize, height as usize, ring as usize);
    let border =
        (0..distances.len()).filter(|at| at % w < ring || at % w + ring >= w || at / w < ring || at / w + ring >= h);
    let (mut all, mut taken) = (0.0f32, 0.0f32);
    for at in border {
        all += 1.0;
        taken += f32::from(u8::from(!is_background[at]));
    }
    let touching = 1.0 - ((taken / all.max(1.0) - 0.08) / 0.4).clamp(0.0, 1.0);
    plain * (0.25 + 0.75 * stands_out) * plausible * touching
}

impl Background {
    /// The picture with that alpha, without the background's colour in half-transparent pixels.
    pub(crate) fn subject(&self, picture: &Picture, matte: &GrayImage) -> ImageBuffer<Rgba<u16>, Vec<u16>> {
        // Sixteen bits hold eight bits exactly.
        let source = picture.image.to_rgba16();
        let (width, height) = source.dimensions();
        ImageBuffer::from_fn(width, height, |x, y| {
            let Rgba([r, g, b, a]) = *source.get_pixel(x, y);
            let alpha = matte.get_pixel(x, y)[0];
            if alpha == 0 {
                return Rgba([0, 0, 0, 0]);
            }
            let share = f32::from(alpha) / 255.0;
            let mut rgb = [r, g, b];
            if alpha < 250 {
                let behind = srgb(self.at(f64::from(x), f64::from(y), width, height)).map(|channel| channel * 257.0);
                for (channel, behind) in rgb.iter_mut().zip(behind) {
                    let clean = (f32::from(*channel) - behind * (1.0 - share)) / share;
                    *channel = clean.clamp(0.0, 65_535.0).round() as u16;
                }
            }
            Rgba([
                rgb[0],
                rgb[1],
                rgb[2],
                ((u32::from(alpha) * u32::from(a) + 127) / 255) as u16,
            ])
        })
    }
}

/// sRGB from 0 to 255 of an Oklab colour.
pub(crate) fn srgb(lab: [f32; 3]) -> [f32; 3] {
    let l = (lab[0] + 0.396_337_78 * lab[1] + 0.215_803_76 * lab[2]).powi(3);
    let m = (lab[0] - 0.105_561_346 * lab[1] - 0.063_854_17 * lab[2]).powi(3);
    let s = (lab[0] - 0.089_484_18 * lab[1] - 1.291_485_5 * lab[2]).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    linear.map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        255.0
            * if channel <= 0.003_130_8 {
                channel * 12.92
            } else {
                1.055 * channel.powf(1.0 / 2.4) - 0.055
            }
    })
}
