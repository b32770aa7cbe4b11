//! Pipelines, their versions and their runs, on both databases.

use aquatint_domain::{Balance, Code, Credits, Graph, JobId, NodeState, PipelineId, RunId, RunState, WorkspaceId};
use aquatint_store::{Pipeline, PipelineChange, Run, RunKey, Step};
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
        price: Credits::whole(3),
        charged: Credits::ZERO,
        problem: None,
        created_at: house.now(),
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
        assert_eq!(runs.of_job(&job).await.expect("reads"), Some(first.id.clone()));
        let done = Step {
            state: NodeState::Succeeded,
            outputs: Map::from_iter([("text".to_owned(), json!("made"))]),
            charged: Credits::whole(2),
            finished_at: Some(house.now()),
            ..step.clone()
        };
        runs.put_steps(&first.id, std::slice::from_ref(&done))
            .await
            .expect("written");
        // Whoever is late changes nothing.
        let late = Step {
            state: NodeState::Failed,
            ..done.clone()
        };
        runs.put_steps(&first.id, &[late, step]).await.expect("passed over");
        assert_eq!(runs.steps(&first.id).await.expect("reads"), [done]);

        runs.running(&first.id).await.expect("noted");
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

        let results = [("a key".to_owned(), Map::from_iter([("image".to_owned(), json!(1))]))];
        runs.remember(&workspace, &results, house.now()).await.expect("kept");
        runs.remember(&workspace, &results, house.now())
            .await
            .expect("kept again");
        assert_eq!(
            runs.cached(&workspace, "a key").await.expect("reads"),
            Some(results[0].1.clone())
        );
        assert_eq!(
            runs.cached(&house.workspace(0, 1).await, "a key").await.expect("reads"),
            None
        );
    }
}
