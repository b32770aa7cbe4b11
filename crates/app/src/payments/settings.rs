//! What an operator sets for payments.

use std::time::Duration;

use aquatint_domain::{Balance, Credits, PlanName};
use aquatint_providers::payments::stripe::Config;
use serde::Deserialize;

/// Nothing is sold without `stripe`.
#[derive(Clone, Debug)]
pub struct PaymentSettings {
    pub stripe: Option<Config>,
    pub packs: Vec<CreditPack>,
    pub plan_prices: Vec<PlanPrice>,
    /// How long a plan stays after a period that was not paid.
    pub grace: Duration,
}

impl Default for PaymentSettings {
    fn default() -> Self {
        Self {
            stripe: None,
            packs: Vec::new(),
            plan_prices: Vec::new(),
            grace: Duration::from_secs(7 * 24 * 3_600),
        }
    }
}

/// Credits that are bought once.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreditPack {
    /// The provider's id of a one-time price, such as `price_1Q…`.
    pub price: String,
    /// For people.
    pub title: String,
    pub credits: Credits,
    /// Which balance they go to.
    #[serde(default = "api")]
    pub balance: Balance,
}

/// A plan that is paid for by the period.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPrice {
    /// The provider's id of a recurring price.
    pub price: String,
    pub plan: PlanName,
    /// For people; the plan's name where nothing is said.
    pub title: Option<String>,
    /// How many times a paid period brings the plan's credits: 12 for a price by the year.
    #[serde(default = "once")]
    pub times: u32,
}

fn api() -> Balance {
    Balance::Api
}

fn once() -> u32 {
    1
}
