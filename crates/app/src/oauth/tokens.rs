//! The token endpoint. Tokens are opaque and short-lived; a refresh token is exchanged at each use, and one that comes back
//! after its exchange ends the whole grant. An answer that got lost on the way is given once more: successors
//! are derived from the old token and the server's secret, so nothing needs to be stored for that.

use std::time::Duration;

use aquatint_domain::{Scope, Timestamp};
use aquatint_store::{OauthToken, OauthTokenKind};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::authorize::asked_scopes;
use super::clients::Client;
use super::{OauthFailure, resource_of};
use crate::people::later;
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

const ACCESS_TTL: Duration = Duration::from_secs(600);
/// From its last exchange on.
const REFRESH_TTL: Duration = Duration::from_secs(90 * 24 * 3_600);
/// How long the answer to an exchange can be had again.
const GRACE_S: i64 = 30;

/// A request as the client sends it, its secret taken from wherever it stood.
#[derive(Debug, Default)]
pub struct TokenRequest {
    pub grant_type: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub refresh_token: Option<String>,
    pub scope: Option<String>,
    pub resource: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    pub refresh_token: String,
    pub scope: String,
}

/// Access and refresh token, as secrets and as rows.
struct Pair {
    access: Token,
    refresh: Token,
    rows: [([u8; 32], OauthToken); 2],
}

impl Studio {
    /// Exchanges a code or a refresh token.
    pub async fn oauth_token(&self, request: TokenRequest) -> Result<TokenAnswer, OauthFailure> {
        let client = self
            .authenticated(&request.client_id, request.client_secret.as_deref())
            .await?;
        match request.grant_type.as_str() {
            "authorization_code" => self.redeem(&client, &request).await,
            "refresh_token" => self.refresh(&client, &request).await,
            "" => Err(OauthFailure::new("invalid_request", "grant_type is missing.")),
            _ => Err(OauthFailure::new(
                "unsupported_grant_type",
                "Only authorization_code and refresh_token exist here.",
            )),
        }
    }

    /// Ends a token, and with a refresh token its whole grant (RFC 7009). A token that is not there is no failure.
    pub async fn oauth_revoke(
        &self,
        client_id: &str,
        client_secret: Option<&str>,
        token: &str,
    ) -> Result<(), OauthFailure> {
        let client = self.authenticated(client_id, client_secret).await?;
        let refresh = recognise(TokenKind::Refresh, token);
        let Ok(hash) = refresh.or_else(|_| recognise(TokenKind::Access, token)) else {
            return Ok(());
        };
        let Some(found) = self.store().oauth().token(&hash).await? else {
            return Ok(());
        };
        let grant = self.store().oauth().get_grant(&found.grant).await?;
        if grant.is_none_or(|grant| grant.client_id != client.id) {
            return Err(OauthFailure::new(
                "invalid_grant",
                "This token belongs to another client.",
            ));
        }
        match found.kind {
            OauthTokenKind::Access => self.store().oauth().end_token(&hash).await?,
            OauthTokenKind::Refresh => {
                self.store().oauth().revoke_grant(&found.grant, self.now()).await?;
                self.note_grant("oauth.revoke", &found.grant, None, "ok");
            }
        }
        self.keys().forget();
        Ok(())
    }

    async fn authenticated(&self, id: &str, secret: Option<&str>) -> Result<Client, OauthFailure> {
        if id.is_empty() {
            return Err(OauthFailure::new("invalid_request", "client_id is missing."));
        }
        let client = self.oauth_client(id).await?;
        if !client.secret_is_right(secret) {
            return Err(OauthFailure::new("invalid_client", "The client's secret is not right."));
        }
        Ok(client)
    }

