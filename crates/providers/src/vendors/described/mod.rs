//! Models that describe themselves: a vendor's OpenAPI document becomes a row of the catalogue, and an order of it
//! becomes the vendor's JSON again. Replicate and fal offer thousands of models this way.

pub mod names;
pub mod openapi;
pub mod row;
pub mod wire;

pub use names::{Described, Dialect, Form, ours};
pub use row::{Row, Skill, id};

/// The license and price of what nobody here has looked at.
pub const UNSEEN_LABEL: &str =
    "read from the vendor's own description; nobody here has tried it, and the price is an estimate";
