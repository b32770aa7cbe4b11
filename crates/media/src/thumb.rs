//! ThumbHash: a picture in about 25 bytes, for placeholders.

use aquatint_domain::Problem;
use base64::Engine as _;

use crate::picture::Picture;
use crate::resize::{fit_within, resize};

/// The format takes at most 100 px a side.
const MAX_SIDE: u32 = 100;

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
