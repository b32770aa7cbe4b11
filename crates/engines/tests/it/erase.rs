//! Erasing: what the mask marks goes, nothing else changes, and the place looks like its surroundings.

use aquatint_testkit::pictures::noise_photo;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::json;

use crate::hand::{made, psnr, run, sample};

fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(90 + x / 4) as u8, (120 + y / 4) as u8, 150])
    })
}

#[test]
fn a_blot_on_a_gradient_leaves_no_trace() {
    let truth = gradient(240, 180);
    let mut blotted = truth.clone();
    for y in 70..110 {
        for x in 90..150 {
            blotted.put_pixel(x, y, Rgb([255, 0, 0]));
        }
    }
    let arguments = json!({ "region": { "boxes": [[88, 68, 64, 44]] } });
    let (filled, facts) = made(run("inpaint.fill", arguments, vec![blotted.into()]));
    let found = psnr(&filled, &truth.into());
    assert!(found > 40.0, "{found} dB");
    assert_eq!(facts["covered"], 0.065);
}

#[test]
fn outside_the_mask_every_pixel_stays_and_soft_masks_blend() {
    let photo = noise_photo(160, 120, 4);
    let mask = GrayImage::from_fn(160, 120, |x, _| {
        Luma([if x < 60 {
            0
        } else if x < 100 {
            128
        } else {
            0
        }])
    });
    let arguments = json!({ "region": { "picture": 1 } });
    let (filled, _) = made(run("inpaint.fill", arguments, vec![photo.clone().into(), mask.into()]));
    let filled = filled.to_rgb8();
    for (x, y, pixel) in photo.enumerate_pixels() {
        if !(60..100).contains(&x) {
            assert_eq!(pixel, filled.get_pixel(x, y), "{x} {y}");
        }
    }
}

#[test]
fn a_texture_goes_on_as_a_texture() {
    let Some(brick) = sample("brick.png") else { return };
    let truth = brick.crop_imm(0, 0, 320, 320);
    let mut blotted = truth.to_rgb8();
    for y in 130..190 {
        for x in 120..200 {
            blotted.put_pixel(x, y, Rgb([20, 200, 40]));
        }
    }
    let arguments = json!({ "region": { "polygon": [[118, 128], [202, 128], [202, 192], [118, 192]] } });
    let (filled, _) = made(run("inpaint.fill", arguments, vec![blotted.into()]));
    let spread = |picture: &DynamicImage| {
        let part = picture.crop_imm(120, 130, 80, 60).to_luma8();
        let mean = part.pixels().map(|p| f64::from(p[0])).sum::<f64>() / 4_800.0;
        let variance = part.pixels().map(|p| (f64::from(p[0]) - mean).powi(2)).sum::<f64>() / 4_800.0;
        (mean, variance.sqrt())
    };
    let ((mean, deviation), (true_mean, true_deviation)) = (spread(&filled), spread(&truth));
    assert!((mean - true_mean).abs() < 15.0, "{mean} {true_mean}");
    assert!(deviation > true_deviation * 0.6, "{deviation} {true_deviation}");
}

#[test]
fn transparency_and_sixteen_bits_are_kept() {
    let half = RgbaImage::from_fn(120, 100, |x, _| {
        if x < 60 {
            Rgba([200, 80, 40, 255])
        } else {
            Rgba([0, 0, 0, 0])
        }
    });
    let deep = DynamicImage::ImageRgba16(DynamicImage::from(half).to_rgba16());
    let arguments = json!({ "region": { "boxes": [[80, 20, 30, 30]] } });
    let (filled, _) = made(run("inpaint.fill", arguments, vec![deep]));
    assert!(matches!(filled, DynamicImage::ImageRgba16(_)));
    assert_eq!(filled.to_rgba8().get_pixel(95, 35)[3], 0);
}

#[test]
fn masks_that_cannot_be_meant_are_explained() {
    let photo = || DynamicImage::from(noise_photo(100, 80, 1));
    let white = |w, h| DynamicImage::from(GrayImage::from_pixel(w, h, Luma([255])));
    let black = DynamicImage::from(GrayImage::new(100, 80));
    for (inputs, region, word) in [
        (vec![photo(), white(100, 40)], json!({ "picture": 1 }), "shapes differ"),
        (vec![photo(), white(100, 80)], json!({ "picture": 1 }), "inverted"),
        (vec![photo(), black], json!({ "picture": 1 }), "covers nothing"),
        (vec![photo()], json!({ "boxes": [[200, 200, 5, 5]] }), "covers nothing"),
    ] {
        let problem = run("inpaint.fill", json!({ "region": region }), inputs)
            .err()
            .expect("refused");
        assert!(problem.message.contains(word), "{}", problem.message);
        assert_eq!(problem.field.as_deref(), Some("mask"));
    }
    // Another size of the same shape is taken.
    let mut large = GrayImage::new(200, 160);
    for y in 40..80 {
        for x in 40..80 {
            large.put_pixel(x, y, Luma([255]));
        }
    }
    made(run(
        "inpaint.fill",
        json!({ "region": { "picture": 1 } }),
        vec![photo(), large.into()],
    ));
}
