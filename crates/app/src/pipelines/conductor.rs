//! One open run as its conductor moves it on: whenever work of it has ended, what is due is submitted as ordinary jobs.
//! Each job has a key of its own, made of run, node and item, so that it is submitted once however often a run is
//! moved on, by however many processes, after whatever crash.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use aquatint_domain::pipeline::{media_of, media_value};
use aquatint_domain::{
    AssetId, Caller, Code, Credits, Job, JobId, JobState, NodeState, PipelineId, Principal, Problem, RequestId, RunId,
    RunState, Scope, Timestamp,
};
use aquatint_store::{Run, Step};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::graph::{Ready, ReadyNode, ready};
use super::plan::{Due, End, Standing, plan, results};
use crate::failpoint;
use crate::nodes::Work;
use crate::operation::Context;
use crate::studio::Studio;

type Values = Map<String, Value>;

/// Jobs of one run that wait or run at the same time. The rest of a wide run is submitted as these end, half of them at once, so
/// that it takes neither the whole queue of its workspace nor the credits for everything.
const WINDOW: usize = 64;
/// Pieces of work that are begun at the same moment.
const AT_ONCE: usize = 8;
/// How long a run may go without a look at whether it still may go on.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Graphs that are in use, by pipeline, version and part: runs that were started together share theirs.
#[derive(Default)]
pub(super) struct Graphs(HashMap<(PipelineId, u32, Option<String>), Weak<Ready>>);

/// A run with all that its rows say. It lives in memory for speed alone: whoever reads the rows anew gets the same.
pub(super) struct Live {
    run: Run,
    graph: Arc<Ready>,
    standing: Standing,
    /// Steps whose jobs have not ended, as far as it is known.
    running: HashMap<JobId, Step>,
    /// Jobs that were submitted by a process that ended before it could write their steps, by node and item.
    orphans: HashMap<String, JobId>,
    /// When it was last moved on.
    looked: Instant,
}

impl Live {
    /// The jobs that it waits for.
    pub(super) fn running(&self) -> impl Iterator<Item = &JobId> {
        self.running.keys()
    }

    /// Whether there is something to do that no job tells of. `row` is the run as it stands now.
    pub(super) fn wants_a_look(&self, row: &Run, studio: &Studio) -> bool {
        row.state == RunState::Cancelled
            || !self.standing.due.is_empty()
            || self.standing.ended.is_some()
            || is_late(studio, row)
            || self.looked.elapsed() >= LOOK_AGAIN
    }
}

fn is_late(studio: &Studio, run: &Run) -> bool {
    let age = studio.now().as_second() - run.created_at.as_second();
    age > i64::try_from(studio.settings().pipelines.run_seconds).unwrap_or(i64::MAX)
}

/// The graph of a run, or the part of it that it was started for.
pub(crate) async fn graph_of(studio: &Studio, run: &Run) -> Result<Arc<Ready>, Problem> {
    let key = (run.pipeline.clone(), run.version, run.until.clone());
    if let Some(graph) = studio.conductor().graphs.lock().0.get(&key).and_then(Weak::upgrade) {
        return Ok(graph);
    }
    let version = studio
        .store()
        .pipelines()
        .version(&run.pipeline, Some(run.version))
        .await?;
    let version = version.ok_or_else(|| Problem::internal("a run without its version"))?;
    let graph = Arc::new(ready(
        &version.graph,
        run.until.as_deref(),
        &studio.settings().pipelines,
    )?);
    let mut graphs = studio.conductor().graphs.lock();
    graphs.0.retain(|_, graph| graph.strong_count() > 0);
    graphs.0.insert(key, Arc::downgrade(&graph));
    Ok(graph)
}

