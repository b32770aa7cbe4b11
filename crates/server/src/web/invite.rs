//! Taking an invitation: signed in with one click, else by making an account.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_app::people::Invitation;
use aquatint_domain::{Code, Problem};
use askama::Template;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::Response;
use axum::{Extension, Form};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{HOME, cookies, page, pages, passkeys, see_other, sign_in};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Answers {
    csrf: String,
    name: String,
    email: String,
    password: String,
}

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage<'a> {
    secret: &'a str,
    workspace: &'a str,
    role: &'a str,
    /// The signed-in person, if there is one.
    person: Option<&'a str>,
    csrf: &'a str,
    name: &'a str,
    email: &'a str,
    /// Whom the invitation names.
    is_addressed: bool,
    passkey_origin: String,
    wrong: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    match show(&studio, &headers, &secret, &Answers::default(), "").await {
        Ok(response) => response,
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn answer(
    State(studio): State<Studio>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(answers): Form<Answers>,
) -> Response {
    let taken = async {
        cookies::check_origin(&studio, &headers)?;
        if let Some(seat) = cookies::seat(&studio, &headers).await? {
            cookies::check_csrf(&seat, Some(&answers.csrf))?;
            let workspace = studio.accept_invite(&secret, &seat.user).await?;
            studio
                .switch_workspace(&seat.session.id, &seat.user.id, &workspace)
                .await?;
            return Ok(see_other(HOME));
        }
        let user = studio
            .join_by_invite(&secret, &answers.email, &answers.name, &answers.password)
            .await?;
        let visitor = cookies::visitor(&headers, peer.as_deref());
        let session = studio.open_session(&user, &visitor).await?;
        Ok::<_, Problem>(sign_in::enter(&studio, &session, "/app/welcome"))
    };
    match taken.await {
        Ok(response) => response,
        Err(problem) if matches!(problem.code, Code::InvalidArgument | Code::Conflict | Code::Forbidden) => {
            match show(&studio, &headers, &secret, &answers, &problem.message).await {
                Ok(mut response) => {
                    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                    response
                }
                Err(problem) => pages::failure(&problem),
            }
        }
        Err(problem) => pages::failure(&problem),
    }
}

async fn show(
    studio: &Studio,
    headers: &HeaderMap,
    secret: &str,
    answers: &Answers,
    wrong: &str,
) -> Result<Response, Problem> {
    let Some(Invitation { invite, workspace }) = studio.invitation(secret).await? else {
        return Err(
            Problem::new(Code::Expired, "This invitation is used, withdrawn or past its time.")
                .hint("Ask the person who invited you for a new one."),
        );
    };
    let seat = cookies::seat(studio, headers).await?;
    let wanted = invite.email.as_deref();
    Ok(passkeys::with_script(page(
        StatusCode::OK,
        &InvitePage {
            secret,
            workspace: &workspace.name,
            role: invite.role.as_str(),
            person: seat.as_ref().map(|seat| seat.user.email.as_str()),
            csrf: seat.as_ref().map_or("", |seat| seat.csrf.as_str()),
            name: &answers.name,
            email: wanted.unwrap_or(&answers.email),
            is_addressed: wanted.is_some(),
            passkey_origin: passkeys::origin(studio),
            wrong,
        },
    )))
}
