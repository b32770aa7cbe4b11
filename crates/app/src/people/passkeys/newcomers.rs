//! People who come with a passkey instead of a password: the owner by the set-up link, guests by invitation.

use aquatint_domain::{Problem, UserId};
use aquatint_store::{Guest, NewUser};

use super::webauthn::Created;
use super::{Newcomer, PasskeyQuestion, Purpose};
use crate::people::{NewSession, Visitor, email_address, invites, person_name};
use crate::studio::Studio;

impl Studio {
    /// Asks the holder of a set-up link to make a passkey.
    pub async fn ask_to_set_up(
        &self,
        secret: &str,
        newcomer: Newcomer,
        browser: &str,
    ) -> Result<PasskeyQuestion, Problem> {
        if !self.setup_token_works(secret).await? {
            return Err(crate::access::setup_used());
        }
        self.passkey_for(Purpose::SetUp, secret, newcomer, browser)
    }

    /// Makes the owner, who signs in with a passkey.
    pub async fn set_up_with_passkey(
        &self,
        secret: &str,
        browser: &str,
        kept: &str,
        answer: &Created,
        visitor: &Visitor,
    ) -> Result<NewSession, Problem> {
        let new = self
            .newcomer_with_passkey(Purpose::SetUp, secret, browser, kept, answer, visitor)
            .await?;
        let user = self.make_owner(secret, new).await?;
        self.open_session(&user, visitor).await
    }

    /// Asks a guest to make a passkey.
    pub async fn ask_to_join(
        &self,
        secret: &str,
        newcomer: Newcomer,
        browser: &str,
    ) -> Result<PasskeyQuestion, Problem> {
        let invitation = self.invitation(secret).await?.ok_or_else(invites::gone)?;
        let email = email_address(&newcomer.email)?;
        invites::check_addressee(&invitation.invite, &email)?;
        // A passkey that leads nowhere would stay in the person's list.
        if self.store().users().by_email(&email).await?.is_some() {
            return Err(invites::address_taken());
        }
        self.passkey_for(Purpose::Invitation, secret, newcomer, browser)
    }

    /// A guest takes an invitation and becomes a person with a passkey.
    pub async fn join_with_passkey(
        &self,
        secret: &str,
        browser: &str,
        kept: &str,
        answer: &Created,
        visitor: &Visitor,
    ) -> Result<NewSession, Problem> {
        let invitation = self.invitation(secret).await?.ok_or_else(invites::gone)?;
        let new = self
            .newcomer_with_passkey(Purpose::Invitation, secret, browser, kept, answer, visitor)
            .await?;
        let user = self.take(secret, Guest::New(new), &invitation).await?;
        self.open_session(&self.user(&user).await?, visitor).await
    }

    fn passkey_for(
        &self,
        purpose: Purpose,
        secret: &str,
        newcomer: Newcomer,
        browser: &str,
    ) -> Result<PasskeyQuestion, Problem> {
        let newcomer = Newcomer {
            email: email_address(&newcomer.email)?,
            name: person_name(&newcomer.name)?,
        };
        let id = UserId::generate(self.now());
        self.passkey_creation(purpose, &both(browser, secret), id, newcomer, true, &[])
    }

    /// The person that a newcomer's answer makes.
    async fn newcomer_with_passkey(
        &self,
        purpose: Purpose,
        secret: &str,
        browser: &str,
        kept: &str,
        answer: &Created,
        visitor: &Visitor,
    ) -> Result<NewUser, Problem> {
        let waiting = self.waiting_for(purpose, &both(browser, secret), kept)?;
        let passkey = self.made_passkey(&waiting, answer, &visitor.user_agent).await?;
        let (Some(newcomer), Some(id)) = (waiting.newcomer, waiting.user) else {
            return Err(Problem::internal("a question to a newcomer names nobody"));
        };
        let new = self.new_user(&newcomer.email, &newcomer.name, None).await?;
        Ok(NewUser {
            id,
            passkey: Some(passkey),
            ..new
        })
    }
}

/// Bound to a browser and to the link that it holds.
fn both(browser: &str, secret: &str) -> String {
    format!("{browser} {}", blake3::hash(secret.as_bytes()).to_hex())
}
