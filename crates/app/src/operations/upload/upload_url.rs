//! A one-time URL for a local file.

use aquatint_domain::{CollectionId, Problem, Scope, Timestamp, UploadId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};

pub struct UploadUrl;

/// A one-time upload URL for a local file, with a ready `curl` command that prints the `asset_id`.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// The local file, to fill in the command.
    #[schemars(length(max = 500))]
    pub file_name: Option<String>,
    /// A title for the asset.
    #[schemars(length(max = 120))]
    pub title: Option<String>,
    /// Put it into this collection.
    pub collection_id: Option<CollectionId>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub upload_id: UploadId,
    /// Works once, until `expires_at`: POST multipart with the field `file`, or PUT the bytes.
    pub upload_url: String,
    /// Run this in a shell.
    pub curl: String,
    pub expires_at: Timestamp,
    pub max_bytes: u64,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let text = format!(
            "Run this within the time until {} (files up to {} bytes); it prints the asset_id:\n{}",
            self.expires_at, self.max_bytes, self.curl
        );
        Description {
            text,
            ..Description::default()
        }
    }
}

impl Operation for UploadUrl {
    const SPEC: Spec = Spec::new(
        "upload.upload_url",
        "Get an upload URL",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/uploads"),
    )
    .aliases(&[("filename", "file_name"), ("path", "file_name")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        if let Some(collection) = &args.collection_id {
            crate::operations::collections::existing(cx, collection).await?;
        }
        let made = cx
            .studio
            .open_upload(&cx.caller, args.file_name.clone(), args.title, args.collection_id)
            .await?;
        let upload_url = format!("{}/u/{}", cx.studio.public_url(), made.secret.reveal());
        let file = args.file_name.as_deref().map_or_else(
            || "PATH_TO_FILE".to_owned(),
            |name| aquatint_domain::text::one_line(name, 500),
        );
        let curl = format!("curl -sS -F {} {}", quote(&format!("file=@{file}")), quote(&upload_url));
        Ok(Output {
            upload_id: made.id,
            upload_url,
            curl,
            expires_at: made.expires_at,
            max_bytes: made.max_bytes,
        })
    }
}

/// Quotes a word for a POSIX shell.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_file_name_cannot_break_out_of_the_command() {
        assert_eq!(super::quote("a'; rm -rf ~; '"), r"'a'\''; rm -rf ~; '\'''");
    }
}
