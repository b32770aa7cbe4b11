//! What goes in comes out: every format, depth, orientation and kind of pixels.

use aquatint_domain::{Code, MediaType};
use aquatint_media::{Encoding, Limits, Picture, decode, decode_at_least, encode, fit_within, inspect, probe};
use image::{DynamicImage, GenericImageView, ImageFormat, Luma, Rgb, Rgba};

use crate::make::{self, picture, psnr};

fn limits() -> Limits {
    Limits::default()
}

#[test]
fn every_output_format_reads_back_as_nearly_the_same_picture() {
    let opaque = picture(make::scene(321, 203));
    let see_through = picture(make::cut_out(200, 160));
    for (media_type, lossless, at_least) in [
        (MediaType::Png, false, f64::INFINITY),
        (MediaType::Jpeg, false, 31.0),
        (MediaType::WebP, false, 31.0),
        (MediaType::WebP, true, f64::INFINITY),
        (MediaType::Avif, false, 34.0),
    ] {
        let encoding = Encoding {
            lossless,
            ..Encoding::of(media_type)
        };
        for from in [&opaque, &see_through] {
            let bytes = encode(from, &encoding).expect("encodes");
            let seen = probe(&bytes, &limits()).expect("probes");
            assert_eq!(
                (seen.media_type, seen.width, seen.height),
                (media_type, from.width(), from.height())
            );
            assert_eq!(
                seen.has_alpha,
                from.has_alpha() && media_type != MediaType::Jpeg,
                "{media_type}"
            );
            let back = decode(&bytes, &limits()).expect("decodes");
            assert_eq!(back.has_alpha(), seen.has_alpha, "{media_type}");
            let white = |picture: &Picture| {
                let bytes = encode(
                    picture,
                    &Encoding {
                        background: Some([255; 3]),
                        ..Encoding::of(MediaType::Png)
                    },
                );
                decode(&bytes.expect("encodes"), &limits()).expect("decodes").image
            };
            let likeness = psnr(&white(from), &white(&back));
            assert!(
                likeness >= at_least,
                "{media_type} lossless {lossless}: {likeness:.1} dB"
            );
            if lossless || media_type == MediaType::Png {
                assert_eq!(from.image, back.image);
            }
        }
    }
}

#[test]
fn avif_keeps_colours_alpha_and_odd_sizes() {
    for (width, height) in [(1, 1), (2, 3), (17, 9), (64, 64)] {
        let from = picture(make::cut_out(width, height));
        let back = decode(
            &encode(&from, &Encoding::of(MediaType::Avif).quality(95)).expect("encodes"),
            &limits(),
        );
        let back = back.expect("decodes").image.to_rgba8();
        for (x, y, pixel) in from.image.to_rgba8().enumerate_pixels() {
            assert!(
                back.get_pixel(x, y).0[3].abs_diff(pixel.0[3]) <= 8,
                "{width}x{height} alpha at {x},{y}"
            );
        }
    }
    let red = picture(image::RgbImage::from_pixel(32, 32, Rgb([200, 30, 60])));
    let back = decode(
        &encode(&red, &Encoding::of(MediaType::Avif)).expect("encodes"),
        &limits(),
    )
    .expect("decodes");
    let seen = back.image.to_rgb8().get_pixel(16, 16).0;
    assert!(
        seen.iter().zip([200u8, 30, 60]).all(|(a, b)| a.abs_diff(b) <= 3),
        "{seen:?}"
    );
}

#[test]
fn jpeg_gets_white_or_the_asked_background_under_transparency() {
    let glass = picture(image::RgbaImage::from_pixel(16, 16, Rgba([0, 0, 0, 0])));
    for (background, wanted) in [(None, [255; 3]), (Some([10, 200, 90]), [10, 200, 90])] {
        let bytes = encode(
            &glass,
            &Encoding {
                background,
                ..Encoding::of(MediaType::Jpeg).quality(100)
            },
        );
        let back = decode(&bytes.expect("encodes"), &limits())
            .expect("decodes")
            .image
            .to_rgb8();
        let seen = back.get_pixel(8, 8).0;
        assert!(
            seen.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 3),
            "{seen:?} for {wanted:?}"
        );
    }
    let kept = encode(&glass, &Encoding::of(MediaType::Png)).expect("encodes");
    assert!(decode(&kept, &limits()).expect("decodes").has_alpha());
    let laid = encode(
        &glass,
        &Encoding {
            background: Some([1, 2, 3]),
            ..Encoding::of(MediaType::Png)
        },
    );
    let laid = decode(&laid.expect("encodes"), &limits()).expect("decodes");
    assert_eq!(
        (laid.has_alpha(), laid.image.get_pixel(0, 0)),
        (false, Rgba([1, 2, 3, 255]))
    );
}

