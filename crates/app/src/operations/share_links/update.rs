//! Change a share link.

use aquatint_domain::{AssetId, Problem, Scope, ShareId, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ShareView, clean_title, end, hashed};
use crate::operation::{Context, Effects, Operation, Spec, post};
use crate::operations::collections::all_existing;

pub struct Update;

/// Change one; what is left out stays.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Share link id.
    pub share_id: ShareId,
    /// A new title; an empty one takes it away.
    #[schemars(length(max = 200))]
    pub title: Option<String>,
    /// When it ends (RFC 3339).
    pub expires_at: Option<Timestamp>,
    /// Or after how many days.
    #[schemars(range(min = 1, max = 3650))]
    pub expires_in_days: Option<u32>,
    /// Let it never end.
    #[serde(default)]
    pub never_expires: bool,
    /// A new password; an empty one takes it away.
    #[schemars(length(max = 200))]
    pub password: Option<String>,
    /// Whether originals may be saved.
    pub allow_downloads: Option<bool>,
    /// true ends it, false revives it.
    pub revoked: Option<bool>,
    /// Another selection, where the link shows one.
    #[schemars(length(min = 1, max = 1000))]
    pub asset_ids: Option<Vec<AssetId>>,
}

impl Operation for Update {
    const SPEC: Spec = Spec::new(
        "share_links.update",
        "Change a share link",
        Scope::Share,
        Effects::Writes,
        post("/share_links/{share_id}"),
    )
    .aliases(&[("id", "share_id"), ("name", "title")]);
    type Args = Args;
    type Output = ShareView;

    async fn run(cx: &Context, args: Args) -> Result<ShareView, Problem> {
        let mut share = cx.studio.share(&cx.caller.workspace, &args.share_id).await?;
        if let Some(title) = &args.title {
            share.title = clean_title(title);
        }
        let ends = end(cx, args.expires_at, args.expires_in_days)?;
        if ends.is_some() || args.never_expires {
            share.expires_at = ends;
        }
        if let Some(password) = &args.password {
            share.password_hash = match password.as_str() {
                "" => None,
                password => Some(hashed(password).await?),
            };
        }
        if let Some(allow_downloads) = args.allow_downloads {
            share.allow_downloads = allow_downloads;
        }
        match args.revoked {
            Some(true) if share.revoked_at.is_none() => share.revoked_at = Some(cx.studio.now()),
            Some(false) => share.revoked_at = None,
            _ => {}
        }
        if let Some(selection) = &args.asset_ids {
            if share.collection.is_some() {
                return Err(Problem::invalid(
                    "asset_ids",
                    "This link shows a collection; change the collection, or make another link.",
                ));
            }
            all_existing(cx, selection).await?;
        }
        let shares = cx.studio.store().shares();
        shares.update(&share, args.asset_ids.as_deref()).await?;
        let changed = cx.studio.share(&cx.caller.workspace, &args.share_id).await?;
        Ok(ShareView::of(&cx.studio, changed))
    }
}