/// Reads a run from its rows. `None`: it has ended, or could not go on.
pub(super) async fn load(studio: &Studio, id: &RunId) -> Result<Option<Live>, Problem> {
    let Some(run) = studio.store().runs().by_id(id).await? else {
        return Ok(None);
    };
    if run.finished_at.is_some() {
        return Ok(None);
    }
    let graph = match graph_of(studio, &run).await {
        Ok(graph) => graph,
        Err(problem) if problem.retryable || problem.code == Code::Internal => return Err(problem),
        // It was sound when it was started; node types may have gone since.
        Err(problem) => {
            stop_steps(studio, &run).await?;
            end(studio, &run, RunState::Failed, &Values::new(), Some(problem)).await?;
            return Ok(None);
        }
    };
    let steps = studio.store().runs().steps(id).await?;
    let standing = plan(&graph, &run.inputs, &steps, studio.settings().pipelines.fan_out);
    let orphans = match run.state {
        RunState::Queued => HashMap::new(),
        _ => orphans(studio, &run, &steps).await?,
    };
    let running = steps
        .into_iter()
        .filter(|step| step.state == NodeState::Running)
        .filter_map(|step| Some((step.job.clone()?, step)))
        .collect();
    Ok(Some(Live {
        run,
        graph,
        standing,
        running,
        orphans,
        looked: Instant::now(),
    }))
}

/// What the idempotency keys of a run's jobs begin with; node and item follow.
fn key_prefix(run: &Run) -> String {
    format!("{}/", run.id)
}

/// Jobs of a run that no step knows of.
async fn orphans(studio: &Studio, run: &Run, steps: &[Step]) -> Result<HashMap<String, JobId>, Problem> {
    let submitted = studio
        .store()
        .jobs()
        .under_keys(&run.workspace, &key_prefix(run))
        .await?;
    let known: HashSet<&JobId> = steps.iter().filter_map(|step| step.job.as_ref()).collect();
    Ok(submitted.into_iter().filter(|(_, job)| !known.contains(job)).collect())
}

/// Moves one run on as far as it goes now. `jobs` have ended. `false`: so has the run.
pub(super) async fn advance(studio: &Studio, live: &mut Live, jobs: &[JobId]) -> Result<bool, Problem> {
    live.looked = Instant::now();
    if !is_wanted(studio, live).await? {
        return Ok(false);
    }
    if is_late(studio, &live.run) {
        let late = Problem::new(Code::TimedOut, "The run took longer than it may.").hint(
            "`retry_run` goes on from here; the operator's `pipelines.run_seconds` says how long a run may take.",
        );
        stop_steps(studio, &live.run).await?;
        end(studio, &live.run, RunState::Failed, &Values::new(), Some(late)).await?;
        return Ok(false);
    }
    if let Some(problem) = super::starter::gone(studio, &live.run).await? {
        stop_steps(studio, &live.run).await?;
        end(studio, &live.run, RunState::Failed, &Values::new(), Some(problem)).await?;
        return Ok(false);
    }
    catch_up(studio, live, jobs).await?;
    loop {
        if live.standing.ended.is_some() {
            // The rows have the last word.
            match load(studio, &live.run.id).await? {
                Some(now) => *live = now,
                None => return Ok(false),
            }
        }
        if let Some(state) = live.standing.ended {
            let outputs = results(&live.graph, &live.standing);
            let problem = first_problem(&live.graph, &live.standing);
            collect(studio, &live.run, &outputs).await?;
            end(studio, &live.run, state, &outputs, problem).await?;
            return Ok(false);
        }
        let room = WINDOW.saturating_sub(live.running.len());
        let waiting = live.standing.due.len();
        if waiting == 0 || room < waiting.min(WINDOW / 2) {
            return Ok(true);
        }
        let due: Vec<Due> = live.standing.due.drain(..room.min(waiting)).collect();
        let is_any_done = begin(studio, live, due).await?;
        // Who cancelled meanwhile may not have seen what was just begun.
        if !is_wanted(studio, live).await? {
            return Ok(false);
        }
        // Work that is done at once makes more due; work that waits for a worker is heard of later.
        if !is_any_done {
            return Ok(true);
        }
    }
}

