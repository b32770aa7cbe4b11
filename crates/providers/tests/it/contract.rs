//! What every vendor's file owes, asked of each by itself against its stand-in.
//!
//! A vendor gets its tests by its row at the end. It is asked only for what it declares: a vendor without tasks is not
//! asked about polls, one that answers with the files themselves not about URLs of results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Credits, MediaType, Model, SystemClock};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::layers::retry::Retry;
use aquatint_providers::schema::{EXAMPLE_ASSET, media_fields, settled, with_defaults};
use aquatint_providers::{
    Bought, Cancelled, Collected, Desk, DeskConfig, Fault, FaultKind, FetcherConfig, Found, Key, Medium, Order,
    Outcome, Progress, Service, Source, Submitted,
};
use aquatint_standins::{Act, CASES, Case, Expect, Running, Spoil, StandIn, State, Step, Trouble, files};
use serde_json::{Map, Value, json};

/// Longer than a stand-in in good health takes.
const PATIENCE: Duration = Duration::from_millis(400);
/// For a whole task.
const DEADLINE: Duration = Duration::from_secs(2);

/// The vendor's service at a running stand-in.
pub(crate) fn service(stand: &StandIn, running: &Running, key: &str) -> Service {
    let config = DeskConfig {
        base_url: Some(running.url()),
        may_be_private: true,
        patience: Some(PATIENCE),
    };
    let fetching = FetcherConfig {
        first_byte_timeout: PATIENCE,
        connect_timeout: PATIENCE,
        ..FetcherConfig::default()
    };
    let desk = Desk::open(
        stand.provider.facts(),
        Key::new(key),
        &config,
        &fetching,
        Arc::new(SystemClock),
    )
    .expect("opens");
    let retry = Retry {
        tries: 3,
        first_pause: Duration::from_millis(4),
        longest_pause: Duration::from_secs(1),
    };
    Service::new(stand.provider, desk, Arc::new(Meter::default())).with(retry, Duration::from_millis(4))
}

/// An order from a call: media are files of the stand-in's, everything else as it stands there.
fn order(model: &Model, call: &Map<String, Value>) -> Order {
    let mut media = Vec::new();
    for (name, kind, _) in media_fields(&model.input_schema) {
        let given = match call.get(&name) {
            Some(Value::Array(list)) => list.len(),
            Some(_) => 1,
            None => 0,
        };
        for _ in 0..given {
            let (bytes, media_type) = if kind.starts_with("video") {
                (files::mp4(), MediaType::Mp4)
            } else {
                (files::grey_png(), MediaType::Png)
            };
            media.push(Medium {
                field: name.clone(),
                media_type,
                bytes,
                width: 8,
                height: 8,
                seconds: if media_type == MediaType::Mp4 { 5.0 } else { 0.0 },
                url: Some(format!("https://studio.aquatint.dev/media/{}.png", media.len())),
            });
        }
    }
    let count = call.get("count").and_then(Value::as_u64).unwrap_or(1) as u32;
    Order {
        model: Arc::new(model.clone()),
        inputs: settled(model, call),
        media,
        count: count.min(model.outputs_per_request),
        purchase: "pur_0123456789".into(),
        webhook: None,
    }
}

fn examples(model: &Model) -> Vec<Map<String, Value>> {
    let examples = model.input_schema["examples"].as_array().cloned().unwrap_or_default();
    examples
        .into_iter()
        .filter_map(|example| example.as_object().cloned())
        .collect()
}

/// Buys and fetches: the outcome and the files.
async fn buy(service: &Service, order: &Order) -> Result<(Outcome, Vec<Collected>), Fault> {
    let _place = service.place().await;
    let outcome = match service.submit(order).await? {
        Submitted::Done(outcome) => outcome,
        Submitted::Waiting(task) => {
            // A restart reads the task from a row.
            let stored = serde_json::to_string(&task).expect("serialises");
            let task = serde_json::from_str(&stored).expect("reads back");
            service.wait(&task, order.count, DEADLINE, &mut |_, _| {}).await?
        }
    };
    let mut files = Vec::new();
    for output in &outcome.outputs {
        files.push(service.collect(&order.model, output).await?);
    }
    Ok((outcome, files))
}

/// How a vendor answers, found by buying once.
struct Manner {
    has_tasks: bool,
    has_urls: bool,
}

