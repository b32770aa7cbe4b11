//! What a result is, by its first bytes. What a vendor calls it is not believed; the decoding child decides in the end.

use aquatint_domain::{MediaKind, MediaType};

/// The type of a file that begins like this, among those that a vendor may hand out.
pub fn sniff(bytes: &[u8]) -> Option<MediaType> {
    let brand = |names: &[&[u8]]| {
        bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| names.contains(&brand))
    };
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(MediaType::Png),
        [0xff, 0xd8, 0xff, ..] => Some(MediaType::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::Gif),
        _ if brand(&[b"avif", b"avis"]) => Some(MediaType::Avif),
        _ if bytes.get(4..8) == Some(b"ftyp") => Some(MediaType::Mp4),
        _ => None,
    }
}

/// Whether a file of that type can be a result of a model that makes `kind`.
pub fn fits(kind: MediaKind, found: MediaType) -> bool {
    match kind {
        MediaKind::Video => matches!(found, MediaType::Mp4 | MediaType::Gif | MediaType::WebP),
        MediaKind::Image => found != MediaType::Mp4,
    }
}
