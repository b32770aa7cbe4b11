//! Subscriptions: which plan a workspace pays for, and until when it holds it. Events of a subscription come in any order, so
//! each only makes us ask the provider how things stand. Whoever asks takes a ticket first; the answer to the highest ticket
//! has seen everything that any event before it was about, and lower ones are dropped.

use aquatint_domain::{OrderId, Problem, Timestamp, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult};

use super::{PaidEvent, Payments, is_first};
use crate::columns::{flag, get, millis_if, parsed, time_if};
use crate::connection::{broken, execute, is_postgres, row, rows};
use crate::workspaces::move_to_plan;

#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    pub id: String,
    pub workspace: WorkspaceId,
    pub order: OrderId,
    pub plan: String,
    /// The provider's word, such as `active` or `past_due`.
    pub status: String,
    /// Whether the workspace has the plan by it.
    pub holds_plan: bool,
    /// When it will end, where somebody has cancelled it.
    pub cancel_at: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
    /// The end of the grace that an unpaid period has.
    pub plan_until: Option<Timestamp>,
}

/// What a status comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not paid for the first time yet.
    Waiting,
    Good,
    /// A period was not paid; the plan stays until then, counted from the first time that we heard of it.
    Grace(Timestamp),
    Ended,
}

/// How a subscription stands at the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscriptionFacts {
    pub id: String,
    pub workspace: WorkspaceId,
    pub order: OrderId,
    pub plan: String,
    pub status: String,
    pub standing: Standing,
    pub cancel_at: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
}

/// What moving to a plan needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanTerms {
    pub name: String,
    pub may_overdraw: bool,
    pub concurrent_jobs: u32,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Synced {
    Repeated,
    /// A later question was answered before.
    Stale,
    Same,
    /// The workspace is on another plan now.
    Moved(String),
}

impl Payments<'_> {
    /// A ticket to ask how a subscription stands.
    pub async fn ticket(&self, subscription: &str) -> Result<i64, Problem> {
        let tx = self.0.begin().await?;
        let asked = row(
            &tx,
            "INSERT INTO payment_tickets (subject, asked, applied) VALUES ($1, 1, 0) ON CONFLICT (subject) DO UPDATE SET asked = payment_tickets.asked + 1 RETURNING asked",
            vec![subscription.into()],
        )
        .await?;
        let ticket = get(&asked.ok_or_else(|| Problem::internal("no ticket was given"))?, "asked")?;
        tx.commit().await.map_err(broken)?;
        Ok(ticket)
    }

    /// Notes how a subscription stands, and moves its workspace where that changes its plan. A workspace that the operator
    /// has moved elsewhere meanwhile stays there.
    pub async fn sync(
        &self,
        event: PaidEvent<'_>,
        ticket: i64,
        facts: &SubscriptionFacts,
        plans: &(dyn Fn(&str) -> Option<PlanTerms> + Sync),
        fallback: &str,
        now: Timestamp,
    ) -> Result<Synced, Problem> {
        let tx = self.0.begin().await?;
        if !is_first(&tx, event, now).await? {
            return Ok(Synced::Repeated);
        }
        let is_newest = execute(
            &tx,
            "UPDATE payment_tickets SET applied = $2 WHERE subject = $1 AND applied < $2",
            vec![facts.id.as_str().into(), ticket.into()],
        )
        .await?;
        if is_newest == 0 {
            tx.commit().await.map_err(broken)?;
            return Ok(Synced::Stale);
        }
        let before = locked(&tx, &facts.id).await?;
        let plan_until = match facts.standing {
            Standing::Grace(until) => Some(before.as_ref().and_then(|before| before.plan_until).unwrap_or(until)),
            _ => None,
        };
        let had = before.as_ref().is_some_and(|before| before.holds_plan);
        let holds_plan = match facts.standing {
            Standing::Good => true,
            // Grace is for who has the plan; it does not bring it back.
            Standing::Grace(_) => had && plan_until.is_some_and(|until| now < until),
            Standing::Waiting | Standing::Ended => false,
        };
        let after = Subscription {
            id: facts.id.clone(),
            workspace: facts.workspace.clone(),
            order: facts.order.clone(),
            plan: facts.plan.clone(),
            status: facts.status.clone(),
            holds_plan,
            cancel_at: facts.cancel_at,
            period_end: facts.period_end,
            plan_until: plan_until.filter(|_| holds_plan),
        };
        save(&tx, &after, now).await?;
        let is_new = holds_plan && (!had || before.as_ref().is_some_and(|before| before.plan != after.plan));
        let moved = if is_new {
            Some(move_to(&tx, &after.workspace, &after.plan, plans).await?)
        } else if let Some(before) = before.filter(|before| before.holds_plan && !holds_plan) {
            leave(&tx, &before, plans, fallback).await?
        } else {
            None
        };
        tx.commit().await.map_err(broken)?;
        Ok(moved.map_or(Synced::Same, Synced::Moved))
    }

    /// Ends what has outlived its grace; says which workspaces moved.
    pub async fn end_grace(
        &self,
        plans: &(dyn Fn(&str) -> Option<PlanTerms> + Sync),
        fallback: &str,
        now: Timestamp,
    ) -> Result<Vec<WorkspaceId>, Problem> {
        let due = rows(
            self.0.read(),
            "SELECT id FROM subscriptions WHERE holds_plan = 1 AND plan_until IS NOT NULL AND plan_until <= $1 ORDER BY plan_until LIMIT 100",
            vec![now.as_millisecond().into()],
        )
        .await?;
        let mut moved = Vec::new();
        for found in &due {
            let tx = self.0.begin().await?;
            let Some(before) = locked(&tx, &get::<String>(found, "id")?).await? else {
                continue;
            };
            // It may have been paid since.
            if !before.holds_plan || before.plan_until.is_none_or(|until| until > now) {
                continue;
            }
            let after = Subscription {
                holds_plan: false,
                plan_until: None,
                ..before.clone()
            };
            save(&tx, &after, now).await?;
            let left = leave(&tx, &before, plans, fallback).await?;
            tx.commit().await.map_err(broken)?;
            if left.is_some() {
                moved.push(before.workspace);
            }
        }
        Ok(moved)
    }

    pub async fn subscription(&self, id: &str) -> Result<Option<Subscription>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM subscriptions WHERE id = $1",
            vec![id.into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }

    /// The subscription of a workspace that has not ended; the one that brings the plan first.
    pub async fn live_subscription(&self, workspace: &WorkspaceId) -> Result<Option<Subscription>, Problem> {
        row(
            self.0.read(),
            "SELECT * FROM subscriptions WHERE workspace_id = $1 AND status NOT IN ('canceled', 'incomplete', 'incomplete_expired') ORDER BY holds_plan DESC, updated_at DESC LIMIT 1",
            vec![workspace.as_str().into()],
        )
        .await?
        .as_ref()
        .map(read)
        .transpose()
    }
}

