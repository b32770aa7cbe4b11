//! What a visitor of a share link sees.

use aquatint_domain::{Problem, Scope, ShareId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ShareView;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::operations::assets::Assets;

pub struct Contents;

/// What a visitor sees, in order.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Share link id.
    pub share_id: ShareId,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub share: ShareView,
    #[serde(flatten)]
    pub contents: Assets,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut description = self.contents.describe();
        description.text = format!("{}\n{}", self.share.line(), description.text);
        description
    }
}

impl Operation for Contents {
    const SPEC: Spec = Spec::new(
        "share_links.contents",
        "What a share link shows",
        Scope::Share,
        Effects::Reads,
        get("/share_links/{share_id}/contents"),
    )
    .aliases(&[("id", "share_id")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let share = cx.studio.share(&cx.caller.workspace, &args.share_id).await?;
        let page = cx
            .studio
            .store()
            .shares()
            .contents(&share, args.cursor.as_deref(), args.limit.unwrap_or(20))
            .await?;
        Ok(Output {
            share: ShareView::of(&cx.studio, share),
            contents: Assets::of(&cx.studio, page),
        })
    }
}
