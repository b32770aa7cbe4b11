//! Share links: public pages of a selection of assets, or of a collection as it is at the time.

use aquatint_domain::{Asset, AssetId, CollectionId, Problem, ShareId, Timestamp, UserId, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::assets;
use crate::columns::{flag, get, hex, millis_if, number, parsed, parsed_if, time, time_if};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::page::{Page, id_cursor, number_cursor};

pub struct Shares<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub id: ShareId,
    pub workspace: WorkspaceId,
    pub title: Option<String>,
    /// The collection that is shown; a selection has none.
    pub collection: Option<CollectionId>,
    /// PHC string.
    pub password_hash: Option<String>,
    pub allow_downloads: bool,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub view_count: u64,
    pub last_viewed_at: Option<Timestamp>,
    pub asset_count: u64,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    /// SHA-256 of the secret in the link, hex.
    pub hash: String,
}

/// Makes a repeated call find the first one's share.
#[derive(Clone, Debug)]
pub struct ShareKey {
    pub key: String,
    pub request_hash: [u8; 32],
}

const SELECT: &str = "SELECT shares.*, CASE WHEN shares.collection_id IS NULL \
    THEN (SELECT COUNT(*) FROM share_assets JOIN assets ON assets.id = share_assets.asset_id WHERE share_assets.share_id = shares.id AND assets.deleted_at IS NULL) \
    ELSE (SELECT COUNT(*) FROM collection_assets JOIN assets ON assets.id = collection_assets.asset_id WHERE collection_assets.collection_id = shares.collection_id AND assets.deleted_at IS NULL) \
    END AS asset_count FROM shares";

