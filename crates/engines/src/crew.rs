//! The parent's side: an async facade over the pool of children.

use std::path::PathBuf;
use std::time::Duration;

use aquatint_domain::Problem;
use aquatint_media::sandbox::{Answer, Pool, PoolConfig, Request, Walls};
use aquatint_media::{Inspection, Limits};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::child::{Report, Task};
use crate::engine::{Made, Work};

/// Tasks that one child does before a fresh one takes its place.
const RECYCLE_AFTER: u32 = 200;

/// How the children are run.
#[derive(Clone, Debug)]
pub struct CrewConfig {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Children at the same time.
    pub size: usize,
    pub memory_bytes: u64,
    pub task_timeout: Duration,
    pub idle_exit: Duration,
    /// What files may be like.
    pub limits: Limits,
}

/// Everything that looks at pixels, in child processes that are started when first needed.
#[derive(Clone)]
pub struct Crew {
    pool: Pool,
    limits: Limits,
}

impl Crew {
    pub fn new(config: CrewConfig) -> Self {
        let pool = Pool::new(PoolConfig {
            program: config.program,
            args: config.args,
            size: config.size,
            recycle_after: RECYCLE_AFTER,
            task_timeout: config.task_timeout,
            memory_bytes: config.memory_bytes,
            idle_exit: config.idle_exit,
        });
        Self {
            pool,
            limits: config.limits,
        }
    }

    /// Looks at untrusted bytes: what they are, colours, ThumbHash, and WebP renditions of the given long sides.
    pub async fn inspect(&self, bytes: Bytes, sizes: &[u32]) -> Result<Inspection, Problem> {
        let task = Task::Inspect {
            sizes: sizes.to_vec(),
            limits: self.limits.clone(),
        };
        let answer = self
            .run(&task, vec![bytes], &CancellationToken::new(), &mut |_, _| {})
            .await?;
        let (report, mut blobs) = read(answer)?;
        let mut inspection = report.inspection;
        fill(&mut inspection, &mut blobs);
        Ok(inspection)
    }

    /// Lets an engine work.
    pub async fn make(
        &self,
        work: &Work,
        inputs: Vec<Bytes>,
        cancel: &CancellationToken,
        progress: &mut (dyn FnMut(f64, &str) + Send),
    ) -> Result<Made, Problem> {
        let task = Task::Make {
            work: work.clone(),
            limits: self.limits.clone(),
        };
        let answer = self.run(&task, inputs, cancel, progress).await?;
        let (report, mut blobs) = read(answer)?;
        let bytes = blobs
            .next()
            .ok_or_else(|| Problem::internal("a work child answered without a file"))?
            .to_vec();
        let mut inspection = report.inspection;
        fill(&mut inspection, &mut blobs);
        Ok(Made {
            bytes,
            inspection,
            facts: report.facts,
            seed: report.seed,
        })
    }

    /// What walls stand around the children on this machine.
    pub async fn walls(&self) -> Result<Walls, Problem> {
        self.pool.walls().await
    }

    /// Children that wait for work.
    pub fn idle_children(&self) -> usize {
        self.pool.idle_children()
    }

    async fn run(
        &self,
        task: &Task,
        blobs: Vec<Bytes>,
        cancel: &CancellationToken,
        progress: &mut (dyn FnMut(f64, &str) + Send),
    ) -> Result<Answer, Problem> {
        let header = serde_json::to_value(task).map_err(Problem::internal)?;
        self.pool
            .run(Request::new(header, blobs), cancel.clone(), |done, stage| {
                progress(done, stage)
            })
            .await
    }
}

fn read(answer: Answer) -> Result<(Report, std::vec::IntoIter<Bytes>), Problem> {
    let report = serde_json::from_value(answer.header).map_err(Problem::internal)?;
    Ok((report, answer.blobs.into_iter()))
}

fn fill(inspection: &mut Inspection, blobs: &mut impl Iterator<Item = Bytes>) {
    for (rendition, bytes) in inspection.renditions.iter_mut().zip(blobs) {
        rendition.bytes = bytes.to_vec();
    }
}
