//! Assets: rows of immutable media. Full text stands here twice, once for each database.

use aquatint_domain::{
    Asset, AssetId, AssetSource, BlobHash, CollectionId, JobId, Measures, MediaKind, Problem, Timestamp, UserId,
    WorkspaceId,
};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::columns::{flag, get, json, json_if, number, parsed, parsed_if, time, to_json};
use crate::connection::{Connections, DatabaseKind, broken, execute, row, rows};
use crate::page::{MANY, Page, id_cursor, places, refuse_cursor};

/// Words of a query that are looked at; the rest adds nothing.
const QUERY_WORDS: usize = 16;

pub struct Assets<'a>(pub(crate) &'a Connections);

/// What narrows a list; everything given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetFilter {
    pub kind: Option<MediaKind>,
    pub source: Option<AssetSource>,
    pub tag: Option<String>,
    pub collection: Option<CollectionId>,
    pub model: Option<String>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    pub job: Option<JobId>,
}

impl Assets<'_> {
    pub async fn insert(&self, asset: &Asset) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        insert(&tx, asset).await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &AssetId) -> Result<Option<Asset>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM assets WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// An asset, also one in the trash.
    pub async fn get_or_trashed(&self, workspace: &WorkspaceId, id: &AssetId) -> Result<Option<Asset>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM assets WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Those of the ids that exist, in no particular order.
    pub async fn get_many(&self, workspace: &WorkspaceId, ids: &[AssetId]) -> Result<Vec<Asset>, Problem> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(MANY) {
            let ids: Vec<&str> = some.iter().map(AssetId::as_str).collect();
            let (places, values) = places(workspace, &ids);
            let sql =
                format!("SELECT * FROM assets WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN ({places})");
            for row in rows(self.0.read(), &sql, values).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    /// Newest first.
    pub async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &AssetFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Asset>, Problem> {
        let mut query = Narrowed::new(workspace, filter);
        let after = id_cursor(cursor, AssetId::PREFIX)?;
        if !after.is_empty() {
            query.and("assets.id <", after.into());
        }
        let sql = format!(
            "SELECT assets.* FROM assets{} WHERE {} ORDER BY assets.id DESC LIMIT {}",
            query.from,
            query.conditions,
            limit + 1
        );
        let items = rows(self.0.read(), &sql, query.values)
            .await?
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, |asset| asset.id.to_string()))
    }

    /// Assets whose title, tags, prompt or operation hold every word (its beginning is enough), best first.
    pub async fn search(
        &self,
        workspace: &WorkspaceId,
        text: &str,
        filter: &AssetFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Asset>, Problem> {
        // Only letters and digits reach the query language, so no text from outside is its syntax.
        let words: Vec<String> = text
            .split(|ch: char| !ch.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(QUERY_WORDS)
            .map(str::to_lowercase)
            .collect();
        let offset: u64 = cursor.map_or(Ok(0), |cursor| cursor.parse().map_err(|_| refuse_cursor()))?;
        if words.is_empty() {
            return Ok(Page {
                items: Vec::new(),
                next_cursor: None,
            });
        }
        let mut query = Narrowed::new(workspace, filter);
        let order = match self.0.kind {
            DatabaseKind::Sqlite => {
                query
                    .from
                    .push_str(" JOIN asset_words ON asset_words.asset_id = assets.id");
                query.and(
                    "asset_words MATCH",
                    words
                        .iter()
                        .map(|word| format!("\"{word}\"*"))
                        .collect::<Vec<_>>()
                        .join(" ")
                        .into(),
                );
                "asset_words.rank, assets.id DESC".to_owned()
            }
            DatabaseKind::Postgres => {
                query.values.push(
                    words
                        .iter()
                        .map(|word| format!("{word}:*"))
                        .collect::<Vec<_>>()
                        .join(" & ")
                        .into(),
                );
                let place = query.values.len();
                query.conditions.push_str(&format!(
                    " AND to_tsvector('simple', assets.words) @@ to_tsquery('simple', ${place})"
                ));
                format!(
                    "ts_rank(to_tsvector('simple', assets.words), to_tsquery('simple', ${place})) DESC, assets.id DESC"
                )
            }
        };
        let sql = format!(
            "SELECT assets.* FROM assets{} WHERE {} ORDER BY {order} LIMIT {} OFFSET {offset}",
            query.from,
            query.conditions,
            limit + 1
        );
        let items = rows(self.0.read(), &sql, query.values)
            .await?
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        let next = (offset + u64::from(limit)).to_string();
        Ok(Page::of(items, limit, |_| next.clone()))
    }

    /// The oldest asset of a workspace with these bytes.
    pub async fn by_blob(&self, workspace: &WorkspaceId, blob: &BlobHash) -> Result<Option<Asset>, Problem> {
        let sql = "SELECT * FROM assets WHERE blob = $1 AND workspace_id = $2 AND deleted_at IS NULL ORDER BY CASE WHEN source IN ('upload', 'import') THEN 0 ELSE 1 END, id LIMIT 1";
        row(
            self.0.read(),
            sql,
            vec![blob.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    pub async fn blob_in_use(&self, blob: &BlobHash) -> Result<bool, Problem> {
        Ok(row(
            self.0.read(),
            "SELECT id FROM assets WHERE blob = $1 LIMIT 1",
            vec![blob.as_str().into()],
        )
        .await?
        .is_some())
    }

    /// Gives an asset another title and other tags.
    pub async fn rename(&self, asset: &Asset) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE assets SET title = $3, tags = $4, words = $5 WHERE id = $1 AND workspace_id = $2",
            vec![
                asset.id.as_str().into(),
                asset.workspace.as_str().into(),
                asset.title.clone().into(),
                to_json(&asset.tags)?.into(),
                words_of(asset).into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Puts assets into the trash; says which were not in it before.
    pub async fn trash(
        &self,
        workspace: &WorkspaceId,
        ids: &[AssetId],
        by: Option<&UserId>,
        now: Timestamp,
    ) -> Result<Vec<AssetId>, Problem> {
        let by: Value = by.map(|user| user.as_str().to_owned()).into();
        let what = "UPDATE assets SET deleted_at = $3, deleted_by = $4 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
        self.each(workspace, ids, what, vec![now.as_millisecond().into(), by])
            .await
    }

    /// Takes assets out of the trash; says which were in it.
    pub async fn restore(&self, workspace: &WorkspaceId, ids: &[AssetId]) -> Result<Vec<AssetId>, Problem> {
        let what = "UPDATE assets SET deleted_at = NULL, deleted_by = NULL WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NOT NULL";
        self.each(workspace, ids, what, Vec::new()).await
    }

    async fn each(
        &self,
        workspace: &WorkspaceId,
        ids: &[AssetId],
        sql: &str,
        more: Vec<Value>,
    ) -> Result<Vec<AssetId>, Problem> {
        let tx = self.0.begin().await?;
        let mut done = Vec::new();
        for id in ids {
            let mut values: Vec<Value> = vec![id.as_str().into(), workspace.as_str().into()];
            values.extend(more.iter().cloned());
            if execute(&tx, sql, values).await? == 1 {
                done.push(id.clone());
            }
        }
        tx.commit().await.map_err(broken)?;
        Ok(done)
    }

    /// The trash, what came last first: each asset, when it came and who put it there.
    pub async fn trashed(
        &self,
        workspace: &WorkspaceId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<(Asset, Timestamp, Option<UserId>)>, Problem> {
        let (at, id) = crate::page::number_cursor(cursor)?.unwrap_or((i64::MAX, ""));
        let sql = format!(
            "SELECT * FROM assets WHERE workspace_id = $1 AND deleted_at IS NOT NULL AND (deleted_at < $2 OR (deleted_at = $2 AND id < $3)) ORDER BY deleted_at DESC, id DESC LIMIT {}",
            limit + 1
        );
        let items = rows(
            self.0.read(),
            &sql,
            vec![workspace.as_str().into(), at.into(), id.into()],
        )
        .await?
        .iter()
        .map(|row| Ok((read(row)?, time(row, "deleted_at")?, parsed_if(row, "deleted_by")?)))
        .collect::<Result<Vec<_>, Problem>>()?;
        Ok(Page::of(items, limit, |(asset, at, _)| {
            format!("{}-{}", at.as_millisecond(), asset.id)
        }))
    }

    /// Removes trashed assets for good; their bytes go with the next sweep. `by` limits it to what that person put there.
    pub async fn purge(
        &self,
        workspace: &WorkspaceId,
        ids: &[AssetId],
        by: Option<&UserId>,
    ) -> Result<Vec<AssetId>, Problem> {
        let tx = self.0.begin().await?;
        let mut gone = Vec::new();
        for id in ids {
            let values: Vec<Value> = vec![
                id.as_str().into(),
                workspace.as_str().into(),
                by.map_or("", |user| user.as_str()).to_owned().into(),
            ];
            let sql = "SELECT id FROM assets WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NOT NULL AND ($3 = '' OR deleted_by = $3)";
            if row(&tx, sql, values).await?.is_some() {
                remove(&tx, id).await?;
                gone.push(id.clone());
            }
        }
        tx.commit().await.map_err(broken)?;
        Ok(gone)
    }

    /// Removes what has been in the trash since before then; says how many.
    pub async fn purge_before(&self, before: Timestamp) -> Result<u64, Problem> {
        let mut gone = 0;
        loop {
            let old = rows(
                self.0.read(),
                "SELECT id FROM assets WHERE deleted_at < $1 LIMIT 500",
                vec![before.as_millisecond().into()],
            )
            .await?;
            if old.is_empty() {
                return Ok(gone);
            }
            let tx = self.0.begin().await?;
            for row in &old {
                remove(&tx, &parsed(row, "id")?).await?;
                gone += 1;
            }
            tx.commit().await.map_err(broken)?;
        }
    }

    /// How often tags, models, sources and kinds occur, the commonest first: `(facet, name, count)`.
    pub async fn facets(&self, workspace: &WorkspaceId) -> Result<Vec<(String, String, u64)>, Problem> {
        let tags = match self.0.kind {
            DatabaseKind::Sqlite => "json_each(assets.tags) AS tag",
            DatabaseKind::Postgres => "json_array_elements_text(CAST(assets.tags AS JSON)) AS tag(value)",
        };
        let live = "assets.workspace_id = $1 AND assets.deleted_at IS NULL";
        let mut found = Vec::new();
        for (facet, sql) in [
            (
                "tags",
                format!(
                    "SELECT tag.value AS name, COUNT(*) AS many FROM assets, {tags} WHERE {live} GROUP BY tag.value ORDER BY many DESC, name LIMIT 100"
                ),
            ),
            (
                "models",
                format!(
                    "SELECT model AS name, COUNT(*) AS many FROM assets WHERE {live} AND model IS NOT NULL GROUP BY model ORDER BY many DESC, name LIMIT 100"
                ),
            ),
            (
                "sources",
                format!(
                    "SELECT source AS name, COUNT(*) AS many FROM assets WHERE {live} GROUP BY source ORDER BY many DESC, name"
                ),
            ),
            (
                "types",
                format!(
                    "SELECT kind AS name, COUNT(*) AS many FROM assets WHERE {live} GROUP BY kind ORDER BY many DESC, name"
                ),
            ),
        ] {
            for row in rows(self.0.read(), &sql, vec![workspace.as_str().into()]).await? {
                found.push((facet.to_owned(), get(&row, "name")?, number(&row, "many")?));
            }
        }
        Ok(found)
    }

    /// Assets that live, and their bytes, in the whole studio.
    pub async fn totals(&self) -> Result<(u64, u64), Problem> {
        let sql = "SELECT COUNT(*) AS many, CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) AS bytes FROM assets WHERE deleted_at IS NULL";
        let found = row(self.0.read(), sql, vec![]).await?;
        found
            .as_ref()
            .map_or(Ok((0, 0)), |row| Ok((number(row, "many")?, number(row, "bytes")?)))
    }

    /// Assets that were made from this one, the newest first.
    pub async fn children(&self, workspace: &WorkspaceId, parent: &AssetId) -> Result<Vec<AssetId>, Problem> {
        let sql = "SELECT assets.id FROM asset_parents JOIN assets ON assets.id = asset_parents.asset_id WHERE asset_parents.parent_id = $1 AND assets.workspace_id = $2 AND assets.deleted_at IS NULL ORDER BY assets.id DESC LIMIT 100";
        rows(
            self.0.read(),
            sql,
            vec![parent.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .iter()
        .map(|row| parsed(row, "id"))
        .collect()
    }
}

/// A list's conditions, growing with its values.
struct Narrowed {
    from: String,
    conditions: String,
    values: Vec<Value>,
}

impl Narrowed {
    fn new(workspace: &WorkspaceId, filter: &AssetFilter) -> Self {
        let mut query = Self {
            from: String::new(),
            conditions: "assets.workspace_id = $1 AND assets.deleted_at IS NULL".into(),
            values: vec![workspace.as_str().into()],
        };
        if let Some(collection) = &filter.collection {
            query
                .from
                .push_str(" JOIN collection_assets ON collection_assets.asset_id = assets.id");
            query.and("collection_assets.collection_id =", collection.as_str().into());
        }
        if let Some(kind) = filter.kind {
            query.and("assets.kind =", kind.as_str().into());
        }
        if let Some(source) = filter.source {
            query.and("assets.source =", source.as_str().into());
        }
        if let Some(tag) = &filter.tag {
            // Tags are a JSON list of strings, so a quoted tag is a whole tag.
            let quoted = serde_json::Value::from(tag.as_str()).to_string();
            let escaped = quoted.replace('!', "!!").replace('%', "!%").replace('_', "!_");
            query.and("assets.tags LIKE", format!("%{escaped}%").into());
            query.conditions.push_str(" ESCAPE '!'");
        }
        if let Some(model) = &filter.model {
            query.and("assets.model =", model.as_str().into());
        }
        if let Some(job) = &filter.job {
            query.and("assets.job_id =", job.as_str().into());
        }
        if let Some(after) = filter.created_after {
            query.and("assets.created_at >=", after.as_millisecond().into());
        }
        if let Some(before) = filter.created_before {
            query.and("assets.created_at <", before.as_millisecond().into());
        }
        query
    }

    fn and(&mut self, condition: &str, value: Value) {
        self.values.push(value);
        self.conditions
            .push_str(&format!(" AND {condition} ${}", self.values.len()));
    }
}

/// Removes an asset from everything that names it.
async fn remove<C: ConnectionTrait>(tx: &C, id: &AssetId) -> Result<(), Problem> {
    for sql in [
        "DELETE FROM collection_assets WHERE asset_id = $1",
        "DELETE FROM share_assets WHERE asset_id = $1",
        "DELETE FROM asset_parents WHERE asset_id = $1",
        "DELETE FROM assets WHERE id = $1",
    ] {
        execute(tx, sql, vec![id.as_str().into()]).await?;
    }
    Ok(())
}

/// What a search finds an asset by.
fn words_of(asset: &Asset) -> String {
    let recipe = asset.recipe.as_ref();
    let prompt = recipe
        .and_then(|recipe| recipe.arguments["prompt"].as_str())
        .unwrap_or_default();
    let operation = recipe
        .map(|recipe| recipe.operation.replace(['.', '_'], " "))
        .unwrap_or_default();
    format!("{} {} {prompt} {operation}", asset.title, asset.tags.join(" ")).to_lowercase()
}

/// Writes an asset within somebody's transaction.
pub(crate) async fn insert<C: ConnectionTrait>(tx: &C, asset: &Asset) -> Result<(), Problem> {
    let words = words_of(asset);
    let model = asset.recipe.as_ref().and_then(|recipe| recipe.model.clone());
    let is_measured = asset.measures != Measures::default();
    let measures = is_measured.then(|| to_json(&asset.measures)).transpose()?;
    execute(
        tx,
        "INSERT INTO assets (id, workspace_id, kind, media_type, blob, size_bytes, width, height, has_alpha, frames, duration_ms, title, tags, source, recipe, model, job_id, thumb_hash, colors, notes, words, created_at, measures) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
        vec![
            asset.id.as_str().into(),
            asset.workspace.as_str().into(),
            asset.kind.as_str().into(),
            asset.media_type.as_str().into(),
            asset.blob.as_str().into(),
            (asset.size_bytes as i64).into(),
            i64::from(asset.width).into(),
            i64::from(asset.height).into(),
            i64::from(asset.has_alpha).into(),
            i64::from(asset.frames).into(),
            asset.duration_ms.map(|duration| duration as i64).into(),
            asset.title.clone().into(),
            to_json(&asset.tags)?.into(),
            asset.source.as_str().into(),
            asset.recipe.as_ref().map(to_json).transpose()?.into(),
            model.into(),
            asset.job.as_ref().map(|job| job.as_str().to_owned()).into(),
            asset.thumb_hash.clone().into(),
            to_json(&asset.colors)?.into(),
            to_json(&asset.notes)?.into(),
            words.into(),
            asset.created_at.as_millisecond().into(),
            measures.into(),
        ],
    )
    .await?;
    for parent in asset.recipe.iter().flat_map(|recipe| &recipe.parents) {
        execute(
            tx,
            "INSERT INTO asset_parents (parent_id, asset_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            vec![parent.as_str().into(), asset.id.as_str().into()],
        )
        .await?;
    }
    Ok(())
}

pub(crate) fn read(row: &QueryResult) -> Result<Asset, Problem> {
    Ok(Asset {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        kind: parsed(row, "kind")?,
        media_type: parsed(row, "media_type")?,
        blob: BlobHash::from_hex(get::<String>(row, "blob")?),
        size_bytes: number(row, "size_bytes")?,
        width: number(row, "width")?,
        height: number(row, "height")?,
        has_alpha: flag(row, "has_alpha")?,
        frames: number(row, "frames")?,
        duration_ms: get::<Option<i64>>(row, "duration_ms")?.map(|duration| duration as u64),
        measures: json_if(row, "measures")?.unwrap_or_default(),
        title: get(row, "title")?,
        tags: json(row, "tags")?,
        source: parsed(row, "source")?,
        recipe: json_if(row, "recipe")?,
        job: parsed_if(row, "job_id")?,
        thumb_hash: get(row, "thumb_hash")?,
        colors: json(row, "colors")?,
        notes: json(row, "notes")?,
        created_at: time(row, "created_at")?,
    })
}
