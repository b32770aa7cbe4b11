//! Search models.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Models;
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct Search;

/// Models whose name, description or use holds the words.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Words to look for.
    #[schemars(length(min = 1, max = 200))]
    pub query: String,
}

impl Operation for Search {
    const SPEC: Spec = Spec::new(
        "models.search",
        "Search models",
        Scope::ModelsRead,
        Effects::Reads,
        get("/models/search"),
    )
    .aliases(&[("q", "query")]);
    type Args = Args;
    type Output = Models;

    async fn run(cx: &Context, args: Args) -> Result<Models, Problem> {
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let catalogue = cx.studio.catalogue();
        let elsewhere = cx.studio.search_vendors(&cx.caller.workspace, &args.query).await?;
        let mut found = catalogue.search(&args.query);
        found.extend(elsewhere.iter().filter(|model| catalogue.find(&model.id).is_none()));
        Ok(Models::with_needs(found, &usable))
    }
}
