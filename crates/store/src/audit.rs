//! The audit log: who did what, with what outcome. Rows are only added; no prompts and no secrets.

use aquatint_domain::{ApiKeyId, Problem, RequestId, Timestamp, UserId, WorkspaceId};
use sea_orm::Value;

use crate::columns::{get, parsed, parsed_if, time, to_json};
use crate::connection::{Connections, DatabaseKind, broken, execute, rows};
use crate::page::{Page, number_cursor};

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

/// Which rows are wanted; nothing said means all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub workspace: Option<WorkspaceId>,
    pub user: Option<UserId>,
    pub action: Option<String>,
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

    /// The rows that the filter takes, the newest first.
    pub async fn list(
        &self,
        filter: &AuditFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<AuditRow>, Problem> {
        let (at, request) = number_cursor(cursor)?.unwrap_or((i64::MAX, ""));
        let mut sql = "SELECT * FROM audit_log WHERE at <= $1 AND (at < $1 OR request_id < $2)".to_owned();
        let mut values: Vec<Value> = vec![at.into(), request.into()];
        for (column, wanted) in [
            ("workspace_id", filter.workspace.as_ref().map(WorkspaceId::as_str)),
            ("user_id", filter.user.as_ref().map(UserId::as_str)),
            ("action", filter.action.as_deref()),
        ] {
            if let Some(wanted) = wanted {
                values.push(wanted.into());
                sql.push_str(&format!(" AND {column} = ${}", values.len()));
            }
        }
        sql.push_str(&format!(" ORDER BY at DESC, request_id DESC LIMIT {}", limit + 1));
        let found = rows(self.0.read(), &sql, values).await?;
        let items = found
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
            .collect::<Result<Vec<_>, Problem>>()?;
        Ok(Page::of(items, limit, |audit| {
            format!("{}-{}", audit.at.as_millisecond(), audit.request)
        }))
    }
}
