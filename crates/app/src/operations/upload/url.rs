//! Import from a public URL.

use aquatint_domain::{AssetId, CollectionId, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};
use crate::operations::assets::{AssetView, asset_view};

pub struct ImportUrl;

/// Import a picture from a public https URL; returns its `asset_id`.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// A public https URL, or a base64 data URI.
    #[schemars(length(min = 1))]
    pub url: String,
    /// A title for the asset.
    #[schemars(length(max = 120))]
    pub title: Option<String>,
    /// Put it into this collection.
    pub collection_id: Option<CollectionId>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The same as `asset_id`.
    pub id: AssetId,
    #[serde(flatten)]
    pub asset: AssetView,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        Description {
            text: format!("Imported as {}", self.asset.line()),
            links: vec![self.asset.link()],
            preview: None,
        }
    }
}

impl Operation for ImportUrl {
    const SPEC: Spec = Spec::new(
        "upload.url",
        "Import from a URL",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/assets/import"),
    )
    .aliases(&[("image_url", "url")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let workspace = &cx.caller.workspace;
        if let Some(collection) = &args.collection_id {
            crate::operations::collections::existing(cx, collection).await?;
        }
        if args.url.trim_start().starts_with("data:") {
            let kept = cx
                .studio
                .import_data(workspace, &args.url, args.title, args.collection_id.as_ref())
                .await;
            let asset = kept.map_err(|problem| problem.at("url"))?;
            return Ok(Output {
                id: asset.id.clone(),
                asset: asset_view(&cx.studio, &asset),
            });
        }
        let source = cx.studio.accept_source(workspace, &args.url, "url").await?;
        let asset = match &source {
            crate::inputs::Source::Url(url) => {
                cx.studio
                    .import(workspace, url, args.title, Vec::new(), args.collection_id.as_ref())
                    .await?
            }
            crate::inputs::Source::Asset(id) => {
                if let Some(collection) = &args.collection_id {
                    cx.studio
                        .store()
                        .collections()
                        .add(workspace, collection, std::slice::from_ref(id), cx.studio.now())
                        .await?;
                }
                cx.studio.asset(workspace, id).await?
            }
        };
        Ok(Output {
            id: asset.id.clone(),
            asset: asset_view(&cx.studio, &asset),
        })
    }
}
