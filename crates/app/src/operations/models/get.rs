//! One model, with its inputs.

use aquatint_domain::model::Sale;
use aquatint_domain::{Credits, Model, Problem, Scope};
use aquatint_providers::schema::{media_fields, with_defaults};
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
        let model = existing(cx, &args.model).await?;
        let usable = cx.studio.usable_vendors(&cx.caller.workspace).await?;
        let price_examples = price_examples(&model);
        Ok(Output {
            model: ModelView::for_vendors(&model, &usable),
            input_schema: model.input_schema.clone(),
            price_examples,
        })
    }
}

/// Worked prices: by number and length, and for a vendor's model those of its own examples.
fn price_examples(model: &Model) -> Vec<PriceExample> {
    let plain = |what: &str, outputs: u32, seconds: f64| PriceExample {
        what: what.to_owned(),
        credits: model.price.price(outputs, 1024, 1024, seconds),
    };
    if aquatint_providers::provider::find(&model.maker).is_none() {
        return if model.price.rate.per_second.is_zero() {
            vec![plain("one of 1024×1024", 1, 0.0), plain("four of 1024×1024", 4, 0.0)]
        } else {
            vec![plain("3 seconds", 1, 3.0), plain("10 seconds", 1, 10.0)]
        };
    }
    let examples = model.input_schema["examples"].as_array().into_iter().flatten();
    examples
        .filter_map(Value::as_object)
        .take(4)
        .map(|example| {
            let inputs = with_defaults(&model.input_schema, example);
            let side = |name: &str| {
                let side = inputs.get(name).and_then(Value::as_u64);
                side.and_then(|side| u32::try_from(side).ok()).unwrap_or(1024)
            };
            let count = inputs.get("count").and_then(Value::as_u64).unwrap_or(1);
            let media = media_fields(&model.input_schema)
                .iter()
                .filter_map(|(name, _, _)| inputs.get(name))
                .map(|given| given.as_array().map_or(1, Vec::len))
                .sum::<usize>();
            let mut words: Vec<String> = ["quality", "resolution", "duration_seconds", "width", "height"]
                .iter()
                .filter_map(|name| Some(format!("{name} {}", inputs.get(*name)?.to_string().trim_matches('"'))))
                .collect();
            words.insert(0, format!("{count} result(s), {media} input(s)"));
            PriceExample {
                what: words.join(", "),
                credits: model.price.price_of(&Sale {
                    outputs: u32::try_from(count).unwrap_or(1),
                    width: side("width"),
                    height: side("height"),
                    seconds: inputs.get("duration_seconds").and_then(Value::as_f64).unwrap_or(0.0),
                    media: u32::try_from(media).unwrap_or(0),
                    inputs: &inputs,
                }),
            }
        })
        .collect()
}
