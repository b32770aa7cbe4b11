//! PatchMatch: for each patch that touches the hole, the most alike among those of the rest.

use super::level::{CHANNELS, Level, PATCH, corners, sources_of};
use crate::random::Random;

/// For each patch that touches the hole, the patch of the rest that is most like it.
pub(super) struct Nearest {
    pub width: usize,
    /// Upper left corners, in reading order.
    pub targets: Vec<u32>,
    /// By pixel: the place in `targets` plus one, or nothing.
    pub place: Vec<u32>,
    /// By target: the upper left corner of its source, and how far apart they are.
    pub source: Vec<u32>,
    pub cost: Vec<f32>,
}

impl Nearest {
    pub fn new(level: &Level, mut choose: impl FnMut(u32) -> u32) -> Self {
        let targets = sources_of(&corners(level, |holes| holes > 0));
        let mut place = vec![0u32; level.pixels.len()];
        for (index, at) in targets.iter().enumerate() {
            place[*at as usize] = index as u32 + 1;
        }
        let source = targets.iter().map(|at| choose(*at)).collect();
        Self {
            width: level.width,
            cost: vec![f32::MAX; targets.len()],
            targets,
            place,
            source,
        }
    }

    pub fn random(level: &Level, sources: &[u32], random: &mut Random) -> Self {
        Self::new(level, |_| sources[random.below(sources.len())])
    }

    /// The same choice on a level of twice the size.
    pub fn doubled(&self, level: &Level, is_source: &[bool], sources: &[u32], random: &mut Random) -> Self {
        let (w, h) = (level.width, level.height);
        let coarse_w = self.width;
        let coarse_h = self.place.len() / coarse_w;
        Self::new(level, |at| {
            let (x, y) = (at as usize % w, at as usize / w);
            let (cx, cy) = (
                (x / 2).min(coarse_w.saturating_sub(PATCH)),
                (y / 2).min(coarse_h.saturating_sub(PATCH)),
            );
            let found = self.place[cy * coarse_w + cx];
            if found > 0 {
                let source = self.source[found as usize - 1] as usize;
                let sx = (source % coarse_w * 2 + x - (2 * cx).min(x)).min(w - PATCH);
                let sy = (source / coarse_w * 2 + y - (2 * cy).min(y)).min(h - PATCH);
                if is_source[sy * w + sx] {
                    return (sy * w + sx) as u32;
                }
            }
            sources[random.below(sources.len())]
        })
    }

    pub fn measure(&mut self, level: &Level, trust: &[f32]) {
        for index in 0..self.targets.len() {
            self.cost[index] = distance(level, trust, self.targets[index], self.source[index], f32::MAX);
        }
    }

    /// Every target takes over what its neighbours found, moved along, and looks around at random.
    pub fn sweep(&mut self, level: &Level, is_source: &[bool], trust: &[f32], is_backward: bool, random: &mut Random) {
        let step = if is_backward { 1 } else { -1 };
        for order in 0..self.targets.len() {
            let index = if is_backward {
                self.targets.len() - 1 - order
            } else {
                order
            };
            self.follow(level, is_source, trust, index, step);
            self.look_around(level, is_source, trust, index, random);
        }
    }

    /// Tries what the neighbours `step` pixels across and down found, moved along.
    pub fn follow(&mut self, level: &Level, is_source: &[bool], trust: &[f32], index: usize, step: i64) {
        let (w, h) = (level.width as i64, level.height as i64);
        let at = i64::from(self.targets[index]);
        for (dx, dy) in [(step, 0), (0, step)] {
            let (nx, ny) = (at % w + dx, at / w + dy);
            if nx < 0 || ny < 0 || nx >= w || ny >= h {
                continue;
            }
            let neighbour = self.place[(ny * w + nx) as usize];
            if neighbour > 0 {
                let source = i64::from(self.source[neighbour as usize - 1]);
                self.try_source(level, is_source, trust, index, source % w - dx, source / w - dy);
            }
        }
    }

    /// Tries sources around the best one at random, ever closer to it.
    pub fn look_around(&mut self, level: &Level, is_source: &[bool], trust: &[f32], index: usize, random: &mut Random) {
        let (w, h) = (level.width as i64, level.height as i64);
        let mut radius = w.max(h);
        while radius >= 1 {
            let best = i64::from(self.source[index]);
            let (sx, sy) = (best % w + random.within(radius), best / w + random.within(radius));
            self.try_source(level, is_source, trust, index, sx, sy);
            radius /= 3;
        }
    }

    pub fn try_source(&mut self, level: &Level, is_source: &[bool], trust: &[f32], index: usize, sx: i64, sy: i64) {
        let (w, h) = (level.width as i64, level.height as i64);
        if sx < 0 || sy < 0 || sx >= w || sy >= h || !is_source[(sy * w + sx) as usize] {
            return;
        }
        self.offer(level, trust, index, (sy * w + sx) as u32);
    }

    /// Takes the source if it is better than the one that is known.
    pub fn offer(&mut self, level: &Level, trust: &[f32], index: usize, source: u32) {
        if source == self.source[index] {
            return;
        }
        let cost = distance(level, trust, self.targets[index], source, self.cost[index]);
        if cost < self.cost[index] {
            self.cost[index] = cost;
            self.source[index] = source;
        }
    }
}

/// Squared distance of two patches, given up once it is `enough`.
pub(super) fn distance(level: &Level, trust: &[f32], target: u32, source: u32, enough: f32) -> f32 {
    let (target, source, width) = (target as usize, source as usize, level.width);
    let mut sum = 0.0;
    for row in 0..PATCH {
        let (t, s) = (target + row * width, source + row * width);
        let (ours, theirs, weights) = (
            &level.pixels[t..t + PATCH],
            &level.pixels[s..s + PATCH],
            &trust[t..t + PATCH],
        );
        for column in 0..PATCH {
            let (a, b) = (ours[column], theirs[column]);
            let mut apart = 0.0;
            for channel in 0..CHANNELS {
                apart += (a[channel] - b[channel]) * (a[channel] - b[channel]);
            }
            sum += weights[column] * apart;
        }
        if sum >= enough {
            return sum;
        }
    }
    sum
}
