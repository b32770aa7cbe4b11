//! Everything that can be set, as the studio sees it. Reading it from files, environment and flags
//! is the server's work; the defaults here are the product's defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aquatint_domain::{Credits, Plan, PlanName, plan};
use aquatint_engines::Ffmpeg;
use aquatint_media::Limits;
use aquatint_providers::FetcherConfig;
use aquatint_providers::mail::MailConfig;

use crate::answers::AnswerSettings;
use crate::oauth::ConfiguredClient;
use crate::payments::PaymentSettings;
use crate::people::{GithubProvider, OidcProvider};
use crate::pipelines::PipelineLimits;
use aquatint_providers::price::CREDITS_PER_USD;

use crate::vendors::ProviderSettings;

/// Settings of one studio process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds the embedded database, blobs and secrets.
    pub data: PathBuf,
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// `file://…`.
    pub blobs_url: String,
    /// Where clients reach the server, without a trailing slash; every URL we hand out begins with it.
    pub public_url: String,
    /// The secret that signs URLs, base64 of at least 32 bytes; kept in the data folder when not given.
    pub secret: Option<String>,
    /// What a file may be like to be accepted.
    pub media: Limits,
    /// Largest upload, import or data URI, in bytes.
    pub upload_max_bytes: u64,
    /// How long a download URL works.
    pub download_url_ttl: Duration,
    /// How long an upload URL works.
    pub upload_url_ttl: Duration,
    /// How long a single edit is waited for when the caller does not say.
    pub wait_default: Duration,
    /// The longest that any call waits for a job.
    pub wait_max: Duration,
    /// How calls wait that answer in one step however long it takes.
    pub answers: AnswerSettings,
    /// Most images in one batch.
    pub batch_max: usize,
    /// Most jobs that one workspace may have waiting.
    pub queued_max: u32,
    /// Jobs that this process runs at the same time.
    pub workers: usize,
    /// How long a worker owns a job without a sign of life.
    pub lease: Duration,
    /// How often a job is tried before it fails for good.
    pub attempts_max: u32,
    /// The program and arguments that start a work child.
    pub child_program: PathBuf,
    pub child_args: Vec<String>,
    /// Address space of one work child, in bytes.
    pub child_memory_bytes: u64,
    /// The longest that one task may take in a work child.
    pub child_timeout: Duration,
    /// After this long without work a child process ends.
    pub child_idle: Duration,
    /// Where downloaded models are.
    pub models: PathBuf,
    /// What runs them.
    pub onnx_runtime: OnnxRuntime,
    /// What reads films.
    pub ffmpeg: FfmpegSetting,
    /// Whether results are signed, and by whom.
    pub provenance: ProvenanceSettings,
    /// Weights of models that stay in memory together, in bytes.
    pub models_memory_bytes: u64,
    pub fetcher: FetcherConfig,
    pub plans: BTreeMap<PlanName, Plan>,
    /// The plan of workspaces made without naming one.
    pub default_plan: PlanName,
    /// Credits per operation (`edit.upscale`) or per output of a model (`image/aquatint/scene-preview`), over the built-in prices.
    pub prices: BTreeMap<String, Credits>,
    /// Keys and addresses of vendors, by their ids.
    pub providers: BTreeMap<String, ProviderSettings>,
    /// What a US dollar of a vendor's price is in credits.
    pub credits_per_usd: f64,
    /// What one output costs a workspace that pays the vendor with its own key.
    pub own_key_fee: Credits,
    /// Credits for which this server buys at one vendor in a day, with its own keys; without one there is no limit.
    pub vendor_daily_budget: Option<Credits>,
    /// Whether vendors are told addresses of ours for their webhooks; by default where the public URL is one that they can reach.
    pub vendor_webhooks: Option<bool>,
    /// Models that edits take where the caller names none, by operation (`edit.upscale`); what this machine has without one.
    pub edit_models: BTreeMap<String, String>,
    /// Where a person adds credits, and where one upgrades.
    pub credits_url: Option<String>,
    pub upgrade_url: Option<String>,
    /// What is sold, and by whom.
    pub payments: PaymentSettings,
    /// How long an idempotency key is remembered.
    pub idempotency_ttl: Duration,
    /// Days that deleted assets stay in the trash.
    pub trash_days: u32,
    /// OAuth clients that need not register.
    pub oauth_clients: Vec<ConfiguredClient>,
    /// How large pipelines and runs may become.
    pub pipelines: PipelineLimits,
    /// The server that takes mail; none unless it is named.
    pub mail: MailConfig,
    /// Providers that people may sign in with.
    pub oidc: Vec<OidcProvider>,
    pub github: Option<GithubProvider>,
}

