//! Numbers that change slowly over a picture, kept for cells of some pixels instead of for each: windows are averaged there at a
//! fraction of the work (as in the fast guided filter, He and Sun, 2015), and read back between the cells' middles.

use std::slice::ChunksMut;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::planes::Plane;

/// A cell is at most so many pixels wide.
const MOST: usize = 4;

/// A grid of cells over a picture, and the windows that are looked at there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    width: usize,
    height: usize,
    /// Pixels along a cell's side; those at the right and the lower edge may be cut.
    side: usize,
    across: usize,
    down: usize,
    /// Half the window, in cells.
    radius: usize,
}

impl Cells {
    /// For windows of `2 × radius + 1` pixels, as near as whole cells come to it: the more pixels in a window, the larger the cells.
    pub fn coarse(width: usize, height: usize, radius: usize) -> Self {
        Self::of(width, height, radius, (radius / 2).clamp(1, MOST))
    }

    /// One cell for each pixel.
    pub fn exact(width: usize, height: usize, radius: usize) -> Self {
        Self::of(width, height, radius, 1)
    }

    /// Cells of `side` pixels.
    pub fn of(width: usize, height: usize, radius: usize, side: usize) -> Self {
        let side = side.max(1);
        Self {
            width,
            height,
            side,
            across: width.div_ceil(side),
            down: height.div_ceil(side),
            // The odd number of cells that is nearest to the window.
            radius: (2 * radius + 1) / (2 * side),
        }
    }

    /// The means over each cell's window of `K` numbers, which `each` makes of what the `N` planes of the picture hold at a pixel.
    pub fn means<const N: usize, const K: usize>(
        &self,
        planes: [&Plane; N],
        each: impl Fn([f32; N]) -> [f32; K] + Sync,
    ) -> [Plane; K] {
        let mut made: [Plane; K] = std::array::from_fn(|_| Plane::zero(self.across, self.down));
        let lines = rows_of(&mut made, self.across);
        lines.into_par_iter().enumerate().for_each_init(
            || vec![[0.0f32; K]; self.width],
            |sums, (line, made)| {
                Arch::new().dispatch(Line {
                    cells: self,
                    line,
                    planes,
                    each: &each,
                    sums,
                    made,
                });
            },
        );
        made.map(|plane| self.windows(&plane))
    }

    /// The means over windows of numbers that are kept for the cells.
    pub fn windows(&self, plane: &Plane) -> Plane {
        plane.mean(self.radius)
    }

    /// Makes `K` planes of the picture's size: `each` hears what `cells`, kept for the cells, are at a pixel, and what `planes` hold
    /// there.
    pub fn spread<const C: usize, const N: usize, const K: usize>(
        &self,
        cells: [&Plane; C],
        planes: [&Plane; N],
        each: impl Fn([f32; C], [f32; N]) -> [f32; K] + Sync,
    ) -> [Plane; K] {
        let mut made: [Plane; K] = std::array::from_fn(|_| Plane::zero(self.width, self.height));
        let columns: Vec<_> = (0..self.width).map(|x| self.between(x, self.across)).collect();
        let rows = rows_of(&mut made, self.width);
        rows.into_par_iter().enumerate().for_each_init(
            || (vec![[0.0f32; C]; self.across], vec![[0.0f32; C]; self.width]),
            |(line, wide), (y, made)| {
                Arch::new().dispatch(Row {
                    grid: self,
                    y,
                    cells,
                    planes,
                    columns: &columns,
                    each: &each,
                    line,
                    wide,
                    made,
                });
            },
        );
        made
    }

    /// The two cells whose middles a pixel lies between, along one side, and the share of the second.
    fn between(&self, pixel: usize, cells: usize) -> (usize, usize, f32) {
        let place = (pixel as f32 + 0.5) / self.side as f32 - 0.5;
        let place = place.clamp(0.0, (cells - 1) as f32);
        let first = place as usize;
        (first, (first + 1).min(cells - 1), place - first as f32)
    }
}

/// One line of cells, from the rows of the picture that it covers.
struct Line<'a, F, const N: usize, const K: usize> {
    cells: &'a Cells,
    line: usize,
    planes: [&'a Plane; N],
    each: &'a F,
    /// Room for a row of the picture.
    sums: &'a mut [[f32; K]],
    made: [&'a mut [f32]; K],
}

impl<F: Fn([f32; N]) -> [f32; K], const N: usize, const K: usize> WithSimd for Line<'_, F, N, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let (side, width) = (self.cells.side, self.cells.width);
        let (top, bottom) = (self.line * side, ((self.line + 1) * side).min(self.cells.height));
        self.sums.fill([0.0; K]);
        for y in top..bottom {
            let rows = self.planes.map(|plane| &plane.values[y * width..][..self.sums.len()]);
            for (x, sums) in self.sums.iter_mut().enumerate() {
                let made = (self.each)(rows.map(|row| row[x]));
                for (sum, made) in sums.iter_mut().zip(&made) {
                    *sum += made;
                }
            }
        }
        for (cell, pixels) in self.sums.chunks(side).enumerate() {
            let mut sums = [0.0; K];
            for pixel in pixels {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += value;
                }
            }
            let share = 1.0 / (pixels.len() * (bottom - top)) as f32;
            for (made, sum) in self.made.iter_mut().zip(sums) {
                made[cell] = sum * share;
            }
        }
    }
}

