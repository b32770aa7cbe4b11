//! Connected apps: which were let in, and letting them go. One sees one's own everywhere, admins see those of the workspace.

use aquatint_domain::{GrantId, Problem, Role, Scope, Timestamp, WorkspaceId};
use aquatint_store::Grant;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, get};

pub struct List;
pub struct Revoke;

/// Apps that one let in, and for admins all that were let into the workspace.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {}

/// Disconnect an app at once.
#[derive(Deserialize, JsonSchema)]
pub struct RevokeArgs {
    /// Grant id.
    pub grant_id: GrantId,
}

#[derive(Serialize, JsonSchema)]
pub struct Apps {
    pub apps: Vec<AppView>,
}

#[derive(Serialize, JsonSchema)]
pub struct AppView {
    pub grant_id: GrantId,
    /// As the app calls itself.
    pub client_name: String,
    pub client_id: String,
    /// Where it took its answer.
    pub redirect_host: String,
    pub scopes: Vec<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_name: Option<String>,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    pub is_yours: bool,
    pub user_name: String,
}

impl Describe for Apps {}

impl Operation for List {
    const SPEC: Spec = by(
        Role::Viewer,
        "apps.list",
        "Connected apps",
        Effects::Reads,
        get("/apps"),
    );
    type Args = ListArgs;
    type Output = Apps;

    async fn run(cx: &Context, _: ListArgs) -> Result<Apps, Problem> {
        let (studio, store) = (&cx.studio, cx.studio.store());
        studio.save_key_uses().await;
        let mut apps = Vec::new();
        for grant in visible(cx).await? {
            let workspace = match &grant.workspace {
                Some(id) => store.workspaces().get(id).await?,
                None => None,
            };
            let user = store.users().get(&grant.user).await?;
            apps.push(AppView {
                is_yours: cx.caller.user.as_ref() == Some(&grant.user),
                user_name: user.map(|user| user.name).unwrap_or_default(),
                workspace_name: workspace.map(|workspace| workspace.name),
                grant_id: grant.id,
                client_name: grant.client_name,
                client_id: grant.client_id,
                redirect_host: grant.redirect_host,
                scopes: grant.scopes,
                workspace_id: grant.workspace,
                created_at: grant.created_at,
                last_used_at: grant.last_used_at,
            });
        }
        Ok(Apps { apps })
    }
}

impl Operation for Revoke {
    const SPEC: Spec = by(
        Role::Viewer,
        "apps.revoke",
        "Disconnect an app",
        Effects::Writes,
        delete("/apps/{grant_id}"),
    );
    type Args = RevokeArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RevokeArgs) -> Result<Done, Problem> {
        if !visible(cx).await?.iter().any(|grant| grant.id == args.grant_id) {
            return Err(Problem::not_found("connected app", &args.grant_id));
        }
        cx.studio
            .store()
            .oauth()
            .revoke_grant(&args.grant_id, cx.studio.now())
            .await?;
        cx.studio.keys().forget();
        Ok(Done::YES)
    }
}

async fn visible(cx: &Context) -> Result<Vec<Grant>, Problem> {
    let (user, _) = cx.person()?;
    let is_admin = cx.caller.role() >= Some(Role::Admin);
    let workspace = is_admin.then_some(&cx.caller.workspace);
    cx.studio.store().oauth().grants(user, workspace).await
}
