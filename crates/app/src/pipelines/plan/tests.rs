use aquatint_domain::{Credits, Graph, Timestamp};
use proptest::prelude::*;

use super::super::graph::{PipelineLimits, refuse};
use super::*;

fn ready(graph: Value) -> Ready {
    let graph: Graph = serde_json::from_value(graph).expect("a graph");
    Ready::of(&graph, &PipelineLimits::default())
        .map_err(|faults| refuse(&faults))
        .expect("sound")
}

fn asset(number: u32) -> Value {
    json!({ "asset_id": format!("ast_{number:026}") })
}

fn values(value: Value) -> Values {
    value.as_object().cloned().expect("an object")
}

fn step(node: &str, item: u32, state: NodeState, outputs: Value) -> Step {
    Step {
        node: node.into(),
        item,
        state,
        job: None,
        cache_key: None,
        outputs: values(outputs),
        problem: (state == NodeState::Failed).then(|| Problem::internal("on purpose")),
        charged: Credits::ZERO,
        is_cached: false,
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
    }
}

fn states(graph: &Ready, plan: &Standing) -> Vec<String> {
    graph
        .nodes
        .iter()
        .zip(&plan.nodes)
        .map(|(node, stand)| format!("{} {}", node.id, stand.state))
        .collect()
}

#[test]
fn what_is_independent_is_due_together_and_the_rest_waits() {
    let graph = ready(json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "cut", "type": "edit.remove_background" },
            { "id": "wide", "type": "edit.expand", "settings": { "aspect_ratio": "16:9" } },
            { "id": "both", "type": "flow.merge" },
            { "id": "small", "type": "edit.resize", "settings": { "width": 8 } },
        ],
        "edges": [
            { "from": "photo", "to": "cut" }, { "from": "photo", "to": "wide" },
            { "from": "cut", "to": "both" }, { "from": "wide", "to": "both" }, { "from": "both", "to": "small" },
        ],
    }));
    let inputs = values(json!({ "photo": asset(1) }));
    let first = plan(&graph, &inputs, &[], 500);
    let due: Vec<&str> = first.due.iter().map(|due| graph.nodes[due.node].id.as_str()).collect();
    assert_eq!(due.len(), 2);
    assert!(due.contains(&"cut") && due.contains(&"wide"));
    assert_eq!(first.due[0].inputs["image"], asset(1));

    // A list that comes to a port for one thing makes one piece of work for each item.
    let mut steps = vec![
        step("cut", 0, NodeState::Succeeded, json!({ "image": asset(2) })),
        step("wide", 0, NodeState::Succeeded, json!({ "image": asset(3) })),
    ];
    let second = plan(&graph, &inputs, &steps, 500);
    let given: Vec<&Value> = second.due.iter().map(|due| &due.inputs["image"]).collect();
    assert_eq!(given, [&asset(2), &asset(3)]);
    assert_eq!(second.due[1].item, 1);

    steps.push(step("small", 1, NodeState::Succeeded, json!({ "image": asset(5) })));
    let third = plan(&graph, &inputs, &steps, 500);
    assert_eq!((third.due.len(), third.due[0].item, third.ended), (1, 0, None));
    steps.push(step("small", 0, NodeState::Succeeded, json!({ "image": asset(4) })));
    let last = plan(&graph, &inputs, &steps, 500);
    assert_eq!(last.ended, Some(RunState::Succeeded));
    assert_eq!(results(&graph, &last)["small"], json!([asset(4), asset(5)]));
    // More items than are taken are refused by name.
    let refused = plan(&graph, &inputs, &steps[..2], 1);
    assert_eq!(refused.ended, Some(RunState::Failed));
}

#[test]
fn a_failure_stops_its_dependants_only() {
    let graph = ready(json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "bad", "type": "edit.remove_background" },
            { "id": "after", "type": "edit.resize", "settings": { "width": 8 } },
            { "id": "good", "type": "edit.rotate", "settings": { "degrees": 90 } },
            { "id": "out", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "bad" }, { "from": "bad", "to": "after" }, { "from": "photo", "to": "good" },
            { "from": "good", "to": "out" },
        ],
    }));
    let steps = [
        step("bad", 0, NodeState::Failed, json!({})),
        step("good", 0, NodeState::Succeeded, json!({ "image": asset(2) })),
    ];
    let plan = plan(&graph, &values(json!({ "photo": asset(1) })), &steps, 500);
    assert_eq!(
        states(&graph, &plan),
        [
            "photo succeeded",
            "bad failed",
            "after skipped",
            "good succeeded",
            "out succeeded"
        ]
    );
    assert_eq!(plan.ended, Some(RunState::Failed));
    assert_eq!(results(&graph, &plan), values(json!({ "out": asset(2) })));
}

