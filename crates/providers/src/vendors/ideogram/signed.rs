//! Ideogram's webhooks: <https://developer.ideogram.ai/ideogram-api/webhooks> (read 2026-11-21).
//!
//! A delivery is signed with Ed25519 over the generation's id, the user's id, the time in seconds since 1970 and the
//! SHA-256 of the body in hex, a line each without one at the end. The public keys stand at `/v1/.well-known/jwks.json`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::fault::Fault;
use crate::webhook::{Delivery, check_age, from_hex, not_theirs};

/// The key set (RFC 7517); of each key only what Ed25519 needs (RFC 8037).
#[derive(Deserialize)]
pub(super) struct Keys {
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    kid: String,
    crv: String,
    x: String,
}

/// The id of the generation that a delivery is about, if it is Ideogram's and of now.
pub(super) fn verify(delivery: &Delivery, keys: &Keys) -> Result<String, Fault> {
    let header = |name: &str| {
        delivery
            .header(&format!("x-ideogram-webhook-{name}"))
            .ok_or_else(|| not_theirs("a header of the signature is missing"))
    };
    let (generation, user, sent_at) = (header("generation-id")?, header("user-id")?, header("timestamp")?);
    let (key, signature) = (header("key-id")?, header("signature")?);
    check_age(sent_at, delivery.received_at)?;
    let key = keys
        .keys
        .iter()
        .find(|known| known.kid == key && known.crv == "Ed25519")
        .and_then(|known| URL_SAFE_NO_PAD.decode(&known.x).ok())
        .ok_or_else(|| not_theirs("the signature is by a key that is not Ideogram's"))?;
    let signature = from_hex(signature).ok_or_else(|| not_theirs("the signature cannot be read"))?;
    let hash: String = Sha256::digest(&delivery.body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let message = format!("{generation}\n{user}\n{sent_at}\n{hash}");
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message.as_bytes(), &signature)
        .map_err(|_| not_theirs("the signature does not fit"))?;
    Ok(generation.to_owned())
}
