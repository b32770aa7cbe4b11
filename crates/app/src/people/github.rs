//! GitHub, which is no OpenID provider: the web application flow of its OAuth apps with PKCE, and its REST API for who the person is.
//!
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>,
//! <https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication>,
//! <https://docs.github.com/en/rest/users/users#get-the-authenticated-user>,
//! <https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user>,
//! <https://docs.github.com/en/rest/orgs/members#get-an-organization-membership-for-the-authenticated-user>
//!
//! A person is the numeric id: logins and addresses change hands. Only the address that is primary and verified counts. The access
//! token is used here and then forgotten.

use aquatint_domain::{Code, Problem, text};
use aquatint_providers::{Call, fetch::Reply};
use aquatint_store::User;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::upstream::{DOCUMENT_BYTES, Upstream, Vouched, Waiting, not_believed, unknown, unusable};
use crate::studio::Studio;
use aquatint_providers::Secret;

pub(super) const TITLE: &str = "GitHub";
const WEB: &str = "https://github.com";
const API: &str = "https://api.github.com";
/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";
/// Organizations that may be named: each is asked for at every sign-in.
const ORGANIZATIONS_MAX: usize = 20;

/// GitHub as the operator names it: an OAuth app there, or on an own GitHub Enterprise Server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubProvider {
    pub client_id: String,
    pub client_secret: Secret,
    /// Where people sign in.
    #[serde(default = "web")]
    pub url: String,
    /// The REST API; for an Enterprise Server it is found below `url`.
    #[serde(default)]
    pub api_url: Option<String>,
    /// Whether people whom nobody has invited get an account.
    #[serde(default)]
    pub auto_create: bool,
    /// Only active members of one of these may sign in; everybody where none is named.
    #[serde(default)]
    pub allowed_organizations: Vec<String>,
}

fn web() -> String {
    WEB.to_owned()
}

/// The token endpoint's answer. Errors come with status 200 too.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<Secret>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

impl GithubProvider {
    /// What is wrong with the settings, in words for the operator.
    pub fn check(&self) -> Result<(), String> {
        if self.client_id.is_empty() || self.client_secret.reveal().is_empty() {
            return Err("`client_id` and `client_secret` must not be empty".into());
        }
        for (key, url) in [("url", Some(&self.url)), ("api_url", self.api_url.as_ref())] {
            let Some(url) = url else { continue };
            let is_good = Url::parse(url).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.host().is_some()
                    && url.query().is_none()
                    && url.fragment().is_none()
                    && url.username().is_empty()
            });
            if !is_good {
                return Err(format!("`{key}` must be an address such as https://github.example.com"));
            }
        }
        let is_name = |name: &String| {
            (1..=39).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if let Some(wrong) = self.allowed_organizations.iter().find(|name| !is_name(name)) {
            return Err(format!("`{wrong}` is no name of an organization"));
        }
        if self.allowed_organizations.len() > ORGANIZATIONS_MAX {
            return Err(format!("at most {ORGANIZATIONS_MAX} organizations can be allowed"));
        }
        Ok(())
    }

    fn web(&self) -> &str {
        self.url.trim_end_matches('/')
    }

    fn api(&self) -> String {
        match &self.api_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if self.web() == WEB => API.to_owned(),
            // <https://docs.github.com/en/enterprise-server@latest/rest/enterprise-admin#endpoint-urls>
            None => format!("{}/api/v3", self.web()),
        }
    }

    /// The provider as identities name it. Ids of one server say nothing on another, and no OpenID provider's name has a colon.
    pub(super) fn identity(&self) -> String {
        let host = Url::parse(&self.url)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        format!("github:{}", host.unwrap_or_default())
    }
}

impl Studio {
    pub(super) fn github_provider(&self) -> Result<&GithubProvider, Problem> {
        self.settings().github.as_ref().ok_or_else(unknown)
    }

