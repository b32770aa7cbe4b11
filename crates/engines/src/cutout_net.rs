//! Cut-out for any background by our own network, which `training/cutout` made and describes: a U-Net that looks at the
//! whole picture as a small square, and once more mirrored and smaller. It says how sure it is by how decided and how alike the
//! two are.

use std::sync::OnceLock;

use aquatint_domain::Problem;
use aquatint_media::{Picture, flatten, resize};
use image::Rgb32FImage;
use image::imageops::flip_horizontal;

use crate::cutout_finish::Finish;
use crate::engine::{Engine, EngineJob, Product};
use crate::matte::{Matte, SURE};
use crate::net::{Layer, Map, Weights};

static WEIGHTS: &[u8] = include_bytes!("../weights/cutout.safetensors");
/// The sides of the two squares that the weights do best at together, in pixels: plain, and mirrored.
const SIDE: usize = 320;
const MIRRORED_SIDE: usize = 192;
/// Confidence is 1 / (1 + exp(-(certainty, agreement and 1 times these))): fitted by `training/cutout/calibrate.py` to these weights,
/// on held-out scenes, so that it is the expected IoU.
const CONFIDENCE: [f32; 3] = [2.232, 1.803, -1.339];
/// A share above this counts as something that the network saw.
const SEEN: f32 = 0.05;

pub struct CutoutNet;

impl Engine for CutoutNet {
    fn id(&self) -> &'static str {
        "cutout.net"
    }

    fn run(&self, mut job: EngineJob<'_>) -> Result<Product, Problem> {
        let finish: Finish = job.read()?;
        let picture = job.take_first()?;
        (job.progress)(0.1, "finding the subject");
        let matte = look(&picture)?.matte(&picture)?;
        finish.apply(&picture, matte, &mut job)
    }
}

/// What the network sees in a picture: how surely each pixel of a square belongs to the subject, from 0 to 1.
pub(crate) struct Seen {
    pub side: usize,
    pub shares: Vec<f32>,
    /// From 0 to 1.
    pub confidence: f32,
}

impl Seen {
    pub fn matte(&self, picture: &Picture) -> Result<Matte, Problem> {
        let mut matte = Matte::from_shares(&self.shares, self.side, self.side, self.confidence, picture)?;
        matte.hint = (self.confidence < SURE).then(|| {
            "The subject is not clear, so the cut-out may be wrong. Look at it before using it; a model for general photographs does better where one is installed.".to_owned()
        });
        Ok(matte)
    }
}

/// Looks at the picture twice, once mirrored and smaller.
pub(crate) fn look(picture: &Picture) -> Result<Seen, Problem> {
    let net = own()?;
    let square = |side: usize| -> Result<Rgb32FImage, Problem> {
        Ok(flatten(&resize(picture, side as u32, side as u32)?, [255; 3])
            .image
            .to_rgb32f())
    };
    let (plain, mirrored) = (square(SIDE)?, flip_horizontal(&square(MIRRORED_SIDE)?));
    let (plain, mirrored) = both_passes(net, plain.as_raw(), mirrored.as_raw());
    let other = enlarged(&mirrored, MIRRORED_SIDE, SIDE);
    let other: Vec<f32> = other
        .chunks_exact(SIDE)
        .flat_map(|row| row.iter().rev().copied())
        .collect();
    let confidence = confidence(&plain, &other);
    let shares = plain.iter().zip(&other).map(|(a, b)| (a + b) / 2.0).collect();
    Ok(Seen {
        side: SIDE,
        shares,
        confidence,
    })
}

fn both_passes(net: &Net, plain: &[f32], mirrored: &[f32]) -> (Vec<f32>, Vec<f32>) {
    rayon::join(|| net.run(plain, SIDE), || net.run(mirrored, MIRRORED_SIDE))
}

/// For benchmarks: the mean shares of both passes over squares whose interleaved RGB, from 0 to 1, `color` tells by side, column,
/// row and channel; and the seconds of the quickest of `rounds`.
///
/// # Errors
/// Where the weights inside cannot be read.
#[doc(hidden)]
pub fn timed_passes(rounds: u32, color: impl Fn(usize, usize, usize) -> f32) -> Result<([f32; 2], f64), Problem> {
    let net = own()?;
    let square = |side: usize| -> Vec<f32> {
        (0..side * side * 3)
            .map(|at| color(at / 3 % side, at / 3 / side, at % 3))
            .collect()
    };
    let (plain, mirrored) = (square(SIDE), square(MIRRORED_SIDE));
    let (mut means, mut best) = ([0.0; 2], f64::MAX);
    for _ in 0..rounds {
        // The wall is what a benchmark measures.
        #[allow(clippy::disallowed_methods)]
        let begin = std::time::Instant::now();
        let (one, other) = both_passes(net, &plain, &mirrored);
        best = best.min(begin.elapsed().as_secs_f64());
        means = [one, other].map(|shares| shares.iter().sum::<f32>() / shares.len() as f32);
    }
    Ok((means, best))
}

