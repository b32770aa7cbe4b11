//! What the provider's events come to. A payment is believed from an event with a good signature and from nothing else; what
//! an order brings was decided when it was made. Events come late, twice, at once and in any order: see `Payments::record`
//! and `Payments::sync` in the store for why that does no harm.

use aquatint_domain::{Code, OrderId, Problem, RequestId};
use aquatint_providers::payments::{Charged, Checkout, Event, Happening, Invoice, read_event, verify};
use aquatint_store::{
    AuditRow, Facts, NewOrder, Order, OrderKind, OrderState, PaidEvent, PlanTerms, Recorded, Refund, Standing,
    SubscriptionFacts, Synced,
};

use super::offers::Goods;
use crate::people::later;
use crate::studio::Studio;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Noted,
    /// It was here before.
    Repeated,
    /// It does not concern us.
    Ignored,
}

impl Studio {
    /// Takes an event as it was delivered. An error asks the provider to send it again.
    pub async fn take_payment_event(&self, signature: Option<&str>, body: &[u8]) -> Result<Delivery, Problem> {
        let config = self.stripe_config()?;
        let signature = signature
            .ok_or_else(|| Problem::new(Code::MalformedRequest, "The header `Stripe-Signature` is missing."))?;
        verify(signature, body, &config.webhook_secrets, self.now())?;
        let event = read_event(body)?;
        let delivery = self.follow(&event).await;
        match &delivery {
            Ok(delivery) => tracing::info!(event = event.id, kind = event.kind, ?delivery, "a payment event"),
            Err(problem) => tracing::warn!(event = event.id, kind = event.kind, ?problem, "a payment event waits"),
        }
        delivery
    }

    async fn follow(&self, event: &Event) -> Result<Delivery, Problem> {
        match &event.happening {
            Happening::CheckoutPaid(checkout) => {
                let facts = Facts {
                    is_paid: true,
                    is_due: !checkout.is_subscription,
                    ..facts_of(checkout)
                };
                let delivery = self.checkout(event, checkout, facts).await?;
                match (&checkout.subscription, delivery) {
                    // Not every endpoint is told of subscriptions by themselves.
                    (Some(subscription), Delivery::Noted | Delivery::Repeated) => {
                        self.subscription(&format!("{}#subscription", event.id), &event.kind, subscription)
                            .await?;
                        Ok(delivery)
                    }
                    _ => Ok(delivery),
                }
            }
            Happening::CheckoutWaits(checkout) => self.checkout(event, checkout, facts_of(checkout)).await,
            Happening::CheckoutFailed(checkout) => self.ended(event, checkout, OrderState::Failed).await,
            Happening::CheckoutExpired(checkout) => self.ended(event, checkout, OrderState::Expired).await,
            Happening::Subscription { id } => self.subscription(&event.id, &event.kind, id).await,
            Happening::InvoicePaid(invoice) => self.invoice_paid(event, invoice).await,
            Happening::InvoiceFailed(invoice) => match &invoice.subscription {
                Some(id) => self.subscription(&event.id, &event.kind, id).await,
                None => Ok(Delivery::Ignored),
            },
            Happening::Refunded(charged) | Happening::Disputed(charged) => self.given_back(event, charged).await,
            Happening::Other => Ok(Delivery::Ignored),
        }
    }

    async fn ended(&self, event: &Event, checkout: &Checkout, state: OrderState) -> Result<Delivery, Problem> {
        let facts = Facts {
            ended: Some(state),
            ..facts_of(checkout)
        };
        self.checkout(event, checkout, facts).await
    }

    async fn checkout(&self, event: &Event, checkout: &Checkout, facts: Facts) -> Result<Delivery, Problem> {
        let Some(order) = self.order_named(checkout.order.as_deref()).await? else {
            return Ok(Delivery::Ignored);
        };
        // A session of somebody else's making does not pay our order, whatever it names.
        if order.session.as_ref().is_some_and(|session| *session != checkout.id) {
            tracing::warn!(order = %order.id, session = checkout.id, "an event names an order with another session");
            return Ok(Delivery::Ignored);
        }
        self.record(event, &order, &facts).await
    }

