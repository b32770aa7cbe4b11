//! Pipelines, their versions and their runs, on both databases.

use aquatint_domain::{
    Balance, Code, Credits, Graph, JobId, JobState, NodeState, PipelineId, RunId, RunState, WorkspaceId,
};
use aquatint_store::{Idempotency, Pipeline, PipelineChange, Run, RunKey, Step, Submission};
use serde_json::{Map, json};

use crate::house::{self, House};

fn graph(name: &str) -> Graph {
    serde_json::from_value(json!({ "nodes": [{ "id": name, "type": "input.text" }] })).expect("a graph")
}

async fn pipeline(house: &House, workspace: &WorkspaceId, name: &str) -> PipelineId {
    let new = Pipeline {
        id: PipelineId::generate(house.now()),
        workspace: workspace.clone(),
        name: name.into(),
        description: "What it does".into(),
        version: 1,
        app: None,
        created_by: None,
        created_at: house.now(),
        updated_at: house.now(),
    };
    let store = house.store.pipelines();
    store.create(&new, &graph("first")).await.expect("made");
    assert_eq!(store.get(workspace, &new.id).await.expect("reads"), Some(new.clone()));
    new.id
}

fn new_run(house: &House, workspace: &WorkspaceId, pipeline: &PipelineId) -> Run {
    let id = RunId::generate(house.now());
    Run {
        group: id.clone(),
        id,
        workspace: workspace.clone(),
        pipeline: pipeline.clone(),
        version: 1,
        position: 0,
        state: RunState::Queued,
        inputs: Map::from_iter([("first".to_owned(), json!("words"))]),
        outputs: None,
        user: None,
        key: None,
        grant: None,
        balance: Balance::Api,
        collection: None,
        uses_cache: true,
        until: None,
        retry_of: None,
        price: Credits::whole(3),
        charged: Credits::ZERO,
        problem: None,
        created_at: house.now(),
        started_at: None,
        finished_at: None,
    }
}

#[tokio::test]
async fn a_version_never_changes_and_a_late_one_is_refused() {
    for house in house::each().await {
        let (workspace, other) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let id = pipeline(&house, &workspace, "Hero Banner").await;
        let store = house.store.pipelines();
        let change = |name: &str, from| PipelineChange {
            graph: Some(graph(name)),
            from_version: from,
            ..PipelineChange::default()
        };
        let update = async |workspace: &WorkspaceId, change: &PipelineChange| {
            store.update(workspace, &id, change, None, house.now()).await
        };
        assert_eq!(
            update(&workspace, &change("second", Some(1))).await.expect("saved"),
            Some(2)
        );
        let late = update(&workspace, &change("late", Some(1))).await.expect_err("late");
        assert_eq!(late.code, Code::Conflict);
        assert_eq!(
            update(&workspace, &change("third", None)).await.expect("saved"),
            Some(3)
        );
        assert_eq!(update(&other, &change("foreign", None)).await.expect("asked"), None);
        let names: Vec<String> = store
            .versions(&id, 10)
            .await
            .expect("reads")
            .into_iter()
            .map(|version| format!("{} {}", version.version, version.graph.nodes[0].id))
            .collect();
        assert_eq!(names, ["3 third", "2 second", "1 first"]);
        let newest = store.version(&id, None).await.expect("reads").expect("one");
        assert_eq!(newest.version, 3);
        assert!(store.version(&id, Some(4)).await.expect("reads").is_none());
        assert!(store.by_name(&workspace, "hero banner").await.expect("reads").is_some());
        assert!(store.by_name(&other, "hero banner").await.expect("reads").is_none());
        let page = store.list(&workspace, Some("does"), None, 1).await.expect("reads");
        assert_eq!((page.items.len(), page.next_cursor), (1, None));
        assert!(
            store
                .publish(&workspace, &id, Some(&json!({ "version": 3 })), house.now())
                .await
                .expect("published")
        );
        let published = store.get(&workspace, &id).await.expect("reads").expect("there");
        assert_eq!(published.app, Some(json!({ "version": 3 })));
        assert!(!store.delete(&other, &id, house.now()).await.expect("asked"));
        assert!(store.delete(&workspace, &id, house.now()).await.expect("deleted"));
        assert!(store.get(&workspace, &id).await.expect("reads").is_none());
    }
}

