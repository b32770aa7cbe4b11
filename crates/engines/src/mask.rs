//! Which part of a picture an edit changes. White is what changes, everywhere in the product.

use aquatint_domain::Problem;
use aquatint_media::{Picture, resize};
use image::GrayImage;
use serde::Deserialize;

/// The most corners and boxes of one mask.
const PARTS_MAX: usize = 1_000;

/// A region, as the engines' arguments name it. Coordinates are pixels from the upper left corner.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Region {
    /// The input of that number holds the mask: white changes, black stays, grey in part; transparent is black.
    Picture(usize),
    /// Rectangles as x, y, width, height.
    Boxes(Vec<[f64; 4]>),
    /// One closed outline.
    Polygon(Vec<[f64; 2]>),
}

impl Region {
    /// The region as a mask of the picture's size; refuses one that covers nothing of it.
    pub fn mask(&self, inputs: &[Picture], width: u32, height: u32) -> Result<GrayImage, Problem> {
        let mask = match self {
            Self::Picture(number) => {
                let picture = inputs
                    .get(*number)
                    .ok_or_else(|| Problem::internal("the mask's picture is missing"))?;
                of_picture(picture, width, height)?
            }
            Self::Boxes(boxes) => {
                check_parts(boxes.len())?;
                let mut mask = GrayImage::new(width, height);
                for [x, y, w, h] in boxes {
                    let (left, top) = (whole(*x, width), whole(*y, height));
                    let (right, bottom) = (whole(x + w, width), whole(y + h, height));
                    for row in top..bottom {
                        for column in left..right {
                            mask.put_pixel(column, row, image::Luma([255]));
                        }
                    }
                }
                mask
            }
            Self::Polygon(corners) => {
                check_parts(corners.len())?;
                polygon(corners, width, height)
            }
        };
        if mask.pixels().all(|pixel| pixel.0[0] < 8) {
            return Err(Problem::invalid(
                "mask",
                format!(
                    "The mask covers nothing of the picture, which has {width}×{height} px. White marks what changes; boxes are [x, y, width, height] from the upper left corner."
                ),
            ));
        }
        Ok(mask)
    }
}

fn check_parts(count: usize) -> Result<(), Problem> {
    if count > PARTS_MAX {
        return Err(Problem::invalid(
            "mask",
            format!("A mask takes at most {PARTS_MAX} boxes or corners; send a mask picture instead."),
        ));
    }
    Ok(())
}

fn whole(at: f64, most: u32) -> u32 {
    at.round().clamp(0.0, f64::from(most)) as u32
}

fn of_picture(picture: &Picture, width: u32, height: u32) -> Result<GrayImage, Problem> {
    let own = f64::from(picture.width()) / f64::from(picture.height());
    let wanted = f64::from(width) / f64::from(height);
    if (own / wanted - 1.0).abs() > 0.02 {
        return Err(Problem::invalid(
            "mask",
            format!(
                "The mask has {}×{} px and the picture {width}×{height}: their shapes differ. Send a mask of the picture's size.",
                picture.width(),
                picture.height()
            ),
        ));
    }
    let fitted = resize(picture, width, height)?;
    let rgba = fitted.image.to_rgba8();
    Ok(GrayImage::from_fn(width, height, |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0.map(u32::from);
        let luma = (r * 299 + g * 587 + b * 114 + 500) / 1_000;
        image::Luma([((luma * a + 127) / 255) as u8])
    }))
}

