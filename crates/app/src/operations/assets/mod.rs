//! Assets, as operations: list, search and get. What deletes is for people, in the web app.

pub mod facets;
pub mod get;
pub mod list;
pub mod search;
pub mod trash;
pub mod update;

use aquatint_domain::{Asset, AssetId, AssetSource, MediaKind, Timestamp};
use aquatint_store::{AssetFilter, Page};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Describe, Description, MediaLink};
use crate::studio::Studio;

/// An asset in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AssetView {
    pub asset_id: AssetId,
    #[serde(rename = "type")]
    pub kind: MediaKind,
    pub content_type: String,
    pub title: String,
    pub width: u32,
    pub height: u32,
    pub size_bytes: u64,
    pub source: AssetSource,
    /// The model or engine that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Dominant colours, most frequent first.
    pub colors: Vec<String>,
    /// ThumbHash, base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumb_hash: Option<String>,
    pub has_alpha: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// Frames per second, of a video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// Whether a video has sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_audio: Option<bool>,
    pub created_at: Timestamp,
    /// The whole file; works until `url_expires_at`.
    pub url: String,
    /// A picture whose long side is at most 256 px.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
    /// A picture whose long side is at most 1024 px; of a video, a short loop of it where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<String>,
    /// The still picture of a video, whose long side is at most 1024 px.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poster_url: Option<String>,
    pub url_expires_at: Timestamp,
}

pub(crate) fn asset_view(studio: &Studio, asset: &Asset) -> AssetView {
    let (url, url_expires_at) = studio.url_of(asset, "full");
    let rendition = |size: &str| asset.has_poster().then(|| studio.url_of(asset, size).0);
    let is_film = asset.media_type.kind() == MediaKind::Video;
    let measures = &asset.measures;
    let motion = measures
        .has_motion
        .then(|| studio.url_of(asset, crate::library::MOTION).0);
    AssetView {
        asset_id: asset.id.clone(),
        kind: asset.kind,
        content_type: crate::library::served_type(asset).as_str().to_owned(),
        title: asset.title.clone(),
        width: asset.width,
        height: asset.height,
        size_bytes: asset.size_bytes,
        source: asset.source,
        // Without its version.
        model: asset
            .recipe
            .as_ref()
            .and_then(|recipe| recipe.model.as_deref()?.split('@').next().map(str::to_owned)),
        tags: asset.tags.clone(),
        colors: asset.colors.clone(),
        thumb_hash: asset.thumb_hash.clone(),
        has_alpha: asset.has_alpha,
        duration_seconds: asset.duration_ms.map(|ms| ms as f64 / 1000.0),
        frame_rate: measures.frame_rate,
        has_audio: measures.has_audio.filter(|_| is_film),
        created_at: asset.created_at,
        thumbnail_url: rendition("256"),
        preview_url: motion.or_else(|| rendition("1024")),
        poster_url: rendition("1024").filter(|_| is_film),
        url,
        url_expires_at,
    }
}

impl AssetView {
    pub(crate) fn link(&self) -> MediaLink {
        MediaLink {
            asset: self.asset_id.clone(),
            url: self.url.clone(),
            name: self.title.clone(),
            media_type: self.content_type.clone(),
            size_bytes: self.size_bytes,
        }
    }

    pub(crate) fn line(&self) -> String {
        let size = match (self.kind, self.duration_seconds) {
            (MediaKind::Audio, Some(seconds)) => format!("{seconds:.1} s "),
            (MediaKind::Audio | MediaKind::ThreeD, _) => String::new(),
            _ => format!("{}×{} ", self.width, self.height),
        };
        format!(
            "{}: {} ({size}{}, {})",
            self.asset_id, self.title, self.content_type, self.source
        )
    }
}

impl Describe for AssetView {
    fn describe(&self) -> Description {
        Description {
            text: self.line(),
            links: vec![self.link()],
            preview: None,
        }
    }
}

/// A page of assets.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Assets {
    pub assets: Vec<AssetView>,
    /// Send it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How a search was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_mode: Option<String>,
}

impl Assets {
    pub(crate) fn of(studio: &Studio, page: Page<Asset>) -> Self {
        Self {
            assets: page.items.iter().map(|asset| asset_view(studio, asset)).collect(),
            next_cursor: page.next_cursor,
            search_mode: None,
        }
    }
}

impl Describe for Assets {
    fn describe(&self) -> Description {
        let mut lines = vec![format!(
            "{} asset(s){}.",
            self.assets.len(),
            if self.next_cursor.is_some() { ", and more" } else { "" }
        )];
        lines.extend(self.assets.iter().map(AssetView::line));
        Description {
            text: lines.join("\n"),
            links: self.assets.iter().map(AssetView::link).collect(),
            preview: None,
        }
    }
}

/// What narrows a list of assets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Narrowing {
    #[serde(rename = "type")]
    pub kind: Option<MediaKind>,
    /// Only the contents of this collection.
    pub collection_id: Option<aquatint_domain::CollectionId>,
    /// upload, import, edit or generate.
    pub source: Option<AssetSource>,
    /// Only assets with this tag.
    #[schemars(length(max = 60))]
    pub tag: Option<String>,
    /// Only made by this model or engine.
    #[schemars(length(max = 200))]
    pub model: Option<String>,
    /// Only from this time on (RFC 3339).
    pub created_after: Option<Timestamp>,
    /// Only before this time.
    pub created_before: Option<Timestamp>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

impl Narrowing {
    pub(crate) fn filter(&self) -> AssetFilter {
        AssetFilter {
            kind: self.kind,
            source: self.source,
            tag: self.tag.clone(),
            collection: self.collection_id.clone(),
            model: self.model.clone(),
            created_after: self.created_after,
            created_before: self.created_before,
            ..AssetFilter::default()
        }
    }

    pub(crate) fn page_size(&self) -> u32 {
        self.limit.unwrap_or(20)
    }
}
