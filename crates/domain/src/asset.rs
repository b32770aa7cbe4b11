//! Assets: immutable media with an id, whose bytes are named by their content hash.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::words;
use crate::error::Problem;
use crate::ids::{AssetId, JobId, WorkspaceId};
use std::str::FromStr;

words! {
    /// What an asset is.
    MediaKind {
        Image = "image",
        Video = "video",
        Audio = "audio",
        // A scene or an object in three dimensions.
        ThreeD = "3d",
    }
}

words! {
    /// The formats that assets are stored in.
    MediaType {
        Png = "image/png",
        Jpeg = "image/jpeg",
        WebP = "image/webp",
        Avif = "image/avif",
        Gif = "image/gif",
        Bmp = "image/bmp",
        Tiff = "image/tiff",
        Mp4 = "video/mp4",
        WebM = "video/webm",
        QuickTime = "video/quicktime",
        Wav = "audio/wav",
        Mp3 = "audio/mpeg",
        M4a = "audio/mp4",
        Glb = "model/gltf-binary",
        Svg = "image/svg+xml",
    }
}

impl MediaType {
    /// The usual file name extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Mp4 => "mp4",
            Self::WebM => "webm",
            Self::QuickTime => "mov",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Glb => "glb",
            Self::Svg => "svg",
        }
    }

    /// What a file of this type is, as far as the type alone tells.
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Png | Self::Jpeg | Self::WebP | Self::Avif | Self::Gif | Self::Bmp | Self::Tiff | Self::Svg => {
                MediaKind::Image
            }
            Self::Mp4 | Self::WebM | Self::QuickTime => MediaKind::Video,
            Self::Wav | Self::Mp3 | Self::M4a => MediaKind::Audio,
            Self::Glb => MediaKind::ThreeD,
        }
    }

    /// Whether it is a picture made of pixels.
    pub const fn is_raster(self) -> bool {
        matches!(self.kind(), MediaKind::Image) && !matches!(self, Self::Svg)
    }
}

/// What is known of film and sound beside their size and length; what is absent is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    /// Of the pictures, else of the sound, by ffmpeg's names: `h264`, `av1`, `mp3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Frames per second, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_audio: Option<bool>,
    /// Of the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// Of the sound, in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Whether a short moving preview lies beside the file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_motion: bool,
}

words! {
    /// Where an asset came from.
    AssetSource { Upload = "upload", Import = "import", Edit = "edit", Generate = "generate" }
}

/// BLAKE3 of the bytes, as 64 lower-case hexadecimal characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct BlobHash(String);

impl BlobHash {
    /// Wraps a hash that this program computed or stored.
    pub fn from_hex(hex: impl Into<String>) -> Self {
        Self(hex.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an asset was made: enough to say it and to do it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Recipe {
    /// The operation, such as `edit.upscale`.
    pub operation: String,
    /// Its version: a changed meaning gets a new one.
    pub version: u32,
    /// The arguments as they were run, defaults filled in, media as asset ids.
    pub arguments: serde_json::Value,
    /// The model or engine that made it, with its version.
    pub model: Option<String>,
    /// The seed that was used, where one was.
    pub seed: Option<u64>,
    /// The assets it was made from.
    pub parents: Vec<AssetId>,
}

/// One immutable piece of media in a workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Asset {
    pub id: AssetId,
    pub workspace: WorkspaceId,
    pub kind: MediaKind,
    pub media_type: MediaType,
    /// The bytes as stored.
    pub blob: BlobHash,
    pub size_bytes: u64,
    /// Pixels, after EXIF orientation.
    pub width: u32,
    pub height: u32,
    pub has_alpha: bool,
    /// Frames in the file; an animated input is edited by its first.
    pub frames: u32,
    /// Milliseconds, for video and sound.
    pub duration_ms: Option<u64>,
    pub measures: Measures,
    /// A line for people; data from outside, already freed of hidden characters.
    pub title: String,
    pub tags: Vec<String>,
    pub source: AssetSource,
    pub recipe: Option<Recipe>,
    /// The job that made it.
    pub job: Option<JobId>,
    /// ThumbHash, base64.
    pub thumb_hash: Option<String>,
    /// Dominant colours as `#rrggbb`, most frequent first.
    pub colors: Vec<String>,
    /// Things a person should know about the file ("animated: the first of 12 frames is used").
    pub notes: Vec<String>,
    pub created_at: Timestamp,
}

impl Asset {
    /// Whether a picture stands for it: made of pixels itself, or with a poster.
    pub fn has_poster(&self) -> bool {
        self.media_type.is_raster() || self.thumb_hash.is_some()
    }
}
