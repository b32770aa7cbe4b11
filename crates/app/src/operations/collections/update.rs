//! What people change about a collection: its name, what is in it, and whether it is there.

use aquatint_domain::{AssetId, CollectionId, Problem, Role, Scope, text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CollectionView, existing};
use crate::operation::{Context, Done, Effects, Operation, Spec, delete, post};

pub struct Update;
pub struct Remove;
pub struct Delete;

/// Change a collection's name or description; what is left out stays.
#[derive(Deserialize, JsonSchema)]
pub struct UpdateArgs {
    /// Collection id.
    pub collection_id: CollectionId,
    /// The new name.
    #[schemars(length(max = 120))]
    pub name: Option<String>,
    /// The new description; an empty one takes it away.
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
}

/// Take assets out of a collection; the assets stay.
#[derive(Deserialize, JsonSchema)]
pub struct RemoveArgs {
    /// Collection id.
    pub collection_id: CollectionId,
    /// The assets.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

/// Delete a collection and the links that show it; its assets stay.
#[derive(Deserialize, JsonSchema)]
pub struct DeleteArgs {
    /// Collection id.
    pub collection_id: CollectionId,
}

impl Operation for Update {
    const SPEC: Spec = Spec::new(
        "collections.update",
        "Change a collection",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/collections/{collection_id}"),
    )
    .for_people(Role::Member);
    type Args = UpdateArgs;
    type Output = CollectionView;

    async fn run(cx: &Context, args: UpdateArgs) -> Result<CollectionView, Problem> {
        let before = existing(cx, &args.collection_id).await?;
        let name = match &args.name {
            Some(name) => text::one_line(name, 120),
            None => before.name,
        };
        if name.is_empty() {
            return Err(Problem::invalid(
                "name",
                "A collection needs a name with visible characters.",
            ));
        }
        let description = match &args.description {
            Some(description) => Some(text::one_line(description, 1_000)).filter(|description| !description.is_empty()),
            None => before.description,
        };
        cx.studio
            .store()
            .collections()
            .rename(
                &cx.caller.workspace,
                &args.collection_id,
                &name,
                description.as_deref(),
                cx.studio.now(),
            )
            .await?;
        Ok(existing(cx, &args.collection_id).await?.into())
    }
}

impl Operation for Remove {
    const SPEC: Spec = Spec::new(
        "collections.remove",
        "Take assets out of a collection",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/collections/{collection_id}/remove"),
    )
    .for_people(Role::Member);
    type Args = RemoveArgs;
    type Output = CollectionView;

    async fn run(cx: &Context, args: RemoveArgs) -> Result<CollectionView, Problem> {
        existing(cx, &args.collection_id).await?;
        let collections = cx.studio.store().collections();
        collections
            .take_out(
                &cx.caller.workspace,
                &args.collection_id,
                &args.asset_ids,
                cx.studio.now(),
            )
            .await?;
        Ok(existing(cx, &args.collection_id).await?.into())
    }
}

impl Operation for Delete {
    const SPEC: Spec = Spec::new(
        "collections.delete",
        "Delete a collection",
        Scope::AssetsWrite,
        Effects::Writes,
        delete("/collections/{collection_id}"),
    )
    .for_people(Role::Member);
    type Args = DeleteArgs;
    type Output = Done;

    async fn run(cx: &Context, args: DeleteArgs) -> Result<Done, Problem> {
        existing(cx, &args.collection_id).await?;
        let collections = cx.studio.store().collections();
        collections.delete(&cx.caller.workspace, &args.collection_id).await?;
        Ok(Done::YES)
    }
}
