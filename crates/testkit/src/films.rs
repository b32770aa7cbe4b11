//! Films made by ffmpeg for tests. Where there is no ffmpeg a test that needs one says so and ends, unless
//! `AQUATINT_TEST_FFMPEG_REQUIRED` is set.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// ffmpeg on the search path.
///
/// # Panics
/// Where it is required and missing.
pub fn ffmpeg() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("ffmpeg"))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("AQUATINT_TEST_FFMPEG_REQUIRED").is_none(),
            "this run requires ffmpeg, and there is none on the search path"
        );
        eprintln!("skipped: there is no ffmpeg on the search path");
    }
    found
}

/// A film or sound: what ffmpeg writes with these arguments, which name the inputs and codecs, as a file with that
/// extension. `None` where there is no ffmpeg.
///
/// # Panics
/// Where ffmpeg fails.
pub fn film(extension: &str, args: &[&str]) -> Option<Vec<u8>> {
    let ffmpeg = ffmpeg()?;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("film.{extension}"));
    let done = Command::new(ffmpeg)
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args)
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg starts");
    assert!(
        done.status.success(),
        "ffmpeg: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    Some(std::fs::read(path).expect("a film"))
}

/// Three seconds of a moving test card, 640×360 at 24 frames per second, with a tone; H.264 and AAC.
pub fn h264() -> Option<Vec<u8>> {
    film(
        "mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=24:duration=3",
            "-f",
            "lavfi",
            "-i",
            "sine=440:sample_rate=48000:duration=3",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-ac",
            "2",
            "-metadata",
            "title=the secret title",
            "-metadata",
            "location=+52.5200+013.4050/",
        ],
    )
}

/// Two seconds of a moving test card without sound, 320×240 at 12 frames per second; VP9 in WebM.
pub fn vp9() -> Option<Vec<u8>> {
    film(
        "webm",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x240:rate=12:duration=2",
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-metadata",
            "title=the secret title",
        ],
    )
}