/// One row of the picture, from the lines of cells above and below.
struct Row<'a, F, const C: usize, const N: usize, const K: usize> {
    grid: &'a Cells,
    y: usize,
    cells: [&'a Plane; C],
    planes: [&'a Plane; N],
    columns: &'a [(usize, usize, f32)],
    each: &'a F,
    /// Room for a line of cells, and for a row of the picture.
    line: &'a mut [[f32; C]],
    wide: &'a mut [[f32; C]],
    made: [&'a mut [f32]; K],
}

impl<F, const C: usize, const N: usize, const K: usize> WithSimd for Row<'_, F, C, N, K>
where
    F: Fn([f32; C], [f32; N]) -> [f32; K],
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let (above, below, share) = self.grid.between(self.y, self.grid.down);
        for (number, cells) in self.cells.iter().enumerate() {
            let row = |y: usize| &cells.values[y * self.grid.across..][..self.line.len()];
            let (above, below) = (row(above), row(below));
            for (x, numbers) in self.line.iter_mut().enumerate() {
                numbers[number] = above[x] + (below[x] - above[x]) * share;
            }
        }
        for (wide, (left, right, share)) in self.wide.iter_mut().zip(self.columns) {
            let (left, right) = (&self.line[*left], &self.line[*right]);
            for ((wide, left), right) in wide.iter_mut().zip(left).zip(right) {
                *wide = left + (right - left) * share;
            }
        }
        let width = self.wide.len();
        let rows = self.planes.map(|plane| &plane.values[self.y * width..][..width]);
        let mut made = self.made.each_mut().map(|row| &mut row[..width]);
        for (x, wide) in self.wide.iter().enumerate() {
            let values = (self.each)(*wide, rows.map(|row| row[x]));
            for (made, value) in made.iter_mut().zip(&values) {
                made[x] = *value;
            }
        }
    }
}

/// The rows of planes of one size, those of the same number together.
fn rows_of<const K: usize>(planes: &mut [Plane; K], width: usize) -> Vec<[&mut [f32]; K]> {
    let mut rows = planes.each_mut().map(|plane| plane.values.chunks_mut(width.max(1)));
    let mut found = Vec::new();
    while let Some(row) = next_of(&mut rows) {
        found.push(row);
    }
    found
}

fn next_of<'a, const K: usize>(rows: &mut [ChunksMut<'a, f32>; K]) -> Option<[&'a mut [f32]; K]> {
    if rows.iter().any(|rows| rows.len() == 0) {
        return None;
    }
    Some(rows.each_mut().map(|rows| rows.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_comes_back_as_it_was_but_for_the_outermost_half_cells() {
        for (side, width, height) in [(1, 9, 5), (2, 12, 8), (4, 32, 16), (3, 31, 17)] {
            let cells = Cells::of(width, height, 0, side);
            let plane = |value: fn(usize, usize) -> usize| {
                Plane::new(
                    width,
                    height,
                    (0..width * height).map(|at| value(at, width) as f32).collect(),
                )
            };
            let (columns, rows) = (plane(|at, width| at % width), plane(|at, width| at / width));
            let [x, y] = cells.means([&columns, &rows], |here| here);
            let [x, y] = cells.spread([&x, &y], [], |here, []| here);
            let whole = |length: usize| length - length % side - side / 2;
            for (at, (x, y)) in x.values.iter().zip(&y.values).enumerate() {
                let (wanted_x, wanted_y) = (at % width, at / width);
                if (side / 2..whole(width)).contains(&wanted_x) {
                    assert!((x - wanted_x as f32).abs() < 1e-4, "{side} at {at}: {x}");
                }
                if (side / 2..whole(height)).contains(&wanted_y) {
                    assert!((y - wanted_y as f32).abs() < 1e-4, "{side} at {at}: {y}");
                }
            }
        }
    }

    #[test]
    fn windows_are_about_as_wide_as_asked_for() {
        for radius in 1..=90 {
            assert_eq!(Cells::exact(8, 8, radius).radius, radius);
            for side in 2..=8 {
                let cells = Cells::of(400, 400, radius, side);
                let pixels = ((2 * cells.radius + 1) * side) as i64;
                let off = (pixels - (2 * radius + 1) as i64).abs();
                // A window of one cell cannot be narrower than it.
                assert!(off <= side as i64 || cells.radius == 0, "{radius} in {side}: {pixels}");
            }
        }
    }
}
