//! Signing in and out.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_app::people::{NewSession, Offer, SignIn};
use aquatint_domain::{Code, Problem};
use askama::Template;
use axum::extract::{ConnectInfo, Query, State};
use axum::response::Response;
use axum::{Extension, Form};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{cookies, encoded, local, page, pages, passkeys, see_other};

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Holds the ticket between the two steps.
const TICKET_COOKIE: &str = "aquatint_second_step";
const TICKET_AGE_S: u64 = 600;

#[derive(Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub next: String,
}

#[derive(Deserialize)]
pub(super) struct Answers {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct CodeAnswers {
    code: String,
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct Leave {
    #[serde(default)]
    csrf: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    next: &'a str,
    wrong: &'a str,
    needs_setup: bool,
    sends_mail: bool,
    offers: Vec<Offer>,
    next_encoded: String,
    passkey_origin: String,
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage<'a> {
    next: &'a str,
    wrong: &'a str,
}

pub(super) async fn ask(State(studio): State<Studio>, headers: HeaderMap, Query(query): Query<Next>) -> Response {
    let next = local(&query.next);
    match cookies::seat(&studio, &headers).await {
        // Who is signed in already goes on.
        Ok(Some(_)) => see_other(next),
        Ok(None) => {
            let needs_setup = !studio.store().users().any_owner().await.unwrap_or(true);
            passkeys::with_script(page(
                StatusCode::OK,
                &SignInPage {
                    email: "",
                    next,
                    wrong: "",
                    needs_setup,
                    sends_mail: studio.sends_mail(),
                    offers: studio.sign_in_offers(),
                    next_encoded: encoded(next),
                    passkey_origin: passkeys::origin(&studio),
                },
            ))
        }
        Err(problem) => pages::failure(&problem),
    }
}

pub(super) async fn answer(
    State(studio): State<Studio>,
    peer: Peer,
    headers: HeaderMap,
    Form(answers): Form<Answers>,
) -> Response {
    if let Err(problem) = cookies::check_origin(&studio, &headers) {
        return pages::failure(&problem);
    }
    let next = local(&answers.next);
    let visitor = cookies::visitor(&headers, peer.as_deref());
    match studio.sign_in(&answers.email, &answers.password, &visitor).await {
        Ok(sign_in) => go_on(&studio, &sign_in, next),
        Err(problem) => passkeys::with_script(wrong(
            &problem,
            &SignInPage {
                email: &answers.email,
                next,
                wrong: &problem.message,
                needs_setup: false,
                sends_mail: studio.sends_mail(),
                offers: studio.sign_in_offers(),
                next_encoded: encoded(next),
                passkey_origin: passkeys::origin(&studio),
            },
        )),
    }
}

pub(super) async fn ask_code(headers: HeaderMap, Query(query): Query<Next>) -> Response {
    if cookies::read(&headers, TICKET_COOKIE).is_none() {
        return see_other(&format!("/sign-in?next={}", encoded(local(&query.next))));
    }
    page(
        StatusCode::OK,
        &CodePage {
            next: local(&query.next),
            wrong: "",
        },
    )
}

pub(super) async fn answer_code(
    State(studio): State<Studio>,
    peer: Peer,
    headers: HeaderMap,
    Form(answers): Form<CodeAnswers>,
) -> Response {
    if let Err(problem) = cookies::check_origin(&studio, &headers) {
        return pages::failure(&problem);
    }
    let next = local(&answers.next);
    let ticket = cookies::read(&headers, TICKET_COOKIE).unwrap_or_default();
    let visitor = cookies::visitor(&headers, peer.as_deref());
    match studio.sign_in_with_code(ticket, &answers.code, &visitor).await {
        Ok(session) => {
            let mut response = enter(&studio, &session, next);
            let gone = cookies::cookie(&studio, TICKET_COOKIE, "", "/sign-in", 0);
            response.headers_mut().append(header::SET_COOKIE, gone);
            response
        }
        Err(problem) => wrong(
            &problem,
            &CodePage {
                next,
                wrong: &problem.message,
            },
        ),
    }
}

pub(super) async fn leave(State(studio): State<Studio>, headers: HeaderMap, Form(form): Form<Leave>) -> Response {
    let left = async {
        let Some(seat) = cookies::seat(&studio, &headers).await? else {
            return Ok(());
        };
        cookies::check_origin(&studio, &headers)?;
        cookies::check_csrf(&seat, Some(&form.csrf))?;
        studio
            .sign_out(cookies::secret(&studio, &headers).unwrap_or_default())
            .await
    };
    if let Err(problem) = left.await {
        return pages::failure(&problem);
    }
    let mut response = see_other("/sign-in");
    response
        .headers_mut()
        .append(header::SET_COOKIE, cookies::drop(&studio));
    response
}

/// After the first step: in, or to the second.
pub(super) fn go_on(studio: &Studio, sign_in: &SignIn, next: &str) -> Response {
    match sign_in {
        SignIn::Done(session) => enter(studio, session, next),
        SignIn::NeedsCode(ticket) => {
            let mut response = see_other(&format!("/sign-in/code?next={}", encoded(next)));
            let cookie = cookies::cookie(studio, TICKET_COOKIE, ticket.reveal(), "/sign-in", TICKET_AGE_S);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
    }
}

/// Gives the browser its session and leads it on.
pub(super) fn enter(studio: &Studio, session: &NewSession, next: &str) -> Response {
    let mut response = see_other(next);
    let cookie = cookies::keep(studio, session.secret.reveal());
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// A form again, with what was wrong; what is nobody's mistake gets the page for failures.
pub(super) fn wrong(problem: &Problem, template: &impl Template) -> Response {
    let status = match problem.code {
        Code::Unauthorized | Code::InvalidArgument | Code::Conflict | Code::Forbidden => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        _ => return pages::failure(problem),
    };
    let mut response = page(status, template);
    if let Some(seconds) = problem.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
