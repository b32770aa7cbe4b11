//! Signing in with a provider that the operator trusts: OpenID Connect Core 1.0, the code flow with PKCE. The answer must come
//! back to the browser that asked, from the provider that was asked, with an ID token that it signed for us and for
//! this very request.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Code, Problem, Timestamp, text};
use aquatint_providers::Call;
use aquatint_store::User;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use ring::signature;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{SignIn, Visitor, email_address, later};
use crate::studio::Studio;

/// What the sealed question is bound to.
const PLACE: &str = "oidc";
/// How long a person may take at the provider.
const WAIT: Duration = Duration::from_secs(15 * 60);
/// Largest document of a provider, in bytes.
const DOCUMENT_BYTES: u64 = 256 * 1024;
/// How long a provider's description is believed.
const DESCRIPTION_AGE_S: i64 = 3_600;
/// How far clocks may differ.
const SKEW_S: i64 = 120;

/// A provider as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// Its part of the path, such as `corp`.
    pub name: String,
    /// For the button on the sign-in page.
    pub title: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: String,
    /// Whether people whom it vouches for, and whom nobody has invited, get an account.
    #[serde(default)]
    pub auto_create: bool,
}

/// What the provider says of itself.
#[derive(Clone, Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// Descriptions fetched lately, by issuer.
#[derive(Default)]
pub(crate) struct Descriptions(Mutex<HashMap<String, (Timestamp, Description)>>);

/// What waits for the answer: sealed, with the browser that asked, so that strangers make us keep nothing.
#[derive(Serialize, Deserialize)]
struct Waiting {
    provider: String,
    state: String,
    until: Timestamp,
    nonce: String,
    verifier: String,
    next: String,
}

/// What an ID token says.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<String>,
    exp: i64,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    name: Option<String>,
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

impl Studio {
    fn provider(&self, name: &str) -> Result<&OidcProvider, Problem> {
        let found = self.settings().oidc.iter().find(|provider| provider.name == name);
        found.ok_or_else(|| Problem::new(Code::NotFound, "There is no sign-in provider of that name."))
    }

