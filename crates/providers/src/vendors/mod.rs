//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod ideogram;
pub mod openai;
pub mod recraft;
pub mod stability;
