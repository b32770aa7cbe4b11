//! SVG: how large a drawing is. It is never drawn or changed here; it comes from vendors only, and is served so that
//! no script in it runs.

use aquatint_domain::{Code, Problem};

/// How far into the file its first tag is looked for.
const HEAD_BYTES: usize = 16 * 1024;
/// What a drawing without a size is taken for, in pixels.
const USUAL: u32 = 1_024;
const MAX_SIDE: f64 = 100_000.0;

/// Width and height in pixels, by the attributes of the first tag, or by its `viewBox`.
pub fn vector_size(bytes: &[u8]) -> Result<(u32, u32), Problem> {
    let refuse = |why: &str| Problem::new(Code::InvalidImage, format!("The SVG drawing cannot be kept: {why}."));
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is no UTF-8 text"))?;
    if text.contains("<!ENTITY") {
        return Err(refuse("it declares entities, which can grow without end"));
    }
    let head = &text[..text.floor_char_boundary(HEAD_BYTES.min(text.len()))];
    let tag = head
        .split_once("<svg")
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(tag, _)| tag)
        .filter(|tag| tag.starts_with([' ', '\n', '\r', '\t', '/']) || tag.is_empty())
        .ok_or_else(|| refuse("no `svg` element begins it"))?;
    let length = |name: &str| {
        let text = attribute(tag, name)?;
        let text = text.strip_suffix("px").unwrap_or(text);
        text.trim().parse::<f64>().ok()
    };
    let boxed = attribute(tag, "viewBox").and_then(|text| {
        let mut numbers = text
            .split([' ', ','])
            .filter(|part| !part.is_empty())
            .map_while(|part| part.parse::<f64>().ok())
            .skip(2);
        Some((numbers.next()?, numbers.next()?))
    });
    let size = length("width").zip(length("height")).or(boxed);
    Ok(match size {
        Some((width, height)) if [width, height].iter().all(|side| (0.5..=MAX_SIDE).contains(side)) => {
            (width.round() as u32, height.round() as u32)
        }
        _ => (USUAL, USUAL),
    })
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.match_indices(name).find_map(|(at, _)| {
        let before = tag[..at].chars().next_back()?;
        let value = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        (before.is_whitespace())
            .then(|| value[1..].split(quote).next())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_has_the_size_that_it_says() {
        for (text, size) in [
            (r#"<svg width="30" height='20px'/>"#, (30, 20)),
            (
                r#"<?xml version="1.0"?><!-- x --><svg viewBox="0 0 640,480"></svg>"#,
                (640, 480),
            ),
            (
                r#"<svg stroke-width="9" width="100%" height="100%" viewBox="0 0 64 48">"#,
                (64, 48),
            ),
            ("<svg>", (1_024, 1_024)),
            (r#"<svg width="1e9" height="1">"#, (1_024, 1_024)),
        ] {
            assert_eq!(vector_size(text.as_bytes()).expect("is a drawing"), size, "{text}");
        }
        for bad in [
            &b"<html><body>"[..],
            b"<svgx>",
            b"\xff\xfe<svg>",
            b"<!DOCTYPE s [<!ENTITY a \"b\">]><svg>",
        ] {
            assert!(vector_size(bad).is_err(), "{bad:?}");
        }
    }
}
