//! What was spent, row by row or in sums.

use aquatint_domain::{ApiKeyId, Balance, Credits, JobId, Problem, Scope, Timestamp};
use aquatint_store::{UsageBy, UsageFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct UsageHistory;

/// What was spent on what and when: single charges, or sums by day, model, key or operation.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Sum up instead of listing charges.
    pub by: Option<By>,
    /// Only from this time on (RFC 3339).
    pub after: Option<Timestamp>,
    /// Only before this time (RFC 3339).
    pub before: Option<Timestamp>,
    /// Only this model or engine.
    #[schemars(length(max = 200))]
    pub model: Option<String>,
    /// Only this API key.
    pub key_id: Option<ApiKeyId>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum By {
    Day,
    Model,
    Key,
    Operation,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// Single charges, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// Sums.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<Total>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Charge {
    pub job_id: JobId,
    pub operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<ApiKeyId>,
    pub balance: Balance,
    pub credits: Credits,
    pub at: Timestamp,
}

#[derive(Serialize, JsonSchema)]
pub struct Total {
    /// The day (UTC), model, key or operation.
    pub group: String,
    pub credits: Credits,
    pub jobs: u64,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut lines: Vec<String> = self
            .totals
            .iter()
            .map(|total| format!("{}: {} credits, {} jobs", total.group, total.credits, total.jobs))
            .collect();
        lines.extend(self.charges.iter().map(|charge| {
            format!(
                "{}: {} credits for {} ({})",
                charge.at, charge.credits, charge.operation, charge.job_id
            )
        }));
        if lines.is_empty() {
            lines.push("Nothing was spent in this range.".into());
        }
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for UsageHistory {
    const SPEC: Spec = Spec::new(
        "account.usage_history",
        "See usage",
        Scope::AccountRead,
        Effects::Reads,
        get("/account/usage"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let filter = UsageFilter {
            after: args.after,
            before: args.before,
            model: args.model,
            key: args.key_id,
            operation: None,
        };
        let ledger = cx.studio.store().ledger();
        if let Some(by) = args.by {
            let by = match by {
                By::Day => UsageBy::Day,
                By::Model => UsageBy::Model,
                By::Key => UsageBy::Key,
                By::Operation => UsageBy::Operation,
            };
            let totals = ledger.totals(&cx.caller.workspace, &filter, by).await?;
            let totals = totals
                .into_iter()
                .map(|total| Total {
                    group: total.group,
                    credits: total.credits,
                    jobs: total.jobs,
                })
                .collect();
            return Ok(Output {
                charges: Vec::new(),
                totals,
                next_cursor: None,
            });
        }
        let page = ledger
            .history(
                &cx.caller.workspace,
                &filter,
                args.cursor.as_deref(),
                args.limit.unwrap_or(20),
            )
            .await?;
        let charges = page
            .items
            .into_iter()
            .map(|row| Charge {
                job_id: row.job,
                operation: row.operation,
                model: row.model,
                key_id: row.key,
                balance: row.balance,
                credits: row.credits,
                at: row.at,
            })
            .collect();
        Ok(Output {
            charges,
            totals: Vec::new(),
            next_cursor: page.next_cursor,
        })
    }
}
