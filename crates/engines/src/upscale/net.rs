//! Upscale by our own small networks, trained by `training/upscale`: they add to the Lanczos3 enlargement what a
//! photograph most likely has there. They see lightness only; colour follows it.

use std::sync::OnceLock;

use aquatint_domain::Problem;
use fast_image_resize::{FilterType, Resizer};
use serde_json::json;

use super::{Args, NO_ALPHA, Plane, enlarge, fitted, scaled};
use crate::cells::Cells;
use crate::engine::{Engine, EngineJob, Product};
use crate::guided::guided;
use crate::net::{Layer, Map, Weights};
use crate::planes;

/// Full-range BT.601, which the nets were trained with.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
/// Window and strength with which colour is smoothed along lightness before a restoring net, in pixels and variance.
const COLOR_RADIUS: usize = 3;
const COLOR_EPSILON: f32 = 2e-4;

/// One family of nets.
pub struct UpscaleNet {
    id: &'static str,
    method: &'static str,
    /// By enlargement; the least that is enough is used.
    nets: &'static [Weighed],
    /// Whether the input may be noisy or badly compressed.
    restores: bool,
}

struct Weighed {
    scale: u32,
    bytes: &'static [u8],
    read: &'static OnceLock<Net>,
}

macro_rules! weighed {
    ($scale:literal, $file:literal) => {{
        static READ: OnceLock<Net> = OnceLock::new();
        Weighed {
            scale: $scale,
            bytes: include_bytes!(concat!("../../weights/", $file, ".safetensors")),
            read: &READ,
        }
    }};
}

/// Clean pictures: sharper than any filter.
pub static DETAIL: UpscaleNet = UpscaleNet {
    id: "upscale.detail",
    method: "own network for clean pictures",
    nets: &[weighed!(2, "upscale-x2-clean"), weighed!(4, "upscale-x4-clean")],
    restores: false,
};

/// Blurred, noisy and compressed pictures.
pub static RESTORE: UpscaleNet = UpscaleNet {
    id: "upscale.restore",
    method: "own network for compressed and noisy pictures",
    nets: &[weighed!(4, "upscale-x4-restore")],
    restores: true,
};

/// Drawings, logos and lettering, compressed ones too: flat areas with hard edges.
pub static ILLUSTRATION: UpscaleNet = UpscaleNet {
    id: "upscale.illustration",
    method: "own network for drawings and lettering",
    nets: &[
        weighed!(2, "upscale-x2-illustration"),
        weighed!(4, "upscale-x4-illustration"),
    ],
    restores: false,
};

#[cfg(test)]
static ALL: [&UpscaleNet; 3] = [&DETAIL, &RESTORE, &ILLUSTRATION];

struct Net {
    head: Layer,
    pairs: Vec<(Layer, Layer)>,
    tail: Layer,
}

impl Net {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let weights = Weights::read(bytes)?;
        let mut pairs = Vec::new();
        while let Ok(first) = weights.layer(&format!("first.{}", pairs.len())) {
            pairs.push((first, weights.layer(&format!("second.{}", pairs.len()))?));
        }
        Ok(Self {
            head: weights.layer("head")?,
            pairs,
            tail: weights.layer("tail")?,
        })
    }

    /// The differences at the enlarged size, one channel per place in the enlarged pixel.
    fn run(&self, light: &Map) -> Map {
        let (width, height) = (light.width, light.height);
        let mut now = Map::new(width, height, self.head.outputs());
        self.head.run(light, None, true, &mut now);
        let mut between = Map::new(width, height, self.head.outputs());
        let mut next = Map::new(width, height, self.head.outputs());
        for (first, second) in &self.pairs {
            first.run(&now, None, true, &mut between);
            second.run(&between, Some(&now), true, &mut next);
            std::mem::swap(&mut now, &mut next);
        }
        let mut made = Map::new(width, height, self.tail.outputs());
        self.tail.run(&now, None, false, &mut made);
        made
    }
}

impl UpscaleNet {
    /// The net for an enlargement; the largest where none is enough.
    fn net(&self, scale: u32) -> Result<(&'static Net, u32), Problem> {
        let weighed = self
            .nets
            .iter()
            .find(|net| net.scale >= scale)
            .or(self.nets.last())
            .ok_or_else(|| Problem::internal("an engine without nets"))?;
        if let Some(net) = weighed.read.get() {
            return Ok((net, weighed.scale));
        }
        let net = Net::read(weighed.bytes)?;
        Ok((weighed.read.get_or_init(|| net), weighed.scale))
    }
}

