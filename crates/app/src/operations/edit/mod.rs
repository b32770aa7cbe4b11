//! Edits: each takes one picture or many and makes one picture of each. What they share stands
//! here; an edit's own file holds its options, its price and which engine does it.

mod backdrop;
mod elsewhere;

pub mod adjust;
pub mod compose;
pub mod convert;
pub mod crop;
pub mod enhance;
pub mod erase;
pub mod expand;
pub mod remove_background;
pub mod replace_background;
pub mod resize;
pub mod rotate;
pub mod upscale;

use std::time::Duration;

use aquatint_domain::{AssetSource, Credits, Problem, Recipe};
use aquatint_engines::models::{Folder, Installed, Manifest, Task};
use aquatint_engines::{Output, Work};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::catalogue::LOCAL;
use crate::formats;
use crate::jobs::{Item, JobContext, JobView, Order, Product, Spending, submit};
use crate::operation::{Context, Making, Operation, Spec};
use crate::studio::Studio;
use crate::vendors::inputs::VendorItem;
use elsewhere::Wish;

/// Other names for the pictures to edit that clients are known to use.
pub(crate) const IMAGE_ALIASES: &[(&str, &str)] = &[
    ("image", "images"),
    ("image_url", "images"),
    ("format", "output_format"),
    ("image_urls", "images"),
    ("asset_id", "images"),
    ("asset_ids", "images"),
    ("input", "images"),
    ("inputs", "images"),
    ("url", "images"),
];

/// Pictures that one edit may take beside the one to edit.
const SHARED_MAX: usize = 50;

/// One edit: its options and what does it.
pub trait Edit: Send + Sync + 'static {
    const SPEC: Spec;
    /// The engine, such as `upscale.lanczos`.
    const ENGINE: &'static str;
    /// What is shown while it runs.
    const STAGE: &'static str;
    /// What is put behind the title of the input.
    const SUFFIX: &'static str;
    type Options: DeserializeOwned + Serialize + JsonSchema + Clone + Send + Sync;

    /// The engine, where the options choose one.
    fn engine(_: &Self::Options) -> &'static str {
        Self::ENGINE
    }

    /// Names by which callers choose one of several built-in engines, each with its engine.
    const NAMED: &'static [(&'static str, &'static str)] = &[];

    /// The task of installed models that can do this edit instead.
    const TASK: Option<Task> = None;
    /// Whether an installed model is taken where the caller does not choose.
    const PREFERS_INSTALLED: bool = false;

    /// The model that the caller chose: an installed one's name, or `built-in`.
    fn model(_: &Self::Options) -> Option<&str> {
        None
    }

    /// What it asks of a vendor's model, which refuses options that only this machine has. `None` where no vendor's will do.
    fn wish(_: &Self::Options) -> Option<Result<Wish, Problem>> {
        None
    }

    /// The engine's arguments; refuses options that contradict one another. Pictures of [`Edit::pictures`] are named by
    /// their number: the picture to edit is 0, the first of the others 1.
    fn arguments(options: &Self::Options) -> Result<Value, Problem>;

    /// Pictures that the options name beside those to edit, each with the path of its argument.
    fn pictures(_: &mut Self::Options) -> Vec<(String, &mut String)> {
        Vec::new()
    }

    /// Credits for one picture, before configuration.
    fn price(options: &Self::Options) -> Credits;
}

/// One picture or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Images {
    One(String),
    Many(Vec<String>),
}

impl JsonSchema for Images {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Images".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "items": { "type": "string" }, "minItems": 1 })
    }
}

/// How the result is written.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Writing {
    /// Default: the input's format, or png where transparency needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_format: Option<formats::OutputFormat>,
    /// Quality of jpeg, webp and avif.
    #[schemars(range(min = 1, max = 100))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
}

/// The arguments of every edit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Args<O> {
    /// Asset id (best), https URL or data URI; or a list.
    pub images: Images,
    #[serde(flatten)]
    pub options: O,
    #[serde(flatten)]
    pub writing: Writing,
    /// Put the results into this collection.
    pub collection_id: Option<aquatint_domain::CollectionId>,
    /// Also return a small preview picture.
    #[serde(default)]
    pub preview: bool,
    #[serde(flatten)]
    pub spending: Spending,
}

