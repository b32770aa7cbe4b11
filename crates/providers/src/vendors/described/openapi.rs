//! The inputs of an OpenAPI 3.0 document as one JSON Schema (draft 2020-12) that stands alone: for vendors that
//! describe each of their thousands of models that way (Replicate, fal).
//!
//! The document comes from outside. References are followed to a fixed depth and count, a circle becomes "anything",
//! texts lose their hidden characters and are clipped, and what no caller needs (`x-…`, titles, examples of bodies) goes.
//! What OpenAPI 3.0 says differently from JSON Schema is put into JSON Schema's words: boolean exclusive limits,
//! `example`; what may be null is left out instead (<https://spec.openapis.org/oas/v3.0.4#schema-object>).

use aquatint_domain::text::one_line;
use serde_json::{Map, Value, json};

/// How deep references and parts may nest.
const MAX_DEPTH: usize = 12;
/// How many schemas one input may consist of.
const MAX_PARTS: usize = 2_000;
/// How many inputs a model may have.
const MAX_PROPERTIES: usize = 120;
/// How many words a closed list may have.
const MAX_WORDS: usize = 500;
/// Characters of a description that are kept.
const MAX_DESCRIPTION: usize = 300;

/// Why a document could not be read; a sentence for people.
pub type Unreadable = String;

/// The schema at `pointer` of `document`, standing alone, closed to unknown inputs.
pub fn inputs(document: &Value, schema: &Value) -> Result<Value, Unreadable> {
    let mut reader = Reader { document, parts: 0 };
    let Value::Object(mut read) = reader.schema(schema, 0)? else {
        return Err("The description of the inputs is not an object.".to_owned());
    };
    let Some(properties) = read.get_mut("properties").and_then(Value::as_object_mut) else {
        return Err("The description names no inputs.".to_owned());
    };
    if properties.len() > MAX_PROPERTIES {
        return Err(format!("The description has more than {MAX_PROPERTIES} inputs."));
    }
    // A name that no honest model has could only mislead whoever reads the schema.
    properties.retain(|name, _| is_name(name));
    let known: Vec<String> = properties.keys().cloned().collect();
    if let Some(required) = read.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| {
            name.as_str()
                .is_some_and(|name| known.iter().any(|known| known == name))
        });
        if required.is_empty() {
            read.shift_remove("required");
        }
    }
    read.insert("type".to_owned(), json!("object"));
    read.insert("additionalProperties".to_owned(), json!(false));
    Ok(Value::Object(read))
}

/// What `#/components/schemas/NAME` and other local references mean.
pub fn resolve<'a>(document: &'a Value, schema: &'a Value) -> Option<&'a Value> {
    match schema.get("$ref").and_then(Value::as_str) {
        None => Some(schema),
        Some(reference) => document.pointer(reference.strip_prefix('#')?),
    }
}

/// Whether a name is one that a model's input may have.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

struct Reader<'a> {
    document: &'a Value,
    parts: usize,
}