impl Engine for UpscaleNet {
    fn id(&self) -> &'static str {
        self.id
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_input()?;
        let size = args.size(&picture, &job)?;
        let (net, times) = self.net(size.scale)?;
        let has_alpha = picture.is_see_through();
        let way =
            |own: &Plane, times: u32, resizer: &mut Resizer| tile(own, times, net, has_alpha, self.restores, resizer);
        let large = enlarge(&picture, times, &way, job.progress)?;
        let facts = json!({
            "scale": size.times(&picture),
            "method": self.method,
        });
        Ok(Product::Picture {
            picture: fitted(large, &size)?,
            facts,
            seed: None,
        })
    }
}

fn tile(
    own: &Plane,
    times: u32,
    net: &Net,
    has_alpha: bool,
    restores: bool,
    resizer: &mut Resizer,
) -> Result<Plane, Problem> {
    let (width, height) = (own.width as usize, own.height as usize);
    let mut light = Map::new(width, height, 1);
    for (at, pixel) in own.pixels.chunks_exact(4).enumerate() {
        light.pixel_mut(at % width, at / width)[0] = luma(pixel);
    }
    let smoothed;
    let base = if restores {
        smoothed = with_calm_color(own);
        &smoothed
    } else {
        own
    };
    let mut large = scaled(
        base,
        own.width * times,
        own.height * times,
        FilterType::Lanczos3,
        resizer,
    )?;
    let of_light = net.run(&light);
    if !has_alpha {
        each(&mut large, &of_light, times, |pixel, difference, _| {
            for channel in &mut pixel[..3] {
                *channel += difference;
            }
        });
        return Ok(large);
    }
    // Alpha is enlarged like a picture of its own, and takes the colours along; what the net saw in the light beyond that
    // is detail.
    for (at, pixel) in own.pixels.chunks_exact(4).enumerate() {
        light.pixel_mut(at % width, at / width)[0] = pixel[3];
    }
    let of_alpha = net.run(&light);
    each(&mut large, &of_alpha, times, |pixel, difference, (x, y, place)| {
        let alpha = pixel[3];
        pixel[3] = alpha + difference;
        if alpha < NO_ALPHA || pixel[3] < NO_ALPHA {
            pixel.fill(0.0);
            return;
        }
        let light = luma(pixel) / alpha;
        let detail = of_light.pixel(x, y)[place] - light * difference;
        for channel in 0..3 {
            pixel[channel] = pixel[channel] / alpha * pixel[3] + detail * pixel[3].min(1.0);
        }
    });
    Ok(large)
}

fn luma(pixel: &[f32]) -> f32 {
    pixel.iter().zip(LUMA).map(|(channel, share)| channel * share).sum()
}

/// Goes through the enlarged pixels with what the net says of each, and where it says it.
fn each(
    large: &mut Plane,
    differences: &Map,
    times: u32,
    mut change: impl FnMut(&mut [f32], f32, (usize, usize, usize)),
) {
    let (row, times) = (large.width as usize, times as usize);
    for y in 0..differences.height {
        for x in 0..differences.width {
            for (place, difference) in differences.pixel(x, y).iter().enumerate() {
                let at = ((y * times + place / times) * row + x * times + place % times) * 4;
                change(&mut large.pixels[at..at + 4], *difference, (x, y, place));
            }
        }
    }
}

/// The tile with its colours (not its lightness) smoothed along the lightness.
fn with_calm_color(own: &Plane) -> Plane {
    let (width, height) = (own.width as usize, own.height as usize);
    let light = planes::Plane::new(width, height, own.pixels.chunks_exact(4).map(luma).collect());
    let mut pixels = own.pixels.clone();
    let cells = Cells::exact(width, height, COLOR_RADIUS);
    for channel in 0..3 {
        let color = planes::Plane::new(
            width,
            height,
            own.pixels
                .chunks_exact(4)
                .zip(&light.values)
                .map(|(pixel, light)| pixel[channel] - light)
                .collect(),
        );
        let calm = guided(&light, &color, &cells, COLOR_EPSILON);
        for ((pixel, light), calm) in pixels.chunks_exact_mut(4).zip(&light.values).zip(&calm.values) {
            pixel[channel] = light + calm;
        }
    }
    Plane {
        width: own.width,
        height: own.height,
        pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_weights_fit_and_are_small() {
        for family in ALL {
            for net in family.nets {
                assert!(net.bytes.len() <= 300_000, "{}", family.id);
                let read = super::Net::read(net.bytes).expect("weights");
                assert_eq!(read.tail.outputs(), (net.scale * net.scale) as usize);
            }
        }
    }
}