/// The arguments of one job.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ItemArgs<O> {
    pub image: String,
    #[serde(flatten)]
    pub options: O,
    #[serde(flatten)]
    pub writing: Writing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_id: Option<aquatint_domain::CollectionId>,
    /// Where a vendor's model does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vendor: Option<VendorItem>,
}

/// Plans and submits an edit.
pub(crate) async fn run<E: Edit>(
    spec: &'static Spec,
    cx: &Context,
    args: Args<E::Options>,
) -> Result<JobView, Problem> {
    let mut options = args.options;
    E::arguments(&options)?;
    let (named, is_batch) = match &args.images {
        Images::One(image) => (vec![image.clone()], false),
        Images::Many(images) => (images.clone(), images.len() > 1),
    };
    let most = cx.studio.settings().batch_max;
    if named.is_empty() || named.len() > most {
        return Err(Problem::invalid(
            "images",
            format!(
                "`images` takes 1 to {most} pictures; there are {}. Split the call.",
                named.len()
            ),
        ));
    }
    if let Some(collection) = &args.collection_id {
        super::collections::existing(cx, collection).await?;
    }

    // What every item shares must be good; it is checked once.
    let vendors = elsewhere::chosen::<E>(cx, spec, &options).await?;
    let engine = match &vendors {
        Some(chosen) => chosen.model.id.clone(),
        None => chosen::<E>(cx.studio.crew().models(), &options)?,
    };
    let shared = E::pictures(&mut options);
    if shared.len() > SHARED_MAX {
        return Err(Problem::invalid(
            "layers",
            format!("One edit takes at most {SHARED_MAX} pictures beside the one to edit."),
        ));
    }
    for (field, named) in shared {
        let source = cx.studio.accept_source(&cx.caller.workspace, named, &field).await?;
        *named = source.as_str().to_owned();
    }

    // Check every picture now: a bad one in a batch fails alone.
    let price = cx
        .studio
        .settings()
        .prices
        .get(spec.name)
        .copied()
        .unwrap_or_else(|| E::price(&options));
    let mut items = Vec::with_capacity(named.len());
    for (index, image) in named.iter().enumerate() {
        let field = if is_batch {
            format!("images[{index}]")
        } else {
            "images".to_owned()
        };
        let accepted = cx.studio.accept_source(&cx.caller.workspace, image, &field).await;
        let (image, mut refused) = match &accepted {
            Ok(source) => (source.as_str().to_owned(), None),
            Err(problem) => (aquatint_domain::text::clip(image, 200), Some(problem.clone())),
        };
        let (mut price, mut vendor) = (price, None);
        if let (Some(chosen), Ok(source)) = (&vendors, &accepted) {
            match chosen.item(cx, source).await {
                Ok((cost, item)) => (price, vendor) = (cost, Some(item)),
                Err(problem) => refused = Some(problem),
            }
        }
        let item = ItemArgs {
            image,
            options: options.clone(),
            writing: args.writing.clone(),
            collection_id: args.collection_id.clone(),
            vendor,
        };
        items.push(Item {
            arguments: serde_json::to_value(item).map_err(Problem::internal)?,
            price,
            refused,
        });
    }
    if let Some(chosen) = &vendors {
        let all = items
            .iter()
            .filter(|item| item.refused.is_none())
            .fold(Credits::ZERO, |all, item| all + item.price);
        chosen.check_budget(cx, all).await?;
    }
    let fingerprint = json!({ "images": items.iter().map(|item| &item.arguments).collect::<Vec<_>>() });
    let wait = if is_batch {
        Duration::ZERO
    } else {
        cx.studio.settings().wait_default
    };
    let order = Order {
        spec,
        model: engine,
        items,
        is_batch,
        wait,
        fingerprint,
    };
    let mut view = submit(cx, order, &args.spending).await?;
    if args.preview {
        view.preview = view.outputs.first().map(|output| output.asset_id.clone());
    }
    Ok(view)
}

/// What one edited picture costs.
pub(crate) fn price<E: Edit>(studio: &Studio, arguments: &Value) -> Result<Credits, Problem> {
    let options: E::Options = serde_json::from_value(arguments.clone()).map_err(|error| {
        Problem::new(
            aquatint_domain::Code::InvalidArgument,
            format!("The settings do not fit: {error}."),
        )
    })?;
    if let Some(price) = elsewhere::price::<E>(studio, &options) {
        return Ok(price);
    }
    let set = studio.settings().prices.get(E::SPEC.name);
    Ok(set.copied().unwrap_or_else(|| E::price(&options)))
}

