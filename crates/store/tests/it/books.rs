//! Whoever changes history, or a balance, or a job's price, is found by the check.

use aquatint_store::DatabaseKind;

use crate::house::{self, House, success};

async fn used() -> Vec<House> {
    let houses = house::each().await;
    for house in &houses {
        let workspace = house.workspace(20, 4).await;
        house.submit(&workspace, house.batch(&[1, 2])).await;
        house.submit(&workspace, vec![house.job(4)]).await;
        for charge in [1, 0] {
            let claim = house.claim().await.expect("work");
            assert!(house.finish(&claim, success(charge, vec![])).await);
        }
        house.check().await;
    }
    houses
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_entries() {
    for house in used().await {
        for sql in [
            "UPDATE ledger_entries SET amount = amount + 1",
            "DELETE FROM ledger_entries",
            "UPDATE ledger_accounts SET amount = -1 WHERE id LIKE '%/plan_units/available'",
        ] {
            assert!(house.database.execute(sql).await.is_err(), "{sql}");
        }
        house.check().await;
    }
}

#[tokio::test]
async fn every_change_behind_the_ledgers_back_is_found() {
    let changes = [
        (
            "UPDATE ledger_accounts SET amount = amount + 5 WHERE id LIKE '%/plan_units/available'",
            "its entries sum to",
        ),
        (
            "UPDATE ledger_entries SET amount = amount + 5 WHERE kind = 'grant' AND amount > 0",
            "is broken at entry",
        ),
        (
            "UPDATE ledger_entries SET memo = 'a gift' WHERE kind = 'grant'",
            "is broken at entry",
        ),
        (
            "UPDATE ledger_entries SET job_id = NULL WHERE kind = 'hold'",
            "is broken at entry",
        ),
        ("DELETE FROM ledger_entries WHERE kind = 'settle'", ""),
        ("DELETE FROM ledger_entries WHERE number = 1", ""),
        (
            "UPDATE ledger_marks SET amount = 0 WHERE kind = 'hold'",
            "its entries move",
        ),
        ("DELETE FROM ledger_marks WHERE kind = 'settle'", "its entries move"),
        (
            "UPDATE jobs SET price = price + 1 WHERE state = 'succeeded' AND kind = 'single'",
            "of price",
        ),
        (
            "UPDATE jobs SET charged = 0 WHERE state = 'succeeded' AND kind = 'single'",
            "its row says",
        ),
        (
            "UPDATE jobs SET state = 'failed' WHERE state = 'queued' AND kind = 'single'",
            "was settled and released",
        ),
        ("UPDATE charges SET credits = credits + 1", "its usage says"),
        ("DELETE FROM charges", "its usage says"),
        ("UPDATE lanes SET running = running + 1", "the queue of"),
    ];
    for (sql, expected) in changes {
        for house in used().await {
            let unlock = match house.database.kind() {
                DatabaseKind::Sqlite => "DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete",
                DatabaseKind::Postgres => "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_no_change",
            };
            house.database.execute(unlock).await.expect("an administrator may");
            house.database.execute(sql).await.expect("and may change rows");
            let problem = house.store.ledger().check().await.expect_err(sql);
            assert!(problem.message.contains(expected), "{sql}: {}", problem.message);
        }
    }
}

#[tokio::test]
async fn the_check_sees_one_moment_while_others_work() {
    for house in house::each().await {
        let workspace = house.workspace(10_000, 50).await;
        let busy = {
            let (store, now, workspace) = (house.store.clone(), house.now(), workspace.clone());
            let batches: Vec<_> = (0..40).map(|_| house.batch(&[1, 2])).collect();
            tokio::spawn(async move {
                for jobs in batches {
                    let submission = aquatint_store::Submission {
                        workspace: workspace.clone(),
                        jobs,
                        idempotency: None,
                        limit_queued: 10_000,
                    };
                    store.jobs().submit(submission, now).await.expect("taken");
                    let claim = store.jobs().claim("w", house::LEASE, now).await.expect("claims");
                    let claim = claim.expect("work");
                    store
                        .jobs()
                        .finish(&claim.lease, success(1, vec![]), now)
                        .await
                        .expect("ends");
                }
            })
        };
        while !busy.is_finished() {
            house.check().await;
            tokio::task::yield_now().await;
        }
        busy.await.expect("the others were not disturbed");
        house.check().await;
    }
}
