//! Planes of numbers and the filters that several engines share: box means, blurs, the guided filter.

use image::GrayImage;

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

    pub fn to_gray(&self) -> GrayImage {
        let bytes = self
            .values
            .iter()
            .map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
            .collect();
        GrayImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default()
    }

    pub fn map(&self, each: impl Fn(f32) -> f32) -> Self {
        Self::new(
            self.width,
            self.height,
            self.values.iter().map(|value| each(*value)).collect(),
        )
    }

    pub fn with(&self, other: &Self, each: impl Fn(f32, f32) -> f32) -> Self {
        let values = self
            .values
            .iter()
            .zip(&other.values)
            .map(|(a, b)| each(*a, *b))
            .collect();
        Self::new(self.width, self.height, values)
    }

    /// The mean over a square of `2 × radius + 1` pixels, cut at the edges.
    pub fn mean(&self, radius: usize) -> Self {
        if radius == 0 {
            return self.clone();
        }
        let rows = means(&self.values, self.width, self.height, radius);
        let columns = means(&turned(&rows, self.width, self.height), self.height, self.width, radius);
        Self::new(self.width, self.height, turned(&columns, self.height, self.width))
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

fn means(values: &[f32], width: usize, height: usize, radius: usize) -> Vec<f32> {
    let mut made = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width.max(1)).take(height) {
        let mut sum: f64 = row.iter().take(radius).map(|value| f64::from(*value)).sum();
        let mut count = radius.min(width);
        for x in 0..width {
            if x + radius < width {
                sum += f64::from(row[x + radius]);
                count += 1;
            }
            if x > radius {
                sum -= f64::from(row[x - radius - 1]);
                count -= 1;
            }
            made.push((sum / count as f64) as f32);
        }
    }
    made
}

fn turned(values: &[f32], width: usize, height: usize) -> Vec<f32> {
    const BLOCK: usize = 32;
    let mut made = vec![0.0; values.len()];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(height) {
                for x in left..(left + BLOCK).min(width) {
                    made[x * height + y] = values[y * width + x];
                }
            }
        }
    }
    made
}

/// The guided filter (He, Sun and Tang, 2010): `input` follows the edges of `guide`. Both from 0 to 1.
pub(crate) fn guided(guide: &Plane, input: &Plane, radius: usize, epsilon: f32) -> Plane {
    let mean_guide = guide.mean(radius);
    let mean_input = input.mean(radius);
    let both = guide.with(input, |a, b| a * b).mean(radius);
    let square = guide.map(|a| a * a).mean(radius);
    let mut slope = both;
    for at in 0..slope.values.len() {
        let covariance = slope.values[at] - mean_guide.values[at] * mean_input.values[at];
        let variance = (square.values[at] - mean_guide.values[at] * mean_guide.values[at]).max(0.0);
        slope.values[at] = covariance / (variance + epsilon);
    }
    let offset = Plane::new(
        guide.width,
        guide.height,
        (0..guide.values.len())
            .map(|at| mean_input.values[at] - slope.values[at] * mean_guide.values[at])
            .collect(),
    );
    let (slope, offset) = (slope.mean(radius), offset.mean(radius));
    Plane::new(
        guide.width,
        guide.height,
        (0..guide.values.len())
            .map(|at| slope.values[at] * guide.values[at] + offset.values[at])
            .collect(),
    )
}

/// The same with a guide of three channels: an edge between colours of one lightness is an edge too.
pub(crate) fn guided_by_color(guide: &[Plane; 3], input: &Plane, radius: usize, epsilon: f32) -> Plane {
    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
    let means = [0, 1, 2].map(|channel| guide[channel].mean(radius));
    let squares = PAIRS.map(|(a, b)| guide[a].with(&guide[b], |a, b| a * b).mean(radius));
    let mean_input = input.mean(radius);
    let mut slopes = [0, 1, 2].map(|channel| guide[channel].with(input, |a, b| a * b).mean(radius));
    let mut offset = mean_input.clone();
    for at in 0..input.values.len() {
        let mean = [0, 1, 2].map(|channel| means[channel].values[at]);
        let mut matrix = [[0.0f32; 3]; 3];
        for ((a, b), square) in PAIRS.into_iter().zip(&squares) {
            let covariance = square.values[at] - mean[a] * mean[b];
            (matrix[a][b], matrix[b][a]) = (covariance, covariance);
        }
        for (row, line) in matrix.iter_mut().enumerate() {
            line[row] = line[row].max(0.0) + epsilon;
        }
        let wanted = [0, 1, 2].map(|channel| slopes[channel].values[at] - mean[channel] * mean_input.values[at]);
        let slope = solved(&matrix, wanted);
        for channel in 0..3 {
            slopes[channel].values[at] = slope[channel];
            offset.values[at] -= slope[channel] * mean[channel];
        }
    }
    let mut made = offset.mean(radius);
    for (slope, channel) in slopes.iter().zip(guide) {
        let slope = slope.mean(radius);
        for at in 0..made.values.len() {
            made.values[at] += slope.values[at] * channel.values[at];
        }
    }
    made
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
