//! Content-aware fill: a hole is filled with patches from the rest of the picture, found by PatchMatch (Barnes et al.,
//! 2009) and merged by weighted votes from coarse to fine (Wexler, Shechtman and Irani, 2007). What the votes are off
//! at the hole's edge is then spread smoothly into it, so that light and gradients go on without a seam.

/// Side of a patch.
const PATCH: usize = 7;
/// The coarsest level has about this short side.
const COARSEST: usize = 24;
/// Comparisons of patches that one round on one level may cost, roughly; large levels get fewer rounds.
const BUDGET: usize = 300_000;
/// How much less a pixel in the hole counts for each pixel that it lies farther from what is known.
const TRUST: f32 = 0.78;
const LEAST_TRUST: f32 = 0.01;
/// In the last vote good patches have more of a say than before, which is sharper.
const FINAL_WIDTH: f32 = 0.8;

/// A picture as colours from 0 to 1, and what of it is to be filled.
#[derive(Clone)]
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; 3]>,
    pub is_hole: Vec<bool>,
}

/// Fills the hole. `false`: there is too little to take from, and nothing was changed. The same seed gives the same result.
pub(crate) fn fill(canvas: &mut Canvas, seed: u64, progress: &mut dyn FnMut(f64)) -> bool {
    let mut levels = vec![canvas.clone()];
    while let Some(last) = levels.last() {
        if last.width.min(last.height) / 2 < COARSEST {
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
            None => {
                start(&mut level);
                Nearest::random(&level, &sources, &mut random)
            }
            Some(coarse) => {
                let field = coarse.doubled(&level, &is_source, &sources, &mut random);
                // The coarse level's patches, in this level's pixels, are where it begins.
                let voted = vote(&level, &field, &trust, 1.0);
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
            let voted = vote(&level, &field, &trust, if is_last { FINAL_WIDTH } else { 1.0 });
            if is_last {
                level_edges(&mut level, &voted);
            } else {
                put(&mut level, &voted);
            }
            let done = (count - 1 - depth) as f64 + (round + 1) as f64 / rounds as f64;
            progress(done / count as f64);
        }
        if depth == 0 {
            *canvas = level;
            return true;
        }
        nearest = Some(field);
    }
    false
}

/// Half the size. A pixel is in the hole when any of its four is; a known one is the mean of four known ones.
fn half(from: &Canvas) -> Canvas {
    let (width, height) = (from.width / 2, from.height / 2);
    let mut pixels = Vec::with_capacity(width * height);
    let mut is_hole = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0; 3];
            let mut hole = false;
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                let at = (2 * y + dy) * from.width + 2 * x + dx;
                hole |= from.is_hole[at];
                for channel in 0..3 {
                    sum[channel] += from.pixels[at][channel] / 4.0;
                }
            }
            pixels.push(sum);
            is_hole.push(hole);
        }
    }
    Canvas {
        width,
        height,
        pixels,
        is_hole,
    }
}

/// Whether the patch with this upper left corner lies within the picture and outside the hole.
fn source_mask(level: &Canvas) -> Vec<bool> {
    corners(level, |holes| holes == 0)
}

