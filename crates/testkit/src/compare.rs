//! How different two pictures look: the distance in Oklab, after a small blur that forgives what
//! nobody sees (the grain of a codec, an edge that moved by a fraction of a pixel).
//!
//! Oklab distances are about 0.02 where a difference begins to show side by side, and 1 between
//! black and white. Transparency counts as a fourth axis, and colours count by how opaque they are.

use image::{DynamicImage, Rgba, Rgba32FImage, RgbaImage};

/// How far two pictures are apart, over all pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub mean: f32,
    pub max: f32,
}

/// What a test accepts.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub mean: f32,
    pub max: f32,
}

/// Three passes of a box of this radius come close to a Gaussian of about 1.4 pixels.
const BLUR_RADIUS: usize = 1;
const BLUR_PASSES: usize = 3;

/// The distance of two pictures of the same size.
pub fn compare(one: &DynamicImage, other: &DynamicImage) -> Difference {
    assert_eq!(
        (one.width(), one.height()),
        (other.width(), other.height()),
        "the pictures differ in size"
    );
    let distances = distances(one, other);
    let max = distances.iter().copied().fold(0.0, f32::max);
    let sum: f64 = distances.iter().map(|distance| f64::from(*distance)).sum();
    Difference {
        mean: (sum / distances.len().max(1) as f64) as f32,
        max,
    }
}

/// Fails when two pictures look different, and leaves both of them and a map of the differences to look at.
pub fn assert_alike(name: &str, got: &DynamicImage, expected: &DynamicImage, tolerance: Tolerance) {
    let is_same_size = (got.width(), got.height()) == (expected.width(), expected.height());
    let difference = is_same_size.then(|| compare(got, expected));
    if difference.is_some_and(|found| found.mean <= tolerance.mean && found.max <= tolerance.max) {
        return;
    }
    let folder = std::env::temp_dir().join("aquatint-differences");
    std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let mut pictures = vec![("got", got.to_rgba8()), ("expected", expected.to_rgba8())];
    pictures.extend(is_same_size.then(|| ("difference", map(got, expected))));
    for (what, picture) in pictures {
        picture
            .save(folder.join(format!("{name}-{what}.png")))
            .expect("the temporary folder takes a PNG");
    }
    let folder = folder.display();
    match difference {
        Some(found) => panic!("{name}: {found:?} is more than {tolerance:?}; look at {folder}/{name}-*.png"),
        None => panic!(
            "{name}: {}×{} instead of {}×{}; look at {folder}/{name}-*.png",
            got.width(),
            got.height(),
            expected.width(),
            expected.height()
        ),
    }
}

fn distances(one: &DynamicImage, other: &DynamicImage) -> Vec<f32> {
    let (one, other) = (seen(one), seen(other));
    let distance = |(a, b): (&[f32; 4], &[f32; 4])| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
    one.iter().zip(&other).map(distance).collect()
}

/// White where the pictures differ by 0.1 or more.
fn map(one: &DynamicImage, other: &DynamicImage) -> RgbaImage {
    let distances = distances(one, other);
    RgbaImage::from_fn(one.width(), one.height(), |x, y| {
        let distance = distances[(y * one.width() + x) as usize];
        let light = ((distance * 10.0).min(1.0) * 255.0) as u8;
        Rgba([light, light, light, 255])
    })
}

/// Blurred Oklab with alpha, colours weighted by alpha.
fn seen(picture: &DynamicImage) -> Vec<[f32; 4]> {
    let floats: Rgba32FImage = picture.to_rgba32f();
    let (width, height) = (floats.width() as usize, floats.height() as usize);
    let mut pixels: Vec<[f32; 4]> = floats
        .pixels()
        .map(|pixel| {
            let [red, green, blue, alpha] = pixel.0;
            let [lightness, a, b] = oklab([red, green, blue]);
            [lightness * alpha, a * alpha, b * alpha, alpha]
        })
        .collect();
    for _ in 0..BLUR_PASSES {
        pixels = box_blur(&pixels, width, height, 1);
        pixels = box_blur(&pixels, width, height, width);
    }
    pixels
}

