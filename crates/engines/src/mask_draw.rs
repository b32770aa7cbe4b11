//! Draws a mask of a picture's size from a mask picture, boxes or an outline: for makers elsewhere that take one as a file.

use aquatint_domain::Problem;
use aquatint_media::Picture;
use image::DynamicImage;
use serde::Deserialize;
use serde_json::json;

use crate::engine::{Engine, EngineJob, Product};
use crate::mask::{Region, grown};

pub struct MaskDraw;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    region: Region,
    /// Pixels by which the region grows.
    #[serde(default)]
    grow: u32,
}

impl Engine for MaskDraw {
    fn id(&self) -> &'static str {
        "mask.draw"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_first()?;
        let (width, height) = (picture.width(), picture.height());
        // The picture was number 0, so the mask's number counts from it.
        let region = match args.region {
            Region::Picture(number) => Region::Picture(number.saturating_sub(1)),
            other => other,
        };
        let mask = grown(&region.mask(&job.inputs, width, height)?, args.grow);
        Ok(Product::Picture {
            picture: Picture {
                image: DynamicImage::ImageRgb8(DynamicImage::ImageLuma8(mask).into_rgb8()),
                notes: Vec::new(),
            },
            facts: json!({}),
            seed: None,
        })
    }
}