/// Whether a run still is to be moved on; ends it where somebody cancelled it.
async fn is_wanted(studio: &Studio, live: &Live) -> Result<bool, Problem> {
    let Some(run) = studio.store().runs().by_id(&live.run.id).await? else {
        return Ok(false);
    };
    if run.finished_at.is_some() {
        // Whoever ended it may not have seen what this conductor had begun.
        stop_steps(studio, &run).await?;
        return Ok(false);
    }
    if run.state == RunState::Cancelled {
        stop(studio, &run).await?;
        return Ok(false);
    }
    Ok(true)
}

/// Writes what became of jobs that have ended.
async fn catch_up(studio: &Studio, live: &mut Live, jobs: &[JobId]) -> Result<(), Problem> {
    let own: HashSet<&JobId> = jobs.iter().filter(|job| live.running.contains_key(*job)).collect();
    if own.is_empty() {
        return Ok(());
    }
    let own: Vec<JobId> = own.into_iter().cloned().collect();
    let mut ended = Vec::with_capacity(own.len());
    for job in studio.store().jobs().get_many(&live.run.workspace, &own).await? {
        let Some(step) = live.running.get(&job.id).filter(|_| job.state.is_terminal()) else {
            continue;
        };
        let mut step = step.clone();
        settle(&live.graph, &mut step, &job);
        ended.push((job.id, step));
    }
    let steps: Vec<Step> = ended.iter().map(|(_, step)| step.clone()).collect();
    studio
        .store()
        .runs()
        .settle(&live.run.workspace, &live.run.id, &steps, studio.now())
        .await?;
    for (job, step) in ended {
        live.running.remove(&job);
        tell(live, &step);
    }
    failpoint::hit("run-caught-up");
    studio.conductor().changed(&live.run.id);
    Ok(())
}

/// Takes what became of a step into what is known of the run.
fn tell(live: &mut Live, step: &Step) {
    if let (Some(place), Some(end)) = (live.graph.place(&step.node), End::of(step)) {
        live.standing
            .settle(&live.graph, &live.run.inputs, place, step.item, end);
    }
}

fn settle(graph: &Ready, step: &mut Step, job: &Job) {
    step.finished_at = job.finished_at;
    step.charged = job.charged.unwrap_or(Credits::ZERO);
    step.problem = job.problem.clone();
    step.state = match job.state {
        JobState::Succeeded => NodeState::Succeeded,
        JobState::Cancelled => NodeState::Cancelled,
        _ => NodeState::Failed,
    };
    if step.state == NodeState::Succeeded {
        let node = graph.place(&step.node).map(|place| &graph.nodes[place]);
        let port = node
            .and_then(|node| node.outputs.first())
            .map_or("image", |port| port.name.as_str());
        if let (Some(node), Some(told), true) = (node, &job.result, job.outputs.is_empty()) {
            step.outputs = ports_of(node, told);
            return;
        }
        let mut made: Vec<Value> = job.outputs.iter().map(media_value).collect();
        let value = if made.len() == 1 {
            made.remove(0)
        } else {
            Value::Array(made)
        };
        step.outputs = Map::from_iter([(port.to_owned(), value)]);
    }
}

/// What an answer says under the names of a node's ports.
fn ports_of(node: &ReadyNode, told: &Value) -> Values {
    node.outputs
        .iter()
        .filter_map(|port| {
            Some((
                port.name.clone(),
                told.get(&port.name).filter(|value| !value.is_null())?.clone(),
            ))
        })
        .collect()
}

