//! Passkeys on the pages for people who are not signed in: signing in, setting up, joining. A script of ours (`passkey.js`) asks the
//! browser; these are the questions it gets, and where its answers go. Nothing here is needed by who uses a password.

use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_app::people::{Asserted, Created, NewSession, Newcomer, PasskeyQuestion, browser_secret};
use aquatint_domain::{Code, Problem};
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::{cookies, local};
use crate::api::problem_response;

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;
type Body<T> = Result<Json<T>, JsonRejection>;

/// Ties an answer to the browser that asked.
const COOKIE: &str = "aquatint_passkey";
const COOKIE_AGE_S: u64 = 10 * 60;
/// Characters of what stands in it.
const SECRET_CHARS: usize = 43;
/// Where a new person lands.
const WELCOME: &str = "/app/welcome";

/// Who asks to set the studio up.
#[derive(Deserialize)]
pub(super) struct SetUp {
    token: String,
    #[serde(flatten)]
    newcomer: Newcomer,
}

#[derive(Deserialize)]
pub(super) struct SetUpAnswer {
    token: String,
    kept: String,
    credential: Created,
}

#[derive(Deserialize)]
pub(super) struct JoinAnswer {
    kept: String,
    credential: Created,
}

#[derive(Deserialize)]
pub(super) struct SignInAnswer {
    kept: String,
    credential: Asserted,
    #[serde(default)]
    next: String,
}

pub(super) async fn script() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=300"),
        ],
        include_str!("../../templates/passkey.js"),
    )
        .into_response()
}

/// Lets a page run our script, and the script ask us.
pub(super) fn with_script(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY);
    let widened = policy.and_then(|policy| policy.to_str().ok()).map(|policy| {
        policy.replace(
            "default-src 'none';",
            "default-src 'none'; script-src 'self'; connect-src 'self';",
        )
    });
    if let Some(Ok(policy)) = widened.map(|policy| HeaderValue::from_str(&policy)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Where passkeys work, for a page; empty where they do not.
pub(super) fn origin(studio: &Studio) -> String {
    studio.passkey_origin().unwrap_or_default()
}

pub(super) async fn ask_to_sign_in(State(studio): State<Studio>, headers: HeaderMap) -> Response {
    let browser = browser(&headers);
    let asked = cookies::check_origin(&studio, &headers).and_then(|()| studio.ask_to_sign_in(&browser));
    asking(&studio, &browser, asked)
}

pub(super) async fn sign_in(
    State(studio): State<Studio>,
    peer: Peer,
    headers: HeaderMap,
    body: Body<SignInAnswer>,
) -> Response {
    let visitor = cookies::visitor(&headers, peer.as_deref());
    let entered = async {
        let answer = read(&studio, &headers, body)?;
        let session = studio
            .sign_in_with_passkey(&browser(&headers), &answer.kept, &answer.credential, &visitor)
            .await?;
        Ok((session, local(&answer.next).to_owned()))
    };
    enter(&studio, entered.await)
}

pub(super) async fn ask_to_set_up(State(studio): State<Studio>, headers: HeaderMap, body: Body<SetUp>) -> Response {
    let browser = browser(&headers);
    let asked = async {
        let asked = read(&studio, &headers, body)?;
        studio.ask_to_set_up(&asked.token, asked.newcomer, &browser).await
    };
    asking(&studio, &browser, asked.await)
}

pub(super) async fn set_up(
    State(studio): State<Studio>,
    peer: Peer,
    headers: HeaderMap,
    body: Body<SetUpAnswer>,
) -> Response {
    let visitor = cookies::visitor(&headers, peer.as_deref());
    let entered = async {
        let answer = read(&studio, &headers, body)?;
        let browser = browser(&headers);
        let session = studio
            .set_up_with_passkey(&answer.token, &browser, &answer.kept, &answer.credential, &visitor)
            .await?;
        Ok((session, WELCOME.to_owned()))
    };
    enter(&studio, entered.await)
}

pub(super) async fn ask_to_join(
    State(studio): State<Studio>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    body: Body<Newcomer>,
) -> Response {
    let browser = browser(&headers);
    let asked = async {
        let newcomer = read(&studio, &headers, body)?;
        studio.ask_to_join(&secret, newcomer, &browser).await
    };
    asking(&studio, &browser, asked.await)
}

pub(super) async fn join(
    State(studio): State<Studio>,
    peer: Peer,
    headers: HeaderMap,
    Path(secret): Path<String>,
    body: Body<JoinAnswer>,
) -> Response {
    let visitor = cookies::visitor(&headers, peer.as_deref());
    let entered = async {
        let answer = read(&studio, &headers, body)?;
        let browser = browser(&headers);
        let session = studio
            .join_with_passkey(&secret, &browser, &answer.kept, &answer.credential, &visitor)
            .await?;
        Ok((session, WELCOME.to_owned()))
    };
    enter(&studio, entered.await)
}

/// What one of our own pages sent.
fn read<T>(studio: &Studio, headers: &HeaderMap, body: Body<T>) -> Result<T, Problem> {
    cookies::check_origin(studio, headers)?;
    let Json(body) = body.map_err(|rejection| {
        let code = match rejection.status().as_u16() {
            413 => Code::TooLarge,
            415 => Code::UnsupportedMedia,
            _ => Code::MalformedRequest,
        };
        Problem::new(
            code,
            format!("The answer could not be read: {}.", rejection.body_text()),
        )
    })?;
    Ok(body)
}

/// The secret of this browser: the one that it has, so that two of its windows do not disturb each other, or a new one.
fn browser(headers: &HeaderMap) -> String {
    let is_one = |secret: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        secret.len() == SECRET_CHARS && secret.bytes().all(is_plain)
    };
    match cookies::read(headers, COOKIE).filter(is_one) {
        Some(secret) => secret.to_owned(),
        None => browser_secret(),
    }
}

fn asking(studio: &Studio, browser: &str, asked: Result<PasskeyQuestion, Problem>) -> Response {
    match asked {
        Ok(question) => {
            let cookie = cookies::cookie(studio, COOKIE, browser, "/", COOKIE_AGE_S);
            told(Json(question), cookie)
        }
        Err(problem) => failed(&problem),
    }
}

/// Gives the browser its session, and says where it goes on.
fn enter(studio: &Studio, entered: Result<(NewSession, String), Problem>) -> Response {
    match entered {
        Ok((session, next)) => {
            let cookie = cookies::keep(studio, session.secret.reveal());
            told(Json(json!({ "next": next })), cookie)
        }
        Err(problem) => failed(&problem),
    }
}

fn told(body: impl IntoResponse, cookie: HeaderValue) -> Response {
    let mut response = body.into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn failed(problem: &Problem) -> Response {
    if problem.code == Code::Internal {
        tracing::error!(?problem, "a passkey could not be taken");
    }
    problem_response(problem)
}
