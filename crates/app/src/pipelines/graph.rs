//! A graph made ready to run: types looked up, edges joined to ports, everything checked, in an order in which each node
//! comes after what it needs.

use std::collections::{HashMap, HashSet};

use aquatint_domain::{Code, Edge, Graph, Node, Port, Problem, text};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::nodes::{self, NodeType, Work};

const ID_MAX_CHARS: usize = 60;
const TITLE_MAX_CHARS: usize = 120;

/// How large pipelines and runs may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineLimits {
    /// Nodes of one pipeline.
    pub nodes: usize,
    /// Runs of one call, and items of one list in a run.
    pub fan_out: usize,
    /// Nodes on one way through.
    pub depth: usize,
    /// Seconds after which a run that has not ended fails.
    pub run_seconds: u64,
}

impl Default for PipelineLimits {
    fn default() -> Self {
        Self {
            nodes: 200,
            fan_out: 500,
            depth: 200,
            run_seconds: 24 * 3_600,
        }
    }
}

/// A version's graph made ready, or the part of it that makes one node.
pub(crate) fn ready(graph: &Graph, until: Option<&str>, limits: &PipelineLimits) -> Result<Ready, Problem> {
    let part = until
        .map(|node| {
            graph.until(node).ok_or_else(|| {
                Problem::new(
                    Code::NotFound,
                    format!(
                        "There is no node `{}` in this pipeline.",
                        text::one_line(node, ID_MAX_CHARS)
                    ),
                )
                .at("until")
                .hint("`pipelines` `get` shows the nodes.")
            })
        })
        .transpose()?;
    Ready::of(part.as_ref().unwrap_or(graph), limits).map_err(|faults| refuse(&faults))
}

/// What is wrong with a graph, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The port or the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    pub message: String,
}

/// A graph that holds together.
pub struct Ready {
    pub nodes: Vec<ReadyNode>,
    /// Places in `nodes`, each after what it needs.
    pub order: Vec<usize>,
    /// Where each node stands in `order`.
    pub ranks: Vec<usize>,
    /// The places of the nodes that hang on each node.
    pub followers: Vec<Vec<usize>>,
    places: HashMap<String, usize>,
}

pub struct ReadyNode {
    pub id: String,
    pub title: String,
    pub alias: Option<String>,
    pub kind: &'static NodeType,
    pub settings: Map<String, Value>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    pub joins: Vec<Join>,
    /// Whether anything hangs on it.
    pub is_used: bool,
}

/// An edge into a node.
pub struct Join {
    /// The place of its port in the node's inputs.
    pub port: usize,
    /// The place of the node that it comes from.
    pub from: usize,
    pub from_port: String,
}

