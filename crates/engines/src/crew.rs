//! The parent's side: an async facade over the pool of children.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Code, Measures, MediaKind, MediaType, Problem, Provenance};
use aquatint_media::sandbox::{Answer, MAX_BLOB_BYTES, Pool, PoolConfig, Request, Walls};
use aquatint_media::{Inspection, Limits, Probe, vector_size};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::child::{Report, Task};
use crate::engine::{Made, Work};
use crate::films::{Ffmpeg, Films, Frames, Seen};
use crate::models::{Folder, Installed};

/// Tasks that one child does before a fresh one takes its place.
const RECYCLE_AFTER: u32 = 200;
/// What a model's child may take beyond an ordinary one: so many times its weights, which are read, packed and optimised …
const WEIGHTS_TIMES: u64 = 6;
/// … and room for what lies between its layers.
const MODEL_EXTRA_BYTES: u64 = 4 * 1024 * 1024 * 1024;

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
    /// Where installed models are.
    pub models: Folder,
    /// What reads films in any codec and draws drawings, where it is on this machine.
    pub ffmpeg: Option<Ffmpeg>,
    /// The library of ONNX Runtime that runs them; the built-in runtime does where there is none.
    pub onnx_runtime: Option<PathBuf>,
    /// Weights of models that stay in memory together, in bytes; the least recently used go first.
    pub models_memory_bytes: u64,
}

/// Everything that looks at pixels, in child processes that are started when first needed.
#[derive(Clone)]
pub struct Crew {
    pool: Pool,
    films: Option<Films>,
    config: Arc<CrewConfig>,
    /// Children that each work for one model, the most recently used last.
    warm: Arc<Mutex<Vec<Warm>>>,
}

struct Warm {
    id: String,
    /// Of the weights; another file under the same name is another model.
    sha256: String,
    bytes: u64,
    pool: Pool,
}

impl Crew {
    pub fn new(config: CrewConfig) -> Self {
        let pool = Pool::new(PoolConfig {
            program: config.program.clone(),
            args: config.args.clone(),
            size: config.size,
            recycle_after: RECYCLE_AFTER,
            task_timeout: config.task_timeout,
            memory_bytes: config.memory_bytes,
            idle_exit: config.idle_exit,
        });
        let films = config
            .ffmpeg
            .as_ref()
            .map(|programs| Films::new(programs, &config.program, &config.args, config.memory_bytes));
        Self {
            pool,
            films,
            config: Arc::new(config),
            warm: Arc::default(),
        }
    }

    /// The models that are installed here.
    pub fn models(&self) -> &Folder {
        &self.config.models
    }

    /// The pool of a model's children: kept, or made, and others let go when they are too much together.
    fn pool_of(&self, installed: &Installed) -> Pool {
        let manifest = &installed.manifest;
        let mut warm = self.warm.lock();
        let known = warm
            .iter()
            .position(|warm| warm.id == manifest.id && warm.sha256 == manifest.sha256)
            .map(|place| warm.remove(place));
        warm.retain(|warm| warm.id != manifest.id);
        let own = known.unwrap_or_else(|| {
            let folder = &installed.folder;
            let mut args = self.config.args.clone();
            args.extend(["--model".to_owned(), folder.display().to_string()]);
            if let Some(library) = &self.config.onnx_runtime {
                args.extend(["--onnx-runtime".to_owned(), library.display().to_string()]);
            }
            Warm {
                id: manifest.id.clone(),
                sha256: manifest.sha256.clone(),
                bytes: manifest.bytes,
                pool: Pool::new(PoolConfig {
                    program: self.config.program.clone(),
                    args,
                    // A model uses all cores by itself.
                    size: 1,
                    recycle_after: RECYCLE_AFTER,
                    task_timeout: self.config.task_timeout,
                    memory_bytes: self.config.memory_bytes + manifest.bytes * WEIGHTS_TIMES + MODEL_EXTRA_BYTES,
                    idle_exit: self.config.idle_exit * 5,
                }),
            }
        });
        let pool = own.pool.clone();
        warm.push(own);
        let mut sum: u64 = warm.iter().map(|warm| warm.bytes).sum();
        while sum > self.config.models_memory_bytes && warm.len() > 1 {
            let gone = warm.remove(0);
            sum -= gone.bytes;
            // What it is working on ends as it would.
            gone.pool.close_idle();
        }
        pool
    }

