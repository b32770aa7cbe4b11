//! XMP packets in files: written into what we made, and looked for in what came. Formats: PNG (an `iTXt` chunk), JPEG (an APP1
//! segment), WebP (an `XMP ` chunk) and MP4 (a `uuid` box), by part 3 of the XMP specification, ISO 16684.

use aquatint_domain::MediaType;

const PNG_KEYWORD: &[u8] = b"XML:com.adobe.xmp";
const JPEG_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// BE7ACFCB-97A9-42E8-9C71-999491E3AFAC.
const MP4_UUID: [u8; 16] = [
    0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC,
];
/// A JPEG segment holds no more than this, its own length included.
const SEGMENT_MAX: usize = 0xFFFF;
/// Packets that are longer are not looked at, in bytes.
const PACKET_MAX: usize = 1 << 20;
/// In the flags of a WebP's `VP8X` chunk.
const WEBP_HAS_XMP: u8 = 0x04;
const WEBP_HAS_ALPHA: u8 = 0x10;

/// The file with that packet in it. `None` where the format has no place that we write to, or the file is not what it says;
/// then the file is to be used as it is.
pub fn with_xmp(bytes: &[u8], media_type: MediaType, packet: &str) -> Option<Vec<u8>> {
    match media_type {
        MediaType::Png => into_png(bytes, packet),
        MediaType::Jpeg => into_jpeg(bytes, packet),
        MediaType::WebP => into_webp(bytes, packet),
        MediaType::Mp4 => into_mp4(bytes, packet),
        _ => None,
    }
}

/// The packet in a file, where there is one that is text.
pub fn xmp_of(bytes: &[u8], media_type: MediaType) -> Option<String> {
    let packet = match media_type {
        MediaType::Png => from_png(bytes),
        MediaType::Jpeg => from_jpeg(bytes),
        MediaType::WebP => chunks(bytes).find(|(name, _)| *name == b"XMP ").map(|(_, body)| body),
        MediaType::Mp4 => from_mp4(bytes),
        _ => None,
    }?;
    (packet.len() <= PACKET_MAX)
        .then(|| String::from_utf8(packet.to_vec()).ok())
        .flatten()
}

/// After the header, which is always the first chunk: 8 bytes of signature, then 4 + 4 + 13 + 4.
const PNG_AFTER_HEADER: usize = 33;

fn into_png(bytes: &[u8], packet: &str) -> Option<Vec<u8>> {
    if bytes.get(12..16)? != b"IHDR" || bytes.len() < PNG_AFTER_HEADER {
        return None;
    }
    // Keyword, not compressed, no language, no translated keyword.
    let mut chunk = b"iTXt".to_vec();
    chunk.extend_from_slice(PNG_KEYWORD);
    chunk.extend_from_slice(&[0, 0, 0, 0, 0]);
    chunk.extend_from_slice(packet.as_bytes());
    let length = u32::try_from(chunk.len() - 4).ok()?;
    let mut made = Vec::with_capacity(bytes.len() + chunk.len() + 8);
    made.extend_from_slice(&bytes[..PNG_AFTER_HEADER]);
    made.extend_from_slice(&length.to_be_bytes());
    made.extend_from_slice(&chunk);
    made.extend_from_slice(&crc32fast::hash(&chunk).to_be_bytes());
    made.extend_from_slice(&bytes[PNG_AFTER_HEADER..]);
    Some(made)
}

fn from_png(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let (name, body) = (
            bytes.get(at + 4..at + 8)?,
            bytes.get(at + 8..at.checked_add(8 + length)?)?,
        );
        if name == b"iTXt"
            && let Some(rest) = body.strip_prefix(PNG_KEYWORD)
            // A compressed one is nobody's habit.
            && let Some(rest) = rest.strip_prefix(&[0, 0, 0])
        {
            let mut parts = rest.splitn(3, |byte| *byte == 0);
            parts.next();
            parts.next();
            return parts.next();
        }
        at += length + 12;
    }
}

