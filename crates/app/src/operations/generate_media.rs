//! Generate: pictures or a video from words, by a model of the catalogue.

mod sizes;

use std::time::Duration;

use aquatint_domain::{
    AssetSource, Code, CollectionId, Credits, MediaKind, MediaType, Model, PortKind, Problem, Recipe, Scope, Timestamp,
};
use aquatint_engines::{Output, Work};
use aquatint_providers::provider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::edit::Images;
use crate::arguments::Arguments;
use crate::jobs::{Item, JobContext, JobView, Order, Product, Spending, submit};
use crate::operation::{Context, Effects, Making, MediaArgument, Operation, Spec, post};
use crate::shapes;
use crate::studio::Studio;
use crate::styles::{self, Style};
use crate::vendors::Account;
use crate::vendors::inputs::{self, VendorItem};
use crate::vendors::purchase::{self, BoughtEdit};
use sizes::dimensions;

/// Pixels on the long side when an aspect ratio is all that is given.
const LONG_SIDE: u32 = 1_344;
/// The long side of a video by default.
const VIDEO_LONG_SIDE: u32 = 768;
const VIDEO_FPS: u32 = 16;

pub struct GenerateMedia;

/// Make pictures or a video from a prompt. Answers at once with a `job_id`; poll it with `get_job_status`. Find models and their prices with `models`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Args {
    /// Model id from `models`, such as `image/aquatint/scene-preview`.
    #[schemars(length(min = 1, max = 200))]
    pub model: String,
    /// What to show.
    #[schemars(length(min = 1, max = 32000))]
    pub prompt: Option<String>,
    /// What else the model's schema has, by its names: `mask`, `first_frame`, `last_frame`, `video`, `quality`, `resolution`, `negative_prompt`, …
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// Input pictures for models that take them: asset id (best), https URL or data URI.
    pub images: Option<Images>,
    /// How many results.
    #[schemars(range(min = 1, max = 10))]
    pub count: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    pub width: Option<u32>,
    /// Pixels.
    #[schemars(range(min = 1, max = 16384))]
    pub height: Option<u32>,
    /// Slug from `models` `shapes`, in place of width and height.
    #[schemars(length(max = 60))]
    pub shape: Option<String>,
    /// Such as `16:9`, in place of width and height.
    #[schemars(regex(pattern = "^[0-9]{1,4}:[0-9]{1,4}$"))]
    pub aspect_ratio: Option<String>,
    /// Slug from `models` `styles`.
    #[schemars(length(max = 60))]
    pub style: Option<String>,
    /// The same seed gives the same result.
    #[schemars(range(min = 0, max = 9007199254740991i64))]
    pub seed: Option<u64>,
    /// Length of a video.
    #[schemars(range(min = 0.1, max = 60))]
    pub duration_seconds: Option<f64>,
    /// png, jpeg, webp, avif; mp4 or webp for video.
    #[schemars(length(max = 10))]
    pub output_format: Option<String>,
    /// Put the results into this collection.
    pub collection_id: Option<CollectionId>,
    #[serde(flatten)]
    pub spending: Spending,
}

/// The arguments of one generation job, everything decided.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ItemArgs {
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The prompt with the style's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_used: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    pub count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    pub seed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    pub output_format: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_id: Option<CollectionId>,
    /// What a vendor's model gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vendor: Option<VendorItem>,
    /// Where an edit buys: what it wants beside.
    #[serde(skip)]
    pub(crate) edit: Option<BoughtEdit>,
}

