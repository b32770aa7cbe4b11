//! Typed, prefixed, sortable identifiers: `ast_` and 26 characters of Crockford base32, which hold
//! 48 bits of Unix milliseconds and 80 random bits (the layout of a ULID, in lower case). Within one
//! process ids of the same millisecond count up from a random start, so that they sort as they were made.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Problem};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LEN: usize = 26;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(String);

        impl $name {
            /// What every id of this type begins with, underscore included.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts by `now`.
            pub fn generate(now: jiff::Timestamp) -> Self {
                Self(format!("{}{}", $prefix, body(now)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether `text` has the form of this id. It says nothing of existence.
            pub fn is_well_formed(text: &str) -> bool {
                text.strip_prefix($prefix).is_some_and(is_body)
            }
        }

        impl FromStr for $name {
            type Err = Problem;

            /// Reads an id that came from outside.
            fn from_str(text: &str) -> Result<Self, Problem> {
                if Self::is_well_formed(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(Problem::new(
                    Code::InvalidArgument,
                    format!(
                        "`{}` is not an id of this kind; it should begin with `{}` and have {} characters after it.",
                        crate::text::clip(text, 60), $prefix, BODY_LEN
                    ),
                ))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(/** An immutable piece of media. */ AssetId, "ast_");
id!(/** A piece of long work. */ JobId, "job_");
id!(/** A named group of assets. */ CollectionId, "col_");
id!(/** A workspace: who pays and where files go. */ WorkspaceId, "wsp_");
id!(/** A person. */ UserId, "usr_");
id!(/** An API key (the row, not the secret). */ ApiKeyId, "key_");
id!(/** An OAuth authorisation of an app by a person, bound to a workspace. */ GrantId, "grt_");
id!(/** A signed-in browser. */ SessionId, "ses_");
id!(/** A passkey of a person. */ PasskeyId, "psk_");
id!(/** An invitation into a workspace. */ InviteId, "inv_");
id!(/** A letter on its way. */ MailId, "mal_");
id!(/** A public link to assets or to a collection. */ ShareId, "shr_");
id!(/** A reusable graph of work. */ PipelineId, "pip_");
id!(/** One run of a pipeline. */ RunId, "run_");
id!(/** A one-time upload. */ UploadId, "upl_");
id!(/** Something that a workspace buys, or has bought. */ OrderId, "ord_");
id!(/** Reserved credits. */ HoldId, "hld_");
id!(/** One ledger transaction. */ EntryId, "led_");
id!(/** One request, for the log and for people who ask. */ RequestId, "req_");

/// The last value that was given out.
static LAST: Mutex<u128> = Mutex::new(0);

/// Steps within a millisecond are random too, so that an id does not tell the next one.
const STEP_BITS: u32 = 40;

fn body(now: jiff::Timestamp) -> String {
    let mut random = [0u8; 16];
    // Without a source of randomness nothing here is safe to run; the operating system has one.
    getrandom::fill(&mut random).expect("the operating system gives random bytes");
    let random = u128::from_le_bytes(random);
    let millis = (now.as_millisecond().max(0) as u128) & 0xffff_ffff_ffff;
    let mut value = {
        let mut last = LAST.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let value = if *last >> 80 == millis {
            *last + 1 + (random & ((1 << STEP_BITS) - 1))
        } else {
            // The highest bit stays free, so that steps hardly ever reach into the time.
            (millis << 80) | (random & ((1 << 79) - 1))
        };
        *last = value;
        value
    };
    let mut out = [0u8; BODY_LEN];
    for slot in out.iter_mut().rev() {
        *slot = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_body(text: &str) -> bool {
    text.len() == BODY_LEN && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let early = AssetId::generate(jiff::Timestamp::from_millisecond(1_700_000_000_000).expect("in range"));
        let late = AssetId::generate(jiff::Timestamp::from_millisecond(1_700_000_000_001).expect("in range"));
        assert!(early < late);
        let same = jiff::Timestamp::from_millisecond(1_700_000_000_002).expect("in range");
        let mut made: Vec<AssetId> = (0..1_000).map(|_| AssetId::generate(same)).collect();
        let first = made[0].clone();
        assert!(made.is_sorted_by(|a, b| a < b) && first.as_str()[4..14] == made[999].as_str()[4..14]);
        made.dedup();
        assert_eq!(made.len(), 1_000);
        assert_eq!(early.as_str().parse::<AssetId>().expect("well formed"), early);
    }

    #[test]
    fn an_id_of_another_kind_is_refused_by_name() {
        let job = JobId::generate(jiff::Timestamp::UNIX_EPOCH);
        let problem = job.as_str().parse::<AssetId>().expect_err("not an asset id");
        assert!(problem.message.contains("ast_"));
        assert!("ast_ILLEGAL-CHARACTERS-IN-IT!!".parse::<AssetId>().is_err());
    }
}
