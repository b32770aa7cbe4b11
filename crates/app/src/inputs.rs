//! Media that callers name: an asset id, a public http(s) URL, or a base64 data URI. A URL is
//! checked at once and fetched when the job runs; a data URI becomes an asset at once, so that no
//! job row carries a picture.

use std::str::FromStr;

use aquatint_domain::{Asset, AssetId, AssetSource, Problem, Timestamp, WorkspaceId, text};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use bytes::Bytes;

use crate::library::{Incoming, too_large};
use crate::studio::Studio;

/// URLs longer than this are refused.
const URL_MAX_CHARS: usize = 4_096;

/// One piece of media as a job row holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Asset(AssetId),
    Url(String),
}

impl Source {
    /// Reads back what [`Studio::accept_source`] gave.
    pub fn parse(stored: &str) -> Result<Self, Problem> {
        if AssetId::is_well_formed(stored) {
            Ok(Self::Asset(stored.parse()?))
        } else {
            Ok(Self::Url(stored.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Asset(id) => id.as_str(),
            Self::Url(url) => url,
        }
    }
}

impl Studio {
    /// Checks what a caller named at submission. `field` is the argument's path, for the message.
    pub(crate) async fn accept_source(
        &self,
        workspace: &WorkspaceId,
        named: &str,
        field: &str,
    ) -> Result<Source, Problem> {
        let named = named.trim();
        refuse_several(named, field)?;
        if named.starts_with("data:") {
            let asset = self.import_data(workspace, named, None, None).await;
            return Ok(Source::Asset(asset.map_err(|problem| problem.at(field))?.id));
        }
        if named.starts_with(AssetId::PREFIX) {
            let id = AssetId::from_str(named).map_err(|problem| problem.at(field))?;
            return Ok(Source::Asset(
                self.asset(workspace, &id)
                    .await
                    .map_err(|problem| problem.at(field))?
                    .id,
            ));
        }
        // A media URL of our own is the asset that it shows: nothing is fetched from ourselves.
        if let Some(id) = self.own_media(workspace, named) {
            return Ok(Source::Asset(
                self.asset(workspace, &id)
                    .await
                    .map_err(|problem| problem.at(field))?
                    .id,
            ));
        }
        if named.contains("://") {
            if named.chars().count() > URL_MAX_CHARS {
                return Err(Problem::invalid(
                    field,
                    format!("The URL is longer than {URL_MAX_CHARS} characters."),
                ));
            }
            let url = self.fetcher().check(named).map_err(|problem| problem.at(field))?;
            return Ok(Source::Url(url.to_string()));
        }
        Err(Problem::invalid(
            field,
            format!(
                "`{}` is not media: send an asset id (`ast_…`), a public https URL, or a base64 data URI.",
                text::one_line(named, 80)
            ),
        )
        .hint("For a local file call `upload` with `action: \"upload_url\"` and run the curl command that it returns."))
    }

    fn own_media(&self, workspace: &WorkspaceId, url: &str) -> Option<AssetId> {
        let rest = url.strip_prefix(self.public_url().as_str())?;
        let (path, query) = rest.split_once('?')?;
        // The URL only names the asset here, which its workspace may use whenever it likes: so it may be past its time.
        let grant = self.signer().verify_media(path, query, Timestamp::UNIX_EPOCH).ok()?;
        (grant.workspace == *workspace).then_some(grant.asset)
    }

    /// The asset and bytes behind a source; a URL is fetched and becomes an asset of the workspace.
    pub(crate) async fn load_source(
        &self,
        workspace: &WorkspaceId,
        source: &Source,
    ) -> Result<(Asset, Bytes), Problem> {
        let asset = match source {
            Source::Asset(id) => self.asset(workspace, id).await?,
            Source::Url(url) => self.import(workspace, url, None, Vec::new(), None).await?,
        };
        let bytes = self.bytes_of(&asset).await?;
        Ok((asset, bytes))
    }

    /// Brings the bytes of a data URI into the library.
    pub(crate) async fn import_data(
        &self,
        workspace: &WorkspaceId,
        uri: &str,
        title: Option<String>,
        collection: Option<&aquatint_domain::CollectionId>,
    ) -> Result<Asset, Problem> {
        let incoming = Incoming {
            bytes: decode_data_uri(uri.trim(), self.settings().upload_max_bytes)?,
            source: AssetSource::Import,
            title,
            tags: Vec::new(),
        };
        self.ingest(workspace, incoming, collection).await
    }

    /// Fetches a public URL into the library.
    pub(crate) async fn import(
        &self,
        workspace: &WorkspaceId,
        url: &str,
        title: Option<String>,
        tags: Vec<String>,
        collection: Option<&aquatint_domain::CollectionId>,
    ) -> Result<Asset, Problem> {
        let fetched = self.fetcher().get(url, self.settings().upload_max_bytes).await?;
        let incoming = Incoming {
            bytes: fetched.bytes,
            source: AssetSource::Import,
            title: title.or(fetched.file_name),
            tags,
        };
        self.ingest(workspace, incoming, collection).await
    }
}

/// Several in one text are refused with the form to send. A comma within one URL is none of that.
fn refuse_several(named: &str, field: &str) -> Result<(), Problem> {
    let parts: Vec<&str> = named
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let is_several = !named.starts_with("data:")
        && parts.len() > 1
        && parts
            .iter()
            .all(|part| part.starts_with(AssetId::PREFIX) || part.contains("://"));
    if !is_several {
        return Ok(());
    }
    let name = field.split('[').next().unwrap_or(field);
    let form = if field.contains('[') || name == "images" {
        format!("Send a list: `\"{name}\": [\"ast_…\", \"ast_…\"]`.")
    } else {
        format!("`{field}` takes one.")
    };
    Err(Problem::invalid(
        field,
        format!("`{field}` holds {} media in one text. {form}", parts.len()),
    ))
}

/// The bytes of a base64 data URI; its length is checked before anything is decoded.
fn decode_data_uri(uri: &str, max_bytes: u64) -> Result<Bytes, Problem> {
    let malformed = || Problem::invalid("image", "The data URI must look like `data:image/png;base64,…`.");
    let (head, body) = uri.split_once(',').ok_or_else(malformed)?;
    if !head.ends_with(";base64") {
        return Err(malformed().hint("Only base64 data URIs are taken."));
    }
    let decoded_len = body.len() as u64 / 4 * 3;
    if decoded_len > max_bytes {
        return Err(too_large(decoded_len, max_bytes));
    }
    let body: String = body.chars().filter(|ch| !ch.is_ascii_whitespace()).collect();
    let bytes = STANDARD
        .decode(&body)
        .or_else(|_| STANDARD_NO_PAD.decode(&body))
        .or_else(|_| URL_SAFE.decode(&body));
    let bytes = bytes.map_err(|_| {
        Problem::invalid(
            "image",
            "The data URI's base64 cannot be decoded; check that it is whole.",
        )
    })?;
    if bytes.is_empty() {
        return Err(Problem::invalid("image", "The data URI is empty."));
    }
    Ok(Bytes::from(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_media_in_one_text_are_refused_with_the_form_to_send() {
        for (named, field, words) in [
            ("ast_1, ast_2", "images", "\"images\": [\"ast_…\""),
            (
                "https://a.example/1.png,https://a.example/2.png",
                "images[0]",
                "\"images\": [",
            ),
            ("ast_1,https://a.example/2.png,", "mask", "`mask` takes one"),
        ] {
            let problem = refuse_several(named, field).expect_err(named);
            assert!(problem.message.contains(words), "{named}: {}", problem.message);
        }
        for one in ["ast_1", "https://a.example/1,2.png", "data:image/png;base64,AAEC,ast_1"] {
            assert!(refuse_several(one, "images").is_ok(), "{one}");
        }
    }

    #[test]
    fn data_uris_are_measured_before_they_are_decoded() {
        assert_eq!(
            &decode_data_uri("data:image/png;base64,AAEC", 10).expect("good")[..],
            &[0, 1, 2]
        );
        assert_eq!(
            decode_data_uri(&format!("data:;base64,{}", "A".repeat(400)), 10)
                .expect_err("large")
                .code,
            aquatint_domain::Code::TooLarge
        );
        for bad in [
            "data:image/png,plain",
            "data:image/png;base64",
            "data:image/png;base64,",
            "data:image/png;base64,@@@",
        ] {
            assert!(decode_data_uri(bad, 10).is_err(), "{bad}");
        }
    }
}
