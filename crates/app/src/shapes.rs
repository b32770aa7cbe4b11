//! Named shapes of pictures and named styles of prompts.

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

/// A named style and the words that it adds to a prompt.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Style {
    pub slug: &'static str,
    pub name: &'static str,
    pub category: &'static str,
    /// Appended to the prompt.
    pub prompt: &'static str,
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

const fn style(slug: &'static str, name: &'static str, category: &'static str, prompt: &'static str) -> Style {
    Style {
        slug,
        name,
        category,
        prompt,
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

pub const STYLES: &[Style] = &[
    style("no-style", "No style", "plain", ""),
    style(
        "bright-airy",
        "Bright and airy",
        "light",
        "bright soft light, white backdrop, pale palette",
    ),
    style(
        "golden-hour",
        "Golden hour",
        "light",
        "golden hour light, warm palette, long soft shadows",
    ),
    style(
        "moody",
        "Moody",
        "light",
        "dark backdrop, hard side light, deep shadows",
    ),
    style(
        "neon",
        "Neon",
        "light",
        "neon light, magenta and cyan palette, dark backdrop",
    ),
    style("pastel", "Pastel", "palette", "pastel palette, soft light"),
    style("monochrome", "Monochrome", "palette", "grey palette, soft light"),
    style(
        "earthy",
        "Earthy",
        "palette",
        "terracotta and beige palette, warm light",
    ),
    style("ocean", "Ocean", "palette", "blue and teal palette, cool light"),
    style(
        "marble-luxury",
        "Marble luxury",
        "surface",
        "marble surface, soft light, cream backdrop",
    ),
    style(
        "rustic-wood",
        "Rustic wood",
        "surface",
        "wood surface, warm light, beige backdrop",
    ),
    style(
        "concrete-minimal",
        "Minimal concrete",
        "surface",
        "concrete surface, grey backdrop, hard light",
    ),
    style(
        "desert-sand",
        "Desert sand",
        "surface",
        "sand surface, peach backdrop, golden hour light",
    ),
    style(
        "soft-linen",
        "Soft linen",
        "surface",
        "linen fabric surface, soft window light, cream backdrop",
    ),
];

pub fn find_shape(slug: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.slug == slug)
}

pub fn find_style(slug: &str) -> Option<&'static Style> {
    STYLES.iter().find(|style| style.slug == slug)
}