    /// The pool that runs an engine: a model's own, or the common one.
    fn pool_for(&self, engine: &str) -> Result<Pool, Problem> {
        if crate::find(engine).is_some() {
            return Ok(self.pool.clone());
        }
        let installed = engine
            .split_once('.')
            .and_then(|(_, id)| self.config.models.get(id))
            .filter(|installed| installed.manifest.engine() == engine);
        match installed {
            Some(installed) => Ok(self.pool_of(&installed)),
            None => Err(Problem::new(
                Code::NotFound,
                format!("The engine `{engine}` is not here any more; its model was removed."),
            )
            .hint("Choose another `model`, or leave it out.")),
        }
    }

    /// Starts the child of an engine's model ahead of its first task, where the engine is an installed model; it makes itself ready
    /// while the task's inputs are still on their way. What goes wrong is told by the task.
    pub fn get_ready(&self, engine: &str) {
        let is_model = crate::find(engine).is_none();
        let Some(pool) = is_model.then(|| self.pool_for(engine).ok()).flatten() else {
            return;
        };
        tokio::spawn(async move {
            if let Err(problem) = pool.walls().await {
                tracing::debug!(?problem, "a model's child did not start ahead of its task");
            }
        });
    }

    /// Looks at untrusted bytes: what they are, colours, ThumbHash, and WebP renditions of the given long sides.
    pub async fn inspect(&self, bytes: Bytes, sizes: &[u32]) -> Result<Inspection, Problem> {
        self.inspect_within(bytes, sizes, self.config.limits.clone()).await
    }

    /// The same for what was bought: it may be longer than what may be sent here, because it is paid for already.
    pub async fn inspect_bought(&self, bytes: Bytes, sizes: &[u32]) -> Result<Inspection, Problem> {
        let limits = Limits {
            max_bytes: MAX_BLOB_BYTES,
            ..self.config.limits.clone()
        };
        self.inspect_within(bytes, sizes, limits).await
    }

    async fn inspect_within(&self, bytes: Bytes, sizes: &[u32], limits: Limits) -> Result<Inspection, Problem> {
        let task = Task::Inspect {
            sizes: sizes.to_vec(),
            limits,
        };
        let answer = self
            .run(
                &self.pool,
                &task,
                vec![bytes.clone()],
                &CancellationToken::new(),
                &mut |_, _| {},
            )
            .await?;
        let (report, mut blobs) = read(answer)?;
        let mut inspection = report.inspection;
        fill(&mut inspection, &mut blobs);
        if inspection.probe.media_type.kind() == MediaKind::Video {
            self.look_at_film(&bytes, sizes, &mut inspection).await?;
        }
        Ok(inspection)
    }

    /// Adds what only ffmpeg sees of a film. Without it, and where it cannot read the film, the film has what our own reader
    /// found; only one that is over the limits is refused.
    async fn look_at_film(&self, bytes: &Bytes, sizes: &[u32], inspection: &mut Inspection) -> Result<(), Problem> {
        let Some(films) = &self.films else { return Ok(()) };
        let seen = films.look(bytes, &inspection.probe, &self.config.limits).await;
        let shown = match seen {
            Ok(Seen { probe, poster, motion }) => self.show(probe, sizes, poster, motion).await,
            Err(problem) => Err(problem),
        };
        match shown {
            Ok(shown) => {
                // A poster of our own stays: it is the first frame, as an edit of the film begins with it.
                if inspection.renditions.is_empty() {
                    *inspection = shown;
                } else {
                    (inspection.probe, inspection.motion) = (shown.probe, shown.motion);
                }
                Ok(())
            }
            Err(problem) if problem.code == Code::InvalidImage => Err(problem),
            Err(problem) => {
                tracing::info!(?problem, "no poster of a film");
                Ok(())
            }
        }
    }

