//! What the root secret is for: URLs that expire (HMAC-SHA256 over length-prefixed fields), secrets that are
//! derived and not stored, and values that are sealed before they are stored. A key id lets the root
//! secret be rotated without breaking what is still out.

use std::path::Path;
use std::time::Duration;

use aquatint_domain::{AssetId, Code, Problem, Timestamp, WorkspaceId};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, Payload};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SECRET_BYTES: usize = 32;
const SECRET_FILE: &str = "secret";

/// Signs and verifies media URLs.
pub struct Signer {
    /// (key id, key), the newest first; all of them verify, the first signs.
    keys: Vec<(String, [u8; 32])>,
    /// For sealing and deriving, in the same order.
    inner: Vec<[u8; 32]>,
}

/// What a signed media URL lets its holder see.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaGrant {
    pub workspace: WorkspaceId,
    pub asset: AssetId,
    /// `full`, or the long side of a rendition: `256`, `768`, `1024`.
    pub variant: String,
    pub expires_at: Timestamp,
}

impl Signer {
    /// From the configured secret, or from the data folder, where one is made at the first start.
    /// The file holds one base64 secret a line, the newest first; old lines still verify.
    pub fn open(configured: Option<&str>, data: &Path) -> Result<Self, Problem> {
        if let Some(text) = configured {
            return Self::from_lines(text).map_err(|problem| problem.at("secret"));
        }
        let path = data.join(SECRET_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Self::from_lines(&text).map_err(|problem| problem.hint(format!("The file is {}.", path.display())))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut secret = [0u8; SECRET_BYTES];
                getrandom::fill(&mut secret).expect("the operating system gives random bytes");
                match write_private(&path, &format!("{}\n", STANDARD.encode(secret))) {
                    // Another process that started at the same moment made it first.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::open(None, data),
                    Err(error) => Err(unusable(&path, &error)),
                    Ok(()) => Ok(Self {
                        keys: vec![derive(&secret)],
                        inner: vec![derive_inner(&secret)],
                    }),
                }
            }
            Err(error) => Err(unusable(&path, &error)),
        }
    }

    fn from_lines(text: &str) -> Result<Self, Problem> {
        let (mut keys, mut inner) = (Vec::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let secret = STANDARD.decode(line).ok().filter(|secret| secret.len() >= SECRET_BYTES).ok_or_else(|| {
                Problem::invalid("secret", "The signing secret must be base64 of at least 32 bytes; make one with `openssl rand -base64 32`.")
            })?;
            keys.push(derive(&secret));
            inner.push(derive_inner(&secret));
        }
        if keys.is_empty() {
            return Err(Problem::invalid(
                "secret",
                "The signing secret is empty; make one with `openssl rand -base64 32`.",
            ));
        }
        Ok(Self { keys, inner })
    }

    /// 32 bytes that only this secret gives for `of` in that context.
    pub fn derived(&self, context: &str, of: &[u8]) -> [u8; 32] {
        derived(&self.inner[0], context, of)
    }

    /// The same for every live secret, the newest first.
    pub fn all_derived(&self, context: &str, of: &[u8]) -> Vec<[u8; 32]> {
        self.inner.iter().map(|key| derived(key, context, of)).collect()
    }

    /// Seals a value with XChaCha20-Poly1305; it opens only beside the same `place` (the id of its row).
    pub fn seal(&self, place: &str, value: &[u8]) -> String {
        let mut nonce = [0u8; 24];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let cipher = XChaCha20Poly1305::new(&self.inner[0].into());
        let payload = Payload {
            msg: value,
            aad: place.as_bytes(),
        };
        let sealed = cipher
            .encrypt(&nonce.into(), payload)
            .expect("a small value can be encrypted");
        format!(
            "{}.{}",
            self.keys[0].0,
            URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())
        )
    }

    /// Opens what [`Signer::seal`] gave. `None` when the secret is gone, or the value is not from there.
    pub fn open_sealed(&self, place: &str, sealed: &str) -> Option<Vec<u8>> {
        let (kid, body) = sealed.split_once('.')?;
        let index = self.keys.iter().position(|(known, _)| known == kid)?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let (nonce, body) = body.split_at_checked(24)?;
        let nonce: [u8; 24] = nonce.try_into().ok()?;
        let payload = Payload {
            msg: body,
            aad: place.as_bytes(),
        };
        XChaCha20Poly1305::new(&self.inner[index].into())
            .decrypt(&nonce.into(), payload)
            .ok()
    }

    /// Path and query of a URL for `variant` of an asset, working until `now + ttl`.
    pub fn media_path(
        &self,
        workspace: &WorkspaceId,
        asset: &AssetId,
        variant: &str,
        extension: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> (String, Timestamp) {
        let expires = now
            .as_second()
            .saturating_add(i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2));
        let (kid, key) = &self.keys[0];
        let path = format!("/media/{asset}/{variant}.{extension}");
        let signature = sign(key, kid, &path, expires, workspace);
        let query = format!(
            "w={workspace}&exp={expires}&kid={kid}&sig={}",
            URL_SAFE_NO_PAD.encode(signature)
        );
        (
            format!("{path}?{query}"),
            Timestamp::from_second(expires).unwrap_or(Timestamp::MAX),
        )
    }

    /// Checks a media URL: `path` as it was asked for, `query` without the question mark.
    pub fn verify_media(&self, path: &str, query: &str, now: Timestamp) -> Result<MediaGrant, Problem> {
        let refuse = || {
            Problem::new(Code::Forbidden, "This URL is not one that the studio signed.")
                .hint("Ask for a fresh URL with `assets` `get`.")
        };
        let mut fields = [None; 4];
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').ok_or_else(refuse)?;
            let slot = ["w", "exp", "kid", "sig"]
                .iter()
                .position(|known| *known == name)
                .ok_or_else(refuse)?;
            fields[slot] = Some(value);
        }
        let [Some(workspace), Some(expires), Some(kid), Some(signature)] = fields else {
            return Err(refuse());
        };
        let workspace: WorkspaceId = workspace.parse().map_err(|_| refuse())?;
        let expires: i64 = expires.parse().map_err(|_| refuse())?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refuse())?;
        let (_, key) = self.keys.iter().find(|(known, _)| known == kid).ok_or_else(refuse)?;
        mac(key, kid, path, expires, &workspace)
            .verify_slice(&signature)
            .map_err(|_| refuse())?;
        if now.as_second() >= expires {
            return Err(Problem::new(Code::Expired, "This URL is past its time.")
                .hint("Ask for a fresh URL with `assets` `get`."));
        }
        let (asset, file) = path
            .strip_prefix("/media/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(refuse)?;
        let variant = file.split('.').next().unwrap_or_default().to_owned();
        Ok(MediaGrant {
            workspace,
            asset: asset.parse().map_err(|_| refuse())?,
            variant,
            expires_at: Timestamp::from_second(expires).unwrap_or(Timestamp::MAX),
        })
    }
}