#[test]
fn sixteen_bits_survive_png_and_tiff_and_resizing() {
    let deep = image::ImageBuffer::<Rgb<u16>, _>::from_fn(64, 48, |x, y| {
        Rgb([(x * 1_000) as u16, (y * 1_300) as u16, 32_769])
    });
    let see_through = image::ImageBuffer::<Rgba<u16>, _>::from_fn(64, 48, |x, y| {
        Rgba([(x * 1_000) as u16, (y * 1_300) as u16, 257, 40_001])
    });
    for from in [DynamicImage::from(deep), DynamicImage::from(see_through)] {
        let bytes = encode(&picture(from.clone()), &Encoding::of(MediaType::Png)).expect("encodes");
        assert_eq!(probe(&bytes, &limits()).expect("probes").bit_depth, 16);
        let back = decode(&bytes, &limits()).expect("decodes");
        assert_eq!(back.image, from);
        let half = aquatint_media::resize(&back, 32, 24).expect("resizes");
        assert!(half.is_deep() && half.has_alpha() == back.has_alpha());
        let tiff = make::written(&from, ImageFormat::Tiff);
        assert_eq!(decode(&tiff, &limits()).expect("decodes").image, from);
    }
}

#[test]
fn small_kinds_of_pixels_come_out_as_colour() {
    // One bit, black and white; a palette with a transparent entry; grey with alpha; grey of 16 bits.
    let rows: Vec<u8> = (0..8)
        .flat_map(|y: u8| [0, if y.is_multiple_of(2) { 0xaa } else { 0x55 }])
        .collect();
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut deflated, &rows).expect("writes");
    let idat = make::chunk(b"IDAT", &deflated.finish().expect("writes"));
    let iend = make::chunk(b"IEND", &[]);
    let bits = make::png(&[make::ihdr(8, 8, 1, 0), idat.clone(), iend.clone()]);
    let seen = decode(&bits, &limits()).expect("decodes").image;
    assert_eq!(
        (seen.get_pixel(0, 0), seen.get_pixel(1, 0)),
        (Rgba([255; 4]), Rgba([0, 0, 0, 255]))
    );

    let palette = make::chunk(b"PLTE", &[200, 10, 20, 0, 0, 250]);
    let transparent = make::chunk(b"tRNS", &[255, 0]);
    let indexed = make::png(&[make::ihdr(8, 8, 1, 3), palette, transparent, idat, iend]);
    assert!(probe(&indexed, &limits()).expect("probes").has_alpha);
    let seen = decode(&indexed, &limits()).expect("decodes").image;
    assert_eq!(
        (seen.get_pixel(1, 0), seen.get_pixel(0, 0).0[3]),
        (Rgba([200, 10, 20, 255]), 0)
    );

    let grey = image::GrayAlphaImage::from_pixel(4, 4, image::LumaA([90, 128]));
    let seen = decode(&make::written(&grey.into(), ImageFormat::Png), &limits())
        .expect("decodes")
        .image;
    assert_eq!(seen.get_pixel(0, 0), Rgba([90, 90, 90, 128]));
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_pixel(4, 4, Luma([12_345]));
    let seen = decode(&make::written(&deep.into(), ImageFormat::Png), &limits()).expect("decodes");
    assert!(matches!(&seen.image, DynamicImage::ImageRgb16(image) if image.get_pixel(0, 0).0 == [12_345; 3]));
    let grey = image::GrayImage::from_fn(40, 30, |x, _| Luma([(x * 6) as u8]));
    let seen = decode(&make::written(&grey.clone().into(), ImageFormat::Jpeg), &limits())
        .expect("decodes")
        .image;
    assert!(psnr(&seen, &grey.into()) > 40.0);
}

