//! Opening: what is wrong with a database is said, with what to do.

use aquatint_domain::{Clock, Code};
use aquatint_store::Store;
use aquatint_testkit::{FrozenClock, TestDatabase};

use crate::house;

#[tokio::test]
async fn a_damaged_file_a_missing_folder_and_a_wrong_url_are_told_apart() {
    let now = FrozenClock::default().now();
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged.db");
    std::fs::write(&damaged, vec![b'x'; 8_192]).expect("written");
    for (url, code, word) in [
        (format!("sqlite://{}", damaged.display()), Code::Unavailable, "damaged"),
        (
            format!("sqlite://{}/no/such/folder.db", folder.path().display()),
            Code::Unavailable,
            "folder exists",
        ),
        (
            "postgres://nobody:secret@127.0.0.1:1/none".to_owned(),
            Code::Unavailable,
            "server runs",
        ),
        ("mysql://somewhere/else".to_owned(), Code::InvalidArgument, "sqlite://"),
    ] {
        let problem = match Store::open(&url, now).await {
            Err(problem) => problem,
            Ok(_) => panic!("{url} opened"),
        };
        let text = format!("{} {}", problem.message, problem.hint.clone().unwrap_or_default());
        assert_eq!(problem.code, code, "{text}");
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    for database in TestDatabase::each().await {
        let now = FrozenClock::default().now();
        database.open(now).await.close().await;
        database
            .execute("INSERT INTO migrations (name, applied_at) VALUES ('9999_later', 0)")
            .await
            .expect("written");
        let problem = Store::open(database.url(), now).await.err().expect("refused");
        assert!(problem.message.contains("9999_later") && problem.hint.is_some());
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    for house in house::each().await {
        let workspace = house.workspace(12, 1).await;
        house.submit(&workspace, vec![house.job(5)]).await;
        house.store.close().await;
        let again = house.database.open(house.now()).await;
        let funds = again.ledger().balances(&workspace).await.expect("reads").plan_units;
        assert_eq!(funds.available, aquatint_domain::Credits::whole(7));
        again.ledger().check().await.expect("the books are right");
        again.close().await;
    }
}

#[tokio::test]
async fn what_has_outlived_its_use_is_tidied_and_nothing_else() {
    for house in house::each().await {
        let workspace = house.workspace(10, 1).await;
        let submission = aquatint_store::Submission {
            workspace: workspace.clone(),
            jobs: vec![house.job(1)],
            idempotency: Some(aquatint_store::Idempotency {
                key: "k".into(),
                request_hash: [1; 32],
                expires_at: house.now() + jiff::SignedDuration::from_hours(24),
            }),
            limit_queued: 10,
        };
        house.store.jobs().submit(submission, house.now()).await.expect("taken");
        let link_ends = house.now() + jiff::SignedDuration::from_hours(24);
        house
            .store
            .users()
            .put_setup_token(&[1; 32], link_ends)
            .await
            .expect("written");
        assert_eq!(house.store.tidy(house.now()).await.expect("tidies"), 0);
        house.clock.advance(std::time::Duration::from_secs(25 * 3_600));
        assert_eq!(house.store.tidy(house.now()).await.expect("tidies"), 2);
        assert_eq!(house.store.tidy(house.now()).await.expect("tidies"), 0);
        house.check().await;
    }
}
