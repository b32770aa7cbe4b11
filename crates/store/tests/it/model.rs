//! The queue and the ledger together against a model of a few lines: random histories, every balance
//! and every state compared after every step.

use std::time::Duration;

use aquatint_domain::{Balance, Clock, Credits, JobId, JobState, Problem, WorkspaceId};
use aquatint_store::{Claim, Finish, Requeued, Submission};
use aquatint_testkit::{FrozenClock, TestDatabase};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::house::{House, success};

const ATTEMPTS_MAX: u32 = 2;
const CONCURRENT: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Grant(i64),
    Submit(i64),
    Claim,
    /// Ends the n-th running job, charging so much of its price.
    Succeed(usize, i64),
    Fail(usize),
    Retry(usize),
    AcceptCancel(usize),
    /// Asks to cancel the n-th job of all.
    Cancel(usize),
    /// The worker of the n-th running job dies.
    Lose(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (1..30i64).prop_map(Step::Grant),
        6 => (0..12i64).prop_map(Step::Submit),
        6 => Just(Step::Claim),
        4 => (any::<usize>(), 0..14i64).prop_map(|(n, charge)| Step::Succeed(n, charge)),
        2 => any::<usize>().prop_map(Step::Fail),
        2 => any::<usize>().prop_map(Step::Retry),
        1 => any::<usize>().prop_map(Step::AcceptCancel),
        3 => any::<usize>().prop_map(Step::Cancel),
        2 => any::<usize>().prop_map(Step::Lose),
    ]
}

/// What the store should say.
#[derive(Default)]
struct Model {
    available: i64,
    held: i64,
    spent: i64,
    jobs: Vec<Known>,
}

struct Known {
    id: JobId,
    price: i64,
    state: JobState,
    charged: i64,
    attempts: u32,
    cancel_requested: bool,
    claim: Option<Claim>,
}

impl Model {
    fn running(&self) -> Vec<usize> {
        (0..self.jobs.len())
            .filter(|index| self.jobs[*index].state == JobState::Running)
            .collect()
    }

    fn end(&mut self, index: usize, state: JobState, charge: i64) {
        let job = &mut self.jobs[index];
        job.state = state;
        job.charged = charge;
        job.claim = None;
        self.held -= job.price;
        self.spent += charge;
        self.available += job.price - charge;
    }
}

