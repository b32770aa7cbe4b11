//! One model, with its inputs.

use aquatint_domain::{Credits, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{MODEL_ALIASES, ModelView, existing};
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct Get;

/// One model: price with examples, limits, and the JSON Schema of its inputs.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Model id.
    #[schemars(length(min = 1, max = 200))]
    pub model: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    pub model: ModelView,
    pub input_schema: Value,
    /// Worked prices.
    pub price_examples: Vec<PriceExample>,
}

#[derive(Serialize, JsonSchema)]
pub struct PriceExample {
    pub what: String,
    pub credits: Credits,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let examples: Vec<String> = self
            .price_examples
            .iter()
            .map(|example| format!("{}: {} credits", example.what, example.credits))
            .collect();
        let text = format!(
            "{}\n{}\nPrice: {}.\nInputs: {}",
            super::line(&self.model),
            self.model.description,
            examples.join("; "),
            self.input_schema
        );
        Description {
            text,
            ..Description::default()
        }
    }
}

impl Operation for Get {
    const SPEC: Spec = Spec::new(
        "models.get",
        "Get a model",
        Scope::ModelsRead,
        Effects::Reads,
        get("/models/{*model}"),
    )
    .aliases(MODEL_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let model = existing(cx, &args.model)?;
        let example = |what: &str, outputs: u32, seconds: f64| PriceExample {
            what: what.to_owned(),
            credits: model.price.price(outputs, 1024, 1024, seconds),
        };
        let price_examples = if model.price.rate.per_second.is_zero() {
            vec![
                example("one of 1024×1024", 1, 0.0),
                example("four of 1024×1024", 4, 0.0),
            ]
        } else {
            vec![example("3 seconds", 1, 3.0), example("10 seconds", 1, 10.0)]
        };
        Ok(Output {
            model: (&model).into(),
            input_schema: model.input_schema.clone(),
            price_examples,
        })
    }
}