/// The numbers of a square at another side, bilinearly between the middles of pixels.
fn enlarged(values: &[f32], side: usize, wanted: usize) -> Vec<f32> {
    let place = |at: usize| {
        let middle = ((at as f32 + 0.5) * side as f32 / wanted as f32 - 0.5).clamp(0.0, (side - 1) as f32);
        let first = middle as usize;
        (first, (first + 1).min(side - 1), middle - first as f32)
    };
    let mut made = Vec::with_capacity(wanted * wanted);
    for (above, below, down) in (0..wanted).map(place) {
        for (left, right, across) in (0..wanted).map(place) {
            let row = |y: usize| values[y * side + left] * (1.0 - across) + values[y * side + right] * across;
            made.push(row(above) * (1.0 - down) + row(below) * down);
        }
    }
    made
}

/// By two features: the mean of |2a − 1| where something was seen, and the soft IoU of the two passes.
fn confidence(one: &[f32], other: &[f32]) -> f32 {
    let (mut decided, mut seen, mut both, mut either) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
    for (a, b) in one.iter().zip(other) {
        let mean = (a + b) / 2.0;
        if mean > SEEN {
            decided += (2.0 * mean - 1.0).abs();
            seen += 1.0;
        }
        both += a.min(*b);
        either += a.max(*b);
    }
    let (certainty, agreement) = (decided / seen.max(1.0), both / either.max(1e-6));
    let [a, b, c] = CONFIDENCE;
    sigmoid(a * certainty + b * agreement + c)
}

fn sigmoid(value: f32) -> f32 {
    1.0 / (1.0 + (-value).exp())
}

fn own() -> Result<&'static Net, Problem> {
    static READ: OnceLock<Net> = OnceLock::new();
    match READ.get() {
        Some(net) => Ok(net),
        None => {
            let net = Net::read(WEIGHTS)?;
            Ok(READ.get_or_init(|| net))
        }
    }
}

/// The layers, as many and as wide as the weights say.
struct Net {
    /// From the finest level to the coarsest.
    down: Vec<Pair>,
    /// One more for each of the coarsest levels, whose input is added.
    more: Vec<Pair>,
    /// From the coarsest level but one to the finest.
    up: Vec<Pair>,
    tail: Layer,
    /// Pixels in a row that are taken together as one.
    together: usize,
}

/// Two convolutions, each with ReLU.
struct Pair {
    first: Layer,
    second: Layer,
}

impl Pair {
    fn read(weights: &Weights<'_>, name: &str) -> Result<Self, Problem> {
        let first = weights.layer(&format!("{name}.first"))?;
        let second = weights.layer(&format!("{name}.second"))?;
        fits(name, second.inputs() == first.outputs())?;
        Ok(Self { first, second })
    }

    fn all(weights: &Weights<'_>, name: &str) -> Result<Vec<Self>, Problem> {
        let mut found = Vec::new();
        while weights.has(&format!("{name}.{}.first.weight", found.len())) {
            found.push(Self::read(weights, &format!("{name}.{}", found.len()))?);
        }
        Ok(found)
    }

    /// `is_added`: the input is added before the last ReLU.
    fn run(&self, input: &Map, is_added: bool) -> Map {
        let mut between = Map::new(input.width, input.height, self.first.outputs());
        self.first.run_spread(input, None, true, &mut between);
        let mut made = Map::new(input.width, input.height, self.second.outputs());
        self.second
            .run_spread(&between, is_added.then_some(input), true, &mut made);
        made
    }
}

fn fits(name: &str, is_fit: bool) -> Result<(), Problem> {
    if is_fit {
        return Ok(());
    }
    Err(Problem::internal(format!(
        "the weights of {name} do not fit their neighbours"
    )))
}