async fn manner(stand: &'static StandIn, order: &Order) -> Manner {
    let running = stand.start().await;
    let service = service(stand, &running, stand.key);
    let submitted = service.submit(order).await.expect("sells");
    let has_tasks = matches!(submitted, Submitted::Waiting(_));
    let outcome = match submitted {
        Submitted::Done(outcome) => outcome,
        Submitted::Waiting(task) => service
            .wait(&task, order.count, DEADLINE, &mut |_, _| {})
            .await
            .expect("ends"),
    };
    Manner {
        has_tasks,
        has_urls: outcome
            .outputs
            .iter()
            .any(|output| !matches!(output.source, Source::Bytes(_))),
    }
}

/// The rows of the catalogue are sound by themselves.
fn rows(stand: &'static StandIn) {
    let models = stand.provider.models();
    for model in &models {
        let id = &model.id;
        let validator =
            jsonschema::draft202012::new(&model.input_schema).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(
            model.input_schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{id}"
        );
        assert!(!examples(model).is_empty(), "{id} has no example");
        let mut shown = BTreeMap::new();
        for example in examples(model) {
            assert!(
                validator.is_valid(&Value::Object(example.clone())),
                "{id}: {}",
                json!(example)
            );
            let filled = with_defaults(&model.input_schema, &example);
            assert!(
                validator.is_valid(&Value::Object(filled)),
                "{id}: a default breaks the schema"
            );
            for name in example.keys() {
                *shown.entry(name.clone()).or_insert(0) += 1;
            }
        }
        let has = |name: &str| model.input_schema["properties"].get(name).is_some();
        let can = model.capabilities;
        for (is_declared, names) in [
            (can.text_to_image || can.text_to_video, &["prompt"][..]),
            (
                can.image_to_image || can.upscale || can.remove_background,
                &["images", "image", "input_image", "video"],
            ),
            (can.image_to_video, &["first_frame", "images"]),
            (can.first_last_frame, &["last_frame"]),
            (can.video_to_video, &["video"]),
            (can.references, &["images", "reference_images"]),
            (can.masks, &["mask"]),
        ] {
            let is_told = names.iter().any(|name| has(name) && shown.contains_key(*name));
            assert!(
                !is_declared || is_told,
                "{id} declares what neither its schema nor an example shows: one of {names:?}"
            );
        }
        assert!(
            !model.best_for.is_empty() && !model.description.is_empty() && !model.license.is_empty(),
            "{id}"
        );
        assert!(
            (1..=5).contains(&model.quality_rating) && (1..=5).contains(&model.pricing_rating),
            "{id}"
        );
        assert!(
            ["instant", "fast", "medium", "slow"].contains(&model.speed.as_str()),
            "{id}"
        );
        assert!((1..=10).contains(&model.outputs_per_request), "{id}");
        let price = model.price.price(1, 1024, 1024, 5.0);
        assert!(
            price > Credits::ZERO
                || model.price.is_estimate
                || can.local
                || !stand.provider.facts().base_url.starts_with("https"),
            "{id} is free?"
        );
        if let Some(deprecation) = &model.deprecation {
            for day in [Some(&deprecation.since), deprecation.sunset.as_ref()]
                .into_iter()
                .flatten()
            {
                assert!(day.parse::<jiff::civil::Date>().is_ok(), "{id}: {day}");
            }
            if let Some(replacement) = &deprecation.replacement {
                assert!(
                    models.iter().any(|model| model.id == *replacement),
                    "{id}: there is no {replacement}"
                );
            }
        }
        let asset = json!(example_media(model));
        assert!(
            !asset.to_string().contains("http"),
            "{id}: examples name media as {EXAMPLE_ASSET}"
        );
    }
}

fn example_media(model: &Model) -> Vec<Value> {
    let fields = media_fields(&model.input_schema);
    let of = |example: &Map<String, Value>| {
        fields
            .iter()
            .filter_map(|(name, _, _)| example.get(name).cloned())
            .collect::<Vec<_>>()
    };
    examples(model).iter().flat_map(of).collect()
}

/// Every example of every model is bought, and every request fits the vendor's schema.
async fn bought(stand: &'static StandIn) {
    for model in stand.provider.models() {
        for example in examples(&model) {
            let running = stand.start().await;
            let service = service(stand, &running, stand.key);
            let order = order(&model, &example);
            let bought = buy(&service, &order).await;
            running.assert_sound();
            let (outcome, files) = bought.unwrap_or_else(|fault| panic!("{}: {}: {fault}", model.id, json!(example)));
            assert_eq!(files.len(), order.count as usize, "{}", model.id);
            assert_eq!(running.shop(|shop| shop.sold), order.count, "{}", model.id);
            assert_eq!(running.asked(Step::Submit), 1, "{}", model.id);
            assert!(outcome.cost.is_none_or(|cost| cost >= Credits::ZERO), "{}", model.id);
        }
    }
}

