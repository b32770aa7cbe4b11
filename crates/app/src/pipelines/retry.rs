//! Going on from where a run failed: another run of the same version on the same inputs takes over what is done, and works the rest.

use aquatint_domain::{Code, Credits, NodeState, Problem, RunId, RunState};
use aquatint_store::{Run, Step};
use serde_json::json;

use super::conductor::{all_there, assets_in, graph_of};
use super::plan::plan;
use super::start::{Started, check_price, check_scopes, price_of_node, run_key};
use crate::operation::Context;

/// A call that goes on with a run.
pub(crate) struct Retry {
    pub run: Run,
    pub idempotency_key: Option<String>,
    pub max_credits: Option<Credits>,
    pub dry_run: bool,
}

/// Checks, prices what is left, and writes the run.
pub(crate) async fn retry(cx: &Context, order: Retry) -> Result<Started, Problem> {
    let (studio, run) = (&cx.studio, &order.run);
    if run.finished_at.is_none() || run.state == RunState::Succeeded {
        let (how, hint) = match run.state {
            RunState::Succeeded => ("succeeded; nothing of it is left to do", "`run` works it anew."),
            _ => ("has not ended", "Wait for its end, or cancel it first."),
        };
        return Err(Problem::new(Code::Conflict, format!("Run {} {how}.", run.id))
            .at("run_id")
            .hint(hint));
    }
    let graph = graph_of(studio, run).await?;
    check_scopes(cx, &graph)?;
    let done = done(cx, run).await?;

    // What is done costs nothing, and what hangs on another branch is not worked.
    let standing = plan(&graph, &run.inputs, &done, studio.settings().pipelines.fan_out);
    let mut price = Credits::ZERO;
    for (node, stand) in graph.nodes.iter().zip(&standing.nodes) {
        if matches!(stand.state, NodeState::Waiting | NodeState::Running) {
            price = price + price_of_node(studio, node)?;
        }
    }
    check_price(price, order.max_credits)?;
    if order.dry_run {
        return Ok(Started {
            runs: Vec::new(),
            how_many: 1,
            price,
            replayed: false,
        });
    }
    let now = studio.now();
    let id = RunId::generate(now);
    let again = Run {
        group: id.clone(),
        id,
        position: 0,
        state: RunState::Queued,
        outputs: None,
        user: cx.caller.user.clone(),
        key: cx.caller.key().cloned(),
        grant: cx.caller.grant().cloned(),
        balance: cx.caller.balance,
        retry_of: Some(run.id.clone()),
        price,
        charged: Credits::ZERO,
        problem: None,
        created_at: now,
        started_at: None,
        finished_at: None,
        ..run.clone()
    };
    let done: Vec<Step> = done
        .into_iter()
        .map(|step| Step {
            job: None,
            charged: Credits::ZERO,
            is_cached: true,
            started_at: now,
            finished_at: Some(now),
            ..step
        })
        .collect();
    let key = order.idempotency_key.map(|key| run_key(key, json!(["retry", run.id])));
    let (runs, replayed) = studio.store().runs().start_with(&again, &done, key.as_ref()).await?;
    studio.conductor().wake();
    Ok(Started {
        runs,
        how_many: 1,
        price,
        replayed,
    })
}

/// Steps that succeeded and whose results are still in the library.
async fn done(cx: &Context, run: &Run) -> Result<Vec<Step>, Problem> {
    let mut steps = cx.studio.store().runs().steps(&run.id).await?;
    steps.retain(|step| step.state == NodeState::Succeeded);
    let there = all_there(&cx.studio, run, steps.iter().map(|step| &step.outputs)).await?;
    steps.retain(|step| assets_in(&step.outputs).iter().all(|id| there.contains(id)));
    Ok(steps)
}
