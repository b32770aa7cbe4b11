//! Who started a run must still be allowed to: a key that was revoked, an app that was shut out, a person who left, end it
//! before its next node.

use aquatint_domain::{Code, Problem};
use aquatint_store::Run;

use crate::studio::Studio;

/// Why a run may not go on, if it may not.
pub(super) async fn gone(studio: &Studio, run: &Run) -> Result<Option<Problem>, Problem> {
    let stopped = |who: &str| {
        Problem::new(Code::Unauthorized, format!("The run was stopped: {who}."))
            .hint("What was made before is in the library. Start it again with a key, or as a person, that may.")
    };
    if let Some(key) = &run.key {
        let key = studio.store().keys().get(key).await?;
        let is_live = key.is_some_and(|key| {
            key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| expires_at > studio.now())
        });
        return Ok((!is_live).then(|| stopped("the API key that started it was revoked or is past its end")));
    }
    if let Some(grant) = &run.grant {
        let grant = studio.store().oauth().get_grant(grant).await?;
        if grant.is_none_or(|grant| grant.revoked_at.is_some()) {
            return Ok(Some(stopped("the app that started it is no longer allowed in")));
        }
    }
    // The operator at the command line is nobody in the studio.
    let Some(user) = &run.user else { return Ok(None) };
    let place = studio.store().users().membership(&run.workspace, user).await?;
    if place.is_none() {
        return Ok(Some(stopped(
            "the person who started it is no longer in this workspace",
        )));
    }
    let is_disabled = studio
        .store()
        .users()
        .get(user)
        .await?
        .is_none_or(|user| user.disabled_at.is_some());
    Ok(is_disabled.then(|| stopped("the account of the person who started it is disabled")))
}
