//! Colours: profiles into sRGB, CMYK, and the names of colours.

use std::borrow::Cow;

use aquatint_domain::MediaType;
use aquatint_media::{Encoding, Limits, decode, dominant_colors, encode, thumb_hash};
use image::{GenericImageView, Rgb, RgbImage, Rgba};
use moxcms::{CicpColorPrimaries, ColorProfile};

use crate::make::{self, picture};

const COLORS: [[u8; 3]; 6] = [
    [200, 100, 50],
    [30, 160, 90],
    [128, 128, 128],
    [10, 20, 200],
    [250, 240, 230],
    [90, 30, 110],
];

fn limits() -> Limits {
    Limits::default()
}

/// Display P3 to sRGB by the book: linearise, matrix, encode, clip.
fn p3_to_srgb(color: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = color.map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    // From the primaries of both, with the same white (D65).
    let linear = [
        1.2249401763 * r - 0.2249401763 * g,
        -0.0420569547 * r + 1.0420569547 * g,
        -0.0196375546 * r - 0.0786360656 * g + 1.0982736202 * b,
    ];
    linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        (if value <= 0.0031308 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        }) * 255.0
    })
}

fn tagged_png(image: &RgbImage, profile: &[u8]) -> Vec<u8> {
    let mut info = png::Info::with_size(image.width(), image.height());
    info.color_type = png::ColorType::Rgb;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = Some(Cow::Borrowed(profile));
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info)
        .expect("an encoder")
        .write_header()
        .expect("writes");
    writer.write_image_data(image).expect("writes");
    writer.finish().expect("writes");
    bytes
}

fn patches() -> RgbImage {
    RgbImage::from_fn(16 * COLORS.len() as u32, 16, |x, _| Rgb(COLORS[(x / 16) as usize]))
}

fn assert_patches(image: &image::DynamicImage, wanted: impl Fn([u8; 3]) -> [f64; 3], tolerance: f64, what: &str) {
    for (index, color) in COLORS.iter().enumerate() {
        let seen = image.get_pixel(index as u32 * 16 + 8, 8).0;
        for (seen, wanted) in seen.iter().zip(wanted(*color)) {
            assert!(
                (f64::from(*seen) - wanted).abs() <= tolerance,
                "{what}: {color:?} became {seen}, not {wanted:.1}"
            );
        }
    }
}

#[test]
fn display_p3_becomes_srgb_in_png_jpeg_webp_and_tiff() {
    let profile = ColorProfile::new_display_p3().encode().expect("encodes");
    let patches = patches();
    let png = tagged_png(&patches, &profile);
    assert_patches(&decode(&png, &limits()).expect("decodes").image, p3_to_srgb, 2.0, "PNG");

    let mut jpeg = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 100);
    encoder.add_icc_profile(&profile).expect("short enough");
    encoder
        .encode(&patches, patches.width() as u16, 16, jpeg_encoder::ColorType::Rgb)
        .expect("encodes");
    assert_patches(
        &decode(&jpeg, &limits()).expect("decodes").image,
        p3_to_srgb,
        4.0,
        "JPEG",
    );

    let webp = encode(
        &picture(patches.clone()),
        &Encoding {
            lossless: true,
            ..Encoding::of(MediaType::WebP)
        },
    );
    let webp = make::webp(&[
        make::vp8x(0x20, patches.width(), 16),
        make::riff(b"ICCP", &profile),
        make::bitstream(&webp.expect("encodes")),
    ]);
    assert_patches(
        &decode(&webp, &limits()).expect("decodes").image,
        p3_to_srgb,
        2.0,
        "WebP",
    );

    let pixels_at = make::TIFF_DATA_AT;
    let profile_at = pixels_at + patches.len() as u32;
    let tiff = make::tiff(
        &[
            (256, 4, 1, patches.width()),
            (257, 4, 1, 16),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 2),
            (273, 4, 1, pixels_at),
            (277, 3, 1, 3),
            (278, 4, 1, 16),
            (279, 4, 1, patches.len() as u32),
            (34675, 7, profile.len() as u32, profile_at),
        ],
        &[patches.as_raw().as_slice(), &profile].concat(),
    );
    assert_patches(
        &decode(&tiff, &limits()).expect("decodes").image,
        p3_to_srgb,
        2.0,
        "TIFF",
    );
}

#[test]
fn coded_colour_spaces_of_png_count_too() {
    let plain = make::written(&patches().into(), image::ImageFormat::Png);
    let (head, rest) = plain.split_at(33);
    // Display P3 with the transfer of sRGB.
    let code_points = [CicpColorPrimaries::Smpte432 as u8, 13, 0, 1];
    let coded = [head, &make::chunk(b"cICP", &code_points), rest].concat();
    assert_patches(
        &decode(&coded, &limits()).expect("decodes").image,
        p3_to_srgb,
        2.0,
        "cICP",
    );
}

#[test]
fn srgb_profiles_and_their_absence_change_nothing() {
    let same = |color: [u8; 3]| color.map(f64::from);
    for profile in [ColorProfile::new_srgb().encode().expect("encodes"), Vec::new()] {
        let png = if profile.is_empty() {
            make::written(&patches().into(), image::ImageFormat::Png)
        } else {
            tagged_png(&patches(), &profile)
        };
        let seen = decode(&png, &limits()).expect("decodes");
        assert!(seen.notes.is_empty(), "{:?}", seen.notes);
        assert_patches(&seen.image, same, 0.0, "sRGB");
    }
}

