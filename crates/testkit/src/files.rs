//! Files as people send them: from a telephone, a printer's shop, a scanner, a chat.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageBuffer, ImageFormat, Luma, RgbImage, Rgba};
use jpeg_encoder::{ColorType, Encoder};

/// PNG of anything.
pub fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("memory takes a PNG");
    bytes.into_inner()
}

/// A plain JPEG.
pub fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    encode_jpeg(picture.as_raw(), picture.dimensions(), ColorType::Rgb, quality, None)
}

/// A JPEG as a telephone writes it: stored in sensor order with an EXIF orientation (1 to 8), the place
/// where it was taken, and the owner's name. `picture` is what is stored, not what should be seen.
pub fn phone_jpeg(picture: &RgbImage, orientation: u16, quality: u8) -> Vec<u8> {
    let exif = exif(orientation);
    encode_jpeg(
        picture.as_raw(),
        picture.dimensions(),
        ColorType::Rgb,
        quality,
        Some(&exif),
    )
}

/// Texts that stand in the EXIF of [`phone_jpeg`]; none of them may be in what the studio serves.
pub const PRIVATE_EXIF: [&str; 2] = ["CanaryPhone 9", "Ada Canary"];

/// A JPEG in the four inks of printers, with Adobe's marker and inverted values, as layout programs write them.
pub fn cmyk_jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut inks = Vec::with_capacity(picture.as_raw().len() / 3 * 4);
    for pixel in picture.pixels() {
        let [red, green, blue] = pixel.0;
        let light = red.max(green).max(blue);
        let ink = |channel: u8| match light {
            0 => 0,
            light => (255 * u32::from(light - channel) / u32::from(light)) as u8,
        };
        inks.extend_from_slice(&[ink(red), ink(green), ink(blue), 255 - light]);
    }
    encode_jpeg(&inks, picture.dimensions(), ColorType::Cmyk, quality, None)
}

/// A PNG of 16 bits a channel with alpha: a fine ramp that 8 bits cannot hold.
pub fn rgba_png16(width: u32, height: u32) -> Vec<u8> {
    let last = |length: u32| u64::from(length.max(2) - 1);
    let ramp = |place: u32, length: u32| (u64::from(place) * 65_535 / last(length)) as u16;
    png(DynamicImage::ImageRgba16(ImageBuffer::from_fn(
        width,
        height,
        |x, y| {
            Rgba([
                ramp(x, width),
                ramp(y, height),
                65_535 - ramp(x, width),
                ramp(y, height),
            ])
        },
    )))
}

/// A grey PNG of 16 bits.
pub fn gray_png16(width: u32, height: u32) -> Vec<u8> {
    let last = u64::from(width.max(2) - 1);
    png(DynamicImage::ImageLuma16(ImageBuffer::from_fn(
        width,
        height,
        |x, _| Luma([(u64::from(x) * 65_535 / last) as u16]),
    )))
}

/// An endless animated GIF, each frame shown for 100 ms.
pub fn gif(frames: impl IntoIterator<Item = RgbImage>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Infinite).expect("memory takes a GIF");
    let delay = Delay::from_saturating_duration(Duration::from_millis(100));
    for frame in frames {
        let frame = DynamicImage::from(frame).into_rgba8();
        encoder
            .encode_frame(Frame::from_parts(frame, 0, 0, delay))
            .expect("memory takes a frame");
    }
    drop(encoder);
    bytes
}

fn encode_jpeg(data: &[u8], (width, height): (u32, u32), kind: ColorType, quality: u8, exif: Option<&[u8]>) -> Vec<u8> {
    let side = |length: u32| u16::try_from(length).expect("a JPEG has at most 65535 pixels a side");
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    if let Some(exif) = exif {
        encoder.add_app_segment(1, exif.to_vec()).expect("the EXIF is short");
    }
    encoder
        .encode(data, side(width), side(height), kind)
        .expect("memory takes a JPEG");
    bytes
}

