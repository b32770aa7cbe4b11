//! The audit log: who did what, with what outcome. Rows are only added; no prompts and no secrets.

use aquatint_domain::{ApiKeyId, Problem, RequestId, Timestamp, UserId, WorkspaceId};

use crate::columns::{get, parsed, parsed_if, time, to_json};
use crate::connection::{Connections, DatabaseKind, broken, execute, rows};

/// Rows in one statement.
const CHUNK: usize = 500;

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
        // One text of all rows: thousands of parameters cost more than the rows themselves.
        let (each, field) = match self.0.kind {
            DatabaseKind::Sqlite => ("json_each($1) AS line", "json_extract(line.value, '$["),
            DatabaseKind::Postgres => (
                "json_array_elements(CAST($1 AS JSON)) AS line(value)",
                "(line.value ->> ",
            ),
        };
        let column = |number: usize| match self.0.kind {
            DatabaseKind::Sqlite => format!("{field}{number}]')"),
            DatabaseKind::Postgres => format!("{field}{number})"),
        };
        let others: Vec<String> = (1..9).map(column).collect();
        let sql = format!(
            "INSERT INTO audit_log (at, workspace_id, user_id, key_id, request_id, action, outcome, address, target) \
             SELECT CAST({} AS BIGINT), {} FROM {each}",
            column(0),
            others.join(", ")
        );
        for some in new.chunks(CHUNK) {
            let lines: Vec<_> = some
                .iter()
                .map(|audit| {
                    (
                        audit.at.as_millisecond(),
                        &audit.workspace,
                        &audit.user,
                        &audit.key,
                        &audit.request,
                        &audit.action,
                        &audit.outcome,
                        &audit.address,
                        &audit.target,
                    )
                })
                .collect();
            execute(&tx, &sql, vec![to_json(&lines)?.into()]).await?;
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
