//! The studio: everything that the doors need, behind one handle that is cheap to clone.

use std::sync::{Arc, Weak};
use std::time::Duration;

use aquatint_domain::{Caller, Clock, Code, Problem, Role, SystemClock, Timestamp};
use aquatint_engines::models::Folder;
use aquatint_engines::{Crew, CrewConfig};
use aquatint_providers::Fetcher;
use aquatint_store::{AuditRow, Blobs, Store};
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::time::Instant;

use crate::access::KeyCache;
use crate::audit::Audit;
use crate::catalogue::{self, Catalogue, Stamp};
use crate::jobs::{self, Events, WorkerHandle};
use crate::mail::Post;
use crate::oauth::Documents;
use crate::operation::{Context, Effects, Entry, ProgressSender, Reply};
use crate::operations;
use crate::payments::Prices;
use crate::people::{Descriptions, Throttle};
use crate::pipelines::Conductor;
use crate::provenance::Notary;
use crate::rate::RateLimits;
use crate::settings::Settings;
use crate::signer::Signer;
use crate::vendors::Vendors;

/// How often the files that the catalogue is made of are looked at.
const CATALOGUE_LOOK: Duration = Duration::from_secs(1);
/// Arguments may nest this deep.
const MAX_DEPTH: usize = 64;

/// One handle on everything.
#[derive(Clone)]
pub struct Studio(Arc<Inner>);

struct Inner {
    settings: Settings,
    started: Instant,
    clock: Arc<dyn Clock>,
    store: Store,
    blobs: Blobs,
    fetcher: Fetcher,
    crew: Crew,
    signer: Signer,
    provenance: Notary,
    post: Option<Post>,
    vendors: Vendors,
    events: Events,
    conductor: Conductor,
    keys: KeyCache,
    throttle: Throttle,
    documents: Documents,
    descriptions: Descriptions,
    prices: Prices,
    rates: RateLimits,
    audit: Audit,
    /// With the installed models and the operator's rows as they were last read.
    catalogue: RwLock<Arc<Catalogue>>,
    /// What was wrong with the operator's rows of it when they were last read.
    complaints: Mutex<Vec<String>>,
    public_url: RwLock<Arc<String>>,
}

impl Studio {
    /// Opens the database, the blobs and the secret; starts no worker and no child.
    pub async fn open(settings: Settings) -> Result<Self, Problem> {
        Self::open_with_clock(settings, Arc::new(SystemClock)).await
    }

    /// The same with another clock, for tests.
    pub async fn open_with_clock(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, Problem> {
        let signer = Signer::open(settings.secret.as_deref(), &settings.data)?;
        let store = Store::open(&settings.database_url, clock.now()).await?;
        let provenance = Notary::open(&settings.provenance, &settings.data)?;
        let post = Post::open(&settings.mail)?;
        let blobs = Blobs::open(&settings.blobs_url)?;
        let fetcher = Fetcher::new(settings.fetcher.clone())?;
        let crew = Crew::new(CrewConfig {
            program: settings.child_program.clone(),
            args: settings.child_args.clone(),
            size: settings.workers.max(1),
            memory_bytes: settings.child_memory_bytes,
            task_timeout: settings.child_timeout,
            idle_exit: settings.child_idle,
            limits: settings.media.clone(),
            models: Folder::new(settings.models.clone()),
            ffmpeg: settings.ffmpeg.programs(),
            onnx_runtime: settings.onnx_runtime.library(&settings.models),
            models_memory_bytes: settings.models_memory_bytes,
        });
        // Taken before anything is read, so that a change meanwhile is seen at the next look.
        let stamp = catalogue::stamp(&settings);
        let rows = || Catalogue::with_installed(&settings, &crew.models().list().0).with_workflows(&settings.data);
        let (own, mut wrong) = rows();
        let catalogue = own.with_file(&settings.data).unwrap_or_else(|mistakes| {
            wrong.extend(mistakes.into_iter().map(|mistake| format!("catalogue.toml: {mistake}")));
            rows().0
        });
        for line in &wrong {
            tracing::error!("{line}; this is not used; see `aquatint catalogue check`");
        }
        let studio = Self(Arc::new(Inner {
            public_url: RwLock::new(Arc::new(settings.public_url.clone())),
            audit: Audit::start(store.clone()),
            settings,
            started: Instant::now(),
            clock,
            store,
            blobs,
            fetcher,
            crew,
            signer,
            provenance,
            post,
            vendors: Vendors::default(),
            events: Events::default(),
            conductor: Conductor::default(),
            keys: KeyCache::default(),
            throttle: Throttle::default(),
            documents: Documents::default(),
            descriptions: Descriptions::default(),
            prices: Prices::default(),
            rates: RateLimits::default(),
            catalogue: RwLock::new(Arc::new(catalogue)),
            complaints: Mutex::new(wrong),
        }));
        tokio::spawn(watch_catalogue(Arc::downgrade(&studio.0), stamp));
        studio.restore_rates().await?;
        Ok(studio)
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// How long this process has had the studio open.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    pub fn store(&self) -> &Store {
        &self.0.store
    }

    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    pub fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    pub fn crew(&self) -> &Crew {
        &self.0.crew
    }

    pub(crate) fn provenance(&self) -> &Notary {
        &self.0.provenance
    }

    pub(crate) fn post(&self) -> Option<&Post> {
        self.0.post.as_ref()
    }

    pub(crate) fn vendors(&self) -> &Vendors {
        &self.0.vendors
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.0.clock.clone()
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.signer
    }

    pub fn events(&self) -> &Events {
        &self.0.events
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.0.keys
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.0.throttle
    }

    pub(crate) fn documents(&self) -> &Documents {
        &self.0.documents
    }

    pub(crate) fn descriptions(&self) -> &Descriptions {
        &self.0.descriptions
    }

    pub(crate) fn prices(&self) -> &Prices {
        &self.0.prices
    }

    pub(crate) fn rates(&self) -> &RateLimits {
        &self.0.rates
    }

    /// Every model, as the files were when they were last looked at. Reads nothing.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.0.catalogue.read().clone()
    }

