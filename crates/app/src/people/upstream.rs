//! Signing in by the word of somebody else whom the operator trusts: what OpenID providers (`oidc`) and GitHub (`github`) have in
//! common. The browser carries away a sealed question and must bring it back with the answer; who is vouched for is found,
//! linked or added by one set of rules.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Code, Problem, Timestamp, text};
use aquatint_store::User;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{SignIn, Visitor, email_address, github, later};
use crate::mail::Occasion;
use crate::studio::Studio;

/// What the sealed question is bound to.
const PLACE: &str = "upstream";
/// How long a person may take at the provider.
const WAIT: Duration = Duration::from_secs(15 * 60);
/// Largest document of a provider, in bytes.
pub(super) const DOCUMENT_BYTES: u64 = 256 * 1024;
/// Fields of an answer that are read.
const FIELDS_MAX: usize = 32;

/// Who is asked to vouch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream<'a> {
    /// The OpenID provider of that name.
    Oidc(&'a str),
    Github,
}

impl Upstream<'_> {
    /// Where signing in with it begins, below the public URL.
    pub fn path(&self) -> String {
        match self {
            Self::Oidc(name) => format!("/sign-in/oidc/{name}"),
            Self::Github => "/sign-in/github".to_owned(),
        }
    }
}

/// A button on the sign-in page.
pub struct Offer {
    pub path: String,
    pub title: String,
}

/// Where the browser goes, and what it must bring back.
pub struct Departure {
    pub url: String,
    /// Sealed; nobody else can read or make it.
    pub kept: String,
}

/// What a provider's answer came to.
pub struct Arrival {
    pub sign_in: SignIn,
    pub next: String,
}

/// What waits for the answer: sealed, with the browser that asked, so that strangers make us keep nothing.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    /// The path that it began at, which is its own for each provider.
    path: String,
    pub state: String,
    until: Timestamp,
    pub nonce: String,
    /// The PKCE verifier (RFC 7636).
    pub verifier: String,
    next: String,
}

impl Waiting {
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }
}

/// What a provider says of a person.
pub(super) struct Vouched<'a> {
    /// Names the provider beside the subject; never the same for two of them.
    pub provider: &'a str,
    /// For people.
    pub title: &'a str,
    /// Stays the same for the person, whatever else changes.
    pub subject: &'a str,
    /// An address that the provider has verified.
    pub verified_email: Option<&'a str>,
    pub name: Option<&'a str>,
    /// Whether people whom nobody has invited get an account.
    pub auto_create: bool,
}

impl Studio {
    /// The providers that people may sign in with.
    pub fn sign_in_offers(&self) -> Vec<Offer> {
        let settings = self.settings();
        let github = settings.github.iter().map(|_| (Upstream::Github, github::TITLE));
        let oidc = settings
            .oidc
            .iter()
            .map(|provider| (Upstream::Oidc(&provider.name), provider.title.as_str()));
        github
            .chain(oidc)
            .map(|(upstream, title)| Offer {
                path: upstream.path(),
                title: title.to_owned(),
            })
            .collect()
    }

    /// Sends a person to a provider.
    pub async fn depart(&self, upstream: Upstream<'_>, next: &str) -> Result<Departure, Problem> {
        let waiting = Waiting {
            path: upstream.path(),
            state: random(),
            until: later(self.now(), WAIT),
            nonce: random(),
            verifier: random(),
            next: next.to_owned(),
        };
        let body = serde_json::to_vec(&waiting).map_err(Problem::internal)?;
        let url = match upstream {
            Upstream::Oidc(name) => self.ask_oidc(self.oidc_provider(name)?, &waiting).await?,
            Upstream::Github => self.ask_github(self.github_provider()?, &waiting)?,
        };
        Ok(Departure {
            url: url.into(),
            kept: self.signer().seal(PLACE, &body),
        })
    }