    async fn redeem(&self, client: &Client, request: &TokenRequest) -> Result<TokenAnswer, OauthFailure> {
        let refuse = |what: &str| OauthFailure::new("invalid_grant", what);
        let unknown = "This code is not known, or past its time.";
        let secret = request.code.as_deref();
        let secret = secret.ok_or_else(|| OauthFailure::new("invalid_request", "code is missing."))?;
        let hash = recognise(TokenKind::Code, secret).map_err(|_| refuse(unknown))?;
        let (code, was_used) = self.store().oauth().code(&hash).await?.ok_or_else(|| refuse(unknown))?;
        if code.client_id != client.id {
            return Err(refuse("This code was given to another client."));
        }
        if was_used {
            // Somebody has the code who should not: what it was worth ends (RFC 6749, section 4.1.2).
            self.note_grant("oauth.code", &code.grant, None, "reused");
            self.end_grant(&code.grant).await?;
            return Err(refuse("This code was used before; all that came of it has ended."));
        }
        let now = self.now();
        if code.expires_at <= now {
            return Err(refuse(unknown));
        }
        if request
            .redirect_uri
            .as_deref()
            .is_some_and(|uri| uri != code.redirect_uri)
        {
            return Err(refuse("The code was sent to another redirect URI."));
        }
        let verifier = request.code_verifier.as_deref().unwrap_or_default();
        let is_verifier = (43..=128).contains(&verifier.len());
        if !is_verifier || URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) != code.challenge {
            return Err(refuse("The code_verifier does not fit the code_challenge."));
        }
        self.check_resource(request, &code.resource)?;
        let grant = self.store().oauth().get_grant(&code.grant).await?;
        let grant = grant
            .filter(|grant| grant.revoked_at.is_none())
            .ok_or_else(|| refuse("The permission behind this code has ended."))?;
        let template = OauthToken {
            grant: code.grant.clone(),
            kind: OauthTokenKind::Access,
            resource: code.resource,
            scopes: grant.scopes,
            created_at: now,
            expires_at: now,
            replaced_at: None,
        };
        let pair = Pair::new(
            Token::mint(TokenKind::Access),
            Token::mint(TokenKind::Refresh),
            &template,
            now,
        );
        if !self.store().oauth().redeem(&hash, &pair.rows, now).await? {
            self.note_grant("oauth.code", &code.grant, None, "reused");
            self.end_grant(&code.grant).await?;
            return Err(refuse("This code was used before; all that came of it has ended."));
        }
        Ok(pair.answer(now))
    }

    async fn refresh(&self, client: &Client, request: &TokenRequest) -> Result<TokenAnswer, OauthFailure> {
        let refuse = |what: &str| OauthFailure::new("invalid_grant", what);
        let unknown = "This refresh token does not work any more. Sign in again.";
        let secret = request.refresh_token.as_deref();
        let secret = secret.ok_or_else(|| OauthFailure::new("invalid_request", "refresh_token is missing."))?;
        let hash = recognise(TokenKind::Refresh, secret).map_err(|_| refuse(unknown))?;
        let old = self.store().oauth().token(&hash).await?;
        let old = old
            .filter(|token| token.kind == OauthTokenKind::Refresh)
            .ok_or_else(|| refuse(unknown))?;
        let grant = self.store().oauth().get_grant(&old.grant).await?;
        let grant = grant
            .filter(|grant| grant.revoked_at.is_none())
            .ok_or_else(|| refuse(unknown))?;
        if grant.client_id != client.id {
            return Err(refuse("This refresh token was given to another client."));
        }
        let now = self.now();
        if old.expires_at <= now {
            return Err(refuse(unknown));
        }
        let user = self.store().users().get(&grant.user).await?;
        if user.is_none_or(|user| user.disabled_at.is_some()) {
            // Whose account is closed signs in again when it is open.
            self.end_grant(&old.grant).await?;
            return Err(refuse(unknown));
        }
        self.check_resource(request, &old.resource)?;
        let scopes = narrowed(&old.scopes, request.scope.as_deref())?;
        let successor =
            |context: &str, kind| Token::from_bytes(kind, &self.signer().derived(context, secret.as_bytes()));
        let (access, refresh) = (
            successor("oauth access", TokenKind::Access),
            successor("oauth refresh", TokenKind::Refresh),
        );
        if old.replaced_at.is_none() {
            let pair = Pair::new(access, refresh, &OauthToken { scopes, ..old.clone() }, now);
            if self.store().oauth().rotate(&hash, &pair.rows, now).await? {
                return Ok(pair.answer(now));
            }
            // Another request with the same token was a moment faster: both get the same answer.
            return self.once_more(pair.access, pair.refresh, now).await;
        }
        let is_recent = old
            .replaced_at
            .is_some_and(|replaced_at| now.as_second() - replaced_at.as_second() <= GRACE_S);
        let successor = self.store().oauth().token(&refresh.hash()).await?;
        let was_used_on = successor.is_none_or(|successor| successor.replaced_at.is_some());
        if is_recent && !was_used_on {
            return self.once_more(access, refresh, now).await;
        }
        self.note_grant("oauth.refresh", &old.grant, Some(&grant.user), "reused");
        self.end_grant(&old.grant).await?;
        Err(refuse(
            "This refresh token was exchanged before; the connection has ended. Sign in again.",
        ))
    }

    /// The answer that was given to an exchange, from what is stored of it.
    async fn once_more(&self, access: Token, refresh: Token, now: Timestamp) -> Result<TokenAnswer, OauthFailure> {
        let stored = self.store().oauth().token(&access.hash()).await?;
        let stored = stored.ok_or_else(|| OauthFailure::new("invalid_grant", "Sign in again."))?;
        Ok(TokenAnswer {
            access_token: access.reveal().to_owned(),
            token_type: "Bearer",
            expires_in: (stored.expires_at.as_second() - now.as_second()).max(0),
            refresh_token: refresh.reveal().to_owned(),
            scope: words(&stored.scopes),
        })
    }

    async fn end_grant(&self, grant: &aquatint_domain::GrantId) -> Result<(), OauthFailure> {
        self.store().oauth().revoke_grant(grant, self.now()).await?;
        self.keys().forget();
        Ok(())
    }

    /// The resource may be said again, but not changed.
    fn check_resource(&self, request: &TokenRequest, bound: &str) -> Result<(), OauthFailure> {
        match &request.resource {
            Some(asked) if resource_of(&self.public_url(), asked).as_deref() != Some(bound) => Err(OauthFailure::new(
                "invalid_target",
                "The permission was given for another resource.",
            )),
            _ => Ok(()),
        }
    }
}

