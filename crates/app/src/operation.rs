//! What an operation is: one typed definition from which MCP tools, REST routes, CLI verbs and the
//! reference page come. Doors call [`Entry::run`] through the studio; they never hold logic.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;

use aquatint_domain::{AssetId, Caller, Code, Credits, PortKind, Principal, Problem, Role, Scope, SessionId, UserId};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::jobs::{JobContext, Product};
use crate::schema;
use crate::studio::Studio;

/// What an operation does to the world, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Changes nothing.
    Reads,
    /// Makes or changes something, for free.
    Writes,
    /// Makes something and spends credits.
    Spends,
}

/// The HTTP methods that operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

/// Where an operation stands under `/api/v1`; `{name}` in the path is an argument.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    pub method: Method,
    pub path: &'static str,
}

/// An operation as a node of pipelines.
#[derive(Clone, Copy, Debug)]
pub struct NodeMark {
    pub media: &'static [MediaArgument],
    pub makes: PortKind,
}

/// An argument that takes media.
#[derive(Clone, Copy, Debug)]
pub struct MediaArgument {
    /// The argument's name.
    pub argument: &'static str,
    /// What the port is called.
    pub port: &'static str,
    pub kind: PortKind,
    pub required: bool,
    /// Takes several at once as one thing.
    pub list: bool,
}

impl MediaArgument {
    /// The picture that an edit works on.
    pub const IMAGE: Self = Self {
        argument: "images",
        port: "image",
        kind: PortKind::Image,
        required: true,
        list: false,
    };

    /// Pictures that a model may begin with.
    pub const PICTURES: Self = Self {
        argument: "images",
        port: "images",
        kind: PortKind::Image,
        required: false,
        list: true,
    };

    /// A picture that may be there.
    pub const fn optional(argument: &'static str) -> Self {
        Self {
            argument,
            port: argument,
            kind: PortKind::Image,
            required: false,
            list: false,
        }
    }
}

/// What is true of an operation, apart from its types.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Group and verb, such as `edit.upscale`. Stored with jobs and recipes, so it never changes.
    pub name: &'static str,
    /// A few words for a person.
    pub title: &'static str,
    /// A changed meaning gets a new version.
    pub version: u32,
    pub scope: Scope,
    pub effects: Effects,
    pub rest: Rest,
    /// The least role of a person in the web app, where only people may do it.
    pub person: Option<Role>,
    /// How it is a node of pipelines, if it is one.
    pub node: Option<NodeMark>,
    /// Other spellings of arguments that clients are known to use: (theirs, ours).
    pub aliases: &'static [(&'static str, &'static str)],
}

impl Spec {
    pub const fn new(name: &'static str, title: &'static str, scope: Scope, effects: Effects, rest: Rest) -> Self {
        Self {
            name,
            title,
            version: 1,
            scope,
            effects,
            rest,
            person: None,
            node: None,
            aliases: &[],
        }
    }

    /// Only for people, by hand: keys and apps are refused, whatever their scopes.
    pub const fn for_people(mut self, least: Role) -> Self {
        self.person = Some(least);
        self
    }

    /// Also a node of pipelines: these arguments are media, and it makes that.
    pub const fn as_node(mut self, media: &'static [MediaArgument], makes: PortKind) -> Self {
        self.node = Some(NodeMark { media, makes });
        self
    }

    pub const fn aliases(mut self, aliases: &'static [(&'static str, &'static str)]) -> Self {
        self.aliases = aliases;
        self
    }

    /// `edit` of `edit.upscale`.
    pub fn group(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// `upscale` of `edit.upscale`.
    pub fn verb(&self) -> &'static str {
        self.name.split('.').nth(1).unwrap_or(self.name)
    }
}

pub const fn get(path: &'static str) -> Rest {
    Rest {
        method: Method::Get,
        path,
    }
}

pub const fn post(path: &'static str) -> Rest {
    Rest {
        method: Method::Post,
        path,
    }
}

