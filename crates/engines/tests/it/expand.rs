//! Expanding: what was there stays, and what is new goes on as it was.

use aquatint_testkit::pictures::{noise_photo, product_on_plain};
use image::{DynamicImage, GenericImageView, Rgb, RgbImage};
use serde_json::json;

use crate::hand::{made, run};

fn stays(before: &DynamicImage, after: &DynamicImage, left: u32, top: u32) {
    let inner = after.crop_imm(left, top, before.width(), before.height());
    assert_eq!(inner.as_bytes(), before.as_bytes(), "the picture itself has changed");
}

#[test]
fn a_square_becomes_a_banner_and_the_picture_stays_to_the_bit() {
    let scene = DynamicImage::from(product_on_plain(450, 450, [228, 224, 214]).picture);
    let (wide, facts) = made(run(
        "expand.continue",
        json!({ "aspect_ratio": "16:9" }),
        vec![scene.clone()],
    ));
    assert_eq!((wide.width(), wide.height()), (800, 450));
    let left = facts["left"].as_u64().expect("a number") as u32;
    stays(&scene, &wide, left, 0);
    // The wall goes on: at the seam and at the far edge.
    for y in (0..450).step_by(25) {
        let edge = scene.get_pixel(0, y);
        for x in [0, left / 2, left - 1] {
            let new = wide.get_pixel(x, y);
            assert!(
                (0..3).all(|channel| new[channel].abs_diff(edge[channel]) <= 8),
                "{new:?} beside {edge:?}"
            );
        }
    }
    let tall = made(run("expand.continue", json!({ "aspect_ratio": "9:16" }), vec![scene])).0;
    assert_eq!((tall.width(), tall.height()), (450, 800));
}

#[test]
fn a_gradient_goes_on() {
    let sky = DynamicImage::from(RgbImage::from_fn(300, 300, |_, y| {
        Rgb([90 + (y / 3) as u8, 130 + (y / 4) as u8, 210])
    }));
    let margins = json!({ "left": 100, "top": 0, "right": 60, "bottom": 0 });
    let (wide, _) = made(run("expand.continue", margins, vec![sky.clone()]));
    assert_eq!((wide.width(), wide.height()), (460, 300));
    stays(&sky, &wide, 100, 0);
    for y in 0..300 {
        let was = sky.get_pixel(0, y);
        for x in [0, 40, 99, 400, 459] {
            let new = wide.get_pixel(x, y);
            assert!(
                (0..3).all(|channel| new[channel].abs_diff(was[channel]) <= 5),
                "{x}, {y}: {new:?} {was:?}"
            );
        }
    }
}

#[test]
fn a_busy_picture_has_no_seam_and_sixteen_bits_stay() {
    let photo = DynamicImage::from(noise_photo(200, 160, 3));
    let margins = json!({ "left": 30, "top": 20, "right": 50, "bottom": 10 });
    let (large, _) = made(run("expand.continue", margins.clone(), vec![photo.clone()]));
    assert_eq!((large.width(), large.height()), (280, 190));
    stays(&photo, &large, 30, 20);
    let deep = DynamicImage::ImageRgb16(photo.to_rgb16());
    let (large, _) = made(run("expand.continue", margins, vec![deep.clone()]));
    assert!(matches!(large, DynamicImage::ImageRgb16(_)));
    stays(&deep, &large, 30, 20);
}

#[test]
fn a_ratio_that_it_has_already_changes_nothing() {
    let photo = DynamicImage::from(noise_photo(160, 90, 3));
    let (same, _) = made(run(
        "expand.continue",
        json!({ "aspect_ratio": "16:9" }),
        vec![photo.clone()],
    ));
    assert_eq!(same.as_bytes(), photo.as_bytes());
}
