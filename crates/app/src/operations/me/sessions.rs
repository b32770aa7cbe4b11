//! The browsers in which one is signed in.

use aquatint_domain::{Problem, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, get};

pub struct List;
pub struct End;
pub struct EndOthers;

/// The browsers in which one is signed in, the last used first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {}

/// Sign one browser out.
#[derive(Deserialize, JsonSchema)]
pub struct EndArgs {
    /// Session id.
    pub session_id: SessionId,
}

/// Sign all other browsers out.
#[derive(Deserialize, JsonSchema)]
pub struct EndOthersArgs {}

#[derive(Serialize, JsonSchema)]
pub struct Sessions {
    pub sessions: Vec<SessionView>,
}

#[derive(Serialize, JsonSchema)]
pub struct SessionView {
    pub session_id: SessionId,
    pub user_agent: String,
    pub address: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub is_current: bool,
}

impl Describe for Sessions {}

impl Operation for List {
    const SPEC: Spec = own("me.sessions", "My sessions", Effects::Reads, get("/me/sessions"));
    type Args = ListArgs;
    type Output = Sessions;

    async fn run(cx: &Context, _: ListArgs) -> Result<Sessions, Problem> {
        let (user, current) = cx.person()?;
        let sessions = cx.studio.store().sessions().list(user, cx.studio.now()).await?;
        Ok(Sessions {
            sessions: sessions
                .into_iter()
                .map(|session| SessionView {
                    is_current: session.id == *current,
                    session_id: session.id,
                    user_agent: session.user_agent,
                    address: session.address,
                    created_at: session.created_at,
                    last_used_at: session.last_used_at,
                })
                .collect(),
        })
    }
}

impl Operation for End {
    const SPEC: Spec = own(
        "me.end_session",
        "End a session",
        Effects::Writes,
        delete("/me/sessions/{session_id}"),
    );
    type Args = EndArgs;
    type Output = Done;

    async fn run(cx: &Context, args: EndArgs) -> Result<Done, Problem> {
        let (user, _) = cx.person()?;
        if cx.studio.store().sessions().end(user, &args.session_id).await? {
            return Ok(Done::YES);
        }
        Err(Problem::not_found("session of yours", &args.session_id))
    }
}

impl Operation for EndOthers {
    const SPEC: Spec = own(
        "me.end_other_sessions",
        "End all other sessions",
        Effects::Writes,
        delete("/me/sessions"),
    );
    type Args = EndOthersArgs;
    type Output = Done;

    async fn run(cx: &Context, _: EndOthersArgs) -> Result<Done, Problem> {
        let (user, current) = cx.person()?;
        cx.studio.store().sessions().end_others(user, Some(current)).await?;
        Ok(Done::YES)
    }
}
