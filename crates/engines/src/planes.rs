//! Planes of numbers and the filters that several engines share: box means and blurs.

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

    pub fn zero(width: usize, height: usize) -> Self {
        Self::new(width, height, vec![0.0; width * height])
    }

    /// From 0 to 1.
    pub fn from_gray(image: &GrayImage) -> Self {
        let values = image
            .as_raw()
            .par_iter()
            .map(|value| f32::from(*value) / 255.0)
            .collect();
        Self::new(image.width() as usize, image.height() as usize, values)
    }

    /// Red, green and blue, from 0 to 1.
    pub fn from_rgb(image: &DynamicImage) -> [Self; 3] {
        [0, 1, 2].map(|channel| Self::of_pixels(image, |pixel| pixel[channel]))
    }

    /// Lightness by the weights of Rec. 709, from 0 to 1.
    pub fn from_luma(image: &DynamicImage) -> Self {
        Self::of_pixels(image, |[r, g, b]| 0.2126 * r + 0.7152 * g + 0.0722 * b)
    }

    fn of_pixels(image: &DynamicImage, each: impl Fn([f32; 3]) -> f32 + Sync) -> Self {
        fn of<T: Copy + Into<f32> + Sync>(
            image: &DynamicImage,
            samples: &[T],
            full: f32,
            each: impl Fn([f32; 3]) -> f32 + Sync,
        ) -> Plane {
            let pixels = samples.par_chunks_exact(usize::from(image.color().channel_count()));
            let values = pixels.map(|pixel| each([0, 1, 2].map(|channel| pixel[channel].into() / full)));
            Plane::new(image.width() as usize, image.height() as usize, values.collect())
        }
        match image {
            DynamicImage::ImageRgb8(pixels) => of(image, pixels, 255.0, each),
            DynamicImage::ImageRgba8(pixels) => of(image, pixels, 255.0, each),
            DynamicImage::ImageRgb16(pixels) => of(image, pixels, 65_535.0, each),
            DynamicImage::ImageRgba16(pixels) => of(image, pixels, 65_535.0, each),
            other => Self::of_pixels(&other.to_rgba16().into(), each),
        }
    }

    pub fn to_gray(&self) -> GrayImage {
        let bytes = self
            .values
            .par_iter()
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
}
