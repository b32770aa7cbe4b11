//! Callbacks: due when their work has ended, one node at a time, and one address for each job.

use std::time::Duration;

use aquatint_domain::Timestamp;
use aquatint_store::NewCallback;
use futures::future::join_all;
use jiff::SignedDuration;

use crate::house::{self, House, success};

fn until(house: &House) -> Timestamp {
    house.now() + SignedDuration::from_mins(1)
}

#[tokio::test]
async fn a_callback_is_due_when_its_work_has_ended_and_is_claimed_once() {
    for house in house::each().await {
        let callbacks = house.store.callbacks();
        let workspace = house.workspace(10, 4).await;
        let job = house.submit(&workspace, vec![house.job(1)]).await.job;
        let address = |url: &str| NewCallback {
            workspace: workspace.clone(),
            work: job.to_string(),
            service: "krea".into(),
            url: url.into(),
            created_at: house.now(),
        };
        let new = address("https://hooks.example/first");
        callbacks.add(std::slice::from_ref(&new)).await.expect("kept");
        // The same work keeps its first address.
        callbacks
            .add(&[address("https://hooks.example/second")])
            .await
            .expect("kept");
        let claim = async || callbacks.claim(house.now(), until(&house)).await.expect("asked");
        assert!(claim().await.is_none(), "the job waits");
        let running = house.claim().await.expect("a job");
        assert!(claim().await.is_none(), "the job runs");
        assert!(house.finish(&running, success(1, vec![])).await);

        let got: Vec<_> = join_all((0..8).map(|_| claim())).await.into_iter().flatten().collect();
        assert_eq!(got.len(), 1);
        let first = &got[0];
        assert_eq!(
            (first.url.as_str(), first.work.as_str(), first.attempts),
            ("https://hooks.example/first", job.as_str(), 1)
        );
        // The node died; another one takes over, and what the first says afterwards does not count.
        house.clock.advance(Duration::from_secs(61));
        let second = claim().await.expect("due again");
        assert_eq!((second.work.as_str(), second.attempts), (job.as_str(), 2));
        assert!(!callbacks.told(first, house.now()).await.expect("asked"));
        let later = house.now() + SignedDuration::from_secs(30);
        assert!(callbacks.retry(&second, "busy", later).await.expect("kept"));
        assert!(claim().await.is_none());
        house.clock.advance(Duration::from_secs(31));
        let third = claim().await.expect("due again");
        assert!(callbacks.told(&third, house.now()).await.expect("kept"));
        house.clock.advance(Duration::from_secs(3_600));
        assert!(claim().await.is_none(), "it is told once");
    }
}

#[tokio::test]
async fn a_lane_is_full_while_as_many_jobs_run_as_may() {
    for house in house::each().await {
        let workspace = house.workspace(10, 2).await;
        let is_full = async || house.store.jobs().is_lane_full(&workspace).await.expect("asked");
        for _ in 0..3 {
            house.submit(&workspace, vec![house.job(1)]).await;
        }
        assert!(!is_full().await);
        let first = house.claim().await.expect("a job");
        assert!(!is_full().await, "one of two runs");
        house.claim().await.expect("a job");
        assert!(is_full().await);
        assert!(house.finish(&first, success(1, vec![])).await);
        assert!(!is_full().await);
    }
}
