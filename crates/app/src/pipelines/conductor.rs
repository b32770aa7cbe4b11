//! The conductor moves runs on: whenever work of a run has ended it asks the plan what is due, and submits that as ordinary jobs.
//! Each job has a key of its own, made of run, node and item, so that it is submitted once however often a run is
//! moved on, by however many processes, after whatever crash.

use std::collections::HashSet;
use std::time::Duration;

use aquatint_domain::pipeline::{media_of, media_value};
use aquatint_domain::{
    Asset, AssetId, Caller, Code, Credits, Job, JobState, NodeState, Principal, Problem, RequestId, RunId, RunState,
    Scope,
};
use aquatint_store::{Run, Step};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::graph::{Ready, ReadyNode, refuse};
use super::plan::{Due, Plan, plan, results};
use crate::failpoint;
use crate::nodes::Work;
use crate::operation::Context;
use crate::studio::Studio;

type Values = Map<String, Value>;

/// How often runs are looked at that nothing has been heard of.
const SWEEP: Duration = Duration::from_secs(2);
/// Runs moved on in one sweep.
const SWEEP_MAX: u32 = 1_000;
/// How long news are gathered before runs are moved on: many jobs of one run that end together move it once.
const GATHER: Duration = Duration::from_millis(5);

/// The runs that this process knows to be open, and who wakes the conductor.
#[derive(Default)]
pub struct Conductor {
    open: Mutex<HashSet<RunId>>,
    news: Notify,
}

impl Conductor {
    /// Says that there is a run to move on.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
    }
}

