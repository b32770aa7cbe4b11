//! How the values of settings are read from their texts.

use std::time::Duration;

use super::Config;
use super::table::Outcome;

pub(super) fn whole<T: TryFrom<u64>>(value: &str, least: u64) -> Result<T, String> {
    let number: u64 = value
        .replace('_', "")
        .parse()
        .map_err(|_| "a whole number is needed".to_owned())?;
    if number < least {
        return Err(format!("at least {least} is needed"));
    }
    T::try_from(number).map_err(|_| "the number is too large".to_owned())
}

pub(super) fn seconds(value: &str, least: f64, most: f64) -> Result<Duration, String> {
    let number: f64 = value.parse().map_err(|_| "a number of seconds is needed".to_owned())?;
    if !(least..=most).contains(&number) {
        return Err(format!("{least} to {most} seconds are possible"));
    }
    Ok(Duration::from_secs_f64(number))
}

pub(super) fn flag(value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("true or false is needed".into()),
    }
}

/// A text that is there.
pub(super) fn some(value: &str) -> Option<String> {
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

/// Whether there is such a model is known only when the edit is asked for: it may be an operator's own row.
pub(super) fn edit_model(config: &mut Config, operation: &str, value: &str) -> Outcome {
    if !value.starts_with("image/") {
        return Err("the id of a model is needed, such as image/fal/fal-ai/birefnet/v2".into());
    }
    config
        .settings
        .edit_models
        .insert(operation.to_owned(), value.to_owned());
    Ok(())
}

pub(super) fn list(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn web_url(value: &str) -> Result<String, String> {
    let url = url::Url::parse(value).map_err(|_| "a URL such as https://studio.example.com is needed".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || url.query().is_some() {
        return Err("an http or https URL without a query is needed".into());
    }
    Ok(value.trim_end_matches('/').to_owned())
}
