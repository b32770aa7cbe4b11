//! Which runs are moved on, when, and by whom. A conductor takes runs for a while, so that two processes never work at one; it hears
//! of jobs that end in its process, and every second asks for those that ended elsewhere.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aquatint_domain::{JobId, Problem, RequestId, RunId};
use aquatint_store::DatabaseKind;
use parking_lot::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::conductor::{Graphs, Live, advance, load};
use crate::studio::Studio;

/// How often runs are looked at that nothing has been heard of.
const SWEEP: Duration = Duration::from_secs(1);
/// Runs that one conductor has at the same time.
const RUNS_MAX: u32 = 1_000;
/// Runs that are moved on at the same moment.
const MOVES_MAX: usize = 16;
/// How long news are gathered before runs are moved on: many jobs of one run that end together move it once.
const GATHER: Duration = Duration::from_millis(5);
/// So long a run is left to a conductor that shows no sign of life.
const TERM: Duration = Duration::from_secs(6);
/// Changes of runs that a listener may be behind.
const BACKLOG: usize = 256;

/// How others reach the conductor of their process, and hear of what it does.
pub struct Conductor {
    news: Notify,
    changes: broadcast::Sender<RunId>,
    pub(super) graphs: Mutex<Graphs>,
}

impl Default for Conductor {
    fn default() -> Self {
        Self {
            news: Notify::new(),
            changes: broadcast::channel(BACKLOG).0,
            graphs: Mutex::default(),
        }
    }
}

impl Conductor {
    /// Says that there is a run to move on.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
    }

    /// Says that a run stands otherwise than before.
    pub(super) fn changed(&self, run: &RunId) {
        // No listener is fine.
        let _ = self.changes.send(run.clone());
    }

    /// Runs that stand otherwise, of every workspace, as far as this process moves them on.
    pub fn changes(&self) -> broadcast::Receiver<RunId> {
        self.changes.subscribe()
    }
}

/// Moves runs on until it is stopped. `name` is unique among the processes that work.
pub(crate) async fn conduct(studio: Studio, name: String, stop: CancellationToken) {
    // Several processes that are called the same may share a PostgreSQL; a SQLite file has one worker of each name, and whoever
    // starts anew under that name goes on at once.
    let name = match studio.store().kind() {
        DatabaseKind::Sqlite => name,
        DatabaseKind::Postgres => format!("{name}-{}", RequestId::generate(studio.now())),
    };
    let mut news = studio.events().subscribe();
    let mut rounds = Rounds {
        studio: studio.clone(),
        name,
        open: HashMap::new(),
        due: HashMap::new(),
        busy: HashSet::new(),
        moving: JoinSet::new(),
        tasks: HashMap::new(),
        jobs: HashMap::new(),
        unclaimed: HashSet::new(),
    };
    let mut swept: Option<Instant> = None;
    while !stop.is_cancelled() {
        if swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            if let Err(problem) = rounds.sweep().await {
                tracing::warn!(?problem, "could not look for open runs");
            }
        }
        rounds.begin_moves();
        tokio::select! {
            () = stop.cancelled() => break,
            () = studio.conductor().news.notified() => swept = None,
            () = tokio::time::sleep_until(swept.unwrap_or_else(Instant::now) + SWEEP) => {}
            Some(moved) = rounds.moving.join_next_with_id(), if !rounds.moving.is_empty() => rounds.moved(moved),
            event = news.recv() => {
                let until = Instant::now() + GATHER;
                let mut next = Some(event);
                while let Some(event) = next {
                    match event {
                        Ok(event) if event.status.is_terminal() => rounds.hear(&event.job_id),
                        // What was missed is found by the sweep.
                        Err(RecvError::Lagged(_)) => swept = None,
                        Ok(_) | Err(RecvError::Closed) => {}
                    }
                    // What ends together is heard together; most studios run no pipelines most of the time.
                    next = if rounds.due.is_empty() { None } else { tokio::time::timeout_at(until, news.recv()).await.ok() };
                }
            }
        }
    }
    // Moves that are cut off here are as those of a process that was killed.
    rounds.moving.shutdown().await;
    if let Err(problem) = studio.store().runs().leave(&rounds.name).await {
        tracing::debug!(?problem, "others get the runs of this process when its term is over");
    }
}

/// A run after a move; without what is known of it where it has ended or the move failed.
type Moved = (RunId, Option<Box<Live>>);

