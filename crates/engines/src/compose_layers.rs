//! Compose: pictures and text on a picture. Layers lie on each other in the order given; blending as in the W3C's
//! "Compositing and Blending Level 1", in sRGB.

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont};
use aquatint_domain::{Anchor, Problem};
use aquatint_media::{Picture, resize, rotate};
use image::{DynamicImage, ImageBuffer, Rgba};
use serde::Deserialize;
use serde_json::json;

use crate::cutout_finish::cover;
use crate::engine::{Engine, EngineJob, Product, color, kind_of};

/// The most layers on one picture.
const LAYERS_MAX: usize = 50;
/// The most characters of one text.
const TEXT_MAX: usize = 2_000;
/// Lines are this much higher than letters.
const LINE: f32 = 1.2;
/// The least that a repeated layer counts for, in pixels, so that a speck is not laid a million times.
const TILE_LEAST: u32 = 16;
/// The smallest letters to which text shrinks, in pixels.
const SMALLEST: f32 = 6.0;
/// Space between letters and the edge of their plate, as a share of their size: at the sides, above and below.
const PLATE_PADDING: (f32, f32) = (0.6, 0.3);

static REGULAR: &[u8] = include_bytes!("../fonts/Inter-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../fonts/Inter-Bold.ttf");

type Rgba16 = ImageBuffer<Rgba<u16>, Vec<u16>>;

pub struct ComposeLayers;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    /// The input of that number.
    picture: Option<usize>,
    text: Option<String>,
    #[serde(default)]
    anchor: Anchor,
    /// From the anchor, to the right and down, in pixels.
    #[serde(default)]
    x: i64,
    #[serde(default)]
    y: i64,
    /// Pixels; the other dimension follows. For text, where lines break.
    width: Option<u32>,
    height: Option<u32>,
    /// Degrees, clockwise.
    #[serde(default)]
    rotate: f64,
    /// From 0 to 1.
    #[serde(default = "full")]
    opacity: f32,
    #[serde(default)]
    blend: Blend,
    /// How a picture fills `width` and `height`, where both are given.
    #[serde(default)]
    fit: Fit,
    /// Repeated over the whole canvas, every second row moved by half.
    #[serde(default)]
    tile: bool,
    /// Pixels between repetitions.
    #[serde(default)]
    gap: u32,
    /// Height of letters in pixels. Letters become smaller where the text would not fit into `width` and `height`.
    size: Option<f32>,
    color: Option<String>,
    #[serde(default)]
    bold: bool,
    /// A colour behind the letters, with round corners.
    plate: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fit {
    Contain,
    #[serde(alias = "subject")]
    Cover,
    #[default]
    Fill,
}

fn full() -> f32 {
    1.0
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Blend {
    #[default]
    Normal,
    Multiply,
    Screen,
    Overlay,
}

impl Blend {
    fn mix(self, under: f32, over: f32) -> f32 {
        match self {
            Self::Normal => over,
            Self::Multiply => under * over,
            Self::Screen => under + over - under * over,
            Self::Overlay if under <= 0.5 => 2.0 * under * over,
            Self::Overlay => 1.0 - 2.0 * (1.0 - under) * (1.0 - over),
        }
    }
}

impl Engine for ComposeLayers {
    fn id(&self) -> &'static str {
        "compose.layers"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        if args.layers.is_empty() || args.layers.len() > LAYERS_MAX {
            return Err(Problem::invalid("layers", format!("Send 1 to {LAYERS_MAX} layers.")));
        }
        let picture = job.take_first()?;
        let mut canvas = picture.image.to_rgba16();
        let count = args.layers.len();
        let mut texts = 0;
        for (index, layer) in args.layers.iter().enumerate() {
            (job.progress)(0.1 + 0.75 * index as f64 / count as f64, "composing");
            let field = format!("layers[{index}]");
            let image = match (layer.picture, &layer.text) {
                (Some(number), None) => {
                    let given = job
                        .inputs
                        .get(number.saturating_sub(1))
                        .ok_or_else(|| Problem::internal("a layer's picture is missing"))?;
                    sized(given, layer, &job).map_err(|problem| problem.at(&field))?
                }
                (None, Some(text)) => {
                    texts += 1;
                    lettering(text, layer, canvas.width(), None).map_err(|problem| problem.at(&field))?
                }
                _ => {
                    return Err(Problem::invalid(
                        field,
                        "A layer has either `image` or `text`, not both and not neither.",
                    ));
                }
            };
            let image = if layer.rotate == 0.0 {
                image
            } else {
                rotate(&see_through(&image), layer.rotate, None)?
            };
            lay(&mut canvas, &image.image.to_rgba16(), layer);
        }
        let image = kind_of(&picture, DynamicImage::ImageRgba16(canvas));
        Ok(Product::Picture {
            picture: Picture {
                image,
                notes: picture.notes.clone(),
            },
            facts: json!({ "layers": count, "texts": texts }),
            seed: None,
        })
    }
}

