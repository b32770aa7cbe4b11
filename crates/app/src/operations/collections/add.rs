//! Put assets into a collection.

use aquatint_domain::{AssetId, CollectionId, Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CollectionView, all_existing, existing};
use crate::operation::{Context, Effects, Operation, Spec, post};

pub struct Add;

/// Put assets into a collection; what is in it already stays once.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Collection id.
    pub collection_id: CollectionId,
    /// Assets to put into it.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

impl Operation for Add {
    const SPEC: Spec = Spec::new(
        "collections.add",
        "Add to a collection",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/collections/{collection_id}/assets"),
    )
    .aliases(&[("id", "collection_id"), ("asset_id", "asset_ids")]);
    type Args = Args;
    type Output = CollectionView;

    async fn run(cx: &Context, args: Args) -> Result<CollectionView, Problem> {
        existing(cx, &args.collection_id).await?;
        all_existing(cx, &args.asset_ids).await?;
        cx.studio
            .store()
            .collections()
            .add(
                &cx.caller.workspace,
                &args.collection_id,
                &args.asset_ids,
                cx.studio.now(),
            )
            .await?;
        Ok(existing(cx, &args.collection_id).await?.into())
    }
}
