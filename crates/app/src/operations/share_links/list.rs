//! The share links of the workspace, and one of them.

use aquatint_domain::{Problem, Scope, ShareId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ShareView;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct List;
pub struct Get;

/// Share links, newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// One share link and how often it was seen.
#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {
    /// Share link id.
    pub share_id: ShareId,
}

#[derive(Serialize, JsonSchema)]
pub struct ShareLinks {
    pub share_links: Vec<ShareView>,
    /// Send it as `cursor` for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Describe for ShareLinks {
    fn describe(&self) -> Description {
        let mut lines = vec![format!("{} share link(s).", self.share_links.len())];
        lines.extend(self.share_links.iter().map(ShareView::line));
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for List {
    const SPEC: Spec = Spec::new(
        "share_links.list",
        "List share links",
        Scope::Share,
        Effects::Reads,
        get("/share_links"),
    );
    type Args = ListArgs;
    type Output = ShareLinks;

    async fn run(cx: &Context, args: ListArgs) -> Result<ShareLinks, Problem> {
        let page = cx
            .studio
            .store()
            .shares()
            .list(&cx.caller.workspace, args.cursor.as_deref(), args.limit.unwrap_or(20))
            .await?;
        Ok(ShareLinks {
            share_links: page
                .items
                .into_iter()
                .map(|share| ShareView::of(&cx.studio, share))
                .collect(),
            next_cursor: page.next_cursor,
        })
    }
}

impl Operation for Get {
    const SPEC: Spec = Spec::new(
        "share_links.get",
        "Get a share link",
        Scope::Share,
        Effects::Reads,
        get("/share_links/{share_id}"),
    )
    .aliases(&[("id", "share_id")]);
    type Args = GetArgs;
    type Output = ShareView;

    async fn run(cx: &Context, args: GetArgs) -> Result<ShareView, Problem> {
        let share = cx.studio.share(&cx.caller.workspace, &args.share_id).await?;
        Ok(ShareView::of(&cx.studio, share))
    }
}