/// The inside by the even-odd rule, with soft edges from four by four samples.
fn polygon(corners: &[[f64; 2]], width: u32, height: u32) -> GrayImage {
    const GRID: u32 = 4;
    let mut counts = vec![0u16; width as usize * height as usize];
    for line in 0..height * GRID {
        let y = (f64::from(line) + 0.5) / f64::from(GRID);
        let mut crossings: Vec<f64> = corners
            .iter()
            .zip(corners.iter().cycle().skip(1))
            .filter(|(from, to)| (from[1] <= y) != (to[1] <= y))
            .map(|(from, to)| from[0] + (y - from[1]) / (to[1] - from[1]) * (to[0] - from[0]))
            .collect();
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let sample = |x: f64| (x * f64::from(GRID)).round().clamp(0.0, f64::from(width * GRID)) as u32;
            for column in sample(pair[0])..sample(pair[1]) {
                counts[(line / GRID) as usize * width as usize + (column / GRID) as usize] += 1;
            }
        }
    }
    let full = GRID * GRID;
    GrayImage::from_fn(width, height, |x, y| {
        let count = u32::from(counts[y as usize * width as usize + x as usize]);
        image::Luma([(count * 255 / full).min(255) as u8])
    })
}

/// The mask grown by a disc of that radius, in pixels.
pub(crate) fn grown(mask: &GrayImage, radius: u32) -> GrayImage {
    if radius == 0 {
        return mask.clone();
    }
    // Rows first, then columns with the disc's chord: a running maximum would be quicker, but masks are grown by little.
    let (w, h) = (mask.width() as i64, mask.height() as i64);
    let reach = i64::from(radius);
    let mut made = mask.clone();
    for (x, y, pixel) in mask.enumerate_pixels() {
        if pixel.0[0] == 0 {
            continue;
        }
        // Inner pixels grow nothing that their neighbours do not.
        let is_inner = [(-1, 0), (1, 0), (0, -1), (0, 1)].iter().all(|(dx, dy)| {
            let (nx, ny) = (i64::from(x) + dx, i64::from(y) + dy);
            nx < 0 || ny < 0 || nx >= w || ny >= h || mask.get_pixel(nx as u32, ny as u32).0[0] >= pixel.0[0]
        });
        if is_inner {
            continue;
        }
        for dy in -reach..=reach {
            let chord = ((reach * reach - dy * dy) as f64).sqrt() as i64;
            let row = i64::from(y) + dy;
            if row < 0 || row >= h {
                continue;
            }
            for column in (i64::from(x) - chord).max(0)..=(i64::from(x) + chord).min(w - 1) {
                let target = made.get_pixel_mut(column as u32, row as u32);
                target.0[0] = target.0[0].max(pixel.0[0]);
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_covers_its_area() {
        let mask = polygon(&[[2.0, 2.0], [18.0, 2.0], [18.0, 12.0], [2.0, 12.0]], 20, 20);
        let covered: u32 = mask.pixels().map(|pixel| u32::from(pixel.0[0])).sum();
        assert_eq!(covered, 16 * 10 * 255);
        let triangle = polygon(&[[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]], 20, 20);
        let area = triangle
            .pixels()
            .map(|pixel| f64::from(pixel.0[0]) / 255.0)
            .sum::<f64>();
        assert!((area - 200.0).abs() < 6.0, "{area}");
    }

    #[test]
    fn boxes_outside_cover_nothing_and_huge_ones_everything() {
        let outside = Region::Boxes(vec![[50.0, 50.0, 10.0, 10.0]]);
        assert!(outside.mask(&[], 20, 20).is_err());
        let huge = Region::Boxes(vec![[-1e9, -1e9, 1e12, 1e12]]);
        assert!(
            huge.mask(&[], 20, 20)
                .expect("a mask")
                .pixels()
                .all(|pixel| pixel.0[0] == 255)
        );
    }

    #[test]
    fn growing_by_three_reaches_three_pixels() {
        let mut mask = GrayImage::new(21, 21);
        mask.put_pixel(10, 10, image::Luma([255]));
        let mask = grown(&mask, 3);
        assert_eq!(mask.get_pixel(13, 10).0[0], 255);
        assert_eq!(mask.get_pixel(14, 10).0[0], 0);
        assert_eq!(mask.get_pixel(13, 13).0[0], 0);
    }
}
