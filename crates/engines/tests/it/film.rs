//! Films: whole files of the asked length, size and rate, as other programs read them.

use std::process::Command;

use aquatint_domain::MediaType;
use aquatint_engines::{Limits, Output, Product};
use aquatint_media::probe;
use aquatint_testkit::{Tolerance, assert_alike};
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage};
use serde_json::{Value, json};

use crate::hand::run_as;

fn film(format: MediaType, arguments: Value, inputs: Vec<DynamicImage>) -> (Vec<u8>, DynamicImage) {
    let output = Output {
        format: Some(format),
        ..Output::default()
    };
    match run_as("video.pan_zoom", arguments, inputs, output).expect("a film") {
        Product::File { bytes, poster, .. } => (bytes, poster.image),
        Product::Picture { .. } => panic!("a file was wanted"),
    }
}

fn photo() -> DynamicImage {
    aquatint_testkit::pictures::product_on_plain(320, 240, [230, 228, 220])
        .picture
        .into()
}

#[test]
fn an_mp4_has_its_length_size_and_rate() {
    let arguments = json!({ "seconds": 1.5, "fps": 8, "width": 160, "height": 120 });
    let (bytes, _) = film(MediaType::Mp4, arguments, vec![photo()]);
    let seen = probe(&bytes, &Limits::default()).expect("an MP4");
    assert_eq!((seen.media_type, seen.width, seen.height), (MediaType::Mp4, 160, 120));
    assert_eq!(seen.duration_ms, Some(1_500));

    let folder = std::env::temp_dir().join(format!("aquatint-film-{}.mp4", std::process::id()));
    std::fs::write(&folder, &bytes).expect("written");
    let told = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-count_frames",
            "-of",
            "json",
            "-show_streams",
            "-show_format",
        ])
        .arg(&folder)
        .output();
    match told {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            let stream = &told["streams"][0];
            assert_eq!((&stream["codec_name"], &stream["width"]), (&json!("av1"), &json!(160)));
            assert_eq!(stream["nb_read_frames"], "12", "{told}");
            assert_eq!(stream["avg_frame_rate"], "8/1", "{told}");
            assert_eq!(stream["color_space"], "bt709", "{told}");
        }
        Err(_) => println!("SKIPPED: ffprobe is not on this machine"),
    }
    // It lies in the temporary folder; who cleans that cleans this.
    let _ = std::fs::remove_file(folder);
}

#[test]
fn an_animated_webp_plays_every_frame_for_its_time() {
    let arguments = json!({ "seconds": 1.0, "fps": 7, "width": 120, "height": 90, "seed": 3 });
    let (bytes, poster) = film(MediaType::WebP, arguments, vec![photo()]);
    let seen = probe(&bytes, &Limits::default()).expect("a WebP");
    assert_eq!((seen.media_type, seen.width, seen.height), (MediaType::WebP, 120, 90));
    assert_eq!((seen.frames, seen.duration_ms), (7, Some(1_000)));
    let decoder = WebPDecoder::new(std::io::Cursor::new(&bytes)).expect("decodes");
    assert!(decoder.has_animation());
    let frames = decoder.into_frames().collect_frames().expect("every frame decodes");
    assert_eq!(frames.len(), 7);
    let pictures: Vec<DynamicImage> = frames.into_iter().map(|frame| frame.into_buffer().into()).collect();
    let tolerance = Tolerance { mean: 0.02, max: 0.2 };
    assert_alike(
        "film-first-frame",
        &pictures[0],
        &DynamicImage::from(poster.to_rgba8()),
        tolerance,
    );
    assert!(
        aquatint_testkit::compare(&pictures[0], &pictures[6]).mean > 0.005,
        "nothing moves"
    );
}

#[test]
fn a_film_can_be_made_from_words_alone() {
    let arguments =
        json!({ "seconds": 1.0, "fps": 4, "width": 96, "height": 64, "prompt": "a vase on sand", "seed": 5 });
    let (bytes, _) = film(MediaType::WebP, arguments, vec![]);
    assert_eq!(probe(&bytes, &Limits::default()).expect("a WebP").frames, 4);
    let output = Output::default();
    let problem = run_as("video.pan_zoom", json!({ "seconds": 1.0 }), vec![], output).err();
    assert_eq!(
        problem.expect("neither picture nor words").field.as_deref(),
        Some("prompt")
    );
}
