//! Going on with a run that failed or was cancelled.

use aquatint_domain::{Problem, RunId, Scope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::run::Output;
use crate::jobs::Spending;
use crate::operation::{Context, Effects, Operation, Spec, post};
use crate::pipelines::{Retry, retry};

pub struct RetryRun;

/// Go on with a failed run.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Run id.
    pub run_id: RunId,
    #[serde(flatten)]
    pub spending: Spending,
}

impl Operation for RetryRun {
    const SPEC: Spec = Spec::new(
        "pipelines.retry_run",
        "Retry a run",
        Scope::Generate,
        Effects::Spends,
        post("/pipelines/runs/{run_id}/retry"),
    )
    .aliases(&[("id", "run_id")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let run = super::runs::existing(cx, &args.run_id).await?;
        let spending = args.spending;
        let wait = spending.wait(cx.studio.settings());
        let started = retry(
            cx,
            Retry {
                run,
                idempotency_key: spending.idempotency_key,
                max_credits: spending.max_credits,
                dry_run: spending.dry_run,
            },
        )
        .await?;
        Output::of(cx, started, spending.dry_run, wait).await
    }
}
