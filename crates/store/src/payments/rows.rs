//! Orders as rows: read, inserted, saved.

use aquatint_domain::{Credits, OrderId, Problem};
use sea_orm::{ConnectionTrait, QueryResult};

use super::{NewOrder, Order, OrderState, TakenBack};
use crate::columns::{get, millis_if, parsed, parsed_if, time, time_if};
use crate::connection::{execute, is_postgres, row};

pub(super) fn read(row: &QueryResult) -> Result<Order, Problem> {
    let credits = |column: &str| get::<i64>(row, column).map(Credits::from_micro);
    Ok(Order {
        id: parsed(row, "id")?,
        workspace: parsed(row, "workspace_id")?,
        kind: parsed(row, "kind")?,
        title: get(row, "title")?,
        price: get(row, "price_id")?,
        plan: get(row, "plan")?,
        plan_units: credits("plan_units")?,
        api_credits: credits("api_credits")?,
        state: parsed(row, "state")?,
        amount: get(row, "amount")?,
        currency: get(row, "currency")?,
        refunded: get(row, "refunded")?,
        refunded_of: get(row, "refunded_of")?,
        taken: TakenBack {
            plan_units: credits("taken_plan_units")?,
            api: credits("taken_api")?,
        },
        missing: TakenBack {
            plan_units: credits("missing_plan_units")?,
            api: credits("missing_api")?,
        },
        session: get(row, "session_id")?,
        payment: get(row, "payment_id")?,
        invoice: get(row, "invoice_id")?,
        subscription: get(row, "subscription_id")?,
        created_by: parsed_if(row, "created_by")?,
        created_at: time(row, "created_at")?,
        paid_at: time_if(row, "paid_at")?,
        granted_at: time_if(row, "granted_at")?,
    })
}

/// Inserts an order; `false` when its invoice has one.
pub(super) async fn insert<C: ConnectionTrait>(
    tx: &C,
    new: &NewOrder,
    invoice: Option<&str>,
    subscription: Option<&str>,
) -> Result<bool, Problem> {
    let made = execute(
        tx,
        "INSERT INTO orders (id, workspace_id, kind, title, price_id, plan, plan_units, api_credits, state, invoice_id, subscription_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        vec![
            new.id.as_str().into(),
            new.workspace.as_str().into(),
            new.kind.as_str().into(),
            new.title.as_str().into(),
            new.price.as_str().into(),
            new.plan.clone().into(),
            new.plan_units.micro().into(),
            new.api_credits.micro().into(),
            OrderState::Pending.as_str().into(),
            invoice.map(str::to_owned).into(),
            subscription.map(str::to_owned).into(),
            new.created_by.as_ref().map(|user| user.as_str().to_owned()).into(),
            new.created_at.as_millisecond().into(),
        ],
    )
    .await?;
    Ok(made == 1)
}

/// Writes what can change.
pub(super) async fn save<C: ConnectionTrait>(tx: &C, order: &Order) -> Result<(), Problem> {
    execute(
        tx,
        "UPDATE orders SET state = $2, amount = $3, currency = $4, refunded = $5, refunded_of = $6, taken_plan_units = $7, taken_api = $8, missing_plan_units = $9, missing_api = $10, session_id = $11, payment_id = $12, invoice_id = $13, subscription_id = $14, paid_at = $15, granted_at = $16 WHERE id = $1",
        vec![
            order.id.as_str().into(),
            order.state.as_str().into(),
            order.amount.into(),
            order.currency.clone().into(),
            order.refunded.into(),
            order.refunded_of.into(),
            order.taken.plan_units.micro().into(),
            order.taken.api.micro().into(),
            order.missing.plan_units.micro().into(),
            order.missing.api.micro().into(),
            order.session.clone().into(),
            order.payment.clone().into(),
            order.invoice.clone().into(),
            order.subscription.clone().into(),
            millis_if(order.paid_at).into(),
            millis_if(order.granted_at).into(),
        ],
    )
    .await?;
    Ok(())
}

/// An order that nobody else changes until the transaction ends.
pub(super) async fn locked<C: ConnectionTrait>(tx: &C, id: &OrderId) -> Result<Option<Order>, Problem> {
    let lock = if is_postgres(tx) { " FOR UPDATE" } else { "" };
    row(
        tx,
        &format!("SELECT * FROM orders WHERE id = $1{lock}"),
        vec![id.as_str().into()],
    )
    .await?
    .as_ref()
    .map(read)
    .transpose()
}
