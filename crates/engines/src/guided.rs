//! Guided filters: what is filtered takes its edges from a picture.

use rayon::prelude::*;

use crate::cells::Cells;
use crate::planes::Plane;

/// The guided filter (He, Sun and Tang, 2010): `input` follows the edges of `guide`. Both from 0 to 1; the windows are those of
/// `cells`.
pub(crate) fn guided(guide: &Plane, input: &Plane, cells: &Cells, epsilon: f32) -> Plane {
    let [mean, mut offset, mut slope, square] = cells.means([guide, input], |[guide, input]| {
        [guide, input, guide * input, guide * guide]
    });
    let numbers = slope.values.iter_mut().zip(&mut offset.values);
    for (((slope, offset), mean), square) in numbers.zip(&mean.values).zip(&square.values) {
        let variance = (square - mean * mean).max(0.0);
        *slope = (*slope - mean * *offset) / (variance + epsilon);
        *offset -= *slope * mean;
    }
    let (slope, offset) = (cells.windows(&slope), cells.windows(&offset));
    let [made] = cells.spread([&slope, &offset], [guide], |[slope, offset], [guide]| {
        [slope * guide + offset]
    });
    made
}

/// The same with a guide of three channels: an edge between colours of one lightness is an edge too. What depends on the guide
/// alone is there for every input.
pub(crate) struct ColorGuide<'a> {
    channels: &'a [Plane; 3],
    /// Of red, green and blue, and of the products of [`Self::PAIRS`].
    means: [Plane; 9],
    cells: Cells,
    epsilon: f32,
}

impl<'a> ColorGuide<'a> {
    const PAIRS: [(usize, usize); 6] = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];

    pub fn new(channels: &'a [Plane; 3], cells: Cells, epsilon: f32) -> Self {
        let means = cells.means(channels.each_ref(), |[r, g, b]| {
            [r, g, b, r * r, r * g, r * b, g * g, g * b, b * b]
        });
        Self {
            channels,
            means,
            cells,
            epsilon,
        }
    }

    pub fn filter(&self, input: &Plane) -> Plane {
        let [red, green, blue] = self.channels.each_ref();
        let mut sums = self.cells.means([red, green, blue, input], |[r, g, b, input]| {
            [r * input, g * input, b * input, input]
        });
        let [red, green, blue, offset] = &mut sums;
        let slopes = (&mut red.values, &mut green.values, &mut blue.values, &mut offset.values);
        slopes
            .into_par_iter()
            .enumerate()
            .for_each(|(at, (red, green, blue, offset))| {
                let slope = self.slope(at, [*red, *green, *blue], *offset);
                *offset -= (0..3)
                    .map(|channel| slope[channel] * self.means[channel].values[at])
                    .sum::<f32>();
                [*red, *green, *blue] = slope;
            });
        let slopes = sums.map(|plane| self.cells.windows(&plane));
        let [made] = self.cells.spread(
            slopes.each_ref(),
            self.channels.each_ref(),
            |[r, g, b, offset], [red, green, blue]| [r * red + g * green + b * blue + offset],
        );
        made
    }

    /// How the input depends on each channel in the window of one cell: from the means of the input with each, and of the input.
    fn slope(&self, at: usize, with: [f32; 3], input: f32) -> [f32; 3] {
        let mean = [0, 1, 2].map(|channel| self.means[channel].values[at]);
        let mut matrix = [[0.0f32; 3]; 3];
        for ((a, b), square) in Self::PAIRS.into_iter().zip(&self.means[3..]) {
            let covariance = square.values[at] - mean[a] * mean[b];
            (matrix[a][b], matrix[b][a]) = (covariance, covariance);
        }
        for (row, line) in matrix.iter_mut().enumerate() {
            line[row] = line[row].max(0.0) + self.epsilon;
        }
        solved(&matrix, [0, 1, 2].map(|channel| with[channel] - mean[channel] * input))
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

#[cfg(test)]
mod tests {
    use super::*;

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
        for cells in [Cells::exact(64, 16, 6), Cells::coarse(64, 16, 6)] {
            let made = guided(&guide, &input, &cells, 1e-4);
            let (before, after) = (made.values[8 * 64 + 31], made.values[8 * 64 + 32]);
            assert!(after - before > 0.4, "{cells:?}: {before} {after}");
        }
    }
}
