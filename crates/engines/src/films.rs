//! Films in any codec, by ffmpeg where it is on the machine: measures, a frame that stands for the film, and a few
//! frames of a moving preview. ffmpeg runs behind walls (`aquatint_media::sandbox`), is told what kind of file it reads,
//! reads no other, and gives back bare pixels; a work child makes pictures of them.
//!
//! Options: <https://ffmpeg.org/ffmpeg-all.html>, <https://ffmpeg.org/ffprobe-all.html>.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{MediaType, Problem};
use aquatint_media::sandbox::{Allowance, PROGRAM_INPUT, Program, Walls};
use aquatint_media::{Limits, Probe, fit_within};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// The programs, as they were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    pub ffmpeg: PathBuf,
    pub ffprobe: PathBuf,
}

impl Ffmpeg {
    /// On the search path of this process. Only Linux has the walls that they run behind.
    pub fn on_path() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find_map(|folder| Self::at(&folder.join("ffmpeg")))
    }

    /// ffmpeg at that path, with ffprobe beside it.
    pub fn at(ffmpeg: &Path) -> Option<Self> {
        if !cfg!(target_os = "linux") || !ffmpeg.is_file() {
            return None;
        }
        let ffprobe = ffmpeg.with_file_name("ffprobe");
        ffprobe.is_file().then(|| Self {
            // A link is followed here: the walls are built around what is really run.
            ffmpeg: ffmpeg.canonicalize().unwrap_or_else(|_| ffmpeg.to_owned()),
            ffprobe: ffprobe.canonicalize().unwrap_or(ffprobe),
        })
    }
}

/// One run may take so long; a film of an hour is sought in, not read through.
const TIME: Duration = Duration::from_secs(30);
/// What ffprobe may say.
const TOLD_BYTES: u64 = 256 * 1024;
/// The long side of a poster; the renditions are made of it.
const POSTER: u32 = 1_280;
/// The long side of a moving preview.
pub(crate) const MOTION: u32 = 400;
/// Frames per second of a moving preview, and its length.
const MOTION_RATE: u32 = 8;
const MOTION_SECONDS: u32 = 4;
/// Runs at the same time.
const AT_ONCE: usize = 2;

/// Runs ffmpeg. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Films {
    ffmpeg: Program,
    ffprobe: Program,
    memory_bytes: u64,
    slots: Arc<Semaphore>,
}

/// Bare pixels of a film, eight bits of red, green and blue (and alpha in a drawing) each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frames {
    pub width: u32,
    pub height: u32,
    pub has_alpha: bool,
    /// How long each is seen.
    pub milliseconds: u32,
}

impl Frames {
    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> usize {
        self.width as usize * self.height as usize * if self.has_alpha { 4 } else { 3 }
    }
}

/// What was seen of a film.
pub(crate) struct Seen {
    pub probe: Probe,
    pub poster: (Frames, Bytes),
    /// Absent where the film has but one frame.
    pub motion: Option<(Frames, Bytes)>,
}

/// What ffprobe says, as far as it is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stream {
    codec_type: String,
    codec_name: Option<String>,
    width: u32,
    height: u32,
    avg_frame_rate: Option<String>,
    nb_frames: Option<String>,
    channels: Option<u32>,
    sample_rate: Option<String>,
    side_data_list: Vec<SideData>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Format {
    duration: Option<String>,
}

