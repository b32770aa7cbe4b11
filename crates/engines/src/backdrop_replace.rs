//! Replace the background: the cut-out on a colour.

use aquatint_domain::Problem;
use aquatint_media::flatten;
use serde::Deserialize;

use crate::cutout_plain::cut_out;
use crate::engine::{Engine, EngineJob, Product, color};

pub struct BackdropReplace;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Args {
    background: String,
}

impl Engine for BackdropReplace {
    fn id(&self) -> &'static str {
        "backdrop.replace"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let background = color(&args.background)?;
        let picture = job.take_input()?;
        let cut = cut_out(&picture, job.progress)?;
        Ok(Product::Picture {
            picture: flatten(&cut.picture, background),
            facts: cut.facts,
            seed: None,
        })
    }
}
