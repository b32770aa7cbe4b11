//! Files that are not taken, recognised so that the refusal can say what they are and what to send.

use aquatint_domain::Problem;

use super::unsupported;

const TAKEN: &str = "Send a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF picture, an MP4, MOV or WebM video, MP3, WAV or M4A sound, or a GLB model";

/// First bytes, what they mean, and what to do about it.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (
        b"%PDF",
        "a PDF document",
        "Export the page as PNG or JPEG and send that",
    ),
    (
        b"8BPS",
        "a Photoshop document",
        "Export it as PNG, TIFF or JPEG and send that",
    ),
    (b"%!PS", "a PostScript document", "Export it as PNG and send that"),
    (
        b"\xc5\xd0\xd3\xc6",
        "a PostScript document",
        "Export it as PNG and send that",
    ),
    (b"\xff\x0a", "a JPEG XL picture", "Save it as JPEG or PNG and send that"),
    (
        b"\0\0\0\x0cJXL ",
        "a JPEG XL picture",
        "Save it as JPEG or PNG and send that",
    ),
    (
        b"\0\0\0\x0cjP  ",
        "a JPEG 2000 picture",
        "Save it as JPEG or PNG and send that",
    ),
    (
        b"\xff\x4f\xff\x51",
        "a JPEG 2000 picture",
        "Save it as JPEG or PNG and send that",
    ),
    (
        b"II+\0",
        "a BigTIFF picture",
        "Save it as an ordinary TIFF or as PNG and send that",
    ),
    (
        b"MM\0+",
        "a BigTIFF picture",
        "Save it as an ordinary TIFF or as PNG and send that",
    ),
    (
        b"II\xbc\x01",
        "a JPEG XR picture",
        "Save it as JPEG or PNG and send that",
    ),
    (b"\0\0\x01\0", "a Windows icon", "Save it as PNG and send that"),
    (b"\0\0\x02\0", "a Windows cursor", "Save it as PNG and send that"),
    (
        b"v/1\x01",
        "an OpenEXR picture",
        "Save it as PNG with 16 bits and send that",
    ),
    (
        b"#?RADIANCE",
        "a Radiance picture",
        "Save it as PNG with 16 bits and send that",
    ),
    (b"DDS ", "a DirectDraw texture", "Save it as PNG and send that"),
    (b"qoif", "a QOI picture", "Save it as PNG and send that"),
    (b"gimp xcf", "a GIMP document", "Export it as PNG and send that"),
    (
        b"FUJIFILMCCD-RAW",
        "a raw photograph",
        "Develop it to JPEG, PNG or TIFF and send that",
    ),
    (
        b"PK\x03\x04",
        "an archive or office document",
        "Unpack it and send the pictures one by one",
    ),
    (b"Rar!", "an archive", "Unpack it and send the pictures one by one"),
    (
        b"7z\xbc\xaf",
        "an archive",
        "Unpack it and send the pictures one by one",
    ),
    (
        b"\x1f\x8b",
        "a gzip archive",
        "Unpack it and send the pictures one by one",
    ),
    (
        b"OggS",
        "an Ogg file",
        "Save its sound as MP3 or WAV, or its video as MP4, and send that",
    ),
    (b"fLaC", "a FLAC sound file", "Save it as MP3 or WAV and send that"),
    (b"ID3", "a sound file", "Save it as MP3 or WAV and send that"),
    (b"#EXTM3U", "a playlist", "Send the video itself"),
    (b"ffconcat", "a list of files", "Send the video itself"),
    (b"FLV\x01", "a Flash video", "Save it as MP4 and send that"),
    (b"\x7fELF", "a program", TAKEN),
    (b"MZ", "a program", TAKEN),
];

/// The text formats, by what stands at their beginning.
const MARKUP: &[(&str, &str, &str)] = &[
    (
        "<svg",
        "an SVG drawing",
        "Export it as PNG at the size you need and send that",
    ),
    (
        "<!doctype html",
        "a web page",
        "Send the address or the file of the picture itself",
    ),
    (
        "<html",
        "a web page",
        "Send the address or the file of the picture itself",
    ),
    (
        "<head",
        "a web page",
        "Send the address or the file of the picture itself",
    ),
    ("<?xml", "an XML document", TAKEN),
    ("{", "JSON text", "Send the bytes of the picture itself"),
    (
        "data:",
        "a data: URI as text",
        "Decode its base64 part and send the bytes",
    ),
];

/// How far into a text the `<svg` tag is looked for.
const MARKUP_BYTES: usize = 4_096;

/// A refusal in words that help.
pub(super) fn refusal(bytes: &[u8]) -> Problem {
    let (what, next) = name(bytes);
    unsupported(format!("The file is {what}, which is not taken here. {next}."))
}

fn name(bytes: &[u8]) -> (&'static str, &'static str) {
    if bytes.is_empty() {
        return ("empty", TAKEN);
    }
    if let [b'R', b'I', b'F', b'F', _, _, _, _, kind @ ..] = bytes {
        return match kind.get(..4) {
            Some(b"AVI ") => ("an AVI video", "Send one of its frames as a picture"),
            Some(b"WAVE") => ("a sound file", TAKEN),
            _ => ("of an unknown kind", TAKEN),
        };
    }
    if let Some((_, what, next)) = KNOWN.iter().find(|(magic, _, _)| bytes.starts_with(magic)) {
        return (what, next);
    }
    markup(bytes).unwrap_or(("of an unknown kind", TAKEN))
}

fn markup(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MARKUP_BYTES)]).to_ascii_lowercase();
    let text = text.trim_start();
    // An SVG may begin with a declaration and comments.
    if text.starts_with('<')
        && !text.starts_with("<!doctype html")
        && !text.starts_with("<html")
        && text.contains("<svg")
    {
        return Some((MARKUP[0].1, MARKUP[0].2));
    }
    MARKUP
        .iter()
        .find(|(start, _, _)| text.starts_with(start))
        .map(|(_, what, next)| (*what, *next))
}
