//! Films that others made, through a real ffmpeg behind real walls, and what must not get through them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_engines::{Crew, Ffmpeg, Inspection};
use aquatint_media::sandbox::{Allowance, PROGRAM_INPUT, Program};
use aquatint_media::{Limits, decode, probe};
use aquatint_testkit::films;
use bytes::Bytes;

use crate::crew::{crew_seeing, work_child};

const SIZES: [u32; 2] = [256, 1024];
/// What a moving preview may weigh.
const MOTION_BYTES: usize = 400 * 1024;

fn crew() -> Crew {
    crew_seeing(Ffmpeg::on_path())
}

async fn look(film: Vec<u8>) -> Result<Inspection, Problem> {
    crew().inspect(Bytes::from(film), &SIZES).await
}

/// Writes a picture for people to look at, where a folder for that is named.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("AQUATINT_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).expect("written");
    }
}

#[tokio::test]
async fn an_h264_film_has_measures_a_poster_and_a_moving_preview() {
    let Some(film) = films::h264() else { return };
    let seen = look(film).await.expect("is looked at");
    let (probe, measures) = (&seen.probe, &seen.probe.measures);
    assert_eq!(
        (probe.media_type, probe.width, probe.height),
        (MediaType::Mp4, 640, 360)
    );
    assert_eq!((probe.frames, probe.duration_ms), (72, Some(3_000)));
    assert_eq!(
        (measures.codec.as_deref(), measures.frame_rate),
        (Some("h264"), Some(24.0))
    );
    assert_eq!(
        (measures.has_audio, measures.channels, measures.sample_rate),
        (Some(true), Some(2), Some(48_000))
    );
    let sizes: Vec<_> = seen.renditions.iter().map(|one| (one.width, one.height)).collect();
    assert_eq!(sizes, [(256, 144), (640, 360)]);
    assert!(
        !seen.thumb_hash.is_empty() && seen.colors.len() > 2,
        "the test card has colours"
    );
    keep("film-poster.webp", &seen.renditions[1].bytes);
    keep("film-motion.webp", &seen.motion);

    assert!(
        measures.has_motion && seen.motion.len() <= MOTION_BYTES,
        "{} bytes",
        seen.motion.len()
    );
    let motion = aquatint_media::probe(&seen.motion, &Limits::default()).expect("an animation");
    assert_eq!(
        (motion.media_type, motion.width, motion.height),
        (MediaType::WebP, 400, 225)
    );
    assert_eq!((motion.frames, motion.duration_ms), (24, Some(3_000)));
}

#[tokio::test]
async fn a_vp9_film_is_silent_and_shown() {
    let Some(film) = films::vp9() else { return };
    let seen = look(film).await.expect("is looked at");
    assert_eq!(
        (seen.probe.media_type, seen.probe.width, seen.probe.height),
        (MediaType::WebM, 320, 240)
    );
    let measures = &seen.probe.measures;
    assert_eq!(
        (measures.codec.as_deref(), measures.frame_rate),
        (Some("vp9"), Some(12.0))
    );
    assert_eq!((measures.has_audio, seen.probe.duration_ms), (Some(false), Some(2_000)));
    assert_eq!(seen.renditions.len(), 2);
    assert!(measures.has_motion);
}

#[tokio::test]
async fn without_ffmpeg_films_have_the_same_measures_and_no_pictures() {
    for film in [films::h264(), films::vp9()] {
        let Some(film) = film else { return };
        let film = Bytes::from(film);
        let bare = crew_seeing(None)
            .inspect(film.clone(), &SIZES)
            .await
            .expect("is measured");
        let full = crew().inspect(film, &SIZES).await.expect("is looked at");
        assert!(bare.renditions.is_empty() && bare.motion.is_empty() && bare.thumb_hash.is_empty());
        let (bare, full) = (bare.probe, full.probe);
        assert_eq!(
            (bare.width, bare.height, bare.media_type),
            (full.width, full.height, full.media_type)
        );
        assert_eq!(bare.duration_ms, full.duration_ms);
        assert_eq!(bare.measures.has_audio, full.measures.has_audio);
        assert_eq!(bare.measures.codec, full.measures.codec);
        assert_eq!(bare.measures.sample_rate, full.measures.sample_rate);
    }
}

#[tokio::test]
async fn a_film_on_its_side_is_measured_as_it_is_seen() {
    let Some(film) = films::h264() else { return };
    let mut turned = film;
    // The matrix of the first track turns by a quarter: ISO/IEC 14496-12, 8.3.2.
    let header = turned.windows(4).position(|four| four == b"tkhd").expect("a header") + 4;
    for (at, number) in [(0, 0u32), (4, 0x1_0000), (12, 0xffff_0000), (16, 0)] {
        turned[header + 40 + at..][..4].copy_from_slice(&number.to_be_bytes());
    }
    let own = probe(&turned, &Limits::default()).expect("reads");
    assert_eq!((own.width, own.height), (360, 640));
    let seen = look(turned).await.expect("is looked at");
    assert_eq!((seen.probe.width, seen.probe.height), (own.width, own.height));
    let poster = decode(&seen.renditions[1].bytes, &Limits::default()).expect("a poster");
    assert_eq!((poster.width(), poster.height()), (seen.probe.width, seen.probe.height));
}

