//! Pipeline words: graphs of nodes whose ports are joined by edges, and what becomes of a run.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::words;
use crate::error::Problem;

words! {
    /// What flows through a port.
    PortKind {
        Image = "image",
        Video = "video",
        /// An image or a video.
        Media = "media",
        Text = "text",
        Number = "number",
        Boolean = "boolean",
        /// Whatever comes.
        Any = "any",
    }
}

impl PortKind {
    /// Whether what comes out of a port of this kind may go into one of the other.
    pub fn fits(self, into: Self) -> bool {
        self == into
            || matches!(
                (self, into),
                (_, Self::Any)
                    | (Self::Any, _)
                    | (Self::Image | Self::Video, Self::Media)
                    // A number or a truth is written out where text is wanted.
                    | (Self::Number | Self::Boolean, Self::Text)
            )
    }
}

/// A place where edges begin or end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Port {
    pub name: String,
    pub kind: PortKind,
    /// Whether the node cannot do without it.
    #[serde(default)]
    pub required: bool,
    /// Takes a list as one thing, and several edges; any other port makes the node work once for each item of a list.
    #[serde(default)]
    pub list: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl Port {
    pub fn new(name: impl Into<String>, kind: PortKind) -> Self {
        Self {
            name: name.into(),
            kind,
            required: false,
            list: false,
            description: String::new(),
        }
    }

    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub fn list(mut self) -> Self {
        self.list = true;
        self
    }

    pub fn about(mut self, description: &str) -> Self {
        self.description = description.to_owned();
        self
    }
}

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Node {
    /// Unique in the pipeline: small letters, digits, `_` and `-`.
    pub id: String,
    /// The type of the node, such as `edit.upscale`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of the type; the newest where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// As the type's schema says.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// A second name for an input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where an editor shows it: x and y.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f64; 2]>,
}

/// A join of an output port to an input port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Edge {
    /// `node.port`, or `node` for its first output.
    pub from: String,
    /// `node.port`, or `node` for its first input.
    pub to: String,
}

/// A pipeline's graph.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Graph {
    pub nodes: Vec<Node>,
    #[serde(default)]
    pub edges: Vec<Edge>,
}

impl Graph {
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The part that makes one node: the node, all that it needs, and the edges between them. `None`: there is no such node.
    pub fn until(&self, id: &str) -> Option<Self> {
        self.node(id)?;
        let mut sources: HashMap<&str, Vec<&str>> = HashMap::new();
        for edge in &self.edges {
            sources.entry(edge.target()).or_default().push(edge.source());
        }
        let mut kept: HashSet<&str> = HashSet::from([id]);
        let mut left = vec![id];
        while let Some(node) = left.pop() {
            for source in sources.get(node).into_iter().flatten() {
                if kept.insert(source) {
                    left.push(source);
                }
            }
        }
        Some(Self {
            nodes: self
                .nodes
                .iter()
                .filter(|node| kept.contains(node.id.as_str()))
                .cloned()
                .collect(),
            edges: self
                .edges
                .iter()
                .filter(|edge| kept.contains(edge.target()))
                .cloned()
                .collect(),
        })
    }
}

impl Edge {
    /// The node that it comes from.
    pub fn source(&self) -> &str {
        self.from.split('.').next().unwrap_or_default()
    }

    /// The node that it goes to.
    pub fn target(&self) -> &str {
        self.to.split('.').next().unwrap_or_default()
    }
}

words! {
    /// The states of a run. The last three are terminal.
    RunState {
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl RunState {
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

words! {
    /// The states of a node in a run.
    NodeState {
        /// Something before it is not done.
        Waiting = "waiting",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        /// Something before it failed, or another branch was taken.
        Skipped = "skipped",
        Cancelled = "cancelled",
    }
}

/// A piece of media as it flows through ports.
pub fn media_value(asset: &crate::AssetId) -> Value {
    serde_json::json!({ "asset_id": asset })
}

/// The asset that a value is.
pub fn media_of(value: &Value) -> Option<crate::AssetId> {
    value.get("asset_id")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_fit_where_meaning_is_kept() {
        use PortKind::{Any, Image, Media, Number, Text, Video};
        for (from, into, fits) in [
            (Image, Image, true),
            (Image, Media, true),
            (Media, Image, false),
            (Video, Image, false),
            (Number, Text, true),
            (Text, Number, false),
            (Any, Image, true),
            (Image, Any, true),
        ] {
            assert_eq!(from.fits(into), fits, "{from} into {into}");
        }
    }

    #[test]
    fn a_part_is_a_node_with_what_it_needs_and_nothing_else() {
        let graph: Graph = serde_json::from_value(serde_json::json!({
            "nodes": [
                { "id": "a", "type": "x" }, { "id": "b", "type": "x" }, { "id": "c", "type": "x" },
                { "id": "d", "type": "x" }, { "id": "alone", "type": "x" },
            ],
            "edges": [
                { "from": "a", "to": "b.image" }, { "from": "b.image", "to": "c" }, { "from": "a.image", "to": "c" },
                { "from": "c", "to": "d" }, { "from": "b", "to": "d" },
            ],
        }))
        .expect("a graph");
        let part = |id: &str| {
            graph.until(id).map(|part| {
                let nodes: Vec<String> = part.nodes.into_iter().map(|node| node.id).collect();
                (nodes.join(" "), part.edges.len())
            })
        };
        assert_eq!(part("c"), Some(("a b c".into(), 3)));
        assert_eq!(part("a"), Some(("a".into(), 0)));
        assert_eq!(part("alone"), Some(("alone".into(), 0)));
        assert_eq!(part("d"), Some(("a b c d".into(), 5)));
        assert_eq!(part("nobody"), None);
    }
}
