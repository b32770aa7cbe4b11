//! Planes of numbers and the filters that several engines share: box means, blurs, the guided filter.

use image::{DynamicImage, GrayImage};
use rayon::prelude::*;

/// Rows whose running sums go along together: enough that none waits for the sum before it.
const ROWS: usize = 8;
/// Numbers that one task takes where each is for itself.
const CHUNK: usize = 16_384;
/// Rows of a column's running sums that one task has; each task begins its sums anew.
const BAND: usize = 128;

/// One number per pixel, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Plane {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Plane {
    pub fn new(width: usize, height: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), width * height);
        Self { width, height, values }
    }

    /// From 0 to 1.
    pub fn from_gray(image: &GrayImage) -> Self {
        let values = image.as_raw().iter().map(|value| f32::from(*value) / 255.0).collect();
        Self::new(image.width() as usize, image.height() as usize, values)
    }

    /// Red, green and blue, from 0 to 1.
    pub fn from_rgb(image: &DynamicImage) -> [Self; 3] {
        fn of<T: Copy + Into<f32> + Sync>(image: &DynamicImage, samples: &[T], full: f32) -> [Plane; 3] {
            let (step, size) = (
                usize::from(image.color().channel_count()),
                (image.width(), image.height()),
            );
            [0, 1, 2].map(|channel| {
                let pixels = samples.par_chunks_exact(step);
                let values = pixels.map(|pixel| pixel[channel].into() / full).collect();
                Plane::new(size.0 as usize, size.1 as usize, values)
            })
        }
        match image {
            DynamicImage::ImageRgb8(pixels) => of(image, pixels, 255.0),
            DynamicImage::ImageRgba8(pixels) => of(image, pixels, 255.0),
            DynamicImage::ImageRgb16(pixels) => of(image, pixels, 65_535.0),
            DynamicImage::ImageRgba16(pixels) => of(image, pixels, 65_535.0),
            other => Self::from_rgb(&other.to_rgba16().into()),
        }
    }

    pub fn to_gray(&self) -> GrayImage {
        let bytes = self
            .values
            .iter()
            .map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
            .collect();
        GrayImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default()
    }

    pub fn map(&self, each: impl Fn(f32) -> f32 + Sync) -> Self {
        let mut made = self.clone();
        made.values.par_chunks_mut(CHUNK).for_each(|values| {
            for value in values {
                *value = each(*value);
            }
        });
        made
    }

    pub fn with(&self, other: &Self, each: impl Fn(f32, f32) -> f32 + Sync) -> Self {
        let mut made = self.clone();
        let chunks = made.values.par_chunks_mut(CHUNK).zip(other.values.par_chunks(CHUNK));
        chunks.for_each(|(values, others)| {
            for (value, other) in values.iter_mut().zip(others) {
                *value = each(*value, *other);
            }
        });
        made
    }

    /// The mean over a square of `2 × radius + 1` pixels, cut at the edges.
    pub fn mean(&self, radius: usize) -> Self {
        if radius == 0 {
            return self.clone();
        }
        let mut rows = vec![0.0; self.values.len()];
        across(&self.values, &mut rows, self.width, radius);
        let mut made = vec![0.0; rows.len()];
        down(&rows, &mut made, self.width, radius);
        Self::new(self.width, self.height, made)
    }

    /// Nearly Gaussian, by three means; `sigma` in pixels.
    pub fn blur(&self, sigma: f32) -> Self {
        // The variance of a mean over 2r + 1 pixels is r (r + 1) / 3.
        let radius = (((sigma * sigma * 4.0 + 1.0).sqrt() - 1.0) / 2.0).round().max(0.0) as usize;
        if radius == 0 {
            return self.clone();
        }
        self.mean(radius).mean(radius).mean(radius)
    }
}

