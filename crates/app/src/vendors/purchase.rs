//! Buying within a job, so that a crash anywhere buys nothing twice.
//!
//! A row is written before the vendor is asked; the vendor's task id is stored before the first poll; what was made is
//! stored before anything is done with it. A restart reads the row: it goes on waiting, uses what lies there, or, where
//! the row was begun and nobody knows more, asks the vendor what became of it and else ends in its own clear problem.

use std::time::Duration;

use aquatint_domain::{AssetSource, BlobHash, Code, Credits, MediaType, Model, Problem, Recipe};
use aquatint_engines::{Made, Output, Work};
use aquatint_providers::schema::media_fields;
use aquatint_providers::{Bought, Facts, Fault, FaultKind, Found, Medium, Order, Outcome, Submitted, Task, provider};
use aquatint_store::{Buying, Purchase};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Account;
use super::inputs::{VendorItem, check_kind};
use super::webhooks::Hung;
use crate::failpoint;
use crate::jobs::{JobContext, Product};
use crate::library::RENDITIONS;
use crate::operations::generate_media::{ItemArgs, title_of};

/// The longest that a vendor may work on one task.
const TASK_TIME: Duration = Duration::from_secs(3_600);
/// Quality of lossy pictures when they are written anew without what came along in them.
const KEPT_QUALITY: u8 = 95;

/// What an edit wants of a purchase beside what a generation does.
#[derive(Clone, Debug)]
pub(crate) struct BoughtEdit {
    /// Media that were made for it here, such as a mask.
    pub drawn: Vec<Medium>,
    pub title: String,
    /// The edit's own arguments, for the recipe.
    pub arguments: Value,
    pub output: Output,
}

/// What a purchase row tells of results that are here.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Bag {
    files: Vec<File>,
    cost: Option<Credits>,
    request_id: Option<String>,
    version: Option<String>,
    notes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct File {
    blob: BlobHash,
    media_type: MediaType,
    seed: Option<u64>,
    revised_prompt: Option<String>,
    flags: Vec<String>,
}

/// The body of a row in any of its states.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Bag(Bag),
    Task(Task),
    Problem(Problem),
}

/// Buys what the item asks for and keeps it.
pub(crate) async fn make(
    cx: &JobContext,
    model: &Model,
    item: &ItemArgs,
    wanted: &VendorItem,
) -> Result<Product, Problem> {
    let facts = provider::find(&model.maker)
        .ok_or_else(|| Problem::not_found("vendor", &model.maker))?
        .facts();
    // A job that was begun goes on with the key that it began with, whichever is there now.
    let workspace = &cx.job.workspace;
    let account = match cx.studio.store().purchases().key_of(&cx.job.id).await? {
        None => Ok(cx.studio.vendor(workspace, facts.id).await?),
        Some(key) => cx
            .studio
            .vendor_by_key(workspace, facts.id, &key)
            .await?
            .ok_or_else(|| key_is_gone(facts)),
    };
    let is_own = account.as_ref().map_or(wanted.is_own_key, |account| account.is_own);
    if wanted.is_own_key && !is_own {
        return Err(Problem::new(
            Code::ProviderKeyRefused,
            "The workspace's own key, for which this was priced, is gone.",
        )
        .hint("Send the call again; it is priced anew."));
    }
    let (mut media, parents) = load(cx, model, wanted).await?;
    media.extend(item.edit.iter().flat_map(|edit| edit.drawn.clone()));
    failpoint::hit("job-inputs-ready");

    // As many requests as it takes; each is a purchase of its own.
    let _place = match &account {
        Ok(account) => Some(account.service.place().await),
        Err(_) => None,
    };
    let per_request = model.outputs_per_request.max(1);
    let requests = item.count.div_ceil(per_request);
    let (mut bags, mut problem) = (Vec::new(), None);
    for number in 0..requests {
        cx.step(
            f64::from(number) / f64::from(requests),
            f64::from(number + 1) / f64::from(requests),
        );
        let mut inputs = wanted.inputs.clone();
        if let Some(seed) = item_seed(wanted) {
            inputs.insert("seed".into(), json!(seed.saturating_add(u64::from(number))));
        }
        let (webhook, hung) = cx.studio.hang_bell(facts, &cx.job.id, number).unzip();
        let order = Order {
            model: model.clone().into(),
            inputs,
            media: media.clone(),
            count: per_request.min(item.count - number * per_request),
            purchase: format!("{}-{number}", cx.job.id),
            webhook,
        };
        let bought = match &account {
            Ok(account) => {
                let share = cx.job.price.micro() / i64::from(item.count.max(1));
                let cost = if is_own {
                    Credits::ZERO
                } else {
                    Credits::from_micro(share).times(i64::from(order.count))
                };
                buy(cx, account, &order, number, cost, hung.as_ref()).await
            }
            Err(gone) => without_key(cx, gone, number).await,
        };
        match bought {
            Ok(bag) => bags.push((order, bag)),
            // What was delivered before is not lost for what comes after.
            Err(why) if !bags.is_empty() && why.code != Code::Cancelled => {
                problem = Some(why);
                break;
            }
            Err(why) => return Err(why),
        }
    }
    let payer = Payer { facts, is_own };
    keep(cx, model, item, wanted, payer, bags, problem, parents).await
}

