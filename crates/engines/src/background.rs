//! A smooth model of a picture's background, from its border: a quadratic surface for each Oklab
//! channel, fitted with reweighting so that border pixels which belong to the subject do not count.

use image::{DynamicImage, Rgb32FImage};
use rayon::prelude::*;

/// Terms of the surface: 1, x, y, x², xy, y².
const TERMS: usize = 6;
/// Rounds of reweighting.
const ROUNDS: usize = 8;
/// Border samples are thinned to about this many.
const SAMPLES: usize = 6_000;

/// Oklab of an sRGB colour with channels from 0 to 1 (Björn Ottosson, 2020).
pub(crate) fn oklab(rgb: [f32; 3]) -> [f32; 3] {
    of_linear(rgb.map(linear))
}

/// What a channel of sRGB is in light, both from 0 to 1.
pub(crate) fn linear(channel: f32) -> f32 {
    if channel <= 0.040_45 {
        channel / 12.92
    } else {
        ((channel + 0.055) / 1.055).powf(2.4)
    }
}

fn of_linear(linear: [f32; 3]) -> [f32; 3] {
    let l = (0.412_221_46 * linear[0] + 0.536_332_55 * linear[1] + 0.051_445_995 * linear[2]).cbrt();
    let m = (0.211_903_5 * linear[0] + 0.680_699_5 * linear[1] + 0.107_396_96 * linear[2]).cbrt();
    let s = (0.088_302_46 * linear[0] + 0.281_718_85 * linear[1] + 0.629_978_7 * linear[2]).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// The picture's pixels as Oklab.
pub(crate) fn oklab_image(picture: &DynamicImage) -> Rgb32FImage {
    // Of 8 bits there are only so many.
    let table: [f32; 256] = std::array::from_fn(|value| linear(value as f32 / 255.0));
    let of_bytes = |samples: &[u8], step: usize| -> Vec<f32> {
        let pixels = samples.par_chunks_exact(step);
        let lab = pixels.flat_map_iter(|pixel| of_linear([0, 1, 2].map(|channel| table[usize::from(pixel[channel])])));
        lab.collect()
    };
    let values = match picture {
        DynamicImage::ImageRgb8(pixels) => of_bytes(pixels, 3),
        DynamicImage::ImageRgba8(pixels) => of_bytes(pixels, 4),
        other => {
            let mut values = other.to_rgb32f().into_raw();
            values.par_chunks_exact_mut(3).for_each(|pixel| {
                pixel.copy_from_slice(&oklab([pixel[0], pixel[1], pixel[2]]));
            });
            values
        }
    };
    Rgb32FImage::from_raw(picture.width(), picture.height(), values).unwrap_or_default()
}

/// A fitted background.
pub(crate) struct Background {
    surfaces: [[f64; TERMS]; 3],
    /// The spread of border pixels around the surface, robustly.
    pub sigma: f32,
    /// The share of the border that fits the surface.
    pub inliers: f32,
}

impl Background {
    /// Fits the surface to a ring of `ring` pixels around the picture.
    pub fn fit(lab: &Rgb32FImage, ring: u32) -> Self {
        let (width, height) = lab.dimensions();
        let ring = ring.clamp(1, (width.min(height) / 2).max(1));
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                if x < ring || y < ring || x + ring >= width || y + ring >= height {
                    samples.push((terms(position(x, width), position(y, height)), lab.get_pixel(x, y).0));
                }
            }
        }
        let step = samples.len().div_ceil(SAMPLES).max(1);
        let samples: Vec<_> = samples.into_iter().step_by(step).collect();
        let mut weights = vec![1.0f64; samples.len()];
        let mut fitted = Self {
            surfaces: [[0.0; TERMS]; 3],
            sigma: 1.0,
            inliers: 0.0,
        };
        for _ in 0..ROUNDS {
            for channel in 0..3 {
                fitted.surfaces[channel] = solve(&samples, &weights, channel);
            }
            let mut residuals: Vec<f32> = samples
                .iter()
                .map(|(terms, lab)| distance(*lab, fitted.at_terms(terms)))
                .collect();
            let spread = {
                let mut sorted = residuals.clone();
                let middle = sorted.len() / 2;
                *sorted.select_nth_unstable_by(middle, f32::total_cmp).1
            };
            fitted.sigma = (spread * 1.2).max(0.002);
            let cut = f64::from(fitted.sigma) * 4.7;
            for (weight, residual) in weights.iter_mut().zip(&mut residuals) {
                let u = f64::from(*residual) / cut;
                *weight = if u < 1.0 { (1.0 - u * u).powi(2) } else { 0.0 };
            }
        }
        let limit = (fitted.sigma * 4.0).max(0.02);
        let fit = samples
            .iter()
            .filter(|(terms, lab)| distance(*lab, fitted.at_terms(terms)) < limit)
            .count();
        fitted.inliers = fit as f32 / samples.len().max(1) as f32;
        fitted
    }

    /// The background's Oklab at a pixel; positions outside the picture continue the edge's tendency, damped.
    pub fn at(&self, x: f64, y: f64, width: u32, height: u32) -> [f32; 3] {
        let damp = |value: f64| {
            if value > 1.0 {
                1.0 + (value - 1.0).tanh() * 0.25
            } else if value < -1.0 {
                -1.0 - (-value - 1.0).tanh() * 0.25
            } else {
                value
            }
        };
        let scale = |value: f64, length: u32| value / f64::from(length.max(2) - 1) * 2.0 - 1.0;
        self.at_terms(&terms(damp(scale(x, width)), damp(scale(y, height))))
    }

    fn at_terms(&self, terms: &[f64; TERMS]) -> [f32; 3] {
        let dot = |surface: &[f64; TERMS]| surface.iter().zip(terms).map(|(a, b)| a * b).sum::<f64>() as f32;
        [dot(&self.surfaces[0]), dot(&self.surfaces[1]), dot(&self.surfaces[2])]
    }
}