impl Operation for GenerateMedia {
    const SPEC: Spec = Spec::new(
        "generate.media",
        "Generate pictures or a video",
        Scope::Generate,
        Effects::Spends,
        post("/generate"),
    )
    .as_node(&[MediaArgument::PICTURES], PortKind::Media)
    .aliases(&[
        ("model_id", "model"),
        ("image", "images"),
        ("image_url", "images"),
        ("image_urls", "images"),
        ("input_image_url", "images"),
        ("start_image", "images"),
        ("num_variations", "count"),
        ("n", "count"),
        ("duration", "duration_seconds"),
    ]);
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        static SPEC: Spec = GenerateMedia::SPEC;
        let model = cx.studio.model(&cx.caller.workspace, &args.model).await?;
        let model = &model.ok_or_else(|| unknown_model(cx, &args.model))?;
        check_deprecation(model, cx.studio.now())?;
        let vendor = provider::find(&model.maker);
        let account = match vendor {
            // Without a key nothing of it can be done, so that is told first.
            Some(_) => Some(cx.studio.vendor(&cx.caller.workspace, &model.maker).await?),
            None => {
                check_model_inputs(model, &args)?;
                None
            }
        };
        if let Some(collection) = &args.collection_id {
            super::collections::existing(cx, collection).await?;
        }

        if let Some(account) = account {
            return order_of_vendor(cx, &SPEC, model, &args, &account).await;
        }

        // Settle everything that is still open, so that the job row says all.
        let (width, height) = dimensions(model, &args)?;
        let images = match &args.images {
            None => Vec::new(),
            Some(Images::One(image)) => vec![image.clone()],
            Some(Images::Many(images)) => images.clone(),
        };
        let mut sources = Vec::with_capacity(images.len());
        for (index, image) in images.iter().enumerate() {
            let source = cx
                .studio
                .accept_source(&cx.caller.workspace, image, &format!("images[{index}]"))
                .await?;
            sources.push(source.as_str().to_owned());
        }
        let style = style_of(&args)?;
        let prompt_used = prompt_used(&args, style);
        let fingerprint = serde_json::to_value((
            &args.model,
            &args.prompt,
            &sources,
            args.count,
            width,
            height,
            &args.style,
            args.seed,
            args.duration_seconds,
            &args.output_format,
        ))
        .map_err(Problem::internal)?;
        let item = ItemArgs {
            model: model.id.clone(),
            prompt: args.prompt.clone(),
            prompt_used,
            images: sources,
            count: args.count.unwrap_or(1),
            width,
            height,
            style: style.map(|style| style.slug.to_owned()),
            seed: args.seed.unwrap_or_else(random_seed),
            duration_seconds: (model.kind == MediaKind::Video).then(|| args.duration_seconds.unwrap_or(3.0)),
            output_format: args.output_format.clone().unwrap_or_else(|| {
                if model.kind == MediaKind::Video {
                    "mp4".into()
                } else {
                    "png".into()
                }
            }),
            collection_id: args.collection_id.clone(),
            vendor: None,
            edit: None,
        };
        let price = model.price.price(
            item.count,
            width.unwrap_or(1024),
            height.unwrap_or(1024),
            item.duration_seconds.unwrap_or(0.0),
        );
        let items = vec![Item {
            arguments: serde_json::to_value(item).map_err(Problem::internal)?,
            price,
            refused: None,
        }];
        let order = Order {
            spec: &SPEC,
            model: model.id.clone(),
            items,
            is_batch: false,
            wait: Duration::ZERO,
            fingerprint,
        };
        submit(cx, order, &args.spending).await
    }
}

impl Making for GenerateMedia {
    type Item = ItemArgs;

    fn price(studio: &Studio, arguments: &Value) -> Result<Credits, Problem> {
        let named = arguments["model"].as_str().unwrap_or_default();
        let catalogue = studio.catalogue();
        let model = catalogue
            .find(named)
            .ok_or_else(|| Problem::not_found("model", named).at("model"))?;
        let side = |name: &str| arguments[name].as_u64().and_then(|side| u32::try_from(side).ok());
        let count = arguments["count"].as_u64().and_then(|count| u32::try_from(count).ok());
        Ok(model.price.price(
            count.unwrap_or(1),
            side("width").unwrap_or(1024),
            side("height").unwrap_or(1024),
            arguments["duration_seconds"].as_f64().unwrap_or(3.0),
        ))
    }

