//! 3×3 convolutions on channel-last maps, for small nets on large pictures. Each pixel's channels lie together, so the
//! inner loop is one broadcast and a few fused multiply-adds on whole vectors; there is no intermediate matrix.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Pixels whose sums are kept in registers at one time.
const PIXELS: usize = 6;
/// Vectors of output channels per such block: at most this, where a processor has 32 registers for them (those with the widest
/// vectors have), else two.
const MOST_VECTORS: usize = 4;
/// Output channels are filled up to a multiple of this: the widest vector, or two of half its width.
const GROUP: usize = 16;
/// Multiplications from which a layer is worth more than one thread: some hundredths of a millisecond of one.
const SPREAD: usize = 2_000_000;

/// Channels of every pixel together, row by row, with a border of one pixel of zeros.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    values: Vec<f32>,
}

impl Map {
    pub fn new(width: usize, height: usize, channels: usize) -> Self {
        Self {
            width,
            height,
            channels,
            values: vec![0.0; (width + 2) * (height + 2) * channels],
        }
    }

    fn at(&self, x: usize, y: usize) -> usize {
        ((y + 1) * (self.width + 2) + x + 1) * self.channels
    }

    /// The length of a row with its border.
    fn row(&self) -> usize {
        (self.width + 2) * self.channels
    }

    pub fn pixel(&self, x: usize, y: usize) -> &[f32] {
        let at = self.at(x, y);
        &self.values[at..at + self.channels]
    }

    pub fn pixel_mut(&mut self, x: usize, y: usize) -> &mut [f32] {
        let at = self.at(x, y);
        &mut self.values[at..at + self.channels]
    }
}

/// One convolution.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    inputs: usize,
    outputs: usize,
    /// By row of the kernel, column, input; `padded` outputs together.
    weights: Vec<f32>,
    bias: Vec<f32>,
    padded: usize,
}

impl Layer {
    /// From weights as PyTorch has them: output, input, row, column.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, outputs: usize) -> Self {
        let padded = outputs.next_multiple_of(GROUP);
        let mut own = vec![0.0; 9 * inputs * padded];
        for output in 0..outputs {
            for input in 0..inputs {
                for place in 0..9 {
                    own[(place * inputs + input) * padded + output] = weights[(output * inputs + input) * 9 + place];
                }
            }
        }
        let mut padded_bias = bias.to_vec();
        padded_bias.resize(padded, 0.0);
        Self {
            inputs,
            outputs,
            weights: own,
            bias: padded_bias,
            padded,
        }
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The convolution with zeros around the map; `skip` is added, then negatives become zero where `is_rectified`. On the
    /// calling thread alone: for work that is spread over threads already.
    pub fn run(&self, input: &Map, skip: Option<&Map>, is_rectified: bool, output: &mut Map) {
        self.check(input, output);
        let row = output.row();
        let rows = &mut output.values[row..row * (input.height + 1)];
        self.rows(input, skip, is_rectified, 0, rows);
    }

    /// The same with the rows spread over all cores.
    pub fn run_spread(&self, input: &Map, skip: Option<&Map>, is_rectified: bool, output: &mut Map) {
        self.check(input, output);
        let threads = rayon::current_num_threads();
        let work = 9 * self.inputs * self.outputs * input.width * input.height;
        let parts = (2 * threads).min(work / SPREAD);
        if threads == 1 || parts < 2 {
            return self.run(input, skip, is_rectified, output);
        }
        let row = output.row();
        let height = input.height.div_ceil(parts);
        output.values[row..row * (input.height + 1)]
            .par_chunks_mut(height * row)
            .enumerate()
            .for_each(|(part, rows)| self.rows(input, skip, is_rectified, part * height, rows));
    }

    fn check(&self, input: &Map, output: &Map) {
        debug_assert_eq!(input.channels, self.inputs);
        debug_assert_eq!(output.channels, self.outputs);
        debug_assert_eq!((input.width, input.height), (output.width, output.height));
    }

