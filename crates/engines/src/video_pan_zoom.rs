//! Pan and zoom: a short film that moves slowly over one picture, or over a scene preview of a
//! prompt; AV1 (rav1e) in MP4 (muxide), or animated WebP.

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_media::{Picture, WebpAnimation, flatten, resize};
use image::RgbImage;
use muxide::api::{MuxerBuilder, VideoCodec};
use rav1e::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::engine::{Engine, EngineJob, Product};
use crate::scene_preview::{Scene, render};

const LONG_SIDE: u32 = 768;
const FPS: u32 = 16;
const WEBP_QUALITY: u8 = 70;
const SECONDS: std::ops::RangeInclusive<f64> = 1.0..=10.0;
const LABEL: &str = "procedural preview, not a learned model";
/// The part of the picture that is seen at the closest, as a share of its side.
const CLOSEST: f64 = 0.82;

pub struct PanZoom;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    #[serde(default = "three")]
    seconds: f64,
    #[serde(default = "fps")]
    fps: u32,
    width: Option<u32>,
    height: Option<u32>,
    prompt: Option<String>,
    #[serde(default)]
    seed: u64,
}

fn three() -> f64 {
    3.0
}

fn fps() -> u32 {
    FPS
}

impl Engine for PanZoom {
    fn id(&self) -> &'static str {
        "video.pan_zoom"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        if !SECONDS.contains(&args.seconds) {
            return Err(Problem::invalid(
                "duration_seconds",
                format!("The film may last {} to {} seconds.", SECONDS.start(), SECONDS.end()),
            ));
        }
        if !(4..=30).contains(&args.fps) {
            return Err(Problem::invalid("fps", "The film may have 4 to 30 pictures a second."));
        }
        let picture = if job.inputs.is_empty() {
            let prompt = args
                .prompt
                .as_deref()
                .ok_or_else(|| Problem::invalid("prompt", "Send an image or a prompt."))?;
            let (width, height) = size(args.width, args.height, 16, 9);
            let scene = Scene::read(prompt, args.seed);
            let image = render(&scene, width + width / 4, height + height / 4, &mut |done| {
                (job.progress)(0.3 * done, "rendering")
            });
            Picture::new(image::DynamicImage::ImageRgb8(image))
        } else {
            job.take_input()?
        };
        let (width, height) = size(args.width, args.height, picture.width(), picture.height());
        job.check_size(width.into(), height.into())?;

        // A little larger than the film, so that the closest view is still sharp.
        let flat = flatten(&picture, [255, 255, 255]);
        let cover =
            (f64::from(width) / f64::from(flat.width())).max(f64::from(height) / f64::from(flat.height())) / CLOSEST;
        let side = |length: u32, least: u32| ((f64::from(length) * cover).round() as u32).max(least);
        let source = resize(&flat, side(flat.width(), width), side(flat.height(), height))?
            .image
            .to_rgb8();

        let frames = ((args.seconds * f64::from(args.fps)).round() as u64).max(2);
        let shots = Shots {
            source: &source,
            width,
            height,
            fps: args.fps,
            frames,
            seed: args.seed,
        };
        let mut told = |done| (job.progress)(0.3 + 0.6 * done, "filming");
        let bytes = match job.output.format {
            Some(MediaType::WebP) => webp(&shots, job.output.quality.unwrap_or(WEBP_QUALITY), &mut told)?,
            _ => mp4(&shots, &mut told)?,
        };
        let poster = shots.at(0);
        let facts = json!({ "label": LABEL, "frames": frames, "fps": args.fps });
        Ok(Product::File {
            bytes,
            poster,
            facts,
            seed: Some(args.seed),
        })
    }
}

