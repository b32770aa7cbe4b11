//! The second factor.

use aquatint_domain::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, post};

pub struct Begin;
pub struct Confirm;
pub struct Disable;

/// Begin with an authenticator app: a secret that waits to be confirmed by a code.
#[derive(Deserialize, JsonSchema)]
pub struct BeginArgs {}

/// Confirm the authenticator app by a code that it shows; from then on signing in asks for one.
#[derive(Deserialize, JsonSchema)]
pub struct ConfirmArgs {
    /// Six digits.
    #[schemars(length(max = 20))]
    pub code: String,
}

/// Take the second factor away, after a password or another recent proof (`me.prove`).
#[derive(Deserialize, JsonSchema)]
pub struct DisableArgs {
    /// One's password; not needed right after another proof.
    #[schemars(length(max = 200))]
    pub password: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Begun {
    /// Base32, to type in.
    pub secret: String,
    pub uri: String,
    /// An SVG document.
    pub qr_svg: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Confirmed {
    /// Each replaces one code of the app, once. Shown only now.
    pub recovery_codes: Vec<String>,
}

impl Describe for Begun {}
impl Describe for Confirmed {}

impl Operation for Begin {
    const SPEC: Spec = own(
        "me.begin_totp",
        "Begin with an authenticator app",
        Effects::Writes,
        post("/me/totp"),
    );
    type Args = BeginArgs;
    type Output = Begun;

    async fn run(cx: &Context, _: BeginArgs) -> Result<Begun, Problem> {
        let (user, _) = cx.person()?;
        let enrolment = cx.studio.begin_totp(user).await?;
        Ok(Begun {
            secret: enrolment.secret,
            uri: enrolment.uri,
            qr_svg: enrolment.qr_svg,
        })
    }
}

impl Operation for Confirm {
    const SPEC: Spec = own(
        "me.confirm_totp",
        "Confirm an authenticator app",
        Effects::Writes,
        post("/me/totp/confirm"),
    );
    type Args = ConfirmArgs;
    type Output = Confirmed;

    async fn run(cx: &Context, args: ConfirmArgs) -> Result<Confirmed, Problem> {
        let (user, _) = cx.person()?;
        let recovery_codes = cx.studio.confirm_totp(user, &args.code, cx.address()).await?;
        Ok(Confirmed { recovery_codes })
    }
}

impl Operation for Disable {
    const SPEC: Spec = own(
        "me.disable_totp",
        "Take the second factor away",
        Effects::Writes,
        post("/me/totp/disable"),
    );
    type Args = DisableArgs;
    type Output = Done;

    async fn run(cx: &Context, args: DisableArgs) -> Result<Done, Problem> {
        let (user, session) = cx.person()?;
        cx.studio
            .disable_totp(user, session, args.password.as_deref(), cx.address())
            .await?;
        Ok(Done::YES)
    }
}
