//! What pipelines are built of. An operation that takes and makes media is a node by a mark on its [`Spec`]; the other
//! types stand here, one file for each group and one row for each type.

mod flow;
mod inputs;
mod layers;
pub(crate) mod models;
pub(crate) mod nothing;
mod operations;
mod output;
mod sending;
mod text;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aquatint_domain::{Code, Credits, Port, PortKind, Problem};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use crate::arguments::Arguments;
use crate::operation::Entry;
use crate::studio::Studio;

type Values = Map<String, Value>;

/// A type of node.
pub struct NodeType {
    /// Such as `edit.upscale`; stored with pipelines, so it never changes.
    pub name: String,
    /// Grows when the same settings would mean something else.
    pub version: u32,
    pub title: String,
    pub about: String,
    /// What an editor groups it by.
    pub category: &'static str,
    /// JSON Schema (draft 2020-12) of its settings.
    pub settings: Value,
    /// Where edges end, with these settings.
    pub inputs: Ports,
    /// Where edges begin, with these settings.
    pub outputs: Ports,
    pub work: Work,
}

/// Ports may depend on the settings.
pub enum Ports {
    Fixed(Vec<Port>),
    Of(fn(&Values) -> Vec<Port>),
}

/// What a node does when it is its turn.
pub enum Work {
    /// Its value is the run's.
    Input,
    /// Something that is computed at once, always the same way. The outputs by port; a port that is left out is a branch
    /// that was not taken.
    Instant(fn(&Values, &Values) -> Result<Values, Problem>),
    /// An operation that makes media, as a job; from settings and inputs come its arguments.
    Make {
        entry: &'static Entry,
        arguments: fn(&Values, &Values) -> Result<Values, Problem>,
    },
    /// An operation that tells somebody outside, as a job: it is done in every run, whatever earlier runs have done.
    Send {
        entry: &'static Entry,
        arguments: fn(&Values, &Values) -> Result<Values, Problem>,
    },
    /// An operation that may be done twice without harm, or that takes an `idempotency_key`. What it answers under the name of
    /// a port comes out there.
    Act {
        entry: &'static Entry,
        arguments: fn(&Values, &Values) -> Result<Values, Problem>,
    },
}

impl Ports {
    pub fn with(&self, settings: &Values) -> Vec<Port> {
        match self {
            Self::Fixed(ports) => ports.clone(),
            Self::Of(ports) => ports(settings),
        }
    }
}

impl NodeType {
    /// What one item of work costs with these settings, before anything is known of its inputs.
    pub fn price(&self, studio: &Studio, settings: &Values, connected: &[&Port]) -> Result<Credits, Problem> {
        match &self.work {
            Work::Make { entry, arguments } => {
                // Something stands for what edges will bring, so that the arguments are whole.
                let inputs = connected
                    .iter()
                    .filter(|port| !settings.contains_key(&port.name))
                    .map(|port| (port.name.clone(), stand_in(port.kind)))
                    .collect();
                let arguments = arguments(settings, &inputs)?;
                entry.price(studio, &Value::Object(arguments))
            }
            Work::Input | Work::Instant(_) | Work::Send { .. } | Work::Act { .. } => Ok(Credits::ZERO),
        }
    }

    /// Checks settings; those that an edge brings need not be there.
    pub fn check(&self, settings: &Values, connected: &[&str]) -> Result<(), Problem> {
        self.checker(connected)
            .accept(Value::Object(settings.clone()))
            .map(|_| ())
    }

    /// What checks the settings where these come by edges. A graph has many nodes of few types, and reading a schema takes
    /// longer than checking by it, so it is done once for each type and each set of required settings that edges bring.
    fn checker(&self, connected: &[&str]) -> Arc<Arguments> {
        type Known = Mutex<HashMap<(String, Vec<String>), Arc<Arguments>>>;
        static KNOWN: OnceLock<Known> = OnceLock::new();
        let required = self.settings["required"].as_array();
        let brought: Vec<String> = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|name| connected.contains(name))
            .map(str::to_owned)
            .collect();
        let key = (format!("{}@{}", self.name, self.version), brought);
        let mut known = KNOWN.get_or_init(Mutex::default).lock();
        if let Some(checker) = known.get(&key) {
            return checker.clone();
        }
        let mut schema = self.settings.clone();
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| !key.1.iter().any(|brought| name == brought));
        }
        schema["additionalProperties"] = Value::Bool(false);
        let checker = Arc::new(Arguments::new(&schema, &[]));
        known.insert(key, checker.clone());
        checker
    }
}

/// Every type of node, in the order of an editor's palette.
pub fn all() -> &'static [NodeType] {
    static ALL: OnceLock<Vec<NodeType>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = inputs::types();
        all.extend(text::types());
        all.extend(operations::types());
        all.extend(layers::types());
        all.extend(flow::types());
        all.extend(output::types());
        all.extend(sending::types());
        if nothing::is_on() {
            all.push(nothing::kind());
        }
        all
    })
}

/// The type of that name and version; the newest where no version is named.
pub fn find(name: &str, version: Option<u32>) -> Result<&'static NodeType, Problem> {
    let found = all().iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<&str> = all().iter().map(|kind| kind.name.as_str()).collect();
        let near = crate::arguments::nearest(name, &names)
            .map(|near| format!(" Did you mean `{near}`?"))
            .unwrap_or_default();
        Problem::new(
            Code::InvalidArgument,
            format!(
                "There is no node type `{}`.{near}",
                aquatint_domain::text::one_line(name, 60)
            ),
        )
        .hint("`pipelines` `list_node_types` shows them all.")
    })?;
    match version {
        Some(version) if version != found.version => Err(Problem::new(
            Code::InvalidArgument,
            format!("This server has version {} of `{name}`, not {version}.", found.version),
        )
        .hint("Leave the version out to take the newest, and look whether the settings still mean the same.")),
        _ => Ok(found),
    }
}

/// A value of that kind.
fn stand_in(kind: PortKind) -> Value {
    match kind {
        PortKind::Number => json!(1),
        PortKind::Boolean => json!(false),
        PortKind::Text | PortKind::Any => json!("x"),
        PortKind::Image | PortKind::Video | PortKind::Media => {
            json!({ "asset_id": "ast_00000000000000000000000000" })
        }
    }
}

/// A schema of settings.
fn schema(properties: &Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A value as text, where text is wanted.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_says_what_it_is() {
        let mut names = std::collections::HashSet::new();
        for kind in all() {
            assert!(names.insert(&kind.name), "{} stands twice", kind.name);
            assert!(kind.about.len() > 10, "{} needs a description", kind.name);
            assert_eq!(kind.settings["type"], "object", "{}", kind.name);
            assert!(jsonschema::draft202012::new(&kind.settings).is_ok(), "{}", kind.name);
            for (name, property) in kind.settings["properties"].as_object().into_iter().flatten() {
                assert!(property["description"].is_string(), "{}: {name}", kind.name);
            }
            let ports = kind.inputs.with(&Values::new());
            let mut seen = std::collections::HashSet::new();
            assert!(ports.iter().all(|port| seen.insert(port.name.clone())), "{}", kind.name);
        }
        assert!(names.len() > 20);
    }
}
