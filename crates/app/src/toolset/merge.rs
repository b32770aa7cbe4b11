//! Merging the schemas of a tool's operations into one that a model can afford to read.

use serde_json::{Map, Value, json};

use super::Tool;

pub(super) struct Schemas {
    pub description: String,
    pub input: Value,
    pub output: Value,
}

pub(super) fn schemas(tool: &Tool) -> Schemas {
    Schemas {
        description: description(tool),
        input: input(tool),
        output: output(tool),
    }
}

fn description(tool: &Tool) -> String {
    if tool.is_single() {
        return tool
            .entries()
            .map(|(_, entry)| entry.description().to_owned())
            .collect();
    }
    let mut lines = vec![tool.purpose.to_owned()];
    lines.extend(
        tool.entries()
            .map(|(name, entry)| format!("- {name}: {}", entry.description())),
    );
    lines.join("\n")
}

/// The union of the arguments. One that not every action takes says which do.
fn input(tool: &Tool) -> Value {
    let mut properties = Map::new();
    let mut required: Option<Vec<String>> = None;
    let entries: Vec<_> = tool.entries().collect();
    for (_, entry) in &entries {
        let schema = entry.input_schema();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let compact = compact(property);
            match properties.get_mut(name) {
                // A default that not all actions share would mislead.
                Some(Value::Object(known)) if known.get("default") != compact.get("default") => {
                    known.remove("default");
                }
                Some(_) => {}
                None => {
                    properties.insert(name.clone(), compact);
                }
            }
        }
        let own = required_of(schema);
        required = Some(match required {
            None => own,
            Some(common) => common.into_iter().filter(|name| own.contains(name)).collect(),
        });
    }
    let mut required = required.unwrap_or_default();
    if !tool.is_single() {
        for (name, property) in &mut properties {
            let takers: Vec<&str> = entries
                .iter()
                .filter(|(_, entry)| entry.input_schema()["properties"].get(name).is_some())
                .map(|(action, _)| *action)
                .collect();
            if takers.len() * 2 <= entries.len() {
                let about = property["description"].as_str().unwrap_or_default();
                property["description"] = json!(format!("{}: {about}", takers.join(", ")));
            }
        }
        let names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
        properties.insert("action".into(), json!({ "type": "string", "enum": names }));
        required.insert(0, "action".into());
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The names that a schema requires.
fn required_of(schema: &Value) -> Vec<String> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// An argument's schema without what only the server needs (it enforces every limit by itself).
fn compact(property: &Value) -> Value {
    let mut property = property.clone();
    if let Value::Object(map) = &mut property {
        for noise in ["maxLength", "minLength", "pattern", "minItems", "additionalProperties"] {
            map.remove(noise);
        }
        // What stands in an object, its description says.
        if map.get("description").is_some() {
            map.remove("properties");
            map.remove("required");
        }
        // Nothing, zero and no are what anybody expects.
        let is_plain = |value: &Value| {
            *value == Value::Bool(false)
                || value.as_f64() == Some(0.0)
                || value.as_array().is_some_and(Vec::is_empty)
                || value.as_object().is_some_and(Map::is_empty)
        };
        if map.get("default").is_some_and(is_plain) {
            map.remove("default");
        }
        // Limits that nobody comes near by mistake.
        if matches!(map.get("minimum").and_then(Value::as_f64), Some(0.0 | 1.0)) {
            map.remove("minimum");
        }
        if map.get("maximum").and_then(Value::as_f64) >= Some(1_000.0) {
            map.remove("maximum");
        }
        // A list of named choices without descriptions is an enum.
        if let Some(Value::Array(options)) = map.get("oneOf") {
            let names: Vec<Value> = options
                .iter()
                .filter_map(|option| option.get("const").cloned())
                .collect();
            if names.len() == options.len() && !names.is_empty() {
                map.remove("oneOf");
                map.insert("type".into(), json!("string"));
                map.insert("enum".into(), json!(names));
            }
        }
        if let Some(items) = map.get("items").cloned() {
            let mut items = compact(&items);
            // What an item is, the list's own description says.
            if let Value::Object(items) = &mut items
                && items.get("type").is_some_and(|kind| kind == "string")
            {
                items.remove("description");
            }
            map.insert("items".into(), items);
        }
    }
    property
}

/// What every result has, whatever the action, one level deep: a model reads results, not their schema, and pays for it at
/// every start.
fn output(tool: &Tool) -> Value {
    let mut properties = Map::new();
    let mut required: Option<Vec<String>> = None;
    for (_, entry) in tool.entries() {
        let schema = entry.output_schema();
        let own = required_of(schema);
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if !own.contains(name) {
                continue;
            }
            let flat = flat(property);
            match properties.get(name) {
                None => {
                    properties.insert(name.clone(), flat);
                }
                // Two actions that use a name differently leave its type open.
                Some(known) if *known != flat => {
                    properties.insert(name.clone(), json!({}));
                }
                Some(_) => {}
            }
        }
        required = Some(match required {
            None => own,
            Some(common) => common.into_iter().filter(|name| own.contains(name)).collect(),
        });
    }
    let required = required.unwrap_or_default();
    properties.retain(|name, _| required.contains(name));
    let mut schema = json!({ "type": "object" });
    if !required.is_empty() {
        schema["properties"] = Value::Object(properties);
        schema["required"] = json!(required);
    }
    schema
}

fn flat(property: &Value) -> Value {
    match property.get("type") {
        Some(kind) if kind == "array" => {
            let items = property["items"].get("type").cloned();
            items.map_or_else(
                || json!({ "type": "array" }),
                |items| json!({ "type": "array", "items": { "type": items } }),
            )
        }
        Some(kind) => json!({ "type": kind }),
        // `oneOf` of words is a string; anything else stays open.
        None if property.get("oneOf").is_some_and(|options| {
            options.as_array().is_some_and(|options| {
                options
                    .iter()
                    .all(|option| option.get("const").is_some_and(Value::is_string))
            })
        }) =>
        {
            json!({ "type": "string" })
        }
        None => json!({}),
    }
}