    /// The rows from `first` on, as many as there is room for.
    fn rows(&self, input: &Map, skip: Option<&Map>, is_rectified: bool, first: usize, rows: &mut [f32]) {
        Arch::new().dispatch(Run {
            layer: self,
            input,
            skip,
            is_rectified,
            first,
            rows,
        });
    }
}

struct Run<'a> {
    layer: &'a Layer,
    input: &'a Map,
    skip: Option<&'a Map>,
    is_rectified: bool,
    /// The row of the map that `rows` begins with; each has its border.
    first: usize,
    rows: &'a mut [f32],
}

impl WithSimd for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let most = if S::F32_LANES == GROUP { MOST_VECTORS } else { 2 };
        let mut vectors = self.layer.outputs.div_ceil(S::F32_LANES);
        let mut first = 0;
        // The weights of one group of outputs stay in the cache while all rows go by.
        while vectors > 0 {
            // Five are three and two: one alone would wait for its own sums.
            let taken = if vectors > most {
                most.min(vectors.div_ceil(2))
            } else {
                vectors
            };
            match taken {
                4 => self.group::<S, 4>(simd, first),
                3 => self.group::<S, 3>(simd, first),
                2 => self.group::<S, 2>(simd, first),
                _ => self.group::<S, 1>(simd, first),
            }
            vectors -= taken.min(4);
            first += taken.min(4) * S::F32_LANES;
        }
    }
}

