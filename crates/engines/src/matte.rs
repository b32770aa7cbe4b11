//! A matte: which pixels of a picture are the subject, whoever found it, and how its edge comes to follow the picture.

use aquatint_domain::Problem;
use aquatint_media::{Picture, fit_within, resize, resize_mask};
use image::GrayImage;
use serde_json::{Value, json};

use crate::background::Background;
use crate::cells::Cells;
use crate::guided::{ColorGuide, guided};
use crate::planes::Plane;

/// Below this confidence the result carries a hint.
pub(crate) const SURE: f32 = 0.6;
/// Shares below this, and above one less this, are a net's noise.
const VEIL: f32 = 0.04;
/// The long side at which the edge of a coarse matte is found first, by all colours.
const WORK_SIDE: u32 = 1_024;
/// The finest pictures on which edges are refined and colours cleaned; larger ones keep what was found at the work size.
pub(crate) const REFINE_PIXELS: u64 = 13_000_000;
/// Half the window of the filter by all colours, in pixels that were looked at, and the most at the work size.
const COARSE_REACH: f32 = 3.0;
const COARSE_MOST: usize = 32;
/// How often it goes over the matte; each time the edge comes nearer to the picture's.
const COARSE_ROUNDS: usize = 2;
/// How much colours must differ for it to take a difference for an edge, as a variance.
const COLOR_EPSILON: f32 = 2e-4;

/// Which pixels are the subject, and how sure the engine is.
pub(crate) struct Matte {
    /// Of the picture's size.
    pub alpha: GrayImage,
    /// From 0 to 1.
    pub confidence: f32,
    /// What was found, or what to do about a low confidence.
    pub hint: Option<String>,
    /// The model of the background where there is one: colours at the rim are cleaned by it.
    pub background: Option<Background>,
    /// Pixels of the picture to one that was looked at; the edge is as coarse, and where it is more than 1, refining it by
    /// the picture's own edges helps.
    pub step: f32,
    /// The model that found the subject, where it was one.
    pub model: Option<String>,
    /// The engine that found it, where one chose between several.
    pub engine: Option<&'static str>,
}

impl Matte {
    /// From a net's shares, `width` × `height` of them for the whole picture.
    pub fn from_shares(
        shares: &[f32],
        width: usize,
        height: usize,
        confidence: f32,
        picture: &Picture,
    ) -> Result<Self, Problem> {
        let plane = GrayImage::from_raw(
            width as u32,
            height as u32,
            // Nearly nothing is nothing and nearly all is all: no veil over the background, no holes in the subject.
            shares
                .iter()
                .map(|share| (((share - VEIL) / (1.0 - 2.0 * VEIL)).clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
                .collect(),
        )
        .ok_or_else(|| Problem::internal("a matte has the wrong size"))?;
        let step = (picture.width() as f32 / width as f32).max(picture.height() as f32 / height as f32);
        Ok(Self {
            alpha: resize_mask(&plane, picture.width(), picture.height())?,
            confidence,
            hint: None,
            background: None,
            step: step.max(1.0),
            model: None,
            engine: None,
        })
    }

    pub fn facts(&self) -> Value {
        let mut facts = json!({ "confidence": (f64::from(self.confidence) * 100.0).round() / 100.0 });
        if let Some(hint) = &self.hint {
            facts["hint"] = json!(hint);
        }
        if let Some(model) = &self.model {
            facts["model"] = json!(model);
        }
        if let Some(engine) = self.engine {
            facts["engine"] = json!(engine);
        }
        facts
    }

    /// The alpha with an edge that follows the picture's own: a coarse one by all colours at a work size, then at the
    /// picture's size by lightness.
    pub fn refined(&self, picture: &Picture) -> Result<GrayImage, Problem> {
        if self.step <= 1.0 {
            return Ok(self.alpha.clone());
        }
        let (width, height) = fit_within(picture.width(), picture.height(), WORK_SIDE);
        let times = picture.width().max(picture.height()) as f32 / width.max(height) as f32;
        let mut alpha = self.alpha.clone();
        let mut step = self.step;
        // Where what was looked at is coarser than the work size.
        if step > times * 1.5 {
            let small = resize(picture, width, height)?;
            let mut made = Plane::from_gray(&resize_mask(&alpha, width, height)?);
            let channels = Plane::from_rgb(&small.image);
            let radius = ((step / times * COARSE_REACH).ceil() as usize).clamp(2, COARSE_MOST);
            let cells = Cells::coarse(width as usize, height as usize, radius);
            let guide = ColorGuide::new(&channels, cells, COLOR_EPSILON);
            for _ in 0..COARSE_ROUNDS {
                let sharp = guide.filter(&made);
                made = where_undecided(&made, &sharp, &cells);
            }
            alpha = resize_mask(&made.to_gray(), picture.width(), picture.height())?;
            step = times;
        }
        if step <= 1.0 || u64::from(picture.width()) * u64::from(picture.height()) > REFINE_PIXELS {
            return Ok(alpha);
        }
        let guide = Plane::from_luma(&picture.image);
        let radius = (picture.width().max(picture.height()) as usize / 300).clamp(2, 12);
        let rough = Plane::from_gray(&alpha);
        let cells = Cells::coarse(rough.width, rough.height, radius);
        let sharp = guided(&guide, &rough, &cells, 1e-4);
        Ok(where_undecided(&rough, &sharp, &cells).to_gray())
    }
}

/// The sharper matte near the rough one's edge: inside and outside that is right, and texture must not shine through.
fn where_undecided(rough: &Plane, sharp: &Plane, cells: &Cells) -> Plane {
    let [near] = cells.means([rough], |[rough]| {
        [if (0.02..=0.98).contains(&rough) { 1.0 } else { 0.0 }]
    });
    let [made] = cells.spread([&near], [rough, sharp], |[near], [rough, sharp]| {
        let sharp = ((sharp - 0.04) / 0.92).clamp(0.0, 1.0);
        [rough + (sharp - rough) * (near * 4.0).min(1.0)]
    });
    made
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;

    #[test]
    fn a_coarse_edge_comes_to_lie_where_colours_of_the_same_lightness_meet() {
        // Red beside a green of the same luma: grey levels do not tell them apart.
        let picture = Picture::new(DynamicImage::from(RgbImage::from_fn(512, 512, |x, _| {
            if x < 250 {
                Rgb([200, 60, 60])
            } else {
                Rgb([60, 118, 60])
            }
        })));
        let shares: Vec<f32> = (0..64 * 64)
            .map(|at| (0.5 + (31.0 - (at % 64) as f32) / 4.0).clamp(0.0, 1.0))
            .collect();
        let matte = Matte::from_shares(&shares, 64, 64, 1.0, &picture).expect("a matte");
        let off = |alpha: &GrayImage| -> u32 {
            (0..512)
                .map(|x| u32::from(alpha.get_pixel(x, 256).0[0].abs_diff(if x < 250 { 255 } else { 0 })))
                .sum()
        };
        let refined = matte.refined(&picture).expect("a matte");
        let (before, after) = (off(&matte.alpha), off(&refined));
        assert!(after * 3 < before, "{after} of {before}");
    }
}
