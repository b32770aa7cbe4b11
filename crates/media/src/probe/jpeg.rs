//! JPEG: walks the markers up to the first scan; and, for the decoder, over the scans.

use std::borrow::Cow;

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, Orientation, Profile, broken, cut_off, unsupported};

/// ICC profiles are cut into pieces that a byte counts.
const MAX_PROFILE_PIECES: usize = 255;

/// What only the JPEG decoder wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Components {
    pub count: u8,
    /// Photoshop and its kin store CMYK inverted and say so with this marker.
    pub adobe: bool,
}

/// How the entropy-coded part looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scans {
    pub count: u32,
    /// Whether the end marker is there.
    pub whole: bool,
}

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    Ok(walk(bytes)?.0)
}

pub(crate) fn components(bytes: &[u8]) -> Result<Components, Problem> {
    Ok(walk(bytes)?.1)
}

fn walk(bytes: &[u8]) -> Result<(Header<'_>, Components), Problem> {
    let mut cursor = Cursor::at(bytes, 2);
    let mut frame = None;
    let mut orientation = Orientation::default();
    let mut pieces: Vec<(u8, &[u8])> = Vec::new();
    let mut adobe = false;
    // The loop ends with the bytes, whose number is limited.
    loop {
        let marker = next_marker(&mut cursor).ok_or_else(|| cut_off("JPEG"))?;
        if marker == 0xda {
            break;
        }
        // Markers without a body.
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        if marker == 0xd9 {
            return Err(broken("JPEG", "it ends before its picture begins"));
        }
        let length = cursor.be16().ok_or_else(|| cut_off("JPEG"))?;
        let body = usize::from(length)
            .checked_sub(2)
            .and_then(|length| cursor.take(length));
        let body = body.ok_or_else(|| cut_off("JPEG"))?;
        match marker {
            0xc0..=0xc2 | 0xc9 | 0xca => frame = Some(size(body)?),
            0xc3 | 0xc5..=0xc7 | 0xcb | 0xcd..=0xcf => {
                return Err(unsupported(
                    "This is a lossless or hierarchical JPEG, which few programs read. Save it as PNG or as an ordinary JPEG.",
                ));
            }
            0xe1 if body.starts_with(b"Exif\0\0") => orientation = Orientation::from_block(body),
            0xe2 if pieces.len() < MAX_PROFILE_PIECES => {
                if let Some([number, _, data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                    pieces.push((*number, data));
                }
            }
            0xee if body.starts_with(b"Adobe") => adobe = true,
            _ => {}
        }
    }
    let (width, height, count) = frame.ok_or_else(|| broken("JPEG", "its size is missing"))?;
    let mut header = Header::new(MediaType::Jpeg, u32::from(width), u32::from(height));
    header.orientation = orientation;
    header.profile = joined(pieces);
    Ok((header, Components { count, adobe }))
}

/// Skips to the next marker and returns its code.
fn next_marker(cursor: &mut Cursor<'_>) -> Option<u8> {
    // Rubbish between segments is skipped, as other decoders do, and so is coded data, within which 0xff
    // is followed by zero.
    loop {
        cursor.skip(memchr::memchr(0xff, cursor.rest())? + 1)?;
        loop {
            match cursor.u8()? {
                0xff => {}
                0 => break,
                code => return Some(code),
            }
        }
    }
}

fn size(body: &[u8]) -> Result<(u16, u16, u8), Problem> {
    let mut cursor = Cursor::new(body);
    let (Some(precision), Some(height), Some(width), Some(count)) =
        (cursor.u8(), cursor.be16(), cursor.be16(), cursor.u8())
    else {
        return Err(cut_off("JPEG"));
    };
    if precision != 8 {
        return Err(unsupported(format!(
            "This JPEG has {precision} bits for each channel; only 8 are read here. Save it as PNG with 16 bits."
        )));
    }
    if !matches!(count, 1 | 3 | 4) {
        return Err(unsupported(format!(
            "This JPEG has {count} colour channels; 1, 3 and 4 are read here. Save it as RGB."
        )));
    }
    Ok((width, height, count))
}

fn joined(mut pieces: Vec<(u8, &[u8])>) -> Profile<'_> {
    pieces.sort_by_key(|(number, _)| *number);
    match pieces.as_slice() {
        [] => Profile::None,
        [(_, only)] => Profile::Icc(Cow::Borrowed(only)),
        many => Profile::Icc(Cow::Owned(
            many.iter().flat_map(|(_, data)| data.iter().copied()).collect(),
        )),
    }
}

/// Walks over the scans without decoding them.
pub(crate) fn scans(bytes: &[u8]) -> Scans {
    let mut scans = Scans { count: 0, whole: false };
    let mut cursor = Cursor::at(bytes, 2);
    // The loop ends with the bytes, whose number is limited.
    while let Some(marker) = next_marker(&mut cursor) {
        match marker {
            0xd9 => {
                scans.whole = true;
                return scans;
            }
            0x01 | 0xd0..=0xd8 => {}
            _ => {
                if marker == 0xda {
                    scans.count += 1;
                }
                // The coded data after a scan's own header is passed over by `next_marker`.
                let Some(length) = cursor.be16() else { return scans };
                if cursor.skip(usize::from(length).saturating_sub(2)).is_none() {
                    return scans;
                }
            }
        }
    }
    scans
}