fn into_jpeg(bytes: &[u8], packet: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(2 + JPEG_PREFIX.len() + packet.len()).ok()?;
    if bytes.get(..2)? != [0xFF, 0xD8] || usize::from(length) > SEGMENT_MAX {
        return None;
    }
    // After JFIF's own segment, which wants to be the first.
    let mut place = 2;
    if bytes.get(2..4)? == [0xFF, 0xE0] {
        place += 2 + usize::from(u16::from_be_bytes([*bytes.get(4)?, *bytes.get(5)?]));
    }
    let mut made = bytes.get(..place)?.to_vec();
    made.extend_from_slice(&[0xFF, 0xE1]);
    made.extend_from_slice(&length.to_be_bytes());
    made.extend_from_slice(JPEG_PREFIX);
    made.extend_from_slice(packet.as_bytes());
    made.extend_from_slice(&bytes[place..]);
    Some(made)
}

fn from_jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    loop {
        let [marker, kind, high, low] = *bytes.get(at..at + 4)? else {
            return None;
        };
        // Pixels begin: there are no more segments of this kind.
        if marker != 0xFF || kind == 0xDA {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = bytes.get(at + 4..at + 2 + length)?;
        if kind == 0xE1
            && let Some(packet) = body.strip_prefix(JPEG_PREFIX)
        {
            return Some(packet);
        }
        at += 2 + length;
    }
}

/// The chunks of a WebP by name.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = if bytes.get(..4) == Some(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        12
    } else {
        bytes.len()
    };
    std::iter::from_fn(move || {
        let name = bytes.get(at..at + 4)?;
        let length = u32::from_le_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        let body = bytes.get(at + 8..at.checked_add(8 + length)?)?;
        at += 8 + length + length % 2;
        Some((name, body))
    })
}

fn into_webp(bytes: &[u8], packet: &str) -> Option<Vec<u8>> {
    let mut made = b"RIFF\0\0\0\0WEBP".to_vec();
    let mut add = |name: &[u8], body: &[u8]| -> Option<()> {
        made.extend_from_slice(name);
        made.extend_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
        made.extend_from_slice(body);
        if body.len() % 2 == 1 {
            made.push(0);
        }
        Some(())
    };
    let (first, body) = chunks(bytes).next()?;
    if first == b"VP8X" {
        let mut flags = body.to_vec();
        *flags.first_mut()? |= WEBP_HAS_XMP;
        add(first, &flags)?;
    } else {
        // A simple file has no place for anything else, so it becomes an extended one.
        let probe = crate::probe(bytes, &crate::Limits::default()).ok()?;
        let alpha = if probe.has_alpha { WEBP_HAS_ALPHA } else { 0 };
        let mut header = vec![WEBP_HAS_XMP | alpha, 0, 0, 0];
        header.extend_from_slice(&(probe.width.checked_sub(1)?).to_le_bytes()[..3]);
        header.extend_from_slice(&(probe.height.checked_sub(1)?).to_le_bytes()[..3]);
        add(b"VP8X", &header)?;
        add(first, body)?;
    }
    for (name, body) in chunks(bytes).skip(1).filter(|(name, _)| *name != b"XMP ") {
        add(name, body)?;
    }
    add(b"XMP ", packet.as_bytes())?;
    let length = u32::try_from(made.len() - 8).ok()?;
    made[4..8].copy_from_slice(&length.to_le_bytes());
    Some(made)
}

fn into_mp4(bytes: &[u8], packet: &str) -> Option<Vec<u8>> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    // At the end, so that no offset in the file changes.
    let length = u32::try_from(8 + MP4_UUID.len() + packet.len()).ok()?;
    let mut made = bytes.to_vec();
    made.extend_from_slice(&length.to_be_bytes());
    made.extend_from_slice(b"uuid");
    made.extend_from_slice(&MP4_UUID);
    made.extend_from_slice(packet.as_bytes());
    Some(made)
}

fn from_mp4(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 0usize;
    loop {
        let short = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let length = match short {
            // To the end of the file.
            0 => bytes.len() - at,
            1 => usize::try_from(u64::from_be_bytes(bytes.get(at + 8..at + 16)?.try_into().ok()?)).ok()?,
            length => length as usize,
        };
        let end = at.checked_add(length)?;
        if bytes.get(at + 4..at + 8)? == b"uuid" && bytes.get(at + 8..at + 24)? == MP4_UUID {
            return bytes.get(at + 24..end);
        }
        // A box that is shorter than its own head leads nowhere.
        if length < 8 {
            return None;
        }
        at = end;
    }
}
