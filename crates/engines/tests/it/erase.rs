//! Erasing: what the mask marks goes, nothing else changes, and the place looks like its surroundings.

use aquatint_testkit::pictures::noise_photo;
use image::imageops::FilterType;
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

/// The mean step between neighbours along the rows of a part of a picture, in steps of 255.
fn liveliness(picture: &DynamicImage, [x, y, width, height]: [u32; 4]) -> f64 {
    let part = picture.crop_imm(x, y, width, height).to_luma8();
    let steps = part.rows().flat_map(|row| {
        let row: Vec<u8> = row.map(|pixel| pixel[0]).collect();
        row.windows(2)
            .map(|pair| f64::from(pair[0].abs_diff(pair[1])))
            .collect::<Vec<_>>()
    });
    steps.sum::<f64>() / f64::from((width - 1) * height)
}

#[test]
fn what_replaces_a_part_of_a_lively_texture_is_as_lively() {
    for name in ["grass.png", "gravel.png"] {
        let Some(photo) = sample(name) else { continue };
        let [x, y, width, height] = [180, 180, 150, 150];
        let arguments = json!({ "region": { "boxes": [[x, y, width, height]] } });
        let (filled, _) = made(run("inpaint.fill", arguments, vec![photo.clone()]));
        let (found, truth) = (
            liveliness(&filled, [x, y, width, height]),
            liveliness(&photo, [x, y, width, height]),
        );
        assert!(found > truth * 0.8, "{name}: {found} where there was {truth} is a blur");
    }
}

/// A tall model beside a person in front of a grey backdrop: what takes its place is backdrop, not a piece of the person.
#[test]
fn a_thing_in_front_of_a_backdrop_gives_way_to_the_backdrop() {
    let Some(photo) = sample("astronaut.png") else { return };
    let photo = photo.resize_exact(512, 512, FilterType::Triangle);
    let arguments = json!({ "region": { "boxes": [[355, 0, 120, 290]] } });
    let (filled, _) = made(run("inpaint.fill", arguments, vec![photo]));
    let place = filled.crop_imm(355, 0, 120, 240).to_rgb8();
    let is_colorful = |pixel: &Rgb<u8>| {
        let [r, g, b] = pixel.0;
        r.max(g).max(b) - r.min(g).min(b) > 50
    };
    let share = place.pixels().filter(|pixel| is_colorful(pixel)).count() as f64 / f64::from(120 * 240);
    assert!(share < 0.01, "{share} of the place has the colours of something else");
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
