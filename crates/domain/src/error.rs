//! What can go wrong, in words for the caller: one table of public codes and the [`Problem`] that
//! carries one of them with a message, a hint, and whether trying again makes sense.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $word:literal, $status:literal, $retryable:literal; )*) => {
        /// Every public error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code { $( $(#[$doc])* #[serde(rename = $word)] $name, )* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The word that clients see.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $word),* }
            }

            /// The HTTP status of a REST answer with this code.
            pub const fn http_status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }

            /// Whether the same request can succeed later without a change.
            pub const fn is_retryable(self) -> bool {
                match self { $(Code::$name => $retryable),* }
            }

            /// Reads a stored code; an unknown word is an internal error.
            pub fn from_word(word: &str) -> Code {
                match word { $($word => Code::$name,)* _ => Code::Internal }
            }
        }
    };
}

codes! {
    /// The request could not be read at all (JSON, multipart, encoding).
    MalformedRequest = "malformed_request", 400, false;
    /// An argument is missing, unknown, of the wrong type or outside its limits.
    InvalidArgument = "invalid_argument", 400, false;
    /// No credentials, or credentials that are not valid (any more).
    Unauthorized = "unauthorized", 401, false;
    /// The workspace has too few credits.
    InsufficientCredits = "insufficient_credits", 402, false;
    /// The price is above the caller's own `max_credits`.
    PriceAboveLimit = "price_above_limit", 402, false;
    /// The credentials are valid but lack a scope or role.
    Forbidden = "forbidden", 403, false;
    /// The feature belongs to a higher plan.
    UpgradeRequired = "upgrade_required", 403, false;
    /// There is no such thing in this workspace.
    NotFound = "not_found", 404, false;
    /// The thing is in a state that does not allow this.
    Conflict = "conflict", 409, false;
    /// The same idempotency key came with different arguments.
    IdempotencyMismatch = "idempotency_mismatch", 409, false;
    /// The link or upload was used already or is past its time.
    Expired = "expired", 410, false;
    /// The body or file is larger than the limit.
    TooLarge = "too_large", 413, false;
    /// The file is not of a type that the studio takes.
    UnsupportedMedia = "unsupported_media", 415, false;
    /// The file is of a known type but cannot be decoded, or breaks a limit.
    InvalidImage = "invalid_image", 422, false;
    /// The URL could not be fetched. One class on purpose: it must not tell what stands in a private network.
    FetchFailed = "fetch_failed", 422, true;
    /// The model refused the content.
    ContentRefused = "content_refused", 422, false;
    /// Too many requests in this window.
    RateLimited = "rate_limited", 429, true;
    /// The job was cancelled.
    Cancelled = "cancelled", 409, false;
    /// The work took longer than its limit.
    TimedOut = "timed_out", 504, true;
    /// An engine or vendor failed.
    EngineFailed = "engine_failed", 502, true;
    /// A vendor does not accept its key, or not for this.
    ProviderKeyRefused = "provider_key_refused", 424, false;
    /// The account at a vendor has no money left.
    ProviderUnpaid = "provider_unpaid", 424, false;
    /// The answer of a vendor was lost: nobody knows whether it made and charges what was asked. It is not asked again by itself.
    OutcomeUnknown = "outcome_unknown", 502, false;
    /// The model is past its sunset.
    ModelRetired = "model_retired", 410, false;
    /// The server is full or shutting down.
    Unavailable = "unavailable", 503, true;
    /// There is no room left on the disk.
    StorageFull = "storage_full", 507, true;
    /// Something broke on our side. Details are in the log under the request id.
    Internal = "internal", 500, true;
}

/// A failure that a caller can read and act on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Problem {
    pub code: Code,
    /// What happened and what to do next, in one or two sentences.
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub retryable: bool,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// The argument at fault, as a path such as `images[2]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_url: Option<String>,
    /// Facts a program may want: `balance`, `price`, `allowed`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
    /// The cause, for the log only.
    #[serde(skip)]
    pub source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Problem {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            retryable: code.is_retryable(),
            retry_after_s: None,
            field: None,
            upgrade_url: None,
            details: None,
            source: None,
        }
    }

    /// An argument that cannot be accepted; `field` is its path.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message).at(field)
    }

    /// `what` is a noun such as "asset"; `id` is what the caller sent.
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        let id = crate::text::clip(&id.to_string(), 80);
        Self::new(Code::NotFound, format!("There is no {what} `{id}` in this workspace."))
    }

    /// A fault of ours: the cause is logged, the caller gets a calm sentence.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let mut problem = Self::new(
            Code::Internal,
            "Something went wrong on the server. Nothing was charged; try again, and give the request id to the operator if it stays.",
        );
        problem.source = Some(Arc::from(source.into()));
        problem
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self.retryable = true;
        self
    }

    pub fn final_failure(mut self) -> Self {
        self.retryable = false;
        self
    }

    pub fn upgrade_url(mut self, url: impl Into<String>) -> Self {
        self.upgrade_url = Some(url.into());
        self
    }

    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// Keeps the cause for the log.
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(source) = &self.source {
            write!(f, " (caused by: {source:?})")?;
        }
        Ok(())
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_from_its_word() {
        for code in Code::ALL {
            assert_eq!(Code::from_word(code.as_str()), *code);
            assert!((400..600).contains(&code.http_status()));
        }
    }

    #[test]
    fn the_cause_never_reaches_the_caller() {
        let problem = Problem::internal("password=hunter2");
        assert!(!serde_json::to_string(&problem).expect("serialises").contains("hunter2"));
        assert!(!problem.to_string().contains("hunter2"));
    }
}
