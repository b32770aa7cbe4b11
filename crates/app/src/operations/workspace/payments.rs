//! Buying credits and plans for the workspace: owners and admins, by hand.

use aquatint_domain::{Credits, OrderId, Problem, Role, Timestamp};
use aquatint_providers::payments::{decimals, money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::operation::{Context, Describe, Effects, Operation, Spec, get, post};
use crate::payments::Offer;

pub struct Get;
pub struct Buy;
pub struct Portal;

/// What is for sale, and the subscription of the workspace.
#[derive(Deserialize, JsonSchema)]
pub struct GetArgs {}

/// Begin an order; it is paid on the payment provider's own page.
#[derive(Deserialize, JsonSchema)]
pub struct BuyArgs {
    /// `price` of an offer.
    #[schemars(length(min = 1, max = 255))]
    pub price: String,
}

/// Open the payment provider's page for changing or cancelling the subscription and for payment methods.
#[derive(Deserialize, JsonSchema)]
pub struct PortalArgs {}

#[derive(Serialize, JsonSchema)]
pub struct Shop {
    /// Credits that are bought once.
    pub packs: Vec<OfferView>,
    /// Plans that are paid for by the period.
    pub plans: Vec<OfferView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionView>,
    /// Whether the payment provider knows this workspace, so that there is something to manage.
    pub can_manage: bool,
}

/// An amount of money.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Money {
    /// In the smallest unit of the currency.
    pub minor: i64,
    /// ISO 4217, in small letters.
    pub currency: String,
    /// How many decimals the smallest unit is.
    pub decimals: u32,
    /// For people: `19.99 USD`.
    pub text: String,
}

impl Money {
    pub(super) fn new(minor: i64, currency: &str) -> Self {
        Self {
            minor,
            currency: currency.to_owned(),
            decimals: decimals(currency),
            text: money(minor, currency),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct OfferView {
    /// Names the offer when it is bought.
    pub price: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    pub plan_units: Credits,
    pub api_credits: Credits,
    /// Absent while the payment provider does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// `month` or `3 months`, for a plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct SubscriptionView {
    pub plan: String,
    /// The payment provider's word, such as `active` or `past_due`.
    pub status: String,
    /// When the paid period ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_end: Option<Timestamp>,
    /// When it ends, because it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_at: Option<Timestamp>,
    /// Until when the plan stays although the last payment failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_until: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
pub struct Begun {
    pub order_id: OrderId,
    /// The payment provider's page.
    pub url: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Opened {
    /// The payment provider's page.
    pub url: String,
}

impl Describe for Shop {}
impl Describe for Begun {}
impl Describe for Opened {}

impl Operation for Get {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.get",
        "What is for sale",
        Effects::Reads,
        get("/payments"),
    );
    type Args = GetArgs;
    type Output = Shop;

    async fn run(cx: &Context, _: GetArgs) -> Result<Shop, Problem> {
        let offers = cx.studio.offers().await?;
        let payments = cx.studio.store().payments();
        let subscription = payments.live_subscription(&cx.caller.workspace).await?;
        let (plans, packs): (Vec<OfferView>, Vec<OfferView>) =
            offers.into_iter().map(view).partition(|offer| offer.plan.is_some());
        Ok(Shop {
            packs,
            plans,
            subscription: subscription.map(|found| SubscriptionView {
                plan: found.plan,
                status: found.status,
                period_end: found.period_end,
                cancel_at: found.cancel_at,
                plan_until: found.plan_until,
            }),
            can_manage: payments.customer(&cx.caller.workspace).await?.is_some(),
        })
    }
}

impl Operation for Buy {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.buy",
        "Buy credits or a plan",
        Effects::Writes,
        post("/payments/checkout"),
    );
    type Args = BuyArgs;
    type Output = Begun;

    async fn run(cx: &Context, args: BuyArgs) -> Result<Begun, Problem> {
        let (user, _) = cx.person()?;
        let bought = cx.studio.buy(&cx.caller.workspace, user, &args.price).await?;
        Ok(Begun {
            order_id: bought.order,
            url: bought.url,
        })
    }
}

impl Operation for Portal {
    const SPEC: Spec = by(
        Role::Admin,
        "payments.portal",
        "Manage the subscription",
        Effects::Writes,
        post("/payments/portal"),
    );
    type Args = PortalArgs;
    type Output = Opened;

    async fn run(cx: &Context, _: PortalArgs) -> Result<Opened, Problem> {
        let url = cx.studio.billing_portal(&cx.caller.workspace).await?;
        Ok(Opened { url })
    }
}

fn view(offer: Offer) -> OfferView {
    let Offer { goods, price } = offer;
    let amount = price
        .as_ref()
        .and_then(|price| Some(Money::new(price.amount?, &price.currency)));
    OfferView {
        price: goods.price,
        title: goods.title,
        plan: goods.plan,
        plan_units: goods.plan_units,
        api_credits: goods.api_credits,
        amount,
        every: price.and_then(|price| price.every).map(|(unit, count)| match count {
            1 => unit,
            count => format!("{count} {unit}s"),
        }),
    }
}
