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

use super::{cookies, page, pages, passkeys, sign_in};

#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize, Default)]
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
    passkey_origin: String,
    /// Where they work nowhere: what the operator can do.
    passkey_hint: String,
    wrong: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>, Query(link): Query<Link>) -> Response {
    match studio.setup_token_works(&link.token).await {
        Ok(true) => {
            let answers = Answers {
                token: link.token,
                ..Answers::default()
            };
            show(&studio, StatusCode::OK, &answers, "")
        }
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
            return show(&studio, StatusCode::UNPROCESSABLE_ENTITY, &answers, &problem.message);
        }
        Err(problem) => Err(problem),
    };
    match session {
        Ok(session) => sign_in::enter(&studio, &session, "/app/welcome"),
        Err(problem) => pages::failure(&problem),
    }
}

fn show(studio: &Studio, status: StatusCode, answers: &Answers, wrong: &str) -> Response {
    let (passkey_origin, passkey_hint) = match studio.passkey_origin() {
        Ok(origin) => (origin, String::new()),
        Err(problem) => (String::new(), problem.hint.unwrap_or_default()),
    };
    let shown = Setup {
        token: &answers.token,
        name: &answers.name,
        email: &answers.email,
        passkey_origin,
        passkey_hint,
        wrong,
    };
    passkeys::with_script(page(status, &shown))
}

fn used_up() -> Problem {
    Problem::new(Code::Expired, "This set-up link is used or past its time.")
        .hint("If no owner exists yet, restart the studio: it prints a new one.")
}
