//! What a run does next. It follows from the graph, the run's inputs and what its steps have come to, and from nothing else, so it
//! can be found anew at any moment, by any process, after any crash, and is always the same. [`Standing`] is kept up to date
//! step by step: what one step costs does not grow with their number.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

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

/// How a run stands.
pub struct Standing {
    /// In the order of the graph's nodes.
    pub nodes: Vec<NodeStand>,
    /// What can begin, and has not been taken yet.
    pub due: VecDeque<Due>,
    /// `Some` when nothing is left to do.
    pub ended: Option<RunState>,
    /// The work of nodes whose inputs are there and whose outputs are not.
    work: HashMap<usize, Items>,
    /// Nodes that have not ended.
    left: usize,
    fan_out: usize,
}

/// The items that a node works on.
struct Items {
    /// They came as a list, and so do the outputs.
    is_list: bool,
    ends: Vec<Option<End>>,
    left: usize,
}

/// What became of a piece of work.
#[derive(Clone, Debug)]
pub enum End {
    Made(Values),
    Failed(Problem),
    Cancelled,
}

impl End {
    /// `None`: it is still running.
    pub fn of(step: &Step) -> Option<Self> {
        match step.state {
            NodeState::Succeeded => Some(Self::Made(step.outputs.clone())),
            NodeState::Failed => {
                Some(Self::Failed(step.problem.clone().unwrap_or_else(|| {
                    Problem::internal("a step failed and does not say why")
                })))
            }
            NodeState::Cancelled => Some(Self::Cancelled),
            _ => None,
        }
    }
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
pub fn plan(graph: &Ready, inputs: &Values, steps: &[Step], fan_out: usize) -> Standing {
    let mut known: HashMap<(usize, u32), &Step> = HashMap::with_capacity(steps.len());
    for step in steps {
        if let Some(place) = graph.place(&step.node) {
            known.insert((place, step.item), step);
        }
    }
    let mut standing = Standing {
        nodes: graph.nodes.iter().map(|_| NodeStand::new(NodeState::Waiting)).collect(),
        due: VecDeque::new(),
        ended: None,
        work: HashMap::new(),
        left: graph.nodes.len(),
        fan_out,
    };
    for place in &graph.order {
        standing.look(graph, *place, inputs, &known);
    }
    standing.close();
    standing
}

impl Standing {
    /// Takes in what became of one piece of work. What was told before is not told again.
    pub fn settle(&mut self, graph: &Ready, inputs: &Values, node: usize, item: u32, end: End) {
        let Some(items) = self.work.get_mut(&node) else { return };
        match items.ends.get_mut(item as usize) {
            Some(known @ None) => *known = Some(end),
            _ => return,
        }
        items.left -= 1;
        if items.left > 0 {
            return;
        }
        self.gather(node);
        // Whoever hangs on it is looked at, each after what it needs.
        let mut next: BinaryHeap<Reverse<usize>> = BinaryHeap::new();
        let follow = |place: usize, next: &mut BinaryHeap<Reverse<usize>>| {
            next.extend(graph.followers[place].iter().map(|place| Reverse(graph.ranks[*place])));
        };
        follow(node, &mut next);
        while let Some(Reverse(rank)) = next.pop() {
            let place = graph.order[rank];
            if self.look(graph, place, inputs, &HashMap::new()) {
                follow(place, &mut next);
            }
        }
        self.close();
    }

    /// Looks whether a node can begin, or never will. Says whether it has ended by that.
    fn look(&mut self, graph: &Ready, place: usize, inputs: &Values, known: &HashMap<(usize, u32), &Step>) -> bool {
        if self.nodes[place].state != NodeState::Waiting {
            return false;
        }
        let node = &graph.nodes[place];
        if matches!(node.kind.work, Work::Input) {
            let port = node.outputs.first().map_or("value", |port| port.name.as_str());
            return self.put(
                place,
                match inputs.get(&node.id) {
                    Some(value) => NodeStand::succeeded(Map::from_iter([(port.to_owned(), value.clone())])),
                    None => NodeStand::skipped(false),
                },
            );
        }
        match bring(node, &self.nodes) {
            Brought::Waits => false,
            Brought::Skips { is_blocked } => self.put(place, NodeStand::skipped(is_blocked)),
            Brought::Values(values) => self.begin(node, place, values, known),
        }
    }

    /// Begins a node whose inputs are there; what is to be worked goes to `due`.
    fn begin(&mut self, node: &ReadyNode, place: usize, values: Values, known: &HashMap<(usize, u32), &Step>) -> bool {
        let (is_list, items) = match items(node, values) {
            Ok(items) => items,
            Err(problem) => return self.put(place, NodeStand::failed(problem)),
        };
        if items.len() > self.fan_out {
            let problem = Problem::invalid(
                node.id.clone(),
                format!(
                    "A list of {} items comes; at most {} are taken.",
                    items.len(),
                    self.fan_out
                ),
            );
            return self.put(place, NodeStand::failed(problem));
        }
        if items.is_empty() {
            return self.put(place, NodeStand::skipped(false));
        }
        let mut ends = Vec::with_capacity(items.len());
        for (index, inputs) in items.into_iter().enumerate() {
            let item = u32::try_from(index).unwrap_or(u32::MAX);
            ends.push(match (&node.kind.work, known.get(&(place, item))) {
                (Work::Instant(compute), _) => Some(match compute(&node.settings, &inputs) {
                    Ok(outputs) => End::Made(outputs),
                    Err(problem) => End::Failed(problem),
                }),
                (_, Some(step)) => End::of(step),
                (_, None) => {
                    self.due.push_back(Due {
                        node: place,
                        item,
                        inputs,
                    });
                    None
                }
            });
        }
        let left = ends.iter().filter(|end| end.is_none()).count();
        self.nodes[place].state = NodeState::Running;
        self.work.insert(place, Items { is_list, ends, left });
        left == 0 && self.gather(place)
    }

    /// Ends a node whose items have all ended.
    fn gather(&mut self, place: usize) -> bool {
        let Some(items) = self.work.remove(&place) else {
            return false;
        };
        let mut made = Vec::with_capacity(items.ends.len());
        let (mut failure, mut is_cancelled) = (None, false);
        for end in items.ends.into_iter().flatten() {
            match end {
                End::Made(outputs) => made.push(outputs),
                End::Failed(problem) => {
                    failure.get_or_insert(problem);
                }
                End::Cancelled => is_cancelled = true,
            }
        }
        self.put(
            place,
            match failure {
                Some(problem) => NodeStand::failed(problem),
                None if is_cancelled => NodeStand::new(NodeState::Cancelled),
                None if items.is_list => NodeStand::succeeded(lists(made)),
                None => NodeStand::succeeded(made.into_iter().next().unwrap_or_default()),
            },
        )
    }

    /// How many items a running node works on.
    pub fn items(&self, place: usize) -> Option<usize> {
        self.work.get(&place).map(|items| items.ends.len())
    }

    fn put(&mut self, place: usize, stand: NodeStand) -> bool {
        self.nodes[place] = stand;
        self.left -= 1;
        true
    }

    fn close(&mut self) {
        if self.left > 0 {
            return;
        }
        let any = |state: NodeState| self.nodes.iter().any(|node| node.state == state);
        self.ended = Some(if any(NodeState::Failed) {
            RunState::Failed
        } else if any(NodeState::Cancelled) {
            RunState::Cancelled
        } else {
            RunState::Succeeded
        });
    }
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
pub fn results(graph: &Ready, plan: &Standing) -> Values {
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
