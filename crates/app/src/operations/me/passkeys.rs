//! One's own passkeys.

use aquatint_domain::{PasskeyId, Problem, Timestamp};
use aquatint_store::Passkey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, get, post};
use crate::people::{Created, PasskeyQuestion};

pub struct List;
pub struct Begin;
pub struct Add;
pub struct Rename;
pub struct Remove;

/// One's own passkeys, the oldest first, and the address at which passkeys work.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {}

/// Begin with a new passkey: what the browser is to ask its authenticator. Needs a recent proof (`me.prove`).
#[derive(Deserialize, JsonSchema)]
pub struct BeginArgs {}

/// Add the passkey that the browser made. Needs a recent proof (`me.prove`).
#[derive(Deserialize, JsonSchema)]
pub struct AddArgs {
    /// What came with the question.
    #[schemars(length(max = 8192))]
    pub kept: String,
    /// What `navigator.credentials.create` gave, as JSON.
    pub credential: Created,
    /// What to call it; by default it is named after its device.
    #[schemars(length(min = 1, max = 80))]
    pub name: Option<String>,
}

/// Give one of one's passkeys another name.
#[derive(Deserialize, JsonSchema)]
pub struct RenameArgs {
    /// Passkey id.
    pub passkey_id: PasskeyId,
    /// The new name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
}

/// Remove one of one's passkeys, unless it is the only way to sign in. Needs a recent proof (`me.prove`).
#[derive(Deserialize, JsonSchema)]
pub struct RemoveArgs {
    /// Passkey id.
    pub passkey_id: PasskeyId,
}

#[derive(Serialize, JsonSchema)]
pub struct Passkeys {
    pub passkeys: Vec<PasskeyView>,
    /// The origin at which the browser can make and use them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Why they work nowhere, and what the operator can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct PasskeyView {
    pub passkey_id: PasskeyId,
    pub name: String,
    /// Whether it is copied to the person's other devices.
    pub is_synced: bool,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            passkey_id: passkey.id,
            name: passkey.name,
            is_synced: passkey.is_backed_up,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

impl Describe for Passkeys {}
impl Describe for PasskeyView {}
impl Describe for PasskeyQuestion {}

impl Operation for List {
    const SPEC: Spec = own("me.passkeys", "My passkeys", Effects::Reads, get("/me/passkeys"));
    type Args = ListArgs;
    type Output = Passkeys;

    async fn run(cx: &Context, _: ListArgs) -> Result<Passkeys, Problem> {
        let (user, _) = cx.person()?;
        let found = cx.studio.store().passkeys().list(user).await?;
        let (origin, unavailable) = match cx.studio.passkey_origin() {
            Ok(origin) => (Some(origin), None),
            Err(problem) => {
                let hint = problem.hint.unwrap_or_default();
                (None, Some(format!("{} {hint}", problem.message)))
            }
        };
        Ok(Passkeys {
            passkeys: found.into_iter().map(PasskeyView::from).collect(),
            origin,
            unavailable,
        })
    }
}

impl Operation for Begin {
    const SPEC: Spec = own(
        "me.begin_passkey",
        "Begin with a new passkey",
        Effects::Writes,
        post("/me/passkeys/begin"),
    );
    type Args = BeginArgs;
    type Output = PasskeyQuestion;

    async fn run(cx: &Context, _: BeginArgs) -> Result<PasskeyQuestion, Problem> {
        let (user, session) = cx.person()?;
        cx.studio.ask_to_add_passkey(user, session).await
    }
}

impl Operation for Add {
    const SPEC: Spec = own("me.add_passkey", "Add a passkey", Effects::Writes, post("/me/passkeys"));
    type Args = AddArgs;
    type Output = PasskeyView;

    async fn run(cx: &Context, args: AddArgs) -> Result<PasskeyView, Problem> {
        let (user, session) = cx.person()?;
        let added = cx
            .studio
            .add_passkey(user, session, &args.kept, &args.credential, args.name.as_deref())
            .await?;
        Ok(added.into())
    }
}

impl Operation for Rename {
    const SPEC: Spec = own(
        "me.rename_passkey",
        "Rename a passkey",
        Effects::Writes,
        post("/me/passkeys/{passkey_id}"),
    );
    type Args = RenameArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RenameArgs) -> Result<Done, Problem> {
        let (user, _) = cx.person()?;
        cx.studio.rename_passkey(user, &args.passkey_id, &args.name).await?;
        Ok(Done::YES)
    }
}

impl Operation for Remove {
    const SPEC: Spec = own(
        "me.remove_passkey",
        "Remove a passkey",
        Effects::Writes,
        delete("/me/passkeys/{passkey_id}"),
    );
    type Args = RemoveArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RemoveArgs) -> Result<Done, Problem> {
        let (user, session) = cx.person()?;
        cx.studio.remove_passkey(user, session, &args.passkey_id).await?;
        Ok(Done::YES)
    }
}
