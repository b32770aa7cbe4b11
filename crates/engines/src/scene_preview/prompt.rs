//! Reading a prompt: known words choose the parts of the scene, the seed chooses the rest.

use serde_json::{Value, json};

use crate::random::Random;

/// Linear RGB.
pub(crate) type Color = [f32; 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Marble,
    Wood,
    Concrete,
    Sand,
    Fabric,
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Bottle,
    Box,
    Jar,
    Cup,
    Can,
    Tube,
    Ball,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Light {
    Soft,
    Hard,
    Golden,
    Neon,
    Cool,
}

/// Everything that the renderer needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub surface: Surface,
    pub thing: Thing,
    pub light: Light,
    pub has_podium: bool,
    pub backdrop: Color,
    pub accent: Color,
    pub seed: u64,
    pub ignored: Vec<String>,
    color_name: String,
}

const COLORS: &[(&str, [u8; 3])] = &[
    ("white", [240, 240, 238]),
    ("cream", [240, 228, 206]),
    ("beige", [222, 203, 176]),
    ("peach", [244, 196, 164]),
    ("pink", [236, 164, 178]),
    ("rose", [214, 130, 140]),
    ("red", [186, 44, 48]),
    ("terracotta", [190, 98, 68]),
    ("orange", [232, 132, 52]),
    ("yellow", [240, 200, 76]),
    ("gold", [206, 162, 72]),
    ("green", [92, 140, 94]),
    ("sage", [160, 178, 150]),
    ("mint", [172, 218, 196]),
    ("teal", [44, 128, 130]),
    ("cyan", [74, 190, 208]),
    ("blue", [66, 108, 182]),
    ("navy", [32, 48, 92]),
    ("purple", [118, 84, 160]),
    ("lavender", [190, 178, 222]),
    ("magenta", [200, 60, 150]),
    ("brown", [120, 82, 56]),
    ("amber", [176, 104, 32]),
    ("grey", [150, 150, 152]),
    ("gray", [150, 150, 152]),
    ("black", [30, 30, 32]),
    ("dark", [44, 44, 50]),
    ("pale", [228, 226, 222]),
    ("pastel", [232, 206, 214]),
];

/// Words that carry no part of a scene.
const QUIET: &[&str] = &[
    "a",
    "an",
    "the",
    "on",
    "in",
    "of",
    "with",
    "and",
    "at",
    "by",
    "from",
    "under",
    "near",
    "for",
    "to",
    "studio",
    "product",
    "photo",
    "photograph",
    "photography",
    "shot",
    "image",
    "picture",
    "scene",
    "light",
    "lighting",
    "lit",
    "backdrop",
    "background",
    "palette",
    "surface",
    "countertop",
    "counter",
    "table",
    "tabletop",
    "shadow",
    "shadows",
    "long",
    "deep",
    "side",
    "morning",
    "window",
    "minimal",
    "clean",
    "some",
    "against",
    "bright",
    "standing",
    "professional",
    "high",
    "quality",
];

impl Scene {
    /// The same without anything standing in it, for a subject to be put there.
    pub fn backdrop(prompt: &str, seed: u64) -> Self {
        Self {
            thing: Thing::None,
            ..Self::read(prompt, seed)
        }
    }

