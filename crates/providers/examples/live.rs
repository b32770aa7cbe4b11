//! A run against the real vendor with a real key: checks the key, and with `--buy` makes one picture or video by the
//! cheapest model and says what was bought. `cargo xtask live --provider NAME [--model ID] [--buy]` starts it.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::model::Sale;
use aquatint_domain::{Credits, Model, SystemClock};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::schema::{media_fields, settled};
use aquatint_providers::{Desk, DeskConfig, FetcherConfig, Key, Order, Service, Submitted, provider};
use serde_json::{Map, Value};

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("failed: {why}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let name = value("--provider").ok_or("say which vendor: --provider NAME")?;
    let provider = provider::find(&name).ok_or_else(|| {
        let known: Vec<&str> = provider::ALL.iter().map(|provider| provider.facts().id).collect();
        format!("there is no vendor {name}; there are: {}", known.join(", "))
    })?;
    let facts = provider.facts();
    let Some(key) = facts.key_variables.iter().find_map(|name| std::env::var(name).ok()) else {
        println!("skipped: {} is not set", facts.key_variables.join(" or "));
        return Ok(());
    };
    let key = Key::new(&key).ok_or("the key has spaces in it, or is empty")?;
    let config = FetcherConfig::default();
    let desk = Desk::open(facts, Some(key), &DeskConfig::default(), &config, Arc::new(SystemClock));
    let service = Service::new(
        provider,
        desk.map_err(|problem| problem.to_string())?,
        Arc::new(Meter::default()),
    );
    let told = service.check_key().await.map_err(|fault| fault.to_string())?;
    println!("{}: the key is good {}", facts.name, told.account.unwrap_or_default());

    let (model, inputs, price) = choose(provider.models(), value("--model").as_deref())
        .ok_or("no model has an example without pictures; name one with --model")?;
    println!("{}: about {price} credits (at 100 a dollar)", model.id);
    if !arguments.iter().any(|argument| argument == "--buy") {
        println!("nothing was bought; say --buy to buy it");
        return Ok(());
    }
    let order = Order {
        inputs: settled(&model, &inputs),
        model: Arc::new(model),
        media: Vec::new(),
        count: 1,
        purchase: format!("live-{}", std::process::id()),
        webhook: None,
    };
    let outcome = match service.submit(&order).await.map_err(|fault| fault.to_string())? {
        Submitted::Done(outcome) => outcome,
        Submitted::Waiting(task) => {
            println!("task {}", task.id);
            let mut tell = |_: Option<f64>, stage: &str| println!("  {stage}");
            service
                .wait(&task, 1, PATIENCE, &mut tell)
                .await
                .map_err(|fault| fault.to_string())?
        }
    };
    for output in &outcome.outputs {
        let file = service
            .collect(&order.model, output)
            .await
            .map_err(|fault| fault.to_string())?;
        println!(
            "bought: {} of {} bytes, seed {:?}",
            file.media_type.as_str(),
            file.bytes.len(),
            file.seed
        );
    }
    let cost = outcome
        .cost
        .map_or("the vendor does not say".to_owned(), |cost| format!("{cost} credits"));
    println!("cost: {cost}; request {}", outcome.request_id.unwrap_or_default());
    Ok(())
}

/// The named model, or the cheapest, with an example that needs no pictures.
fn choose(models: Vec<Model>, named: Option<&str>) -> Option<(Model, Map<String, Value>, Credits)> {
    models
        .into_iter()
        .filter(|model| named.is_none_or(|named| model.id == named) && model.deprecation.is_none())
        .filter_map(|model| {
            let media = media_fields(&model.input_schema);
            let example = model.input_schema["examples"]
                .as_array()?
                .iter()
                .filter_map(Value::as_object)
                .find(|example| media.iter().all(|(name, _, _)| !example.contains_key(name)))?
                .clone();
            let inputs = settled(&model, &example);
            let side = |name: &str| inputs.get(name).and_then(Value::as_u64).unwrap_or(1_024) as u32;
            let price = model.price.price_of(&Sale {
                outputs: 1,
                width: side("width"),
                height: side("height"),
                seconds: inputs.get("duration_seconds").and_then(Value::as_f64).unwrap_or(0.0),
                media: 0,
                inputs: &inputs,
            });
            Some((model, example, price))
        })
        .min_by_key(|(_, _, price)| *price)
}