/// One value of an EXIF directory.
enum Value {
    Text(&'static str),
    Short(u16),
    /// The place of another directory; filled in with its offset.
    Directory(usize),
    /// Degrees, minutes and seconds.
    Angle([u32; 3]),
}

/// EXIF in big-endian TIFF: a main directory and one with the place on Earth.
fn exif(orientation: u16) -> Vec<u8> {
    let directories = [
        vec![
            (0x010f, Value::Text("Canary")),
            (0x0110, Value::Text(PRIVATE_EXIF[0])),
            (0x0112, Value::Short(orientation)),
            (0x013b, Value::Text(PRIVATE_EXIF[1])),
            (0x8825, Value::Directory(1)),
        ],
        vec![
            (0x0001, Value::Text("N")),
            (0x0002, Value::Angle([51, 28, 38])),
            (0x0003, Value::Text("W")),
            (0x0004, Value::Angle([0, 0, 5])),
        ],
    ];
    let size = |entries: &Vec<(u16, Value)>| 2 + 12 * entries.len() + 4;
    let mut starts = vec![8];
    for directory in &directories {
        starts.push(starts.last().copied().unwrap_or(8) + size(directory));
    }

    // The directories first, then the values that do not fit into four bytes.
    let mut tiff = b"MM\x00\x2a\x00\x00\x00\x08".to_vec();
    let mut values = Vec::new();
    let values_start = starts[directories.len()];
    for directory in &directories {
        tiff.extend((directory.len() as u16).to_be_bytes());
        for (tag, value) in directory {
            let (kind, count, data) = match value {
                Value::Text(text) => (2u16, text.len() as u32 + 1, [text.as_bytes(), b"\0"].concat()),
                Value::Short(number) => (3, 1, number.to_be_bytes().to_vec()),
                Value::Directory(index) => (4, 1, (starts[*index] as u32).to_be_bytes().to_vec()),
                Value::Angle(parts) => (
                    5,
                    3,
                    parts
                        .iter()
                        .flat_map(|part| [part.to_be_bytes(), 1u32.to_be_bytes()])
                        .flatten()
                        .collect(),
                ),
            };
            tiff.extend(tag.to_be_bytes());
            tiff.extend(kind.to_be_bytes());
            tiff.extend(count.to_be_bytes());
            if data.len() <= 4 {
                tiff.extend(data.iter().copied().chain([0; 4]).take(4));
            } else {
                tiff.extend(((values_start + values.len()) as u32).to_be_bytes());
                values.extend(data);
            }
        }
        tiff.extend(0u32.to_be_bytes());
    }
    [b"Exif\0\0", &tiff[..], &values].concat()
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;
    use image::{AnimationDecoder, ImageDecoder, ImageReader};

    use super::*;
    use crate::pictures::{checkerboard, noise_photo};
    use crate::{Tolerance, assert_alike};

    #[test]
    fn a_telephone_says_how_to_hold_its_picture_and_who_took_it() {
        let stored = noise_photo(96, 64, 1);
        for number in 1..=8u16 {
            let bytes = phone_jpeg(&stored, number, 92);
            let reader = ImageReader::new(Cursor::new(&bytes))
                .with_guessed_format()
                .expect("a known format");
            let mut decoder = reader.into_decoder().expect("a JPEG");
            let expected = Orientation::from_exif(number as u8).expect("one of eight");
            assert_eq!(decoder.orientation().expect("readable EXIF"), expected);
            assert!(decoder.exif_metadata().expect("readable EXIF").is_some());
            let text = String::from_utf8_lossy(&bytes);
            assert!(PRIVATE_EXIF.iter().all(|word| text.contains(word)));
        }
    }

    #[test]
    fn the_inks_come_back_as_the_colours_they_were() {
        let photo = noise_photo(96, 64, 2);
        let bytes = cmyk_jpeg(&photo, 95);
        let read = image::load_from_memory(&bytes).expect("a JPEG");
        assert_alike(
            "cmyk",
            &read,
            &photo.clone().into(),
            Tolerance { mean: 0.02, max: 0.08 },
        );
        let plain = image::load_from_memory(&jpeg(&photo, 95)).expect("a JPEG");
        assert_alike("jpeg", &plain, &photo.into(), Tolerance { mean: 0.01, max: 0.05 });
    }

    #[test]
    fn sixteen_bits_and_frames_are_really_in_the_files() {
        let fine = image::load_from_memory(&rgba_png16(300, 40)).expect("a PNG");
        assert_eq!(fine.color(), image::ColorType::Rgba16);
        assert!(
            fine.into_rgba16().pixels().any(|pixel| pixel[0] % 257 != 0),
            "8 bits could hold it"
        );
        assert_eq!(
            image::load_from_memory(&gray_png16(300, 4)).expect("a PNG").color(),
            image::ColorType::L16
        );

        let bytes = gif((1..=5).map(|cell| checkerboard(32, 24, cell)));
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(bytes)).expect("a GIF");
        assert_eq!(decoder.into_frames().collect_frames().expect("whole frames").len(), 5);
    }
}
