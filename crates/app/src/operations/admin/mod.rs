//! The operator's own: everybody's accounts, workspaces, plans and credits, and how the studio is.

pub mod audit;
pub mod overview;
pub mod plans;
pub mod users;
pub mod workspaces;

use aquatint_domain::{Code, Principal, Problem, Role, Scope};

use crate::operation::{Context, Effects, Rest, Spec};

/// What operators do by hand. Which person is one is checked by [`operator`].
const fn operators(name: &'static str, title: &'static str, effects: Effects, rest: Rest) -> Spec {
    Spec::new(name, title, Scope::AccountRead, effects, rest).for_people(Role::Viewer)
}

/// Refuses everybody but operators. What they may not see does not exist for them.
async fn operator(cx: &Context) -> Result<(), Problem> {
    if cx.caller.principal == Principal::Operator {
        return Ok(());
    }
    let (user, _) = cx.person()?;
    if cx.studio.user(user).await?.is_operator {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "This is for the operator of the studio."))
}