    /// A paid period brings the plan's credits; a change within a period brings none.
    async fn invoice_paid(&self, event: &Event, invoice: &Invoice) -> Result<Delivery, Problem> {
        let Some(first) = self.order_of_invoice(invoice).await? else {
            return Ok(Delivery::Ignored);
        };
        let facts = Facts {
            is_paid: true,
            is_due: true,
            amount: invoice.amount.clone(),
            invoice: Some(invoice.id.clone()),
            subscription: invoice.subscription.clone(),
            customer: invoice.customer.clone(),
            ..Facts::default()
        };
        if invoice.is_first {
            return self.record(event, &first, &facts).await;
        }
        if !invoice.is_renewal {
            return Ok(Delivery::Ignored);
        }
        // A plan may have been changed at the provider since it was bought.
        let Some(goods) = self.plan_goods(&invoice.prices).or_else(|| self.goods_of(&first)) else {
            tracing::error!(
                invoice = invoice.id,
                prices = ?invoice.prices,
                "a paid invoice is for a plan that is not configured; its credits must be granted by hand"
            );
            return Ok(Delivery::Ignored);
        };
        let now = self.now();
        let new = NewOrder {
            id: OrderId::generate(now),
            workspace: first.workspace.clone(),
            kind: OrderKind::Renewal,
            title: goods.title,
            price: goods.price,
            plan: goods.plan,
            plan_units: goods.plan_units,
            api_credits: goods.api_credits,
            created_by: None,
            created_at: now,
        };
        let recorded = self
            .store()
            .payments()
            .record_renewal(noted(event), &new, &invoice.id, &facts, now)
            .await?;
        Ok(self.told(event, recorded))
    }

    /// The order by which the subscription of an invoice was bought.
    async fn order_of_invoice(&self, invoice: &Invoice) -> Result<Option<Order>, Problem> {
        if let Some(order) = self.order_named(invoice.order.as_deref()).await? {
            return Ok(Some(order));
        }
        let Some(id) = &invoice.subscription else {
            return Ok(None);
        };
        match self.store().payments().subscription(id).await? {
            Some(known) => self.store().payments().of_anybody(&known.order).await,
            None => Ok(None),
        }
    }

    fn goods_of(&self, order: &Order) -> Option<Goods> {
        self.plan_goods(std::slice::from_ref(&order.price))
    }

    async fn given_back(&self, event: &Event, charged: &Charged) -> Result<Delivery, Problem> {
        let Some(order) = self.order_of_charge(charged).await? else {
            return Ok(Delivery::Ignored);
        };
        let facts = Facts {
            refund: Some(Refund {
                amount: charged.amount,
                of: charged.of,
            }),
            payment: charged.payment.clone(),
            ..Facts::default()
        };
        self.record(event, &order, &facts).await
    }

    /// The order that a charge was for: by what we gave along, by the payment, or by the invoice that was paid with it.
    async fn order_of_charge(&self, charged: &Charged) -> Result<Option<Order>, Problem> {
        if let Some(order) = self.order_named(charged.order.as_deref()).await? {
            return Ok(Some(order));
        }
        let Some(payment) = &charged.payment else {
            return Ok(None);
        };
        if let Some(order) = self.store().payments().by_payment(payment).await? {
            return Ok(Some(order));
        }
        match self.stripe()?.invoice_of(payment).await? {
            Some(invoice) => self.store().payments().by_invoice(&invoice).await,
            None => Ok(None),
        }
    }

