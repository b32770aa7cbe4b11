//! The boxes of ISO base media files (MP4, AVIF, HEIC, MOV), and which of them a file is.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{cut_off, unsupported};

/// Boxes looked at on one level; real files have a few dozen.
const MAX_BOXES: usize = 4_096;

/// One box: its four letters and what is in it.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub kind: [u8; 4],
    pub body: &'a [u8],
}

/// The boxes that follow one another in `bytes`; a box that is cut off ends the list.
pub(crate) fn parts<'a>(bytes: &'a [u8]) -> impl Iterator<Item = Part<'a>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        let start = cursor.place();
        let size = cursor.be32()?;
        let kind = cursor.array()?;
        let size = match size {
            // To the end of the file.
            0 => bytes.len() - start,
            1 => usize::try_from(cursor.be64()?).ok()?,
            size => size as usize,
        };
        let body = cursor.take(size.checked_sub(cursor.place() - start)?)?;
        Some(Part { kind, body })
    })
    .take(MAX_BOXES)
}

/// The first box of a kind.
pub(crate) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    parts(bytes).find(|part| &part.kind == kind).map(|part| part.body)
}

/// Follows a path of boxes within boxes.
pub(crate) fn dig<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| find(bytes, kind))
}

/// Version and flags of a full box, and the rest of it.
pub(crate) fn full(body: &[u8]) -> Option<(u8, u32, &[u8])> {
    let mut cursor = Cursor::new(body);
    let word = cursor.be32()?;
    Some(((word >> 24) as u8, word & 0x00ff_ffff, cursor.rest()))
}

/// AVIF, MP4, QuickTime and M4A are taken; their cousins are refused by name.
pub(super) fn recognise(bytes: &[u8]) -> Result<MediaType, Problem> {
    let brands = find(bytes, b"ftyp").ok_or_else(|| cut_off("media"))?;
    let major = brands.get(..4).unwrap_or_default();
    // Major brand, version, then the compatible brands.
    let has = |wanted: &[u8; 4]| {
        major == wanted
            || brands
                .get(8..)
                .unwrap_or_default()
                .as_chunks::<4>()
                .0
                .iter()
                .take(64)
                .any(|brand| brand == wanted)
    };
    if has(b"avif") || has(b"avis") {
        return Ok(MediaType::Avif);
    }
    if [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]
        .iter()
        .any(|brand| has(brand))
    {
        return Err(unsupported(
            "The file is a HEIC photograph, which is not taken here. Export it as JPEG (on an iPhone: share it, or set Camera, Formats, Most Compatible) and send that.",
        ));
    }
    if major == b"qt  " {
        return Ok(MediaType::QuickTime);
    }
    if [b"M4A ", b"M4B "].iter().any(|brand| major == *brand) {
        return Ok(MediaType::M4a);
    }
    if has(b"crx ") {
        return Err(unsupported(
            "The file is a raw photograph. Develop it to JPEG, PNG or TIFF and send that.",
        ));
    }
    Ok(MediaType::Mp4)
}
