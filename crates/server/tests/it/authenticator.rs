//! An authenticator in a test's hand: it makes and uses a passkey as a device would (WebAuthn Level 3, sections 6 and 7), and can
//! be told to do one thing wrong. Its CBOR is written by hand, byte by byte.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The person is there, and was verified.
pub const VERIFIED: u8 = 0b101;
/// The passkey may be copied, and is.
pub const SYNCED: u8 = 0b1_1000;

/// A device with one passkey.
pub struct Authenticator {
    key: EcdsaKeyPair,
    random: SystemRandom,
    pub id: Vec<u8>,
    pub rp_id: String,
    /// Whose page the browser says has asked.
    pub origin: String,
    pub flags: u8,
    pub count: u32,
    /// Whose passkey it is, in base64url.
    pub handle: Option<String>,
}

pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Authenticator {
    pub fn new(rp_id: &str, origin: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).expect("a key");
        let mut id = vec![0; 20];
        random.fill(&mut id).expect("random bytes");
        Self {
            key,
            random,
            id,
            rp_id: rp_id.into(),
            origin: origin.into(),
            flags: VERIFIED | SYNCED,
            count: 0,
            handle: None,
        }
    }

    /// `navigator.credentials.create`, as JSON.
    pub fn create(&mut self, options: &Value) -> Value {
        assert_eq!(options["rp"]["id"], self.rp_id.as_str(), "a browser would refuse");
        let offers = options["pubKeyCredParams"].as_array().expect("algorithms");
        assert!(offers.iter().any(|offer| offer["alg"] == -7), "{offers:?}");
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let point = self.key.public_key().as_ref();
        let cose = [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat();
        let length = u16::try_from(self.id.len()).expect("short").to_be_bytes();
        let data = [&self.head(0x40)[..], &[0; 16], &length, &self.id, &cose].concat();
        let size = u8::try_from(data.len()).expect("under 256 bytes");
        let object = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"[..],
            &[size],
            &data,
        ]
        .concat();
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&self.client_data("webauthn.create", options)),
                "attestationObject": encoded(&object),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get`, as JSON.
    pub fn get(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let head = self.head(0);
        let signed = [&head[..], &Sha256::digest(&client_data)].concat();
        let signature = self.key.sign(&self.random, &signed).expect("signed");
        let mut response = json!({
            "clientDataJSON": encoded(&client_data),
            "authenticatorData": encoded(&head),
            "signature": encoded(signature.as_ref()),
        });
        if let Some(handle) = &self.handle {
            response["userHandle"] = json!(handle);
        }
        json!({ "id": encoded(&self.id), "type": "public-key", "response": response })
    }

    fn head(&self, more: u8) -> Vec<u8> {
        let rp_id = Sha256::digest(self.rp_id.as_bytes());
        [&rp_id[..], &[self.flags | more], &self.count.to_be_bytes()].concat()
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data =
            json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }
}