/// Even dimensions within the usual long side, in the asked or the picture's own shape.
fn size(width: Option<u32>, height: Option<u32>, w: u32, h: u32) -> (u32, u32) {
    let even = |length: f64| ((length / 2.0).round() as u32 * 2).clamp(32, 1_920);
    let (w, h) = (f64::from(w.max(1)), f64::from(h.max(1)));
    match (width, height) {
        (Some(width), Some(height)) => (even(f64::from(width)), even(f64::from(height))),
        (Some(width), None) => (even(f64::from(width)), even(f64::from(width) * h / w)),
        (None, Some(height)) => (even(f64::from(height) * w / h), even(f64::from(height))),
        (None, None) => {
            let scale = f64::from(LONG_SIDE) / w.max(h);
            (even(w * scale), even(h * scale))
        }
    }
}

/// The view at a time from 0 to 1: from the whole picture to a closer part, easing in and out.
fn view(source: &RgbImage, width: u32, height: u32, time: f64, seed: u64) -> RgbImage {
    let eased = time * time * (3.0 - 2.0 * time);
    let closer = 1.0 + (CLOSEST - 1.0) * eased;
    let (drift_x, drift_y) = [(0.5, 0.5), (0.2, 0.35), (0.8, 0.35), (0.35, 0.7), (0.65, 0.7)][(seed % 5) as usize];
    let fit = (f64::from(source.width()) / f64::from(width)).min(f64::from(source.height()) / f64::from(height));
    let (seen_w, seen_h) = (f64::from(width) * fit * closer, f64::from(height) * fit * closer);
    let x0 = (f64::from(source.width()) - seen_w) * (0.5 + (drift_x - 0.5) * eased);
    let y0 = (f64::from(source.height()) - seen_h) * (0.5 + (drift_y - 0.5) * eased);
    let (step_x, step_y) = (seen_w / f64::from(width), seen_h / f64::from(height));
    RgbImage::from_fn(width, height, |x, y| {
        let (sx, sy) = (
            x0 + (f64::from(x) + 0.5) * step_x - 0.5,
            y0 + (f64::from(y) + 0.5) * step_y - 0.5,
        );
        let at = |dx: f64, dy: f64| {
            let px = (sx.floor() + dx).clamp(0.0, f64::from(source.width() - 1)) as u32;
            let py = (sy.floor() + dy).clamp(0.0, f64::from(source.height() - 1)) as u32;
            source.get_pixel(px, py).0
        };
        let (fx, fy) = (sx - sx.floor(), sy - sy.floor());
        let (a, b, c, d) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0));
        image::Rgb(std::array::from_fn(|channel| {
            let top = f64::from(a[channel]) * (1.0 - fx) + f64::from(b[channel]) * fx;
            let bottom = f64::from(c[channel]) * (1.0 - fx) + f64::from(d[channel]) * fx;
            (top * (1.0 - fy) + bottom * fy).round() as u8
        }))
    })
}

/// The pictures of a film.
struct Shots<'a> {
    source: &'a RgbImage,
    width: u32,
    height: u32,
    fps: u32,
    /// At least two.
    frames: u64,
    seed: u64,
}

impl Shots<'_> {
    fn at(&self, number: u64) -> Picture {
        let time = number as f64 / (self.frames - 1) as f64;
        let seen = view(self.source, self.width, self.height, time, self.seed);
        Picture::new(image::DynamicImage::ImageRgb8(seen))
    }
}

fn webp(shots: &Shots<'_>, quality: u8, progress: &mut dyn FnMut(f64)) -> Result<Vec<u8>, Problem> {
    let mut film = WebpAnimation::new(shots.width, shots.height, quality)?;
    for number in 0..shots.frames {
        // By differences of whole milliseconds, so that the length of the film is right to the millisecond.
        let at = |number: u64| (number * 1_000 / u64::from(shots.fps)) as u32;
        film.push(&shots.at(number), at(number + 1) - at(number))?;
        progress((number + 1) as f64 / shots.frames as f64);
    }
    Ok(film.finish())
}

