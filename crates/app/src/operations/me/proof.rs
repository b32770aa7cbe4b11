//! Proving once more who one is, before what changes how one signs in.

use aquatint_domain::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::own;
use crate::operation::{Context, Done, Effects, Operation, Spec, post};
use crate::people::{Asserted, PasskeyQuestion, Proof};

pub struct Begin;
pub struct Prove;

/// Begin to prove by a passkey who one is: what the browser is to ask its authenticator.
#[derive(Deserialize, JsonSchema)]
pub struct BeginArgs {}

/// Prove once more who one is, by one of three ways; it counts for ten minutes in this session, as signing in does.
#[derive(Deserialize, JsonSchema)]
pub struct ProveArgs {
    /// One's password.
    #[schemars(length(max = 200))]
    pub password: Option<String>,
    /// A code of the authenticator app, or a recovery code, which is used up.
    #[schemars(length(max = 20))]
    pub code: Option<String>,
    /// The answer of a passkey.
    pub passkey: Option<Answer>,
}

#[derive(Deserialize, JsonSchema)]
pub struct Answer {
    /// What came with the question.
    #[schemars(length(max = 8192))]
    pub kept: String,
    /// What `navigator.credentials.get` gave, as JSON.
    pub credential: Asserted,
}

impl Operation for Begin {
    const SPEC: Spec = own(
        "me.begin_proof",
        "Begin to prove by a passkey",
        Effects::Writes,
        post("/me/proof/begin"),
    );
    type Args = BeginArgs;
    type Output = PasskeyQuestion;

    async fn run(cx: &Context, _: BeginArgs) -> Result<PasskeyQuestion, Problem> {
        let (user, session) = cx.person()?;
        cx.studio.ask_to_prove(user, session).await
    }
}

impl Operation for Prove {
    const SPEC: Spec = own("me.prove", "Prove that it is me", Effects::Writes, post("/me/proof"));
    type Args = ProveArgs;
    type Output = Done;

    async fn run(cx: &Context, args: ProveArgs) -> Result<Done, Problem> {
        let (user, session) = cx.person()?;
        let proof = match (&args.password, &args.code, &args.passkey) {
            (Some(password), None, None) => Proof::Password(password),
            (None, Some(code), None) => Proof::Code(code),
            (None, None, Some(answer)) => Proof::Passkey(&answer.kept, &answer.credential),
            _ => {
                return Err(Problem::invalid(
                    "password",
                    "Send one of `password`, `code` and `passkey`.",
                ));
            }
        };
        cx.studio.prove(user, session, proof, cx.address()).await?;
        Ok(Done::YES)
    }
}
