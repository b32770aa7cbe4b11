//! Webhooks as the vendors send them: to the address that came with the order, signed as each documents it.
//!
//! A stand-in remembers the address of every order. [`crate::Running::parcel`] makes the delivery that the vendor would send
//! at a given second, and [`send`] brings it to a server on this machine; a test may change it on the way.

use aquatint_providers::webhook::from_hex;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::Request;
use crate::shop::Shop;
use crate::vendors::replicate;

/// The secret half of the first test vector of RFC 8032, 7.1; the stand-ins of fal and Ideogram publish the other half.
const ED25519_SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
/// Its public half.
pub const ED25519_KEY: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// The name of the key by which Google's tokens are signed here, and its modulus.
pub const RSA_KEY: (&str, &str) = (
    "webhook-key-1",
    "2ohL59oS-tDZoWOL8w6JgXEIaaUVbKIGf4ZOdUtib3zy9cSpOygTNfv7EgP0Qi5-jxrvFBgSWOpLzy4lHJPVPxNlrxWMctbGBIW7bWwZ6EBVcxRadNxUtpywWuoe1wgXojeUUTZZywzeaKIoRH6z_lgpZrQwV8UhlZxRzuWgA9TtIM3U_si6LTjpKGan6ssP0ltQiPOCGydIMLas2iHHBGgHlpATDmVbLMLj_4zyt1PrtFKZIHdaYDUOjWx_xXDPiXdAC7r_chW3ahTggEuKtjWovV3NpSMOD7ppdDGTQd8pPnS4ypseho1oD6C8N7D8o8cNVU0-dU-8QkHxYH2kBw",
);
/// Its secret half, PKCS#1 in base64: made for these tests and used nowhere else.
const RSA_SECRET: &str = include_str!("webhook-test-key.b64");

/// An order that named an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub task: String,
    pub url: String,
    /// The secret that came with it, for vendors that take one.
    pub secret: String,
}

/// A delivery on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Parcel {
    fn new(asked: &Asked, body: &Value) -> Self {
        Self {
            url: asked.url.clone(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: Bytes::from(body.to_string()),
        }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The path and query of its address.
    pub fn path(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.find('/').map_or("/", |at| &rest[at..])
    }

    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

/// The address and the secret that an order names, wherever its vendor has them.
pub(crate) fn address(request: &Request) -> Option<(String, String)> {
    if let Some(encoded) = request.query.strip_prefix("fal_webhook=") {
        return Some((decoded(encoded), String::new()));
    }
    let body = request.json().ok().or_else(|| {
        let parts = request.form().ok()?;
        Some(
            parts
                .iter()
                .filter(|part| part.file_name.is_none())
                .map(|part| (part.name.clone(), json!(part.text())))
                .collect(),
        )
    })?;
    let url = ["webhook", "webhook_url", "callback_url"]
        .iter()
        .find_map(|name| body[*name].as_str())
        .or_else(|| body["webhook_config"]["uris"][0].as_str())?;
    let secret = body["webhook_secret"].as_str().unwrap_or_default();
    Some((url.to_owned(), secret.to_owned()))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.extend(from_hex(&digits).unwrap_or_default());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What that vendor sends of a finished task; `at` is in seconds since 1970. `None` for vendors that send nothing.
pub(crate) fn parcel(vendor: &str, shop: &Shop, asked: &Asked, at: i64) -> Option<Parcel> {
    let is_video = shop.task(&asked.task).is_some_and(|task| task.is_video);
    let file = shop.result_url(is_video);
    Some(match vendor {
        "fal" => {
            let body = json!({ "request_id": asked.task, "gateway_request_id": asked.task, "status": "OK", "payload": { "images": [{ "url": file }] } });
            let parcel = Parcel::new(asked, &body);
            let signature = lines(&asked.task, at, &parcel.body);
            parcel
                .with("x-fal-webhook-request-id", &asked.task)
                .with("x-fal-webhook-user-id", "user-1")
                .with("x-fal-webhook-timestamp", at.to_string())
                .with("x-fal-webhook-signature", signature)
        }
        "ideogram" => {
            let body = json!({ "generation_id": asked.task, "status": "completed" });
            let parcel = Parcel::new(asked, &body);
            let signature = lines(&asked.task, at, &parcel.body);
            parcel
                .with("x-ideogram-webhook-generation-id", &asked.task)
                .with("x-ideogram-webhook-user-id", "user-1")
                .with("x-ideogram-webhook-timestamp", at.to_string())
                .with("x-ideogram-webhook-key-id", "hook-1")
                .with("x-ideogram-webhook-signature", signature)
        }
        "replicate" => {
            let parcel = Parcel::new(asked, &replicate::prediction(shop, &asked.task, "succeeded")?);
            let secret = STANDARD
                .decode(replicate::WEBHOOK_SECRET.trim_start_matches("whsec_"))
                .expect("the secret is base64");
            let mut signed = format!("msg_1.{at}.").into_bytes();
            signed.extend_from_slice(&parcel.body);
            let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &signed);
            parcel
                .with("webhook-id", "msg_1")
                .with("webhook-timestamp", at.to_string())
                .with("webhook-signature", format!("v1,{}", STANDARD.encode(signature)))
        }
        "bfl" => {
            let body = json!({ "id": asked.task, "status": "Ready", "result": { "sample": file, "seed": 7 } });
            let parcel = Parcel::new(asked, &body);
            let signature = hmac::sign(
                &hmac::Key::new(hmac::HMAC_SHA256, asked.secret.as_bytes()),
                &parcel.body,
            );
            parcel.with("x-bfl-signature", format!("sha256={}", hex(signature.as_ref())))
        }
        "luma-dream-machine" => {
            let assets = if is_video {
                json!({ "video": file })
            } else {
                json!({ "image": file })
            };
            Parcel::new(
                asked,
                &json!({ "id": asked.task, "state": "completed", "failure_reason": null, "assets": assets }),
            )
        }
        "google" => {
            let body =
                json!({ "type": "interaction.completed", "data": { "id": format!("interactions/{}", asked.task) } });
            let parcel = Parcel::new(asked, &body);
            let claims = json!({ "iss": "https://generativelanguage.googleapis.com", "aud": asked.url, "iat": at, "exp": at + 300 });
            parcel.with("webhook-signature", token(&claims))
        }
        _ => return None,
    })
}

/// Ed25519 over id, user, time and hash, a line each.
fn lines(task: &str, at: i64, body: &[u8]) -> String {
    let seed = from_hex(ED25519_SEED).expect("the seed is hexadecimal");
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("the seed has 32 bytes");
    let hash = hex(digest::digest(&digest::SHA256, body).as_ref());
    hex(pair.sign(format!("{task}\nuser-1\n{at}\n{hash}").as_bytes()).as_ref())
}

/// A JSON Web Token by RS256.
fn token(claims: &Value) -> String {
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": RSA_KEY.0 });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&head), part(claims));
    let secret = STANDARD.decode(RSA_SECRET.trim()).expect("the key is base64");
    let pair = RsaKeyPair::from_der(&secret).expect("the key is PKCS#1");
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .expect("it signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Brings a delivery to the server on that port of this machine, as a proxy before it would. Gives status and body.
pub async fn send(parcel: &Parcel, port: u16) -> std::io::Result<(u16, String)> {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        parcel.path(),
        parcel.host(),
        parcel.body.len()
    );
    for (name, value) in &parcel.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(head.as_bytes()).await?;
    // Whoever refuses a long body may hang up while it is still sent.
    let _ = stream.write_all(&parcel.body).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    if answer.is_empty() {
        read?;
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}
