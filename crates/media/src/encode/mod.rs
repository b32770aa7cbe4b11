//! From a [`Picture`] to bytes, without metadata.

mod animation;
mod avif;
mod flatten;
mod jpeg;
mod png;
mod webp;

use std::borrow::Cow;

use aquatint_domain::{MediaType, Problem};
use image::DynamicImage;
use serde::{Deserialize, Serialize};

use crate::picture::Picture;

pub use animation::WebpAnimation;

/// The picture on an opaque colour; one without alpha stays as it is.
pub fn flatten(picture: &Picture, color: [u8; 3]) -> Picture {
    if picture.has_alpha() {
        picture.with(flatten::onto(&picture.image, color))
    } else {
        picture.clone()
    }
}

/// How to write a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// PNG, JPEG, WebP or AVIF.
    pub media_type: MediaType,
    /// 1–100; only lossy formats use it.
    pub quality: u8,
    /// What shows through where the picture is transparent. With a colour the result has no alpha in any
    /// format; without one JPEG, which has no alpha, gets white.
    pub background: Option<[u8; 3]>,
    /// WebP without loss.
    pub lossless: bool,
}

/// The quality that formats get when nobody asks for another.
const USUAL_WEBP: u8 = 80;
const USUAL_JPEG: u8 = 85;
const USUAL_AVIF: u8 = 70;

impl Encoding {
    /// The usual settings for a format.
    pub fn of(media_type: MediaType) -> Self {
        let quality = match media_type {
            MediaType::Jpeg => USUAL_JPEG,
            MediaType::Avif => USUAL_AVIF,
            _ => USUAL_WEBP,
        };
        Self {
            media_type,
            quality,
            background: None,
            lossless: false,
        }
    }

    pub fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }
}

/// Writes a picture. 16 bits are kept in PNG; the other formats take 8.
pub fn encode(picture: &Picture, encoding: &Encoding) -> Result<Vec<u8>, Problem> {
    if !(1..=100).contains(&encoding.quality) {
        return Err(Problem::invalid(
            "quality",
            format!("Quality is from 1 to 100, not {}.", encoding.quality),
        ));
    }
    let background = match encoding.media_type {
        MediaType::Jpeg => Some(encoding.background.unwrap_or([255; 3])),
        _ => encoding.background,
    };
    let image = match background {
        Some(color) if picture.has_alpha() => Cow::Owned(flatten::onto(&picture.image, color)),
        _ => Cow::Borrowed(&picture.image),
    };
    match encoding.media_type {
        MediaType::Png => png::encode(&image),
        MediaType::Jpeg => jpeg::encode(&shallow(&image), encoding.quality),
        MediaType::WebP => webp::encode(&shallow(&image), encoding),
        MediaType::Avif => avif::encode(&shallow(&image), encoding.quality),
        _ => Err(Problem::invalid(
            "format",
            format!(
                "Pictures are not written as {}. Ask for image/png, image/jpeg, image/webp or image/avif.",
                encoding.media_type
            ),
        )),
    }
}

/// 8 bits a channel.
fn shallow(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    match image {
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => Cow::Borrowed(image),
        other if other.color().has_alpha() => Cow::Owned(other.to_rgba8().into()),
        other => Cow::Owned(other.to_rgb8().into()),
    }
}

/// An encoder refused; that is not the caller's fault unless the size is.
fn failed(error: impl std::fmt::Display) -> Problem {
    Problem::internal(error.to_string())
}

fn too_wide(name: &str, limit: u32) -> Problem {
    Problem::invalid(
        "format",
        format!(
            "{name} holds pictures of up to {limit} px a side; this one is larger. Ask for PNG or a smaller picture."
        ),
    )
}
