//! What happened, who did it, and from where.

use aquatint_domain::{ApiKeyId, Problem, RequestId, Timestamp, UserId, WorkspaceId};
use aquatint_store::{AuditFilter, AuditRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{operator, operators};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct Log;

/// The audit log of the whole studio, the newest first: calls, sign-ins that went well or not, apps let in, tokens that came twice.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Only of this workspace.
    pub workspace_id: Option<WorkspaceId>,
    /// Only of this person.
    pub user_id: Option<UserId>,
    /// Only this, such as `session.open` or `edit.upscale`.
    #[schemars(length(min = 1, max = 80))]
    pub action: Option<String>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub rows: Vec<RowView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct RowView {
    pub at: Timestamp,
    pub action: String,
    /// `ok`, or what was wrong.
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<WorkspaceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<ApiKeyId>,
    /// The address that the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The id of what was acted on, or of the permission under which an app called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub request_id: RequestId,
}

impl From<AuditRow> for RowView {
    fn from(row: AuditRow) -> Self {
        Self {
            at: row.at,
            action: row.action,
            outcome: row.outcome,
            workspace_id: row.workspace,
            user_id: row.user,
            key_id: row.key,
            address: row.address,
            target: row.target,
            request_id: row.request,
        }
    }
}

impl Describe for Output {}

impl Operation for Log {
    const SPEC: Spec = operators("admin.audit", "Audit log", Effects::Reads, get("/admin/audit"));
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        operator(cx).await?;
        cx.studio.audit().flush().await;
        let filter = AuditFilter {
            workspace: args.workspace_id,
            user: args.user_id,
            action: args.action,
        };
        let log = cx.studio.store().audit();
        let page = log
            .list(&filter, args.cursor.as_deref(), args.limit.unwrap_or(50))
            .await?;
        Ok(Output {
            rows: page.items.into_iter().map(RowView::from).collect(),
            next_cursor: page.next_cursor,
        })
    }
}
