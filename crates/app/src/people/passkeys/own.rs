//! One's own passkeys: one more, another name, one less.

use aquatint_domain::{Code, PasskeyId, Problem, SessionId, UserId};
use aquatint_store::{Passkey, Removal, User};

use super::webauthn::Created;
use super::{Newcomer, PasskeyQuestion, Purpose, again, names};
use crate::studio::Studio;

/// Passkeys of one person.
const MOST: usize = 50;

impl Studio {
    /// Asks a signed-in person to make one more passkey.
    pub async fn ask_to_add_passkey(&self, user: &UserId, session: &SessionId) -> Result<PasskeyQuestion, Problem> {
        self.check_proved(session).await?;
        let person = self.user(user).await?;
        let known = self.store().passkeys().list(user).await?;
        if known.len() >= MOST {
            return Err(too_many());
        }
        let newcomer = Newcomer {
            email: person.email,
            name: person.name,
        };
        self.passkey_creation(Purpose::Addition, session.as_str(), person.id, newcomer, false, &known)
    }

    /// Adds the passkey that was made; without a name it is called after its device.
    pub async fn add_passkey(
        &self,
        user: &UserId,
        session: &SessionId,
        kept: &str,
        answer: &Created,
        name: Option<&str>,
    ) -> Result<Passkey, Problem> {
        self.check_proved(session).await?;
        let name = name.map(names::given).transpose()?;
        let waiting = self.waiting_for(Purpose::Addition, session.as_str(), kept)?;
        if waiting.user.as_ref() != Some(user) {
            return Err(again());
        }
        let agent = self.store().sessions().get(session).await?;
        let agent = agent.map(|session| session.user_agent).unwrap_or_default();
        let mut new = self.made_passkey(&waiting, answer, &agent).await?;
        if let Some(name) = name {
            new.name = name;
        }
        if self.store().passkeys().list(user).await?.len() >= MOST {
            return Err(too_many());
        }
        if !self.store().passkeys().add(user, &new, MOST, self.now()).await? {
            return Err(
                Problem::new(Code::Conflict, "This passkey is in use already.").hint("Make it on another device.")
            );
        }
        let added = self.store().passkeys().by_credential(&new.credential_id).await?;
        added.ok_or_else(|| Problem::internal("a new passkey is not there"))
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(&self, user: &UserId, id: &PasskeyId, name: &str) -> Result<(), Problem> {
        if self.store().passkeys().rename(user, id, &names::given(name)?).await? {
            return Ok(());
        }
        Err(not_yours(id))
    }

    /// Takes a passkey away, unless it is the only way in.
    pub async fn remove_passkey(&self, user: &UserId, session: &SessionId, id: &PasskeyId) -> Result<(), Problem> {
        let mine = self.store().passkeys().list(user).await?;
        if !mine.iter().any(|passkey| passkey.id == *id) {
            return Err(not_yours(id));
        }
        self.check_proved(session).await?;
        let person = self.user(user).await?;
        let has_another_way = !person.password_hash.is_empty() || self.is_vouched_for(&person).await?;
        match self.store().passkeys().remove(user, id, has_another_way).await? {
            Removal::Done => Ok(()),
            Removal::Unknown => Err(not_yours(id)),
            Removal::Last => Err(
                Problem::new(Code::Conflict, "This passkey is the only way in that you have.")
                    .hint("Add another passkey or set a password first."),
            ),
        }
    }

    /// Whether a provider that is still configured knows this person.
    async fn is_vouched_for(&self, user: &User) -> Result<bool, Problem> {
        let known = self.store().users().identities(&user.id).await?;
        let settings = self.settings();
        let oidc = settings.oidc.iter().map(|provider| provider.name.clone());
        let github = settings.github.iter().map(|provider| provider.identity());
        Ok(oidc.chain(github).any(|provider| known.contains(&provider)))
    }
}

fn not_yours(id: &PasskeyId) -> Problem {
    Problem::not_found("passkey of yours", id)
}

fn too_many() -> Problem {
    Problem::new(Code::Conflict, format!("One person has at most {MOST} passkeys."))
        .hint("Remove one that you no longer use.")
}
