//! Named shapes of pictures.

use schemars::JsonSchema;
use serde::Serialize;

/// A named aspect ratio with its usual dimensions.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Shape {
    pub slug: &'static str,
    pub name: &'static str,
    pub aspect_ratio: &'static str,
    pub width: u32,
    pub height: u32,
}

const fn shape(slug: &'static str, name: &'static str, aspect_ratio: &'static str, width: u32, height: u32) -> Shape {
    Shape {
        slug,
        name,
        aspect_ratio,
        width,
        height,
    }
}

pub const SHAPES: &[Shape] = &[
    shape("square", "Square", "1:1", 1024, 1024),
    shape("landscape", "Landscape", "4:3", 1152, 864),
    shape("landscape-photo", "Landscape photograph", "3:2", 1216, 810),
    shape("landscape-wide", "Wide landscape", "16:9", 1344, 756),
    shape("landscape-ultrawide", "Ultra-wide landscape", "21:9", 1536, 658),
    shape("banner", "Banner", "3:1", 1536, 512),
    shape("portrait", "Portrait", "3:4", 864, 1152),
    shape("portrait-photo", "Portrait photograph", "2:3", 810, 1216),
    shape("portrait-social", "Social portrait", "4:5", 960, 1200),
    shape("portrait-tall", "Tall portrait", "9:16", 756, 1344),
];

pub fn find_shape(slug: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.slug == slug)
}