#[tokio::test]
async fn a_run_is_started_once_ended_once_and_its_steps_settle_once() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = pipeline(&house, &workspace, "Runs").await;
        let runs = house.store.runs();
        let key = |hash: u8| RunKey {
            key: "once".into(),
            request_hash: [hash; 32],
        };
        let first = new_run(&house, &workspace, &id);
        let started = runs
            .start(std::slice::from_ref(&first), Some(&key(1)))
            .await
            .expect("started");
        assert_eq!(started, (vec![first.id.clone()], false));
        let again = new_run(&house, &workspace, &id);
        let started = runs
            .start(std::slice::from_ref(&again), Some(&key(1)))
            .await
            .expect("found");
        assert_eq!(started, (vec![first.id.clone()], true));
        let other = runs.start(std::slice::from_ref(&again), Some(&key(2))).await;
        assert_eq!(other.expect_err("another call").code, Code::IdempotencyMismatch);
        assert_eq!(
            runs.get(&workspace, &first.id).await.expect("reads"),
            Some(first.clone())
        );

        let job = JobId::generate(house.now());
        let step = Step {
            node: "first".into(),
            item: 0,
            state: NodeState::Running,
            job: Some(job.clone()),
            cache_key: Some("a key".into()),
            outputs: Map::new(),
            problem: None,
            charged: Credits::ZERO,
            is_cached: false,
            started_at: house.now(),
            finished_at: None,
        };
        runs.put_steps(&first.id, std::slice::from_ref(&step))
            .await
            .expect("written");
        let done = Step {
            state: NodeState::Succeeded,
            outputs: Map::from_iter([("text".to_owned(), json!("made"))]),
            charged: Credits::whole(2),
            finished_at: Some(house.now()),
            ..step.clone()
        };
        runs.settle(&workspace, &first.id, std::slice::from_ref(&done), house.now())
            .await
            .expect("written");
        // Whoever is late changes nothing.
        let late = Step {
            state: NodeState::Failed,
            ..done.clone()
        };
        runs.put_steps(&first.id, &[late, step]).await.expect("passed over");
        assert_eq!(runs.steps(&first.id).await.expect("reads"), [done]);

        runs.running(&first.id, house.now()).await.expect("noted");
        assert_eq!(runs.open(10).await.expect("reads").len(), 1);
        let outputs = Map::from_iter([("out".to_owned(), json!("made"))]);
        let finish = async |state| {
            runs.finish(&first.id, state, &outputs, None, house.now())
                .await
                .expect("asked")
        };
        assert!(finish(RunState::Succeeded).await);
        assert!(!finish(RunState::Failed).await);
        assert!(!runs.cancel(&first.id).await.expect("asked"));
        let ended = runs.get(&workspace, &first.id).await.expect("reads").expect("there");
        assert_eq!((ended.state, ended.charged), (RunState::Succeeded, Credits::whole(2)));
        assert_eq!(ended.outputs, Some(outputs));
        assert!(runs.open(10).await.expect("reads").is_empty());

        // What a step came to is found by its key, in its workspace.
        let keys = ["a key".to_owned(), "another".to_owned()];
        let known = runs.cached(&workspace, &keys).await.expect("reads");
        assert_eq!(known.len(), 1);
        assert_eq!(known["a key"]["text"], json!("made"));
        let other = house.workspace(0, 1).await;
        assert!(runs.cached(&other, &keys).await.expect("reads").is_empty());
    }
}

#[tokio::test]
async fn a_run_has_one_conductor_until_that_one_leaves_or_is_lost() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = pipeline(&house, &workspace, "Conducted").await;
        let runs = house.store.runs();
        let run = new_run(&house, &workspace, &id);
        runs.start(std::slice::from_ref(&run), None).await.expect("started");
        let term = std::time::Duration::from_secs(10);
        let conduct = async |name: &str| {
            let until = house.now() + term;
            let own = runs.conduct(name, house.now(), until, 10).await.expect("asked");
            own.len()
        };
        assert_eq!(conduct("one").await, 1);
        assert_eq!((conduct("two").await, conduct("one").await), (0, 1));
        // Its term is renewed while it lives, and over when it does not.
        house.clock.advance(term * 6 / 10);
        assert_eq!(conduct("one").await, 1);
        house.clock.advance(term * 6 / 10);
        assert_eq!(conduct("two").await, 0);
        house.clock.advance(term);
        assert_eq!((conduct("two").await, conduct("one").await), (1, 0));
        runs.leave("one").await.expect("nothing to leave");
        assert_eq!(conduct("one").await, 0);
        runs.leave("two").await.expect("left");
        assert_eq!(conduct("one").await, 1);
        runs.finish(&run.id, RunState::Succeeded, &Map::new(), None, house.now())
            .await
            .expect("ended");
        assert_eq!(conduct("one").await, 0);
    }
}

