//! MP4 and QuickTime: size and length of the video, rate and channels of the sound, and for AV1, which the studio writes, where its first frame lies.

use aquatint_domain::{Measures, MediaType, Problem};

use super::cursor::Cursor;
use super::iso::{Part, dig, find, full, parts};
use super::{Header, broken, cut_off, unsupported};

/// Tracks looked at; our files have one.
const MAX_TRACKS: usize = 16;

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    let sound = tracks(bytes)?.find(|track| handler(track) == Some(b"soun"));
    let video = match (track(bytes), sound) {
        (Ok(video), _) => video,
        // Nothing but sound, whatever it calls itself.
        (Err(_), Some(sound)) => return Ok(sound_only(bytes, sound)),
        (Err(problem), None) => return Err(problem),
    };
    let entry = entry(video).ok_or_else(|| cut_off("MP4"))?;
    // Six reserved bytes, a reference, sixteen bytes without use, then the size.
    let mut cursor = Cursor::at(entry.body, 24);
    let (Some(width), Some(height)) = (cursor.be16(), cursor.be16()) else {
        return Err(cut_off("MP4"));
    };
    let media_type = if bytes.get(8..12) == Some(b"qt  ") {
        MediaType::QuickTime
    } else {
        MediaType::Mp4
    };
    let (mut width, mut height) = (u32::from(width), u32::from(height));
    // Our own decoder shows AV1 as it is coded; players turn what was filmed upright.
    if &entry.kind != b"av01" && lies_on_its_side(video) {
        std::mem::swap(&mut width, &mut height);
    }
    let mut header = Header::new(media_type, width, height);
    let frames = samples(video).unwrap_or(1).max(1);
    header.frames = frames;
    header.duration_ms = duration_ms(bytes);
    header.measures = Measures {
        codec: codec(entry.kind),
        frame_rate: track_seconds(video)
            .filter(|seconds| *seconds > 0.0 && frames > 1)
            .map(|seconds| (f64::from(frames) / seconds * 1_000.0).round() / 1_000.0),
        has_audio: Some(sound.is_some()),
        ..sound.map(sound_measures).unwrap_or_default()
    };
    Ok(header)
}

fn sound_only<'a>(bytes: &'a [u8], sound: &[u8]) -> Header<'a> {
    let mut header = Header::new(MediaType::M4a, 0, 0);
    header.duration_ms = duration_ms(bytes);
    header.measures = sound_measures(sound);
    header
}

/// Codec, channels and rate of a track with sound.
fn sound_measures(track: &[u8]) -> Measures {
    let entry = entry(track);
    let number = |at: usize| entry.and_then(|entry| Cursor::at(entry.body, at).be16()).map(u32::from);
    Measures {
        codec: entry.and_then(|entry| codec(entry.kind)),
        has_audio: Some(true),
        channels: number(16).filter(|channels| *channels > 0),
        sample_rate: number(24).filter(|rate| *rate > 0),
        ..Measures::default()
    }
}

/// The name of a codec by the four letters of its sample entry.
fn codec(kind: [u8; 4]) -> Option<String> {
    Some(
        match &kind {
            b"avc1" | b"avc3" => "h264",
            b"hvc1" | b"hev1" => "hevc",
            b"av01" => "av1",
            b"vp09" => "vp9",
            b"vp08" => "vp8",
            b"mp4v" => "mpeg4",
            b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" => "prores",
            b"mp4a" => "aac",
            b"Opus" => "opus",
            b"alac" => "alac",
            b"ac-3" => "ac3",
            b".mp3" => "mp3",
            b"sowt" | b"twos" | b"lpcm" => "pcm",
            _ => return None,
        }
        .to_owned(),
    )
}

/// Whether the matrix of the track header turns by a quarter.
fn lies_on_its_side(track: &[u8]) -> bool {
    let matrix = find(track, b"tkhd").and_then(|body| {
        let (version, _, rest) = full(body)?;
        rest.get(if version == 1 { 48 } else { 36 }..)
    });
    let number = |at: usize| matrix.and_then(|matrix| Cursor::at(matrix, at).be32());
    number(0) == Some(0) && number(16) == Some(0) && number(4).is_some_and(|skew| skew != 0)
}

/// The length of one track.
fn track_seconds(track: &[u8]) -> Option<f64> {
    let (version, _, body) = full(dig(track, &[b"mdia", b"mdhd"])?)?;
    let mut cursor = Cursor::at(body, if version == 1 { 16 } else { 8 });
    let scale = cursor.be32().filter(|scale| *scale > 0)?;
    let duration = if version == 1 {
        cursor.be64()?
    } else {
        u64::from(cursor.be32()?)
    };
    Some(duration as f64 / f64::from(scale))
}

fn tracks(bytes: &[u8]) -> Result<impl Iterator<Item = &[u8]>, Problem> {
    let moov = find(bytes, b"moov").ok_or_else(|| cut_off("MP4"))?;
    Ok(parts(moov)
        .filter(|part| &part.kind == b"trak")
        .take(MAX_TRACKS)
        .map(|part| part.body))
}

/// What a track holds: `vide`, `soun`.
pub(crate) fn handler(track: &[u8]) -> Option<&[u8]> {
    dig(track, &[b"mdia", b"hdlr"])?.get(8..12)
}

/// The track with the video, of any codec.
fn track(bytes: &[u8]) -> Result<&[u8], Problem> {
    tracks(bytes)?
        .find(|track| handler(track) == Some(b"vide"))
        .ok_or_else(|| unsupported("The MP4 file holds neither video nor sound. Send the whole file, or a picture."))
}

/// The track with the video, to be decoded. Other codecs than AV1 are refused.
fn video(bytes: &[u8]) -> Result<&[u8], Problem> {
    let track = track(bytes)?;
    match entry(track).map(|part| part.kind) {
        Some(kind) if &kind == b"av01" => Ok(track),
        Some(_) => Err(unsupported(
            "The file holds a video in another codec than AV1, whose frames are not read here. Save it with AV1, or send one of its frames as a picture.",
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
