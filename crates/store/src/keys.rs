//! API keys: only hashes of secrets. A revision number tells every process that a key has changed.

use aquatint_domain::{ApiKeyId, Balance, Problem, Scope, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, hex, json, millis_if, number, parsed, parsed_if, time, time_if, to_json};
use crate::connection::{Connections, broken, execute, row, rows};

pub struct Keys<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewKey {
    pub id: ApiKeyId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub kind_prefix: String,
    pub last4: String,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    pub expires_at: Option<Timestamp>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

/// Tells every process to forget what it remembers of keys, grants, members and plans.
pub(crate) const CHANGED: &str = "UPDATE facts SET value = value + 1 WHERE name = 'keys_revision'";

impl Keys<'_> {
    pub async fn insert(&self, new: NewKey) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO api_keys (id, workspace_id, name, prefix, last4, hash, scopes, balance, expires_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            vec![
                new.id.as_str().into(),
                new.workspace.as_str().into(),
                new.name.into(),
                new.kind_prefix.into(),
                new.last4.into(),
                hex(&new.hash).into(),
                to_json(&new.scopes)?.into(),
                new.balance.as_str().into(),
                millis_if(new.expires_at).into(),
                new.created_by.map(|user| user.as_str().to_owned()).into(),
                new.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        execute(&tx, CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM api_keys WHERE hash = $1",
            vec![hex(hash).into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn get(&self, id: &ApiKeyId) -> Result<Option<ApiKey>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM api_keys WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Keys of a workspace, the newest first, revoked ones too.
    pub async fn list(&self, workspace: &WorkspaceId) -> Result<Vec<ApiKey>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM api_keys WHERE workspace_id = $1 ORDER BY id DESC",
            vec![workspace.as_str().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Whether a live key was revoked by this call.
    pub async fn revoke(&self, workspace: &WorkspaceId, id: &ApiKeyId, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let revoked = execute(
            &tx,
            "UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND workspace_id = $2 AND revoked_at IS NULL",
            vec![
                id.as_str().into(),
                workspace.as_str().into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        execute(&tx, CHANGED, vec![]).await?;
        tx.commit().await.map_err(broken)?;
        Ok(revoked == 1)
    }

    /// A number that grows with every change of a key or a plan.
    pub async fn revision(&self) -> Result<i64, Problem> {
        let found = row(
            self.0.read(),
            "SELECT value FROM facts WHERE name = 'keys_revision'",
            vec![],
        )
        .await?;
        found.as_ref().map_or(Ok(0), |row| get(row, "value"))
    }

    /// Notes when keys were last used.
    pub async fn touch(&self, uses: &[(ApiKeyId, Timestamp)]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        for (key, at) in uses {
            execute(
                &tx,
                "UPDATE api_keys SET last_used_at = $2 WHERE id = $1",
                vec![key.as_str().into(), at.as_millisecond().into()],
            )
            .await?;
        }
        tx.commit().await.map_err(broken)
    }

    /// Requests of a day (`2026-11-20`, UTC) by key or grant.
    pub async fn day_counts(&self, day: &str) -> Result<Vec<(String, u32)>, Problem> {
        let found = rows(
            self.0.read(),
            "SELECT key_id, count FROM key_days WHERE day = $1",
            vec![day.into()],
        )
        .await?;
        found
            .iter()
            .map(|row| Ok((get(row, "key_id")?, number(row, "count")?)))
            .collect()
    }

    pub async fn add_day_counts(&self, day: &str, counts: &[(String, u32)]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        for (key, count) in counts {
            execute(
                &tx,
                "INSERT INTO key_days (day, key_id, count) VALUES ($1, $2, $3) ON CONFLICT (day, key_id) DO UPDATE SET count = key_days.count + excluded.count",
                vec![day.into(), key.as_str().into(), i64::from(*count).into()],
            )
            .await?;
        }
        execute(&tx, "DELETE FROM key_days WHERE day < $1", vec![day.into()]).await?;
        tx.commit().await.map_err(broken)
    }
}

fn read(row: &QueryResult) -> Result<ApiKey, Problem> {
    Ok(ApiKey {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        name: get(row, "name")?,
        prefix: get(row, "prefix")?,
        last4: get(row, "last4")?,
        scopes: json(row, "scopes")?,
        balance: parsed(row, "balance")?,
        expires_at: time_if(row, "expires_at")?,
        last_used_at: time_if(row, "last_used_at")?,
        revoked_at: time_if(row, "revoked_at")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
    })
}
