//! ThumbHash: a picture in about 25 bytes, for placeholders.

use aquatint_domain::Problem;
use base64::Engine as _;

use crate::picture::Picture;
use crate::resize::{fit_within, resize};

/// The picture is looked at in this size. The format takes up to 100 px a side, but the seven waves that it keeps
/// are the same from a quarter of the pixels.
const MAX_SIDE: u32 = 50;

/// The ThumbHash in base64.
pub fn thumb_hash(picture: &Picture) -> String {
    let (width, height) = fit_within(picture.width(), picture.height(), MAX_SIDE);
    let small = resize(picture, width, height)
        .unwrap_or_else(|_: Problem| picture.clone())
        .image
        .into_rgba8();
    // A size that was not reduced cannot happen, but must not panic in the crate either.
    if small.width() == 0 || small.height() == 0 || small.width().max(small.height()) > MAX_SIDE {
        return String::new();
    }
    let hash = thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, small.as_raw());
    base64::engine::general_purpose::STANDARD.encode(hash)
}
