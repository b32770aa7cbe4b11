//! “Forgot your password?”: a link by mail, for whoever reads the mail of an account. The answer and the work are the same whether
//! there is such an account or not; see [`crate::mail`].

use aquatint_domain::{Code, Problem};

use super::{Limit, Visitor, email_address, network};
use crate::studio::Studio;

/// Letters for one address, and requests from one network, in a quarter of an hour.
const FOR_AN_ADDRESS: u32 = 3;
const FROM_A_NETWORK: u32 = 20;

impl Studio {
    /// Asks for a link to a new password. Nobody learns whether the address belongs to somebody.
    pub async fn ask_for_new_password(&self, email: &str, visitor: &Visitor) -> Result<(), Problem> {
        if !self.sends_mail() {
            return Err(Problem::new(Code::NotFound, "This studio sends no mail.")
                .hint("Ask its operator for a link to a new password."));
        }
        let email = email_address(email)?;
        let from = [Limit {
            subject: format!("forgotten from {}", network(&visitor.address)),
            most: FROM_A_NETWORK,
        }];
        self.throttle().check(&from, self.now())?;
        self.throttle().count(&from, self.now());
        let to = [Limit {
            subject: format!("forgotten by {email}"),
            most: FOR_AN_ADDRESS,
        }];
        // Who asks too often for one address is told the same as ever, and nobody's mailbox is filled.
        if self.throttle().check(&to, self.now()).is_ok() {
            self.throttle().count(&to, self.now());
            self.post_new_password(&email).await?;
        }
        Ok(())
    }
}
