//! Bringing media in: from a public URL, or from a local file through a one-time upload URL.

pub mod upload_url;
pub mod url;
