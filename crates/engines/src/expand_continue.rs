//! Expand by continuing the background: plain and gradient backgrounds by the model of the border,
//! with the edge's own colour fading into it and its grain added; others by content-aware fill, and where there is
//! too little to take from, by reflection.

use aquatint_domain::{Anchor, Problem};
use aquatint_media::{Picture, resize};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, Rgba};
use serde::Deserialize;
use serde_json::json;

use crate::background::{Background, oklab_image};
use crate::cutout_plain::srgb;
use crate::engine::{Engine, EngineJob, Product, kind_of, ratio};
use crate::inpaint_fill::Hole;
use crate::patch_fill::{Canvas, fill};

/// The largest margin on one side, in pixels.
const MARGIN_MAX: u32 = 2_000;
/// Pixels of the canvas on which margins are filled.
const FILL_PIXELS: f64 = 4.0e6;
/// The same picture is always continued in the same way.
const SEED: u64 = 1;
/// How far an edge's own colour reaches into a plain margin, as a share of the picture's short side.
const FADE: f64 = 0.08;
/// Share of an edge that must fit the background for it to be continued as plain.
const PLAIN: f32 = 0.88;
/// Spread around the model (Oklab) above which an edge is a texture and not a plain wall with grain.
const PLAIN_SIGMA: f32 = 0.014;

type Rgb16 = ImageBuffer<Rgb<u16>, Vec<u16>>;

pub struct ExpandContinue;

#[derive(Deserialize)]
#[serde(untagged)]
enum Args {
    Ratio {
        aspect_ratio: String,
        #[serde(default)]
        anchor: Anchor,
    },
    Canvas {
        width: u32,
        height: u32,
        #[serde(default)]
        anchor: Anchor,
    },
    Margins(Margins),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Margins {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Engine for ExpandContinue {
    fn id(&self) -> &'static str {
        "expand.continue"
    }

    fn version(&self) -> &'static str {
        "3"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        run_with(&mut job, None)
    }
}

/// What fills the margins of a canvas whose margins hold the picture's reflection; white in the mask is what is to be made.
pub(crate) type Filler<'a> = &'a dyn Fn(&Hole) -> Result<Picture, Problem>;

/// Reads the arguments and expands. Backgrounds that are not plain are continued by the filler where there is one.
pub(crate) fn run_with(job: &mut EngineJob<'_>, filler: Option<Filler<'_>>) -> Result<Product, Problem> {
    let args: Args = job.read()?;
    let picture = job.take_input()?;
    let margins = match args {
        Args::Margins(margins) => margins,
        Args::Ratio { aspect_ratio, anchor } => {
            let ratio = ratio(&aspect_ratio)?;
            let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
            let (width, height) = if w / h < ratio {
                ((h * ratio).round() as u32, picture.height())
            } else {
                (picture.width(), (w / ratio).round() as u32)
            };
            margins_for(
                &picture,
                width.max(picture.width()),
                height.max(picture.height()),
                anchor,
            )
        }
        Args::Canvas { width, height, anchor } => {
            if width < picture.width() || height < picture.height() {
                return Err(Problem::invalid(
                    "width",
                    format!(
                        "The canvas of {width}×{height} px is smaller than the picture, which has {}×{}. Expanding cuts nothing: ask for at least that, or resize or crop first.",
                        picture.width(),
                        picture.height()
                    ),
                ));
            }
            margins_for(&picture, width, height, anchor)
        }
    };
    if [margins.left, margins.top, margins.right, margins.bottom]
        .iter()
        .any(|margin| *margin > MARGIN_MAX * 4)
    {
        return Err(Problem::invalid(
            "left",
            format!("A margin may have at most {MARGIN_MAX} px."),
        ));
    }
    let width = u64::from(picture.width()) + u64::from(margins.left) + u64::from(margins.right);
    let height = u64::from(picture.height()) + u64::from(margins.top) + u64::from(margins.bottom);
    job.check_size(width, height)?;
    let facts = json!({ "left": margins.left, "top": margins.top, "right": margins.right, "bottom": margins.bottom });
    (job.progress)(0.1, "looking at the background");
    let expanded = expand(&picture, margins, filler, job.progress)?;
    Ok(Product::Picture {
        picture: Picture {
            image: expanded,
            notes: picture.notes.clone(),
        },
        facts,
        seed: None,
    })
}

