//! What networks do with maps beside convolving them.

use super::Map;

impl Map {
    /// Squares of `together` × `together` pixels of `channels` interleaved values as one pixel each: channel `c` of the pixel
    /// at (`dx`, `dy`) in its square becomes channel `c * together² + dy * together + dx`. What does not fill a square is left out.
    pub fn gathered(values: &[f32], width: usize, height: usize, channels: usize, together: usize) -> Self {
        let square = together * together;
        let mut made = Self::new(width / together, height / together, channels * square);
        for y in 0..made.height {
            for x in 0..made.width {
                let pixel = made.pixel_mut(x, y);
                for place in 0..square {
                    let at = (y * together + place / together) * width + x * together + place % together;
                    for channel in 0..channels {
                        pixel[channel * square + place] = values[at * channels + channel];
                    }
                }
            }
        }
        made
    }

    /// The reverse for one channel: `together²` channels spread over a square of pixels each, row by row.
    pub fn spread(&self, together: usize) -> Vec<f32> {
        let width = self.width * together;
        let mut made = vec![0.0; width * self.height * together];
        for y in 0..self.height {
            for x in 0..self.width {
                for (place, value) in self.pixel(x, y).iter().take(together * together).enumerate() {
                    made[(y * together + place / together) * width + x * together + place % together] = *value;
                }
            }
        }
        made
    }

    /// The largest of every 2×2 pixels, channel by channel; an odd row or column at the end is left out.
    pub fn halved(&self) -> Self {
        let mut made = Self::new(self.width / 2, self.height / 2, self.channels);
        for y in 0..made.height {
            for x in 0..made.width {
                let largest = made.pixel_mut(x, y);
                largest.copy_from_slice(self.pixel(2 * x, 2 * y));
                for (dx, dy) in [(1, 0), (0, 1), (1, 1)] {
                    for (largest, value) in largest.iter_mut().zip(self.pixel(2 * x + dx, 2 * y + dy)) {
                        *largest = largest.max(*value);
                    }
                }
            }
        }
        made
    }

    /// Every pixel four times, and behind its channels those of `side`, which is twice as wide and high.
    pub fn doubled_beside(&self, side: &Self) -> Self {
        let mut made = Self::new(side.width, side.height, self.channels + side.channels);
        for y in 0..side.height {
            for x in 0..side.width {
                let (own, other) = made.pixel_mut(x, y).split_at_mut(self.channels);
                own.copy_from_slice(self.pixel((x / 2).min(self.width - 1), (y / 2).min(self.height - 1)));
                other.copy_from_slice(side.pixel(x, y));
            }
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_gathered_is_spread_to_where_it_was() {
        let values: Vec<f32> = (0..8 * 4).map(|value| value as f32).collect();
        let gathered = Map::gathered(&values, 8, 4, 1, 4);
        assert_eq!((gathered.width, gathered.height, gathered.channels), (2, 1, 16));
        assert_eq!(gathered.pixel(1, 0)[5], values[8 + 5]);
        assert_eq!(gathered.spread(4), values);
        // Of colours, all places of the first come first.
        let colours = Map::gathered(&values[..2 * 2 * 3], 2, 2, 3, 2);
        assert_eq!(colours.pixel(0, 0)[..5], [0.0, 3.0, 6.0, 9.0, 1.0]);
    }

    #[test]
    fn halving_keeps_the_largest_and_doubling_repeats_it() {
        let mut map = Map::new(4, 2, 1);
        map.pixel_mut(1, 1)[0] = 3.0;
        map.pixel_mut(2, 0)[0] = -1.0;
        let half = map.halved();
        assert_eq!((half.pixel(0, 0), half.pixel(1, 0)), (&[3.0][..], &[0.0][..]));
        let both = half.doubled_beside(&map);
        assert_eq!((both.width, both.height), (4, 2));
        assert_eq!(both.pixel(0, 0), [3.0, 0.0]);
        assert_eq!(both.pixel(2, 0), [0.0, -1.0]);
    }
}
