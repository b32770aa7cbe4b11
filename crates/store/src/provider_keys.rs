//! Keys of vendors' accounts, sealed: one for each vendor on the server, and one in each workspace that brings its own.

use aquatint_domain::{Problem, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, millis_if, parsed_if, time, time_if};
use crate::connection::{Connections, broken, execute, row, rows};

pub struct ProviderKeys<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct ProviderKey {
    pub id: String,
    /// `None` for the server's own.
    pub workspace: Option<WorkspaceId>,
    /// The vendor's id.
    pub provider: String,
    /// Opens beside the row's id alone.
    pub sealed: String,
    /// The last characters, by which a person knows it.
    pub tail: String,
    /// A server in place of the vendor's own.
    pub base_url: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub checked_at: Option<Timestamp>,
    /// What the last check said: `ok`, or the code of its problem.
    pub verdict: Option<String>,
}

impl ProviderKeys<'_> {
    /// Puts a key in the place of the one that was there, which is set aside for what it bought.
    pub async fn put(&self, new: &ProviderKey) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        let place = place(new.workspace.as_ref());
        execute(
            &tx,
            "INSERT INTO replaced_provider_keys (id, workspace_id, provider, sealed, tail, base_url, created_by, created_at, checked_at, verdict, replaced_at) SELECT id, workspace_id, provider, sealed, tail, base_url, created_by, created_at, checked_at, verdict, $3 FROM provider_keys WHERE workspace_id = $1 AND provider = $2",
            vec![
                place.into(),
                new.provider.as_str().into(),
                new.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        execute(
            &tx,
            "DELETE FROM provider_keys WHERE workspace_id = $1 AND provider = $2",
            vec![place.into(), new.provider.as_str().into()],
        )
        .await?;
        execute(
            &tx,
            "INSERT INTO provider_keys (id, workspace_id, provider, sealed, tail, base_url, created_by, created_at, checked_at, verdict) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            vec![
                new.id.as_str().into(),
                place.into(),
                new.provider.as_str().into(),
                new.sealed.as_str().into(),
                new.tail.as_str().into(),
                new.base_url.clone().into(),
                new.created_by.as_ref().map(|user| user.as_str().to_owned()).into(),
                new.created_at.as_millisecond().into(),
                millis_if(new.checked_at).into(),
                new.verdict.clone().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// The keys that a workspace can use: its own and the server's, by vendor; its own come first.
    pub async fn usable(&self, workspace: &WorkspaceId) -> Result<Vec<ProviderKey>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM provider_keys WHERE workspace_id IN ($1, '') ORDER BY provider, workspace_id DESC",
            vec![workspace.as_str().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// The key in exactly that place.
    pub async fn get(&self, workspace: Option<&WorkspaceId>, provider: &str) -> Result<Option<ProviderKey>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM provider_keys WHERE workspace_id = $1 AND provider = $2",
            vec![place(workspace).into(), provider.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The key of that id, also one that was replaced since.
    pub async fn by_id(&self, id: &str) -> Result<Option<ProviderKey>, Problem> {
        const COLUMNS: &str =
            "id, workspace_id, provider, sealed, tail, base_url, created_by, created_at, checked_at, verdict";
        row(
            self.0.read(),
            &format!("SELECT {COLUMNS} FROM provider_keys WHERE id = $1 UNION ALL SELECT {COLUMNS} FROM replaced_provider_keys WHERE id = $1"),
            vec![id.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Whether there was one. Those that it replaced go with it.
    pub async fn remove(&self, workspace: Option<&WorkspaceId>, provider: &str) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let removed = execute(
            &tx,
            "DELETE FROM provider_keys WHERE workspace_id = $1 AND provider = $2",
            vec![place(workspace).into(), provider.into()],
        )
        .await?;
        execute(
            &tx,
            "DELETE FROM replaced_provider_keys WHERE workspace_id = $1 AND provider = $2",
            vec![place(workspace).into(), provider.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(removed == 1)
    }

    /// Notes what a check said.
    pub async fn checked(&self, id: &str, verdict: &str, now: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE provider_keys SET checked_at = $2, verdict = $3 WHERE id = $1",
            vec![id.into(), now.as_millisecond().into(), verdict.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }
}

fn place(workspace: Option<&WorkspaceId>) -> &str {
    workspace.map_or("", WorkspaceId::as_str)
}

fn read(row: &QueryResult) -> Result<ProviderKey, Problem> {
    let place: String = get(row, "workspace_id")?;
    Ok(ProviderKey {
        id: get(row, "id")?,
        workspace: if place.is_empty() {
            None
        } else {
            parsed_if(row, "workspace_id")?
        },
        provider: get(row, "provider")?,
        sealed: get(row, "sealed")?,
        tail: get(row, "tail")?,
        base_url: get(row, "base_url")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
        checked_at: time_if(row, "checked_at")?,
        verdict: get(row, "verdict")?,
    })
}
