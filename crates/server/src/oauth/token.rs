//! The endpoints that apps call: token, registration, revocation. Answers are never cached.

use std::collections::HashMap;
use std::net::SocketAddr;

use aquatint_app::Studio;
use aquatint_app::oauth::{OauthFailure, Registration, TokenRequest};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;
type Body = Result<Bytes, BytesRejection>;

pub(super) async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

pub(super) async fn exchange(State(studio): State<Studio>, headers: HeaderMap, body: Body) -> Response {
    let outcome = async {
        let mut form = Form::read(&headers, body)?;
        let (client_id, client_secret) = form.client(&headers)?;
        let request = TokenRequest {
            grant_type: form.take("grant_type").unwrap_or_default(),
            client_id,
            client_secret,
            code: form.take("code"),
            redirect_uri: form.take("redirect_uri"),
            code_verifier: form.take("code_verifier"),
            refresh_token: form.take("refresh_token"),
            scope: form.take("scope"),
            resource: form.take("resource"),
        };
        studio.oauth_token(request).await
    };
    match outcome.await {
        Ok(tokens) => answer(StatusCode::OK, &json!(tokens)),
        Err(failure) => refuse(&failure, &headers),
    }
}

pub(super) async fn revoke(State(studio): State<Studio>, headers: HeaderMap, body: Body) -> Response {
    let outcome = async {
        let mut form = Form::read(&headers, body)?;
        let (client_id, client_secret) = form.client(&headers)?;
        let token = form.take("token");
        let token = token.ok_or_else(|| OauthFailure::new("invalid_request", "token is missing."))?;
        studio.oauth_revoke(&client_id, client_secret.as_deref(), &token).await
    };
    match outcome.await {
        Ok(()) => answer(StatusCode::OK, &json!({})),
        Err(failure) => refuse(&failure, &headers),
    }
}

pub(super) async fn register(State(studio): State<Studio>, peer: Peer, headers: HeaderMap, body: Body) -> Response {
    let outcome = async {
        let body = body.map_err(|_| OauthFailure::new("invalid_client_metadata", "The registration is too large."))?;
        let asked: Registration = serde_json::from_slice(&body).map_err(|error| {
            OauthFailure::new(
                "invalid_client_metadata",
                format!("The registration is not JSON as RFC 7591 has it: {error}."),
            )
        })?;
        let address = peer.map(|Extension(ConnectInfo(peer))| peer.ip().to_string());
        studio.register_client(asked, &address.unwrap_or_default()).await
    };
    match outcome.await {
        Ok(client) => answer(StatusCode::CREATED, &client),
        Err(failure) => refuse(&failure, &headers),
    }
}

/// The fields of a form, each at most once.
struct Form(HashMap<String, String>);

impl Form {
    fn read(headers: &HeaderMap, body: Body) -> Result<Self, OauthFailure> {
        let refuse = |what: &str| OauthFailure::new("invalid_request", what);
        let body = body.map_err(|_| refuse("The request is too large."))?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            return Err(refuse("Send the parameters as application/x-www-form-urlencoded."));
        }
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(&body).take(64) {
            if !value.is_empty() && fields.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                let error = if name == "resource" {
                    "invalid_target"
                } else {
                    "invalid_request"
                };
                return Err(OauthFailure::new(error, "A parameter came twice."));
            }
        }
        Ok(Self(fields))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// The client's id and secret, from the Authorization header or the form, not from both (RFC 6749, section 2.3).
    fn client(&mut self, headers: &HeaderMap) -> Result<(String, Option<String>), OauthFailure> {
        let in_form = (self.take("client_id"), self.take("client_secret"));
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Ok((in_form.0.unwrap_or_default(), in_form.1));
        };
        let unreadable = || {
            OauthFailure::new(
                "invalid_client",
                "The Authorization header is not Basic with id and secret.",
            )
        };
        let (scheme, value) = given
            .to_str()
            .ok()
            .and_then(|given| given.split_once(' '))
            .ok_or_else(unreadable)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(unreadable());
        }
        let text = STANDARD
            .decode(value.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(unreadable)?;
        let (id, secret) = text.split_once(':').ok_or_else(unreadable)?;
        let (id, secret) = (decoded(id), decoded(secret));
        if in_form.1.is_some() || in_form.0.is_some_and(|other| other != id) {
            return Err(OauthFailure::new(
                "invalid_request",
                "Send the client's credentials in one way only.",
            ));
        }
        Ok((id, Some(secret)))
    }
}

/// Both halves of the header are form-encoded (RFC 6749, section 2.3.1).
fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn refuse(failure: &OauthFailure, headers: &HeaderMap) -> Response {
    if let Some(problem) = &failure.problem
        && problem.code.http_status() >= 500
    {
        tracing::error!(?problem, "an OAuth request failed");
    }
    let status = match (failure.error, &failure.problem) {
        (_, Some(problem)) => StatusCode::from_u16(problem.code.http_status()).unwrap_or(StatusCode::BAD_REQUEST),
        ("invalid_client", _) => StatusCode::UNAUTHORIZED,
        ("temporarily_unavailable", _) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = json!({ "error": failure.error, "error_description": failure.description });
    let mut response = answer(status, &body);
    if status == StatusCode::UNAUTHORIZED && headers.contains_key(header::AUTHORIZATION) {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"oauth\""),
        );
    }
    if let Some(seconds) = failure.problem.as_ref().and_then(|problem| problem.retry_after_s) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
