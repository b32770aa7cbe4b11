//! Signing in to a hosted server in the browser (OAuth 2.1 for native apps, RFC 8252): the browser does the signing in, a
//! listener on loopback hears of it, and the tokens stay in a file that only its owner can read.

mod callback;
mod discovery;
mod store;

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, Code, Problem, SystemClock, text};
use aquatint_providers::Secret;
use aquatint_providers::fetch::{Call, Fetcher};
use serde_json::Value;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::hosted::Server;
use discovery::Authority;

pub use store::Store;
use store::Tokens;

/// How long a call waits for the person; clients give up after a minute.
const CALL_PATIENCE: Duration = Duration::from_secs(45);
/// How long the browser page stays good.
const PAGE_PATIENCE: Duration = Duration::from_secs(600);
/// How long the browser is left alone after somebody said no, or nobody came.
const PAUSE: Duration = Duration::from_secs(60);
/// A token that ends within this time is exchanged before it is used.
const MARGIN_S: i64 = 60;
const MAX_REPLY_BYTES: u64 = 256 * 1024;

/// Signs in to one server. Cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    server: Server,
    store: Store,
    fetcher: Fetcher,
    /// A client that the server knows already: an id that an operator gave out, or the address of a description.
    client_id: Option<String>,
    /// One at a time looks at the tokens; a page in the browser that nobody has finished is waited for by all.
    page: Mutex<Option<Page>>,
}

/// A page in the browser.
struct Page {
    url: String,
    ended: watch::Receiver<Option<Ended>>,
}

/// How a page ended, and when.
type Ended = (Result<(), Problem>, Instant);

impl Page {
    /// Why no other page is opened yet: every request of an agent would bring one, and whoever said no would be asked for ever.
    fn pause(&self) -> Option<Problem> {
        let ended = self.ended.borrow();
        let Some((Err(problem), at)) = ended.as_ref() else {
            return None;
        };
        let left = PAUSE.checked_sub(at.elapsed()).filter(|left| !left.is_zero())?;
        let seconds = left.as_secs() + 1;
        Some(problem.clone().retry_after(seconds).hint(format!(
            "The browser opens again with a request in {seconds} s or later; `aquatint sign-in --server URL` opens it now."
        )))
    }
}

impl SignIn {
    pub fn new(server: &Server, store: Store, client_id: Option<String>) -> Result<Self, Problem> {
        Ok(Self(Arc::new(Inner {
            fetcher: server.fetcher()?,
            server: server.clone(),
            store,
            client_id,
            page: Mutex::default(),
        })))
    }

    /// A token that works by its time; signs in if there is none.
    pub(super) async fn token(&self) -> Result<Secret, Problem> {
        self.token_within(CALL_PATIENCE).await
    }

    /// Signs in, or finds that this is done already, and waits for the person.
    pub async fn finish(&self) -> Result<(), Problem> {
        self.token_within(PAGE_PATIENCE).await.map(drop)
    }

    /// After a server refused a token: another one, unless there is one already.
    pub(super) async fn renew(&self, refused: &Secret) -> Result<(), Problem> {
        let _page = self.0.page.lock().await;
        let lock = self.0.store.lock().await?;
        if let Some(tokens) = self.0.store.read(&self.0.server)?
            && tokens.access_token == refused.reveal()
        {
            if let Some(fresh) = self.refresh(&tokens).await? {
                self.0.store.write(&self.0.server, &fresh)?;
            } else {
                self.0.store.forget(&self.0.server)?;
            }
        }
        drop(lock);
        Ok(())
    }

    async fn token_within(&self, patience: Duration) -> Result<Secret, Problem> {
        let (url, mut ended) = {
            let mut page = self.0.page.lock().await;
            if let Some(token) = self.stored().await? {
                *page = None;
                return Ok(token);
            }
            if let Some(problem) = page.as_ref().and_then(Page::pause) {
                return Err(problem);
            }
            let is_open = page.as_ref().is_some_and(|page| page.ended.borrow().is_none());
            if !is_open {
                *page = Some(self.open_page().await?);
            }
            match page.as_ref() {
                Some(page) => (page.url.clone(), page.ended.clone()),
                None => return Err(Problem::internal("no page is open")),
            }
        };
        // The guard of the channel must not be held while something is waited for.
        let heard = async { ended.wait_for(Option::is_some).await.map(|outcome| outcome.clone()) };
        match tokio::time::timeout(patience, heard).await {
            Ok(Ok(outcome)) => outcome.map_or(Ok(()), |(outcome, _)| outcome)?,
            Ok(Err(_)) => {
                return Err(Problem::new(
                    Code::Unauthorized,
                    "Signing in was broken off; try again.",
                ));
            }
            Err(_) => {
                return Err(Problem::new(Code::Unauthorized, "Nobody has signed in yet.")
                    .hint(format!("Open {url} in a browser, sign in, and try again.")));
            }
        }
        let _page = self.0.page.lock().await;
        self.stored()
            .await?
            .ok_or_else(|| Problem::new(Code::Unauthorized, "Signing in gave no token; try again."))
    }

