//! The life of a job: taken once, kept by a lease, ended once, whatever happens in between.

use std::collections::HashMap;
use std::time::Duration;

use aquatint_domain::{Code, Credits, JobKind, JobState, Problem};
use aquatint_store::{Beat, Finish, Idempotency, JobFilter, NewJob, Requeued, Submission};
use futures::future::join_all;

use crate::house::{self, LEASE, success};

#[tokio::test]
async fn a_job_is_held_claimed_and_settled_with_its_outputs() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        let submitted = house.submit(&workspace, vec![house.job(3)]).await;
        assert_eq!(house.available(&workspace).await, Credits::whole(7));
        let claim = house.claim().await.expect("one job waits");
        assert_eq!(claim.job.id, submitted.job);
        assert_eq!((claim.job.state, claim.job.attempts), (JobState::Running, 1));
        assert!(house.claim().await.is_none(), "it is claimed once");
        let asset = house.asset(&workspace, "result");
        // Less than was held: the rest goes back.
        assert!(house.finish(&claim, success(2, vec![asset.clone()])).await);
        assert_eq!(house.available(&workspace).await, Credits::whole(8));
        let job = house
            .store
            .jobs()
            .get(&workspace, &submitted.job)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!((job.state, job.charged), (JobState::Succeeded, Some(Credits::whole(2))));
        assert_eq!(job.outputs, vec![asset.id.clone()]);
        let stored = house.store.assets().get(&workspace, &asset.id).await.expect("reads");
        assert_eq!(stored, Some(asset));
        // The lease is spent: nothing ends twice.
        assert!(!house.finish(&claim, success(2, vec![])).await);
        assert!(
            !house
                .finish(
                    &claim,
                    Finish::Failed {
                        problem: Problem::internal("late")
                    }
                )
                .await
        );
        house.check().await;
    }
}

#[tokio::test]
async fn a_stale_lease_writes_nothing() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        house.submit(&workspace, vec![house.job(3)]).await;
        let lost = house.claim().await.expect("a job");
        let requeued = house
            .store
            .jobs()
            .requeue(&lost.job.id, lost.lease.token, 3, house.now())
            .await
            .expect("works");
        assert_eq!(requeued, Requeued::Queued);
        let again = house
            .store
            .jobs()
            .requeue(&lost.job.id, lost.lease.token, 3, house.now())
            .await
            .expect("works");
        assert_eq!(again, Requeued::NotMine);
        let kept = house.claim().await.expect("the same job");
        assert_eq!(kept.job.attempts, 2);
        let beat = house
            .store
            .jobs()
            .heartbeat(&lost.lease, 0.5, "late", LEASE, house.now())
            .await
            .expect("works");
        assert_eq!(beat, Beat::Lost);
        let late = house.asset(&workspace, "from the lost worker");
        assert!(!house.finish(&lost, success(3, vec![late.clone()])).await);
        assert_eq!(
            house.store.assets().get(&workspace, &late.id).await.expect("reads"),
            None
        );
        assert!(house.finish(&kept, success(3, vec![])).await);
        house.check().await;
    }
}

#[tokio::test]
async fn a_worker_that_is_gone_gives_everything_back_and_attempts_are_capped() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        house.submit(&workspace, vec![house.job(1)]).await;
        for attempt in 1..=3 {
            let claim = house.claim().await.expect("it is tried again");
            assert_eq!(claim.job.attempts, attempt);
            let count = house
                .store
                .jobs()
                .requeue_worker("worker", 3, house.now())
                .await
                .expect("works");
            assert_eq!(count, 1);
        }
        assert!(house.claim().await.is_none());
        let page = house
            .store
            .jobs()
            .list(&workspace, &JobFilter::default(), None, 10)
            .await
            .expect("lists");
        assert_eq!(page.items[0].state, JobState::Failed);
        let problem = page.items[0].problem.as_ref().expect("it says why");
        assert_eq!(problem.code, Code::EngineFailed);
        assert_eq!(house.available(&workspace).await, Credits::whole(10));
        house.check().await;
    }
}