#[test]
fn one_branch_is_taken_and_the_merge_takes_what_there_is() {
    let graph = ready(json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "size", "type": "input.choice", "settings": { "options": ["small", "large"] } },
            { "id": "which", "type": "flow.switch", "settings": { "to": "small" } },
            { "id": "shrink", "type": "edit.resize", "settings": { "width": 8 } },
            { "id": "grow", "type": "edit.upscale", "settings": { "scale": "2" } },
            { "id": "out", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "which.value" }, { "from": "size", "to": "which.test" },
            { "from": "which.yes", "to": "shrink" }, { "from": "which.no", "to": "grow" },
            { "from": "shrink", "to": "out" }, { "from": "grow", "to": "out" },
        ],
    }));
    let inputs = values(json!({ "photo": asset(1), "size": "large" }));
    let first = plan(&graph, &inputs, &[], 500);
    assert_eq!(first.due.len(), 1);
    assert_eq!(graph.nodes[first.due[0].node].id, "grow");
    let steps = [step("grow", 0, NodeState::Succeeded, json!({ "image": asset(9) }))];
    let last = plan(&graph, &inputs, &steps, 500);
    assert_eq!(last.ended, Some(RunState::Succeeded));
    assert_eq!(results(&graph, &last), values(json!({ "out": asset(9) })));
}

#[test]
fn lists_of_different_length_are_refused_by_name() {
    let graph = ready(json!({
        "nodes": [
            { "id": "words", "type": "flow.loop", "settings": { "items": ["a", "b"] } },
            { "id": "more", "type": "flow.loop", "settings": { "items": ["a", "b", "c"] } },
            { "id": "text", "type": "text.template", "settings": { "template": "{one} and {two}" } },
        ],
        "edges": [{ "from": "words", "to": "text.one" }, { "from": "more", "to": "text.two" }],
    }));
    let plan = plan(&graph, &Values::new(), &[], 500);
    assert_eq!(plan.ended, Some(RunState::Failed));
    let problem = plan.nodes[2].problem.as_ref().expect("a problem");
    assert!(
        problem.message.contains("2 to `one` and 3 to `two`"),
        "{}",
        problem.message
    );
}

/// A graph of rotations: each node after the first takes one of the nodes before it.
fn random_graph() -> impl Strategy<Value = Value> {
    proptest::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..25).prop_map(|choices| {
        let mut nodes = vec![json!({ "id": "n0", "type": "input.image" })];
        let mut edges = Vec::new();
        for (place, (from, is_merge)) in choices.iter().enumerate() {
            let id = format!("n{}", place + 1);
            let first = from.index(place + 1);
            if *is_merge && place > 0 {
                nodes.push(json!({ "id": id, "type": "flow.merge" }));
                edges.push(json!({ "from": format!("n{first}"), "to": id }));
                let second = (first + 1) % (place + 1);
                if second != first {
                    edges.push(json!({ "from": format!("n{second}"), "to": id }));
                }
            } else {
                nodes.push(json!({ "id": id, "type": "edit.rotate", "settings": { "degrees": 90 } }));
                edges.push(json!({ "from": format!("n{first}"), "to": id }));
            }
        }
        json!({ "nodes": nodes, "edges": edges })
    })
}

/// What a piece of work makes, told by what it is and what it got: the same whenever it is done.
fn made(graph: &Ready, due: &Due) -> Value {
    let told = format!("{} {} {}", graph.nodes[due.node].id, due.item, json!(due.inputs));
    let number = u32::from_str_radix(&blake3::hash(told.as_bytes()).to_hex()[..7], 16).expect("hexadecimal");
    json!({ "image": asset(number) })
}

/// Runs to the end; `order` says which due work is done next.
fn run(graph: &Ready, mut order: impl FnMut(usize) -> usize) -> (Values, usize) {
    let inputs = values(json!({ "n0": asset(1) }));
    let mut steps: Vec<Step> = Vec::new();
    let mut works = 0;
    // What is kept up to date and what is found anew each time, as after a crash, say the same.
    let mut kept = plan(graph, &inputs, &steps, 5_000);
    loop {
        let now = plan(graph, &inputs, &steps, 5_000);
        let told = |standing: &Standing| (states(graph, standing), standing.ended, standing.due.len());
        assert_eq!(told(&kept), told(&now));
        if let Some(state) = now.ended {
            assert_eq!(state, RunState::Succeeded);
            assert_eq!(results(graph, &kept), results(graph, &now));
            return (results(graph, &now), works);
        }
        assert!(!now.due.is_empty(), "nothing is due and nothing has ended");
        let due = &now.due[order(now.due.len())];
        works += 1;
        let outputs = made(graph, due);
        let same = kept
            .due
            .iter()
            .position(|one| (one.node, one.item) == (due.node, due.item));
        assert_eq!(kept.due.remove(same.expect("due in both")), Some(due.clone()));
        let done = step(&graph.nodes[due.node].id, due.item, NodeState::Succeeded, outputs);
        let end = End::of(&done).expect("an end");
        kept.settle(graph, &inputs, due.node, due.item, end);
        steps.push(done);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In whatever order work ends, the same work is done once and the same comes out.
    #[test]
    fn any_order_gives_the_same_results(graph in random_graph(), picks in proptest::collection::vec(any::<u16>(), 1..40)) {
        let graph = ready(graph);
        // Merges of merges grow quickly; what would take too long says nothing more.
        let size = plan(&graph, &values(json!({ "n0": asset(1) })), &[], 5_000).due.len();
        prop_assume!(size < 200);
        let straight = run(&graph, |_| 0);
        let mut next = 0usize;
        let shuffled = run(&graph, |many| {
            next += 1;
            usize::from(picks[next % picks.len()]) % many
        });
        prop_assert_eq!(straight, shuffled);
    }
}