    /// The stored token, exchanged for a new one where its time is up.
    async fn stored(&self) -> Result<Option<Secret>, Problem> {
        let is_fresh = |tokens: &Tokens| {
            tokens
                .expires_at
                .is_none_or(|end| end > SystemClock.now().as_second() + MARGIN_S)
        };
        let found = self.0.store.read(&self.0.server)?;
        if let Some(tokens) = found.as_ref().filter(|tokens| is_fresh(tokens)) {
            return Ok(Some(Secret::new(tokens.access_token.clone())));
        }
        if found.is_none() {
            return Ok(None);
        }
        // A refresh token works once. Another process may have used it while this one waited.
        let lock = self.0.store.lock().await?;
        let Some(tokens) = self.0.store.read(&self.0.server)? else {
            return Ok(None);
        };
        let fresh = match is_fresh(&tokens) {
            true => Some(tokens),
            false => self.refresh(&tokens).await?,
        };
        let found = match fresh {
            Some(fresh) => {
                self.0.store.write(&self.0.server, &fresh)?;
                Some(Secret::new(fresh.access_token))
            }
            None => {
                self.0.store.forget(&self.0.server)?;
                None
            }
        };
        drop(lock);
        Ok(found)
    }

    /// Exchanges a refresh token; `None` where the server does not take it any more.
    async fn refresh(&self, tokens: &Tokens) -> Result<Option<Tokens>, Problem> {
        let Some(refresh_token) = &tokens.refresh_token else {
            return Ok(None);
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &tokens.client_id),
            ("resource", &tokens.resource),
        ];
        let (status, said) = self.post_form(&tokens.token_endpoint, &form).await?;
        if status == 200 {
            let mut fresh = tokens.clone();
            fresh.take(&said)?;
            return Ok(Some(fresh));
        }
        match said["error"].as_str() {
            Some("invalid_grant" | "invalid_client" | "unauthorized_client" | "invalid_target") => Ok(None),
            _ => Err(refused("exchange the refresh token", status, &said)),
        }
    }

    /// Opens the page in the browser and listens for its end.
    async fn open_page(&self) -> Result<Page, Problem> {
        let inner = &self.0;
        let authority = discovery::find(&inner.fetcher, &inner.server).await?;
        let listener = callback::Listener::open().await?;
        let redirect = listener.redirect_uri();
        let client_id = match &inner.client_id {
            Some(id) => id.clone(),
            None => discovery::register(&inner.fetcher, &authority, &redirect).await?,
        };
        let (verifier, state) = (secret()?, secret()?);
        let mut url = Url::parse(&authority.authorization_endpoint).map_err(Problem::internal)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client_id)
            .append_pair("redirect_uri", &redirect)
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &authority.resource);
        if let Some(scope) = &authority.scope {
            url.query_pairs_mut().append_pair("scope", scope);
        }
        let url = url.to_string();
        eprintln!("Sign in at {url}");
        callback::open_browser(&url);
        let (sender, ended) = watch::channel(None);
        let own = self.clone();
        tokio::spawn(async move {
            let expected = callback::Expected {
                state,
                issuer: authority.issuer.clone(),
                must_name_issuer: authority.names_issuer,
            };
            let heard = tokio::time::timeout(PAGE_PATIENCE, listener.wait(&expected)).await;
            let outcome = match heard {
                Err(_) => Err(Problem::new(Code::Unauthorized, "Nobody signed in within ten minutes.")),
                Ok(Err(problem)) => Err(problem),
                Ok(Ok(code)) => own.exchange(&authority, &client_id, &redirect, &verifier, &code).await,
            };
            let _ = sender.send(Some((outcome, Instant::now())));
        });
        Ok(Page { url, ended })
    }

    async fn exchange(
        &self,
        authority: &Authority,
        client_id: &str,
        redirect: &str,
        verifier: &str,
        code: &str,
    ) -> Result<(), Problem> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("client_id", client_id),
            ("code_verifier", verifier),
            ("resource", &authority.resource),
        ];
        let (status, said) = self.post_form(&authority.token_endpoint, &form).await?;
        if status != 200 {
            return Err(refused("exchange the code", status, &said));
        }
        let mut tokens = Tokens {
            server: self.0.server.endpoint().to_string(),
            issuer: authority.issuer.clone(),
            token_endpoint: authority.token_endpoint.clone(),
            client_id: client_id.to_owned(),
            resource: authority.resource.clone(),
            access_token: String::new(),
            refresh_token: None,
            expires_at: None,
        };
        tokens.take(&said)?;
        self.0.store.write(&self.0.server, &tokens)
    }

    async fn post_form(&self, url: &str, form: &[(&str, &str)]) -> Result<(u16, Value), Problem> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let call = Call {
            body: Some(("application/x-www-form-urlencoded", body.into())),
            patience: Some(Duration::from_secs(30)),
            ..Call::default()
        };
        discovery::ask(&self.0.fetcher, url, &call).await
    }
}

/// What an authorization server said instead of tokens.
fn refused(what: &str, status: u16, said: &Value) -> Problem {
    let error = said["error"].as_str().unwrap_or_default();
    let words = said["error_description"].as_str().unwrap_or(error);
    let words = match words {
        "" => format!("HTTP status {status}"),
        words => text::one_line(words, 300),
    };
    Problem::new(Code::Unauthorized, format!("The server did not {what}: {words}."))
}

/// 256 random bits, as a verifier and a state are written (RFC 7636).
fn secret() -> Result<String, Problem> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(base64_url(&bytes))
}

fn challenge(verifier: &str) -> String {
    use sha2::Digest;
    base64_url(&sha2::Sha256::digest(verifier.as_bytes()))
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_challenge_is_the_verifier_hashed() {
        assert_eq!(
            super::challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
