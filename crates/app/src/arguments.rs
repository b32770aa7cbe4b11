//! Arguments from outside, brought into form: other spellings are renamed, values that clearly mean
//! the right thing are converted (`4` for `"4"`, one image for a list of one), and the schema is
//! enforced with messages that say what to send instead.

use std::sync::OnceLock;

use aquatint_domain::{Code, Problem, text};
use jsonschema::error::{ValidationError, ValidationErrorKind};
use serde_json::{Map, Value};

/// The checker of one operation's arguments.
pub struct Arguments {
    schema: Value,
    aliases: &'static [(&'static str, &'static str)],
    /// Made when arguments first come: a command line needs a few of them, and each takes memory.
    validator: OnceLock<Option<jsonschema::Validator>>,
}

impl Arguments {
    pub fn new(schema: &Value, aliases: &'static [(&'static str, &'static str)]) -> Self {
        let mut strict = schema.clone();
        // Unknown arguments are named, never ignored: a misspelt `max_credits` must not be lost.
        if strict.get("additionalProperties").is_none() {
            strict["additionalProperties"] = Value::Bool(false);
        }
        Self {
            schema: strict,
            aliases,
            validator: OnceLock::new(),
        }
    }

    /// Renames, converts and checks.
    pub fn accept(&self, arguments: Value) -> Result<Value, Problem> {
        let mut map = match arguments {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => return Err(Problem::invalid("arguments", "The arguments must be a JSON object.")),
        };
        rename(&mut map, self.aliases)?;
        // An explicit null means the same as leaving the argument out.
        map.retain(|_, value| !value.is_null());
        for (name, value) in &mut map {
            if let Some(schema) = self.schema["properties"].get(name) {
                coerce(value, schema);
            }
        }
        let value = Value::Object(map);
        let validator = self
            .validator
            .get_or_init(|| jsonschema::draft202012::new(&self.schema).ok());
        let Some(validator) = validator else {
            return Err(Problem::internal("an operation's argument schema does not compile"));
        };
        if let Some(error) = validator.iter_errors(&value).next() {
            return Err(self.explain(&error));
        }
        Ok(value)
    }

    fn explain(&self, error: &ValidationError<'_>) -> Problem {
        let path = field_path(&error.instance_path().to_string());
        let (field, message) = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let name = unexpected.first().cloned().unwrap_or_default();
                return self.unknown(&path, &name);
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default().to_owned();
                let about = self.schema["properties"][&name]["description"]
                    .as_str()
                    .unwrap_or_default();
                (
                    join(&path, &name),
                    format!("`{name}` is required. {about}").trim_end().to_owned(),
                )
            }
            ValidationErrorKind::Enum { options } => (
                path.clone(),
                format!(
                    "`{path}` must be one of {}; it was {}.",
                    list(options),
                    shown(error.instance())
                ),
            ),
            ValidationErrorKind::Minimum { limit } | ValidationErrorKind::ExclusiveMinimum { limit } => (
                path.clone(),
                format!("`{path}` must be at least {limit}; it was {}.", shown(error.instance())),
            ),
            ValidationErrorKind::Maximum { limit } | ValidationErrorKind::ExclusiveMaximum { limit } => (
                path.clone(),
                format!("`{path}` must be at most {limit}; it was {}.", shown(error.instance())),
            ),
            ValidationErrorKind::MaxLength { limit } => {
                let length = error.instance().as_str().map_or(0, |text| text.chars().count());
                (
                    path.clone(),
                    format!("`{path}` may have at most {limit} characters; it has {length}. Shorten it."),
                )
            }
            ValidationErrorKind::MinLength { limit: 1 } => (path.clone(), format!("`{path}` must not be empty.")),
            ValidationErrorKind::MinLength { limit } => {
                (path.clone(), format!("`{path}` must have at least {limit} characters."))
            }
            ValidationErrorKind::MaxItems { limit } => {
                let length = error.instance().as_array().map_or(0, Vec::len);
                (
                    path.clone(),
                    format!("`{path}` takes at most {limit} items; there are {length}. Split the call."),
                )
            }
            ValidationErrorKind::MinItems { limit } => {
                (path.clone(), format!("`{path}` needs at least {limit} item(s)."))
            }
            ValidationErrorKind::Pattern { .. } => {
                let about = self.property(&path)["description"].as_str().unwrap_or_default();
                (
                    path.clone(),
                    format!(
                        "`{path}` does not have the right form: {}. {about}",
                        shown(error.instance())
                    ),
                )
            }
            ValidationErrorKind::Type { .. } => {
                let wanted = type_words(self.property(&path));
                (
                    path.clone(),
                    format!("`{path}` must be {wanted}; it was {}.", shown(error.instance())),
                )
            }
            _ => (
                path.clone(),
                text::clip(&format!("`{path}` is not valid: {error}."), 300),
            ),
        };
        Problem::invalid(field, message)
    }

    fn unknown(&self, path: &str, name: &str) -> Problem {
        let known: Vec<&str> = self.schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        let shown_name = text::one_line(name, 60);
        let message = match nearest(name, &known) {
            Some(near) => format!("There is no argument `{shown_name}`. Did you mean `{near}`?"),
            None => format!("There is no argument `{shown_name}`."),
        };
        let takes = if known.is_empty() {
            "It takes no arguments.".to_owned()
        } else {
            format!("It takes: {}.", known.join(", "))
        };
        Problem::invalid(join(path, &shown_name), message).hint(takes)
    }

    /// The schema of the property that a path begins with.
    fn property(&self, path: &str) -> &Value {
        let name = path.split(['.', '[']).next().unwrap_or(path);
        &self.schema["properties"][name]
    }
}

