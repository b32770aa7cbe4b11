//! A vendor's key: it can be sent, and never printed.

use std::fmt;

/// The most that any vendor's key has, and room.
const MAX_BYTES: usize = 4_096;

/// A secret that opens an account at a vendor. It has no `Display`, no `Serialize`, and a `Debug` that hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Trims what copying adds. `None` for what cannot stand in a header: empty, too long, or with spaces or
    /// characters outside printable ASCII.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_sound = !text.is_empty() && text.len() <= MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| Self(text.to_owned()))
    }

    /// The secret itself, to be sent or sealed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be shown, so that a person knows one key from another: the last four characters of a long one.
    pub fn tail(&self) -> &str {
        let len = self.0.len();
        if len >= 16 { &self.0[len - 4..] } else { "" }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trimmed_checked_and_never_printed() {
        let key = Key::new("  sk-abcdefghijklmnop\n").expect("sound");
        assert_eq!((key.expose(), key.tail()), ("sk-abcdefghijklmnop", "mnop"));
        assert!(!format!("{key:?}").contains("abc"));
        assert_eq!(Key::new("short").expect("sound").tail(), "");
        for bad in ["", "  ", "a b", "a\nb", "schlüssel"] {
            assert!(Key::new(bad).is_none(), "{bad:?}");
        }
    }
}
