//! What the workspace has bought.

use aquatint_domain::{Credits, OrderId, Problem, Role, Timestamp};
use aquatint_store::Order;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use super::payments::{Money, Opened};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct List;
pub struct Get;
pub struct Receipt;

/// Orders of the workspace, newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// One order and what became of it.
#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {
    /// Order id.
    pub order_id: OrderId,
}

/// Where the receipt of a paid order is, at the payment provider.
#[derive(Deserialize, JsonSchema)]
pub struct ReceiptArgs {
    /// Order id.
    pub order_id: OrderId,
}

#[derive(Serialize, JsonSchema)]
pub struct Orders {
    pub orders: Vec<OrderView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct OrderView {
    pub order_id: OrderId,
    /// `pack`, `plan` or `renewal`.
    pub kind: String,
    pub title: String,
    /// `pending`, `paid`, `failed`, `expired` or `refunded`.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    pub plan_units: Credits,
    pub api_credits: Credits,
    /// What was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// What of it was given back or is disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<Money>,
    /// Credits that were taken back with a refund.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_taken_back: Option<Credits>,
    /// Credits of a refund that were spent already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credits_missing: Option<Credits>,
    /// Whether the credits have been added.
    pub is_granted: bool,
    pub has_receipt: bool,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Timestamp>,
}

impl Describe for Orders {}
impl Describe for OrderView {}

impl Operation for List {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.orders",
        "Purchases",
        Effects::Reads,
        get("/payments/orders"),
    );
    type Args = ListArgs;
    type Output = Orders;

    async fn run(cx: &Context, args: ListArgs) -> Result<Orders, Problem> {
        let limit = args.limit.unwrap_or(25);
        let payments = cx.studio.store().payments();
        let page = payments
            .list(Some(&cx.caller.workspace), args.cursor.as_deref(), limit)
            .await?;
        Ok(Orders {
            orders: page.items.into_iter().map(view).collect(),
            next_cursor: page.next_cursor,
        })
    }
}

impl Operation for Get {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.order",
        "A purchase",
        Effects::Reads,
        get("/payments/orders/{order_id}"),
    );
    type Args = GetArgs;
    type Output = OrderView;

    async fn run(cx: &Context, args: GetArgs) -> Result<OrderView, Problem> {
        find(cx, &args.order_id).await.map(view)
    }
}

impl Operation for Receipt {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.receipt",
        "The receipt of a purchase",
        Effects::Reads,
        get("/payments/orders/{order_id}/receipt"),
    );
    type Args = ReceiptArgs;
    type Output = Opened;

    async fn run(cx: &Context, args: ReceiptArgs) -> Result<Opened, Problem> {
        let order = find(cx, &args.order_id).await?;
        let url = cx.studio.receipt(&order).await?;
        Ok(Opened { url })
    }
}

async fn find(cx: &Context, id: &OrderId) -> Result<Order, Problem> {
    let found = cx.studio.store().payments().get(&cx.caller.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("order", id).at("order_id"))
}

fn view(order: Order) -> OrderView {
    let currency = order.currency.as_deref().unwrap_or_default();
    let some = |credits: Credits| (!credits.is_zero()).then_some(credits);
    OrderView {
        kind: order.kind.as_str().to_owned(),
        state: order.state.as_str().to_owned(),
        amount: order.amount.map(|amount| Money::new(amount, currency)),
        refunded: (order.refunded > 0).then(|| Money::new(order.refunded, currency)),
        credits_taken_back: some(order.taken.plan_units + order.taken.api),
        credits_missing: some(order.missing.plan_units + order.missing.api),
        is_granted: order.granted_at.is_some(),
        has_receipt: order.paid_at.is_some() && (order.payment.is_some() || order.invoice.is_some()),
        order_id: order.id,
        title: order.title,
        plan: order.plan,
        plan_units: order.plan_units,
        api_credits: order.api_credits,
        created_at: order.created_at,
        paid_at: order.paid_at,
    }
}
