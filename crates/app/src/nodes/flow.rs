//! Flow: which way, how often, and what comes together.

use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Map, Value, json};

use super::{NodeType, Ports, Values, Work, as_text, schema};

const VALUE: &str = "value";

pub(super) fn types() -> Vec<NodeType> {
    vec![
        NodeType {
            name: "flow.switch".into(),
            version: 1,
            title: "Switch".into(),
            about: "Sends `value` one way or the other: where `test` is as the settings say, to `yes`, else to `no`. What hangs on the other way is skipped.".into(),
            category: "flow",
            settings: schema(
                &json!({
                    "is": { "type": "string", "enum": ["equal", "not_equal", "contains", "greater", "less"], "default": "equal", "description": "How `test` is compared." },
                    "to": { "type": ["string", "number"], "description": "What it is compared with." },
                }),
                &["to"],
            ),
            inputs: Ports::Fixed(vec![
                Port::new(VALUE, PortKind::Any).required().about("What is sent on."),
                Port::new("test", PortKind::Text).about("What is looked at; the value itself where nothing is joined."),
            ]),
            outputs: Ports::Fixed(vec![Port::new("yes", PortKind::Any), Port::new("no", PortKind::Any)]),
            work: Work::Instant(switch),
        },
        NodeType {
            name: "flow.loop".into(),
            version: 1,
            title: "Loop over a list".into(),
            about: "A list of words; whatever it is joined to works once for each of them.".into(),
            category: "flow",
            settings: schema(
                &json!({ "items": { "type": "array", "items": { "type": ["string", "number"] }, "minItems": 1, "maxItems": 500, "description": "The words or numbers, in order." } }),
                &["items"],
            ),
            inputs: Ports::Fixed(Vec::new()),
            outputs: Ports::Of(|settings| {
                let is_numbers = settings
                    .get("items")
                    .and_then(Value::as_array)
                    .is_some_and(|items| items.iter().all(Value::is_number));
                vec![Port::new("item", if is_numbers { PortKind::Number } else { PortKind::Text })]
            }),
            work: Work::Instant(|settings, _| {
                Ok(Map::from_iter([(
                    "item".to_owned(),
                    settings.get("items").cloned().unwrap_or_else(|| json!([])),
                )]))
            }),
        },
        NodeType {
            name: "flow.merge".into(),
            version: 1,
            title: "Merge".into(),
            about: "Puts whatever comes into one list, in the order of the edges; branches that were not taken are left out.".into(),
            category: "flow",
            settings: schema(&json!({}), &[]),
            inputs: Ports::Fixed(vec![Port::new("items", PortKind::Any).required().list()]),
            outputs: Ports::Fixed(vec![Port::new("list", PortKind::Any)]),
            work: Work::Instant(|_, inputs| {
                Ok(Map::from_iter([(
                    "list".to_owned(),
                    inputs.get("items").cloned().unwrap_or_else(|| json!([])),
                )]))
            }),
        },
    ]
}

fn switch(settings: &Values, inputs: &Values) -> Result<Values, Problem> {
    let value = inputs.get(VALUE).cloned().unwrap_or_default();
    let test = inputs.get("test").unwrap_or(&value);
    let wanted = settings.get("to").cloned().unwrap_or_default();
    let (left, right) = (as_text(test), as_text(&wanted));
    let numbers = || {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        number(&left).zip(number(&right)).ok_or_else(|| {
            Problem::invalid(
                "test",
                format!(
                    "`greater` and `less` compare numbers; `{}` and `{}` are not both.",
                    aquatint_domain::text::one_line(&left, 60),
                    aquatint_domain::text::one_line(&right, 60)
                ),
            )
        })
    };
    let is_so = match settings.get("is").and_then(Value::as_str).unwrap_or("equal") {
        "not_equal" => left != right,
        "contains" => left.to_lowercase().contains(&right.to_lowercase()),
        "greater" => numbers().map(|(left, right)| left > right)?,
        "less" => numbers().map(|(left, right)| left < right)?,
        _ => left == right,
    };
    let way = if is_so { "yes" } else { "no" };
    Ok(Map::from_iter([(way.to_owned(), value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_sends_one_way_only() {
        let settings = |is: &str, to: Value| Map::from_iter([("is".to_owned(), json!(is)), ("to".to_owned(), to)]);
        let value = |value: Value| Map::from_iter([(VALUE.to_owned(), value)]);
        for (is, to, given, way) in [
            ("equal", json!("a"), json!("a"), "yes"),
            ("equal", json!(3), json!("3"), "yes"),
            ("not_equal", json!("a"), json!("b"), "yes"),
            ("contains", json!("CUP"), json!("a cup"), "yes"),
            ("greater", json!(3), json!(4), "yes"),
            ("less", json!("3"), json!(4), "no"),
        ] {
            let taken = switch(&settings(is, to.clone()), &value(given.clone())).expect("decided");
            assert_eq!(taken.keys().collect::<Vec<_>>(), [way], "{given} {is} {to}");
            assert_eq!(taken[way], given);
        }
        assert!(switch(&settings("less", json!("x")), &value(json!(4))).is_err());
    }
}
