//! What a file is, read from its first bytes and headers, before anything is decoded. Names and
//! declared types are never looked at: a JPEG called `x.png` is a JPEG.

pub(crate) mod audio;
mod bmp;
mod cursor;
mod exif;
mod foreign;
mod gif;
mod glb;
pub(crate) mod heif;
pub(crate) mod iso;
pub(crate) mod jpeg;
pub(crate) mod matroska;
pub(crate) mod mp4;
mod png;
mod tiff;
mod webp;

use std::borrow::Cow;

use aquatint_domain::{Code, Measures, MediaKind, MediaType, Problem};
use serde::{Deserialize, Serialize};

pub(crate) use exif::Orientation;

use crate::limits::Limits;

/// What a file's header says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    pub media_type: MediaType,
    /// Pixels, after EXIF orientation.
    pub width: u32,
    pub height: u32,
    /// Whether the file has an alpha channel (its pixels may all be opaque).
    pub has_alpha: bool,
    pub frames: u32,
    /// Bits of one channel.
    pub bit_depth: u8,
    /// Milliseconds, for video, sound and animations.
    pub duration_ms: Option<u64>,
    #[serde(default)]
    pub measures: Measures,
}

/// Recognises a file by its content, whatever its name says, and refuses what breaks a limit.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe, Problem> {
    Ok(read(bytes, limits)?.probe())
}

/// A colour profile as it lies in the file.
#[derive(Clone, Debug, Default)]
pub(crate) enum Profile<'a> {
    #[default]
    None,
    Icc(Cow<'a, [u8]>),
    /// zlib, as in PNG.
    DeflatedIcc(&'a [u8]),
    /// Code points of ITU-T H.273: primaries, transfer, matrix, full range.
    Cicp([u8; 4]),
}

/// All that a header tells, for [`probe`] and for the decoders.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub media_type: MediaType,
    /// As stored, before orientation.
    pub width: u32,
    pub height: u32,
    pub has_alpha: bool,
    pub frames: u32,
    pub bit_depth: u8,
    pub duration_ms: Option<u64>,
    pub measures: Measures,
    pub orientation: Orientation,
    pub profile: Profile<'a>,
}

impl<'a> Header<'a> {
    fn new(media_type: MediaType, width: u32, height: u32) -> Self {
        Self {
            media_type,
            width,
            height,
            has_alpha: false,
            frames: 1,
            bit_depth: 8,
            duration_ms: None,
            measures: Measures::default(),
            orientation: Orientation::default(),
            profile: Profile::None,
        }
    }

    pub fn probe(&self) -> Probe {
        let (width, height) = self.orientation.size(self.width, self.height);
        Probe {
            media_type: self.media_type,
            width,
            height,
            has_alpha: self.has_alpha,
            frames: self.frames,
            bit_depth: self.bit_depth,
            duration_ms: self.duration_ms,
            measures: self.measures.clone(),
        }
    }
}

/// Reads the header and checks every limit.
pub(crate) fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Problem> {
    limits.check_bytes(bytes.len())?;
    let header = match recognise(bytes)? {
        MediaType::Png => png::header(bytes, limits),
        MediaType::Jpeg => jpeg::header(bytes),
        MediaType::WebP => webp::header(bytes, limits),
        MediaType::Gif => gif::header(bytes, limits),
        MediaType::Bmp => bmp::header(bytes),
        MediaType::Tiff => tiff::header(bytes, limits),
        MediaType::Avif => heif::header(bytes),
        MediaType::Mp4 | MediaType::QuickTime | MediaType::M4a => mp4::header(bytes),
        MediaType::WebM => matroska::header(bytes),
        MediaType::Wav => audio::wav(bytes),
        MediaType::Mp3 => audio::mp3(bytes),
        MediaType::Glb => glb::header(bytes),
        // A drawing is looked at by `vector`, and only where it comes from a vendor.
        MediaType::Svg => Err(foreign::refusal(bytes)),
    }?;
    match header.media_type.kind() {
        // Nothing decodes more than a few frames of a video, so its length is no burden.
        MediaKind::Video => limits.check_size(header.width, header.height, 1)?,
        MediaKind::Image => limits.check_size(header.width, header.height, header.frames)?,
        MediaKind::Audio | MediaKind::ThreeD => {}
    }
    Ok(header)
}

/// The type by the first bytes, or a refusal that names what the file is and what to send instead.
fn recognise(bytes: &[u8]) -> Result<MediaType, Problem> {
    Ok(match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => MediaType::Png,
        [0xff, 0xd8, 0xff, ..] => MediaType::Jpeg,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => MediaType::WebP,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => MediaType::Gif,
        [b'B', b'M', _, _, _, _, _, _, _, _, _, _, _, _, size, 0, 0, 0, ..] if bmp::is_header_size(*size) => {
            MediaType::Bmp
        }
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => MediaType::Tiff,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => MediaType::Wav,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => MediaType::WebM,
        [b'g', b'l', b'T', b'F', ..] => MediaType::Glb,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => return iso::recognise(bytes),
        _ if audio::is_mp3(bytes) => MediaType::Mp3,
        _ => return Err(foreign::refusal(bytes)),
    })
}

/// The header of a known type is not whole.
fn cut_off(what: &str) -> Problem {
    Problem::new(
        Code::InvalidImage,
        format!("The {what} file ends within its header or is damaged there. Send the whole file again."),
    )
}

/// The header says something that cannot be.
fn broken(what: &str, detail: &str) -> Problem {
    Problem::new(
        Code::InvalidImage,
        format!("The {what} file is damaged: {detail}. Save it again with another program and send that."),
    )
}

/// A kind of a known type that is not decoded here.
fn unsupported(message: impl Into<String>) -> Problem {
    Problem::new(Code::UnsupportedMedia, message)
}
