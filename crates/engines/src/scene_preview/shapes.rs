//! Objects as signed distance fields: solids of revolution, rounded boxes, a podium.

use super::prompt::{Scene, Thing};

pub(crate) type Point = [f32; 3];

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Body,
    Cap,
    Label,
    Podium,
}

/// Height of the podium, when there is one.
pub(crate) const PODIUM: f32 = 0.22;

/// The distance to the nearest object and which part that is; the floor is not among them.
pub(crate) fn nearest(scene: &Scene, p: Point) -> (f32, Part) {
    let base = if scene.has_podium { PODIUM } else { 0.0 };
    let mut best = (f32::MAX, Part::Body);
    let mut add = |distance: f32, part: Part| {
        if distance < best.0 {
            best = (distance, part);
        }
    };
    if scene.has_podium {
        add(
            cylinder(p, [0.0, PODIUM / 2.0, 0.0], 0.74, PODIUM / 2.0, 0.02),
            Part::Podium,
        );
    }
    let q = [p[0], p[1] - base, p[2]];
    match scene.thing {
        Thing::Bottle => {
            let body = cylinder(q, [0.0, 0.42, 0.0], 0.27, 0.42, 0.07);
            let neck = cylinder(q, [0.0, 0.95, 0.0], 0.10, 0.14, 0.02);
            add(blend(body, neck, 0.16), Part::Body);
            add(cylinder(q, [0.0, 1.13, 0.0], 0.125, 0.09, 0.02), Part::Cap);
            add(cylinder(q, [0.0, 0.42, 0.0], 0.273, 0.22, 0.004), Part::Label);
        }
        Thing::Box => add(
            rounded_box(turned(q, 0.5), [0.0, 0.45, 0.0], [0.36, 0.45, 0.26], 0.015),
            Part::Body,
        ),
        Thing::Jar => {
            add(cylinder(q, [0.0, 0.28, 0.0], 0.36, 0.28, 0.06), Part::Body);
            add(cylinder(q, [0.0, 0.62, 0.0], 0.34, 0.075, 0.02), Part::Cap);
            add(cylinder(q, [0.0, 0.28, 0.0], 0.363, 0.15, 0.004), Part::Label);
        }
        Thing::Cup => {
            let outside = cylinder(q, [0.0, 0.32, 0.0], 0.32, 0.32, 0.04);
            let inside = cylinder(q, [0.0, 0.42, 0.0], 0.28, 0.36, 0.03);
            let handle = ring([q[0] - 0.34, q[1] - 0.34, q[2]], 0.17, 0.04);
            add(blend(outside, handle, 0.03).max(-inside), Part::Body);
            add(cylinder(q, [0.0, 0.50, 0.0], 0.282, 0.01, 0.0), Part::Cap);
        }
        Thing::Can => {
            add(cylinder(q, [0.0, 0.46, 0.0], 0.27, 0.46, 0.04), Part::Body);
            add(cylinder(q, [0.0, 0.915, 0.0], 0.235, 0.015, 0.006), Part::Cap);
            add(cylinder(q, [0.0, 0.44, 0.0], 0.272, 0.24, 0.004), Part::Label);
        }
        Thing::Tube => {
            let flat = 1.0 - (q[1] / 0.95).clamp(0.0, 1.0) * 0.75;
            let squeezed = [q[0], q[1], q[2] / flat.max(0.2)];
            add(
                cylinder(squeezed, [0.0, 0.55, 0.0], 0.22, 0.42, 0.03) * flat.max(0.2),
                Part::Body,
            );
            add(cylinder(q, [0.0, 0.07, 0.0], 0.19, 0.07, 0.02), Part::Cap);
        }
        Thing::Ball => add(length([q[0], q[1] - 0.42, q[2]]) - 0.42, Part::Body),
        Thing::None => {}
    }
    best
}

fn length(p: Point) -> f32 {
    (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]).sqrt()
}

/// A standing cylinder with rounded edges.
fn cylinder(p: Point, center: Point, radius: f32, half_height: f32, round: f32) -> f32 {
    let across = (p[0] - center[0]).hypot(p[2] - center[2]) - radius + round;
    let along = (p[1] - center[1]).abs() - half_height + round;
    across.max(along).min(0.0) + across.max(0.0).hypot(along.max(0.0)) - round
}

fn rounded_box(p: Point, center: Point, half: Point, round: f32) -> f32 {
    let q: Point = std::array::from_fn(|axis| (p[axis] - center[axis]).abs() - half[axis] + round);
    length(q.map(|side| side.max(0.0))) + q[0].max(q[1]).max(q[2]).min(0.0) - round
}

fn ring(p: Point, radius: f32, thickness: f32) -> f32 {
    (p[0].hypot(p[1]) - radius).hypot(p[2]) - thickness
}

fn turned(p: Point, angle: f32) -> Point {
    let (sin, cos) = angle.sin_cos();
    [p[0] * cos - p[2] * sin, p[1], p[0] * sin + p[2] * cos]
}

/// The union of two fields with a soft seam.
fn blend(a: f32, b: f32, k: f32) -> f32 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}