/// Whose account it is, for what is told and charged.
#[derive(Clone, Copy)]
struct Payer {
    facts: &'static Facts,
    /// The workspace pays the vendor itself.
    is_own: bool,
}

fn key_is_gone(facts: &Facts) -> Problem {
    Problem::new(
        Code::ProviderKeyRefused,
        format!("The key for {} with which this was bought was removed, so nobody can ask what became of it.", facts.name),
    )
    .hint(format!(
        "Nothing was charged here; {} may charge its account, where the result may be found. Send the call again to buy it with the key that is there now.",
        facts.name
    ))
    .final_failure()
}

/// A purchase whose key is gone: what is here already is used, and the rest ends.
async fn without_key(cx: &JobContext, gone: &Problem, number: u32) -> Result<Bag, Problem> {
    let purchases = cx.studio.store().purchases();
    let found = purchases.find::<Body>(&cx.job.id, number).await?;
    match found.map(|row| row.state) {
        Some(Purchase::Made(Body::Bag(bag))) => Ok(bag),
        Some(Purchase::Failed(Body::Problem(problem))) => Err(problem.final_failure()),
        Some(Purchase::Waiting(Body::Task(task))) => {
            let problem = gone.clone().details(json!({ "vendor_task": task.id }));
            let body = Body::Problem(problem.clone());
            purchases.failed(&cx.job.id, number, &body, cx.studio.now()).await?;
            Err(problem)
        }
        _ => Err(gone.clone()),
    }
}

/// One purchase, from wherever it stands.
async fn buy(
    cx: &JobContext,
    account: &Account,
    order: &Order,
    number: u32,
    cost: Credits,
    hung: Option<&Hung>,
) -> Result<Bag, Problem> {
    let facts = account.service.facts();
    let purchases = cx.studio.store().purchases();
    let buying = Buying {
        provider: facts.id,
        key: &account.key,
        cost,
    };
    let purchase = purchases
        .begin::<Body>(&cx.job.id, number, &buying, cx.studio.now())
        .await?;
    let submitted = match purchase {
        Purchase::Made(Body::Bag(bag)) => return Ok(bag),
        Purchase::Failed(Body::Problem(problem)) => return Err(problem.final_failure()),
        Purchase::Waiting(Body::Task(task)) => Ok(Submitted::Waiting(task)),
        Purchase::New => {
            // The row counts already, so that two jobs cannot both take what is left.
            if let Err(problem) = cx.studio.check_budget(facts, account.is_own, Credits::ZERO).await {
                purchases.forget(&cx.job.id, number).await?;
                return Err(problem);
            }
            failpoint::hit("purchase-begun");
            cx.tell(0.0, "asking the vendor");
            account.service.submit(order).await
        }
        _ => after_a_crash(account, order).await,
    };
    let outcome = match submitted {
        Ok(Submitted::Done(outcome)) => Ok(outcome),
        Ok(Submitted::Waiting(task)) => {
            purchases
                .waiting(&cx.job.id, number, &Body::Task(task.clone()), cx.studio.now())
                .await?;
            failpoint::hit("purchase-waiting");
            wait(cx, account, &task, order.count, hung).await
        }
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(outcome) => {
            cx.tell(0.9, "fetching the result");
            match collect(cx, account, order, outcome).await? {
                Ok(bag) => {
                    purchases
                        .made(&cx.job.id, number, &Body::Bag(bag.clone()), cx.studio.now())
                        .await?;
                    if let Some(told) = bag.cost {
                        let told = told.micro() as f64 * cx.studio.settings().vendor_price_factor();
                        purchases
                            .costs(&cx.job.id, number, Credits::from_micro(told.ceil() as i64))
                            .await?;
                    }
                    failpoint::hit("purchase-made");
                    Ok(bag)
                }
                Err(fault) => end(cx, number, fault, facts.name).await,
            }
        }
        Err(fault) => end(cx, number, fault, facts.name).await,
    }
}

