//! What an engine is, what it gets and what it gives.

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_media::{Inspection, Limits, Picture};
use image::DynamicImage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the result is to be written; what is absent is chosen by what the result needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub format: Option<MediaType>,
    /// 1–100, for lossy formats.
    pub quality: Option<u8>,
    /// `#rrggbb` behind transparency.
    pub background: Option<String>,
}

/// One task for an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Such as `upscale.lanczos`.
    pub engine: String,
    pub arguments: Value,
    pub output: Output,
}

/// What an engine made, written and inspected.
#[derive(Clone, Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    pub inspection: Inspection,
    /// Facts of the result, such as a confidence with a hint.
    pub facts: Value,
    pub seed: Option<u64>,
}

/// What an engine works with.
pub struct EngineJob<'a> {
    pub arguments: &'a Value,
    pub inputs: Vec<Picture>,
    pub output: &'a Output,
    pub limits: &'a Limits,
    pub progress: &'a mut dyn FnMut(f64, &str),
}

/// What an engine gives back.
pub enum Product {
    Picture {
        picture: Picture,
        facts: Value,
        seed: Option<u64>,
    },
    /// A finished file, with a picture that stands for it.
    File {
        bytes: Vec<u8>,
        poster: Picture,
        facts: Value,
        seed: Option<u64>,
    },
}

/// One way of making or changing pictures on this machine.
pub trait Engine: Sync {
    /// Such as `upscale.lanczos`; stored in recipes, so it never changes.
    fn id(&self) -> &'static str;

    /// Grows when the same input would give another result.
    fn version(&self) -> &'static str {
        "1"
    }

    fn run(&self, job: EngineJob<'_>) -> Result<Product, Problem>;
}

impl EngineJob<'_> {
    /// The arguments as the engine's own type; unknown or missing ones are refused.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_value(self.arguments.clone()).map_err(|error| {
            Problem::new(
                Code::InvalidArgument,
                format!("The engine's arguments do not fit: {error}."),
            )
        })
    }

    /// The one input of an edit.
    pub fn take_input(&mut self) -> Result<Picture, Problem> {
        if self.inputs.len() == 1 {
            Ok(self.inputs.remove(0))
        } else {
            Err(Problem::invalid("images", "This edit takes exactly one picture."))
        }
    }

    /// The picture to edit; what an edit takes beside it stays in `inputs`.
    pub fn take_first(&mut self) -> Result<Picture, Problem> {
        if self.inputs.is_empty() {
            return Err(Problem::invalid("images", "This edit takes a picture."));
        }
        Ok(self.inputs.remove(0))
    }

    /// Refuses a result that is larger than the server makes.
    pub fn check_size(&self, width: u64, height: u64) -> Result<(), Problem> {
        let limits = self.limits;
        if width.max(height) > u64::from(limits.max_side) || width * height > limits.max_pixels {
            return Err(Problem::new(
                Code::InvalidArgument,
                format!(
                    "The result would have {width}×{height} pixels; the limit is {} megapixels and {} px a side. Ask for less, or resize the picture first.",
                    limits.max_pixels / 1_000_000,
                    limits.max_side
                ),
            ));
        }
        Ok(())
    }
}

/// Sixteen-bit pixels with alpha as the kind of pixels that `picture` has.
pub(crate) fn kind_of(picture: &Picture, image: DynamicImage) -> DynamicImage {
    match (picture.is_deep(), picture.has_alpha()) {
        (true, true) => DynamicImage::ImageRgba16(image.into_rgba16()),
        (true, false) => DynamicImage::ImageRgb16(image.into_rgb16()),
        (false, true) => DynamicImage::ImageRgba8(image.into_rgba8()),
        (false, false) => DynamicImage::ImageRgb8(image.into_rgb8()),
    }
}

/// Reads `16:9`.
pub(crate) fn ratio(text: &str) -> Result<f64, Problem> {
    let parts = text
        .split_once(':')
        .and_then(|(w, h)| Some((w.parse::<f64>().ok()?, h.parse::<f64>().ok()?)));
    match parts {
        Some((w, h)) if w >= 1.0 && h >= 1.0 && w <= 9_999.0 && h <= 9_999.0 && (0.05..=20.0).contains(&(w / h)) => {
            Ok(w / h)
        }
        _ => Err(Problem::invalid(
            "aspect_ratio",
            "The aspect ratio must be two whole numbers such as `16:9`, no more than 20 to 1.",
        )),
    }
}

/// Reads `#rrggbb`.
pub(crate) fn color(text: &str) -> Result<[u8; 3], Problem> {
    let refuse = || Problem::invalid("background", "A colour must look like `#f4efe6`.");
    let hex = text
        .strip_prefix('#')
        .filter(|hex| hex.len() == 6 && hex.is_ascii())
        .ok_or_else(refuse)?;
    let part = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| refuse());
    Ok([part(0)?, part(2)?, part(4)?])
}
