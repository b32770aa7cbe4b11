//! One level of the picture: colours and liveliness, what is to be filled, and how much each pixel is trusted.

use super::Canvas;
use crate::cells::Cells;
use crate::planes::Plane;

/// Side of a patch.
pub(super) const PATCH: usize = 7;
/// Pixels around one that its liveliness is found in, and how much that counts beside colours.
const AROUND: usize = 8;
const LIVELINESS: f32 = 7.0;
/// The share of a window that must be known, or the window has less than its liveliness.
const LEAST_KNOWN: f32 = 0.02;
/// How much less a pixel in the hole counts for each pixel that it lies farther from what is known.
const TRUST: f32 = 0.78;
const LEAST_TRUST: f32 = 0.01;

/// Colours, then how lively the surroundings are, across and down.
pub(super) const CHANNELS: usize = 5;
pub(super) type Pixel = [f32; CHANNELS];

/// A canvas on one level, with what is compared and voted on.
pub(super) struct Level {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Pixel>,
    pub is_hole: Vec<bool>,
}

/// The canvas with how lively it is around each pixel: the mean difference of neighbours, across and down. Without it a smooth
/// patch is the best guess for everything (Newson et al., 2014).
pub(super) fn lively(canvas: &Canvas) -> Level {
    let (w, h) = (canvas.width, canvas.height);
    let grey = |at: usize| canvas.pixels[at].iter().sum::<f32>() / 3.0;
    let [mut known, mut across, mut down] = [0; 3].map(|_| Plane::zero(w, h));
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let (right, below) = (at + usize::from(x + 1 < w), at + if y + 1 < h { w } else { 0 });
            if ![at, right, below].iter().any(|pixel| canvas.is_hole[*pixel]) {
                known.values[at] = 1.0;
                across.values[at] = (grey(right) - grey(at)).abs();
                down.values[at] = (grey(below) - grey(at)).abs();
            }
        }
    }
    let cells = Cells::coarse(w, h, AROUND);
    let [known, across, down] = cells.means([&known, &across, &down], |means| means);
    let [across, down] = cells.spread([&known, &across, &down], [], |[known, across, down], []| {
        let share = LIVELINESS / known.max(LEAST_KNOWN);
        [across * share, down * share]
    });
    let pixels = canvas.pixels.iter().zip(across.values.iter().zip(&down.values));
    Level {
        width: w,
        height: h,
        pixels: pixels
            .map(|([r, g, b], (across, down))| [*r, *g, *b, *across, *down])
            .collect(),
        is_hole: canvas.is_hole.clone(),
    }
}

/// How deep the hole is: the most pixels from one in the hole to a known one, straight or across.
pub(super) fn hole_depth(level: &Level) -> usize {
    let (w, h) = (level.width, level.height);
    let far = w.max(h);
    let mut away: Vec<usize> = level.is_hole.iter().map(|hole| if *hole { far } else { 0 }).collect();
    chamfer(w, h, |at, near| away[at] = away[at].min(away[near] + 1));
    away.into_iter().max().unwrap_or(0)
}

/// Two passes over all pixels, there and back, each with its neighbours that were passed before.
fn chamfer(width: usize, height: usize, mut meet: impl FnMut(usize, usize)) {
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            if x > 0 {
                meet(at, at - 1);
            }
            if y > 0 {
                let above = at - width;
                meet(at, above);
                if x > 0 {
                    meet(at, above - 1);
                }
                if x + 1 < width {
                    meet(at, above + 1);
                }
            }
        }
    }
    for y in (0..height).rev() {
        for x in (0..width).rev() {
            let at = y * width + x;
            if x + 1 < width {
                meet(at, at + 1);
            }
            if y + 1 < height {
                let below = at + width;
                meet(at, below);
                if x > 0 {
                    meet(at, below - 1);
                }
                if x + 1 < width {
                    meet(at, below + 1);
                }
            }
        }
    }
}

/// Half the size. A pixel is in the hole when any of its four is; a known one is the mean of four known ones.
pub(super) fn half(from: &Level) -> Level {
    let (width, height) = (from.width / 2, from.height / 2);
    let mut pixels = Vec::with_capacity(width * height);
    let mut is_hole = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; CHANNELS];
            let mut hole = false;
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let at = (2 * y + dy) * from.width + 2 * x + dx;
                hole |= from.is_hole[at];
                for channel in 0..CHANNELS {
                    sum[channel] += from.pixels[at][channel] / 4.0;
                }
            }
            pixels.push(sum);
            is_hole.push(hole);
        }
    }
    Level {
        width,
        height,
        pixels,
        is_hole,
    }
}

/// Whether the patch with this upper left corner lies within the picture and outside the hole.
pub(super) fn source_mask(level: &Level) -> Vec<bool> {
    corners(level, |holes| holes == 0)
}

/// Marks upper left corners of patches by how many pixels of the hole they cover.
pub(super) fn corners(level: &Level, wanted: impl Fn(u32) -> bool) -> Vec<bool> {
    let (w, h) = (level.width, level.height);
    // Sums over everything above and to the left.
    let mut sums = vec![0u32; (w + 1) * (h + 1)];
    for y in 0..h {
        for x in 0..w {
            sums[(y + 1) * (w + 1) + x + 1] =
                u32::from(level.is_hole[y * w + x]) + sums[y * (w + 1) + x + 1] + sums[(y + 1) * (w + 1) + x]
                    - sums[y * (w + 1) + x];
        }
    }
    let mut marked = vec![false; w * h];
    if w < PATCH || h < PATCH {
        return marked;
    }
    for y in 0..=h - PATCH {
        for x in 0..=w - PATCH {
            let at = |dx: usize, dy: usize| sums[(y + dy) * (w + 1) + x + dx];
            let holes = at(PATCH, PATCH) + at(0, 0) - at(PATCH, 0) - at(0, PATCH);
            marked[y * w + x] = wanted(holes);
        }
    }
    marked
}

pub(super) fn sources(level: &Level) -> Vec<u32> {
    sources_of(&source_mask(level))
}

pub(super) fn sources_of(is_source: &[bool]) -> Vec<u32> {
    (0..is_source.len() as u32)
        .filter(|at| is_source[*at as usize])
        .collect()
}

/// How much each pixel counts in a comparison: known ones fully, others less the deeper they lie.
pub(super) fn trust(level: &Level) -> Vec<f32> {
    let mut trust: Vec<f32> = level.is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    // The best of the neighbours, a little less.
    chamfer(level.width, level.height, |at, near| {
        trust[at] = trust[at].max(trust[near] * TRUST)
    });
    for value in &mut trust {
        *value = value.max(LEAST_TRUST);
    }
    trust
}

/// How much all pixels of a patch count.
pub(super) fn trusted(level: &Level, trust: &[f32], target: u32) -> f32 {
    (0..PATCH)
        .map(|row| {
            let at = target as usize + row * level.width;
            trust[at..at + PATCH].iter().sum::<f32>()
        })
        .sum()
}