/// A good key passes the harmless call, a bad one fails it, and neither is printed.
async fn keys(stand: &'static StandIn) {
    let running = stand.start().await;
    service(stand, &running, stand.key)
        .check_key()
        .await
        .expect("the key is good");
    running.assert_sound();
    assert_eq!(running.asked(Step::Submit), 0, "a key is checked without buying");
    if stand.provider.facts().auth == aquatint_providers::Auth::Optional {
        return;
    }
    running.misbehave(Case {
        name: "bad key",
        step: Step::Key,
        act: Act::Trouble(Trouble::BadKey),
        times: u32::MAX,
        expect: Expect::Refused(&[FaultKind::BadKey]),
    });
    let fault = service(stand, &running, stand.key)
        .check_key()
        .await
        .expect_err("the key is bad");
    assert!(
        matches!(fault.kind, FaultKind::BadKey | FaultKind::Forbidden),
        "{fault}"
    );
    let problem = fault.clone().into_problem(stand.provider.facts().name);
    for told in [
        format!("{fault:?}"),
        format!("{problem:?}"),
        serde_json::to_string(&problem).expect("serialises"),
    ] {
        assert!(!told.contains(stand.key), "the key is told: {told}");
    }
}

/// A task that is cancelled is cancelled at the vendor, where the vendor has a way.
async fn cancelled(stand: &'static StandIn) {
    for model in stand.provider.models() {
        let Some(example) = examples(&model).first().cloned() else {
            continue;
        };
        let running = stand.start().await;
        let service = service(stand, &running, stand.key);
        let Ok(Submitted::Waiting(task)) = service.submit(&order(&model, &example)).await else {
            continue;
        };
        running.shop(|shop| shop.states = vec![State::Running; 50]);
        let told = service.cancel(&task).await.expect("it can be asked");
        running.assert_sound();
        match told {
            Cancelled::NotOffered => assert_eq!(running.asked(Step::Cancel), 0, "{}", model.id),
            Cancelled::Stopped | Cancelled::TooLate => assert_eq!(running.asked(Step::Cancel), 1, "{}", model.id),
        }
    }
}

/// Every fault, on the vendor's first example of each kind of answer.
async fn faults(stand: &'static StandIn) {
    let mut seen = Vec::new();
    for model in stand.provider.models() {
        let Some(example) = examples(&model).first().cloned() else {
            continue;
        };
        let order = order(
            &model,
            &Map::from_iter(example.into_iter().chain([("count".to_owned(), json!(2))])),
        );
        let Manner { has_tasks, has_urls } = manner(stand, &order).await;
        // One model for each way of answering is enough: the rest shares its code.
        if seen.contains(&(model.kind, has_tasks, has_urls)) {
            continue;
        }
        seen.push((model.kind, has_tasks, has_urls));
        for case in CASES {
            let is_asked = match (case.step, case.act) {
                (Step::Poll, _) => has_tasks,
                (Step::Result, _) | (_, Act::Spoiled(Spoil::PrivateUrl)) => has_urls,
                (_, Act::Spoiled(Spoil::ForeignPollUrl)) => false,
                _ => true,
            };
            if is_asked {
                one_fault(stand, case, &order).await;
            }
        }
    }
    assert!(!seen.is_empty(), "{} sells nothing", stand.provider.facts().id);
}

