//! Uploads of local files: a one-time secret URL, taken once, given back when the transfer breaks.

use aquatint_domain::{Asset, AssetSource, Caller, Code, CollectionId, Problem, Timestamp, UploadId};
use aquatint_store::{NewUpload, Upload};
use bytes::Bytes;

use crate::failpoint;
use crate::library::Incoming;
use crate::operations::assets::{AssetView, asset_view};
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// A fresh upload, with the secret that its URL carries.
pub struct OpenedUpload {
    pub id: UploadId,
    pub secret: Token,
    pub expires_at: Timestamp,
    pub max_bytes: u64,
}

impl Studio {
    /// Makes a one-time upload for a caller.
    pub async fn open_upload(
        &self,
        caller: &Caller,
        file_name: Option<String>,
        title: Option<String>,
        collection: Option<CollectionId>,
    ) -> Result<OpenedUpload, Problem> {
        let now = self.now();
        let secret = Token::mint(TokenKind::Upload);
        let id = UploadId::generate(now);
        let expires_at = now
            .checked_add(self.settings().upload_url_ttl)
            .unwrap_or(Timestamp::MAX);
        let max_bytes = self.settings().upload_max_bytes;
        let row = NewUpload {
            id: id.clone(),
            workspace: caller.workspace.clone(),
            token_hash: secret.hash(),
            user: caller.user.clone(),
            key: caller.key().cloned(),
            file_name,
            title,
            collection,
            max_bytes,
            expires_at,
            created_at: now,
        };
        self.store().uploads().create(row).await?;
        Ok(OpenedUpload {
            id,
            secret,
            expires_at,
            max_bytes,
        })
    }

    /// Takes the one right to send bytes to this URL. Follow with [`Studio::finish_upload`] or
    /// [`Studio::give_back_upload`].
    pub async fn begin_upload(&self, secret: &str) -> Result<Upload, Problem> {
        let hash = recognise(TokenKind::Upload, secret).map_err(|_| {
            Problem::new(
                Code::NotFound,
                "There is no such upload URL; ask for one with `upload` `upload_url`.",
            )
        })?;
        let upload = self.store().uploads().begin(&hash, self.now()).await?;
        failpoint::hit("upload-begun");
        Ok(upload)
    }

    /// Makes the received bytes an asset.
    pub async fn finish_upload(
        &self,
        upload: &Upload,
        bytes: Bytes,
        file_name: Option<String>,
    ) -> Result<AssetView, Problem> {
        match self.keep_upload(upload, bytes, file_name).await {
            Ok(asset) => Ok(asset_view(self, &asset)),
            Err(problem) => {
                self.give_back_upload(upload).await;
                Err(problem)
            }
        }
    }

    async fn keep_upload(&self, upload: &Upload, bytes: Bytes, file_name: Option<String>) -> Result<Asset, Problem> {
        if bytes.is_empty() {
            return Err(Problem::invalid(
                "file",
                "The upload is empty; check the path of the file.",
            ));
        }
        let title = upload.title.clone().or(file_name).or_else(|| upload.file_name.clone());
        let incoming = Incoming {
            bytes,
            source: AssetSource::Upload,
            title: title.as_deref().map(base_name),
            tags: Vec::new(),
        };
        let asset = self
            .ingest(&upload.workspace, incoming, upload.collection.as_ref())
            .await?;
        self.store()
            .uploads()
            .complete(&upload.id, &asset.id, self.now())
            .await?;
        Ok(asset)
    }

    /// After a broken transfer the URL may be used again until its time is up.
    pub async fn give_back_upload(&self, upload: &Upload) {
        if let Err(problem) = self.store().uploads().give_back(&upload.id).await {
            tracing::warn!(upload = %upload.id, ?problem, "an upload could not be given back");
        }
    }

    /// Brings a local file of the operator's own machine in, for the command line.
    pub async fn upload_local(&self, caller: &Caller, bytes: Bytes, file_name: &str) -> Result<AssetView, Problem> {
        let incoming = Incoming {
            bytes,
            source: AssetSource::Upload,
            title: Some(base_name(file_name)),
            tags: Vec::new(),
        };
        let asset = self.ingest(&caller.workspace, incoming, None).await?;
        Ok(asset_view(self, &asset))
    }
}

/// The file name without folders and extension.
fn base_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
        .to_owned()
}
