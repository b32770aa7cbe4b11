//! What may be bought of one vendor in a day on the server's own account.

use aquatint_domain::{Code, Credits, Problem, Timestamp};
use aquatint_providers::Facts;

use crate::studio::Studio;

const DAY_S: i64 = 86_400;

impl Studio {
    /// Refuses where what was bought today (UTC) and `more` go beyond the operator's budget. What a workspace pays itself is
    /// its own affair.
    pub(crate) async fn check_budget(&self, facts: &Facts, is_own: bool, more: Credits) -> Result<(), Problem> {
        let Some(budget) = self.settings().vendor_daily_budget.filter(|_| !is_own) else {
            return Ok(());
        };
        let now = self.now().as_second();
        let day = Timestamp::from_second(now - now.rem_euclid(DAY_S)).map_err(Problem::internal)?;
        let spent = self.store().purchases().spent_since(facts.id, day).await?;
        if spent + more <= budget {
            return Ok(());
        }
        Err(Problem::new(
            Code::ProviderUnpaid,
            format!("This server buys for {budget} credits a day at {}, and that is used up for today.", facts.name),
        )
        .hint("Choose a model of another vendor with `models` `recommend`, put in a key of the workspace's own, or wait until midnight UTC. The operator sets `vendors.daily_budget`.")
        .retry_after((DAY_S - now.rem_euclid(DAY_S)).unsigned_abs()))
    }
}
