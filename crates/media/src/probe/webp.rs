//! WebP: the RIFF chunks of the three kinds (lossy, lossless, extended).

use std::borrow::Cow;

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, Orientation, Profile, broken, cut_off};
use crate::limits::Limits;

pub(super) fn header<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Problem> {
    let mut cursor = Cursor::at(bytes, 12);
    let (kind, body) = chunk(&mut cursor).ok_or_else(|| cut_off("WebP"))?;
    if &kind != b"VP8X" {
        let (width, height, has_alpha) = bitstream(kind, body)?;
        let mut header = Header::new(MediaType::WebP, width, height);
        header.has_alpha = has_alpha;
        return Ok(header);
    }

    let mut fields = Cursor::new(body);
    let (Some(flags), Some(()), Some(width), Some(height)) =
        (fields.u8(), fields.skip(3), fields.le24(), fields.le24())
    else {
        return Err(cut_off("WebP"));
    };
    let animated = flags & 0x02 != 0;
    let mut header = Header::new(MediaType::WebP, width + 1, height + 1);
    header.has_alpha = flags & 0x10 != 0;
    let mut frames = 0u32;
    let mut duration_ms = 0u64;
    // The loop ends with the bytes, whose number is limited, or with one frame too many.
    while let Some((kind, body)) = chunk(&mut cursor) {
        match &kind {
            b"ICCP" => header.profile = Profile::Icc(Cow::Borrowed(body)),
            b"EXIF" => header.orientation = Orientation::from_block(body),
            b"VP8 " | b"VP8L" => within(&header, bitstream(kind, body)?)?,
            b"ANMF" if animated => {
                frames += 1;
                duration_ms += frame(&header, body)?;
                if frames > limits.max_frames {
                    break;
                }
            }
            _ => {}
        }
    }
    if animated {
        header.frames = frames.max(1);
        header.duration_ms = Some(duration_ms);
    }
    Ok(header)
}

/// The last chunk may be cut off: its beginning is enough for a header.
fn chunk<'a>(cursor: &mut Cursor<'a>) -> Option<([u8; 4], &'a [u8])> {
    let kind = cursor.array()?;
    let length = cursor.le32()? as usize;
    let rest = cursor.rest();
    let body = &rest[..length.min(rest.len())];
    // Chunks are padded to an even length.
    let _ = cursor.skip(length.saturating_add(length & 1).min(rest.len()));
    Some((kind, body))
}

/// Size and alpha of one coded picture.
fn bitstream(kind: [u8; 4], body: &[u8]) -> Result<(u32, u32, bool), Problem> {
    let mut cursor = Cursor::new(body);
    match &kind {
        b"VP8 " => {
            let tag = cursor.array::<3>().ok_or_else(|| cut_off("WebP"))?;
            let start = cursor.array::<3>().ok_or_else(|| cut_off("WebP"))?;
            if tag[0] & 1 != 0 || start != [0x9d, 0x01, 0x2a] {
                return Err(broken("WebP", "its picture does not begin with a key frame"));
            }
            let (Some(width), Some(height)) = (cursor.le16(), cursor.le16()) else {
                return Err(cut_off("WebP"));
            };
            Ok((u32::from(width & 0x3fff), u32::from(height & 0x3fff), false))
        }
        b"VP8L" => {
            let (Some(0x2f), Some(bits)) = (cursor.u8(), cursor.le32()) else {
                return Err(cut_off("WebP"));
            };
            Ok(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1, bits & (1 << 28) != 0))
        }
        _ => Err(broken("WebP", "its first part is of an unknown kind")),
    }
}

/// A coded picture larger than the canvas would slip past the limits.
fn within(header: &Header<'_>, (width, height, _): (u32, u32, bool)) -> Result<(), Problem> {
    if width > header.width || height > header.height {
        return Err(broken("WebP", "a picture in it is larger than its canvas"));
    }
    Ok(())
}

/// Checks one frame of an animation and returns how long it shows.
fn frame(header: &Header<'_>, body: &[u8]) -> Result<u64, Problem> {
    let mut cursor = Cursor::new(body);
    let (Some(()), Some(width), Some(height), Some(duration_ms), Some(_)) =
        (cursor.skip(6), cursor.le24(), cursor.le24(), cursor.le24(), cursor.u8())
    else {
        return Err(cut_off("WebP"));
    };
    within(header, (width + 1, height + 1, false))?;
    while let Some((kind, body)) = chunk(&mut cursor) {
        if matches!(&kind, b"VP8 " | b"VP8L") {
            within(header, bitstream(kind, body)?)?;
        }
    }
    Ok(u64::from(duration_ms))
}
