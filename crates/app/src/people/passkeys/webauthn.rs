//! What WebAuthn asks of a server (Level 3, sections 7.1 and 7.2, <https://www.w3.org/TR/webauthn-3/>), for keys without
//! attestation: no clock, no database, no network. Reasons to refuse are for the log; people get one sentence for all of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use ring::signature;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Characters of one field of an answer.
const FIELD_MAX_CHARS: usize = 64 * 1024;
/// Bytes of a credential's id (section 5.1 of the specification).
const CREDENTIAL_ID_MAX_BYTES: usize = 1023;
/// RP ID hash, flags, counter.
const HEAD_BYTES: usize = 37;
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// Algorithms that are offered, the favourite first (RFC 9053, RFC 8812): every authenticator knows at least one. RS256 is what
/// older versions of Windows Hello have.
pub(super) const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// Why an answer is not believed.
pub(super) type Why = &'static str;

/// A new passkey as the browser tells of it: `RegistrationResponseJSON`, of which the rest is not needed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Created {
    /// The credential's id, in base64url.
    #[schemars(length(max = 2048))]
    pub id: String,
    /// What the authenticator made.
    pub response: CreatedResponse,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedResponse {
    /// In base64url, as all bytes here.
    #[serde(rename = "clientDataJSON")]
    #[schemars(length(max = 65536))]
    pub client_data: String,
    /// CBOR, in base64url.
    #[schemars(length(max = 65536))]
    pub attestation_object: String,
    /// How the browser reaches the authenticator.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub transports: Vec<String>,
}

/// A proof by a passkey: `AuthenticationResponseJSON`, of which the rest is not needed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Asserted {
    /// The credential's id, in base64url.
    #[schemars(length(max = 2048))]
    pub id: String,
    /// What the authenticator signed.
    pub response: AssertedResponse,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssertedResponse {
    /// In base64url, as all bytes here.
    #[serde(rename = "clientDataJSON")]
    #[schemars(length(max = 65536))]
    pub client_data: String,
    /// What is signed, beside the hash of the client data.
    #[schemars(length(max = 65536))]
    pub authenticator_data: String,
    /// Over both.
    #[schemars(length(max = 8192))]
    pub signature: String,
    /// Whose passkey it is, as the authenticator remembers it.
    #[serde(default)]
    #[schemars(length(max = 2048))]
    pub user_handle: Option<String>,
}

/// For whom passkeys are made: the RP ID, and the one origin whose pages may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelyingParty {
    pub id: String,
    pub origin: String,
}

/// A credential that was just made.
#[derive(Debug)]
pub(super) struct Credential {
    pub id: Vec<u8>,
    /// A COSE key.
    pub public_key: Vec<u8>,
    pub state: State,
    /// The authenticator's model; zeros where it does not tell.
    pub model: [u8; 16],
}

/// What an authenticator says of a credential with every answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State {
    pub sign_count: u32,
    pub is_backup_eligible: bool,
    pub is_backed_up: bool,
}

/// Bytes of an answer.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, Why> {
    if text.len() > FIELD_MAX_CHARS {
        return Err("a field is too long");
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| "a field is not base64url")
}