/// What is missing around the picture for a canvas of that size.
fn margins_for(picture: &Picture, width: u32, height: u32, anchor: Anchor) -> Margins {
    let (more_width, more_height) = (width - picture.width(), height - picture.height());
    let (across, down) = anchor.shares();
    let left = (f64::from(more_width) * across).floor() as u32;
    let top = (f64::from(more_height) * down).floor() as u32;
    Margins {
        left,
        right: more_width - left,
        top,
        bottom: more_height - top,
    }
}

fn expand(
    picture: &Picture,
    margins: Margins,
    filler: Option<Filler<'_>>,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<DynamicImage, Problem> {
    // Sixteen bits hold eight bits exactly.
    let source = picture.image.to_rgba16();
    let (w, h) = source.dimensions();
    let lab = oklab_image(&picture.image);
    let background = Background::fit(&lab, (w.min(h) / 40).clamp(1, 24));
    let is_plain = background.inliers > PLAIN && background.sigma < PLAIN_SIGMA;
    let fade = (f64::from(w.min(h)) * FADE).max(4.0);
    let reach = (w.min(h) / 64).clamp(1, 12);
    let grain = background.sigma * 0.6;
    let filled = match filler {
        _ if is_plain || picture.has_alpha() => None,
        Some(make) => Some(fill_by(make, picture, margins, progress)?),
        None => fill_margins(picture, margins, progress)?,
    };
    let canvas = ImageBuffer::<Rgba<u16>, Vec<u16>>::from_fn(
        w + margins.left + margins.right,
        h + margins.top + margins.bottom,
        |cx, cy| {
            let (x, y) = (
                i64::from(cx) - i64::from(margins.left),
                i64::from(cy) - i64::from(margins.top),
            );
            let (nearest_x, nearest_y) = (x.clamp(0, i64::from(w) - 1), y.clamp(0, i64::from(h) - 1));
            if (x, y) == (nearest_x, nearest_y) {
                return *source.get_pixel(x as u32, y as u32);
            }
            let away = (((x - nearest_x).pow(2) + (y - nearest_y).pow(2)) as f64).sqrt();
            let alpha = source.get_pixel(nearest_x as u32, nearest_y as u32)[3];
            if let Some(filled) = &filled {
                // Where the filled canvas does not meet the picture's edge, the difference fades out with distance.
                let (inner_x, inner_y) = (nearest_x as u32, nearest_y as u32);
                let edge = source.get_pixel(inner_x, inner_y);
                let met = filled.get_pixel(inner_x + margins.left, inner_y + margins.top);
                let own = filled.get_pixel(cx, cy);
                let share = if filler.is_some() {
                    (-away / fade).exp() as f32
                } else {
                    0.0
                };
                let [r, g, b] = [0, 1, 2].map(|channel| {
                    let rest = f32::from(edge[channel]) - f32::from(met[channel]);
                    (f32::from(own[channel]) + rest * share).clamp(0.0, 65_535.0) as u16
                });
                return Rgba([r, g, b, alpha]);
            }
            if !is_plain {
                let mirrored = source.get_pixel(reflect(x, w), reflect(y, h));
                return Rgba([mirrored[0], mirrored[1], mirrored[2], alpha]);
            }
            // What the edge has beyond the model fades out with distance, averaged along the edge ever more widely.
            let behind = background.at(x as f64, y as f64, w, h);
            let rest = edge_rest(
                &lab,
                &background,
                nearest_x as u32,
                nearest_y as u32,
                reach + (away * 0.5) as u32,
                (x, y) == (nearest_x, y),
            );
            let share = (-away / fade).exp() as f32;
            let noise = (hash(cx, cy) - 0.5) * 2.0 * grain;
            let rgb = srgb([
                behind[0] + rest[0] * share + noise,
                behind[1] + rest[1] * share,
                behind[2] + rest[2] * share,
            ]);
            let [r, g, b] = rgb.map(|channel| (channel * 257.0).round() as u16);
            Rgba([r, g, b, alpha])
        },
    );
    Ok(kind_of(picture, DynamicImage::ImageRgba16(canvas)))
}