    async fn make(cx: &JobContext, item: ItemArgs) -> Result<Product, Problem> {
        let catalogue = cx.studio.catalogue();
        let found = item.vendor.as_ref().and_then(|wanted| wanted.found.as_deref());
        let model = found.or_else(|| catalogue.find(&item.model));
        let model = model.ok_or_else(|| Problem::not_found("model", &item.model))?;
        if let Some(wanted) = &item.vendor {
            return purchase::make(cx, model, &item, wanted).await;
        }
        let mut inputs = Vec::new();
        let mut parents = Vec::new();
        for image in &item.images {
            let (asset, bytes) = cx.input(image).await?;
            parents.push(asset.id);
            inputs.push(bytes);
        }
        crate::failpoint::hit("job-inputs-ready");

        let mut assets = Vec::new();
        let mut all_facts = Vec::new();
        for index in 0..item.count {
            cx.step(
                f64::from(index) / f64::from(item.count),
                f64::from(index + 1) / f64::from(item.count),
            );
            cx.tell(
                0.0,
                if model.kind == MediaKind::Video {
                    "filming"
                } else {
                    "rendering"
                },
            );
            let seed = item.seed.wrapping_add(u64::from(index)) & 0x1f_ffff_ffff_ffff;
            let made = cx.make(&work(model, &item, seed), inputs.clone()).await?;
            crate::failpoint::hit("job-made");
            all_facts.push(made.facts.clone());
            let mut arguments = serde_json::to_value(&item).map_err(Problem::internal)?;
            arguments["images"] = json!(parents);
            arguments["seed"] = json!(seed);
            arguments["count"] = json!(1);
            let recipe = Recipe {
                operation: cx.job.operation.clone(),
                version: cx.job.version,
                arguments,
                model: Some(format!("{}@{}", model.id, model.version)),
                seed: Some(seed),
                parents: parents.clone(),
            };
            let title = item.prompt.as_deref().map_or_else(|| model.name.clone(), title_of);
            let mut asset = cx
                .studio
                .keep_made(
                    &cx.job.workspace,
                    &cx.job.id,
                    made,
                    title,
                    AssetSource::Generate,
                    recipe,
                )
                .await?;
            asset.notes.extend(model.label.clone());
            assets.push(asset);
        }
        crate::failpoint::hit("job-outputs-written");
        let mut facts = json!({ "seed": item.seed, "facts": all_facts });
        if let Some(label) = &model.label {
            facts["label"] = json!(label);
        }
        if let Some(prompt) = &item.prompt_used {
            facts["prompt_used"] = json!(prompt);
        }
        Ok(Product {
            assets,
            facts: Some(facts),
            charge: cx.job.price,
            collection: item.collection_id,
        })
    }
}

/// The same for a model that a vendor runs.
async fn order_of_vendor(
    cx: &Context,
    spec: &'static Spec,
    model: &Model,
    args: &Args,
    account: &Account,
) -> Result<JobView, Problem> {
    let is_own_key = account.is_own;
    let style = style_of(args)?;
    let prompt_used = prompt_used(args, style);
    let mut given = args.inputs.clone();
    for (name, value) in common_inputs(args) {
        if given.insert(name.to_owned(), value).is_some() {
            let words = format!("`{name}` was sent twice: by itself, and within `inputs`. Send it once.");
            return Err(Problem::invalid(name, words));
        }
    }
    if style.is_none() {
        given.remove("style");
    }
    let mut checked = inputs::check(cx, model, given, prompt_used.as_deref()).await?;
    let is_listed = cx.studio.catalogue().find(&model.id).is_some();
    checked.item.is_own_key = is_own_key;
    checked.item.found = (!is_listed).then(|| Box::new(model.clone()));
    let count = args.count.unwrap_or(1);
    let price = if is_own_key {
        cx.studio.settings().own_key_fee.times(i64::from(count))
    } else {
        inputs::price(model, &checked, count, video_seconds(cx, &checked.item).await?)
    };
    cx.studio
        .check_budget(account.service.facts(), is_own_key, price)
        .await?;
    let fingerprint = serde_json::to_value((
        &args.model,
        &args.prompt,
        &args.inputs,
        &args.images.as_ref().map(|_| &checked.item.media),
        (args.count, args.width, args.height, &args.shape, &args.aspect_ratio),
        (&args.style, args.seed, args.duration_seconds, &args.output_format),
    ))
    .map_err(Problem::internal)?;
    let item = ItemArgs {
        model: model.id.clone(),
        prompt: args.prompt.clone(),
        prompt_used,
        images: Vec::new(),
        count,
        width: checked.width,
        height: checked.height,
        style: style.map(|style| style.slug.to_owned()),
        seed: checked.seed.unwrap_or(0),
        duration_seconds: checked.seconds,
        output_format: args.output_format.clone().unwrap_or_default(),
        collection_id: args.collection_id.clone(),
        vendor: Some(checked.item),
        edit: None,
    };
    let order = Order {
        spec,
        model: model.id.clone(),
        items: vec![Item {
            arguments: serde_json::to_value(item).map_err(Problem::internal)?,
            price,
            refused: None,
        }],
        is_batch: false,
        wait: Duration::ZERO,
        fingerprint,
    };
    submit(cx, order, &args.spending).await
}

