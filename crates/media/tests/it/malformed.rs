//! Thousands of damaged files of every format: none may panic, hang, or come back as anything but a
//! picture or a problem that the caller can read.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use aquatint_domain::{Code, MediaType};
use aquatint_media::{Encoding, Limits, decode, decode_at_least, encode, probe};
use image::ImageFormat;

use crate::make::{self, picture};

/// In a build that is not optimised; a release build needs a fraction.
const AT_MOST: Duration = Duration::from_secs(5);
const CUTS: usize = 100;
const FLIPS: usize = 150;

#[test]
fn damaged_files_are_pictures_or_problems() {
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut count = 0;
    for (name, bytes) in seeds() {
        decode(&bytes, &Limits::default()).unwrap_or_else(|problem| panic!("the seed {name} decodes: {problem}"));
        let step = (bytes.len() / CUTS).max(1);
        for cut in (0..bytes.len()).step_by(step) {
            let is_picture = check(&format!("{name} cut at {cut}"), &bytes[..cut]);
            assert!(
                !is_picture || cut * 2 > bytes.len(),
                "{name} cut at {cut} of {} is a picture",
                bytes.len()
            );
            count += 1;
        }
        for flip in 0..FLIPS {
            let mut damaged = bytes.clone();
            for _ in 0..1 + chance.below(4) {
                let at = chance.below(damaged.len());
                damaged[at] = match chance.below(4) {
                    0 => 0xff,
                    1 => 0,
                    _ => damaged[at] ^ (1 << chance.below(8)),
                };
            }
            // Headers are where the interesting damage is.
            if flip % 2 == 0 {
                let at = chance.below(damaged.len().min(64));
                damaged[at] = chance.below(256) as u8;
            }
            check(&format!("{name} flip {flip}"), &damaged);
            count += 1;
        }
        for splice in 0..20 {
            let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len()));
            let damaged = [&bytes[..to], &bytes[from..]].concat();
            check(&format!("{name} splice {splice}"), &damaged);
            count += 1;
        }
    }
    assert!(count >= 2_000, "{count} files");
    println!("{count} damaged files");
}

/// Whether it decodes; panics when it does not fail as it should.
fn check(what: &str, bytes: &[u8]) -> bool {
    let start = Instant::now();
    let result = catch_unwind(|| {
        let limits = Limits::default();
        let seen = probe(bytes, &limits);
        let whole = decode(bytes, &limits);
        let reduced = decode_at_least(bytes, &limits, 4);
        assert!(seen.is_ok() || whole.is_err(), "{what}: decodes but does not probe");
        if let (Ok(seen), Ok(whole)) = (&seen, &whole) {
            assert_eq!((seen.width, seen.height), (whole.width(), whole.height()), "{what}");
        }
        assert_eq!(
            whole.is_ok(),
            reduced.is_ok(),
            "{what}: {:?} and reduced {:?}",
            whole.err(),
            reduced.err()
        );
        whole.map(|_| ())
    });
    let took = start.elapsed();
    assert!(took < AT_MOST, "{what} took {took:?}");
    let result = result.unwrap_or_else(|_| panic!("{what} panicked"));
    if let Err(problem) = &result {
        assert!(
            matches!(
                problem.code,
                Code::InvalidImage | Code::UnsupportedMedia | Code::TooLarge
            ),
            "{what}: {problem:?}"
        );
        assert!(
            problem.message.ends_with('.') && problem.message.len() < 400,
            "{what}: {problem}"
        );
    }
    result.is_ok()
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let scene = make::scene(37, 29);
    let plain = image::DynamicImage::from(scene.clone());
    let opaque = picture(scene.clone());
    let see_through = picture(make::cut_out(37, 29));
    let made = |picture, media_type, lossless| {
        encode(
            picture,
            &Encoding {
                lossless,
                ..Encoding::of(media_type)
            },
        )
        .expect("encodes")
    };
    let frame = make::anmf(37, 29, 40, &make::bitstream(&made(&opaque, MediaType::WebP, false)));
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 80);
    encoder.set_progressive(true);
    encoder
        .encode(&scene, 37, 29, jpeg_encoder::ColorType::Rgb)
        .expect("encodes");
    let mut cmyk = Vec::new();
    let ink = vec![90u8; 37 * 29 * 4];
    let encoder = jpeg_encoder::Encoder::new(&mut cmyk, 80);
    encoder
        .encode(&ink, 37, 29, jpeg_encoder::ColorType::CmykAsYcck)
        .expect("encodes");
    let mut profiled = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut profiled, 80);
    encoder
        .add_icc_profile(&moxcms::ColorProfile::new_display_p3().encode().expect("encodes"))
        .expect("short enough");
    encoder
        .encode(&scene, 37, 29, jpeg_encoder::ColorType::Rgb)
        .expect("encodes");
    vec![
        ("PNG", made(&opaque, MediaType::Png, false)),
        ("PNG with alpha", made(&see_through, MediaType::Png, false)),
        (
            "PNG of 16 bits",
            made(&picture(plain.to_rgba16()), MediaType::Png, false),
        ),
        ("JPEG", made(&opaque, MediaType::Jpeg, false)),
        ("JPEG with a profile", profiled),
        ("JPEG with EXIF", make::turned_jpeg(&scene, 6)),
        ("progressive JPEG", progressive),
        ("CMYK JPEG", cmyk),
        ("WebP", made(&opaque, MediaType::WebP, false)),
        ("WebP with alpha", made(&see_through, MediaType::WebP, false)),
        ("WebP without loss", made(&see_through, MediaType::WebP, true)),
        (
            "animated WebP",
            make::webp(&[
                make::vp8x(0x02, 37, 29),
                make::riff(b"ANIM", &[0; 6]),
                frame.clone(),
                frame,
            ]),
        ),
        ("GIF", make::written(&plain, ImageFormat::Gif)),
        ("BMP", make::written(&plain, ImageFormat::Bmp)),
        ("TIFF", make::written(&plain, ImageFormat::Tiff)),
        ("AVIF", made(&opaque, MediaType::Avif, false)),
        ("AVIF with alpha", made(&see_through, MediaType::Avif, false)),
    ]
}

/// Numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