/// Distance in Oklab; a darker neutral difference (a soft shadow) counts less than one in colour.
pub(crate) fn distance(pixel: [f32; 3], background: [f32; 3]) -> f32 {
    let [l, a, b] = [
        pixel[0] - background[0],
        pixel[1] - background[1],
        pixel[2] - background[2],
    ];
    let chroma = (a * a + b * b).sqrt();
    let is_shadow = l < 0.0 && chroma < 0.25 * -l + 0.004 && l > -0.12;
    let weight = if is_shadow { 0.35 } else { 1.0 };
    ((l * weight).powi(2) + (1.6 * chroma).powi(2)).sqrt()
}

fn position(at: u32, length: u32) -> f64 {
    f64::from(at) / f64::from(length.max(2) - 1) * 2.0 - 1.0
}

fn terms(x: f64, y: f64) -> [f64; TERMS] {
    [1.0, x, y, x * x, x * y, y * y]
}

/// Weighted least squares by the normal equations, slightly damped so that a thin picture stays solvable.
fn solve(samples: &[([f64; TERMS], [f32; 3])], weights: &[f64], channel: usize) -> [f64; TERMS] {
    let mut matrix = [[0.0f64; TERMS + 1]; TERMS];
    for ((terms, lab), weight) in samples.iter().zip(weights) {
        for row in 0..TERMS {
            for column in 0..TERMS {
                matrix[row][column] += weight * terms[row] * terms[column];
            }
            matrix[row][TERMS] += weight * terms[row] * f64::from(lab[channel]);
        }
    }
    for (row, line) in matrix.iter_mut().enumerate() {
        line[row] += if row == 0 { 1e-9 } else { 1e-3 };
    }
    for pivot in 0..TERMS {
        let best = (pivot..TERMS)
            .max_by(|a, b| matrix[*a][pivot].abs().total_cmp(&matrix[*b][pivot].abs()))
            .unwrap_or(pivot);
        matrix.swap(pivot, best);
        let divisor = matrix[pivot][pivot];
        if divisor.abs() < 1e-15 {
            continue;
        }
        for row in 0..TERMS {
            if row != pivot {
                let factor = matrix[row][pivot] / divisor;
                for column in pivot..=TERMS {
                    matrix[row][column] -= factor * matrix[pivot][column];
                }
            }
        }
    }
    std::array::from_fn(|row| {
        if matrix[row][row].abs() < 1e-15 {
            0.0
        } else {
            matrix[row][TERMS] / matrix[row][row]
        }
    })
}
