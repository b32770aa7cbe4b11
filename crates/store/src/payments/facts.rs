//! What events say about orders. Facts add up and never cancel each other, so that their order does not matter; what
//! follows for the ledger is worked out anew from all of them.

use aquatint_domain::{Balance, Credits, OrderId, Problem, Timestamp};
use sea_orm::ConnectionTrait;

use super::rows::{insert, locked, read, save};
use super::{NewOrder, Order, OrderState, PaidEvent, Payments, is_first};
use crate::connection::{broken, execute, row};
use crate::ledger::{grant_once, take_back};

/// So much of a charge went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    /// In minor units, all refunds of the charge together.
    pub amount: i64,
    /// What was charged; `None` where the event does not say it.
    pub of: Option<i64>,
}

/// What one event says of one order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub is_paid: bool,
    /// The credits of the order are due. A pack is due when it is paid, a plan when its invoice is.
    pub is_due: bool,
    /// It ended without payment; a payment that comes all the same counts more.
    pub ended: Option<OrderState>,
    /// Minor units and the currency.
    pub amount: Option<(i64, String)>,
    pub refund: Option<Refund>,
    pub payment: Option<String>,
    pub invoice: Option<String>,
    pub subscription: Option<String>,
    pub customer: Option<String>,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Recorded {
    /// It was here before; nothing was done.
    Repeated,
    /// It is about no order of ours.
    Unknown,
    Noted {
        order: Box<Order>,
        /// Whether this event brought the credits.
        granted: bool,
    },
}

impl Payments<'_> {
    /// Notes an event, what it says of an order, and what follows, all or nothing.
    pub async fn record(
        &self,
        event: PaidEvent<'_>,
        id: &OrderId,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Recorded, Problem> {
        let tx = self.0.begin().await?;
        if !is_first(&tx, event, now).await? {
            return Ok(Recorded::Repeated);
        }
        let Some(order) = locked(&tx, id).await? else {
            return Ok(Recorded::Unknown);
        };
        let recorded = take_note(&tx, order, facts, now).await?;
        tx.commit().await.map_err(broken)?;
        Ok(recorded)
    }

    /// The same for a later period of a subscription, whose order is made by its invoice.
    pub async fn record_renewal(
        &self,
        event: PaidEvent<'_>,
        new: &NewOrder,
        invoice: &str,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Recorded, Problem> {
        let tx = self.0.begin().await?;
        if !is_first(&tx, event, now).await? {
            return Ok(Recorded::Repeated);
        }
        // The invoice is unique: whoever comes second works on the order of the first.
        insert(&tx, new, Some(invoice), facts.subscription.as_deref()).await?;
        let found = row(&tx, "SELECT * FROM orders WHERE invoice_id = $1", vec![invoice.into()]).await?;
        let found = read(&found.ok_or_else(|| Problem::internal("the order of an invoice vanished"))?)?;
        let Some(order) = locked(&tx, &found.id).await? else {
            return Ok(Recorded::Unknown);
        };
        let recorded = take_note(&tx, order, facts, now).await?;
        tx.commit().await.map_err(broken)?;
        Ok(recorded)
    }
}

async fn take_note<C: ConnectionTrait>(
    tx: &C,
    mut order: Order,
    facts: &Facts,
    now: Timestamp,
) -> Result<Recorded, Problem> {
    add(&mut order, facts, now);
    let granted = facts.is_due && order.granted_at.is_none();
    if granted {
        grant(tx, &order, now).await?;
        order.granted_at = Some(now);
    }
    if order.granted_at.is_some() {
        take(tx, &mut order, now).await?;
    }
    if let Some(customer) = &facts.customer {
        execute(
            tx,
            "INSERT INTO payment_customers (workspace_id, customer) VALUES ($1, $2) ON CONFLICT (workspace_id) DO UPDATE SET customer = excluded.customer",
            vec![order.workspace.as_str().into(), customer.as_str().into()],
        )
        .await?;
    }
    save(tx, &order).await?;
    Ok(Recorded::Noted {
        order: Box::new(order),
        granted,
    })
}

/// Adds what is new to what is known.
fn add(order: &mut Order, facts: &Facts, now: Timestamp) {
    for (known, said) in [
        (&mut order.payment, &facts.payment),
        (&mut order.invoice, &facts.invoice),
        (&mut order.subscription, &facts.subscription),
    ] {
        if known.is_none() {
            known.clone_from(said);
        }
    }
    if let Some((amount, currency)) = &facts.amount {
        order.amount = Some(*amount);
        order.currency = Some(currency.clone());
    }
    if let Some(refund) = facts.refund {
        // A dispute names its own amount only; what was paid is what it is a part of.
        let of = refund.of.or(order.amount).unwrap_or(refund.amount).max(1);
        let amount = refund.amount.clamp(0, of);
        let is_more =
            i128::from(amount) * i128::from(order.refunded_of.max(1)) > i128::from(order.refunded) * i128::from(of);
        if is_more {
            (order.refunded, order.refunded_of) = (amount, of);
        }
    }
    if facts.is_paid && order.paid_at.is_none() {
        order.paid_at = Some(now);
    }
    order.state = match order.paid_at {
        Some(_) if order.refunded > 0 && order.refunded == order.refunded_of => OrderState::Refunded,
        Some(_) => OrderState::Paid,
        None => facts.ended.unwrap_or(order.state),
    };
}

async fn grant<C: ConnectionTrait>(tx: &C, order: &Order, now: Timestamp) -> Result<(), Problem> {
    for (balance, credits) in [
        (Balance::PlanUnits, order.plan_units),
        (Balance::Api, order.api_credits),
    ] {
        if !credits.is_zero() {
            // The reference is a second lock on what the order's own row locks already.
            let reference = format!("order:{}:{balance}", order.id);
            let memo = format!("Bought: {}", order.title);
            grant_once(tx, &order.workspace, balance, credits, &reference, &memo, now).await?;
        }
    }
    Ok(())
}

/// Takes the refunded part back, as far as it is there; the rest is written down and asked for no more.
async fn take<C: ConnectionTrait>(tx: &C, order: &mut Order, now: Timestamp) -> Result<(), Problem> {
    let (refunded, of) = (order.refunded, order.refunded_of);
    let memo = format!("Refunded: {}", order.title);
    for (balance, granted, taken, missing) in [
        (
            Balance::PlanUnits,
            order.plan_units,
            &mut order.taken.plan_units,
            &mut order.missing.plan_units,
        ),
        (
            Balance::Api,
            order.api_credits,
            &mut order.taken.api,
            &mut order.missing.api,
        ),
    ] {
        let due = part(granted, refunded, of) - *taken - *missing;
        if due > Credits::ZERO {
            let got = take_back(tx, &order.workspace, balance, due, &memo, now).await?;
            *taken = *taken + got;
            *missing = *missing + (due - got);
        }
    }
    Ok(())
}

/// `amount / of` of the credits, rounded down.
fn part(credits: Credits, amount: i64, of: i64) -> Credits {
    if of <= 0 {
        return Credits::ZERO;
    }
    let micro = i128::from(credits.micro()) * i128::from(amount.clamp(0, of)) / i128::from(of);
    Credits::from_micro(i64::try_from(micro).unwrap_or(i64::MAX))
}
