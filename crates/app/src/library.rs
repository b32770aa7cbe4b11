//! The library: how bytes become assets, and how assets are served. Pixels never enter this process;
//! the crew's children look at them.

use aquatint_domain::text;
use aquatint_domain::{
    Asset, AssetId, AssetSource, BlobHash, Code, CollectionId, JobId, MediaKind, MediaType, Problem, Recipe, Timestamp,
    WorkspaceId,
};
use aquatint_engines::{Inspection, Made, Output, Work};
use bytes::Bytes;

use crate::failpoint;
use crate::studio::Studio;

/// Long sides of the renditions that are made with every asset.
pub const RENDITIONS: [u32; 2] = [256, 1024];
/// The variant that is a short moving preview of a film.
pub const MOTION: &str = "motion";
/// The long side of a preview shown in a conversation.
pub const PREVIEW: u32 = 768;
const TITLE_MAX_CHARS: usize = 120;
/// Quality of lossy re-encodings of what was uploaded.
const SERVED_QUALITY: u8 = 92;

/// Bytes on their way into the library.
pub struct Incoming {
    pub bytes: Bytes,
    pub source: AssetSource,
    /// A name from outside: cleaned before it is kept.
    pub title: Option<String>,
    pub tags: Vec<String>,
}

/// What a media request answers with.
pub struct Served {
    pub bytes: Bytes,
    pub media_type: MediaType,
    /// A file name for saving, built from the title.
    pub file_name: String,
    /// A strong validator of the bytes.
    pub etag: String,
}