/// Means over `2 × radius + 1` pixels of each row.
fn across(values: &[f32], made: &mut [f32], width: usize, radius: usize) {
    if width == 0 {
        return;
    }
    let shares: Vec<f64> = (0..width)
        .map(|x| 1.0 / ((x + radius).min(width - 1) + 1 - x.saturating_sub(radius)) as f64)
        .collect();
    let groups = made.par_chunks_mut(ROWS * width).zip(values.par_chunks(ROWS * width));
    groups.for_each(|(made, values)| {
        if values.len() == ROWS * width {
            rows_of::<ROWS>(values, made, &shares, radius);
        } else {
            for (made, values) in made.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
                rows_of::<1>(values, made, &shares, radius);
            }
        }
    });
}

fn rows_of<const N: usize>(values: &[f32], made: &mut [f32], shares: &[f64], radius: usize) {
    let width = shares.len();
    let mut rows = values.chunks_exact(width);
    let rows: [&[f32]; N] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    let mut outs = made.chunks_exact_mut(width);
    let mut outs: [&mut [f32]; N] = std::array::from_fn(|_| outs.next().unwrap_or_default());
    let mut sums = rows.map(|row| row.iter().take(radius).map(|value| f64::from(*value)).sum::<f64>());
    for (x, share) in shares.iter().enumerate() {
        let (enters, leaves) = (x + radius, x.checked_sub(radius + 1));
        for ((row, out), sum) in rows.iter().zip(&mut outs).zip(&mut sums) {
            let entering = if enters < width { row[enters] } else { 0.0 };
            let leaving = leaves.map_or(0.0, |at| row[at]);
            *sum += f64::from(entering) - f64::from(leaving);
            out[x] = (*sum * share) as f32;
        }
    }
}

/// Means over `2 × radius + 1` pixels of each column.
fn down(values: &[f32], made: &mut [f32], width: usize, radius: usize) {
    if width == 0 {
        return;
    }
    let height = values.len() / width;
    let row = |y: usize| &values[y * width..(y + 1) * width];
    let band = BAND.max(4 * radius);
    made.par_chunks_mut(band * width)
        .enumerate()
        .for_each(|(number, made)| {
            let top = number * band;
            let mut sums = vec![0.0f64; width];
            for y in top.saturating_sub(radius)..(top + radius).min(height) {
                for (sum, value) in sums.iter_mut().zip(row(y)) {
                    *sum += f64::from(*value);
                }
            }
            for (y, made) in (top..).zip(made.chunks_exact_mut(width)) {
                if y + radius < height {
                    for (sum, value) in sums.iter_mut().zip(row(y + radius)) {
                        *sum += f64::from(*value);
                    }
                }
                if y > radius && y - radius > top.saturating_sub(radius) {
                    for (sum, value) in sums.iter_mut().zip(row(y - radius - 1)) {
                        *sum -= f64::from(*value);
                    }
                }
                let share = 1.0 / ((y + radius).min(height - 1) + 1 - y.saturating_sub(radius)) as f64;
                for (made, sum) in made.iter_mut().zip(&sums) {
                    *made = (sum * share) as f32;
                }
            }
        });
}

/// The guided filter (He, Sun and Tang, 2010): `input` follows the edges of `guide`. Both from 0 to 1.
pub(crate) fn guided(guide: &Plane, input: &Plane, radius: usize, epsilon: f32) -> Plane {
    let mean_guide = guide.mean(radius);
    let mut offset = input.mean(radius);
    let mut slope = guide.with(input, |a, b| a * b).mean(radius);
    let square = guide.map(|a| a * a).mean(radius);
    let chunks = (
        slope.values.par_chunks_mut(CHUNK),
        offset.values.par_chunks_mut(CHUNK),
        mean_guide.values.par_chunks(CHUNK),
        square.values.par_chunks(CHUNK),
    );
    chunks.into_par_iter().for_each(|(slopes, offsets, means, squares)| {
        for (((slope, offset), mean), square) in slopes.iter_mut().zip(offsets).zip(means).zip(squares) {
            let variance = (square - mean * mean).max(0.0);
            *slope = (*slope - mean * *offset) / (variance + epsilon);
            *offset -= *slope * mean;
        }
    });
    let slope = slope.mean(radius).with(guide, |slope, value| slope * value);
    offset.mean(radius).with(&slope, |offset, sloped| offset + sloped)
}