#[tokio::test]
async fn a_retry_waits_for_its_time_and_lets_others_pass() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        let first = house.submit(&workspace, vec![house.job(1)]).await.job;
        let second = house.submit(&workspace, vec![house.job(1)]).await.job;
        let claim = house.claim().await.expect("the first");
        assert_eq!(claim.job.id, first);
        let retry = Finish::Retry {
            problem: Problem::internal("the vendor is busy"),
            after: Duration::from_secs(60),
        };
        assert!(house.finish(&claim, retry).await);
        assert_eq!(house.claim().await.expect("the second").job.id, second);
        assert!(house.claim().await.is_none(), "the first is not due");
        house.clock.advance(Duration::from_secs(61));
        let again = house.claim().await.expect("the first again");
        assert_eq!((again.job.id, again.job.attempts), (first, 2));
        house.check().await;
    }
}

#[tokio::test]
async fn what_waits_is_cancelled_at_once_and_what_runs_is_asked() {
    for house in house::each().await {
        let workspace = house.workspace(10, 1).await;
        let running = house.submit(&workspace, vec![house.job(2)]).await.job;
        let waiting = house.submit(&workspace, vec![house.job(2)]).await.job;
        let claim = house.claim().await.expect("the first");
        assert!(house.claim().await.is_none(), "one at a time in this workspace");
        let cancelled = house
            .store
            .jobs()
            .cancel(&workspace, &waiting, house.now())
            .await
            .expect("works");
        assert_eq!(cancelled.job.state, JobState::Cancelled);
        let asked = house
            .store
            .jobs()
            .cancel(&workspace, &running, house.now())
            .await
            .expect("works");
        assert_eq!((asked.job.state, asked.job.cancel_requested), (JobState::Running, true));
        let beat = house
            .store
            .jobs()
            .heartbeat(&claim.lease, 0.25, "upscaling", LEASE, house.now())
            .await
            .expect("works");
        assert_eq!(beat, Beat::CancelRequested);
        assert!(house.finish(&claim, Finish::Cancelled).await);
        let again = house
            .store
            .jobs()
            .cancel(&workspace, &running, house.now())
            .await
            .expect("works");
        assert!(again.was_terminal);
        assert_eq!(house.available(&workspace).await, Credits::whole(10));
        // Another workspace's job is not there.
        let other = house.workspace(0, 1).await;
        let refused = house.store.jobs().cancel(&other, &running, house.now()).await;
        assert_eq!(refused.expect_err("not theirs").code, Code::NotFound);
        house.check().await;
    }
}

#[tokio::test]
async fn a_running_job_that_was_cancelled_is_not_started_again_after_a_crash() {
    for house in house::each().await {
        let workspace = house.workspace(10, 1).await;
        let id = house.submit(&workspace, vec![house.job(2)]).await.job;
        house.claim().await.expect("it runs");
        house
            .store
            .jobs()
            .cancel(&workspace, &id, house.now())
            .await
            .expect("works");
        house
            .store
            .jobs()
            .requeue_worker("worker", 3, house.now())
            .await
            .expect("works");
        assert!(house.claim().await.is_none());
        let job = house
            .store
            .jobs()
            .get(&workspace, &id)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!(job.state, JobState::Cancelled);
        house.check().await;
    }
}

