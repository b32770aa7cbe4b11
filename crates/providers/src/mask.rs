//! Masks in the form that a vendor wants.
//!
//! The product hands every vendor the same mask: a PNG with one grey channel of 8 bits, as large as the first picture,
//! white where something is to change. It was decoded and written anew by us, so it may be read here.

use std::io::Cursor;

use bytes::Bytes;

use crate::fault::{Fault, FaultKind};

/// Black where something is to change.
pub fn inverted(mask: &[u8]) -> Result<Bytes, Fault> {
    let (width, height, grey) = read(mask)?;
    write(
        width,
        height,
        png::ColorType::Grayscale,
        &grey.iter().map(|level| 255 - level).collect::<Vec<_>>(),
    )
}

/// One grey channel of 8 bits, black where the mask is transparent.
pub fn grey(mask: &[u8]) -> Result<Bytes, Fault> {
    let (width, height, grey) = read(mask)?;
    write(width, height, png::ColorType::Grayscale, &grey)
}

/// Every level below half is black, every other white.
pub fn black_or_white(mask: &[u8]) -> Result<Bytes, Fault> {
    let (width, height, grey) = read(mask)?;
    let pixels: Vec<u8> = grey.iter().map(|level| if *level < 128 { 0 } else { 255 }).collect();
    write(width, height, png::ColorType::Grayscale, &pixels)
}

/// Transparent where something is to change, black and opaque elsewhere.
pub fn transparent_where_white(mask: &[u8]) -> Result<Bytes, Fault> {
    let (width, height, grey) = read(mask)?;
    let pixels: Vec<u8> = grey.iter().flat_map(|level| [0, 0, 0, 255 - level]).collect();
    write(width, height, png::ColorType::Rgba, &pixels)
}

fn read(mask: &[u8]) -> Result<(u32, u32, Vec<u8>), Fault> {
    let unreadable = || Fault::new(FaultKind::InvalidInput, "the mask is not a PNG that can be read").at("mask");
    let mut decoder = png::Decoder::new(Cursor::new(mask));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|_| unreadable())?;
    let size = reader.output_buffer_size().ok_or_else(unreadable)?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|_| unreadable())?;
    pixels.truncate(frame.buffer_size());
    let lit = |grey: u8, alpha: u8| u8::try_from(u16::from(grey) * u16::from(alpha) / 255).unwrap_or(u8::MAX);
    let mean = |pixel: &[u8]| {
        let sum: u16 = pixel.iter().take(3).map(|level| u16::from(*level)).sum();
        u8::try_from(sum / 3).unwrap_or(u8::MAX)
    };
    let grey = match frame.color_type {
        png::ColorType::Grayscale => pixels,
        png::ColorType::GrayscaleAlpha => pixels.chunks_exact(2).map(|pixel| lit(pixel[0], pixel[1])).collect(),
        png::ColorType::Rgb => pixels.chunks_exact(3).map(mean).collect(),
        png::ColorType::Rgba => pixels.chunks_exact(4).map(|pixel| lit(mean(pixel), pixel[3])).collect(),
        png::ColorType::Indexed => return Err(unreadable()),
    };
    Ok((frame.width, frame.height, grey))
}

fn write(width: u32, height: u32, color: png::ColorType, pixels: &[u8]) -> Result<Bytes, Fault> {
    let broken = |_| Fault::new(FaultKind::InvalidInput, "the mask cannot be written").at("mask");
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels))
        .map_err(broken)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_turns_into_the_other_forms() {
        let mask = write(2, 1, png::ColorType::Grayscale, &[0, 255]).expect("writes");
        assert_eq!(read(&inverted(&mask).expect("inverts")).expect("reads").2, [255, 0]);
        let colors = write(2, 1, png::ColorType::Rgba, &[255, 255, 255, 0, 255, 255, 255, 255]).expect("writes");
        assert_eq!(read(&grey(&colors).expect("reads")).expect("reads").2, [0, 255]);
        let grey = write(2, 1, png::ColorType::Grayscale, &[127, 128]).expect("writes");
        assert_eq!(
            read(&black_or_white(&grey).expect("rounds")).expect("reads").2,
            [0, 255]
        );
        let alpha = transparent_where_white(&mask).expect("converts");
        let mut reader = png::Decoder::new(Cursor::new(&alpha[..])).read_info().expect("reads");
        let mut pixels = [0; 8];
        reader.next_frame(&mut pixels).expect("one frame");
        assert_eq!(pixels, [0, 0, 0, 255, 0, 0, 0, 0]);
        assert_eq!(
            inverted(b"no picture").expect_err("refused").field.as_deref(),
            Some("mask")
        );
    }
}
