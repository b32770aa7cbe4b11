//! The books: double entry, append-only, whole micro-credits. Each workspace has two balances, each
//! with an account for what is available, held and spent; `issued` is where all credits come from.
//! Entries of an account are chained by hash, so a change of history is found.

mod check;
mod post;
mod usage;

use aquatint_domain::{Balance, Code, Credits, Problem, Timestamp, WorkspaceId};
use sea_orm::ConnectionTrait;
use serde_json::json;

pub use check::Books;
pub(crate) use post::{hold, release, settle};
pub use usage::{UsageBy, UsageFilter, UsageRow, UsageTotal};

use crate::columns::{flag, get};
use crate::connection::{Connections, broken, execute, row, rows};
use post::{Entry, post};

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
        let found = rows(
            self.0.read(),
            "SELECT balance, purpose, amount, may_overdraw FROM ledger_accounts WHERE workspace_id = $1",
            vec![workspace.as_str().into()],
        )
        .await?;
        let mut balances = Balances::default();
        for account in &found {
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
        Ok(balances)
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
        let id = aquatint_domain::EntryId::generate(now);
        let fresh = execute(
            &tx,
            "INSERT INTO ledger_grants (reference, tx) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            vec![reference.into(), id.as_str().into()],
        )
        .await?;
        if fresh == 0 {
            return Ok(false);
        }
        let to = account_id(workspace, balance, "available");
        post(
            &tx,
            &Entry {
                tx: id.as_str(),
                from: "issued",
                to: &to,
                amount,
                kind: "grant",
                job: None,
                memo,
                now,
            },
        )
        .await?;
        tx.commit().await.map_err(broken)?;
        Ok(true)
    }
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
