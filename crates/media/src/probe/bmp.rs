//! BMP.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, cut_off};

/// The sizes that the second header of a BMP may have.
pub(super) fn is_header_size(size: u8) -> bool {
    matches!(size, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
}

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    read(bytes).ok_or_else(|| cut_off("BMP"))
}

fn read(bytes: &[u8]) -> Option<Header<'_>> {
    let mut cursor = Cursor::at(bytes, 14);
    let size = cursor.le32()?;
    if size == 12 {
        let (width, height) = (cursor.le16()?, cursor.le16()?);
        return Some(Header::new(MediaType::Bmp, u32::from(width), u32::from(height)));
    }
    let (width, height) = (cursor.le32()?, cursor.le32()?);
    cursor.skip(2)?;
    let (bits, compression) = (cursor.le16()?, cursor.le32()?);
    // A negative height means that the rows begin at the top.
    let mut header = Header::new(
        MediaType::Bmp,
        (width as i32).unsigned_abs(),
        (height as i32).unsigned_abs(),
    );
    // Alpha exists where a mask for it does: after the three colour masks.
    let has_masks = size >= 56 && matches!(compression, 3 | 6);
    let mask = Cursor::at(bytes, 14 + 52).le32().unwrap_or(0);
    header.has_alpha = matches!(bits, 16 | 32) && has_masks && mask != 0;
    Some(header)
}
