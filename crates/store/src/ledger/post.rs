//! Posting: every movement is two entries that sum to zero, and each job is held, settled or
//! released at most once, by primary key.

use aquatint_domain::{Balance, Credits, EntryId, Job, JobId, Problem, Timestamp, WorkspaceId};
use sea_orm::ConnectionTrait;

use super::account_id;
use crate::columns::get;
use crate::connection::{execute, is_postgres, row};

/// Where all credits come from.
const ISSUED: &str = "issued";

/// One movement between two accounts.
pub(super) struct Entry<'a> {
    pub tx: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    /// More than zero.
    pub amount: Credits,
    pub kind: &'a str,
    pub job: Option<&'a JobId>,
    pub memo: &'a str,
    pub now: Timestamp,
}

/// Moves an amount. Accounts are always taken in the order of their ids, so that two movements never wait for each other.
pub(super) async fn post<C: ConnectionTrait>(tx: &C, entry: &Entry<'_>) -> Result<(), Problem> {
    if entry.amount.micro() <= 0 {
        return Err(Problem::internal("a ledger movement must be more than zero"));
    }
    let mut sides = [(entry.from, -entry.amount.micro()), (entry.to, entry.amount.micro())];
    sides.sort();
    for (account, amount) in sides {
        append(tx, entry, account, amount).await?;
    }
    Ok(())
}

async fn append<C: ConnectionTrait>(tx: &C, entry: &Entry<'_>, account: &str, amount: i64) -> Result<(), Problem> {
    let lock = if is_postgres(tx) { " FOR UPDATE" } else { "" };
    let found = row(
        tx,
        &format!("SELECT last_hash, entry_count FROM ledger_accounts WHERE id = $1{lock}"),
        vec![account.into()],
    )
    .await?;
    let found = found.ok_or_else(|| Problem::internal(format!("there is no ledger account {account}")))?;
    let number = get::<i64>(&found, "entry_count")? + 1;
    let at = entry.now.as_millisecond();
    let line = Line {
        account,
        number,
        tx: entry.tx,
        amount,
        kind: entry.kind,
        job: entry.job.map_or("", |job| job.as_str()),
        memo: entry.memo,
        at,
    };
    let hash = line.chained(&get::<String>(&found, "last_hash")?);
    let job = entry.job.map(|job| job.as_str().to_owned());
    execute(
        tx,
        "INSERT INTO ledger_entries (account_id, number, tx, amount, kind, job_id, memo, at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        vec![account.into(), number.into(), entry.tx.into(), amount.into(), entry.kind.into(), job.into(), entry.memo.into(), at.into(), hash.clone().into()],
    )
    .await?;
    execute(
        tx,
        "UPDATE ledger_accounts SET amount = amount + $2, last_hash = $3, entry_count = $4 WHERE id = $1",
        vec![account.into(), amount.into(), hash.into(), number.into()],
    )
    .await?;
    Ok(())
}

/// One entry of one account, as it is hashed.
pub(super) struct Line<'a> {
    pub account: &'a str,
    pub number: i64,
    pub tx: &'a str,
    pub amount: i64,
    pub kind: &'a str,
    /// Empty where there is none.
    pub job: &'a str,
    pub memo: &'a str,
    pub at: i64,
}

impl Line<'_> {
    /// The hash over everything that the entry says and over the hash before it.
    pub(super) fn chained(&self, before: &str) -> String {
        let Self {
            account,
            number,
            tx,
            amount,
            kind,
            job,
            memo,
            at,
        } = self;
        // The memo comes last: it is the one part that may hold anything.
        let text = format!("{before}\n{account}\n{number}\n{tx}\n{amount}\n{kind}\n{job}\n{at}\n{memo}");
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}

/// Grants credits once per reference, inside a transaction; `false` when the reference was used before.
pub(crate) async fn grant_once<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    balance: Balance,
    amount: Credits,
    reference: &str,
    memo: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    let id = EntryId::generate(now);
    let fresh = execute(
        tx,
        "INSERT INTO ledger_grants (reference, tx) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        vec![reference.into(), id.as_str().into()],
    )
    .await?;
    if fresh == 0 {
        return Ok(false);
    }
    let to = account_id(workspace, balance, "available");
    post(
        tx,
        &Entry {
            tx: id.as_str(),
            from: ISSUED,
            to: &to,
            amount,
            kind: "grant",
            job: None,
            memo,
            now,
        },
    )
    .await?;
    Ok(true)
}

