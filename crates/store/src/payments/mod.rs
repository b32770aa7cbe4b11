//! What workspaces buy. A payment provider tells of it by events that come late, twice, at once and in any order; so an event is
//! written down with its effect in one transaction, and effects hang on the order itself: it is granted once, and what
//! is refunded is taken back once.

mod facts;
mod orders;
mod rows;
mod subscriptions;

use std::str::FromStr;

use aquatint_domain::{Credits, OrderId, Problem, Timestamp, UserId, WorkspaceId};
use sea_orm::ConnectionTrait;

pub use facts::{Facts, Recorded, Refund};
pub use subscriptions::{PlanTerms, Standing, Subscription, SubscriptionFacts, Synced};

use crate::connection::{Connections, execute};

pub struct Payments<'a>(pub(crate) &'a Connections);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$each:meta])* $variant:ident = $word:literal, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[$each])* $variant, )* }

        impl $name {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = Problem;
            fn from_str(word: &str) -> Result<Self, Problem> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    other => Err(Problem::internal(format!("`{other}` is unknown here"))),
                }
            }
        }
    };
}

words! {
    /// What is bought.
    OrderKind {
        /// Credits, once.
        Pack = "pack",
        /// The first period of a plan.
        Plan = "plan",
        /// A later period of a plan.
        Renewal = "renewal",
    }
}

words! {
    /// What became of an order.
    OrderState {
        Pending = "pending",
        Paid = "paid",
        /// The payment did not go through.
        Failed = "failed",
        /// Nobody paid in time.
        Expired = "expired",
        /// Paid, and given back whole.
        Refunded = "refunded",
    }
}

/// An order as it is made. What it will bring is decided now; no event can change it.
#[derive(Clone, Debug)]
pub struct NewOrder {
    pub id: OrderId,
    pub workspace: WorkspaceId,
    pub kind: OrderKind,
    pub title: String,
    /// The provider's id of the price.
    pub price: String,
    pub plan: Option<String>,
    pub plan_units: Credits,
    pub api_credits: Credits,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
}

/// Credits that a refund took back, or would have if they had been there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    pub plan_units: Credits,
    pub api: Credits,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: OrderId,
    pub workspace: WorkspaceId,
    pub kind: OrderKind,
    pub title: String,
    pub price: String,
    pub plan: Option<String>,
    pub plan_units: Credits,
    pub api_credits: Credits,
    pub state: OrderState,
    /// What was paid, in minor units of the currency, once it is known.
    pub amount: Option<i64>,
    /// ISO 4217 in small letters.
    pub currency: Option<String>,
    /// What was given back or is disputed, in minor units…
    pub refunded: i64,
    /// …of this much that was charged.
    pub refunded_of: i64,
    pub taken: TakenBack,
    /// What was spent already when it should have been taken back.
    pub missing: TakenBack,
    /// The provider's ids.
    pub session: Option<String>,
    pub payment: Option<String>,
    pub invoice: Option<String>,
    pub subscription: Option<String>,
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    pub granted_at: Option<Timestamp>,
}

/// An event of the provider, as it is remembered.
#[derive(Clone, Copy, Debug)]
pub struct PaidEvent<'a> {
    pub id: &'a str,
    pub kind: &'a str,
}

/// Writes an event down; `false` when it was there. Of deliveries at the same moment the second waits here for the first.
async fn is_first<C: ConnectionTrait>(tx: &C, event: PaidEvent<'_>, now: Timestamp) -> Result<bool, Problem> {
    let fresh = execute(
        tx,
        "INSERT INTO payment_events (id, kind, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        vec![event.id.into(), event.kind.into(), now.as_millisecond().into()],
    )
    .await?;
    Ok(fresh == 1)
}
