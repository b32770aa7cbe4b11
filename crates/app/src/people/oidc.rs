//! OpenID providers: OpenID Connect Core 1.0, the code flow with PKCE. The answer must carry an ID token that the provider signed for
//! us and for this very request (`id_token`); the rest is as for every provider (`upstream`).

use std::collections::HashMap;

use aquatint_domain::{Problem, Timestamp, text};
use aquatint_providers::Call;
use aquatint_store::User;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::id_token::{self, Expected};
use super::upstream::{DOCUMENT_BYTES, Upstream, Vouched, Waiting, not_believed, unknown, unusable};
use crate::studio::Studio;
use aquatint_providers::Secret;

/// How long a provider's description is believed.
const DESCRIPTION_AGE_S: i64 = 3_600;

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
    pub client_secret: Secret,
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

impl Studio {
    pub(super) fn oidc_provider(&self, name: &str) -> Result<&OidcProvider, Problem> {
        let found = self.settings().oidc.iter().find(|provider| provider.name == name);
        found.ok_or_else(unknown)
    }

    /// Where the browser asks.
    pub(super) async fn ask_oidc(&self, provider: &OidcProvider, waiting: &Waiting) -> Result<Url, Problem> {
        let description = self.description(provider).await?;
        let mut url = Url::parse(&description.authorization_endpoint).map_err(|_| unusable(&provider.title))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &self.callback(Upstream::Oidc(&provider.name)))
            .append_pair("scope", "openid email profile")
            .append_pair("state", &waiting.state)
            .append_pair("nonce", &waiting.nonce)
            .append_pair("code_challenge", &waiting.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// The person that a code stands for.
    pub(super) async fn told_by_oidc(
        &self,
        provider: &OidcProvider,
        code: &str,
        waiting: &Waiting,
    ) -> Result<User, Problem> {
        let description = self.description(provider).await?;
        let token = self.id_token(provider, &description, code, &waiting.verifier).await?;
        let keys: Value = self.document(provider, &description.jwks_uri).await?;
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            nonce: &waiting.nonce,
            now: self.now(),
        };
        let claims =
            id_token::verified(&token, &keys, &expected).map_err(|why| not_believed(&provider.title).caused_by(why))?;
        let is_verified = matches!(&claims.email_verified, Some(Value::Bool(true)))
            || claims.email_verified.as_ref().and_then(Value::as_str) == Some("true");
        self.person_of(&Vouched {
            provider: &provider.name,
            title: &provider.title,
            subject: &claims.sub,
            verified_email: claims.email.as_deref().filter(|_| is_verified),
            name: claims.name.as_deref(),
            auto_create: provider.auto_create,
        })
        .await
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
            return Err(unusable(&provider.title).caused_by("the description names another issuer"));
        }
        self.descriptions()
            .0
            .lock()
            .insert(provider.issuer.clone(), (now, found.clone()));
        Ok(found)
    }

    async fn document<T: serde::de::DeserializeOwned>(&self, provider: &OidcProvider, url: &str) -> Result<T, Problem> {
        let unusable = || unusable(&provider.title);
        let reply = self.fetcher().send(url, &Call::default(), DOCUMENT_BYTES).await;
        let reply = reply.map_err(|problem| unusable().caused_by(problem))?;
        if reply.status != 200 {
            return Err(unusable().caused_by(format!("{url} answered {}", reply.status)));
        }
        serde_json::from_slice(&reply.bytes).map_err(|error| unusable().caused_by(error))
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
        let callback = self.callback(Upstream::Oidc(&provider.name));
        let secret = provider.client_secret.reveal();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback.as_str()),
            ("code_verifier", verifier),
        ];
        if in_form {
            fields.push(("client_id", &provider.client_id));
            fields.push(("client_secret", secret));
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&provider.client_id), encoded(secret));
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
            .map_err(|problem| unusable(&provider.title).caused_by(problem))?;
        let answer: Value = serde_json::from_slice(&reply.bytes).unwrap_or_default();
        match answer["id_token"].as_str().filter(|_| reply.status == 200) {
            Some(token) => Ok(token.to_owned()),
            None => Err(not_believed(&provider.title).caused_by(format!(
                "the token endpoint answered {} {}",
                reply.status,
                text::one_line(answer["error"].as_str().unwrap_or_default(), 60)
            ))),
        }
    }
}