/// The workspace goes to another plan that it pays for, else to the fallback; unless the operator has put it elsewhere.
async fn leave<C: ConnectionTrait>(
    tx: &C,
    before: &Subscription,
    plans: &(dyn Fn(&str) -> Option<PlanTerms> + Sync),
    fallback: &str,
) -> Result<Option<String>, Problem> {
    let workspace = before.workspace.as_str();
    let found = row(tx, "SELECT plan FROM workspaces WHERE id = $1", vec![workspace.into()]).await?;
    if found.map(|row| get::<String>(&row, "plan")).transpose()?.as_deref() != Some(before.plan.as_str()) {
        return Ok(None);
    }
    let other = row(
        tx,
        "SELECT plan FROM subscriptions WHERE workspace_id = $1 AND id <> $2 AND holds_plan = 1 ORDER BY updated_at DESC LIMIT 1",
        vec![workspace.into(), before.id.as_str().into()],
    )
    .await?;
    let other = other.map(|row| get::<String>(&row, "plan")).transpose()?;
    let to = other.as_deref().unwrap_or(fallback);
    move_to(tx, &before.workspace, to, plans).await.map(Some)
}

async fn move_to<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    plan: &str,
    plans: &(dyn Fn(&str) -> Option<PlanTerms> + Sync),
) -> Result<String, Problem> {
    let terms = plans(plan).ok_or_else(|| Problem::internal(format!("the plan `{plan}` is not configured")))?;
    move_to_plan(tx, workspace, &terms.name, terms.may_overdraw, terms.concurrent_jobs).await?;
    Ok(terms.name)
}

async fn locked<C: ConnectionTrait>(tx: &C, id: &str) -> Result<Option<Subscription>, Problem> {
    let lock = if is_postgres(tx) { " FOR UPDATE" } else { "" };
    row(
        tx,
        &format!("SELECT * FROM subscriptions WHERE id = $1{lock}"),
        vec![id.into()],
    )
    .await?
    .as_ref()
    .map(read)
    .transpose()
}

async fn save<C: ConnectionTrait>(tx: &C, subscription: &Subscription, now: Timestamp) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO subscriptions (id, workspace_id, order_id, plan, status, holds_plan, cancel_at, period_end, plan_until, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, status = excluded.status, holds_plan = excluded.holds_plan, cancel_at = excluded.cancel_at, period_end = excluded.period_end, plan_until = excluded.plan_until, updated_at = excluded.updated_at",
        vec![
            subscription.id.as_str().into(),
            subscription.workspace.as_str().into(),
            subscription.order.as_str().into(),
            subscription.plan.as_str().into(),
            subscription.status.as_str().into(),
            i64::from(subscription.holds_plan).into(),
            millis_if(subscription.cancel_at).into(),
            millis_if(subscription.period_end).into(),
            millis_if(subscription.plan_until).into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(())
}

fn read(row: &QueryResult) -> Result<Subscription, Problem> {
    Ok(Subscription {
        id: get(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        order: parsed(row, "order_id")?,
        plan: get(row, "plan")?,
        status: get(row, "status")?,
        holds_plan: flag(row, "holds_plan")?,
        cancel_at: time_if(row, "cancel_at")?,
        period_end: time_if(row, "period_end")?,
        plan_until: time_if(row, "plan_until")?,
    })
}
