//! Collections: named groups of assets.

pub mod add;
pub mod create;
pub mod get;
pub mod list;
pub mod search;
pub mod update;

use aquatint_domain::{AssetId, CollectionId, Problem, Timestamp};
use aquatint_store::Collection;
use schemars::JsonSchema;
use serde::Serialize;

use crate::operation::{Context, Describe, Description};

/// A collection in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CollectionView {
    pub collection_id: CollectionId,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub asset_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover_asset_id: Option<AssetId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<Collection> for CollectionView {
    fn from(collection: Collection) -> Self {
        Self {
            collection_id: collection.id,
            name: collection.name,
            description: collection.description,
            asset_count: u64::from(collection.asset_count),
            cover_asset_id: collection.cover,
            created_at: collection.created_at,
            updated_at: collection.updated_at,
        }
    }
}

impl CollectionView {
    fn line(&self) -> String {
        format!("{}: {} ({} assets)", self.collection_id, self.name, self.asset_count)
    }
}

impl Describe for CollectionView {
    fn describe(&self) -> Description {
        Description {
            text: self.line(),
            ..Description::default()
        }
    }
}

/// A page of collections.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Collections {
    pub collections: Vec<CollectionView>,
    /// Send it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Describe for Collections {
    fn describe(&self) -> Description {
        let mut lines = vec![format!("{} collection(s).", self.collections.len())];
        lines.extend(self.collections.iter().map(CollectionView::line));
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

/// The collection of that id, or a clear refusal.
pub(crate) async fn existing(cx: &Context, id: &CollectionId) -> Result<Collection, Problem> {
    let found = cx.studio.store().collections().get(&cx.caller.workspace, id).await?;
    found.ok_or_else(|| {
        Problem::not_found("collection", id)
            .at("collection_id")
            .hint("List collections with `collections` `list`, or make one with `create`.")
    })
}

/// Refuses ids that are not assets of this workspace.
pub(crate) async fn all_existing(cx: &Context, ids: &[AssetId]) -> Result<(), Problem> {
    let found = cx.studio.store().assets().get_many(&cx.caller.workspace, ids).await?;
    match ids
        .iter()
        .enumerate()
        .find(|(_, id)| !found.iter().any(|asset| asset.id == **id))
    {
        Some((index, missing)) => Err(Problem::not_found("asset", missing).at(format!("asset_ids[{index}]"))),
        None => Ok(()),
    }
}
