//! How a job looks to a caller: one shape for edits, generations, batches and polling.

use aquatint_domain::{Asset, AssetId, AssetSource, Credits, Job, JobId, JobKind, JobState, Problem, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::submit::Order;
use crate::operation::{Describe, Description, MediaLink, Preview};
use crate::studio::Studio;

/// The stage of a job that waits for others of its workspace to end; one that waits for a free worker only has none.
pub const BEHIND_OTHERS: &str = "behind other jobs";

/// One piece of media that a job made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutputView {
    pub asset_id: AssetId,
    /// Works until `url_expires_at`; `assets` `get` gives a fresh one. Chain by `asset_id`.
    pub url: String,
    pub url_expires_at: Timestamp,
    pub content_type: String,
    pub width: u32,
    pub height: u32,
    pub size_bytes: u64,
    pub title: String,
    /// What was edited, to be shown beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<BeforeView>,
}

/// The picture that an edit began with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BeforeView {
    pub asset_id: AssetId,
    pub url: String,
    pub width: u32,
    pub height: u32,
}

/// One item of a batch.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ItemView {
    /// The place of this item in the call.
    pub index: u32,
    pub job_id: JobId,
    pub status: JobState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<OutputView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// A job as callers see it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct JobView {
    /// Absent for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// queued, running, succeeded, failed, cancelled; `estimated` for a dry run.
    pub status: String,
    /// The operation, such as `edit.upscale`.
    pub operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// From 0 to 1.
    pub progress: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stage: String,
    /// What was made, when it succeeded.
    pub outputs: Vec<OutputView>,
    /// Facts about the result, such as a confidence with a hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// The items of a batch, each with its own state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<ItemView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The most that it can cost.
    pub price_credits: Credits,
    /// What was charged; failed and cancelled work is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged_credits: Option<Credits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Whether this is the job of an earlier call with the same idempotency key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    #[serde(skip)]
    pub preview: Option<AssetId>,
}

/// The view of a job with its outputs and, for a batch, its items.
pub(crate) async fn view(studio: &Studio, job: &Job) -> Result<JobView, Problem> {
    let is_behind = job.state == JobState::Queued && studio.store().jobs().is_lane_full(&job.workspace).await?;
    view_of(studio, job, is_behind).await
}

/// The views of jobs of one workspace.
pub(crate) async fn views(studio: &Studio, jobs: &[Job]) -> Result<Vec<JobView>, Problem> {
    let is_full = match jobs.iter().find(|job| job.state == JobState::Queued) {
        Some(job) => studio.store().jobs().is_lane_full(&job.workspace).await?,
        None => false,
    };
    let mut views = Vec::with_capacity(jobs.len());
    for job in jobs {
        views.push(view_of(studio, job, is_full && job.state == JobState::Queued).await?);
    }
    Ok(views)
}

async fn view_of(studio: &Studio, job: &Job, is_behind: bool) -> Result<JobView, Problem> {
    let items = match job.kind {
        JobKind::Single => Vec::new(),
        JobKind::Batch => studio.store().jobs().items(&job.workspace, &job.id).await?,
    };
    let ids: Vec<AssetId> = job
        .outputs
        .iter()
        .chain(items.iter().flat_map(|item| &item.outputs))
        .cloned()
        .collect();
    let assets = if ids.is_empty() {
        Vec::new()
    } else {
        studio.store().assets().get_many(&job.workspace, &ids).await?
    };
    // What was edited is told with each result, so that both can be shown side by side.
    let edited: Vec<AssetId> = assets.iter().filter_map(edited_from).cloned().collect();
    let befores = if edited.is_empty() {
        Vec::new()
    } else {
        studio.store().assets().get_many(&job.workspace, &edited).await?
    };
    let outputs_of = |ids: &[AssetId]| -> Vec<OutputView> {
        ids.iter()
            .filter_map(|id| assets.iter().find(|asset| asset.id == *id))
            .map(|asset| {
                let mut view = output_view(studio, asset);
                view.before = edited_from(asset)
                    .and_then(|id| befores.iter().find(|before| before.id == *id))
                    .map(|before| BeforeView {
                        asset_id: before.id.clone(),
                        url: studio.url_of(before, "full").0,
                        width: before.width,
                        height: before.height,
                    });
                view
            })
            .collect()
    };
    let item_views: Vec<ItemView> = items
        .iter()
        .map(|item| ItemView {
            index: item.position,
            job_id: item.id.clone(),
            status: item.state,
            outputs: outputs_of(&item.outputs),
            result: item.result.clone(),
            error: item.problem.as_ref().map(error_value),
        })
        .collect();
    let outputs = match job.kind {
        JobKind::Single => outputs_of(&job.outputs),
        JobKind::Batch => item_views.iter().flat_map(|item| item.outputs.clone()).collect(),
    };
    let (price, charged) = match job.kind {
        JobKind::Single => (job.price, job.charged),
        JobKind::Batch => (
            items.iter().map(|item| item.price).sum(),
            Some(items.iter().filter_map(|item| item.charged).sum()),
        ),
    };
    Ok(JobView {
        job_id: Some(job.id.clone()),
        status: job.state.as_str().to_owned(),
        operation: job.operation.clone(),
        model: job.model.clone(),
        progress: if job.state == JobState::Succeeded {
            1.0
        } else {
            job.progress
        },
        stage: if job.state.is_terminal() {
            String::new()
        } else if is_behind {
            BEHIND_OTHERS.to_owned()
        } else {
            job.stage.clone()
        },
        outputs,
        result: job.result.clone(),
        items: (job.kind == JobKind::Batch).then_some(item_views),
        error: job.problem.as_ref().map(error_value),
        price_credits: price,
        charged_credits: charged.filter(|_| job.state.is_terminal()),
        created_at: Some(job.created_at),
        finished_at: job.finished_at,
        replayed: false,
        next: (!job.state.is_terminal())
            .then(|| format!("Call `get_job_status` with `job_id: \"{}\"` and `sync: true`.", job.id)),
        preview: None,
    })
}

