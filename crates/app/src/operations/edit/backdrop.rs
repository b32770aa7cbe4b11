//! What a subject is put on: one argument that takes a colour, a gradient, a picture or words.

use aquatint_domain::{AssetId, Problem};
use serde_json::{Value, json};

/// The most characters of a scene's description.
const WORDS_MAX: usize = 500;
/// Colours that people name instead of spelling them.
const NAMED: [(&str, &str); 6] = [
    ("white", "#ffffff"),
    ("black", "#000000"),
    ("gray", "#808080"),
    ("grey", "#808080"),
    ("light gray", "#e5e5e5"),
    ("light grey", "#e5e5e5"),
];

/// Whether the text names a picture, which is then read like every other input.
pub(super) fn is_picture(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(AssetId::PREFIX) || text.starts_with("data:") || text.contains("://")
}

/// The engine's form of it; a picture is the input of that number.
pub(super) fn read(text: &str, number: usize) -> Result<Value, Problem> {
    let text = text.trim();
    if is_picture(text) {
        return Ok(json!({ "picture": number }));
    }
    let lower = text.to_lowercase();
    if let Some((_, color)) = NAMED.iter().find(|(name, _)| lower == *name) {
        return Ok(json!({ "color": color }));
    }
    if text.starts_with('#') {
        let colors: Vec<&str> = text.split([',', '-', ' ']).filter(|part| !part.is_empty()).collect();
        let is_color = |part: &&str| {
            part.len() == 7 && part.starts_with('#') && part[1..].chars().all(|ch| ch.is_ascii_hexdigit())
        };
        return match colors[..] {
            [one] if is_color(&one) => Ok(json!({ "color": one })),
            [from, to] if is_color(&from) && is_color(&to) => Ok(json!({ "gradient": [from, to] })),
            _ => Err(refusal()),
        };
    }
    if text.chars().count() < 3 || text.chars().count() > WORDS_MAX {
        return Err(refusal());
    }
    // The same words always give the same scene.
    let seed = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    Ok(json!({ "scene": { "prompt": text, "seed": seed } }))
}

fn refusal() -> Problem {
    Problem::invalid(
        "background",
        "The background must be a colour such as `#f4efe6`, a gradient such as `#ffffff,#d8dee6`, a picture (asset id, https URL or data URI), or words that describe a studio scene.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_argument_says_four_things() {
        assert_eq!(read("#F4EFE6", 1).expect("good"), json!({ "color": "#F4EFE6" }));
        assert_eq!(read("White", 1).expect("good"), json!({ "color": "#ffffff" }));
        assert_eq!(
            read("#ffffff, #d8dee6", 1).expect("good"),
            json!({ "gradient": ["#ffffff", "#d8dee6"] })
        );
        assert_eq!(
            read("https://example.com/a.png", 1).expect("good"),
            json!({ "picture": 1 })
        );
        assert_eq!(
            read("marble counter, warm light", 1).expect("good")["scene"]["prompt"],
            "marble counter, warm light"
        );
        for bad in [
            "#12",
            "#1234567",
            "#ffffff,#12",
            "",
            "ab",
            "#ffffff,#ffffff,#ffffff",
            "#ffé1ff",
        ] {
            assert!(read(bad, 1).is_err(), "{bad}");
        }
    }
}
