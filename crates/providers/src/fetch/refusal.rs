//! Why a fetch ended without a file, and how little of it the caller may know.

use std::io;
use std::net::IpAddr;

use aquatint_domain::{Code, Problem};

use super::exchange::Unanswered;

/// What went wrong. All but [`Refusal::Text`] is for the log: told to a caller, it would let them map the
/// network that this server stands in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The text itself is at fault; the caller is told in these words.
    #[error("{0}")]
    Text(String),
    #[error("`{0}` is not a name on the public internet")]
    PrivateName(String),
    #[error("{host} stands for {address}, which is not a public address")]
    PrivateAddress { host: String, address: IpAddr },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("{host} has more than {limit} addresses")]
    TooManyAddresses { host: String, limit: usize },
    #[error("looking up {host} failed: {cause}")]
    Lookup { host: String, cause: io::Error },
    #[error("connecting to {host} failed: {cause}")]
    Connect { host: String, cause: io::Error },
    #[error("the connection to {host} ends at {found:?} instead of the address that was checked")]
    WrongPeer { host: String, found: Option<IpAddr> },
    #[error("{0} is this machine")]
    Myself(String),
    #[error("{0} took too long")]
    TooSlow(&'static str),
    #[error("the request cannot be put into words: {0}")]
    Unsendable(http::Error),
    #[error("the exchange broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the redirect cannot be followed: {0}")]
    Redirect(String),
    #[error("there were more than {0} redirects")]
    TooManyRedirects(u8),
    #[error("the body is encoded ({0}), which was not asked for")]
    Encoded(String),
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    #[error("what came could not be kept: {0}")]
    Sink(io::Error),
}

impl Refusal {
    /// For a fault in the URL as the caller wrote it.
    pub(super) fn into_problem(self) -> Problem {
        match self {
            Refusal::Text(message) => Problem::invalid("url", message),
            other => other.into_closed_problem(),
        }
    }

    /// For a caller who speaks to a server that an operator named. Nothing was sent, unless that caller knows better.
    pub(super) fn into_unanswered(self) -> Unanswered {
        Unanswered {
            was_sent: false,
            is_slow: matches!(self, Self::TooSlow(_)),
            is_unreadable: matches!(self, Self::Encoded(_) | Self::TooLarge(_) | Self::Broken(_)),
            cause: self.to_string(),
        }
    }

    /// For everything that happens after the first look: one answer, whatever the cause.
    pub(super) fn into_closed_problem(self) -> Problem {
        tracing::debug!(cause = %self, "a URL was not fetched");
        Problem::new(Code::FetchFailed, "The URL could not be fetched.")
            .hint(
                "It has to be reachable from the public internet without signing in, and to answer promptly with the file itself, \
                 within the size limit. If it is not public, download the file and upload it instead.",
            )
            .at("url")
            .caused_by(self)
    }
}
