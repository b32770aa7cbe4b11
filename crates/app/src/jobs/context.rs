//! What the work of one job can reach, and what it gives back.

use std::sync::Arc;

use aquatint_domain::{Asset, CollectionId, Credits, Job, Problem};
use aquatint_engines::{Made, Work};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::inputs::Source;
use crate::studio::Studio;

/// What a job made.
pub struct Product {
    /// Assets whose bytes are stored; the finishing transaction writes their rows.
    pub assets: Vec<Asset>,
    /// Facts of the result.
    pub facts: Option<Value>,
    /// What is charged, at most the held price.
    pub charge: Credits,
    /// The collection that the assets go into.
    pub collection: Option<CollectionId>,
}

/// The doors of a running job.
#[derive(Clone)]
pub struct JobContext {
    pub studio: Studio,
    pub job: Arc<Job>,
    pub(crate) cancel: CancellationToken,
    pub(crate) progress: Arc<watch::Sender<(f64, String)>>,
    /// The part of the whole progress bar that the current step fills.
    span: Arc<Mutex<(f64, f64)>>,
}

impl JobContext {
    pub(crate) fn new(
        studio: Studio,
        job: Arc<Job>,
        cancel: CancellationToken,
        progress: watch::Sender<(f64, String)>,
    ) -> Self {
        Self {
            studio,
            job,
            cancel,
            progress: Arc::new(progress),
            span: Arc::new(Mutex::new((0.0, 1.0))),
        }
    }

    /// Says how far the job is: `progress` from 0 to 1 within the current step.
    pub fn tell(&self, progress: f64, stage: &str) {
        let (from, to) = *self.span.lock();
        let overall = from + (to - from) * progress.clamp(0.0, 1.0);
        self.progress.send_if_modified(|told| {
            let is_news = (overall - told.0).abs() >= 0.005 || told.1 != stage;
            if is_news {
                *told = (overall.max(told.0), stage.to_owned());
            }
            is_news
        });
    }

    /// The next step fills the progress bar between these two marks.
    pub fn step(&self, from: f64, to: f64) {
        *self.span.lock() = (from, to);
    }

    /// The asset and bytes of an input.
    pub async fn input(&self, stored: &str) -> Result<(Asset, Bytes), Problem> {
        self.tell(0.0, "reading the input");
        self.studio
            .load_source(&self.job.workspace, &Source::parse(stored)?)
            .await
    }

    /// Runs an engine in a work child.
    pub async fn make(&self, work: &Work, inputs: Vec<Bytes>) -> Result<Made, Problem> {
        let cx = self.clone();
        self.studio
            .crew()
            .make(work, inputs, &self.cancel, &mut move |progress, stage: &str| {
                cx.tell(progress, stage)
            })
            .await
    }
}
