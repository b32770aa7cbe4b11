//! Upscale by Lanczos3 with iterated back-projection (Irani and Peleg, 1991): the enlarged picture is
//! reduced again, and what differs from the input is put back, so that no detail of the input is
//! lost and none is invented.

use aquatint_domain::Problem;
use fast_image_resize::{FilterType, Resizer};
use serde_json::json;

use super::{Args, Plane, enlarge, fitted, scaled};
use crate::engine::{Engine, EngineJob, Product};

const ITERATIONS: usize = 10;
/// The largest correction of one round: noise and JPEG blocks are not amplified without limit.
const MOST: f32 = 0.08;
/// How far a result may go past the extremes of its neighbourhood in the input, as a share of their distance.
const BEYOND: f32 = 0.12;

pub struct UpscaleLanczos;

impl Engine for UpscaleLanczos {
    fn id(&self) -> &'static str {
        "upscale.lanczos"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_input()?;
        let size = args.size(&picture, &job)?;
        let large = enlarge(&picture, size.scale, &tile, job.progress)?;
        let facts = json!({
            "scale": size.times(&picture),
            "method": "Lanczos3 with back-projection",
        });
        Ok(Product::Picture {
            picture: fitted(large, &size)?,
            facts,
            seed: None,
        })
    }
}

/// One tile with its surroundings, enlarged and corrected.
fn tile(own: &Plane, scale: u32, resizer: &mut Resizer) -> Result<Plane, Problem> {
    let (width, height) = (own.width, own.height);
    let mut large = scaled(own, width * scale, height * scale, FilterType::Lanczos3, resizer)?;
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
        calm(&mut large, own, scale);
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
