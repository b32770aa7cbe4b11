//! Callbacks: a signed POST to the address that came with an order, once its job or run has ended. The address is a row, so it is
//! called whatever happens to the process that took the order.
//!
//! The row is written after the work and before the answer. Where a process ends between the two, its client has no answer and asks
//! again: with the same idempotency key it finds the work, and the row is written then.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Caller, JobId, Problem, RunId};
use aquatint_store::{ClaimedCallback, NewCallback};
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::jobs;
use crate::operations;
use crate::operations::webhooks::send;
use crate::people::later;
use crate::studio::{Studio, check_scope};

/// Says in a service's words that work has ended: from the service's name and the view of the job or run.
pub type Wording = fn(&str, &Value) -> Value;

/// How often it is looked whether work has ended.
const EVERY: Duration = Duration::from_secs(1);
/// Longer than a receiver may take.
const CLAIM: Duration = Duration::from_secs(60);
/// Seconds until the next try, after the first failure, the second, and so on; after the last one it is given up.
const PAUSES_S: [u64; 7] = [2, 10, 60, 300, 1_800, 7_200, 28_800];
/// Receivers that are called at the same time.
const AT_ONCE: usize = 16;
/// The longest address.
const URL_MAX: usize = 2_000;

impl Studio {
    /// Checks an address before anything is made for it: what is told to others needs the scope for that.
    pub fn check_callback(&self, caller: &Caller, url: &str) -> Result<(), Problem> {
        let entry =
            operations::find("webhooks.send").ok_or_else(|| Problem::internal("no operation sends webhooks"))?;
        check_scope(caller, entry)?;
        if url.len() > URL_MAX {
            return Err(Problem::invalid(
                "url",
                format!("An address has at most {URL_MAX} characters."),
            ));
        }
        self.fetcher().check(url).map(drop)
    }

    /// Has an address called when the work has ended, each job or run on its own. Work that has an address already keeps it.
    pub async fn call_back(&self, caller: &Caller, service: &str, url: &str, work: &[&str]) -> Result<(), Problem> {
        let now = self.now();
        let rows: Vec<NewCallback> = work
            .iter()
            .map(|id| NewCallback {
                workspace: caller.workspace.clone(),
                work: (*id).to_owned(),
                service: service.to_owned(),
                url: url.to_owned(),
                created_at: now,
            })
            .collect();
        self.store().callbacks().add(&rows).await
    }

    /// Makes the callbacks that are due, for ever.
    pub(crate) async fn make_callbacks(&self, wording: Wording) {
        let lines = Arc::new(Semaphore::new(AT_ONCE));
        while let Ok(line) = lines.clone().acquire_owned().await {
            let until = later(self.now(), CLAIM);
            match self.store().callbacks().claim(self.now(), until).await {
                Ok(Some(claim)) => {
                    // A slow receiver holds up one line alone.
                    let studio = self.clone();
                    tokio::spawn(async move {
                        if let Err(problem) = studio.tell(&claim, wording).await {
                            // The claim runs out, and then it is tried again.
                            tracing::warn!(?problem, callback = claim.work, "a callback could not be dealt with");
                        }
                        drop(line);
                    });
                }
                outcome => {
                    drop(line);
                    if let Err(problem) = outcome {
                        tracing::warn!(?problem, "callbacks cannot be read");
                    }
                    tokio::time::sleep(EVERY).await;
                }
            }
        }
    }

    async fn tell(&self, claim: &ClaimedCallback, wording: Wording) -> Result<(), Problem> {
        let callbacks = self.store().callbacks();
        let Some(view) = self.ended_work(claim).await? else {
            callbacks.give_up(claim, "the work is gone", self.now()).await?;
            return Ok(());
        };
        let body = Bytes::from(wording(&claim.service, &view).to_string());
        let sent = send::deliver(self, &claim.workspace, &claim.url, &claim.work, body).await;
        let Err(problem) = sent else {
            callbacks.told(claim, self.now()).await?;
            return Ok(());
        };
        match PAUSES_S.get(claim.attempts.max(1) as usize - 1) {
            Some(pause) if problem.retryable => {
                let next = later(self.now(), Duration::from_secs(*pause));
                callbacks.retry(claim, &problem.message, next).await?;
            }
            _ => {
                tracing::warn!(
                    callback = claim.work,
                    attempts = claim.attempts,
                    why = problem.message,
                    "a callback was given up"
                );
                callbacks.give_up(claim, &problem.message, self.now()).await?;
            }
        }
        Ok(())
    }

    /// The view of the job or run, as its operation shows it.
    async fn ended_work(&self, claim: &ClaimedCallback) -> Result<Option<Value>, Problem> {
        let view = if let Ok(job) = claim.work.parse::<JobId>() {
            match self.store().jobs().get(&claim.workspace, &job).await? {
                Some(job) => serde_json::to_value(jobs::view(self, &job).await?),
                None => return Ok(None),
            }
        } else if let Ok(run) = claim.work.parse::<RunId>() {
            if self.store().runs().get(&claim.workspace, &run).await?.is_none() {
                return Ok(None);
            }
            serde_json::to_value(self.run_view(&claim.workspace, &run).await?)
        } else {
            return Ok(None);
        };
        view.map(Some).map_err(Problem::internal)
    }
}
