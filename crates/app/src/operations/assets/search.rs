//! Search assets by their words.

use aquatint_domain::{Code, Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Assets, Narrowing};
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct Search;

/// Assets whose title, tags, prompt or operation match the words, best first.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Words to look for.
    #[schemars(length(min = 1, max = 300))]
    pub query: String,
    /// `semantic` needs the business plan and an embedding model.
    #[serde(default)]
    pub mode: Mode,
    #[serde(flatten)]
    pub narrowing: Narrowing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Mode {
    #[default]
    Keyword,
    Semantic,
}

impl Operation for Search {
    const SPEC: Spec = Spec::new(
        "assets.search",
        "Search assets",
        Scope::AssetsRead,
        Effects::Reads,
        get("/assets/search"),
    )
    .aliases(&[("q", "query")]);
    type Args = Args;
    type Output = Assets;

    async fn run(cx: &Context, args: Args) -> Result<Assets, Problem> {
        if args.mode == Mode::Semantic {
            let (plan_name, plan) = cx.studio.plan_of(&cx.caller.workspace).await?;
            return Err(if plan.semantic_search {
                Problem::invalid(
                    "mode",
                    "No embedding model is installed on this server, so nothing can be searched by meaning.",
                )
                .hint("Search with `mode: \"keyword\"`.")
            } else {
                let page = cx.studio.upgrade_page();
                Problem::new(
                    Code::UpgradeRequired,
                    format!("Semantic search is part of a higher plan than `{plan_name}`."),
                )
                .hint("Search with `mode: \"keyword\"`, or upgrade.")
                .upgrade_url(page)
            });
        }
        let narrowing = &args.narrowing;
        let page = cx
            .studio
            .store()
            .assets()
            .search(
                &cx.caller.workspace,
                &args.query,
                &narrowing.filter(),
                narrowing.cursor.as_deref(),
                narrowing.page_size(),
            )
            .await?;
        Ok(Assets {
            search_mode: Some("keyword".into()),
            ..Assets::of(&cx.studio, page)
        })
    }
}
