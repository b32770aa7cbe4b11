//! Secrets that we hand out: `aqt_<kind>_` + 43 base62 characters (256 random bits) + 6 base62
//! characters of CRC-32, so that a scanner and a typo check need no database. Only the SHA-256 of a
//! secret is stored.

use aquatint_domain::{Code, Problem};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_LEN: usize = 43;
const CHECK_LEN: usize = 6;

/// What a secret is for. A secret of one kind never serves as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// An API key.
    Key,
    /// A one-time upload.
    Upload,
    /// The one-time set-up link.
    Setup,
    /// A signed-in browser.
    Session,
    /// A link or form that works once: a new password, the second step of signing in, a waiting consent.
    Ticket,
    /// An invitation into a workspace.
    Invite,
    /// An OAuth authorization code.
    Code,
    /// An OAuth access token.
    Access,
    /// An OAuth refresh token.
    Refresh,
    /// The secret of an OAuth client.
    Client,
    /// A public link to assets.
    Share,
}

impl TokenKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Key => "aqt_key_",
            Self::Upload => "aqt_upl_",
            Self::Setup => "aqt_set_",
            Self::Session => "aqt_ses_",
            Self::Ticket => "aqt_tkt_",
            Self::Invite => "aqt_inv_",
            Self::Code => "aqt_cod_",
            Self::Access => "aqt_acc_",
            Self::Refresh => "aqt_ref_",
            Self::Client => "aqt_cli_",
            Self::Share => "aqt_shr_",
        }
    }
}

/// A secret on its way to the person it is for. It does not print itself by accident.
pub struct Token(String);

impl Token {
    /// A new secret of 256 random bits.
    pub fn mint(kind: TokenKind) -> Self {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).expect("the operating system gives random bytes");
        Self::from_bytes(kind, &random)
    }

    /// The secret that these 256 bits are. For secrets that are derived and never stored.
    pub fn from_bytes(kind: TokenKind, bytes: &[u8; 32]) -> Self {
        let body = format!("{}{}", kind.prefix(), base62(bytes, RANDOM_LEN));
        let check = base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECK_LEN);
        Self(body + &check)
    }

    /// The secret itself, to show once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }

    /// The last four characters, by which a person recognises it.
    pub fn last4(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Checks the form and checksum of a secret from outside and gives its hash.
pub fn recognise(kind: TokenKind, secret: &str) -> Result<[u8; 32], Problem> {
    let well_formed = secret.strip_prefix(kind.prefix()).is_some_and(|rest| {
        rest.len() == RANDOM_LEN + CHECK_LEN && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    if well_formed {
        let (body, check) = secret.split_at(secret.len() - CHECK_LEN);
        if base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECK_LEN) == check {
            return Ok(hash(secret));
        }
    }
    Err(Problem::new(
        Code::Unauthorized,
        "The credentials do not have the form of one of this server's secrets; check for a cut or mistyped copy.",
    ))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Big-endian bytes in base62, left-padded with `0` to `length` characters.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut out = vec![ALPHABET[0]; length];
    for slot in out.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut number {
            let value = remainder * 256 + u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *slot = ALPHABET[remainder as usize];
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_recognised_and_a_typo_is_not() {
        let token = Token::mint(TokenKind::Key);
        let text = token.reveal().to_owned();
        assert_eq!(text.len(), 8 + 43 + 6);
        assert_eq!(recognise(TokenKind::Key, &text).expect("recognised"), token.hash());
        assert!(recognise(TokenKind::Upload, &text).is_err());
        let mut typo = text.into_bytes();
        typo[20] = if typo[20] == b'a' { b'b' } else { b'a' };
        assert!(recognise(TokenKind::Key, &String::from_utf8(typo).expect("ascii")).is_err());
        assert!(recognise(TokenKind::Key, "aqt_key_").is_err());
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    #[test]
    fn base62_of_the_largest_number_fits() {
        assert_eq!(base62(&[255; 32], RANDOM_LEN).len(), RANDOM_LEN);
        assert_ne!(base62(&[255; 32], RANDOM_LEN).as_bytes()[0], b'0');
    }
}
