//! Where a picture draws the eye, for cutting it without losing what it is about: detail and colour that stand out from
//! their surroundings, and tones of skin, with a little weight on the middle. It knows no objects.

use aquatint_domain::Problem;
use aquatint_media::{Picture, resize};

use crate::background::oklab_image;

/// The long side at which the picture is looked at.
const WORK_SIDE: u32 = 96;
/// How much less the rim counts than the middle.
const RIM: f32 = 0.45;
/// How far above the middle the weight is where somebody is in the picture, as a share of half the height.
const ABOVE: f32 = 0.5;
/// The mean of how much pixels look like skin from which on somebody is believed to be in the picture.
const SOMEBODY: f32 = 0.01;
/// Of the windows that hold so much of the most, the highest is taken where somebody is in the picture: heads stay on.
const NEARLY: f32 = 0.95;

/// The shares of the free width on the left and of the free height on top, from 0 to 1, at which a window of `width` and
/// `height` holds the most.
pub(crate) fn shares(picture: &Picture, width: u32, height: u32) -> Result<(f64, f64), Problem> {
    let (whole_w, whole_h) = (picture.width(), picture.height());
    let scale = (f64::from(WORK_SIDE) / f64::from(whole_w.max(whole_h))).min(1.0);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let small = resize(picture, side(whole_w), side(whole_h))?;
    let (w, h) = (small.width() as usize, small.height() as usize);
    let (mut weights, skin) = weigh(&small, 0.0);
    if skin > SOMEBODY {
        (weights, _) = weigh(&small, ABOVE);
    }
    let columns: Vec<f32> = (0..w).map(|x| (0..h).map(|y| weights[y * w + x]).sum()).collect();
    let rows: Vec<f32> = (0..h).map(|y| weights[y * w..(y + 1) * w].iter().sum()).collect();
    let share = |sums: &[f32], part: u32, whole: u32, nearly: f32| {
        let window = ((f64::from(part) / f64::from(whole) * sums.len() as f64).round() as usize).clamp(1, sums.len());
        best(sums, window, nearly)
    };
    let nearly = if skin > SOMEBODY { NEARLY } else { 1.0 };
    Ok((
        share(&columns, width, whole_w, 1.0),
        share(&rows, height, whole_h, nearly),
    ))
}

/// The place of the window with the largest sum, as a share of the places there are; the middle one of equals. With `nearly`
/// below 1, the first of those that hold so much of the largest.
fn best(sums: &[f32], window: usize, nearly: f32) -> f64 {
    let places = sums.len() - window;
    if places == 0 {
        return 0.5;
    }
    let middle = places as f32 / 2.0;
    let held: Vec<f32> = (0..=places)
        .map(|place| {
            let sum: f32 = sums[place..place + window].iter().sum();
            // Of windows that hold as much, the one nearest to the middle.
            sum - (place as f32 - middle).abs() * 1e-4 * sum.abs()
        })
        .collect();
    let most = held.iter().copied().fold(f32::MIN, f32::max);
    let place = held
        .iter()
        .position(|held| *held >= most * nearly)
        .unwrap_or(places / 2);
    place as f64 / places as f64
}

/// How much a colour looks like skin, from 0 to 1: a narrow range of hues, neither grey nor glaring.
fn skin([l, a, b]: [f32; 3]) -> f32 {
    let (hue, chroma) = (b.atan2(a).to_degrees(), a.hypot(b));
    if !(0.4..0.93).contains(&l) {
        return 0.0;
    }
    (1.0 - (hue - 50.0).abs() / 25.0).max(0.0) * (1.0 - (chroma - 0.07).abs() / 0.05).max(0.0)
}

/// For each pixel its distance from the mean colour of the picture, its local contrast, its colour; and how much of the picture
/// looks like skin. The weight on the middle is moved up by `above`.
fn weigh(small: &Picture, above: f32) -> (Vec<f32>, f32) {
    let lab = oklab_image(&small.image);
    let (w, h) = (lab.width() as usize, lab.height() as usize);
    let at = |x: usize, y: usize| lab.get_pixel(x as u32, y as u32).0;
    let count = (w * h) as f32;
    let mut mean = [0.0f32; 3];
    for pixel in lab.pixels() {
        for (sum, value) in mean.iter_mut().zip(pixel.0) {
            *sum += value / count;
        }
    }
    let far = |a: [f32; 3], b: [f32; 3]| {
        let square: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
        square.sqrt()
    };
    let mut weights = Vec::with_capacity(w * h);
    let mut skins = 0.0;
    for y in 0..h {
        for x in 0..w {
            let here = at(x, y);
            let contrast = far(here, at((x + 1).min(w - 1), y)) + far(here, at(x, (y + 1).min(h - 1)));
            let chroma = here[1].hypot(here[2]);
            let (u, v) = (
                (x as f32 + 0.5) / w as f32 * 2.0 - 1.0,
                (y as f32 + 0.5) / h as f32 * 2.0 - 1.0 + above,
            );
            let central = 1.0 - RIM * (u * u + v * v).min(2.0) / 2.0;
            let skin = skin(here);
            skins += skin / count;
            weights.push((far(here, mean) + contrast * 1.5 + chroma * 0.5 + skin) * central);
        }
    }
    (weights, skins)
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb, RgbImage};

    use super::*;

    #[test]
    fn a_window_follows_what_stands_out() {
        for (from, least, most) in [(10u32, 0.0, 0.2), (150, 0.35, 0.65), (280, 0.8, 1.0)] {
            let picture = RgbImage::from_fn(360, 120, |x, y| {
                if (from..from + 60).contains(&x) && (30..90).contains(&y) {
                    Rgb([200, (x * 3 % 60) as u8, 40])
                } else {
                    Rgb([230, 230, 235])
                }
            });
            let picture = Picture::new(DynamicImage::ImageRgb8(picture));
            let (across, down) = shares(&picture, 120, 120).expect("looked at");
            assert!((least..=most).contains(&across), "{from}: {across}");
            assert!((down - 0.5).abs() < 1e-6);
        }
    }

    #[test]
    fn a_head_at_the_top_stays_on() {
        // A face above a large orange suit, on grey.
        let picture = RgbImage::from_fn(200, 200, |x, y| match (x, y) {
            (80..120, 10..50) => Rgb([224, 172, 140]),
            (40..160, 60..200) => Rgb([230, 80, 30]),
            _ => Rgb([200, 200, 200]),
        });
        let picture = Picture::new(DynamicImage::ImageRgb8(picture));
        let (_, down) = shares(&picture, 200, 112).expect("looked at");
        assert!(down * 88.0 <= 10.0, "the window begins at {}", down * 88.0);
    }

    #[test]
    fn a_plain_picture_is_cut_in_its_middle() {
        let picture = Picture::new(DynamicImage::ImageRgb8(RgbImage::from_pixel(90, 60, Rgb([9, 9, 9]))));
        let (across, _) = shares(&picture, 60, 60).expect("looked at");
        assert!((across - 0.5).abs() < 0.1, "{across}");
    }
}
