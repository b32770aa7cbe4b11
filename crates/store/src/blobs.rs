//! Blobs: bytes named by their BLAKE3 hash, and renditions beside them. Writing is atomic, and what
//! exists is never written again.

use std::path::PathBuf;
use std::sync::Arc;

use aquatint_domain::{BlobHash, Code, Problem, Timestamp};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};

use crate::assets::Assets;

/// The name of an asset's bytes in the folder of their hash, and the one they have between two sweeps.
const BLOB: &str = "blob";
const CONDEMNED: &str = "condemned";

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub set_aside: u64,
    pub brought_back: u64,
    pub removed: u64,
    /// Of what was removed, renditions not counted.
    pub bytes: u64,
}

/// Bytes of assets.
#[derive(Clone, Debug)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Opens `file:///folder`, made if missing.
    pub fn open(url: &str) -> Result<Self, Problem> {
        let Some(folder) = url.strip_prefix("file://").map(PathBuf::from) else {
            return Err(Problem::invalid("blobs_url", "The blobs URL must begin with file://."));
        };
        let unusable = |error: String| {
            Problem::new(
                Code::Unavailable,
                format!("The blobs folder {} cannot be used: {error}.", folder.display()),
            )
            .hint("Check that it belongs to the user that runs the studio.")
        };
        std::fs::create_dir_all(&folder).map_err(|error| unusable(error.to_string()))?;
        // With fsync a blob is on the disk before the row that names it.
        let local = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|error| unusable(error.to_string()))?
            .with_fsync(true);
        Ok(Self { store: Arc::new(local) })
    }

    /// Stores bytes under their hash.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobHash, Problem> {
        let hash = BlobHash::from_hex(blake3::hash(&bytes).to_hex().as_str());
        self.put_at(&path(&hash, BLOB), bytes).await?;
        Ok(hash)
    }

    pub async fn get(&self, hash: &BlobHash) -> Result<Option<Bytes>, Problem> {
        if let Some(bytes) = self.get_at(&path(hash, BLOB)).await? {
            return Ok(Some(bytes));
        }
        // It became somebody's in the moment in which it was swept.
        self.get_at(&path(hash, CONDEMNED)).await
    }

    /// Takes away bytes that no asset names and that are older than `before`: work that was cut off after it wrote
    /// them. In one sweep they are set aside under another name, in a later one they are removed, so an asset that
    /// is being made of the same bytes at this moment loses nothing. Leave minutes between two sweeps.
    pub async fn sweep(&self, before: Timestamp, assets: &Assets<'_>) -> Result<Swept, Problem> {
        let mut swept = Swept::default();
        // The list is read first, so that what this sweep sets aside is not removed by it.
        let found: Vec<ObjectMeta> = self.store.list(None).try_collect().await.map_err(broken)?;
        for meta in found {
            let mut parts = meta.location.parts().collect::<Vec<_>>().into_iter().rev();
            let (Some(name), Some(hash)) = (parts.next(), parts.next()) else {
                continue;
            };
            let hash = BlobHash::from_hex(hash.as_ref());
            match name.as_ref() {
                BLOB if meta.last_modified.timestamp_millis() < before.as_millisecond()
                    && !assets.blob_in_use(&hash).await? =>
                {
                    self.rename(&hash, BLOB, CONDEMNED).await?;
                    swept.set_aside += 1;
                }
                CONDEMNED if assets.blob_in_use(&hash).await? => {
                    self.rename(&hash, CONDEMNED, BLOB).await?;
                    swept.brought_back += 1;
                }
                CONDEMNED => {
                    let all: Vec<ObjectMeta> = self
                        .store
                        .list(Some(&folder(&hash)))
                        .try_collect()
                        .await
                        .map_err(broken)?;
                    for object in all {
                        self.store.delete(&object.location).await.map_err(broken)?;
                    }
                    swept.removed += 1;
                    swept.bytes += meta.size;
                }
                _ => {}
            }
        }
        Ok(swept)
    }

    async fn rename(&self, hash: &BlobHash, from: &str, to: &str) -> Result<(), Problem> {
        self.store
            .rename(&path(hash, from), &path(hash, to))
            .await
            .map_err(broken)
    }

    /// Stores something made from a blob, such as `256.webp`.
    pub async fn put_rendition(&self, hash: &BlobHash, name: &str, bytes: Bytes) -> Result<(), Problem> {
        self.put_at(&path(hash, name), bytes).await
    }

    pub async fn get_rendition(&self, hash: &BlobHash, name: &str) -> Result<Option<Bytes>, Problem> {
        self.get_at(&path(hash, name)).await
    }

    /// Whether the store can be written to and read from.
    pub async fn check(&self) -> Result<(), Problem> {
        let probe = Path::from("check");
        self.store
            .put(&probe, PutPayload::from_static(b"aquatint"))
            .await
            .map_err(broken)?;
        self.store.delete(&probe).await.map_err(broken)
    }

    async fn put_at(&self, path: &Path, bytes: Bytes) -> Result<(), Problem> {
        if self.store.head(path).await.is_ok() {
            return Ok(());
        }
        self.store
            .put(path, PutPayload::from_bytes(bytes))
            .await
            .map(|_| ())
            .map_err(broken)
    }

    async fn get_at(&self, path: &Path) -> Result<Option<Bytes>, Problem> {
        match self.store.get(path).await {
            Ok(found) => found.bytes().await.map(Some).map_err(broken),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(broken(error)),
        }
    }
}

/// `ab/cd/abcd…/256.webp`: the fan-out keeps folders small.
fn path(hash: &BlobHash, name: &str) -> Path {
    folder(hash).join(name)
}

fn folder(hash: &BlobHash) -> Path {
    let hash = hash.as_str();
    Path::from_iter([hash.get(..2).unwrap_or("00"), hash.get(2..4).unwrap_or("00"), hash])
}

fn broken(error: object_store::Error) -> Problem {
    let text = format!("{error:?}");
    if text.contains("StorageFull") || text.contains("No space left") || text.contains("QuotaExceeded") {
        return Problem::new(
            Code::StorageFull,
            "There is no room left on the server's disk. Nothing was charged; try again later.",
        )
        .caused_by(error);
    }
    Problem::internal(error)
}