pub const fn delete(path: &'static str) -> Rest {
    Rest {
        method: Method::Delete,
        path,
    }
}

/// A sign of progress on the way to a result.
#[derive(Clone, Debug)]
pub struct Progress {
    /// From 0 to 1.
    pub progress: f64,
    pub stage: String,
}

/// Where a waiting caller hears of progress.
pub type ProgressSender = mpsc::Sender<Progress>;

/// What an operation works with. Its doors are few on purpose: the studio and the caller.
#[derive(Clone)]
pub struct Context {
    pub studio: Studio,
    pub caller: Caller,
    pub progress: Option<ProgressSender>,
}

impl Context {
    /// The person who acts, and their session; for what concerns nobody else.
    pub(crate) fn person(&self) -> Result<(&UserId, &SessionId), Problem> {
        match (&self.caller.user, &self.caller.principal) {
            (Some(user), Principal::Session { session, .. }) => Ok((user, session)),
            _ => Err(Problem::new(
                Code::Forbidden,
                "This concerns a signed-in person; do it in the web app.",
            )),
        }
    }

    /// Where the caller is, for limits on failed tries.
    pub(crate) fn address(&self) -> &str {
        self.caller.address.as_deref().unwrap_or("unknown")
    }
}

/// A link to media in a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaLink {
    pub asset: AssetId,
    pub url: String,
    pub name: String,
    pub media_type: String,
    pub size_bytes: u64,
}

/// How a result reads for a person or for a model that ignores structured content.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub text: String,
    pub links: Vec<MediaLink>,
    /// One small picture to show, when the caller asked for one.
    pub preview: Option<Preview>,
}

/// A small picture that goes with a reply.
#[derive(Clone, Debug)]
pub enum Preview {
    /// The preview rendition of this asset.
    Asset(AssetId),
    /// A WebP made for this reply.
    Picture(Vec<u8>),
}

/// Every output can say itself in words. What only the web app asks for needs none.
pub trait Describe {
    fn describe(&self) -> Description {
        Description::default()
    }
}

/// The answer of what has nothing to tell but that it is done.
#[derive(Serialize, JsonSchema)]
pub struct Done {
    pub done: bool,
}

impl Done {
    pub const YES: Self = Self { done: true };
}

impl Describe for Done {
    fn describe(&self) -> Description {
        Description {
            text: "Done.".into(),
            ..Description::default()
        }
    }
}

/// A quick operation: it answers at once.
pub trait Operation: Send + Sync + 'static {
    const SPEC: Spec;
    type Args: DeserializeOwned + JsonSchema + Send;
    type Output: Serialize + JsonSchema + Describe + Send;

    fn run(cx: &Context, args: Self::Args) -> impl Future<Output = Result<Self::Output, Problem>> + Send;
}

/// An operation whose work is done in jobs: `run` plans and submits, `make` is what a worker runs
/// for each job.
pub trait Making: Operation {
    /// Arguments of one job.
    type Item: DeserializeOwned + Serialize + Send;

    /// What one result costs with these arguments, of which the media may be missing.
    fn price(studio: &Studio, arguments: &Value) -> Result<Credits, Problem>;

    /// The engine of this machine that would work with these arguments, where that is known before the work is planned.
    fn engine(_studio: &Studio, _arguments: &Value) -> Option<String> {
        None
    }

    fn make(cx: &JobContext, item: Self::Item) -> impl Future<Output = Result<Product, Problem>> + Send;
}

/// The value of a reply and its words.
#[derive(Clone, Debug)]
pub struct Reply {
    pub value: Value,
    pub description: Description,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type RunFn = for<'a> fn(&'a Context, Value) -> BoxFuture<'a, Result<Reply, Problem>>;
type PriceFn = fn(&Studio, &Value) -> Result<Credits, Problem>;
type EngineFn = fn(&Studio, &Value) -> Option<String>;
type MakeFn = for<'a> fn(&'a JobContext, Value) -> BoxFuture<'a, Result<Product, Problem>>;

