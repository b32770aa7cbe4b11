//! Submitting: from priced items to job rows with holds, once per idempotency key.

use std::time::Duration;

use aquatint_domain::{Code, Credits, JobId, JobKind, Problem};
use aquatint_store::{Idempotency, NewJob, Submission};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::view::{JobView, estimate, view};
use super::wait::wait_for;
use crate::failpoint;
use crate::operation::{Context, Spec};
use crate::settings::Settings;

/// Arguments that everything which spends credits takes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Spending {
    /// Any unique text; the same call again finds the first one's job and is charged once.
    #[schemars(length(min = 1, max = 200))]
    pub idempotency_key: Option<String>,
    /// Only check and price the call.
    #[serde(default)]
    pub dry_run: bool,
    /// Refuse above this price.
    #[schemars(range(min = 0))]
    pub max_credits: Option<Credits>,
    /// Seconds to wait before answering with a job to poll.
    #[schemars(range(min = 0, max = 25))]
    pub wait_seconds: Option<f64>,
    /// Wait as long as allowed (25 s).
    #[serde(default)]
    pub sync: bool,
}

impl Spending {
    /// How long the caller wants to wait, if they said so.
    pub(crate) fn wait(&self, settings: &Settings) -> Option<Duration> {
        match (self.sync, self.wait_seconds) {
            (true, _) => Some(settings.wait_max),
            (false, Some(seconds)) => Some(
                Duration::try_from_secs_f64(seconds)
                    .unwrap_or_default()
                    .min(settings.wait_max),
            ),
            (false, None) => None,
        }
    }
}

/// One piece of work in an order, or the reason why it cannot be done.
pub(crate) struct Item {
    pub arguments: Value,
    pub price: Credits,
    pub refused: Option<Problem>,
}

/// Everything about a submission that the caller does not name by itself.
pub(crate) struct Order {
    pub spec: &'static Spec,
    pub model: String,
    pub items: Vec<Item>,
    /// Several items make a batch even when only one is left.
    pub is_batch: bool,
    /// How long to wait when the caller does not say.
    pub wait: Duration,
    /// What the idempotency key is compared with: the arguments as they came.
    pub fingerprint: Value,
}

/// Prices, checks and queues an order, and waits for it as far as asked.
pub(crate) async fn submit(cx: &Context, order: Order, spending: &Spending) -> Result<JobView, Problem> {
    let price: Credits = order
        .items
        .iter()
        .filter(|item| item.refused.is_none())
        .map(|item| item.price)
        .sum();

    // Check what the caller is willing to pay, before anything is written.
    if let Some(limit) = spending.max_credits
        && price > limit
    {
        return Err(Problem::new(
            Code::PriceAboveLimit,
            format!("This costs {price} credits, more than your `max_credits` of {limit}."),
        )
        .hint("Raise `max_credits`, or ask for less work.")
        .at("max_credits")
        .details(json!({ "price_credits": price, "max_credits": limit })));
    }
    if order.items.iter().all(|item| item.refused.is_some())
        && let Some(problem) = order.items.iter().find_map(|item| item.refused.clone())
    {
        return Err(problem);
    }
    if spending.dry_run {
        return Ok(estimate(&order, price));
    }

    // Queue the work and hold its price in one transaction.
    let now = cx.studio.now();
    let submitted = cx
        .studio
        .store()
        .jobs()
        .submit(submission(cx, &order, spending, now), now)
        .await;
    let submitted = submitted.map_err(|problem| explain_refusal(cx, problem))?;
    failpoint::hit("job-submitted");
    cx.studio.events().wake_workers();

    // Wait as far as asked; a caller that goes away loses nothing.
    let settings = cx.studio.settings();
    let wait = spending.wait(settings).unwrap_or(order.wait.min(settings.wait_max));
    let job = wait_for(cx, &submitted.job, wait).await?;
    let mut view = view(&cx.studio, &job).await?;
    view.replayed = submitted.replayed;

    // A single job that failed while its caller waited is that call's failure.
    if !order.is_batch
        && !submitted.replayed
        && let Some(problem) = job.problem
    {
        let mut details = problem.details.clone().unwrap_or_else(|| json!({}));
        details["job_id"] = json!(job.id);
        return Err(problem.details(details));
    }
    Ok(view)
}

fn submission(cx: &Context, order: &Order, spending: &Spending, now: aquatint_domain::Timestamp) -> Submission {
    let caller = &cx.caller;
    let new_job = |kind: JobKind,
                   parent: Option<JobId>,
                   position: usize,
                   arguments: Value,
                   price: Credits,
                   refused: Option<Problem>| NewJob {
        id: JobId::generate(now),
        parent,
        kind,
        position: u32::try_from(position).unwrap_or(u32::MAX),
        operation: order.spec.name.to_owned(),
        version: order.spec.version,
        arguments,
        model: Some(order.model.clone()),
        price,
        balance: caller.balance,
        user: caller.user.clone(),
        key: caller.key().cloned(),
        created_at: now,
        state_if_failed: refused,
    };
    let mut jobs = Vec::with_capacity(order.items.len() + 1);
    if order.is_batch {
        let batch = new_job(
            JobKind::Batch,
            None,
            0,
            json!({ "items": order.items.len() }),
            Credits::ZERO,
            None,
        );
        let parent = batch.id.clone();
        jobs.push(batch);
        for (position, item) in order.items.iter().enumerate() {
            jobs.push(new_job(
                JobKind::Single,
                Some(parent.clone()),
                position,
                item.arguments.clone(),
                item.price,
                item.refused.clone(),
            ));
        }
    } else if let Some(item) = order.items.first() {
        jobs.push(new_job(
            JobKind::Single,
            None,
            0,
            item.arguments.clone(),
            item.price,
            None,
        ));
    }
    // The same request in another order is the same request.
    let mut fingerprint = order.fingerprint.clone();
    fingerprint.sort_all_objects();
    let idempotency = spending.idempotency_key.as_ref().map(|key| Idempotency {
        key: key.clone(),
        request_hash: *blake3::hash(format!("{}\n{fingerprint}", order.spec.name).as_bytes()).as_bytes(),
        expires_at: now
            .checked_add(cx.studio.settings().idempotency_ttl)
            .unwrap_or(aquatint_domain::Timestamp::MAX),
    });
    Submission {
        workspace: caller.workspace.clone(),
        jobs,
        idempotency,
        limit_queued: cx.studio.settings().queued_max,
    }
}

/// The store knows that the credits do not suffice; where to get more is known here.
fn explain_refusal(cx: &Context, problem: Problem) -> Problem {
    if problem.code != Code::InsufficientCredits {
        return problem;
    }
    let page = cx.studio.credits_page();
    let balance = match cx.caller.balance {
        aquatint_domain::Balance::PlanUnits => "plan units",
        aquatint_domain::Balance::Api => "API balance",
    };
    let hint = format!("The {balance} of this workspace ran out. Add credits at {page}, or ask the workspace's owner.");
    let mut details = problem.details.clone().unwrap_or_else(|| json!({}));
    details["credits_url"] = json!(page);
    problem.hint(hint).details(details)
}
