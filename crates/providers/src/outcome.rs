//! What a vendor answers: results at once, or a task to ask about.

use std::time::Duration;

use aquatint_domain::Credits;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;

/// What became of an order.
#[derive(Clone, Debug)]
pub enum Submitted {
    Done(Outcome),
    Waiting(Task),
}

/// Work that goes on at the vendor. It is stored before the first poll, so nothing secret may be in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The vendor's own id.
    pub id: String,
    /// What else the vendor file needs to ask for it, such as a polling URL. Null when the id is enough.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// When it makes sense to ask for the first time.
    #[serde(default)]
    pub ask_after_ms: u64,
}

impl Task {
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            data: Value::Null,
            ask_after_ms: 1_000,
        }
    }

    pub fn with(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    pub fn ask_after(mut self, pause: Duration) -> Self {
        self.ask_after_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self
    }
}

/// How a task stands.
#[derive(Clone, Debug)]
pub enum Progress {
    Running {
        /// 0 to 1, where the vendor says.
        done: Option<f64>,
        /// The vendor's word for it.
        stage: String,
        /// When to ask again, where the vendor says; the layers choose else.
        ask_after: Option<Duration>,
    },
    Done(Outcome),
    /// It ended without results, for good. The fault says whether that was paid for.
    Failed(Fault),
}

impl Progress {
    /// It goes on, at a stage. A state that the documentation does not list counts as this: vendors add
    /// states, and what was bought is not given up for a word.
    pub fn running(stage: &str) -> Self {
        Self::Running {
            done: None,
            stage: aquatint_domain::text::one_line(stage, 60),
            ask_after: None,
        }
    }
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub outputs: Vec<Output>,
    /// What the vendor says that it cost, at [`crate::price::CREDITS_PER_USD`].
    pub cost: Option<Credits>,
    /// The vendor's name for this request, for its support.
    pub request_id: Option<String>,
    /// The version of the model that answered, where the vendor says.
    pub version: Option<String>,
    /// Things that a person should know, such as inputs that the vendor set aside.
    pub notes: Vec<String>,
}

/// One picture or video.
#[derive(Clone, Debug)]
pub struct Output {
    pub source: Source,
    /// The seed as answered.
    pub seed: Option<u64>,
    /// The prompt as the vendor rewrote it.
    pub revised_prompt: Option<String>,
    /// The vendor's words about the content, such as `nsfw`.
    pub flags: Vec<String>,
}

impl Output {
    pub fn of(source: Source) -> Self {
        Self {
            source,
            seed: None,
            revised_prompt: None,
            flags: Vec::new(),
        }
    }

    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::of(Source::Bytes(bytes.into()))
    }

    pub fn url(url: impl Into<String>) -> Self {
        Self::of(Source::Url(url.into()))
    }
}

/// Where an output is.
#[derive(Clone, Debug)]
pub enum Source {
    Bytes(Bytes),
    /// Anybody who has the URL gets the file.
    Url(String),
    /// The vendor wants its key with the request; it goes to the vendor's own hosts alone.
    UrlWithKey(String),
}

/// What the harmless call told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// Whose key it is, where the vendor says: an account or organisation.
    pub account: Option<String>,
    /// What is left on the account, in the vendor's words such as `12.50 credits`.
    pub balance: Option<String>,
}

/// Whether a cancellation reached the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The vendor stopped the task.
    Stopped,
    /// It had ended already.
    TooLate,
    /// This vendor has no way to cancel.
    NotOffered,
}

/// What became of a submit whose answer was lost.
#[derive(Clone, Debug)]
pub enum Found {
    /// It was bought: this came of it.
    Bought(Submitted),
    /// The vendor knows nothing of it, so it may be sent again.
    NotBought,
    /// This vendor cannot be asked.
    NotOffered,
}
