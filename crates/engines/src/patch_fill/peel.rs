//! A first guess at what is in the hole.

use std::collections::HashMap;

use super::level::{CHANNELS, Level, PATCH, trusted};
use super::nearest::{Nearest, distance};
use crate::random::Random;

/// Comparisons of patches that the first guess may cost, roughly.
const PEEL_BUDGET: usize = 2_000_000;
/// How much a pixel counts in the first guess that is itself a part of it.
const PEELED: f32 = 0.7;

/// Fills the hole of the coarsest level from its edge inwards, one ring of pixels after another, each with what
/// fits best to what is known by then (the initialisation of Newson et al., 2014). A smooth guess would mix colours that
/// lie on different sides of the hole to some that are found in quite another thing.
pub(super) fn peel(level: &mut Level, is_source: &[bool], sources: &[u32], random: &mut Random) -> Nearest {
    let (w, h) = (level.width, level.height);
    let mut field = Nearest::random(level, sources, random);
    let mut known: Vec<f32> = level.is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    let mut left: Vec<usize> = (0..w * h).filter(|at| level.is_hole[*at]).collect();
    let tries = PEEL_BUDGET / left.len().max(1);
    while !left.is_empty() {
        let is_edge = |at: usize| {
            let (x, y) = (at % w, at / w);
            let rows = y.saturating_sub(1)..(y + 2).min(h);
            rows.flat_map(|row| (x.saturating_sub(1)..(x + 2).min(w)).map(move |column| row * w + column))
                .any(|near| known[near] > 0.0)
        };
        let (ring, rest): (Vec<usize>, Vec<usize>) = left.into_iter().partition(|at| is_edge(*at));
        if ring.is_empty() {
            break;
        }
        let corner = |place: usize, length: usize| place.saturating_sub(PATCH / 2).min(length - PATCH);
        let mut targets: Vec<usize> = ring
            .iter()
            .map(|at| corner(at / w, h) * w + corner(at % w, w))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        let chosen: Vec<usize> = targets.iter().map(|target| field.place[*target] as usize - 1).collect();
        for index in &chosen {
            let index = *index;
            field.cost[index] = distance(level, &known, field.targets[index], field.source[index], f32::MAX);
            if tries >= sources.len() {
                for source in sources {
                    field.offer(level, &known, index, *source);
                }
                continue;
            }
            for _ in 0..tries {
                field.offer(level, &known, index, sources[random.below(sources.len())]);
            }
            for step in [-1, 1] {
                field.follow(level, is_source, &known, index, step);
            }
            field.look_around(level, is_source, &known, index, random);
        }
        // Every patch of the ring has its say about all of the ring's pixels that it covers.
        let mut votes = vec![([0.0f32; CHANNELS], 0.0f32); ring.len()];
        let places: HashMap<usize, usize> = ring.iter().enumerate().map(|(place, at)| (*at, place)).collect();
        for index in chosen {
            let (target, source) = (field.targets[index] as usize, field.source[index] as usize);
            let weight = 1.0 / (1e-4 + field.cost[index] / trusted(level, &known, target as u32).max(1.0));
            for offset in (0..PATCH * PATCH).map(|place| place / PATCH * w + place % PATCH) {
                if let Some(place) = places.get(&(target + offset)) {
                    let said = level.pixels[source + offset];
                    for channel in 0..CHANNELS {
                        votes[*place].0[channel] += said[channel] * weight;
                    }
                    votes[*place].1 += weight;
                }
            }
        }
        for (at, (color, weight)) in ring.iter().zip(votes) {
            level.pixels[*at] = color.map(|channel| channel / weight);
        }
        for at in ring {
            known[at] = PEELED;
        }
        left = rest;
    }
    field
}
