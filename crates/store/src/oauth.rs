//! OAuth: registered clients, grants (a person let an app into a workspace), codes and tokens. Only
//! hashes of secrets. All tokens of a grant are one family: revoking the grant ends them together.

use aquatint_domain::{GrantId, Problem, Scope, Timestamp, UserId, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::columns::{get, hex, json, parsed, parsed_if, time, time_if, to_json};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::keys::CHANGED;

pub struct Oauth<'a>(pub(crate) &'a Connections);

/// A client that registered itself (RFC 7591).
#[derive(Clone, Debug, PartialEq)]
pub struct OauthClient {
    pub id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    /// SHA-256 of its secret, hex; public clients have none.
    pub secret_hash: Option<String>,
    pub created_at: Timestamp,
}

/// A person's permission for an app.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub id: GrantId,
    pub user: UserId,
    /// Bills and files go there; `None` follows the person's default workspace.
    pub workspace: Option<WorkspaceId>,
    pub client_id: String,
    pub client_name: String,
    /// Where the answer was sent, for people.
    pub redirect_host: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// An authorization code, bound to all that the request said.
#[derive(Clone, Debug, PartialEq)]
pub struct OauthCode {
    pub grant: GrantId,
    pub client_id: String,
    pub redirect_uri: String,
    /// The S256 challenge.
    pub challenge: String,
    /// The audience.
    pub resource: String,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthTokenKind {
    Access,
    Refresh,
}

impl OauthTokenKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OauthToken {
    pub grant: GrantId,
    pub kind: OauthTokenKind,
    pub resource: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When a refresh token was exchanged for its successor.
    pub replaced_at: Option<Timestamp>,
}

impl Oauth<'_> {
    pub async fn put_client(&self, client: &OauthClient) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO oauth_clients (id, name, redirect_uris, secret_hash, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $5)",
            vec![
                client.id.clone().into(),
                client.name.clone().into(),
                to_json(&client.redirect_uris)?.into(),
                client.secret_hash.clone().into(),
                client.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn client(&self, id: &str) -> Result<Option<OauthClient>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM oauth_clients WHERE id = $1",
            vec![id.into()],
        )
        .await?
        .map(|row| {
            Ok(OauthClient {
                id: get(&row, "id")?,
                name: get(&row, "name")?,
                redirect_uris: json(&row, "redirect_uris")?,
                secret_hash: get(&row, "secret_hash")?,
                created_at: time(&row, "created_at")?,
            })
        })
        .transpose()
    }

    /// Clients that registered themselves since then.
    pub async fn clients_since(&self, since: Timestamp) -> Result<u64, Problem> {
        let found = row(
            self.0.read(),
            "SELECT COUNT(*) AS many FROM oauth_clients WHERE created_at > $1",
            vec![since.as_millisecond().into()],
        )
        .await?;
        found.as_ref().map_or(Ok(0), |row| crate::columns::number(row, "many"))
    }

    /// Writes a grant with the code that leads to it.
    pub async fn grant(&self, grant: &Grant, code_hash: &[u8; 32], code: &OauthCode) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO grants (id, user_id, workspace_id, client_id, client_name, redirect_host, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            vec![
                grant.id.as_str().into(),
                grant.user.as_str().into(),
                grant.workspace.as_ref().map(|id| id.as_str().to_owned()).into(),
                grant.client_id.clone().into(),
                grant.client_name.clone().into(),
                grant.redirect_host.clone().into(),
                to_json(&grant.scopes)?.into(),
                grant.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        execute(
            &tx,
            "INSERT INTO oauth_codes (hash, grant_id, client_id, redirect_uri, challenge, resource, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            vec![
                hex(code_hash).into(),
                code.grant.as_str().into(),
                code.client_id.clone().into(),
                code.redirect_uri.clone().into(),
                code.challenge.clone().into(),
                code.resource.clone().into(),
                code.expires_at.as_millisecond().into(),
            ],
        )
        .await?;
        execute(
            &tx,
            "UPDATE oauth_clients SET last_used_at = $2 WHERE id = $1",
            vec![grant.client_id.clone().into(), grant.created_at.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// A code, and whether it was used before. It stays known for a while after its use, so that a
    /// second use can be told from nonsense.
    pub async fn code(&self, hash: &[u8; 32]) -> Result<Option<(OauthCode, bool)>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM oauth_codes WHERE hash = $1",
            vec![hex(hash).into()],
        )
        .await?
        .map(|row| {
            let code = OauthCode {
                grant: parsed(&row, "grant_id")?,
                client_id: get(&row, "client_id")?,
                redirect_uri: get(&row, "redirect_uri")?,
                challenge: get(&row, "challenge")?,
                resource: get(&row, "resource")?,
                expires_at: time(&row, "expires_at")?,
            };
            Ok((code, time_if(&row, "used_at")?.is_some()))
        })
        .transpose()
    }

    /// Uses a code up and writes the tokens it is worth. `false` when somebody was faster.
    pub async fn redeem(
        &self,
        code: &[u8; 32],
        tokens: &[([u8; 32], OauthToken)],
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let used = execute(
            &tx,
            "UPDATE oauth_codes SET used_at = $2 WHERE hash = $1 AND used_at IS NULL",
            vec![hex(code).into(), now.as_millisecond().into()],
        )
        .await?;
        if used != 1 {
            return Ok(false);
        }
        for (hash, token) in tokens {
            insert_token(&tx, hash, token).await?;
        }
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }

    /// Exchanges a refresh token for its successors. `false` when it was exchanged already.
    pub async fn rotate(
        &self,
        old: &[u8; 32],
        tokens: &[([u8; 32], OauthToken)],
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let replaced = execute(
            &tx,
            "UPDATE oauth_tokens SET replaced_at = $2 WHERE hash = $1 AND replaced_at IS NULL",
            vec![hex(old).into(), now.as_millisecond().into()],
        )
        .await?;
        if replaced != 1 {
            return Ok(false);
        }
        for (hash, token) in tokens {
            insert_token(&tx, hash, token).await?;
        }
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }

    pub async fn token(&self, hash: &[u8; 32]) -> Result<Option<OauthToken>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM oauth_tokens WHERE hash = $1",
            vec![hex(hash).into()],
        )
        .await?
        .as_ref()
        .map(read_token)
        .transpose()
    }

    /// Ends one token.
    pub async fn end_token(&self, hash: &[u8; 32]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(&tx, "DELETE FROM oauth_tokens WHERE hash = $1", vec![hex(hash).into()]).await?;
        execute(&tx, CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn get_grant(&self, id: &GrantId) -> Result<Option<Grant>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM grants WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read_grant)
        .transpose()
    }

    /// Live grants of a person, and where `workspace` is given everybody's for it too; the newest first.
    pub async fn grants(&self, user: &UserId, workspace: Option<&WorkspaceId>) -> Result<Vec<Grant>, Problem> {
        let values: Vec<Value> = vec![
            user.as_str().into(),
            workspace.map_or("", |id| id.as_str()).to_owned().into(),
        ];
        // A grant whose code was never redeemed is none that a person would know.
        rows(
            self.0.read(),
            "SELECT * FROM grants WHERE revoked_at IS NULL AND (user_id = $1 OR workspace_id = $2) \
             AND EXISTS (SELECT 1 FROM oauth_tokens WHERE grant_id = grants.id) ORDER BY id DESC LIMIT 500",
            values,
        )
        .await?
        .iter()
        .map(read_grant)
        .collect()
    }

    /// Ends a grant and all its tokens. `false` when it was ended already.
    pub async fn revoke_grant(&self, id: &GrantId, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let revoked = execute(
            &tx,
            "UPDATE grants SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            vec![id.as_str().into(), now.as_millisecond().into()],
        )
        .await?;
        execute(
            &tx,
            "DELETE FROM oauth_tokens WHERE grant_id = $1",
            vec![id.as_str().into()],
        )
        .await?;
        execute(&tx, CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)?;
        Ok(revoked == 1)
    }

    /// Notes when grants were last used.
    pub async fn touch(&self, uses: &[(GrantId, Timestamp)]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        for (grant, at) in uses {
            execute(
                &tx,
                "UPDATE grants SET last_used_at = $2 WHERE id = $1",
                vec![grant.as_str().into(), at.as_millisecond().into()],
            )
            .await?;
        }
        tx.commit().await.map_err(broken)
    }
}