fn rename(map: &mut Map<String, Value>, aliases: &[(&str, &str)]) -> Result<(), Problem> {
    for (theirs, ours) in aliases {
        if let Some(value) = map.remove(*theirs) {
            if map.contains_key(*ours) {
                return Err(Problem::invalid(
                    *theirs,
                    format!("`{theirs}` is another name for `{ours}`; send only `{ours}`."),
                ));
            }
            map.insert((*ours).to_owned(), value);
        }
    }
    Ok(())
}

/// Converts what can mean only one thing.
fn coerce(value: &mut Value, schema: &Value) {
    let types = type_names(schema);
    let takes = |name: &str| types.contains(&name);
    match value {
        Value::Number(number) if !takes("number") && !takes("integer") && takes("string") => {
            *value = Value::String(number.to_string());
        }
        Value::Number(number) if takes("integer") && !takes("number") => {
            // 4.0 is 4 for every client whose language has one number type.
            if let Some(float) = number.as_f64()
                && float.fract() == 0.0
                && float.abs() < 9.0e15
                && !number.is_i64()
                && !number.is_u64()
            {
                *value = Value::from(float as i64);
            }
        }
        Value::String(string) if !takes("string") => {
            let parsed = match string.as_str() {
                "true" if takes("boolean") => Some(Value::Bool(true)),
                "false" if takes("boolean") => Some(Value::Bool(false)),
                digits if takes("integer") || takes("number") => digits
                    .parse::<i64>()
                    .map(Value::from)
                    .ok()
                    .or_else(|| digits.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::from)),
                json if takes("array") && json.trim_start().starts_with('[') => serde_json::from_str(json).ok(),
                json if takes("object") && json.trim_start().starts_with('{') => serde_json::from_str(json).ok(),
                _ => None,
            };
            match parsed {
                Some(parsed) => *value = parsed,
                None if takes("array") => *value = Value::Array(vec![value.take()]),
                None => {}
            }
        }
        // Some clients send a list as a JSON string even where a string is allowed too.
        Value::String(string) if takes("array") && string.trim_start().starts_with('[') => {
            if let Ok(parsed @ Value::Array(_)) = serde_json::from_str::<Value>(string) {
                *value = parsed;
            }
        }
        _ => {}
    }
    if let (Value::Array(items), Some(item_schema)) = (value, schema.get("items")) {
        items.iter_mut().for_each(|item| coerce(item, item_schema));
    }
}

