//! Procedural materials: value noise in octaves, shaped into veins, grain, ripples and weave.

use super::prompt::{Color, Surface};

/// Smooth noise from 0 to 1 over the plane.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (ix, iy) = (x.floor(), y.floor());
    let (fx, fy) = (smooth(x - ix), smooth(y - iy));
    let at = |dx: i32, dy: i32| lattice(ix as i32 + dx, iy as i32 + dy, seed);
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * fx;
    let bottom = at(0, 1) + (at(1, 1) - at(0, 1)) * fx;
    top + (bottom - top) * fy
}

/// Noise in octaves, each half as strong and twice as fine.
pub(crate) fn octaves(x: f32, y: f32, count: u32, seed: u32) -> f32 {
    let (mut sum, mut weight, mut scale, mut total) = (0.0, 0.5, 1.0, 0.0);
    for octave in 0..count {
        sum += weight * noise(x * scale, y * scale, seed.wrapping_add(octave * 101));
        total += weight;
        weight *= 0.5;
        scale *= 2.03;
    }
    sum / total
}

fn smooth(t: f32) -> f32 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

fn lattice(x: i32, y: i32, seed: u32) -> f32 {
    let mut bits =
        (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    ((bits ^ (bits >> 15)) >> 8) as f32 / 16_777_216.0
}

fn mix(a: Color, b: Color, t: f32) -> Color {
    let t = t.clamp(0.0, 1.0);
    std::array::from_fn(|channel| a[channel] + (b[channel] - a[channel]) * t)
}

/// How a point of a surface looks: colour, gloss from 0 to 1, and a height for relief.
pub(crate) struct Look {
    pub color: Color,
    pub gloss: f32,
}

/// The surface's look at a point of the plane.
pub(crate) fn look(surface: Surface, x: f32, z: f32, seed: u32, plain: Color) -> Look {
    match surface {
        Surface::Marble => {
            let warp = octaves(x * 0.9, z * 0.9, 5, seed) * 3.2;
            let vein = 1.0 - (((x * 0.8 + z * 0.55) * 2.0 + warp * 2.4).sin()).abs();
            let fine = 1.0 - (((x * 1.9 - z * 1.3) * 2.3 + warp * 3.7).sin()).abs();
            let cloud = octaves(x * 1.6, z * 1.6, 4, seed ^ 77);
            let base = mix([0.80, 0.79, 0.77], [0.66, 0.66, 0.67], cloud);
            let veined = mix(base, [0.28, 0.28, 0.31], vein.powi(9) * 0.75);
            Look {
                color: mix(veined, [0.40, 0.39, 0.40], fine.powi(14) * 0.5),
                gloss: 0.55,
            }
        }
        Surface::Wood => {
            let plank = (x / 0.85).floor();
            let shift = lattice(plank as i32, 3, seed) * 40.0;
            let along = z * 0.6 + shift;
            let ring = octaves(x * 5.0 + shift, along * 0.7, 4, seed);
            let grain = octaves(x * 60.0, along * 2.0, 3, seed ^ 9);
            let band = ((ring * 14.0).sin() * 0.5 + 0.5).powf(1.4);
            let base = mix([0.40, 0.22, 0.10], [0.20, 0.095, 0.04], band * 0.75 + grain * 0.35);
            let tone = 0.85 + 0.3 * lattice(plank as i32, 11, seed);
            let seam = ((x / 0.85 - plank) * 0.85).min((1.0 - (x / 0.85 - plank)) * 0.85);
            let gap = (seam / 0.012).clamp(0.25, 1.0);
            Look {
                color: base.map(|channel| channel * tone * gap),
                gloss: 0.18,
            }
        }
        Surface::Concrete => {
            let large = octaves(x * 0.8, z * 0.8, 5, seed);
            let small = octaves(x * 9.0, z * 9.0, 3, seed ^ 5);
            let pore = (noise(x * 24.0, z * 24.0, seed ^ 21) - 0.86).max(0.0) * 4.0;
            let tone = 0.30 + 0.12 * large + 0.06 * small - pore * 0.25;
            Look {
                color: [tone, tone * 0.99, tone * 0.965],
                gloss: 0.06,
            }
        }
        Surface::Sand => {
            let ripple = ((z * 9.0 + octaves(x * 1.1, z * 0.9, 3, seed) * 9.0).sin() * 0.5 + 0.5) * 0.16;
            let grain = noise(x * 130.0, z * 130.0, seed ^ 3) * 0.14;
            let tone = 0.78 + ripple + grain - 0.14;
            Look {
                color: [0.72 * tone, 0.55 * tone, 0.36 * tone],
                gloss: 0.0,
            }
        }
        Surface::Fabric => {
            let fold = ((x * 1.7 + octaves(x * 0.7, z * 0.7, 3, seed) * 3.0 + z * 0.5).sin() * 0.5 + 0.5) * 0.22;
            let weave = ((x * 120.0).sin() * (z * 120.0).sin()) * 0.045;
            let tone = 0.80 + fold + weave;
            Look {
                color: [0.66 * tone, 0.60 * tone, 0.50 * tone],
                gloss: 0.0,
            }
        }
        Surface::Plain => {
            let tone = 0.98 + 0.04 * octaves(x * 2.0, z * 2.0, 3, seed);
            Look {
                color: plain.map(|channel| channel * tone),
                gloss: 0.12,
            }
        }
    }
}