async fn apply(house: &House, workspace: &WorkspaceId, model: &mut Model, step: Step, number: usize) {
    let running = model.running();
    let pick = |n: usize| running.get(n % running.len().max(1)).copied();
    match step {
        Step::Grant(amount) => {
            let reference = format!("{workspace} {number}");
            let ledger = house.store.ledger();
            let granted = ledger.grant(
                workspace,
                Balance::PlanUnits,
                Credits::whole(amount),
                &reference,
                "",
                house.now(),
            );
            assert!(granted.await.expect("granted"));
            model.available += amount;
        }
        Step::Submit(price) => {
            let job = house.job(price);
            let id = job.id.clone();
            let submission = Submission {
                workspace: workspace.clone(),
                jobs: vec![job],
                idempotency: None,
                limit_queued: 1_000,
            };
            let answer = house.store.jobs().submit(submission, house.now()).await;
            assert_eq!(answer.is_ok(), price <= model.available, "{answer:?}");
            if answer.is_ok() {
                model.available -= price;
                model.held += price;
                model.jobs.push(Known {
                    id,
                    price,
                    state: JobState::Queued,
                    charged: 0,
                    attempts: 0,
                    cancel_requested: false,
                    claim: None,
                });
            }
        }
        Step::Claim => {
            let expected = model.jobs.iter().position(|job| job.state == JobState::Queued);
            let expected = expected.filter(|_| running.len() < CONCURRENT);
            let claim = house
                .store
                .jobs()
                .claim("w", Duration::from_secs(30), house.now())
                .await;
            let claim = claim.expect("claiming works");
            assert_eq!(
                claim.as_ref().map(|claim| &claim.job.id),
                expected.map(|index| &model.jobs[index].id)
            );
            if let (Some(index), Some(claim)) = (expected, claim) {
                let job = &mut model.jobs[index];
                job.state = JobState::Running;
                job.attempts += 1;
                assert_eq!(claim.job.attempts, job.attempts);
                job.claim = Some(claim);
            }
        }
        Step::Succeed(n, charge) => {
            let Some(index) = pick(n) else { return };
            let claim = model.jobs[index].claim.clone().expect("running");
            assert!(house.finish(&claim, success(charge, vec![])).await);
            let charge = charge.min(model.jobs[index].price);
            // Whoever asked for its end pays nothing, even if it was done before the worker heard.
            match model.jobs[index].cancel_requested {
                true => model.end(index, JobState::Cancelled, 0),
                false => model.end(index, JobState::Succeeded, charge),
            }
        }
        Step::Fail(n) => {
            let Some(index) = pick(n) else { return };
            let claim = model.jobs[index].claim.clone().expect("running");
            let problem = Problem::internal("broken");
            assert!(house.finish(&claim, Finish::Failed { problem }).await);
            model.end(index, JobState::Failed, 0);
        }
        Step::Retry(n) => {
            let Some(index) = pick(n) else { return };
            let claim = model.jobs[index].claim.take().expect("running");
            let problem = Problem::internal("busy");
            let after = Duration::ZERO;
            assert!(house.finish(&claim, Finish::Retry { problem, after }).await);
            model.jobs[index].state = JobState::Queued;
        }
        Step::AcceptCancel(n) => {
            let Some(index) = pick(n) else { return };
            let claim = model.jobs[index].claim.clone().expect("running");
            assert!(house.finish(&claim, Finish::Cancelled).await);
            model.end(index, JobState::Cancelled, 0);
        }
        Step::Cancel(n) => {
            if model.jobs.is_empty() {
                return;
            }
            let index = n % model.jobs.len();
            let id = model.jobs[index].id.clone();
            let answer = house.store.jobs().cancel(workspace, &id, house.now()).await;
            let answer = answer.expect("cancelling works");
            assert_eq!(answer.was_terminal, model.jobs[index].state.is_terminal());
            match model.jobs[index].state {
                JobState::Queued => model.end(index, JobState::Cancelled, 0),
                JobState::Running => model.jobs[index].cancel_requested = true,
                _ => {}
            }
        }
        Step::Lose(n) => {
            let Some(index) = pick(n) else { return };
            let claim = model.jobs[index].claim.take().expect("running");
            let answer = house
                .store
                .jobs()
                .requeue(&claim.job.id, claim.lease.token, ATTEMPTS_MAX, house.now())
                .await
                .expect("requeueing works");
            if model.jobs[index].cancel_requested {
                model.end(index, JobState::Cancelled, 0);
            } else if model.jobs[index].attempts >= ATTEMPTS_MAX {
                assert_eq!(answer, Requeued::Failed);
                model.end(index, JobState::Failed, 0);
            } else {
                assert_eq!(answer, Requeued::Queued);
                model.jobs[index].state = JobState::Queued;
            }
            // The dead worker comes back to life and changes nothing.
            assert!(!house.finish(&claim, success(1, vec![])).await);
        }
    }
}

async fn compare(house: &House, workspace: &WorkspaceId, model: &Model) {
    let funds = house
        .store
        .ledger()
        .balances(workspace)
        .await
        .expect("reads")
        .plan_units;
    assert_eq!(
        (funds.available, funds.held, funds.spent),
        (
            Credits::whole(model.available),
            Credits::whole(model.held),
            Credits::whole(model.spent)
        )
    );
    for known in &model.jobs {
        let job = house.store.jobs().get(workspace, &known.id).await.expect("reads");
        let job = job.expect("nothing is lost");
        assert_eq!(job.state, known.state);
        let charged = known.state.is_terminal().then_some(Credits::whole(known.charged));
        assert_eq!(job.charged, charged);
    }
}

fn histories(database: TestDatabase, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let clock = FrozenClock::default();
    let store = runtime.block_on(database.open(clock.now()));
    let house = House { store, clock, database };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    });
    let result = runner.run(&proptest::collection::vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            let workspace = house.workspace(0, CONCURRENT as u32).await;
            let mut model = Model::default();
            for (number, step) in steps.into_iter().enumerate() {
                apply(&house, &workspace, &mut model, step, number).await;
                compare(&house, &workspace, &model).await;
            }
            // What is left ends, so that the next history starts with an empty queue.
            for known in &model.jobs {
                house
                    .store
                    .jobs()
                    .cancel(&workspace, &known.id, house.now())
                    .await
                    .expect("works");
                if let Some(claim) = &known.claim {
                    assert!(house.finish(claim, Finish::Cancelled).await);
                }
            }
            house.check().await;
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn random_histories_on_sqlite_fit_the_model() {
    histories(TestDatabase::sqlite(), 48);
}

#[test]
fn random_histories_on_postgresql_fit_the_model() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if let Some(database) = runtime.block_on(TestDatabase::postgres()) {
        histories(database, 24);
    }
}
