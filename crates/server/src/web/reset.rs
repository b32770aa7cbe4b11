//! A new password by a link, from the operator or by mail.

use aquatint_app::Studio;
use aquatint_domain::{Code, Problem};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::{cookies, page, pages, see_other, sign_in};

#[derive(Deserialize)]
pub(super) struct Answers {
    password: String,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage<'a> {
    secret: &'a str,
    email: &'a str,
    wrong: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>, Path(secret): Path<String>) -> Response {
    match studio.reset_of(&secret).await {
        Ok(Some(user)) => page(
            StatusCode::OK,
            &ResetPage {
                secret: &secret,
                email: &user.email,
                wrong: "",
            },
        ),
        Ok(None) => pages::failure(
            &Problem::new(Code::Expired, "This link is used or past its time.").hint("Ask for a new one."),
        ),
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn answer(
    State(studio): State<Studio>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(answers): Form<Answers>,
) -> Response {
    if let Err(problem) = cookies::check_origin(&studio, &headers) {
        return pages::failure(&problem);
    }
    match studio.reset_password(&secret, &answers.password).await {
        Ok(()) => see_other("/sign-in"),
        Err(problem) => sign_in::wrong(
            &problem,
            &ResetPage {
                secret: &secret,
                email: "",
                wrong: &problem.message,
            },
        ),
    }
}
