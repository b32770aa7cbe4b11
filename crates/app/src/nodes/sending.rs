//! What a run tells the world: a public link to what it made, and a call to somebody's server.

use aquatint_domain::pipeline::media_of;
use aquatint_domain::{Port, PortKind, Problem};
use serde_json::{Map, Value, json};

use super::output::assets;
use super::{NodeType, Ports, Values, Work, schema};
use crate::operations;

const FIELDS: &str = "fields";
const MEDIA: &str = "media";

pub(super) fn types() -> Vec<NodeType> {
    let mut types = Vec::new();
    if let Some(entry) = operations::find("share_links.create") {
        types.push(NodeType {
            name: "share.link".into(),
            version: 1,
            title: "Share link".into(),
            about: "Makes one public link to media for each run, and gives its URL.".into(),
            category: "outputs",
            settings: schema(
                &json!({
                    "title": { "type": "string", "minLength": 1, "maxLength": 120, "description": "A title for visitors." },
                    "expires_in_days": { "type": "integer", "minimum": 1, "maximum": 3650, "description": "After how many days it ends; never, where nothing is said." },
                    "allow_downloads": { "type": "boolean", "default": true, "description": "Whether originals may be saved." },
                }),
                &[],
            ),
            inputs: Ports::Fixed(vec![
                Port::new(MEDIA, PortKind::Media).required().list(),
                Port::new("title", PortKind::Text),
            ]),
            outputs: Ports::Fixed(vec![Port::new("url", PortKind::Text)]),
            work: Work::Act {
                entry,
                arguments: |settings, inputs| {
                    let mut arguments = settings.clone();
                    if let Some(title) = inputs.get("title") {
                        arguments.insert("title".into(), json!(super::as_text(title)));
                    }
                    arguments.insert("asset_ids".into(), json!(assets(inputs.get(MEDIA))?));
                    Ok(arguments)
                },
            },
        });
    }
    if let Some(entry) = operations::find("webhooks.send") {
        types.push(NodeType {
            name: "webhook".into(),
            version: 1,
            title: "Webhook".into(),
            about: "Tells a server of yours: a signed POST of JSON to an https URL, with the media and the fields that come. A repeat has the same `webhook-id`.".into(),
            category: "outputs",
            settings: schema(
                &json!({
                    "url": { "type": "string", "minLength": 8, "maxLength": 2000, "description": "Where to; https, on the public internet." },
                    "event": { "type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[A-Za-z0-9_.-]+$", "default": "aquatint.delivery", "description": "What happened, as the receiver calls it." },
                    FIELDS: { "type": "array", "items": { "type": "string", "pattern": "^[a-z0-9_]{1,40}$" }, "maxItems": 20, "description": "Names of more inputs, which are told under `data`." },
                }),
                &["url"],
            ),
            inputs: Ports::Of(|settings| {
                let mut ports = vec![Port::new(MEDIA, PortKind::Media).list()];
                for name in fields(settings) {
                    if ports.iter().all(|port| port.name != name) {
                        ports.push(Port::new(name, PortKind::Any).list());
                    }
                }
                ports
            }),
            outputs: Ports::Fixed(vec![Port::new("status", PortKind::Number).about("What the receiver answered.")]),
            work: Work::Send { entry, arguments: told },
        });
    }
    types
}

fn fields(settings: &Values) -> Vec<String> {
    let given = settings.get(FIELDS).and_then(Value::as_array);
    given
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .take(20)
        .map(str::to_owned)
        .collect()
}

fn told(settings: &Values, inputs: &Values) -> Result<Values, Problem> {
    let mut arguments = settings.clone();
    arguments.remove(FIELDS);
    if let Some(media) = inputs.get(MEDIA) {
        arguments.insert("asset_ids".into(), json!(assets(Some(media))?));
    }
    let data: Map<String, Value> = inputs
        .iter()
        .filter(|(name, _)| *name != MEDIA)
        .map(|(name, value)| (name.clone(), single(value)))
        .collect();
    arguments.insert("data".into(), Value::Object(data));
    Ok(arguments)
}

/// One thing as itself; media by their ids.
fn single(value: &Value) -> Value {
    let one = |value: &Value| media_of(value).map_or_else(|| value.clone(), |asset| json!(asset));
    match value {
        Value::Array(all) if all.len() == 1 => one(&all[0]),
        Value::Array(all) => all.iter().map(one).collect(),
        value => one(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_told_by_its_name() {
        let settings = json!({ "url": "https://example.com/hook", "fields": ["caption", "prices"] });
        let settings = settings.as_object().expect("an object");
        let asset = json!({ "asset_id": "ast_00000000000000000000000000" });
        let inputs = json!({ "media": [asset], "caption": ["A cup"], "prices": [1, 2] });
        let told = told(settings, inputs.as_object().expect("an object")).expect("told");
        assert_eq!(
            Value::Object(told),
            json!({ "url": "https://example.com/hook", "asset_ids": ["ast_00000000000000000000000000"], "data": { "caption": "A cup", "prices": [1, 2] } })
        );
    }
}
