//! Enhance by classic means, nothing invented: noise by the self-guided filter, tone by its own extremes, a mild
//! correction of a colour cast, sharpness by an unsharp mask that leaves noise alone.

use aquatint_domain::Problem;
use image::DynamicImage;
use serde::Deserialize;
use serde_json::json;

use crate::adjust_tone::in_rows;
use crate::background::oklab;
use crate::cells::Cells;
use crate::cutout_plain::srgb;
use crate::engine::{Engine, EngineJob, Product, kind_of};
use crate::guided::guided;
use crate::planes::{Plane, noise_of};

/// Noise (standard deviation of lightness) below this is not worth smoothing.
const QUIET: f32 = 0.006;
/// Shares of the pixels that automatic levels let go at each end.
const CLIPPED: f64 = 0.003;
/// The strongest stretch of automatic levels.
const STRETCH: f32 = 1.5;

pub struct EnhanceClassic;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    /// From 0 to 100; by the picture's own noise when absent.
    denoise: Option<f32>,
    /// From 0 to 100.
    sharpen: f32,
    auto_levels: bool,
}

impl Engine for EnhanceClassic {
    fn id(&self) -> &'static str {
        "enhance.classic"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_input()?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        (job.progress)(0.05, "measuring the picture");
        let source = picture.image.to_rgba16();
        let mut channels: [Plane; 3] = std::array::from_fn(|_| Plane::new(width, height, vec![0.0; width * height]));
        for (at, pixel) in source.pixels().enumerate() {
            let lab = oklab(std::array::from_fn(|channel| f32::from(pixel.0[channel]) / 65_535.0));
            for (plane, value) in channels.iter_mut().zip(lab) {
                plane.values[at] = value;
            }
        }
        let noise = noise_of(&channels[0]);
        let strength = args.denoise.map_or_else(
            || if noise > QUIET { (noise * 1.3).min(0.06) } else { 0.0 },
            |percent| (percent / 100.0) * 0.06,
        );
        if strength > 0.0 {
            (job.progress)(0.2, "removing noise");
            let [l, a, b] = &mut channels;
            *l = guided(l, l, &Cells::exact(width, height, 2), (strength * 1.2).powi(2));
            // Colour noise is coarser and colour is seen less sharply: a wider window that keeps lightness' edges.
            for plane in [a, b] {
                *plane = guided(l, plane, &Cells::exact(width, height, 4), (strength * 1.5).powi(2));
            }
        }
        let mut facts = json!({ "noise": (f64::from(noise) * 1_000.0).round() / 1_000.0, "denoised": strength > 0.0 });
        if args.auto_levels {
            (job.progress)(0.5, "setting the levels");
            let (low, high) = extremes(&channels[0]);
            let gain = (0.97 / (high - low).max(0.05)).clamp(1.0, STRETCH);
            // A picture that is dark or pale on purpose is stretched around where it lies.
            let base = if gain >= STRETCH { (low + high) / 2.0 } else { low };
            let target = if gain >= STRETCH {
                base.clamp(0.35, 0.65)
            } else {
                low.min(0.03)
            };
            let cast = cast_of(&channels);
            let [l, a, b] = &mut channels;
            for at in 0..l.values.len() {
                l.values[at] = (l.values[at] - base) * gain + target;
                a.values[at] = (a.values[at] - cast[0]) * gain.sqrt();
                b.values[at] = (b.values[at] - cast[1]) * gain.sqrt();
            }
            facts["contrast"] = json!((f64::from(gain) * 100.0).round() / 100.0);
        }
        if args.sharpen > 0.0 {
            (job.progress)(0.7, "sharpening");
            let l = &mut channels[0];
            let soft = l.blur(1.2);
            let amount = args.sharpen / 100.0 * 1.6;
            let threshold = if strength > 0.0 { noise * 0.5 } else { noise };
            for (value, soft) in l.values.iter_mut().zip(&soft.values) {
                let detail = *value - soft;
                // Grows from nothing at the noise's own size, and never makes halos.
                let kept = detail.signum() * (detail.abs() - threshold * 0.7).max(0.0);
                *value += (kept * amount).clamp(-0.09, 0.09);
            }
        }

        (job.progress)(0.85, "writing colours");
        let mut made = source;
        let [l, a, b] = &channels;
        let mut rows: Vec<(&mut [u16], usize)> = made
            .as_flat_samples_mut()
            .samples
            .chunks_exact_mut(width * 4)
            .enumerate()
            .map(|(y, row)| (row, y))
            .collect();
        in_rows(&mut rows, 1, |part| {
            for (row, y) in part {
                for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                    let at = *y * width + x;
                    let rgb = srgb([l.values[at], a.values[at], b.values[at]]);
                    for channel in 0..3 {
                        pixel[channel] = (rgb[channel] * 257.0 + 0.5).clamp(0.0, 65_535.0) as u16;
                    }
                }
            }
        });
        Ok(Product::Picture {
            picture: aquatint_media::Picture {
                image: kind_of(&picture, DynamicImage::ImageRgba16(made)),
                notes: picture.notes.clone(),
            },
            facts,
            seed: None,
        })
    }
}

fn extremes(plane: &Plane) -> (f32, f32) {
    const BINS: usize = 2_048;
    let mut counts = vec![0u64; BINS];
    for value in &plane.values {
        counts[((value.clamp(0.0, 1.0) * (BINS - 1) as f32) as usize).min(BINS - 1)] += 1;
    }
    let let_go = (plane.values.len() as f64 * CLIPPED) as u64;
    let find = |bins: &mut dyn Iterator<Item = usize>| {
        let mut sum = 0;
        for bin in bins {
            sum += counts[bin];
            if sum > let_go {
                return bin as f32 / (BINS - 1) as f32;
            }
        }
        0.0
    };
    (find(&mut (0..BINS)), find(&mut (0..BINS).rev()))
}

/// Half of the mean colour of pixels that are nearly grey: what a neutral surface has too much of.
fn cast_of(channels: &[Plane; 3]) -> [f32; 2] {
    const NEARLY_GREY: f32 = 0.035;
    let [l, a, b] = channels;
    let (mut sum, mut count) = ([0.0f64; 2], 0u64);
    for at in 0..l.values.len() {
        let (x, y) = (a.values[at], b.values[at]);
        if (x * x + y * y).sqrt() < NEARLY_GREY && (0.2..0.97).contains(&l.values[at]) {
            sum[0] += f64::from(x);
            sum[1] += f64::from(y);
            count += 1;
        }
    }
    if count * 20 < l.values.len() as u64 {
        return [0.0; 2];
    }
    sum.map(|sum| (sum / count as f64 * 0.5) as f32)
}
