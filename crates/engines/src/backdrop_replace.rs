//! Replace the background: the cut-out on a colour. Kept for recipes; `cutout.plain` puts subjects on anything.

use aquatint_domain::Problem;
use serde::Deserialize;

use crate::cutout_auto::matte_of;
use crate::cutout_finish::{Backdrop, Finish};
use crate::engine::{Engine, EngineJob, Product};

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

    fn version(&self) -> &'static str {
        "2"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let args: Args = job.read()?;
        let picture = job.take_first()?;
        let matte = matte_of(&picture, false, job.progress)?;
        Finish::on(Backdrop::Color(args.background)).apply(&picture, matte, &mut job)
    }
}
