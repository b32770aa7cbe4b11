//! One collection with its contents.

use aquatint_domain::{CollectionId, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CollectionView, existing};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::operations::assets::Assets;

pub struct Get;

/// A collection and a page of its assets, oldest addition last.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Collection id.
    pub collection_id: CollectionId,
    /// At most this many assets.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    pub collection: CollectionView,
    #[serde(flatten)]
    pub contents: Assets,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut description = self.contents.describe();
        description.text = format!("{}\n{}", self.collection.line(), description.text);
        description
    }
}

impl Operation for Get {
    const SPEC: Spec = Spec::new(
        "collections.get",
        "Get a collection",
        Scope::AssetsRead,
        Effects::Reads,
        get("/collections/{collection_id}"),
    )
    .aliases(&[("id", "collection_id")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let collection = existing(cx, &args.collection_id).await?;
        let page = cx
            .studio
            .store()
            .collections()
            .contents(
                &cx.caller.workspace,
                &args.collection_id,
                args.cursor.as_deref(),
                args.limit.unwrap_or(20),
            )
            .await?;
        Ok(Output {
            collection: collection.into(),
            contents: Assets::of(&cx.studio, page),
        })
    }
}
