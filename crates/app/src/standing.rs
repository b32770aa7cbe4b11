//! Whether who was let in once would be let in still: a key may be revoked, an app shut out, a person leave. What lasts
//! longer than a request asks this from time to time.

use aquatint_domain::{ApiKeyId, Caller, GrantId, Principal, Problem, SessionId, UserId, WorkspaceId};

use crate::studio::Studio;

/// By what somebody was let in.
#[derive(Clone, Debug)]
pub struct Standing {
    pub workspace: WorkspaceId,
    pub key: Option<ApiKeyId>,
    pub grant: Option<GrantId>,
    pub session: Option<SessionId>,
    pub user: Option<UserId>,
}

/// Why somebody is let in no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The key was revoked, or is past its end.
    Key,
    /// The app was disconnected.
    Grant,
    /// The session was ended, or is past its end.
    Session,
    /// The person is no longer in the workspace.
    Membership,
    /// The person's account is disabled.
    Account,
}

impl From<&Caller> for Standing {
    fn from(caller: &Caller) -> Self {
        let mut standing = Self {
            workspace: caller.workspace.clone(),
            key: None,
            grant: None,
            session: None,
            user: caller.user.clone(),
        };
        match &caller.principal {
            Principal::Key { key } => standing.key = Some(key.clone()),
            Principal::Grant { grant, .. } => standing.grant = Some(grant.clone()),
            Principal::Session { session, .. } => standing.session = Some(session.clone()),
            Principal::Run { .. } | Principal::Operator => {}
        }
        standing
    }
}

impl Studio {
    /// What was lost since, if anything. A key stands for itself, whoever made it.
    pub async fn lost(&self, standing: &Standing) -> Result<Option<Lost>, Problem> {
        let (store, now) = (self.store(), self.now());
        if let Some(key) = &standing.key {
            let key = store.keys().get(key).await?;
            let is_live = key.is_some_and(|key| {
                key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| expires_at > now)
            });
            return Ok((!is_live).then_some(Lost::Key));
        }
        if let Some(grant) = &standing.grant {
            let grant = store.oauth().get_grant(grant).await?;
            if grant.is_none_or(|grant| grant.revoked_at.is_some()) {
                return Ok(Some(Lost::Grant));
            }
        }
        if let Some(session) = &standing.session {
            let session = store.sessions().get(session).await?;
            if session.is_none_or(|session| session.expires_at <= now) {
                return Ok(Some(Lost::Session));
            }
        }
        // The operator at the command line is nobody in the studio.
        let Some(user) = &standing.user else { return Ok(None) };
        if store.users().membership(&standing.workspace, user).await?.is_none() {
            return Ok(Some(Lost::Membership));
        }
        let user = store.users().get(user).await?;
        let is_disabled = user.is_none_or(|user| user.disabled_at.is_some());
        Ok(is_disabled.then_some(Lost::Account))
    }
}
