//! Buying credits and plans: what is for sale, the way to the provider's page and back, and what its events come to. All of
//! it is left out where the operator has not switched it on. The provider's calls stand in `aquatint-providers`.

mod buying;
mod events;
mod offers;
mod settings;

use aquatint_domain::{Code, Problem};
use aquatint_providers::payments::stripe::{Config, Stripe};

pub use buying::{Bought, Checked};
pub use events::Delivery;
pub(crate) use offers::Prices;
pub use offers::{Goods, Offer};
pub use settings::{CreditPack, PaymentSettings, PlanPrice};

use crate::studio::Studio;

impl Studio {
    /// Whether the operator has switched payments on.
    pub fn sells(&self) -> bool {
        self.settings().payments.stripe.is_some()
    }

    fn stripe(&self) -> Result<Stripe<'_>, Problem> {
        Ok(Stripe::new(self.fetcher(), self.stripe_config()?))
    }

    fn stripe_config(&self) -> Result<&Config, Problem> {
        self.settings().payments.stripe.as_ref().ok_or_else(|| {
            Problem::new(Code::NotFound, "Payments are not switched on in this studio.")
                .hint("The operator switches them on under [payments]; see docs/payments.md.")
        })
    }

    /// Where a person adds credits: the configured page, else our own where something is sold, else the front page.
    pub fn credits_page(&self) -> String {
        self.buying_page(self.settings().credits_url.as_ref())
    }

    /// Where a person upgrades the plan.
    pub fn upgrade_page(&self) -> String {
        self.buying_page(self.settings().upgrade_url.as_ref())
    }

    fn buying_page(&self, configured: Option<&String>) -> String {
        match configured {
            Some(url) => url.clone(),
            None if self.sells() => format!("{}/app/usage", self.public_url()),
            None => format!("{}/", self.public_url()),
        }
    }
}
