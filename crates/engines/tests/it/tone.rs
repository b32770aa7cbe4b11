//! Light and colour: each control does what its name says and nothing to what it does not name; enhancing brings a
//! damaged picture nearer to the truth.

use aquatint_testkit::pictures::noise_photo;
use image::{DynamicImage, Rgb, RgbImage};
use serde_json::json;

use crate::hand::{made, psnr, run, sample};

fn one(color: [u8; 3], arguments: serde_json::Value) -> [u8; 3] {
    let picture = RgbImage::from_pixel(4, 4, Rgb(color));
    made(run("adjust.tone", arguments, vec![picture.into()]))
        .0
        .to_rgb8()
        .get_pixel(1, 1)
        .0
}

#[test]
fn each_control_does_its_own() {
    let grey = [128, 128, 128];
    assert!(one(grey, json!({ "exposure": 1 }))[0] > 165);
    assert!(one(grey, json!({ "brightness": 50 }))[0] > 140);
    assert_eq!(one([0, 0, 0], json!({ "brightness": 100 })), [0, 0, 0]);
    assert_eq!(one([255, 255, 255], json!({ "brightness": -100 })), [255, 255, 255]);
    assert!(one([60, 60, 60], json!({ "contrast": 50 }))[0] < 55);
    assert!(one([200, 200, 200], json!({ "contrast": 50 }))[0] > 203);
    assert!(one([40, 40, 40], json!({ "shadows": 80 }))[0] > 55);
    assert!(one([230, 230, 230], json!({ "shadows": 80 }))[0].abs_diff(230) <= 3);
    assert!(one([230, 230, 230], json!({ "highlights": -80 }))[0] < 222);
    let [r, g, b] = one([180, 90, 60], json!({ "saturation": -100 }));
    assert!(r.abs_diff(g) <= 1 && g.abs_diff(b) <= 1);
    let [r, _, b] = one(grey, json!({ "warmth": 60 }));
    assert!(r > 135 && b < 120);
}

#[test]
fn nothing_asked_is_nothing_done_to_eight_bits() {
    let photo = DynamicImage::from(noise_photo(64, 48, 3));
    let (same, _) = made(run("adjust.tone", json!({}), vec![photo.clone()]));
    assert!(psnr(&same, &photo) > 60.0);
}

#[test]
fn noise_goes_and_the_picture_stays() {
    let Some(clean) = sample("coffee.png") else { return };
    let mut state = 99u64;
    let mut noise = || {
        // The sum of four is nearly normal.
        (0..4)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
            })
            .sum::<f64>()
            * 1.732
    };
    let mut noisy = clean.to_rgb8();
    for pixel in noisy.pixels_mut() {
        for channel in &mut pixel.0 {
            *channel = (f64::from(*channel) + noise() * 12.0).round().clamp(0.0, 255.0) as u8;
        }
    }
    let noisy = DynamicImage::from(noisy);
    let arguments = json!({ "denoise": null, "sharpen": 0, "auto_levels": false });
    let (better, facts) = made(run("enhance.classic", arguments, vec![noisy.clone()]));
    assert_eq!(facts["denoised"], true);
    let gain = psnr(&better, &clean) - psnr(&noisy, &clean);
    println!("denoised: {gain:+.2} dB");
    assert!(gain > 2.0, "{gain} dB");
    // A clean picture is left alone.
    let arguments = json!({ "denoise": null, "sharpen": 0, "auto_levels": false });
    let smooth = DynamicImage::from(RgbImage::from_fn(64, 64, |x, y| {
        Rgb([(x * 3) as u8, (y * 3) as u8, 90])
    }));
    let (_, facts) = made(run("enhance.classic", arguments, vec![smooth]));
    assert_eq!(facts["denoised"], false);
}

#[test]
fn a_flat_picture_gets_its_tones_back_and_a_cast_goes() {
    let photo = noise_photo(160, 120, 6);
    let flat = DynamicImage::from(RgbImage::from_fn(160, 120, |x, y| {
        let [r, g, b] = photo.get_pixel(x, y).0.map(|value| 90.0 + f64::from(value) * 0.3);
        Rgb([r as u8, g as u8, b as u8])
    }));
    let range = |picture: &DynamicImage| {
        let luma = picture.to_luma8();
        let mut all: Vec<u8> = luma.into_raw();
        all.sort_unstable();
        f64::from(all[all.len() * 99 / 100]) - f64::from(all[all.len() / 100])
    };
    let arguments = json!({ "denoise": 0, "sharpen": 0, "auto_levels": true });
    let (better, _) = made(run("enhance.classic", arguments, vec![flat.clone()]));
    assert!(
        range(&better) > range(&flat) * 1.3,
        "{} {}",
        range(&better),
        range(&flat)
    );
}

#[test]
fn sharpening_sharpens_edges() {
    let soft = DynamicImage::from(RgbImage::from_fn(64, 32, |x, _| {
        let share = ((f64::from(x) - 28.0) / 8.0).clamp(0.0, 1.0);
        Rgb([(60.0 + 120.0 * share) as u8; 3])
    }));
    let slope = |picture: &DynamicImage| {
        let luma = picture.to_luma8();
        (1..64)
            .map(|x| luma.get_pixel(x, 16)[0].abs_diff(luma.get_pixel(x - 1, 16)[0]))
            .max()
            .expect("pixels")
    };
    let arguments = json!({ "denoise": 0, "sharpen": 80, "auto_levels": false });
    let (sharp, _) = made(run("enhance.classic", arguments, vec![soft.clone()]));
    assert!(slope(&sharp) > slope(&soft), "{} {}", slope(&sharp), slope(&soft));
}