    /// Sends a person to a provider.
    pub async fn depart(&self, name: &str, next: &str) -> Result<Departure, Problem> {
        let provider = self.provider(name)?;
        let description = self.description(provider).await?;
        let waiting = Waiting {
            provider: provider.name.clone(),
            state: random(),
            until: later(self.now(), WAIT),
            nonce: random(),
            verifier: random(),
            next: next.to_owned(),
        };
        let body = serde_json::to_vec(&waiting).map_err(Problem::internal)?;
        let mut url = url::Url::parse(&description.authorization_endpoint).map_err(|_| unusable(provider))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &self.callback(provider))
            .append_pair("scope", "openid email profile")
            .append_pair("state", &waiting.state)
            .append_pair("nonce", &waiting.nonce)
            .append_pair(
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(Sha256::digest(waiting.verifier.as_bytes())),
            )
            .append_pair("code_challenge_method", "S256");
        Ok(Departure {
            url: url.into(),
            kept: self.signer().seal(PLACE, &body),
        })
    }

    /// Takes a provider's answer. `kept` is what the browser kept; `query` what the provider sent. That an answer works once
    /// is the provider's to see to, whose code it is.
    pub async fn arrive(
        &self,
        name: &str,
        query: &str,
        kept: Option<&str>,
        visitor: &Visitor,
    ) -> Result<Arrival, Problem> {
        let provider = self.provider(name)?;
        let answer: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
            .take(32)
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
        if waiting.provider != provider.name || field("iss").is_some_and(|iss| iss != provider.issuer) {
            return Err(again("This answer comes from another provider than was asked."));
        }
        if field("error").is_some() {
            return Err(
                Problem::new(Code::Unauthorized, format!("{} did not sign you in.", provider.title))
                    .hint("Try again, or sign in with a password."),
            );
        }
        let code = field("code").ok_or_else(|| again("The provider sent no code."))?;

        // What the code is worth, from the provider itself.
        let description = self.description(provider).await?;
        let token = self.id_token(provider, &description, code, &waiting.verifier).await?;
        let claims = self.verified(provider, &description, &token, &waiting.nonce).await?;
        let user = self.person_of(provider, &claims).await?;
        Ok(Arrival {
            sign_in: self.first_step_done(user, visitor).await?,
            next: waiting.next,
        })
    }

    fn callback(&self, provider: &OidcProvider) -> String {
        format!("{}/sign-in/oidc/{}/callback", self.public_url(), provider.name)
    }

    async fn description(&self, provider: &OidcProvider) -> Result<Description, Problem> {
        let now = self.now();
        if let Some((at, known)) = self.descriptions().0.lock().get(&provider.issuer)
            && now.as_second() - at.as_second() < DESCRIPTION_AGE_S
        {
            return Ok(known.clone());
        }
        let url = format!(
            "{}/.well-known/openid-configuration",
            provider.issuer.trim_end_matches('/')
        );
        let found: Description = self.document(provider, &url).await?;
        // Else one provider could speak for another.
        if found.issuer != provider.issuer {
            return Err(unusable(provider).caused_by("the description names another issuer"));
        }
        self.descriptions()
            .0
            .lock()
            .insert(provider.issuer.clone(), (now, found.clone()));
        Ok(found)
    }

    async fn document<T: serde::de::DeserializeOwned>(&self, provider: &OidcProvider, url: &str) -> Result<T, Problem> {
        let reply = self.fetcher().send(url, &Call::default(), DOCUMENT_BYTES).await;
        let reply = reply.map_err(|problem| unusable(provider).caused_by(problem))?;
        if reply.status != 200 {
            return Err(unusable(provider).caused_by(format!("{url} answered {}", reply.status)));
        }
        serde_json::from_slice(&reply.bytes).map_err(|error| unusable(provider).caused_by(error))
    }

    async fn id_token(
        &self,
        provider: &OidcProvider,
        description: &Description,
        code: &str,
        verifier: &str,
    ) -> Result<String, Problem> {
        let methods = &description.token_endpoint_auth_methods_supported;
        // `client_secret_basic` is what a provider takes that names no method.
        let in_form = !methods.is_empty() && !methods.iter().any(|method| method == "client_secret_basic");
        let callback = self.callback(provider);
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", verifier),
        ];
        if in_form {
            fields.push(("client_id", &provider.client_id));
            fields.push(("client_secret", &provider.client_secret));
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&provider.client_id), encoded(&provider.client_secret));
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let headers = [("authorization", basic.as_str())];
        let call = Call {
            headers: if in_form { &[] } else { &headers },
            body: Some(("application/x-www-form-urlencoded", form.into())),
            ..Call::default()
        };
        let reply = self
            .fetcher()
            .send(&description.token_endpoint, &call, DOCUMENT_BYTES)
            .await
            .map_err(|problem| unusable(provider).caused_by(problem))?;
        let answer: Value = serde_json::from_slice(&reply.bytes).unwrap_or_default();
        match answer["id_token"].as_str().filter(|_| reply.status == 200) {
            Some(token) => Ok(token.to_owned()),
            None => Err(not_believed(provider).caused_by(format!(
                "the token endpoint answered {} {}",
                reply.status,
                text::one_line(answer["error"].as_str().unwrap_or_default(), 60)
            ))),
        }
    }

    /// The claims of an ID token, checked as OpenID Connect Core, section 3.1.3.7, says.
    async fn verified(
        &self,
        provider: &OidcProvider,
        description: &Description,
        token: &str,
        nonce: &str,
    ) -> Result<Claims, Problem> {
        let wrong = |why: &str| not_believed(provider).caused_by(why.to_owned());
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("not three parts"));
        };
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong("not base64url"));
        let header: Value = serde_json::from_slice(&decoded(head)?).map_err(|_| wrong("no header"))?;
        let keys: Value = self.document(provider, &description.jwks_uri).await?;
        let signed = &token[..head.len() + 1 + body.len()];
        let seal = decoded(seal)?;
        let fits = keys["keys"].as_array().into_iter().flatten().any(|key| {
            let is_named = header["kid"].is_null() || key["kid"].is_null() || header["kid"] == key["kid"];
            is_named && is_signed_by(key, &header["alg"], signed.as_bytes(), &seal)
        });
        if !fits {
            return Err(wrong("no key of the provider has signed it"));
        }
        let claims: Claims = serde_json::from_slice(&decoded(body)?).map_err(|_| wrong("claims are missing"))?;
        let audience: Vec<&str> = match &claims.aud {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let is_for_us = audience.contains(&provider.client_id.as_str())
            && (audience.len() == 1 || claims.azp.as_deref() == Some(&provider.client_id));
        if claims.iss != provider.issuer || !is_for_us {
            return Err(wrong("of another issuer, or for somebody else"));
        }
        if claims.exp + SKEW_S < self.now().as_second() {
            return Err(wrong("past its time"));
        }
        if claims.nonce.as_deref() != Some(nonce) || claims.sub.is_empty() || claims.sub.len() > 255 {
            return Err(wrong("for another request"));
        }
        Ok(claims)
    }

    /// The person whom the claims are about: known by the subject; else by an address that the provider has verified; else
    /// new, where the operator lets strangers in.
    async fn person_of(&self, provider: &OidcProvider, claims: &Claims) -> Result<User, Problem> {
        let users = self.store().users();
        let closed = || Problem::new(Code::Forbidden, "This account is closed.").hint("Ask the operator.");
        if let Some(user) = users.by_identity(&provider.name, &claims.sub).await? {
            return if user.disabled_at.is_none() {
                Ok(user)
            } else {
                Err(closed())
            };
        }
        let is_verified = matches!(&claims.email_verified, Some(Value::Bool(true)))
            || claims.email_verified.as_ref().and_then(Value::as_str) == Some("true");
        let email = claims.email.as_deref().filter(|_| is_verified);
        let email = email.and_then(|email| email_address(email).ok()).ok_or_else(|| {
            Problem::new(
                Code::Forbidden,
                format!("{} has not verified an email address of yours.", provider.title),
            )
            .hint("Verify it there first, or sign in with a password.")
        })?;
        let user = match users.by_email(&email).await? {
            Some(user) if user.disabled_at.is_some() => return Err(closed()),
            Some(user) => user,
            None if provider.auto_create => {
                let name = claims.name.as_deref().map(|name| text::one_line(name, 80));
                let name = name.filter(|name| !name.is_empty());
                let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
                self.add_person(&email, &name, None, None).await?
            }
            None => {
                return Err(Problem::new(Code::Forbidden, "You have no account here.")
                    .hint("Ask somebody in the workspace for an invitation."));
            }
        };
        users
            .add_identity(&provider.name, &claims.sub, &user.id, self.now())
            .await?;
        Ok(user)
    }
}