#[tokio::test]
async fn a_batch_ends_with_its_last_item_and_charges_only_successes() {
    for house in house::each().await {
        let workspace = house.workspace(20, 4).await;
        let mut jobs = house.batch(&[2, 3, 4, 5]);
        // The last was refused at submission: no hold, no work.
        jobs[4].state_if_failed = Some(Problem::invalid("image", "This is no picture."));
        let root = house.submit(&workspace, jobs).await.job;
        assert_eq!(house.available(&workspace).await, Credits::whole(20 - 9));
        let claims = [
            house.claim().await.expect("1"),
            house.claim().await.expect("2"),
            house.claim().await.expect("3"),
        ];
        assert!(house.claim().await.is_none());
        assert_eq!(
            claims.iter().map(|claim| claim.job.position).collect::<Vec<_>>(),
            [0, 1, 2],
            "items are taken in their order"
        );
        let asset = house.asset(&workspace, "one");
        assert!(house.finish(&claims[0], success(2, vec![asset.clone()])).await);
        let failed = Finish::Failed {
            problem: Problem::internal("broken"),
        };
        assert!(house.finish(&claims[1], failed).await);
        let batch = house
            .store
            .jobs()
            .get(&workspace, &root)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!((batch.kind, batch.state), (JobKind::Batch, JobState::Running));
        assert!((batch.progress - 0.75).abs() < 1e-9, "{}", batch.progress);
        let second = house.asset(&workspace, "two");
        assert!(house.finish(&claims[2], success(4, vec![second.clone()])).await);
        let batch = house
            .store
            .jobs()
            .get(&workspace, &root)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!(
            (batch.state, batch.charged),
            (JobState::Succeeded, Some(Credits::whole(6)))
        );
        assert_eq!(batch.outputs, vec![asset.id, second.id]);
        let states: Vec<JobState> = house
            .store
            .jobs()
            .items(&workspace, &root)
            .await
            .expect("reads")
            .iter()
            .map(|job| job.state)
            .collect();
        assert_eq!(
            states,
            [
                JobState::Succeeded,
                JobState::Failed,
                JobState::Succeeded,
                JobState::Failed
            ]
        );
        assert_eq!(house.available(&workspace).await, Credits::whole(14));
        house.check().await;
    }
}

#[tokio::test]
async fn a_cancelled_batch_ends_when_its_running_items_have_ended() {
    for house in house::each().await {
        let workspace = house.workspace(20, 1).await;
        let root = house.submit(&workspace, house.batch(&[2, 2, 2])).await.job;
        let claim = house.claim().await.expect("an item");
        let cancelled = house
            .store
            .jobs()
            .cancel(&workspace, &root, house.now())
            .await
            .expect("works");
        assert_eq!(cancelled.job.state, JobState::Running);
        assert!(house.finish(&claim, Finish::Cancelled).await);
        let batch = house
            .store
            .jobs()
            .get(&workspace, &root)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!(batch.state, JobState::Cancelled);
        assert_eq!(house.available(&workspace).await, Credits::whole(20));
        house.check().await;
    }
}

#[tokio::test]
async fn the_items_of_a_batch_may_all_end_at_the_same_moment() {
    for house in house::each().await {
        let workspace = house.workspace(100, 50).await;
        let root = house.submit(&workspace, house.batch(&[1; 24])).await.job;
        let mut claims = Vec::new();
        while let Some(claim) = house.claim().await {
            claims.push(claim);
        }
        assert_eq!(claims.len(), 24);
        let ends = claims
            .iter()
            .enumerate()
            .map(|(index, claim)| house.finish(claim, success(i64::from(index % 2 == 0), vec![])));
        assert!(join_all(ends).await.into_iter().all(|done| done));
        let batch = house
            .store
            .jobs()
            .get(&workspace, &root)
            .await
            .expect("reads")
            .expect("is there");
        assert_eq!(
            (batch.state, batch.charged),
            (JobState::Succeeded, Some(Credits::whole(12)))
        );
        house.check().await;
    }
}

#[tokio::test]
async fn the_same_idempotency_key_finds_the_first_job_until_it_expires() {
    for house in house::each().await {
        let workspace = house.workspace(100, 4).await;
        let other = house.workspace(100, 4).await;
        let submission = |workspace: &aquatint_domain::WorkspaceId, hash: u8, job: NewJob| Submission {
            workspace: workspace.clone(),
            jobs: vec![job],
            idempotency: Some(Idempotency {
                key: "order 7".into(),
                request_hash: [hash; 32],
                expires_at: house.now() + jiff::SignedDuration::from_hours(24),
            }),
            limit_queued: 1_000,
        };
        // Sixteen at once: one job.
        let jobs = house.store.jobs();
        let same = (0..16).map(|_| jobs.submit(submission(&workspace, 1, house.job(5)), house.now()));
        let answers: Vec<_> = join_all(same)
            .await
            .into_iter()
            .map(|answer| answer.expect("taken"))
            .collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.job == answers[0].job));
        assert_eq!(house.available(&workspace).await, Credits::whole(95));
        let mismatch = house
            .store
            .jobs()
            .submit(submission(&workspace, 2, house.job(5)), house.now())
            .await;
        assert_eq!(mismatch.expect_err("other arguments").code, Code::IdempotencyMismatch);
        // Keys belong to a workspace.
        let elsewhere = house
            .store
            .jobs()
            .submit(submission(&other, 2, house.job(5)), house.now())
            .await
            .expect("taken");
        assert!(!elsewhere.replayed);
        house.clock.advance(Duration::from_secs(25 * 3_600));
        let later = house
            .store
            .jobs()
            .submit(submission(&workspace, 2, house.job(5)), house.now())
            .await
            .expect("taken");
        assert!(!later.replayed);
        house.check().await;
    }
}

