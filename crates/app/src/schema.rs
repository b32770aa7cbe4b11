//! JSON Schemas as clients get them: draft 2020-12, inline, without titles and Rust number formats.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The schema of arguments, with every subschema inline.
pub fn of<T: JsonSchema>() -> Value {
    schema_of::<T>(SchemaSettings::draft2020_12(), false)
}

/// The schema of a result: a field that is left out when empty is not required, and one that is
/// written as `null` says so.
pub fn of_output<T: JsonSchema>() -> Value {
    schema_of::<T>(SchemaSettings::draft2020_12().for_serialize(), true)
}

fn schema_of<T: JsonSchema>(mut settings: SchemaSettings, is_written: bool) -> Value {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema, is_written, false);
    if let Value::Object(map) = &mut schema {
        map.entry("type").or_insert_with(|| "object".into());
    }
    schema
}

/// Drops what clients warn of or pay for without use: titles, `uint32` and the like, `null` in the
/// type of an optional value (leaving it out says the same). A member that a result always has may
/// really be `null`, and `keeps_null` then.
fn tidy(schema: &mut Value, is_written: bool, keeps_null: bool) {
    match schema {
        Value::Object(map) => {
            map.remove("title");
            if map.get("format").and_then(Value::as_str).is_some_and(is_rust_format) {
                map.remove("format");
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if !keeps_null {
                drop_null_type(map);
            }
            let required = map.get("required").cloned().unwrap_or_default();
            let is_required = |name: &str| {
                required
                    .as_array()
                    .is_some_and(|names| names.iter().any(|own| own == name))
            };
            for (key, value) in map.iter_mut() {
                // `properties` maps names to schemas; a property named `title` must stay.
                if key == "properties" {
                    if let Value::Object(properties) = value {
                        for (name, property) in properties {
                            tidy(property, is_written, is_written && is_required(name));
                        }
                    }
                } else if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                    tidy(value, is_written, is_written);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, is_written, keeps_null)),
        _ => {}
    }
}

fn is_rust_format(format: &str) -> bool {
    matches!(
        format,
        "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "int"
            | "float"
            | "double"
    )
}

fn drop_null_type(map: &mut serde_json::Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    // `anyOf: [X, null]` is X with the outer description.
    if let Some(Value::Array(options)) = map.get_mut("anyOf") {
        options.retain(|option| option.get("type").and_then(Value::as_str) != Some("null"));
        if options.len() == 1
            && let Value::Object(only) = options.remove(0)
        {
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
            drop_null_type(map);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Sample {
        /// A title of the thing.
        title: Option<String>,
        count: u32,
    }

    #[test]
    fn schemas_have_no_rust_in_them() {
        let schema = of::<Sample>();
        assert_eq!(schema["properties"]["title"]["type"], "string");
        assert!(schema["properties"]["count"].get("format").is_none());
        assert_eq!(schema["required"], serde_json::json!(["count"]));
        assert!(schema.get("title").is_none() && schema.get("$schema").is_none());
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Written {
        always: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sometimes: Option<String>,
        #[serde(skip_serializing_if = "String::is_empty")]
        stage: String,
    }

    #[test]
    fn results_are_described_as_they_are_written() {
        let schema = of_output::<Written>();
        assert_eq!(schema["required"], serde_json::json!(["always"]));
        assert_eq!(
            schema["properties"]["always"]["type"],
            serde_json::json!(["string", "null"])
        );
        assert_eq!(schema["properties"]["sometimes"]["type"], "string");
    }
}