    /// Where the browser asks.
    pub(super) fn ask_github(&self, provider: &GithubProvider, waiting: &Waiting) -> Result<Url, Problem> {
        let address = format!("{}/login/oauth/authorize", provider.web());
        let mut url = Url::parse(&address).map_err(|error| unusable(TITLE).caused_by(error))?;
        let scope = if provider.allowed_organizations.is_empty() {
            "read:user user:email"
        } else {
            "read:user user:email read:org"
        };
        url.query_pairs_mut()
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", &self.callback(Upstream::Github))
            .append_pair("scope", scope)
            .append_pair("state", &waiting.state)
            .append_pair("code_challenge", &waiting.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// The person that a code stands for.
    pub(super) async fn told_by_github(
        &self,
        provider: &GithubProvider,
        code: &str,
        waiting: &Waiting,
    ) -> Result<User, Problem> {
        let token = self.github_token(provider, code, &waiting.verifier).await?;
        let account: Account = self.github_document(provider, &token, "/user").await?;
        if account.id == 0 {
            return Err(not_believed(TITLE).caused_by("the account has no id"));
        }
        self.check_organizations(provider, &token).await?;
        let emails: Vec<Email> = self.github_document(provider, &token, "/user/emails").await?;
        let email = emails.iter().find(|email| email.primary && email.verified);
        self.person_of(&Vouched {
            provider: &provider.identity(),
            title: TITLE,
            subject: &account.id.to_string(),
            verified_email: email.map(|email| email.email.as_str()),
            name: account.name.as_deref().or(Some(&account.login)),
            auto_create: provider.auto_create,
        })
        .await
    }

    async fn github_token(&self, provider: &GithubProvider, code: &str, verifier: &str) -> Result<Secret, Problem> {
        let callback = self.callback(Upstream::Github);
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", provider.client_id.as_str()),
                ("client_secret", provider.client_secret.reveal()),
                ("code", code),
                ("redirect_uri", callback.as_str()),
                ("code_verifier", verifier),
            ])
            .finish();
        let call = Call {
            headers: &[],
            body: Some(("application/x-www-form-urlencoded", form.into())),
            ..Call::default()
        };
        let url = format!("{}/login/oauth/access_token", provider.web());
        let reply = self.fetcher().send(&url, &call, DOCUMENT_BYTES).await;
        let reply = reply.map_err(|problem| unusable(TITLE).caused_by(problem))?;
        let answer: TokenAnswer = read(&reply, "the token endpoint")?;
        match (answer.access_token, answer.error) {
            (Some(token), None) if !token.reveal().is_empty() => Ok(token),
            // Used, made up, or past its ten minutes.
            (_, Some(error)) if error == "bad_verification_code" => Err(not_believed(TITLE).caused_by(error)),
            // The rest, such as a wrong client secret, is the operator's to repair.
            (_, error) => Err(unusable(TITLE).caused_by(format!(
                "the token endpoint gave no token: {}",
                text::one_line(&error.unwrap_or_default(), 60)
            ))),
        }
    }

    async fn github_document<T: DeserializeOwned>(
        &self,
        provider: &GithubProvider,
        token: &Secret,
        path: &str,
    ) -> Result<T, Problem> {
        let reply = self.ask_api(provider, token, path).await?;
        read(&reply, path)
    }

    async fn ask_api(&self, provider: &GithubProvider, token: &Secret, path: &str) -> Result<Reply, Problem> {
        let bearer = format!("Bearer {}", token.reveal());
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-github-api-version", API_VERSION),
        ];
        let call = Call {
            headers: &headers,
            body: None,
            ..Call::default()
        };
        let url = format!("{}{path}", provider.api());
        let reply = self.fetcher().send(&url, &call, DOCUMENT_BYTES).await;
        reply.map_err(|problem| unusable(TITLE).caused_by(problem))
    }

    /// Asked at every sign-in, so that whoever leaves an organization comes in no more.
    async fn check_organizations(&self, provider: &GithubProvider, token: &Secret) -> Result<(), Problem> {
        if provider.allowed_organizations.is_empty() {
            return Ok(());
        }
        for name in &provider.allowed_organizations {
            let path = format!("/user/memberships/orgs/{name}");
            let reply = self.ask_api(provider, token, &path).await?;
            // 404: no member. 403: the organization has not allowed the app.
            if matches!(reply.status, 403 | 404) {
                continue;
            }
            let membership: Membership = read(&reply, &path)?;
            if membership.state == "active" {
                return Ok(());
            }
        }
        Err(Problem::new(
            Code::Forbidden,
            "Your GitHub account is not in an organization that may sign in here.",
        )
        .hint("Ask the operator; the organization may have to approve the app at GitHub first."))
    }
}

/// An answer as what it should be. A limit that is reached, a page, or a broken server is none.
fn read<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, Problem> {
    if reply.status != 200 {
        return Err(unusable(TITLE).caused_by(format!("{what} answered {}", reply.status)));
    }
    // What serde says of a document could hold a piece of it, and a token may be in there.
    serde_json::from_slice(&reply.bytes)
        .map_err(|_| unusable(TITLE).caused_by(format!("{what} answered something else than was expected")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(more: &str) -> Result<GithubProvider, String> {
        let text = format!("client_id = \"Iv1\"\nclient_secret = \"hidden\"\n{more}");
        let provider: GithubProvider = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
        provider.check().map(|()| provider)
    }

    #[test]
    fn an_enterprise_server_is_found_by_its_address_and_no_secret_shows() {
        let public = provider("").expect("good");
        assert_eq!((public.web(), public.api().as_str()), (WEB, API));
        assert_eq!(public.identity(), "github:github.com");
        assert!(!format!("{public:?}").contains("hidden"));
        let own = provider("url = \"https://git.example.com/\"").expect("good");
        assert_eq!(own.api(), "https://git.example.com/api/v3");
        assert_eq!(own.identity(), "github:git.example.com");
        let elsewhere = provider("url = \"https://git.example.com\"\napi_url = \"https://api.git.example.com/\"");
        assert_eq!(elsewhere.expect("good").api(), "https://api.git.example.com");
        for wrong in [
            "url = \"git.example.com\"",
            "url = \"ftp://git.example.com\"",
            "api_url = \"https://a@b\"",
            "allowed_organizations = [\"a/b\"]",
            "allowed_organizations = [\"\"]",
            "colour = \"red\"",
        ] {
            assert!(provider(wrong).is_err(), "{wrong}");
        }
    }
}
