//! The authorization endpoint: what an app asks, what the person is shown, and what they answer. Until a person says
//! yes on our own page nothing is given away; before app and redirect URI are known to belong together,
//! nobody is sent anywhere.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Code, GrantId, Problem, Scope, WorkspaceId, text};
use aquatint_store::{Grant, OauthCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::clients::{is_loopback, redirect_host};
use super::{OauthFailure, resource_of};
use crate::audit::Deed;
use crate::people::{Seat, later};
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// How long a person may think.
const QUESTION_TTL: Duration = Duration::from_secs(15 * 60);
const CODE_TTL: Duration = Duration::from_secs(60);
const STATE_MAX_CHARS: usize = 4_000;
const QUESTION: &str = "consent";
/// Base64url of a SHA-256.
const CHALLENGE_CHARS: usize = 43;

/// The parameters of an authorization request, each named at most once.
pub struct Asked(HashMap<String, String>);

/// Why a request goes no further.
#[derive(Debug)]
pub enum AuthorizeFailure {
    /// Told to the person; nobody is redirected.
    Page(Problem),
    /// Told to the app, at its own redirect URI.
    Redirect(String),
}

/// What waits for a person's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Question {
    pub client_id: String,
    /// Untrusted text.
    pub client_name: String,
    pub redirect_uri: String,
    /// Where the answer goes: a host, or the scheme of an app.
    pub redirect_host: String,
    /// Whether the answer goes to this very machine, to whichever program listens there.
    pub is_loopback: bool,
    pub scopes: Vec<Scope>,
    pub resource: String,
    state: Option<String>,
    challenge: String,
}

/// A person's answer.
pub enum Consent {
    /// For one workspace, or for whichever is the person's default at the time of each call.
    Allow {
        workspace: Option<WorkspaceId>,
    },
    Deny,
}

impl Asked {
    /// From the query. A parameter that comes twice is an error (RFC 6749, section 3.1), told where it is safe.
    pub fn read(query: &str) -> (Self, Option<String>) {
        let (mut all, mut twice) = (HashMap::new(), None);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).take(64) {
            // An empty value is none.
            if !value.is_empty() && all.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                twice = Some(name.into_owned());
            }
        }
        (Self(all), twice)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Studio {
    /// Checks a request. Nothing is stored yet: strangers may ask as often as they like.
    pub async fn check_question(&self, query: &str) -> Result<Question, AuthorizeFailure> {
        let (asked, twice) = Asked::read(query);
        let page = |failure: OauthFailure| {
            AuthorizeFailure::Page(failure.problem.unwrap_or_else(|| {
                Problem::new(Code::MalformedRequest, failure.description)
                    .hint("Remove the connection in your app and add it again; if that does not help, tell its maker.")
            }))
        };
        let client = self
            .oauth_client(asked.get("client_id").unwrap_or_default())
            .await
            .map_err(page)?;
        let redirect_uri = client.redirect_uri(asked.get("redirect_uri")).ok_or_else(|| {
            page(OauthFailure::new(
                "invalid_request",
                "The app that asks wants the answer at an address that it has not registered.",
            ))
        })?;

        // From here on the app may be told.
        let state = asked.get("state").map(str::to_owned);
        let tell = |error: &str, description: &str| {
            let url = self.answer_url(
                &redirect_uri,
                state.as_deref(),
                &[("error", error), ("error_description", description)],
            );
            AuthorizeFailure::Redirect(url)
        };
        if let Some(twice) = twice {
            let words = format!("The parameter {} came twice.", text::one_line(&twice, 40));
            return Err(tell(
                if twice == "resource" {
                    "invalid_target"
                } else {
                    "invalid_request"
                },
                &words,
            ));
        }
        if state
            .as_deref()
            .is_some_and(|state| state.chars().count() > STATE_MAX_CHARS)
        {
            return Err(tell("invalid_request", "The state is too long."));
        }
        if asked.get("response_type") != Some("code") {
            return Err(tell(
                "unsupported_response_type",
                "Only response_type=code exists here.",
            ));
        }
        let challenge = asked.get("code_challenge").unwrap_or_default();
        if asked.get("code_challenge_method") != Some("S256")
            || challenge.len() != CHALLENGE_CHARS
            || !challenge
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        {
            return Err(tell(
                "invalid_request",
                "PKCE is required: send code_challenge with code_challenge_method=S256.",
            ));
        }
        if asked.get("request").is_some() || asked.get("request_uri").is_some() {
            return Err(tell("request_not_supported", "Send the parameters in the query."));
        }
        if asked.get("prompt") == Some("none") {
            return Err(tell("consent_required", "A person must be asked."));
        }
        let public = self.public_url();
        let resource = match asked.get("resource") {
            Some(resource) => resource_of(&public, resource)
                .ok_or_else(|| tell("invalid_target", "That resource is not one of this server."))?,
            None => public.to_string(),
        };
        let scopes = asked_scopes(asked.get("scope").unwrap_or_default())
            .ok_or_else(|| tell("invalid_scope", "None of these scopes exist here."))?;
        let is_loopback = Url::parse(&redirect_uri).is_ok_and(|url| is_loopback(&url));
        Ok(Question {
            client_id: client.id,
            client_name: client.name,
            redirect_host: redirect_host(&redirect_uri),
            redirect_uri,
            is_loopback,
            scopes,
            resource,
            state,
            challenge: challenge.to_owned(),
        })
    }

    /// Keeps a request for the signed-in person, who alone can answer it. The token names it on the consent page.
    pub async fn keep_question(&self, seat: &Seat, question: &Question) -> Result<Token, Problem> {
        let body = serde_json::to_string(question).map_err(Problem::internal)?;
        let person = Some(seat.user.id.clone());
        self.mint_ticket(TokenKind::Ticket, QUESTION, person, body, QUESTION_TTL)
            .await
    }

    /// What a waiting request asks.
    pub async fn question(&self, seat: &Seat, request: &str) -> Result<Question, Problem> {
        let hash = recognise(TokenKind::Ticket, request).map_err(|_| late())?;
        let ticket = self.store().sessions().ticket(&hash, QUESTION, self.now()).await?;
        let ticket = ticket
            .filter(|ticket| ticket.user.as_ref() == Some(&seat.user.id))
            .ok_or_else(late)?;
        serde_json::from_str(&ticket.body).map_err(Problem::internal)
    }

    /// Takes a person's answer; gives the address at which the app hears of it.
    pub async fn answer_question(&self, seat: &Seat, request: &str, consent: Consent) -> Result<String, Problem> {
        let question = self.question(seat, request).await?;
        if let Consent::Allow {
            workspace: Some(workspace),
        } = &consent
            && self
                .store()
                .users()
                .membership(workspace, &seat.user.id)
                .await?
                .is_none()
        {
            return Err(Problem::not_found("workspace", workspace).at("workspace"));
        }
        let hash = recognise(TokenKind::Ticket, request).map_err(|_| late())?;
        self.store()
            .sessions()
            .take_ticket(&hash, QUESTION, self.now())
            .await?
            .ok_or_else(late)?;
        let state = question.state.as_deref();
        let Consent::Allow { workspace } = consent else {
            let deed = Deed {
                action: "consent",
                user: Some(&seat.user.id),
                target: Some(&question.client_id),
                ..Deed::default()
            };
            self.note(&deed, "access_denied");
            let refused = [("error", "access_denied"), ("error_description", "The person said no.")];
            return Ok(self.answer_url(&question.redirect_uri, state, &refused));
        };
        let now = self.now();
        let grant = Grant {
            id: GrantId::generate(now),
            user: seat.user.id.clone(),
            workspace,
            client_id: question.client_id.clone(),
            client_name: question.client_name,
            redirect_host: question.redirect_host,
            scopes: question.scopes,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        };
        let secret = Token::mint(TokenKind::Code);
        let code = OauthCode {
            grant: grant.id.clone(),
            client_id: question.client_id,
            redirect_uri: question.redirect_uri.clone(),
            challenge: question.challenge,
            resource: question.resource,
            expires_at: later(now, CODE_TTL),
        };
        self.store().oauth().grant(&grant, &secret.hash(), &code).await?;
        let deed = Deed {
            action: "consent",
            user: Some(&seat.user.id),
            workspace: grant.workspace.as_ref(),
            target: Some(grant.id.as_str()),
            ..Deed::default()
        };
        self.note(&deed, "ok");
        Ok(self.answer_url(&question.redirect_uri, state, &[("code", secret.reveal())]))
    }

    /// The redirect URI with the answer, the state as it came, and who answers (RFC 9207).
    fn answer_url(&self, redirect_uri: &str, state: Option<&str>, answer: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.public_url());
        // Appended as text: the parser would change the spelling of an app's own scheme.
        let joint = if redirect_uri.contains('?') { '&' } else { '?' };
        format!("{redirect_uri}{joint}{}", query.finish())
    }
}

