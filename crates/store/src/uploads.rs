//! One-time uploads: `new` → `receiving` → `used`; a broken transfer goes back to `new`.

use aquatint_domain::{ApiKeyId, AssetId, Code, CollectionId, Problem, Timestamp, UploadId, UserId, WorkspaceId};
use sea_orm::QueryResult;

use crate::columns::{get, hex, number, parsed, parsed_if, time};
use crate::connection::{Connections, broken, execute, row};

/// A transfer that has been going on for this long is taken for broken.
const RECEIVING_MAX_MS: i64 = 15 * 60 * 1_000;

pub struct Uploads<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug)]
pub struct NewUpload {
    pub id: UploadId,
    pub workspace: WorkspaceId,
    /// SHA-256 of the secret in the URL.
    pub token_hash: [u8; 32],
    pub user: Option<UserId>,
    pub key: Option<ApiKeyId>,
    pub file_name: Option<String>,
    pub title: Option<String>,
    pub collection: Option<CollectionId>,
    pub max_bytes: u64,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    pub id: UploadId,
    pub workspace: WorkspaceId,
    pub file_name: Option<String>,
    pub title: Option<String>,
    pub collection: Option<CollectionId>,
    pub max_bytes: u64,
    pub expires_at: Timestamp,
    /// `new`, `receiving` or `used`.
    pub state: String,
    pub asset: Option<AssetId>,
}

impl Uploads<'_> {
    pub async fn create(&self, new: NewUpload) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "INSERT INTO uploads (id, workspace_id, token_hash, user_id, key_id, file_name, title, collection_id, max_bytes, state, expires_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'new', $10, $11)",
            vec![
                new.id.as_str().into(),
                new.workspace.as_str().into(),
                hex(&new.token_hash).into(),
                new.user.map(|id| id.as_str().to_owned()).into(),
                new.key.map(|id| id.as_str().to_owned()).into(),
                new.file_name.into(),
                new.title.into(),
                new.collection.map(|id| id.as_str().to_owned()).into(),
                (new.max_bytes as i64).into(),
                new.expires_at.as_millisecond().into(),
                new.created_at.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Takes the one right to send bytes.
    pub async fn begin(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Upload, Problem> {
        let tx = self.0.begin().await?;
        let now = now.as_millisecond();
        let taken = execute(
            &tx,
            "UPDATE uploads SET state = 'receiving', begun_at = $2 WHERE token_hash = $1 AND expires_at > $2 AND (state = 'new' OR (state = 'receiving' AND begun_at < $3))",
            vec![hex(token_hash).into(), now.into(), (now - RECEIVING_MAX_MS).into()],
        )
        .await?;
        let found = row(
            &tx,
            "SELECT * FROM uploads WHERE token_hash = $1",
            vec![hex(token_hash).into()],
        )
        .await?;
        let upload = found.as_ref().map(read).transpose()?;
        tx.commit().await.map_err(broken)?;
        let ask = "Ask for a new one with `upload` `upload_url`.";
        match upload {
            None => Err(Problem::new(
                Code::NotFound,
                format!("There is no such upload URL. {ask}"),
            )),
            Some(upload) if taken == 1 => Ok(upload),
            Some(upload) if upload.state == "used" => Err(Problem::new(
                Code::Expired,
                format!("This upload URL was used already. {ask}"),
            )),
            Some(upload) if upload.expires_at.as_millisecond() <= now => Err(Problem::new(
                Code::Expired,
                format!("This upload URL is past its time. {ask}"),
            )),
            Some(_) => Err(Problem::new(
                Code::Conflict,
                "A transfer to this upload URL is going on; wait for it to end.",
            )),
        }
    }

    /// The upload has become an asset.
    pub async fn complete(&self, id: &UploadId, asset: &AssetId, _now: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE uploads SET state = 'used', asset_id = $2 WHERE id = $1",
            vec![id.as_str().into(), asset.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// After a broken transfer the URL may be used again.
    pub async fn give_back(&self, id: &UploadId) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE uploads SET state = 'new', begun_at = NULL WHERE id = $1 AND state = 'receiving'",
            vec![id.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &UploadId) -> Result<Option<Upload>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM uploads WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }
}

fn read(row: &QueryResult) -> Result<Upload, Problem> {
    Ok(Upload {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        file_name: get(row, "file_name")?,
        title: get(row, "title")?,
        collection: parsed_if(row, "collection_id")?,
        max_bytes: number(row, "max_bytes")?,
        expires_at: time(row, "expires_at")?,
        state: get(row, "state")?,
        asset: parsed_if(row, "asset_id")?,
    })
}