fn see_through(picture: &Picture) -> Picture {
    if picture.has_alpha() {
        picture.clone()
    } else {
        Picture::new(DynamicImage::ImageRgba16(picture.image.to_rgba16()))
    }
}

/// The picture at the layer's width or height.
fn sized(picture: &Picture, layer: &Layer, job: &EngineJob<'_>) -> Result<Picture, Problem> {
    let (w, h) = (f64::from(picture.width()), f64::from(picture.height()));
    let (width, height) = match (layer.width.map(f64::from), layer.height.map(f64::from)) {
        (None, None) => return Ok(picture.clone()),
        (Some(width), None) => (width, h * width / w),
        (None, Some(height)) => (w * height / h, height),
        (Some(width), Some(height)) => match layer.fit {
            Fit::Fill => (width, height),
            Fit::Contain => (w * (width / w).min(height / h), h * (width / w).min(height / h)),
            Fit::Cover => {
                job.check_size(width as u64, height as u64)?;
                return cover(picture, width as u32, height as u32);
            }
        },
    };
    let (width, height) = ((width.round() as u32).max(1), (height.round() as u32).max(1));
    job.check_size(width.into(), height.into())?;
    resize(picture, width, height)
}

fn lay(canvas: &mut Rgba16, layer: &Rgba16, how: &Layer) {
    let (across, down) = how.anchor.shares();
    let free = |whole: u32, own: u32, share: f64| ((f64::from(whole) - f64::from(own)) * share).round() as i64;
    let left = free(canvas.width(), layer.width(), across) + how.x;
    let top = free(canvas.height(), layer.height(), down) + how.y;
    if !how.tile {
        return lay_at(canvas, layer, left, top, how);
    }
    // The repetitions that can be seen, outwards from the place that the anchor names.
    let (step_x, step_y) = (
        i64::from(layer.width().max(TILE_LEAST) + how.gap),
        i64::from(layer.height().max(TILE_LEAST) + how.gap),
    );
    let mut row = (-top).div_euclid(step_y);
    let mut y = top + row * step_y;
    while y < i64::from(canvas.height()) {
        let start = left + row.rem_euclid(2) * step_x / 2;
        let mut x = start + (-start).div_euclid(step_x) * step_x;
        while x < i64::from(canvas.width()) {
            lay_at(canvas, layer, x, y, how);
            x += step_x;
        }
        y += step_y;
        row += 1;
    }
}