#[tokio::test]
async fn a_submission_that_is_refused_leaves_no_trace_and_does_not_use_its_key_up() {
    for house in house::each().await {
        let workspace = house.workspace(3, 4).await;
        let submission = |job| Submission {
            workspace: workspace.clone(),
            jobs: vec![job],
            idempotency: Some(Idempotency {
                key: "k".into(),
                request_hash: [1; 32],
                expires_at: house.now() + jiff::SignedDuration::from_hours(24),
            }),
            limit_queued: 1_000,
        };
        let refused = house.store.jobs().submit(submission(house.job(5)), house.now()).await;
        assert_eq!(refused.expect_err("too dear").code, Code::InsufficientCredits);
        let granted = house
            .store
            .ledger()
            .grant(
                &workspace,
                aquatint_domain::Balance::PlanUnits,
                Credits::whole(2),
                "more",
                "",
                house.now(),
            )
            .await;
        assert!(granted.expect("granted"));
        let taken = house
            .store
            .jobs()
            .submit(submission(house.job(5)), house.now())
            .await
            .expect("taken");
        assert!(!taken.replayed);
        house.check().await;
    }
}

#[tokio::test]
async fn a_full_queue_refuses_with_a_time_to_wait() {
    for house in house::each().await {
        let workspace = house.workspace(100, 4).await;
        for _ in 0..3 {
            house.submit(&workspace, vec![house.job(1)]).await;
        }
        let submission = Submission {
            workspace: workspace.clone(),
            jobs: house.batch(&[1, 1]),
            idempotency: None,
            limit_queued: 4,
        };
        let refused = house.store.jobs().submit(submission, house.now()).await;
        let refused = refused.expect_err("five would wait");
        assert_eq!(refused.code, Code::RateLimited);
        assert!(refused.retry_after_s.is_some());
        assert_eq!(house.store.jobs().counts().await.expect("counts").queued, 3);
        house.check().await;
    }
}

#[tokio::test]
async fn workspaces_take_turns_however_much_one_of_them_submits() {
    for house in house::each().await {
        let greedy = house.workspace(1_000, 100).await;
        let modest = house.workspace(1_000, 100).await;
        for _ in 0..40 {
            house.submit(&greedy, vec![house.job(1)]).await;
        }
        for _ in 0..5 {
            house.submit(&modest, vec![house.job(1)]).await;
        }
        let mut order = Vec::new();
        for _ in 0..12 {
            order.push(house.claim().await.expect("work").job.workspace);
        }
        let modest_first = order.iter().take(10).filter(|workspace| **workspace == modest).count();
        assert_eq!(modest_first, 5, "every second job is theirs");
        house.check().await;
    }
}

