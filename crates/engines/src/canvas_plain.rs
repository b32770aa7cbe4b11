//! A plain canvas: one colour, or two from top to bottom. What other pictures are laid on.

use aquatint_domain::Problem;
use aquatint_media::Picture;
use image::DynamicImage;
use serde::Deserialize;
use serde_json::json;

use crate::cutout_finish::Backdrop;
use crate::engine::{Engine, EngineJob, Product};

const SIDE: u32 = 1_024;

pub struct CanvasPlain;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    /// `#rrggbb`, or two of them with a comma.
    prompt: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    /// Chance takes no part.
    #[serde(default)]
    seed: u64,
}

impl Engine for CanvasPlain {
    fn id(&self) -> &'static str {
        "canvas.plain"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let (width, height) = (args.width.unwrap_or(SIDE), args.height.unwrap_or(SIDE));
        job.check_size(width.into(), height.into())?;
        let text = args.prompt.unwrap_or_else(|| "#ffffff".to_owned());
        let colors: Vec<&str> = text.split(',').map(str::trim).collect();
        let backdrop = match colors[..] {
            [one] => Backdrop::Color(one.to_owned()),
            [from, to] => Backdrop::Gradient(from.to_owned(), to.to_owned()),
            _ => {
                return Err(Problem::invalid(
                    "prompt",
                    "A canvas is a colour such as `#f4efe6`, or two such as `#ffffff,#d8dee6`, from top to bottom.",
                ));
            }
        };
        let image = backdrop
            .render(width, height, &mut job)
            .map_err(|problem| problem.at("prompt"))?;
        Ok(Product::Picture {
            picture: Picture::new(DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(image).into_rgb8())),
            facts: json!({}),
            seed: Some(args.seed),
        })
    }
}