    /// Reads the files that the catalogue is made of; takes a while.
    fn read_catalogue(&self) {
        let (installed, _) = self.crew().models().list();
        let settings = &self.0.settings;
        let (fresh, mut wrong) = Catalogue::with_installed(settings, &installed).with_workflows(&settings.data);
        match fresh.with_file(&settings.data) {
            Ok(fresh) => *self.0.catalogue.write() = Arc::new(fresh),
            // A mistake in the operator's file leaves everything as it was.
            Err(mistakes) => wrong.extend(mistakes.into_iter().map(|mistake| format!("catalogue.toml: {mistake}"))),
        }
        self.complain(wrong);
    }

    /// Says what is wrong with the operator's rows of the catalogue, once.
    fn complain(&self, wrong: Vec<String>) {
        let mut told = self.0.complaints.lock();
        if *told != wrong {
            for line in &wrong {
                tracing::warn!("{line}; the rows from before stay");
            }
            *told = wrong;
        }
    }

    pub(crate) fn conductor(&self) -> &Conductor {
        &self.0.conductor
    }

    /// Runs of pipelines that stand otherwise than before, of every workspace, as far as this process moves them on.
    pub fn run_changes(&self) -> tokio::sync::broadcast::Receiver<aquatint_domain::RunId> {
        self.conductor().changes()
    }

    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Where clients reach the server, without a trailing slash.
    pub fn public_url(&self) -> Arc<String> {
        self.0.public_url.read().clone()
    }

    /// Set once the listening address is known, where no public URL is configured.
    pub fn set_public_url(&self, url: String) {
        *self.0.public_url.write() = Arc::new(url.trim_end_matches('/').to_owned());
    }

    /// Starts what an operation with these arguments will need, while its pictures are still on their way: the work child of an
    /// installed model. For a process that does the work itself; does nothing where the arguments do not fit.
    pub fn get_ready(&self, entry: &Entry, arguments: Value) {
        let Ok(arguments) = entry.accept(arguments) else { return };
        // Nothing is made where only the price is asked for.
        if arguments["dry_run"] == true {
            return;
        }
        if let Some(engine) = entry.engine(self, &arguments) {
            self.crew().get_ready(&engine);
        }
    }

