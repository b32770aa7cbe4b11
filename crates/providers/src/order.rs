//! What is asked of a vendor: a model, its inputs by the names of its own schema, and the media that go with them.

use std::sync::Arc;

use aquatint_domain::{MediaType, Model};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

/// A picture or video that goes to the vendor, already fetched, checked and freed of private metadata.
#[derive(Clone, Debug)]
pub struct Medium {
    /// The input that it was given for: `images`, `mask`, `first_frame`, `video`, or a name of the vendor's own.
    pub field: String,
    pub media_type: MediaType,
    pub bytes: Bytes,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// Of a video; 0 for pictures.
    pub seconds: f64,
    /// Where the vendor could get the same bytes for a while; only when this server can be reached from outside.
    pub url: Option<String>,
}

impl Medium {
    /// The file as a `data:` URI, which most vendors take in place of a URL.
    pub fn data_uri(&self) -> String {
        format!("data:{};base64,{}", self.media_type.as_str(), self.base64())
    }

    pub fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// A file name for forms: its field with the right ending.
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.field, self.media_type.extension())
    }
}

/// One purchase. Everything in it has been checked against the model's schema, and defaults are filled in.
#[derive(Clone, Debug)]
pub struct Order {
    pub model: Arc<Model>,
    /// Inputs by name, without media and without `count`.
    pub inputs: Map<String, Value>,
    /// In the order in which they were given.
    pub media: Vec<Medium>,
    /// Outputs wanted: 1 to `model.outputs_per_request`.
    pub count: u32,
    /// Names this purchase in every try; an idempotency key for vendors that take one.
    pub purchase: String,
    /// Where the vendor may call when it is done; only when this server can be reached from outside.
    pub webhook: Option<Webhook>,
}

/// An address of ours for one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Known to nobody but this vendor.
    pub url: String,
    /// For vendors that sign with a secret of the caller's; for this purchase alone.
    pub secret: String,
}

impl Order {
    pub fn text(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).and_then(Value::as_str)
    }

    pub fn whole(&self, name: &str) -> Option<u64> {
        self.inputs.get(name).and_then(Value::as_u64)
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.inputs.get(name).and_then(Value::as_f64)
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.inputs.get(name).and_then(Value::as_bool)
    }

    /// `width` and `height`, where both were given.
    pub fn size(&self) -> Option<(u64, u64)> {
        Some((self.whole("width")?, self.whole("height")?))
    }

    /// All media of a field.
    pub fn media_of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Medium> {
        self.media.iter().filter(move |medium| medium.field == field)
    }

    /// The first of a field.
    pub fn medium(&self, field: &str) -> Option<&Medium> {
        self.media.iter().find(|medium| medium.field == field)
    }

    /// The inputs of these names as an object, for vendors who call a thing as we do.
    pub fn pick(&self, names: &[&str]) -> Map<String, Value> {
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.inputs.get(*name)?.clone())))
            .collect()
    }
}
