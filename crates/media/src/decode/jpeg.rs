//! JPEG, at full size or at some eighths of it: the inverse cosine transform gives smaller pictures
//! almost for free, which is most of what makes previews cheap.

use aquatint_domain::{Code, Problem, text};
use image::{DynamicImage, GrayImage, RgbImage};

use super::turbo::{self, Format, Outcome};
use super::{Raw, RawImage, refusal};
use crate::probe::Header;
use crate::probe::jpeg::{components, scans};

/// Scans of a progressive picture; usual encoders make about ten.
const MAX_SCANS: u32 = 64;
/// Scans × pixels: each scan touches the whole picture again, which is how a small file could take minutes.
const MAX_SCANNED_PIXELS: u64 = 1_000_000_000;

pub(super) fn decode(header: &Header<'_>, bytes: &[u8], long_side: Option<u32>) -> Result<Raw, Problem> {
    // Refuse what would be slow or is not whole, before the library sees it.
    let scans = scans(bytes);
    let pixels = u64::from(header.width) * u64::from(header.height);
    if scans.count > MAX_SCANS || u64::from(scans.count) * pixels > MAX_SCANNED_PIXELS {
        return Err(Problem::new(
            Code::InvalidImage,
            format!(
                "The JPEG file has {} scans, which would take too long to decode. Save it as an ordinary JPEG and send that.",
                scans.count
            ),
        ));
    }
    if !scans.whole {
        return Err(refusal::cut_off("JPEG"));
    }

    let components = components(bytes)?;
    let format = match components.count {
        1 => Format::Gray,
        4 => Format::Cmyk,
        _ => Format::Rgb,
    };
    let eighths = long_side.map_or(8, |side| eighths(header.width.max(header.height), side));
    let (width, height) = (scaled(header.width, eighths), scaled(header.height, eighths));
    let (mut data, complaint) = match turbo::decompress(bytes, width, height, format) {
        Outcome::Whole(data) => (data, None),
        Outcome::Damaged(data, complaint) => (data, Some(complaint)),
        Outcome::Failed(complaint) => return Err(refusal::damaged("JPEG", &text::one_line(&complaint, 120))),
    };

    let missing = || refusal::contradiction("JPEG");
    let image = match format {
        Format::Rgb => RawImage::Plain(DynamicImage::ImageRgb8(
            RgbImage::from_raw(width, height, data).ok_or_else(missing)?,
        )),
        Format::Gray => RawImage::Plain(DynamicImage::ImageLuma8(
            GrayImage::from_raw(width, height, data).ok_or_else(missing)?,
        )),
        Format::Cmyk => {
            if components.adobe {
                data.iter_mut().for_each(|ink| *ink = 255 - *ink);
            }
            RawImage::Cmyk {
                width,
                height,
                ink: data,
            }
        }
    };
    let notes = complaint.map(|_| "the JPEG file is damaged; parts of the picture may look wrong".to_owned());
    Ok(Raw {
        image,
        notes: notes.into_iter().collect(),
        colors: None,
    })
}

/// The fewest eighths of the size at which the long side still has `wanted` pixels.
fn eighths(long_side: u32, wanted: u32) -> u32 {
    (1..8)
        .find(|eighths| scaled(long_side, *eighths) >= wanted)
        .unwrap_or(8)
}

/// As the library rounds.
fn scaled(side: u32, eighths: u32) -> u32 {
    (u64::from(side) * u64::from(eighths)).div_ceil(8) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_the_smallest_that_is_large_enough() {
        assert_eq!(eighths(4000, 1024), 3);
        assert_eq!(eighths(4000, 1500), 3);
        assert_eq!(eighths(4000, 1501), 4);
        assert_eq!(eighths(100, 4000), 8);
        assert_eq!(eighths(16_384, 1), 1);
        assert_eq!(scaled(3, 1), 1);
    }
}
