//! Proving once more who one is, before what a stranger at an open browser must not do: adding or removing a way to sign in, and
//! taking the second factor away. Signing in is such a proof too, by whatever way.

use std::time::Duration;

use aquatint_domain::{Code, Problem, SessionId, UserId};

use super::passkeys::{Asserted, PasskeyQuestion, Purpose};
use super::{Throttle, later};
use crate::studio::Studio;

/// How long a proof counts.
const COUNTS: Duration = Duration::from_secs(10 * 60);

/// What one can prove oneself by.
pub enum Proof<'a> {
    Password(&'a str),
    /// A code of the authenticator app, or a recovery code.
    Code(&'a str),
    /// The answer of a passkey, with what was kept of the question.
    Passkey(&'a str, &'a Asserted),
}

impl Studio {
    /// Asks for a passkey as a proof.
    pub async fn ask_to_prove(&self, user: &UserId, session: &SessionId) -> Result<PasskeyQuestion, Problem> {
        self.ask_of(Purpose::Proof, user, session.as_str()).await
    }

    /// Takes a proof; it counts for ten minutes in this session.
    pub async fn prove(
        &self,
        user: &UserId,
        session: &SessionId,
        proof: Proof<'_>,
        address: &str,
    ) -> Result<(), Problem> {
        let person = self.user(user).await?;
        match proof {
            Proof::Password(password) => {
                if !self.password_is_right(&person, password, address).await? {
                    return Err(Problem::invalid("password", "That is not your password."));
                }
            }
            Proof::Code(code) => {
                let limits = Throttle::on_account(&format!("code {user}"), address);
                self.throttle().check(&limits, self.now())?;
                if !self.code_is_right(&person, code).await? {
                    self.throttle().count(&limits, self.now());
                    return Err(Problem::invalid("code", "That code is not right, or was used before."));
                }
                self.throttle().forgive(&limits);
            }
            Proof::Passkey(kept, answer) => {
                let limits = Throttle::on_account(&format!("passkey of {user}"), address);
                self.throttle().check(&limits, self.now())?;
                let bound = session.as_str();
                if !self.is_answered(Purpose::Proof, user, bound, kept, answer).await? {
                    self.throttle().count(&limits, self.now());
                    return Err(Problem::invalid("passkey", "That is not a passkey of yours."));
                }
                self.throttle().forgive(&limits);
            }
        }
        self.store().sessions().proved(session, self.now()).await
    }

    /// Refuses where the person has not proved lately who they are.
    pub(super) async fn check_proved(&self, session: &SessionId) -> Result<(), Problem> {
        let found = self.store().sessions().get(session).await?;
        if found.is_some_and(|session| later(session.proved_at, COUNTS) > self.now()) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, "Prove once more that it is you.")
            .at("proof")
            .hint("Use your password, a passkey or a code of your authenticator app; or sign out, and in again."))
    }
}
