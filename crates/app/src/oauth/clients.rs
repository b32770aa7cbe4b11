//! Clients, of three kinds: named in the configuration, registered by themselves (RFC 7591), or described by a
//! document at the URL that is their id (Client ID Metadata Documents). And what a redirect URI may be.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Problem, Timestamp, text};
use aquatint_store::OauthClient;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::{Host, Url};

use super::OauthFailure;
use crate::people::{Limit, network};
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind};

const NAME_MAX_CHARS: usize = 100;
const URIS_MAX: usize = 10;
const URI_MAX_CHARS: usize = 1_000;
const ID_MAX_CHARS: usize = 500;
/// Largest metadata document, in bytes (the draft's recommendation).
const DOCUMENT_BYTES: u64 = 5 * 1024;
/// How long a document is believed.
const DOCUMENT_AGE_S: i64 = 3_600;
const DOCUMENTS: usize = 1_000;
/// Descriptions fetched from one host within a quarter of an hour: strangers name the host, and it may be nobody's friend.
const FETCHES: u32 = 60;
/// Descriptions fetched at the same time.
static FETCHING: Semaphore = Semaphore::const_new(8);
/// Registrations, and refused ones, from one address within a quarter of an hour; registrations from everywhere within a day.
const REGISTRATIONS: u32 = 60;
const REFUSALS: u32 = 300;
const REGISTRATIONS_A_DAY: u64 = 5_000;
/// Schemes of apps that are known to take the answer by a scheme of their own without a dot in it (RFC 8252 asks for one).
const APP_SCHEMES: [&str; 12] = [
    "cursor",
    "vscode",
    "vscode-insiders",
    "windsurf",
    "windsurf-next",
    "goose",
    "zed",
    "claude",
    "codex",
    "raycast",
    "kiro",
    "trae",
];

/// A client named in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredClient {
    pub client_id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub client_secret: Option<String>,
}

/// A client that asks.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    /// SHA-256, hex.
    pub secret_hash: Option<String>,
}

/// A registration as the client sends it; what it says beyond this is ignored.
#[derive(Debug, Deserialize)]
pub struct Registration {
    pub redirect_uris: Option<Vec<String>>,
    pub client_name: Option<String>,
    pub token_endpoint_auth_method: Option<String>,
    pub grant_types: Option<Vec<String>>,
    pub response_types: Option<Vec<String>>,
}

/// Documents fetched lately.
#[derive(Default)]
pub(crate) struct Documents(Mutex<HashMap<String, (Timestamp, Client)>>);

impl Studio {
    /// Registers a client and answers as RFC 7591, section 3.2.1, says.
    pub async fn register_client(&self, asked: Registration, address: &str) -> Result<Value, OauthFailure> {
        let now = self.now();
        let limit = |what: &str, most| {
            [Limit {
                subject: format!("{what} {}", network(address)),
                most,
            }]
        };
        let (made, refused) = (limit("register", REGISTRATIONS), limit("misregister", REFUSALS));
        self.throttle().check(&made, now)?;
        self.throttle().check(&refused, now)?;
        let outcome = self.register(asked, now).await;
        self.throttle()
            .count(if outcome.is_ok() { &made } else { &refused }, now);
        outcome
    }

    async fn register(&self, asked: Registration, now: Timestamp) -> Result<Value, OauthFailure> {
        let a_day_ago = now.checked_sub(Duration::from_secs(86_400)).unwrap_or(now);
        if self.store().oauth().clients_since(a_day_ago).await? >= REGISTRATIONS_A_DAY {
            return Err(OauthFailure::new(
                "temporarily_unavailable",
                "Too many clients registered today. Use a client metadata document, or let the operator name the client in the configuration.",
            ));
        }
        let redirect_uris = asked.redirect_uris.unwrap_or_default();
        check_redirect_uris(&redirect_uris)?;
        let unfit = |what: &str| OauthFailure::new("invalid_client_metadata", what);
        if asked
            .grant_types
            .iter()
            .flatten()
            .any(|grant| !["authorization_code", "refresh_token"].contains(&grant.as_str()))
        {
            return Err(unfit(
                "Only the grant types authorization_code and refresh_token exist here.",
            ));
        }
        if asked.response_types.iter().flatten().any(|kind| kind != "code") {
            return Err(unfit("Only the response type code exists here."));
        }
        let method = asked
            .token_endpoint_auth_method
            .unwrap_or_else(|| "client_secret_basic".to_owned());
        let secret = match method.as_str() {
            "none" => None,
            "client_secret_basic" | "client_secret_post" => Some(Token::mint(TokenKind::Client)),
            _ => {
                return Err(unfit(
                    "token_endpoint_auth_method is none, client_secret_basic or client_secret_post.",
                ));
            }
        };
        let name = client_name(asked.client_name.as_deref(), &redirect_uris);
        let id = format!("client_{}", &Token::mint(TokenKind::Client).reveal()[8..38]);
        let client = OauthClient {
            id: id.clone(),
            name: name.clone(),
            redirect_uris: redirect_uris.clone(),
            secret_hash: secret.as_ref().map(|secret| hex_hash(secret.reveal())),
            created_at: now,
        };
        self.store().oauth().put_client(&client).await?;
        let mut answer = serde_json::json!({
            "client_id": id,
            "client_id_issued_at": now.as_second(),
            "client_name": name,
            "redirect_uris": redirect_uris,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
        });
        if let Some(secret) = secret {
            answer["client_secret"] = secret.reveal().into();
            answer["client_secret_expires_at"] = 0.into();
        }
        Ok(answer)
    }

