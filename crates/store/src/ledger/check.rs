//! Checking the books: every invariant, the first broken one named.

use std::collections::HashMap;

use aquatint_domain::{Code, Problem};

use super::Ledger;
use super::post::chain;
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
    /// Verifies that sums are zero, balances follow from entries, chains are whole, and that every job is held, settled and released as it should be.
    pub async fn check(&self) -> Result<Books, Problem> {
        let mut books = Books::default();
        let mut total: i128 = 0;
        let accounts = rows(
            self.0.read(),
            "SELECT id, amount, may_overdraw, last_hash, entry_count FROM ledger_accounts ORDER BY id",
            vec![],
        )
        .await?;
        let mut sums: HashMap<String, i128> = HashMap::new();
        for account in &accounts {
            let id: String = get(account, "id")?;
            let amount: i64 = get(account, "amount")?;
            if amount < 0 && get::<i64>(account, "may_overdraw")? == 0 {
                return Err(wrong(format!("the account {id} is below zero ({amount})")));
            }
            total += i128::from(amount);
            let found = self.follow(&id, &mut sums).await?;
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
        if let Some((tx, sum)) = sums.iter().find(|(_, sum)| **sum != 0) {
            return Err(wrong(format!("the transaction {tx} sums to {sum}, not to zero")));
        }
        books.transactions = sums.len() as u64;
        self.check_jobs().await?;
        Ok(books)
    }

    /// Follows the chain of one account.
    async fn follow(&self, account: &str, sums: &mut HashMap<String, i128>) -> Result<Followed, Problem> {
        let mut followed = Followed {
            sum: 0,
            count: 0,
            hash: String::new(),
        };
        loop {
            let sql = format!(
                "SELECT * FROM ledger_entries WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT {PAGE}"
            );
            let page = rows(self.0.read(), &sql, vec![account.into(), followed.count.into()]).await?;
            for entry in &page {
                let (number, amount): (i64, i64) = (get(entry, "number")?, get(entry, "amount")?);
                let tx: String = get(entry, "tx")?;
                let job: Option<String> = get(entry, "job_id")?;
                let hash = chain(
                    &followed.hash,
                    account,
                    number,
                    &tx,
                    amount,
                    &get::<String>(entry, "kind")?,
                    job.as_deref(),
                    get(entry, "at")?,
                );
                if number != followed.count + 1 || hash != get::<String>(entry, "hash")? {
                    return Err(wrong(format!("the chain of {account} is broken at entry {number}")));
                }
                *sums.entry(tx).or_default() += i128::from(amount);
                followed.sum += i128::from(amount);
                followed.count = number;
                followed.hash = hash;
            }
            if (page.len() as i64) < PAGE {
                return Ok(followed);
            }
        }
    }

    async fn check_jobs(&self) -> Result<(), Problem> {
        // Every ended job with a hold: hold = settle + release. Every live one: a hold and nothing else.
        let sql = "SELECT jobs.id AS id, jobs.state AS state, jobs.price AS price, \
            CAST(COALESCE(SUM(CASE WHEN ledger_marks.kind = 'hold' THEN ledger_marks.amount END), -1) AS BIGINT) AS held, \
            CAST(COALESCE(SUM(CASE WHEN ledger_marks.kind <> 'hold' THEN ledger_marks.amount END), -1) AS BIGINT) AS ended \
            FROM jobs LEFT JOIN ledger_marks ON ledger_marks.job_id = jobs.id WHERE jobs.kind = 'single' GROUP BY jobs.id, jobs.state, jobs.price";
        for job in rows(self.0.read(), sql, vec![]).await? {
            let (id, state): (String, String) = (get(&job, "id")?, get(&job, "state")?);
            let (price, held, ended): (i64, i64, i64) = (get(&job, "price")?, get(&job, "held")?, get(&job, "ended")?);
            let is_live = matches!(state.as_str(), "queued" | "running");
            // A job that was refused at submission never had a hold.
            let was_refused = state == "failed" && held == -1 && ended == -1;
            if is_live && (held != price || ended != -1) {
                return Err(wrong(format!("the {state} job {id} holds {held} of its price {price}")));
            }
            if !is_live && !was_refused && held != ended {
                return Err(wrong(format!(
                    "the {state} job {id} held {held}, but {ended} was settled and released"
                )));
            }
        }
        let orphan = row(self.0.read(), "SELECT ledger_marks.job_id AS id FROM ledger_marks LEFT JOIN jobs ON jobs.id = ledger_marks.job_id WHERE jobs.id IS NULL LIMIT 1", vec![]).await?;
        match orphan {
            Some(row) => Err(wrong(format!(
                "there is a hold for {}, which is no job",
                get::<String>(&row, "id")?
            ))),
            None => Ok(()),
        }
    }
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
