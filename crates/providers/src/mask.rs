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
    let unreadable = || Fault::new(FaultKind::InvalidInput, "the mask is not a grey PNG").at("mask");
    let mut reader = png::Decoder::new(Cursor::new(mask))
        .read_info()
        .map_err(|_| unreadable())?;
    let size = reader.output_buffer_size().ok_or_else(unreadable)?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|_| unreadable())?;
    if frame.color_type != png::ColorType::Grayscale || frame.bit_depth != png::BitDepth::Eight {
        return Err(unreadable());
    }
    pixels.truncate(frame.buffer_size());
    Ok((frame.width, frame.height, pixels))
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
