//! Small files that promise, or unpack to, far too much (attack A22): refused by their headers, or
//! decoded without unpacking what nobody asked for. Each in less than a second.

use std::time::{Duration, Instant};

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_media::{Encoding, Limits, decode, encode, probe};

use crate::make::{self, picture};

const AT_MOST: Duration = Duration::from_secs(1);

struct Bomb {
    name: &'static str,
    bytes: Vec<u8>,
}

fn bomb(name: &'static str, bytes: Vec<u8>) -> Bomb {
    Bomb { name, bytes }
}

fn timed<T>(name: &str, run: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < AT_MOST, "{name} took {:?}", start.elapsed());
    result
}

#[test]
fn bombs_are_refused_by_their_headers() {
    let bombs = [
        png_bombs(),
        gif_bombs(),
        tiff_bombs(),
        bmp_bombs(),
        webp_bombs(),
        other_bombs(),
    ]
    .concat_bombs();
    assert!(bombs.len() >= 20, "{}", bombs.len());
    for Bomb { name, bytes } in bombs {
        let problem = timed(name, || probe(&bytes, &Limits::default())).err();
        let problem = problem.unwrap_or_else(|| panic!("{name} passes its header check"));
        assert!(
            matches!(problem.code, Code::InvalidImage | Code::TooLarge),
            "{name}: {problem}"
        );
        assert!(timed(name, || decode(&bytes, &Limits::default())).is_err(), "{name}");
    }
}

trait Concat {
    fn concat_bombs(self) -> Vec<Bomb>;
}

impl<const N: usize> Concat for [Vec<Bomb>; N] {
    fn concat_bombs(self) -> Vec<Bomb> {
        self.into_iter().flatten().collect()
    }
}

fn png_bombs() -> Vec<Bomb> {
    let idat = make::chunk(b"IDAT", &make::deflated_zeros(4 << 20));
    let end = make::chunk(b"IEND", &[]);
    let sized = |width, height| make::png(&[make::ihdr(width, height, 8, 6), idat.clone(), end.clone()]);
    let animated = |frames: u32, side: u32| {
        let control = make::chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat());
        make::png(&[make::ihdr(side, side, 8, 6), control, idat.clone(), end.clone()])
    };
    vec![
        bomb("PNG of 2^31 px a side", sized(0x7fff_ffff, 0x7fff_ffff)),
        bomb("PNG of 65535 px a side", sized(65_535, 65_535)),
        bomb("PNG of 256 megapixels", sized(16_384, 16_384)),
        bomb("PNG of one endless row", sized(u32::MAX, 1)),
        bomb("PNG without a size", sized(0, 0)),
        bomb("APNG of a million frames", animated(1_000_000, 1)),
        bomb("APNG of 200 large frames", animated(200, 2_000)),
    ]
}

fn gif_bombs() -> Vec<Bomb> {
    vec![
        bomb("GIF of 65535 px a side", make::gif(65_535, 65_535, 1, (1, 1))),
        bomb("GIF of a thousand frames", make::gif(10, 10, 1_000, (1, 1))),
        bomb("GIF of 100,000 frames", make::gif(1, 1, 100_000, (1, 1))),
        bomb("GIF of 150 large frames", make::gif(2_000, 2_000, 150, (1, 1))),
        bomb(
            "GIF with a frame beyond its canvas",
            make::gif(10, 10, 1, (65_535, 65_535)),
        ),
        bomb("GIF without a frame", make::gif(10, 10, 0, (1, 1))),
    ]
}

fn tiff_bombs() -> Vec<Bomb> {
    let sized = |width, height| {
        make::tiff(
            &[
                (256, 4, 1, width),
                (257, 4, 1, height),
                (258, 3, 1, 8),
                (259, 3, 1, 1),
                (262, 3, 1, 1),
                (273, 4, 1, 400),
                (278, 4, 1, height),
                (279, 4, 1, u32::MAX),
            ],
            &[],
        )
    };
    // The next directory is the same one again.
    let mut circle = sized(4, 4);
    let at = 10 + 12 * 8;
    circle[at..at + 4].copy_from_slice(&8u32.to_le_bytes());
    vec![
        bomb("TIFF of 2^32 px a side", sized(u32::MAX, u32::MAX)),
        bomb("TIFF of 400 megapixels", sized(20_000, 20_000)),
        bomb("TIFF of one endless strip", sized(1, u32::MAX)),
        bomb("TIFF whose pages run in a circle", circle),
    ]
}

fn bmp_bombs() -> Vec<Bomb> {
    let sized = |width: i32, height: i32| {
        let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend([1, 0, 24, 0]);
        bytes.extend([0; 24]);
        bytes
    };
    vec![
        bomb("BMP of 30000 px a side", sized(30_000, 30_000)),
        bomb("BMP of the smallest height there is", sized(1, i32::MIN)),
        bomb("BMP of 2^31 px a side", sized(i32::MAX, -i32::MAX)),
    ]
}