    pub fn read(prompt: &str, seed: u64) -> Self {
        let mut dice = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
        let words: Vec<String> = prompt
            .to_lowercase()
            .split(|ch: char| !ch.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(300)
            .map(str::to_owned)
            .collect();
        let mut used = vec![false; words.len()];
        let mut pick = |table: &[(&[&str], usize)]| -> Option<usize> {
            let mut found = None;
            for (place, word) in words.iter().enumerate() {
                if let Some((_, value)) = table
                    .iter()
                    .find(|(names, _)| names.iter().any(|name| word == name || *word == format!("{name}s")))
                {
                    used[place] = true;
                    found.get_or_insert(*value);
                }
            }
            found
        };
        let surface = pick(&[
            (&["marble", "stone", "granite"], 0),
            (&["wood", "wooden", "oak", "walnut", "rustic"], 1),
            (&["concrete", "cement", "industrial"], 2),
            (&["sand", "desert", "beach", "sandy"], 3),
            (&["fabric", "linen", "cloth", "silk", "textile", "velvet"], 4),
        ]);
        let surface = match surface.unwrap_or(5) {
            0 => Surface::Marble,
            1 => Surface::Wood,
            2 => Surface::Concrete,
            3 => Surface::Sand,
            4 => Surface::Fabric,
            _ => Surface::Plain,
        };
        let thing = pick(&[
            (&["bottle", "perfume", "flask", "wine", "water", "shampoo", "serum"], 0),
            (&["box", "package", "carton", "packaging", "cube"], 1),
            (&["jar", "pot", "candle", "honey", "vase", "urn"], 2),
            (&["cup", "mug", "coffee", "tea", "glass"], 3),
            (&["can", "tin", "soda", "beer"], 4),
            (&["tube", "toothpaste", "lipstick"], 5),
            (&["ball", "sphere", "orb", "orange", "apple"], 6),
            (&["empty"], 7),
        ]);
        let thing = match thing.unwrap_or(if words.iter().any(|word| word == "podium") {
            7
        } else {
            0
        }) {
            0 => Thing::Bottle,
            1 => Thing::Box,
            2 => Thing::Jar,
            3 => Thing::Cup,
            4 => Thing::Can,
            5 => Thing::Tube,
            6 => Thing::Ball,
            _ => Thing::None,
        };
        let light = pick(&[
            (&["golden", "sunset", "warm", "sunrise"], 0),
            (&["hard", "harsh", "dramatic", "moody"], 1),
            (&["neon", "cyberpunk"], 2),
            (&["cool", "cold", "moonlight"], 3),
            (&["soft", "diffuse", "airy"], 4),
        ]);
        let light = match light.unwrap_or(4) {
            0 => Light::Golden,
            1 => Light::Hard,
            2 => Light::Neon,
            3 => Light::Cool,
            _ => Light::Soft,
        };
        let has_podium = pick(&[(&["podium", "pedestal", "plinth", "platform", "stand"], 0)]).is_some();
        let mut colors = Vec::new();
        for (place, word) in words.iter().enumerate() {
            if let Some((name, rgb)) = COLORS.iter().find(|(name, _)| word == name) {
                used[place] = true;
                // A colour before "backdrop" or "background" is the backdrop's.
                let is_backdrop = words.get(place + 1).is_some_and(|next| next.starts_with("back"));
                colors.push((*name, linear(*rgb), is_backdrop));
            }
        }
        let backdrop = colors
            .iter()
            .find(|(_, _, is_backdrop)| *is_backdrop)
            .map(|(_, color, _)| *color);
        let accent = colors.iter().find(|(_, _, is_backdrop)| !*is_backdrop);
        let moody = matches!(light, Light::Neon) || words.iter().any(|word| word == "moody" || word == "dark");
        let chosen = [
            [236, 226, 212],
            [226, 220, 214],
            [214, 222, 224],
            [238, 214, 200],
            [220, 226, 214],
        ];
        let backdrop = backdrop.unwrap_or_else(|| {
            if moody {
                linear([38, 38, 48])
            } else {
                linear(chosen[dice.below(chosen.len())])
            }
        });
        let fallback = [
            ("teal", [44, 128, 130]),
            ("terracotta", [190, 98, 68]),
            ("navy", [32, 48, 92]),
            ("amber", [176, 104, 32]),
            ("sage", [120, 146, 116]),
        ];
        let (color_name, accent) = match accent {
            Some((name, color, _)) => ((*name).to_owned(), *color),
            None => {
                let (name, rgb) = fallback[dice.below(fallback.len())];
                (name.to_owned(), linear(rgb))
            }
        };
        let mut ignored: Vec<String> = words
            .iter()
            .zip(&used)
            .filter(|(word, used)| !**used && !QUIET.contains(&word.as_str()))
            .map(|(word, _)| word.clone())
            .collect();
        ignored.dedup();
        ignored.truncate(40);
        Self {
            surface,
            thing,
            light,
            has_podium,
            backdrop,
            accent,
            seed,
            ignored,
            color_name,
        }
    }

    /// What the engine made of the prompt.
    pub fn understood(&self) -> Value {
        json!({
            "surface": format!("{:?}", self.surface).to_lowercase(),
            "object": format!("{:?}", self.thing).to_lowercase(),
            "light": format!("{:?}", self.light).to_lowercase(),
            "podium": self.has_podium,
            "color": self.color_name,
        })
    }
}

pub(crate) fn linear(rgb: [u8; 3]) -> Color {
    rgb.map(|channel| (f32::from(channel) / 255.0).powf(2.2))
}
