//! Which net suits a picture: the one for clean pictures, or the one that restores.

use aquatint_domain::Problem;
use aquatint_media::Picture;
use image::GrayImage;

use super::net::{DETAIL, RESTORE, UpscaleNet};
use crate::engine::{Engine, EngineJob, Product};
use crate::planes::{Plane, noise_of};

/// Steps at the borders of 8×8 blocks that are so many times as large as elsewhere are those of JPEG.
const BLOCKS: f64 = 1.12;
/// Noise (standard deviation, 0–1) above which a picture is not clean.
const NOISE: f32 = 0.018;
/// Smaller pictures say too little about themselves.
const LEAST: u32 = 48;

pub struct UpscaleAuto;

impl Engine for UpscaleAuto {
    fn id(&self) -> &'static str {
        "upscale.auto"
    }

    fn run(&self, job: EngineJob<'_>) -> Result<Product, Problem> {
        let chosen = job.inputs.first().map_or(&DETAIL, |picture| choose(picture));
        let mut product = chosen.run(job)?;
        if let Product::Picture { facts, .. } = &mut product {
            facts["engine"] = chosen.id().into();
        }
        Ok(product)
    }
}

fn choose(picture: &Picture) -> &'static UpscaleNet {
    let light = picture.image.to_luma8();
    if light.width().min(light.height()) < LEAST {
        return &DETAIL;
    }
    let is_noisy = noise_of(&Plane::from_gray(&light)) > NOISE;
    if is_noisy || blockiness(&light) > BLOCKS {
        &RESTORE
    } else {
        &DETAIL
    }
}

/// How much larger steps between neighbours are at the borders of 8×8 blocks than half way between them.
fn blockiness(light: &GrayImage) -> f64 {
    let mut sums = [[0u64; 2]; 8];
    for (x, y, pixel) in light.enumerate_pixels() {
        if x + 1 < light.width() {
            let step = pixel.0[0].abs_diff(light.get_pixel(x + 1, y).0[0]);
            add(&mut sums[(x % 8) as usize], step);
        }
        if y + 1 < light.height() {
            let step = pixel.0[0].abs_diff(light.get_pixel(x, y + 1).0[0]);
            add(&mut sums[(y % 8) as usize], step);
        }
    }
    let mean = |place: usize| sums[place][0] as f64 / sums[place][1].max(1) as f64;
    let inside = [1, 2, 4, 5].map(mean).iter().sum::<f64>() / 4.0;
    mean(7) / inside.max(0.05)
}

/// Edges of the picture itself say nothing about blocks: large steps are left out.
fn add(sum: &mut [u64; 2], step: u8) {
    if step < 24 {
        sum[0] += u64::from(step);
        sum[1] += 1;
    }
}

#[cfg(test)]
mod tests {
    use aquatint_media::{Encoding, Limits, decode, encode};
    use aquatint_testkit::pictures::noise_photo;
    use image::DynamicImage;

    use super::*;

    #[test]
    fn a_strongly_compressed_picture_is_restored_and_a_clean_one_is_not() {
        let clean = Picture::new(DynamicImage::from(noise_photo(256, 192, 3)).blur(1.0));
        assert_eq!(choose(&clean).id(), "upscale.detail");
        let quality = Encoding {
            quality: 30,
            ..Encoding::of(aquatint_domain::MediaType::Jpeg)
        };
        let bytes = encode(&clean, &quality).expect("a JPEG");
        let poor = decode(&bytes, &Limits::default()).expect("a picture");
        assert_eq!(choose(&poor).id(), "upscale.restore");
    }
}
