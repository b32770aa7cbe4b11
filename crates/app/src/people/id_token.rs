//! ID tokens (OpenID Connect Core 1.0, section 2; RFC 7515 for the signature): what a provider says of a person, signed.

use aquatint_domain::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature;
use serde::Deserialize;
use serde_json::Value;

/// How far clocks may differ.
const SKEW_S: i64 = 120;

/// What an ID token says.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub iss: String,
    pub sub: String,
    pub aud: Value,
    pub azp: Option<String>,
    pub exp: i64,
    pub nonce: Option<String>,
    pub email: Option<String>,
    pub email_verified: Option<Value>,
    pub name: Option<String>,
}

/// What the claims must fit.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub now: Timestamp,
}

/// The claims of an ID token, checked as OpenID Connect Core, section 3.1.3.7, says: signed by a key of the provider's set `keys`,
/// issued by it, for us, for this request, and not past its time. An error says why not, for the log.
pub(super) fn verified(token: &str, keys: &Value, expected: &Expected<'_>) -> Result<Claims, &'static str> {
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("not three parts");
    };
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "not base64url");
    let header: Value = serde_json::from_slice(&decoded(head)?).map_err(|_| "no header")?;
    let signed = &token[..head.len() + 1 + body.len()];
    let seal = decoded(seal)?;
    let fits = keys["keys"].as_array().into_iter().flatten().any(|key| {
        let is_named = header["kid"].is_null() || key["kid"].is_null() || header["kid"] == key["kid"];
        is_named && is_signed_by(key, &header["alg"], signed.as_bytes(), &seal)
    });
    if !fits {
        return Err("no key of the provider has signed it");
    }
    let claims: Claims = serde_json::from_slice(&decoded(body)?).map_err(|_| "claims are missing")?;
    let audience: Vec<&str> = match &claims.aud {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_for_us = audience.contains(&expected.client_id)
        && (audience.len() == 1 || claims.azp.as_deref() == Some(expected.client_id));
    if claims.iss != expected.issuer || !is_for_us {
        return Err("of another issuer, or for somebody else");
    }
    if claims.exp.saturating_add(SKEW_S) < expected.now.as_second() {
        return Err("past its time");
    }
    if claims.nonce.as_deref() != Some(expected.nonce) || claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err("for another request");
    }
    Ok(claims)
}

/// Whether a key of a JWK set has signed it, by an algorithm that fits the key. `none` and shared secrets are not among them.
fn is_signed_by(key: &Value, algorithm: &Value, signed: &[u8], seal: &[u8]) -> bool {
    if key["alg"].is_string() && key["alg"] != *algorithm || key["use"] == "enc" {
        return false;
    }
    let part = |name: &str| {
        let text = key[name].as_str()?;
        URL_SAFE_NO_PAD.decode(text).ok()
    };
    match (algorithm.as_str(), key["kty"].as_str()) {
        (Some(algorithm @ ("RS256" | "PS256")), Some("RSA")) => {
            let (Some(n), Some(e)) = (part("n"), part("e")) else {
                return false;
            };
            let kind = if algorithm == "RS256" {
                &signature::RSA_PKCS1_2048_8192_SHA256
            } else {
                &signature::RSA_PSS_2048_8192_SHA256
            };
            signature::RsaPublicKeyComponents { n: &n, e: &e }
                .verify(kind, signed, seal)
                .is_ok()
        }
        (Some("ES256"), Some("EC")) if key["crv"] == "P-256" => {
            let (Some(x), Some(y)) = (part("x"), part("y")) else {
                return false;
            };
            let point = [&[4u8][..], &x, &y].concat();
            signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, seal)
                .is_ok()
        }
        (Some("EdDSA"), Some("OKP")) if key["crv"] == "Ed25519" => part("x").is_some_and(|x| {
            signature::UnparsedPublicKey::new(&signature::ED25519, x)
                .verify(signed, seal)
                .is_ok()
        }),
        _ => false,
    }
}
