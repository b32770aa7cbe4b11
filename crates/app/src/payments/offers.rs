//! What is for sale: the operator's list, with amounts as the provider has them.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Credits, Problem, Timestamp, text};
use aquatint_providers::payments::stripe::Price;
use futures::future::join_all;
use parking_lot::Mutex;

use crate::studio::Studio;

/// How long an amount is believed, in seconds.
const PRICE_AGE_S: i64 = 600;
/// How long the page waits for amounts; without them it shows the rest.
const PATIENCE: Duration = Duration::from_secs(6);

/// Amounts that were asked for lately, by the provider's id.
#[derive(Default)]
pub(crate) struct Prices(Mutex<HashMap<String, (Timestamp, Price)>>);

/// What an offer brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Goods {
    pub title: String,
    /// The provider's id of the price.
    pub price: String,
    /// Set for a plan.
    pub plan: Option<String>,
    pub plan_units: Credits,
    pub api_credits: Credits,
}

/// Goods with their amount, where the provider has told it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub goods: Goods,
    pub price: Option<Price>,
}

impl Studio {
    /// Everything for sale in the operator's order, packs first.
    pub(crate) fn goods(&self) -> Vec<Goods> {
        let payments = &self.settings().payments;
        let packs = payments.packs.iter().map(|pack| {
            let credits = |balance| {
                if pack.balance == balance {
                    pack.credits
                } else {
                    Credits::ZERO
                }
            };
            Goods {
                title: text::one_line(&pack.title, 80),
                price: pack.price.clone(),
                plan: None,
                plan_units: credits(aquatint_domain::Balance::PlanUnits),
                api_credits: credits(aquatint_domain::Balance::Api),
            }
        });
        let plans = payments.plan_prices.iter().filter_map(|offer| {
            let plan = self.settings().plans.get(&offer.plan)?;
            let times = i64::from(offer.times);
            Some(Goods {
                title: text::one_line(offer.title.as_deref().unwrap_or(&offer.plan), 80),
                price: offer.price.clone(),
                plan: Some(offer.plan.clone()),
                plan_units: plan.plan_units.times(times),
                api_credits: plan.api_credits.times(times),
            })
        });
        packs.chain(plans).collect()
    }

    /// The plan that one of these prices is for.
    pub(crate) fn plan_goods(&self, prices: &[String]) -> Option<Goods> {
        self.goods()
            .into_iter()
            .find(|goods| goods.plan.is_some() && prices.contains(&goods.price))
    }

    /// What is for sale with its amounts. A provider that does not answer in time costs the amounts, not the page.
    pub async fn offers(&self) -> Result<Vec<Offer>, Problem> {
        self.stripe_config()?;
        let goods = self.goods();
        let prices = join_all(goods.iter().map(|goods| async {
            match tokio::time::timeout(PATIENCE, self.price(&goods.price)).await {
                Ok(Ok(price)) => Some(price),
                Ok(Err(problem)) => {
                    tracing::warn!(?problem, price = goods.price, "the amount of a price is not known");
                    None
                }
                Err(_) => None,
            }
        }))
        .await;
        Ok(goods
            .into_iter()
            .zip(prices)
            .map(|(goods, price)| Offer { goods, price })
            .collect())
    }

    /// A price as the provider has it, asked for again after a while.
    async fn price(&self, id: &str) -> Result<Price, Problem> {
        let now = self.now();
        if let Some((at, price)) = self.prices().0.lock().get(id)
            && now.as_second() - at.as_second() < PRICE_AGE_S
        {
            return Ok(price.clone());
        }
        let price = self.stripe()?.price(id).await?;
        self.prices().0.lock().insert(id.to_owned(), (now, price.clone()));
        Ok(price)
    }
}