impl Ready {
    /// Reads and checks a graph; all that is wrong is told at once.
    pub fn of(graph: &Graph, limits: &PipelineLimits) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        if graph.nodes.is_empty() {
            faults.push(fault(None, None, "A pipeline needs at least one node."));
        }
        if graph.nodes.len() > limits.nodes || graph.edges.len() > limits.nodes * 20 {
            faults.push(fault(
                None,
                None,
                format!(
                    "A pipeline has at most {} nodes and {} edges; this one has {} and {}.",
                    limits.nodes,
                    limits.nodes * 20,
                    graph.nodes.len(),
                    graph.edges.len()
                ),
            ));
            return Err(faults);
        }
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        let mut names = HashSet::new();
        for node in &graph.nodes {
            check_names(node, &mut names, &mut faults);
            match nodes::find(&node.kind, node.version) {
                Ok(kind) => nodes.push(ReadyNode {
                    id: node.id.clone(),
                    title: node.title.clone().unwrap_or_else(|| kind.title.clone()),
                    alias: node.alias.clone(),
                    kind,
                    inputs: kind.inputs.with(&node.settings),
                    outputs: kind.outputs.with(&node.settings),
                    settings: node.settings.clone(),
                    joins: Vec::new(),
                    is_used: false,
                }),
                Err(problem) => faults.push(fault(Some(&node.id), None, problem.message)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut ready = Self {
            order: Vec::with_capacity(nodes.len()),
            ranks: vec![0; nodes.len()],
            followers: vec![Vec::new(); nodes.len()],
            places: nodes
                .iter()
                .enumerate()
                .map(|(place, node)| (node.id.clone(), place))
                .collect(),
            nodes,
        };
        ready.join(&graph.edges, &mut faults);
        ready.check_inputs(&mut faults);
        ready.sort(limits, &mut faults);
        if faults.is_empty() { Ok(ready) } else { Err(faults) }
    }

    /// The nodes whose values a run brings.
    pub fn run_inputs(&self) -> impl Iterator<Item = &ReadyNode> {
        self.nodes.iter().filter(|node| matches!(node.kind.work, Work::Input))
    }

    /// Where a node is in `nodes`.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    fn join(&mut self, edges: &[Edge], faults: &mut Vec<Fault>) {
        let mut seen = HashSet::new();
        for edge in edges {
            let (from_id, from_port) = parts(&edge.from);
            let (to_id, to_port) = parts(&edge.to);
            let (from, to) = match (self.place(from_id), self.place(to_id)) {
                (Some(from), Some(to)) => (from, to),
                (from, _) => {
                    let missing = if from.is_none() { from_id } else { to_id };
                    faults.push(fault(
                        None,
                        None,
                        format!(
                            "The edge from `{}` to `{}` names a node `{}` that is not there.",
                            text::one_line(&edge.from, 80),
                            text::one_line(&edge.to, 80),
                            text::one_line(missing, 60)
                        ),
                    ));
                    continue;
                }
            };
            let Some(output) = port_of(&self.nodes[from].outputs, from_port) else {
                faults.push(no_port(from_id, from_port, "output", &self.nodes[from].outputs));
                continue;
            };
            let Some(place) = place_of(&self.nodes[to].inputs, to_port) else {
                faults.push(no_port(to_id, to_port, "input", &self.nodes[to].inputs));
                continue;
            };
            let input = &self.nodes[to].inputs[place];
            if !output.kind.fits(input.kind) {
                faults.push(fault(
                    Some(to_id),
                    Some(&input.name),
                    format!(
                        "`{to_id}.{}` takes {}, but `{from_id}.{}` gives {}.",
                        input.name, input.kind, output.name, output.kind
                    ),
                ));
                continue;
            }
            if !seen.insert((from, output.name.clone(), to, place)) {
                faults.push(fault(
                    Some(to_id),
                    Some(&input.name),
                    format!("The edge from `{}` to `{}` stands twice.", edge.from, edge.to),
                ));
                continue;
            }
            if !input.list && self.nodes[to].joins.iter().any(|join| join.port == place) {
                faults.push(fault(
                    Some(to_id),
                    Some(&input.name),
                    format!(
                        "`{to_id}.{}` takes one edge; put a `flow.merge` before it to bring several together.",
                        input.name
                    ),
                ));
                continue;
            }
            let from_port = output.name.clone();
            self.nodes[from].is_used = true;
            if self.followers[from].last() != Some(&to) {
                self.followers[from].push(to);
            }
            self.nodes[to].joins.push(Join {
                port: place,
                from,
                from_port,
            });
        }
    }

    /// What a node cannot do without must come by an edge or stand in its settings.
    fn check_inputs(&self, faults: &mut Vec<Fault>) {
        for node in &self.nodes {
            let connected: Vec<&str> = node
                .joins
                .iter()
                .map(|join| node.inputs[join.port].name.as_str())
                .collect();
            for port in node
                .inputs
                .iter()
                .filter(|port| port.required && !connected.contains(&port.name.as_str()))
            {
                faults.push(fault(
                    Some(&node.id),
                    Some(&port.name),
                    format!("`{}.{}` needs an edge that brings {}.", node.id, port.name, port.kind),
                ));
            }
            if let Err(problem) = node.kind.check(&node.settings, &connected) {
                faults.push(fault(Some(&node.id), problem.field.as_deref(), problem.message));
            }
        }
    }

    /// Puts the nodes in order (Kahn's algorithm); what is left over goes round in a circle.
    fn sort(&mut self, limits: &PipelineLimits, faults: &mut Vec<Fault>) {
        let mut needs: Vec<usize> = self.nodes.iter().map(|node| node.joins.len()).collect();
        // A node that hangs on another by two edges follows it twice here.
        let mut edges: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (place, node) in self.nodes.iter().enumerate() {
            for join in &node.joins {
                edges[join.from].push(place);
            }
        }
        let mut depth = vec![1usize; self.nodes.len()];
        let mut free: Vec<usize> = (0..self.nodes.len()).filter(|place| needs[*place] == 0).collect();
        free.reverse();
        while let Some(place) = free.pop() {
            self.ranks[place] = self.order.len();
            self.order.push(place);
            for follower in &edges[place] {
                let follower = *follower;
                depth[follower] = depth[follower].max(depth[place] + 1);
                needs[follower] -= 1;
                if needs[follower] == 0 {
                    free.push(follower);
                }
            }
        }
        if self.order.len() < self.nodes.len() {
            let round: Vec<&str> = (0..self.nodes.len())
                .filter(|place| needs[*place] > 0)
                .map(|place| self.nodes[place].id.as_str())
                .collect();
            faults.push(fault(
                round.first().copied(),
                None,
                format!("These nodes wait for one another in a circle: {}.", round.join(", ")),
            ));
        }
        if let Some(deepest) = depth.iter().max().filter(|deepest| **deepest > limits.depth) {
            faults.push(fault(
                None,
                None,
                format!(
                    "The longest way through has {deepest} nodes; at most {} are taken.",
                    limits.depth
                ),
            ));
        }
    }
}

/// One problem that carries all faults.
pub fn refuse(faults: &[Fault]) -> Problem {
    let first = faults.first().map_or("", |fault| fault.message.as_str());
    let more = match faults.len() {
        0 | 1 => String::new(),
        many => format!(" And {} more.", many - 1),
    };
    Problem::new(Code::InvalidArgument, format!("{first}{more}"))
        .at("graph")
        .hint("`details.faults` names every node and port; `pipelines` `validate` checks without saving.")
        .details(json!({ "faults": faults }))
}

fn fault(node: Option<&str>, port: Option<&str>, message: impl Into<String>) -> Fault {
    Fault {
        node: node.map(|node| text::one_line(node, ID_MAX_CHARS)),
        port: port.map(str::to_owned),
        message: message.into(),
    }
}

fn check_names(node: &Node, names: &mut HashSet<String>, faults: &mut Vec<Fault>) {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= ID_MAX_CHARS
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
    };
    if !is_name(&node.id) {
        faults.push(fault(
            Some(&node.id),
            None,
            format!("A node's id has 1 to {ID_MAX_CHARS} small letters, digits, `_` or `-`."),
        ));
    }
    // An input may be called what its node is.
    let alias = node.alias.as_ref().filter(|alias| **alias != node.id);
    for name in [Some(&node.id), alias].into_iter().flatten() {
        if !names.insert(name.clone()) {
            faults.push(fault(
                Some(&node.id),
                None,
                format!("Two nodes are called `{}`.", text::one_line(name, ID_MAX_CHARS)),
            ));
        }
    }
    if let Some(alias) = &node.alias {
        if !is_name(alias) {
            faults.push(fault(
                Some(&node.id),
                Some("alias"),
                "An alias has small letters, digits, `_` or `-`.",
            ));
        }
        if !node.kind.starts_with("input.") {
            faults.push(fault(Some(&node.id), Some("alias"), "Only inputs have an alias."));
        }
    }
    if node
        .title
        .as_ref()
        .is_some_and(|title| title.chars().count() > TITLE_MAX_CHARS)
    {
        faults.push(fault(
            Some(&node.id),
            Some("title"),
            format!("A title has at most {TITLE_MAX_CHARS} characters."),
        ));
    }
}

