//! Who started a run must still be let in: what they lost ends it before its next node.

use aquatint_domain::{Code, Problem};
use aquatint_store::Run;

use crate::standing::{Lost, Standing};
use crate::studio::Studio;

/// Why a run may not go on, if it may not. A run outlives the session of the person who started it.
pub(super) async fn gone(studio: &Studio, run: &Run) -> Result<Option<Problem>, Problem> {
    let standing = Standing {
        workspace: run.workspace.clone(),
        key: run.key.clone(),
        grant: run.grant.clone(),
        session: None,
        user: run.user.clone(),
    };
    let Some(lost) = studio.lost(&standing).await? else {
        return Ok(None);
    };
    let who = match lost {
        Lost::Key => "the API key that started it was revoked or is past its end",
        Lost::Grant => "the app that started it is no longer allowed in",
        Lost::Session | Lost::Membership => "the person who started it is no longer in this workspace",
        Lost::Account => "the account of the person who started it is disabled",
    };
    let problem = Problem::new(Code::Unauthorized, format!("The run was stopped: {who}."));
    Ok(Some(problem.hint(
        "What was made before is in the library. Start it again with a key, or as a person, that may.",
    )))
}