/// Moves runs on until it is stopped.
pub(crate) async fn conduct(studio: Studio, stop: CancellationToken) {
    let mut news = studio.events().subscribe();
    let mut due: HashSet<RunId> = HashSet::new();
    let mut swept = tokio::time::Instant::now() - SWEEP;
    while !stop.is_cancelled() {
        if swept.elapsed() >= SWEEP {
            swept = tokio::time::Instant::now();
            match studio.store().runs().open(SWEEP_MAX).await {
                Ok(runs) => {
                    let open: HashSet<RunId> = runs.into_iter().map(|run| run.id).collect();
                    due.extend(open.iter().cloned());
                    *studio.conductor().open.lock() = open;
                }
                Err(problem) => tracing::warn!(?problem, "could not look for open runs"),
            }
        }
        for run in std::mem::take(&mut due) {
            if let Err(problem) = advance(&studio, &run).await {
                // The next sweep tries again.
                tracing::warn!(%run, ?problem, "could not move a run on");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = studio.conductor().news.notified() => swept = tokio::time::Instant::now() - SWEEP,
            () = tokio::time::sleep_until(swept + SWEEP) => {}
            event = news.recv() => {
                hear(&studio, event, &mut due).await;
                // What ends together is heard together.
                let until = tokio::time::Instant::now() + GATHER;
                while let Ok(event) = tokio::time::timeout_at(until, news.recv()).await {
                    hear(&studio, event, &mut due).await;
                }
            }
        }
    }
}

async fn hear(studio: &Studio, event: Result<crate::jobs::JobEvent, RecvError>, due: &mut HashSet<RunId>) {
    let Ok(event) = event else { return };
    // Most studios run no pipelines most of the time.
    if !event.status.is_terminal() || studio.conductor().open.lock().is_empty() {
        return;
    }
    match studio.store().runs().of_job(&event.job_id).await {
        Ok(Some(run)) => {
            due.insert(run);
        }
        Ok(None) => {}
        Err(problem) => tracing::warn!(?problem, "could not look up the run of a job"),
    }
}

/// Moves one run on as far as it goes now.
pub(crate) async fn advance(studio: &Studio, id: &RunId) -> Result<(), Problem> {
    let Some(run) = studio.store().runs().by_id(id).await? else {
        return Ok(());
    };
    if run.finished_at.is_some() {
        studio.conductor().open.lock().remove(id);
        return Ok(());
    }
    if run.state == RunState::Cancelled {
        return stop(studio, &run).await;
    }
    let version = studio
        .store()
        .pipelines()
        .version(&run.pipeline, Some(run.version))
        .await?;
    let version = version.ok_or_else(|| Problem::internal("a run without its version"))?;
    let limits = studio.settings().pipelines;
    let graph = match Ready::of(&version.graph, &limits) {
        Ok(graph) => graph,
        // It was sound when it was started; node types may have gone since.
        Err(faults) => return end(studio, &run, RunState::Failed, &Values::new(), Some(refuse(&faults))).await,
    };
    if let Some(problem) = super::starter::gone(studio, &run).await? {
        stop_steps(studio, &run).await?;
        return end(studio, &run, RunState::Failed, &Values::new(), Some(problem)).await;
    }
    let age = studio.now().as_second() - run.created_at.as_second();
    if age > i64::try_from(limits.run_seconds).unwrap_or(i64::MAX) {
        let late = Problem::new(Code::TimedOut, "The run took longer than it may.");
        stop_steps(studio, &run).await?;
        return end(studio, &run, RunState::Failed, &Values::new(), Some(late)).await;
    }
    loop {
        let mut steps = studio.store().runs().steps(id).await?;
        catch_up(studio, &run, &graph, &mut steps).await?;
        let plan = plan(&graph, &run.inputs, &steps, limits.fan_out);
        if let Some(state) = plan.ended {
            let outputs = results(&graph, &plan);
            let problem = first_problem(&graph, &plan);
            collect(studio, &run, &outputs).await?;
            return end(studio, &run, state, &outputs, problem).await;
        }
        if plan.due.is_empty() {
            return Ok(());
        }
        let begun = begin(studio, &run, &graph, &plan.due).await?;
        // Who cancelled meanwhile may not have seen what was just begun.
        let now = studio.store().runs().by_id(id).await?;
        if now.is_none_or(|now| now.state == RunState::Cancelled || now.finished_at.is_some()) {
            return stop(studio, &run).await;
        }
        // Work that is done at once makes more due; work that waits for a worker is heard of later.
        if !begun {
            return Ok(());
        }
    }
}

/// Writes what became of the jobs of running steps.
async fn catch_up(studio: &Studio, run: &Run, graph: &Ready, steps: &mut [Step]) -> Result<(), Problem> {
    let mut ended = Vec::new();
    let mut remembered = Vec::new();
    for step in steps.iter_mut().filter(|step| step.state == NodeState::Running) {
        let Some(job) = &step.job else { continue };
        let Some(job) = studio.store().jobs().get(&run.workspace, job).await? else {
            continue;
        };
        if !job.state.is_terminal() {
            continue;
        }
        settle(graph, step, &job);
        if let Some(key) = step.cache_key.as_ref().filter(|_| step.state == NodeState::Succeeded) {
            remembered.push((key.clone(), step.outputs.clone()));
        }
        ended.push(step.clone());
    }
    if !remembered.is_empty() {
        studio
            .store()
            .runs()
            .remember(&run.workspace, &remembered, studio.now())
            .await?;
    }
    if !ended.is_empty() {
        studio.store().runs().put_steps(&run.id, &ended).await?;
    }
    failpoint::hit("run-caught-up");
    Ok(())
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
        let node = graph.nodes.iter().find(|node| node.id == step.node);
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
async fn begin(studio: &Studio, run: &Run, graph: &Ready, due: &[Due]) -> Result<bool, Problem> {
    studio.store().runs().running(&run.id).await?;
    let mut steps = Vec::with_capacity(due.len());
    let mut is_any_done = false;
    for due in due {
        match begin_one(studio, run, graph, due).await {
            Ok(step) => {
                is_any_done |= step.state != NodeState::Running;
                steps.push(step);
            }
            // There is no room now; the next sweep tries again.
            Err(problem) if problem.retryable => {
                tracing::debug!(run = %run.id, node = %graph.nodes[due.node].id, ?problem, "a node waits");
                break;
            }
            Err(problem) => {
                let now = studio.now();
                is_any_done = true;
                steps.push(Step {
                    state: NodeState::Failed,
                    problem: Some(problem),
                    finished_at: Some(now),
                    ..fresh(graph, due, now)
                });
            }
        }
    }
    studio.store().runs().put_steps(&run.id, &steps).await?;
    failpoint::hit("run-steps-begun");
    Ok(is_any_done)
}

fn fresh(graph: &Ready, due: &Due, now: aquatint_domain::Timestamp) -> Step {
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

async fn begin_one(studio: &Studio, run: &Run, graph: &Ready, due: &Due) -> Result<Step, Problem> {
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
    let cache_key = cache_key(studio, run, node, &due.inputs).await?;
    // What others are told is told in every run.
    let is_sent = matches!(node.kind.work, Work::Send { .. });
    if run.uses_cache
        && !is_sent
        && let Some(outputs) = studio.store().runs().cached(&run.workspace, &cache_key).await?
        && all_there(studio, run, &outputs).await?
    {
        return Ok(Step {
            state: NodeState::Succeeded,
            outputs,
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

/// Names a result by what it is made of: type, version, settings, and the content of the inputs.
async fn cache_key(studio: &Studio, run: &Run, node: &ReadyNode, inputs: &Values) -> Result<String, Problem> {
    let mut contents = json!(inputs);
    let ids = assets_in(&contents);
    for asset in studio.store().assets().get_many(&run.workspace, &ids).await? {
        put_content(&mut contents, &asset);
    }
    let mut what = json!([node.kind.name, node.kind.version, node.settings, contents]);
    what.sort_all_objects();
    Ok(blake3::hash(what.to_string().as_bytes()).to_hex().to_string())
}

fn assets_in(value: &Value) -> Vec<AssetId> {
    if let Some(asset) = media_of(value) {
        return vec![asset];
    }
    match value {
        Value::Array(all) => all.iter().flat_map(assets_in).collect(),
        Value::Object(all) => all.values().flat_map(assets_in).collect(),
        _ => Vec::new(),
    }
}

/// Puts the hash of an asset's bytes in the place of its id.
fn put_content(value: &mut Value, asset: &Asset) {
    if media_of(value).as_ref() == Some(&asset.id) {
        *value = json!({ "content": asset.blob.as_str() });
        return;
    }
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| put_content(one, asset)),
        Value::Object(all) => all.values_mut().for_each(|one| put_content(one, asset)),
        _ => {}
    }
}

/// Whether the assets of an earlier result are still in the library.
async fn all_there(studio: &Studio, run: &Run, outputs: &Values) -> Result<bool, Problem> {
    let ids = assets_in(&json!(outputs));
    let found = studio.store().assets().get_many(&run.workspace, &ids).await?;
    Ok(ids.iter().all(|id| found.iter().any(|asset| asset.id == *id)))
}

fn first_problem(graph: &Ready, plan: &Plan) -> Option<Problem> {
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
    let ids = assets_in(&json!(outputs));
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
    studio.conductor().open.lock().remove(&run.id);
    failpoint::hit("run-ended");
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

/// Cancels the jobs of running steps. What was held for them is given back.
async fn stop_steps(studio: &Studio, run: &Run) -> Result<(), Problem> {
    let now = studio.now();
    let mut stopped = Vec::new();
    for mut step in studio.store().runs().steps(&run.id).await? {
        if step.state != NodeState::Running {
            continue;
        }
        if let Some(job) = &step.job {
            studio.store().jobs().cancel(&run.workspace, job, now).await?;
            studio.events().cancel_here(job);
        }
        step.state = NodeState::Cancelled;
        step.finished_at = Some(now);
        stopped.push(step);
    }
    studio.store().runs().put_steps(&run.id, &stopped).await
}