impl Reader<'_> {
    fn schema(&mut self, schema: &Value, depth: usize) -> Result<Value, Unreadable> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(format!("The description consists of more than {MAX_PARTS} parts."));
        }
        // Deeper than this it goes in circles: anything fits there, and the vendor itself will say what does not.
        if depth > MAX_DEPTH {
            return Ok(json!({}));
        }
        let Some(given) = schema.as_object() else {
            return Ok(json!({}));
        };
        let mut read = Map::new();
        let document = self.document;
        if let Some(reference) = given.get("$ref").and_then(Value::as_str) {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| document.pointer(pointer))
                .ok_or_else(|| {
                    format!(
                        "The description refers to `{}`, which is not in it.",
                        one_line(reference, 80)
                    )
                })?;
            merge(&mut read, self.schema(target, depth + 1)?);
        }
        // `allOf` of a reference beside a default is how OpenAPI 3.0 gives a shared list its own default.
        for part in list(given.get("allOf")) {
            let part = self.schema(part, depth + 1)?;
            merge(&mut read, part);
        }
        for choice in ["anyOf", "oneOf"] {
            let mut choices = Vec::new();
            // An input that may be null is left out instead: nobody has to send nothing.
            for part in list(given.get(choice)).iter().filter(|part| part["type"] != "null") {
                choices.push(self.schema(part, depth + 1)?);
            }
            match choices.len() {
                0 => {}
                1 => merge(&mut read, choices.remove(0)),
                _ => {
                    read.insert("anyOf".to_owned(), Value::Array(choices));
                }
            }
        }
        if let Some(properties) = given.get("properties").and_then(Value::as_object) {
            let mut ordered: Vec<(&String, &Value)> = properties.iter().collect();
            ordered.sort_by_key(|(_, property)| order_of(property));
            let mut known = Map::new();
            for (name, property) in ordered {
                known.insert(name.clone(), self.schema(property, depth + 1)?);
            }
            read.insert("properties".to_owned(), Value::Object(known));
        }
        if let Some(items) = given.get("items") {
            let items = self.schema(items, depth + 1)?;
            read.insert("items".to_owned(), items);
        }
        own_words(given, &mut read);
        Ok(Value::Object(read))
    }
}

/// The keywords that mean the same in both, and those that need new words.
fn own_words(given: &Map<String, Value>, read: &mut Map<String, Value>) {
    for keyword in [
        "type",
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "multipleOf",
        "minimum",
        "maximum",
        "const",
        "required",
    ] {
        if let Some(value) = given.get(keyword) {
            read.insert(keyword.to_owned(), value.clone());
        }
    }
    // OpenAPI 3.0: `exclusiveMinimum: true` beside `minimum`; JSON Schema: the number itself.
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match given.get(exclusive) {
            Some(Value::Bool(true)) => {
                if let Some(value) = read.shift_remove(limit) {
                    read.insert(exclusive.to_owned(), value);
                }
            }
            Some(number @ Value::Number(_)) => {
                read.insert(exclusive.to_owned(), number.clone());
            }
            _ => {}
        }
    }
    if let Some(words) = given.get("enum").and_then(Value::as_array) {
        read.insert(
            "enum".to_owned(),
            Value::Array(words.iter().take(MAX_WORDS).map(clean).collect()),
        );
    }
    if let Some(default) = given.get("default").filter(|default| !default.is_null()) {
        read.insert("default".to_owned(), default.clone());
    }
    if let Some(text) = given.get("description").and_then(Value::as_str) {
        read.insert("description".to_owned(), json!(one_line(text, MAX_DESCRIPTION)));
    }
    let examples = match (given.get("examples"), given.get("example")) {
        (Some(Value::Array(examples)), _) => examples.iter().take(3).map(clean).collect(),
        (_, Some(example)) => vec![clean(example)],
        _ => Vec::new(),
    };
    if !examples.is_empty() {
        read.insert("examples".to_owned(), Value::Array(examples));
    }
    // A pattern is the vendor's: one that our engine cannot read must not make the whole model unusable.
    if read.get("pattern").is_some_and(|pattern| !pattern.is_string()) {
        read.shift_remove("pattern");
    }
}

/// Later words win; a list of required inputs grows.
fn merge(into: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (keyword, value) in part {
        match (keyword.as_str(), into.get_mut(&keyword), value) {
            ("properties", Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            ("required", Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (_, _, value) => {
                into.insert(keyword, value);
            }
        }
    }
}

/// Where Replicate wants an input to stand; without a word it stays behind those that have one.
fn order_of(property: &Value) -> i64 {
    property.get("x-order").and_then(Value::as_i64).unwrap_or(i64::MAX)
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A word or example from outside, free of hidden characters.
fn clean(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(one_line(text, MAX_DESCRIPTION)),
        other => other.clone(),
    }
}