impl Films {
    pub fn new(programs: &Ffmpeg, launcher: &Path, launcher_args: &[String], memory_bytes: u64) -> Self {
        let program = |path: &Path| Program {
            launcher: launcher.to_owned(),
            launcher_args: launcher_args.to_vec(),
            path: path.to_owned(),
        };
        Self {
            ffmpeg: program(&programs.ffmpeg),
            ffprobe: program(&programs.ffprobe),
            memory_bytes,
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// What walls stand around ffmpeg.
    pub async fn walls(&self) -> Result<Walls, Problem> {
        self.ffmpeg.walls(self.allowance(TOLD_BYTES)).await
    }

    /// Looks at a film whose container our own reader knows. `known` is what that reader found.
    pub async fn look(&self, bytes: &Bytes, known: &Probe, limits: &Limits) -> Result<Seen, Problem> {
        let _slot = self.slots.acquire().await.map_err(Problem::internal)?;
        let demuxer =
            demuxer(known.media_type).ok_or_else(|| Problem::internal(format!("{} is no film", known.media_type)))?;
        let told = self.measure(bytes, demuxer).await?;
        let probe = told.joined(known.clone(), limits)?;
        let seconds = probe.duration_ms.unwrap_or(0) as f64 / 1_000.0;
        let poster = still(probe.width, probe.height, POSTER, false);
        // Films often begin with black; a little later there is something to see.
        let later = (seconds * 0.1).min(1.0);
        let mut pixels = Vec::new();
        for start in [later, 0.0] {
            let run = Run {
                demuxer,
                start,
                frames: 1,
                rate: None,
                shape: &poster,
            };
            pixels = self.frames(bytes, &run, limits).await?;
            if !pixels.is_empty() || start == 0.0 {
                break;
            }
        }
        if pixels.is_empty() {
            return Err(Problem::internal("ffmpeg gave no frame"));
        }
        let mut moving = still(probe.width, probe.height, MOTION, false);
        moving.milliseconds = 1_000 / MOTION_RATE;
        let run = Run {
            demuxer,
            start: 0.0,
            frames: MOTION_RATE * MOTION_SECONDS,
            rate: Some(MOTION_RATE),
            shape: &moving,
        };
        let motion = self.frames(bytes, &run, limits).await.unwrap_or_default();
        let moves = motion.len() >= 2 * moving.frame_bytes();
        Ok(Seen {
            probe,
            poster: (poster, pixels.into()),
            motion: moves.then(|| (moving, motion.into())),
        })
    }

    /// A drawing as pixels, where this ffmpeg can draw.
    pub async fn draw(
        &self,
        bytes: &Bytes,
        width: u32,
        height: u32,
        limits: &Limits,
    ) -> Result<(Frames, Bytes), Problem> {
        let _slot = self.slots.acquire().await.map_err(Problem::internal)?;
        let shape = still(width, height, POSTER, true);
        let run = Run {
            demuxer: "svg_pipe",
            start: 0.0,
            frames: 1,
            rate: None,
            shape: &shape,
        };
        let pixels = self.frames(bytes, &run, limits).await?;
        if pixels.is_empty() {
            return Err(Problem::internal("ffmpeg drew nothing"));
        }
        Ok((shape, pixels.into()))
    }

    async fn measure(&self, bytes: &Bytes, demuxer: &str) -> Result<Told, Problem> {
        let mut args = input(demuxer);
        let wanted = "format=duration:stream=codec_type,codec_name,width,height,avg_frame_rate,nb_frames,channels,sample_rate:stream_side_data=rotation";
        for arg in ["-print_format", "json", "-show_entries", wanted] {
            args.push(arg.to_owned());
        }
        let said = self.ffprobe.run(&args, bytes, self.allowance(TOLD_BYTES)).await?;
        serde_json::from_slice(&said).map_err(Problem::internal)
    }

    /// The pixels of whole frames, possibly none.
    async fn frames(&self, bytes: &Bytes, run: &Run<'_>, limits: &Limits) -> Result<Vec<u8>, Problem> {
        let most = run.shape.frame_bytes() as u64 * u64::from(run.frames);
        let mut pixels = self.ffmpeg.run(&run.args(limits), bytes, self.allowance(most)).await?;
        let whole = pixels.len() / run.shape.frame_bytes().max(1);
        pixels.truncate(whole * run.shape.frame_bytes());
        Ok(pixels)
    }

    fn allowance(&self, output_bytes: u64) -> Allowance {
        Allowance {
            time: TIME,
            memory_bytes: self.memory_bytes,
            output_bytes,
        }
    }
}

/// One run of ffmpeg.
struct Run<'a> {
    demuxer: &'static str,
    /// Seconds into the film.
    start: f64,
    frames: u32,
    /// Frames per second, where they are not taken as they come.
    rate: Option<u32>,
    shape: &'a Frames,
}

impl Run<'_> {
    fn args(&self, limits: &Limits) -> Vec<String> {
        let mut args = vec!["-nostdin".to_owned(), "-threads".to_owned(), "1".to_owned()];
        args.extend(["-max_pixels".to_owned(), limits.max_pixels.to_string()]);
        if self.start > 0.0 {
            args.extend(["-ss".to_owned(), format!("{:.3}", self.start)]);
        }
        args.extend(input(self.demuxer));
        let Frames {
            width,
            height,
            has_alpha,
            ..
        } = self.shape;
        let mut filters = format!("scale={width}:{height}");
        if let Some(rate) = self.rate {
            filters = format!("fps={rate},{filters}");
        }
        let pixels = if *has_alpha { "rgba" } else { "rgb24" };
        let frames = self.frames.to_string();
        let rest = [
            "-map",
            "0:v:0",
            "-an",
            "-sn",
            "-dn",
            "-frames:v",
            &frames,
            "-vf",
            &filters,
            "-threads",
            "1",
            "-f",
            "rawvideo",
            "-pix_fmt",
            pixels,
            "pipe:1",
        ];
        args.extend(rest.map(str::to_owned));
        args
    }
}

