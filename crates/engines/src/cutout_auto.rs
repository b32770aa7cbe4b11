//! Cut-out for whatever comes: our own network finds the subject, and where the background is plain and both ways agree,
//! the sharper matte of the way for plain backgrounds is taken.

use aquatint_domain::Problem;
use aquatint_media::{Picture, resize_mask};

use crate::cutout_finish::Finish;
use crate::cutout_net::{self, Seen};
use crate::cutout_plain;
use crate::engine::{Engine, EngineJob, Product};
use crate::matte::Matte;

/// The confidence from which a background counts as plain.
const PLAIN: f32 = 0.8;
/// The IoU from which the two ways have found the same subject. A white thing on white looks like a plain background with
/// nothing in it, so being sure of the background is not enough.
const ALIKE: f32 = 0.85;
/// A network that is less sure than this has found nothing that the other way could disagree with.
const LOST: f32 = 0.45;

pub struct CutoutAuto;

impl Engine for CutoutAuto {
    fn id(&self) -> &'static str {
        "cutout.auto"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let finish: Finish = job.read()?;
        let picture = job.take_first()?;
        let matte = matte_of(&picture, finish.has_shadow(), job.progress)?;
        finish.apply(&picture, matte, &mut job)
    }
}

/// The subject of a picture; without the shadow that it throws, where it will get a new one.
pub(crate) fn matte_of(
    picture: &Picture,
    is_shadow_dropped: bool,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Matte, Problem> {
    let (plain, seen) = std::thread::scope(|scope| {
        let seen = scope.spawn(|| cutout_net::look(picture));
        let plain = cutout_plain::found(picture, is_shadow_dropped, progress);
        progress(0.62, "looking for the subject");
        (plain, seen.join())
    });
    let mut plain = plain?;
    let seen = seen.map_err(|_| Problem::internal("the network could not look at the picture"))??;
    let is_plain = plain.confidence >= PLAIN && (seen.confidence < LOST || agreement(&plain, &seen)? >= ALIKE);
    if is_plain {
        plain.engine = Some("cutout.plain");
        return Ok(plain);
    }
    let mut matte = seen.matte(picture)?;
    matte.engine = Some("cutout.net");
    Ok(matte)
}

/// How alike the two found the subject: their IoU, each cut at half. That the network is grey where it is not sure does not count.
fn agreement(plain: &Matte, seen: &Seen) -> Result<f32, Problem> {
    let small = resize_mask(&plain.alpha, seen.side as u32, seen.side as u32)?;
    let (mut both, mut either) = (0u32, 0u32);
    for (a, b) in small.as_raw().iter().zip(&seen.shares) {
        let (a, b) = (*a > 127, *b > 0.5);
        both += u32::from(a && b);
        either += u32::from(a || b);
    }
    Ok(both as f32 / either.max(1) as f32)
}
