//! Rendering: sphere tracing with a key, a fill and a rim light, soft shadows, ambient occlusion,
//! one reflection on glossy things, filmic tone, fine grain. Rows are shared among threads; the
//! result depends on the seed alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use image::{Rgb, RgbImage};

use super::materials::{look, octaves};
use super::prompt::{Color, Light, Scene, Surface};
use super::shapes::{Part, Point, nearest};
use crate::random::Random;

/// Steps of one ray at most.
const STEPS: usize = 110;
const FAR: f32 = 14.0;
const HIT: f32 = 0.0007;
/// Rays per pixel, per side.
const GRID: u32 = 2;

struct Stage<'a> {
    scene: &'a Scene,
    seed: u32,
    eye: Point,
    forward: Point,
    right: Point,
    up: Point,
    key: Point,
    key_color: Color,
    fill: Color,
    rim: Color,
    softness: f32,
}

/// Renders a scene; `progress` hears from 0 to 1.
pub(crate) fn render(scene: &Scene, width: u32, height: u32, progress: &mut dyn FnMut(f64)) -> RgbImage {
    let stage = Stage::new(scene);
    let rows: Mutex<Vec<(u32, Vec<u8>)>> = Mutex::new(Vec::with_capacity(height as usize));
    let next = AtomicU32::new(0);
    let work = || {
        loop {
            let y = next.fetch_add(1, Ordering::Relaxed);
            if y >= height {
                return;
            }
            let row: Vec<u8> = (0..width).flat_map(|x| stage.pixel(x, y, width, height)).collect();
            if let Ok(mut rows) = rows.lock() {
                rows.push((y, row));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(1, usize::from).min(16))
            .map(|_| scope.spawn(work))
            .collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            progress(f64::from(next.load(Ordering::Relaxed).min(height)) / f64::from(height));
            std::thread::park_timeout(std::time::Duration::from_millis(40));
        }
    });
    let mut image = RgbImage::new(width, height);
    for (y, row) in rows.into_inner().unwrap_or_default() {
        for (x, rgb) in row.chunks_exact(3).enumerate() {
            image.put_pixel(x as u32, y, Rgb([rgb[0], rgb[1], rgb[2]]));
        }
    }
    image
}

impl<'a> Stage<'a> {
    fn new(scene: &'a Scene) -> Self {
        let mut dice = Random(scene.seed);
        let turn = (dice.unit() - 0.5) * 0.5;
        let eye = [turn * 2.4, 1.15 + dice.unit() * 0.35, 4.1];
        let target = [0.0, if scene.has_podium { 0.72 } else { 0.52 }, 0.0];
        let forward = unit(minus(target, eye));
        let right = unit(cross(forward, [0.0, 1.0, 0.0]));
        let side = if dice.unit() < 0.5 { -1.0 } else { 1.0 };
        let (key, key_color, fill, rim, softness): (Point, Color, Color, Color, f32) = match scene.light {
            Light::Soft => (
                [1.2 * side, 2.2, 1.6],
                [2.3, 2.25, 2.15],
                [0.42, 0.44, 0.48],
                [0.25, 0.26, 0.3],
                7.0,
            ),
            Light::Hard => (
                [1.9 * side, 1.7, 0.9],
                [3.3, 3.2, 3.0],
                [0.14, 0.15, 0.18],
                [0.2, 0.2, 0.24],
                40.0,
            ),
            Light::Golden => (
                [2.4 * side, 0.95, 0.7],
                [3.4, 2.2, 1.1],
                [0.30, 0.30, 0.40],
                [0.5, 0.3, 0.15],
                16.0,
            ),
            Light::Neon => (
                [1.6 * side, 1.4, 0.9],
                [2.0, 0.35, 1.5],
                [0.05, 0.22, 0.42],
                [0.1, 1.1, 1.5],
                10.0,
            ),
            Light::Cool => (
                [1.2 * side, 2.0, 1.3],
                [1.7, 2.0, 2.4],
                [0.30, 0.36, 0.46],
                [0.25, 0.3, 0.4],
                9.0,
            ),
        };
        Self {
            scene,
            seed: (scene.seed ^ (scene.seed >> 32)) as u32,
            eye,
            forward,
            right,
            up: cross(right, forward),
            key: unit(key),
            key_color,
            fill,
            rim,
            softness,
        }
    }

