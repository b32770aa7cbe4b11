//! Runs of pipelines: one row a run, and one row for each piece of work that a node has begun.

use std::collections::HashMap;

use aquatint_domain::{
    ApiKeyId, Balance, CollectionId, Credits, GrantId, JobId, NodeState, PipelineId, Problem, RunId, RunState,
    Timestamp, UserId, WorkspaceId,
};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::Map;

use crate::columns::{flag, get, hex, json, json_if, number, parsed, parsed_if, time, time_if, to_json};
use crate::connection::{Connections, broken, execute, row, rows};
use crate::page::{Listing, MANY, Page, places};

pub struct Runs<'a>(pub(crate) &'a Connections);

pub type Values = Map<String, serde_json::Value>;

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub workspace: WorkspaceId,
    pub pipeline: PipelineId,
    pub version: u32,
    /// The first of the runs that were started together.
    pub group: RunId,
    pub position: u32,
    pub state: RunState,
    /// By input node.
    pub inputs: Values,
    /// By output, once it has ended.
    pub outputs: Option<Values>,
    pub user: Option<UserId>,
    pub key: Option<ApiKeyId>,
    /// The permission under which an app started it.
    pub grant: Option<GrantId>,
    pub balance: Balance,
    pub collection: Option<CollectionId>,
    /// Whether results of earlier work may be used again.
    pub uses_cache: bool,
    /// The node that it was started for; the whole graph where none is named.
    pub until: Option<String>,
    /// The run whose finished work it took over.
    pub retry_of: Option<RunId>,
    /// What it was estimated to cost.
    pub price: Credits,
    pub charged: Credits,
    pub problem: Option<Problem>,
    pub created_at: Timestamp,
    /// When the first of its nodes began.
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// Makes a repeated call find the first one's runs.
#[derive(Clone, Debug)]
pub struct RunKey {
    pub key: String,
    pub request_hash: [u8; 32],
}

