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
        _ if brand(&[b"M4A ", b"M4B "]) => Some(MediaType::M4a),
        _ if brand(&[b"qt  "]) => Some(MediaType::QuickTime),
        _ if bytes.get(4..8) == Some(b"ftyp") => Some(MediaType::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(MediaType::WebM),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(MediaType::Wav),
        [b'I', b'D', b'3', ..] | [0xff, 0xf2 | 0xf3 | 0xfa | 0xfb, ..] => Some(MediaType::Mp3),
        [b'g', b'l', b'T', b'F', 2, ..] => Some(MediaType::Glb),
        _ if is_drawing(bytes) => Some(MediaType::Svg),
        _ => None,
    }
}

/// Whether a file of that type can be a result of a model that makes `kind`.
pub fn fits(kind: MediaKind, found: MediaType) -> bool {
    match kind {
        MediaKind::Video => found.kind() == MediaKind::Video || matches!(found, MediaType::Gif | MediaType::WebP),
        MediaKind::Image | MediaKind::Audio | MediaKind::ThreeD => found.kind() == kind,
    }
}

/// How far into a text the first tag of a drawing is looked for.
const HEAD_BYTES: usize = 4_096;

/// Whether the first tag, after a declaration, a document type and comments, is that of an SVG drawing.
fn is_drawing(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]);
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix("<svg") {
            return after.starts_with([' ', '\n', '\r', '\t', '>', '/']);
        }
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") || rest.starts_with("<!DOCTYPE svg") {
            ">"
        } else {
            return false;
        };
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_known_from_pages() {
        for text in [
            "<svg/>",
            "<?xml version='1.0'?>\n<!-- <html> -->\n<svg viewBox='0 0 1 1'>",
            "<!DOCTYPE svg>\n<svg>",
        ] {
            assert_eq!(sniff(text.as_bytes()), Some(MediaType::Svg), "{text}");
        }
        for text in [
            "<html><svg/>",
            "<!DOCTYPE html><svg/>",
            "<?xml version='1.0'?><Error/>",
            "<svgx>",
            "<!-- <svg",
        ] {
            assert_eq!(sniff(text.as_bytes()), None, "{text}");
        }
    }
}