impl Pair {
    fn new(access: Token, refresh: Token, template: &OauthToken, now: Timestamp) -> Self {
        let row = |kind, ttl| OauthToken {
            kind,
            created_at: now,
            expires_at: later(now, ttl),
            replaced_at: None,
            ..template.clone()
        };
        let rows = [
            (access.hash(), row(OauthTokenKind::Access, ACCESS_TTL)),
            (refresh.hash(), row(OauthTokenKind::Refresh, REFRESH_TTL)),
        ];
        Self { access, refresh, rows }
    }

    fn answer(&self, now: Timestamp) -> TokenAnswer {
        let access = &self.rows[0].1;
        TokenAnswer {
            access_token: self.access.reveal().to_owned(),
            token_type: "Bearer",
            expires_in: access.expires_at.as_second() - now.as_second(),
            refresh_token: self.refresh.reveal().to_owned(),
            scope: words(&access.scopes),
        }
    }
}

/// The scopes asked for at a refresh, which can only be fewer.
fn narrowed(held: &[Scope], asked: Option<&str>) -> Result<Vec<Scope>, OauthFailure> {
    let Some(asked) = asked.filter(|asked| !asked.trim().is_empty()) else {
        return Ok(held.to_vec());
    };
    // Clients of other services send at a refresh what they asked for at first, in those services' words; what these
    // mean was cut down to what the person allowed, and is so again.
    let is_ours = asked.split_ascii_whitespace().all(|word| word.parse::<Scope>().is_ok());
    let mut scopes = asked_scopes(asked).unwrap_or_default();
    if !is_ours {
        scopes.retain(|scope| held.contains(scope));
    }
    if scopes.is_empty() || scopes.iter().any(|scope| !held.contains(scope)) {
        return Err(OauthFailure::new(
            "invalid_scope",
            "A refresh cannot ask for more than was given.",
        ));
    }
    Ok(scopes)
}

fn words(scopes: &[Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_may_repeat_what_was_asked_for_at_first_but_never_more() {
        let held = [Scope::AssetsRead, Scope::Generate];
        let narrow = |asked| narrowed(&held, asked).ok();
        assert_eq!(narrow(None).as_deref(), Some(&held[..]));
        assert_eq!(narrow(Some("generate")).as_deref(), Some(&[Scope::Generate][..]));
        assert_eq!(narrow(Some("pixa:read pixa:write")).as_deref(), Some(&held[..]));
        assert_eq!(narrow(Some("pixa:read")).as_deref(), Some(&[Scope::AssetsRead][..]));
        assert_eq!(narrow(Some("generate share")), None);
        assert_eq!(narrow(Some("unheard:of")), None);
    }
}