    /// Asks how a subscription stands, and lets the plan follow.
    async fn subscription(&self, event: &str, kind: &str, id: &str) -> Result<Delivery, Problem> {
        let payments = self.store().payments();
        let ticket = payments.ticket(id).await?;
        let state = self.stripe()?.subscription(id).await?;
        let known = payments.subscription(id).await?;
        let order = match (&state.order, &known) {
            (Some(_), _) => self.order_named(state.order.as_deref()).await?,
            (None, Some(known)) => payments.of_anybody(&known.order).await?,
            (None, None) => None,
        };
        let Some(order) = order else {
            return Ok(Delivery::Ignored);
        };
        let plan = self.plan_goods(&state.prices).and_then(|goods| goods.plan);
        if plan.is_none() {
            tracing::error!(subscription = id, prices = ?state.prices, "a subscription is to a price that is not configured");
        }
        let plan = plan.or(known.map(|known| known.plan)).or(order.plan.clone());
        let Some(plan) = plan.filter(|plan| self.settings().plans.contains_key(plan)) else {
            return Ok(Delivery::Ignored);
        };
        let now = self.now();
        let facts = SubscriptionFacts {
            id: id.to_owned(),
            workspace: order.workspace.clone(),
            order: order.id.clone(),
            plan,
            standing: match state.status.as_str() {
                "active" | "trialing" => Standing::Good,
                "past_due" => Standing::Grace(later(now, self.settings().payments.grace)),
                "incomplete" => Standing::Waiting,
                _ => Standing::Ended,
            },
            status: state.status,
            cancel_at: state.cancel_at,
            period_end: state.period_end,
        };
        let fallback = &self.settings().default_plan;
        let synced = payments
            .sync(
                PaidEvent { id: event, kind },
                ticket,
                &facts,
                &|name| self.terms(name),
                fallback,
                now,
            )
            .await?;
        match synced {
            Synced::Repeated => Ok(Delivery::Repeated),
            Synced::Stale | Synced::Same => Ok(Delivery::Noted),
            Synced::Moved(plan) => {
                self.keys().forget();
                tracing::info!(workspace = %order.workspace, plan, "a workspace moved by its subscription");
                Ok(Delivery::Noted)
            }
        }
    }

    /// Ends the grace of what was not paid.
    pub(crate) async fn end_grace(&self) -> Result<(), Problem> {
        if !self.sells() {
            return Ok(());
        }
        let fallback = &self.settings().default_plan;
        let moved = self
            .store()
            .payments()
            .end_grace(&|name| self.terms(name), fallback, self.now())
            .await?;
        if !moved.is_empty() {
            self.keys().forget();
            tracing::info!(workspaces = ?moved, "plans ended that were not paid for");
        }
        Ok(())
    }

    fn terms(&self, plan: &str) -> Option<PlanTerms> {
        self.settings().plans.get(plan).map(|terms| PlanTerms {
            name: plan.to_owned(),
            may_overdraw: !terms.refuses,
            concurrent_jobs: terms.concurrent_jobs,
        })
    }

    /// An order that an event names. Other shops of the same account name other things.
    async fn order_named(&self, named: Option<&str>) -> Result<Option<Order>, Problem> {
        match named.and_then(|named| named.parse::<OrderId>().ok()) {
            Some(id) => self.store().payments().of_anybody(&id).await,
            None => Ok(None),
        }
    }

    async fn record(&self, event: &Event, order: &Order, facts: &Facts) -> Result<Delivery, Problem> {
        let recorded = self
            .store()
            .payments()
            .record(noted(event), &order.id, facts, self.now())
            .await?;
        Ok(self.told(event, recorded))
    }

    fn told(&self, event: &Event, recorded: Recorded) -> Delivery {
        match recorded {
            Recorded::Repeated => Delivery::Repeated,
            Recorded::Unknown => Delivery::Ignored,
            Recorded::Noted { order, granted } => {
                if !order.missing.plan_units.is_zero() || !order.missing.api.is_zero() {
                    tracing::warn!(order = %order.id, missing = ?order.missing, "refunded credits were spent already");
                }
                self.audit().record(AuditRow {
                    at: self.now(),
                    workspace: Some(order.workspace.clone()),
                    user: None,
                    key: None,
                    request: RequestId::generate(self.now()),
                    action: format!("payments.{}", event.kind),
                    outcome: if granted { "granted" } else { "ok" }.to_owned(),
                    address: None,
                    target: Some(order.id.to_string()),
                });
                Delivery::Noted
            }
        }
    }
}

fn noted(event: &Event) -> PaidEvent<'_> {
    PaidEvent {
        id: &event.id,
        kind: &event.kind,
    }
}

fn facts_of(checkout: &Checkout) -> Facts {
    Facts {
        amount: checkout.amount.clone(),
        payment: checkout.payment.clone(),
        invoice: checkout.invoice.clone(),
        subscription: checkout.subscription.clone(),
        customer: checkout.customer.clone(),
        ..Facts::default()
    }
}