#[test]
fn unreadable_profiles_are_passed_over_with_a_note() {
    let same = |color: [u8; 3]| color.map(f64::from);
    let grey = ColorProfile::new_gray_with_gamma(1.8).encode().expect("encodes");
    for profile in [vec![7u8; 400], grey] {
        let seen = decode(&tagged_png(&patches(), &profile), &limits()).expect("decodes");
        assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
        assert_patches(&seen.image, same, 0.0, "no profile");
    }
}

#[test]
fn a_grey_profile_changes_grey() {
    let grey = ColorProfile::new_gray_with_gamma(1.0).encode().expect("encodes");
    let mut info = png::Info::with_size(4, 4);
    info.color_type = png::ColorType::Grayscale;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = Some(Cow::Borrowed(&grey));
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info)
        .expect("an encoder")
        .write_header()
        .expect("writes");
    writer.write_image_data(&[55; 16]).expect("writes");
    writer.finish().expect("writes");
    // 55/255 of linear light is 128 in sRGB.
    let seen = decode(&bytes, &limits()).expect("decodes");
    assert!(seen.notes.is_empty(), "{:?}", seen.notes);
    let [r, g, b, _] = seen.image.get_pixel(1, 1).0;
    assert!(r == g && g == b && r.abs_diff(128) <= 2, "{r} {g} {b}");
}

#[test]
fn sixteen_bits_stay_deep_through_a_profile() {
    let profile = ColorProfile::new_display_p3().encode().expect("encodes");
    let mut info = png::Info::with_size(2, 2);
    info.color_type = png::ColorType::Rgba;
    info.bit_depth = png::BitDepth::Sixteen;
    info.icc_profile = Some(Cow::Borrowed(&profile));
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info)
        .expect("an encoder")
        .write_header()
        .expect("writes");
    let pixel: Vec<u8> = [200u16 * 257, 100 * 257, 50 * 257, 30_000]
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect();
    writer.write_image_data(&pixel.repeat(4)).expect("writes");
    writer.finish().expect("writes");
    let seen = decode(&bytes, &limits()).expect("decodes");
    assert!(seen.is_deep());
    let wanted = p3_to_srgb([200, 100, 50]);
    let pixel = seen.image.to_rgba16().get_pixel(0, 0).0;
    assert_eq!(pixel[3], 30_000);
    for (seen, wanted) in pixel.iter().zip(wanted) {
        assert!(
            (f64::from(*seen) / 257.0 - wanted).abs() < 1.0,
            "{pixel:?} for {wanted}"
        );
    }
}

#[test]
fn cmyk_jpegs_are_not_negatives() {
    // The encoder stores ink as Photoshop does: inverted, with its marker, plain and as YCCK.
    let ink: Vec<u8> = (0..32 * 32).flat_map(|_| [0u8, 200, 220, 0]).collect();
    for kind in [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck] {
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 100)
            .encode(&ink, 32, 32, kind)
            .expect("encodes");
        let seen = decode(&bytes, &limits()).expect("decodes");
        let [r, g, b, _] = seen.image.get_pixel(16, 16).0;
        assert!(
            r > 240 && g.abs_diff(55) < 12 && b.abs_diff(35) < 12,
            "{kind:?}: {r} {g} {b}"
        );
        assert_eq!(
            seen.notes,
            ["CMYK without a usable colour profile: colours are approximate"]
        );
    }
}

#[test]
fn dominant_colours_are_what_a_person_would_say() {
    let flag = RgbImage::from_fn(300, 200, |x, _| match x {
        0..150 => Rgb([220, 20, 40]),
        150..250 => Rgb([250, 250, 250]),
        _ => Rgb([10, 40, 120]),
    });
    let seen = dominant_colors(&picture(flag.clone()), 5);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        seen[0].starts_with("#d") && seen[1].starts_with("#f") && seen[2].starts_with("#0"),
        "{seen:?}"
    );
    assert_eq!(seen, dominant_colors(&picture(flag), 5), "the same each time");
    // What is invisible does not count.
    let mut glass = image::RgbaImage::from_pixel(50, 50, Rgba([0, 255, 0, 0]));
    assert!(dominant_colors(&picture(glass.clone()), 5).is_empty());
    glass.put_pixel(3, 3, Rgba([0, 0, 255, 255]));
    let seen = dominant_colors(&picture(image::RgbaImage::from_pixel(4, 4, Rgba([0, 0, 255, 255]))), 3);
    assert_eq!(seen, ["#0000ff"]);
    assert!(dominant_colors(&picture(make::scene(64, 64)), 0).is_empty());
    assert!(dominant_colors(&picture(make::scene(640, 480)), 100).len() <= 16);
}

#[test]
fn a_thumb_hash_looks_like_its_picture() {
    use base64::Engine as _;
    let hash = thumb_hash(&picture(make::scene(640, 480)));
    let bytes = base64::engine::general_purpose::STANDARD.decode(&hash).expect("base64");
    assert!(bytes.len() <= 30);
    let (width, height, pixels) = thumbhash::thumb_hash_to_rgba(&bytes).expect("a hash");
    let seen = image::RgbaImage::from_raw(width as u32, height as u32, pixels).expect("fits");
    let wanted = image::imageops::thumbnail(&make::scene(640, 480), width as u32, height as u32);
    assert!(make::psnr(&seen.into(), &wanted.into()) > 15.0);
    // Shapes at the edge of the possible.
    for (width, height) in [(1, 1), (5_000, 1), (1, 5_000)] {
        assert!(!thumb_hash(&picture(RgbImage::new(width, height))).is_empty());
    }
}
