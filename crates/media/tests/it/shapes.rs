//! Resize, crop, flip, rotate.

use aquatint_media::{Flip, Picture, Rect, crop, flip, resize, rotate};
use image::{DynamicImage, GenericImageView, Rgb, RgbImage, Rgba, RgbaImage};

use crate::make::{self, picture, psnr};

#[test]
fn resizing_keeps_the_picture() {
    let from = picture(make::scene(400, 300));
    let down = resize(&from, 200, 150).expect("resizes");
    let up = resize(&down, 400, 300).expect("resizes");
    assert!(psnr(&from.image, &up.image) > 27.0, "{}", psnr(&from.image, &up.image));
    assert_eq!(resize(&from, 400, 300).expect("resizes").image, from.image);
    assert!(resize(&from, 0, 10).is_err() && resize(&from, 10, 0).is_err());
    let problem = resize(&from, 60_000, 60_000).expect_err("is refused");
    assert!(problem.message.contains("megapixels"), "{problem}");
}

/// A white disc on transparent black would get a dark fringe if colours were averaged without alpha.
#[test]
fn a_cut_out_resized_by_bands_is_the_same_as_in_one_piece() {
    // Opaque, the picture goes another way through the code; large enough for several bands.
    let scene = make::scene(2_600, 3_100);
    let opaque = DynamicImage::from(scene.clone());
    let with_alpha = picture(opaque.to_rgba8());
    for (width, height) in [(700, 811), (2_600, 31), (3_000, 3_333)] {
        let expected = resize(&picture(scene.clone()), width, height).expect("resizes");
        let made = resize(&with_alpha, width, height).expect("resizes");
        let pairs = expected
            .image
            .to_rgb8()
            .into_raw()
            .into_iter()
            .zip(made.image.to_rgb8().into_raw());
        let worst = pairs.map(|(a, b)| a.abs_diff(b)).max();
        assert!(worst <= Some(1), "{width} × {height}: {worst:?}");
        assert!(made.image.to_rgba8().pixels().all(|pixel| pixel.0[3] == 255));
    }
}