/// The engine of this machine that would do an edit; `None` where that is a vendor's model, or the arguments do not fit.
pub(crate) fn engine<E: Edit>(studio: &Studio, arguments: &Value) -> Option<String> {
    let options: E::Options = serde_json::from_value(arguments.clone()).ok()?;
    if E::model(&options).is_some_and(is_far) {
        return None;
    }
    chosen::<E>(studio.crew().models(), &options).ok()
}

/// The name under which callers choose what needs no download.
const BUILT_IN: &str = "built-in";

/// The built-in ways of cutting out, by the names that callers may choose.
const CUTTERS: &[(&str, &str)] = &[("net", "cutout.net"), ("plain", "cutout.plain")];

/// The engine that does an edit: the one of the model that the caller chose, the best installed one, or the built-in.
fn chosen<E: Edit>(models: &Folder, options: &E::Options) -> Result<String, Problem> {
    let built_in = || E::engine(options).to_owned();
    let Some(task) = E::TASK else {
        return Ok(built_in());
    };
    match E::model(options) {
        None | Some("auto") if E::PREFERS_INSTALLED => Ok(models
            .best(task)
            .map_or_else(built_in, |installed| installed.manifest.engine())),
        None | Some("auto" | BUILT_IN) => Ok(built_in()),
        Some(named) => match local(models, task, named) {
            Some(installed) => Ok(installed.manifest.engine()),
            None => {
                if let Some((_, engine)) = E::NAMED.iter().find(|(name, _)| *name == named) {
                    return Ok((*engine).to_owned());
                }
                let (installed, _) = models.list();
                let mut names: Vec<String> = installed
                    .into_iter()
                    .filter_map(|installed| name_for(task, &installed.manifest))
                    .collect();
                names.push(BUILT_IN.to_owned());
                names.extend(E::NAMED.iter().map(|(name, _)| (*name).to_owned()));
                Err(Problem::invalid(
                    "model",
                    format!(
                        "No model `{}` for this edit is installed here. Choose one of: {}.",
                        aquatint_domain::text::one_line(named, 64),
                        names.join(", ")
                    ),
                )
                .hint("The operator installs more with `aquatint models pull NAME`."))
            }
        },
    }
}

/// The name by which callers choose a model for a task: that of its own task, or the catalogue's of one that makes pictures
/// of words and so fills in too.
fn name_for(task: Task, manifest: &Manifest) -> Option<String> {
    if manifest.task == task {
        return Some(manifest.id.clone());
    }
    let fills = task == Task::Inpaint && manifest.task == Task::Generate && Task::Generate.can_run();
    fills.then(|| format!("{LOCAL}{}", manifest.id))
}

/// Whether a name is that of a vendor's model.
fn is_far(named: &str) -> bool {
    named.contains('/') && !named.starts_with(LOCAL)
}

/// The installed model that is called so for that task.
fn local(models: &Folder, task: Task, named: &str) -> Option<Installed> {
    models
        .get(named.strip_prefix(LOCAL).unwrap_or(named))
        .filter(|installed| name_for(task, &installed.manifest).as_deref() == Some(named))
}

/// Which version of an engine made something: its own number, or the beginning of its model's hash.
fn version_of(models: &Folder, engine: &str) -> String {
    if let Some(version) = aquatint_engines::version_of(engine) {
        return version.to_owned();
    }
    engine.split_once('.').and_then(|(_, id)| models.get(id)).map_or_else(
        || "0".to_owned(),
        |installed| installed.manifest.sha256.chars().take(12).collect(),
    )
}

