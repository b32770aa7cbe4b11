//! Where one is: look at another workspace, make one, choose where one is at home.

use aquatint_domain::{Problem, Role, WorkspaceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::own;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, post};

/// Workspaces that one person may own.
const OWNED_MAX: usize = 20;

pub struct Switch;
pub struct SetDefault;
pub struct Create;

/// Look at another of one's workspaces from now on.
#[derive(Deserialize, JsonSchema)]
pub struct SwitchArgs {
    /// Workspace id.
    pub workspace_id: WorkspaceId,
}

/// Choose the workspace in which one starts, and which apps without a workspace of their own use.
#[derive(Deserialize, JsonSchema)]
pub struct SetDefaultArgs {
    /// Workspace id.
    pub workspace_id: WorkspaceId,
}

/// Make a workspace; who makes it owns it.
#[derive(Deserialize, JsonSchema)]
pub struct CreateArgs {
    /// Its name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Made {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub role: Role,
}

impl Describe for Made {}

impl Operation for Switch {
    const SPEC: Spec = own("me.switch", "Switch workspace", Effects::Writes, post("/me/workspace"));
    type Args = SwitchArgs;
    type Output = Done;

    async fn run(cx: &Context, args: SwitchArgs) -> Result<Done, Problem> {
        let (user, session) = cx.person()?;
        cx.studio.switch_workspace(session, user, &args.workspace_id).await?;
        Ok(Done::YES)
    }
}

impl Operation for SetDefault {
    const SPEC: Spec = own(
        "me.default_workspace",
        "Choose the default workspace",
        Effects::Writes,
        post("/me/default-workspace"),
    );
    type Args = SetDefaultArgs;
    type Output = Done;

    async fn run(cx: &Context, args: SetDefaultArgs) -> Result<Done, Problem> {
        let (user, _) = cx.person()?;
        let users = cx.studio.store().users();
        if users.membership(&args.workspace_id, user).await?.is_none() {
            return Err(Problem::not_found("workspace", &args.workspace_id).at("workspace_id"));
        }
        users.set_default_workspace(user, &args.workspace_id).await?;
        cx.studio.keys().forget();
        Ok(Done::YES)
    }
}

impl Operation for Create {
    const SPEC: Spec = own(
        "me.create_workspace",
        "Make a workspace",
        Effects::Writes,
        post("/workspaces"),
    );
    type Args = CreateArgs;
    type Output = Made;

    async fn run(cx: &Context, args: CreateArgs) -> Result<Made, Problem> {
        let (user, _) = cx.person()?;
        let places = cx.studio.store().users().memberships(user).await?;
        let owned = places.iter().filter(|place| place.role == Role::Owner).count();
        if owned >= OWNED_MAX {
            return Err(Problem::new(
                aquatint_domain::Code::Conflict,
                format!("One person owns at most {OWNED_MAX} workspaces."),
            ));
        }
        let plan = cx.studio.settings().default_plan.clone();
        let made = cx
            .studio
            .create_workspace(&args.name, &plan, Some(user.clone()))
            .await?;
        Ok(Made {
            workspace_id: made.id,
            name: made.name,
            plan: made.plan,
            role: Role::Owner,
        })
    }
}
