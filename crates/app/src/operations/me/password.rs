//! One's own password.

use aquatint_domain::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::own;
use crate::operation::{Context, Done, Effects, Operation, Spec, post};

pub struct ChangePassword;

/// Change one's own password; all other browsers are signed out.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// The password now. Where there is none yet, a recent proof (`me.prove`) is needed instead.
    #[schemars(length(max = 200))]
    pub current_password: Option<String>,
    /// The new one, 10 to 200 characters.
    #[schemars(length(max = 200))]
    pub new_password: String,
}

impl Operation for ChangePassword {
    const SPEC: Spec = own(
        "me.password",
        "Change my password",
        Effects::Writes,
        post("/me/password"),
    );
    type Args = Args;
    type Output = Done;

    async fn run(cx: &Context, args: Args) -> Result<Done, Problem> {
        let (user, session) = cx.person()?;
        cx.studio
            .change_password(
                user,
                session,
                args.current_password.as_deref(),
                &args.new_password,
                cx.address(),
            )
            .await?;
        Ok(Done::YES)
    }
}