impl Net {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let weights = Weights::read(bytes)?;
        let tail = weights.layer("tail")?;
        let net = Self {
            down: Pair::all(&weights, "down")?,
            more: Pair::all(&weights, "more")?,
            up: Pair::all(&weights, "up")?,
            together: tail.outputs().isqrt(),
            tail,
        };
        let levels = net.down.len();
        fits(
            "the levels",
            levels > 0 && net.up.len() + 1 == levels && net.more.len() <= levels,
        )?;
        let mut width = 3 * net.together * net.together;
        for (level, pair) in net.down.iter().enumerate() {
            fits("down", pair.first.inputs() == width)?;
            width = pair.second.outputs();
            if let Some(more) = net.more_at(level) {
                fits("more", more.first.inputs() == width && more.second.outputs() == width)?;
            }
        }
        for (number, pair) in net.up.iter().enumerate() {
            let side = net.down[levels - 2 - number].second.outputs();
            fits("up", pair.first.inputs() == width + side)?;
            width = pair.second.outputs();
        }
        fits("tail", net.tail.inputs() == width)?;
        Ok(net)
    }

    fn more_at(&self, level: usize) -> Option<&Pair> {
        let first = self.down.len() - self.more.len();
        level.checked_sub(first).and_then(|number| self.more.get(number))
    }

    /// Interleaved RGB from 0 to 1 of a square whose side is a multiple of all steps, to the shares of its pixels.
    fn run(&self, rgb: &[f32], side: usize) -> Vec<f32> {
        let centred: Vec<f32> = rgb.iter().map(|value| 2.0 * value - 1.0).collect();
        let mut now = Map::gathered(&centred, side, side, 3, self.together);
        let mut kept: Vec<Map> = Vec::new();
        for (level, pair) in self.down.iter().enumerate() {
            let made = pair.run(&if level == 0 { now } else { now.halved() }, false);
            now = match self.more_at(level) {
                Some(more) => more.run(&made, true),
                None => made,
            };
            if level + 1 < self.down.len() {
                kept.push(now.clone());
            }
        }
        for (pair, side) in self.up.iter().zip(kept.iter().rev()) {
            now = pair.run(&now.doubled_beside(side), false);
        }
        let mut logits = Map::new(now.width, now.height, self.tail.outputs());
        self.tail.run_spread(&now, None, false, &mut logits);
        logits.spread(self.together).into_iter().map(sigmoid).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tiny network of the same kind, one input and what PyTorch makes of it (`training/parity/cutout.py`).
    static PARITY: &[u8] = include_bytes!("../tests/data/cutout.safetensors");

    #[test]
    fn it_comes_to_the_numbers_that_pytorch_comes_to() {
        agree(PARITY, PARITY);
    }

    fn agree(numbers: &[u8], network: &[u8]) {
        let numbers = Weights::read(numbers).expect("a file");
        let (input, shape) = numbers.floats("input").expect("an input");
        let (wanted, _) = numbers.floats("alpha").expect("an output");
        let side = *shape.last().expect("a shape");
        assert_eq!(input.len(), 3 * side * side);
        let rgb: Vec<f32> = (0..side * side)
            .flat_map(|at| [0, 1, 2].map(|channel| input[channel * side * side + at]))
            .collect();
        let made = Net::read(network).expect("a network").run(&rgb, side);
        let off = made.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(off < 1e-4, "{off}");
    }

    /// The same of the weights inside, where a file names their input and output (what `training/cutout/export.py` writes, as
    /// safetensors).
    #[test]
    fn the_weights_inside_come_to_their_numbers_too() {
        let Some(file) = std::env::var_os("AQUATINT_CUTOUT_PARITY") else {
            println!("SKIPPED: AQUATINT_CUTOUT_PARITY names no file with `input` and `alpha`");
            return;
        };
        let bytes = std::fs::read(file).expect("a file");
        agree(&bytes, WEIGHTS);
    }

    #[test]
    fn the_weights_fit_and_their_square_too() {
        let net = Net::read(WEIGHTS).expect("weights that fit");
        assert!(WEIGHTS.len() <= 8_000_000, "{}", WEIGHTS.len());
        for side in [SIDE, MIRRORED_SIDE] {
            assert_eq!(side % (net.together << (net.down.len() - 1)), 0);
        }
    }

    #[test]
    fn what_is_enlarged_keeps_its_slope_and_its_ends() {
        let slope: Vec<f32> = (0..16).map(|at| (at % 4) as f32).collect();
        let made = enlarged(&slope, 4, 8);
        assert_eq!(made[..8], [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]);
        assert_eq!(enlarged(&slope, 4, 4), slope);
    }

    #[test]
    fn confidence_grows_with_certainty_and_agreement() {
        let (sure, half) = (vec![1.0; 64], vec![0.6; 64]);
        let beside: Vec<f32> = (0..64).map(|at| f32::from(u8::from(at % 2 == 0))).collect();
        let nothing = vec![0.0; 64];
        assert!(confidence(&sure, &sure) > confidence(&half, &half));
        assert!(confidence(&sure, &sure) > confidence(&sure, &beside));
        assert!(confidence(&nothing, &nothing) < SURE);
    }
}
