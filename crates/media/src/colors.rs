//! The colours that a person would name when looking at a picture: clusters in Oklab, where distance is
//! what eyes see. Nothing is random, so the same picture always gives the same answer.

use aquatint_domain::Problem;

use crate::picture::Picture;
use crate::resize::{fit_within, resize};

/// The picture is looked at in this size.
const LONG_SIDE: u32 = 64;
/// Rounds of moving cluster centres; they settle sooner.
const ROUNDS: usize = 12;
/// Colours nearer than this in Oklab are one colour to a person.
const SAME: f32 = 0.07;
/// A colour on a smaller share of the picture than this is a detail.
/// An edge between two areas, one pixel wide, is less too, so blends are not named.
const SMALLEST_SHARE: f32 = 0.02;
/// The most colours that can be asked for.
const MAX_COLORS: usize = 16;

type Lab = [f32; 3];

struct Cluster {
    center: Lab,
    weight: f32,
}

/// Up to `count` colours as `#rrggbb`, most frequent first. Transparent parts do not count.
pub fn dominant_colors(picture: &Picture, count: usize) -> Vec<String> {
    let (width, height) = fit_within(picture.width(), picture.height(), LONG_SIDE);
    let small = resize(picture, width, height)
        .unwrap_or_else(|_: Problem| picture.clone())
        .image
        .into_rgba8();
    let points: Vec<(Lab, f32)> = small
        .pixels()
        .filter(|pixel| pixel.0[3] > 25)
        .map(|pixel| (lab([pixel.0[0], pixel.0[1], pixel.0[2]]), f32::from(pixel.0[3]) / 255.0))
        .collect();
    let count = count.min(MAX_COLORS);
    if points.is_empty() || count == 0 {
        return Vec::new();
    }
    // More clusters than asked for, so that merging the similar ones leaves enough.
    let mut clusters = settle(&points, seeds(&points, count + 4));
    merge(&mut clusters);
    let total: f32 = clusters.iter().map(|cluster| cluster.weight).sum();
    clusters
        .iter()
        .enumerate()
        .filter(|(index, cluster)| *index == 0 || cluster.weight >= total * SMALLEST_SHARE)
        .take(count)
        .map(|(_, cluster)| hex(cluster.center))
        .collect()
}

/// Farthest-first: the mean colour, then whatever is farthest from all so far, weighed by how many points
/// share its cell so that a single odd pixel is not chosen.
fn seeds(points: &[(Lab, f32)], count: usize) -> Vec<Lab> {
    let mut cells = std::collections::BTreeMap::<[i32; 3], Cluster>::new();
    for (point, weight) in points {
        let cell = cells
            .entry(point.map(|value| (value / SAME).round() as i32))
            .or_insert(Cluster {
                center: [0.0; 3],
                weight: 0.0,
            });
        for (sum, value) in cell.center.iter_mut().zip(point) {
            *sum += value * weight;
        }
        cell.weight += weight;
    }
    let cells: Vec<Cluster> = cells
        .into_values()
        .map(|cell| Cluster {
            center: cell.center.map(|sum| sum / cell.weight),
            weight: cell.weight,
        })
        .collect();
    let mut seeds: Vec<Lab> = Vec::with_capacity(count);
    if let Some(heaviest) = cells.iter().max_by(|a, b| a.weight.total_cmp(&b.weight)) {
        seeds.push(heaviest.center);
    }
    while seeds.len() < count.min(cells.len()) {
        let score = |cell: &Cluster| {
            let near = seeds
                .iter()
                .map(|seed| distance(*seed, cell.center))
                .fold(f32::MAX, f32::min);
            near * cell.weight.sqrt()
        };
        let Some(next) = cells.iter().max_by(|a, b| score(a).total_cmp(&score(b))) else {
            break;
        };
        seeds.push(next.center);
    }
    seeds
}

/// Moves centres to the mean of their points until they stay (k-means), heaviest first.
fn settle(points: &[(Lab, f32)], seeds: Vec<Lab>) -> Vec<Cluster> {
    let mut centers = seeds;
    let mut clusters = Vec::new();
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0f32; 3], 0.0f32); centers.len()];
        for (point, weight) in points {
            let nearest = nearest(&centers, *point);
            for (sum, value) in sums[nearest].0.iter_mut().zip(point) {
                *sum += value * weight;
            }
            sums[nearest].1 += weight;
        }
        clusters = sums
            .into_iter()
            .filter(|(_, weight)| *weight > 0.0)
            .map(|(sum, weight)| Cluster {
                center: sum.map(|value| value / weight),
                weight,
            })
            .collect::<Vec<_>>();
        let moved: Vec<Lab> = clusters.iter().map(|cluster| cluster.center).collect();
        if moved == centers {
            break;
        }
        centers = moved;
    }
    clusters.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    clusters
}

fn nearest(centers: &[Lab], point: Lab) -> usize {
    let mut best = (0, f32::MAX);
    for (index, center) in centers.iter().enumerate() {
        let distance = distance(*center, point);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best.0
}

/// Joins clusters that look the same, lighter into heavier.
fn merge(clusters: &mut Vec<Cluster>) {
    let mut index = 0;
    while index < clusters.len() {
        let mut other = index + 1;
        while other < clusters.len() {
            if distance(clusters[index].center, clusters[other].center) < SAME {
                let joined = clusters.remove(other);
                clusters[index].weight += joined.weight;
            } else {
                other += 1;
            }
        }
        index += 1;
    }
    clusters.sort_by(|a, b| b.weight.total_cmp(&a.weight));
}

fn distance(a: Lab, b: Lab) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

/// sRGB to Oklab (Björn Ottosson, public domain).
fn lab(rgb: [u8; 3]) -> Lab {
    let [r, g, b] = rgb.map(|channel| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    });
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn hex([light, a, b]: Lab) -> String {
    let l = (light + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (light - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (light - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_93 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s,
        -0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    let [r, g, b] = linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let value = if value <= 0.003_130_8 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        };
        (value * 255.0).round() as u8
    });
    format!("#{r:02x}{g:02x}{b:02x}")
}