/// One row of the list of operations.
pub struct Entry {
    pub spec: Spec,
    input: fn() -> Value,
    output: fn() -> Value,
    run: RunFn,
    make: Option<MakeFn>,
    price: Option<PriceFn>,
    engine: Option<EngineFn>,
    input_schema: OnceLock<Value>,
    output_schema: OnceLock<Value>,
    checker: OnceLock<Arguments>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.spec.name)
    }
}

impl Entry {
    /// The row of a quick operation.
    pub const fn of<O: Operation>() -> Self {
        Self {
            spec: O::SPEC,
            input: schema::of::<O::Args>,
            output: schema::of_output::<O::Output>,
            run: |cx, arguments| Box::pin(run::<O>(cx, arguments)),
            make: None,
            price: None,
            engine: None,
            input_schema: OnceLock::new(),
            output_schema: OnceLock::new(),
            checker: OnceLock::new(),
        }
    }

    /// The row of an operation whose work is done in jobs.
    pub const fn making<O: Making>() -> Self {
        let mut entry = Self::of::<O>();
        entry.make = Some(|cx, item| Box::pin(make::<O>(cx, item)));
        entry.price = Some(O::price);
        entry.engine = Some(O::engine);
        entry
    }

    /// JSON Schema (draft 2020-12) of the arguments; its `description` is the operation's.
    pub fn input_schema(&self) -> &Value {
        self.input_schema.get_or_init(self.input)
    }

    /// JSON Schema of the result.
    pub fn output_schema(&self) -> &Value {
        self.output_schema.get_or_init(self.output)
    }

    /// What the operation does, in one or two sentences (the doc comment of its arguments).
    pub fn description(&self) -> &str {
        self.input_schema()["description"].as_str().unwrap_or(self.spec.title)
    }

    /// Brings outside arguments into form and checks them: aliases, coercion, schema.
    pub fn accept(&self, arguments: Value) -> Result<Value, Problem> {
        self.checker
            .get_or_init(|| Arguments::new(self.input_schema(), self.spec.aliases))
            .accept(arguments)
    }

    pub async fn run(&self, cx: &Context, arguments: Value) -> Result<Reply, Problem> {
        (self.run)(cx, arguments).await
    }

    /// What one result costs with these arguments, of which the media may be missing.
    pub(crate) fn price(&self, studio: &Studio, arguments: &Value) -> Result<Credits, Problem> {
        self.price.map_or(Ok(Credits::ZERO), |price| price(studio, arguments))
    }

    /// The engine of this machine that would work with these arguments, as far as is known.
    pub(crate) fn engine(&self, studio: &Studio, arguments: &Value) -> Option<String> {
        self.engine.and_then(|engine| engine(studio, arguments))
    }

    /// Runs one job of this operation, if its work is done in jobs.
    pub(crate) async fn make(&self, cx: &JobContext, item: Value) -> Result<Product, Problem> {
        match self.make {
            Some(make) => make(cx, item).await,
            None => Err(Problem::internal(format!("{} is not done in jobs", self.spec.name))),
        }
    }
}

async fn run<O: Operation>(cx: &Context, arguments: Value) -> Result<Reply, Problem> {
    let args = read(arguments)?;
    let output = O::run(cx, args).await?;
    let description = output.describe();
    let value = serde_json::to_value(output).map_err(Problem::internal)?;
    Ok(Reply { value, description })
}

async fn make<O: Making>(cx: &JobContext, item: Value) -> Result<Product, Problem> {
    O::make(cx, serde_json::from_value(item).map_err(Problem::internal)?).await
}

/// The schema has passed by now, so what serde still finds (a malformed id, an impossible pair) is
/// told in serde's words.
fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, Problem> {
    serde_json::from_value(arguments).map_err(|error| {
        Problem::new(
            aquatint_domain::Code::InvalidArgument,
            format!("The arguments do not fit: {error}."),
        )
    })
}