fn type_names(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn type_words(schema: &Value) -> String {
    let words: Vec<String> = type_names(schema)
        .into_iter()
        .map(|name| match name {
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "boolean" => "true or false".to_owned(),
            "string" => "a string".to_owned(),
            "array" => "a list".to_owned(),
            "object" => "an object".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if words.is_empty() {
        "of another type".to_owned()
    } else {
        words.join(" or ")
    }
}

/// `/images/2` becomes `images[2]`.
fn field_path(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').filter(|part| !part.is_empty()) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(part);
        }
    }
    if path.is_empty() { "arguments".to_owned() } else { path }
}

fn join(path: &str, name: &str) -> String {
    if path == "arguments" {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn list(options: &Value) -> String {
    let words: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(|option| match option {
            Value::String(word) => format!("`{word}`"),
            other => other.to_string(),
        })
        .collect();
    words.join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        other => text::one_line(&other.to_string(), 60),
    }
}

/// The known name within edit distance 3 and half its length, if one is that near.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = text::clip(name, 40).to_lowercase();
    known
        .iter()
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), *candidate))
        .filter(|(distance, candidate)| *distance <= 3 && *distance * 2 <= candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Whether a call must be refused before anything else because it nests deeper than any operation needs.
pub fn check_depth(value: &Value, max_depth: usize) -> Result<(), Problem> {
    fn deep(value: &Value, left: usize) -> bool {
        match value {
            _ if left == 0 => true,
            Value::Array(items) => items.iter().any(|item| deep(item, left - 1)),
            Value::Object(map) => map.values().any(|item| deep(item, left - 1)),
            _ => false,
        }
    }
    if deep(value, max_depth) {
        return Err(Problem::new(
            Code::MalformedRequest,
            format!("The arguments nest deeper than {max_depth} levels."),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checker() -> Arguments {
        let schema = json!({ "type": "object", "required": ["images"], "properties": {
            "images": { "type": ["string", "array"], "items": { "type": "string" }, "maxItems": 2, "description": "What to edit." },
            "scale": { "type": "string", "enum": ["2", "4"] },
            "quality": { "type": "integer", "minimum": 1, "maximum": 100 },
        }});
        Arguments::new(&schema, &[("image", "images")])
    }

    #[test]
    fn what_means_the_same_is_accepted() {
        let accepted = checker()
            .accept(json!({ "image": "[\"a\",\"b\"]", "scale": 4, "quality": "80" }))
            .expect("accepted");
        assert_eq!(accepted, json!({ "images": ["a", "b"], "scale": "4", "quality": 80 }));
        assert!(checker().accept(json!({ "images": "a", "quality": null })).is_ok());
        assert_eq!(
            checker()
                .accept(json!({ "images": "a", "quality": 80.0 }))
                .expect("whole")["quality"],
            json!(80)
        );
    }

    #[test]
    fn refusals_say_what_to_send() {
        for (arguments, field, words) in [
            (json!({}), "images", "required"),
            (json!({ "images": "a", "qualty": 3 }), "qualty", "`quality`"),
            (json!({ "images": "a", "scale": "3" }), "scale", "`2`, `4`"),
            (json!({ "images": "a", "quality": 101 }), "quality", "at most 100"),
            (json!({ "images": ["a", "b", "c"] }), "images", "at most 2"),
            (json!({ "images": ["a", {}] }), "images[1]", "string"),
            (json!({ "images": "a", "quality": "high" }), "quality", "whole number"),
            (json!({ "images": "a", "image": "b" }), "image", "only `images`"),
            (json!([]), "arguments", "object"),
        ] {
            let problem = checker().accept(arguments.clone()).expect_err("refused");
            assert_eq!(
                problem.field.as_deref(),
                Some(field),
                "{arguments}: {}",
                problem.message
            );
            assert!(problem.message.contains(words), "{arguments}: {}", problem.message);
        }
    }

    #[test]
    fn depth_is_capped() {
        let mut value = json!(1);
        for _ in 0..70 {
            value = json!([value]);
        }
        assert!(check_depth(&value, 64).is_err());
        assert!(check_depth(&json!({ "a": [1] }), 64).is_ok());
    }
}
