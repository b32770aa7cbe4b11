//! Edits that take more than one picture or that are told where and how, from each door.

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use serde_json::json;

use crate::pictures::{data_uri, encode, product};
use crate::process::{Process, aquatint};

fn decoded(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).expect("a picture")
}

fn flat(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    encode(
        &DynamicImage::from(RgbImage::from_pixel(width, height, Rgb(color))),
        ImageFormat::Png,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn masks_backgrounds_and_layers_are_pictures_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let photo = data_uri(&product(240, 180));

    // A mask from an earlier edit erases the subject.
    let mask = studio
        .call(
            "edit_image",
            json!({ "action": "remove_background", "images": photo, "output": "mask", "sync": true }),
        )
        .await;
    assert_eq!(mask["status"], "succeeded", "{mask}");
    let mask = mask["outputs"][0].clone();
    let picture = decoded(&studio.bytes(&mask["url"]).await).to_luma8();
    assert_eq!((picture.get_pixel(2, 2)[0], picture.get_pixel(120, 90)[0]), (0, 255));
    let erased = studio
        .call(
            "edit_image",
            json!({ "action": "erase", "images": photo, "mask": mask["asset_id"], "grow": 4, "sync": true }),
        )
        .await;
    let output = &erased["outputs"][0];
    let empty = decoded(&studio.bytes(&output["url"]).await).to_rgb8();
    let centre = empty.get_pixel(120, 90).0;
    assert!(centre.iter().all(|channel| *channel > 220), "{centre:?}");
    // Both pictures are its parents.
    let got = studio
        .call("assets", json!({ "action": "get", "asset_id": output["asset_id"] }))
        .await;
    let parents = got["recipe"]["parents"].as_array().expect("parents");
    assert_eq!(parents.len(), 2, "{got}");
    assert_eq!(parents[1], mask["asset_id"]);
    // What was edited comes with the result, for both to be shown.
    assert_eq!(output["before"]["asset_id"], parents[0]);
    let before = decoded(&studio.bytes(&output["before"]["url"]).await);
    assert_eq!((before.width(), before.height()), (240, 180));
    assert_eq!(got["recipe"]["arguments"]["mask"], mask["asset_id"]);

    // The subject on another picture, on words, on a gradient; cut to it with a shadow.
    let blue = data_uri(&flat(50, 50, [20, 40, 200]));
    for (background, check) in [
        (blue.as_str(), Some([20u8, 40, 200])),
        ("#ff0000,#ff0000", Some([255, 0, 0])),
        ("marble counter, warm light", None),
    ] {
        let on = studio
            .call(
                "edit_image",
                json!({ "action": "replace_background", "images": photo, "background": background, "sync": true }),
            )
            .await;
        assert_eq!(on["status"], "succeeded", "{on}");
        let on = decoded(&studio.bytes(&on["outputs"][0]["url"]).await).to_rgb8();
        if let Some(color) = check {
            assert_eq!(on.get_pixel(3, 3).0, color);
        }
    }
    let cut = studio
        .call(
            "edit_image",
            json!({ "action": "remove_background", "images": photo, "crop_to_subject": true, "margin": 0, "shadow": true, "sync": true }),
        )
        .await;
    let width = cut["outputs"][0]["width"].as_u64().expect("a width");
    assert!((84..=90).contains(&width), "the subject is 86 px wide: {width}");

    // Layers, in a batch: what they share is read for each.
    let composed = studio
        .call(
            "edit_image",
            json!({
                "action": "compose",
                "images": [photo, photo],
                "layers": [{ "image": blue, "anchor": "top_left" }, { "text": "Sale", "anchor": "bottom", "y": -4 }],
                "sync": true,
            }),
        )
        .await;
    assert_eq!(composed["status"], "succeeded", "{composed}");
    for output in composed["outputs"].as_array().expect("outputs") {
        let made = decoded(&studio.bytes(&output["url"]).await).to_rgb8();
        assert_eq!(made.get_pixel(10, 10).0, [20, 40, 200]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_masks_backgrounds_and_layers_cost_nothing_and_say_what_to_send() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let photo = data_uri(&product(120, 90));
    let small = data_uri(&encode(
        &DynamicImage::from(GrayImage::from_pixel(10, 70, Luma([255]))),
        ImageFormat::Png,
    ));
    for (arguments, word) in [
        (json!({ "action": "erase" }), "mask"),
        (
            json!({ "action": "erase", "mask": [1, 2, 3] }),
            "box `[x, y, width, height]`",
        ),
        (json!({ "action": "erase", "mask": "nothing" }), "not media"),
        (
            json!({ "action": "erase", "mask": "ast_0000000000000000000000000" }),
            "ast_",
        ),
        (json!({ "action": "erase", "mask": small }), "shapes differ"),
        (json!({ "action": "erase", "mask": [900, 900, 5, 5] }), "covers nothing"),
        (
            json!({ "action": "replace_background", "background": "#12" }),
            "gradient",
        ),
        (
            json!({ "action": "remove_background", "output": "mask", "shadow": true }),
            "no shadow",
        ),
        (json!({ "action": "compose", "layers": [] }), "layers"),
        (
            json!({ "action": "compose", "layers": [{ "text": "a", "image": photo }] }),
            "either",
        ),
        (
            json!({ "action": "compose", "layers": [{ "txt": "a" }] }),
            "unknown field `txt`",
        ),
        (json!({ "action": "upscale", "scale": "2", "width": 900 }), "not both"),
        (json!({ "action": "upscale", "width": 60 }), "resize"),
        (json!({ "action": "upscale", "scale": "8" }), "scale"),
        (json!({ "action": "expand", "width": 900 }), "both"),
        (
            json!({ "action": "expand", "width": 20, "height": 20 }),
            "smaller than the picture",
        ),
        (json!({ "action": "adjust" }), "Say what to adjust"),
        (json!({ "action": "adjust", "contrast": 500 }), "100"),
        (json!({ "action": "crop", "subject": true, "x": 4 }), "not both"),
    ] {
        let mut arguments = arguments;
        arguments["images"] = json!(photo);
        arguments["sync"] = json!(true);
        let result = studio.tool("edit_image", arguments.clone()).await;
        let content = &result["structuredContent"];
        assert!(
            result["isError"] == true || content["status"] == "failed",
            "{arguments} {content}"
        );
        assert!(content.to_string().contains(word), "{word}: {arguments} {content}");
    }
    let usage = studio.call("account", json!({ "action": "credits" })).await;
    let spent: serde_json::Value = usage["spent"].clone();
    drop(studio);
    crate::process::run(folder.path(), &["ledger", "check"]);
    assert!(spent.is_null() || spent == 0, "{usage}");
}

#[test]
fn the_command_line_edits_whole_folders_with_files_for_every_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).expect("made");
    for name in ["a.png", "b.PNG", "notes.txt"] {
        std::fs::write(photos.join(name), product(120, 90)).expect("written");
    }
    let out = folder.path().join("out");
    let edit = |args: &[&str]| {
        let output = aquatint(folder.path())
            .arg("edit")
            .args(args)
            .args(["-o"])
            .arg(&out)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let saved: Vec<std::path::PathBuf> = String::from_utf8_lossy(&output.stderr)
            .lines()
            .map(std::path::PathBuf::from)
            .filter(|path| path.is_file())
            .collect();
        saved
    };
    let photos = photos.to_str().expect("UTF-8");
    assert_eq!(edit(&["remove-background", photos, "--no-decontaminate"]).len(), 2);
    let background = folder.path().join("green.png");
    std::fs::write(&background, flat(30, 30, [0, 200, 0])).expect("written");
    let one = format!("{photos}/a.png");
    let on = edit(&[
        "replace-background",
        &one,
        "--background",
        background.to_str().expect("UTF-8"),
    ]);
    assert_eq!(
        decoded(&std::fs::read(&on[0]).expect("read"))
            .to_rgb8()
            .get_pixel(2, 2)
            .0,
        [0, 200, 0]
    );
    assert_eq!(edit(&["erase", &one, "--mask", "[40, 20, 30, 30]"]).len(), 1);
    let layers = format!(
        r#"[{{"image": "{}", "width": 20, "anchor": "top_left"}}]"#,
        background.display()
    );
    let composed = edit(&["compose", &one, "--layers", &layers]);
    assert_eq!(
        decoded(&std::fs::read(&composed[0]).expect("read"))
            .to_rgb8()
            .get_pixel(5, 5)
            .0,
        [0, 200, 0]
    );
}
