//! Pictures that nobody expects: every engine answers with a picture or with words, never with a panic.

use aquatint_engines::Product;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::{Value, json};

use crate::hand::run;

fn odd() -> Vec<(&'static str, DynamicImage)> {
    let noise = |x: u32, y: u32| ((x * 7 + y * 13) % 256) as u8;
    vec![
        ("1×1", RgbImage::from_pixel(1, 1, Rgb([9, 8, 7])).into()),
        ("1×97", RgbImage::from_fn(1, 97, |x, y| Rgb([noise(x, y); 3])).into()),
        ("97×1", RgbImage::from_fn(97, 1, |x, y| Rgb([noise(x, y); 3])).into()),
        ("2×3", RgbImage::from_fn(2, 3, |x, y| Rgb([noise(x, y); 3])).into()),
        (
            "33×257",
            RgbImage::from_fn(33, 257, |x, y| Rgb([noise(x, y), 5, 9])).into(),
        ),
        (
            "all transparent",
            RgbaImage::from_pixel(40, 30, Rgba([200, 10, 10, 0])).into(),
        ),
        ("one colour", RgbImage::from_pixel(50, 50, Rgb([128; 3])).into()),
        ("grey", GrayImage::from_fn(40, 40, |x, y| Luma([noise(x, y)])).into()),
        (
            "16 bits with alpha",
            DynamicImage::from(RgbaImage::from_fn(31, 29, |x, y| {
                Rgba([noise(x, y), 1, 2, noise(y, x)])
            }))
            .to_rgba16()
            .into(),
        ),
    ]
}

const WORK: &[(&str, &str)] = &[
    ("cutout.plain", "{}"),
    ("cutout.auto", "{}"),
    ("cutout.net", "{}"),
    (
        "cutout.net",
        r##"{"background":{"color":"#ffffff"},"shadow":true,"crop_to_subject":true}"##,
    ),
    ("upscale.lanczos", r#"{"scale":2}"#),
    ("upscale.lanczos", r#"{"scale":4}"#),
    ("upscale.lanczos", r#"{"scale":3}"#),
    ("upscale.auto", r#"{"width":100}"#),
    ("upscale.detail", r#"{"scale":2}"#),
    ("upscale.restore", r#"{"scale":4}"#),
    ("upscale.illustration", r#"{"scale":2}"#),
    (
        "cutout.plain",
        r##"{"background":{"gradient":["#ffffff","#101010"]},"shadow":true,"crop_to_subject":true,"margin":10}"##,
    ),
    ("cutout.plain", r#"{"output":"mask"}"#),
    (
        "cutout.plain",
        r#"{"background":{"scene":{"prompt":"marble","seed":1}},"shadow":true}"#,
    ),
    ("inpaint.fill", r#"{"region":{"boxes":[[0,0,1,1],[3,3,5,9]]},"grow":2}"#),
    ("inpaint.fill", r#"{"region":{"polygon":[[0,0],[9,0],[4,9]]}}"#),
    (
        "adjust.tone",
        r#"{"exposure":1.5,"contrast":-40,"warmth":30,"saturation":-100,"shadows":50,"highlights":-50}"#,
    ),
    ("enhance.classic", r#"{"denoise":50,"sharpen":80,"auto_levels":true}"#),
    ("enhance.classic", r#"{"denoise":null,"sharpen":0,"auto_levels":true}"#),
    (
        "compose.layers",
        r#"{"layers":[{"text":"Sale","rotate":20},{"text":"50 %","size":12,"bold":true,"blend":"multiply"}]}"#,
    ),
    ("transform.crop", r#"{"subject_margin":5,"aspect_ratio":"4:5"}"#),
    ("expand.continue", r#"{"width":400,"height":300,"anchor":"top_left"}"#),
    ("expand.continue", r#"{"aspect_ratio":"16:9"}"#),
    ("expand.continue", r#"{"left":5,"top":1,"right":0,"bottom":300}"#),
    ("backdrop.replace", r##"{"background":"#ffffff"}"##),
    ("transform.resize", r#"{"width":7}"#),
    ("transform.crop", r#"{"aspect_ratio":"1:1"}"#),
    ("transform.rotate", r#"{"degrees":33.3}"#),
    ("transform.convert", r##"{"background":"#101010"}"##),
    ("video.pan_zoom", r#"{"seconds":1.0,"fps":4,"width":64,"height":48}"#),
    ("contact.sheet", r#"{"columns":null}"#),
];

#[test]
fn every_engine_takes_odd_pictures_or_says_why_not() {
    for (name, picture) in odd() {
        for (engine, arguments) in WORK {
            let arguments: Value = serde_json::from_str(arguments).expect("JSON");
            match run(engine, arguments.clone(), vec![picture.clone()]) {
                Ok(Product::Picture { picture: made, .. }) => assert!(made.width() > 0 && made.height() > 0),
                Ok(Product::File { bytes, .. }) => assert!(bytes.len() > 100),
                Err(problem) => {
                    assert!(problem.field.is_some(), "{engine} on {name}: {}", problem.message);
                }
            }
        }
    }
}

#[test]
fn results_that_would_be_too_large_are_refused_before_any_work() {
    let wide = || vec![DynamicImage::from(RgbImage::new(9_000, 8))];
    for (engine, arguments) in [
        ("upscale.lanczos", json!({ "scale": 4 })),
        ("transform.resize", json!({ "height": 16_000 })),
        ("expand.continue", json!({ "aspect_ratio": "1:1" })),
    ] {
        let problem = run(engine, arguments, wide()).err().expect("refused");
        assert!(problem.message.contains("limit"), "{engine}: {}", problem.message);
    }
}
