//! The front page, the reference page, and the page for what went wrong.

use aquatint_app::Studio;
use aquatint_app::operation::Effects;
use aquatint_app::operations::ALL;
use aquatint_domain::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::{HOME, cookies, page, see_other};

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    url: String,
    needs_setup: bool,
}

pub(super) async fn front(State(studio): State<Studio>, headers: HeaderMap) -> Response {
    if let Ok(Some(_)) = cookies::seat(&studio, &headers).await {
        return see_other(HOME);
    }
    let needs_setup = !studio.store().users().any_owner().await.unwrap_or(true);
    page(
        StatusCode::OK,
        &Front {
            url: studio.public_url().to_string(),
            needs_setup,
        },
    )
}

/// One operation on the reference page.
struct Row {
    name: &'static str,
    title: &'static str,
    description: Vec<Run>,
    method: String,
    path: String,
    scope: &'static str,
    effects: &'static str,
    arguments: Vec<Argument>,
}

struct Argument {
    name: String,
    kind: String,
    is_required: bool,
    about: Vec<Run>,
}

/// A piece of a text: words, or code that stood between backticks.
struct Run {
    is_code: bool,
    text: String,
}

fn runs(text: &str) -> Vec<Run> {
    text.split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(index, text)| Run {
            is_code: index % 2 == 1,
            text: text.to_owned(),
        })
        .collect()
}

#[derive(Template)]
#[template(path = "reference.html")]
struct Reference {
    url: String,
    rows: Vec<Row>,
}

pub(super) async fn reference(State(studio): State<Studio>) -> Response {
    let rows = ALL
        .iter()
        .map(|entry| {
            let input = entry.input_schema();
            let required: Vec<&str> = input["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let mut arguments: Vec<Argument> = input["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, schema)| Argument {
                    name: name.clone(),
                    kind: kind_words(schema),
                    is_required: required.contains(&name.as_str()),
                    about: runs(schema["description"].as_str().unwrap_or_default()),
                })
                .collect();
            // What must be sent comes first; the rest stays in its order.
            arguments.sort_by_key(|argument| !argument.is_required);
            Row {
                name: entry.spec.name,
                title: entry.spec.title,
                description: runs(entry.description()),
                method: format!("{:?}", entry.spec.rest.method).to_uppercase(),
                path: format!("/api/v1{}", entry.spec.rest.path.replace("{*", "{")),
                scope: entry.spec.scope.as_str(),
                effects: effects_words(entry.spec.effects),
                arguments,
            }
        })
        .collect();
    page(
        StatusCode::OK,
        &Reference {
            url: studio.public_url().to_string(),
            rows,
        },
    )
}

/// What an operation does to the world, in words.
pub fn effects_words(effects: Effects) -> &'static str {
    match effects {
        Effects::Reads => "reads",
        Effects::Writes => "writes",
        Effects::Spends => "spends credits",
    }
}

/// The type of an argument in words: `integer 1–100`, `png | jpeg`.
pub fn kind_words(schema: &Value) -> String {
    let choices = schema["enum"].as_array().cloned().or_else(|| {
        let options = schema["oneOf"].as_array()?;
        options
            .iter()
            .map(|option| option.get("const").cloned())
            .collect::<Option<Vec<_>>>()
    });
    if let Some(choices) = choices {
        return choices
            .iter()
            .map(|choice| choice.as_str().map_or_else(|| choice.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" | ");
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Number(least), Value::Number(most)) => format!("{kind} {least}–{most}"),
        _ => match &schema["maxLength"] {
            Value::Number(most) => format!("{kind}, up to {most} characters"),
            _ => kind,
        },
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure<'a> {
    message: &'a str,
    hint: &'a str,
}

pub(super) fn failure(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page(
        status,
        &Failure {
            message: &problem.message,
            hint: problem.hint.as_deref().unwrap_or_default(),
        },
    )
}
