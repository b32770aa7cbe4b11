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
            // Where the background is plain, the way that looks at everything takes the same matte.
            let (cut, facts) = made(run("cutout.auto", json!({}), vec![scene.picture.clone().into()]));
            assert_eq!(
                facts["engine"], "cutout.plain",
                "{background:?} {width}×{height}: {facts}"
            );
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

/// A photograph's name, the size at which its outline was drawn, the outline, and the least IoU.
type Outlined = (&'static str, (u32, u32), &'static [[f64; 2]], f64);

/// Outlines drawn by eye on scikit-image's photographs at their own size; about three parts in a hundred are a matter of opinion.
const OUTLINES: &[Outlined] = &[
    (
        "astronaut.png",
        (512, 512),
        &[
            [225.0, 15.0],
            [175.0, 42.0],
            [155.0, 95.0],
            [182.0, 125.0],
            [140.0, 158.0],
            [118.0, 212.0],
            [60.0, 265.0],
            [25.0, 400.0],
            [30.0, 512.0],
            [512.0, 512.0],
            [490.0, 400.0],
            [440.0, 355.0],
            [362.0, 352.0],
            [335.0, 255.0],
            [303.0, 205.0],
            [262.0, 145.0],
            [300.0, 85.0],
            [280.0, 30.0],
        ],
        0.6,
    ),
    (
        "chelsea.png",
        (451, 300),
        &[
            [36.0, 0.0],
            [25.0, 80.0],
            [0.0, 150.0],
            [0.0, 300.0],
            [300.0, 300.0],
            [338.0, 198.0],
            [367.0, 132.0],
            [354.0, 66.0],
            [398.0, 0.0],
        ],
        0.6,
    ),
    (
        "coffee.png",
        (600, 400),
        &[
            [80.0, 220.0],
            [170.0, 80.0],
            [290.0, 17.0],
            [405.0, 90.0],
            [425.0, 70.0],
            [477.0, 220.0],
            [400.0, 345.0],
            [277.0, 380.0],
            [150.0, 340.0],
        ],
        0.5,
    ),
];

#[test]
fn subjects_of_photographs_are_found_on_any_background() {
    for (name, (width, height), outline, least) in OUTLINES {
        let Some(photo) = sample(name) else { continue };
        let photo = photo.resize_exact(*width, *height, image::imageops::FilterType::Triangle);
        let drawn = json!({ "region": { "polygon": outline } });
        let (truth, _) = made(run("mask.draw", drawn, vec![photo.clone()]));
        let (found, facts) = made(run("cutout.auto", json!({ "output": "mask" }), vec![photo]));
        let (truth, found) = (truth.to_luma8(), found.to_luma8());
        let (mut both, mut either) = (0.0, 0.0);
        for (a, b) in truth.as_raw().iter().zip(found.as_raw()) {
            both += f64::from(u8::from(*a > 127 && *b > 127));
            either += f64::from(u8::from(*a > 127 || *b > 127));
        }
        assert!(both / either > *least, "{name}: IoU {}, {facts}", both / either);
    }
}

#[test]
fn a_result_carries_a_hint_exactly_when_its_confidence_is_low() {
    let mut all: Vec<DynamicImage> = vec![noise_photo(320, 240, 7).into(), noise_photo(90, 400, 8).into()];
    all.extend(
        ["chelsea.png", "coffee.png", "rocket.jpg"]
            .into_iter()
            .filter_map(sample),
    );
    all.push(product_on_plain(300, 300, [200, 210, 220]).picture.into());
    for picture in all {
        let (_, facts) = made(run("cutout.auto", json!({}), vec![picture]));
        let confidence = facts["confidence"].as_f64().expect("a confidence");
        assert!((0.0..=1.0).contains(&confidence));
        assert_eq!(facts["hint"].is_string(), confidence < 0.595, "{facts}");
    }
}

#[test]
fn a_picture_of_the_greatest_length_and_one_pixel_is_cut_out() {
    for (width, height) in [(16_384, 1), (1, 16_384)] {
        let line = DynamicImage::from(noise_photo(width, height, 3));
        let (cut, _) = made(run("cutout.auto", json!({}), vec![line]));
        assert_eq!((cut.width(), cut.height()), (width, height));
    }
}
