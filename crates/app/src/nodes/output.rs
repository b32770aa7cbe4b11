//! Ends: what a run gives back, and where it goes.

use aquatint_domain::pipeline::media_of;
use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Map, Value, json};

use super::{NodeType, Ports, Work, schema};
use crate::operations;

pub(super) fn types() -> Vec<NodeType> {
    let mut types = vec![NodeType {
        name: "output".into(),
        version: 1,
        title: "Output".into(),
        about:
            "What the run gives back under the name of this node. Without any, the ends of the graph are given back."
                .into(),
        category: "outputs",
        settings: schema(&json!({}), &[]),
        inputs: Ports::Fixed(vec![Port::new("value", PortKind::Any).required().list()]),
        outputs: Ports::Fixed(Vec::new()),
        work: Work::Instant(|_, inputs| {
            Ok(Map::from_iter([(
                "value".to_owned(),
                inputs.get("value").cloned().unwrap_or_default(),
            )]))
        }),
    }];
    if let Some(entry) = operations::find("collections.add") {
        types.push(NodeType {
            name: "collect".into(),
            version: 1,
            title: "Collect".into(),
            about: "Puts media into a collection.".into(),
            category: "outputs",
            settings: schema(
                &json!({ "collection_id": { "type": "string", "description": "The collection." } }),
                &["collection_id"],
            ),
            inputs: Ports::Fixed(vec![Port::new("media", PortKind::Media).required().list()]),
            outputs: Ports::Fixed(Vec::new()),
            work: Work::Act {
                entry,
                arguments: |settings, inputs| {
                    let mut arguments = settings.clone();
                    arguments.insert("asset_ids".into(), json!(assets(inputs.get("media"))?));
                    Ok(arguments)
                },
            },
        });
    }
    types
}

/// The ids of all media in a value.
pub(super) fn assets(value: Option<&Value>) -> Result<Vec<String>, Problem> {
    let all = match value {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    all.iter()
        .map(|one| {
            media_of(one)
                .map(|asset| asset.to_string())
                .ok_or_else(|| Problem::invalid("media", "Only pictures and films can come here."))
        })
        .collect()
}