async fn one_fault(stand: &'static StandIn, case: &Case, order: &Order) {
    let what = format!("{} at {} ({})", case.name, stand.provider.facts().id, order.model.id);
    let running = stand.start().await;
    running.misbehave(*case);
    let service = service(stand, &running, stand.key);
    let bought = buy(&service, order).await;
    running.assert_sound();
    let sold = running.shop(|shop| shop.sold);
    let submits = running.asked(Step::Submit);
    match bought {
        Ok((outcome, files)) => {
            // A vendor that can be asked what became of a purchase turns doubt into a result.
            let is_doubt = case.step == Step::Submit && matches!(case.expect, Expect::InDoubt(_) | Expect::Fails(_));
            assert!(
                case.expect == Expect::Success || is_doubt && looks_up(stand, order).await,
                "{what}: succeeded"
            );
            let delivered = match case.act {
                Act::Spoiled(Spoil::Fewer) => order.count.saturating_sub(1),
                _ => order.count,
            };
            assert_eq!(files.len() as u32, delivered, "{what}");
            assert_eq!(
                delivered != order.count,
                outcome.notes.iter().any(|note| note.contains("sent")) && delivered != order.count,
                "{what}"
            );
            assert_eq!(sold, order.count, "{what}: bought twice");
        }
        Err(fault) => {
            // A vendor that cannot make fewer than one of one sells nothing, which is as good as a fault.
            if case.act == Act::Spoiled(Spoil::Fewer) && order.count == 1 {
                return;
            }
            assert!(case.expect.kinds().contains(&fault.kind), "{what}: {fault}");
            // Or it knows for certain that there was none.
            let is_certain = fault.bought == Bought::No && sold == 0 && looks_up(stand, order).await;
            assert!(case.expect.allows(fault.bought) || is_certain, "{what}: {fault}");
            assert!(sold <= order.count, "{what}: bought twice: {fault}");
            if fault.bought == Bought::No && case.step == Step::Submit {
                assert_eq!(sold, 0, "{what}: it was bought: {fault}");
            }
            if fault.bought == Bought::Unknown && !stand.provider.facts().repeats_safely {
                assert_eq!(submits, 1, "{what}: sent again in doubt");
            }
            let problem = fault.clone().into_problem(stand.provider.facts().name);
            let told = format!(
                "{fault:?} {problem:?} {}",
                serde_json::to_string(&problem).expect("serialises")
            );
            assert!(!told.contains(stand.key), "{what}: the key is told");
            if let Some(prompt) = order.text("prompt") {
                assert!(!told.contains(prompt), "{what}: the prompt is told");
            }
            if case.name.starts_with("throttled") {
                let is_told = problem.retry_after_s.is_some() || !case.name.contains("hour");
                assert!(is_told, "{what}: nobody is told how long to wait");
            }
        }
    }
}

/// Whether the vendor can be asked what became of a purchase.
async fn looks_up(stand: &'static StandIn, order: &Order) -> bool {
    let running = stand.start().await;
    let service = service(stand, &running, stand.key);
    service.submit(order).await.is_ok() && matches!(service.look_up(order).await, Ok(Found::Bought(_)))
}

/// A poll whose task is gone is a fault of its own, and nothing is submitted by polling.
async fn unknown_task(stand: &'static StandIn) {
    let running = stand.start().await;
    let service = service(stand, &running, stand.key);
    let models = stand.provider.models();
    let Some((model, example)) = models
        .iter()
        .find_map(|model| Some((model, examples(model).first()?.clone())))
    else {
        return;
    };
    let Ok(Submitted::Waiting(task)) = service.submit(&order(model, &example)).await else {
        return;
    };
    running.shop(|shop| shop.tasks.clear());
    match service.poll(&task).await {
        Ok(Progress::Failed(fault)) | Err(fault) => assert!(matches!(fault.kind, FaultKind::TaskLost), "{fault}"),
        other => panic!("a lost task is {other:?}"),
    }
    assert_eq!(running.asked(Step::Submit), 1);
}

macro_rules! contract {
    ($($vendor:ident),+ $(,)?) => {
        $(mod $vendor {
            use aquatint_standins::vendors::$vendor::STAND_IN;

            #[test]
            fn rows_are_sound() {
                super::rows(&STAND_IN);
            }

            #[tokio::test]
            async fn every_example_is_bought_by_the_vendors_rules() {
                super::bought(&STAND_IN).await;
            }

            #[tokio::test]
            async fn keys_are_checked_without_buying() {
                super::keys(&STAND_IN).await;
            }

            #[tokio::test]
            async fn a_task_is_cancelled_at_the_vendor() {
                super::cancelled(&STAND_IN).await;
            }

            #[tokio::test]
            async fn every_fault_ends_well() {
                super::faults(&STAND_IN).await;
            }

            #[tokio::test]
            async fn a_lost_task_is_told() {
                super::unknown_task(&STAND_IN).await;
            }
        })+
    };
}

// A row for each vendor.
contract!(
    openai,
    google,
    bfl,
    stability,
    recraft,
    ideogram,
    replicate,
    fal,
    huggingface,
    runway,
    luma,
    luma_dream_machine,
    comfyui,
);

#[test]
fn every_provider_has_a_stand_in() {
    for provider in aquatint_providers::ALL {
        let id = provider.facts().id;
        assert!(
            aquatint_standins::ALL
                .iter()
                .any(|stand| stand.provider.facts().id == id),
            "{id} has no stand-in"
        );
    }
}
