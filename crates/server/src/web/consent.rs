//! Letting an app in: who asks, where the answer goes, what it may do, and into which workspace.

use aquatint_app::Studio;
use aquatint_app::oauth::{AuthorizeFailure, Consent};
use aquatint_domain::{Problem, Scope, WorkspaceId};
use askama::Template;
use axum::Form;
use axum::extract::{Query, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{cookies, encoded, page_for, pages, see_other, to_sign_in};

/// What the form says in place of a workspace's id.
const FOLLOWS_DEFAULT: &str = "default";

#[derive(Deserialize)]
pub(super) struct Waiting {
    #[serde(default)]
    request: String,
}

#[derive(Deserialize)]
pub(super) struct Answers {
    request: String,
    #[serde(default)]
    csrf: String,
    decision: String,
    #[serde(default)]
    workspace: String,
}

struct Place {
    id: String,
    name: String,
    role: &'static str,
    is_default: bool,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    request: String,
    csrf: String,
    app: String,
    /// The host of a client's own description, when it has one.
    described_at: Option<String>,
    redirect_host: String,
    is_loopback: bool,
    person: String,
    scopes: Vec<&'static str>,
    places: Vec<Place>,
}

pub(super) async fn begin(State(studio): State<Studio>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let question = match studio.check_question(&query).await {
        Ok(question) => question,
        Err(AuthorizeFailure::Page(problem)) => return pages::failure(&problem),
        Err(AuthorizeFailure::Redirect(url)) => return see_other(&url),
    };
    let kept = async {
        match cookies::seat(&studio, &headers).await? {
            Some(seat) => Ok(Some(studio.keep_question(&seat, &question).await?)),
            None => Ok::<_, Problem>(None),
        }
    };
    match kept.await {
        Ok(Some(token)) => see_other(&format!("/oauth/consent?request={}", encoded(token.reveal()))),
        Ok(None) => to_sign_in(&format!("/oauth/authorize?{query}")),
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn ask(State(studio): State<Studio>, headers: HeaderMap, Query(waiting): Query<Waiting>) -> Response {
    match show(&studio, &headers, &waiting.request).await {
        Ok(response) => response,
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn answer(State(studio): State<Studio>, headers: HeaderMap, Form(answers): Form<Answers>) -> Response {
    let answered = async {
        cookies::check_origin(&studio, &headers)?;
        let Some(seat) = cookies::seat(&studio, &headers).await? else {
            return Ok(to_sign_in(&format!(
                "/oauth/consent?request={}",
                encoded(&answers.request)
            )));
        };
        cookies::check_csrf(&seat, Some(&answers.csrf))?;
        let consent = if answers.decision == "allow" {
            let workspace = match answers.workspace.as_str() {
                FOLLOWS_DEFAULT => None,
                id => Some(id.parse::<WorkspaceId>().map_err(|problem| problem.at("workspace"))?),
            };
            Consent::Allow { workspace }
        } else {
            Consent::Deny
        };
        let url = studio.answer_question(&seat, &answers.request, consent).await?;
        Ok::<_, Problem>(see_other(&url))
    };
    match answered.await {
        Ok(response) => response,
        Err(problem) => pages::failure(&problem),
    }
}

async fn show(studio: &Studio, headers: &HeaderMap, request: &str) -> Result<Response, Problem> {
    let Some(seat) = cookies::seat(studio, headers).await? else {
        return Ok(to_sign_in(&format!("/oauth/consent?request={}", encoded(request))));
    };
    let question = studio.question(&seat, request).await?;
    let places = studio.places_of(&seat.user).await?;
    let described_at = url::Url::parse(&question.client_id)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let target = form_target(&question.redirect_uri);
    let template = ConsentPage {
        request: request.to_owned(),
        csrf: seat.csrf.clone(),
        app: question.client_name,
        described_at,
        redirect_host: question.redirect_host,
        is_loopback: question.is_loopback,
        person: seat.user.email.clone(),
        scopes: question.scopes.iter().copied().map(scope_words).collect(),
        places: places
            .into_iter()
            .map(|place| Place {
                id: place.workspace.id.to_string(),
                name: place.workspace.name,
                role: place.role.as_str(),
                is_default: place.is_default,
            })
            .collect(),
    };
    Ok(page_for(StatusCode::OK, &template, &format!("'self' {target}")))
}

/// What the form's policy must name, so that the browser follows the answer to the app.
fn form_target(redirect_uri: &str) -> String {
    let Ok(url) = url::Url::parse(redirect_uri) else {
        return String::new();
    };
    match url.scheme() {
        "https" | "http" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    }
}

/// A scope in words for people.
fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::AssetsRead => "See your files and collections",
        Scope::AssetsWrite => "Upload files, make and change collections",
        Scope::Generate => "Edit and generate, which spends credits",
        Scope::ModelsRead => "See which models there are",
        Scope::Jobs => "See and cancel jobs",
        Scope::AccountRead => "See balances and usage",
        Scope::Share => "Make and change public share links",
    }
}
