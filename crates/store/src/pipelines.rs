//! Pipelines: names and versions. A version never changes; a change makes the next one.

use aquatint_domain::{Graph, PipelineId, Problem, Timestamp, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, json, json_if, number, parsed, parsed_if, time, to_json};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::page::{Listing, Page, like};

pub struct Pipelines<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    pub id: PipelineId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub description: String,
    /// The newest.
    pub version: u32,
    /// What it is published as: a node app.
    pub app: Option<serde_json::Value>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// One saved graph.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelineVersion {
    pub version: u32,
    pub graph: Graph,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

/// What a change says; what it does not say stays.
#[derive(Clone, Debug, Default)]
pub struct PipelineChange {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Makes a new version.
    pub graph: Option<Graph>,
    /// The version that the graph was made from; another newest one is a conflict.
    pub from_version: Option<u32>,
}

impl Pipelines<'_> {
    /// Writes a pipeline with its first version.
    pub async fn create(&self, new: &Pipeline, graph: &Graph) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO pipelines (id, workspace_id, name, description, version, created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, 1, $5, $6, $6)",
            vec![
                new.id.as_str().into(),
                new.workspace.as_str().into(),
                new.name.clone().into(),
                new.description.clone().into(),
                new.created_by.as_ref().map(|id| id.as_str().to_owned()).into(),
                new.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        insert_version(&tx, &new.id, 1, graph, new.created_by.as_ref(), new.created_at).await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &PipelineId) -> Result<Option<Pipeline>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM pipelines WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// By name, whatever its case; the newest of several.
    pub async fn by_name(&self, workspace: &WorkspaceId, name: &str) -> Result<Option<Pipeline>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM pipelines WHERE workspace_id = $1 AND LOWER(name) = LOWER($2) AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
            vec![workspace.as_str().into(), name.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The newest first; with a text, those whose name or description holds it.
    pub async fn list(
        &self,
        workspace: &WorkspaceId,
        text: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Pipeline>, Problem> {
        Listing::of(
            "SELECT * FROM pipelines",
            "pipelines",
            workspace,
            cursor,
            PipelineId::PREFIX,
        )?
        .and("deleted_at IS NULL")
        .and_if("LOWER(name || ' ' || description) LIKE ? ESCAPE '!'", text.map(like))
        .page(self.0.read(), limit, read, |pipeline| pipeline.id.to_string())
        .await
    }

    /// Those that are published as node apps, without more than `limit`; the newest first.
    pub async fn published(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Pipeline>, Problem> {
        let sql = format!(
            "SELECT * FROM pipelines WHERE workspace_id = $1 AND deleted_at IS NULL AND app IS NOT NULL ORDER BY id DESC LIMIT {limit}"
        );
        rows(self.0.read(), &sql, vec![workspace.as_str().into()])
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// A saved graph; the newest where no version is named.
    pub async fn version(&self, id: &PipelineId, version: Option<u32>) -> Result<Option<PipelineVersion>, Problem> {
        let sql = match version {
            Some(_) => "SELECT * FROM pipeline_versions WHERE pipeline_id = $1 AND version = $2",
            None => {
                "SELECT * FROM pipeline_versions WHERE pipeline_id = $1 AND version > $2 ORDER BY version DESC LIMIT 1"
            }
        };
        row(
            self.0.read(),
            sql,
            vec![id.as_str().into(), i64::from(version.unwrap_or(0)).into()],
        )
        .await?
        .as_ref()
        .map(read_version)
        .transpose()
    }

    /// The newest versions, without more than `limit`.
    pub async fn versions(&self, id: &PipelineId, limit: u32) -> Result<Vec<PipelineVersion>, Problem> {
        let sql = format!("SELECT * FROM pipeline_versions WHERE pipeline_id = $1 ORDER BY version DESC LIMIT {limit}");
        rows(self.0.read(), &sql, vec![id.as_str().into()])
            .await?
            .iter()
            .map(read_version)
            .collect()
    }

    /// Changes a pipeline; gives its newest version, or `None` where there is no such pipeline.
    pub async fn update(
        &self,
        workspace: &WorkspaceId,
        id: &PipelineId,
        change: &PipelineChange,
        by: Option<&UserId>,
        now: Timestamp,
    ) -> Result<Option<u32>, Problem> {
        let tx = self.0.begin().await?;
        // The row is locked by being written.
        let found = execute(
            &tx,
            "UPDATE pipelines SET updated_at = $3, name = COALESCE($4, name), description = COALESCE($5, description), version = version + $6 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
            vec![
                id.as_str().into(),
                workspace.as_str().into(),
                now.as_millisecond().into(),
                change.name.clone().into(),
                change.description.clone().into(),
                i64::from(change.graph.is_some()).into(),
            ],
        )
        .await?;
        if found == 0 {
            return Ok(None);
        }
        let newest = row(
            &tx,
            "SELECT version FROM pipelines WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?;
        let version: u32 = newest.as_ref().map_or(Ok(0), |row| number(row, "version"))?;
        if let Some(graph) = &change.graph {
            if change.from_version.is_some_and(|from| from + 1 != version) {
                return Err(Problem::new(
                    aquatint_domain::Code::Conflict,
                    format!(
                        "Somebody saved version {} meanwhile; yours was made from version {}.",
                        version - 1,
                        change.from_version.unwrap_or_default()
                    ),
                )
                .hint("Look at the newest version and save again with its number, or without one to save over it."));
            }
            insert_version(&tx, id, version, graph, by, now).await?;
        }
        tx.commit().await.map_err(broken)?;
        Ok(Some(version))
    }

    /// Publishes it as a node app, or takes it back.
    pub async fn publish(
        &self,
        workspace: &WorkspaceId,
        id: &PipelineId,
        app: Option<&serde_json::Value>,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let changed = execute(
            &tx,
            "UPDATE pipelines SET app = $3, updated_at = $4 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
            vec![
                id.as_str().into(),
                workspace.as_str().into(),
                app.map(serde_json::Value::to_string).into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(changed == 1)
    }

    /// Takes it out of every list. Its runs stay.
    pub async fn delete(&self, workspace: &WorkspaceId, id: &PipelineId, now: Timestamp) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let changed = execute(
            &tx,
            "UPDATE pipelines SET deleted_at = $3 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
            vec![
                id.as_str().into(),
                workspace.as_str().into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(changed == 1)
    }
}

async fn insert_version<C: sea_orm::ConnectionTrait>(
    tx: &C,
    id: &PipelineId,
    version: u32,
    graph: &Graph,
    by: Option<&UserId>,
    now: Timestamp,
) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO pipeline_versions (pipeline_id, version, graph, created_by, created_at) VALUES ($1, $2, $3, $4, $5)",
        vec![
            id.as_str().into(),
            i64::from(version).into(),
            to_json(graph)?.into(),
            by.map(|id| id.as_str().to_owned()).into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Pipeline, Problem> {
    Ok(Pipeline {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        name: get(row, "name")?,
        description: get(row, "description")?,
        version: number(row, "version")?,
        app: json_if(row, "app")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}

fn read_version(row: &QueryResult) -> Result<PipelineVersion, Problem> {
    Ok(PipelineVersion {
        version: number(row, "version")?,
        graph: json(row, "graph")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
    })
}