    /// The client of that id. Any failure is one sentence: nothing of a private network is told.
    pub(super) async fn oauth_client(&self, id: &str) -> Result<Client, OauthFailure> {
        let unknown = || OauthFailure::new("invalid_client", "This server does not know the app that asks.");
        if id.is_empty() || id.chars().count() > ID_MAX_CHARS {
            return Err(unknown());
        }
        if let Some(known) = self.settings().oauth_clients.iter().find(|known| known.client_id == id) {
            return Ok(Client {
                id: known.client_id.clone(),
                name: known.name.clone(),
                redirect_uris: known.redirect_uris.clone(),
                secret_hash: known.client_secret.as_deref().map(hex_hash),
            });
        }
        if id.contains("://") {
            return self.described_client(id).await;
        }
        let found = self.store().oauth().client(id).await?.ok_or_else(unknown)?;
        Ok(Client {
            id: found.id,
            name: found.name,
            redirect_uris: found.redirect_uris,
            secret_hash: found.secret_hash,
        })
    }

    /// A client whose id is the URL of its own description.
    async fn described_client(&self, id: &str) -> Result<Client, OauthFailure> {
        let now = self.now();
        if let Some((at, client)) = self.documents().0.lock().get(id)
            && now.as_second() - at.as_second() < DOCUMENT_AGE_S
        {
            return Ok(client.clone());
        }
        let refuse = |what: &str| OauthFailure::new("invalid_client", what);
        let host = check_document_url(id).ok_or_else(|| {
            refuse(
                "A client id that is a URL must be https, with a path, and without user, fragment or dots in the path.",
            )
        })?;
        let limit = [Limit {
            subject: format!("description at {host}"),
            most: FETCHES,
        }];
        self.throttle().check(&limit, now)?;
        self.throttle().count(&limit, now);
        let _slot = FETCHING.acquire().await.map_err(Problem::internal)?;
        let fetched = self.fetcher().get(id, DOCUMENT_BYTES).await;
        let fetched = fetched.map_err(|_| refuse("The description of the app that asks could not be fetched."))?;
        if fetched.final_url.as_str() != id {
            return Err(refuse("The description of the app that asks redirects elsewhere."));
        }
        let client = read_document(id, &fetched.bytes)?;
        let mut documents = self.documents().0.lock();
        if documents.len() >= DOCUMENTS {
            documents.clear();
        }
        documents.insert(id.to_owned(), (now, client.clone()));
        Ok(client)
    }
}

impl Client {
    /// The redirect URI to use: the one that is asked for if it is registered; the only one where none is asked for.
    pub fn redirect_uri(&self, asked: Option<&str>) -> Option<String> {
        match asked {
            Some(asked) => self
                .redirect_uris
                .iter()
                .any(|known| redirect_matches(known, asked))
                .then(|| asked.to_owned()),
            None if self.redirect_uris.len() == 1 => self.redirect_uris.first().cloned(),
            None => None,
        }
    }

    /// Whether the secret is the client's; public clients have none and send none.
    pub fn secret_is_right(&self, secret: Option<&str>) -> bool {
        match (&self.secret_hash, secret) {
            (None, None) => true,
            // Hashes are compared: the time tells nothing about the secret.
            (Some(known), Some(secret)) => *known == hex_hash(secret),
            // A public client that sends an empty secret means none.
            (None, Some(secret)) => secret.is_empty(),
            (Some(_), None) => false,
        }
    }
}

