//! Text: prompts put together from pieces.

use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Map, Value, json};

use super::{NodeType, Ports, Values, Work, as_text, schema};

const TEMPLATE: &str = "template";
/// Names in one template.
const NAMES_MAX: usize = 20;
/// The text that comes out.
const TEXT_MAX_CHARS: usize = 10_000;

pub(super) fn types() -> Vec<NodeType> {
    vec![NodeType {
        name: "text.template".into(),
        version: 1,
        title: "Prompt template".into(),
        about: "Text with places such as {product}, each of which becomes an input.".into(),
        category: "text",
        settings: schema(
            &json!({ TEMPLATE: { "type": "string", "minLength": 1, "maxLength": 4_000, "description": "The text; {name} is filled by the input of that name." } }),
            &[TEMPLATE],
        ),
        inputs: Ports::Of(|settings| {
            names(settings)
                .into_iter()
                .map(|name| Port::new(name, PortKind::Text).required())
                .collect()
        }),
        outputs: Ports::Fixed(vec![Port::new("text", PortKind::Text)]),
        work: Work::Instant(fill),
    }]
}

/// The names in a template, each once, in their order.
fn names(settings: &Values) -> Vec<String> {
    names_in(settings.get(TEMPLATE).and_then(Value::as_str).unwrap_or_default())
}

pub(super) fn names_in(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in pieces(text).into_iter().filter(|(_, is_name)| *is_name) {
        if !names.contains(&name) && names.len() < NAMES_MAX {
            names.push(name);
        }
    }
    names
}

/// Literal text and names, in their order.
fn pieces(text: &str) -> Vec<(String, bool)> {
    let mut rest = text;
    let mut pieces = Vec::new();
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|close| open + close) else {
            break;
        };
        let name = &rest[open + 1..close];
        let is_name = !name.is_empty()
            && name.len() <= 40
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let next = if is_name {
            pieces.push((rest[..open].to_owned(), false));
            pieces.push((name.to_owned(), true));
            close + 1
        } else {
            pieces.push((rest[..=open].to_owned(), false));
            open + 1
        };
        rest = &rest[next..];
    }
    pieces.push((rest.to_owned(), false));
    pieces
}

fn fill(settings: &Values, inputs: &Values) -> Result<Values, Problem> {
    let text = filled(
        settings.get(TEMPLATE).and_then(Value::as_str).unwrap_or_default(),
        inputs,
    );
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(Problem::invalid(
            TEMPLATE,
            format!("The filled text has more than {TEXT_MAX_CHARS} characters."),
        ));
    }
    Ok(Map::from_iter([("text".to_owned(), json!(text))]))
}

/// The text with what the inputs bring in its places.
pub(super) fn filled(text: &str, inputs: &Values) -> String {
    pieces(text)
        .into_iter()
        .map(|(piece, is_name)| match inputs.get(&piece) {
            Some(value) if is_name => as_text(value),
            _ => piece,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_other_braces_stay() {
        let settings = Map::from_iter([(TEMPLATE.to_owned(), json!("A {what} on {what}, {0.5 mm} {open {place}"))]);
        assert_eq!(names(&settings), ["what", "place"]);
        let inputs = Map::from_iter([("what".to_owned(), json!("cup")), ("place".to_owned(), json!(3))]);
        let filled = fill(&settings, &inputs).expect("filled");
        assert_eq!(filled["text"], "A cup on cup, {0.5 mm} {open 3");
    }
}
