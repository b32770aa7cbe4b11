//! Contact sheet: many pictures on one, for a gallery in a conversation.

use aquatint_domain::Problem;
use aquatint_media::{Picture, flatten, resize};
use image::{Rgb, RgbImage, imageops};
use serde::Deserialize;
use serde_json::json;

use crate::engine::{Engine, EngineJob, Product};

/// The long side of a sheet.
const SHEET: u32 = 768;
const GAP: u32 = 8;
const PAPER: [u8; 3] = [244, 243, 240];
const MOST: usize = 100;

pub struct ContactSheet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    columns: Option<u32>,
}

impl Engine for ContactSheet {
    fn id(&self) -> &'static str {
        "contact.sheet"
    }

    fn run(&self, job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        if job.inputs.is_empty() || job.inputs.len() > MOST {
            return Err(Problem::invalid(
                "images",
                format!("A contact sheet takes 1 to {MOST} pictures."),
            ));
        }
        let count = job.inputs.len() as u32;
        let columns = args
            .columns
            .unwrap_or_else(|| f64::from(count).sqrt().ceil() as u32)
            .clamp(1, 20)
            .min(count);
        let rows = count.div_ceil(columns);
        let cell = ((SHEET - GAP) / columns.max(rows)).saturating_sub(GAP).max(8);
        let mut sheet = RgbImage::from_pixel(columns * (cell + GAP) + GAP, rows * (cell + GAP) + GAP, Rgb(PAPER));
        for (index, picture) in job.inputs.iter().enumerate() {
            let long = f64::from(picture.width().max(picture.height()));
            let side = |length: u32| ((f64::from(length) * f64::from(cell) / long).round() as u32).clamp(1, cell);
            let small = flatten(
                &resize(picture, side(picture.width()), side(picture.height()))?,
                [255, 255, 255],
            )
            .image
            .to_rgb8();
            let (column, row) = (index as u32 % columns, index as u32 / columns);
            let x = GAP + column * (cell + GAP) + (cell - small.width()) / 2;
            let y = GAP + row * (cell + GAP) + (cell - small.height()) / 2;
            imageops::replace(&mut sheet, &small, i64::from(x), i64::from(y));
            (job.progress)((index + 1) as f64 / f64::from(count), "arranging");
        }
        let picture = Picture::new(image::DynamicImage::ImageRgb8(sheet));
        Ok(Product::Picture {
            picture,
            facts: json!({ "count": count }),
            seed: None,
        })
    }
}
