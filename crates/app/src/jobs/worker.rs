//! The worker: claims jobs fairly, runs them under a lease with heartbeats, ends each in one
//! transaction, and re-queues what dead workers left behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Code, Job, JobId, JobState, Problem};
use aquatint_store::{Beat, Claim, Finish, Lease};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::context::{JobContext, Product};
use super::events::JobEvent;
use crate::failpoint;
use crate::operations;
use crate::studio::Studio;

/// How often an idle worker looks for work that another process submitted.
const IDLE_POLL: Duration = Duration::from_secs(1);
/// How often progress is written at most, and how soon a cancellation elsewhere is seen.
const BEAT: Duration = Duration::from_millis(1_000);
/// Jobs in flight beyond the number of children: while the result of one is kept and the input of the next is read, no child
/// stands idle.
const AHEAD: usize = 1;
/// The pause before the first retry; it doubles with each attempt.
const RETRY_BASE: Duration = Duration::from_secs(1);

/// A running worker; dropping it does not stop the jobs.
pub struct WorkerHandle {
    stop: CancellationToken,
    main: JoinHandle<()>,
    conductor: JoinHandle<()>,
    running: TaskTracker,
}

impl WorkerHandle {
    /// Stops claiming, gives running jobs `grace` to end, and leaves the rest to be re-queued.
    pub async fn stop(self, grace: Duration) {
        self.stop.cancel();
        // The loop ends by itself; a panic in it was logged by the runtime.
        let _ = self.main.await;
        let _ = self.conductor.await;
        self.running.close();
        let _ = tokio::time::timeout(grace, self.running.wait()).await;
    }
}

/// Starts a worker named `name`. Jobs that an earlier process of that name left running are taken
/// over at once; the caller makes sure that no two live processes share a name.
pub(crate) fn spawn(studio: Studio, name: String) -> WorkerHandle {
    let stop = CancellationToken::new();
    let running = TaskTracker::new();
    // Whoever works also moves pipelines on.
    let conductor = tokio::spawn(crate::pipelines::conduct(studio.clone(), name.clone(), stop.clone()));
    let main = tokio::spawn(run(studio, name, stop.clone(), running.clone()));
    WorkerHandle {
        stop,
        main,
        conductor,
        running,
    }
}