fn webp_bombs() -> Vec<Bomb> {
    // Only the first bytes of a lossless picture: signature, then 14 bits each of width and height less one.
    let lossless = |width: u32, height: u32| {
        let bits = (width - 1) | (height - 1) << 14;
        make::riff(b"VP8L", &[&[0x2f][..], &bits.to_le_bytes(), &[0; 8]].concat())
    };
    let lossy = |width: u16, height: u16| {
        let sizes = [width.to_le_bytes(), height.to_le_bytes()].concat();
        make::riff(b"VP8 ", &[&[0, 0, 0, 0x9d, 0x01, 0x2a][..], &sizes].concat())
    };
    let frames = |count: usize| {
        let frame = make::anmf(4, 4, 10, &lossless(4, 4));
        make::webp(&[vec![make::vp8x(0x02, 4, 4)], vec![frame; count]].concat())
    };
    vec![
        bomb(
            "WebP of 268 megapixels without loss",
            make::webp(&[lossless(16_384, 16_384)]),
        ),
        bomb("WebP of 268 megapixels with loss", make::webp(&[lossy(16_383, 16_383)])),
        bomb(
            "WebP of 2^24 px a side",
            make::webp(&[make::vp8x(0, 1 << 24, 1 << 24), lossless(4, 4)]),
        ),
        bomb(
            "WebP with a picture larger than its canvas",
            make::webp(&[make::vp8x(0, 4, 4), lossless(16_384, 16_384)]),
        ),
        bomb("WebP of 10,000 frames", frames(10_000)),
        bomb(
            "WebP with a frame larger than its canvas",
            make::webp(&[make::vp8x(0x02, 4, 4), make::anmf(4, 4, 10, &lossless(16_384, 16_384))]),
        ),
    ]
}

fn other_bombs() -> Vec<Bomb> {
    let mut jpeg = encode(&picture(make::scene(16, 16)), &Encoding::of(MediaType::Jpeg)).expect("encodes");
    let at = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .expect("a frame header")
        + 5;
    jpeg[at..at + 4].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    let mut avif = encode(&picture(make::scene(16, 16)), &Encoding::of(MediaType::Avif)).expect("encodes");
    let at = avif.windows(4).position(|four| four == b"ispe").expect("a size") + 8;
    avif[at..at + 8].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    vec![
        bomb("JPEG of 65500 px a side", jpeg),
        bomb("AVIF of 65535 px a side", avif),
        bomb("a file of 51 MB", vec![0x89; 51 << 20]),
    ]
}

/// Compressed texts and profiles are never unpacked further than a profile can be long.
#[test]
fn what_nobody_asked_for_is_not_unpacked() {
    let scene = make::written(&make::scene(8, 8).into(), image::ImageFormat::Png);
    let (head, rest) = scene.split_at(33);
    let zeros = make::deflated_zeros(512 << 20);
    let with = |kind: &[u8; 4], prefix: &[u8]| [head, &make::chunk(kind, &[prefix, &zeros].concat()), rest].concat();
    for (name, bytes) in [
        ("PNG with a zTXt of 512 MB", with(b"zTXt", b"Comment\0\0")),
        ("PNG with an iTXt of 512 MB", with(b"iTXt", b"Comment\0\x01\0\0\0")),
        ("PNG with an iCCP of 512 MB", with(b"iCCP", b"icc\0\0")),
    ] {
        let seen = timed(name, || decode(&bytes, &Limits::default())).expect("the picture itself is fine");
        assert_eq!(
            seen.notes.len(),
            usize::from(name.contains("iCCP")),
            "{name}: {:?}",
            seen.notes
        );
    }
}

#[test]
fn a_jpeg_of_very_many_scans_is_refused() {
    let jpeg = encode(&picture(make::scene(64, 64)), &Encoding::of(MediaType::Jpeg)).expect("encodes");
    let start = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).expect("a scan");
    let scan = &jpeg[start..jpeg.len() - 2];
    let bytes = [&jpeg[..start], &scan.repeat(500), &[0xff, 0xd9]].concat();
    let problem = timed("scans", || decode(&bytes, &Limits::default())).expect_err("is refused");
    assert!(
        problem.code == Code::InvalidImage && problem.message.contains("500 scans"),
        "{problem}"
    );
}

/// The size is stated twice in AVIF; the second one counts too.
#[test]
fn an_avif_whose_stream_is_larger_than_it_says_is_refused() {
    let mut avif = encode(&picture(make::scene(640, 480)), &Encoding::of(MediaType::Avif)).expect("encodes");
    let at = avif.windows(4).position(|four| four == b"ispe").expect("a size") + 8;
    avif[at..at + 8].copy_from_slice(&[0, 0, 0, 16, 0, 0, 0, 16]);
    let problem = decode(&avif, &Limits::default()).expect_err("is refused");
    assert_eq!(problem.code, Code::InvalidImage, "{problem}");
}

#[test]
fn refusals_name_the_limit_and_what_to_do() {
    let limits = Limits {
        max_pixels: 1_000,
        max_side: 100,
        ..Limits::default()
    };
    let png = |width, height| make::written(&make::scene(width, height).into(), image::ImageFormat::Png);
    let problem = probe(&png(120, 5), &limits).expect_err("is refused");
    assert_eq!(
        problem.message,
        "The picture is 120 × 5 px; each side may have at most 100 px. Make it smaller first."
    );
    let problem = probe(&png(90, 90), &limits).expect_err("is refused");
    assert!(problem.message.contains("megapixels"), "{problem}");
    let limits = Limits {
        max_bytes: 100,
        ..Limits::default()
    };
    assert_eq!(
        probe(&png(90, 90), &limits).expect_err("is refused").code,
        Code::TooLarge
    );
}