/// The row was begun and says no more: either nothing was sent, or the answer never came to be stored.
async fn after_a_crash(account: &Account, order: &Order) -> Result<Submitted, Fault> {
    let doubt = || Fault::new(FaultKind::Unreachable, "").bought(Bought::Unknown);
    match account.service.look_up(order).await {
        Ok(Found::Bought(submitted)) => Ok(submitted),
        Ok(Found::NotBought) => account.service.submit(order).await,
        Ok(Found::NotOffered) if account.service.facts().repeats_safely => account.service.submit(order).await,
        Ok(Found::NotOffered) | Err(_) => Err(doubt()),
    }
}

/// Waits for a task, by asking and, where the vendor can tell us, by its bell; a cancellation reaches the vendor.
async fn wait(
    cx: &JobContext,
    account: &Account,
    task: &Task,
    count: u32,
    hung: Option<&Hung>,
) -> Result<Outcome, Fault> {
    let teller = cx.clone();
    let mut tell = move |done: Option<f64>, stage: &str| teller.tell(done.unwrap_or(0.3), stage);
    let bell = hung.map(|hung| &hung.bell);
    let listen = async {
        match hung {
            Some(hung) => hung.listen().await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        outcome = account.service.wait_told(task, count, TASK_TIME, bell, &mut tell) => outcome,
        () = cx.cancel.cancelled() => Err(Fault::new(FaultKind::Cancelled, "")),
        () = listen => unreachable!("a bell is listened to for ever"),
    };
    let is_given_up = outcome
        .as_ref()
        .is_err_and(|fault| matches!(fault.kind, FaultKind::Cancelled | FaultKind::TimedOut));
    if is_given_up {
        // This job has only a moment to end; the vendor is told beside it.
        let (service, task) = (account.service.clone(), task.clone());
        tokio::spawn(async move {
            if let Err(fault) = service.cancel(&task).await {
                tracing::info!(vendor = service.facts().id, kind = ?fault.kind, "a task was not cancelled at its vendor");
            }
        });
    }
    outcome
}

/// Fetches what was made and stores it as it came, so that it need not be fetched, or bought, again.
/// What cannot be stored here leaves the row as it is, so that a task can be asked again.
async fn collect(
    cx: &JobContext,
    account: &Account,
    order: &Order,
    outcome: Outcome,
) -> Result<Result<Bag, Fault>, Problem> {
    let (mut files, mut lost, mut notes) = (Vec::new(), None, outcome.notes);
    for output in &outcome.outputs {
        match account.service.collect(&order.model, output).await {
            Ok(collected) => {
                let blob = cx.studio.blobs().put(collected.bytes).await?;
                files.push(File {
                    blob,
                    media_type: collected.media_type,
                    seed: collected.seed,
                    revised_prompt: collected.revised_prompt,
                    flags: collected.flags,
                });
            }
            Err(fault) => {
                notes.push(format!("One result could not be had: {}.", fault.message));
                lost = Some(fault);
            }
        }
    }
    Ok(match lost {
        Some(fault) if files.is_empty() => Err(fault),
        _ => Ok(Bag {
            files,
            cost: outcome.cost,
            request_id: outcome.request_id,
            version: outcome.version,
            notes,
        }),
    })
}

/// A fault ends the purchase. Only what surely was not bought leaves no row behind, so that it may be tried again.
async fn end(cx: &JobContext, number: u32, fault: Fault, vendor: &str) -> Result<Bag, Problem> {
    let purchases = cx.studio.store().purchases();
    let bought = fault.bought;
    let problem = fault.into_problem(vendor);
    if bought == Bought::No {
        purchases.forget(&cx.job.id, number).await?;
        return Err(problem);
    }
    let problem = problem.final_failure();
    purchases
        .failed(&cx.job.id, number, &Body::Problem(problem.clone()), cx.studio.now())
        .await?;
    Err(problem)
}

/// The media of an order: freed of metadata, in a form that vendors take.
async fn load(
    cx: &JobContext,
    model: &Model,
    wanted: &VendorItem,
) -> Result<(Vec<Medium>, Vec<aquatint_domain::AssetId>), Problem> {
    let (mut media, mut parents) = (Vec::new(), Vec::new());
    let kinds = media_fields(&model.input_schema);
    for (field, source) in &wanted.media {
        let (asset, _) = cx.input(source).await?;
        check_kind(field, &asset, &kinds)?;
        // Vendors take pictures, not drawings.
        let variant = if asset.media_type == MediaType::Svg {
            "1024"
        } else {
            "full"
        };
        let served = cx.studio.serve_variant(&asset, variant).await?;
        let (mut bytes, mut media_type) = (served.bytes, served.media_type);
        let is_mask = field == "mask";
        if media_type == MediaType::Avif || (is_mask && media_type != MediaType::Png) {
            bytes = Bytes::from(convert(cx, bytes, MediaType::Png).await?.bytes);
            media_type = MediaType::Png;
        }
        if is_mask {
            bytes = aquatint_providers::mask::grey(&bytes).map_err(|fault| fault.into_problem("The mask"))?;
        }
        let first: Option<&Medium> = media
            .iter()
            .find(|medium: &&Medium| medium.field == "images" || medium.field == "image");
        if let Some(first) = first.filter(|first| is_mask && (first.width, first.height) != (asset.width, asset.height))
        {
            let words = format!(
                "The mask has {}×{} px and the picture {}×{}; they must be of one size.",
                asset.width, asset.height, first.width, first.height
            );
            return Err(Problem::invalid("mask", words));
        }
        media.push(Medium {
            field: field.clone(),
            media_type,
            bytes,
            width: asset.width,
            height: asset.height,
            seconds: asset.duration_ms.unwrap_or(0) as f64 / 1_000.0,
            url: reachable(cx, &asset),
        });
        parents.push(asset.id);
    }
    Ok((media, parents))
}

/// A URL of ours that a vendor could fetch from, where the server is reached by https.
fn reachable(cx: &JobContext, asset: &aquatint_domain::Asset) -> Option<String> {
    let (url, _) = cx.studio.url_of(asset, "full");
    url.starts_with("https://").then_some(url)
}

/// Decodes in a child and writes anew.
async fn convert(cx: &JobContext, bytes: Bytes, to: MediaType) -> Result<Made, Problem> {
    let output = Output {
        format: Some(to),
        quality: Some(KEPT_QUALITY),
        background: None,
    };
    rewrite(cx, bytes, output).await
}

async fn rewrite(cx: &JobContext, bytes: Bytes, output: Output) -> Result<Made, Problem> {
    let work = Work {
        engine: "transform.convert".into(),
        arguments: json!({}),
        output,
    };
    cx.make(&work, vec![bytes]).await
}

/// Decodes what came, keeps it with its recipe, and says what is charged.
#[allow(clippy::too_many_arguments)]
async fn keep(
    cx: &JobContext,
    model: &Model,
    item: &ItemArgs,
    wanted: &VendorItem,
    payer: Payer,
    bags: Vec<(Order, Bag)>,
    problem: Option<Problem>,
    parents: Vec<aquatint_domain::AssetId>,
) -> Result<Product, Problem> {
    let (mut assets, mut notes, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cost, mut is_cost_known) = (Credits::ZERO, true);
    let mut charge = Credits::ZERO;
    for (order, bag) in bags {
        match bag.cost {
            Some(told) => cost = cost + told,
            None => is_cost_known = false,
        }
        requests.extend(bag.request_id.clone());
        notes.extend(bag.notes.clone());
        let made_before = assets.len();
        for file in &bag.files {
            let seed = file.seed.or_else(|| order.whole("seed"));
            match keep_one(cx, model, item, &order, file, seed, &parents, &bag).await {
                Ok(asset) => assets.push(asset),
                // It was bought and cannot be decoded; the others may be sound.
                Err(why) if is_of_the_file(&why) => notes.push(format!("One result was set aside: {}", why.message)),
                Err(why) => return Err(why),
            }
        }
        let made = u32::try_from(assets.len() - made_before).unwrap_or(u32::MAX);
        charge = charge + charged(cx, payer, model, item, bag.cost, made, order.count);
    }
    failpoint::hit("job-made");
    if assets.is_empty() {
        let fault = Fault::new(FaultKind::ResultLost, "it cannot be decoded").bought(Bought::Yes);
        return Err(problem.unwrap_or_else(|| fault.into_problem(payer.facts.name).final_failure()));
    }
    if let Some(problem) = problem {
        notes.push(format!("Not all could be made: {}", problem.message));
    }
    failpoint::hit("job-outputs-written");
    let mut facts = json!({ "vendor": payer.facts.name, "vendor_requests": requests, "notes": notes });
    if let Some(seed) = item_seed(wanted) {
        facts["seed"] = json!(seed);
    }
    if is_cost_known {
        facts["vendor_cost_credits"] = json!(cost);
    }
    if let Some(prompt) = &item.prompt_used {
        facts["prompt_used"] = json!(prompt);
    }
    if let Some(deprecation) = &model.deprecation {
        facts["deprecation"] = json!(deprecation);
    }
    Ok(Product {
        assets,
        facts: Some(facts),
        charge,
        collection: item.collection_id.clone(),
    })
}

/// A failure that lies in the bytes and not in us.
fn is_of_the_file(problem: &Problem) -> bool {
    matches!(
        problem.code,
        Code::InvalidImage | Code::UnsupportedMedia | Code::TooLarge | Code::InvalidArgument
    )
}

#[allow(clippy::too_many_arguments)]
async fn keep_one(
    cx: &JobContext,
    model: &Model,
    item: &ItemArgs,
    order: &Order,
    file: &File,
    seed: Option<u64>,
    parents: &[aquatint_domain::AssetId],
    bag: &Bag,
) -> Result<aquatint_domain::Asset, Problem> {
    let bytes = cx.studio.blobs().get(&file.blob).await?;
    let bytes = bytes.ok_or_else(|| Problem::internal("what a vendor made is gone from the blobs"))?;
    // Pictures are decoded and written anew in their own format; videos, sounds, models and drawings are kept as they came,
    // after a look at them.
    let made = if !file.media_type.is_raster() {
        let crew = cx.studio.crew();
        let inspection = if file.media_type == MediaType::Svg {
            crew.inspect_drawing(bytes.clone(), &RENDITIONS).await?
        } else {
            crew.inspect_bought(bytes.clone(), &RENDITIONS).await?
        };
        Made {
            bytes: bytes.to_vec(),
            inspection,
            facts: Value::Null,
            seed,
        }
    } else {
        let own = if file.media_type == MediaType::Gif {
            MediaType::Png
        } else {
            file.media_type
        };
        let wanted = item.edit.as_ref().map(|edit| edit.output.clone()).unwrap_or_default();
        let output = Output {
            format: wanted.format.or(Some(own)),
            quality: wanted.quality.or(Some(KEPT_QUALITY)),
            background: None,
        };
        rewrite(cx, bytes, output).await?
    };
    let vendor =
        json!({ "name": model.maker, "request": bag.request_id, "cost_credits": bag.cost, "outputs": bag.files.len() });
    let (title, source, arguments) = match &item.edit {
        None => {
            let title = item.prompt.as_deref().map_or_else(|| model.name.clone(), title_of);
            let arguments = json!({
                "model": item.model,
                "prompt": item.prompt,
                "prompt_used": item.prompt_used,
                "style": item.style,
                "inputs": order.inputs,
                "media": parents,
                "count": 1,
                "vendor": vendor,
            });
            (title, AssetSource::Generate, arguments)
        }
        Some(edit) => {
            let mut arguments = edit.arguments.clone();
            arguments["inputs"] = json!(order.inputs);
            arguments["vendor"] = vendor;
            (edit.title.clone(), AssetSource::Edit, arguments)
        }
    };
    let recipe = Recipe {
        operation: cx.job.operation.clone(),
        version: cx.job.version,
        arguments,
        model: Some(format!(
            "{}@{}",
            model.id,
            bag.version.as_deref().unwrap_or(&model.version)
        )),
        seed,
        parents: parents.to_vec(),
    };
    let mut asset = cx
        .studio
        .keep_made(&cx.job.workspace, &cx.job.id, made, title, source, recipe)
        .await?;
    if let Some(prompt) = &file.revised_prompt {
        asset.notes.push(format!(
            "The vendor rewrote the prompt: {}",
            aquatint_domain::text::one_line(prompt, 300)
        ));
    }
    for flag in &file.flags {
        asset.notes.push(format!(
            "The vendor flags it: {}",
            aquatint_domain::text::one_line(flag, 60)
        ));
    }
    Ok(asset)
}

/// By what the vendor says that it cost, else by the price of what was delivered; with a key of one's own, the fee.
fn charged(
    cx: &JobContext,
    payer: Payer,
    model: &Model,
    item: &ItemArgs,
    cost: Option<Credits>,
    made: u32,
    asked: u32,
) -> Credits {
    let settings = cx.studio.settings();
    if payer.is_own {
        return settings.own_key_fee.times(i64::from(made));
    }
    let held = |outputs: u32| {
        Credits::from_micro(cx.job.price.micro() / i64::from(item.count.max(1))).times(i64::from(outputs))
    };
    match cost {
        Some(cost) if model.price.is_estimate && made > 0 => {
            let scaled = cost.micro() as f64 * settings.vendor_price_factor();
            Credits::from_micro(scaled.ceil() as i64).min(held(asked))
        }
        _ => held(made),
    }
}

fn item_seed(wanted: &VendorItem) -> Option<u64> {
    wanted.inputs.get("seed").and_then(Value::as_u64)
}
