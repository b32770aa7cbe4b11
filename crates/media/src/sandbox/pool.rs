//! The pool: at most so many children at once, started when first needed, kept warm for the next task,
//! replaced after so many tasks or when they have grown, and let go when idle.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aquatint_domain::{Code, Problem};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::walls::Walls;
use super::worker::{Ending, Worker};
use super::{Answer, Request};

/// How a pool runs its children.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The program of the child, and its arguments: usually this same binary.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Children at the same time, at least 1.
    pub size: usize,
    /// Tasks that one child does before a fresh one takes its place.
    pub recycle_after: u32,
    /// Time for one task, where the request names none.
    pub task_timeout: Duration,
    /// Address space of one child.
    pub memory_bytes: u64,
    /// How long a child without work stays.
    pub idle_exit: Duration,
}

/// Runs tasks in child processes. Cheap to clone; no process and no thread exists before the first task.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    config: PoolConfig,
    slots: Semaphore,
    /// Children without work, the most recently used last.
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    workers: Vec<Worker>,
    /// Whether a task waits to let idle children go.
    watched: bool,
}

impl Pool {
    pub fn new(config: PoolConfig) -> Self {
        let slots = Semaphore::new(config.size.max(1));
        Self {
            inner: Arc::new(Inner {
                config,
                slots,
                idle: Mutex::default(),
            }),
        }
    }

    /// Runs one task and waits for its answer; waits for a free child first. `progress` gets a fraction
    /// from 0 to 1 and a stage in words. When the returned future is dropped, the task is stopped too.
    pub async fn run(
        &self,
        request: Request,
        cancel: CancellationToken,
        progress: impl FnMut(f64, &str) + Send,
    ) -> Result<Answer, Problem> {
        let cancelled = || Problem::new(Code::Cancelled, "The work was cancelled. Nothing was charged.");
        let _slot = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            slot = self.inner.slots.acquire() => slot.map_err(Problem::internal)?,
        };
        let mut worker = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            worker = self.worker() => worker?,
        };
        let time_limit = request.time_limit.unwrap_or(self.inner.config.task_timeout);
        match worker.run(request, time_limit, &cancel, progress).await {
            Ending::Well(result) => {
                self.give_back(worker);
                result
            }
            Ending::Lost(problem) => Err(problem),
        }
    }

    /// What walls stand around the children on this machine; starts one to find out.
    pub async fn walls(&self) -> Result<Walls, Problem> {
        let _slot = self.inner.slots.acquire().await.map_err(Problem::internal)?;
        let worker = self.worker().await?;
        let walls = worker.walls.clone();
        self.give_back(worker);
        Ok(walls)
    }

    /// Children that wait for work now.
    pub fn idle_children(&self) -> usize {
        self.inner.idle.lock().workers.len()
    }

    /// Lets idle children go at once. Running tasks end as they would.
    pub fn close_idle(&self) {
        self.inner.idle.lock().workers.clear();
    }

    async fn worker(&self) -> Result<Worker, Problem> {
        loop {
            let Some(mut worker) = self.inner.idle.lock().workers.pop() else {
                break;
            };
            if worker.is_alive() {
                return Ok(worker);
            }
        }
        Worker::start(&self.inner.config).await
    }

    /// Keeps a child for the next task, unless it has done its share or grown too large.
    fn give_back(&self, mut worker: Worker) {
        let config = &self.inner.config;
        let grown = worker
            .resident_bytes()
            .is_some_and(|bytes| bytes > config.memory_bytes / 2);
        if worker.tasks >= config.recycle_after || grown {
            return;
        }
        worker.idle_since = Instant::now();
        let mut idle = self.inner.idle.lock();
        idle.workers.push(worker);
        if !std::mem::replace(&mut idle.watched, true) {
            tokio::spawn(let_idle_go(Arc::downgrade(&self.inner)));
        }
    }
}

/// Drops children that had no work for `idle_exit`; ends when none is left.
async fn let_idle_go(inner: std::sync::Weak<Inner>) {
    loop {
        let Some(pool) = inner.upgrade() else { return };
        let idle_exit = pool.config.idle_exit;
        let wait = {
            let mut idle = pool.idle.lock();
            idle.workers.retain(|worker| worker.idle_since.elapsed() < idle_exit);
            match idle.workers.iter().map(|worker| worker.idle_since).min() {
                Some(oldest) => idle_exit.saturating_sub(oldest.elapsed()),
                None => {
                    idle.watched = false;
                    return;
                }
            }
        };
        drop(pool);
        tokio::time::sleep(wait + Duration::from_millis(5)).await;
    }
}
