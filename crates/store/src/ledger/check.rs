//! Checking the books: every invariant, the first broken one named.

use std::collections::HashMap;

use aquatint_domain::{Code, Problem};
use sea_orm::ConnectionTrait;

use super::Ledger;
use super::post::Line;
use crate::columns::get;
use crate::connection::{row, rows};

/// Entries read at one time.
const PAGE: i64 = 5_000;

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    pub accounts: u64,
    pub transactions: u64,
    pub entries: u64,
}

impl Ledger<'_> {
    /// Verifies that sums are zero, balances follow from entries, chains are whole, that every job is held, settled
    /// and released as its state says, that usage says what was settled, and that the queue's counters fit its jobs.
    /// The database is seen as of one moment, so it may run beside a working studio.
    pub async fn check(&self) -> Result<Books, Problem> {
        let db = self.0.snapshot().await?;
        let mut books = Books::default();
        let mut total: i128 = 0;
        let accounts = rows(
            &db,
            "SELECT id, amount, may_overdraw, lowest, last_hash, entry_count FROM ledger_accounts ORDER BY id",
            vec![],
        )
        .await?;
        let mut moved = Moved::default();
        for account in &accounts {
            let id: String = get(account, "id")?;
            let amount: i64 = get(account, "amount")?;
            if amount < get::<i64>(account, "lowest")? && get::<i64>(account, "may_overdraw")? == 0 {
                return Err(wrong(format!("the account {id} is lower than it may be ({amount})")));
            }
            total += i128::from(amount);
            let found = follow(&db, &id, &mut moved).await?;
            if found.sum != i128::from(amount) {
                return Err(wrong(format!(
                    "the account {id} says {amount}, its entries sum to {}",
                    found.sum
                )));
            }
            if found.hash != get::<String>(account, "last_hash")? || found.count != get::<i64>(account, "entry_count")?
            {
                return Err(wrong(format!("the end of the chain of {id} does not fit its account")));
            }
            books.accounts += 1;
            books.entries += found.count as u64;
        }
        if total != 0 {
            return Err(wrong(format!("all accounts sum to {total}, not to zero")));
        }
        if let Some((tx, sum)) = moved.sums.iter().find(|(_, sum)| **sum != 0) {
            return Err(wrong(format!("the transaction {tx} sums to {sum}, not to zero")));
        }
        books.transactions = moved.sums.len() as u64;
        check_jobs(&db, &moved).await?;
        check_queue(&db).await?;
        // Nothing was written; the end of the transaction is no news.
        let _ = db.rollback().await;
        Ok(books)
    }
}

/// What the entries of all accounts say.
#[derive(Default)]
struct Moved {
    /// By transaction.
    sums: HashMap<String, i128>,
    /// What entered an account for a job, by job and kind.
    by_job: HashMap<(String, String), i64>,
}

/// Follows the chain of one account.
async fn follow<C: ConnectionTrait>(db: &C, account: &str, moved: &mut Moved) -> Result<Followed, Problem> {
    let mut followed = Followed {
        sum: 0,
        count: 0,
        hash: String::new(),
    };
    loop {
        let sql =
            format!("SELECT * FROM ledger_entries WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT {PAGE}");
        let page = rows(db, &sql, vec![account.into(), followed.count.into()]).await?;
        for row in &page {
            let job: Option<String> = get(row, "job_id")?;
            let line = Line {
                account,
                number: get(row, "number")?,
                tx: &get::<String>(row, "tx")?,
                amount: get(row, "amount")?,
                kind: &get::<String>(row, "kind")?,
                job: job.as_deref().unwrap_or_default(),
                memo: &get::<String>(row, "memo")?,
                at: get(row, "at")?,
            };
            let hash = line.chained(&followed.hash);
            if line.number != followed.count + 1 || hash != get::<String>(row, "hash")? {
                return Err(wrong(format!(
                    "the chain of {account} is broken at entry {}",
                    line.number
                )));
            }
            *moved.sums.entry(line.tx.to_owned()).or_default() += i128::from(line.amount);
            if line.amount > 0 && !line.job.is_empty() {
                *moved
                    .by_job
                    .entry((line.job.to_owned(), line.kind.to_owned()))
                    .or_default() += line.amount;
            }
            followed.sum += i128::from(line.amount);
            followed.count = line.number;
            followed.hash = hash;
        }
        if (page.len() as i64) < PAGE {
            return Ok(followed);
        }
    }
}

