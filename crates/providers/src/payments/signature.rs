//! Whether an event comes from Stripe: the header `Stripe-Signature` holds a time `t` and signatures `v1`, each the HMAC-SHA256 of
//! `t.body` by a signing secret of the endpoint. While a secret is being rolled there are several.
//! <https://docs.stripe.com/webhooks#verify-manually>

use aquatint_domain::{Code, Problem, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Secret;

/// How far the time of an event may be from ours, as Stripe's libraries have it.
const TOLERANCE_S: i64 = 300;
/// Signatures of one event that are looked at; a secret is rolled with two.
const SIGNATURES_MAX: usize = 8;

/// Refuses a body that none of the secrets has signed lately.
pub fn verify(header: &str, body: &[u8], secrets: &[Secret], now: Timestamp) -> Result<(), Problem> {
    let mut time = None;
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    for part in header.split(',').take(4 * SIGNATURES_MAX) {
        match part.trim().split_once('=') {
            // The first one counts: a second could not be what was signed.
            Some(("t", value)) if time.is_none() => time = Some(value),
            Some(("v1", value)) if signatures.len() < SIGNATURES_MAX => signatures.extend(from_hex(value)),
            // Other schemes are no proof: `v0` is for test events only.
            _ => {}
        }
    }
    let time = time.ok_or_else(|| refused("The signature names no time."))?;
    let seconds: i64 = time
        .parse()
        .map_err(|_| refused("The time of the signature is no number."))?;
    let is_signed = secrets.iter().filter(|secret| !secret.is_empty()).any(|secret| {
        signatures.iter().any(|signature| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
                return false;
            };
            mac.update(time.as_bytes());
            mac.update(b".");
            mac.update(body);
            // Compares in constant time.
            mac.verify_slice(signature).is_ok()
        })
    });
    if !is_signed {
        return Err(refused("The signature does not fit the body and our signing secret."));
    }
    if now.as_second().abs_diff(seconds) > TOLERANCE_S.unsigned_abs() {
        return Err(refused("The signature is more than five minutes from our clock."));
    }
    Ok(())
}

fn refused(why: &str) -> Problem {
    Problem::new(Code::MalformedRequest, why)
        .hint("Check `payments.stripe_webhook_secret` and the server's clock; Stripe sends the event again.")
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with `printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test`.
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;
    const AT: i64 = 1_700_000_000;
    const KNOWN: &str = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";

    fn now(seconds: i64) -> Timestamp {
        Timestamp::from_second(AT + seconds).expect("a time")
    }

    #[test]
    fn only_what_a_secret_has_signed_lately_is_believed() {
        let secrets = [Secret::new(""), Secret::new("whsec_old"), Secret::new("whsec_test")];
        let good = format!("t={AT},v1={KNOWN}");
        let other = "0".repeat(64);
        for header in [
            good.clone(),
            format!("t={AT},v1={other},v1={KNOWN},v0={other}"),
            format!("v1={KNOWN}, t={AT}"),
        ] {
            assert!(verify(&header, BODY, &secrets, now(0)).is_ok(), "{header}");
        }
        for seconds in [-300, 300] {
            assert!(verify(&good, BODY, &secrets, now(seconds)).is_ok());
        }
        for seconds in [-301, 301] {
            assert!(verify(&good, BODY, &secrets, now(seconds)).is_err());
        }
        for header in [
            String::new(),
            format!("t={AT}"),
            format!("v1={KNOWN}"),
            format!("t={AT},v0={KNOWN}"),
            format!("t={AT},v1={other}"),
            format!("t={AT},v1={}", &KNOWN[..62]),
            format!("t={AT},v1=é{}", &KNOWN[..62]),
            format!("t={},v1={KNOWN}", AT + 1),
            format!("t={},t={AT},v1={KNOWN}", AT + 1),
            format!("t=soon,v1={KNOWN}"),
        ] {
            assert!(verify(&header, BODY, &secrets, now(0)).is_err(), "{header}");
        }
        assert!(verify(&good, br#"{"id":"evt_2"}"#, &secrets, now(0)).is_err());
        assert!(verify(&good, BODY, &secrets[..2], now(0)).is_err());
        // An empty secret is none: anybody could sign with it.
        assert!(verify(&good, BODY, &[Secret::new("")], now(0)).is_err());
    }
}
