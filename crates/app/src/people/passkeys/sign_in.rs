//! Proving by a passkey who one is: signing in, and once more in a session.

use aquatint_domain::{Code, Problem, UserId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::webauthn::{self, Asserted};
use super::{PasskeyQuestion, Purpose, Waiting};
use crate::people::{NewSession, Throttle, Visitor};
use crate::studio::Studio;

impl Studio {
    /// Asks for any passkey: the authenticator knows whose it is. `browser` is the secret of the browser that asks.
    pub fn ask_to_sign_in(&self, browser: &str) -> Result<PasskeyQuestion, Problem> {
        self.passkey_request(Purpose::SignIn, browser, None, &[])
    }

    /// Signs in with a passkey. It is something one has, unlocked by something one knows or is: no second step follows.
    pub async fn sign_in_with_passkey(
        &self,
        browser: &str,
        kept: &str,
        answer: &Asserted,
        visitor: &Visitor,
    ) -> Result<NewSession, Problem> {
        let subject = blake3::hash(answer.id.as_bytes()).to_hex();
        let limits = Throttle::on_account(&format!("passkey {subject}"), &visitor.address);
        self.throttle().check(&limits, self.now())?;
        let waiting = self.waiting_for(Purpose::SignIn, browser, kept)?;
        let user = match self.proved_by(&waiting, answer).await? {
            Some(owner) => self.store().users().get(&owner).await?,
            None => None,
        };
        let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
            self.throttle().count(&limits, self.now());
            // One sentence for every cause: which credentials are known is nobody's business.
            return Err(
                Problem::new(Code::Unauthorized, "That passkey is not one for this studio.")
                    .hint("Sign in another way, then add a passkey under Settings."),
            );
        };
        self.throttle().forgive(&limits);
        self.open_session(&user, visitor).await
    }

    /// Asks for a passkey of one person.
    pub(in crate::people) async fn ask_of(
        &self,
        purpose: Purpose,
        user: &UserId,
        bound: &str,
    ) -> Result<PasskeyQuestion, Problem> {
        let known = self.store().passkeys().list(user).await?;
        self.passkey_request(purpose, bound, Some(user.clone()), &known)
    }

    /// Whether it is the answer to a question to that person.
    pub(in crate::people) async fn is_answered(
        &self,
        purpose: Purpose,
        user: &UserId,
        bound: &str,
        kept: &str,
        answer: &Asserted,
    ) -> Result<bool, Problem> {
        let waiting = self.waiting_for(purpose, bound, kept)?;
        Ok(waiting.user.as_ref() == Some(user) && self.proved_by(&waiting, answer).await?.as_ref() == Some(user))
    }

    /// The one person whom an answer proves, if it proves anybody. The question is used up by that.
    async fn proved_by(&self, waiting: &Waiting, answer: &Asserted) -> Result<Option<UserId>, Problem> {
        let refused = |why: &str| {
            tracing::info!(why, "a passkey was refused");
            Ok(None)
        };
        let party = self.relying_party()?;
        let Some(passkey) = self.store().passkeys().by_credential(&answer.id).await? else {
            return refused("the credential is not known");
        };
        // The authenticator remembers its person; without a name beforehand it must say so (section 7.2, step 6).
        let handle = URL_SAFE_NO_PAD.encode(passkey.user.as_str());
        match &answer.response.user_handle {
            Some(told) if *told != handle => return refused("the passkey is another person's"),
            None if waiting.user.is_none() => return refused("the authenticator does not say whose it is"),
            _ => {}
        }
        let key = webauthn::decoded(&passkey.public_key).map_err(Problem::internal)?;
        let state = match webauthn::asserted(&party, &waiting.challenge, answer, &key) {
            Ok(state) => state,
            Err(why) => return refused(why),
        };
        if state.is_backup_eligible != passkey.is_backup_eligible {
            return refused("whether it may be copied has changed");
        }
        if !self.use_up(waiting).await? {
            return refused("the answer came before");
        }
        // A counter that does not grow may mean a copy, or two devices in step. The specification leaves it to the server
        // (section 6.1.1); who owns the passkey must not be locked out, so it is only noted.
        let is_counting = state.sign_count != 0 || passkey.sign_count != 0;
        if is_counting && state.sign_count <= passkey.sign_count {
            tracing::warn!(passkey = %passkey.id, user = %passkey.user, before = passkey.sign_count, now = state.sign_count,
                "the counter of a passkey has not grown: it may have been copied");
        }
        self.store()
            .passkeys()
            .used(&passkey.id, state.sign_count, state.is_backed_up, self.now())
            .await?;
        Ok(Some(passkey.user))
    }
}
