//! Cut-outs against the alpha that drew the picture, and honesty about what the engine cannot do.

use aquatint_testkit::pictures::{noise_photo, product_on_plain};
use image::{DynamicImage, GenericImageView};
use serde_json::json;

use crate::hand::{made, run, sample};

#[test]
fn a_product_on_a_plain_wall_is_cut_out_to_the_pixel() {
    for background in [[240, 240, 236], [30, 34, 40], [120, 170, 200], [250, 210, 90]] {
        for (width, height) in [(400, 500), (901, 600)] {
            let scene = product_on_plain(width, height, background);
            let (cut, facts) = made(run("cutout.plain", json!({}), vec![scene.picture.clone().into()]));
            let alpha = cut.to_rgba8();
            let (mut both, mut either, mut error) = (0u32, 0u32, 0.0);
            for (x, y, truth) in scene.alpha.enumerate_pixels() {
                let (truth, found) = (truth[0], alpha.get_pixel(x, y)[3]);
                both += u32::from(truth > 127 && found > 127);
                either += u32::from(truth > 127 || found > 127);
                error += f64::from(truth.abs_diff(found)) / 255.0;
            }
            let iou = f64::from(both) / f64::from(either);
            let error = error / f64::from(width * height);
            assert!(iou > 0.985, "{background:?} {width}×{height}: IoU {iou}");
            assert!(
                error < 0.004,
                "{background:?} {width}×{height}: mean alpha error {error}"
            );
            let confidence = facts["confidence"].as_f64().expect("a confidence");
            assert!(confidence > 0.8, "{background:?}: {facts}");
            assert_eq!(facts.get("hint"), None);
        }
    }
}

#[test]
fn half_transparent_rims_lose_the_colour_of_the_wall() {
    // An orange and violet bottle on green: any green in the rim came from the wall.
    let scene = product_on_plain(500, 500, [40, 200, 60]);
    let (cut, _) = made(run("cutout.plain", json!({}), vec![scene.picture.into()]));
    let greenish = cut
        .to_rgba8()
        .pixels()
        .filter(|pixel| pixel[3] > 40 && i32::from(pixel[1]) > i32::from(pixel[0]).max(pixel[2].into()) + 40)
        .count();
    assert!(greenish < 20, "{greenish} green pixels in the rim");
}

#[test]
fn what_is_not_a_plain_background_gets_a_low_confidence_and_a_hint() {
    let busy: DynamicImage = noise_photo(500, 400, 7).into();
    let mut all = vec![("noise".to_owned(), busy)];
    for name in ["chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg"] {
        all.extend(sample(name).map(|picture| (name.to_owned(), picture)));
    }
    for (name, picture) in all {
        let (_, facts) = made(run("cutout.plain", json!({}), vec![picture]));
        let confidence = facts["confidence"].as_f64().expect("a confidence");
        assert!(confidence < 0.6, "{name}: {facts}");
        assert!(facts["hint"].is_string(), "{name}: {facts}");
    }
}

#[test]
fn sixteen_bits_stay_sixteen_bits() {
    let scene = DynamicImage::from(product_on_plain(200, 200, [200, 200, 200]).picture);
    let deep = DynamicImage::ImageRgb16(scene.to_rgb16());
    let (cut, _) = made(run("cutout.plain", json!({}), vec![deep.clone()]));
    assert!(matches!(cut, DynamicImage::ImageRgba16(_)), "{:?}", cut.color());
    let inner = |picture: &DynamicImage| picture.to_rgba16().get_pixel(100, 110).0;
    assert_eq!(inner(&cut), inner(&deep));
    let (flat, _) = made(run("backdrop.replace", json!({ "background": "#102030" }), vec![deep]));
    assert!(matches!(flat, DynamicImage::ImageRgb16(_)), "{:?}", flat.color());
    assert_eq!(flat.to_rgb16().get_pixel(3, 3).0, [0x1010, 0x2020, 0x3030]);
}

#[test]
fn a_new_background_is_the_asked_colour_and_the_product_stays() {
    let scene = product_on_plain(300, 400, [235, 235, 235]);
    let (flat, facts) = made(run(
        "backdrop.replace",
        json!({ "background": "#ff8800" }),
        vec![scene.picture.clone().into()],
    ));
    assert!(!flat.color().has_alpha());
    for (x, y, truth) in scene.alpha.enumerate_pixels() {
        let found = flat.get_pixel(x, y);
        // Away from the rim.
        let around = |wanted: u8| {
            (-3..=3).all(|dx: i64| {
                (-3..=3).all(|dy: i64| {
                    let (nx, ny) = (i64::from(x) + dx, i64::from(y) + dy);
                    let inside = (0..300).contains(&nx) && (0..400).contains(&ny);
                    !inside || scene.alpha.get_pixel(nx as u32, ny as u32)[0] == wanted
                })
            })
        };
        if truth[0] == 0 && around(0) {
            assert_eq!(&found.0[..3], [255, 136, 0], "at {x}, {y}");
        } else if truth[0] == 255 && around(255) {
            let was = scene.picture.get_pixel(x, y);
            assert!(
                (0..3).all(|channel| found[channel].abs_diff(was[channel]) <= 1),
                "at {x}, {y}"
            );
        }
    }
    assert!(facts["confidence"].as_f64().expect("a confidence") > 0.8);
}
