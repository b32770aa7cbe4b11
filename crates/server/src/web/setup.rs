//! The one-time set-up: whoever holds the link becomes the owner of the first workspace.

use aquatint_app::{KeyOrder, Studio};
use aquatint_domain::{Code, Problem, Scope};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{page, pages};

/// Characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 10..=200;

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Answers {
    token: String,
    name: String,
    email: String,
    password: String,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup<'a> {
    token: &'a str,
    name: &'a str,
    email: &'a str,
    wrong: &'a str,
}

#[derive(Template)]
#[template(path = "ready.html")]
struct Ready<'a> {
    url: &'a str,
    key: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>, Query(link): Query<Link>) -> Response {
    match studio.setup_token_works(&link.token).await {
        Ok(true) => page(
            StatusCode::OK,
            &Setup {
                token: &link.token,
                name: "",
                email: "",
                wrong: "",
            },
        ),
        Ok(false) => pages::failure(&used_up()),
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn answer(State(studio): State<Studio>, headers: HeaderMap, Form(answers): Form<Answers>) -> Response {
    // The secret in the form is the proof; a browser that says it comes from elsewhere is refused all the same.
    let public = studio.public_url();
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if origin.is_some_and(|origin| {
        origin != public.as_str() && origin.split_once("://").is_none_or(|(_, named)| named != host)
    }) {
        return pages::failure(&Problem::new(Code::Forbidden, "This form was sent from another site."));
    }
    if let Err(wrong) = check(&answers) {
        return page(
            StatusCode::UNPROCESSABLE_ENTITY,
            &Setup {
                token: &answers.token,
                name: &answers.name,
                email: &answers.email,
                wrong,
            },
        );
    }
    match set_up(&studio, answers).await {
        Ok(key) => page(
            StatusCode::OK,
            &Ready {
                url: &public,
                key: &key,
            },
        ),
        Err(problem) => pages::failure(&problem),
    }
}

fn check(answers: &Answers) -> Result<(), &'static str> {
    let email = answers.email.trim();
    if answers.name.trim().is_empty() || answers.name.chars().count() > 80 {
        return Err("Say a name of up to 80 characters.");
    }
    if email.chars().count() > 200
        || !email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.') && !domain.contains('@'))
    {
        return Err("That does not look like an email address.");
    }
    if !PASSWORD.contains(&answers.password.chars().count()) {
        return Err("The password must have 10 to 200 characters.");
    }
    Ok(())
}

async fn set_up(studio: &Studio, answers: Answers) -> Result<String, Problem> {
    // A link that is used up must not cost the work of hashing.
    if !studio.setup_token_works(&answers.token).await? {
        return Err(used_up());
    }
    let password = answers.password;
    let hash = tokio::task::spawn_blocking(move || hash(&password))
        .await
        .map_err(Problem::internal)??;
    let user = studio
        .set_up_owner(&answers.token, &answers.email, &answers.name, hash)
        .await?;
    let workspace = studio.ensure_workspace().await?;
    let order = KeyOrder {
        workspace: workspace.id,
        name: "first key".into(),
        scopes: Scope::ALL.to_vec(),
        expires_at: None,
        created_by: Some(user.id),
    };
    Ok(studio.create_key(order).await?.secret.reveal().to_owned())
}

/// argon2id with 19 MiB, 2 passes, 1 lane, as a PHC string.
fn hash(password: &str) -> Result<String, Problem> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| Problem::internal(error.to_string()))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = hasher
        .hash_password(password.as_bytes())
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(hash.to_string())
}

fn used_up() -> Problem {
    Problem::new(Code::Expired, "This set-up link is used or past its time.")
        .hint("If no owner exists yet, restart the studio: it prints a new one.")
}
