//! Display: a gallery of assets or of a collection. Every client gets the list in words; one that
//! shows pictures gets a contact sheet too.

use aquatint_domain::{AssetId, CollectionId, Problem, Scope};
use aquatint_engines::{Output as Writing, Work};
use aquatint_store::AssetFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::assets::{AssetView, asset_view};
use super::collections::{all_existing, existing};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

/// Pictures on one contact sheet.
const SHEET_MAX: usize = 24;

pub struct Display;

/// Show a gallery of assets, of a collection, or of the newest assets.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Assets to show.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub asset_ids: Vec<AssetId>,
    /// The collection to show.
    pub collection_id: Option<CollectionId>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub title: String,
    pub assets: Vec<AssetView>,
    #[serde(skip)]
    sheet: Option<Vec<u8>>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut lines = vec![format!("{}: {} asset(s).", self.title, self.assets.len())];
        lines.extend(
            self.assets
                .iter()
                .map(|asset| format!("{}\n  {}", asset.line(), asset.url)),
        );
        Description {
            text: lines.join("\n"),
            links: self.assets.iter().map(AssetView::link).collect(),
            preview: self.sheet.clone().map(crate::operation::Preview::Picture),
        }
    }
}

impl Operation for Display {
    const SPEC: Spec = Spec::new(
        "display.gallery",
        "Show a gallery",
        Scope::AssetsRead,
        Effects::Reads,
        get("/display"),
    )
    .aliases(&[("asset_id", "asset_ids"), ("id", "collection_id")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let store = cx.studio.store();
        let workspace = &cx.caller.workspace;
        let limit = args.limit.unwrap_or(24);
        let (title, assets) = match &args.collection_id {
            Some(_) if !args.asset_ids.is_empty() => {
                return Err(Problem::invalid(
                    "collection_id",
                    "Send either `asset_ids` or `collection_id`, not both.",
                ));
            }
            Some(id) => {
                let collection = existing(cx, id).await?;
                (
                    collection.name,
                    store.collections().contents(workspace, id, None, limit).await?.items,
                )
            }
            None if args.asset_ids.is_empty() => (
                "Newest assets".to_owned(),
                store
                    .assets()
                    .list(workspace, &AssetFilter::default(), None, limit)
                    .await?
                    .items,
            ),
            None => {
                all_existing(cx, &args.asset_ids).await?;
                let found = store.assets().get_many(workspace, &args.asset_ids).await?;
                let in_order = args
                    .asset_ids
                    .iter()
                    .filter_map(|id| found.iter().find(|asset| asset.id == *id).cloned())
                    .collect();
                ("Selection".to_owned(), in_order)
            }
        };
        let sheet = contact_sheet(cx, &assets).await;
        Ok(Output {
            title,
            assets: assets.iter().map(|asset| asset_view(&cx.studio, asset)).collect(),
            sheet,
        })
    }
}

/// The thumbnails on one picture. A gallery without it is still a gallery, so failure is only logged.
async fn contact_sheet(cx: &Context, assets: &[aquatint_domain::Asset]) -> Option<Vec<u8>> {
    let mut thumbnails = Vec::new();
    for asset in assets.iter().filter(|asset| asset.has_poster()).take(SHEET_MAX) {
        thumbnails.push(cx.studio.rendition(asset, 256).await.ok()?);
    }
    if thumbnails.is_empty() {
        return None;
    }
    let work = Work {
        engine: "contact.sheet".into(),
        arguments: json!({}),
        output: Writing {
            format: Some(aquatint_domain::MediaType::WebP),
            quality: Some(80),
            background: None,
        },
    };
    match cx
        .studio
        .crew()
        .make(&work, thumbnails, &Default::default(), &mut |_, _| {})
        .await
    {
        Ok(made) => Some(made.bytes),
        Err(problem) => {
            tracing::warn!(?problem, "no contact sheet");
            None
        }
    }
}
