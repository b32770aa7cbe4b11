//! Many spend from one balance at the same time; it never goes below zero and nothing is lost.

use aquatint_domain::{Balance, Code, Credits};
use aquatint_store::Submission;
use futures::future::join_all;
use serde_json::json;

use crate::house::{self, success};

#[tokio::test]
async fn sixty_four_tasks_spend_one_balance_to_exactly_nothing() {
    for house in house::each().await {
        let workspace = house.workspace(40, 100).await;
        let tasks = (0..64).map(|_| {
            let (store, now) = (house.store.clone(), house.now());
            let submission = Submission {
                workspace: workspace.clone(),
                jobs: vec![house.job(1)],
                idempotency: None,
                limit_queued: 1_000,
            };
            tokio::spawn(async move { store.jobs().submit(submission, now).await })
        });
        let (mut taken, mut refused) = (0, 0);
        for answer in join_all(tasks).await {
            match answer.expect("no panic") {
                Ok(_) => taken += 1,
                Err(problem) => {
                    assert_eq!(problem.code, Code::InsufficientCredits);
                    refused += 1;
                }
            }
        }
        assert_eq!((taken, refused), (40, 24));
        assert_eq!(house.available(&workspace).await, Credits::ZERO);
        while let Some(claim) = house.claim().await {
            house.finish(&claim, success(1, vec![])).await;
        }
        let balances = house
            .store
            .ledger()
            .balances(&workspace)
            .await
            .expect("reads")
            .plan_units;
        assert_eq!(
            (balances.available, balances.held, balances.spent),
            (Credits::ZERO, Credits::ZERO, Credits::whole(40))
        );
        house.check().await;
    }
}

#[tokio::test]
async fn a_refusal_says_both_figures_and_the_balance() {
    for house in house::each().await {
        let workspace = house.workspace(2, 1).await;
        let mut job = house.job(5);
        job.balance = Balance::Api;
        for (job, balance, name) in [(house.job(5), 2, "plan_units"), (job, 0, "api")] {
            let submission = Submission {
                workspace: workspace.clone(),
                jobs: vec![job],
                idempotency: None,
                limit_queued: 10,
            };
            let problem = house.store.jobs().submit(submission, house.now()).await;
            let problem = problem.expect_err("too dear");
            assert_eq!(
                problem.details,
                Some(json!({ "balance": balance, "price": 5, "spends_from": name }))
            );
        }
        house.check().await;
    }
}

#[tokio::test]
async fn a_plan_that_meters_goes_below_zero_and_stays_there_when_it_changes() {
    for house in house::each().await {
        let workspace = house.workspace(0, 4).await;
        let workspaces = house.store.workspaces();
        workspaces.set_plan(&workspace, "local", true, 4).await.expect("moved");
        house.submit(&workspace, vec![house.job(5)]).await;
        assert_eq!(house.available(&workspace).await, Credits::whole(-5));
        // To a plan that refuses, with a debt: what runs ends well, new work is refused.
        workspaces.set_plan(&workspace, "pro", false, 4).await.expect("moved");
        let submission = Submission {
            workspace: workspace.clone(),
            jobs: vec![house.job(1)],
            idempotency: None,
            limit_queued: 10,
        };
        let refused = house.store.jobs().submit(submission, house.now()).await;
        assert_eq!(refused.expect_err("in debt").code, Code::InsufficientCredits);
        house.submit(&workspace, vec![house.job(0)]).await;
        let claim = house.claim().await.expect("the first job");
        assert!(house.finish(&claim, success(5, vec![])).await);
        house.check().await;
    }
}

#[tokio::test]
async fn a_grant_counts_once_for_its_reference() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let ledger = house.store.ledger();
        let grants = (0..8).map(|_| {
            ledger.grant(
                &workspace,
                Balance::Api,
                Credits::from_micro(1_250_001),
                "invoice 12",
                "November",
                house.now(),
            )
        });
        let fresh = join_all(grants)
            .await
            .into_iter()
            .filter(|granted| *granted.as_ref().expect("no failure"))
            .count();
        assert_eq!(fresh, 1);
        let balances = ledger.balances(&workspace).await.expect("reads");
        assert_eq!(balances.api.available, Credits::from_micro(1_250_001));
        assert_eq!(balances.plan_units.available, Credits::ZERO);
        let refused = ledger
            .grant(&workspace, Balance::Api, Credits::ZERO, "nothing", "", house.now())
            .await;
        assert_eq!(refused.expect_err("nothing").code, Code::InvalidArgument);
        house.check().await;
    }
}