/// The same with a guide of three channels: an edge between colours of one lightness is an edge too. What depends on the guide
/// alone is there for every input.
pub(crate) struct ColorGuide<'a> {
    channels: &'a [Plane; 3],
    means: [Plane; 3],
    squares: [Plane; 6],
    radius: usize,
    epsilon: f32,
}

impl<'a> ColorGuide<'a> {
    /// The channels whose product each square is of.
    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

    pub fn new(channels: &'a [Plane; 3], radius: usize, epsilon: f32) -> Self {
        Self {
            channels,
            means: [0, 1, 2].map(|channel| channels[channel].mean(radius)),
            squares: Self::PAIRS.map(|(a, b)| channels[a].with(&channels[b], |a, b| a * b).mean(radius)),
            radius,
            epsilon,
        }
    }

    pub fn filter(&self, input: &Plane) -> Plane {
        let [mut red, mut green, mut blue] =
            [0, 1, 2].map(|channel| self.channels[channel].with(input, |a, b| a * b).mean(self.radius));
        let mut offset = input.mean(self.radius);
        let chunks = (
            red.values.par_chunks_mut(CHUNK),
            green.values.par_chunks_mut(CHUNK),
            blue.values.par_chunks_mut(CHUNK),
            offset.values.par_chunks_mut(CHUNK),
        );
        let numbered = chunks.into_par_iter().enumerate();
        numbered.for_each(|(number, (red, green, blue, offset))| {
            let sums = red.iter_mut().zip(green).zip(blue).zip(offset);
            for (at, (((red, green), blue), offset)) in (number * CHUNK..).zip(sums) {
                let mean = [0, 1, 2].map(|channel| self.means[channel].values[at]);
                let mut matrix = [[0.0f32; 3]; 3];
                for ((a, b), square) in Self::PAIRS.into_iter().zip(&self.squares) {
                    let covariance = square.values[at] - mean[a] * mean[b];
                    (matrix[a][b], matrix[b][a]) = (covariance, covariance);
                }
                for (row, line) in matrix.iter_mut().enumerate() {
                    line[row] = line[row].max(0.0) + self.epsilon;
                }
                let sums = [*red, *green, *blue];
                let slope = solved(
                    &matrix,
                    [0, 1, 2].map(|channel| sums[channel] - mean[channel] * *offset),
                );
                *offset -= slope[0] * mean[0] + slope[1] * mean[1] + slope[2] * mean[2];
                [*red, *green, *blue] = slope;
            }
        });
        let slopes = [red, green, blue];
        let sloped = slopes.iter().zip(self.channels);
        let sloped = sloped.map(|(slope, channel)| slope.mean(self.radius).with(channel, |a, b| a * b));
        sloped.fold(offset.mean(self.radius), |made, part| made.with(&part, |a, b| a + b))
    }
}

/// The solution of three equations with a symmetric, positive matrix, by Cramer's rule; zeros where it has none.
fn solved(m: &[[f32; 3]; 3], wanted: [f32; 3]) -> [f32; 3] {
    let cofactor = |row: usize, column: usize| {
        let (r, s) = ((row + 1) % 3, (row + 2) % 3);
        let (c, d) = ((column + 1) % 3, (column + 2) % 3);
        m[r][c] * m[s][d] - m[r][d] * m[s][c]
    };
    let determinant: f32 = (0..3).map(|column| m[0][column] * cofactor(0, column)).sum();
    if determinant.abs() < 1e-20 {
        return [0.0; 3];
    }
    std::array::from_fn(|row| (0..3).map(|column| cofactor(column, row) * wanted[column]).sum::<f32>() / determinant)
}

