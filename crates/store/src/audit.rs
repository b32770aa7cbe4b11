//! The audit log: who did what, with what outcome. Rows are only added; no prompts and no secrets.

use aquatint_domain::{ApiKeyId, Problem, RequestId, Timestamp, UserId, WorkspaceId};
use sea_orm::Value;

use crate::columns::{get, parsed, parsed_if, time};
use crate::connection::{Connections, broken, execute, rows};

/// Rows in one statement.
const CHUNK: usize = 100;

pub struct Audit<'a>(pub(crate) &'a Connections);

#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    pub at: Timestamp,
    pub workspace: Option<WorkspaceId>,
    pub user: Option<UserId>,
    pub key: Option<ApiKeyId>,
    pub request: RequestId,
    /// The operation, or a name such as `key.create`.
    pub action: String,
    /// `ok` or an error code.
    pub outcome: String,
    pub address: Option<String>,
    /// The id of what was acted on.
    pub target: Option<String>,
}

impl Audit<'_> {
    pub async fn append(&self, new: &[AuditRow]) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        for some in new.chunks(CHUNK) {
            let mut values: Vec<Value> = Vec::with_capacity(some.len() * 9);
            let mut places = Vec::with_capacity(some.len());
            for audit in some {
                let first = values.len();
                places.push(format!(
                    "({})",
                    (1..=9)
                        .map(|column| format!("${}", first + column))
                        .collect::<Vec<_>>()
                        .join(", ")
                ));
                values.push(audit.at.as_millisecond().into());
                values.push(audit.workspace.as_ref().map(|id| id.as_str().to_owned()).into());
                values.push(audit.user.as_ref().map(|id| id.as_str().to_owned()).into());
                values.push(audit.key.as_ref().map(|id| id.as_str().to_owned()).into());
                values.push(audit.request.as_str().into());
                values.push(audit.action.as_str().into());
                values.push(audit.outcome.as_str().into());
                values.push(audit.address.clone().into());
                values.push(audit.target.clone().into());
            }
            let sql = format!(
                "INSERT INTO audit_log (at, workspace_id, user_id, key_id, request_id, action, outcome, address, target) VALUES {}",
                places.join(", ")
            );
            execute(&tx, &sql, values).await?;
        }
        tx.commit().await.map_err(broken)
    }

    /// The newest rows of a workspace.
    pub async fn list(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<AuditRow>, Problem> {
        let sql = format!("SELECT * FROM audit_log WHERE workspace_id = $1 ORDER BY at DESC LIMIT {limit}");
        let found = rows(self.0.read(), &sql, vec![workspace.as_str().into()]).await?;
        found
            .iter()
            .map(|row| {
                Ok(AuditRow {
                    at: time(row, "at")?,
                    workspace: parsed_if(row, "workspace_id")?,
                    user: parsed_if(row, "user_id")?,
                    key: parsed_if(row, "key_id")?,
                    request: parsed(row, "request_id")?,
                    action: get(row, "action")?,
                    outcome: get(row, "outcome")?,
                    address: get(row, "address")?,
                    target: get(row, "target")?,
                })
            })
            .collect()
    }
}
