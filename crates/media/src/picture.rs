//! A decoded picture: sRGB, straight alpha, upright, with no metadata.

use aquatint_domain::Problem;
use image::DynamicImage;
use serde::{Deserialize, Serialize};

/// Pixels, and what a person should know about how they came to be.
#[derive(Clone, Debug)]
pub struct Picture {
    /// `Rgb8`, `Rgba8`, `Rgb16` or `Rgba16`, nothing else; straight alpha; sRGB.
    pub image: DynamicImage,
    /// Sentences such as "animated: the first of 12 frames is used".
    pub notes: Vec<String>,
}

/// A rectangle in pixels from the top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl Picture {
    /// Wraps an image; any other kind of pixels becomes the nearest of the four that a picture may have.
    pub fn new(image: DynamicImage) -> Self {
        let image = match image {
            kept @ (DynamicImage::ImageRgb8(_)
            | DynamicImage::ImageRgba8(_)
            | DynamicImage::ImageRgb16(_)
            | DynamicImage::ImageRgba16(_)) => kept,
            DynamicImage::ImageLuma16(_) => DynamicImage::ImageRgb16(image.into_rgb16()),
            DynamicImage::ImageLumaA16(_) => DynamicImage::ImageRgba16(image.into_rgba16()),
            DynamicImage::ImageRgb32F(_) => DynamicImage::ImageRgb16(image.into_rgb16()),
            DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba16(image.into_rgba16()),
            other if other.color().has_alpha() => DynamicImage::ImageRgba8(other.into_rgba8()),
            other => DynamicImage::ImageRgb8(other.into_rgb8()),
        };
        Self {
            image,
            notes: Vec::new(),
        }
    }

    pub fn width(&self) -> u32 {
        self.image.width()
    }

    pub fn height(&self) -> u32 {
        self.image.height()
    }

    pub fn has_alpha(&self) -> bool {
        self.image.color().has_alpha()
    }

    /// Whether each channel has 16 bits.
    pub fn is_deep(&self) -> bool {
        matches!(self.image, DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgba16(_))
    }

    /// Whether any pixel is not fully opaque.
    pub fn is_see_through(&self) -> bool {
        match &self.image {
            DynamicImage::ImageRgba8(image) => image.pixels().any(|pixel| pixel.0[3] != u8::MAX),
            DynamicImage::ImageRgba16(image) => image.pixels().any(|pixel| pixel.0[3] != u16::MAX),
            _ => false,
        }
    }

    /// The same picture with other pixels.
    pub(crate) fn with(&self, image: DynamicImage) -> Self {
        Self {
            image,
            notes: self.notes.clone(),
        }
    }
}

impl Rect {
    /// Refuses a rectangle that is empty or reaches outside `width` × `height`.
    pub fn check_within(&self, width: u32, height: u32) -> Result<(), Problem> {
        let right = u64::from(self.x) + u64::from(self.width);
        let bottom = u64::from(self.y) + u64::from(self.height);
        if self.width == 0 || self.height == 0 {
            return Err(Problem::invalid(
                "width",
                "The rectangle is empty; width and height must be at least 1.",
            ));
        }
        if right > u64::from(width) || bottom > u64::from(height) {
            return Err(Problem::invalid(
                "x",
                format!(
                    "The rectangle reaches to {right} × {bottom} px, but the picture is {width} × {height} px. Keep x + width and y + height within it."
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_outside_the_picture_is_refused_without_overflow() {
        let rect = Rect {
            x: u32::MAX,
            y: 0,
            width: u32::MAX,
            height: 1,
        };
        assert!(rect.check_within(10, 10).is_err());
        assert!(
            Rect {
                x: 0,
                y: 0,
                width: 10,
                height: 10
            }
            .check_within(10, 10)
            .is_ok()
        );
        assert!(
            Rect {
                x: 0,
                y: 0,
                width: 0,
                height: 10
            }
            .check_within(10, 10)
            .is_err()
        );
    }

    #[test]
    fn grey_of_sixteen_bits_stays_deep() {
        let picture = Picture::new(DynamicImage::new_luma16(2, 2));
        assert!(picture.is_deep() && !picture.has_alpha());
    }
}
