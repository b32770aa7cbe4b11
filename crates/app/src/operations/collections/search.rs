//! Search collections by name.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CollectionView, Collections};
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct Search;

/// Collections whose name or description holds the words.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Words to look for.
    #[schemars(length(min = 1, max = 300))]
    pub query: String,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

impl Operation for Search {
    const SPEC: Spec = Spec::new(
        "collections.search",
        "Search collections",
        Scope::AssetsRead,
        Effects::Reads,
        get("/collections/search"),
    )
    .aliases(&[("q", "query"), ("name", "query")]);
    type Args = Args;
    type Output = Collections;

    async fn run(cx: &Context, args: Args) -> Result<Collections, Problem> {
        let page = cx
            .studio
            .store()
            .collections()
            .search(
                &cx.caller.workspace,
                &args.query,
                args.cursor.as_deref(),
                args.limit.unwrap_or(20),
            )
            .await?;
        Ok(Collections {
            collections: page.items.into_iter().map(CollectionView::from).collect(),
            next_cursor: page.next_cursor,
        })
    }
}