impl Studio {
    /// Inspects untrusted bytes in a child, stores them and their renditions, and describes them as
    /// an asset that is not yet in the store.
    pub(crate) async fn prepare_asset(&self, workspace: &WorkspaceId, incoming: Incoming) -> Result<Asset, Problem> {
        if incoming.bytes.len() as u64 > self.settings().upload_max_bytes {
            return Err(too_large(incoming.bytes.len() as u64, self.settings().upload_max_bytes));
        }
        let inspection = self.crew().inspect(incoming.bytes.clone(), &RENDITIONS).await?;
        let blob = self.blobs().put(incoming.bytes.clone()).await?;
        self.put_renditions(&blob, &inspection).await?;
        let title = incoming
            .title
            .as_deref()
            .map(clean_title)
            .filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| match incoming.source {
            AssetSource::Import => "Imported".to_owned(),
            _ => "Uploaded".to_owned(),
        });
        Ok(asset_of(
            self,
            workspace,
            blob,
            incoming.bytes.len() as u64,
            &inspection,
            title,
            incoming.source,
            incoming.tags,
        ))
    }

    /// Brings bytes into the library; the same bytes from outside are one asset within a workspace.
    pub(crate) async fn ingest(
        &self,
        workspace: &WorkspaceId,
        incoming: Incoming,
        collection: Option<&CollectionId>,
    ) -> Result<Asset, Problem> {
        let known = BlobHash::from_hex(blake3::hash(&incoming.bytes).to_hex().as_str());
        let asset = match self.store().assets().by_blob(workspace, &known).await? {
            Some(asset) if matches!(asset.source, AssetSource::Upload | AssetSource::Import) => asset,
            _ => {
                let asset = self.prepare_asset(workspace, incoming).await?;
                failpoint::hit("asset-blobs-written");
                self.store().assets().insert(&asset).await?;
                asset
            }
        };
        if let Some(collection) = collection {
            self.store()
                .collections()
                .add(workspace, collection, std::slice::from_ref(&asset.id), self.now())
                .await?;
        }
        Ok(asset)
    }

    /// Stores what an engine made and describes it as an asset; the store gets it when the job ends.
    pub(crate) async fn keep_made(
        &self,
        workspace: &WorkspaceId,
        job: &JobId,
        made: Made,
        title: String,
        source: AssetSource,
        recipe: Recipe,
    ) -> Result<Asset, Problem> {
        let title = clean_title(&title);
        let media_type = made.inspection.probe.media_type;
        // Credentials are written into pictures and MP4; other files stay as they came.
        let (bytes, unsigned) = if media_type.is_raster() || media_type == MediaType::Mp4 {
            self.provenance()
                .seal(self, workspace, made.bytes, media_type, &title, &recipe)
                .await
        } else {
            (made.bytes.into(), None)
        };
        let blob = self.blobs().put(bytes.clone()).await?;
        self.put_renditions(&blob, &made.inspection).await?;
        let mut asset = asset_of(
            self,
            workspace,
            blob,
            bytes.len() as u64,
            &made.inspection,
            title,
            source,
            Vec::new(),
        );
        asset.notes.extend(unsigned);
        asset.recipe = Some(recipe);
        asset.job = Some(job.clone());
        Ok(asset)
    }

    async fn put_renditions(&self, blob: &BlobHash, inspection: &Inspection) -> Result<(), Problem> {
        for rendition in &inspection.renditions {
            let name = rendition_name(rendition.size);
            self.blobs()
                .put_rendition(blob, &name, Bytes::copy_from_slice(&rendition.bytes))
                .await?;
        }
        if !inspection.motion.is_empty() {
            let motion = Bytes::copy_from_slice(&inspection.motion);
            self.blobs().put_rendition(blob, &motion_name(), motion).await?;
        }
        Ok(())
    }

    /// The stored bytes of an asset, for work on it.
    pub(crate) async fn bytes_of(&self, asset: &Asset) -> Result<Bytes, Problem> {
        self.blobs().get(&asset.blob).await?.ok_or_else(|| {
            Problem::new(
                Code::Internal,
                format!("The bytes of {} are missing from the blob store.", asset.id),
            )
            .hint("Run `aquatint doctor`; restore the blobs folder from a backup if files were removed.")
        })
    }

    /// A URL for a variant of an asset that works for the configured time.
    pub fn url_of(&self, asset: &Asset, variant: &str) -> (String, Timestamp) {
        let extension = if variant == "full" {
            served_type(asset).extension()
        } else {
            MediaType::WebP.extension()
        };
        let ttl = self.settings().download_url_ttl;
        // For a while the same URL is given out, so that browsers need not fetch a picture again to show it again. It ends a
        // little early for that, never late.
        let step = (ttl.as_secs() / 6).clamp(1, 600) as i64;
        let second = self.now().as_second();
        let begun = Timestamp::from_second(second - second.rem_euclid(step)).unwrap_or(self.now());
        let (path, expires_at) = self
            .signer()
            .media_path(&asset.workspace, &asset.id, variant, extension, begun, ttl);
        (format!("{}{path}", self.public_url()), expires_at)
    }

    /// Verifies a signed media URL and finds what it shows. What came from outside is never served
    /// as it came: it is encoded anew, so nothing rides along in it.
    pub async fn serve_media(&self, path: &str, query: &str) -> Result<Served, Problem> {
        let grant = self.signer().verify_media(path, query, self.now())?;
        // What lies in the trash can still be looked at there, for as long as the URL works.
        let asset = self
            .store()
            .assets()
            .get_or_trashed(&grant.workspace, &grant.asset)
            .await?;
        let asset = asset.ok_or_else(|| Problem::not_found("asset", &grant.asset))?;
        self.serve_variant(&asset, &grant.variant).await
    }

    /// A variant of an asset as it may be shown to others: `full`, or the long side of a rendition.
    pub(crate) async fn serve_variant(&self, asset: &Asset, variant: &str) -> Result<Served, Problem> {
        let (bytes, media_type) = if variant == "full" {
            self.full(asset).await?
        } else if variant == MOTION {
            let motion = self.blobs().get_rendition(&asset.blob, &motion_name()).await?;
            let motion = motion.ok_or_else(|| Problem::not_found("rendition", variant))?;
            (motion, MediaType::WebP)
        } else {
            let size: u32 = variant.parse().map_err(|_| Problem::not_found("rendition", variant))?;
            (self.rendition(asset, size).await?, MediaType::WebP)
        };
        Ok(Served {
            etag: format!("\"{}-{variant}\"", &asset.blob.as_str()[..16]),
            bytes,
            media_type,
            file_name: format!("{}.{}", file_stem(&asset.title), media_type.extension()),
        })
    }

    /// The whole file without metadata. What our own encoders made has none; pictures are encoded anew, and from film and
    /// sound the parts that hold metadata are taken.
    async fn full(&self, asset: &Asset) -> Result<(Bytes, MediaType), Problem> {
        let served = served_type(asset);
        if matches!(asset.source, AssetSource::Edit | AssetSource::Generate) {
            return Ok((self.bytes_of(asset).await?, served));
        }
        let name = format!("full.{}", served.extension());
        if let Some(bytes) = self.blobs().get_rendition(&asset.blob, &name).await? {
            return Ok((bytes, served));
        }
        if !asset.media_type.is_raster() {
            let bytes = self.bytes_of(asset).await?;
            if !matches!(asset.media_type.kind(), MediaKind::Video | MediaKind::Audio) {
                return Ok((bytes, served));
            }
            let bytes = self.crew().scrub(bytes).await?;
            self.blobs().put_rendition(&asset.blob, &name, bytes.clone()).await?;
            return Ok((bytes, served));
        }
        let work = Work {
            engine: "transform.convert".into(),
            arguments: serde_json::json!({}),
            output: Output {
                format: Some(served),
                quality: Some(SERVED_QUALITY),
                background: None,
            },
        };
        let made = self
            .crew()
            .make(
                &work,
                vec![self.bytes_of(asset).await?],
                &Default::default(),
                &mut |_, _| {},
            )
            .await?;
        let bytes = Bytes::from(made.bytes);
        self.blobs().put_rendition(&asset.blob, &name, bytes.clone()).await?;
        Ok((bytes, served))
    }

    /// A WebP whose long side is at most `size`, made on demand and kept.
    pub(crate) async fn rendition(&self, asset: &Asset, size: u32) -> Result<Bytes, Problem> {
        if !RENDITIONS.contains(&size) && size != PREVIEW {
            return Err(Problem::not_found("rendition", size));
        }
        let name = rendition_name(size);
        if let Some(bytes) = self.blobs().get_rendition(&asset.blob, &name).await? {
            return Ok(bytes);
        }
        let none = || Problem::not_found("rendition", size).hint("There is no picture of this file; see its `type`.");
        if !asset.has_poster() {
            return Err(none());
        }
        // A poster is made once, when the file comes; smaller ones are made of it.
        let poster = if asset.media_type.is_raster() {
            None
        } else {
            self.blobs()
                .get_rendition(&asset.blob, &rendition_name(RENDITIONS[1]))
                .await?
        };
        let source = match poster {
            Some(poster) => poster,
            None => self.bytes_of(asset).await?,
        };
        let inspection = self.crew().inspect(source, &[size]).await?;
        let rendition = inspection.renditions.into_iter().next().ok_or_else(none)?;
        let bytes = Bytes::from(rendition.bytes);
        self.blobs().put_rendition(&asset.blob, &name, bytes.clone()).await?;
        Ok(bytes)
    }

    /// An asset of this workspace, or a clear refusal.
    pub(crate) async fn asset(&self, workspace: &WorkspaceId, id: &AssetId) -> Result<Asset, Problem> {
        self.store().assets().get(workspace, id).await?.ok_or_else(|| {
            Problem::not_found("asset", id).hint("List what there is with `assets` `list`; ids begin with `ast_`.")
        })
    }
}