/// How long the video is that goes in, where it is known already.
async fn video_seconds(cx: &Context, item: &VendorItem) -> Result<Option<f64>, Problem> {
    let Some((_, source)) = item.media.iter().find(|(field, _)| field == "video") else {
        return Ok(None);
    };
    match crate::inputs::Source::parse(source)? {
        crate::inputs::Source::Asset(id) => {
            let asset = cx.studio.asset(&cx.caller.workspace, &id).await?;
            Ok(asset.duration_ms.map(|ms| ms as f64 / 1_000.0))
        }
        crate::inputs::Source::Url(_) => Ok(None),
    }
}

/// A model past its sunset names what takes its place.
pub(crate) fn check_deprecation(model: &Model, now: Timestamp) -> Result<(), Problem> {
    let Some(deprecation) = &model.deprecation else {
        return Ok(());
    };
    let today = now.strftime("%Y-%m-%d").to_string();
    // Dates of this form sort as they follow one another.
    let Some(sunset) = deprecation.sunset.as_ref().filter(|sunset| today >= **sunset) else {
        return Ok(());
    };
    let problem = Problem::new(
        Code::ModelRetired,
        format!("{} was taken out of service on {sunset}.", model.name),
    )
    .at("model")
    .details(json!({ "sunset": sunset, "replacement": deprecation.replacement }));
    Err(match &deprecation.replacement {
        Some(replacement) => problem.hint(format!("Use `{replacement}` instead.")),
        None => problem.hint("Choose another with `models` `recommend`."),
    })
}

fn style_of(args: &Args) -> Result<Option<&'static Style>, Problem> {
    match args.style.as_deref() {
        None | Some("no-style") => Ok(None),
        Some(slug) => styles::find_style(slug).map(Some).ok_or_else(|| {
            Problem::invalid(
                "style",
                format!("There is no style `{}`.", aquatint_domain::text::one_line(slug, 40)),
            )
            .hint("See `models` with `action: \"styles\"`.")
        }),
    }
}

/// The prompt with the style's words.
fn prompt_used(args: &Args, style: Option<&Style>) -> Option<String> {
    let prompt = args.prompt.as_ref()?;
    Some(style.map_or_else(|| prompt.clone(), |style| format!("{prompt}, {}", style.prompt)))
}

fn unknown_model(cx: &Context, id: &str) -> Problem {
    let catalogue = cx.studio.catalogue();
    let known: Vec<&str> = catalogue.all().iter().map(|model| model.id.as_str()).collect();
    let near = crate::arguments::nearest(id, &known);
    let message = match near {
        Some(near) => format!(
            "There is no model `{}`. Did you mean `{near}`?",
            aquatint_domain::text::one_line(id, 80)
        ),
        None => format!("There is no model `{}`.", aquatint_domain::text::one_line(id, 80)),
    };
    Problem::invalid("model", message).hint("List models with `models` `list` or `models` `recommend`.")
}

