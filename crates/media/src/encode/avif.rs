//! AVIF by ravif. It is slow by nature, so its effort falls as pictures grow and the time stays bounded.

use aquatint_domain::Problem;
use image::DynamicImage;
use ravif::{BitDepth, Encoder, Img, RGB8, RGBA8};

use super::failed;

/// rav1e's presets, from 1 (slow) to 10, by the number of pixels they are used up to. Without assembler
/// one megapixel takes about 2 s of computing at 7, 1 s at 9 and 0.6 s at 10.
const SPEEDS: &[(u64, u8)] = &[(1_200_000, 7), (6_000_000, 9)];
const FASTEST: u8 = 10;

pub(super) fn encode(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, Problem> {
    let pixels = u64::from(image.width()) * u64::from(image.height());
    let speed = SPEEDS
        .iter()
        .find(|(up_to, _)| pixels <= *up_to)
        .map_or(FASTEST, |(_, speed)| *speed);
    let encoder = Encoder::new()
        .with_quality(f32::from(quality))
        .with_alpha_quality(f32::from(quality))
        .with_speed(speed)
        // Ten bits make better pictures of the same size even from eight.
        .with_bit_depth(BitDepth::Ten)
        // The pool of threads that the process has.
        .with_num_threads(None);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let encoded = match image {
        DynamicImage::ImageRgba8(pixels) => {
            let pixels: Vec<RGBA8> = pixels
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&[r, g, b, a]| RGBA8::new(r, g, b, a))
                .collect();
            encoder.encode_rgba(Img::new(pixels.as_slice(), width, height))
        }
        other => {
            let pixels: Vec<RGB8> = other
                .as_bytes()
                .as_chunks::<3>()
                .0
                .iter()
                .map(|&[r, g, b]| RGB8::new(r, g, b))
                .collect();
            encoder.encode_rgb(Img::new(pixels.as_slice(), width, height))
        }
    };
    Ok(encoded.map_err(failed)?.avif_file)
}