fn lay_at(canvas: &mut Rgba16, layer: &Rgba16, left: i64, top: i64, how: &Layer) {
    let opacity = how.opacity.clamp(0.0, 1.0);
    for (x, y, over) in layer.enumerate_pixels() {
        let (at_x, at_y) = (left + i64::from(x), top + i64::from(y));
        if over.0[3] == 0
            || at_x < 0
            || at_y < 0
            || at_x >= i64::from(canvas.width())
            || at_y >= i64::from(canvas.height())
        {
            continue;
        }
        let under = canvas.get_pixel_mut(at_x as u32, at_y as u32);
        let share = |value: u16| f32::from(value) / 65_535.0;
        let (a, b) = (share(over.0[3]) * opacity, share(under.0[3]));
        let alpha = a + b * (1.0 - a);
        if alpha <= 0.0 {
            continue;
        }
        for channel in 0..3 {
            let (top, below) = (share(over.0[channel]), share(under.0[channel]));
            // Where nothing lies below there is nothing to blend with.
            let mixed = (1.0 - b) * top + b * how.blend.mix(below, top);
            let value = (mixed * a + below * b * (1.0 - a)) / alpha;
            under.0[channel] = (value.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
        }
        under.0[3] = (alpha * 65_535.0 + 0.5) as u16;
    }
}

/// Text as a picture just large enough for it.
fn lettering(text: &str, layer: &Layer, canvas_width: u32, smaller: Option<f32>) -> Result<Picture, Problem> {
    if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
        return Err(Problem::invalid(
            "text",
            format!("A text has 1 to {TEXT_MAX} characters."),
        ));
    }
    let size = smaller
        .or(layer.size)
        .unwrap_or_else(|| (canvas_width as f32 / 16.0).max(8.0));
    if !(4.0..=2_000.0).contains(&size) {
        return Err(Problem::invalid("size", "Letters are 4 to 2000 px high."));
    }
    let rgb = color(layer.color.as_deref().unwrap_or("#ffffff"))?;
    let font = FontRef::try_from_slice(if layer.bold { BOLD } else { REGULAR }).map_err(Problem::internal)?;
    let missing: String = text
        .chars()
        .filter(|ch| !ch.is_whitespace() && font.glyph_id(*ch) == GlyphId(0))
        .take(10)
        .collect();
    if !missing.is_empty() {
        return Err(Problem::invalid(
            "text",
            format!(
                "The built-in font has no letters for `{missing}`: it covers Latin, Greek and Cyrillic. Send such text as a picture layer."
            ),
        ));
    }
    // `size` is the height of capitals and descenders together, as designers count: the em.
    let units = font.units_per_em().unwrap_or(1_000.0);
    let scale = PxScale::from(size * font.height_unscaled() / units);
    let font = font.as_scaled(scale);
    let width_of = |line: &str| line.chars().map(|ch| font.h_advance(font.glyph_id(ch))).sum::<f32>();
    let lines = broken(text, layer.width.map_or(f32::MAX, |width| width as f32), &width_of);
    let widest = lines.iter().map(|line| width_of(line)).fold(1.0, f32::max);
    let line_height = size * LINE;
    // A text with a box of its own becomes smaller until it fits.
    let is_too_large = layer
        .height
        .is_some_and(|most| line_height * lines.len() as f32 > most as f32)
        || (layer.height.is_some() && layer.width.is_some_and(|most| widest > most as f32));
    if is_too_large && size > SMALLEST {
        return lettering(text, layer, canvas_width, Some((size * 0.93).max(SMALLEST)));
    }
    let plate = layer.plate.as_deref().map(color).transpose()?;
    let pad = (size * 0.1).ceil();
    let (pad_x, pad_y) = match plate {
        Some(_) => ((size * PLATE_PADDING.0).ceil(), (size * PLATE_PADDING.1).ceil()),
        None => (pad, pad),
    };
    let (width, height) = (
        (widest + 2.0 * pad_x).ceil() as u32,
        (line_height * lines.len() as f32 + 2.0 * pad_y).ceil() as u32,
    );
    if u64::from(width) * u64::from(height) > 100_000_000 {
        return Err(Problem::invalid(
            "size",
            "The text would be larger than 100 megapixels. Ask for smaller letters, or give `width` so that lines break.",
        ));
    }
    let (across, _) = layer.anchor.shares();
    let mut made = Rgba16::from_pixel(
        width,
        height,
        Rgba([rgb[0], rgb[1], rgb[2], 0].map(|value| u16::from(value) * 257)),
    );
    for (number, line) in lines.iter().enumerate() {
        let mut x = pad_x + (widest - width_of(line)) * across as f32;
        let base =
            pad_y + number as f32 * line_height + (line_height - size) / 2.0 + font.ascent() * size / font.height();
        for ch in line.chars() {
            let id = font.glyph_id(ch);
            let glyph = id.with_scale_and_position(scale, ab_glyph::point(x, base));
            x += font.h_advance(id);
            if let Some(outline) = font.outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|dx, dy, coverage| {
                    let (px, py) = (bounds.min.x + dx as f32, bounds.min.y + dy as f32);
                    if px >= 0.0 && py >= 0.0 && px < width as f32 && py < height as f32 {
                        let alpha = &mut made.get_pixel_mut(px as u32, py as u32).0[3];
                        *alpha = (*alpha).max((coverage.clamp(0.0, 1.0) * 65_535.0) as u16);
                    }
                });
            }
        }
    }
    if let Some(plate) = plate {
        behind(&mut made, plate);
    }
    Ok(Picture::new(DynamicImage::ImageRgba16(made)))
}

/// Puts a plate with round corners behind letters.
fn behind(letters: &mut Rgba16, plate: [u8; 3]) {
    let (width, height) = (letters.width() as f32, letters.height() as f32);
    let radius = height.min(width) * 0.22;
    let own = plate.map(|value| f32::from(u16::from(value) * 257));
    for (x, y, pixel) in letters.enumerate_pixels_mut() {
        // How far the pixel's middle is outside of the rectangle that the corners' middles span.
        let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
        let (dx, dy) = (
            (radius - x).max(x - (width - radius)).max(0.0),
            (radius - y).max(y - (height - radius)).max(0.0),
        );
        let inside = (radius - dx.hypot(dy) + 0.5).clamp(0.0, 1.0);
        let letter = f32::from(pixel.0[3]) / 65_535.0;
        for (channel, own) in own.iter().enumerate() {
            pixel.0[channel] = (f32::from(pixel.0[channel]) * letter + own * (1.0 - letter)) as u16;
        }
        pixel.0[3] = (letter.max(inside) * 65_535.0) as u16;
    }
}

/// Lines as they were given, broken between words where they are too wide.
fn broken(text: &str, most: f32, width_of: &dyn Fn(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    for given in text.lines() {
        let mut line = String::new();
        for word in given.split_whitespace() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if !line.is_empty() && width_of(&longer) > most {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}