fn mp4(shots: &Shots<'_>, progress: &mut dyn FnMut(f64)) -> Result<Vec<u8>, Problem> {
    let &Shots {
        width,
        height,
        fps,
        frames,
        ..
    } = shots;
    let broken = |what: &str, error: &dyn std::fmt::Debug| {
        Problem::new(Code::EngineFailed, format!("The film could not be {what}.")).caused_by(format!("{error:?}"))
    };
    let mut settings = EncoderConfig::with_speed_preset(10);
    settings.width = width as usize;
    settings.height = height as usize;
    settings.time_base = Rational::new(1, u64::from(fps));
    settings.chroma_sampling = ChromaSampling::Cs420;
    settings.color_description = Some(ColorDescription {
        color_primaries: ColorPrimaries::BT709,
        transfer_characteristics: TransferCharacteristics::BT709,
        matrix_coefficients: MatrixCoefficients::BT709,
    });
    settings.pixel_range = PixelRange::Limited;
    settings.quantizer = 90;
    settings.max_key_frame_interval = u64::from(fps) * 4;
    settings.low_latency = true;
    settings.tiles = 4;
    let config = Config::new()
        .with_encoder_config(settings)
        .with_threads(std::thread::available_parallelism().map_or(1, usize::from));
    let mut context: Context<u8> = config.new_context().map_err(|error| broken("set up", &error))?;
    let mut muxer = MuxerBuilder::new(std::io::Cursor::new(Vec::new()))
        .video(VideoCodec::Av1, width, height, f64::from(fps))
        .with_fast_start(true)
        .build()
        .map_err(|error| broken("set up", &error))?;

    let mut written = 0u64;
    for number in 0..=frames {
        if number < frames {
            let mut frame = context.new_frame();
            fill(&mut frame, &shots.at(number).image.to_rgb8());
            context.send_frame(frame).map_err(|error| broken("encoded", &error))?;
        } else {
            context.flush();
        }
        loop {
            match context.receive_packet() {
                Ok(packet) => {
                    let at = packet.input_frameno as f64 / f64::from(fps);
                    let is_key = packet.frame_type == FrameType::KEY;
                    muxer
                        .write_video(at, &packet.data, is_key)
                        .map_err(|error| broken("written", &error))?;
                    written += 1;
                    progress(written as f64 / frames as f64);
                }
                Err(EncoderStatus::Encoded) => {}
                Err(EncoderStatus::NeedMoreData | EncoderStatus::LimitReached) => break,
                Err(error) => return Err(broken("encoded", &error)),
            }
        }
    }
    muxer.finish_in_place().map_err(|error| broken("finished", &error))?;
    Ok(muxer.into_writer().into_inner())
}

/// BT.709, limited range, chroma averaged over 2×2 pixels.
fn fill(frame: &mut Frame<u8>, picture: &RgbImage) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (mut luma, mut blue, mut red) = (
        vec![0u8; width * height],
        vec![0u8; width * height / 4],
        vec![0u8; width * height / 4],
    );
    for y in (0..height).step_by(2) {
        for x in (0..width).step_by(2) {
            let mut mean = [0.0f32; 3];
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let rgb = picture.get_pixel((x + dx) as u32, (y + dy) as u32).0.map(f32::from);
                luma[(y + dy) * width + x + dx] =
                    (16.0 + (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) * 219.0 / 255.0).round() as u8;
                for channel in 0..3 {
                    mean[channel] += rgb[channel] / 4.0;
                }
            }
            let y_mean = 0.2126 * mean[0] + 0.7152 * mean[1] + 0.0722 * mean[2];
            let at = (y / 2) * (width / 2) + x / 2;
            blue[at] = (128.0 + (mean[2] - y_mean) / 1.8556 * 224.0 / 255.0)
                .clamp(16.0, 240.0)
                .round() as u8;
            red[at] = (128.0 + (mean[0] - y_mean) / 1.5748 * 224.0 / 255.0)
                .clamp(16.0, 240.0)
                .round() as u8;
        }
    }
    frame.planes[0].copy_from_raw_u8(&luma, width, 1);
    frame.planes[1].copy_from_raw_u8(&blue, width / 2, 1);
    frame.planes[2].copy_from_raw_u8(&red, width / 2, 1);
}
