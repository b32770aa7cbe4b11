//! Files that are something else, and files that are not taken.

use aquatint_domain::{Code, MediaType};
use aquatint_media::{Limits, decode, probe};
use image::ImageFormat;

use crate::make;

#[test]
fn the_content_decides_what_a_file_is() {
    let scene = make::scene(33, 21).into();
    for (format, media_type) in [
        (ImageFormat::Png, MediaType::Png),
        (ImageFormat::Jpeg, MediaType::Jpeg),
        (ImageFormat::Gif, MediaType::Gif),
        (ImageFormat::Bmp, MediaType::Bmp),
        (ImageFormat::Tiff, MediaType::Tiff),
        (ImageFormat::WebP, MediaType::WebP),
    ] {
        let bytes = make::written(&scene, format);
        let seen = probe(&bytes, &Limits::default()).expect("probes");
        assert_eq!(
            (seen.media_type, seen.width, seen.height, seen.frames),
            (media_type, 33, 21, 1)
        );
        let back = decode(&bytes, &Limits::default()).expect("decodes");
        assert!(make::psnr(&back.image, &scene) > 25.0, "{format:?}");
    }
}

#[test]
fn other_files_are_refused_by_name_with_what_to_send() {
    let cases: &[(&[u8], &str, &str)] = &[
        (b"", "empty", "PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", "Export it as PNG"),
        (
            b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by x -->\n<svg/>",
            "SVG",
            "Export it as PNG",
        ),
        (b"<!DOCTYPE html><html><svg></svg>", "web page", "picture itself"),
        (b"  <html>", "web page", "picture itself"),
        (b"%PDF-1.7", "PDF", "Export the page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", "JPEG"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", "playlist", "video itself"),
        (
            b"ffconcat version 1.0\nfile '/etc/passwd'\n",
            "list of files",
            "video itself",
        ),
        (b"fLaC\0\0\0\x22", "FLAC", "MP3"),
        (b"PK\x03\x04....", "archive", "Unpack"),
        (b"\x1f\x8b\x08", "gzip", "Unpack"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL", "PNG"),
        (b"8BPS\0\x01", "Photoshop", "Export"),
        (b"\0\0\x01\0\x01\0", "icon", "PNG"),
        (b"RIFF\x24\0\0\0AVI LIST", "AVI", "frames"),
        (b"{\"image\": \"...\"}", "JSON", "bytes"),
        (b"data:image/png;base64,iVBORw0KGgo=", "data:", "base64"),
        (b"\x7fELF\x02", "program", "PNG"),
        (b"BM is how this sentence begins", "unknown", "PNG"),
        (b"hello", "unknown", "PNG"),
        (b"II+\0\x08\0\0\0", "BigTIFF", "TIFF"),
    ];
    for (bytes, what, next) in cases {
        let problem = probe(bytes, &Limits::default()).expect_err("is refused");
        assert_eq!(problem.code, Code::UnsupportedMedia, "{what}: {problem}");
        assert!(
            problem.message.contains(what) && problem.message.contains(next),
            "{what}: {problem}"
        );
    }
}

#[test]
fn videos_without_a_track_are_refused() {
    let problem =
        probe(b"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x08moov", &Limits::default()).expect_err("is refused");
    assert_eq!(problem.code, Code::UnsupportedMedia, "{problem}");
}
