//! Everybody's workspaces: plans and credits.

use aquatint_domain::{Balance, Credits, EntryId, Problem, Timestamp, WorkspaceId, text};
use aquatint_store::Workspace;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{operator, operators};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get, post};

pub struct List;
pub struct SetPlan;
pub struct GrantCredits;

/// Workspaces of the studio, newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// Part of a name.
    #[schemars(length(max = 200))]
    pub query: Option<String>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// Move a workspace to another plan; the plan's credits come with it once.
#[derive(Deserialize, JsonSchema)]
pub struct SetPlanArgs {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The name of the plan.
    #[schemars(length(max = 80))]
    pub plan: String,
}

/// Add credits to a balance of a workspace.
#[derive(Deserialize, JsonSchema)]
pub struct GrantArgs {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Which balance.
    pub balance: Balance,
    /// How many, more than 0.
    pub credits: f64,
    /// What for; it stands in the ledger.
    #[schemars(length(max = 200))]
    pub memo: Option<String>,
    /// The same reference is granted only once.
    #[schemars(length(max = 200))]
    pub reference: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Workspaces {
    pub workspaces: Vec<WorkspaceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct WorkspaceView {
    pub workspace_id: WorkspaceId,
    pub name: String,
    pub plan: String,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assets: Option<u64>,
    pub balances: BalancesView,
}

#[derive(Serialize, JsonSchema)]
pub struct BalancesView {
    pub plan_units: Credits,
    pub api: Credits,
}

impl Describe for Workspaces {}
impl Describe for WorkspaceView {}

impl Operation for List {
    const SPEC: Spec = operators(
        "admin.workspaces",
        "Workspaces",
        Effects::Reads,
        get("/admin/workspaces"),
    );
    type Args = ListArgs;
    type Output = Workspaces;

    async fn run(cx: &Context, args: ListArgs) -> Result<Workspaces, Problem> {
        operator(cx).await?;
        let page = cx
            .studio
            .store()
            .workspaces()
            .overview(
                args.query.as_deref().unwrap_or_default(),
                args.cursor.as_deref(),
                args.limit.unwrap_or(50),
            )
            .await?;
        let mut workspaces = Vec::new();
        for (workspace, members, assets) in page.items {
            workspaces.push(view(cx, workspace, Some(members), Some(assets)).await?);
        }
        Ok(Workspaces {
            workspaces,
            next_cursor: page.next_cursor,
        })
    }
}

impl Operation for SetPlan {
    const SPEC: Spec = operators(
        "admin.set_plan",
        "Move a workspace to a plan",
        Effects::Writes,
        post("/admin/workspaces/{workspace_id}"),
    );
    type Args = SetPlanArgs;
    type Output = WorkspaceView;

    async fn run(cx: &Context, args: SetPlanArgs) -> Result<WorkspaceView, Problem> {
        operator(cx).await?;
        cx.studio.set_plan(&args.workspace_id, &args.plan).await?;
        one(cx, &args.workspace_id).await
    }
}

impl Operation for GrantCredits {
    const SPEC: Spec = operators(
        "admin.grant_credits",
        "Add credits",
        Effects::Writes,
        post("/admin/workspaces/{workspace_id}/credits"),
    );
    type Args = GrantArgs;
    type Output = WorkspaceView;

    async fn run(cx: &Context, args: GrantArgs) -> Result<WorkspaceView, Problem> {
        operator(cx).await?;
        let amount = Credits::from_f64(args.credits)
            .filter(|amount| !amount.is_zero() && args.credits > 0.0)
            .ok_or_else(|| Problem::invalid("credits", "Say a number of credits above 0."))?;
        one(cx, &args.workspace_id).await?;
        let now = cx.studio.now();
        let reference = match &args.reference {
            Some(reference) => text::one_line(reference, 200),
            None => format!("operator:{}", EntryId::generate(now)),
        };
        let memo = args.memo.as_deref().map(|memo| text::one_line(memo, 200));
        let memo = memo.filter(|memo| !memo.is_empty());
        cx.studio
            .store()
            .ledger()
            .grant(
                &args.workspace_id,
                args.balance,
                amount,
                &reference,
                memo.as_deref().unwrap_or("Granted by the operator"),
                now,
            )
            .await?;
        one(cx, &args.workspace_id).await
    }
}

async fn one(cx: &Context, id: &WorkspaceId) -> Result<WorkspaceView, Problem> {
    let found = cx.studio.store().workspaces().get(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("workspace", id).at("workspace_id"))?;
    view(cx, found, None, None).await
}

async fn view(
    cx: &Context,
    workspace: Workspace,
    members: Option<u64>,
    assets: Option<u64>,
) -> Result<WorkspaceView, Problem> {
    let balances = cx.studio.store().ledger().balances(&workspace.id).await?;
    Ok(WorkspaceView {
        workspace_id: workspace.id,
        name: workspace.name,
        plan: workspace.plan,
        created_at: workspace.created_at,
        members,
        assets,
        balances: BalancesView {
            plan_units: balances.plan_units.available,
            api: balances.api.available,
        },
    })
}