/// Whether a key of a JWK set has signed it, by an algorithm that fits the key. `none` and shared secrets are not among them.
fn is_signed_by(key: &Value, algorithm: &Value, signed: &[u8], seal: &[u8]) -> bool {
    if key["alg"].is_string() && key["alg"] != *algorithm || key["use"] == "enc" {
        return false;
    }
    let part = |name: &str| {
        let text = key[name].as_str()?;
        URL_SAFE_NO_PAD.decode(text).ok()
    };
    match (algorithm.as_str(), key["kty"].as_str()) {
        (Some(algorithm @ ("RS256" | "PS256")), Some("RSA")) => {
            let (Some(n), Some(e)) = (part("n"), part("e")) else {
                return false;
            };
            let kind = if algorithm == "RS256" {
                &signature::RSA_PKCS1_2048_8192_SHA256
            } else {
                &signature::RSA_PSS_2048_8192_SHA256
            };
            signature::RsaPublicKeyComponents { n: &n, e: &e }
                .verify(kind, signed, seal)
                .is_ok()
        }
        (Some("ES256"), Some("EC")) if key["crv"] == "P-256" => {
            let (Some(x), Some(y)) = (part("x"), part("y")) else {
                return false;
            };
            let point = [&[4u8][..], &x, &y].concat();
            signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, seal)
                .is_ok()
        }
        (Some("EdDSA"), Some("OKP")) if key["crv"] == "Ed25519" => part("x").is_some_and(|x| {
            signature::UnparsedPublicKey::new(&signature::ED25519, x)
                .verify(signed, seal)
                .is_ok()
        }),
        _ => false,
    }
}

/// 256 random bits as text.
fn random() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn unusable(provider: &OidcProvider) -> Problem {
    Problem::new(
        Code::Unavailable,
        format!("{} cannot be reached for signing in at the moment.", provider.title),
    )
    .hint("Try again later, or sign in with a password.")
}

fn not_believed(provider: &OidcProvider) -> Problem {
    Problem::new(
        Code::Unauthorized,
        format!("What {} answered could not be verified.", provider.title),
    )
    .hint("Begin signing in again.")
}