/// The view of a call that was only priced.
pub(crate) fn estimate(order: &Order, price: Credits) -> JobView {
    JobView {
        job_id: None,
        status: "estimated".into(),
        operation: order.spec.name.into(),
        model: Some(order.model.clone()),
        progress: 0.0,
        stage: String::new(),
        outputs: Vec::new(),
        result: None,
        items: None,
        error: None,
        price_credits: price,
        charged_credits: None,
        created_at: None,
        finished_at: None,
        replayed: false,
        next: Some("Nothing was made or charged. Send the same call without `dry_run`.".into()),
        preview: None,
    }
}

/// The picture that an edit made this from.
fn edited_from(asset: &Asset) -> Option<&AssetId> {
    (asset.source == AssetSource::Edit)
        .then(|| asset.recipe.as_ref()?.parents.first())
        .flatten()
}

/// The view of one asset as a job's output.
pub(crate) fn output_view(studio: &Studio, asset: &Asset) -> OutputView {
    let (url, url_expires_at) = studio.url_of(asset, "full");
    OutputView {
        asset_id: asset.id.clone(),
        url,
        url_expires_at,
        content_type: crate::library::served_type(asset).as_str().to_owned(),
        width: asset.width,
        height: asset.height,
        size_bytes: asset.size_bytes,
        title: asset.title.clone(),
        before: None,
    }
}

fn error_value(problem: &Problem) -> Value {
    serde_json::to_value(problem).unwrap_or_default()
}

impl OutputView {
    pub(crate) fn link(&self) -> MediaLink {
        MediaLink {
            asset: self.asset_id.clone(),
            url: self.url.clone(),
            name: self.title.clone(),
            media_type: self.content_type.clone(),
            size_bytes: self.size_bytes,
        }
    }
}

impl Describe for JobView {
    fn describe(&self) -> Description {
        let mut lines = Vec::new();
        let job = self.job_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
        let charged = self
            .charged_credits
            .map(|credits| format!(", {credits} credits charged"))
            .unwrap_or_default();
        match self.status.as_str() {
            "estimated" => lines.push(format!(
                "Dry run of {}: {} credits.",
                self.operation, self.price_credits
            )),
            "running" | "queued" => {
                let stage = if self.stage.is_empty() {
                    String::new()
                } else {
                    format!(", {}", self.stage)
                };
                lines.push(format!(
                    "Job{job} ({}) is {}, {:.0} %{stage}.",
                    self.operation,
                    self.status,
                    self.progress * 100.0
                ));
            }
            status => lines.push(format!("Job{job} ({}) {status}{charged}.", self.operation)),
        }
        for output in &self.outputs {
            lines.push(format!(
                "{}: {}×{} {}, {}",
                output.asset_id, output.width, output.height, output.content_type, output.url
            ));
        }
        for item in self.items.iter().flatten() {
            if let Some(error) = &item.error {
                lines.push(format!(
                    "Item {} {}: {}",
                    item.index,
                    item.status,
                    error["message"].as_str().unwrap_or_default()
                ));
            }
        }
        if let Some(error) = &self.error {
            lines.push(format!(
                "{}: {}",
                error["code"].as_str().unwrap_or_default(),
                error["message"].as_str().unwrap_or_default()
            ));
        }
        if let Some(hint) = self.result.as_ref().and_then(|result| result["hint"].as_str()) {
            lines.push(format!("Note: {hint}"));
        }
        if let Some(label) = self.result.as_ref().and_then(|result| result["label"].as_str()) {
            lines.push(format!("Label: {label}"));
        }
        lines.extend(self.next.clone());
        Description {
            text: lines.join("\n"),
            links: self.outputs.iter().map(OutputView::link).collect(),
            preview: self.preview.clone().map(Preview::Asset),
        }
    }
}
