//! The child's side: takes tasks from the sandbox, decodes, lets an engine work, writes and inspects.

use std::path::Path;
use std::process::ExitCode;

use aquatint_domain::{MediaType, Problem};
use aquatint_media::provenance::provenance_of;
use aquatint_media::sandbox::{Answer, Request, serve};
use aquatint_media::{
    Encoding, Inspection, Limits, Looks, Picture, Probe, Rendition, WebpAnimation, decode, dominant_colors, encode,
    flatten, inspect, probe, resize, scrub, thumb_hash,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{EngineJob, Output, Product, Work, color};
use crate::films::Frames;
use crate::find;

/// Long sides of the renditions that are made with every result.
const RENDITIONS: [u32; 2] = [256, 1024];

/// What the parent asks of a child.
#[derive(Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub(crate) enum Task {
    Inspect {
        sizes: Vec<u32>,
        limits: Limits,
    },
    Make {
        work: Work,
        limits: Limits,
    },
    /// Pictures of a film's bare frames, which were read by a walled program: the one that stands for it, then those of
    /// a moving preview.
    Show {
        probe: Probe,
        sizes: Vec<u32>,
        poster: Frames,
        motion: Option<Frames>,
    },
    /// A film or sound without what rides along in it.
    Scrub,
    /// What a file says of where it came from; `anchors` are certificates of signers who are trusted.
    Provenance {
        limits: Limits,
        anchors: Option<String>,
    },
}

/// What a child answers, beside the blobs: the file first if one was made, then the renditions.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub inspection: Inspection,
    pub facts: Value,
    pub seed: Option<u64>,
}

/// The whole life of a work child; one that is given the folder of a model works for that model alone, by the
/// library of ONNX Runtime where it is given one.
pub fn child_main(model: Option<&Path>, onnx_runtime: Option<&Path>) -> ExitCode {
    if let Some(folder) = model
        && let Err(cause) = crate::models::load(folder, onnx_runtime)
    {
        eprintln!("the model in {} cannot be read: {cause}", folder.display());
        return ExitCode::FAILURE;
    }
    serve(crate::models::prepare, |request, progress| answer(request, progress))
}

fn answer(request: Request, progress: &mut dyn FnMut(f64, &str)) -> Result<Answer, Problem> {
    match serde_json::from_value(request.header).map_err(Problem::internal)? {
        Task::Inspect { sizes, limits } => {
            let bytes = request
                .blobs
                .first()
                .ok_or_else(|| Problem::internal("nothing to inspect"))?;
            report(Vec::new(), inspect(bytes, &limits, &sizes)?, json!({}), None)
        }
        Task::Show {
            probe,
            sizes,
            poster,
            motion,
        } => show(probe, &sizes, &poster, motion.as_ref(), &request.blobs),
        Task::Scrub => {
            let bytes = request
                .blobs
                .first()
                .ok_or_else(|| Problem::internal("nothing to scrub"))?;
            let media_type = probe(bytes, &own_limits(&Limits::default()))?.media_type;
            Ok(Answer {
                header: json!({}),
                blobs: vec![scrub(bytes, media_type).into()],
            })
        }
        Task::Provenance { limits, anchors } => {
            let bytes = request
                .blobs
                .first()
                .ok_or_else(|| Problem::internal("nothing to look at"))?;
            let media_type = probe(bytes, &own_limits(&limits))?.media_type;
            let found = provenance_of(bytes, media_type, anchors.as_deref());
            Ok(Answer {
                header: serde_json::to_value(found).map_err(Problem::internal)?,
                blobs: Vec::new(),
            })
        }
        Task::Make { work, limits } => make(&work, &limits, &request.blobs, progress),
    }
}

fn make(work: &Work, limits: &Limits, blobs: &[Bytes], progress: &mut dyn FnMut(f64, &str)) -> Result<Answer, Problem> {
    let engine = find(&work.engine)
        .or_else(|| crate::models::engine_of(&work.engine))
        .ok_or_else(|| Problem::internal(format!("there is no engine {}", work.engine)))?;
    progress(0.02, "decoding");
    let mut inputs = Vec::with_capacity(blobs.len());
    let mut first_type = None;
    for bytes in blobs {
        let probe = probe(bytes, limits)?;
        first_type.get_or_insert(probe.media_type);
        inputs.push(decode(bytes, limits)?);
    }
    let notes: Vec<String> = inputs.iter().flat_map(|input| input.notes.clone()).collect();
    let product = engine.run(EngineJob {
        arguments: &work.arguments,
        inputs,
        output: &work.output,
        limits,
        progress,
    })?;
    match product {
        Product::Picture {
            picture,
            mut facts,
            seed,
        } => {
            progress(0.9, "writing");
            let encoding = encoding(&picture, first_type, &work.output)?;
            // The pixels are here: what they look like needs no file, and is found while that is written.
            let ground = match (encoding.background, encoding.media_type) {
                (None, MediaType::Jpeg) => Some([255; 3]),
                (ground, _) => ground,
            };
            let flat = ground
                .filter(|_| picture.has_alpha())
                .map(|color| flatten(&picture, color));
            let shown = flat.as_ref().unwrap_or(&picture);
            let (bytes, looks) = std::thread::scope(|scope| {
                let looks = scope.spawn(|| Looks::of(shown, &RENDITIONS));
                (encode(&picture, &encoding), looks.join())
            });
            let (bytes, looks) = (
                bytes?,
                looks.map_err(|_| Problem::internal("a preview could not be made"))??,
            );
            let inspection = looks.with(probe(&bytes, &own_limits(limits))?);
            if !notes.is_empty() {
                facts["notes"] = json!(notes);
            }
            report(vec![Bytes::from(bytes)], inspection, facts, seed)
        }
        Product::File {
            bytes,
            poster,
            facts,
            seed,
        } => {
            let inspection = Inspection {
                thumb_hash: thumb_hash(&poster),
                colors: dominant_colors(&poster, 5),
                renditions: RENDITIONS
                    .iter()
                    .map(|size| rendition(&poster, *size))
                    .collect::<Result<_, _>>()?,
                ..Inspection::bare(probe(&bytes, &own_limits(limits))?)
            };
            report(vec![Bytes::from(bytes)], inspection, facts, seed)
        }
    }
}

