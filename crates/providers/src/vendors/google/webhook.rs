//! Webhooks of single requests: a JWT in `Webhook-Signature`, signed with RS256 by a key that Google publishes
//! (<https://ai.google.dev/gemini-api/docs/webhooks#verify-dynamic-signatures>).
//!
//! A delivery only says that it is worth asking now: what came of the task is then polled from the vendor itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::desk::Desk;
use crate::fault::Fault;
use crate::webhook::{Delivery, Notice, check_age, not_theirs};

/// Longer tokens than this are not the vendor's.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    kid: Option<String>,
    kty: String,
    n: Option<String>,
    e: Option<String>,
}

pub async fn read(desk: &Desk, delivery: &Delivery) -> Result<Notice, Fault> {
    let token = delivery
        .header("webhook-signature")
        .ok_or_else(|| not_theirs("the signature is missing"))?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(not_theirs("the signature is too long"));
    }
    let (signed, signature) = token
        .rsplit_once('.')
        .ok_or_else(|| not_theirs("the signature is not a token"))?;
    let (header, claims) = signed
        .split_once('.')
        .ok_or_else(|| not_theirs("the signature is not a token"))?;
    let header: Header = part(header)?;
    if header.alg != "RS256" {
        return Err(not_theirs("the signature is of another kind"));
    }
    let published: Keys = desk.get("/.well-known/jwks.json").send().await?.read()?;
    let key = published
        .keys
        .into_iter()
        .find(|key| key.kty == "RSA" && key.kid.as_deref() == Some(header.kid.as_str()))
        .ok_or_else(|| not_theirs("the vendor has no such key"))?;
    let (n, e) = (bytes(&key.n.unwrap_or_default())?, bytes(&key.e.unwrap_or_default())?);
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)?)
        .map_err(|_| not_theirs("the signature does not fit"))?;
    let claims: Value = part(claims)?;
    if claims["exp"]
        .as_i64()
        .is_none_or(|ends| ends < delivery.received_at.as_second())
    {
        return Err(not_theirs("the signature has expired"));
    }
    if let Some(signed_at) = claims["iat"].as_i64() {
        check_age(&signed_at.to_string(), delivery.received_at)?;
    }
    let body: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let named = |event: &Value| {
        ["id", "name"]
            .iter()
            .find_map(|name| event["data"][*name].as_str().map(str::to_owned))
    };
    let task = named(&claims)
        .or_else(|| named(&body))
        .ok_or_else(|| not_theirs("the delivery names no task"))?;
    let task = task.strip_prefix("interactions/").unwrap_or(&task).to_owned();
    Ok(Notice { task, progress: None })
}

fn bytes(text: &str) -> Result<Vec<u8>, Fault> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| not_theirs("the signature cannot be read"))
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_slice(&bytes(text)?).map_err(|_| not_theirs("the signature cannot be read"))
}
