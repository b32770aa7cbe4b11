//! Matroska and WebM: size, length and codecs, by RFC 9559 (the elements) and RFC 8794 (EBML).

use aquatint_domain::{Measures, MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, cut_off, unsupported};

/// Elements looked at on one level.
const MAX_ELEMENTS: usize = 4_096;
const SEGMENT: u32 = 0x1853_8067;
pub(crate) const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;

/// One element: its id, where it begins, and what is in it. One of unknown length reaches to the end.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub id: u32,
    /// Of the whole element, in the bytes that were walked.
    pub start: usize,
    pub body: &'a [u8],
}

/// The elements that follow one another; one that is cut off ends the list.
pub(crate) fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        let start = cursor.place();
        let id = u32::try_from(number(&mut cursor, true)?).ok()?;
        let first = *cursor.rest().first()?;
        let width = first.leading_zeros() + 1;
        let size = number(&mut cursor, false)?;
        let is_unknown = width <= 8 && size == (1u64 << (7 * width)) - 1;
        let body = if is_unknown {
            let rest = cursor.rest();
            cursor.take(rest.len())?
        } else {
            cursor.take(usize::try_from(size).ok()?)?
        };
        Some(Element { id, start, body })
    })
    .take(MAX_ELEMENTS)
}

/// A number whose first byte says how long it is; ids keep that mark.
fn number(cursor: &mut Cursor<'_>, keeps_mark: bool) -> Option<u64> {
    let first = cursor.u8()?;
    let more = first.leading_zeros();
    if more > if keeps_mark { 3 } else { 7 } {
        return None;
    }
    let mask = if keeps_mark { 0xff } else { 0x7f >> more };
    let mut value = u64::from(first & mask);
    for _ in 0..more {
        value = value << 8 | u64::from(cursor.u8()?);
    }
    Some(value)
}

fn find(bytes: &[u8], id: u32) -> Option<&[u8]> {
    elements(bytes)
        .find(|element| element.id == id)
        .map(|element| element.body)
}

fn whole(bytes: &[u8], id: u32) -> Option<u64> {
    let body = find(bytes, id).filter(|body| body.len() <= 8)?;
    Some(body.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn real(bytes: &[u8], id: u32) -> Option<f64> {
    match find(bytes, id)? {
        body @ [_, _, _, _] => Some(f64::from(f32::from_be_bytes(body.try_into().ok()?))),
        body => Some(f64::from_be_bytes(body.try_into().ok()?)),
    }
}

/// The segment of a file. Its length may be more than is there when a film is cut off, so it is found by its id.
pub(crate) fn segment(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut cursor = Cursor::new(bytes);
    // The EBML header, then the segment.
    for _ in 0..4 {
        let id = u32::try_from(number(&mut cursor, true)?).ok()?;
        let size = number(&mut cursor, false)?;
        if id == SEGMENT {
            let rest = cursor.rest();
            let length = usize::try_from(size).unwrap_or(usize::MAX).min(rest.len());
            return Some((cursor.place(), &rest[..length]));
        }
        cursor.skip(usize::try_from(size).ok()?)?;
    }
    None
}

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    let (_, segment) = segment(bytes).ok_or_else(|| cut_off("WebM"))?;
    let (mut info, mut tracks) = (None, None);
    // What describes the film comes before the film.
    for element in elements(segment).take_while(|element| element.id != CLUSTER) {
        match element.id {
            INFO => info = Some(element.body),
            TRACKS => tracks = Some(element.body),
            _ => {}
        }
    }
    let tracks = tracks.ok_or_else(|| cut_off("WebM"))?;
    let of_kind = |kind: u64| {
        elements(tracks)
            .filter(|element| element.id == 0xAE)
            .map(|element| element.body)
            .find(|track| whole(track, 0x83) == Some(kind))
    };
    let (video, sound) = (of_kind(1), of_kind(2));
    let Some(video) = video else {
        return Err(unsupported(
            "The WebM file holds no video. Save its sound as MP3 or WAV and send that.",
        ));
    };
    let picture = find(video, 0xE0).ok_or_else(|| cut_off("WebM"))?;
    let side = |id: u32| {
        whole(picture, id)
            .and_then(|side| u32::try_from(side).ok())
            .unwrap_or(0)
    };
    let mut header = Header::new(MediaType::WebM, side(0xB0), side(0xBA));
    header.duration_ms = info.and_then(|info| {
        let scale = whole(info, 0x2A_D7B1).unwrap_or(1_000_000) as f64;
        let milliseconds = real(info, 0x4489)? * scale / 1e6;
        (0.0..1e12).contains(&milliseconds).then_some(milliseconds as u64)
    });
    let voice = sound.and_then(|sound| find(sound, 0xE1));
    header.measures = Measures {
        codec: find(video, 0x86).and_then(codec),
        // The time of one frame in nanoseconds, where the muxer wrote it.
        frame_rate: whole(video, 0x23_E383)
            .filter(|nanoseconds| *nanoseconds > 0)
            .map(|nanoseconds| (1e12 / nanoseconds as f64).round() / 1_000.0),
        has_audio: Some(sound.is_some()),
        channels: voice.map(|voice| whole(voice, 0x9F).map_or(1, |count| count.min(1_000) as u32)),
        sample_rate: voice
            .and_then(|voice| real(voice, 0xB5))
            .filter(|rate| (1.0..1e7).contains(rate))
            .map(|rate| rate as u32),
        has_motion: false,
    };
    if let (Some(rate), Some(length)) = (header.measures.frame_rate, header.duration_ms) {
        header.frames = ((length as f64 / 1_000.0 * rate).round().clamp(1.0, f64::from(u32::MAX))) as u32;
    }
    Ok(header)
}

fn codec(id: &[u8]) -> Option<String> {
    Some(
        match id {
            b"V_VP9" => "vp9",
            b"V_VP8" => "vp8",
            b"V_AV1" => "av1",
            b"V_MPEG4/ISO/AVC" => "h264",
            b"V_MPEGH/ISO/HEVC" => "hevc",
            _ => return None,
        }
        .to_owned(),
    )
}
