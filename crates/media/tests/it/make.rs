//! Pictures for the tests, and how alike two pictures are.

use aquatint_media::Picture;
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

/// A picture with soft gradients, hard edges and a little grain, the same each time.
pub fn scene(width: u32, height: u32) -> RgbImage {
    let mut grain = 1u32;
    RgbImage::from_fn(width, height, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (grain >> 29) as f32;
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let in_disc = (u - 0.3).powi(2) + (v - 0.4).powi(2) < 0.04;
        let in_bar = v > 0.75 && u > 0.5;
        let color = if in_disc {
            [230.0, 60.0 + 60.0 * v, 40.0]
        } else if in_bar {
            [20.0, 90.0, 60.0]
        } else {
            [60.0 + 120.0 * u, 110.0 + 80.0 * v, 200.0 - 60.0 * u]
        };
        Rgb(color.map(|channel| (channel + grain) as u8))
    })
}

/// The scene within a soft-edged disc; what is transparent hides a loud colour.
pub fn cut_out(width: u32, height: u32) -> RgbaImage {
    let scene = scene(width, height);
    RgbaImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let alpha = ((0.42 - (u * u + v * v).sqrt()) * 20.0).clamp(0.0, 1.0);
        let [r, g, b] = scene.get_pixel(x, y).0;
        if alpha == 0.0 {
            Rgba([0, 255, 0, 0])
        } else {
            Rgba([r, g, b, (alpha * 255.0) as u8])
        }
    })
}

pub fn picture(image: impl Into<DynamicImage>) -> Picture {
    Picture::new(image.into())
}

/// Peak signal-to-noise ratio of the colours, in dB.
pub fn psnr(a: &DynamicImage, b: &DynamicImage) -> f64 {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()), "pictures of one size");
    let (a, b) = (a.to_rgb8(), b.to_rgb8());
    let sum: f64 = a
        .iter()
        .zip(b.iter())
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    let mean = sum / a.len() as f64;
    if mean == 0.0 {
        f64::INFINITY
    } else {
        10.0 * (255.0f64 * 255.0 / mean).log10()
    }
}

/// Writes with one of the `image` crate's encoders.
pub fn written(image: &DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, format)
        .expect("the encoder takes the picture");
    bytes.into_inner()
}

/// An EXIF block that holds an orientation and nothing else.
pub fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend(orientation.to_be_bytes());
    block.extend([0; 6]);
    block
}

/// A JPEG with an orientation.
pub fn turned_jpeg(image: &RgbImage, orientation: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 92);
    encoder.add_exif_metadata(&exif(orientation)).expect("short enough");
    encoder
        .encode(
            image,
            image.width() as u16,
            image.height() as u16,
            jpeg_encoder::ColorType::Rgb,
        )
        .expect("the encoder takes the picture");
    bytes
}

/// One PNG chunk.
pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    [
        &(data.len() as u32).to_be_bytes()[..],
        kind,
        data,
        &crc.sum().to_be_bytes(),
    ]
    .concat()
}

/// A PNG from its chunks.
pub fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    chunks.iter().for_each(|chunk| bytes.extend(chunk));
    bytes
}

/// PNG's header chunk.
pub fn ihdr(width: u32, height: u32, depth: u8, color: u8) -> Vec<u8> {
    let mut data = [width.to_be_bytes(), height.to_be_bytes()].concat();
    data.extend([depth, color, 0, 0, 0]);
    chunk(b"IHDR", &data)
}

/// `zeros` zero bytes under zlib: about a thousandth of them.
pub fn deflated_zeros(zeros: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let block = vec![0u8; 1 << 20];
    let mut left = zeros;
    while left > 0 {
        let now = left.min(block.len());
        encoder.write_all(&block[..now]).expect("writes to memory");
        left -= now;
    }
    encoder.finish().expect("writes to memory")
}

/// A RIFF chunk, padded.
pub fn riff(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut bytes = [&kind[..], &(data.len() as u32).to_le_bytes(), data].concat();
    if data.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A WebP file from its chunks.
pub fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body: Vec<u8> = b"WEBP"
        .iter()
        .copied()
        .chain(chunks.iter().flatten().copied())
        .collect();
    riff(b"RIFF", &body)
}

/// The extended header of WebP.
pub fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut data = vec![flags, 0, 0, 0];
    data.extend(&(width - 1).to_le_bytes()[..3]);
    data.extend(&(height - 1).to_le_bytes()[..3]);
    riff(b"VP8X", &data)
}

/// The bitstream chunk of a WebP that has only that.
pub fn bitstream(webp: &[u8]) -> Vec<u8> {
    webp[12..].to_vec()
}

/// A frame of an animation around a bitstream chunk.
pub fn anmf(width: u32, height: u32, duration_ms: u32, bitstream: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 6];
    data.extend(&(width - 1).to_le_bytes()[..3]);
    data.extend(&(height - 1).to_le_bytes()[..3]);
    data.extend(&duration_ms.to_le_bytes()[..3]);
    data.push(0);
    data.extend(bitstream);
    riff(b"ANMF", &data)
}

/// A TIFF of one directory: tag, kind (3 short, 4 long, 1 and 7 bytes), values; `data` follows at `DATA_AT`.
pub fn tiff(tags: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut bytes = b"II\x2a\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    assert!(bytes.len() <= TIFF_DATA_AT as usize, "the directory is too long");
    bytes.resize(TIFF_DATA_AT as usize, 0);
    bytes.extend(data);
    bytes
}

/// Where the data of [`tiff`] begins.
pub const TIFF_DATA_AT: u32 = 400;

/// A GIF whose `frames` frames of 1 × 1 px stand on a canvas.
pub fn gif(width: u16, height: u16, frames: usize, frame_size: (u16, u16)) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend(width.to_le_bytes());
    bytes.extend(height.to_le_bytes());
    bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    for _ in 0..frames {
        bytes.extend([0x21, 0xf9, 4, 0, 5, 0, 0, 0]);
        bytes.push(0x2c);
        bytes.extend([0; 4]);
        bytes.extend(frame_size.0.to_le_bytes());
        bytes.extend(frame_size.1.to_le_bytes());
        // Clear code, index 0, end code, three bits each.
        bytes.extend([0, 2, 2, 0x44, 0x01, 0]);
    }
    bytes.push(0x3b);
    bytes
}
