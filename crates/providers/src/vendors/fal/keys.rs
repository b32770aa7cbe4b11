//! The keys with which fal signs its webhooks, and the check.
//!
//! <https://fal.ai/docs/documentation/model-apis/inference/webhooks>: Ed25519 over four lines (request id, user id,
//! timestamp, SHA-256 of the body in hexadecimal), the signature in hexadecimal, keys as a JSON Web Key Set that may be
//! kept for a day.

use std::collections::BTreeMap;

use aquatint_domain::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{REST, at};
use crate::desk::Desk;
use crate::fault::Fault;
use crate::webhook::{Delivery, check_age, from_hex, not_theirs};

/// Seconds that keys are kept.
const KEPT_S: i64 = 24 * 3_600;
/// Seconds before a signature that fits no kept key makes us ask again: a stranger must not make us ask for each letter.
const AGAIN_AFTER_S: i64 = 300;
/// Keys of a set that are tried.
const MAX_KEYS: usize = 8;

/// Keys by the address that they came from, with the second at which they came.
static KEPT: Mutex<BTreeMap<String, Kept>> = Mutex::new(BTreeMap::new());

#[derive(Clone)]
struct Kept {
    since: i64,
    keys: Vec<Vec<u8>>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<WebKey>,
}

#[derive(Deserialize)]
struct WebKey {
    #[serde(default)]
    x: String,
}

/// Refuses what fal did not sign within the last five minutes.
pub async fn verify(desk: &Desk, delivery: &Delivery) -> Result<(), Fault> {
    let header = |name| {
        delivery
            .header(name)
            .ok_or_else(|| not_theirs("a header of the signature is missing"))
    };
    let request = header("x-fal-webhook-request-id")?;
    let user = header("x-fal-webhook-user-id")?;
    let sent_at = header("x-fal-webhook-timestamp")?;
    let signature =
        from_hex(header("x-fal-webhook-signature")?).ok_or_else(|| not_theirs("the signature cannot be read"))?;
    check_age(sent_at, delivery.received_at)?;
    let digest = hex(&Sha256::digest(&delivery.body));
    let message = format!("{request}\n{user}\n{sent_at}\n{digest}");
    let fits = |keys: &[Vec<u8>]| {
        keys.iter().any(|key| {
            UnparsedPublicKey::new(&ED25519, key)
                .verify(message.as_bytes(), &signature)
                .is_ok()
        })
    };
    let now = delivery.received_at.as_second();
    let kept = KEPT.lock().get(desk.base_url()).cloned();
    if let Some(kept) = kept.filter(|kept| now.abs_diff(kept.since) < KEPT_S.unsigned_abs()) {
        if fits(&kept.keys) {
            return Ok(());
        }
        if now.abs_diff(kept.since) < AGAIN_AFTER_S.unsigned_abs() {
            return Err(not_theirs("the signature does not fit"));
        }
    }
    let keys = fetch(desk, delivery.received_at).await?;
    if fits(&keys) {
        Ok(())
    } else {
        Err(not_theirs("the signature does not fit"))
    }
}

async fn fetch(desk: &Desk, now: Timestamp) -> Result<Vec<Vec<u8>>, Fault> {
    let set: KeySet = desk
        .get(at(desk, REST, "/.well-known/jwks.json"))
        .send()
        .await?
        .read()?;
    let keys: Vec<Vec<u8>> = set
        .keys
        .iter()
        .take(MAX_KEYS)
        .filter_map(|key| URL_SAFE_NO_PAD.decode(&key.x).ok())
        .collect();
    let kept = Kept {
        since: now.as_second(),
        keys: keys.clone(),
    };
    KEPT.lock().insert(desk.base_url().to_owned(), kept);
    Ok(keys)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