#[test]
fn every_orientation_comes_out_upright_in_jpeg_png_and_webp() {
    let upright = DynamicImage::from(make::scene(96, 64));
    for orientation in 1..=8u16 {
        // What a camera held that way would have stored.
        let stored = match orientation {
            2 => upright.fliph(),
            3 => upright.rotate180(),
            4 => upright.flipv(),
            5 => upright.fliph().rotate270(),
            6 => upright.rotate270(),
            7 => upright.fliph().rotate90(),
            8 => upright.rotate90(),
            _ => upright.clone(),
        }
        .to_rgb8();
        let block = make::exif(orientation);
        let png = make::written(&stored.clone().into(), ImageFormat::Png);
        let (head, rest) = png.split_at(33);
        let png = [head, &make::chunk(b"eXIf", &block), rest].concat();
        let webp = encode(
            &picture(stored.clone()),
            &Encoding {
                lossless: true,
                ..Encoding::of(MediaType::WebP)
            },
        );
        let webp = make::webp(&[
            make::vp8x(0x08, stored.width(), stored.height()),
            make::bitstream(&webp.expect("encodes")),
            make::riff(b"EXIF", &block),
        ]);
        for bytes in [make::turned_jpeg(&stored, orientation), png, webp] {
            let seen = probe(&bytes, &limits()).expect("probes");
            assert_eq!(
                (seen.width, seen.height),
                (96, 64),
                "{} orientation {orientation}",
                seen.media_type
            );
            let back = decode(&bytes, &limits()).expect("decodes");
            let likeness = psnr(&back.image, &upright);
            assert!(
                likeness > 33.0,
                "{} orientation {orientation}: {likeness:.1} dB",
                seen.media_type
            );
        }
    }
}

#[test]
fn animations_give_their_first_frame_and_say_so() {
    let frame = |color| {
        encode(
            &picture(image::RgbImage::from_pixel(20, 10, Rgb(color))),
            &Encoding::of(MediaType::WebP),
        )
    };
    let frames: Vec<Vec<u8>> = [[250, 0, 0], [0, 250, 0], [0, 0, 250]]
        .map(|color| make::anmf(20, 10, 40, &make::bitstream(&frame(color).expect("encodes"))))
        .into();
    let anim = make::riff(b"ANIM", &[0; 6]);
    let webp = make::webp(&[vec![make::vp8x(0x02, 20, 10), anim], frames].concat());
    let seen = probe(&webp, &limits()).expect("probes");
    assert_eq!((seen.frames, seen.duration_ms), (3, Some(120)));
    let back = decode(&webp, &limits()).expect("decodes");
    assert_eq!(back.notes, ["animated: the first of 3 frames is used"]);
    let [r, g, b, _] = back.image.get_pixel(10, 5).0;
    assert!(r > 230 && g < 20 && b < 20, "{r} {g} {b}");

    let gif = make::gif(1, 1, 12, (1, 1));
    let seen = probe(&gif, &limits()).expect("probes");
    assert_eq!((seen.frames, seen.duration_ms), (12, Some(600)));
    let back = decode(&gif, &limits()).expect("decodes");
    assert_eq!(
        (back.width(), back.notes[0].as_str()),
        (1, "animated: the first of 12 frames is used")
    );
}

#[test]
fn a_jpeg_is_decoded_no_larger_than_needed_and_no_smaller() {
    let bytes = encode(&picture(make::scene(1600, 1200)), &Encoding::of(MediaType::Jpeg)).expect("encodes");
    let whole = decode(&bytes, &limits()).expect("decodes");
    for (wanted, width) in [
        (1, 200),
        (200, 200),
        (201, 400),
        (600, 600),
        (800, 800),
        (1_500, 1_600),
        (9_000, 1_600),
    ] {
        let seen = decode_at_least(&bytes, &limits(), wanted).expect("decodes");
        assert_eq!((seen.width(), seen.height()), (width, width * 3 / 4), "for {wanted}");
        let same = aquatint_media::resize(&whole, seen.width(), seen.height()).expect("resizes");
        assert!(
            psnr(&same.image, &seen.image) > 33.0,
            "for {wanted}: {}",
            psnr(&same.image, &seen.image)
        );
    }
    // Only one component, odd sizes.
    let grey = image::GrayImage::from_fn(333, 77, |x, y| Luma([(x + y) as u8]));
    let bytes = make::written(&grey.into(), ImageFormat::Jpeg);
    assert_eq!(decode_at_least(&bytes, &limits(), 40).expect("decodes").width(), 42);
}

