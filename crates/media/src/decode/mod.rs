//! From bytes to a [`Picture`]: upright, sRGB, first frame, without metadata.

mod av1;
mod avif;
mod color;
mod jpeg;
mod png;
mod refusal;
mod turbo;
mod yuv;

use std::io::Cursor;

use aquatint_domain::{MediaType, Problem};
use image::{DynamicImage, ImageDecoder};

use crate::limits::Limits;
use crate::picture::Picture;
use crate::probe::{Header, Profile, read};
use crate::sandbox::Decoding;

/// Pixels as a decoder found them, still turned and in their own colours.
struct Raw {
    image: RawImage,
    notes: Vec<String>,
    /// Code points of H.273 that the decoder found, for a file whose header names no profile.
    colors: Option<[u8; 4]>,
}

enum RawImage {
    Plain(DynamicImage),
    /// Four bytes a pixel; 255 is full ink.
    Cmyk {
        width: u32,
        height: u32,
        ink: Vec<u8>,
    },
}

impl Raw {
    fn plain(image: DynamicImage) -> Self {
        Self {
            image: RawImage::Plain(image),
            notes: Vec::new(),
            colors: None,
        }
    }
}

/// Decodes a file: orientation applied, colours in sRGB, first frame, metadata dropped.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, Problem> {
    decode_with(&read(bytes, limits)?, bytes, limits, None)
}

/// Like [`decode`], but a JPEG may come out smaller, and much sooner, as long as its long side keeps at
/// least `long_side` pixels.
pub fn decode_at_least(bytes: &[u8], limits: &Limits, long_side: u32) -> Result<Picture, Problem> {
    decode_with(&read(bytes, limits)?, bytes, limits, Some(long_side))
}

/// For callers that have read the header already.
pub(crate) fn decode_with(
    header: &Header<'_>,
    bytes: &[u8],
    limits: &Limits,
    long_side: Option<u32>,
) -> Result<Picture, Problem> {
    let _phase = Decoding::begin();
    let Raw {
        image,
        mut notes,
        colors,
    } = match header.media_type {
        MediaType::Jpeg => jpeg::decode(header, bytes, long_side),
        MediaType::Png => png::decode(header, bytes, limits),
        MediaType::Avif | MediaType::Mp4 => avif::decode(header, bytes),
        MediaType::WebP => with_crate(
            image::codecs::webp::WebPDecoder::new(Cursor::new(bytes)),
            header,
            limits,
        ),
        MediaType::Gif => with_crate(image::codecs::gif::GifDecoder::new(Cursor::new(bytes)), header, limits),
        MediaType::Bmp => with_crate(image::codecs::bmp::BmpDecoder::new(Cursor::new(bytes)), header, limits),
        MediaType::Tiff => with_crate(
            image::codecs::tiff::TiffDecoder::new(Cursor::new(bytes)),
            header,
            limits,
        ),
        other => Err(refusal::not_a_picture(other)),
    }?;
    let found = colors.map_or(Profile::None, Profile::Cicp);
    let profile = if matches!(header.profile, Profile::None) {
        &found
    } else {
        &header.profile
    };
    let image = color::to_srgb(image, profile, &mut notes)?;
    if header.frames > 1 {
        notes.push(match header.media_type {
            MediaType::Tiff => format!("{} pages: the first is used", header.frames),
            MediaType::Mp4 => format!("video: the first of {} frames is used", header.frames),
            _ => format!("animated: the first of {} frames is used", header.frames),
        });
    }
    let mut picture = Picture::new(header.orientation.apply(image));
    picture.notes = notes;
    Ok(picture)
}

/// The decoders of the `image` crate.
fn with_crate<D: ImageDecoder>(
    decoder: image::ImageResult<D>,
    header: &Header<'_>,
    limits: &Limits,
) -> Result<Raw, Problem> {
    let name = refusal::name(header.media_type);
    let mut decoder = decoder.map_err(|error| refusal::of(name, error))?;
    if decoder.dimensions() != (header.width, header.height) {
        return Err(refusal::contradiction(name));
    }
    let mut caps = image::Limits::no_limits();
    caps.max_image_width = Some(limits.max_side);
    caps.max_image_height = Some(limits.max_side);
    caps.max_alloc = Some(limits.max_alloc);
    decoder.set_limits(caps).map_err(|error| refusal::of(name, error))?;
    DynamicImage::from_decoder(decoder)
        .map(Raw::plain)
        .map_err(|error| refusal::of(name, error))
}