fn read_document(id: &str, bytes: &[u8]) -> Result<Client, OauthFailure> {
    #[derive(Deserialize)]
    struct Document {
        client_id: String,
        client_name: Option<String>,
        redirect_uris: Vec<String>,
        token_endpoint_auth_method: Option<String>,
    }
    let refuse = |what: &str| OauthFailure::new("invalid_client", what);
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|_| refuse("The description of the app that asks is not JSON with client_id and redirect_uris."))?;
    if document.client_id != id {
        return Err(refuse(
            "The description of the app that asks is that of another client id.",
        ));
    }
    if document
        .token_endpoint_auth_method
        .as_deref()
        .is_some_and(|method| method.starts_with("client_secret"))
    {
        return Err(refuse("A client with a public description cannot have a secret."));
    }
    let name = document.client_name.as_deref().unwrap_or_default();
    if text::one_line(name, NAME_MAX_CHARS).is_empty() {
        return Err(refuse("The description of the app that asks has no client_name."));
    }
    check_redirect_uris(&document.redirect_uris)
        .map_err(|_| refuse("The description of the app that asks has a redirect URI that is not allowed."))?;
    Ok(Client {
        id: id.to_owned(),
        name: client_name(Some(name), &document.redirect_uris),
        redirect_uris: document.redirect_uris,
        secret_hash: None,
    })
}

/// An https URL with a path and nothing odd; http on loopback passes here and is left to the fetcher, which refuses it unless
/// the operator allows that very address.
/// Gives the host.
fn check_document_url(id: &str) -> Option<String> {
    let url = Url::parse(id).ok()?;
    let is_secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.path().len() > 1
        && !id.split('/').any(|part| part == "." || part == "..");
    // The text itself is the id: a spelling that the parser changes would be a second id of the same document.
    let host = url.host_str()?.to_owned();
    (is_secure && is_plain && url.as_str() == id).then_some(host)
}

fn check_redirect_uris(uris: &[String]) -> Result<(), OauthFailure> {
    let refuse = |what: String| OauthFailure::new("invalid_redirect_uri", what);
    if uris.is_empty() || uris.len() > URIS_MAX {
        return Err(refuse(format!("Register 1 to {URIS_MAX} redirect URIs.")));
    }
    match uris.iter().find(|uri| !redirect_is_allowed(uri)) {
        Some(uri) => Err(refuse(format!(
            "{} is not allowed as a redirect URI: it must be https, http on loopback, or an app's own scheme, without user or fragment.",
            text::one_line(uri, 80)
        ))),
        None => Ok(()),
    }
}

/// https with a host; http on loopback; or the scheme of an app.
pub(super) fn redirect_is_allowed(uri: &str) -> bool {
    if uri.chars().count() > URI_MAX_CHARS || uri.chars().any(|ch| ch.is_control() || ch.is_whitespace()) {
        return false;
    }
    let Ok(url) = Url::parse(uri) else { return false };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    // The text is what goes into `Location`: one that the parser had to repair, another parser may read otherwise.
    let is_as_written = url.as_str() == uri || (url.path() == "/" && url.as_str().strip_suffix('/') == Some(uri));
    if !is_as_written || url.host_str().is_some_and(|host| host.contains('*')) {
        return false;
    }
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        scheme => scheme.contains('.') || APP_SCHEMES.contains(&scheme),
    }
}

/// The same text; on loopback over http the port may be another (RFC 8252, section 7.3).
fn redirect_matches(known: &str, asked: &str) -> bool {
    if known == asked {
        return redirect_is_allowed(asked);
    }
    match (without_port(known), without_port(asked)) {
        (Some(known), Some(asked_parts)) => known == asked_parts && redirect_is_allowed(asked),
        _ => false,
    }
}