/// The format that an asset is served in: formats that browsers do not show become PNG.
pub fn served_type(asset: &Asset) -> MediaType {
    match asset.media_type {
        MediaType::Gif | MediaType::Bmp | MediaType::Tiff => MediaType::Png,
        // Video, sound and models are served in their own formats.
        other => other,
    }
}

fn motion_name() -> String {
    format!("{MOTION}.webp")
}

fn rendition_name(size: u32) -> String {
    format!("{size}.webp")
}

#[allow(clippy::too_many_arguments)]
fn asset_of(
    studio: &Studio,
    workspace: &WorkspaceId,
    blob: BlobHash,
    size_bytes: u64,
    inspection: &Inspection,
    title: String,
    source: AssetSource,
    tags: Vec<String>,
) -> Asset {
    let now = studio.now();
    let probe = &inspection.probe;
    let is_animation = probe.media_type.is_raster() && source == AssetSource::Generate && probe.frames > 1;
    let kind = if is_animation {
        MediaKind::Video
    } else {
        probe.media_type.kind()
    };
    let mut notes = inspection.notes.clone();
    if probe.media_type.kind() == MediaKind::Video && inspection.renditions.is_empty() {
        notes.push("video in a codec that is not decoded here: it has no poster".to_owned());
    }
    Asset {
        id: AssetId::generate(now),
        workspace: workspace.clone(),
        kind,
        media_type: probe.media_type,
        blob,
        size_bytes,
        width: probe.width,
        height: probe.height,
        has_alpha: probe.has_alpha,
        frames: probe.frames,
        duration_ms: probe.duration_ms,
        measures: probe.measures.clone(),
        title,
        tags,
        source,
        recipe: None,
        job: None,
        thumb_hash: (!inspection.thumb_hash.is_empty()).then(|| inspection.thumb_hash.clone()),
        colors: inspection.colors.clone(),
        notes,
        created_at: now,
    }
}

/// A title from outside, freed of everything that could pass for something else.
pub fn clean_title(title: &str) -> String {
    text::one_line(title, TITLE_MAX_CHARS)
}

/// A file name stem that every system accepts.
fn file_stem(title: &str) -> String {
    let stem: String = title
        .chars()
        .map(|ch| {
            if ch.is_ascii_alphanumeric() || ch == '-' {
                ch
            } else {
                '-'
            }
        })
        .collect();
    let stem = stem
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    let stem: String = stem.chars().take(60).collect();
    if stem.is_empty() { "aquatint".to_owned() } else { stem }
}

pub(crate) fn too_large(size: u64, limit: u64) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("The file has {size} bytes; the limit is {limit}. Make it smaller first."),
    )
    .details(serde_json::json!({ "limit_bytes": limit }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn file_names_are_harmless() {
        assert_eq!(super::file_stem("../../etc/passwd\r\nX: y"), "etc-passwd-X-y");
        assert_eq!(super::file_stem("日本"), "aquatint");
    }
}
