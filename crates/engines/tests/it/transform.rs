//! Resize, crop, rotate, convert: exact sizes and exact pixels.

use aquatint_testkit::pictures::{checkerboard, noise_photo};
use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};
use serde_json::{Value, json};

use crate::hand::{made, run};

#[test]
fn sizes_are_what_was_asked_for() {
    let photo = DynamicImage::from(noise_photo(400, 300, 1));
    for (engine, arguments, size) in [
        ("transform.resize", json!({ "width": 200 }), (200, 150)),
        ("transform.resize", json!({ "height": 600 }), (800, 600)),
        ("transform.resize", json!({ "width": 100, "height": 100 }), (100, 75)),
        (
            "transform.resize",
            json!({ "width": 100, "height": 100, "fit": "cover" }),
            (100, 100),
        ),
        (
            "transform.resize",
            json!({ "width": 100, "height": 90, "fit": "fill" }),
            (100, 90),
        ),
        ("transform.resize", json!({ "width": 1 }), (1, 1)),
        (
            "transform.crop",
            json!({ "x": 10, "y": 20, "width": 30, "height": 40 }),
            (30, 40),
        ),
        ("transform.crop", json!({ "aspect_ratio": "1:1" }), (300, 300)),
        ("transform.crop", json!({ "aspect_ratio": "2:1" }), (400, 200)),
        ("transform.rotate", json!({ "degrees": 90 }), (300, 400)),
        ("transform.rotate", json!({ "degrees": -180 }), (400, 300)),
        ("transform.convert", json!({}), (400, 300)),
    ] {
        let (result, _) = made(run(engine, arguments.clone(), vec![photo.clone()]));
        assert_eq!((result.width(), result.height()), size, "{engine} {arguments}");
    }
}

#[test]
fn pixels_go_where_they_should() {
    let photo = DynamicImage::from(noise_photo(60, 40, 2));
    let (cropped, _) = made(run(
        "transform.crop",
        json!({ "x": 7, "y": 9, "width": 20, "height": 10 }),
        vec![photo.clone()],
    ));
    assert_eq!(cropped.get_pixel(0, 0), photo.get_pixel(7, 9));
    assert_eq!(cropped.get_pixel(19, 9), photo.get_pixel(26, 18));
    let (turned, _) = made(run("transform.rotate", json!({ "degrees": 90 }), vec![photo.clone()]));
    assert_eq!(turned.get_pixel(39, 0), photo.get_pixel(0, 0));
    let (mirrored, _) = made(run(
        "transform.rotate",
        json!({ "degrees": 0, "flip": "horizontal" }),
        vec![photo.clone()],
    ));
    assert_eq!(mirrored.get_pixel(0, 5), photo.get_pixel(59, 5));
    let (same, _) = made(run("transform.convert", json!({}), vec![photo.clone()]));
    assert_eq!(same.as_bytes(), photo.as_bytes());
}

#[test]
fn a_background_is_laid_under_what_is_transparent() {
    let glass = DynamicImage::from(RgbaImage::from_pixel(10, 10, Rgba([255, 0, 0, 128])));
    let (flat, _) = made(run(
        "transform.convert",
        json!({ "background": "#0000ff" }),
        vec![glass],
    ));
    assert!(!flat.color().has_alpha());
    let pixel = flat.get_pixel(5, 5);
    assert!(
        pixel[0].abs_diff(128) <= 1 && pixel[1] == 0 && pixel[2].abs_diff(127) <= 1,
        "{pixel:?}"
    );
}

#[test]
fn wrong_arguments_are_named() {
    let board = || vec![DynamicImage::from(checkerboard(32, 32, 4))];
    for (engine, arguments, field) in [
        ("transform.resize", json!({}), "width"),
        (
            "transform.crop",
            json!({ "x": 30, "y": 0, "width": 10, "height": 5 }),
            "",
        ),
        ("transform.crop", json!({ "aspect_ratio": "wide" }), "aspect_ratio"),
        ("transform.rotate", json!({ "degrees": 10, "flip": "sideways" }), "flip"),
        ("transform.convert", json!({ "background": "red" }), "background"),
        ("upscale.lanczos", json!({ "scale": 5 }), "scale"),
        ("expand.continue", json!({ "aspect_ratio": "0:1" }), "aspect_ratio"),
        (
            "expand.continue",
            json!({ "left": 9_000, "top": 0, "right": 0, "bottom": 0 }),
            "left",
        ),
        ("backdrop.replace", json!({ "background": "#12345" }), "background"),
        (
            "scene.preview",
            json!({ "prompt": "x", "width": 10, "height": 64, "seed": 1 }),
            "width",
        ),
        (
            "video.pan_zoom",
            json!({ "seconds": 100.0, "fps": 16 }),
            "duration_seconds",
        ),
        ("video.pan_zoom", json!({ "seconds": 2.0, "fps": 100 }), "fps"),
    ] {
        let problem = run(engine, arguments.clone(), board()).err();
        let problem = problem.unwrap_or_else(|| panic!("{engine} took {arguments}"));
        assert!(problem.message.len() > 20, "{engine} {arguments}: {}", problem.message);
        if !field.is_empty() {
            assert_eq!(
                problem.field.as_deref(),
                Some(field),
                "{engine} {arguments}: {}",
                problem.message
            );
        }
    }
    for engine in aquatint_engines::ALL {
        let problem = run(engine.id(), json!({ "no_such_argument": 1 }), board()).err();
        assert!(problem.is_some(), "{} takes any argument", engine.id());
        let problem = run(engine.id(), Value::Null, board()).err();
        assert!(problem.is_some(), "{} takes no arguments at all", engine.id());
    }
}