/// Host and path of `http://` on loopback, by its text alone and without the port.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| rest.starts_with(host))?;
    let rest = &rest[host.len()..];
    let rest = match rest.strip_prefix(':') {
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            if !(1..=5).contains(&digits) {
                return None;
            }
            &after[digits..]
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Where an answer goes, for a person: the host, or the scheme of an app.
pub(super) fn redirect_host(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else {
        return String::new();
    };
    match (url.scheme(), url.host_str()) {
        ("https" | "http", Some(host)) => host.to_owned(),
        (scheme, _) => format!("{scheme}:"),
    }
}

/// A name from outside, cleaned; without one, where the answer goes.
fn client_name(name: Option<&str>, uris: &[String]) -> String {
    let name = text::one_line(name.unwrap_or_default(), NAME_MAX_CHARS);
    if name.is_empty() {
        uris.first().map(|uri| redirect_host(uri)).unwrap_or_default()
    } else {
        name
    }
}

fn hex_hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_go_to_https_loopback_or_an_app() {
        for good in [
            "https://claude.ai/api/mcp/auth_callback",
            "http://127.0.0.1:33418/callback",
            "http://localhost/callback",
            "http://[::1]:1/",
            "cursor://anysphere.cursor-retrieval/oauth/user-x/callback",
            "com.example.app:/oauth",
            "vscode://vscode.github-authentication/did-authenticate",
        ] {
            assert!(redirect_is_allowed(good), "{good}");
        }
        for bad in [
            "http://example.com/cb",
            "https://user@example.com/cb",
            "https://user:pw@example.com/cb",
            "https://example.com/cb#x",
            "javascript:alert(1)",
            "JavaScript://x.y/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://example.com/x",
            "file:///etc/passwd",
            "mailto:a@b.c",
            "about:blank",
            "https://",
            "/relative",
            "",
            "https://example.com/\r\nx",
            "https://example.com/a b",
            "http://127.0.0.1.evil.com/cb",
            "http://localhost.evil.com/cb",
            "https://*.example.com/cb",
            "https:///cb",
            "https:app.example.com/cb",
            "https:/app.example.com/cb",
            r"https:\\app.example.com\cb",
            r"https://app.example.com\@evil.example/",
            "http:127.0.0.1/cb",
            "https://app.example.com/a/../cb",
        ] {
            assert!(!redirect_is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_redirect_matches_by_its_text_and_on_loopback_without_the_port() {
        for (known, asked, matches) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example/cb?x=1", false),
            ("https://a.example/cb", "https://a.example:444/cb", false),
            ("https://a.example/cb", "https://a.example/CB", false),
            ("https://a.example/cb", "https://b.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/other", false),
            ("http://127.0.0.1:1/cb", "http://localhost:1/cb", false),
            ("http://localhost:1/cb", "http://localhost:9/cb", true),
            ("http://localhost:1/cb", "https://localhost:9/cb", false),
            ("http://localhost:1/cb", "http://a@localhost:9/cb", false),
            ("http://127.0.0.1/cb", "http:127.0.0.1/cb", false),
            ("http://127.0.0.1/cb", "http://2130706433/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1/x/../cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "HTTP://127.0.0.1/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5@evil.example/cb", false),
            ("http://[::1]/cb", "http://[::1]:70/cb", true),
            ("cursor://x/cb", "cursor://x/cb", true),
            ("cursor://x/cb", "cursor://y/cb", false),
        ] {
            assert_eq!(redirect_matches(known, asked), matches, "{known} {asked}");
        }
    }

    #[test]
    fn a_description_must_be_its_own() {
        let id = "https://app.example.com/client.json";
        let text = |client_id: &str, uri: &str| {
            format!(r#"{{"client_id":"{client_id}","client_name":"An <b>app</b>","redirect_uris":["{uri}"]}}"#)
        };
        let good = read_document(id, text(id, "https://app.example.com/cb").as_bytes()).expect("read");
        assert_eq!(good.name, "An <b>app</b>");
        for bad in [
            text("https://app.example.com/other.json", "https://app.example.com/cb"),
            text(id, "javascript:x"),
            "{}".into(),
            "not json".into(),
            format!(r#"{{"client_id":"{id}","client_name":"","redirect_uris":["https://a.b/c"]}}"#),
            format!(
                r#"{{"client_id":"{id}","client_name":"a","redirect_uris":["https://a.b/c"],"token_endpoint_auth_method":"client_secret_post"}}"#
            ),
        ] {
            assert!(read_document(id, bad.as_bytes()).is_err(), "{bad}");
        }
        for (url, fits) in [
            (id, true),
            ("https://app.example.com", false),
            ("https://app.example.com/", false),
            ("http://app.example.com/c.json", false),
            ("http://127.0.0.1:9/c.json", true),
            ("https://u@app.example.com/c.json", false),
            ("https://app.example.com/c.json#x", false),
            ("https://app.example.com/a/../c.json", false),
            ("HTTPS://app.example.com/c.json", false),
            ("https://APP.example.com/c.json", false),
        ] {
            assert_eq!(check_document_url(url).is_some(), fits, "{url}");
        }
    }
}
