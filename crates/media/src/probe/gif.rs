//! GIF: counts frames by stepping over their blocks, without unpacking any.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, broken, cut_off};
use crate::limits::Limits;

pub(super) fn header<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Problem> {
    let mut cursor = Cursor::at(bytes, 6);
    let (Some(width), Some(height), Some(flags), Some(())) =
        (cursor.le16(), cursor.le16(), cursor.u8(), cursor.skip(2))
    else {
        return Err(cut_off("GIF"));
    };
    let mut header = Header::new(MediaType::Gif, u32::from(width), u32::from(height));
    skip_palette(&mut cursor, flags).ok_or_else(|| cut_off("GIF"))?;

    let mut frames = 0u32;
    let mut duration_ms = 0u64;
    // The loop ends with the bytes, whose number is limited, or with one frame too many. A file that
    // ends early is the decoder's to refuse.
    while let Some(block) = cursor.u8() {
        let stepped = match block {
            0x21 => extension(&mut cursor, &mut header, &mut duration_ms),
            0x2c => {
                frames += 1;
                frame(&mut cursor, &header)?
            }
            _ => break,
        };
        if stepped.is_none() || frames > limits.max_frames {
            break;
        }
    }
    if frames == 0 {
        return Err(broken("GIF", "it holds no picture"));
    }
    header.frames = frames;
    header.duration_ms = (frames > 1).then_some(duration_ms);
    Ok(header)
}

fn skip_palette(cursor: &mut Cursor<'_>, flags: u8) -> Option<()> {
    if flags & 0x80 == 0 {
        return Some(());
    }
    cursor.skip(3 << ((flags & 7) + 1))
}

fn extension(cursor: &mut Cursor<'_>, header: &mut Header<'_>, duration_ms: &mut u64) -> Option<()> {
    if cursor.u8()? == 0xf9 {
        let mut peek = *cursor;
        if peek.u8()? == 4 {
            let flags = peek.u8()?;
            *duration_ms += u64::from(peek.le16()?) * 10;
            header.has_alpha |= flags & 1 != 0;
        }
    }
    skip_blocks(cursor)
}

/// `Ok(None)` when the file ends within the frame.
fn frame(cursor: &mut Cursor<'_>, header: &Header<'_>) -> Result<Option<()>, Problem> {
    let (Some(left), Some(top), Some(width), Some(height), Some(flags)) =
        (cursor.le16(), cursor.le16(), cursor.le16(), cursor.le16(), cursor.u8())
    else {
        return Ok(None);
    };
    let right = u32::from(left) + u32::from(width);
    let bottom = u32::from(top) + u32::from(height);
    // A frame larger than its screen would slip past the limits.
    if right > header.width || bottom > header.height {
        return Err(broken("GIF", "a frame reaches outside its canvas"));
    }
    Ok(skip_palette(cursor, flags)
        .and_then(|()| cursor.skip(1))
        .and_then(|()| skip_blocks(cursor)))
}

fn skip_blocks(cursor: &mut Cursor<'_>) -> Option<()> {
    loop {
        match cursor.u8()? {
            0 => return Some(()),
            length => cursor.skip(usize::from(length))?,
        }
    }
}
