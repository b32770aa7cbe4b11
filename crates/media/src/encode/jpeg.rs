//! JPEG: baseline with its own Huffman tables, which costs little time and saves some percent.

use aquatint_domain::Problem;
use image::DynamicImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{failed, too_wide};

/// From this quality on chroma keeps its full resolution: who asks for it wants the colours too.
const FULL_CHROMA_FROM: u8 = 95;

pub(super) fn encode(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, Problem> {
    let (Ok(width), Ok(height)) = (u16::try_from(image.width()), u16::try_from(image.height())) else {
        return Err(too_wide("JPEG", u32::from(u16::MAX)));
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(if quality >= FULL_CHROMA_FROM {
        SamplingFactor::R_4_4_4
    } else {
        SamplingFactor::R_4_2_0
    });
    encoder
        .encode(image.as_bytes(), width, height, ColorType::Rgb)
        .map_err(failed)?;
    Ok(bytes)
}