/// Checks a new credential (section 7.1). Attestation is not asked for, so its statement proves nothing to us and is not read.
pub(super) fn created(party: &RelyingParty, challenge: &str, answer: &Created) -> Result<Credential, Why> {
    check_client_data(
        party,
        "webauthn.create",
        challenge,
        &decoded(&answer.response.client_data)?,
    )?;
    let object = decoded(&answer.response.attestation_object)?;
    let mut rest = object.as_slice();
    let object = item(&mut rest)?;
    if !rest.is_empty() {
        return Err("bytes follow the attestation object");
    }
    let Some(Cbor::Bytes(data)) = member(&object, &Cbor::Text("authData".into()))? else {
        return Err("there is no authenticator data");
    };
    let (state, flags, mut rest) = authenticator_data(party, data)?;
    if flags & HAS_CREDENTIAL == 0 {
        return Err("there is no credential");
    }
    let model = taken(&mut rest, 16)?.try_into().map_err(|_| "cut short")?;
    let length = u16::from_be_bytes(taken(&mut rest, 2)?.try_into().map_err(|_| "cut short")?);
    let id = taken(&mut rest, usize::from(length))?.to_vec();
    if id.is_empty() || id.len() > CREDENTIAL_ID_MAX_BYTES || decoded(&answer.id)? != id {
        return Err("the credential's id is not one, or another");
    }
    let before = rest;
    item(&mut rest)?;
    let public_key = before[..before.len() - rest.len()].to_vec();
    PublicKey::read(&public_key)?;
    if flags & HAS_EXTENSIONS != 0 && !item(&mut rest)?.is_map() {
        return Err("the extensions are not a map");
    }
    if !rest.is_empty() {
        return Err("bytes follow the credential");
    }
    Ok(Credential {
        id,
        public_key,
        state,
        model,
    })
}

/// Checks a proof by a credential whose COSE key is known (section 7.2).
pub(super) fn asserted(
    party: &RelyingParty,
    challenge: &str,
    answer: &Asserted,
    public_key: &[u8],
) -> Result<State, Why> {
    let client_data = decoded(&answer.response.client_data)?;
    check_client_data(party, "webauthn.get", challenge, &client_data)?;
    let mut signed = decoded(&answer.response.authenticator_data)?;
    let (state, ..) = authenticator_data(party, &signed)?;
    signed.extend_from_slice(&Sha256::digest(&client_data));
    if PublicKey::read(public_key)?.has_signed(&signed, &decoded(&answer.response.signature)?) {
        Ok(state)
    } else {
        Err("the signature is wrong")
    }
}

/// What the browser vouches for: the kind of ceremony, the challenge, and which page asked.
fn check_client_data(party: &RelyingParty, kind: &str, challenge: &str, bytes: &[u8]) -> Result<(), Why> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ClientData {
        #[serde(rename = "type")]
        kind: String,
        challenge: String,
        origin: String,
        #[serde(default)]
        cross_origin: bool,
        top_origin: Option<String>,
    }
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| "the client data cannot be read")?;
    if data.kind != kind {
        return Err("it is the answer to another kind of question");
    }
    if data.challenge != challenge {
        return Err("it is the answer to another challenge");
    }
    if data.origin != party.origin {
        return Err("a page of another origin has asked");
    }
    // Nobody may show our pages in a frame.
    if data.cross_origin || data.top_origin.is_some() {
        return Err("a page within another site's has asked");
    }
    Ok(())
}

/// State and flags of authenticator data, and what follows the head.
fn authenticator_data<'a>(party: &RelyingParty, data: &'a [u8]) -> Result<(State, u8, &'a [u8]), Why> {
    let (head, rest) = data.split_at_checked(HEAD_BYTES).ok_or("cut short")?;
    if head[..32] != Sha256::digest(party.id.as_bytes())[..] {
        return Err("it was made for another RP ID");
    }
    let flags = head[32];
    if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
        return Err("the person was not verified");
    }
    let state = State {
        sign_count: u32::from_be_bytes(head[33..].try_into().map_err(|_| "cut short")?),
        is_backup_eligible: flags & BACKUP_ELIGIBLE != 0,
        is_backed_up: flags & BACKED_UP != 0,
    };
    if state.is_backed_up && !state.is_backup_eligible {
        return Err("it is copied and must not be");
    }
    Ok((state, flags, rest))
}

