//! What each engine makes, against pictures that somebody has looked at and found right. They are compared as
//! eyes would; `AQUATINT_BLESS=1` writes them anew, to be looked at again.

use std::path::PathBuf;

use aquatint_testkit::pictures::{noise_photo, product_on_plain};
use aquatint_testkit::{Tolerance, assert_alike};
use image::{DynamicImage, ImageFormat};
use serde_json::{Value, json};

use crate::hand::{made, run};

const TOLERANCE: Tolerance = Tolerance { mean: 0.004, max: 0.06 };

fn golden(name: &str, engine: &str, arguments: Value, inputs: Vec<DynamicImage>) {
    let (got, _) = made(run(engine, arguments, inputs));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/goldens/{name}.png"));
    if std::env::var_os("AQUATINT_BLESS").is_some() {
        got.save_with_format(&path, ImageFormat::Png)
            .expect("the goldens can be written");
    }
    let expected = image::open(&path).unwrap_or_else(|error| panic!("{}: {error}; bless it", path.display()));
    assert_alike(&format!("golden-{name}"), &got, &expected, TOLERANCE);
}

fn bottle() -> DynamicImage {
    product_on_plain(120, 150, [232, 230, 224]).picture.into()
}

#[test]
fn cut_out() {
    golden("cut-out", "cutout.plain", json!({}), vec![bottle()]);
}

#[test]
fn replaced_background() {
    golden(
        "replaced",
        "backdrop.replace",
        json!({ "background": "#2f6f78" }),
        vec![bottle()],
    );
}

#[test]
fn upscaled() {
    let small = DynamicImage::from(product_on_plain(48, 60, [232, 230, 224]).picture);
    golden("upscaled", "upscale.lanczos", json!({ "scale": 2 }), vec![small]);
}

#[test]
fn expanded_plain() {
    golden(
        "expanded-plain",
        "expand.continue",
        json!({ "aspect_ratio": "16:9" }),
        vec![bottle()],
    );
}

#[test]
fn expanded_busy() {
    let photo = DynamicImage::from(noise_photo(100, 80, 11));
    let margins = json!({ "left": 30, "top": 10, "right": 30, "bottom": 10 });
    golden("expanded-busy", "expand.continue", margins, vec![photo]);
}

#[test]
fn rotated() {
    golden("rotated", "transform.rotate", json!({ "degrees": 20 }), vec![bottle()]);
}

#[test]
fn scenes() {
    for (name, prompt, seed) in [
        ("scene-marble", "a perfume bottle on a marble countertop, soft light", 7),
        ("scene-wood", "a ceramic vase on wood, warm evening light", 3),
        ("scene-podium", "a green box on a round podium, pastel backdrop", 5),
    ] {
        let arguments = json!({ "prompt": prompt, "width": 192, "height": 144, "seed": seed });
        golden(name, "scene.preview", arguments, vec![]);
    }
}

#[test]
fn contact_sheet() {
    let pictures = vec![bottle(), noise_photo(90, 60, 1).into(), noise_photo(60, 90, 2).into()];
    golden("sheet", "contact.sheet", json!({ "columns": null }), pictures);
}
