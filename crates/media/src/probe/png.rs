//! PNG and APNG: walks the chunks; nothing is inflated here.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, Orientation, Profile, broken, cut_off};
use crate::limits::Limits;

pub(super) fn header<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Problem> {
    let mut cursor = Cursor::at(bytes, 8);
    let first = chunk(&mut cursor).filter(|(kind, data)| kind == b"IHDR" && data.len() == 13);
    let (_, ihdr) = first.ok_or_else(|| cut_off("PNG"))?;
    let mut fields = Cursor::new(ihdr);
    let (Some(width), Some(height), Some(depth), Some(color)) =
        (fields.be32(), fields.be32(), fields.u8(), fields.u8())
    else {
        return Err(cut_off("PNG"));
    };
    if !matches!(
        (color, depth),
        (0, 1 | 2 | 4 | 8 | 16) | (2 | 4 | 6, 8 | 16) | (3, 1 | 2 | 4 | 8)
    ) {
        return Err(broken("PNG", "its header names a kind of pixels that does not exist"));
    }
    let mut header = Header::new(MediaType::Png, width, height);
    header.bit_depth = if color == 3 { 8 } else { depth };
    header.has_alpha = matches!(color, 4 | 6);

    // The loop ends with the bytes, whose number is limited. A file that ends early is the decoder's to
    // refuse: it knows whether pixels are missing.
    let mut duration_ms = 0u64;
    let mut coded_profile = None;
    while let Some((kind, data)) = chunk(&mut cursor) {
        match &kind {
            b"IEND" => break,
            b"tRNS" => header.has_alpha = true,
            b"iCCP" => {
                // A name of up to 79 bytes, a zero, the compression method, the data.
                let name = data.iter().take(80).position(|byte| *byte == 0);
                if let Some(deflated) = name.and_then(|end| data.get(end + 2..)) {
                    header.profile = Profile::DeflatedIcc(deflated);
                }
            }
            b"cICP" => coded_profile = <[u8; 4]>::try_from(data).ok(),
            b"eXIf" => header.orientation = Orientation::from_block(data),
            b"acTL" => {
                header.frames = Cursor::new(data).be32().unwrap_or(1).max(1);
                if header.frames > limits.max_frames {
                    break;
                }
            }
            b"fcTL" => duration_ms = duration_ms.saturating_add(frame_ms(data)),
            _ => {}
        }
    }
    // The specification gives cICP precedence.
    if let Some(code_points) = coded_profile {
        header.profile = Profile::Cicp(code_points);
    }
    header.duration_ms = (header.frames > 1).then_some(duration_ms);
    Ok(header)
}

fn chunk<'a>(cursor: &mut Cursor<'a>) -> Option<([u8; 4], &'a [u8])> {
    let length = cursor.be32()? as usize;
    let kind = cursor.array()?;
    let data = cursor.take(length)?;
    cursor.skip(4)?;
    Some((kind, data))
}

fn frame_ms(data: &[u8]) -> u64 {
    let mut cursor = Cursor::at(data, 20);
    let (Some(numerator), Some(denominator)) = (cursor.be16(), cursor.be16()) else {
        return 0;
    };
    let denominator = if denominator == 0 { 100 } else { u64::from(denominator) };
    u64::from(numerator) * 1000 / denominator
}
