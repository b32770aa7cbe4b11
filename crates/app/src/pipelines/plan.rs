//! What a run does next. A pure function of the graph, the run's inputs and what its steps have come to, so that it can be asked
//! again at any moment, by any process, after any crash, and always says the same.

use std::collections::HashMap;

use aquatint_domain::{NodeState, Problem, RunState};
use aquatint_store::Step;
use serde_json::{Map, Value, json};

use super::graph::{Ready, ReadyNode};
use crate::nodes::Work;

type Values = Map<String, Value>;

/// How a node stands.
#[derive(Clone, Debug)]
pub struct NodeStand {
    pub state: NodeState,
    /// By port, once it has succeeded; a port that is missing is a branch that was not taken.
    pub outputs: Values,
    pub problem: Option<Problem>,
    /// It was skipped because something before it failed, not because another branch was taken.
    pub is_blocked: bool,
}

/// Work that can begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// The node's place in the graph.
    pub node: usize,
    pub item: u32,
    /// By port.
    pub inputs: Values,
}

pub struct Plan {
    /// In the order of the graph's nodes.
    pub nodes: Vec<NodeStand>,
    pub due: Vec<Due>,
    /// `Some` when nothing is left to do.
    pub ended: Option<RunState>,
}

impl NodeStand {
    fn new(state: NodeState) -> Self {
        Self {
            state,
            outputs: Values::new(),
            problem: None,
            is_blocked: false,
        }
    }

    fn succeeded(outputs: Values) -> Self {
        Self {
            outputs,
            ..Self::new(NodeState::Succeeded)
        }
    }

    fn failed(problem: Problem) -> Self {
        Self {
            problem: Some(problem),
            ..Self::new(NodeState::Failed)
        }
    }

    fn skipped(is_blocked: bool) -> Self {
        Self {
            is_blocked,
            ..Self::new(NodeState::Skipped)
        }
    }
}

/// What the edges into a node bring.
enum Brought {
    Waits,
    Skips { is_blocked: bool },
    Values(Values),
}

/// Says how every node stands and what can begin.
pub fn plan(graph: &Ready, inputs: &Values, steps: &[Step], fan_out: usize) -> Plan {
    let mut done: HashMap<(&str, u32), &Step> = HashMap::new();
    for step in steps {
        done.insert((step.node.as_str(), step.item), step);
    }
    let mut nodes: Vec<NodeStand> = graph.nodes.iter().map(|_| NodeStand::new(NodeState::Waiting)).collect();
    let mut due = Vec::new();
    for place in &graph.order {
        let node = &graph.nodes[*place];
        nodes[*place] = if matches!(node.kind.work, Work::Input) {
            let port = node.outputs.first().map_or("value", |port| port.name.as_str());
            match inputs.get(&node.id) {
                Some(value) => NodeStand::succeeded(Map::from_iter([(port.to_owned(), value.clone())])),
                None => NodeStand::skipped(false),
            }
        } else {
            match bring(node, &nodes) {
                Brought::Waits => NodeStand::new(NodeState::Waiting),
                Brought::Skips { is_blocked } => NodeStand::skipped(is_blocked),
                Brought::Values(values) => stand(*place, node, values, &done, fan_out, &mut due),
            }
        };
    }
    let ended = ended(&nodes);
    Plan { nodes, due, ended }
}

fn ended(nodes: &[NodeStand]) -> Option<RunState> {
    let any = |state: NodeState| nodes.iter().any(|node| node.state == state);
    if any(NodeState::Waiting) || any(NodeState::Running) {
        return None;
    }
    Some(if any(NodeState::Failed) {
        RunState::Failed
    } else if any(NodeState::Cancelled) {
        RunState::Cancelled
    } else {
        RunState::Succeeded
    })
}

/// Gathers what the edges into a node bring.
fn bring(node: &ReadyNode, nodes: &[NodeStand]) -> Brought {
    let (mut waits, mut blocked) = (false, false);
    // By the place of the port.
    let mut brought: Vec<Vec<&Value>> = node.inputs.iter().map(|_| Vec::new()).collect();
    let mut empty = vec![0usize; node.inputs.len()];
    for join in &node.joins {
        let from = &nodes[join.from];
        match from.state {
            NodeState::Waiting | NodeState::Running => waits = true,
            NodeState::Failed | NodeState::Cancelled => blocked = true,
            NodeState::Skipped => {
                blocked |= from.is_blocked;
                empty[join.port] += 1;
            }
            NodeState::Succeeded => match from.outputs.get(&join.from_port) {
                Some(value) => brought[join.port].push(value),
                None => empty[join.port] += 1,
            },
        }
    }
    if blocked {
        return Brought::Skips { is_blocked: true };
    }
    if waits {
        return Brought::Waits;
    }
    let mut values = Values::new();
    for (place, port) in node.inputs.iter().enumerate() {
        let came = &brought[place];
        if came.is_empty() {
            // The branch that it hangs on was not taken.
            if empty[place] > 0 {
                return Brought::Skips { is_blocked: false };
            }
            continue;
        }
        let value = if port.list {
            let mut all = Vec::new();
            for value in came {
                match value {
                    Value::Array(items) => all.extend(items.iter().cloned()),
                    one => all.push((*one).clone()),
                }
            }
            Value::Array(all)
        } else {
            came[0].clone()
        };
        values.insert(port.name.clone(), value);
    }
    Brought::Values(values)
}

