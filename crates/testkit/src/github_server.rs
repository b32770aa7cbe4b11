//! GitHub's part of signing in, from its documentation: the web application flow of an OAuth app with PKCE, and the three calls of the
//! REST API that say who the person is. It refuses what GitHub refuses, in GitHub's words, and misbehaves on demand.
//!
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>,
//! <https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors>,
//! <https://docs.github.com/en/rest/users/emails>, <https://docs.github.com/en/rest/orgs/members>

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const GITHUB_CLIENT_ID: &str = "Iv1.8a61f9b3a7aba766";
pub const GITHUB_CLIENT_SECRET: &str = "a-client-secret-for-tests-only";

/// A person with an account there.
#[derive(Clone, Debug)]
pub struct GithubPerson {
    pub id: u64,
    pub login: &'static str,
    pub name: Option<&'static str>,
    /// Address, primary, verified.
    pub emails: Vec<(&'static str, bool, bool)>,
    /// Organization and state: `active` or `pending`.
    pub organizations: Vec<(&'static str, &'static str)>,
}

/// The server; it ends when it is dropped.
pub struct GithubServer {
    port: u16,
    shared: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// By path: status, media type and body instead of the usual answer.
    spoilt: HashMap<String, (u16, &'static str, String)>,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, (GithubPerson, Vec<String>)>,
    count: u32,
    wrong: Vec<String>,
    asked: Vec<String>,
}

struct Code {
    person: GithubPerson,
    redirect_uri: String,
    challenge: String,
    scopes: Vec<String>,
}

impl GithubServer {
    pub async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new()
            .route("/login/oauth/access_token", post(token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(emails))
            .route("/api/v3/user/memberships/orgs/{name}", get(membership))
            .with_state(shared.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let task = tokio::spawn(async move {
            // It serves until it is aborted; a failure would show as a refused connection in the test.
            let _ = axum::serve(listener, router).await;
        });
        Self { port, shared, task }
    }

    /// `127.0.0.1:PORT`.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// What the person's browser does at `address` (of `/login/oauth/authorize`) when the person agrees: where it is sent back to.
    pub fn agree(&self, address: &str, person: &GithubPerson) -> String {
        let asked = self.asked_for(address);
        let mut inner = self.shared.0.lock();
        inner.count += 1;
        let code = format!("code{:016x}", inner.count);
        inner.codes.insert(
            code.clone(),
            Code {
                person: person.clone(),
                redirect_uri: asked["redirect_uri"].clone(),
                challenge: asked["code_challenge"].clone(),
                scopes: asked["scope"].split(' ').map(str::to_owned).collect(),
            },
        );
        format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"])
    }

    /// The parameters that came to `/login/oauth/authorize`; panics where they are not as documented.
    pub fn asked_for(&self, address: &str) -> HashMap<String, String> {
        let rest = address.strip_prefix(&format!("{}/login/oauth/authorize?", self.url()));
        let asked = fields(rest.unwrap_or_else(|| panic!("{address} is elsewhere")));
        assert_eq!(asked.get("client_id").map(String::as_str), Some(GITHUB_CLIENT_ID));
        assert_eq!(asked.get("code_challenge_method").map(String::as_str), Some("S256"));
        for name in ["redirect_uri", "state", "code_challenge", "scope"] {
            assert!(
                asked.get(name).is_some_and(|value| !value.is_empty()),
                "{name} is missing in {address}"
            );
        }
        assert!(!asked.contains_key("client_secret"));
        asked
    }

    /// Answers this path so from now on, or as usual again.
    pub fn spoil(&self, path: &str, answer: Option<(u16, &'static str, &str)>) {
        let mut inner = self.shared.0.lock();
        match answer {
            Some((status, kind, body)) => inner.spoilt.insert(path.to_owned(), (status, kind, body.to_owned())),
            None => inner.spoilt.remove(path),
        };
    }

    /// What was asked that GitHub would not understand.
    pub fn wrong(&self) -> Vec<String> {
        self.shared.0.lock().wrong.clone()
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.0.lock().asked.clone()
    }
}

impl Drop for GithubServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn fields(text: &str) -> HashMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

impl Shared {
    /// Notes the request; `Some` is what it is answered in a bad mood.
    fn heard(&self, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        let mut inner = self.0.lock();
        inner.asked.push(uri.to_string());
        // <https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent-required>
        if !headers.contains_key(header::USER_AGENT) {
            inner.wrong.push(format!("{uri} without User-Agent"));
        }
        let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        if !accepts.is_some_and(|accepts| accepts.contains("application/json")) {
            inner.wrong.push(format!("{uri} does not accept JSON"));
        }
        let (status, kind, body) = inner.spoilt.get(uri.path()).cloned()?;
        let status = StatusCode::from_u16(status).expect("a status");
        Some((status, [(header::CONTENT_TYPE, kind)], body).into_response())
    }

    /// Whose token it is, if it has one of the scopes.
    fn person(&self, headers: &HeaderMap, scopes: &[&str]) -> Result<GithubPerson, Response> {
        let mut inner = self.0.lock();
        if headers
            .get("x-github-api-version")
            .is_none_or(|version| version != "2022-11-28")
        {
            inner.wrong.push("a call without the version of the API".into());
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .unwrap_or_default();
        match inner.tokens.get(bearer) {
            None => Err(answer(401, &json!({ "message": "Bad credentials", "status": "401" }))),
            Some((_, has)) if !scopes.iter().any(|scope| has.iter().any(|has| has == scope)) => {
                Err(answer(404, &json!({ "message": "Not Found", "status": "404" })))
            }
            Some((person, _)) => Ok(person.clone()),
        }
    }
}

async fn token(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(spoilt) = shared.heard(&uri, &headers) {
        return spoilt;
    }
    let given = fields(&String::from_utf8_lossy(&body));
    let field = |name: &str| given.get(name).map(String::as_str).unwrap_or_default();
    // Errors come with status 200.
    let error = |error: &str, description: &str| {
        answer(
            200,
            &json!({ "error": error, "error_description": description, "error_uri": "https://docs.github.com/" }),
        )
    };
    if (field("client_id"), field("client_secret")) != (GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET) {
        return error(
            "incorrect_client_credentials",
            "The client_id and/or client_secret passed are incorrect.",
        );
    }
    let mut inner = shared.0.lock();
    let Some(code) = inner.codes.remove(field("code")) else {
        return error("bad_verification_code", "The code passed is incorrect or expired.");
    };
    if code.redirect_uri != field("redirect_uri") {
        return error(
            "redirect_uri_mismatch",
            "The redirect_uri MUST match the registered callback URL.",
        );
    }
    if URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier").as_bytes())) != code.challenge {
        return error("bad_verification_code", "The code passed is incorrect or expired.");
    }
    inner.count += 1;
    let token = format!("gho_{:036x}", inner.count);
    let scope = code.scopes.join(",");
    inner.tokens.insert(token.clone(), (code.person, code.scopes));
    answer(
        200,
        &json!({ "access_token": token, "scope": scope, "token_type": "bearer" }),
    )
}

async fn user(State(shared): State<Shared>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(spoilt) = shared.heard(&uri, &headers) {
        return spoilt;
    }
    match shared.person(&headers, &["read:user", "user"]) {
        Ok(person) => answer(
            200,
            &json!({
                "login": person.login, "id": person.id, "node_id": "MDQ6VXNlcjE=", "type": "User", "site_admin": false,
                // The public address is whatever the person likes to show.
                "name": person.name, "email": "shown@example.com", "two_factor_authentication": true,
            }),
        ),
        Err(refused) => refused,
    }
}

async fn emails(State(shared): State<Shared>, RawQuery(_): RawQuery, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(spoilt) = shared.heard(&uri, &headers) {
        return spoilt;
    }
    match shared.person(&headers, &["user:email", "user"]) {
        Ok(person) => {
            let list: Vec<Value> = person
                .emails
                .iter()
                .map(|(email, primary, verified)| {
                    json!({ "email": email, "primary": primary, "verified": verified, "visibility": if *primary { json!("private") } else { Value::Null } })
                })
                .collect();
            answer(200, &Value::Array(list))
        }
        Err(refused) => refused,
    }
}

async fn membership(State(shared): State<Shared>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(spoilt) = shared.heard(&uri, &headers) {
        return spoilt;
    }
    match shared.person(&headers, &["read:org"]) {
        Ok(person) => match person
            .organizations
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(&name))
        {
            Some((known, state)) => answer(
                200,
                &json!({ "state": state, "role": "member", "organization": { "login": known }, "user": { "login": person.login } }),
            ),
            None => answer(404, &json!({ "message": "Not Found", "status": "404" })),
        },
        Err(refused) => refused,
    }
}
