//! Balances.

use aquatint_domain::{Balance, Credits, Problem, Scope};
use aquatint_store::Funds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct CreditsBalance;

/// The credit balances and the plan of the workspace.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FundsView {
    /// What can be spent now.
    pub available: Credits,
    /// Reserved by jobs that have not ended.
    pub held: Credits,
    /// Spent so far.
    pub spent: Credits,
}

impl From<Funds> for FundsView {
    fn from(funds: Funds) -> Self {
        Self {
            available: funds.available,
            held: funds.held,
            spent: funds.spent,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// What these credentials can spend now; absent where the plan has no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Credits>,
    /// Which balance these credentials spend.
    pub spends_from: Balance,
    pub plan: String,
    /// The plan meters and never refuses.
    pub unlimited: bool,
    pub plan_units: FundsView,
    pub api: FundsView,
    /// Where to get more.
    pub credits_url: String,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let own = match self.spends_from {
            Balance::PlanUnits => &self.plan_units,
            Balance::Api => &self.api,
        };
        let text = if self.unlimited {
            format!(
                "Plan {}: no limit; {} credits spent so far from the {} balance, {} held.",
                self.plan, own.spent, self.spends_from, own.held
            )
        } else {
            format!(
                "Plan {}: {} credits available ({} balance), {} held. More: {}",
                self.plan, own.available, self.spends_from, own.held, self.credits_url
            )
        };
        Description {
            text,
            ..Description::default()
        }
    }
}

impl Operation for CreditsBalance {
    const SPEC: Spec = Spec::new(
        "account.credits",
        "Check credits",
        Scope::AccountRead,
        Effects::Reads,
        get("/account/credits"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        let balances = cx.studio.store().ledger().balances(&cx.caller.workspace).await?;
        let (plan, _) = cx.studio.plan_of(&cx.caller.workspace).await?;
        let own = match cx.caller.balance {
            Balance::PlanUnits => &balances.plan_units,
            Balance::Api => &balances.api,
        };
        Ok(Output {
            balance: (!balances.may_overdraw).then_some(own.available),
            spends_from: cx.caller.balance,
            plan,
            unlimited: balances.may_overdraw,
            plan_units: balances.plan_units.into(),
            api: balances.api.into(),
            credits_url: cx.studio.credits_page(),
        })
    }
}