struct Rounds {
    studio: Studio,
    name: String,
    /// Runs at rest, as this conductor knows them.
    open: HashMap<RunId, Box<Live>>,
    /// Runs to be moved on, with the jobs that were heard to have ended.
    due: HashMap<RunId, Vec<JobId>>,
    /// Runs that are being moved on.
    busy: HashSet<RunId>,
    moving: JoinSet<Moved>,
    tasks: HashMap<tokio::task::Id, RunId>,
    /// Whose jobs they are that have not ended.
    jobs: HashMap<JobId, RunId>,
    /// Ended jobs of nobody known, while runs are being moved on: what those have just begun may be among them.
    unclaimed: HashSet<JobId>,
}

impl Rounds {
    /// Finds runs to begin with, runs that somebody cancelled or that take too long, and jobs that ended elsewhere.
    async fn sweep(&mut self) -> Result<(), Problem> {
        let now = self.studio.now();
        let until = now.checked_add(TERM).map_err(Problem::internal)?;
        let store = self.studio.store();
        let runs = store.runs().conduct(&self.name, now, until, RUNS_MAX).await?;
        let ids: HashSet<&RunId> = runs.iter().map(|run| &run.id).collect();
        self.open.retain(|id, _| ids.contains(id));
        self.jobs
            .retain(|_, run| self.open.contains_key(run) || self.busy.contains(run));
        if runs.is_empty() {
            return Ok(());
        }
        for run in &runs {
            let wants = match self.open.get(&run.id) {
                Some(live) => live.wants_a_look(run, &self.studio),
                None => !self.busy.contains(&run.id),
            };
            if wants {
                self.due.entry(run.id.clone()).or_default();
            }
        }
        for (run, job) in store.runs().ended_jobs(&self.name).await? {
            self.jobs.remove(&job);
            if self.open.contains_key(&run) || self.busy.contains(&run) {
                self.due.entry(run).or_default().push(job);
            }
        }
        Ok(())
    }

    fn hear(&mut self, job: &JobId) {
        if let Some(run) = self.jobs.remove(job) {
            self.due.entry(run).or_default().push(job.clone());
        } else if !self.busy.is_empty() {
            self.unclaimed.insert(job.clone());
        }
    }

    fn begin_moves(&mut self) {
        let room = MOVES_MAX.saturating_sub(self.moving.len());
        let next: Vec<RunId> = self
            .due
            .keys()
            .filter(|run| !self.busy.contains(*run))
            .take(room)
            .cloned()
            .collect();
        for id in next {
            let jobs = self.due.remove(&id).unwrap_or_default();
            let live = self.open.remove(&id);
            let studio = self.studio.clone();
            let run = id.clone();
            let task = self.moving.spawn(async move {
                let moved = move_on(&studio, &run, live, jobs).await;
                let live = moved.unwrap_or_else(|problem| {
                    // The next sweep reads its rows and tries again.
                    tracing::warn!(%run, ?problem, "could not move a run on");
                    None
                });
                (run, live)
            });
            self.tasks.insert(task.id(), id.clone());
            self.busy.insert(id);
        }
    }

    fn moved(&mut self, moved: Result<(tokio::task::Id, Moved), JoinError>) {
        let (task, live) = match moved {
            Ok((task, (_, live))) => (task, live),
            Err(error) => {
                tracing::error!(%error, "moving a run on broke off");
                (error.id(), None)
            }
        };
        let Some(id) = self.tasks.remove(&task) else { return };
        self.busy.remove(&id);
        if let Some(live) = live {
            for job in live.running() {
                if self.unclaimed.contains(job) {
                    self.due.entry(id.clone()).or_default().push(job.clone());
                } else {
                    self.jobs.insert(job.clone(), id.clone());
                }
            }
            self.open.insert(id, live);
        }
        if self.busy.is_empty() {
            self.unclaimed.clear();
        }
    }
}

/// Moves one run on as far as it goes now. `None`: it has ended.
async fn move_on(
    studio: &Studio,
    id: &RunId,
    live: Option<Box<Live>>,
    jobs: Vec<JobId>,
) -> Result<Option<Box<Live>>, Problem> {
    let (mut live, jobs) = match live {
        Some(live) => (live, jobs),
        None => match load(studio, id).await? {
            Some(live) => {
                let all = live.running().cloned().collect();
                (Box::new(live), all)
            }
            None => return Ok(None),
        },
    };
    Ok(advance(studio, &mut live, &jobs).await?.then_some(live))
}
