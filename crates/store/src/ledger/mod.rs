//! The books: double entry, append-only, whole micro-credits. Each workspace has two balances, each
//! with an account for what is available, held and spent; `issued` is where all credits come from.
//! Entries of an account are chained by hash, so a change of history is found.

mod check;
mod post;
mod usage;

use std::collections::HashMap;

use aquatint_domain::{Balance, Code, Credits, Problem, Timestamp, WorkspaceId};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::json;

pub use check::Books;
pub(crate) use post::{grant_once, hold, release, settle, take_back};
pub use usage::{UsageBy, UsageFilter, UsageRow, UsageTotal};

use crate::columns::{flag, get, parsed};
use crate::connection::{Connections, broken, row, rows};

/// Workspaces in one lookup.
const MANY: usize = 500;

pub struct Ledger<'a>(pub(crate) &'a Connections);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    pub available: Credits,
    pub held: Credits,
    pub spent: Credits,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    pub plan_units: Funds,
    pub api: Funds,
    /// The plan meters and never refuses.
    pub may_overdraw: bool,
}

/// The account of a purpose (`available`, `held`, `spent`).
pub(crate) fn account_id(workspace: &WorkspaceId, balance: Balance, purpose: &str) -> String {
    format!("{workspace}/{balance}/{purpose}")
}

impl Ledger<'_> {
    pub async fn balances(&self, workspace: &WorkspaceId) -> Result<Balances, Problem> {
        let balances = self.0.balances.get(workspace.clone()).await?;
        balances.ok_or_else(|| Problem::not_found("workspace", workspace))
    }

    /// Grants credits once per reference; `false` when the reference was used before.
    pub async fn grant(
        &self,
        workspace: &WorkspaceId,
        balance: Balance,
        amount: Credits,
        reference: &str,
        memo: &str,
        now: Timestamp,
    ) -> Result<bool, Problem> {
        if amount.micro() <= 0 {
            return Err(Problem::invalid("amount", "A grant must be more than 0 credits."));
        }
        let tx = self.0.begin().await?;
        if !grant_once(&tx, workspace, balance, amount, reference, memo, now).await? {
            return Ok(false);
        }
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }
}

/// The balances of several workspaces.
pub(crate) async fn balances_of(
    db: DatabaseConnection,
    workspaces: Vec<WorkspaceId>,
) -> Result<HashMap<WorkspaceId, Balances>, Problem> {
    let mut all: HashMap<WorkspaceId, Balances> = HashMap::with_capacity(workspaces.len());
    for some in workspaces.chunks(MANY) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT workspace_id, balance, purpose, amount, may_overdraw FROM ledger_accounts WHERE workspace_id IN ({})",
            places.join(", ")
        );
        let values = some.iter().map(|workspace| workspace.as_str().into()).collect();
        for account in &rows(&db, &sql, values).await? {
            let balances = all.entry(parsed(account, "workspace_id")?).or_default();
            let amount = Credits::from_micro(get(account, "amount")?);
            let funds = match get::<String>(account, "balance")?.as_str() {
                "api" => &mut balances.api,
                _ => &mut balances.plan_units,
            };
            match get::<String>(account, "purpose")?.as_str() {
                "available" => {
                    funds.available = amount;
                    balances.may_overdraw |= flag(account, "may_overdraw")?;
                }
                "held" => funds.held = amount,
                _ => funds.spent = amount,
            }
        }
    }
    Ok(all)
}

/// Refuses a total that the balance does not hold, with both figures.
pub(crate) async fn check_available<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    balance: Balance,
    price: Credits,
) -> Result<(), Problem> {
    let lock = if crate::connection::is_postgres(tx) {
        " FOR UPDATE"
    } else {
        ""
    };
    let found = row(
        tx,
        &format!("SELECT amount, may_overdraw FROM ledger_accounts WHERE id = $1{lock}"),
        vec![account_id(workspace, balance, "available").into()],
    )
    .await?;
    let account = found.ok_or_else(|| Problem::internal("a workspace without accounts"))?;
    let available = Credits::from_micro(get(&account, "amount")?);
    // What is free is free, also for somebody in debt.
    if !flag(&account, "may_overdraw")? && !price.is_zero() && price > available {
        return Err(Problem::new(
            Code::InsufficientCredits,
            format!("Insufficient credits: this costs {price}, and {available} are available."),
        )
        .details(json!({ "balance": available, "price": price, "spends_from": balance })));
    }
    Ok(())
}
