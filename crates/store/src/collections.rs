//! Collections: named groups of assets.

use aquatint_domain::{Asset, AssetId, CollectionId, Problem, Timestamp, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::assets;
use crate::columns::{get, number, parsed, parsed_if, time};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::page::{Listing, Page, number_cursor};

pub struct Collections<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    pub id: CollectionId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub description: Option<String>,
    pub asset_count: u32,
    /// The asset that was added last.
    pub cover: Option<AssetId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct NewCollection {
    pub id: CollectionId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub description: Option<String>,
    pub created_at: Timestamp,
}

const SELECT: &str = "SELECT collections.*, \
    (SELECT COUNT(*) FROM collection_assets JOIN assets ON assets.id = collection_assets.asset_id WHERE collection_id = collections.id AND assets.deleted_at IS NULL) AS asset_count, \
    (SELECT asset_id FROM collection_assets JOIN assets ON assets.id = collection_assets.asset_id WHERE collection_id = collections.id AND assets.deleted_at IS NULL ORDER BY added_at DESC, asset_id DESC LIMIT 1) AS cover \
    FROM collections";

impl Collections<'_> {
    pub async fn create(&self, new: NewCollection, assets: &[AssetId]) -> Result<Collection, Problem> {
        let tx = self.0.begin().await?;
        let at = new.created_at.as_millisecond();
        execute(
            &tx,
            "INSERT INTO collections (id, workspace_id, name, description, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)",
            vec![new.id.as_str().into(), new.workspace.as_str().into(), new.name.into(), new.description.into(), at.into()],
        )
        .await?;
        add(&tx, &new.id, assets, new.created_at).await?;
        tx.commit().await.map_err(broken)?;
        self.get(&new.workspace, &new.id)
            .await?
            .ok_or_else(|| Problem::internal("a collection vanished"))
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &CollectionId) -> Result<Option<Collection>, Problem> {
        let sql = format!("{SELECT} WHERE collections.id = $1 AND collections.workspace_id = $2");
        row(self.0.read(), &sql, vec![id.as_str().into(), workspace.as_str().into()])
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    pub async fn by_name(&self, workspace: &WorkspaceId, name: &str) -> Result<Option<Collection>, Problem> {
        let sql = format!(
            "{SELECT} WHERE LOWER(collections.name) = LOWER($1) AND collections.workspace_id = $2 ORDER BY collections.id LIMIT 1"
        );
        row(self.0.read(), &sql, vec![name.into(), workspace.as_str().into()])
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    /// Newest first.
    pub async fn list(
        &self,
        workspace: &WorkspaceId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Collection>, Problem> {
        self.matching(workspace, None, cursor, limit).await
    }

    /// Collections whose name or description holds the text, whatever its case.
    pub async fn search(
        &self,
        workspace: &WorkspaceId,
        text: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Collection>, Problem> {
        self.matching(workspace, Some(text), cursor, limit).await
    }

    async fn matching(
        &self,
        workspace: &WorkspaceId,
        text: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Collection>, Problem> {
        Listing::of(SELECT, "collections", workspace, cursor, CollectionId::PREFIX)?
            .and_if(
                "LOWER(collections.name || ' ' || COALESCE(collections.description, '')) LIKE ? ESCAPE '!'",
                text.map(crate::page::like),
            )
            .page(self.0.read(), limit, read, |collection| collection.id.to_string())
            .await
    }

    /// Puts assets into a collection; what is in it already stays once.
    pub async fn add(
        &self,
        workspace: &WorkspaceId,
        id: &CollectionId,
        assets: &[AssetId],
        now: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        let owned = row(
            &tx,
            "SELECT id FROM collections WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?;
        if owned.is_none() {
            return Err(Problem::not_found("collection", id));
        }
        add(&tx, id, assets, now).await?;
        tx.commit().await.map_err(broken)
    }

    /// Takes assets out of a collection; says how many were in it.
    pub async fn take_out(
        &self,
        workspace: &WorkspaceId,
        id: &CollectionId,
        assets: &[AssetId],
        now: Timestamp,
    ) -> Result<u64, Problem> {
        let tx = self.0.begin().await?;
        let mut gone = 0;
        for asset in assets {
            gone += execute(
                &tx,
                "DELETE FROM collection_assets WHERE collection_id = $1 AND asset_id = $2 AND EXISTS (SELECT 1 FROM collections WHERE id = $1 AND workspace_id = $3)",
                vec![id.as_str().into(), asset.as_str().into(), workspace.as_str().into()],
            )
            .await?;
        }
        execute(
            &tx,
            "UPDATE collections SET updated_at = $2 WHERE id = $1",
            vec![id.as_str().into(), now.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(gone)
    }

    pub async fn rename(
        &self,
        workspace: &WorkspaceId,
        id: &CollectionId,
        name: &str,
        description: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE collections SET name = $3, description = $4, updated_at = $5 WHERE id = $1 AND workspace_id = $2",
            vec![
                id.as_str().into(),
                workspace.as_str().into(),
                name.into(),
                description.map(str::to_owned).into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Removes a collection; its assets stay, and links that show it go. `false` when there is none.
    pub async fn delete(&self, workspace: &WorkspaceId, id: &CollectionId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let ids: Vec<Value> = vec![id.as_str().into(), workspace.as_str().into()];
        let owned = "SELECT id FROM collections WHERE id = $1 AND workspace_id = $2";
        if row(&tx, owned, ids.clone()).await?.is_none() {
            return Ok(false);
        }
        execute(
            &tx,
            "DELETE FROM collection_assets WHERE collection_id = $1",
            vec![id.as_str().into()],
        )
        .await?;
        execute(
            &tx,
            "DELETE FROM shares WHERE collection_id = $1 AND workspace_id = $2",
            ids.clone(),
        )
        .await?;
        execute(&tx, "DELETE FROM collections WHERE id = $1 AND workspace_id = $2", ids).await?;
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }

    /// The assets of a collection, the last added first.
    pub async fn contents(
        &self,
        workspace: &WorkspaceId,
        id: &CollectionId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Asset>, Problem> {
        let mut values: Vec<Value> = vec![id.as_str().into(), workspace.as_str().into()];
        let mut conditions =
            "collection_assets.collection_id = $1 AND assets.workspace_id = $2 AND assets.deleted_at IS NULL"
                .to_owned();
        if let Some((added_at, asset)) = number_cursor(cursor)? {
            values.push(added_at.into());
            values.push(asset.into());
            conditions.push_str(
                " AND (collection_assets.added_at < $3 OR (collection_assets.added_at = $3 AND assets.id < $4))",
            );
        }
        let sql = format!(
            "SELECT assets.*, collection_assets.added_at AS added_at FROM collection_assets JOIN assets ON assets.id = collection_assets.asset_id \
             WHERE {conditions} ORDER BY collection_assets.added_at DESC, assets.id DESC LIMIT {}",
            limit + 1
        );
        let found = rows(self.0.read(), &sql, values).await?;
        let items = found
            .iter()
            .map(|row| Ok((get::<i64>(row, "added_at")?, assets::read(row)?)))
            .collect::<Result<Vec<_>, Problem>>()?;
        let page = Page::of(items, limit, |(added_at, asset)| format!("{added_at}-{}", asset.id));
        Ok(Page {
            items: page.items.into_iter().map(|(_, asset)| asset).collect(),
            next_cursor: page.next_cursor,
        })
    }
}

pub(crate) async fn add<C: ConnectionTrait>(
    tx: &C,
    id: &CollectionId,
    assets: &[AssetId],
    now: Timestamp,
) -> Result<(), Problem> {
    for asset in assets {
        execute(
            tx,
            "INSERT INTO collection_assets (collection_id, asset_id, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![id.as_str().into(), asset.as_str().into(), now.as_millisecond().into()],
        )
        .await?;
    }
    execute(
        tx,
        "UPDATE collections SET updated_at = $2 WHERE id = $1",
        vec![id.as_str().into(), now.as_millisecond().into()],
    )
    .await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Collection, Problem> {
    Ok(Collection {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        name: get(row, "name")?,
        description: get(row, "description")?,
        asset_count: number(row, "asset_count")?,
        cover: parsed_if(row, "cover")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
    })
}