async fn insert_token<C: ConnectionTrait>(tx: &C, hash: &[u8; 32], token: &OauthToken) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO oauth_tokens (hash, grant_id, kind, resource, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            hex(hash).into(),
            token.grant.as_str().into(),
            token.kind.as_str().into(),
            token.resource.clone().into(),
            to_json(&token.scopes)?.into(),
            token.created_at.as_millisecond().into(),
            token.expires_at.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read_token(row: &QueryResult) -> Result<OauthToken, Problem> {
    let kind: String = get(row, "kind")?;
    Ok(OauthToken {
        grant: parsed(row, "grant_id")?,
        kind: if kind == OauthTokenKind::Refresh.as_str() {
            OauthTokenKind::Refresh
        } else {
            OauthTokenKind::Access
        },
        resource: get(row, "resource")?,
        scopes: json(row, "scopes")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        replaced_at: time_if(row, "replaced_at")?,
    })
}

fn read_grant(row: &QueryResult) -> Result<Grant, Problem> {
    Ok(Grant {
        id: parsed(row, "id")?,
        user: parsed(row, "user_id")?,
        workspace: parsed_if(row, "workspace_id")?,
        client_id: get(row, "client_id")?,
        client_name: get(row, "client_name")?,
        redirect_host: get(row, "redirect_host")?,
        scopes: json(row, "scopes")?,
        created_at: time(row, "created_at")?,
        last_used_at: time_if(row, "last_used_at")?,
        revoked_at: time_if(row, "revoked_at")?,
    })
}