async fn run(studio: Studio, name: String, stop: CancellationToken, running: TaskTracker) {
    let attempts_max = studio.settings().attempts_max;
    match studio
        .store()
        .jobs()
        .requeue_worker(&name, attempts_max, studio.now())
        .await
    {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "took over jobs that an earlier run left unfinished"),
        Err(problem) => tracing::error!(?problem, "could not take over the jobs of an earlier run"),
    }
    let sweeper = tokio::spawn(sweep(studio.clone(), stop.clone()));
    let slots = Arc::new(Semaphore::new(studio.settings().workers.max(1) + AHEAD));
    while !stop.is_cancelled() {
        let Ok(slot) = slots.clone().acquire_owned().await else {
            break;
        };
        match studio
            .store()
            .jobs()
            .claim(&name, studio.settings().lease, studio.now())
            .await
        {
            Ok(Some(claim)) => {
                failpoint::hit("job-claimed");
                let studio = studio.clone();
                running.spawn(async move {
                    run_one(studio, claim).await;
                    drop(slot);
                });
            }
            outcome => {
                drop(slot);
                let mut pause = IDLE_POLL;
                if let Err(problem) = outcome {
                    tracing::error!(?problem, "could not claim a job");
                    pause = 5 * IDLE_POLL;
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = studio.events().work() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
    sweeper.abort();
}

/// Runs one claimed job to its end.
async fn run_one(studio: Studio, Claim { job, lease, .. }: Claim) {
    let job = Arc::new(job);
    let cancel = CancellationToken::new();
    studio.events().started(&job.id, cancel.clone());
    let (progress, told) = watch::channel((0.0, "starting".to_owned()));
    publish(&studio, &job, JobState::Running, 0.0, "starting");
    let cx = JobContext::new(studio.clone(), job.clone(), cancel.clone(), progress);

    // Work and heartbeats side by side; whichever says "stop" first wins.
    let lost = CancellationToken::new();
    let beats = tokio::spawn(heartbeat(
        studio.clone(),
        job.clone(),
        lease.clone(),
        told,
        cancel.clone(),
        lost.clone(),
    ));
    let work = tokio::spawn(work(cx));
    let stopper = work.abort_handle();
    let outcome = tokio::select! {
        joined = work => joined.unwrap_or_else(|error| Err(Problem::internal(error))),
        () = cancelled(&cancel, &lost) => {
            stopper.abort();
            Err(Problem::new(Code::Cancelled, "The job was cancelled."))
        }
    };
    beats.abort();

    if !lost.is_cancelled() {
        finish(&studio, &job, &lease, outcome, cancel.is_cancelled()).await;
    }
    studio.events().ended(&job.id);
    studio.events().wake_workers();
}

/// An engine hears of a cancellation by its token; it gets a moment to stop by itself.
async fn cancelled(cancel: &CancellationToken, lost: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => tokio::time::sleep(Duration::from_millis(50)).await,
        () = lost.cancelled() => {}
    }
}

async fn work(cx: JobContext) -> Result<Product, Problem> {
    let job = cx.job.clone();
    let entry = operations::find(&job.operation)
        .filter(|entry| entry.spec.version == job.version)
        .ok_or_else(|| {
            Problem::new(
                Code::Internal,
                format!("This server does not know {} version {}.", job.operation, job.version),
            )
            .final_failure()
        })?;
    entry.make(&cx, job.arguments.clone()).await
}

/// Keeps the lease alive, writes progress, and hears of cancellation and loss.
async fn heartbeat(
    studio: Studio,
    job: Arc<Job>,
    lease: Lease,
    mut told: watch::Receiver<(f64, String)>,
    cancel: CancellationToken,
    lost: CancellationToken,
) {
    let keep_alive = studio.settings().lease / 3;
    let mut last_write = Instant::now();
    loop {
        let changed = tokio::time::timeout(BEAT, told.changed()).await.is_ok();
        let (progress, stage) = told.borrow_and_update().clone();
        if changed {
            publish(&studio, &job, JobState::Running, progress, &stage);
            // Several changes within a beat are one write.
            tokio::time::sleep(BEAT / 5).await;
        } else if last_write.elapsed() < keep_alive && last_write.elapsed() < BEAT {
            continue;
        }
        let beat = studio
            .store()
            .jobs()
            .heartbeat(&lease, progress, &stage, studio.settings().lease, studio.now())
            .await;
        last_write = Instant::now();
        match beat {
            Ok(Beat::Kept) => {}
            Ok(Beat::CancelRequested) => cancel.cancel(),
            Ok(Beat::Lost) => {
                tracing::warn!(job = %job.id, "the lease was lost; another worker has the job");
                lost.cancel();
                return;
            }
            Err(problem) => tracing::warn!(job = %job.id, ?problem, "a heartbeat failed"),
        }
    }
}

async fn finish(studio: &Studio, job: &Job, lease: &Lease, outcome: Result<Product, Problem>, was_cancelled: bool) {
    let (state, ending) = match outcome {
        // What was made before the cancellation arrived is still not charged: the caller said no.
        _ if was_cancelled => (JobState::Cancelled, Finish::Cancelled),
        Ok(product) => {
            let charge = product.charge.min(job.price);
            (
                JobState::Succeeded,
                Finish::Succeeded {
                    assets: product.assets,
                    collection: product.collection,
                    result: product.facts,
                    charge,
                },
            )
        }
        Err(problem) if is_worth_another_try(&problem) && job.attempts < studio.settings().attempts_max => {
            tracing::warn!(job = %job.id, operation = %job.operation, attempt = job.attempts, ?problem, "a job failed and is tried again");
            let after = RETRY_BASE * 2u32.saturating_pow(job.attempts.saturating_sub(1));
            (JobState::Queued, Finish::Retry { problem, after })
        }
        Err(problem) => {
            if problem.source.is_some() {
                tracing::error!(job = %job.id, operation = %job.operation, ?problem, "a job failed");
            } else {
                tracing::info!(job = %job.id, operation = %job.operation, code = problem.code.as_str(), "a job ended without a result");
            }
            (JobState::Failed, Finish::Failed { problem })
        }
    };
    // The work is done; only the database can stand in the way, so it gets a few chances.
    for attempt in 0..4u32 {
        match studio.store().jobs().finish(lease, ending.clone(), studio.now()).await {
            Ok(true) => {
                failpoint::hit("job-finished");
                let progress = if state == JobState::Succeeded {
                    1.0
                } else {
                    job.progress
                };
                publish(studio, job, state, progress, "");
                return;
            }
            Ok(false) => {
                tracing::warn!(job = %job.id, "finished after the lease was lost; the result is dropped");
                return;
            }
            Err(problem) => {
                tracing::error!(job = %job.id, ?problem, "could not write the end of a job");
                tokio::time::sleep(RETRY_BASE * 2u32.pow(attempt)).await;
            }
        }
    }
}

/// Faults of ours may pass; what the input or the caller caused will not.
fn is_worth_another_try(problem: &Problem) -> bool {
    problem.retryable
        && matches!(
            problem.code,
            Code::EngineFailed | Code::Internal | Code::Unavailable | Code::StorageFull
        )
}

fn publish(studio: &Studio, job: &Job, status: JobState, progress: f64, stage: &str) {
    studio.events().publish(JobEvent {
        workspace: job.workspace.clone(),
        job_id: job.id.clone(),
        parent: job.parent.clone(),
        status,
        progress,
        stage: stage.to_owned(),
    });
}

/// Re-queues jobs whose worker shows no sign of life. A lease counts as dead only when its row has
/// not changed for a whole lease by our own monotonic clock, so a jump of the wall clock takes no
/// job away from a healthy worker.
async fn sweep(studio: Studio, stop: CancellationToken) {
    let lease = studio.settings().lease;
    let mut seen: HashMap<(JobId, i64), (aquatint_domain::Timestamp, Instant)> = HashMap::new();
    while !stop.is_cancelled() {
        tokio::time::sleep(lease / 3).await;
        let running = match studio.store().jobs().running().await {
            Ok(running) => running,
            Err(problem) => {
                tracing::warn!(?problem, "could not look for lost jobs");
                continue;
            }
        };
        let mut still = HashMap::with_capacity(running.len());
        for entry in running {
            let key = (entry.job.clone(), entry.token);
            let since = match seen.get(&key) {
                Some((expires_at, since)) if *expires_at == entry.lease_expires_at => *since,
                _ => Instant::now(),
            };
            if since.elapsed() > lease {
                match studio
                    .store()
                    .jobs()
                    .requeue(&entry.job, entry.token, studio.settings().attempts_max, studio.now())
                    .await
                {
                    Ok(outcome) => {
                        failpoint::hit("job-requeued");
                        tracing::warn!(job = %entry.job, worker = %entry.worker, ?outcome, "a worker was lost");
                        studio.events().wake_workers();
                    }
                    Err(problem) => tracing::error!(job = %entry.job, ?problem, "could not re-queue a lost job"),
                }
            } else {
                still.insert(key, (entry.lease_expires_at, since));
            }
        }
        seen = still;
    }
}
