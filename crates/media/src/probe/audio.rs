//! WAV and MP3: length, channels and rate, from headers alone.

use aquatint_domain::{Measures, MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, broken, cut_off};

/// Chunks of a WAV file that are looked at; real files have a few.
const MAX_CHUNKS: usize = 1_000;

fn sound(media_type: MediaType, duration_ms: Option<u64>, measures: Measures) -> Header<'static> {
    let mut header = Header::new(media_type, 0, 0);
    header.duration_ms = duration_ms;
    header.measures = Measures {
        has_audio: Some(true),
        ..measures
    };
    header
}

/// The chunks of a WAV file: name and body, a cut-off last one as far as it goes.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut cursor = Cursor::at(bytes, 12);
    std::iter::from_fn(move || {
        let name = cursor.array()?;
        let length = cursor.le32()? as usize;
        let body = cursor.rest();
        let body = &body[..length.min(body.len())];
        // Chunks are padded to even lengths.
        cursor.skip(body.len())?;
        if length % 2 == 1 {
            let _ = cursor.skip(1);
        }
        Some((name, body))
    })
    .take(MAX_CHUNKS)
}

/// Multimedia Programming Interface and Data Specifications 1.0, chapter 3: RIFF WAVE.
pub(super) fn wav(bytes: &[u8]) -> Result<Header<'static>, Problem> {
    let find = |wanted: &[u8; 4]| chunks(bytes).find(|(name, _)| name == wanted).map(|(_, body)| body);
    let format = find(b"fmt ").ok_or_else(|| cut_off("WAV"))?;
    let data = find(b"data").ok_or_else(|| cut_off("WAV"))?;
    let mut cursor = Cursor::new(format);
    let (Some(_), Some(channels), Some(rate), Some(bytes_per_second)) =
        (cursor.le16(), cursor.le16(), cursor.le32(), cursor.le32())
    else {
        return Err(cut_off("WAV"));
    };
    if channels == 0 || rate == 0 || bytes_per_second == 0 {
        return Err(broken("WAV", "its channels or its rate are zero"));
    }
    let duration_ms = data.len() as u64 * 1_000 / u64::from(bytes_per_second);
    let measures = Measures {
        codec: Some("pcm".to_owned()),
        channels: Some(u32::from(channels)),
        sample_rate: Some(rate),
        ..Measures::default()
    };
    Ok(sound(MediaType::Wav, Some(duration_ms), measures))
}

/// One frame of MPEG audio, by its header (ISO/IEC 11172-3, 2.4.1.3, and 13818-3).
struct Frame {
    bytes: usize,
    samples: u32,
    rate: u32,
    channels: u32,
    bits_per_second: u64,
    /// Where the tag of an encoder may lie, after the header and the side information.
    tag: usize,
}

const LAYER_3: [u64; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const LAYER_3_LOW: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

impl Frame {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xff, b, c, d, ..] = bytes else { return None };
        // Eleven bits of synchronisation; layer 3 only.
        if b & 0xe0 != 0xe0 || (b >> 1) & 3 != 1 {
            return None;
        }
        let (version, kbits, rate) = ((b >> 3) & 3, usize::from(c >> 4), usize::from((c >> 2) & 3));
        let rate = *[44_100u32, 48_000, 32_000].get(rate)?;
        let (rate, is_first) = match version {
            3 => (rate, true),
            2 => (rate / 2, false),
            0 => (rate / 4, false),
            _ => return None,
        };
        let table = if is_first { &LAYER_3 } else { &LAYER_3_LOW };
        let bits_per_second = table.get(kbits).filter(|kbits| **kbits > 0)? * 1_000;
        let samples = if is_first { 1_152 } else { 576 };
        let is_mono = d >> 6 == 3;
        let padding = u64::from((c >> 1) & 1);
        let bytes = u64::from(samples) / 8 * bits_per_second / u64::from(rate) + padding;
        Some(Self {
            bytes: usize::try_from(bytes).ok()?,
            samples,
            rate,
            channels: if is_mono { 1 } else { 2 },
            bits_per_second,
            tag: 4 + match (is_first, is_mono) {
                (true, false) => 32,
                (true, true) | (false, false) => 17,
                (false, true) => 9,
            },
        })
    }
}