#[tokio::test]
async fn jobs_of_a_run_are_found_by_their_steps_and_by_their_keys() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        let id = pipeline(&house, &workspace, "Found").await;
        let runs = house.store.runs();
        let run = new_run(&house, &workspace, &id);
        runs.start(std::slice::from_ref(&run), None).await.expect("started");
        let until = house.now() + std::time::Duration::from_secs(10);
        runs.conduct("me", house.now(), until, 10).await.expect("taken");
        let mut jobs = Vec::new();
        for item in 0..2u32 {
            let submission = Submission {
                workspace: workspace.clone(),
                jobs: vec![house.job(1)],
                idempotency: Some(Idempotency {
                    key: format!("{}/node/{item}", run.id),
                    request_hash: [1; 32],
                    expires_at: house.now() + std::time::Duration::from_secs(60),
                }),
                limit_queued: 100,
            };
            let submitted = house.store.jobs().submit(submission, house.now()).await.expect("taken");
            jobs.push(submitted.job);
        }
        let found = house.store.jobs();
        let mut keyed = found
            .under_keys(&workspace, &format!("{}/", run.id))
            .await
            .expect("reads");
        keyed.sort();
        assert_eq!(
            keyed,
            [
                ("node/0".to_owned(), jobs[0].clone()),
                ("node/1".to_owned(), jobs[1].clone())
            ]
        );
        assert!(found.under_keys(&workspace, "run_").await.expect("reads").len() == 2);
        assert!(found.under_keys(&workspace, "run_x/").await.expect("reads").is_empty());
        let other = house.workspace(0, 1).await;
        assert!(found.under_keys(&other, "run_").await.expect("reads").is_empty());
        assert_eq!(found.get_many(&workspace, &jobs).await.expect("reads").len(), 2);
        assert!(found.get_many(&other, &jobs).await.expect("reads").is_empty());

        // A step is told of once its job has ended, and no longer when the step has.
        let step = Step {
            node: "node".into(),
            item: 0,
            state: NodeState::Running,
            job: Some(jobs[0].clone()),
            cache_key: None,
            outputs: Map::new(),
            problem: None,
            charged: Credits::ZERO,
            is_cached: false,
            started_at: house.now(),
            finished_at: None,
        };
        runs.put_steps(&run.id, std::slice::from_ref(&step))
            .await
            .expect("written");
        assert!(runs.ended_jobs("me").await.expect("reads").is_empty());
        let claim = house.claim().await.expect("a job");
        assert!(house.finish(&claim, house::success(1, Vec::new())).await);
        let ended = runs.ended_jobs("me").await.expect("reads");
        assert_eq!(ended, [(run.id.clone(), jobs[0].clone())]);
        assert!(runs.ended_jobs("another").await.expect("reads").is_empty());
        let done = Step {
            state: NodeState::Succeeded,
            finished_at: Some(house.now()),
            ..step
        };
        runs.settle(&workspace, &run.id, std::slice::from_ref(&done), house.now())
            .await
            .expect("written");
        assert!(runs.ended_jobs("me").await.expect("reads").is_empty());

        // A run that goes on from it has its steps from the beginning, once per key.
        let again = Run {
            retry_of: Some(run.id.clone()),
            until: Some("node".into()),
            ..new_run(&house, &workspace, &id)
        };
        let key = RunKey {
            key: "again".into(),
            request_hash: [2; 32],
        };
        for replayed in [false, true] {
            let started = runs.start_with(&again, std::slice::from_ref(&done), Some(&key)).await;
            assert_eq!(started.expect("started"), (vec![again.id.clone()], replayed));
        }
        assert_eq!(runs.steps(&again.id).await.expect("reads"), [done]);
        assert_eq!(runs.get(&workspace, &again.id).await.expect("reads"), Some(again));
        let listed = runs.list(&workspace, Some(&id), None, 1).await.expect("reads");
        let rest = runs
            .list(&workspace, Some(&id), listed.next_cursor.as_deref(), 1)
            .await
            .expect("reads");
        assert_eq!(
            (listed.items.len(), rest.items[0].id.clone(), rest.next_cursor),
            (1, run.id, None)
        );
    }
}

#[tokio::test]
async fn what_was_made_after_a_cancellation_is_not_charged() {
    for house in house::each().await {
        let workspace = house.workspace(10, 4).await;
        let submitted = house.submit(&workspace, vec![house.job(3)]).await;
        let claim = house.claim().await.expect("a job");
        let jobs = house.store.jobs();
        jobs.cancel(&workspace, &submitted.job, house.now())
            .await
            .expect("asked");
        assert!(house.finish(&claim, house::success(3, Vec::new())).await);
        let job = jobs
            .get(&workspace, &submitted.job)
            .await
            .expect("reads")
            .expect("there");
        assert_eq!((job.state, job.charged), (JobState::Cancelled, Some(Credits::ZERO)));
        assert_eq!(house.available(&workspace).await, Credits::whole(10));
        house.check().await;
    }
}