fn derive_inner(secret: &[u8]) -> [u8; 32] {
    blake3::derive_key("aquatint 2026-11 sealed and derived values", secret)
}

fn derived(key: &[u8; 32], context: &str, of: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for field in [context.as_bytes(), of] {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field);
    }
    mac.finalize().into_bytes().into()
}

fn derive(secret: &[u8]) -> (String, [u8; 32]) {
    let key = blake3::derive_key("aquatint 2026-11 signed media URLs", secret);
    let id = blake3::derive_key("aquatint 2026-11 signing key id", secret);
    (URL_SAFE_NO_PAD.encode(&id[..6]), key)
}

fn mac(key: &[u8; 32], kid: &str, path: &str, expires: i64, workspace: &WorkspaceId) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for field in ["v1", kid, "GET", path, &expires.to_string(), workspace.as_str()] {
        mac.update(&(field.len() as u64).to_be_bytes());
        mac.update(field.as_bytes());
    }
    mac
}

fn sign(key: &[u8; 32], kid: &str, path: &str, expires: i64, workspace: &WorkspaceId) -> Vec<u8> {
    mac(key, kid, path, expires, workspace).finalize().into_bytes().to_vec()
}

/// Creates a file that only its owner can read; fails if it exists.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn unusable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        Code::Unavailable,
        format!("The secret file {} cannot be used: {error}.", path.display()),
    )
    .hint("Check that the data folder belongs to the user that runs the studio.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_url_works_until_its_time_and_only_as_it_was_signed() {
        let signer = Signer::from_lines(&STANDARD.encode([7u8; 32])).expect("a good secret");
        let (workspace, asset) = (WorkspaceId::generate(at(0)), AssetId::generate(at(0)));
        let (url, expires_at) =
            signer.media_path(&workspace, &asset, "full", "png", at(1_000), Duration::from_secs(60));
        assert_eq!(expires_at, at(1_060));
        let (path, query) = url.split_once('?').expect("a query");
        let grant = signer.verify_media(path, query, at(1_059)).expect("still good");
        assert_eq!(
            (grant.asset, grant.workspace, grant.variant.as_str()),
            (asset, workspace, "full")
        );
        assert_eq!(
            signer.verify_media(path, query, at(1_060)).expect_err("late").code,
            Code::Expired
        );
        for (path, query) in [
            (path.replace("full", "256"), query.to_owned()),
            (path.to_owned(), query.replace("exp=1060", "exp=9060")),
            (path.to_owned(), query.replace("w=wsp_", "w=wsp_x")),
            (path.to_owned(), format!("{query}&extra=1")),
            (path.to_owned(), String::new()),
        ] {
            assert_eq!(
                signer
                    .verify_media(&path, &query, at(1_001))
                    .expect_err("tampered")
                    .code,
                Code::Forbidden
            );
        }
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_with_its_secret() {
        let (old, new) = (STANDARD.encode([1u8; 32]), STANDARD.encode([2u8; 32]));
        let before = Signer::from_lines(&old).expect("good");
        let sealed = before.seal("usr_1", b"a secret");
        assert!(!sealed.contains("secret"));
        assert_ne!(sealed, before.seal("usr_1", b"a secret"));
        let after = Signer::from_lines(&format!("{new}\n{old}")).expect("good");
        assert_eq!(after.open_sealed("usr_1", &sealed).as_deref(), Some(&b"a secret"[..]));
        assert_eq!(after.open_sealed("usr_2", &sealed), None);
        assert_eq!(
            Signer::from_lines(&new).expect("good").open_sealed("usr_1", &sealed),
            None
        );
        for wrong in ["", "x.y", &sealed[..20], &format!("{sealed}AA")] {
            assert_eq!(after.open_sealed("usr_1", wrong), None, "{wrong}");
        }
        assert_eq!(after.all_derived("a", b"b")[1], before.derived("a", b"b"));
        assert_ne!(before.derived("a", b"b"), before.derived("ab", b""));
    }

    #[test]
    fn an_old_secret_still_verifies_after_rotation() {
        let (old, new) = (STANDARD.encode([1u8; 32]), STANDARD.encode([2u8; 32]));
        let before = Signer::from_lines(&old).expect("good");
        let after = Signer::from_lines(&format!("{new}\n{old}\n")).expect("good");
        let (url, _) = before.media_path(
            &WorkspaceId::generate(at(0)),
            &AssetId::generate(at(0)),
            "256",
            "webp",
            at(0),
            Duration::from_secs(9),
        );
        let (path, query) = url.split_once('?').expect("a query");
        assert!(after.verify_media(path, query, at(1)).is_ok());
        assert!(
            Signer::from_lines(&new)
                .expect("good")
                .verify_media(path, query, at(1))
                .is_err()
        );
        assert!(Signer::from_lines("short").is_err());
    }
}