/// What we made ourselves may be larger than what strangers may send, in bytes and frames but not in pixels.
fn own_limits(limits: &Limits) -> Limits {
    Limits {
        max_bytes: u64::MAX / 4,
        max_frames: u32::MAX,
        max_frame_pixels: u64::MAX,
        ..limits.clone()
    }
}

fn rendition(poster: &Picture, size: u32) -> Result<Rendition, Problem> {
    let long = poster.width().max(poster.height()).max(1);
    let scale = f64::from(size.min(long)) / f64::from(long);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = resize(poster, side(poster.width()), side(poster.height()))?;
    let bytes = encode(&small, &Encoding::of(MediaType::WebP))?;
    Ok(Rendition {
        size,
        width: small.width(),
        height: small.height(),
        bytes,
    })
}

/// The asked format, else the input's; transparency turns a format without it into PNG.
fn encoding(picture: &Picture, input: Option<MediaType>, output: &Output) -> Result<Encoding, Problem> {
    let background = output.background.as_deref().map(color).transpose()?;
    let media_type = match (output.format, input) {
        (Some(format), _) => format,
        (None, Some(MediaType::Jpeg)) if picture.has_alpha() && background.is_none() => MediaType::Png,
        (None, Some(kept @ (MediaType::Png | MediaType::Jpeg | MediaType::WebP | MediaType::Avif))) => kept,
        (None, _) => MediaType::Png,
    };
    let usual = Encoding::of(media_type);
    Ok(Encoding {
        quality: output.quality.unwrap_or(if media_type == MediaType::Jpeg {
            92
        } else {
            usual.quality
        }),
        background,
        ..usual
    })
}

/// Qualities of a moving preview, the best first; the first that is small enough is kept.
const MOTION_QUALITIES: [u8; 3] = [60, 40, 20];
/// The most that a moving preview may weigh, in bytes.
const MOTION_BYTES: usize = 400 * 1024;

fn show(
    probe: Probe,
    sizes: &[u32],
    poster: &Frames,
    motion: Option<&Frames>,
    blobs: &[Bytes],
) -> Result<Answer, Problem> {
    let still = pictures(poster, blobs.first())?.into_iter().next();
    let still = still.ok_or_else(|| Problem::internal("a film without a frame"))?;
    let mut inspection = Looks::of(&still, sizes)?.with(probe);
    if let Some(motion) = motion {
        inspection.motion = moving(&pictures(motion, blobs.get(1))?, motion.milliseconds)?;
        inspection.probe.measures.has_motion = !inspection.motion.is_empty();
    }
    let moving = Bytes::from(std::mem::take(&mut inspection.motion));
    let mut answer = report(Vec::new(), inspection, json!({}), None)?;
    answer.blobs.push(moving);
    Ok(answer)
}

/// The bare frames as pictures; a part of one at the end is left out.
fn pictures(frames: &Frames, pixels: Option<&Bytes>) -> Result<Vec<Picture>, Problem> {
    let length = frames.frame_bytes();
    if length == 0 {
        return Ok(Vec::new());
    }
    let (width, height) = (frames.width, frames.height);
    pixels
        .into_iter()
        .flat_map(|pixels| pixels.chunks_exact(length))
        .map(|pixels| {
            let pixels = pixels.to_vec();
            let image = if frames.has_alpha {
                image::RgbaImage::from_raw(width, height, pixels).map(image::DynamicImage::from)
            } else {
                image::RgbImage::from_raw(width, height, pixels).map(image::DynamicImage::from)
            };
            image
                .map(Picture::new)
                .ok_or_else(|| Problem::internal("a frame of another size than it says"))
        })
        .collect()
}

/// An animated WebP under the limit of its weight: at less quality, then with every other frame. Empty where nothing helps.
fn moving(frames: &[Picture], milliseconds: u32) -> Result<Vec<u8>, Problem> {
    let Some(first) = frames.first() else {
        return Ok(Vec::new());
    };
    for step in [1u32, 2, 4] {
        for quality in MOTION_QUALITIES {
            let mut animation = WebpAnimation::new(first.width(), first.height(), quality)?;
            for frame in frames.iter().step_by(step as usize) {
                animation.push(frame, milliseconds * step)?;
                if animation.len() > MOTION_BYTES {
                    break;
                }
            }
            let file = animation.finish();
            if file.len() <= MOTION_BYTES {
                return Ok(file);
            }
        }
    }
    Ok(Vec::new())
}

fn report(mut blobs: Vec<Bytes>, inspection: Inspection, facts: Value, seed: Option<u64>) -> Result<Answer, Problem> {
    blobs.extend(
        inspection
            .renditions
            .iter()
            .map(|rendition| Bytes::copy_from_slice(&rendition.bytes)),
    );
    let header = serde_json::to_value(Report {
        inspection,
        facts,
        seed,
    })
    .map_err(Problem::internal)?;
    Ok(Answer { header, blobs })
}
