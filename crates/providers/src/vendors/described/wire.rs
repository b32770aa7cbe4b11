//! An order of a described model as the vendor's own JSON.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::names::{FORM, Form, NAME};
use crate::fault::Fault;
use crate::mask;
use crate::order::{Medium, Order};

/// The order with its masks as the model wants them. It is the same order where they are so already.
pub fn prepared(order: &Order) -> Result<Cow<'_, Order>, Fault> {
    let is_inverted =
        |medium: &Medium| Form::of(&order.model.input_schema["properties"][&medium.field]) == Some(Form::Inverted);
    if !order.media.iter().any(is_inverted) {
        return Ok(Cow::Borrowed(order));
    }
    let mut prepared = order.clone();
    for medium in prepared.media.iter_mut().filter(|medium| is_inverted(medium)) {
        medium.bytes = mask::inverted(&medium.bytes)?;
        // Behind the URL is the mask as it was.
        medium.url = None;
    }
    Ok(Cow::Owned(prepared))
}

/// The inputs on the wire. `places` says where the vendor finds each file, in the order of the order's media: a URL or
/// a `data:` URI.
pub fn inputs(order: &Order, places: &[String]) -> Map<String, Value> {
    let mut wire = settings(order);
    let mut fields: Vec<&str> = Vec::new();
    for medium in &order.media {
        if !fields.contains(&medium.field.as_str()) {
            fields.push(&medium.field);
        }
    }
    for field in fields {
        let of_field = order
            .media
            .iter()
            .zip(places)
            .filter(|(medium, _)| medium.field == field);
        let mut files: Vec<Value> = of_field.map(|(_, place)| json!(place)).collect();
        let own = property(order, field);
        let is_one =
            Form::of(own) == Some(Form::First) || (own["type"] != "array" && Form::of(own) != Some(Form::List));
        let value = if is_one && !files.is_empty() {
            files.swap_remove(0)
        } else {
            Value::Array(files)
        };
        wire.insert(wire_name(field, own).to_owned(), value);
    }
    wire
}

/// The inputs on the wire without files.
pub fn settings(order: &Order) -> Map<String, Value> {
    let mut wire = Map::new();
    for (name, value) in &order.inputs {
        put(&mut wire, name, property(order, name), value.clone());
    }
    // `count` is put only where the vendor has a word for it; several requests make more else.
    if let Some(name) = property(order, "count").get(NAME).and_then(Value::as_str) {
        wire.insert(name.to_owned(), json!(order.count));
    }
    wire
}

fn property<'a>(order: &'a Order, name: &str) -> &'a Value {
    &order.model.input_schema["properties"][name]
}

fn put(wire: &mut Map<String, Value>, name: &str, property: &Value, value: Value) {
    let wire_name = wire_name(name, property).to_owned();
    let value = match (property.get(FORM).and_then(|_| Form::of(property)), value) {
        (Some(Form::Text), Value::Number(number)) => json!(number.to_string()),
        (Some(Form::Seconds), Value::Number(number)) => json!(format!("{number}s")),
        (Some(Form::List), value @ Value::String(_)) => json!([value]),
        (Some(Form::Side), side) => {
            let object = wire.entry(wire_name).or_insert_with(|| json!({}));
            object[name] = side;
            return;
        }
        (_, value) => value,
    };
    wire.insert(wire_name, value);
}

fn wire_name<'a>(name: &'a str, property: &'a Value) -> &'a str {
    property.get(NAME).and_then(Value::as_str).unwrap_or(name)
}
