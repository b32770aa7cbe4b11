//! The TOML file: flattened to dotted keys with their lines; `[plans.*]`, `[prices]`, `[[oauth_clients]]`, `[[oidc]]`, `[github]`,
//! `[[credit_packs]]` and `[[plan_prices]]` are tables of their own.

use toml::de::{DeTable, DeValue};

use super::Tables;

/// One value of the file.
pub(super) struct Line {
    pub key: String,
    pub value: String,
    pub line: usize,
}

type Wrong = (usize, String);

/// Every value except those of the tables.
pub(super) fn entries(text: &str) -> Result<Vec<Line>, Wrong> {
    let table = DeTable::parse(text).map_err(|error| {
        (
            error.span().map_or(1, |span| line_of(text, span.start)),
            error.message().to_owned(),
        )
    })?;
    let mut found = Vec::new();
    walk(text, "", table.get_ref(), &mut found)?;
    Ok(found)
}

fn walk(text: &str, prefix: &str, table: &DeTable<'_>, found: &mut Vec<Line>) -> Result<(), Wrong> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.get_ref().to_string()
        } else {
            format!("{prefix}.{}", name.get_ref())
        };
        if prefix.is_empty() && super::TABLES.contains(&key.as_str()) {
            continue;
        }
        let line = line_of(text, name.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => walk(text, &key, inner, found)?,
            DeValue::Array(items) => {
                let items: Result<Vec<String>, Wrong> = items
                    .iter()
                    .map(|item| plain(item.get_ref()).ok_or((line, format!("`{key}` must be a list of plain values"))))
                    .collect();
                found.push(Line {
                    key,
                    value: items?.join(","),
                    line,
                });
            }
            other => {
                let value = plain(other).ok_or_else(|| (line, format!("`{key}` must be a plain value")))?;
                found.push(Line { key, value, line });
            }
        }
    }
    Ok(())
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// The tables.
pub(super) fn tables(text: &str) -> Result<Tables, Wrong> {
    toml::from_str(text).map_err(|error| {
        (
            error.span().map_or(1, |span| line_of(text, span.start)),
            error.message().to_owned(),
        )
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