    /// Takes a provider's answer. `kept` is what the browser kept; `query` what the provider sent. That an answer works once
    /// is the provider's to see to, whose code it is.
    pub async fn arrive(
        &self,
        upstream: Upstream<'_>,
        query: &str,
        kept: Option<&str>,
        visitor: &Visitor,
    ) -> Result<Arrival, Problem> {
        let (issuer, title) = match upstream {
            Upstream::Oidc(name) => {
                let provider = self.oidc_provider(name)?;
                (Some(provider.issuer.as_str()), provider.title.as_str())
            }
            Upstream::Github => {
                self.github_provider()?;
                (None, github::TITLE)
            }
        };
        let answer: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .take(FIELDS_MAX)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let field = |name: &str| answer.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let again = |what: &str| Problem::new(Code::Expired, what).hint("Begin signing in again.");

        // It must be the answer to what this browser asked.
        let waiting = kept
            .and_then(|kept| self.signer().open_sealed(PLACE, kept))
            .and_then(|body| serde_json::from_slice::<Waiting>(&body).ok())
            .filter(|waiting| field("state") == Some(&waiting.state))
            .ok_or_else(|| again("This answer does not belong to what this browser asked."))?;
        if waiting.until <= self.now() {
            return Err(again("This answer came too late."));
        }
        let is_another = issuer.is_some() && field("iss").is_some_and(|iss| Some(iss) != issuer);
        if waiting.path != upstream.path() || is_another {
            return Err(again("This answer comes from another provider than was asked."));
        }
        if field("error").is_some() {
            return Err(
                Problem::new(Code::Unauthorized, format!("{title} did not sign you in."))
                    .hint("Try again, or sign in with a password."),
            );
        }
        let code = field("code").ok_or_else(|| again("The provider sent no code."))?;

        // What the code is worth, from the provider itself.
        let user = match upstream {
            Upstream::Oidc(name) => self.told_by_oidc(self.oidc_provider(name)?, code, &waiting).await?,
            Upstream::Github => self.told_by_github(self.github_provider()?, code, &waiting).await?,
        };
        Ok(Arrival {
            sign_in: self.first_step_done(user, visitor).await?,
            next: waiting.next,
        })
    }

    /// Where the provider sends the browser back to.
    pub(super) fn callback(&self, upstream: Upstream<'_>) -> String {
        format!("{}{}/callback", self.public_url(), upstream.path())
    }

    /// The person who is vouched for: known by the subject; else by an address that the provider has verified; else new, where the
    /// operator lets strangers in.
    pub(super) async fn person_of(&self, vouched: &Vouched<'_>) -> Result<User, Problem> {
        let users = self.store().users();
        let closed = || Problem::new(Code::Forbidden, "This account is closed.").hint("Ask the operator.");
        if let Some(user) = users.by_identity(vouched.provider, vouched.subject).await? {
            return if user.disabled_at.is_none() {
                Ok(user)
            } else {
                Err(closed())
            };
        }
        let email = vouched.verified_email.and_then(|email| email_address(email).ok());
        let email = email.ok_or_else(|| {
            Problem::new(
                Code::Forbidden,
                format!("{} has not verified an email address of yours.", vouched.title),
            )
            .hint("Verify it there first, or sign in with a password.")
        })?;
        let (user, is_new) = match users.by_email(&email).await? {
            Some(user) if user.disabled_at.is_some() => return Err(closed()),
            Some(user) => (user, false),
            None if vouched.auto_create => {
                let name = vouched.name.map(|name| text::one_line(name, 80));
                let name = name.filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
                (self.add_person(&email, &name, None, None).await?, true)
            }
            None => {
                return Err(Problem::new(Code::Forbidden, "You have no account here.")
                    .hint("Ask somebody in the workspace for an invitation."));
            }
        };
        users
            .add_identity(vouched.provider, vouched.subject, &user.id, self.now())
            .await?;
        if !is_new {
            let title = vouched.title.to_owned();
            self.notify(&user, Occasion::ProviderLinked { title, at: self.now() })
                .await;
        }
        Ok(user)
    }
}

/// 256 random bits as text.
fn random() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The provider, or the way to it, does not work.
pub(super) fn unusable(title: &str) -> Problem {
    Problem::new(
        Code::Unavailable,
        format!("{title} cannot be reached for signing in at the moment."),
    )
    .hint("Try again later, or sign in with a password.")
}

/// The provider answered, and the answer is not good.
pub(super) fn not_believed(title: &str) -> Problem {
    Problem::new(
        Code::Unauthorized,
        format!("What {title} answered could not be verified."),
    )
    .hint("Begin signing in again.")
}

pub(super) fn unknown() -> Problem {
    Problem::new(Code::NotFound, "There is no sign-in provider of that name.")
}
