//! The trash: assets go into it, come back, or go for good. People only; agents delete nothing.

use std::time::Duration;

use aquatint_domain::{AssetId, Problem, Role, Scope, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AssetView, asset_view};
use crate::operation::{Context, Describe, Effects, Operation, Rest, Spec, get, post};
use crate::people::later;

pub struct Trash;
pub struct Restore;
pub struct Purge;
pub struct Trashed;

/// Put assets into the trash. They stay there for some days (30 unless the operator says otherwise) and can come back.
#[derive(Deserialize, JsonSchema)]
pub struct TrashArgs {
    /// The assets.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

/// Take assets out of the trash.
#[derive(Deserialize, JsonSchema)]
pub struct RestoreArgs {
    /// The assets.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

/// Remove assets from the trash for good. Admins remove any, members what they put there themselves.
#[derive(Deserialize, JsonSchema)]
pub struct PurgeArgs {
    /// The assets.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Vec<AssetId>,
}

/// What lies in the trash, what came last first.
#[derive(Deserialize, JsonSchema)]
pub struct TrashedArgs {
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// The assets that changed; others were not there.
#[derive(Serialize, JsonSchema)]
pub struct Changed {
    pub asset_ids: Vec<AssetId>,
    pub count: usize,
    /// When what was put into the trash goes for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purge_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
pub struct Contents {
    pub assets: Vec<TrashedAsset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct TrashedAsset {
    #[serde(flatten)]
    pub asset: AssetView,
    pub deleted_at: Timestamp,
    /// When it goes for good.
    pub purge_at: Timestamp,
}

impl Describe for Changed {}
impl Describe for Contents {}

impl Changed {
    fn of(asset_ids: Vec<AssetId>, purge_at: Option<Timestamp>) -> Self {
        Self {
            count: asset_ids.len(),
            asset_ids,
            purge_at,
        }
    }
}

const fn by_hand(name: &'static str, title: &'static str, effects: Effects, rest: Rest) -> Spec {
    Spec::new(name, title, Scope::AssetsWrite, effects, rest).for_people(Role::Member)
}

impl Operation for Trash {
    const SPEC: Spec = by_hand("assets.trash", "Delete assets", Effects::Writes, post("/assets/trash"));
    type Args = TrashArgs;
    type Output = Changed;

    async fn run(cx: &Context, args: TrashArgs) -> Result<Changed, Problem> {
        let now = cx.studio.now();
        let trashed = cx
            .studio
            .store()
            .assets()
            .trash(&cx.caller.workspace, &args.asset_ids, cx.caller.user.as_ref(), now)
            .await?;
        Ok(Changed::of(trashed, Some(purge_at(cx, now))))
    }
}

impl Operation for Restore {
    const SPEC: Spec = by_hand(
        "assets.restore",
        "Restore assets",
        Effects::Writes,
        post("/assets/restore"),
    );
    type Args = RestoreArgs;
    type Output = Changed;

    async fn run(cx: &Context, args: RestoreArgs) -> Result<Changed, Problem> {
        let assets = cx.studio.store().assets();
        let restored = assets.restore(&cx.caller.workspace, &args.asset_ids).await?;
        Ok(Changed::of(restored, None))
    }
}

impl Operation for Purge {
    const SPEC: Spec = by_hand(
        "assets.purge",
        "Delete assets for good",
        Effects::Writes,
        post("/assets/purge"),
    );
    type Args = PurgeArgs;
    type Output = Changed;

    async fn run(cx: &Context, args: PurgeArgs) -> Result<Changed, Problem> {
        let is_admin = cx.caller.role() >= Some(Role::Admin);
        let own = if is_admin { None } else { cx.caller.user.as_ref() };
        let assets = cx.studio.store().assets();
        let purged = assets.purge(&cx.caller.workspace, &args.asset_ids, own).await?;
        Ok(Changed::of(purged, None))
    }
}

impl Operation for Trashed {
    const SPEC: Spec = by_hand("assets.trashed", "The trash", Effects::Reads, get("/trash"));
    type Args = TrashedArgs;
    type Output = Contents;

    async fn run(cx: &Context, args: TrashedArgs) -> Result<Contents, Problem> {
        let page = cx
            .studio
            .store()
            .assets()
            .trashed(&cx.caller.workspace, args.cursor.as_deref(), args.limit.unwrap_or(40))
            .await?;
        Ok(Contents {
            next_cursor: page.next_cursor,
            assets: page
                .items
                .iter()
                .map(|(asset, deleted_at, _)| TrashedAsset {
                    asset: asset_view(&cx.studio, asset),
                    deleted_at: *deleted_at,
                    purge_at: purge_at(cx, *deleted_at),
                })
                .collect(),
        })
    }
}

fn purge_at(cx: &Context, deleted_at: Timestamp) -> Timestamp {
    let days = u64::from(cx.studio.settings().trash_days);
    later(deleted_at, Duration::from_secs(days * 24 * 3_600))
}