/// The public half of a credential.
#[derive(Debug, PartialEq, Eq)]
enum PublicKey {
    /// A point of P-256, uncompressed.
    Es256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rs256 {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a COSE key (RFC 9052, section 7, and RFC 8230) of an algorithm that was offered.
    fn read(bytes: &[u8]) -> Result<Self, Why> {
        let mut rest = bytes;
        let key = item(&mut rest)?;
        let number = |label: i64| match member(&key, &Cbor::from(label))? {
            Some(Cbor::Integer(number)) => i64::try_from(*number).map_err(|_| "the key cannot be read"),
            _ => Err("the key lacks a part"),
        };
        let part = |label: i64| match member(&key, &Cbor::from(label))? {
            Some(Cbor::Bytes(bytes)) => Ok(bytes.clone()),
            _ => Err("the key lacks a part"),
        };
        match (number(1)?, number(3)?) {
            (2, ES256) if number(-1)? == 1 => {
                let (x, y) = (part(-2)?, part(-3)?);
                if x.len() != 32 || y.len() != 32 {
                    return Err("the key is of another size");
                }
                Ok(Self::Es256([&[4], &x[..], &y[..]].concat()))
            }
            (1, EDDSA) if number(-1)? == 6 => {
                let x = part(-2)?;
                if x.len() != 32 {
                    return Err("the key is of another size");
                }
                Ok(Self::Ed25519(x))
            }
            (3, RS256) => {
                let (modulus, exponent) = (part(-1)?, part(-2)?);
                // 2048 to 8192 bits; the signature's verification is strict about it.
                if !(256..=1024).contains(&modulus.len()) || exponent.len() > 8 {
                    return Err("the key is of another size");
                }
                Ok(Self::Rs256 { modulus, exponent })
            }
            _ => Err("the key is of a kind that was not asked for"),
        }
    }

    fn has_signed(&self, signed: &[u8], seal: &[u8]) -> bool {
        let verified = match self {
            Self::Es256(point) => {
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point).verify(signed, seal)
            }
            Self::Ed25519(key) => signature::UnparsedPublicKey::new(&signature::ED25519, key).verify(signed, seal),
            Self::Rs256 { modulus, exponent } => signature::RsaPublicKeyComponents {
                n: modulus,
                e: exponent,
            }
            .verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, seal),
        };
        verified.is_ok()
    }
}

/// The next CBOR item; `bytes` then begins behind it.
fn item(bytes: &mut &[u8]) -> Result<Cbor, Why> {
    ciborium::de::from_reader_with_recursion_limit(&mut *bytes, 16).map_err(|_| "the CBOR cannot be read")
}

/// A member of a CBOR map, which must not stand there twice.
fn member<'a>(map: &'a Cbor, name: &Cbor) -> Result<Option<&'a Cbor>, Why> {
    let Cbor::Map(members) = map else {
        return Err("there is no map");
    };
    let mut found = members.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err("a member stands twice"),
        (only, None) => Ok(only),
    }
}