/// How a node stands whose inputs are there; what it could begin goes to `due`.
fn stand(
    place: usize,
    node: &ReadyNode,
    values: Values,
    done: &HashMap<(&str, u32), &Step>,
    fan_out: usize,
    due: &mut Vec<Due>,
) -> NodeStand {
    let items = match items(node, values) {
        Ok(items) => items,
        Err(problem) => return NodeStand::failed(problem),
    };
    let (many, items) = items;
    if items.len() > fan_out {
        return NodeStand::failed(Problem::invalid(
            node.id.clone(),
            format!("A list of {} items comes; at most {fan_out} are taken.", items.len()),
        ));
    }
    if items.is_empty() {
        return NodeStand::skipped(false);
    }
    let mut made: Vec<Values> = Vec::with_capacity(items.len());
    let (mut running, mut failure, mut cancelled) = (false, None, false);
    for (index, inputs) in items.into_iter().enumerate() {
        let item = u32::try_from(index).unwrap_or(u32::MAX);
        if let Work::Instant(compute) = &node.kind.work {
            match compute(&node.settings, &inputs) {
                Ok(outputs) => made.push(outputs),
                Err(problem) => {
                    failure.get_or_insert(problem);
                }
            }
            continue;
        }
        match done.get(&(node.id.as_str(), item)) {
            None => {
                running = true;
                due.push(Due {
                    node: place,
                    item,
                    inputs,
                });
            }
            Some(step) => match step.state {
                NodeState::Succeeded => made.push(step.outputs.clone()),
                NodeState::Failed => {
                    failure.get_or_insert_with(|| {
                        step.problem
                            .clone()
                            .unwrap_or_else(|| Problem::internal("a step failed and does not say why"))
                    });
                }
                NodeState::Cancelled => cancelled = true,
                _ => running = true,
            },
        }
    }
    if running {
        return NodeStand::new(NodeState::Running);
    }
    if let Some(problem) = failure {
        return NodeStand::failed(problem);
    }
    if cancelled {
        return NodeStand::new(NodeState::Cancelled);
    }
    NodeStand::succeeded(if many {
        lists(made)
    } else {
        made.into_iter().next().unwrap_or_default()
    })
}

/// One set of inputs for each item of the lists that came to ports which take one thing; and whether there were any lists.
fn items(node: &ReadyNode, values: Values) -> Result<(bool, Vec<Values>), Problem> {
    let is_list = |name: &str| node.inputs.iter().any(|port| port.name == name && port.list);
    let mut length: Option<(String, usize)> = None;
    for (name, value) in &values {
        let Value::Array(list) = value else { continue };
        if is_list(name) {
            continue;
        }
        match &length {
            Some((first, known)) if *known != list.len() => {
                return Err(Problem::invalid(
                    name.clone(),
                    format!(
                        "Lists of different length come together: {known} to `{first}` and {} to `{name}`.",
                        list.len()
                    ),
                ));
            }
            Some(_) => {}
            None => length = Some((name.clone(), list.len())),
        }
    }
    let Some((_, length)) = length else {
        return Ok((false, vec![values]));
    };
    let items = (0..length)
        .map(|index| {
            values
                .iter()
                .map(|(name, value)| match value {
                    Value::Array(list) if !is_list(name) => (name.clone(), list[index].clone()),
                    whole => (name.clone(), whole.clone()),
                })
                .collect()
        })
        .collect();
    Ok((true, items))
}

/// The outputs of all items as one list a port; lists in lists become one.
fn lists(made: Vec<Values>) -> Values {
    let mut all: Map<String, Value> = Map::new();
    for outputs in made {
        for (port, value) in outputs {
            let list = all.entry(port).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                match value {
                    Value::Array(more) => list.extend(more),
                    one => list.push(one),
                }
            }
        }
    }
    all
}

/// What a run gives back: its `output` nodes by name, or without any the ends of the graph.
pub fn results(graph: &Ready, plan: &Plan) -> Values {
    let named: Values = graph
        .nodes
        .iter()
        .zip(&plan.nodes)
        .filter(|(node, stand)| node.kind.name == "output" && stand.state == NodeState::Succeeded)
        .map(|(node, stand)| (node.id.clone(), single(stand.outputs.get("value"))))
        .collect();
    if graph.nodes.iter().any(|node| node.kind.name == "output") {
        return named;
    }
    graph
        .nodes
        .iter()
        .zip(&plan.nodes)
        .filter(|(node, stand)| !node.is_used && stand.state == NodeState::Succeeded && !stand.outputs.is_empty())
        .map(|(node, stand)| {
            let value = match stand.outputs.values().next() {
                Some(only) if stand.outputs.len() == 1 => only.clone(),
                _ => Value::Object(stand.outputs.clone()),
            };
            (node.id.clone(), value)
        })
        .collect()
}

/// A list of one is that one.
fn single(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Array(list)) if list.len() == 1 => list[0].clone(),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests;