/// The scopes that a request means. What exists elsewhere only (`openid`, `offline_access`) is passed over; other services'
/// names for reading and writing are understood; nothing said means everything. `None` when nothing fits.
pub(super) fn asked_scopes(asked: &str) -> Option<Vec<Scope>> {
    let mut scopes = Vec::new();
    let mut unknown = 0;
    for word in asked.split_ascii_whitespace() {
        match (word.parse::<Scope>(), word) {
            (Ok(scope), _) => scopes.push(scope),
            (_, "openid" | "offline_access" | "profile" | "email") => {}
            (_, "pixa:read" | "pixelcut:read" | "mcp:read" | "read") => {
                scopes.extend([Scope::AssetsRead, Scope::ModelsRead, Scope::Jobs, Scope::AccountRead]);
            }
            (_, "pixa:write" | "pixelcut:write" | "mcp:write" | "write" | "mcp" | "mcp:tools") => {
                scopes.extend(Scope::ALL);
            }
            _ => unknown += 1,
        }
    }
    if scopes.is_empty() {
        return (unknown == 0).then(|| Scope::ALL.to_vec());
    }
    scopes.sort();
    scopes.dedup();
    Some(scopes)
}

fn late() -> Problem {
    Problem::new(Code::Expired, "This request was answered already, or is past its time.")
        .hint("Start the connection again in your app.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_kindly() {
        assert_eq!(asked_scopes("").expect("all"), Scope::ALL);
        assert_eq!(asked_scopes("openid offline_access").expect("all"), Scope::ALL);
        assert_eq!(
            asked_scopes("generate assets:read generate unheard:of").expect("two"),
            [Scope::AssetsRead, Scope::Generate]
        );
        assert_eq!(asked_scopes("pixa:read pixa:write").expect("all"), Scope::ALL);
        assert_eq!(asked_scopes("unheard:of"), None);
    }

    #[test]
    fn a_parameter_that_comes_twice_is_noticed() {
        assert_eq!(Asked::read("a=1&b=2&a=3").1.as_deref(), Some("a"));
        assert_eq!(Asked::read("a=&a=3").1, None);
        assert_eq!(Asked::read("a=%20x").0.get("a"), Some(" x"));
    }
}
