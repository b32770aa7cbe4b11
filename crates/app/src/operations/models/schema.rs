//! The input schema of one model.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{MODEL_ALIASES, existing};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct Schema;

/// The JSON Schema (draft 2020-12) of a model's inputs; look at it before generating.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Model id.
    #[schemars(length(min = 1, max = 200))]
    pub model: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub model: String,
    pub input_schema: Value,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        Description {
            text: format!("Inputs of {}: {}", self.model, self.input_schema),
            ..Description::default()
        }
    }
}

impl Operation for Schema {
    const SPEC: Spec = Spec::new(
        "models.schema",
        "Get a model's input schema",
        Scope::ModelsRead,
        Effects::Reads,
        get("/models/schema/{*model}"),
    )
    .aliases(MODEL_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let model = existing(cx, &args.model).await?;
        Ok(Output {
            model: model.id.clone(),
            input_schema: model.input_schema.clone(),
        })
    }
}
