//! Layers lie where they were put, blended as they were told; text is there and readable in size.

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::json;

use crate::hand::{made, run};

fn canvas(color: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(200, 100, Rgb(color)).into()
}

#[test]
fn anchors_offsets_sizes_and_opacity_hold() {
    let red = DynamicImage::from(RgbImage::from_pixel(20, 10, Rgb([255, 0, 0])));
    for (layer, inside, outside) in [
        (json!({ "picture": 1 }), (100, 50), (80, 50)),
        (
            json!({ "picture": 1, "anchor": "top_left", "x": 5, "y": 7 }),
            (6, 8),
            (4, 8),
        ),
        (
            json!({ "picture": 1, "anchor": "bottom_right", "x": -2 }),
            (196, 98),
            (198, 98),
        ),
        (json!({ "picture": 1, "width": 100 }), (60, 50), (40, 50)),
    ] {
        let (made, _) = made(run(
            "compose.layers",
            json!({ "layers": [layer] }),
            vec![canvas([255; 3]), red.clone()],
        ));
        let made = made.to_rgb8();
        assert_eq!(made.get_pixel(inside.0, inside.1).0, [255, 0, 0], "{layer}");
        assert_eq!(made.get_pixel(outside.0, outside.1).0, [255, 255, 255], "{layer}");
    }
    let half = json!({ "layers": [{ "picture": 1, "opacity": 0.5 }] });
    let (made, _) = made(run("compose.layers", half, vec![canvas([255; 3]), red]));
    assert_eq!(made.to_rgb8().get_pixel(100, 50).0, [255, 128, 128]);
}

#[test]
fn blending_is_the_w3cs() {
    let grey = DynamicImage::from(RgbImage::from_pixel(200, 100, Rgb([128, 128, 128])));
    for (blend, wanted) in [
        ("multiply", 50.0),
        ("screen", 178.0),
        ("overlay", 100.0),
        ("normal", 128.0),
    ] {
        let layers = json!({ "layers": [{ "picture": 1, "blend": blend }] });
        let (made, _) = made(run("compose.layers", layers, vec![canvas([100; 3]), grey.clone()]));
        let got = f64::from(made.to_rgb8().get_pixel(10, 10).0[0]);
        assert!((got - wanted).abs() <= 1.5, "{blend}: {got}");
    }
    // On nothing, blending has nothing to blend with.
    let clear = DynamicImage::from(RgbaImage::from_pixel(200, 100, Rgba([0, 0, 0, 0])));
    let layers = json!({ "layers": [{ "picture": 1, "blend": "multiply" }] });
    let (made, _) = made(run("compose.layers", layers, vec![clear, grey]));
    assert_eq!(made.to_rgba8().get_pixel(10, 10).0, [128, 128, 128, 255]);
}

#[test]
fn text_is_as_high_as_it_says_and_breaks_where_it_must() {
    let extent = |layer: serde_json::Value| {
        let (made, _) = made(run(
            "compose.layers",
            json!({ "layers": [layer] }),
            vec![canvas([0; 3])],
        ));
        let made = made.to_luma8();
        let lit: Vec<(u32, u32)> = made
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[0] > 100)
            .map(|(x, y, _)| (x, y))
            .collect();
        let ys = lit.iter().map(|(_, y)| *y);
        let xs = lit.iter().map(|(x, _)| *x);
        (
            xs.clone().max().expect("letters") - xs.min().expect("letters") + 1,
            ys.clone().max().expect("letters") - ys.min().expect("letters") + 1,
        )
    };
    // Capitals of this face are 0.727 em high.
    let (_, high) = extent(json!({ "text": "H", "size": 40 }));
    assert!((28..=31).contains(&high), "{high}");
    let (one_line, _) = extent(json!({ "text": "summer sale", "size": 20 }));
    let (broken, two_lines) = extent(json!({ "text": "summer sale", "size": 20, "width": 80 }));
    assert!(broken < one_line && two_lines > 30, "{broken} {one_line} {two_lines}");
    let (bold, _) = extent(json!({ "text": "summer sale", "size": 20, "bold": true }));
    assert!(bold > one_line);
    made(run(
        "compose.layers",
        json!({ "layers": [{ "text": "Größe, Цена, Τιμή" }] }),
        vec![canvas([0; 3])],
    ));
}

#[test]
fn what_cannot_be_composed_is_explained() {
    for (layers, word) in [
        (json!([]), "1 to 50"),
        (json!([{ "x": 1 }]), "either"),
        (json!([{ "text": "  " }]), "characters"),
        (json!([{ "text": "値段" }]), "no letters for `値段`"),
        (json!([{ "text": "a", "size": 9000 }]), "4 to 2000"),
        (json!([{ "text": "a", "color": "red" }]), "#f4efe6"),
    ] {
        let problem = run("compose.layers", json!({ "layers": layers }), vec![canvas([0; 3])])
            .err()
            .expect("refused");
        assert!(problem.message.contains(word), "{}", problem.message);
    }
}