/// The whole canvas with its margins by the filler, which sees the picture's reflection there.
fn fill_by(
    make: Filler<'_>,
    picture: &Picture,
    margins: Margins,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Rgb16, Problem> {
    progress(0.2, "continuing the background");
    let source = picture.image.to_rgb16();
    let (w, h) = source.dimensions();
    let (width, height) = (w + margins.left + margins.right, h + margins.top + margins.bottom);
    let inside = |x: i64, y: i64| x >= 0 && y >= 0 && x < i64::from(w) && y < i64::from(h);
    let own = |x: u32, y: u32| {
        (
            i64::from(x) - i64::from(margins.left),
            i64::from(y) - i64::from(margins.top),
        )
    };
    let canvas = Rgb16::from_fn(width, height, |x, y| {
        let (x, y) = own(x, y);
        *source.get_pixel(reflect(x, w), reflect(y, h))
    });
    let mask = GrayImage::from_fn(width, height, |x, y| {
        let (x, y) = own(x, y);
        Luma([if inside(x, y) { 0 } else { 255 }])
    });
    let made = make(&Hole {
        part: Picture::new(DynamicImage::ImageRgb16(canvas)),
        mask,
    })?;
    Ok(made.image.to_rgb16())
}

/// The whole canvas with its margins filled from the picture. A large one is filled at a smaller size and enlarged, so that
/// memory and time stay bounded. `None` where there is too little to take from.
fn fill_margins(
    picture: &Picture,
    margins: Margins,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Option<Rgb16>, Problem> {
    let (width, height) = (
        picture.width() + margins.left + margins.right,
        picture.height() + margins.top + margins.bottom,
    );
    let scale = (FILL_PIXELS / (f64::from(width) * f64::from(height))).sqrt().min(1.0);
    let scaled = |length: u32| (f64::from(length) * scale).round() as u32;
    let (small_w, small_h) = (scaled(picture.width()).max(1), scaled(picture.height()).max(1));
    let small = resize(picture, small_w, small_h)?.image.to_rgb32f();
    let (left, top) = (scaled(margins.left) as usize, scaled(margins.top) as usize);
    let (w, h) = (
        left + small_w as usize + scaled(margins.right) as usize,
        top + small_h as usize + scaled(margins.bottom) as usize,
    );
    let mut canvas = Canvas {
        width: w,
        height: h,
        pixels: vec![[0.0; 3]; w * h],
        is_hole: vec![true; w * h],
    };
    for (x, y, pixel) in small.enumerate_pixels() {
        let at = (top + y as usize) * w + left + x as usize;
        canvas.pixels[at] = pixel.0;
        canvas.is_hole[at] = false;
    }
    let mut told = |done: f64| progress(0.15 + 0.7 * done, "continuing the background");
    if !fill(&mut canvas, SEED, &mut told) {
        return Ok(None);
    }
    let filled = Rgb16::from_fn(w as u32, h as u32, |x, y| {
        Rgb(canvas.pixels[y as usize * w + x as usize]
            .map(|channel| (channel.clamp(0.0, 1.0) * 65_535.0).round() as u16))
    });
    let filled = Picture::new(DynamicImage::ImageRgb16(filled));
    Ok(Some(resize(&filled, width, height)?.image.to_rgb16()))
}

/// The mean difference between the edge's pixels around a place and the background there.
fn edge_rest(
    lab: &image::Rgb32FImage,
    background: &Background,
    x: u32,
    y: u32,
    reach: u32,
    is_horizontal: bool,
) -> [f32; 3] {
    let (w, h) = lab.dimensions();
    let reach = i64::from(reach.min(64));
    let step = (reach / 6).max(1);
    let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
    let mut offset = -reach;
    while offset <= reach {
        let px = if is_horizontal {
            (i64::from(x) + offset).clamp(0, i64::from(w) - 1) as u32
        } else {
            x
        };
        let py = if is_horizontal {
            y
        } else {
            (i64::from(y) + offset).clamp(0, i64::from(h) - 1) as u32
        };
        let behind = background.at(f64::from(px), f64::from(py), w, h);
        let pixel = lab.get_pixel(px, py).0;
        for channel in 0..3 {
            sum[channel] += pixel[channel] - behind[channel];
        }
        count += 1.0;
        offset += step;
    }
    sum.map(|channel| channel / count)
}

/// A position outside, folded back into the picture.
fn reflect(at: i64, length: u32) -> u32 {
    let length = i64::from(length);
    if length == 1 {
        return 0;
    }
    let period = 2 * (length - 1);
    let folded = at.rem_euclid(period);
    (if folded < length { folded } else { period - folded }) as u32
}

/// The same grain for the same place, from 0 to 1.
fn hash(x: u32, y: u32) -> f32 {
    let mut bits = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    ((bits ^ (bits >> 15)) >> 8) as f32 / 16_777_216.0
}
