//! Share links, as operations: made, changed and listed by agents too, removed by people only.

pub mod contents;
pub mod create;
pub mod delete;
pub mod list;
pub mod update;

use aquatint_domain::{CollectionId, Problem, ShareId, Timestamp, text};
use aquatint_store::Share;
use schemars::JsonSchema;
use serde::Serialize;

use crate::operation::{Context, Describe, Description};
use crate::people::{later, passwords};
use crate::studio::Studio;

const TITLE_MAX_CHARS: usize = 120;
const PASSWORD_MIN_CHARS: usize = 4;

/// A share link.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShareView {
    pub share_id: ShareId,
    /// The link itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// selection or collection.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection_id: Option<CollectionId>,
    pub asset_count: u64,
    pub has_password: bool,
    pub allow_downloads: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// live, expired or revoked.
    pub state: String,
    pub view_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_viewed_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl ShareView {
    fn of(studio: &Studio, share: Share) -> Self {
        let state = if share.revoked_at.is_some() {
            "revoked"
        } else if share.expires_at.is_some_and(|expires_at| expires_at <= studio.now()) {
            "expired"
        } else {
            "live"
        };
        Self {
            url: studio.share_url(&share),
            kind: if share.collection.is_some() {
                "collection"
            } else {
                "selection"
            }
            .to_owned(),
            state: state.to_owned(),
            share_id: share.id,
            title: share.title,
            collection_id: share.collection,
            asset_count: share.asset_count,
            has_password: share.password_hash.is_some(),
            allow_downloads: share.allow_downloads,
            expires_at: share.expires_at,
            view_count: share.view_count,
            last_viewed_at: share.last_viewed_at,
            created_at: share.created_at,
        }
    }

    fn line(&self) -> String {
        format!(
            "{}: {} ({} asset(s), {}, seen {} times) {}",
            self.share_id,
            self.title.as_deref().unwrap_or("no title"),
            self.asset_count,
            self.state,
            self.view_count,
            self.url
                .as_deref()
                .unwrap_or("(the link cannot be shown: the server's secret has changed)"),
        )
    }
}

impl Describe for ShareView {
    fn describe(&self) -> Description {
        Description {
            text: self.line(),
            ..Description::default()
        }
    }
}

fn clean_title(title: &str) -> Option<String> {
    Some(text::one_line(title, TITLE_MAX_CHARS)).filter(|title| !title.is_empty())
}

async fn hashed(password: &str) -> Result<String, Problem> {
    if password.chars().count() < PASSWORD_MIN_CHARS {
        return Err(Problem::invalid(
            "password",
            format!("The password of a link needs at least {PASSWORD_MIN_CHARS} characters."),
        ));
    }
    passwords::hash_any(password).await
}

/// When a link ends: at a time, or after days.
fn end(cx: &Context, at: Option<Timestamp>, days: Option<u32>) -> Result<Option<Timestamp>, Problem> {
    let now = cx.studio.now();
    if let Some(at) = at.filter(|at| *at <= now) {
        return Err(Problem::invalid("expires_at", format!("{at} is in the past.")));
    }
    let days = days.map(|days| later(now, std::time::Duration::from_secs(u64::from(days) * 86_400)));
    Ok(at.or(days))
}
