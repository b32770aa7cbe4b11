//! Plain transforms: resize, crop, rotate, convert.

use aquatint_domain::Problem;
use aquatint_media::{Flip, Picture, Rect, crop, flatten, flip, resize, rotate};
use serde::Deserialize;
use serde_json::json;

use crate::attention;
use crate::cutout_auto::matte_of;
use crate::cutout_finish::subject_rect;
use crate::engine::{Engine, EngineJob, Product, color, ratio};

pub struct Resize;
pub struct Crop;
pub struct Rotate;
pub struct Convert;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResizeArgs {
    width: Option<u32>,
    height: Option<u32>,
    #[serde(default)]
    fit: Fit,
    #[serde(default)]
    focus: Focus,
}

/// What stays where `cover` cuts.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Focus {
    #[default]
    Center,
    /// What draws the eye.
    Subject,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fit {
    #[default]
    Contain,
    Cover,
    Fill,
}

impl Engine for Resize {
    fn id(&self) -> &'static str {
        "transform.resize"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: ResizeArgs = job.read()?;
        let picture = job.take_input()?;
        let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
        let (width, height) = match (args.width.map(f64::from), args.height.map(f64::from)) {
            (Some(width), None) => (width, h * width / w),
            (None, Some(height)) => (w * height / h, height),
            (Some(width), Some(height)) => match args.fit {
                Fit::Fill => (width, height),
                Fit::Contain => (w * (width / w).min(height / h), h * (width / w).min(height / h)),
                Fit::Cover => (w * (width / w).max(height / h), h * (width / w).max(height / h)),
            },
            (None, None) => return Err(Problem::invalid("width", "Send `width`, `height`, or both, in pixels.")),
        };
        let (width, height) = ((width.round() as u32).max(1), (height.round() as u32).max(1));
        job.check_size(width.into(), height.into())?;
        let mut resized = resize(&picture, width, height)?;
        if let (Fit::Cover, Some(keep_width), Some(keep_height)) = (args.fit, args.width, args.height) {
            let (keep_width, keep_height) = (keep_width.min(width), keep_height.min(height));
            let (across, down) = match args.focus {
                Focus::Center => (0.5, 0.5),
                Focus::Subject => attention::shares(&resized, keep_width, keep_height)?,
            };
            let at = |free: u32, share: f64| (f64::from(free) * share).floor() as u32;
            let keep = Rect {
                x: at(width - keep_width, across),
                y: at(height - keep_height, down),
                width: keep_width,
                height: keep_height,
            };
            resized = crop(&resized, keep)?;
        }
        Ok(done(resized))
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CropArgs {
    /// Around the subject, with space in percent of its long side; grown to the ratio where one is given.
    Subject {
        subject_margin: f64,
        aspect_ratio: Option<String>,
    },
    Ratio {
        aspect_ratio: String,
    },
    Rectangle(Rect),
}

impl Engine for Crop {
    fn id(&self) -> &'static str {
        "transform.crop"
    }

    fn version(&self) -> &'static str {
        "2"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: CropArgs = job.read()?;
        let picture = job.take_input()?;
        let mut facts = json!({});
        let keep = match args {
            CropArgs::Rectangle(keep) => keep,
            CropArgs::Subject {
                subject_margin,
                aspect_ratio,
            } => {
                let matte = matte_of(&picture, false, job.progress)?;
                facts = matte.facts();
                let keep = subject_rect(&matte.alpha, subject_margin).ok_or_else(|| {
                    Problem::invalid(
                        "subject",
                        "No subject was found. Crop by a rectangle or an aspect ratio instead.",
                    )
                })?;
                match aspect_ratio {
                    Some(text) => grown(keep, ratio(&text)?, picture.width(), picture.height()),
                    None => keep,
                }
            }
            CropArgs::Ratio { aspect_ratio } => {
                let ratio = ratio(&aspect_ratio)?;
                let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
                let (width, height) = if w / h > ratio { (h * ratio, h) } else { (w, w / ratio) };
                let (width, height) = ((width.round() as u32).max(1), (height.round() as u32).max(1));
                Rect {
                    x: (picture.width().saturating_sub(width)) / 2,
                    y: (picture.height().saturating_sub(height)) / 2,
                    width,
                    height,
                }
            }
        };
        Ok(Product::Picture {
            picture: crop(&picture, keep)?,
            facts,
            seed: None,
        })
    }
}

/// The smallest rectangle of that ratio around `keep`, moved into the picture; where the picture is too small for it, as
/// large as fits.
fn grown(keep: Rect, ratio: f64, width: u32, height: u32) -> Rect {
    let (w, h) = (f64::from(keep.width), f64::from(keep.height));
    let (mut wide, mut high) = if w / h < ratio { (h * ratio, h) } else { (w, w / ratio) };
    let shrink = (f64::from(width) / wide).min(f64::from(height) / high).min(1.0);
    (wide, high) = (wide * shrink, high * shrink);
    let (new_w, new_h) = (
        (wide.round() as u32).clamp(1, width),
        (high.round() as u32).clamp(1, height),
    );
    let moved = |at: u32, old: u32, new: u32, most: u32| {
        let centre = f64::from(at) + f64::from(old) / 2.0;
        (centre - f64::from(new) / 2.0)
            .round()
            .clamp(0.0, f64::from(most - new)) as u32
    };
    Rect {
        x: moved(keep.x, keep.width, new_w, width),
        y: moved(keep.y, keep.height, new_h, height),
        width: new_w,
        height: new_h,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateArgs {
    degrees: f64,
    flip: Option<String>,
    background: Option<String>,
}

impl Engine for Rotate {
    fn id(&self) -> &'static str {
        "transform.rotate"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: RotateArgs = job.read()?;
        let mut picture = job.take_input()?;
        picture = match args.flip.as_deref() {
            None => picture,
            Some("horizontal") => flip(&picture, Flip::Horizontal),
            Some("vertical") => flip(&picture, Flip::Vertical),
            Some(_) => return Err(Problem::invalid("flip", "`flip` must be `horizontal` or `vertical`.")),
        };
        let background = args.background.as_deref().map(color).transpose()?;
        Ok(done(rotate(&picture, args.degrees, background)?))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConvertArgs {
    background: Option<String>,
}

impl Engine for Convert {
    fn id(&self) -> &'static str {
        "transform.convert"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: ConvertArgs = job.read()?;
        let mut picture = job.take_input()?;
        if let Some(background) = &args.background {
            picture = flatten(&picture, color(background)?);
        }
        Ok(done(picture))
    }
}

fn done(picture: Picture) -> Product {
    Product::Picture {
        picture,
        facts: json!({}),
        seed: None,
    }
}
