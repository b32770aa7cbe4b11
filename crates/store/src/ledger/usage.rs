//! What was spent, row by row and in sums.

use aquatint_domain::{ApiKeyId, Balance, Credits, JobId, Problem, Timestamp, WorkspaceId};
use sea_orm::Value;

use super::Ledger;
use crate::columns::{get, number, parsed, parsed_if, time};
use crate::connection::{DatabaseKind, rows};
use crate::page::{Page, number_cursor};

/// Groups in one answer.
const TOTALS_MAX: u32 = 1_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageFilter {
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub model: Option<String>,
    pub key: Option<ApiKeyId>,
    pub operation: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// UTC days.
    Day,
    Model,
    Key,
    Operation,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UsageRow {
    pub job: JobId,
    pub operation: String,
    pub model: Option<String>,
    pub key: Option<ApiKeyId>,
    pub balance: Balance,
    pub credits: Credits,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UsageTotal {
    pub group: String,
    pub credits: Credits,
    pub jobs: u64,
}

impl Ledger<'_> {
    /// Charges, the newest first.
    pub async fn history(
        &self,
        workspace: &WorkspaceId,
        filter: &UsageFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<UsageRow>, Problem> {
        let (mut conditions, mut values) = conditions(workspace, filter);
        if let Some((at, job)) = number_cursor(cursor)? {
            values.push(at.into());
            values.push(job.into());
            let (at, job) = (values.len() - 1, values.len());
            conditions.push_str(&format!(" AND (at < ${at} OR (at = ${at} AND job_id < ${job}))"));
        }
        let sql = format!(
            "SELECT * FROM charges WHERE {conditions} ORDER BY at DESC, job_id DESC LIMIT {}",
            limit + 1
        );
        let found = rows(self.0.read(), &sql, values).await?;
        let items = found
            .iter()
            .map(|row| {
                Ok(UsageRow {
                    job: parsed(row, "job_id")?,
                    operation: get(row, "operation")?,
                    model: get(row, "model")?,
                    key: parsed_if(row, "key_id")?,
                    balance: parsed(row, "balance")?,
                    credits: Credits::from_micro(get(row, "credits")?),
                    at: time(row, "at")?,
                })
            })
            .collect::<Result<Vec<_>, Problem>>()?;
        Ok(Page::of(items, limit, |usage| {
            format!("{}-{}", usage.at.as_millisecond(), usage.job)
        }))
    }

    /// Sums by group, the dearest first (days: the newest first).
    pub async fn totals(
        &self,
        workspace: &WorkspaceId,
        filter: &UsageFilter,
        by: UsageBy,
    ) -> Result<Vec<UsageTotal>, Problem> {
        let (conditions, values) = conditions(workspace, filter);
        let (group, order) = match (by, self.0.kind) {
            (UsageBy::Day, DatabaseKind::Sqlite) => ("strftime('%Y-%m-%d', at / 1000, 'unixepoch')", "1 DESC"),
            (UsageBy::Day, DatabaseKind::Postgres) => (
                "to_char(to_timestamp(at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
                "1 DESC",
            ),
            (UsageBy::Model, _) => ("COALESCE(model, 'none')", "2 DESC, 1"),
            (UsageBy::Key, _) => ("COALESCE(key_id, 'none')", "2 DESC, 1"),
            (UsageBy::Operation, _) => ("operation", "2 DESC, 1"),
        };
        let sql = format!(
            "SELECT {group} AS grouped, CAST(SUM(credits) AS BIGINT) AS credits, COUNT(*) AS jobs FROM charges WHERE {conditions} GROUP BY 1 ORDER BY {order} LIMIT {TOTALS_MAX}"
        );
        let found = rows(self.0.read(), &sql, values).await?;
        found
            .iter()
            .map(|row| {
                Ok(UsageTotal {
                    group: get(row, "grouped")?,
                    credits: Credits::from_micro(get(row, "credits")?),
                    jobs: number(row, "jobs")?,
                })
            })
            .collect()
    }
}

fn conditions(workspace: &WorkspaceId, filter: &UsageFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![workspace.as_str().into()];
    let mut text = "workspace_id = $1".to_owned();
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(after) = filter.after {
        and("at >=", after.as_millisecond().into());
    }
    if let Some(before) = filter.before {
        and("at <", before.as_millisecond().into());
    }
    if let Some(model) = &filter.model {
        and("model =", model.as_str().into());
    }
    if let Some(key) = &filter.key {
        and("key_id =", key.as_str().into());
    }
    if let Some(operation) = &filter.operation {
        and("operation =", operation.as_str().into());
    }
    (text, values)
}