/// What stands before the input in every run: the kind of file is said and not guessed, so that no list of other files
/// is ever read as one, and no address but the input's own is opened.
fn input(demuxer: &str) -> Vec<String> {
    let input = format!("file:{PROGRAM_INPUT}");
    [
        "-hide_banner",
        "-v",
        "error",
        "-protocol_whitelist",
        "file,pipe",
        "-format_whitelist",
        demuxer,
        "-f",
        demuxer,
        "-i",
        &input,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// The name of ffmpeg's reader for a container.
fn demuxer(media_type: MediaType) -> Option<&'static str> {
    match media_type {
        MediaType::Mp4 | MediaType::QuickTime => Some("mov,mp4,m4a,3gp,3g2,mj2"),
        MediaType::WebM => Some("matroska,webm"),
        _ => None,
    }
}

/// The size of a frame whose long side is at most `most`.
fn still(width: u32, height: u32, most: u32, has_alpha: bool) -> Frames {
    let (width, height) = fit_within(width.max(1), height.max(1), most);
    Frames {
        width,
        height,
        has_alpha,
        milliseconds: 0,
    }
}

impl Told {
    /// What our own reader found, with what ffprobe knows better. Refuses pictures that are over the limits.
    fn joined(self, known: Probe, limits: &Limits) -> Result<Probe, Problem> {
        let mut probe = known;
        let video = self.streams.iter().find(|stream| stream.codec_type == "video");
        let video = video.ok_or_else(|| Problem::internal("ffprobe found no video"))?;
        let (mut width, mut height) = (video.width, video.height);
        let turned = video.side_data_list.iter().find_map(|data| data.rotation);
        if turned.is_some_and(|degrees| (degrees.abs() % 180.0 - 90.0).abs() < 1.0) {
            std::mem::swap(&mut width, &mut height);
        }
        limits.check_size(width, height, 1)?;
        (probe.width, probe.height) = (width, height);
        let measures = &mut probe.measures;
        if let Some(codec) = &video.codec_name {
            measures.codec = Some(aquatint_domain::text::one_line(codec, 40));
        }
        let sound = self.streams.iter().find(|stream| stream.codec_type == "audio");
        measures.has_audio = Some(sound.is_some());
        if let Some(sound) = sound {
            measures.channels = sound.channels.or(measures.channels);
            measures.sample_rate = parsed(sound.sample_rate.as_deref()).or(measures.sample_rate);
        }
        let rate = video.avg_frame_rate.as_deref().and_then(|text| {
            let (above, below) = text.split_once('/')?;
            let rate = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
            (rate.is_finite() && rate > 0.0 && rate <= 1_000.0).then(|| (rate * 1_000.0).round() / 1_000.0)
        });
        measures.frame_rate = rate.or(measures.frame_rate);
        let seconds = parsed::<f64>(self.format.duration.as_deref()).filter(|length| (0.0..1e9).contains(length));
        if let Some(seconds) = seconds {
            probe.duration_ms = Some((seconds * 1_000.0).round() as u64);
        }
        let counted = parsed::<u32>(video.nb_frames.as_deref());
        let estimated = rate
            .zip(seconds)
            .map(|(rate, seconds)| (rate * seconds).round().min(1e9) as u32);
        probe.frames = counted.or(estimated).unwrap_or(probe.frames).max(1);
        Ok(probe)
    }
}

fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use aquatint_domain::Measures;

    use super::*;

    fn known() -> Probe {
        Probe {
            media_type: MediaType::Mp4,
            width: 64,
            height: 48,
            has_alpha: false,
            frames: 1,
            bit_depth: 8,
            duration_ms: None,
            measures: Measures::default(),
        }
    }

    #[test]
    fn what_ffprobe_says_is_believed_within_limits() {
        let said = r#"{"streams":[{"codec_type":"video","codec_name":"h264","width":1920,"height":1080,"avg_frame_rate":"30000/1001",
            "side_data_list":[{"rotation":-90}]},{"codec_type":"audio","channels":2,"sample_rate":"48000"}],"format":{"duration":"10.01"}}"#;
        let told: Told = serde_json::from_str(said).expect("reads");
        let probe = told.joined(known(), &Limits::default()).expect("within limits");
        assert_eq!(
            (probe.width, probe.height, probe.duration_ms, probe.frames),
            (1080, 1920, Some(10_010), 300)
        );
        assert_eq!(probe.measures.frame_rate, Some(29.97));
        assert_eq!(
            (probe.measures.has_audio, probe.measures.sample_rate),
            (Some(true), Some(48_000))
        );

        let bomb = r#"{"streams":[{"codec_type":"video","width":16384,"height":16384,"avg_frame_rate":"0/0"}]}"#;
        let told: Told = serde_json::from_str(bomb).expect("reads");
        assert!(told.joined(known(), &Limits::default()).is_err());
        assert!(Told::default().joined(known(), &Limits::default()).is_err(), "no video");
    }
}