/// The mean of each pixel and its neighbours along one direction; `stride` is 1 for rows and the width for columns.
fn box_blur(pixels: &[[f32; 4]], width: usize, height: usize, stride: usize) -> Vec<[f32; 4]> {
    let length = if stride == 1 { width } else { height };
    let place = |index: usize| if stride == 1 { index % width } else { index / width };
    (0..pixels.len())
        .map(|index| {
            let here = place(index);
            let before = here.min(BLUR_RADIUS);
            let after = (length - 1 - here).min(BLUR_RADIUS);
            let mut sum = [0.0; 4];
            for step in 0..=before + after {
                let pixel = pixels[index - before * stride + step * stride];
                for (total, value) in sum.iter_mut().zip(pixel) {
                    *total += value;
                }
            }
            sum.map(|total| total / (before + after + 1) as f32)
        })
        .collect()
}

/// sRGB from 0 to 1 to Oklab (Björn Ottosson, 2020).
fn oklab(srgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = srgb.map(|value| {
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::pictures::{checkerboard, noise_photo};

    #[test]
    fn oklab_has_the_published_values() {
        for (srgb, expected) in [
            ([1.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
            ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
            ([1.0, 0.0, 0.0], [0.628, 0.225, 0.126]),
            ([0.0, 0.0, 1.0], [0.452, -0.032, -0.312]),
        ] {
            let found = oklab(srgb);
            assert!(
                found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.001),
                "{srgb:?}: {found:?}"
            );
        }
    }

    #[test]
    fn what_nobody_sees_is_near_and_what_everyone_sees_is_far() {
        let photo = noise_photo(120, 90, 3);
        let original: DynamicImage = photo.clone().into();
        assert_eq!(compare(&original, &original), Difference { mean: 0.0, max: 0.0 });

        // Noise of one step in 255 is not seen.
        let noisy = RgbImage::from_fn(120, 90, |x, y| {
            Rgb(photo.get_pixel(x, y).0.map(|c| c.saturating_add(((x + y) % 2) as u8)))
        });
        assert!(compare(&original, &noisy.into()).max < 0.01);

        // A shift by four pixels, a tint, a hole and a swap of channels are.
        let shifted = RgbImage::from_fn(120, 90, |x, y| *photo.get_pixel((x + 4).min(119), y));
        let tinted = RgbImage::from_fn(120, 90, |x, y| Rgb(photo.get_pixel(x, y).0.map(|c| c / 2 + 100)));
        let swapped = RgbImage::from_fn(120, 90, |x, y| {
            let [r, g, b] = photo.get_pixel(x, y).0;
            Rgb([b, r, g])
        });
        for (what, other) in [("shifted", shifted), ("tinted", tinted), ("swapped", swapped)] {
            let found = compare(&original, &other.into());
            assert!(found.mean > 0.01 && found.max > 0.05, "{what}: {found:?}");
        }
        let mut holed = original.to_rgba8();
        for x in 50..56 {
            for y in 40..46 {
                holed.get_pixel_mut(x, y)[3] = 0;
            }
        }
        assert!(compare(&original, &holed.into()).max > 0.5);
    }

    #[test]
    fn what_is_transparent_has_no_colour() {
        let red = RgbaImage::from_pixel(8, 8, Rgba([255, 0, 0, 0]));
        let blue = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 255, 0]));
        assert_eq!(compare(&red.into(), &blue.into()).max, 0.0);
        let (black, white) = (RgbImage::new(8, 8), RgbImage::from_pixel(8, 8, Rgb([255; 3])));
        assert!((compare(&black.into(), &white.into()).mean - 1.0).abs() < 0.001);
    }

    #[test]
    #[should_panic(expected = "look at")]
    fn a_difference_is_left_to_look_at() {
        let (one, other) = (checkerboard(32, 32, 8), checkerboard(32, 32, 4));
        assert_alike(
            "checkerboards",
            &one.into(),
            &other.into(),
            Tolerance { mean: 0.1, max: 0.1 },
        );
    }
}
