//! List assets.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Assets, Narrowing};
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct List;

/// Assets of the workspace or of one collection, newest first.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    #[serde(flatten)]
    pub narrowing: Narrowing,
}

impl Operation for List {
    const SPEC: Spec = Spec::new(
        "assets.list",
        "List assets",
        Scope::AssetsRead,
        Effects::Reads,
        get("/assets"),
    );
    type Args = Args;
    type Output = Assets;

    async fn run(cx: &Context, args: Args) -> Result<Assets, Problem> {
        if let Some(collection) = &args.narrowing.collection_id {
            crate::operations::collections::existing(cx, collection).await?;
        }
        let narrowing = &args.narrowing;
        let page = cx
            .studio
            .store()
            .assets()
            .list(
                &cx.caller.workspace,
                &narrowing.filter(),
                narrowing.cursor.as_deref(),
                narrowing.page_size(),
            )
            .await?;
        Ok(Assets::of(&cx.studio, page))
    }
}