/// Does the work of one job.
pub(crate) async fn make<E: Edit>(cx: &JobContext, mut item: ItemArgs<E::Options>) -> Result<Product, Problem> {
    if let Some(wanted) = item.vendor.take() {
        return elsewhere::make::<E>(cx, item, wanted).await;
    }

    // Read the inputs.
    cx.step(0.0, 0.1);
    let (input, bytes) = cx.input(&item.image).await?;
    let (mut inputs, mut parents) = (vec![bytes], vec![input.id.clone()]);
    for (field, named) in E::pictures(&mut item.options) {
        let (other, bytes) = cx.input(named).await.map_err(|problem| problem.at(&field))?;
        *named = other.id.to_string();
        inputs.push(bytes);
        parents.push(other.id);
    }
    crate::failpoint::hit("job-inputs-ready");
    let output = Output {
        format: item.writing.output_format.map(formats::OutputFormat::media_type),
        quality: item.writing.quality,
        background: None,
    };

    // Let the engine work on it.
    cx.step(0.1, 0.95);
    cx.tell(0.0, E::STAGE);
    let work = Work {
        // What was chosen when the job was priced, even if another model was installed since.
        engine: cx
            .job
            .model
            .clone()
            .unwrap_or_else(|| E::engine(&item.options).to_owned()),
        arguments: E::arguments(&item.options)?,
        output,
    };
    let made = cx.make(&work, inputs).await?;
    crate::failpoint::hit("job-made");
    let mut facts = made.facts.clone();
    if !input.notes.is_empty() {
        facts["notes"] = json!(input.notes);
    }

    // Keep the result with the recipe that made it.
    cx.step(0.95, 1.0);
    cx.tell(0.0, "saving");
    let mut arguments = serde_json::to_value(&item).map_err(Problem::internal)?;
    arguments["image"] = json!(input.id);
    let recipe = Recipe {
        operation: cx.job.operation.clone(),
        version: cx.job.version,
        arguments,
        model: Some(format!(
            "{}@{}",
            work.engine,
            version_of(cx.studio.crew().models(), &work.engine)
        )),
        seed: made.seed,
        parents,
    };
    let title = format!("{}, {}", input.title, E::SUFFIX);
    let asset = cx
        .studio
        .keep_made(&cx.job.workspace, &cx.job.id, made, title, AssetSource::Edit, recipe)
        .await?;
    crate::failpoint::hit("job-outputs-written");
    Ok(Product {
        assets: vec![asset],
        facts: Some(facts),
        charge: cx.job.price,
        collection: item.collection_id,
    })
}

/// Makes an [`Edit`] an operation; the doc comment of its options is the operation's description.
macro_rules! edit_operation {
    ($edit:ty) => {
        impl $crate::operation::Operation for $edit {
            const SPEC: $crate::operation::Spec = <$edit as $crate::operations::edit::Edit>::SPEC;
            type Args = $crate::operations::edit::Described<<$edit as $crate::operations::edit::Edit>::Options>;
            type Output = $crate::jobs::JobView;

            async fn run(
                cx: &$crate::operation::Context,
                args: Self::Args,
            ) -> Result<Self::Output, aquatint_domain::Problem> {
                static SPEC: $crate::operation::Spec = <$edit as $crate::operations::edit::Edit>::SPEC;
                $crate::operations::edit::run::<$edit>(&SPEC, cx, args.0).await
            }
        }

        impl $crate::operation::Making for $edit {
            type Item = $crate::operations::edit::ItemArgs<<$edit as $crate::operations::edit::Edit>::Options>;

            fn price(
                studio: &$crate::studio::Studio,
                arguments: &serde_json::Value,
            ) -> Result<aquatint_domain::Credits, aquatint_domain::Problem> {
                $crate::operations::edit::price::<$edit>(studio, arguments)
            }

            fn engine(studio: &$crate::studio::Studio, arguments: &serde_json::Value) -> Option<String> {
                $crate::operations::edit::engine::<$edit>(studio, arguments)
            }

            async fn make(
                cx: &$crate::jobs::JobContext,
                item: Self::Item,
            ) -> Result<$crate::jobs::Product, aquatint_domain::Problem> {
                $crate::operations::edit::make::<$edit>(cx, item).await
            }
        }
    };
}
pub(crate) use edit_operation;

/// The arguments of an edit, described by its options' doc comment instead of the shared one.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
#[serde(bound = "O: DeserializeOwned")]
pub struct Described<O>(pub Args<O>);

impl<O: JsonSchema> JsonSchema for Described<O> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        O::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let own = O::json_schema(generator);
        let mut schema = Args::<O>::json_schema(generator);
        if let Some(description) = own.get("description") {
            schema.insert("description".into(), description.clone());
        }
        schema
    }
}

// The traits are named in the macro above; this keeps the imports of this file honest.
const _: fn() = || {
    fn is_making<T: Making>() -> &'static str {
        <T as Operation>::SPEC.name
    }
    let _ = is_making::<upscale::Upscale>;
};
