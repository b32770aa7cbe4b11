//! The native toolset: few tools, each a group of operations chosen by `action`. A tool holds no
//! logic; it names operations, and its schemas are merged from theirs.

mod call;
mod merge;
mod native;
mod twelve;

pub use call::{ToolReply, call, call_in, resolve, shown};
pub use native::{NATIVE, PAGES, find, place_of};
pub use twelve::TWELVE;

use std::sync::OnceLock;

use serde_json::Value;

use crate::operation::{Effects, Entry};
use crate::operations;

/// One action of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    pub name: &'static str,
    pub operation: &'static str,
}

/// One tool as agents see it.
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    /// What it is for; the actions are told behind it.
    pub purpose: &'static str,
    /// Empty name: the tool is a single operation and takes no `action`.
    pub actions: &'static [Action],
    /// Other spellings of `action`, which one service's own documentation uses.
    pub action_aliases: &'static [&'static str],
    schemas: OnceLock<merge::Schemas>,
}

impl Tool {
    const fn new(name: &'static str, title: &'static str, purpose: &'static str, actions: &'static [Action]) -> Self {
        Self {
            name,
            title,
            purpose,
            actions,
            action_aliases: &["method", "operation"],
            schemas: OnceLock::new(),
        }
    }

    /// Whether the tool is one operation without `action`.
    pub fn is_single(&self) -> bool {
        self.actions.len() == 1 && self.actions[0].name.is_empty()
    }

    /// The operations behind the tool.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &'static Entry)> {
        self.actions
            .iter()
            .filter_map(|action| operations::find(action.operation).map(|entry| (action.name, entry)))
    }

    pub fn description(&self) -> &str {
        &self.schemas().description
    }

    /// JSON Schema of the arguments: the union over the actions.
    pub fn input_schema(&self) -> &Value {
        &self.schemas().input
    }

    /// JSON Schema of the structured result: what all actions have in common is required.
    pub fn output_schema(&self) -> &Value {
        &self.schemas().output
    }

    /// The strongest effect among the actions.
    pub fn effects(&self) -> Effects {
        let mut strongest = Effects::Reads;
        for (_, entry) in self.entries() {
            match entry.spec.effects {
                Effects::Spends => return Effects::Spends,
                Effects::Writes => strongest = Effects::Writes,
                Effects::Reads => {}
            }
        }
        strongest
    }

    fn schemas(&self) -> &merge::Schemas {
        self.schemas.get_or_init(|| merge::schemas(self))
    }
}
