//! Blobs: bytes named by their BLAKE3 hash, and renditions beside them. Writing is atomic, and what
//! exists is never written again.

use std::path::PathBuf;
use std::sync::Arc;

use aquatint_domain::{BlobHash, Code, Problem};
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

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
        self.put_at(&path(&hash, "blob"), bytes).await?;
        Ok(hash)
    }

    pub async fn get(&self, hash: &BlobHash) -> Result<Option<Bytes>, Problem> {
        self.get_at(&path(hash, "blob")).await
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
    let hash = hash.as_str();
    Path::from_iter([
        hash.get(..2).unwrap_or("00"),
        hash.get(2..4).unwrap_or("00"),
        hash,
        name,
    ])
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