    fn pixel(&self, x: u32, y: u32, width: u32, height: u32) -> [u8; 3] {
        let mut sum = [0.0f32; 3];
        for sample in 0..GRID * GRID {
            let (dx, dy) = ((sample % GRID) as f32 + 0.5, (sample / GRID) as f32 + 0.5);
            let long = width.max(height) as f32 * 0.5 + width.min(height) as f32 * 0.5;
            let u = (x as f32 + dx / GRID as f32 - width as f32 / 2.0) / long;
            let v = (height as f32 / 2.0 - y as f32 - dy / GRID as f32) / long;
            let ray = unit(std::array::from_fn(|axis| {
                self.forward[axis] * 1.75 + self.right[axis] * u + self.up[axis] * v
            }));
            let color = self.trace(self.eye, ray, true).map(tone);
            for channel in 0..3 {
                sum[channel] += color[channel];
            }
        }
        let (cx, cy) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let vignette = 1.0 - 0.34 * (cx * cx + cy * cy);
        let grain = (super::materials::noise(x as f32 * 0.9, y as f32 * 0.9, self.seed ^ 0x51) - 0.5) * 0.014;
        sum.map(|channel| ((channel / (GRID * GRID) as f32 * vignette + grain).clamp(0.0, 1.0) * 255.0 + 0.5) as u8)
    }

    /// The light that comes along a ray.
    fn trace(&self, from: Point, ray: Point, may_reflect: bool) -> Color {
        let floor = if ray[1] < -1e-4 { -from[1] / ray[1] } else { FAR };
        let mut along = 0.0;
        for _ in 0..STEPS {
            let (distance, part) = nearest(self.scene, plus(from, ray, along));
            if distance < HIT * (1.0 + along) {
                return self.object(plus(from, ray, along), ray, part, may_reflect);
            }
            along += distance;
            if along > floor.min(FAR) {
                break;
            }
        }
        if floor < FAR {
            self.floor(plus(from, ray, floor), ray, floor, may_reflect)
        } else {
            self.backdrop(ray)
        }
    }

    fn object(&self, at: Point, ray: Point, part: Part, may_reflect: bool) -> Color {
        let normal = self.normal(at);
        let accent = self.scene.accent;
        let (color, gloss): (Color, f32) = match part {
            Part::Body => (accent, 0.6),
            Part::Cap => (accent.map(|channel| channel * 0.25 + 0.03), 0.5),
            Part::Label => {
                let angle = at[0].atan2(at[2]);
                let line = ((at[1] * 46.0).sin() > 0.55)
                    && angle.abs() < 0.55
                    && octaves(angle * 9.0, (at[1] * 7.3).floor(), 2, self.seed) > 0.42;
                (
                    if line {
                        accent.map(|channel| channel * 0.4)
                    } else {
                        [0.86, 0.85, 0.82]
                    },
                    0.12,
                )
            }
            Part::Podium => {
                let look = look(
                    if self.scene.surface == Surface::Plain {
                        Surface::Plain
                    } else {
                        Surface::Concrete
                    },
                    at[0],
                    at[2] + at[1],
                    self.seed ^ 91,
                    self.scene.backdrop,
                );
                (look.color.map(|channel| (channel * 1.25).min(0.9)), 0.1)
            }
        };
        self.shade(at, ray, normal, color, gloss, may_reflect)
    }

    fn floor(&self, at: Point, ray: Point, distance: f32, may_reflect: bool) -> Color {
        let surface = look(self.scene.surface, at[0], at[2], self.seed, self.scene.backdrop);
        let lit = self.shade(at, ray, [0.0, 1.0, 0.0], surface.color, surface.gloss, may_reflect);
        // The floor runs into the backdrop without an edge, like a studio sweep.
        let sweep = ((-at[2] - 1.6) / 2.6)
            .clamp(0.0, 1.0)
            .max(((distance - 6.0) / 6.0).clamp(0.0, 1.0));
        let sweep = sweep * sweep * (3.0 - 2.0 * sweep);
        let behind = self.backdrop(ray);
        std::array::from_fn(|channel| lit[channel] + (behind[channel] - lit[channel]) * sweep)
    }

