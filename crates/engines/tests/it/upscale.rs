//! Upscaling: closer to the truth than a plain resize, without seams, with its alpha.

use aquatint_media::{Picture, resize};
use aquatint_testkit::pictures::{checkerboard, noise_photo, product_on_plain};
use image::{DynamicImage, Rgba, RgbaImage, imageops::FilterType};
use serde_json::json;

use crate::hand::{made, psnr, run, sample};

/// Means of blocks: what a sensor with larger pixels would have seen.
fn smaller(picture: &DynamicImage, scale: u32) -> DynamicImage {
    picture.resize_exact(picture.width() / scale, picture.height() / scale, FilterType::Triangle)
}

#[test]
fn it_is_nearer_to_the_truth_than_a_plain_resize() {
    let mut all = vec![
        (
            "bottle".to_owned(),
            DynamicImage::from(product_on_plain(512, 512, [225, 225, 220]).picture),
        ),
        ("photo".to_owned(), DynamicImage::from(noise_photo(512, 384, 5))),
    ];
    for name in ["coffee.png", "chelsea.png"] {
        all.extend(sample(name).map(|picture| (name.to_owned(), picture)));
    }
    for (name, truth) in all {
        for scale in [2, 4] {
            let truth = truth.crop_imm(0, 0, truth.width() / scale * scale, truth.height() / scale * scale);
            let small = smaller(&truth, scale);
            let (large, facts) = made(run("upscale.lanczos", json!({ "scale": scale }), vec![small.clone()]));
            assert_eq!((large.width(), large.height()), (truth.width(), truth.height()));
            assert_eq!(facts["scale"], scale);
            let plain = resize(&Picture::new(small), truth.width(), truth.height()).expect("resizes");
            let gain = psnr(&large, &truth) - psnr(&plain.image, &truth);
            println!("{name} ×{scale}: {gain:+.2} dB over Lanczos3");
            assert!(gain > 0.05, "{name} ×{scale}: {gain} dB");
        }
    }
}

#[test]
fn reduced_again_it_is_the_picture_it_was() {
    let small = DynamicImage::from(product_on_plain(200, 150, [220, 220, 220]).picture);
    let (large, _) = made(run("upscale.lanczos", json!({ "scale": 4 }), vec![small.clone()]));
    let back = resize(&Picture::new(large), 200, 150).expect("resizes");
    let found = psnr(&back.image, &small);
    assert!(found > 45.0, "{found} dB");
}

#[test]
fn there_are_no_seams_between_tiles() {
    // Tiles begin at multiples of 256; a smooth ramp shows any step between them.
    let ramp = DynamicImage::from(image::RgbImage::from_fn(600, 300, |x, y| {
        image::Rgb([(x * 255 / 599) as u8, (y * 255 / 299) as u8, 128])
    }));
    let (large, _) = made(run("upscale.lanczos", json!({ "scale": 2 }), vec![ramp]));
    let large = large.to_rgb8();
    for y in (0..600).step_by(7) {
        for x in 1..1_200 {
            let step = large.get_pixel(x, y)[0].abs_diff(large.get_pixel(x - 1, y)[0]);
            assert!(step <= 2, "a step of {step} at {x}, {y}");
        }
    }
}

#[test]
fn alpha_is_enlarged_too_and_edges_get_no_rim() {
    let disc = RgbaImage::from_fn(120, 120, |x, y| {
        let far = (x as f32 - 59.5).hypot(y as f32 - 59.5);
        Rgba([250, 240, 230, if far < 40.0 { 255 } else { 0 }])
    });
    let hidden = RgbaImage::from_fn(120, 120, |x, y| {
        let pixel = disc.get_pixel(x, y);
        if pixel[3] == 0 { Rgba([0, 0, 0, 0]) } else { *pixel }
    });
    let (large, _) = made(run("upscale.lanczos", json!({ "scale": 2 }), vec![hidden.into()]));
    let large = large.to_rgba8();
    assert_eq!(large.get_pixel(2, 2)[3], 0);
    assert_eq!(large.get_pixel(120, 120)[3], 255);
    for pixel in large.pixels().filter(|pixel| pixel[3] > 32) {
        let off = pixel[0]
            .abs_diff(250)
            .max(pixel[1].abs_diff(240))
            .max(pixel[2].abs_diff(230));
        assert!(off <= 8, "{pixel:?}");
    }
}