/// Begins what is due. Says whether any of it is done already.
async fn begin(studio: &Studio, live: &mut Live, due: Vec<Due>) -> Result<bool, Problem> {
    if live.run.state == RunState::Queued {
        studio.store().runs().running(&live.run.id, studio.now()).await?;
        live.run.state = RunState::Running;
    }
    let known = Known::of(studio, live, &due).await?;
    let (run, graph) = (&live.run, &live.graph);
    let begun: Vec<(Due, Result<Step, Problem>)> = stream::iter(due)
        .map(|due| {
            let known = &known;
            async move {
                let step = begin_one(studio, run, graph, &due, known).await;
                (due, step)
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut steps = Vec::with_capacity(begun.len());
    let mut waiting = Vec::new();
    for (due, step) in begun {
        match step {
            Ok(step) => steps.push(step),
            // There is no room now; the next sweep tries again.
            Err(problem) if problem.retryable => {
                tracing::debug!(run = %run.id, node = %graph.nodes[due.node].id, ?problem, "a node waits");
                waiting.push(due);
            }
            Err(problem) => {
                let now = studio.now();
                steps.push(Step {
                    state: NodeState::Failed,
                    problem: Some(problem),
                    finished_at: Some(now),
                    ..fresh(graph, &due, now)
                });
            }
        }
    }
    studio.store().runs().put_steps(&run.id, &steps).await?;
    failpoint::hit("run-steps-begun");
    for due in waiting.into_iter().rev() {
        live.standing.due.push_front(due);
    }
    let mut is_any_done = false;
    for step in steps {
        if step.state != NodeState::Running {
            is_any_done = true;
            tell(live, &step);
        } else if let Some(job) = step.job.clone() {
            live.running.insert(job, step);
        }
    }
    studio.conductor().changed(&live.run.id);
    Ok(is_any_done)
}

fn fresh(graph: &Ready, due: &Due, now: Timestamp) -> Step {
    Step {
        node: graph.nodes[due.node].id.clone(),
        item: due.item,
        state: NodeState::Running,
        job: None,
        cache_key: None,
        outputs: Values::new(),
        problem: None,
        charged: Credits::ZERO,
        is_cached: false,
        started_at: now,
        finished_at: None,
    }
}

async fn begin_one(studio: &Studio, run: &Run, graph: &Ready, due: &Due, known: &Known<'_>) -> Result<Step, Problem> {
    let node = &graph.nodes[due.node];
    let now = studio.now();
    let step = fresh(graph, due, now);
    let (entry, arguments, is_job) = match &node.kind.work {
        Work::Make { entry, arguments } | Work::Send { entry, arguments } => {
            (*entry, arguments(&node.settings, &due.inputs)?, true)
        }
        Work::Act { entry, arguments } => (*entry, arguments(&node.settings, &due.inputs)?, false),
        Work::Input | Work::Instant(_) => return Err(Problem::internal("a node that does no work was due")),
    };
    let mut arguments = arguments;
    // However often it is tried, this piece of work is done once.
    if entry.input_schema()["properties"].get("idempotency_key").is_some() {
        let key = format!("{}/{}/{}", run.id, node.id, due.item);
        arguments.insert("idempotency_key".into(), json!(key));
    }
    let cx = Context {
        studio: studio.clone(),
        caller: caller_of(studio, run),
        progress: None,
    };
    if !is_job {
        let arguments = entry.accept(Value::Object(arguments))?;
        let reply = Box::pin(entry.run(&cx, arguments)).await?;
        failpoint::hit("node-acted");
        return Ok(Step {
            state: NodeState::Succeeded,
            outputs: ports_of(node, &reply.value),
            finished_at: Some(now),
            ..step
        });
    }
    let cache_key = known.cache_key(node, &due.inputs);
    // What others are told is told in every run.
    let is_sent = matches!(node.kind.work, Work::Send { .. });
    let place = format!("{}/{}", node.id, due.item);
    if let Some(job) = known.orphans.get(&place) {
        return Ok(Step {
            job: Some(job.clone()),
            cache_key: (!is_sent).then_some(cache_key),
            ..step
        });
    }
    if !is_sent && let Some(outputs) = known.cached.get(&cache_key) {
        return Ok(Step {
            state: NodeState::Succeeded,
            outputs: outputs.clone(),
            is_cached: true,
            cache_key: Some(cache_key),
            finished_at: Some(now),
            ..step
        });
    }
    arguments.insert("wait_seconds".into(), json!(0));
    let arguments = entry.accept(Value::Object(arguments))?;
    let reply = Box::pin(entry.run(&cx, arguments)).await?;
    failpoint::hit("run-job-submitted");
    let job = reply.value["job_id"].as_str().unwrap_or_default().parse()?;
    Ok(Step {
        job: Some(job),
        cache_key: (!is_sent).then_some(cache_key),
        ..step
    })
}

/// Whoever started the run pays for its work.
fn caller_of(studio: &Studio, run: &Run) -> Caller {
    Caller {
        principal: match &run.key {
            Some(key) => Principal::Key { key: key.clone() },
            None => Principal::Run { run: run.id.clone() },
        },
        workspace: run.workspace.clone(),
        user: run.user.clone(),
        scopes: Scope::ALL.to_vec(),
        balance: run.balance,
        request: RequestId::generate(studio.now()),
        address: None,
    }
}

/// What is known of the inputs and of earlier results before work is begun, asked for all of it at once.
struct Known<'a> {
    orphans: &'a HashMap<String, JobId>,
    /// The content of the assets among the inputs.
    contents: HashMap<AssetId, String>,
    /// Earlier results that may be used again.
    cached: HashMap<String, Values>,
}

impl<'a> Known<'a> {
    async fn of(studio: &Studio, live: &'a Live, due: &[Due]) -> Result<Self, Problem> {
        let (run, graph) = (&live.run, &live.graph);
        let due: Vec<&Due> = due
            .iter()
            .filter(|due| matches!(graph.nodes[due.node].kind.work, Work::Make { .. }))
            .collect();
        let mut ids = HashSet::new();
        for due in &due {
            due.inputs.values().for_each(|value| put_assets(value, &mut ids));
        }
        let assets = assets(studio, run, ids).await?;
        let mut known = Self {
            orphans: &live.orphans,
            contents: assets
                .into_iter()
                .map(|asset| (asset.id, asset.blob.as_str().to_owned()))
                .collect(),
            cached: HashMap::new(),
        };
        if !run.uses_cache {
            return Ok(known);
        }
        let keys: Vec<String> = due
            .iter()
            .map(|due| known.cache_key(&graph.nodes[due.node], &due.inputs))
            .collect();
        let mut cached = studio.store().runs().cached(&run.workspace, &keys).await?;
        // An earlier result whose assets have left the library is none.
        let there = all_there(studio, run, cached.values()).await?;
        cached.retain(|_, outputs| assets_in(outputs).iter().all(|id| there.contains(id)));
        known.cached = cached;
        Ok(known)
    }

    /// Names a result by what it is made of: type, version, settings, and the content of the inputs.
    fn cache_key(&self, node: &super::graph::ReadyNode, inputs: &Values) -> String {
        let mut contents = json!(inputs);
        self.put_contents(&mut contents);
        let mut what = json!([node.kind.name, node.kind.version, node.settings, contents]);
        what.sort_all_objects();
        blake3::hash(what.to_string().as_bytes()).to_hex().to_string()
    }

    /// Puts the hash of its bytes in the place of each asset's id.
    fn put_contents(&self, value: &mut Value) {
        if let Some(content) = media_of(value).and_then(|asset| self.contents.get(&asset)) {
            *value = json!({ "content": content });
            return;
        }
        match value {
            Value::Array(all) => all.iter_mut().for_each(|one| self.put_contents(one)),
            Value::Object(all) => all.values_mut().for_each(|one| self.put_contents(one)),
            _ => {}
        }
    }
}

/// The assets that stand anywhere in outputs or inputs.
pub(super) fn assets_in(values: &Values) -> HashSet<AssetId> {
    let mut found = HashSet::new();
    values.values().for_each(|value| put_assets(value, &mut found));
    found
}

fn put_assets(value: &Value, into: &mut HashSet<AssetId>) {
    if let Some(asset) = media_of(value) {
        into.insert(asset);
        return;
    }
    match value {
        Value::Array(all) => all.iter().for_each(|one| put_assets(one, into)),
        Value::Object(all) => all.values().for_each(|one| put_assets(one, into)),
        _ => {}
    }
}

async fn assets(studio: &Studio, run: &Run, ids: HashSet<AssetId>) -> Result<Vec<aquatint_domain::Asset>, Problem> {
    let ids: Vec<AssetId> = ids.into_iter().collect();
    studio.store().assets().get_many(&run.workspace, &ids).await
}

/// Those of the assets in outputs that are still in the library.
pub(super) async fn all_there(
    studio: &Studio,
    run: &Run,
    outputs: impl Iterator<Item = &Values>,
) -> Result<HashSet<AssetId>, Problem> {
    let ids = outputs.flat_map(assets_in).collect();
    let there = assets(studio, run, ids).await?;
    Ok(there.into_iter().map(|asset| asset.id).collect())
}

fn first_problem(graph: &Ready, plan: &Standing) -> Option<Problem> {
    graph.nodes.iter().zip(&plan.nodes).find_map(|(node, stand)| {
        let problem = stand.problem.as_ref()?;
        let mut told = problem.clone();
        told.message = format!("{}: {}", node.id, problem.message);
        Some(told)
    })
}

/// Puts the results into the collection that the run was started with.
async fn collect(studio: &Studio, run: &Run, outputs: &Values) -> Result<(), Problem> {
    let Some(collection) = &run.collection else {
        return Ok(());
    };
    let ids: Vec<AssetId> = assets_in(outputs).into_iter().collect();
    if ids.is_empty() {
        return Ok(());
    }
    studio
        .store()
        .collections()
        .add(&run.workspace, collection, &ids, studio.now())
        .await
        .map(|_| ())
}

async fn end(
    studio: &Studio,
    run: &Run,
    state: RunState,
    outputs: &Values,
    problem: Option<Problem>,
) -> Result<(), Problem> {
    studio
        .store()
        .runs()
        .finish(&run.id, state, outputs, problem.as_ref(), studio.now())
        .await?;
    failpoint::hit("run-ended");
    studio.conductor().changed(&run.id);
    Ok(())
}

/// Cancels a run and the jobs that it has begun. `false`: it had ended before.
pub(crate) async fn cancel(studio: &Studio, run: &Run) -> Result<bool, Problem> {
    if !studio.store().runs().cancel(&run.id).await? {
        return Ok(false);
    }
    failpoint::hit("run-cancel-asked");
    stop(studio, run).await?;
    Ok(true)
}

/// Ends a run that somebody cancelled, with all its work.
async fn stop(studio: &Studio, run: &Run) -> Result<(), Problem> {
    stop_steps(studio, run).await?;
    end(studio, run, RunState::Cancelled, &Values::new(), None).await
}

/// Cancels the jobs of running steps. What was held for them is given back; what had ended before stays done.
async fn stop_steps(studio: &Studio, run: &Run) -> Result<(), Problem> {
    let now = studio.now();
    let mut stopped = Vec::new();
    let graph = graph_of(studio, run).await.ok();
    let steps = studio.store().runs().steps(&run.id).await?;
    for job in orphans(studio, run, &steps).await?.values() {
        studio.store().jobs().cancel(&run.workspace, job, now).await?;
        studio.events().cancel_here(job);
    }
    for mut step in steps {
        if step.state != NodeState::Running {
            continue;
        }
        let mut ended = None;
        if let Some(job) = &step.job {
            let cancelled = studio.store().jobs().cancel(&run.workspace, job, now).await?;
            studio.events().cancel_here(job);
            ended = cancelled.was_terminal.then_some(cancelled.job);
        }
        match (&graph, ended) {
            (Some(graph), Some(job)) => settle(graph, &mut step, &job),
            _ => {
                step.state = NodeState::Cancelled;
                step.finished_at = Some(now);
            }
        }
        stopped.push(step);
    }
    studio
        .store()
        .runs()
        .settle(&run.workspace, &run.id, &stopped, now)
        .await
}