#[test]
fn inspection_gives_all_previews_from_one_decode() {
    let bytes = make::turned_jpeg(&make::scene(1200, 900), 6);
    let seen = inspect(&bytes, &limits(), &[256, 1024, 64]).expect("inspects");
    assert_eq!((seen.probe.width, seen.probe.height), (900, 1200));
    let sizes: Vec<_> = seen
        .renditions
        .iter()
        .map(|one| (one.size, one.width, one.height))
        .collect();
    assert_eq!(sizes, [(256, 192, 256), (1024, 768, 1024), (64, 48, 64)]);
    let whole = decode(&bytes, &limits()).expect("decodes");
    for one in &seen.renditions {
        let back = decode(&one.bytes, &limits()).expect("decodes");
        let wanted = aquatint_media::resize(&whole, one.width, one.height).expect("resizes");
        assert!(
            psnr(&back.image, &wanted.image) > 28.0,
            "{}: {}",
            one.size,
            psnr(&back.image, &wanted.image)
        );
    }
    assert!(seen.thumb_hash.len() > 20 && seen.colors.len() >= 2, "{seen:?}");
    // The same hash, whether from the reduced decode or the whole one.
    let hash = aquatint_media::thumb_hash(&whole);
    assert_eq!(hash.len(), seen.thumb_hash.len());
    // A small picture keeps its size.
    let small = inspect(&make::turned_jpeg(&make::scene(40, 30), 1), &limits(), &[256]).expect("inspects");
    assert_eq!((small.renditions[0].width, small.renditions[0].height), (40, 30));
    // No rendition at all is fine too.
    assert!(inspect(&bytes, &limits(), &[]).expect("inspects").renditions.is_empty());
}

#[test]
fn sizes_fit_within_a_long_side_in_proportion() {
    assert_eq!(fit_within(4000, 3000, 1024), (1024, 768));
    assert_eq!(fit_within(3000, 4000, 1024), (768, 1024));
    assert_eq!(fit_within(100, 50, 1024), (100, 50));
    assert_eq!(fit_within(16_384, 1, 256), (256, 1));
}

#[test]
fn metadata_never_reaches_the_output() {
    let secret = b"GPS of my house";
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.add_app_segment(13, secret.to_vec()).expect("short enough");
    let scene = make::scene(64, 64);
    encoder
        .encode(&scene, 64, 64, jpeg_encoder::ColorType::Rgb)
        .expect("encodes");
    let from = decode(&bytes, &limits()).expect("decodes");
    for media_type in [MediaType::Png, MediaType::Jpeg, MediaType::WebP, MediaType::Avif] {
        let out = encode(&from, &Encoding::of(media_type)).expect("encodes");
        assert!(
            !out.windows(secret.len()).any(|window| window == secret),
            "{media_type}"
        );
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_what_can() {
    let one = picture(make::scene(8, 8));
    for media_type in [MediaType::Gif, MediaType::Bmp, MediaType::Tiff, MediaType::Mp4] {
        let problem = encode(&one, &Encoding::of(media_type)).expect_err("is refused");
        assert!(problem.code == Code::InvalidArgument && problem.message.contains("image/webp"));
    }
    for quality in [0, 101] {
        assert!(encode(&one, &Encoding::of(MediaType::Jpeg).quality(quality)).is_err());
    }
    let wide = picture(image::RgbImage::new(16_384, 2));
    let problem = encode(&wide, &Encoding::of(MediaType::WebP)).expect_err("is refused");
    assert!(problem.message.contains("16383"), "{problem}");
}

/// The photographs, where they are.
#[test]
fn real_photographs_decode_and_encode_small() {
    let folder = std::env::var_os("AQUATINT_SAMPLES").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"),
        Into::into,
    );
    if !folder.is_dir() {
        println!("skipped: no photographs in {}", folder.display());
        return;
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let is_picture = entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "png" || extension == "jpg");
        if !is_picture {
            continue;
        }
        let bytes = std::fs::read(entry.path()).expect("readable");
        let picture = decode(&bytes, &limits()).expect("decodes");
        let webp = encode(&picture, &Encoding::of(MediaType::WebP)).expect("encodes");
        let back = decode(&webp, &limits()).expect("decodes");
        assert!(psnr(&picture.image, &back.image) > 30.0, "{:?}", entry.path());
        assert!(webp.len() * 2 < bytes.len() * 3, "{:?}", entry.path());
        seen += 1;
    }
    assert!(seen >= 5);
}