    async fn show(
        &self,
        probe: Probe,
        sizes: &[u32],
        poster: (Frames, Bytes),
        motion: Option<(Frames, Bytes)>,
    ) -> Result<Inspection, Problem> {
        let (motion, moving) = motion.unzip();
        let task = Task::Show {
            probe,
            sizes: sizes.to_vec(),
            poster: poster.0,
            motion,
        };
        let blobs = std::iter::once(poster.1).chain(moving).collect();
        let answer = self
            .run(&self.pool, &task, blobs, &CancellationToken::new(), &mut |_, _| {})
            .await?;
        let (report, mut blobs) = read(answer)?;
        let mut inspection = report.inspection;
        fill(&mut inspection, &mut blobs);
        inspection.motion = blobs.next().unwrap_or_default().to_vec();
        Ok(inspection)
    }

    /// Looks at a drawing from a vendor: its size, and a picture of it where ffmpeg can draw one.
    pub async fn inspect_drawing(&self, bytes: Bytes, sizes: &[u32]) -> Result<Inspection, Problem> {
        self.config.limits.check_bytes(bytes.len())?;
        let (width, height) = vector_size(&bytes)?;
        let probe = Probe {
            media_type: MediaType::Svg,
            width,
            height,
            has_alpha: true,
            frames: 1,
            bit_depth: 8,
            duration_ms: None,
            measures: Measures::default(),
        };
        let Some(films) = &self.films else {
            return Ok(Inspection::bare(probe));
        };
        let shown = match films.draw(&bytes, width, height, &self.config.limits).await {
            Ok(drawn) => self.show(probe.clone(), sizes, drawn, None).await,
            Err(problem) => Err(problem),
        };
        Ok(shown.unwrap_or_else(|problem| {
            tracing::info!(?problem, "no poster of a drawing");
            Inspection::bare(probe)
        }))
    }

    /// A film or sound without what rides along in it.
    pub async fn scrub(&self, bytes: Bytes) -> Result<Bytes, Problem> {
        let answer = self
            .run(
                &self.pool,
                &Task::Scrub,
                vec![bytes],
                &CancellationToken::new(),
                &mut |_, _| {},
            )
            .await?;
        answer
            .blobs
            .into_iter()
            .next()
            .ok_or_else(|| Problem::internal("a work child answered without a file"))
    }

    /// What walls stand around ffmpeg; `None` where there is no ffmpeg.
    pub async fn film_walls(&self) -> Option<Result<Walls, Problem>> {
        Some(self.films.as_ref()?.walls().await)
    }

    /// What untrusted bytes say of where they came from. `anchors` are certificates, PEM, of signers who are trusted.
    pub async fn provenance(&self, bytes: Bytes, anchors: Option<String>) -> Result<Provenance, Problem> {
        let task = Task::Provenance {
            limits: self.config.limits.clone(),
            anchors,
        };
        let answer = self
            .run(
                &self.pool,
                &task,
                vec![bytes],
                &CancellationToken::new(),
                &mut |_, _| {},
            )
            .await?;
        serde_json::from_value(answer.header).map_err(Problem::internal)
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
            limits: self.config.limits.clone(),
        };
        let pool = self.pool_for(&work.engine)?;
        let answer = self.run(&pool, &task, inputs, cancel, progress).await?;
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
        pool: &Pool,
        task: &Task,
        blobs: Vec<Bytes>,
        cancel: &CancellationToken,
        progress: &mut (dyn FnMut(f64, &str) + Send),
    ) -> Result<Answer, Problem> {
        let header = serde_json::to_value(task).map_err(Problem::internal)?;
        pool.run(Request::new(header, blobs), cancel.clone(), |done, stage| {
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