/// Marks upper left corners of patches by how many pixels of the hole they cover.
fn corners(level: &Canvas, wanted: impl Fn(u32) -> bool) -> Vec<bool> {
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

fn sources(level: &Canvas) -> Vec<u32> {
    sources_of(&source_mask(level))
}

fn sources_of(is_source: &[bool]) -> Vec<u32> {
    (0..is_source.len() as u32)
        .filter(|at| is_source[*at as usize])
        .collect()
}

/// How much each pixel counts in a comparison: known ones fully, others less the deeper they lie.
fn trust(level: &Canvas) -> Vec<f32> {
    let (w, h) = (level.width as i64, level.height as i64);
    let mut trust: Vec<f32> = level.is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    // Two passes of a chamfer: the best of the neighbours, a little less.
    for is_backward in [false, true] {
        for step in 0..w * h {
            let at = if is_backward { w * h - 1 - step } else { step };
            let (x, y) = (at % w, at / w);
            let sign = if is_backward { 1 } else { -1 };
            for (dx, dy) in [(sign, 0), (0, sign), (sign, sign), (-sign, sign)] {
                let (nx, ny) = (x + dx, y + dy);
                if nx >= 0 && ny >= 0 && nx < w && ny < h {
                    trust[at as usize] = trust[at as usize].max(trust[(ny * w + nx) as usize] * TRUST);
                }
            }
        }
    }
    for value in &mut trust {
        *value = value.max(LEAST_TRUST);
    }
    trust
}

/// A first guess for the coarsest level: the known colours, spread smoothly.
fn start(level: &mut Canvas) {
    let weights: Vec<f32> = level.is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    let spread = spread(&level.pixels, &weights, level.width, level.height);
    for (at, pixel) in level.pixels.iter_mut().enumerate() {
        if level.is_hole[at] {
            *pixel = spread[at];
        }
    }
}

/// For each patch that touches the hole, the patch of the rest that is most like it.
struct Nearest {
    width: usize,
    /// Upper left corners, in reading order.
    targets: Vec<u32>,
    /// By pixel: the place in `targets` plus one, or nothing.
    place: Vec<u32>,
    /// By target: the upper left corner of its source, and how far apart they are.
    source: Vec<u32>,
    cost: Vec<f32>,
}

impl Nearest {
    fn new(level: &Canvas, mut choose: impl FnMut(u32) -> u32) -> Self {
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

    fn random(level: &Canvas, sources: &[u32], random: &mut Random) -> Self {
        Self::new(level, |_| sources[random.below(sources.len())])
    }

    /// The same choice on a level of twice the size.
    fn doubled(&self, level: &Canvas, is_source: &[bool], sources: &[u32], random: &mut Random) -> Self {
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

    fn measure(&mut self, level: &Canvas, trust: &[f32]) {
        for index in 0..self.targets.len() {
            self.cost[index] = distance(level, trust, self.targets[index], self.source[index], f32::MAX);
        }
    }

    /// Every target takes over what its neighbours found, moved along, and looks around at random.
    fn sweep(&mut self, level: &Canvas, is_source: &[bool], trust: &[f32], is_backward: bool, random: &mut Random) {
        let (w, h) = (level.width as i64, level.height as i64);
        let step: i64 = if is_backward { 1 } else { -1 };
        for order in 0..self.targets.len() {
            let index = if is_backward {
                self.targets.len() - 1 - order
            } else {
                order
            };
            let at = self.targets[index];
            let (x, y) = (i64::from(at) % w, i64::from(at) / w);
            for (dx, dy) in [(step, 0), (0, step)] {
                let (nx, ny) = (x + dx, y + dy);
                if nx < 0 || ny < 0 || nx >= w || ny >= h {
                    continue;
                }
                let neighbour = self.place[(ny * w + nx) as usize];
                if neighbour > 0 {
                    let source = i64::from(self.source[neighbour as usize - 1]);
                    self.try_source(level, is_source, trust, index, source % w - dx, source / w - dy);
                }
            }
            let mut radius = w.max(h);
            while radius >= 1 {
                let best = i64::from(self.source[index]);
                let (sx, sy) = (best % w + random.within(radius), best / w + random.within(radius));
                self.try_source(level, is_source, trust, index, sx, sy);
                radius /= 3;
            }
        }
    }

    fn try_source(&mut self, level: &Canvas, is_source: &[bool], trust: &[f32], index: usize, sx: i64, sy: i64) {
        let (w, h) = (level.width as i64, level.height as i64);
        if sx < 0 || sy < 0 || sx >= w || sy >= h || !is_source[(sy * w + sx) as usize] {
            return;
        }
        let source = (sy * w + sx) as u32;
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
fn distance(level: &Canvas, trust: &[f32], target: u32, source: u32, enough: f32) -> f32 {
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
            let apart = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
            sum += weights[column] * (apart[0] * apart[0] + apart[1] * apart[1] + apart[2] * apart[2]);
        }
        if sum >= enough {
            return sum;
        }
    }
    sum
}

/// What the sources say about every pixel that a target covers, with the sum of their weights. A lower `width` lets the best
/// patch have its way, which is sharper.
fn vote(level: &Canvas, field: &Nearest, trust: &[f32], width: f32) -> Vec<([f32; 3], f32)> {
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
    let sum: f64 = costs.iter().map(|cost| f64::from(*cost)).sum();
    let typical = ((sum / costs.len().max(1) as f64) as f32 * width).max(1e-7);
    let mut votes = vec![([0.0f32; 3], 0.0f32); level.pixels.len()];
    for (index, target) in field.targets.iter().enumerate() {
        let (target, source) = (*target as usize, field.source[index] as usize);
        let centre = target + PATCH / 2 * level.width + PATCH / 2;
        // A patch that holds known pixels speaks for what lies beside them even where it fits badly: this joins the
        // hole to its surroundings.
        let weight = trust[centre] / (1.0 + costs[index] / typical);
        for row in 0..PATCH {
            for column in 0..PATCH {
                let offset = row * level.width + column;
                let (color, total) = &mut votes[target + offset];
                let said = level.pixels[source + offset];
                for channel in 0..3 {
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

/// How much all pixels of a patch count.
fn trusted(level: &Canvas, trust: &[f32], target: u32) -> f32 {
    (0..PATCH)
        .map(|row| {
            let at = target as usize + row * level.width;
            trust[at..at + PATCH].iter().sum::<f32>()
        })
        .sum()
}

fn put(level: &mut Canvas, voted: &[([f32; 3], f32)]) {
    for (at, (color, weight)) in voted.iter().enumerate() {
        if level.is_hole[at] && *weight > 0.0 {
            level.pixels[at] = *color;
        }
    }
}

/// Puts the votes in, and spreads what they are off on known pixels around the hole smoothly into it.
fn level_edges(level: &mut Canvas, voted: &[([f32; 3], f32)]) {
    let mut off = vec![[0.0f32; 3]; level.pixels.len()];
    let mut weights = vec![0.0f32; level.pixels.len()];
    for (at, (color, weight)) in voted.iter().enumerate() {
        if !level.is_hole[at] && *weight > 0.0 {
            for channel in 0..3 {
                off[at][channel] = level.pixels[at][channel] - color[channel];
            }
            weights[at] = 1.0;
        }
    }
    let off = spread(&off, &weights, level.width, level.height);
    put(level, voted);
    for (at, pixel) in level.pixels.iter_mut().enumerate() {
        if level.is_hole[at] {
            for channel in 0..3 {
                pixel[channel] = (pixel[channel] + off[at][channel]).clamp(0.0, 1.0);
            }
        }
    }
}

/// Alpha in the hole, spread smoothly from around it.
pub(crate) fn spread_alpha(alpha: &[f32], is_hole: &[bool], width: usize, height: usize) -> Vec<f32> {
    let values: Vec<[f32; 3]> = alpha.iter().map(|value| [*value; 3]).collect();
    let weights: Vec<f32> = is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    spread(&values, &weights, width, height)
        .into_iter()
        .map(|value| value[0])
        .collect()
}

/// Fills what has no weight from what has, smoothly: averages go up a pyramid and come down again (Gortler et al., 1996).
fn spread(values: &[[f32; 3]], weights: &[f32], width: usize, height: usize) -> Vec<[f32; 3]> {
    if width * height <= 1 || weights.iter().all(|weight| *weight >= 1.0) {
        return values.to_vec();
    }
    let (half_w, half_h) = (width.div_ceil(2), height.div_ceil(2));
    let mut coarse = vec![[0.0f32; 3]; half_w * half_h];
    let mut coarse_weights = vec![0.0f32; half_w * half_h];
    for y in 0..height {
        for x in 0..width {
            let (at, up) = (y * width + x, y / 2 * half_w + x / 2);
            for channel in 0..3 {
                coarse[up][channel] += values[at][channel] * weights[at];
            }
            coarse_weights[up] += weights[at];
        }
    }
    for (value, weight) in coarse.iter_mut().zip(&mut coarse_weights) {
        if *weight > 0.0 {
            *value = value.map(|channel| channel / *weight);
            *weight = weight.min(1.0);
        }
    }
    let coarse = spread(&coarse, &coarse_weights, half_w, half_h);
    let mut result = values.to_vec();
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            if weights[at] >= 1.0 {
                continue;
            }
            // Between the four nearest coarse pixels.
            let (u, v) = ((x as f32 - 0.5) / 2.0, (y as f32 - 0.5) / 2.0);
            let (left, top) = (u.floor(), v.floor());
            let (a, b) = (u - left, v - top);
            let near = |dx: f32, dy: f32| {
                let cx = (left + dx).clamp(0.0, (half_w - 1) as f32) as usize;
                let cy = (top + dy).clamp(0.0, (half_h - 1) as f32) as usize;
                coarse[cy * half_w + cx]
            };
            let corners = [near(0.0, 0.0), near(1.0, 0.0), near(0.0, 1.0), near(1.0, 1.0)];
            for channel in 0..3 {
                let upper = corners[0][channel] * (1.0 - a) + corners[1][channel] * a;
                let lower = corners[2][channel] * (1.0 - a) + corners[3][channel] * a;
                let smooth = upper * (1.0 - b) + lower * b;
                result[at][channel] = values[at][channel] * weights[at] + smooth * (1.0 - weights[at]);
            }
        }
    }
    result
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// From `-radius` to `radius`.
    fn within(&mut self, radius: i64) -> i64 {
        (self.next() % (2 * radius + 1) as u64) as i64 - radius
    }
}