#[tokio::test]
async fn sixteen_workers_take_every_job_once() {
    for house in house::each().await {
        let mut workspaces = Vec::new();
        for _ in 0..4 {
            let workspace = house.workspace(1_000, 3).await;
            house.submit(&workspace, house.batch(&[1; 20])).await;
            workspaces.push(workspace);
        }
        let workers = (0..16).map(|number| {
            let (store, now) = (house.store.clone(), house.now());
            tokio::spawn(async move {
                let mut taken = Vec::new();
                let mut idle = 0;
                while idle < 20 {
                    let claim = store.jobs().claim(&format!("worker {number}"), LEASE, now).await;
                    let Some(claim) = claim.expect("claiming works") else {
                        idle += 1;
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    idle = 0;
                    tokio::task::yield_now().await;
                    let done = store.jobs().finish(&claim.lease, success(1, vec![]), now).await;
                    assert!(done.expect("finishing works"));
                    taken.push(claim.job.id);
                }
                taken
            })
        });
        let mut times: HashMap<_, u32> = HashMap::new();
        for taken in join_all(workers).await {
            for job in taken.expect("a worker ends well") {
                *times.entry(job).or_default() += 1;
            }
        }
        assert_eq!(times.len(), 80);
        assert!(times.values().all(|count| *count == 1));
        for workspace in &workspaces {
            assert_eq!(house.available(workspace).await, Credits::whole(980));
        }
        house.check().await;
    }
}

#[tokio::test]
async fn submitting_finishing_and_cancelling_at_once_never_wait_for_each_other_in_a_circle() {
    for house in house::each().await {
        let workspace = house.workspace(10_000, 50).await;
        let mut tasks = Vec::new();
        for number in 0..8u32 {
            let (store, now, workspace) = (house.store.clone(), house.now(), workspace.clone());
            let batches: Vec<Vec<NewJob>> = (0..6).map(|_| house.batch(&[1, 2, 3])).collect();
            tasks.push(tokio::spawn(async move {
                for jobs in batches {
                    let submission = Submission {
                        workspace: workspace.clone(),
                        jobs,
                        idempotency: None,
                        limit_queued: 10_000,
                    };
                    let root = store.jobs().submit(submission, now).await.expect("taken").job;
                    if number % 2 == 0 {
                        store.jobs().cancel(&workspace, &root, now).await.expect("cancelled");
                    }
                    while let Some(claim) = store.jobs().claim("w", LEASE, now).await.expect("claims") {
                        store
                            .jobs()
                            .finish(&claim.lease, success(1, vec![]), now)
                            .await
                            .expect("ends");
                    }
                }
            }));
        }
        for task in tasks {
            task.await.expect("no deadlock and no failure");
        }
        while let Some(claim) = house.claim().await {
            house.finish(&claim, success(1, vec![])).await;
        }
        let counts = house.store.jobs().counts().await.expect("counts");
        assert_eq!((counts.queued, counts.running), (0, 0));
        house.check().await;
    }
}

#[tokio::test]
async fn pages_of_jobs_do_not_shift_when_new_ones_arrive() {
    for house in house::each().await {
        let workspace = house.workspace(1_000, 1).await;
        let mut made = Vec::new();
        for _ in 0..25 {
            made.push(house.submit(&workspace, vec![house.job(1)]).await.job);
        }
        made.reverse();
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = house
                .store
                .jobs()
                .list(&workspace, &JobFilter::default(), cursor.as_deref(), 10)
                .await
                .expect("lists");
            seen.extend(page.items.into_iter().map(|job| job.id));
            house.submit(&workspace, vec![house.job(1)]).await;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, made);
        let refused = house
            .store
            .jobs()
            .list(&workspace, &JobFilter::default(), Some("x' OR 1=1 --"), 10)
            .await;
        assert_eq!(refused.expect_err("no cursor").code, Code::InvalidArgument);
    }
}

#[tokio::test]
async fn a_clock_that_jumps_loses_no_job_and_no_credits() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        let noon = house.now();
        let first = house.submit(&workspace, vec![house.job(1)]).await.job;
        // A day back: the job waits under an id and times that lie in the future.
        house.clock.set(noon - jiff::SignedDuration::from_hours(24));
        let second = house.submit(&workspace, vec![house.job(1)]).await.job;
        let claims = [house.claim().await.expect("a job"), house.claim().await.expect("a job")];
        let mut claimed: Vec<_> = claims.iter().map(|claim| claim.job.id.clone()).collect();
        claimed.sort();
        let mut expected = vec![first, second];
        expected.sort();
        assert_eq!(claimed, expected);
        // A year ahead: leases look long dead, but a worker that is alive keeps its own.
        house.clock.set(noon + jiff::SignedDuration::from_hours(24 * 365));
        for claim in &claims {
            let beat = house
                .store
                .jobs()
                .heartbeat(&claim.lease, 0.5, "working", LEASE, house.now())
                .await
                .expect("works");
            assert_eq!(beat, Beat::Kept);
            assert!(house.finish(claim, success(1, vec![])).await);
        }
        assert_eq!(house.available(&workspace).await, Credits::whole(8));
        house.check().await;
    }
}
