//! Running a pipeline.

use std::time::Duration;

use aquatint_domain::{CollectionId, Credits, Problem, RunId, RunState, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::run_view::{RunView, view};
use super::{PIPELINE_ALIASES, at_version};
use crate::jobs::Spending;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};
use crate::operations::collections;
use crate::pipelines::{Order, Started, start};

pub struct Run;

/// Run a pipeline or a part.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Pipeline id, or its name.
    #[schemars(length(min = 1, max = 200))]
    pub pipeline_id: String,
    /// By id or alias of each input: asset id or URL, text, number; a list makes one run for each item.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// An earlier version.
    #[schemars(range(min = 1))]
    pub version: Option<u32>,
    /// Only this node and what it needs.
    #[schemars(length(min = 1, max = 60))]
    pub until: Option<String>,
    /// Put the results into this collection.
    pub collection_id: Option<CollectionId>,
    /// Use nothing that earlier runs made.
    #[serde(default)]
    pub fresh: bool,
    #[serde(flatten)]
    pub spending: Spending,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The first of the runs; it stands for all that were started together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    pub run_ids: Vec<RunId>,
    /// `queued`, `estimated` for a dry run, or how the run stands after waiting.
    pub status: String,
    /// The most that all of them cost.
    pub price_credits: Credits,
    /// How many runs the inputs make.
    pub run_count: u32,
    /// Whether these are the runs of an earlier call with the same idempotency key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// The first run, where it was waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        if let Some(run) = &self.run {
            return run.describe();
        }
        let ids: Vec<String> = self.run_ids.iter().take(20).map(ToString::to_string).collect();
        let mut text = match self.status.as_str() {
            "estimated" => format!(
                "Dry run: {} run(s), up to {} credits. Nothing was started.",
                self.run_count, self.price_credits
            ),
            _ => format!(
                "{} run(s) started, up to {} credits: {}",
                self.run_count,
                self.price_credits,
                ids.join(", ")
            ),
        };
        if let Some(next) = &self.next {
            text.push('\n');
            text.push_str(next);
        }
        Description {
            text,
            ..Description::default()
        }
    }
}

impl Operation for Run {
    const SPEC: Spec = Spec::new(
        "pipelines.run",
        "Run a pipeline",
        Scope::Generate,
        Effects::Spends,
        post("/pipelines/{pipeline_id}/runs"),
    )
    .aliases(PIPELINE_ALIASES);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let (pipeline, version) = at_version(cx, &args.pipeline_id, args.version).await?;
        if let Some(collection) = &args.collection_id {
            collections::existing(cx, collection).await?;
        }
        let spending = args.spending;
        let wait = spending.wait(cx.studio.settings());
        let started = start(
            cx,
            Order {
                pipeline,
                version,
                inputs: args.inputs,
                until: args.until,
                collection: args.collection_id,
                uses_cache: !args.fresh,
                idempotency_key: spending.idempotency_key,
                max_credits: spending.max_credits,
                dry_run: spending.dry_run,
            },
        )
        .await?;
        Output::of(cx, started, spending.dry_run, wait).await
    }
}

impl Output {
    /// What was started, after waiting for it as far as asked.
    pub(super) async fn of(
        cx: &Context,
        started: Started,
        dry_run: bool,
        wait: Option<Duration>,
    ) -> Result<Self, Problem> {
        let first = started.runs.first().cloned();
        let mut output = Self {
            run_id: first.clone(),
            run_ids: started.runs,
            status: if dry_run { "estimated" } else { "queued" }.to_owned(),
            price_credits: started.price,
            run_count: u32::try_from(started.how_many).unwrap_or(u32::MAX),
            replayed: started.replayed,
            run: None,
            next: None,
        };
        let Some(first) = first else {
            return Ok(output);
        };
        output.next = Some(format!(
            "Call `pipelines` with `action: \"get_run\"` and `run_id: \"{first}\"`."
        ));
        if let Some(wait) = wait {
            let run = super::runs::wait_for(cx, &first, wait).await?;
            output.status = run.state.to_string();
            if run.state.is_terminal() || run.state == RunState::Running {
                output.run = Some(view(&cx.studio, run).await?);
            }
        }
        Ok(output)
    }
}