#[test]
fn cut_out_edges_have_no_fringe() {
    for hidden in [[0, 0, 0], [0, 255, 0]] {
        let disc = RgbaImage::from_fn(200, 200, |x, y| {
            let far = (x as f32 - 99.5).hypot(y as f32 - 99.5);
            if far < 80.0 {
                Rgba([250, 240, 230, 255])
            } else {
                Rgba([hidden[0], hidden[1], hidden[2], 0])
            }
        });
        let deep = DynamicImage::from(disc.clone()).into_rgba16();
        for from in [picture(disc), picture(deep)] {
            for made in [
                resize(&from, 90, 90).expect("resizes"),
                resize(&from, 333, 333).expect("resizes"),
                rotate(&from, 33.0, None).expect("rotates"),
            ] {
                for pixel in made.image.to_rgba8().pixels().filter(|pixel| pixel.0[3] > 16) {
                    let [r, g, b, alpha] = pixel.0;
                    // Lanczos overshoots a little within an edge; a fringe would be off by a hundred.
                    let slack = 20 + 640 / u32::from(alpha);
                    assert!(
                        u32::from(r.abs_diff(250)) <= slack
                            && u32::from(g.abs_diff(240)) <= slack
                            && u32::from(b.abs_diff(230)) <= slack,
                        "{pixel:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn quarter_turns_move_pixels_and_change_none() {
    let from = picture(make::cut_out(30, 20));
    let once = rotate(&from, 90.0, None).expect("rotates");
    assert_eq!((once.width(), once.height()), (20, 30));
    assert_eq!(once.image.get_pixel(19, 0), from.image.get_pixel(0, 0));
    let mut around = from.clone();
    for _ in 0..4 {
        around = rotate(&around, 90.0, None).expect("rotates");
    }
    assert_eq!(around.image, from.image);
    for (degrees, same_as) in [
        (-90.0, 270.0),
        (450.0, 90.0),
        (360.0, 0.0),
        (-720.0, 0.0),
        (540.0, 180.0),
    ] {
        let (a, b) = (rotate(&from, degrees, None), rotate(&from, same_as, None));
        assert_eq!(a.expect("rotates").image, b.expect("rotates").image);
    }
    for odd in [f64::NAN, f64::INFINITY] {
        assert!(rotate(&from, odd, None).is_err());
    }
}

#[test]
fn other_angles_grow_the_canvas_and_fill_its_corners() {
    let from = picture(RgbImage::from_pixel(100, 60, Rgb([200, 50, 25])));
    let turned = rotate(&from, 30.0, None).expect("rotates");
    assert_eq!((turned.width(), turned.height()), (117, 102));
    assert_eq!(turned.image.get_pixel(0, 0).0[3], 0);
    assert_eq!(turned.image.get_pixel(58, 51), Rgba([200, 50, 25, 255]));
    let filled = rotate(&from, 30.0, Some([0, 0, 255])).expect("rotates");
    assert!(!filled.has_alpha());
    assert_eq!(filled.image.get_pixel(0, 0), Rgba([0, 0, 255, 255]));
    assert_eq!(filled.image.get_pixel(58, 51), Rgba([200, 50, 25, 255]));
    // The picture covers as much as before.
    let area: f64 = turned
        .image
        .to_rgba8()
        .pixels()
        .map(|pixel| f64::from(pixel.0[3]) / 255.0)
        .sum();
    assert!((area - 6_000.0).abs() < 60.0, "{area}");
    // There and back again.
    let scene = picture(make::scene(160, 120));
    let there = rotate(&scene, 17.0, None).expect("rotates");
    let back = rotate(&there, -17.0, None).expect("rotates");
    let (x, y) = ((back.width() - 160) / 2, (back.height() - 120) / 2);
    let middle = |picture: &Picture, x: u32, y: u32| {
        crop(
            picture,
            Rect {
                x: x + 20,
                y: y + 20,
                width: 120,
                height: 80,
            },
        )
        .expect("crops")
        .image
    };
    assert!(psnr(&middle(&back, x, y), &middle(&scene, 0, 0)) > 27.0);
    // Holes stay holes, whatever the background is.
    let glass = picture(RgbaImage::from_pixel(40, 40, Rgba([9, 9, 9, 0])));
    let seen = rotate(&glass, 45.0, Some([255, 0, 0])).expect("rotates").image;
    assert_eq!(seen.get_pixel(seen.width() / 2, seen.height() / 2).0[3], 0);
    assert_eq!(seen.get_pixel(0, 0), Rgba([255, 0, 0, 255]));
}

#[test]
fn cropping_and_flipping_are_exact() {
    let from = picture(make::scene(50, 40));
    let cut = crop(
        &from,
        Rect {
            x: 10,
            y: 5,
            width: 20,
            height: 30,
        },
    )
    .expect("crops");
    assert_eq!((cut.width(), cut.height()), (20, 30));
    assert_eq!(cut.image.get_pixel(0, 0), from.image.get_pixel(10, 5));
    let problem = crop(
        &from,
        Rect {
            x: 40,
            y: 5,
            width: 20,
            height: 30,
        },
    )
    .expect_err("is refused");
    assert!(
        problem.message.contains("60 × 35") && problem.message.contains("50 × 40"),
        "{problem}"
    );
    let mirrored = flip(&from, Flip::Horizontal);
    assert_eq!(mirrored.image.get_pixel(49, 7), from.image.get_pixel(0, 7));
    assert_eq!(flip(&flip(&from, Flip::Vertical), Flip::Vertical).image, from.image);
    assert_eq!(
        flip(&flip(&from, Flip::Vertical), Flip::Horizontal).image,
        rotate(&from, 180.0, None).expect("rotates").image
    );
}