    fn backdrop(&self, ray: Point) -> Color {
        let glow = (dot(ray, unit([self.key[0] * -0.4, 0.25, -1.0])) * 0.5 + 0.5).powi(5);
        let fall = 0.62 + 0.55 * glow - 0.18 * ray[1].max(0.0);
        let tint: Color = std::array::from_fn(|channel| 0.55 * self.key_color[channel] / 2.2 + 0.45);
        std::array::from_fn(|channel| self.scene.backdrop[channel] * fall * tint[channel] * 1.15)
    }

    fn shade(&self, at: Point, ray: Point, normal: Point, color: Color, gloss: f32, may_reflect: bool) -> Color {
        let lifted = plus(at, normal, 0.004);
        let facing = dot(normal, self.key).max(0.0);
        let shadow = if facing > 0.0 { self.shadow(lifted) } else { 0.0 };
        let open = self.open(at, normal);
        let half = unit(minus(self.key, ray));
        let shine = dot(normal, half).max(0.0).powf(18.0 + gloss * 160.0) * gloss * shadow;
        let edge = (1.0 + dot(ray, normal)).clamp(0.0, 1.0).powi(4);
        let sky = 0.6 + 0.4 * normal[1];
        let mut light: Color = std::array::from_fn(|channel| {
            let diffuse = self.key_color[channel] * facing * shadow * 0.62
                + self.fill[channel] * sky * open * 1.6
                + self.scene.backdrop[channel] * 0.30 * open;
            color[channel] * diffuse + self.key_color[channel] * shine * 0.5 + self.rim[channel] * edge * open * 0.5
        });
        if may_reflect && gloss > 0.1 {
            let bounce = unit(plus(ray, normal, -2.0 * dot(ray, normal)));
            let seen = self.trace(lifted, bounce, false);
            let share = gloss * (0.07 + 0.55 * edge);
            for channel in 0..3 {
                light[channel] += (seen[channel] - light[channel] * 0.4) * share;
            }
        }
        light
    }

    /// How much of the key light reaches a point, from 0 to 1 (Inigo Quilez, soft shadows in sphere tracing).
    fn shadow(&self, from: Point) -> f32 {
        let (mut lit, mut along) = (1.0f32, 0.02);
        for _ in 0..48 {
            let (distance, _) = nearest(self.scene, plus(from, self.key, along));
            if distance < 0.0006 {
                return 0.0;
            }
            lit = lit.min(self.softness * distance / along);
            along += distance.clamp(0.015, 0.25);
            if along > 5.0 {
                break;
            }
        }
        let lit = lit.clamp(0.0, 1.0);
        lit * lit * (3.0 - 2.0 * lit)
    }

    /// How open the surroundings are, from 0 to 1.
    fn open(&self, at: Point, normal: Point) -> f32 {
        let (mut closed, mut weight) = (0.0, 1.0);
        for step in 1..=5 {
            let reach = 0.05 * step as f32 * step as f32 * 0.5;
            let p = plus(at, normal, reach);
            let distance = nearest(self.scene, p).0.min(p[1].max(0.0) + 0.001);
            closed += weight * (reach - distance).max(0.0) / reach;
            weight *= 0.62;
        }
        (1.0 - closed * 0.42).clamp(0.12, 1.0)
    }

    fn normal(&self, at: Point) -> Point {
        const E: f32 = 0.0008;
        let d = |p: Point| nearest(self.scene, p).0;
        unit([
            d([at[0] + E, at[1], at[2]]) - d([at[0] - E, at[1], at[2]]),
            d([at[0], at[1] + E, at[2]]) - d([at[0], at[1] - E, at[2]]),
            d([at[0], at[1], at[2] + E]) - d([at[0], at[1], at[2] - E]),
        ])
    }
}

/// Filmic tone (Narkowicz's fit of ACES), then sRGB.
fn tone(linear: f32) -> f32 {
    let x = linear.max(0.0) * 0.82;
    let mapped = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14);
    mapped.clamp(0.0, 1.0).powf(1.0 / 2.2)
}

fn minus(a: Point, b: Point) -> Point {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

fn plus(a: Point, b: Point, times: f32) -> Point {
    std::array::from_fn(|axis| a[axis] + b[axis] * times)
}

fn dot(a: Point, b: Point) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Point, b: Point) -> Point {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn unit(a: Point) -> Point {
    let length = dot(a, a).sqrt().max(1e-9);
    a.map(|axis| axis / length)
}
