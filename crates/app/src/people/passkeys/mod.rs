//! Passkeys: making them, signing in with them, and looking after them. A question goes to the browser with a sealed copy of what
//! we must remember of it, so that strangers make us keep nothing; an answer is good once, for five minutes, for the
//! purpose and in the browser or session that it was asked for.

mod names;
mod newcomers;
mod own;
mod place;
mod sign_in;
mod webauthn;

use std::time::Duration;

use aquatint_domain::{Code, PasskeyId, Problem, Timestamp, UserId};
use aquatint_store::{NewPasskey, Passkey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::later;
use crate::studio::Studio;
use webauthn::ALGORITHMS;
pub use webauthn::{Asserted, Created};

/// How long a question waits for its answer.
const WAIT: Duration = Duration::from_secs(5 * 60);

/// A question to a browser's authenticator.
#[derive(Serialize, JsonSchema)]
pub struct PasskeyQuestion {
    /// What goes to `navigator.credentials`, as WebAuthn writes it in JSON: `PublicKeyCredentialCreationOptionsJSON` or
    /// `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
    /// Goes back with the answer, as it is.
    pub kept: String,
}

/// What a question is for. An answer to one is never good for another.
#[derive(Clone, Copy)]
pub(in crate::people) enum Purpose {
    SignIn,
    Proof,
    Addition,
    SetUp,
    Invitation,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Proof => "prove",
            Self::Addition => "add",
            Self::SetUp => "set up",
            Self::Invitation => "join",
        }
    }
}

/// Somebody who has no account yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Newcomer {
    pub email: String,
    pub name: String,
}

/// What we must remember of a question; sealed.
#[derive(Serialize, Deserialize)]
struct Waiting {
    /// 256 random bits, in base64url.
    challenge: String,
    until: Timestamp,
    /// For whom a passkey is made, or who is to prove something.
    user: Option<UserId>,
    newcomer: Option<Newcomer>,
}

impl Studio {
    /// `PublicKeyCredentialRequestOptionsJSON`, and what is kept.
    fn passkey_request(
        &self,
        purpose: Purpose,
        bound: &str,
        user: Option<UserId>,
        known: &[Passkey],
    ) -> Result<PasskeyQuestion, Problem> {
        let party = self.relying_party()?;
        let challenge = random();
        let options = json!({
            "challenge": challenge,
            "rpId": party.id,
            "allowCredentials": descriptors(known),
            "userVerification": "required",
            "timeout": WAIT.as_millis() as u64,
        });
        self.passkey_question(purpose, bound, options, challenge, user, None)
    }

    /// `PublicKeyCredentialCreationOptionsJSON`, and what is kept.
    fn passkey_creation(
        &self,
        purpose: Purpose,
        bound: &str,
        id: UserId,
        person: Newcomer,
        is_new: bool,
        known: &[Passkey],
    ) -> Result<PasskeyQuestion, Problem> {
        let party = self.relying_party()?;
        let challenge = random();
        let kinds = ALGORITHMS.map(|algorithm| json!({ "type": "public-key", "alg": algorithm }));
        let options = json!({
            "challenge": challenge,
            "rp": { "id": party.id, "name": "Aquatint" },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(id.as_str()),
                "name": person.email,
                "displayName": person.name,
            },
            "pubKeyCredParams": kinds,
            "excludeCredentials": descriptors(known),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "timeout": WAIT.as_millis() as u64,
        });
        self.passkey_question(purpose, bound, options, challenge, Some(id), is_new.then_some(person))
    }

    fn passkey_question(
        &self,
        purpose: Purpose,
        bound: &str,
        options: Value,
        challenge: String,
        user: Option<UserId>,
        newcomer: Option<Newcomer>,
    ) -> Result<PasskeyQuestion, Problem> {
        let waiting = Waiting {
            challenge,
            until: later(self.now(), WAIT),
            user,
            newcomer,
        };
        let body = serde_json::to_vec(&waiting).map_err(Problem::internal)?;
        Ok(PasskeyQuestion {
            options,
            kept: self.signer().seal(&place(purpose, bound), &body),
        })
    }

    /// Opens what was kept of a question; only for its purpose, where it was asked, in its time.
    fn waiting_for(&self, purpose: Purpose, bound: &str, kept: &str) -> Result<Waiting, Problem> {
        let body = self.signer().open_sealed(&place(purpose, bound), kept);
        let waiting = body.and_then(|body| serde_json::from_slice::<Waiting>(&body).ok());
        waiting.filter(|waiting| waiting.until > self.now()).ok_or_else(again)
    }

    /// Whether a question was not answered before.
    async fn use_up(&self, waiting: &Waiting) -> Result<bool, Problem> {
        let hash: [u8; 32] = Sha256::digest(waiting.challenge.as_bytes()).into();
        self.store().passkeys().use_challenge(&hash, waiting.until).await
    }

    /// Checks a new credential. The question is used up by that.
    async fn made_passkey(&self, waiting: &Waiting, answer: &Created, user_agent: &str) -> Result<NewPasskey, Problem> {
        let party = self.relying_party()?;
        let credential = webauthn::created(&party, &waiting.challenge, answer).map_err(|why| {
            tracing::info!(why, "a new passkey was refused");
            Problem::new(Code::InvalidArgument, "The new passkey could not be verified.")
                .hint("Try again; if it happens again, use another device or a password.")
        })?;
        if !self.use_up(waiting).await? {
            return Err(again());
        }
        let kinds = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];
        let transports = answer.response.transports.iter();
        let mut transports: Vec<String> = transports
            .filter(|kind| kinds.contains(&kind.as_str()))
            .cloned()
            .collect();
        transports.dedup();
        Ok(NewPasskey {
            id: PasskeyId::generate(self.now()),
            credential_id: URL_SAFE_NO_PAD.encode(&credential.id),
            public_key: URL_SAFE_NO_PAD.encode(&credential.public_key),
            name: names::after(&credential.model, user_agent),
            transports,
            sign_count: credential.state.sign_count,
            is_backup_eligible: credential.state.is_backup_eligible,
            is_backed_up: credential.state.is_backed_up,
        })
    }
}

fn place(purpose: Purpose, bound: &str) -> String {
    format!("passkey, to {}: {bound}", purpose.as_str())
}

fn descriptors(known: &[Passkey]) -> Vec<Value> {
    let descriptor = |passkey: &Passkey| json!({ "type": "public-key", "id": passkey.credential_id, "transports": passkey.transports });
    known.iter().map(descriptor).collect()
}

/// A secret for a browser of nobody yet, so that what it asked for is answered there and nowhere else.
pub fn browser_secret() -> String {
    random()
}

/// 256 random bits as text.
fn random() -> String {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

fn again() -> Problem {
    Problem::new(
        Code::Expired,
        "That took too long, or was not asked for in this browser.",
    )
    .hint("Try again.")
}
