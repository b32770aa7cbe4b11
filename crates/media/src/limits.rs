//! How large a file may be, in every way that costs time or memory. All are checked against the
//! header, before a pixel is decoded.

use aquatint_domain::{Code, Problem};
use serde::{Deserialize, Serialize};

/// Caps on one input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Size of the file.
    pub max_bytes: u64,
    /// Pixels of one frame.
    pub max_pixels: u64,
    /// Width and height each.
    pub max_side: u32,
    /// Frames of an animation.
    pub max_frames: u32,
    /// Frames × pixels of an animation.
    pub max_frame_pixels: u64,
    /// Bytes that a decoder may hold beside its input.
    pub max_alloc: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 50 * 1024 * 1024,
            max_pixels: 50_000_000,
            max_side: 16_384,
            max_frames: 200,
            max_frame_pixels: 200_000_000,
            max_alloc: 512 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// Refuses a file that is too long, before anything looks into it.
    pub fn check_bytes(&self, length: usize) -> Result<(), Problem> {
        if length as u64 > self.max_bytes {
            return Err(Problem::new(
                Code::TooLarge,
                format!(
                    "The file has {} bytes; the limit is {} ({} MB). Send a smaller or more strongly compressed file.",
                    length,
                    self.max_bytes,
                    self.max_bytes / 1_048_576
                ),
            ));
        }
        Ok(())
    }

    /// Refuses a picture by what its header promises.
    pub fn check_size(&self, width: u32, height: u32, frames: u32) -> Result<(), Problem> {
        let refuse = |message: String| Err(Problem::new(Code::InvalidImage, message));
        if width == 0 || height == 0 {
            return refuse(format!(
                "The file says that it is {width} × {height} px, which holds no picture. Send another file."
            ));
        }
        if width > self.max_side || height > self.max_side {
            return refuse(format!(
                "The picture is {width} × {height} px; each side may have at most {} px. Make it smaller first.",
                self.max_side
            ));
        }
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.max_pixels {
            return refuse(format!(
                "The picture is {width} × {height} px, {:.1} megapixels; the limit is {:.1}. Make it smaller first.",
                pixels as f64 / 1e6,
                self.max_pixels as f64 / 1e6
            ));
        }
        if frames > self.max_frames {
            return refuse(format!(
                "The animation has more than {} frames, which is the limit. Send a shorter one, or one frame of it.",
                self.max_frames
            ));
        }
        if u64::from(frames).saturating_mul(pixels) > self.max_frame_pixels.max(self.max_pixels) {
            return refuse(format!(
                "The animation has {frames} frames of {width} × {height} px; together that is over the limit of {:.0} megapixels. Send a shorter or smaller one, or one frame of it.",
                self.max_frame_pixels as f64 / 1e6
            ));
        }
        Ok(())
    }
}
