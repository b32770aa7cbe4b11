//! Reading jobs.

use aquatint_domain::{Job, JobId, JobState, Problem, Timestamp, WorkspaceId};
use sea_orm::Value;

use super::rows::read;
use super::{JobFilter, Jobs, QueueCounts};
use crate::columns::number;
use crate::connection::{row, rows};
use crate::page::{Page, id_cursor};

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
        let mut values: Vec<Value> = vec![workspace.as_str().into()];
        let mut conditions = "workspace_id = $1".to_owned();
        let mut and = |condition: &str, value: Value| {
            values.push(value);
            conditions.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        let after = id_cursor(cursor, JobId::PREFIX)?;
        if !after.is_empty() {
            and("id <", after.into());
        }
        if let Some(state) = filter.state {
            and("state =", state.as_str().into());
        }
        if let Some(operation) = &filter.operation {
            and("operation =", operation.as_str().into());
        }
        if !filter.include_cancelled {
            and("state <>", JobState::Cancelled.as_str().into());
        }
        if filter.top_level_only {
            conditions.push_str(" AND parent_id IS NULL");
        }
        let sql = format!(
            "SELECT * FROM jobs WHERE {conditions} ORDER BY id DESC LIMIT {}",
            limit + 1
        );
        let items = rows(self.0.read(), &sql, values)
            .await?
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |job| job.id.to_string()))
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
