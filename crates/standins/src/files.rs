//! Files that stand-ins hand out and that tests send: small and sound.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// A PNG of 8×8 grey pixels, one channel of 8 bits; also a mask that changes nothing.
pub fn grey_png() -> Bytes {
    decoded("iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mNogAIGyhgAgIQgARDoahcAAAAASUVORK5CYII=")
}

/// An SVG drawing of a square and a circle, with a script that must never run.
pub fn svg() -> Bytes {
    Bytes::from_static(
        br##"<svg xmlns="http://www.w3.org/2000/svg" width="96" height="64" viewBox="0 0 96 64"><script>document.title = "it ran"</script><rect width="96" height="64" fill="#dd2200"/><circle cx="48" cy="32" r="24" fill="#ffffff"/></svg>"##,
    )
}

/// The beginning of an MP4 file: its brand, which is all that is looked at before the decoding child.
pub fn mp4() -> Bytes {
    Bytes::from_static(b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\0\x08free")
}

fn decoded(base64: &str) -> Bytes {
    STANDARD.decode(base64).expect("written here").into()
}