/// The standard deviation of noise: the median of a filter's answers that sees neither edges nor slopes
/// (after Immerkær, 1996, with the median in place of the mean).
pub(crate) fn noise_of(plane: &Plane) -> f32 {
    let (w, h) = (plane.width, plane.height);
    if w < 8 || h < 8 {
        return 0.0;
    }
    let step = (w * h / 400_000).max(1);
    let mut answers: Vec<f32> = Vec::new();
    let mut at = 0usize;
    while at < (w - 2) * (h - 2) {
        let (x, y) = (at % (w - 2) + 1, at / (w - 2) + 1);
        let v = |dx: usize, dy: usize| plane.values[(y + dy - 1) * w + x + dx - 1];
        let answer = v(0, 0) - 2.0 * v(1, 0) + v(2, 0) - 2.0 * v(0, 1) + 4.0 * v(1, 1) - 2.0 * v(2, 1) + v(0, 2)
            - 2.0 * v(1, 2)
            + v(2, 2);
        answers.push(answer.abs());
        at += step;
    }
    let middle = answers.len() / 2;
    let median = *answers.select_nth_unstable_by(middle, f32::total_cmp).1;
    // The filter's weights have a norm of 6; the median of |x| is 0.6745 standard deviations.
    median / 6.0 / 0.674_5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_a_constant_is_the_constant_at_the_edges_too() {
        let plane = Plane::new(7, 5, vec![0.25; 35]);
        for radius in [1, 3, 9] {
            assert!(
                plane
                    .mean(radius)
                    .values
                    .iter()
                    .all(|value| (value - 0.25).abs() < 1e-6)
            );
        }
    }

    #[test]
    fn a_mean_is_what_adding_up_each_square_comes_to() {
        // Wider and higher than what one task has, with ends that do not fill one.
        let (width, height) = (37, 2 * BAND + ROWS + 3);
        let values = (0..width * height).map(|at| ((at * 7_919) % 1_009) as f32 / 1_008.0);
        let plane = Plane::new(width, height, values.collect());
        for radius in [1, 5, 36, 60, 400] {
            let made = plane.mean(radius);
            for (x, y) in [0usize, 1, 18, 35, 36].into_iter().flat_map(|x| {
                let rows = [
                    0,
                    1,
                    radius,
                    BAND - 1,
                    BAND,
                    BAND + radius,
                    2 * BAND,
                    height - 2,
                    height - 1,
                ];
                rows.map(|y| (x, y.min(height - 1)))
            }) {
                let (left, right) = (x.saturating_sub(radius), (x + radius).min(width - 1));
                let (top, bottom) = (y.saturating_sub(radius), (y + radius).min(height - 1));
                let square = (top..=bottom).flat_map(|y| plane.values[y * width + left..=y * width + right].iter());
                let count = (right + 1 - left) * (bottom + 1 - top);
                let wanted = square.map(|value| f64::from(*value)).sum::<f64>() / count as f64;
                let got = f64::from(made.values[y * width + x]);
                assert!((got - wanted).abs() < 1e-6, "{radius} at {x}, {y}: {got}, not {wanted}");
            }
        }
    }

    #[test]
    fn a_blur_spreads_as_far_as_it_says() {
        let mut plane = Plane::new(101, 101, vec![0.0; 101 * 101]);
        plane.values[50 * 101 + 50] = 1.0;
        let blurred = plane.blur(6.0);
        let variance: f32 = (0..101)
            .flat_map(|y| (0..101).map(move |x| (x, y)))
            .map(|(x, y)| blurred.values[y * 101 + x] * (x as f32 - 50.0).powi(2))
            .sum();
        assert!((variance.sqrt() - 6.0).abs() < 0.6, "{}", variance.sqrt());
        assert!((blurred.values.iter().sum::<f32>() - 1.0).abs() < 1e-3);
    }

    #[test]
    fn the_guided_filter_takes_over_the_guides_edge() {
        // A sharp step in the guide, a wide ramp in the input.
        let guide = Plane::new(
            64,
            16,
            (0..64 * 16).map(|at| f32::from(u8::from(at % 64 >= 32))).collect(),
        );
        let input = Plane::new(
            64,
            16,
            (0..64 * 16)
                .map(|at| (((at % 64) as f32 - 24.0) / 16.0).clamp(0.0, 1.0))
                .collect(),
        );
        let made = guided(&guide, &input, 6, 1e-4);
        let (before, after) = (made.values[8 * 64 + 31], made.values[8 * 64 + 32]);
        assert!(after - before > 0.4, "{before} {after}");
    }
}