/// Every ended job with a hold: price = hold = settled + released, and usage says what was settled. Every live one: a hold and
/// nothing else. One that was refused at submission: nothing.
async fn check_jobs<C: ConnectionTrait>(db: &C, moved: &Moved) -> Result<(), Problem> {
    let sql = "SELECT jobs.id AS id, jobs.state AS state, jobs.price AS price, jobs.charged AS charged, charges.credits AS used, \
        (SELECT amount FROM ledger_marks WHERE job_id = jobs.id AND kind = 'hold') AS held, \
        (SELECT amount FROM ledger_marks WHERE job_id = jobs.id AND kind = 'settle') AS settled, \
        (SELECT amount FROM ledger_marks WHERE job_id = jobs.id AND kind = 'release') AS released \
        FROM jobs LEFT JOIN charges ON charges.job_id = jobs.id WHERE jobs.kind = 'single'";
    let mut known = 0;
    for job in rows(db, sql, vec![]).await? {
        let (id, state): (String, String) = (get(&job, "id")?, get(&job, "state")?);
        let price: i64 = get(&job, "price")?;
        let held: Option<i64> = get(&job, "held")?;
        let settled: Option<i64> = get(&job, "settled")?;
        let released: Option<i64> = get(&job, "released")?;
        for (kind, mark) in [("hold", held), ("settle", settled), ("release", released)] {
            let moved = moved.by_job.get(&(id.clone(), kind.to_owned())).copied();
            known += u64::from(moved.is_some());
            if moved.unwrap_or(0) != mark.unwrap_or(0) {
                return Err(wrong(format!(
                    "the {kind} of job {id} is {}, but its entries move {}",
                    mark.unwrap_or(0),
                    moved.unwrap_or(0)
                )));
            }
        }
        match state.as_str() {
            "queued" | "running" => {
                if held != Some(price) || settled.is_some() || released.is_some() {
                    return Err(wrong(format!(
                        "the {state} job {id} holds {held:?} of its price {price}, settled {settled:?}, released {released:?}"
                    )));
                }
            }
            "failed" if held.is_none() && settled.is_none() && released.is_none() => {}
            _ => {
                let ended = settled.unwrap_or(0) + released.unwrap_or(0);
                if held != Some(price) || ended != price {
                    return Err(wrong(format!(
                        "the {state} job {id} of price {price} held {}, but {ended} was settled and released",
                        held.unwrap_or(0)
                    )));
                }
            }
        }
        let charged: Option<i64> = get(&job, "charged")?;
        let used: Option<i64> = get(&job, "used")?;
        if charged.unwrap_or(0) != settled.unwrap_or(0) || used.unwrap_or(0) != settled.unwrap_or(0) {
            return Err(wrong(format!(
                "the job {id} settled {}, its row says {}, its usage says {}",
                settled.unwrap_or(0),
                charged.unwrap_or(0),
                used.unwrap_or(0)
            )));
        }
    }
    if known != moved.by_job.len() as u64 {
        return Err(wrong(
            "there are ledger entries for something that is no job".to_owned(),
        ));
    }
    let orphan = "SELECT ledger_marks.job_id AS id FROM ledger_marks LEFT JOIN jobs ON jobs.id = ledger_marks.job_id WHERE jobs.id IS NULL LIMIT 1";
    match row(db, orphan, vec![]).await? {
        Some(row) => Err(wrong(format!(
            "there is a hold for {}, which is no job",
            get::<String>(&row, "id")?
        ))),
        None => Ok(()),
    }
}

/// The counters of every lane against its jobs.
async fn check_queue<C: ConnectionTrait>(db: &C) -> Result<(), Problem> {
    let sql = "SELECT lanes.workspace_id AS id, lanes.queued AS queued, lanes.running AS running, \
        (SELECT COUNT(*) FROM jobs WHERE workspace_id = lanes.workspace_id AND state = 'queued' AND kind = 'single') AS waiting, \
        (SELECT COUNT(*) FROM jobs WHERE workspace_id = lanes.workspace_id AND state = 'running' AND kind = 'single') AS working \
        FROM lanes";
    for lane in rows(db, sql, vec![]).await? {
        let (queued, running): (i64, i64) = (get(&lane, "queued")?, get(&lane, "running")?);
        let (waiting, working): (i64, i64) = (get(&lane, "waiting")?, get(&lane, "working")?);
        if (queued, running) != (waiting, working) {
            return Err(wrong(format!(
                "the queue of {} counts {queued} waiting and {running} running jobs, there are {waiting} and {working}",
                get::<String>(&lane, "id")?
            )));
        }
    }
    Ok(())
}

struct Followed {
    sum: i128,
    count: i64,
    hash: String,
}

fn wrong(what: String) -> Problem {
    Problem::new(Code::Conflict, format!("The books are wrong: {what}."))
        .hint("Keep a copy of the database before doing anything else.")
}
