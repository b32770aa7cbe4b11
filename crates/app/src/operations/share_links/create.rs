//! Make a share link.

use aquatint_domain::{AssetId, CollectionId, Problem, Scope, ShareId, Timestamp};
use aquatint_store::{Share, ShareKey};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{ShareView, clean_title, end, hashed};
use crate::operation::{Context, Effects, Operation, Spec, post};
use crate::operations::collections::{all_existing, existing};

pub struct Create;

/// Make a public link to `asset_ids` or to a `collection_id`, never both.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Assets to show, in this order.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub asset_ids: Vec<AssetId>,
    /// Collection to show, as it then is.
    pub collection_id: Option<CollectionId>,
    /// A title for visitors.
    #[schemars(length(max = 200))]
    pub title: Option<String>,
    /// When it ends (RFC 3339).
    pub expires_at: Option<Timestamp>,
    /// Or after how many days.
    #[schemars(range(min = 1, max = 3650))]
    pub expires_in_days: Option<u32>,
    /// Asked of visitors.
    #[schemars(length(max = 200))]
    pub password: Option<String>,
    /// Whether originals may be saved.
    pub allow_downloads: Option<bool>,
    /// Sent again, the same link.
    #[schemars(length(min = 1, max = 200))]
    pub idempotency_key: Option<String>,
}

impl Operation for Create {
    const SPEC: Spec = Spec::new(
        "share_links.create",
        "Make a share link",
        Scope::Share,
        Effects::Writes,
        post("/share_links"),
    )
    .aliases(&[("name", "title"), ("asset_id", "asset_ids")]);
    type Args = Args;
    type Output = ShareView;

    async fn run(cx: &Context, args: Args) -> Result<ShareView, Problem> {
        let mut selection = args.asset_ids;
        match (&args.collection_id, selection.is_empty()) {
            (Some(_), false) => {
                return Err(Problem::invalid(
                    "collection_id",
                    "A link shows `asset_ids` or a `collection_id`, never both; make two links.",
                ));
            }
            (None, true) => {
                return Err(Problem::invalid(
                    "asset_ids",
                    "Say what to share: `asset_ids` or a `collection_id`.",
                ));
            }
            (Some(collection), true) => {
                existing(cx, collection).await?;
            }
            (None, false) => all_existing(cx, &selection).await?,
        }
        // The same call is told by what came.
        let mut fingerprint = json!([
            selection,
            args.collection_id,
            args.title,
            args.expires_at,
            args.expires_in_days,
            args.allow_downloads,
        ]);
        fingerprint.sort_all_objects();
        let once = args.idempotency_key.map(|key| ShareKey {
            key,
            request_hash: *blake3::hash(fingerprint.to_string().as_bytes()).as_bytes(),
        });
        let mut seen = std::collections::HashSet::new();
        selection.retain(|id| seen.insert(id.clone()));
        let now = cx.studio.now();
        let password_hash = match args.password.as_deref().filter(|password| !password.is_empty()) {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        let id = ShareId::generate(now);
        let secret = cx.studio.share_secret(&id);
        let share = Share {
            workspace: cx.caller.workspace.clone(),
            title: args.title.as_deref().and_then(clean_title),
            collection: args.collection_id,
            password_hash,
            allow_downloads: args.allow_downloads.unwrap_or(true),
            expires_at: end(cx, args.expires_at, args.expires_in_days)?,
            revoked_at: None,
            view_count: 0,
            last_viewed_at: None,
            asset_count: 0,
            created_by: cx.caller.user.clone(),
            created_at: now,
            hash: String::new(),
            id,
        };
        let id = cx
            .studio
            .store()
            .shares()
            .insert(&secret.hash(), &share, &selection, once.as_ref())
            .await?;
        let made = cx.studio.share(&cx.caller.workspace, &id).await?;
        Ok(ShareView::of(&cx.studio, made))
    }
}