/// Holds the arguments against the model's own schema, before anything is charged.
fn check_model_inputs(model: &Model, args: &Args) -> Result<(), Problem> {
    if let Some(name) = args.inputs.keys().next() {
        let words = format!(
            "{} takes no `{}`.",
            model.name,
            aquatint_domain::text::one_line(name, 40)
        );
        return Err(Problem::invalid("inputs", words));
    }
    let inputs: Map<String, Value> = common_inputs(args)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    check_inputs(model, inputs)
}

/// What the arguments that every model shares were given as.
fn common_inputs(args: &Args) -> Vec<(&'static str, Value)> {
    let mut inputs = Vec::new();
    let mut put = |name: &'static str, value: Option<Value>| {
        if let Some(value) = value {
            inputs.push((name, value));
        }
    };
    put("prompt", args.prompt.clone().map(Value::from));
    put("count", args.count.map(Value::from));
    put("width", args.width.map(Value::from));
    put("height", args.height.map(Value::from));
    put("shape", args.shape.clone().map(Value::from));
    put("aspect_ratio", args.aspect_ratio.clone().map(Value::from));
    put("style", args.style.clone().map(Value::from));
    put("seed", args.seed.map(Value::from));
    put("duration_seconds", args.duration_seconds.map(Value::from));
    put("output_format", args.output_format.clone().map(Value::from));
    put(
        "images",
        args.images.as_ref().map(|images| match images {
            Images::One(image) => json!([image]),
            Images::Many(images) => json!(images),
        }),
    );
    inputs
}

fn check_inputs(model: &Model, inputs: Map<String, Value>) -> Result<(), Problem> {
    let look = format!(
        "Look at the model's inputs with `models` `action: \"schema\"`, `model: \"{}\"`.",
        model.id
    );
    Arguments::new(&model.input_schema, &[])
        .accept(Value::Object(inputs))
        .map_err(|mut problem| {
            if problem.field.as_deref() == Some("images")
                && !model.capabilities.image_to_image
                && !model.capabilities.image_to_video
            {
                problem.message = format!(
                    "{} makes pictures from words only; it takes no input image.",
                    model.name
                );
            } else if problem.field.as_deref() == Some("arguments") {
                problem.message = "This model needs a `prompt` or an image in `images`.".into();
            }
            let hint = problem
                .hint
                .take()
                .map_or_else(|| look.clone(), |hint| format!("{hint} {look}"));
            problem.hint(hint)
        })?;
    Ok(())
}

fn work(model: &Model, item: &ItemArgs, seed: u64) -> Work {
    let mut arguments = json!({ "seed": seed });
    // A film of a picture needs no words; a model that has learned takes both.
    let takes_words = item.images.is_empty() || model.capabilities.image_to_image;
    if let (Some(prompt), true) = (&item.prompt_used, takes_words) {
        arguments["prompt"] = json!(prompt);
    }
    if let Some(width) = item.width {
        arguments["width"] = json!(width);
    }
    if let Some(height) = item.height {
        arguments["height"] = json!(height);
    }
    if let Some(seconds) = item.duration_seconds {
        arguments["seconds"] = json!(seconds);
        arguments["fps"] = json!(VIDEO_FPS);
    }
    let format = match item.output_format.as_str() {
        "jpeg" => MediaType::Jpeg,
        "webp" => MediaType::WebP,
        "avif" => MediaType::Avif,
        "mp4" => MediaType::Mp4,
        _ => MediaType::Png,
    };
    Work {
        engine: model.maker.clone(),
        arguments,
        output: Output {
            format: Some(format),
            quality: None,
            background: None,
        },
    }
}

/// The first words of the prompt.
pub(crate) fn title_of(prompt: &str) -> String {
    aquatint_domain::text::one_line(prompt.split(['.', ';', '\n']).next().unwrap_or(prompt), 80)
}

/// A seed that JavaScript clients can read exactly.
fn random_seed() -> u64 {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    u64::from_le_bytes(bytes) & 0xffff_ffff
}