    /// Runs one operation for a caller: form and limits of the arguments, scope, the operation, the
    /// audit log. This is the only way in, for every door.
    pub async fn call(
        &self,
        caller: &Caller,
        operation: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<Reply, Problem> {
        let outcome = self.call_unlogged(caller, operation, arguments, progress).await;
        let result = match &outcome {
            Ok(_) => "ok",
            Err(problem) => problem.code.as_str(),
        };
        if let Err(problem) = &outcome
            && problem.code == Code::Internal
        {
            tracing::error!(request = %caller.request, operation, ?problem, "an operation failed");
        }
        self.audit().record(AuditRow {
            at: self.now(),
            workspace: Some(caller.workspace.clone()),
            user: caller.user.clone(),
            key: caller.key().cloned(),
            request: caller.request.clone(),
            action: operation.to_owned(),
            outcome: result.to_owned(),
            address: caller.address.clone(),
            target: caller.grant().map(|grant| grant.to_string()),
        });
        outcome
    }

    async fn call_unlogged(
        &self,
        caller: &Caller,
        operation: &str,
        arguments: Value,
        progress: Option<ProgressSender>,
    ) -> Result<Reply, Problem> {
        let entry = operations::find(operation).ok_or_else(|| Problem::not_found("operation", operation))?;
        check_scope(caller, entry)?;
        crate::arguments::check_depth(&arguments, MAX_DEPTH)?;
        let arguments = entry.accept(arguments)?;
        let cx = Context {
            studio: self.clone(),
            caller: caller.clone(),
            progress,
        };
        entry.run(&cx, arguments).await
    }

    /// Starts the worker of this process. `name` must be unique among live processes.
    pub fn spawn_worker(&self, name: impl Into<String>) -> WorkerHandle {
        jobs::spawn(self.clone(), name.into())
    }

    /// Writes what is still in memory and closes the database.
    pub async fn close(&self) {
        self.audit().flush().await;
        if let Err(problem) = self.save_rates().await {
            tracing::warn!(?problem, "could not save the request counts of the day");
        }
        self.0.store.close().await;
    }

    async fn restore_rates(&self) -> Result<(), Problem> {
        let now = self.now();
        let counts = self.store().keys().day_counts(&day(now)).await?;
        self.rates().restore(counts, now);
        Ok(())
    }

    pub(crate) async fn save_rates(&self) -> Result<(), Problem> {
        let counts = self.rates().take_unsaved();
        if counts.is_empty() {
            return Ok(());
        }
        self.store().keys().add_day_counts(&day(self.now()), &counts).await
    }
}

/// Whether the credentials, and the person behind them, may do this.
pub(crate) fn check_scope(caller: &Caller, entry: &Entry) -> Result<(), Problem> {
    let spec = &entry.spec;
    if !caller.has(spec.scope) {
        // All that is needed is named, so that an app asks for everything at once.
        let mut needed = caller.scopes.clone();
        needed.push(spec.scope);
        return Err(Problem::new(
            Code::Forbidden,
            format!(
                "These credentials lack the scope `{}`, which {} needs.",
                spec.scope, spec.name
            ),
        )
        .hint("Sign in again and allow it, or use a key that has it.")
        .details(serde_json::json!({ "required_scopes": needed })));
    }
    if let Some(least) = spec.person {
        if !caller.is_person() {
            return Err(Problem::new(
                Code::Forbidden,
                format!(
                    "`{}` is for people: it is done in the web app, not by keys or apps.",
                    spec.name
                ),
            ));
        }
        return check_role(caller, least);
    }
    if spec.effects != Effects::Reads && caller.role().is_some() {
        return check_role(caller, Role::Member);
    }
    Ok(())
}

fn check_role(caller: &Caller, least: Role) -> Result<(), Problem> {
    match caller.role() {
        Some(role) if role < least => Err(Problem::new(
            Code::Forbidden,
            format!("This needs the role `{least}` in the workspace; yours is `{role}`."),
        )
        .hint("Ask an owner or admin of the workspace.")),
        _ => Ok(()),
    }
}

/// Reads the catalogue anew whenever its files have changed, off the async threads, for as long as there is a studio.
async fn watch_catalogue(inner: Weak<Inner>, mut known: Stamp) {
    loop {
        tokio::time::sleep(CATALOGUE_LOOK).await;
        let Some(studio) = inner.upgrade().map(Studio) else {
            return;
        };
        let looked = tokio::task::spawn_blocking(move || {
            let stamp = catalogue::stamp(studio.settings());
            if stamp != known {
                studio.read_catalogue();
            }
            stamp
        });
        match looked.await {
            Ok(stamp) => known = stamp,
            // It panicked, or the runtime ends.
            Err(error) => {
                tracing::error!(%error, "the catalogue is no longer watched");
                return;
            }
        }
    }
}

fn day(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d").to_string()
}
