//! What can go wrong at a vendor: one typed fault, what it says about money, and its public words in one place.

use std::time::Duration;

use aquatint_domain::{Code, Problem, text};
use serde_json::json;

/// The most of a vendor's words that is kept.
const MAX_WORDS: usize = 300;

/// The kinds of fault, as far as somebody can act on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The vendor does not know the key (any more).
    BadKey,
    /// The account at the vendor has no money or no credits left, or no plan that allows this.
    NoMoney,
    /// The key is good but may not do this: region, plan, organisation not verified.
    Forbidden,
    /// The vendor has no such model (any more).
    NoSuchModel,
    /// The vendor refuses an input.
    InvalidInput,
    /// The vendor's content rules refuse the prompt, an input or the result.
    Refused,
    /// Too many requests in the vendor's window.
    Throttled,
    /// The vendor has no room now.
    Overloaded,
    /// The vendor broke.
    VendorFailed,
    /// The vendor answered, but not as its documentation says.
    Unreadable,
    /// Nobody answered: no address, no connection, hung up.
    Unreachable,
    /// The vendor took longer than its time.
    TimedOut,
    /// The vendor does not know the task (any more).
    TaskLost,
    /// The task ended without a result.
    TaskFailed,
    /// The result was made but could not be had: gone, expired, of another type, too large.
    ResultLost,
    /// The task was cancelled.
    Cancelled,
    /// The circuit breaker is open: this vendor failed too often just now.
    Resting,
}

/// Whether the vendor made, and so charges for, what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bought {
    /// Surely not: the same may be asked again.
    No,
    /// Nobody knows: it is looked up or ends, and is never asked again by itself.
    Unknown,
    /// Surely, or as good as.
    Yes,
}

/// A failure at a vendor.
#[derive(Clone, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    pub bought: Bought,
    /// The vendor's words or ours, one line, without secrets and prompts.
    pub message: String,
    /// How long the vendor asks us to wait.
    pub retry_after: Option<Duration>,
    /// The input at fault, by our name for it where it is known.
    pub field: Option<String>,
    /// What a refusal is about, in the vendor's words such as `violence`.
    pub categories: Vec<String>,
    /// The vendor's own code for the error.
    pub code: Option<String>,
    pub status: Option<u16>,
    pub request_id: Option<String>,
}

impl Fault {
    /// A fault that cost nothing. Hidden characters and line breaks of outside words are removed.
    pub fn new(kind: FaultKind, message: impl AsRef<str>) -> Self {
        Self {
            kind,
            bought: Bought::No,
            message: text::one_line(message.as_ref(), MAX_WORDS),
            retry_after: None,
            field: None,
            categories: Vec::new(),
            code: None,
            status: None,
            request_id: None,
        }
    }

    /// The vendor's answer does not fit its documentation. `what` says what is missing, without quoting the answer.
    pub fn unreadable(what: impl AsRef<str>) -> Self {
        Self::new(FaultKind::Unreadable, what)
    }

    /// A refusal by content rules; the categories are the vendor's own.
    pub fn refused(message: impl AsRef<str>, categories: impl IntoIterator<Item = String>) -> Self {
        let mut fault = Self::new(FaultKind::Refused, message);
        fault.categories = categories
            .into_iter()
            .map(|word| text::one_line(&word, 60))
            .take(10)
            .collect();
        fault
    }

    pub fn bought(mut self, bought: Bought) -> Self {
        self.bought = bought;
        self
    }

    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub fn code(mut self, code: impl AsRef<str>) -> Self {
        self.code = Some(text::one_line(code.as_ref(), 60));
        self
    }

    /// The usual meaning of a status, for vendors and answers that say nothing better.
    pub fn of_status(status: u16, message: impl AsRef<str>) -> Self {
        let kind = match status {
            401 => FaultKind::BadKey,
            402 => FaultKind::NoMoney,
            403 => FaultKind::Forbidden,
            404 | 405 | 410 => FaultKind::NoSuchModel,
            408 => FaultKind::TimedOut,
            429 => FaultKind::Throttled,
            503 | 529 => FaultKind::Overloaded,
            400..=499 => FaultKind::InvalidInput,
            500..=599 => FaultKind::VendorFailed,
            _ => FaultKind::Unreadable,
        };
        let mut fault = Self::new(kind, message);
        fault.status = Some(status);
        fault
    }

