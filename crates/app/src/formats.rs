//! The formats that callers may ask for, by their short names.

use aquatint_domain::MediaType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A picture format by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OutputFormat {
    Png,
    Jpeg,
    Webp,
    Avif,
}

impl OutputFormat {
    pub fn media_type(self) -> MediaType {
        match self {
            Self::Png => MediaType::Png,
            Self::Jpeg => MediaType::Jpeg,
            Self::Webp => MediaType::WebP,
            Self::Avif => MediaType::Avif,
        }
    }
}
