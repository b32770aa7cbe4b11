//! The second factor: codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 s, one step either way) and recovery
//! codes. The shared secret is sealed before it is stored; a code works once.

use aquatint_domain::{Problem, SessionId, UserId};
use aquatint_store::{Totp as Stored, User};
use qrcode::QrCode;
use qrcode::render::svg;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};

use super::{Proof, Throttle};
use crate::mail::Occasion;
use crate::studio::Studio;

/// RFC 4226 asks for 160 bits.
const SECRET_BYTES: usize = 20;
const STEP_S: i64 = 30;
const RECOVERY_CODES: usize = 10;

/// What an authenticator app needs, shown once.
pub struct Enrolment {
    /// Base32, to type in.
    pub secret: String,
    /// `otpauth://…`.
    pub uri: String,
    /// The same as a QR code: an SVG document.
    pub qr_svg: String,
}

impl Studio {
    /// A new secret that waits to be confirmed by a code.
    pub async fn begin_totp(&self, user: &UserId) -> Result<Enrolment, Problem> {
        let person = self.user(user).await?;
        let mut secret = [0u8; SECRET_BYTES];
        getrandom::fill(&mut secret).expect("the operating system gives random bytes");
        let totp = totp(&secret, &person.email)?;
        let uri = totp.to_url().map_err(|error| Problem::internal(error.to_string()))?;
        let qr_svg = QrCode::new(uri.as_bytes())
            .map_err(Problem::internal)?
            .render::<svg::Color<'_>>()
            .min_dimensions(220, 220)
            .build();
        let stored = Stored {
            pending: Some(self.signer().seal(user.as_str(), &secret)),
            ..person.totp
        };
        self.store().users().set_totp(user, &stored).await?;
        Ok(Enrolment {
            secret: totp.secret().to_base32(),
            uri,
            qr_svg,
        })
    }

    /// Confirms the waiting secret by a code; gives recovery codes, shown once.
    pub async fn confirm_totp(&self, user: &UserId, code: &str, address: &str) -> Result<Vec<String>, Problem> {
        let person = self.user(user).await?;
        let limits = Throttle::on_account(&format!("code {user}"), address);
        self.throttle().check(&limits, self.now())?;
        let pending = person
            .totp
            .pending
            .as_deref()
            .ok_or_else(|| Problem::invalid("code", "There is nothing to confirm; begin again."))?;
        let secret = self.opened(user, pending)?;
        let Some(step) = matching_step(&totp(&secret, &person.email)?, code, self.now().as_second()) else {
            self.throttle().count(&limits, self.now());
            return Err(Problem::invalid(
                "code",
                "That code is not right. Check the clock of the device that shows it.",
            ));
        };
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
        let stored = Stored {
            secret: Some(self.signer().seal(user.as_str(), &secret)),
            pending: None,
            last_step: step,
            recovery_codes: codes.iter().map(|code| hash_of(code)).collect(),
        };
        self.store().users().set_totp(user, &stored).await?;
        Ok(codes)
    }

    /// Takes the second factor away; whoever asks proves once more who they are.
    pub async fn disable_totp(
        &self,
        user: &UserId,
        session: &SessionId,
        password: Option<&str>,
        address: &str,
    ) -> Result<(), Problem> {
        if let Some(password) = password {
            self.prove(user, session, Proof::Password(password), address).await?;
        }
        self.check_proved(session).await?;
        let person = self.user(user).await?;
        self.store().users().set_totp(user, &Stored::default()).await?;
        if person.totp.secret.is_some() {
            self.notify(&person, Occasion::SecondStepOff { at: self.now() }).await;
        }
        Ok(())
    }

    /// Whether a code of the app, or a recovery code, is right; it is used up by that.
    pub(super) async fn code_is_right(&self, user: &User, code: &str) -> Result<bool, Problem> {
        let Some(sealed) = &user.totp.secret else {
            return Ok(false);
        };
        let secret = self.opened(&user.id, sealed)?;
        if let Some(step) = matching_step(&totp(&secret, &user.email)?, code, self.now().as_second()) {
            return self.store().users().use_totp_step(&user.id, step).await;
        }
        self.store().users().use_recovery_code(&user.id, &hash_of(code)).await
    }

    fn opened(&self, user: &UserId, sealed: &str) -> Result<Vec<u8>, Problem> {
        self.signer()
            .open_sealed(user.as_str(), sealed)
            .ok_or_else(|| Problem::internal("a second factor was sealed with a secret that is gone"))
    }
}

fn totp(secret: &[u8], email: &str) -> Result<Totp, Problem> {
    Builder::new()
        .with_secret(secret.to_vec())
        // A colon parts issuer and account in the URI.
        .with_account_name(email.replace(':', "_"))
        .with_issuer(Some("Aquatint"))
        .build()
        .map_err(|error| Problem::internal(error.to_string()))
}

/// The time step whose code this is: now, the one before, or the next.
fn matching_step(totp: &Totp, code: &str, now_s: i64) -> Option<i64> {
    let code: String = code.chars().filter(|ch| !ch.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let step = now_s.div_euclid(STEP_S);
    // Every candidate is computed, whichever fits.
    let mut found = None;
    for candidate in [step - 1, step, step + 1] {
        let time = u64::try_from(candidate * STEP_S).unwrap_or_default();
        if totp.generate(time).to_string() == code {
            found = Some(candidate);
        }
    }
    found
}

/// Ten characters of 32 kinds: 50 random bits, in two groups.
fn recovery_code() -> String {
    const KINDS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 10];
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    let text: String = random
        .iter()
        .map(|byte| KINDS[usize::from(byte & 31)] as char)
        .collect();
    format!("{}-{}", &text[..5], &text[5..])
}

fn hash_of(code: &str) -> String {
    let plain: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|ch| ch.to_ascii_lowercase())
        .collect();
    Sha256::digest(plain.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, with the last six of its eight digits.
        let totp = totp(b"12345678901234567890", "a@b.c").expect("built");
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(matching_step(&totp, code, time), Some(time / 30), "{time}");
            assert_eq!(matching_step(&totp, code, time + 30), Some(time / 30));
            assert_eq!(matching_step(&totp, code, time + 61), None);
        }
        for wrong in ["", "28708", "2870822", "28708a", "287083"] {
            assert_eq!(matching_step(&totp, wrong, 59), None, "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_may_be_typed_in_any_form() {
        let code = recovery_code();
        assert_eq!(code.len(), 11);
        assert_eq!(hash_of(&code), hash_of(&code.to_uppercase().replace('-', " ")));
        assert_ne!(hash_of(&code), hash_of(&recovery_code()));
    }
}