/// Takes granted credits back as far as they are there, and says how many that were. A balance never goes below zero by it.
pub(crate) async fn take_back<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    balance: Balance,
    wanted: Credits,
    memo: &str,
    now: Timestamp,
) -> Result<Credits, Problem> {
    let from = account_id(workspace, balance, "available");
    let lock = if is_postgres(tx) { " FOR UPDATE" } else { "" };
    let mut available = 0;
    // In the order of the ids, as every movement takes its accounts.
    for account in [ISSUED, &from] {
        let found = row(
            tx,
            &format!("SELECT amount FROM ledger_accounts WHERE id = $1{lock}"),
            vec![account.into()],
        )
        .await?;
        let found = found.ok_or_else(|| Problem::internal(format!("there is no ledger account {account}")))?;
        available = get::<i64>(&found, "amount")?;
    }
    let amount = Credits::from_micro(available.clamp(0, wanted.micro().max(0)));
    if amount.is_zero() {
        return Ok(Credits::ZERO);
    }
    post(
        tx,
        &Entry {
            tx: EntryId::generate(now).as_str(),
            from: &from,
            to: ISSUED,
            amount,
            kind: "refund",
            job: None,
            memo,
            now,
        },
    )
    .await?;
    Ok(amount)
}

/// Reserves the price of a job.
pub(crate) async fn hold<C: ConnectionTrait>(
    tx: &C,
    workspace: &WorkspaceId,
    balance: Balance,
    job: &JobId,
    price: Credits,
    now: Timestamp,
) -> Result<(), Problem> {
    let id = EntryId::generate(now);
    mark(tx, job, "hold", id.as_str(), price).await?;
    if price.is_zero() {
        return Ok(());
    }
    let (from, to) = (
        account_id(workspace, balance, "available"),
        account_id(workspace, balance, "held"),
    );
    post(
        tx,
        &Entry {
            tx: id.as_str(),
            from: &from,
            to: &to,
            amount: price,
            kind: "hold",
            job: Some(job),
            memo: "",
            now,
        },
    )
    .await
}

/// Turns a hold into a charge; what was held too much goes back.
pub(crate) async fn settle<C: ConnectionTrait>(
    tx: &C,
    job: &Job,
    charge: Credits,
    now: Timestamp,
) -> Result<(), Problem> {
    let id = EntryId::generate(now);
    mark(tx, &job.id, "settle", id.as_str(), charge).await?;
    let held = account_id(&job.workspace, job.balance, "held");
    if !charge.is_zero() {
        let spent = account_id(&job.workspace, job.balance, "spent");
        post(
            tx,
            &Entry {
                tx: id.as_str(),
                from: &held,
                to: &spent,
                amount: charge,
                kind: "settle",
                job: Some(&job.id),
                memo: &job.operation,
                now,
            },
        )
        .await?;
    }
    execute(
        tx,
        "INSERT INTO charges (job_id, workspace_id, operation, model, key_id, balance, credits, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        vec![
            job.id.as_str().into(),
            job.workspace.as_str().into(),
            job.operation.as_str().into(),
            job.model.clone().into(),
            job.key.as_ref().map(|key| key.as_str().to_owned()).into(),
            job.balance.as_str().into(),
            charge.micro().into(),
            now.as_millisecond().into(),
        ],
    )
    .await?;
    let rest = job.price - charge;
    if rest.is_zero() {
        Ok(())
    } else {
        give_back(tx, job, rest, now).await
    }
}

/// Gives a whole hold back.
pub(crate) async fn release<C: ConnectionTrait>(tx: &C, job: &Job, now: Timestamp) -> Result<(), Problem> {
    give_back(tx, job, job.price, now).await
}

async fn give_back<C: ConnectionTrait>(tx: &C, job: &Job, amount: Credits, now: Timestamp) -> Result<(), Problem> {
    let id = EntryId::generate(now);
    mark(tx, &job.id, "release", id.as_str(), amount).await?;
    if amount.is_zero() {
        return Ok(());
    }
    let (held, available) = (
        account_id(&job.workspace, job.balance, "held"),
        account_id(&job.workspace, job.balance, "available"),
    );
    post(
        tx,
        &Entry {
            tx: id.as_str(),
            from: &held,
            to: &available,
            amount,
            kind: "release",
            job: Some(&job.id),
            memo: "",
            now,
        },
    )
    .await
}

/// The primary key (job, kind) makes a second hold, settle or release of a job impossible.
async fn mark<C: ConnectionTrait>(tx: &C, job: &JobId, kind: &str, id: &str, amount: Credits) -> Result<(), Problem> {
    execute(
        tx,
        "INSERT INTO ledger_marks (job_id, kind, tx, amount) VALUES ($1, $2, $3, $4)",
        vec![job.as_str().into(), kind.into(), id.into(), amount.micro().into()],
    )
    .await?;
    Ok(())
}
