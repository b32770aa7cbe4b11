//! Short ways to let an engine work.

use aquatint_domain::Problem;
use aquatint_engines::{EngineJob, Limits, Output, Product, find};
use aquatint_media::Picture;
use image::DynamicImage;
use serde_json::Value;

pub fn run(engine: &str, arguments: Value, inputs: Vec<DynamicImage>) -> Result<Product, Problem> {
    run_as(engine, arguments, inputs, Output::default())
}

pub fn run_as(engine: &str, arguments: Value, inputs: Vec<DynamicImage>, output: Output) -> Result<Product, Problem> {
    let mut last = 0.0;
    find(engine).expect("the engine exists").run(EngineJob {
        arguments: &arguments,
        inputs: inputs.into_iter().map(Picture::new).collect(),
        output: &output,
        limits: &Limits::default(),
        progress: &mut |done, stage| {
            assert!(
                (0.0..=1.0).contains(&done) && done >= last - 1e-9,
                "{done} after {last}"
            );
            assert!(!stage.is_empty());
            last = done;
        },
    })
}

/// The picture and the facts of a result.
pub fn made(product: Result<Product, Problem>) -> (DynamicImage, Value) {
    match product.expect("the engine works") {
        Product::Picture { picture, facts, .. } => (picture.image, facts),
        Product::File { .. } => panic!("a picture was wanted"),
    }
}

/// Peak signal-to-noise ratio of the colours, in dB.
pub fn psnr(one: &DynamicImage, other: &DynamicImage) -> f64 {
    let (one, other) = (one.to_rgb8(), other.to_rgb8());
    assert_eq!(one.dimensions(), other.dimensions());
    let squares: f64 = one
        .as_raw()
        .iter()
        .zip(other.as_raw())
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
        .sum();
    10.0 * (255.0f64.powi(2) / (squares / one.as_raw().len() as f64).max(1e-9)).log10()
}

/// A sample photograph where the samples are at hand, at most 700 px wide.
pub fn sample(name: &str) -> Option<DynamicImage> {
    let folder = std::env::var_os("AQUATINT_SAMPLES").map(std::path::PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"));
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => {
            let picture = image::load_from_memory(&bytes).expect("a photograph");
            Some(picture.thumbnail(700, 700))
        }
        Err(_) => {
            println!("SKIPPED: the sample photograph {name} is not at hand (set AQUATINT_SAMPLES)");
            None
        }
    }
}