    /// Whether the same request may succeed a little later.
    pub fn may_pass(&self) -> bool {
        use FaultKind::{Overloaded, Resting, Throttled, TimedOut, Unreachable, Unreadable, VendorFailed};
        matches!(
            self.kind,
            Throttled | Overloaded | VendorFailed | Unreachable | TimedOut | Unreadable | Resting
        )
    }

    /// The public words, for somebody who asked `vendor` (its name for people) for something.
    pub fn into_problem(self, vendor: &str) -> Problem {
        let said = if self.message.is_empty() {
            String::new()
        } else {
            format!(" It said: {}", text::clip(&self.message, 200))
        };
        let mut problem = match (self.bought, self.kind) {
            (bought, FaultKind::Refused) => Problem::new(
                Code::ContentRefused,
                format!("{vendor} refused this by its content rules{}.{said}", about(&self.categories)),
            )
            .hint(format!(
                "Nothing was charged here{}. Change the prompt or the pictures; sending the same again will be refused again.",
                if bought == Bought::No { "" } else { "; the vendor may charge its account" }
            )),
            (Bought::Unknown, _) => Problem::new(
                Code::OutcomeUnknown,
                format!("The answer of {vendor} was lost, so nobody knows whether it made this and charges for it."),
            )
            .hint(format!(
                "Nothing was charged here, and it is not asked again by itself. Look at your account at {vendor}, then send the call again if you want to."
            )),
            (_, FaultKind::BadKey) => Problem::new(Code::ProviderKeyRefused, format!("{vendor} does not accept the key.{said}"))
                .hint(format!("Put a working key for {vendor} into the settings; nothing was charged.")),
            (_, FaultKind::NoMoney) => Problem::new(
                Code::ProviderUnpaid,
                format!("The account at {vendor} has no money left for this.{said}"),
            )
            .hint(format!("Add money at {vendor}, or choose another model with `models` `recommend`.")),
            (_, FaultKind::Forbidden) => Problem::new(
                Code::ProviderKeyRefused,
                format!("The account at {vendor} may not do this.{said}"),
            )
            .hint("Look at the rights of the key and the account there, or choose another model."),
            (_, FaultKind::NoSuchModel) => Problem::new(
                Code::NotFound,
                format!("{vendor} does not offer this model to this account.{said}"),
            )
            .at("model")
            .hint("Choose another with `models` `list`."),
            (_, FaultKind::InvalidInput) => Problem::new(Code::InvalidArgument, format!("{vendor} does not accept the inputs.{said}"))
                .hint("Look at the model's inputs with `models` `action: \"schema\"`."),
            (_, FaultKind::Throttled) => {
                Problem::new(Code::RateLimited, format!("{vendor} takes no more requests just now.{said}"))
                    .hint("Try again a little later.")
            }
            (_, FaultKind::Overloaded | FaultKind::Resting) => {
                Problem::new(Code::Unavailable, format!("{vendor} has no room just now.{said}")).hint("Try again a little later.")
            }
            (_, FaultKind::TimedOut) => {
                Problem::new(Code::TimedOut, format!("{vendor} did not finish in time.")).hint("Try again, or choose a faster model.")
            }
            (_, FaultKind::Cancelled) => Problem::new(Code::Cancelled, format!("The task at {vendor} was cancelled.")),
            (_, FaultKind::TaskLost | FaultKind::ResultLost) => Problem::new(
                Code::EngineFailed,
                format!("{vendor} did the work, but the result could not be had.{said}"),
            )
            .hint("Nothing was charged here; the vendor may charge its account. It is not bought again by itself.")
            .final_failure(),
            (_, FaultKind::VendorFailed | FaultKind::Unreadable | FaultKind::Unreachable | FaultKind::TaskFailed) => {
                Problem::new(Code::EngineFailed, format!("{vendor} failed.{said}"))
                    .hint("Nothing was charged. Try again, or choose another model.")
            }
        };
        if let Some(wait) = self.retry_after
            && problem.retryable
        {
            problem = problem.retry_after(wait.as_secs().max(1));
        }
        if let Some(field) = &self.field {
            problem = problem.at(field.clone());
        }
        let details = json!({
            "vendor": vendor,
            "vendor_code": self.code,
            "vendor_status": self.status,
            "vendor_request_id": self.request_id,
            "categories": self.categories,
        });
        problem.details(details)
    }
}

fn about(categories: &[String]) -> String {
    if categories.is_empty() {
        String::new()
    } else {
        format!(" ({})", categories.join(", "))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}, bought {:?}: {}", self.kind, self.bought, self.message)
    }
}

impl std::error::Error for Fault {}
