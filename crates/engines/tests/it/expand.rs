//! Expanding: what was there stays, and what is new goes on as it was.

use aquatint_testkit::pictures::{noise_photo, product_on_plain};
use image::{DynamicImage, GenericImageView, Rgb, RgbImage};
use serde_json::json;

use crate::hand::{made, run, sample};

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

/// The mean step between neighbours across a column, in steps of 255.
fn step_at(picture: &RgbImage, x: u32) -> f64 {
    let steps: u32 = (0..picture.height())
        .map(|y| {
            let (a, b) = (picture.get_pixel(x - 1, y), picture.get_pixel(x, y));
            (0..3)
                .map(|channel| u32::from(a[channel].abs_diff(b[channel])))
                .sum::<u32>()
        })
        .sum();
    f64::from(steps) / f64::from(picture.height() * 3)
}

#[test]
fn textures_go_on_as_textures_without_a_seam() {
    for name in ["brick.png", "grass.png", "gravel.png"] {
        let Some(photo) = sample(name) else { continue };
        let photo = photo.crop_imm(0, 0, 300, 260);
        let margins = json!({ "left": 80, "top": 0, "right": 120, "bottom": 0 });
        let (wide, _) = made(run("expand.continue", margins, vec![photo.clone()]));
        stays(
            &DynamicImage::from(photo.to_rgb8()),
            &DynamicImage::from(wide.to_rgb8()),
            80,
            0,
        );
        if let Some(folder) = std::env::var_os("AQUATINT_LOOK") {
            let folder = std::path::PathBuf::from(folder);
            wide.save(folder.join(format!("expanded-{name}")))
                .expect("the folder takes a PNG");
        }
        let wide = wide.to_rgb8();
        let mean = |columns: std::ops::Range<u32>| {
            let count = f64::from(columns.end - columns.start);
            columns.map(|x| step_at(&wide, x)).sum::<f64>() / count
        };
        let (inner, left, right) = (mean(90..370), mean(5..75), mean(390..495));
        for (side, found) in [("left", left), ("right", right)] {
            assert!(
                found > inner * 0.6,
                "{name}: the {side} margin is blurred: {found} beside {inner}"
            );
            assert!(
                found < inner * 1.4,
                "{name}: the {side} margin is rough: {found} beside {inner}"
            );
        }
        // A joint between bricks may lie on the seam: no step there is larger than those within.
        let largest = (90..370).map(|x| step_at(&wide, x)).fold(0.0, f64::max);
        for seam in [80, 380] {
            let found = step_at(&wide, seam);
            assert!(
                found < largest * 1.2,
                "{name}: a seam of {found} at {seam}, within up to {largest}"
            );
        }
        // Not a mirror: what lies behind the edge is not what lies before it.
        let mirrored = (1..40u32).all(|step| wide.get_pixel(80 - step, 100) == wide.get_pixel(80 + step, 100));
        assert!(!mirrored, "{name} is mirrored");
    }
}
