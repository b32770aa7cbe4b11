//! Pictures whose truth is known, because the test drew them.

use image::{GrayImage, Luma, Rgb, RgbImage};

/// Two colours in squares of `cell` pixels: hard edges at known places.
pub fn checkerboard(width: u32, height: u32, cell: u32) -> RgbImage {
    let cell = cell.max(1);
    RgbImage::from_fn(width, height, |x, y| {
        if (x / cell + y / cell).is_multiple_of(2) {
            Rgb([235, 235, 230])
        } else {
            Rgb([30, 60, 90])
        }
    })
}

/// A picture and what is in front of it.
pub struct Scene {
    pub picture: RgbImage,
    /// How much of each pixel is the product, from 0 to 255; the edges are antialiased.
    pub alpha: GrayImage,
}

/// A glossy bottle, coloured from top to bottom, in the middle of a plain wall that is a little darker at its edges.
pub fn product_on_plain(width: u32, height: u32, background: [u8; 3]) -> Scene {
    let (w, h) = (f64::from(width), f64::from(height));
    let mut alpha = GrayImage::new(width, height);
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let cover = coverage(x, y, w, h);
        alpha.put_pixel(x, y, Luma([(cover * 255.0).round() as u8]));
        let (u, v) = ((f64::from(x) + 0.5) / w, (f64::from(y) + 0.5) / h);

        // The wall loses up to three percent towards its corners, as real ones do.
        let vignette = 1.0 - 0.06 * ((u - 0.5).powi(2) + (v - 0.5).powi(2));
        // The product turns from orange to violet, and shines on its left.
        let shine = 0.35 * (-((u - 0.43) / 0.03).powi(2)).exp();
        let shade = 1.0 - 1.6 * (u - 0.5).abs();
        let product = [215.0 - 110.0 * v, 95.0 + 20.0 * v, 40.0 + 130.0 * v];

        let mut pixel = [0; 3];
        for (channel, slot) in pixel.iter_mut().enumerate() {
            let front = (product[channel] * shade + 255.0 * shine).min(255.0);
            let back = f64::from(background[channel]) * vignette;
            *slot = (front * cover + back * (1.0 - cover)).round() as u8;
        }
        Rgb(pixel)
    });
    Scene { picture, alpha }
}

/// How much of a pixel lies in the bottle, by 4 × 4 samples.
fn coverage(x: u32, y: u32, w: f64, h: f64) -> f64 {
    const SAMPLES: u32 = 4;
    let mut inside = 0;
    for step in 0..SAMPLES * SAMPLES {
        let place = |pixel: u32, step: u32| f64::from(pixel) + (f64::from(step) + 0.5) / f64::from(SAMPLES);
        let (u, v) = (place(x, step % SAMPLES) / w - 0.5, place(y, step / SAMPLES) / h - 0.5);
        // A body with round corners, and a neck on it.
        let (dx, dy) = ((u.abs() - 0.12).max(0.0), ((v - 0.08).abs() - 0.20).max(0.0));
        let body = dx.hypot(dy) < 0.06;
        let neck = u.abs() < 0.05 && (-0.34..0.0).contains(&v);
        inside += u32::from(body || neck);
    }
    f64::from(inside) / f64::from(SAMPLES * SAMPLES)
}

/// Something like a photograph: soft shapes of many sizes, with grain. The same for the same seed.
pub fn noise_photo(width: u32, height: u32, seed: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let mut pixel = [0; 3];
        for (channel, slot) in (0u32..).zip(pixel.iter_mut()) {
            let mut value = 0.0;
            let mut weight = 0.5;
            let mut size = 96.0;
            for octave in 0..5 {
                // The channels share their large shapes and differ in the small ones, so that colours stay calm.
                let salt =
                    seed.wrapping_add(octave * 7_919)
                        .wrapping_add(if octave > 1 { channel * 104_729 } else { 0 });
                value += weight * smooth_noise(f64::from(x) / size, f64::from(y) / size, salt);
                weight *= 0.5;
                size /= 2.3;
            }
            let grain = 0.03 * (lattice(x, y, seed ^ 0xabcd ^ channel) - 0.5);
            let tint = [0.08, 0.0, -0.06][channel as usize];
            *slot = ((value + grain + tint).clamp(0.0, 1.0) * 255.0).round() as u8;
        }
        Rgb(pixel)
    })
}

/// Value noise: random heights at whole places, smooth between them.
fn smooth_noise(x: f64, y: f64, salt: u32) -> f64 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - left), ease(y - top));
    let (left, top) = (left as u32, top as u32);
    let corner = |dx, dy| lattice(left.wrapping_add(dx), top.wrapping_add(dy), salt);
    let upper = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let lower = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    upper * (1.0 - v) + lower * v
}

/// A number from 0 to 1 that belongs to a place.
fn lattice(x: u32, y: u32, salt: u32) -> f64 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ salt.wrapping_mul(0xc2b2_ae3d);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
    f64::from(hash ^ (hash >> 15)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_says_truly_what_is_in_front() {
        let background = [238, 236, 232];
        let scene = product_on_plain(240, 320, background);
        let (mut front, mut edge) = (0, 0);
        for (x, y, alpha) in scene.alpha.enumerate_pixels() {
            let pixel = scene.picture.get_pixel(x, y);
            let distance: i32 = (0..3)
                .map(|c| (i32::from(pixel[c]) - i32::from(background[c])).abs())
                .sum();
            match alpha[0] {
                0 => assert!(distance < 30, "the wall at {x},{y} is {pixel:?}"),
                255 => {
                    front += 1;
                    assert!(distance > 40, "the product at {x},{y} is {pixel:?}");
                }
                _ => edge += 1,
            }
        }
        assert!(
            (0.10..0.40).contains(&(f64::from(front) / (240.0 * 320.0))),
            "{front} pixels in front"
        );
        assert!(edge > 100, "the edge is antialiased");
        assert_eq!(scene.alpha.get_pixel(0, 0)[0], 0);
    }

    #[test]
    fn a_photo_depends_on_its_seed_alone() {
        assert_eq!(noise_photo(64, 48, 7), noise_photo(64, 48, 7));
        assert_ne!(noise_photo(64, 48, 7), noise_photo(64, 48, 8));
        let board = checkerboard(8, 8, 4);
        assert_ne!(board.get_pixel(3, 0), board.get_pixel(4, 0));
        assert_eq!(board.get_pixel(0, 0), board.get_pixel(7, 7));
    }
}