/// Where the sound begins: after the ID3v2 tag, where there is one (<https://id3.org/id3v2.4.0-structure>).
pub(crate) fn after_id3(bytes: &[u8]) -> usize {
    match bytes {
        [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] if [a, b, c, d].iter().all(|byte| **byte < 0x80) => {
            let size = [a, b, c, d]
                .iter()
                .fold(0usize, |sum, byte| sum << 7 | usize::from(**byte));
            10 + size + if flags & 0x10 != 0 { 10 } else { 0 }
        }
        _ => 0,
    }
}

/// A frame where the sound begins, and another right after it, or the end.
pub(super) fn is_mp3(bytes: &[u8]) -> bool {
    let Some(sound) = bytes.get(after_id3(bytes)..) else {
        return false;
    };
    Frame::read(sound).is_some_and(|first| {
        let Some(rest) = sound.get(first.bytes..) else {
            return false;
        };
        rest.is_empty() || rest.starts_with(b"TAG") || Frame::read(rest).is_some()
    })
}

pub(super) fn mp3(bytes: &[u8]) -> Result<Header<'static>, Problem> {
    let sound_bytes = bytes.get(after_id3(bytes)..).unwrap_or_default();
    let first = Frame::read(sound_bytes).ok_or_else(|| cut_off("MP3"))?;
    // An encoder that varies the rate says how many frames there are, in a tag within the first one.
    let tag = sound_bytes.get(first.tag..).unwrap_or_default();
    let counted = (tag.starts_with(b"Xing") || tag.starts_with(b"Info"))
        .then(|| {
            let mut cursor = Cursor::at(tag, 4);
            let has_count = cursor.be32()? & 1 == 1;
            has_count.then(|| cursor.be32()).flatten()
        })
        .flatten();
    let duration_ms = match counted {
        Some(frames) => u64::from(frames) * u64::from(first.samples) * 1_000 / u64::from(first.rate),
        None => sound_bytes.len() as u64 * 8_000 / first.bits_per_second,
    };
    let measures = Measures {
        codec: Some("mp3".to_owned()),
        channels: Some(first.channels),
        sample_rate: Some(first.rate),
        ..Measures::default()
    };
    Ok(sound(MediaType::Mp3, Some(duration_ms), measures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_tells_its_length_and_a_damaged_one_is_refused() {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
        bytes.extend(8_000u32.to_le_bytes());
        bytes.extend(32_000u32.to_le_bytes());
        bytes.extend([4, 0, 16, 0]);
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend(16_000u32.to_le_bytes());
        bytes.extend(vec![0; 16_000]);
        let header = wav(&bytes).expect("is sound");
        assert_eq!(header.duration_ms, Some(500));
        assert_eq!(
            (header.measures.channels, header.measures.sample_rate),
            (Some(2), Some(8_000))
        );
        for cut in [13, 20, 36, 46] {
            assert!(wav(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        bytes[24..28].fill(0);
        assert!(wav(&bytes).is_err(), "no rate");
    }

    #[test]
    fn mp3_frames_are_measured_and_text_is_none() {
        // MPEG 1 layer 3, 128 kbit/s, 44.1 kHz, stereo: 417 bytes a frame.
        let mut frame = vec![0u8; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0x00]);
        let sound = [frame.clone(), frame.clone(), frame].concat();
        assert!(is_mp3(&sound));
        let tagged = [b"ID3\x04\0\0\0\0\0\x05hello".to_vec(), sound.clone()].concat();
        assert!(is_mp3(&tagged));
        let header = mp3(&tagged).expect("is sound");
        assert_eq!(header.duration_ms, Some(417 * 3 * 8_000 / 128_000));
        assert_eq!(
            (header.measures.channels, header.measures.sample_rate),
            (Some(2), Some(44_100))
        );
        for other in [&b"ID3"[..], b"hello", b"\xff\xfe<\0s\0v\0g\0", b"\xff\xfb\x90\0rest"] {
            assert!(!is_mp3(other), "{other:?}");
        }
    }
}
