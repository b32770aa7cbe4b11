//! Forms as vendors read them: words by the types of a JSON Schema, files by name.

use serde_json::{Value, json};

use crate::http::{Part, Request, fits};

/// The kinds of picture that all these vendors take.
pub(super) const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp"];

/// The words of a form as JSON that fits `schema`, and its files. `files` says which file fields there are, and how many
/// files each may have at most.
pub(super) fn read(request: &Request, schema: &Value, files: &[(&str, usize)]) -> Result<(Value, Vec<Part>), String> {
    let (given, texts): (Vec<Part>, Vec<Part>) = request.form()?.into_iter().partition(|part| part.file_name.is_some());
    let mut body = json!({});
    for part in &texts {
        let field = &schema["properties"][&part.name];
        let value = value_of(field, &part.text()).map_err(|why| format!("{}: {why}", part.name))?;
        if field["type"] == "array" {
            match body[&part.name].as_array_mut() {
                Some(list) => list.push(value),
                None => body[&part.name] = json!([value]),
            }
        } else if body[&part.name].is_null() {
            body[&part.name] = value;
        } else {
            return Err(format!("{} stands twice", part.name));
        }
    }
    fits(schema, &body)?;
    for part in &given {
        let (_, most) = files
            .iter()
            .find(|(name, _)| *name == part.name)
            .ok_or_else(|| format!("there is no file field {}", part.name))?;
        if given.iter().filter(|other| other.name == part.name).count() > *most {
            return Err(format!("more than {most} files in {}", part.name));
        }
        if !part.media_type.as_deref().is_some_and(|kind| PICTURES.contains(&kind)) {
            return Err(format!("{} is {:?}", part.name, part.media_type));
        }
    }
    Ok((body, given))
}

/// Refuses a form without a file in this field.
pub(super) fn need(files: &[Part], name: &str) -> Result<(), String> {
    if files.iter().any(|file| file.name == name) {
        Ok(())
    } else {
        Err(format!("there is no file {name}"))
    }
}

/// A word by the type of its field; a list holds words of its items' type.
fn value_of(field: &Value, text: &str) -> Result<Value, String> {
    let kind = field["type"].as_str().unwrap_or("string");
    match kind {
        "array" => value_of(&field["items"], text),
        "integer" | "number" | "boolean" | "object" => {
            serde_json::from_str(text).map_err(|_| format!("{text} is no {kind}"))
        }
        _ => Ok(Value::from(text)),
    }
}
