//! Scenes: the same for the same seed, another for another, and the words matter.

use aquatint_testkit::compare;
use image::{DynamicImage, GenericImageView};
use serde_json::{Value, json};

use crate::hand::{made, run};

fn scene(prompt: &str, seed: u64) -> (DynamicImage, Value) {
    let arguments = json!({ "prompt": prompt, "width": 160, "height": 120, "seed": seed });
    made(run("scene.preview", arguments, vec![]))
}

#[test]
fn a_seed_decides_everything() {
    let prompt = "a water bottle on a marble countertop";
    let (one, facts) = scene(prompt, 7);
    assert_eq!(one.as_bytes(), scene(prompt, 7).0.as_bytes());
    assert!(
        compare(&one, &scene(prompt, 8).0).mean > 0.003,
        "another seed is another picture"
    );
    assert!(
        facts["label"]
            .as_str()
            .expect("a label")
            .contains("not a learned model")
    );
}

#[test]
fn surfaces_objects_and_palettes_are_understood() {
    let mut seen: Vec<DynamicImage> = Vec::new();
    for surface in ["marble", "wood", "concrete", "sand", "fabric"] {
        let (picture, facts) = scene(&format!("a vase on {surface}"), 3);
        assert!(
            facts["understood"].to_string().contains(surface),
            "{surface} was not understood: {facts}"
        );
        for other in &seen {
            let difference = compare(&picture, other).mean;
            assert!(difference > 0.01, "{surface} looks like another surface ({difference})");
        }
        seen.push(picture);
    }
    let (red, _) = scene("a red bottle on white, bright", 1);
    let (blue, _) = scene("a blue bottle on white, bright", 1);
    assert!(compare(&red, &blue).mean > 0.005);
    let (_, facts) = scene("a bottle beside a flumpterwock", 1);
    assert!(facts["ignored"].to_string().contains("flumpterwock"), "{facts}");
}

#[test]
fn a_picture_is_neither_black_nor_burnt_out() {
    for (prompt, seed) in [
        ("", 1),
        ("perfume on velvet, dark and moody", 2),
        ("soap on a podium, bright daylight", 3),
    ] {
        let (picture, _) = scene(prompt, seed);
        let light: Vec<u8> = picture.pixels().map(|(_, _, pixel)| pixel[1]).collect();
        let share =
            |test: fn(&u8) -> bool| light.iter().filter(|value| test(value)).count() as f64 / light.len() as f64;
        assert!(share(|value| *value < 4) < 0.3, "`{prompt}` is black");
        assert!(share(|value| *value > 251) < 0.3, "`{prompt}` is burnt out");
    }
}
