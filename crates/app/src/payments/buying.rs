//! The way to the provider's pages: an order, the page on which it is paid, the page on which subscriptions are managed.

use std::time::Duration;

use aquatint_domain::{Code, OrderId, Problem, RequestId, UserId, WorkspaceId};
use aquatint_providers::payments::stripe::{NewCheckout, StripePage};
use aquatint_store::{NewOrder, Order, OrderKind};

use super::offers::{Goods, Offer};
use crate::studio::Studio;

/// Orders of a workspace that wait for their payment, begun within [`WINDOW`]. More is a script, or a person who should take a breath.
const WAITING_MAX: u64 = 20;
const WINDOW: Duration = Duration::from_secs(3_600);

/// Where a person goes on to pay.
#[derive(Clone, Debug)]
pub struct Bought {
    pub order: OrderId,
    pub url: String,
}

/// What a look at one configured price came to.
#[derive(Clone, Debug)]
pub struct Checked {
    pub goods: Goods,
    /// The offer and what is wrong with it, or why it cannot be seen.
    pub found: Result<(Offer, Option<&'static str>), Problem>,
}

impl Studio {
    /// Begins an order and gives the provider's page on which it is paid.
    pub async fn buy(&self, workspace: &WorkspaceId, user: &UserId, price: &str) -> Result<Bought, Problem> {
        self.stripe_config()?;
        let goods = self.goods();
        let Some(goods) = goods.iter().find(|goods| goods.price == price) else {
            let known: Vec<&str> = goods.iter().map(|goods| goods.price.as_str()).collect();
            return Err(Problem::invalid(
                "price",
                format!("That is not for sale here; there are: {}.", known.join(", ")),
            ));
        };
        let payments = self.store().payments();
        if goods.plan.is_some()
            && let Some(live) = payments.live_subscription(workspace).await?
        {
            return Err(Problem::new(
                Code::Conflict,
                format!(
                    "This workspace has a subscription already, to the plan `{}`.",
                    live.plan
                ),
            )
            .hint("Change or cancel it under \"Manage subscription\"."));
        }
        let now = self.now();
        if payments.waiting_since(workspace, now - WINDOW).await? >= WAITING_MAX {
            return Err(Problem::new(
                Code::RateLimited,
                "This workspace has begun many orders and paid none of them. Try again in an hour.",
            )
            .retry_after(WINDOW.as_secs()));
        }

        // The order stands before the provider hears of it, so that no payment can come for an order that is not there.
        let order = NewOrder {
            id: OrderId::generate(now),
            workspace: workspace.clone(),
            kind: if goods.plan.is_some() {
                OrderKind::Plan
            } else {
                OrderKind::Pack
            },
            title: goods.title.clone(),
            price: goods.price.clone(),
            plan: goods.plan.clone(),
            plan_units: goods.plan_units,
            api_credits: goods.api_credits,
            created_by: Some(user.clone()),
            created_at: now,
        };
        payments.insert(&order).await?;
        match self.page_for(&order, user).await {
            Ok(page) => {
                payments.attach_session(&order.id, &page.id).await?;
                Ok(Bought {
                    order: order.id,
                    url: page.url,
                })
            }
            Err(problem) => {
                tracing::warn!(?problem, order = %order.id, "the provider made no page for an order");
                payments.give_up(&order.id).await?;
                Err(problem)
            }
        }
    }

    async fn page_for(&self, order: &NewOrder, user: &UserId) -> Result<StripePage, Problem> {
        let email = self.user(user).await?.email;
        let customer = self.store().payments().customer(&order.workspace).await?;
        let back = format!("{}/app/usage?order={}", self.public_url(), order.id);
        let cancel_url = format!("{back}&left=1");
        let mut new = NewCheckout {
            order: order.id.as_str(),
            workspace: order.workspace.as_str(),
            price: &order.price,
            is_subscription: order.kind == OrderKind::Plan,
            customer: customer.as_deref(),
            email: Some(&email),
            success_url: &back,
            cancel_url: &cancel_url,
        };
        let stripe = self.stripe()?;
        match (stripe.create_checkout(&new).await, &customer) {
            // The operator deleted the customer at the provider, or the keys are of another account now.
            (Err(failure), Some(gone))
                if failure.code.as_deref() == Some("resource_missing")
                    && failure.param.as_deref() == Some("customer") =>
            {
                self.store().payments().forget_customer(&order.workspace, gone).await?;
                new.customer = None;
                Ok(stripe.create_checkout(&new).await?)
            }
            (made, _) => Ok(made?),
        }
    }

    /// The provider's page on which a workspace manages its subscription.
    pub async fn billing_portal(&self, workspace: &WorkspaceId) -> Result<String, Problem> {
        let stripe = self.stripe()?;
        let customer = self.store().payments().customer(workspace).await?.ok_or_else(|| {
            Problem::new(
                Code::Conflict,
                "There is nothing to manage yet: this workspace has bought nothing.",
            )
        })?;
        let back = format!("{}/app/usage", self.public_url());
        let key = RequestId::generate(self.now());
        Ok(stripe.create_portal(&customer, &back, key.as_str()).await?.url)
    }

    /// Where the receipt of an order is; asked for when it is wanted, because such links end.
    pub async fn receipt(&self, order: &Order) -> Result<String, Problem> {
        let stripe = self.stripe()?;
        let none = || Problem::new(Code::NotFound, "There is no receipt for this order.");
        let found = match (&order.payment, &order.invoice) {
            (_, Some(invoice)) => stripe.invoice_page(invoice).await?,
            (Some(payment), None) => stripe.receipt(payment).await?,
            (None, None) => return Err(none().hint("There is one once it is paid.")),
        };
        found.ok_or_else(none)
    }

    /// Looks at every configured price at the provider; for the operator.
    pub async fn check_prices(&self) -> Result<Vec<Checked>, Problem> {
        let stripe = self.stripe()?;
        let mut all = Vec::new();
        for goods in self.goods() {
            let found = stripe.price(&goods.price).await.map_err(Problem::from).map(|price| {
                let wrong = match (price.is_active, &goods.plan, &price.every) {
                    (false, ..) => Some("it is not active at Stripe"),
                    (_, Some(_), None) => Some("a plan needs a recurring price, and this one is paid once"),
                    (_, None, Some(_)) => Some("a pack needs a price that is paid once, and this one is recurring"),
                    _ if price.amount.is_none() => Some("it has no fixed amount"),
                    _ => None,
                };
                let offer = Offer {
                    goods: goods.clone(),
                    price: Some(price),
                };
                (offer, wrong)
            });
            all.push(Checked { goods, found });
        }
        Ok(all)
    }
}
