//! What decoders complain about, in words for the caller.

use std::io::ErrorKind;

use aquatint_domain::{Code, MediaKind, MediaType, Problem, text};
use image::ImageError;

/// The format's usual name.
pub(super) fn name(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Png => "PNG",
        MediaType::Jpeg => "JPEG",
        MediaType::WebP => "WebP",
        MediaType::Avif => "AVIF",
        MediaType::Gif => "GIF",
        MediaType::Bmp => "BMP",
        MediaType::Tiff => "TIFF",
        MediaType::Mp4 => "MP4",
        MediaType::WebM => "WebM",
        MediaType::QuickTime => "QuickTime",
        MediaType::Wav => "WAV",
        MediaType::Mp3 => "MP3",
        MediaType::M4a => "M4A",
        MediaType::Glb => "GLB",
        MediaType::Svg => "SVG",
    }
}

/// What is kept here but has no pixels that our decoders read.
pub(super) fn not_a_picture(media_type: MediaType) -> Problem {
    let what = match media_type.kind() {
        MediaKind::Video => "a video whose frames are not read here",
        MediaKind::Audio => "sound, which holds no picture",
        MediaKind::ThreeD => "a 3D model, which holds no picture",
        MediaKind::Image => "a drawing of lines, not of pixels",
    };
    Problem::new(
        Code::UnsupportedMedia,
        format!(
            "The {} file is {what}. Send a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF picture.",
            name(media_type)
        ),
    )
}

pub(super) fn of(name: &str, error: ImageError) -> Problem {
    let problem = match &error {
        ImageError::Limits(_) => too_large(name),
        ImageError::Unsupported(_) => Problem::new(
            Code::UnsupportedMedia,
            format!(
                "This kind of {name} is not read here ({}). Save it as PNG or JPEG and send that.",
                detail(&error)
            ),
        ),
        ImageError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => cut_off(name),
        _ if says_end(&error) => cut_off(name),
        _ => damaged(name, &detail(&error)),
    };
    problem.caused_by(error)
}

pub(super) fn cut_off(name: &str) -> Problem {
    Problem::new(
        Code::InvalidImage,
        format!("The {name} file ends before its picture is complete. Send the whole file again."),
    )
}

pub(super) fn damaged(name: &str, detail: &str) -> Problem {
    Problem::new(
        Code::InvalidImage,
        format!(
            "The {name} file is damaged and cannot be decoded ({detail}). Save it again with another program and send that."
        ),
    )
}

pub(super) fn too_large(name: &str) -> Problem {
    Problem::new(
        Code::InvalidImage,
        format!("Decoding this {name} takes more memory than is allowed. Make the picture smaller first."),
    )
}

/// The header that was checked against the limits and the one that the decoder read differ.
pub(super) fn contradiction(name: &str) -> Problem {
    damaged(name, "it states its size twice, differently")
}

fn detail(error: &dyn std::fmt::Display) -> String {
    text::one_line(&error.to_string(), 120).trim_end_matches('.').to_owned()
}

/// Decoders wrap an early end in errors of their own; their text still tells.
fn says_end(error: &ImageError) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    [
        "unexpected end",
        "unexpected eof",
        "failed to fill whole buffer",
        "not enough data",
        "premature",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}
