//! Content-aware fill: a hole is filled with patches from the rest of the picture, found by PatchMatch (Barnes et al.,
//! 2009) and merged by weighted votes from coarse to fine (Wexler, Shechtman and Irani, 2007), with a first guess from the hole's
//! edge inwards and a sense of how lively a place is (Newson et al., 2014). At the end the steps
//! between pixels count rather than their colours, so that light and gradients go on without a seam.

mod blend;
mod level;
mod nearest;
mod peel;
mod spread;

use blend::blend;
use level::{
    CHANNELS, Level, PATCH, Pixel, half, hole_depth, lively, source_mask, sources, sources_of, trust, trusted,
};
use nearest::Nearest;
use peel::peel;
pub(crate) use spread::spread_alpha;

use crate::random::Random;

/// The coarsest level has about this short side.
const COARSEST: usize = 24;
/// How deep the hole is at most on the coarsest level, in pixels: more levels than it takes would leave no room for a patch between
/// the things around it.
const DEEPEST: usize = 2 * PATCH;
/// Comparisons of patches that one round on one level may cost, roughly; large levels get fewer rounds.
const BUDGET: usize = 300_000;
/// In the last vote good patches have more of a say than before, which is sharper.
const FINAL_WIDTH: f32 = 0.1;
/// Patches that are less apart than this, per pixel, are alike to the eye; their mean has no seams.
const ALIKE: f32 = 5e-4;
/// No patch is without a say, or a pixel that only bad ones cover would have no colour …
const LEAST_SAY: f32 = 1e-6;
/// … and one around a known pixel has a good one: patches within the hole fit what they made themselves, and would outvote it.
const LEAST_SAY_AT_EDGE: f32 = 0.3;

/// A picture as colours from 0 to 1, and what of it is to be filled.
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; 3]>,
    pub is_hole: Vec<bool>,
}

/// Fills the hole. `false`: there is too little to take from, and nothing was changed. The same seed gives the same result.
pub(crate) fn fill(canvas: &mut Canvas, seed: u64, progress: &mut dyn FnMut(f64)) -> bool {
    let mut levels = vec![lively(canvas)];
    while let Some(last) = levels.last() {
        if last.width.min(last.height) / 2 < COARSEST || hole_depth(last) <= DEEPEST {
            break;
        }
        let next = half(last);
        if sources(&next).len() < 16 {
            break;
        }
        levels.push(next);
    }
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    let mut nearest: Option<Nearest> = None;
    let count = levels.len();
    for depth in (0..count).rev() {
        let mut level = levels.swap_remove(depth);
        let is_source = source_mask(&level);
        let sources = sources_of(&is_source);
        if sources.is_empty() {
            return false;
        }
        let trust = trust(&level);
        let mut field = match nearest.take() {
            None => peel(&mut level, &is_source, &sources, &mut random),
            Some(coarse) => {
                let field = coarse.doubled(&level, &is_source, &sources, &mut random);
                // The coarse level's patches, in this level's pixels, are where it begins.
                let voted = vote(&level, &field, &says(&level, &field, &trust, 1.0));
                put(&mut level, &voted);
                field
            }
        };
        let targets = field.targets.len().max(1);
        let rounds = (BUDGET / targets).clamp(1, 8);
        let sweeps = (BUDGET / targets).clamp(1, 4);
        for round in 0..rounds {
            field.measure(&level, &trust);
            for sweep in 0..sweeps {
                field.sweep(&level, &is_source, &trust, sweep % 2 == 1, &mut random);
            }
            let is_last = depth == 0 && round + 1 == rounds;
            let says = says(&level, &field, &trust, if is_last { FINAL_WIDTH } else { 1.0 });
            let voted = vote(&level, &field, &says);
            put(&mut level, &voted);
            if is_last {
                drop(voted);
                blend(&mut level, &field, &says);
            }
            let done = (count - 1 - depth) as f64 + (round + 1) as f64 / rounds as f64;
            progress(done / count as f64);
        }
        if depth == 0 {
            for (pixel, made) in canvas.pixels.iter_mut().zip(level.pixels) {
                *pixel = [made[0], made[1], made[2]];
            }
            return true;
        }
        nearest = Some(field);
    }
    false
}

/// How much each target's source counts: the less the further apart they are, along a bell; three of four patches lie within its
/// `width`. A lower one lets the best patch have its way, which is sharper.
fn says(level: &Level, field: &Nearest, trust: &[f32], width: f32) -> Vec<f32> {
    // Per trusted pixel: a patch deep in the hole, which is compared with what was guessed, is no better for it.
    let costs: Vec<f32> = field
        .targets
        .iter()
        .zip(&field.cost)
        .map(|(target, cost)| {
            if *cost < f32::MAX {
                cost / trusted(level, trust, *target)
            } else {
                0.0
            }
        })
        .collect();
    let mut sorted = costs.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let typical = (sorted.get(sorted.len() * 3 / 4).copied().unwrap_or_default() * width).max(ALIKE);
    let each = field.targets.iter().zip(costs).map(|(target, cost)| {
        let centre = trust[*target as usize + PATCH / 2 * level.width + PATCH / 2];
        let least = if centre >= 1.0 { LEAST_SAY_AT_EDGE } else { LEAST_SAY };
        centre * (-cost / typical).exp().max(least)
    });
    each.collect()
}

/// What the sources say about every pixel that a target covers, with the sum of their weights.
fn vote(level: &Level, field: &Nearest, says: &[f32]) -> Vec<(Pixel, f32)> {
    let mut votes = vec![([0.0f32; CHANNELS], 0.0f32); level.pixels.len()];
    for (index, target) in field.targets.iter().enumerate() {
        let (target, source, weight) = (*target as usize, field.source[index] as usize, says[index]);
        for row in 0..PATCH {
            for column in 0..PATCH {
                let offset = row * level.width + column;
                let (color, total) = &mut votes[target + offset];
                let said = level.pixels[source + offset];
                for channel in 0..CHANNELS {
                    color[channel] += said[channel] * weight;
                }
                *total += weight;
            }
        }
    }
    for (color, total) in &mut votes {
        if *total > 0.0 {
            *color = color.map(|channel| channel / *total);
        }
    }
    votes
}

fn put(level: &mut Level, voted: &[(Pixel, f32)]) {
    for (at, (color, weight)) in voted.iter().enumerate() {
        if level.is_hole[at] && *weight > 0.0 {
            level.pixels[at] = *color;
        }
    }
}