fn taken<'a>(bytes: &mut &'a [u8], many: usize) -> Result<&'a [u8], Why> {
    let (first, rest) = bytes.split_at_checked(many).ok_or("cut short")?;
    *bytes = rest;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    const CHALLENGE: &str = "Y2hhbGxlbmdl";

    fn party() -> RelyingParty {
        RelyingParty {
            id: "studio.example.com".into(),
            origin: "https://studio.example.com".into(),
        }
    }

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn cbor(value: &Cbor) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).expect("written");
        bytes
    }

    fn map(members: &[(i64, Cbor)]) -> Cbor {
        Cbor::Map(
            members
                .iter()
                .map(|(label, value)| (Cbor::from(*label), value.clone()))
                .collect(),
        )
    }

    fn ed25519() -> (Ed25519KeyPair, Vec<u8>) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        let public = Cbor::Bytes(pair.public_key().as_ref().to_vec());
        let key = map(&[(1, 1.into()), (3, EDDSA.into()), (-1, 6.into()), (-2, public)]);
        (pair, cbor(&key))
    }

    fn head(flags: u8, count: u32) -> Vec<u8> {
        let hash = Sha256::digest(b"studio.example.com");
        [&hash[..], &[flags], &count.to_be_bytes()].concat()
    }

    fn client_data(kind: &str, change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut data = json!({ "type": kind, "challenge": CHALLENGE, "origin": "https://studio.example.com", "crossOrigin": false });
        change(&mut data);
        data.to_string().into_bytes()
    }

    fn creation(flags: u8, key: &[u8], tail: &[u8], client_data: &[u8]) -> Created {
        let data = [&head(flags, 3)[..], &[9; 16], &[0, 4], b"cred", key, tail].concat();
        let object = Cbor::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Cbor::Map(vec![])),
            ("authData".into(), Cbor::Bytes(data)),
        ]);
        Created {
            id: encoded(b"cred"),
            response: CreatedResponse {
                client_data: encoded(client_data),
                attestation_object: encoded(&cbor(&object)),
                transports: vec![],
            },
        }
    }

    fn assertion(head: &[u8], client_data: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Asserted {
        let signed = [head, &Sha256::digest(client_data)[..]].concat();
        Asserted {
            id: encoded(b"cred"),
            response: AssertedResponse {
                client_data: encoded(client_data),
                authenticator_data: encoded(head),
                signature: encoded(&sign(&signed)),
                user_handle: None,
            },
        }
    }

    #[test]
    fn a_new_credential_is_taken_as_it_should_be_and_no_other() {
        let (_, key) = ed25519();
        let data = client_data("webauthn.create", |_| ());
        let good = created(&party(), CHALLENGE, &creation(0x45, &key, &[], &data)).expect("good");
        assert_eq!(
            (good.id.as_slice(), &good.public_key, good.model),
            (&b"cred"[..], &key, [9; 16])
        );
        let (count, eligible) = (good.state.sign_count, good.state.is_backup_eligible);
        assert_eq!((count, eligible, good.state.is_backed_up), (3, false, false));
        let extended = creation(0xc5, &key, &cbor(&Cbor::Map(vec![])), &data);
        assert!(created(&party(), CHALLENGE, &extended).is_ok());

        let mut other_id = creation(0x45, &key, &[], &data);
        other_id.id = encoded(b"other");
        let mut trailing = creation(0x45, &key, &[], &data);
        trailing.response.attestation_object = {
            let object = decoded(&trailing.response.attestation_object).expect("base64url");
            encoded(&[&object[..], &[0]].concat())
        };
        let unknown = cbor(&map(&[(1, 2.into()), (3, (-35).into()), (-1, 2.into())]));
        for (wrong, answer) in [
            ("id", other_id),
            ("trailing", trailing),
            ("not present", creation(0x44, &key, &[], &data)),
            ("not verified", creation(0x41, &key, &[], &data)),
            ("no credential", creation(0x05, &key, &[], &data)),
            ("copied, not eligible", creation(0x55, &key, &[], &data)),
            ("bytes behind", creation(0x45, &key, &[1], &data)),
            ("no extensions", creation(0xc5, &key, &[], &data)),
            ("extensions no map", creation(0xc5, &key, &[1], &data)),
            ("algorithm", creation(0x45, &unknown, &[], &data)),
            ("key cut", creation(0x45, &key[..20], &[], &data)),
            ("kind", creation(0x45, &key, &[], &client_data("webauthn.get", |_| ()))),
        ] {
            assert!(created(&party(), CHALLENGE, &answer).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proof_is_bound_to_challenge_origin_rp_id_and_key() {
        let (pair, key) = ed25519();
        let sign = |signed: &[u8]| pair.sign(signed).as_ref().to_vec();
        let check = |answer: &Asserted| asserted(&party(), CHALLENGE, answer, &key);
        let good = assertion(&head(0x1d, 9), &client_data("webauthn.get", |_| ()), sign);
        let state = State {
            sign_count: 9,
            is_backup_eligible: true,
            is_backed_up: true,
        };
        assert_eq!(check(&good), Ok(state));

        type Change = fn(&mut serde_json::Value);
        let changes: [(&str, Change); 7] = [
            ("kind", |data| data["type"] = json!("webauthn.create")),
            ("challenge", |data| data["challenge"] = json!("b3RoZXI")),
            ("origin", |data| data["origin"] = json!("https://evil.example.com")),
            ("port", |data| data["origin"] = json!("https://studio.example.com:8443")),
            ("scheme", |data| data["origin"] = json!("http://studio.example.com")),
            ("frame", |data| data["crossOrigin"] = json!(true)),
            ("top origin", |data| {
                data["topOrigin"] = json!("https://evil.example.com")
            }),
        ];
        for (wrong, change) in changes {
            let answer = assertion(&head(0x05, 1), &client_data("webauthn.get", change), sign);
            assert!(check(&answer).is_err(), "{wrong}");
        }
        let data = client_data("webauthn.get", |_| ());
        let mut foreign = head(0x05, 1);
        foreign[0] ^= 1;
        for (wrong, head) in [
            ("RP ID", foreign),
            ("not present", head(0x04, 1)),
            ("not verified", head(0x01, 1)),
            ("copied, not eligible", head(0x15, 1)),
            ("cut", vec![0; 36]),
        ] {
            assert!(check(&assertion(&head, &data, sign)).is_err(), "{wrong}");
        }
        // What was signed is not changed afterwards, not even by what would be as good.
        let mut altered = good.clone();
        altered.response.authenticator_data = encoded(&head(0x1d, 10));
        assert_eq!(check(&altered), Err("the signature is wrong"));
        let mut altered = good.clone();
        altered.response.client_data = encoded(&client_data("webauthn.get", |data| data["more"] = json!(1)));
        assert_eq!(check(&altered), Err("the signature is wrong"));
        for broken in ["", "=", "AA", &"A".repeat(FIELD_MAX_CHARS + 4)] {
            let mut altered = good.clone();
            altered.response.signature = broken.into();
            assert!(check(&altered).is_err());
        }
    }

    #[test]
    fn every_algorithm_that_is_offered_is_verified() {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).expect("a key");
        let point = pair.public_key().as_ref();
        let (x, y) = (Cbor::Bytes(point[1..33].to_vec()), Cbor::Bytes(point[33..].to_vec()));
        let key = cbor(&map(&[
            (1, 2.into()),
            (3, ES256.into()),
            (-1, 1.into()),
            (-2, x.clone()),
            (-3, y.clone()),
        ]));
        let data = client_data("webauthn.get", |_| ());
        let answer = assertion(&head(0x05, 0), &data, |signed| {
            pair.sign(&random, signed).expect("signed").as_ref().to_vec()
        });
        assert!(asserted(&party(), CHALLENGE, &answer, &key).is_ok());
        let (_, other) = ed25519();
        assert!(asserted(&party(), CHALLENGE, &answer, &other).is_err());

        // RFC 8230's shape; that ring verifies RSA is shown where sign-in providers are.
        let modulus = Cbor::Bytes(vec![0xff; 256]);
        let rsa = map(&[
            (1, 3.into()),
            (3, RS256.into()),
            (-1, modulus.clone()),
            (-2, Cbor::Bytes(vec![1, 0, 1])),
        ]);
        assert!(matches!(PublicKey::read(&cbor(&rsa)), Ok(PublicKey::Rs256 { .. })));
        assert!(asserted(&party(), CHALLENGE, &answer, &cbor(&rsa)).is_err());
        for wrong in [
            // A key of one kind under the algorithm of another, a weak one, a part twice, another curve, no map.
            map(&[(1, 2.into()), (3, EDDSA.into()), (-1, 6.into()), (-2, x.clone())]),
            map(&[
                (1, 3.into()),
                (3, RS256.into()),
                (-1, Cbor::Bytes(vec![1; 128])),
                (-2, Cbor::Bytes(vec![3])),
            ]),
            map(&[
                (1, 2.into()),
                (1, 2.into()),
                (3, ES256.into()),
                (-1, 1.into()),
                (-2, x.clone()),
                (-3, y.clone()),
            ]),
            map(&[
                (1, 2.into()),
                (3, ES256.into()),
                (-1, 2.into()),
                (-2, x.clone()),
                (-3, y),
            ]),
            map(&[
                (1, 2.into()),
                (3, ES256.into()),
                (-1, 1.into()),
                (-2, x),
                (-3, Cbor::Bytes(vec![1; 31])),
            ]),
            Cbor::Array(vec![]),
        ] {
            assert!(PublicKey::read(&cbor(&wrong)).is_err(), "{wrong:?}");
        }
    }
}
