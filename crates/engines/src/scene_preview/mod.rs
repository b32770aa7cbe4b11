//! Scene preview: renders a studio product scene from the words of a prompt. It is a procedural
//! preview, not a learned model: it understands surfaces, backdrops, light, palettes and a few
//! simple objects, says what it understood, and names the words that it ignored.

mod materials;
mod prompt;
mod render;
mod shapes;

use aquatint_domain::Problem;
use aquatint_media::Picture;
use serde::Deserialize;
use serde_json::json;

pub(crate) use prompt::Scene;
pub(crate) use render::render;

use crate::engine::{Engine, EngineJob, Product};

/// Dimensions that the engine takes.
const SIDE: std::ops::RangeInclusive<u32> = 64..=4_096;
const LABEL: &str = "procedural preview, not a learned model";

pub struct ScenePreview;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    prompt: String,
    width: u32,
    height: u32,
    seed: u64,
}

impl Engine for ScenePreview {
    fn id(&self) -> &'static str {
        "scene.preview"
    }

    fn run(&self, job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        if !SIDE.contains(&args.width) || !SIDE.contains(&args.height) {
            return Err(Problem::invalid(
                "width",
                format!("Width and height must be {} to {} px.", SIDE.start(), SIDE.end()),
            ));
        }
        job.check_size(args.width.into(), args.height.into())?;
        let scene = Scene::read(&args.prompt, args.seed);
        let image = render(&scene, args.width, args.height, &mut |done| {
            (job.progress)(0.05 + 0.8 * done, "rendering")
        });
        let facts = json!({ "label": LABEL, "understood": scene.understood(), "ignored": scene.ignored });
        Ok(Product::Picture {
            picture: Picture::new(image::DynamicImage::ImageRgb8(image)),
            facts,
            seed: Some(args.seed),
        })
    }
}
