//! Reading jobs.

use aquatint_domain::{Job, JobId, Problem, Timestamp, WorkspaceId};

use super::rows::read;
use super::{JobFilter, Jobs, QueueCounts};
use crate::columns::{get, number, parsed};
use crate::connection::{is_postgres, row, rows};
use crate::page::{Listing, MANY, Page, places};

impl Jobs<'_> {
    pub async fn get(&self, workspace: &WorkspaceId, id: &JobId) -> Result<Option<Job>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM jobs WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The items of a batch, in the order of the call.
    pub async fn items(&self, workspace: &WorkspaceId, batch: &JobId) -> Result<Vec<Job>, Problem> {
        let sql = "SELECT * FROM jobs WHERE parent_id = $1 AND workspace_id = $2 ORDER BY position";
        rows(
            self.0.read(),
            sql,
            vec![batch.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .iter()
        .map(read)
        .collect()
    }

    /// Newest first.
    pub async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &JobFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Job>, Problem> {
        let mut listing = Listing::of("SELECT * FROM jobs", "jobs", workspace, cursor, JobId::PREFIX)?
            .and_if("state = ?", filter.state.map(|state| state.as_str().to_owned()))
            .and_if("operation = ?", filter.operation.clone());
        if !filter.include_cancelled {
            listing = listing.and("state <> 'cancelled'");
        }
        if filter.top_level_only {
            listing = listing.and("parent_id IS NULL");
        }
        listing.page(self.0.read(), limit, read, |job| job.id.to_string()).await
    }

    /// Those of these jobs that there are, in no order.
    pub async fn get_many(&self, workspace: &WorkspaceId, ids: &[JobId]) -> Result<Vec<Job>, Problem> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(MANY) {
            let ids: Vec<&str> = some.iter().map(JobId::as_str).collect();
            let (places, values) = places(workspace, &ids);
            let sql = format!("SELECT * FROM jobs WHERE workspace_id = $1 AND id IN ({places})");
            for row in rows(self.0.read(), &sql, values).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    /// The jobs that were submitted under idempotency keys beginning like this, as far as the keys are remembered, with the rest
    /// of each key.
    pub async fn under_keys(&self, workspace: &WorkspaceId, prefix: &str) -> Result<Vec<(String, JobId)>, Problem> {
        let db = self.0.read();
        // SQLite compares bytes, so its primary key finds a range; PostgreSQL's order depends on the database's language.
        let begins = if is_postgres(db) {
            "starts_with(idem_key, $2)"
        } else {
            "idem_key >= $2 AND idem_key < $2 || char(1114111)"
        };
        let sql = format!("SELECT idem_key, job_id FROM idempotency WHERE workspace_id = $1 AND {begins}");
        rows(db, &sql, vec![workspace.as_str().into(), prefix.into()])
            .await?
            .iter()
            .map(|row| {
                let key: String = get(row, "idem_key")?;
                let rest = key.strip_prefix(prefix).unwrap_or_default().to_owned();
                Ok((rest, parsed(row, "job_id")?))
            })
            .collect()
    }

    /// Jobs that succeeded, and that failed, since then.
    pub async fn ended_since(&self, since: Timestamp) -> Result<(u64, u64), Problem> {
        let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'succeeded' THEN 1 ELSE 0 END), 0) AS BIGINT) AS well, \
                   CAST(COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS BIGINT) AS ill \
                   FROM jobs WHERE kind = 'single' AND finished_at > $1";
        let found = row(self.0.read(), sql, vec![since.as_millisecond().into()]).await?;
        found
            .as_ref()
            .map_or(Ok((0, 0)), |row| Ok((number(row, "well")?, number(row, "ill")?)))
    }

    /// Whether a workspace has as many jobs running as it may: what waits there waits for these, and not for a worker.
    pub async fn is_lane_full(&self, workspace: &WorkspaceId) -> Result<bool, Problem> {
        let sql = "SELECT 1 AS one FROM lanes WHERE workspace_id = $1 AND running >= concurrency";
        let found = row(self.0.read(), sql, vec![workspace.as_str().into()]).await?;
        Ok(found.is_some())
    }

    /// What waits and runs over all workspaces.
    pub async fn counts(&self) -> Result<QueueCounts, Problem> {
        let found = row(self.0.read(), "SELECT CAST(COALESCE(SUM(queued), 0) AS BIGINT) AS queued, CAST(COALESCE(SUM(running), 0) AS BIGINT) AS running FROM lanes", vec![]).await?;
        found.as_ref().map_or(Ok(QueueCounts::default()), |row| {
            Ok(QueueCounts {
                queued: number(row, "queued")?,
                running: number(row, "running")?,
            })
        })
    }
}