#[test]
fn sixteen_bits_and_hard_edges_survive() {
    let board = DynamicImage::from(checkerboard(64, 64, 8));
    let deep = DynamicImage::ImageRgb16(board.to_rgb16());
    let (large, _) = made(run("upscale.lanczos", json!({ "scale": 2 }), vec![deep]));
    assert!(matches!(large, DynamicImage::ImageRgb16(_)));
    // The middles of the squares are what they were.
    let large = large.to_rgb8();
    for (x, y) in [(8, 8), (24, 8), (72, 104)] {
        let (was, is) = (board.to_rgb8().get_pixel(x / 2, y / 2).0, large.get_pixel(x, y).0);
        assert!(
            (0..3).all(|channel| was[channel].abs_diff(is[channel]) <= 4),
            "{was:?} {is:?}"
        );
    }
}

/// What the engines for clean pictures gain over the filter, on photographs that the nets never saw.
#[test]
fn the_net_is_nearer_to_the_truth_than_the_filter_on_pictures_it_never_saw() {
    for name in ["coffee.png", "astronaut.png"] {
        let Some(truth) = sample(name) else { continue };
        for scale in [2, 3, 4] {
            let truth = truth.crop_imm(0, 0, truth.width() / 12 * 12, truth.height() / 12 * 12);
            let small = truth.resize_exact(truth.width() / scale, truth.height() / scale, FilterType::CatmullRom);
            let (plain, _) = made(run("upscale.lanczos", json!({ "scale": scale }), vec![small.clone()]));
            let (net, facts) = made(run("upscale.auto", json!({ "scale": scale }), vec![small]));
            assert_eq!(facts["engine"], "upscale.detail", "{name}");
            let gain = psnr(&net, &truth) - psnr(&plain, &truth);
            println!("{name} ×{scale}: {gain:+.2} dB over Lanczos3 with back-projection");
            assert!(gain > 0.2, "{name} ×{scale}: {gain}");
        }
    }
}

#[test]
fn the_net_keeps_tiles_together_alpha_clean_and_sixteen_bits() {
    let photo = DynamicImage::from(noise_photo(300, 280, 8));
    let (whole, _) = made(run("upscale.detail", json!({ "scale": 2 }), vec![photo.clone()]));
    // A part that lies in one tile alone, cut out around the place where tiles meet.
    let part = photo.crop_imm(206, 206, 74, 74);
    let (part, _) = made(run("upscale.detail", json!({ "scale": 2 }), vec![part]));
    let inner = |picture: &DynamicImage, x: u32, y: u32| picture.crop_imm(x, y, 60, 60);
    let found = psnr(&inner(&whole, 412 + 44, 412 + 44), &inner(&part, 44, 44));
    assert!(found > 50.0, "{found} dB");

    let disc = RgbaImage::from_fn(90, 90, |x, y| {
        let far = (x as f32 - 44.5).hypot(y as f32 - 44.5);
        if far < 30.0 {
            Rgba([250, 240, 230, 255])
        } else {
            Rgba([0, 0, 0, 0])
        }
    });
    let deep = DynamicImage::ImageRgba16(DynamicImage::from(disc).to_rgba16());
    let (large, _) = made(run("upscale.detail", json!({ "scale": 2 }), vec![deep]));
    assert!(matches!(large, DynamicImage::ImageRgba16(_)));
    let large = large.to_rgba8();
    assert_eq!(large.get_pixel(2, 2)[3], 0);
    assert!(large.get_pixel(90, 90)[3] >= 254);
    for pixel in large.pixels().filter(|pixel| pixel[3] > 60) {
        assert!(
            pixel[0].abs_diff(250) <= 12 && pixel[2].abs_diff(230) <= 12,
            "{pixel:?}"
        );
    }
}

#[test]
fn a_target_size_is_met_exactly_and_impossible_ones_are_explained() {
    let photo = || vec![DynamicImage::from(noise_photo(100, 60, 2))];
    for (arguments, wanted) in [
        (json!({ "width": 250 }), (250, 150)),
        (json!({ "height": 200 }), (333, 200)),
        (json!({ "width": 300, "height": 120 }), (200, 120)),
    ] {
        let (large, _) = made(run("upscale.auto", arguments, photo()));
        assert_eq!((large.width(), large.height()), wanted);
    }
    for (arguments, word) in [
        (json!({ "width": 90 }), "resize"),
        (json!({ "width": 1000 }), "at most 4"),
        (json!({ "scale": 5 }), "at most 4"),
        (json!({}), "Say how large"),
    ] {
        let problem = run("upscale.auto", arguments, photo()).err().expect("refused");
        assert!(problem.message.contains(word), "{}", problem.message);
    }
}
