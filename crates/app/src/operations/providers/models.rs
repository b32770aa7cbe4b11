//! What a key of a vendor brings: its models, whether there is a key or not.

use aquatint_domain::{Problem, Role, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::operation::{Context, Effects, Operation, Spec, get};
use crate::operations::models::Models;
use crate::vendors::named;

pub struct OfProvider;

/// The models that a key for a vendor brings, with prices and capabilities; each says whether the key is missing.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// The vendor's id from `providers.list`, such as `openai`.
    #[schemars(length(min = 1, max = 40))]
    pub provider: String,
}

impl Operation for OfProvider {
    const SPEC: Spec = Spec::new(
        "providers.models",
        "List a vendor's models",
        Scope::ModelsRead,
        Effects::Reads,
        get("/providers/{provider}/models"),
    )
    .for_people(Role::Viewer);
    type Args = Args;
    type Output = Models;

    async fn run(cx: &Context, args: Args) -> Result<Models, Problem> {
        let facts = named(&args.provider)?.facts();
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let catalogue = cx.studio.catalogue();
        let models = catalogue.all().iter().filter(|model| model.maker == facts.id);
        Ok(Models::with_needs(models, &usable))
    }
}
