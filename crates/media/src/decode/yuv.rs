//! Planes of luma and chroma into RGB, as AV1 pictures need it.

use image::{DynamicImage, ImageBuffer};

/// How planes lie over one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    Gray,
    /// Chroma has half the width and half the height.
    Half,
    /// Chroma has half the width.
    HalfWidth,
    Full,
}

/// One decoded AV1 picture; samples are stored in 16 bits whatever their depth.
pub(super) struct Planes {
    pub width: u32,
    pub height: u32,
    /// 8, 10 or 12.
    pub depth: u8,
    pub sampling: Sampling,
    /// Code points of H.273: primaries, transfer, matrix, and whether the range is full.
    pub colors: [u8; 4],
    /// Luma, then the two chromas unless grey; rows without gaps.
    pub planes: Vec<Vec<u16>>,
}

impl Planes {
    /// Width and height of a chroma plane.
    pub fn chroma_size(width: u32, height: u32, sampling: Sampling) -> (u32, u32) {
        match sampling {
            Sampling::Gray => (0, 0),
            Sampling::Half => (width.div_ceil(2), height.div_ceil(2)),
            Sampling::HalfWidth => (width.div_ceil(2), height),
            Sampling::Full => (width, height),
        }
    }

    /// Luma alone, from 0 to 1: what an alpha plane is.
    pub fn light(&self) -> impl Iterator<Item = f32> {
        let (low, span) = self.luma_range();
        self.planes[0]
            .iter()
            .map(move |sample| ((f32::from(*sample) - low) / span).clamp(0.0, 1.0))
    }

    fn matrix(&self) -> u8 {
        self.colors[2]
    }

    fn is_full_range(&self) -> bool {
        self.colors[3] != 0
    }

    fn luma_range(&self) -> (f32, f32) {
        let unit = f32::from(1u16 << (self.depth - 8));
        if self.is_full_range() {
            (0.0, self.top())
        } else {
            (16.0 * unit, 219.0 * unit)
        }
    }

    fn top(&self) -> f32 {
        f32::from((1u32 << self.depth) as u16 - 1)
    }

    /// RGB of 8 bits, or of 16 where the samples have more than 8. `alpha` is straight, from 0 to 1.
    pub fn into_rgb(self, alpha: Option<Vec<f32>>) -> Option<DynamicImage> {
        let (width, height) = (self.width, self.height);
        if self.depth == 8 {
            let depth = |value: f32| (value * 255.0 + 0.5) as u8;
            let data = self.interleave(alpha.as_deref(), depth);
            return match alpha {
                Some(_) => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgba8),
                None => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgb8),
            };
        }
        let data = self.interleave(alpha.as_deref(), |value| (value * 65_535.0 + 0.5) as u16);
        match alpha {
            Some(_) => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgba16),
            None => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgb16),
        }
    }

    fn interleave<T>(&self, alpha: Option<&[f32]>, depth: impl Fn(f32) -> T) -> Vec<T> {
        let width = self.width as usize;
        let (chroma_width, chroma_height) = Self::chroma_size(self.width, self.height, self.sampling);
        let (chroma_width, chroma_height) = (chroma_width as usize, chroma_height as usize);
        let (low, span) = self.luma_range();
        let unit = f32::from(1u16 << (self.depth - 8));
        let middle = 128.0 * unit;
        let chroma_span = if self.is_full_range() { self.top() } else { 224.0 * unit };
        let channels = if alpha.is_some() { 4 } else { 3 };
        let mut out = Vec::with_capacity(self.planes[0].len() * channels);
        for y in 0..self.height as usize {
            for x in 0..width {
                let place = y * width + x;
                let luma = f32::from(self.planes[0][place]);
                let rgb = if self.sampling == Sampling::Gray {
                    [(luma - low) / span; 3]
                } else {
                    let chroma = |plane: usize| self.chroma(plane, x, y, chroma_width, chroma_height);
                    let (first, second) = (chroma(1), chroma(2));
                    if self.matrix() == 0 {
                        // Identity: the planes are green, blue and red.
                        [(second - low) / span, (luma - low) / span, (first - low) / span]
                    } else {
                        self.color(
                            (luma - low) / span,
                            (first - middle) / chroma_span,
                            (second - middle) / chroma_span,
                        )
                    }
                };
                out.extend(rgb.map(|value| depth(value.clamp(0.0, 1.0))));
                if let Some(alpha) = alpha {
                    out.push(depth(alpha[place].clamp(0.0, 1.0)));
                }
            }
        }
        out
    }

    /// Chroma at a luma place: bilinear between the samples, which lie in the middle of their pixels.
    fn chroma(&self, plane: usize, x: usize, y: usize, width: usize, height: usize) -> f32 {
        let samples = &self.planes[plane];
        if self.sampling == Sampling::Full {
            return f32::from(samples[y * width + x]);
        }
        let (left, right, share) = neighbours(x, width);
        let row = |y: usize| {
            let (near, far) = (
                f32::from(samples[y * width + left]),
                f32::from(samples[y * width + right]),
            );
            near + (far - near) * share
        };
        if self.sampling == Sampling::HalfWidth {
            return row(y);
        }
        let (top, bottom, share) = neighbours(y, height);
        let near = row(top);
        near + (row(bottom) - near) * share
    }

    fn color(&self, luma: f32, blue: f32, red: f32) -> [f32; 3] {
        if self.matrix() == 8 {
            // YCgCo.
            let rest = luma - blue;
            return [rest + red, luma + blue, rest - red];
        }
        let (kr, kb) = match self.matrix() {
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 | 10 => (0.2627, 0.0593),
            // 5, 6, and what is unspecified.
            _ => (0.299, 0.114),
        };
        let r = luma + 2.0 * (1.0 - kr) * red;
        let b = luma + 2.0 * (1.0 - kb) * blue;
        [r, (luma - kr * r - kb * b) / (1.0 - kr - kb), b]
    }
}

/// The nearer and the farther chroma sample of a luma place, and the farther one's share.
fn neighbours(place: usize, count: usize) -> (usize, usize, f32) {
    let near = (place / 2).min(count - 1);
    let far = if place.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(count - 1)
    };
    (near, far, 0.25)
}
