//! What a list of assets can be narrowed by.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct Facets;

/// Which tags, models, sources and types the workspace's assets have, and how many of each.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Default, Serialize, JsonSchema)]
pub struct Output {
    pub tags: Vec<Facet>,
    pub models: Vec<Facet>,
    pub sources: Vec<Facet>,
    pub types: Vec<Facet>,
}

#[derive(Serialize, JsonSchema)]
pub struct Facet {
    pub name: String,
    pub count: u64,
}

impl Describe for Output {}

impl Operation for Facets {
    const SPEC: Spec = Spec::new(
        "assets.facets",
        "What assets can be narrowed by",
        Scope::AssetsRead,
        Effects::Reads,
        get("/assets/facets"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        let mut output = Output::default();
        for (facet, name, count) in cx.studio.store().assets().facets(&cx.caller.workspace).await? {
            let list = match facet.as_str() {
                "tags" => &mut output.tags,
                "models" => &mut output.models,
                "sources" => &mut output.sources,
                _ => &mut output.types,
            };
            list.push(Facet { name, count });
        }
        Ok(output)
    }
}
