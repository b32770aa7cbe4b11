//! Our own networks: their layers, and their weights as safetensors.

mod conv;
mod maps;
mod weights;

pub(crate) use conv::{Layer, Map};
pub(crate) use weights::Weights;
