//! EXIF, of which only the orientation is read; everything else in it is dropped with the rest.

use image::DynamicImage;

use super::tiff::Ifd;

/// One of the eight ways a camera may have been held, as EXIF counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

impl Default for Orientation {
    fn default() -> Self {
        Self(1)
    }
}

impl Orientation {
    /// Values outside 1–8 mean upright.
    pub fn from_exif(value: u32) -> Self {
        match value {
            1..=8 => Self(value as u8),
            _ => Self::default(),
        }
    }

    /// From the bytes of an EXIF block, which is a small TIFF file.
    pub fn from_block(block: &[u8]) -> Self {
        // Some programs write the JPEG marker's prefix into WebP and PNG too.
        let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        Ifd::first(tiff)
            .and_then(|ifd| ifd.number(TAG_ORIENTATION))
            .map_or_else(Self::default, Self::from_exif)
    }

    /// From HEIF's rotation (anticlockwise quarter turns) and mirror (`Some(0)`: top and bottom change
    /// places, `Some(1)`: left and right), which apply in that order.
    pub fn from_heif(turns: u8, mirror: Option<u8>) -> Self {
        Self(match (turns & 3, mirror) {
            (0, None) => 1,
            (1, None) => 8,
            (2, None) => 3,
            (3, None) => 6,
            (0, Some(1)) => 2,
            (0, Some(_)) => 4,
            (1, Some(1)) => 7,
            (1, Some(_)) => 5,
            (2, Some(1)) => 4,
            (2, Some(_)) => 2,
            (_, Some(1)) => 5,
            (_, Some(_)) => 7,
            (_, None) => 1,
        })
    }

    /// Width and height once upright.
    pub fn size(self, width: u32, height: u32) -> (u32, u32) {
        if self.0 >= 5 { (height, width) } else { (width, height) }
    }

    /// Turns pixels upright.
    pub fn apply(self, image: DynamicImage) -> DynamicImage {
        match self.0 {
            2 => image.fliph(),
            3 => image.rotate180(),
            4 => image.flipv(),
            5 => image.rotate90().fliph(),
            6 => image.rotate90(),
            7 => image.rotate270().fliph(),
            8 => image.rotate270(),
            _ => image,
        }
    }
}

pub(super) const TAG_ORIENTATION: u16 = 0x0112;
