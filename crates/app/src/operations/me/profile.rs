//! Who is signed in, and one's name.

use aquatint_domain::{Problem, Role, UserId, WorkspaceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own;
use crate::operation::{Context, Describe, Effects, Operation, Spec, get, post};

pub struct Me;
pub struct Rename;

/// The signed-in person, the workspaces they belong to, and what the web app needs to know of the server.
#[derive(Deserialize, JsonSchema)]
pub struct MeArgs {}

/// Change one's own name.
#[derive(Deserialize, JsonSchema)]
pub struct RenameArgs {
    /// The new name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub user: Person,
    /// The workspace that is looked at.
    pub workspace: Place,
    pub workspaces: Vec<Place>,
    /// Goes into the header `X-CSRF-Token` of everything that changes something.
    pub csrf_token: String,
    pub server: Server,
}

#[derive(Serialize, JsonSchema)]
pub struct Person {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub has_password: bool,
    pub has_totp: bool,
    pub recovery_codes_left: usize,
    pub passkey_count: usize,
    pub is_operator: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Place {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub role: Role,
    pub is_default: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Server {
    pub version: String,
    pub public_url: String,
    pub upload_max_bytes: u64,
    pub trash_days: u32,
    pub mail_configured: bool,
    /// Whether credits or plans are sold here.
    pub sells: bool,
}

impl Describe for Output {}

impl Operation for Me {
    const SPEC: Spec = own("me.get", "Who am I", Effects::Reads, get("/me"));
    type Args = MeArgs;
    type Output = Output;

    async fn run(cx: &Context, _: MeArgs) -> Result<Output, Problem> {
        output(cx).await
    }
}

impl Operation for Rename {
    const SPEC: Spec = own("me.rename", "Change my name", Effects::Writes, post("/me"));
    type Args = RenameArgs;
    type Output = Output;

    async fn run(cx: &Context, args: RenameArgs) -> Result<Output, Problem> {
        let (user, _) = cx.person()?;
        cx.studio.rename_user(user, &args.name).await?;
        output(cx).await
    }
}

async fn output(cx: &Context) -> Result<Output, Problem> {
    let (user, session) = cx.person()?;
    let studio = &cx.studio;
    let person = studio.user(user).await?;
    let workspaces: Vec<Place> = studio
        .places_of(&person)
        .await?
        .into_iter()
        .map(|place| Place {
            workspace_id: place.workspace.id,
            name: place.workspace.name,
            plan: place.workspace.plan,
            role: place.role,
            is_default: place.is_default,
        })
        .collect();
    let here = workspaces
        .iter()
        .find(|place| place.workspace_id == cx.caller.workspace)
        .ok_or_else(|| Problem::not_found("workspace", &cx.caller.workspace))?;
    let settings = studio.settings();
    Ok(Output {
        workspace: Place {
            workspace_id: here.workspace_id.clone(),
            name: here.name.clone(),
            plan: here.plan.clone(),
            ..*here
        },
        workspaces,
        csrf_token: cx.studio.csrf_of(session),
        user: Person {
            has_password: !person.password_hash.is_empty(),
            has_totp: person.totp.secret.is_some(),
            recovery_codes_left: person.totp.recovery_codes.len(),
            passkey_count: studio.store().passkeys().list(user).await?.len(),
            is_operator: person.is_operator,
            user_id: person.id,
            name: person.name,
            email: person.email,
        },
        server: Server {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: studio.public_url().to_string(),
            upload_max_bytes: settings.upload_max_bytes,
            trash_days: settings.trash_days,
            mail_configured: studio.sends_mail(),
            sells: studio.sells(),
        },
    })
}