impl Run<'_> {
    /// `VECTORS` vectors of outputs, from the output `first` on, of all pixels.
    #[inline(always)]
    fn group<S: Simd, const VECTORS: usize>(&mut self, simd: S, first: usize) {
        for y in 0..self.rows.len() / ((self.input.width + 2) * self.layer.outputs) {
            let mut x = 0;
            while x + PIXELS <= self.input.width {
                self.block::<S, VECTORS, PIXELS>(simd, first, x, y);
                x += PIXELS;
            }
            // What is left over, in as few blocks: narrow maps are nothing else.
            if x + 4 <= self.input.width {
                self.block::<S, VECTORS, 4>(simd, first, x, y);
                x += 4;
            }
            if x + 2 <= self.input.width {
                self.block::<S, VECTORS, 2>(simd, first, x, y);
                x += 2;
            }
            if x < self.input.width {
                self.block::<S, VECTORS, 1>(simd, first, x, y);
            }
        }
    }

    /// Those of `COUNT` pixels side by side, in the row `y` of `rows`.
    #[inline(always)]
    fn block<S: Simd, const VECTORS: usize, const COUNT: usize>(&mut self, simd: S, first: usize, x: usize, y: usize) {
        let layer = self.layer;
        let (inputs, padded) = (layer.inputs, layer.padded);
        let row = (self.input.width + 2) * inputs;
        let step = VECTORS * S::F32_LANES;
        let (bias, _) = S::as_simd_f32s(&layer.bias[first..first + step]);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; COUNT];
        for sums in &mut sums {
            sums.copy_from_slice(&bias[..VECTORS]);
        }
        for kernel_y in 0..3 {
            // The border makes (x - 1, y - 1) the place (x, y) of the stored map.
            let start = (self.first + y + kernel_y) * row + x * inputs;
            let pixels = &self.input.values[start..start + (COUNT + 2) * inputs];
            for kernel_x in 0..3 {
                let place = (kernel_y * 3 + kernel_x) * inputs;
                let weights = &layer.weights[place * padded..(place + inputs) * padded];
                let pixels = &pixels[kernel_x * inputs..(kernel_x + COUNT) * inputs];
                for input in 0..inputs {
                    let (weights, _) = S::as_simd_f32s(&weights[input * padded + first..input * padded + first + step]);
                    let weights: [S::f32s; VECTORS] = std::array::from_fn(|vector| weights[vector]);
                    for (pixel, sums) in sums.iter_mut().enumerate() {
                        let value = simd.splat_f32s(pixels[pixel * inputs + input]);
                        for (sum, weight) in sums.iter_mut().zip(&weights) {
                            *sum = simd.mul_add_e_f32s(value, *weight, *sum);
                        }
                    }
                }
            }
        }
        let count = step.min(layer.outputs - first);
        for (pixel, sums) in sums.iter().enumerate() {
            let at = (y * (self.input.width + 2) + x + pixel + 1) * layer.outputs + first;
            let mut made = [0.0f32; MOST_VECTORS * GROUP];
            let (vectors, _) = S::as_mut_simd_f32s(&mut made);
            vectors[..VECTORS].copy_from_slice(sums);
            let made = &mut made[..count];
            if let Some(skip) = self.skip {
                let from = (self.first + 1) * (self.input.width + 2) * layer.outputs + at;
                for (value, skip) in made.iter_mut().zip(&skip.values[from..from + count]) {
                    *value += skip;
                }
            }
            if self.is_rectified {
                for value in made.iter_mut() {
                    *value = value.max(0.0);
                }
            }
            self.rows[at..at + count].copy_from_slice(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of a convolution, in double precision.
    fn slowly(layer_weights: &[f32], bias: &[f32], input: &Map, outputs: usize) -> Vec<f64> {
        let mut made = Vec::new();
        for y in 0..input.height as i64 {
            for x in 0..input.width as i64 {
                for output in 0..outputs {
                    let mut sum = f64::from(bias[output]);
                    for channel in 0..input.channels {
                        for (place, (dx, dy)) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))).enumerate() {
                            let (px, py) = (x + dx, y + dy);
                            if px >= 0 && py >= 0 && px < input.width as i64 && py < input.height as i64 {
                                let weight = layer_weights[(output * input.channels + channel) * 9 + place];
                                sum += f64::from(weight) * f64::from(input.pixel(px as usize, py as usize)[channel]);
                            }
                        }
                    }
                    made.push(sum);
                }
            }
        }
        made
    }

    #[test]
    fn it_is_the_convolution_of_the_textbook_for_odd_sizes_and_counts() {
        let mut state = 7u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        for (width, height, inputs, outputs) in [
            (1, 1, 1, 4),
            (5, 3, 1, 32),
            (13, 4, 32, 16),
            (6, 2, 3, 40),
            (9, 3, 4, 48),
            (7, 7, 33, 33),
            (5, 4, 8, 128),
            (61, 47, 24, 80),
        ] {
            let mut input = Map::new(width, height, inputs);
            for y in 0..height {
                for x in 0..width {
                    input.pixel_mut(x, y).fill_with(&mut next);
                }
            }
            let weights: Vec<f32> = (0..outputs * inputs * 9).map(|_| next()).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
            let layer = Layer::new(&weights, &bias, inputs, outputs);
            let mut output = Map::new(width, height, outputs);
            layer.run(&input, None, false, &mut output);
            let mut spread = Map::new(width, height, outputs);
            layer.run_spread(&input, None, false, &mut spread);
            assert_eq!(spread.values, output.values);
            let truth = slowly(&weights, &bias, &input, outputs);
            for (at, wanted) in truth.iter().enumerate() {
                let (pixel, channel) = (at / outputs, at % outputs);
                let got = f64::from(output.pixel(pixel % width, pixel / width)[channel]);
                assert!(
                    (got - wanted).abs() < 1e-4,
                    "{width}x{height} {inputs}->{outputs}: {got} {wanted}"
                );
            }
            // What was there is added, and what is negative goes.
            let skip = output.clone();
            let mut rectified = Map::new(width, height, outputs);
            layer.run(&input, Some(&skip), true, &mut rectified);
            for (at, wanted) in truth.iter().enumerate() {
                let (pixel, channel) = (at / outputs, at % outputs);
                let got = f64::from(rectified.pixel(pixel % width, pixel / width)[channel]);
                assert!((got - (wanted * 2.0).max(0.0)).abs() < 2e-4);
            }
        }
    }
}
