//! Vendors and their keys: an admin's for the workspace, an operator's for the server.

pub mod keys;
pub mod list;
pub mod models;

use aquatint_domain::{Code, Principal, Problem, Timestamp};
use aquatint_store::ProviderKey;
use schemars::JsonSchema;
use serde::Serialize;

use crate::operation::Context;

/// A key, as far as it is ever shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyView {
    /// Its last characters.
    pub tail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Timestamp>,
    /// What the last check said: `ok`, or the code of its problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

impl From<ProviderKey> for KeyView {
    fn from(key: ProviderKey) -> Self {
        Self {
            tail: key.tail,
            base_url: key.base_url,
            created_at: key.created_at,
            checked_at: key.checked_at,
            verdict: key.verdict,
        }
    }
}

/// Refuses everybody but operators where the server's own keys are meant.
async fn check_place(cx: &Context, is_server: bool) -> Result<(), Problem> {
    if !is_server || cx.caller.principal == Principal::Operator {
        return Ok(());
    }
    let (user, _) = cx.person()?;
    if cx.studio.user(user).await?.is_operator {
        return Ok(());
    }
    Err(
        Problem::new(Code::Forbidden, "The server's keys are for the operator of the studio.")
            .hint("Leave `server` out to put the key into this workspace."),
    )
}
