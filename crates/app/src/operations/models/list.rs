//! List models.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ModelType, Models, needs};
use crate::operation::{Context, Effects, Operation, Spec, get};

pub struct List;

/// Every model with its price, ratings and capabilities.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Only models that make this.
    #[serde(rename = "type")]
    pub kind: Option<ModelType>,
}

impl Operation for List {
    const SPEC: Spec = Spec::new(
        "models.list",
        "List models",
        Scope::ModelsRead,
        Effects::Reads,
        get("/models"),
    );
    type Args = Args;
    type Output = Models;

    async fn run(cx: &Context, args: Args) -> Result<Models, Problem> {
        let kind = args.kind.map(ModelType::kind);
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let catalogue = cx.studio.catalogue();
        Ok(Models::of(catalogue.all().iter().filter(|model| {
            kind.is_none_or(|kind| model.kind == kind) && needs(model, &usable).is_none()
        })))
    }
}
