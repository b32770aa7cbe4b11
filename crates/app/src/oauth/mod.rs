//! The OAuth 2.1 authorization server for MCP clients: who may ask (clients), what a person is asked and answers
//! (authorize), and what an answer is worth (tokens). RFC 6749 as OAuth 2.1 narrows it, RFC 7636 (S256 alone),
//! RFC 7591, RFC 7009, RFC 8707, RFC 9207 and Client ID Metadata Documents.

mod authorize;
mod clients;
mod resources;
mod tokens;

use aquatint_domain::Problem;

pub use authorize::{Asked, AuthorizeFailure, Consent, Question};
pub(crate) use clients::Documents;
pub use clients::{ConfiguredClient, Registration};
pub use resources::{ENDPOINTS, covers, resource_of};
pub use tokens::{TokenAnswer, TokenRequest};

/// A failure in the words of RFC 6749, section 5.2, and of its extensions.
#[derive(Debug)]
pub struct OauthFailure {
    pub error: &'static str,
    pub description: String,
    /// What went wrong behind it, for the log.
    pub problem: Option<Problem>,
}

impl OauthFailure {
    pub fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            error,
            description: description.into(),
            problem: None,
        }
    }
}

impl From<Problem> for OauthFailure {
    fn from(problem: Problem) -> Self {
        let error = match problem.code.http_status() {
            429 | 503 | 507 => "temporarily_unavailable",
            500..=599 => "server_error",
            _ => "invalid_request",
        };
        Self {
            error,
            description: problem.message.clone(),
            problem: Some(problem),
        }
    }
}