impl Shares<'_> {
    /// Writes a share and, for a selection, its assets in their order. Gives the id of the share that then stands there: a key
    /// that was used before finds what it made.
    pub async fn insert(
        &self,
        hash: &[u8; 32],
        share: &Share,
        selection: &[AssetId],
        once: Option<&ShareKey>,
    ) -> Result<ShareId, Problem> {
        let tx = self.0.begin().await?;
        let inserted = execute(
            &tx,
            "INSERT INTO shares (id, workspace_id, hash, title, collection_id, password_hash, allow_downloads, expires_at, view_count, created_by, created_at, idem_key, request_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12) \
             ON CONFLICT (workspace_id, idem_key) WHERE idem_key IS NOT NULL DO NOTHING",
            vec![
                share.id.as_str().into(),
                share.workspace.as_str().into(),
                hex(hash).into(),
                share.title.clone().into(),
                share.collection.as_ref().map(|id| id.as_str().to_owned()).into(),
                share.password_hash.clone().into(),
                i64::from(share.allow_downloads).into(),
                millis_if(share.expires_at).into(),
                share.created_by.as_ref().map(|id| id.as_str().to_owned()).into(),
                share.created_at.as_millisecond().into(),
                once.map(|once| once.key.clone()).into(),
                once.map(|once| hex(&once.request_hash)).into(),
            ],
        )
        .await?;
        if let (0, Some(once)) = (inserted, once) {
            let known = row(
                &tx,
                "SELECT id, request_hash FROM shares WHERE workspace_id = $1 AND idem_key = $2",
                vec![share.workspace.as_str().into(), once.key.clone().into()],
            )
            .await?
            .ok_or_else(|| Problem::internal("a share is gone while it is looked at"))?;
            if get::<String>(&known, "request_hash")? != hex(&once.request_hash) {
                return Err(Problem::new(
                    aquatint_domain::Code::IdempotencyMismatch,
                    "This idempotency key was used with other arguments.",
                )
                .at("idempotency_key")
                .hint("Use a new key for a new call; send the same arguments when retrying."));
            }
            return parsed(&known, "id");
        }
        select(&tx, &share.id, selection).await?;
        tx.commit().await.map_err(broken)?;
        Ok(share.id.clone())
    }

    /// Writes what can change about a share; `selection` replaces the assets.
    pub async fn update(&self, share: &Share, selection: Option<&[AssetId]>) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE shares SET title = $3, password_hash = $4, allow_downloads = $5, expires_at = $6, revoked_at = $7 WHERE id = $1 AND workspace_id = $2",
            vec![
                share.id.as_str().into(),
                share.workspace.as_str().into(),
                share.title.clone().into(),
                share.password_hash.clone().into(),
                i64::from(share.allow_downloads).into(),
                millis_if(share.expires_at).into(),
                millis_if(share.revoked_at).into(),
            ],
        )
        .await?;
        if let Some(selection) = selection {
            execute(
                &tx,
                "DELETE FROM share_assets WHERE share_id = $1",
                vec![share.id.as_str().into()],
            )
            .await?;
            select(&tx, &share.id, selection).await?;
        }
        tx.commit().await.map_err(broken)
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &ShareId) -> Result<Option<Share>, Problem> {
        let sql = format!("{SELECT} WHERE shares.id = $1 AND shares.workspace_id = $2");
        row(self.0.read(), &sql, vec![id.as_str().into(), workspace.as_str().into()])
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }

    pub async fn by_hash(&self, hash: &[u8; 32]) -> Result<Option<Share>, Problem> {
        let sql = format!("{SELECT} WHERE shares.hash = $1");
        row(self.0.read(), &sql, vec![hex(hash).into()])
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
    ) -> Result<Page<Share>, Problem> {
        let after = id_cursor(cursor, ShareId::PREFIX)?;
        let sql = format!(
            "{SELECT} WHERE shares.workspace_id = $1 AND ($2 = '' OR shares.id < $2) ORDER BY shares.id DESC LIMIT {}",
            limit + 1
        );
        let items = rows(self.0.read(), &sql, vec![workspace.as_str().into(), after.into()])
            .await?
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |share| share.id.to_string()))
    }

    /// What a visitor sees, in its order: the selection's, or that in which assets came into the collection.
    pub async fn contents(&self, share: &Share, cursor: Option<&str>, limit: u32) -> Result<Page<Asset>, Problem> {
        let (join, on, order) = match &share.collection {
            Some(collection) => (
                "collection_assets",
                Value::from(collection.as_str()),
                "collection_assets.added_at",
            ),
            None => ("share_assets", Value::from(share.id.as_str()), "share_assets.position"),
        };
        let key = if share.collection.is_some() {
            "collection_id"
        } else {
            "share_id"
        };
        let (place, id) = number_cursor(cursor)?.unwrap_or((i64::MIN, ""));
        let sql = format!(
            "SELECT assets.*, {order} AS place FROM {join} JOIN assets ON assets.id = {join}.asset_id \
             WHERE {join}.{key} = $1 AND assets.workspace_id = $2 AND assets.deleted_at IS NULL \
             AND ({order} > $3 OR ({order} = $3 AND assets.id > $4)) ORDER BY {order}, assets.id LIMIT {}",
            limit + 1
        );
        let values = vec![on, share.workspace.as_str().into(), place.into(), id.into()];
        let items = rows(self.0.read(), &sql, values)
            .await?
            .iter()
            .map(|row| Ok((get::<i64>(row, "place")?, assets::read(row)?)))
            .collect::<Result<Vec<_>, Problem>>()?;
        let page = Page::of(items, limit, |(place, asset)| format!("{place}-{}", asset.id));
        Ok(Page {
            items: page.items.into_iter().map(|(_, asset)| asset).collect(),
            next_cursor: page.next_cursor,
        })
    }

    /// One asset, if a visitor of the share may see it.
    pub async fn asset(&self, share: &Share, id: &AssetId) -> Result<Option<Asset>, Problem> {
        let (within, key) = match &share.collection {
            Some(collection) => ("collection_assets WHERE collection_id = $3", collection.as_str()),
            None => ("share_assets WHERE share_id = $3", share.id.as_str()),
        };
        let sql = format!(
            "SELECT * FROM assets WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL AND id IN (SELECT asset_id FROM {within})"
        );
        row(
            self.0.read(),
            &sql,
            vec![id.as_str().into(), share.workspace.as_str().into(), key.into()],
        )
        .await?
        .as_ref()
        .map(assets::read)
        .transpose()
    }

    pub async fn count_view(&self, id: &ShareId, now: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE shares SET view_count = view_count + 1, last_viewed_at = $2 WHERE id = $1",
            vec![id.as_str().into(), now.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Removes a share. `false` when there is none.
    pub async fn delete(&self, workspace: &WorkspaceId, id: &ShareId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let ids: Vec<Value> = vec![id.as_str().into(), workspace.as_str().into()];
        execute(
            &tx,
            "DELETE FROM share_assets WHERE share_id IN (SELECT id FROM shares WHERE id = $1 AND workspace_id = $2)",
            ids.clone(),
        )
        .await?;
        let gone = execute(&tx, "DELETE FROM shares WHERE id = $1 AND workspace_id = $2", ids).await?;
        tx.commit().await.map_err(broken)?;
        Ok(gone == 1)
    }
}

async fn select<C: ConnectionTrait>(tx: &C, share: &ShareId, selection: &[AssetId]) -> Result<(), Problem> {
    for (position, asset) in selection.iter().enumerate() {
        execute(
            tx,
            "INSERT INTO share_assets (share_id, asset_id, position) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![share.as_str().into(), asset.as_str().into(), (position as i64).into()],
        )
        .await?;
    }
    Ok(())
}

fn read(row: &QueryResult) -> Result<Share, Problem> {
    Ok(Share {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        title: get(row, "title")?,
        collection: parsed_if(row, "collection_id")?,
        password_hash: get(row, "password_hash")?,
        allow_downloads: flag(row, "allow_downloads")?,
        expires_at: time_if(row, "expires_at")?,
        revoked_at: time_if(row, "revoked_at")?,
        view_count: number(row, "view_count")?,
        last_viewed_at: time_if(row, "last_viewed_at")?,
        asset_count: number(row, "asset_count")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
        hash: get(row, "hash")?,
    })
}
