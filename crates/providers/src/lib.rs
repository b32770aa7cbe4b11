//! Remote makers, and the one door through which this program makes HTTP requests to others.
//!
//! [`fetch`] gets what a URL names without ever touching a private network. [`provider`] says what a vendor is,
//! [`vendors`] holds one file for each, and [`layers`] what is the same around all of them: retries, limits,
//! the circuit breaker, metering. [`Service`] is a vendor with a key and these layers; the product speaks to it alone.
//! [`mail`] hands letters to the operator's mail server; [`payments`] knows who takes money.

pub mod chat;
pub mod desk;
pub mod fault;
pub mod fetch;
pub mod key;
pub mod layers;
pub mod mail;
pub mod mask;
pub mod multipart;
pub mod order;
pub mod outcome;
pub mod payments;
pub mod price;
pub mod provider;
pub mod schema;
mod secret;
pub mod service;
pub mod vendors;
pub mod webhook;

pub use chat::{ChatAnswer, ChatModel, ChatOrder};
pub use desk::{Answer, Ask, Desk, DeskConfig};
pub use fault::{Bought, Fault, FaultKind};
pub use fetch::{Call, Fetched, Fetcher, FetcherConfig};
pub use key::Key;
pub use order::{Medium, Order, Webhook};
pub use outcome::{Cancelled, Found, KeyFacts, Outcome, Output, Progress, Source, Submitted, Task};
pub use provider::{ALL, Auth, Facts, Pace, Provider};
pub use secret::Secret;
pub use service::{Bell, Collected, Service};