#[tokio::test]
async fn cut_off_films_are_refused_or_shown_as_far_as_they_go() {
    let Some(film) = films::h264() else { return };
    // ffmpeg writes the description last: without it nobody knows what the rest is.
    for part in [40, film.len() / 2, film.len() - 100] {
        let problem = look(film[..part].to_vec()).await.expect_err("is refused");
        assert_eq!(problem.code, Code::InvalidImage, "{problem}");
    }
    let Some(webm) = films::vp9() else { return };
    let seen = look(webm[..webm.len() / 2].to_vec()).await.expect("is measured");
    assert_eq!((seen.probe.width, seen.probe.height), (320, 240));
    // A description that promises frames which are noise.
    let mut noise = film;
    let start = noise.windows(4).position(|four| four == b"mdat").expect("media") + 8;
    let end = noise
        .windows(4)
        .rposition(|four| four == b"moov")
        .expect("a description")
        - 4;
    for (index, byte) in noise[start..end].iter_mut().enumerate() {
        *byte = (index * 7919 % 251) as u8;
    }
    let began = Instant::now();
    let seen = look(noise).await.expect("is measured");
    assert_eq!(seen.probe.width, 640);
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn a_film_that_is_larger_than_it_says_is_refused() {
    let args = [
        "-f",
        "lavfi",
        "-i",
        "color=black:size=8192x8192:duration=0.1:rate=10",
        "-frames:v",
        "1",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
    ];
    let Some(mut film) = films::film("mp4", &args) else {
        return;
    };
    let plain = probe(&film, &Limits::default()).expect_err("67 megapixels");
    assert_eq!(plain.code, Code::InvalidImage);
    // The container says 64 by 64; what is in it does not change.
    let entry = film.windows(4).position(|four| four == b"avc1").expect("an entry");
    let entry = film[entry + 4..]
        .windows(4)
        .position(|four| four == b"avc1")
        .map_or(entry, |second| entry + 4 + second);
    film[entry + 28..entry + 32].copy_from_slice(&[0, 64, 0, 64]);
    assert_eq!(probe(&film, &Limits::default()).expect("believed").width, 64);
    let problem = look(film).await.expect_err("is refused");
    assert_eq!(problem.code, Code::InvalidImage, "{problem}");
    assert!(problem.message.contains("8192"), "{problem}");
}

#[tokio::test]
async fn lists_of_other_files_are_no_films() {
    let lists: [&[u8]; 4] = [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"<?xml version=\"1.0\"?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    ];
    for list in lists {
        let problem = look(list.to_vec()).await.expect_err("is refused");
        assert_eq!(problem.code, Code::UnsupportedMedia, "{problem}");
    }
}

fn program() -> Option<Program> {
    Some(Program {
        launcher: work_child(),
        launcher_args: Vec::new(),
        path: Ffmpeg::on_path()?.ffmpeg,
    })
}

const ALLOWANCE: Allowance = Allowance {
    time: Duration::from_secs(20),
    memory_bytes: 2 << 30,
    output_bytes: 1 << 20,
};

async fn told(args: &[&str], input: &'static [u8], allowance: Allowance) -> Option<Result<Vec<u8>, Problem>> {
    let args: Vec<String> = ["-nostdin", "-v", "error"]
        .iter()
        .chain(args)
        .map(|arg| (*arg).to_owned())
        .collect();
    Some(program()?.run(&args, &Bytes::from_static(input), allowance).await)
}

/// What a program that was taken over would try; nothing of our own options holds it back here, only the walls.
#[tokio::test]
async fn the_walls_hold_when_ffmpeg_is_told_to_reach_out() {
    if films::ffmpeg().is_none() {
        return;
    }
    let input = format!("file:{PROGRAM_INPUT}");
    let raw = ["-f", "data", "-map", "0", "-c", "copy", "pipe:1"];
    let data = |path: &'static str| [&["-f", "data", "-i", path][..], &raw[..]].concat();
    // Its own input can be read, so what follows fails for the walls and for nothing else.
    let own = [&["-f", "data", "-i", input.leak()][..], &raw[..]].concat();
    let own = told(&own, b"hello", ALLOWANCE)
        .await
        .expect("there")
        .expect("its input is read");
    assert_eq!(own, b"hello");

    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), b"secret").expect("written");
    let secret: &'static str = secret.path().display().to_string().leak();
    for path in [secret, "/etc/passwd", "/proc/1/environ", "/dev/null"] {
        let outcome = told(&data(path), b"", ALLOWANCE).await.expect("there");
        assert!(outcome.is_err(), "{path} was read: {outcome:?}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("does not wait");
    let url: &'static str = format!("http://{}/film", listener.local_addr().expect("bound")).leak();
    assert!(told(&data(url), b"", ALLOWANCE).await.expect("there").is_err());
    assert!(listener.accept().is_err(), "nobody called");
    let playlist: &'static str =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n").leak();
    let hls = [
        "-protocol_whitelist",
        "file,http,tcp,pipe",
        "-allowed_extensions",
        "ALL",
        "-f",
        "hls",
        "-i",
        "file:/proc/self/fd/0",
    ];
    let hls = [&hls[..], &["-f", "rawvideo", "pipe:1"]].concat();
    assert!(
        told(&hls, playlist.as_bytes(), ALLOWANCE)
            .await
            .expect("there")
            .is_err()
    );
    assert!(listener.accept().is_err(), "nobody called");
    let target = std::env::temp_dir().join(format!("aquatint-escaped-{}", std::process::id()));
    let escape: &'static str = target.display().to_string().leak();
    let write = [
        "-f",
        "lavfi",
        "-i",
        "color=red:size=16x16:duration=1",
        "-frames:v",
        "1",
        "-f",
        "rawvideo",
        escape,
    ];
    assert!(told(&write, b"", ALLOWANCE).await.expect("there").is_err());
    assert!(!target.exists(), "nothing was written");
}

#[tokio::test]
async fn endless_work_ends_within_its_limits() {
    if films::ffmpeg().is_none() {
        return;
    }
    let short = Allowance {
        time: Duration::from_secs(3),
        ..ALLOWANCE
    };
    let began = Instant::now();
    let endless = ["-f", "lavfi", "-i", "testsrc2=size=320x240", "-f", "null", "-"];
    assert!(told(&endless, b"", short).await.expect("there").is_err());
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let flood = ["-f", "lavfi", "-i", "testsrc2=size=640x480", "-f", "rawvideo", "pipe:1"];
    let began = Instant::now();
    let problem = told(&flood, b"", ALLOWANCE)
        .await
        .expect("there")
        .expect_err("is stopped");
    assert!(format!("{:?}", problem.source).contains("more than"), "{problem:?}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    let small = Allowance {
        memory_bytes: 450 << 20,
        ..ALLOWANCE
    };
    let hog = [
        "-f",
        "lavfi",
        "-i",
        "color=red:size=16000x16000:rate=1",
        "-frames:v",
        "1",
        "-pix_fmt",
        "rgb24",
        "-f",
        "null",
        "-",
    ];
    assert!(told(&hog, b"", small).await.expect("there").is_err());
}

#[tokio::test]
async fn what_rides_along_in_a_film_or_sound_is_taken_and_it_still_plays() {
    let sound = |extension: &str, codec: &[&str]| {
        let common = [
            "-f",
            "lavfi",
            "-i",
            "sine=440:duration=1",
            "-metadata",
            "title=the secret title",
        ];
        films::film(extension, &[&common[..], codec].concat())
    };
    let files = [
        films::h264(),
        films::vp9(),
        sound("mp3", &["-c:a", "libmp3lame"]),
        sound("wav", &[]),
        sound("m4a", &["-c:a", "aac"]),
    ];
    for file in files {
        let Some(file) = file else { return };
        let told = b"the secret title";
        assert!(file.windows(told.len()).any(|part| part == told), "it is there before");
        let clean = crew().scrub(Bytes::from(file.clone())).await.expect("is scrubbed");
        assert!(!clean.windows(told.len()).any(|part| part == told), "it is gone");
        assert!(!clean.windows(8).any(|part| part == b"+52.5200"), "the place is gone");
        let before = probe(&file, &Limits::default()).expect("reads");
        let after = probe(&clean, &Limits::default()).expect("still reads");
        assert_eq!((before.width, before.media_type), (after.width, after.media_type));
        if before.width > 0 {
            let seen = look(clean.to_vec()).await.expect("is looked at");
            assert_eq!(seen.renditions.len(), 2, "still decodes: {}", before.media_type);
        }
    }
}

#[tokio::test]
async fn a_drawing_from_a_vendor_gets_a_poster_and_a_hostile_one_does_not_reach_out() {
    let drawing = br##"<svg xmlns="http://www.w3.org/2000/svg" width="120" height="80"><rect width="120" height="80" fill="#dd2200"/><circle cx="60" cy="40" r="30" fill="#ffffff"/></svg>"##;
    let seen = crew()
        .inspect_drawing(Bytes::from_static(drawing), &SIZES)
        .await
        .expect("is kept");
    assert_eq!(
        (seen.probe.media_type, seen.probe.width, seen.probe.height),
        (MediaType::Svg, 120, 80)
    );
    if Ffmpeg::on_path().is_some() && !seen.renditions.is_empty() {
        assert_eq!(seen.colors.first().map(String::as_str), Some("#dd2200"));
        keep("drawing-poster.webp", &seen.renditions[1].bytes);
    }
    let bombs: [&[u8]; 2] = [
        b"<!DOCTYPE svg [<!ENTITY a \"aaaa\">]><svg>&a;</svg>",
        b"<html><script>alert(1)</script></html>",
    ];
    for bomb in bombs {
        assert!(crew().inspect_drawing(Bytes::from_static(bomb), &SIZES).await.is_err());
    }
}
