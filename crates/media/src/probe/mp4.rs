//! MP4: size and length of its video, and for AV1, which the studio writes, where its first frame lies.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::iso::{Part, dig, find, full, parts};
use super::{Header, broken, cut_off, unsupported};

/// Tracks looked at; our files have one.
const MAX_TRACKS: usize = 16;

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    let video = track(bytes)?;
    let entry = entry(video).ok_or_else(|| cut_off("MP4"))?;
    // Six reserved bytes, a reference, sixteen bytes without use, then the size.
    let mut cursor = Cursor::at(entry.body, 24);
    let (Some(width), Some(height)) = (cursor.be16(), cursor.be16()) else {
        return Err(cut_off("MP4"));
    };
    let mut header = Header::new(MediaType::Mp4, u32::from(width), u32::from(height));
    header.frames = samples(video).unwrap_or(1).max(1);
    header.duration_ms = duration_ms(bytes);
    Ok(header)
}

/// The track with the video, of any codec.
fn track(bytes: &[u8]) -> Result<&[u8], Problem> {
    let moov = find(bytes, b"moov").ok_or_else(|| cut_off("MP4"))?;
    parts(moov)
        .filter(|part| &part.kind == b"trak")
        .take(MAX_TRACKS)
        .map(|part| part.body)
        .find(|track| dig(track, &[b"mdia", b"hdlr"]).and_then(|body| body.get(8..12)) == Some(b"vide"))
        .ok_or_else(|| unsupported("The MP4 file holds no video. Send a picture, or an MP4 with an AV1 video."))
}

/// The track with the video, to be decoded. Other codecs than AV1 are refused.
fn video(bytes: &[u8]) -> Result<&[u8], Problem> {
    let track = track(bytes)?;
    match entry(track).map(|part| part.kind) {
        Some(kind) if &kind == b"av01" => Ok(track),
        Some(_) => Err(unsupported(
            "The MP4 file holds a video in another codec than AV1, which is not taken here. Save it with AV1, or send one of its frames as a picture.",
        )),
        None => Err(broken("MP4", "the description of its video is missing")),
    }
}

/// The first sample description.
fn entry(track: &[u8]) -> Option<Part<'_>> {
    let (_, _, body) = full(dig(track, &[b"mdia", b"minf", b"stbl", b"stsd"])?)?;
    parts(body.get(4..)?).next()
}

/// How many samples (frames) a track has.
pub(super) fn samples(track: &[u8]) -> Option<u32> {
    let (_, _, body) = full(dig(track, &[b"mdia", b"minf", b"stbl", b"stsz"])?)?;
    Cursor::at(body, 4).be32()
}

/// The length of the whole film.
pub(super) fn duration_ms(bytes: &[u8]) -> Option<u64> {
    let (version, _, body) = full(dig(bytes, &[b"moov", b"mvhd"])?)?;
    let mut cursor = Cursor::at(body, if version == 1 { 16 } else { 8 });
    let scale = u64::from(cursor.be32()?);
    let duration = if version == 1 {
        cursor.be64()?
    } else {
        u64::from(cursor.be32()?)
    };
    duration.checked_mul(1000)?.checked_div(scale)
}

/// The coded data of the first frame: the sequence header of the track, then the first sample.
pub(crate) fn first_frame(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let track = video(bytes)?;
    let frame = first_sample(bytes, track).ok_or_else(|| cut_off("MP4"))?;
    // Within a visual sample entry the boxes begin after 78 bytes; av1C has four bytes before the OBUs.
    let setup = entry(track)
        .and_then(|entry| find(entry.body.get(78..)?, b"av1C"))
        .and_then(|config| config.get(4..))
        .unwrap_or_default();
    Ok([setup, frame].concat())
}

fn first_sample<'a>(bytes: &'a [u8], track: &[u8]) -> Option<&'a [u8]> {
    let table = dig(track, &[b"mdia", b"minf", b"stbl"])?;
    let (_, _, sizes) = full(find(table, b"stsz")?)?;
    let mut cursor = Cursor::new(sizes);
    let (common, count) = (cursor.be32()?, cursor.be32()?);
    let size = if common > 0 {
        common
    } else if count > 0 {
        cursor.be32()?
    } else {
        return None;
    };
    let offset = match (find(table, b"stco"), find(table, b"co64")) {
        (Some(body), _) => u64::from(Cursor::at(body, 8).be32()?),
        (None, Some(body)) => Cursor::at(body, 8).be64()?,
        _ => return None,
    };
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(size as usize)?)
}
