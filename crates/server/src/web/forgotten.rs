//! “Forgot your password?”: asks for an address, and says the same whatever it is.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_domain::{Code, Problem};
use askama::Template;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::{Extension, Form};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{cookies, page, pages, sign_in};

#[derive(Deserialize)]
pub(super) struct Answers {
    email: String,
}

#[derive(Template)]
#[template(path = "forgotten.html")]
struct ForgottenPage<'a> {
    is_asked: bool,
    email: &'a str,
    wrong: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>) -> Response {
    if !studio.sends_mail() {
        let problem = Problem::new(Code::NotFound, "This studio sends no mail.");
        return pages::failure(&problem.hint("Ask its operator for a link to a new password."));
    }
    page(
        StatusCode::OK,
        &ForgottenPage {
            is_asked: false,
            email: "",
            wrong: "",
        },
    )
}

pub(super) async fn answer(
    State(studio): State<Studio>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Form(answers): Form<Answers>,
) -> Response {
    if let Err(problem) = cookies::check_origin(&studio, &headers) {
        return pages::failure(&problem);
    }
    let visitor = cookies::visitor(&headers, peer.as_deref());
    match studio.ask_for_new_password(&answers.email, &visitor).await {
        Ok(()) => page(
            StatusCode::OK,
            &ForgottenPage {
                is_asked: true,
                email: "",
                wrong: "",
            },
        ),
        Err(problem) => sign_in::wrong(
            &problem,
            &ForgottenPage {
                is_asked: false,
                email: &answers.email,
                wrong: &problem.message,
            },
        ),
    }
}
