//! PNG, with the `png` crate itself: texts and profiles are not unpacked, depth is kept.

use std::io::Cursor;

use aquatint_domain::Problem;
use image::{DynamicImage, ImageBuffer};
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Transformations};

use super::{Raw, refusal};
use crate::limits::Limits;
use crate::probe::Header;

pub(super) fn decode(header: &Header<'_>, bytes: &[u8], limits: &Limits) -> Result<Raw, Problem> {
    let mut options = DecodeOptions::default();
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(png::Limits {
        bytes: usize::try_from(limits.max_alloc).unwrap_or(usize::MAX),
    });
    // Palettes and small greys become 8 bits, tRNS becomes alpha, 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);

    let mut reader = decoder.read_info().map_err(problem)?;
    let size = reader
        .output_buffer_size()
        .filter(|size| *size as u64 <= limits.max_alloc);
    let mut data = vec![0u8; size.ok_or_else(|| refusal::too_large("PNG"))?];
    let frame = reader.next_frame(&mut data).map_err(problem)?;
    if (frame.width, frame.height) != (header.width, header.height) {
        return Err(refusal::contradiction("PNG"));
    }
    data.truncate(frame.buffer_size());
    drop(reader);
    let image = assemble(frame.width, frame.height, frame.color_type, frame.bit_depth, data);
    image.map(Raw::plain).ok_or_else(|| refusal::contradiction("PNG"))
}

fn assemble(width: u32, height: u32, color: ColorType, depth: BitDepth, data: Vec<u8>) -> Option<DynamicImage> {
    if depth == BitDepth::Sixteen {
        // PNG is big-endian.
        let deep: Vec<u16> = data
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| u16::from_be_bytes(*pair))
            .collect();
        return match color {
            ColorType::Grayscale => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageLuma16),
            ColorType::GrayscaleAlpha => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageLumaA16),
            ColorType::Rgb => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageRgb16),
            ColorType::Rgba => ImageBuffer::from_raw(width, height, deep).map(DynamicImage::ImageRgba16),
            ColorType::Indexed => None,
        };
    }
    match color {
        ColorType::Grayscale => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageLuma8),
        ColorType::GrayscaleAlpha => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageLumaA8),
        ColorType::Rgb => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgb8),
        ColorType::Rgba => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgba8),
        ColorType::Indexed => None,
    }
}

fn problem(error: DecodingError) -> Problem {
    match &error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => refusal::cut_off("PNG"),
        DecodingError::LimitsExceeded => refusal::too_large("PNG"),
        other => refusal::damaged("PNG", &aquatint_domain::text::one_line(&other.to_string(), 120)),
    }
    .caused_by(error)
}
