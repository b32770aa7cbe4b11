//! Webhooks: what a vendor sends us about a task, and how it is known to be the vendor's.

use std::time::Duration;

use aquatint_domain::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;

use crate::fault::{Fault, FaultKind};
use crate::outcome::Progress;

/// How old, or how far ahead, a signed delivery may be.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What came to the address.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: Bytes,
    pub received_at: Timestamp,
    /// What was told to the vendor with the order ([`crate::order::Webhook`]); most sign with a key of their own.
    pub secret: String,
}

impl Delivery {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a verified delivery says.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The vendor's id of the task.
    pub task: String,
    /// How it stands, where the delivery says it all; it is polled else.
    pub progress: Option<Progress>,
}

/// A delivery that is not the vendor's, or not of now.
pub fn not_theirs(why: &str) -> Fault {
    Fault::new(FaultKind::Forbidden, why)
}

/// Verifies by Standard Webhooks (<https://www.standardwebhooks.com>, 1.0): HMAC-SHA256 over `id.timestamp.body`, with
/// headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. The secret is `whsec_` and base64.
pub fn verify_standard(delivery: &Delivery, secret: &str) -> Result<(), Fault> {
    let header = |name| {
        delivery
            .header(name)
            .ok_or_else(|| not_theirs("a header of the signature is missing"))
    };
    let (id, sent_at, signatures) = (
        header("webhook-id")?,
        header("webhook-timestamp")?,
        header("webhook-signature")?,
    );
    check_age(sent_at, delivery.received_at)?;
    let secret = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
        .map_err(|_| not_theirs("the secret for webhooks cannot be read"))?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| not_theirs("the secret for webhooks is empty"))?;
    mac.update(format!("{id}.{sent_at}.").as_bytes());
    mac.update(&delivery.body);
    let is_theirs = signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|signature| mac.clone().verify_slice(&signature).is_ok());
    if is_theirs {
        Ok(())
    } else {
        Err(not_theirs("the signature does not fit"))
    }
}

/// Verifies `sha256=` and HMAC-SHA256 of the whole body in hexadecimal, by a secret that we told the vendor. No time is
/// signed, so an old delivery passes again.
pub fn verify_body(delivery: &Delivery, header: &str) -> Result<(), Fault> {
    let signature = delivery
        .header(header)
        .and_then(|signature| signature.strip_prefix("sha256="))
        .and_then(from_hex)
        .ok_or_else(|| not_theirs("the signature is missing or cannot be read"))?;
    if delivery.secret.is_empty() {
        return Err(not_theirs("no secret was agreed on"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(delivery.secret.as_bytes())
        .map_err(|_| not_theirs("the secret for webhooks cannot be used"))?;
    mac.update(&delivery.body);
    mac.verify_slice(&signature)
        .map_err(|_| not_theirs("the signature does not fit"))
}

/// Bytes from hexadecimal digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// The `webhook-signature` of what we send ourselves, by the same standard.
pub fn sign_standard(secret: &str, id: &str, sent_at: &str, body: &[u8]) -> Result<String, Fault> {
    let secret = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
        .map_err(|_| not_theirs("the secret for webhooks cannot be read"))?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| not_theirs("the secret for webhooks is empty"))?;
    mac.update(format!("{id}.{sent_at}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// Refuses a delivery that was signed long ago or later than now; `sent_at` is in seconds since 1970.
pub fn check_age(sent_at: &str, now: Timestamp) -> Result<(), Fault> {
    let sent_at: i64 = sent_at
        .trim()
        .parse()
        .map_err(|_| not_theirs("the time of the delivery cannot be read"))?;
    if sent_at.abs_diff(now.as_second()) > TOLERANCE.as_secs() {
        return Err(not_theirs("the delivery is too old, or from the future"));
    }
    Ok(())
}
