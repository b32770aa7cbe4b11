//! Remote makers, and the one door through which this program makes HTTP requests to others.
//!
//! [`fetch`] gets what a stranger's URL names without ever touching a private network. [`mail`] hands letters to the operator's
//! mail server. [`provider`] is the list of vendors, one file and one row each; [`payments`] knows who takes money.

pub mod fetch;
pub mod mail;
pub mod payments;
pub mod provider;

pub use fetch::{Call, Fetched, Fetcher, FetcherConfig};
pub use provider::Provider;