/// One piece of work of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub node: String,
    /// Which item of a list; 0 where there is none.
    pub item: u32,
    /// Running, or how it ended.
    pub state: NodeState,
    pub job: Option<JobId>,
    /// Under which its result may be used again.
    pub cache_key: Option<String>,
    /// By port.
    pub outputs: Values,
    pub problem: Option<Problem>,
    pub charged: Credits,
    pub is_cached: bool,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl Runs<'_> {
    /// Writes runs that were started together, or finds those of an earlier call with the same key. Gives their ids.
    pub async fn start(&self, runs: &[Run], key: Option<&RunKey>) -> Result<(Vec<RunId>, bool), Problem> {
        self.begin(runs, &[], key).await
    }

    /// The same for one run that takes over what another has done.
    pub async fn start_with(
        &self,
        run: &Run,
        done: &[Step],
        key: Option<&RunKey>,
    ) -> Result<(Vec<RunId>, bool), Problem> {
        self.begin(std::slice::from_ref(run), done, key).await
    }

    async fn begin(&self, runs: &[Run], done: &[Step], key: Option<&RunKey>) -> Result<(Vec<RunId>, bool), Problem> {
        let tx = self.0.begin().await?;
        let Some(first) = runs.first() else {
            return Ok((Vec::new(), false));
        };
        if let Some(key) = key {
            // The lane's row serialises calls of one workspace, as it does for jobs.
            execute(
                &tx,
                "UPDATE lanes SET queued = queued WHERE workspace_id = $1",
                vec![first.workspace.as_str().into()],
            )
            .await?;
            let known = rows(
                &tx,
                "SELECT id, request_hash FROM runs WHERE workspace_id = $1 AND idem_key = $2 ORDER BY position",
                vec![first.workspace.as_str().into(), key.key.clone().into()],
            )
            .await?;
            if let Some(one) = known.first() {
                if get::<String>(one, "request_hash")? != hex(&key.request_hash) {
                    return Err(Problem::new(
                        aquatint_domain::Code::IdempotencyMismatch,
                        "This idempotency key was used with other arguments.",
                    )
                    .at("idempotency_key")
                    .hint("Use a new key for a new call; send the same arguments when retrying."));
                }
                let ids = known.iter().map(|row| parsed(row, "id")).collect::<Result<_, _>>()?;
                return Ok((ids, true));
            }
        }
        for run in runs {
            let values: Vec<Value> = vec![
                run.id.as_str().into(),
                run.workspace.as_str().into(),
                run.pipeline.as_str().into(),
                i64::from(run.version).into(),
                run.group.as_str().into(),
                i64::from(run.position).into(),
                run.state.as_str().into(),
                to_json(&run.inputs)?.into(),
                run.user.as_ref().map(|id| id.as_str().to_owned()).into(),
                run.key.as_ref().map(|id| id.as_str().to_owned()).into(),
                run.grant.as_ref().map(|id| id.as_str().to_owned()).into(),
                run.balance.as_str().into(),
                run.collection.as_ref().map(|id| id.as_str().to_owned()).into(),
                i64::from(run.uses_cache).into(),
                key.map(|key| key.key.clone()).into(),
                key.map(|key| hex(&key.request_hash)).into(),
                run.price.micro().into(),
                run.created_at.as_millisecond().into(),
                run.until.clone().into(),
                run.retry_of.as_ref().map(|id| id.as_str().to_owned()).into(),
            ];
            execute(
                &tx,
                "INSERT INTO runs (id, workspace_id, pipeline_id, version, group_id, position, state, inputs, user_id, key_id, grant_id, balance, collection_id, uses_cache, idem_key, request_hash, price, charged, created_at, until_node, retry_of) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18, $19, $20)",
                values,
            )
            .await?;
            put(&tx, &run.id, done).await?;
        }
        tx.commit().await.map_err(broken)?;
        Ok((runs.iter().map(|run| run.id.clone()).collect(), false))
    }

    pub async fn get(&self, workspace: &WorkspaceId, id: &RunId) -> Result<Option<Run>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM runs WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// A run of any workspace, for whoever moves it on.
    pub async fn by_id(&self, id: &RunId) -> Result<Option<Run>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM runs WHERE id = $1",
            vec![id.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// Runs of a workspace, of one pipeline where it is named; the newest first.
    pub async fn list(
        &self,
        workspace: &WorkspaceId,
        pipeline: Option<&PipelineId>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Run>, Problem> {
        let listing = Listing::of("SELECT * FROM runs", "runs", workspace, cursor, RunId::PREFIX)?;
        let pipeline = pipeline.map(|id| id.as_str().to_owned());
        listing
            .and_if("pipeline_id = ?", pipeline)
            .page(self.0.read(), limit, read, |run| run.id.to_string())
            .await
    }

    /// Runs that have not ended, of all workspaces; the oldest first.
    pub async fn open(&self, limit: u32) -> Result<Vec<Run>, Problem> {
        rows(self.0.read(), &open_runs(limit), vec![])
            .await?
            .iter()
            .map(read)
            .collect()
    }

    /// The open runs that this conductor moves on until `until` or longer: its own, and those that nobody has or whose conductor
    /// shows no sign of life. Own ones are renewed when half of their time is over.
    pub async fn conduct(
        &self,
        conductor: &str,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Run>, Problem> {
        let (at, end) = (now.as_millisecond(), until.as_millisecond());
        let renewed = at + (end - at) / 2;
        let found = rows(self.0.read(), &open_runs(limit), vec![]).await?;
        let mut own = Vec::new();
        let mut wanted = Vec::new();
        for row in &found {
            let by: Option<String> = get(row, "conductor")?;
            let ends: i64 = get::<Option<i64>>(row, "conducted_until")?.unwrap_or(0);
            match by.as_deref() {
                Some(by) if by == conductor && ends > renewed => own.push(read(row)?),
                Some(by) if by != conductor && ends >= at => {}
                _ => wanted.push(read(row)?),
            }
        }
        if wanted.is_empty() {
            return Ok(own);
        }
        // Another conductor may be as quick: what it took is left to it.
        let tx = self.0.begin().await?;
        for run in wanted {
            let taken = execute(
                &tx,
                "UPDATE runs SET conductor = $2, conducted_until = $3 WHERE id = $1 AND finished_at IS NULL AND (conductor IS NULL OR conductor = $2 OR conducted_until < $4)",
                vec![run.id.as_str().into(), conductor.into(), end.into(), at.into()],
            )
            .await?;
            if taken == 1 {
                own.push(run);
            }
        }
        tx.commit().await.map_err(broken)?;
        Ok(own)
    }

    /// Leaves all its runs to other conductors at once.
    pub async fn leave(&self, conductor: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE runs SET conductor = NULL, conducted_until = NULL WHERE finished_at IS NULL AND conductor = $1",
            vec![conductor.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// Jobs that have ended, wherever they were worked, and whose steps do not say so yet; of this conductor's runs.
    pub async fn ended_jobs(&self, conductor: &str) -> Result<Vec<(RunId, JobId)>, Problem> {
        let sql = "SELECT run_steps.run_id, run_steps.job_id FROM runs JOIN run_steps ON run_steps.run_id = runs.id JOIN jobs ON jobs.id = run_steps.job_id \
                   WHERE runs.finished_at IS NULL AND runs.conductor = $1 AND run_steps.state = 'running' AND jobs.state IN ('succeeded', 'failed', 'cancelled')";
        rows(self.0.read(), sql, vec![conductor.into()])
            .await?
            .iter()
            .map(|row| Ok((parsed(row, "run_id")?, parsed(row, "job_id")?)))
            .collect()
    }

    pub async fn steps(&self, run: &RunId) -> Result<Vec<Step>, Problem> {
        rows(
            self.0.read(),
            "SELECT * FROM run_steps WHERE run_id = $1 ORDER BY node, item",
            vec![run.as_str().into()],
        )
        .await?
        .iter()
        .map(read_step)
        .collect()
    }

    /// Writes what nodes have begun or ended. A step that is there already stays as it is, unless it was running.
    pub async fn put_steps(&self, run: &RunId, steps: &[Step]) -> Result<(), Problem> {
        if steps.is_empty() {
            return Ok(());
        }
        let tx = self.0.begin().await?;
        put(&tx, run, steps).await?;
        tx.commit().await.map_err(broken)
    }

    /// Writes what nodes have come to, and remembers the results of those that succeeded under their keys; newer results take
    /// the place of older ones.
    pub async fn settle(
        &self,
        workspace: &WorkspaceId,
        run: &RunId,
        steps: &[Step],
        now: Timestamp,
    ) -> Result<(), Problem> {
        if steps.is_empty() {
            return Ok(());
        }
        let tx = self.0.begin().await?;
        put(&tx, run, steps).await?;
        for step in steps {
            if let Some(key) = step.cache_key.as_ref().filter(|_| step.state == NodeState::Succeeded) {
                remember(&tx, workspace, key, &step.outputs, now).await?;
            }
        }
        tx.commit().await.map_err(broken)
    }

    /// Ends a run, once. What it was charged is the sum of its steps.
    pub async fn finish(
        &self,
        run: &RunId,
        state: RunState,
        outputs: &Values,
        problem: Option<&Problem>,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let ended = execute(
            &tx,
            "UPDATE runs SET state = $2, outputs = $3, problem = $4, finished_at = $5, charged = (SELECT CAST(COALESCE(SUM(charged), 0) AS BIGINT) FROM run_steps WHERE run_id = $1) WHERE id = $1 AND finished_at IS NULL",
            vec![
                run.as_str().into(),
                state.as_str().into(),
                to_json(outputs)?.into(),
                problem.map(to_json).transpose()?.into(),
                now.as_millisecond().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(ended == 1)
    }

    /// Asks a run to end, once; whoever asked stops its work and finishes it. `false`: it had ended before.
    pub async fn cancel(&self, run: &RunId) -> Result<bool, Problem> {
        let tx = self.0.begin().await?;
        let asked = execute(
            &tx,
            "UPDATE runs SET state = 'cancelled' WHERE id = $1 AND finished_at IS NULL",
            vec![run.as_str().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(asked == 1)
    }

    /// The runs that were started together, in their order.
    pub async fn group(&self, first: &RunId, limit: u32) -> Result<Vec<(RunId, RunState)>, Problem> {
        let sql = format!("SELECT id, state FROM runs WHERE group_id = $1 ORDER BY position LIMIT {limit}");
        rows(self.0.read(), &sql, vec![first.as_str().into()])
            .await?
            .iter()
            .map(|row| Ok((parsed(row, "id")?, parsed(row, "state")?)))
            .collect()
    }

    /// Notes that the first of its nodes has begun.
    pub async fn running(&self, run: &RunId, now: Timestamp) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE runs SET state = 'running', started_at = $2 WHERE id = $1 AND state = 'queued'",
            vec![run.as_str().into(), now.as_millisecond().into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// The results of earlier work under these keys.
    pub async fn cached(&self, workspace: &WorkspaceId, keys: &[String]) -> Result<HashMap<String, Values>, Problem> {
        let mut found = HashMap::new();
        for some in keys.chunks(MANY) {
            let (places, values) = places(workspace, some);
            let sql = format!(
                "SELECT cache_key, outputs FROM node_cache WHERE workspace_id = $1 AND cache_key IN ({places})"
            );
            for row in rows(self.0.read(), &sql, values).await? {
                found.insert(get(&row, "cache_key")?, json(&row, "outputs")?);
            }
        }
        Ok(found)
    }
}

fn open_runs(limit: u32) -> String {
    format!("SELECT * FROM runs WHERE finished_at IS NULL ORDER BY id LIMIT {limit}")
}

async fn put<C: ConnectionTrait>(tx: &C, run: &RunId, steps: &[Step]) -> Result<(), Problem> {
    for step in steps {
        let values: Vec<Value> = vec![
            run.as_str().into(),
            step.node.clone().into(),
            i64::from(step.item).into(),
            step.state.as_str().into(),
            step.job.as_ref().map(|id| id.as_str().to_owned()).into(),
            step.cache_key.clone().into(),
            to_json(&step.outputs)?.into(),
            step.problem.as_ref().map(to_json).transpose()?.into(),
            step.charged.micro().into(),
            i64::from(step.is_cached).into(),
            step.started_at.as_millisecond().into(),
            crate::columns::millis_if(step.finished_at).into(),
        ];
        execute(
            tx,
            "INSERT INTO run_steps (run_id, node, item, state, job_id, cache_key, outputs, problem, charged, is_cached, started_at, finished_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (run_id, node, item) DO UPDATE SET \
             state = excluded.state, outputs = excluded.outputs, problem = excluded.problem, charged = excluded.charged, finished_at = excluded.finished_at \
             WHERE run_steps.state = 'running'",
            values,
        )
        .await?;
    }
    Ok(())
}

async fn remember<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    key: &str,
    outputs: &Values,
    now: Timestamp,
) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO node_cache (workspace_id, cache_key, outputs, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, cache_key) DO UPDATE SET outputs = excluded.outputs, created_at = excluded.created_at",
        vec![
            workspace.as_str().into(),
            key.into(),
            to_json(outputs)?.into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Run, Problem> {
    Ok(Run {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        pipeline: parsed(row, "pipeline_id")?,
        version: number(row, "version")?,
        group: parsed(row, "group_id")?,
        position: number(row, "position")?,
        state: parsed(row, "state")?,
        inputs: json(row, "inputs")?,
        outputs: json_if(row, "outputs")?,
        user: parsed_if(row, "user_id")?,
        key: parsed_if(row, "key_id")?,
        grant: parsed_if(row, "grant_id")?,
        balance: parsed(row, "balance")?,
        collection: parsed_if(row, "collection_id")?,
        uses_cache: flag(row, "uses_cache")?,
        until: get(row, "until_node")?,
        retry_of: parsed_if(row, "retry_of")?,
        price: Credits::from_micro(get(row, "price")?),
        charged: Credits::from_micro(get(row, "charged")?),
        problem: json_if(row, "problem")?,
        created_at: time(row, "created_at")?,
        started_at: time_if(row, "started_at")?,
        finished_at: time_if(row, "finished_at")?,
    })
}

fn read_step(row: &QueryResult) -> Result<Step, Problem> {
    Ok(Step {
        node: get(row, "node")?,
        item: number(row, "item")?,
        state: parsed(row, "state")?,
        job: parsed_if(row, "job_id")?,
        cache_key: get(row, "cache_key")?,
        outputs: json(row, "outputs")?,
        problem: json_if(row, "problem")?,
        charged: Credits::from_micro(get(row, "charged")?),
        is_cached: flag(row, "is_cached")?,
        started_at: time(row, "started_at")?,
        finished_at: time_if(row, "finished_at")?,
    })
}
