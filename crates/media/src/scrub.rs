//! Film and sound without what rides along: places, names, comments, cover pictures. Nothing is encoded anew; the parts
//! that hold such things are blanked or left out, so that every offset still fits.

use aquatint_domain::MediaType;

use crate::probe::{audio, iso, matroska, mp4};

/// The same film or sound without its metadata; other files as they are.
pub fn scrub(bytes: &[u8], media_type: MediaType) -> Vec<u8> {
    let mut clean = bytes.to_vec();
    match media_type {
        MediaType::Mp4 | MediaType::QuickTime | MediaType::M4a => blank_boxes(bytes, &mut clean, 0, 0),
        MediaType::WebM => blank_elements(bytes, &mut clean),
        MediaType::Wav => return sound_of_wav(bytes),
        MediaType::Mp3 => return sound_of_mp3(bytes).to_vec(),
        _ => {}
    }
    clean
}

/// Boxes within boxes that are walked: the movie, a track, its media.
const DEPTH: u32 = 3;

/// Renames boxes of metadata to `free` and fills them with zeros. `base` is where `bytes` lie in `clean`.
fn blank_boxes(bytes: &[u8], clean: &mut [u8], base: usize, depth: u32) {
    for part in iso::parts(bytes) {
        let at = base + distance(bytes, part.body);
        let is_told = match &part.kind {
            b"udta" | b"meta" => true,
            b"uuid" => depth == 0,
            // Tracks of places and other timed notes are no film and no sound.
            b"trak" => !matches!(
                mp4::handler(part.body),
                Some(b"vide" | b"soun" | b"text" | b"sbtl" | b"subt" | b"clcp" | b"tmcd")
            ),
            _ => false,
        };
        if is_told {
            // The name stands before the body, or before a length of 64 bits that stands there too.
            let named = [4usize, 12]
                .into_iter()
                .filter_map(|back| at.checked_sub(back))
                .find(|place| clean.get(*place..place + 4) == Some(&part.kind[..]));
            if let Some(place) = named {
                clean[place..place + 4].copy_from_slice(b"free");
                clean[at..at + part.body.len()].fill(0);
            }
        } else if depth < DEPTH && matches!(&part.kind, b"moov" | b"trak" | b"mdia") {
            blank_boxes(part.body, clean, at, depth + 1);
        }
    }
}

/// Tags and attachments of a segment, and the title, become `Void` elements of the same length.
fn blank_elements(bytes: &[u8], clean: &mut [u8]) {
    const TAGS: u32 = 0x1254_C367;
    const ATTACHMENTS: u32 = 0x1941_A469;
    const TITLE: u32 = 0x7BA9;
    let Some((base, segment)) = matroska::segment(bytes) else {
        return;
    };
    for element in matroska::elements(segment) {
        match element.id {
            TAGS | ATTACHMENTS => blank_element(base, segment, element, clean),
            matroska::INFO => {
                let base = base + distance(segment, element.body);
                for part in matroska::elements(element.body).filter(|part| part.id == TITLE) {
                    blank_element(base, element.body, part, clean);
                }
            }
            _ => {}
        }
    }
}

/// How far into `whole` a part of it begins.
fn distance(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

/// `level` are the bytes that the element was found in, which lie at `base`.
fn blank_element(base: usize, level: &[u8], element: matroska::Element<'_>, clean: &mut [u8]) {
    const VOID: u8 = 0xEC;
    let end = base + distance(level, element.body) + element.body.len();
    let Some(place) = clean.get_mut(base + element.start..end) else {
        return;
    };
    place.fill(0);
    // An id of two bytes or more and a length stood here, so there is room for an id of one and a length.
    let rest = place.len() - 1;
    place[0] = VOID;
    if rest > 8 {
        let length = (rest - 8) as u64;
        place[1..9].copy_from_slice(&(length | 1 << 56).to_be_bytes());
    } else {
        place[1] = 0x80 | (rest - 1) as u8;
    }
}

/// The format, the count of samples and the samples.
fn sound_of_wav(bytes: &[u8]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (name, chunk) in audio::chunks(bytes).filter(|(name, _)| matches!(name, b"fmt " | b"fact" | b"data")) {
        body.extend(name);
        body.extend((chunk.len() as u32).to_le_bytes());
        body.extend(chunk);
        if chunk.len() % 2 == 1 {
            body.push(0);
        }
    }
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

/// Between the tag before and the tag behind.
fn sound_of_mp3(bytes: &[u8]) -> &[u8] {
    const ID3V1: usize = 128;
    let sound = bytes.get(audio::after_id3(bytes)..).unwrap_or_default();
    match sound.len().checked_sub(ID3V1) {
        Some(end) if sound[end..].starts_with(b"TAG") => &sound[..end],
        _ => sound,
    }
}
