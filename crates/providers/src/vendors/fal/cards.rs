//! What fal tells of an endpoint, as a row of the catalogue.

use super::*;

#[derive(Deserialize)]
pub(super) struct Cards {
    pub(super) models: Vec<Card>,
}

#[derive(Deserialize)]
pub(super) struct Card {
    pub(super) endpoint_id: String,
    pub(super) metadata: Option<Metadata>,
    pub(super) openapi: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) display_name: String,
    pub(super) category: String,
    pub(super) description: String,
    pub(super) status: String,
    pub(super) license_type: Option<String>,
    pub(super) duration_estimate: Option<f64>,
}

impl Card {
    /// The endpoint in our words. `None` when it makes no pictures or videos, or tells no inputs.
    pub(super) fn model(&self, price: Option<Price>) -> Result<Option<Model>, Fault> {
        let (Some(metadata), Some(document)) = (&self.metadata, &self.openapi) else {
            return Ok(None);
        };
        let kind = match metadata.category.rsplit("-to-").next() {
            Some("image") if metadata.category.contains("-to-") => MediaKind::Image,
            Some("video") if metadata.category.contains("-to-") => MediaKind::Video,
            _ => return Ok(None),
        };
        if document.get("error").is_some() {
            return Err(Fault::unreadable("fal could not describe this endpoint just now"));
        }
        let input =
            input_schema(document).ok_or_else(|| Fault::unreadable("the endpoint does not describe its inputs"))?;
        let schema = openapi::inputs(document, input).map_err(Fault::unreadable)?;
        let told = described::ours(&schema, kind, Dialect::UrlNames);
        let unknown = (
            PriceRule {
                is_estimate: true,
                ..PriceRule::flat(if kind == MediaKind::Video { usd(1.0) } else { usd(0.1) })
            },
            false,
        );
        let (rule, is_known) = price.map_or(unknown, |price| price.rule(kind));
        let label = match (metadata.status.as_str(), is_known) {
            ("deprecated", _) => "fal has deprecated this endpoint and may switch it off".to_owned(),
            (_, true) => "read from the vendor's own description; nobody here has tried it".to_owned(),
            _ => UNSEEN_LABEL.to_owned(),
        };
        let license = match metadata.license_type.as_deref() {
            Some("commercial") => "fal says: commercial use is allowed",
            Some("research") => "fal says: research only, no commercial use",
            _ => "not told by fal: look at the endpoint's page",
        };
        let speed = match metadata.duration_estimate {
            Some(minutes) if minutes <= 0.2 => "fast",
            Some(minutes) if minutes > 1.0 => "slow",
            _ => "medium",
        };
        let slug = &self.endpoint_id;
        Ok(Some(Model {
            name: one_line(&format!("{} at fal", metadata.display_name), 100),
            vendor_model: slug.clone(),
            description: one_line(&metadata.description, 300),
            best_for: one_line(&metadata.category.replace('-', " "), 60),
            label: Some(label),
            capabilities: told.capabilities,
            sizing: told.sizing,
            outputs_per_request: told.outputs_per_request,
            price: rule,
            speed: speed.into(),
            license: license.into(),
            docs_url: Some(format!("https://fal.ai/models/{slug}")),
            input_schema: told.schema,
            ..Model::base(&described::id(FACTS.id, kind, slug), FACTS.id, kind)
        }))
    }
}
