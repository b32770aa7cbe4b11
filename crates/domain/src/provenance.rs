//! What a file says of where it came from: XMP, and content credentials by the C2PA specification.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::words;
use crate::error::Problem;

/// What a file says of itself. Words in it come from outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Provenance {
    /// How it came about, a word of IPTC's digital source types such as `trainedAlgorithmicMedia`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digital_source_type: Option<String>,
    /// The program that XMP names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator_tool: Option<String>,
    /// Its signed manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_credentials: Option<ContentCredentials>,
}

impl Provenance {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The active manifest of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ContentCredentials {
    pub state: CredentialState,
    /// Name and organisation in the signer's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The program that claims it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<String>,
    /// What was done, such as `c2pa.created` or `c2pa.edited`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// Titles of what it was made from, each with its signer where it carried a manifest of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ingredients: Vec<String>,
    /// What is wrong with it, in the specification's status codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

words! {
    /// Whether content credentials can be believed.
    CredentialState {
        // Intact, and the signer is one whom this server trusts.
        Trusted = "trusted",
        // Intact; the signer is not known.
        Valid = "valid",
        // The file was changed after it was signed, or the manifest is broken.
        Invalid = "invalid",
    }
}
