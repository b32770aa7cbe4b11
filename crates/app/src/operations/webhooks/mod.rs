//! Webhooks: telling somebody else's server, signed, so that it can know who speaks and which delivery it has had before.

pub mod secret;
pub mod send;

use aquatint_domain::{Problem, WorkspaceId};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::studio::Studio;

impl Studio {
    /// The secret that signs a workspace's deliveries, as Standard Webhooks writes it.
    pub(crate) async fn webhook_secret(&self, workspace: &WorkspaceId) -> Result<String, Problem> {
        let number = self.store().workspaces().webhook_secret(workspace).await?;
        let secret = self
            .signer()
            .derived("webhook", format!("{workspace}/{number}").as_bytes());
        Ok(format!("whsec_{}", STANDARD.encode(secret)))
    }
}
