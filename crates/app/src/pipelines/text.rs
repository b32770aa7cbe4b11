//! A graph in words: a list that people and models read, and a Mermaid flowchart.

use std::fmt::Write as _;

use aquatint_domain::{Graph, text};
use serde_json::Value;

/// A line for each node, with what comes into it.
pub(crate) fn readable(graph: &Graph) -> String {
    let mut lines = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let from: Vec<String> = graph
            .edges
            .iter()
            .filter(|edge| edge.to.split('.').next() == Some(node.id.as_str()))
            .map(|edge| match edge.to.split_once('.') {
                Some((_, port)) => format!("{port} ← {}", edge.from),
                None => format!("← {}", edge.from),
            })
            .collect();
        let mut line = format!("- {}: {}", node.id, node.kind);
        if let Some(alias) = &node.alias {
            let _ = write!(line, " (input `{alias}`)");
        }
        if !node.settings.is_empty() {
            let settings = Value::Object(node.settings.clone()).to_string();
            let _ = write!(line, " {}", text::clip(&settings, 200));
        }
        if !from.is_empty() {
            let _ = write!(line, " [{}]", from.join(", "));
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// A Mermaid flowchart, from left to right.
pub(crate) fn mermaid(graph: &Graph) -> String {
    let mut chart = "flowchart LR\n".to_owned();
    for (place, node) in graph.nodes.iter().enumerate() {
        let title = node.title.as_deref().unwrap_or(&node.kind);
        // Quotes end a label, and whatever else Mermaid reads is said as entities.
        let title: String = text::one_line(title, 60)
            .chars()
            .map(|ch| {
                if ch.is_alphanumeric() || " .,-_".contains(ch) {
                    ch.to_string()
                } else {
                    format!("#{};", u32::from(ch))
                }
            })
            .collect();
        let _ = writeln!(chart, "  n{place}[\"{}: {title}\"]", node.id);
    }
    let place = |end: &str| {
        let id = end.split('.').next().unwrap_or(end);
        graph.nodes.iter().position(|node| node.id == id)
    };
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (place(&edge.from), place(&edge.to)) {
            let _ = writeln!(chart, "  n{from} --> n{to}");
        }
    }
    chart
}
