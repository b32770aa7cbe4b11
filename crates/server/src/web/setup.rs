//! The one-time set-up: whoever holds the link becomes the owner of the first workspace.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_domain::{Code, Problem};
use askama::Template;
use axum::Extension;
use axum::Form;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{cookies, page, pages, sign_in};

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

pub(super) async fn answer(
    State(studio): State<Studio>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(answers): Form<Answers>,
) -> Response {
    // The secret in the form is the proof; a browser that says it comes from elsewhere is refused all the same.
    if let Err(problem) = cookies::check_origin(&studio, &headers) {
        return pages::failure(&problem);
    }
    let made = studio
        .set_up_owner(&answers.token, &answers.email, &answers.name, &answers.password)
        .await;
    let visitor = cookies::visitor(&headers, peer.as_deref());
    let session = match made {
        Ok(user) => studio.open_session(&user, &visitor).await,
        Err(problem) if problem.code == Code::InvalidArgument => {
            return page(
                StatusCode::UNPROCESSABLE_ENTITY,
                &Setup {
                    token: &answers.token,
                    name: &answers.name,
                    email: &answers.email,
                    wrong: &problem.message,
                },
            );
        }
        Err(problem) => Err(problem),
    };
    match session {
        Ok(session) => sign_in::enter(&studio, &session, "/app/welcome"),
        Err(problem) => pages::failure(&problem),
    }
}

fn used_up() -> Problem {
    Problem::new(Code::Expired, "This set-up link is used or past its time.")
        .hint("If no owner exists yet, restart the studio: it prints a new one.")
}