/// Content credentials and XMP on what is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProvenanceSettings {
    pub sign: bool,
    /// The certificate chain, PEM; a certificate of our own is made where there is none.
    pub certificate: Option<PathBuf>,
    /// Its private key, PKCS#8 PEM.
    pub key: Option<PathBuf>,
    /// More certificates, PEM, of signers who are trusted when files are read.
    pub trust: Option<PathBuf>,
}

/// What reads films in codecs that are not decoded here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FfmpegSetting {
    /// ffmpeg where it is on the search path.
    Found,
    /// Nothing: films have measures and no pictures.
    Off,
    /// ffmpeg at that path, with ffprobe beside it.
    At(PathBuf),
}

impl FfmpegSetting {
    /// The programs, where they are there.
    pub fn programs(&self) -> Option<Ffmpeg> {
        match self {
            Self::Found => Ffmpeg::on_path(),
            Self::Off => None,
            Self::At(path) => Ffmpeg::at(path),
        }
    }
}

/// What runs installed models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnnxRuntime {
    /// ONNX Runtime where its library is found on this machine, else the built-in runtime.
    Found,
    /// Always the built-in runtime.
    Off,
    /// ONNX Runtime by that library.
    At(PathBuf),
}

impl OnnxRuntime {
    /// The library to open, with the folder of the models, which may hold one.
    pub fn library(&self, models: &Path) -> Option<PathBuf> {
        match self {
            Self::Found => aquatint_engines::models::find_library(models),
            Self::Off => None,
            Self::At(library) => Some(library.clone()),
        }
    }
}

impl Settings {
    /// The defaults around a data folder, for a program that can run itself as a work child.
    pub fn new(data: PathBuf, child_program: PathBuf) -> Self {
        let database_url = format!("sqlite://{}", data.join("aquatint.db").display());
        let blobs_url = format!("file://{}", data.join("blobs").display());
        let models = data.join("models");
        Self {
            data,
            database_url,
            blobs_url,
            public_url: "http://127.0.0.1:8787".into(),
            secret: None,
            media: Limits::default(),
            upload_max_bytes: 50 * 1024 * 1024,
            download_url_ttl: Duration::from_secs(3_600),
            upload_url_ttl: Duration::from_secs(3 * 3_600),
            wait_default: Duration::from_secs(20),
            wait_max: Duration::from_secs(25),
            answers: AnswerSettings::default(),
            batch_max: 100,
            queued_max: 1_000,
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            lease: Duration::from_secs(30),
            attempts_max: 3,
            child_program,
            child_args: vec!["work-child".into()],
            child_memory_bytes: 2 * 1024 * 1024 * 1024,
            child_timeout: Duration::from_secs(300),
            child_idle: Duration::from_secs(60),
            models,
            onnx_runtime: OnnxRuntime::Found,
            ffmpeg: FfmpegSetting::Found,
            provenance: ProvenanceSettings::default(),
            models_memory_bytes: 2 * 1024 * 1024 * 1024,
            fetcher: FetcherConfig::default(),
            plans: plan::built_in().into_iter().collect(),
            default_plan: "local".into(),
            prices: BTreeMap::new(),
            providers: BTreeMap::new(),
            credits_per_usd: CREDITS_PER_USD as f64,
            own_key_fee: Credits::ZERO,
            vendor_daily_budget: None,
            vendor_webhooks: None,
            edit_models: BTreeMap::new(),
            credits_url: None,
            upgrade_url: None,
            payments: PaymentSettings::default(),
            idempotency_ttl: Duration::from_secs(24 * 3_600),
            trash_days: 30,
            oauth_clients: Vec::new(),
            pipelines: PipelineLimits::default(),
            mail: MailConfig::default(),
            oidc: Vec::new(),
            github: None,
        }
    }

    /// Where a person adds credits: the configured page, else the studio's own front page.
    pub fn credits_page(&self) -> String {
        self.credits_url
            .clone()
            .unwrap_or_else(|| format!("{}/", self.public_url))
    }

    /// From prices in vendors' rows to credits.
    pub fn vendor_price_factor(&self) -> f64 {
        self.credits_per_usd / CREDITS_PER_USD as f64
    }

    /// Where a person upgrades the plan.
    pub fn upgrade_page(&self) -> String {
        self.upgrade_url
            .clone()
            .unwrap_or_else(|| format!("{}/", self.public_url))
    }
}
