//! Submits, claims and finishes jobs without work on a new SQLite database, with holds and settles, and
//! prints how many of them went through in a second. `cargo xtask bench jobs` runs it.

use std::time::{Duration, Instant};

use aquatint_domain::{Balance, Clock, Credits, JobId, JobKind, Problem, SystemClock};
use aquatint_store::{Finish, NewJob, NewWorkspace, Store, Submission};
use serde_json::json;

const JOBS: u32 = 3_000;
const LEASE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("jobs.db").display());
    let store = Store::open(&url, SystemClock.now()).await?;
    let per_second = run(&store).await?;
    store.ledger().check().await?;
    store.close().await;
    println!("{per_second:.0}");
    Ok(())
}

async fn run(store: &Store) -> Result<f64, Problem> {
    let now = SystemClock.now();
    let workspace = NewWorkspace {
        id: aquatint_domain::WorkspaceId::generate(now),
        name: "empty jobs".into(),
        plan: "local".into(),
        owner: None,
        may_overdraw: true,
        concurrent_jobs: 4,
    };
    let workspace = store.workspaces().create(workspace, now).await?.id;
    let price = Credits::from_micro(1_000);
    let began = Instant::now();
    for _ in 0..JOBS {
        let now = SystemClock.now();
        let job = NewJob {
            id: JobId::generate(now),
            parent: None,
            kind: JobKind::Single,
            position: 0,
            operation: "nothing".into(),
            version: 1,
            arguments: json!({}),
            model: None,
            price,
            balance: Balance::ALL[0],
            user: None,
            key: None,
            created_at: now,
            state_if_failed: None,
        };
        let submission = Submission {
            workspace: workspace.clone(),
            jobs: vec![job],
            idempotency: None,
            limit_queued: JOBS,
        };
        store.jobs().submit(submission, now).await?;
        let claim = store.jobs().claim("example", LEASE, SystemClock.now()).await?;
        let claim = claim.ok_or_else(|| Problem::internal("the job that was just submitted is not there"))?;
        let finish = Finish::Succeeded {
            assets: Vec::new(),
            collection: None,
            result: None,
            charge: price,
        };
        if !store.jobs().finish(&claim.lease, finish, SystemClock.now()).await? {
            return Err(Problem::internal("the lease was lost"));
        }
    }
    Ok(f64::from(JOBS) / began.elapsed().as_secs_f64())
}
