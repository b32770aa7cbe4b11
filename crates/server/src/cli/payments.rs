//! `aquatint payments check|orders`.

use std::process::ExitCode;

use anyhow::Result;
use aquatint_app::Studio;
use aquatint_domain::Problem;
use aquatint_providers::payments::{money, stripe};
use clap::Subcommand;

use super::workspace;
use crate::boot::{self, explain};
use crate::config::Config;

/// Orders that are shown.
const ORDERS: u32 = 100;

#[derive(Subcommand)]
pub(super) enum PaymentsCommand {
    /// Ask Stripe for every configured price, and say what is wrong. Changes nothing
    Check,
    /// List orders, the newest first
    Orders {
        /// Only those of this workspace, by id or name
        #[arg(long)]
        workspace: Option<String>,
    },
}

pub(super) async fn run(config: &Config, command: PaymentsCommand) -> Result<ExitCode> {
    let studio = boot::open(config).await?;
    let outcome = match command {
        PaymentsCommand::Check => check(&studio).await,
        PaymentsCommand::Orders { workspace: named } => orders(&studio, named.as_deref()).await.map(|()| 0),
    };
    studio.close().await;
    Ok(if outcome? == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Says how many things are wrong.
async fn check(studio: &Studio) -> Result<u32> {
    let settings = studio.settings();
    let Some(config) = &settings.payments.stripe else {
        println!("note     payments: not switched on; set payments.provider to stripe (see docs/payments.md)");
        return Ok(0);
    };
    let mut wrong = 0;
    let mut problem = |what: &str, why: &str| {
        wrong += 1;
        println!("PROBLEM  {what}: {why}");
    };
    println!("ok       Stripe: {}, API version {}", config.base_url, stripe::VERSION);
    println!("ok       webhook: {}/webhooks/stripe", studio.public_url());
    if config.base_url != stripe::API {
        println!("note     payments.stripe_url is set: this is not Stripe itself");
    }
    if !studio.public_url().starts_with("https://") {
        println!("note     public_url is not https: Stripe delivers events of live mode to https only");
    }
    let default = &settings.default_plan;
    if !settings.payments.plan_prices.is_empty() && settings.plans.get(default).is_some_and(|plan| !plan.refuses) {
        problem(
            "default_plan",
            &format!("whoever cancels goes back to `{default}`, which never refuses; set one that does, such as free"),
        );
    }
    let checked = studio.check_prices().await.map_err(explain)?;
    if checked.is_empty() {
        problem("offers", "nothing is for sale; add [[credit_packs]] or [[plan_prices]]");
    }
    for one in checked {
        let what = format!("{} ({})", one.goods.title, one.goods.price);
        match one.found {
            Err(found) => problem(&what, &said(&found)),
            Ok((_, Some(why))) => problem(&what, why),
            Ok((offer, None)) => {
                let amount = offer
                    .price
                    .and_then(|price| Some(money(price.amount?, &price.currency)))
                    .unwrap_or_default();
                println!(
                    "ok       {what}: {amount} for {} plan units and {} API credits",
                    offer.goods.plan_units, offer.goods.api_credits
                );
            }
        }
    }
    Ok(wrong)
}

/// What the provider said, for the operator.
fn said(problem: &Problem) -> String {
    match &problem.source {
        Some(source) => format!("{} ({source})", problem.message),
        None => problem.message.clone(),
    }
}

async fn orders(studio: &Studio, named: Option<&str>) -> Result<()> {
    let only = match named {
        Some(_) => Some(workspace(studio, named).await?.id),
        None => None,
    };
    let page = studio
        .store()
        .payments()
        .list(only.as_ref(), None, ORDERS)
        .await
        .map_err(explain)?;
    if page.items.is_empty() {
        eprintln!("there are no orders");
    }
    for order in page.items {
        let currency = order.currency.as_deref().unwrap_or_default();
        let amount = order
            .amount
            .map_or_else(|| "-".into(), |amount| money(amount, currency));
        let back = if order.refunded > 0 {
            format!("  refunded {}", money(order.refunded, currency))
        } else {
            String::new()
        };
        println!(
            "{}  {}  {}  {}  {}  {}  {amount}{back}",
            order.id,
            order.created_at,
            order.workspace,
            order.kind.as_str(),
            order.title,
            order.state.as_str()
        );
    }
    Ok(())
}
