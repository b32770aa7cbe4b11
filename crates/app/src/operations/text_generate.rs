//! Text by a language model: words, and pictures where the model can look, to words.

use std::time::Duration;

use aquatint_domain::{Credits, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::edit::Images;
use crate::jobs::{Item, JobContext, JobView, Order, Product, Spending, submit};
use crate::operation::{Context, Effects, Making, MediaArgument, Operation, Spec, post};
use crate::studio::Studio;
use crate::vendors::words::{self, WordsItem};

/// Tokens of an answer, where the caller does not say.
const USUAL_TOKENS: u32 = 2_048;
/// Pictures of one call.
const IMAGES_MAX: usize = 8;
/// What a prompt is counted as before it is known, in bytes.
const UNKNOWN_BYTES: usize = 2_000;

pub struct Generate;

/// Have a language model write text, about pictures too; the text is in `result.text`. It needs a key for a vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Args {
    /// What to write.
    #[schemars(length(min = 1, max = 20000))]
    pub prompt: String,
    /// What the model is told before: its part, the tone, the form of the answer.
    #[schemars(length(max = 8000))]
    pub instructions: Option<String>,
    /// Pictures that it looks at, up to 8: asset id (best), https URL or data URI.
    pub images: Option<Images>,
    /// `text/openai/gpt-5.6-luna`, `text/openai/gpt-5.6-terra`, `text/google/gemini-3.5-flash-lite`, `text/google/gemini-3.8-flash`; by default the first whose vendor has a key here.
    #[schemars(length(max = 200))]
    pub model: Option<String>,
    /// The longest answer, thinking among it.
    #[schemars(range(min = 16, max = 16384))]
    pub max_tokens: Option<u32>,
    #[serde(flatten)]
    pub spending: Spending,
}

impl Operation for Generate {
    const SPEC: Spec = Spec::new(
        "text.generate",
        "Write text",
        Scope::Generate,
        Effects::Spends,
        post("/text"),
    )
    .as_node(&[MediaArgument::PICTURES], PortKind::Text)
    .aliases(&[("system", "instructions"), ("image", "images"), ("image_url", "images")]);
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        static SPEC: Spec = Generate::SPEC;
        let writer = cx.studio.writer(&cx.caller.workspace, args.model.as_deref()).await?;
        let named = match args.images {
            None => Vec::new(),
            Some(Images::One(image)) => vec![image],
            Some(Images::Many(images)) => images,
        };
        if named.len() > IMAGES_MAX {
            return Err(Problem::invalid(
                "images",
                format!("`images` takes up to {IMAGES_MAX} pictures; there are {}.", named.len()),
            ));
        }
        let mut images = Vec::with_capacity(named.len());
        for (index, image) in named.iter().enumerate() {
            let field = format!("images[{index}]");
            let source = cx.studio.accept_source(&cx.caller.workspace, image, &field).await?;
            images.push(source.as_str().to_owned());
        }
        let max_tokens = args.max_tokens.unwrap_or(USUAL_TOKENS);
        let bytes = args.prompt.len() + args.instructions.as_ref().map_or(0, String::len);
        let price = cx
            .studio
            .price_of_words(&writer.model, writer.is_own, bytes, images.len(), max_tokens);
        let model = format!("text/{}/{}", writer.vendor, writer.slug);
        let item = WordsItem {
            model: model.clone(),
            prompt: args.prompt,
            instructions: args.instructions,
            images,
            max_tokens,
            is_own_key: writer.is_own,
        };
        let arguments = serde_json::to_value(item).map_err(Problem::internal)?;
        let order = Order {
            spec: &SPEC,
            model,
            fingerprint: json!([arguments]),
            items: vec![Item {
                arguments,
                price,
                refused: None,
            }],
            is_batch: false,
            wait: Duration::from_secs(20),
        };
        submit(cx, order, &args.spending).await
    }
}

impl Making for Generate {
    type Item = WordsItem;

    fn price(studio: &Studio, arguments: &Value) -> Result<Credits, Problem> {
        let named = arguments["model"].as_str();
        // Whose key pays is known only when it is asked; this is what the server's own costs.
        let model = words::all()
            .find(|(vendor, model)| match named {
                Some(named) => model.id == named,
                None => studio
                    .settings()
                    .providers
                    .get(*vendor)
                    .is_some_and(|given| given.key.is_some()),
            })
            .or_else(|| words::all().next().filter(|_| named.is_none()));
        let Some((_, model)) = model else {
            return Ok(Credits::ZERO);
        };
        let length = |name: &str| arguments[name].as_str().map_or(0, str::len);
        let pictures = match &arguments["images"] {
            Value::Null => 0,
            Value::Array(all) => all.len(),
            _ => 1,
        };
        let most = arguments["max_tokens"]
            .as_u64()
            .and_then(|most| u32::try_from(most).ok())
            .unwrap_or(USUAL_TOKENS);
        let bytes = (length("prompt") + length("instructions")).max(UNKNOWN_BYTES);
        Ok(studio.price_of_words(model, false, bytes, pictures, most))
    }

    async fn make(cx: &JobContext, item: WordsItem) -> Result<Product, Problem> {
        words::write(cx, &item).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    #[test]
    fn the_argument_names_every_listed_model() {
        let entry = operations::find("text.generate").expect("an operation");
        let told = entry.input_schema()["properties"]["model"]["description"].to_string();
        for (_, model) in words::all() {
            assert!(told.contains(model.id), "{} is not told of", model.id);
        }
    }
}
