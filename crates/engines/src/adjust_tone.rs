//! Adjust light and colour: exposure and warmth on linear light, the rest in Oklab, where lightness and colour do not
//! disturb each other.

use aquatint_domain::Problem;
use image::{DynamicImage, Rgba};
use serde::Deserialize;
use serde_json::json;

use crate::background::{linear, oklab};
use crate::cutout_plain::srgb;
use crate::engine::{Engine, EngineJob, Product, kind_of};

pub struct AdjustTone;

/// Everything from -100 to 100 but exposure, which is in stops, and hue, which is in degrees.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Args {
    exposure: f32,
    brightness: f32,
    contrast: f32,
    highlights: f32,
    shadows: f32,
    saturation: f32,
    warmth: f32,
    hue: f32,
}

impl Engine for AdjustTone {
    fn id(&self) -> &'static str {
        "adjust.tone"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_input()?;
        (job.progress)(0.1, "adjusting");
        let mut image = picture.image.to_rgba16();
        let width = image.width() as usize;
        in_rows(image.as_flat_samples_mut().samples, width * 4, |row| {
            for pixel in row.chunks_exact_mut(4) {
                let Rgba([r, g, b, _]) = args.pixel(Rgba([pixel[0], pixel[1], pixel[2], pixel[3]]));
                (pixel[0], pixel[1], pixel[2]) = (r, g, b);
            }
        });
        Ok(Product::Picture {
            picture: aquatint_media::Picture {
                image: kind_of(&picture, DynamicImage::ImageRgba16(image)),
                notes: picture.notes.clone(),
            },
            facts: json!({}),
            seed: None,
        })
    }
}

/// Rows of a picture shared among the machine's threads.
pub(crate) fn in_rows<T: Send>(samples: &mut [T], row: usize, each: impl Fn(&mut [T]) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let rows = samples.len() / row.max(1);
    let share = rows.div_ceil(threads).max(1) * row.max(1);
    std::thread::scope(|scope| {
        for part in samples.chunks_mut(share) {
            let each = &each;
            scope.spawn(move || part.chunks_exact_mut(row).for_each(each));
        }
    });
}

impl Args {
    fn pixel(&self, pixel: Rgba<u16>) -> Rgba<u16> {
        let mut rgb: [f32; 3] = std::array::from_fn(|channel| f32::from(pixel.0[channel]) / 65_535.0);
        if self.exposure != 0.0 || self.warmth != 0.0 {
            let gain = self.exposure.exp2();
            // Red and blue against each other, green a little, so that lightness hardly moves.
            let warm = self.warmth / 100.0;
            let gains = [
                gain * (1.0 + 0.30 * warm),
                gain * (1.0 + 0.02 * warm),
                gain * (1.0 - 0.32 * warm),
            ];
            for (channel, gain) in rgb.iter_mut().zip(gains) {
                *channel = encoded(shoulder(linear(*channel) * gain));
            }
        }
        let [mut l, mut a, mut b] = oklab(rgb);
        if self.brightness != 0.0 {
            // A gamma: black stays black and white stays white.
            l = l.clamp(0.0, 1.0).powf((-self.brightness / 100.0 * 0.8).exp2());
        }
        if self.shadows != 0.0 {
            let dark = (1.0 - l.clamp(0.0, 1.0)).powi(3);
            l += self.shadows / 100.0 * 0.45 * dark * l.clamp(0.0, 1.0).sqrt();
        }
        if self.highlights != 0.0 {
            let light = l.clamp(0.0, 1.0).powi(3);
            l += self.highlights / 100.0 * 0.35 * light * (1.05 - l.clamp(0.0, 1.0)).sqrt();
        }
        if self.contrast != 0.0 {
            let strength = self.contrast / 100.0;
            let from = l.clamp(0.0, 1.0);
            l = if strength > 0.0 {
                let curve = from * from * (3.0 - 2.0 * from);
                from + (curve - from) * strength * 1.4
            } else {
                0.55 + (from - 0.55) * (1.0 + strength * 0.8)
            };
        }
        if self.saturation != 0.0 {
            let gain = if self.saturation < 0.0 {
                1.0 + self.saturation / 100.0
            } else {
                1.0 + self.saturation / 100.0 * 1.2
            };
            (a, b) = (a * gain, b * gain);
        }
        if self.hue != 0.0 {
            let (sin, cos) = self.hue.to_radians().sin_cos();
            (a, b) = (a * cos - b * sin, a * sin + b * cos);
        }
        let rgb = srgb([l, a, b]).map(|channel| (channel / 255.0 * 65_535.0 + 0.5).clamp(0.0, 65_535.0) as u16);
        Rgba([rgb[0], rgb[1], rgb[2], pixel.0[3]])
    }
}

fn encoded(channel: f32) -> f32 {
    if channel <= 0.003_130_8 {
        channel * 12.92
    } else {
        1.055 * channel.powf(1.0 / 2.4) - 0.055
    }
}

/// Up to 0.8 as it is; above it ever less, so that bright parts keep their drawing.
fn shoulder(light: f32) -> f32 {
    const KNEE: f32 = 0.8;
    if light <= KNEE {
        light
    } else {
        let over = (light - KNEE) / (1.0 - KNEE);
        (KNEE + (1.0 - KNEE) * (over / (1.0 + (over - 1.0).max(0.0) * 0.5)).min(1.0)).min(1.0)
    }
}
