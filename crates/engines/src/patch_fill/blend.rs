//! Blending in the gradient domain (Pérez, Gangnet and Blake, 2003): what is put into the hole keeps the steps from pixel to pixel that
//! its sources have, and meets the known pixels around it without a step of its own.

use super::level::{Level, PATCH};
use super::nearest::Nearest;

/// How strongly the colours that the votes gave are held beside the steps between them: a difference at the edge has faded to a third
/// after 1/√0.001 ≈ 32 pixels. Without it a thing that is cut by the edge would bleed through the whole hole.
const HOLD: f32 = 1e-3;
/// Rounds of relaxation on each level, and by how much each goes beyond its aim, which makes it quicker.
const ROUNDS: usize = 12;
const BEYOND: f32 = 1.5;
/// The coarsest level of what is solved has about this short side.
const COARSEST: usize = 8;

type Color = [f32; 3];

/// Changes the hole's colours towards the steps that the sources have. `says`: how much each target's source counts.
pub(super) fn blend(level: &mut Level, field: &Nearest, says: &[f32]) {
    let (w, h) = (level.width, level.height);
    let mut off = vec![[0.0; 3]; w * h];
    add_steps(&mut off, level, field, says, 1, [PATCH, PATCH - 1]);
    add_steps(&mut off, level, field, says, w, [PATCH - 1, PATCH]);
    let more = settled(&level.is_hole, &off, w, h, HOLD);
    for ((pixel, more), is_hole) in level.pixels.iter_mut().zip(more).zip(&level.is_hole) {
        if *is_hole {
            for channel in 0..3 {
                pixel[channel] = (pixel[channel] + more[channel]).clamp(0.0, 1.0);
            }
        }
    }
}

/// Adds to each pixel how far its steps to the pixels that lie `next` before and after it are from those of the sources. A patch has so
/// many `[rows, columns]` of such steps.
fn add_steps(
    off: &mut [Color],
    level: &Level,
    field: &Nearest,
    says: &[f32],
    next: usize,
    [rows, columns]: [usize; 2],
) {
    let mut steps = vec![([0.0f32; 3], 0.0f32); level.pixels.len()];
    for (index, target) in field.targets.iter().enumerate() {
        let (target, source) = (*target as usize, field.source[index] as usize);
        for row in 0..rows {
            for column in 0..columns {
                let offset = row * level.width + column;
                let (from, to) = (level.pixels[source + offset], level.pixels[source + offset + next]);
                let (step, total) = &mut steps[target + offset];
                for channel in 0..3 {
                    step[channel] += (to[channel] - from[channel]) * says[index];
                }
                *total += says[index];
            }
        }
    }
    for (at, (step, total)) in steps.into_iter().enumerate() {
        // A step between known pixels is what it is.
        if total <= 0.0 || !(level.is_hole[at] || level.is_hole[at + next]) {
            continue;
        }
        for channel in 0..3 {
            let own = level.pixels[at + next][channel] - level.pixels[at][channel];
            let wanted = step[channel] / total - own;
            off[at][channel] -= wanted;
            off[at + next][channel] += wanted;
        }
    }
}

/// Solves `Σ (c − c of a neighbour) + hold × c = off` for the pixels of the hole, with c = 0 everywhere else: from coarse to fine, by
/// successive over-relaxation on each level.
fn settled(is_hole: &[bool], off: &[Color], width: usize, height: usize, hold: f32) -> Vec<Color> {
    let mut found = begun(is_hole, off, width, height, hold);
    for _ in 0..ROUNDS {
        for y in 0..height {
            for x in 0..width {
                let at = y * width + x;
                if !is_hole[at] {
                    continue;
                }
                let (mut sum, mut count) = (off[at], hold);
                let mut meet = |neighbour: usize| {
                    for channel in 0..3 {
                        sum[channel] += found[neighbour][channel];
                    }
                    count += 1.0;
                };
                if x > 0 {
                    meet(at - 1);
                }
                if x + 1 < width {
                    meet(at + 1);
                }
                if y > 0 {
                    meet(at - width);
                }
                if y + 1 < height {
                    meet(at + width);
                }
                for channel in 0..3 {
                    found[at][channel] += BEYOND * (sum[channel] / count - found[at][channel]);
                }
            }
        }
    }
    found
}

/// What relaxation begins with: the solution at half the size, between its pixels.
fn begun(is_hole: &[bool], off: &[Color], width: usize, height: usize, hold: f32) -> Vec<Color> {
    let mut found = vec![[0.0f32; 3]; width * height];
    let (half_w, half_h) = (width / 2, height / 2);
    if half_w.min(half_h) < COARSEST / 2 {
        return found;
    }
    let mut half_hole = vec![false; half_w * half_h];
    let mut half_off = vec![[0.0f32; 3]; half_w * half_h];
    for y in 0..half_h {
        for x in 0..half_w {
            let at = 2 * y * width + 2 * x;
            let four = [at, at + 1, at + width, at + width + 1];
            half_hole[y * half_w + x] = four.iter().all(|at| is_hole[*at]);
            for at in four.into_iter().filter(|at| is_hole[*at]) {
                for channel in 0..3 {
                    half_off[y * half_w + x][channel] += off[at][channel];
                }
            }
        }
    }
    if !half_hole.contains(&true) {
        return found;
    }
    // Of four times the area, a pixel is held four times as much.
    let half = settled(&half_hole, &half_off, half_w, half_h, hold * 4.0);
    let between = |at: usize, length: usize| {
        let place = (at as f32 / 2.0 - 0.25).clamp(0.0, (length - 1) as f32);
        let first = place as usize;
        (first, (first + 1).min(length - 1), place - first as f32)
    };
    for y in 0..height {
        let (top, bottom, down) = between(y, half_h);
        for x in 0..width {
            if !is_hole[y * width + x] {
                continue;
            }
            let (left, right, across) = between(x, half_w);
            for channel in 0..3 {
                let row = |row: usize| {
                    let (a, b) = (half[row * half_w + left][channel], half[row * half_w + right][channel]);
                    a + (b - a) * across
                };
                found[y * width + x][channel] = row(top) + (row(bottom) - row(top)) * down;
            }
        }
    }
    found
}