/// `node` and `port` of `node.port`.
fn parts(end: &str) -> (&str, Option<&str>) {
    match end.split_once('.') {
        Some((node, port)) => (node, Some(port)),
        None => (end, None),
    }
}

fn place_of(ports: &[Port], name: Option<&str>) -> Option<usize> {
    match name {
        Some(name) => ports.iter().position(|port| port.name == name),
        None => (!ports.is_empty()).then_some(0),
    }
}

fn port_of<'a>(ports: &'a [Port], name: Option<&str>) -> Option<&'a Port> {
    place_of(ports, name).map(|place| &ports[place])
}

fn no_port(node: &str, port: Option<&str>, what: &str, ports: &[Port]) -> Fault {
    let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    let message = if names.is_empty() {
        format!("`{node}` has no {what}.")
    } else {
        format!(
            "`{node}` has no {what} `{}`. It has: {}.",
            text::one_line(port.unwrap_or_default(), 60),
            names.join(", ")
        )
    };
    fault(Some(node), port, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(graph: Value) -> Vec<String> {
        let graph: Graph = serde_json::from_value(graph).expect("a graph");
        match Ready::of(&graph, &PipelineLimits::default()) {
            Ok(_) => Vec::new(),
            Err(faults) => faults
                .into_iter()
                .map(|fault| {
                    format!(
                        "{}.{}: {}",
                        fault.node.unwrap_or_default(),
                        fault.port.unwrap_or_default(),
                        fault.message
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn a_sound_graph_is_put_in_order() {
        let graph = serde_json::from_value(json!({
            "nodes": [
                { "id": "out", "type": "output" },
                { "id": "wide", "type": "edit.expand", "settings": { "aspect_ratio": "16:9" } },
                { "id": "photo", "type": "input.image" },
            ],
            "edges": [{ "from": "photo", "to": "wide" }, { "from": "wide.image", "to": "out.value" }],
        }))
        .expect("a graph");
        let ready = Ready::of(&graph, &PipelineLimits::default())
            .map_err(|faults| refuse(&faults))
            .expect("sound");
        let order: Vec<&str> = ready
            .order
            .iter()
            .map(|place| ready.nodes[*place].id.as_str())
            .collect();
        assert_eq!(order, ["photo", "wide", "out"]);
    }

    #[test]
    fn every_fault_names_node_and_port() {
        let one = |node: Value, edges: Value| {
            faults_of(
                json!({ "nodes": [{ "id": "photo", "type": "input.image" }, { "id": "words", "type": "input.text" }, node], "edges": edges }),
            )
        };
        for (node, edges, wanted) in [
            (
                json!({ "id": "x", "type": "edit.upscal" }),
                json!([]),
                "Did you mean `edit.upscale`?",
            ),
            (
                json!({ "id": "x", "type": "edit.resize", "version": 9 }),
                json!([]),
                "x.: This server has version 1",
            ),
            (json!({ "id": "X y", "type": "output" }), json!([]), "small letters"),
            (
                json!({ "id": "photo", "type": "output" }),
                json!([]),
                "Two nodes are called `photo`",
            ),
            (
                json!({ "id": "x", "type": "edit.resize", "settings": { "width": 8 } }),
                json!([]),
                "x.image: `x.image` needs an edge",
            ),
            (
                json!({ "id": "x", "type": "edit.resize", "settings": { "width": -8 } }),
                json!([{ "from": "photo", "to": "x" }]),
                "x.width: `width` must be at least",
            ),
            (
                json!({ "id": "x", "type": "edit.resize", "settings": { "widht": 8 } }),
                json!([{ "from": "photo", "to": "x" }]),
                "x.widht",
            ),
            (
                json!({ "id": "x", "type": "edit.resize" }),
                json!([{ "from": "words", "to": "x.image" }]),
                "`x.image` takes image, but `words.text` gives text.",
            ),
            (
                json!({ "id": "x", "type": "edit.resize" }),
                json!([{ "from": "photo", "to": "x.picture" }]),
                "`x` has no input `picture`. It has: image,",
            ),
            (
                json!({ "id": "x", "type": "output" }),
                json!([{ "from": "nobody", "to": "x" }]),
                "names a node `nobody` that is not there",
            ),
            (
                json!({ "id": "x", "type": "edit.resize", "settings": { "width": 8 } }),
                json!([{ "from": "photo", "to": "x" }, { "from": "photo", "to": "x" }]),
                "stands twice",
            ),
        ] {
            let found = one(node.clone(), edges);
            assert!(
                found.iter().any(|fault| fault.contains(wanted)),
                "{node}: {found:?} lacks {wanted:?}"
            );
        }
    }

    #[test]
    fn circles_and_depth_are_found() {
        let circle = json!({
            "nodes": [{ "id": "a", "type": "edit.rotate", "settings": { "degrees": 90 } }, { "id": "b", "type": "edit.rotate", "settings": { "degrees": 90 } }],
            "edges": [{ "from": "a", "to": "b" }, { "from": "b", "to": "a" }],
        });
        assert!(faults_of(circle)[0].contains("in a circle: a, b"));
        assert!(faults_of(json!({ "nodes": [] }))[0].contains("at least one node"));
    }
}
